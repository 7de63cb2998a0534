/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list for this kernel's own pciback that pciback does not read: why, and what helps. */
#include "pciback/boot/stray.h"

#include <string.h>

bool xlpt_stray_taken_away(const struct xlpt_stray_search *s, const char *word)
{
	return s->set && !s->set->unread && !xlpt_stray_has_word(s->next, word);
}

/* The line that takes the word away again: a later one of its variable, or what stands in for that; or NULL. */
static const struct xlpt_grub_set *taker(const struct xlpt_stray_search *s, const char *word)
{
	const struct xlpt_grub *g = s->grub;
	const char *name = s->set->name, *replace = "GRUB_CMDLINE_LINUX_XEN_REPLACE";

	for (size_t i = (size_t)(s->set - g->items) + 1; i < g->n; i++)
		if (!g->items[i].unread && !strcmp(g->items[i].name, name) &&
		    !xlpt_stray_has_word(g->items[i].value, word))
			return &g->items[i];
	if (!strcmp(name, "GRUB_CMDLINE_LINUX_DEFAULT"))
		replace = "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT";
	else if (strcmp(name, "GRUB_CMDLINE_LINUX") != 0)
		return NULL;
	for (size_t i = g->n; i-- > 0;)
		if (!g->items[i].unread && !strcmp(g->items[i].name, replace))
			return &g->items[i];
	return NULL;
}

static void why_taken_away(const struct xlpt_stray_search *s, const char *word, const char *where,
			   const char *command, char **fact, char **move)
{
	const struct xlpt_grub_set *by = taker(s, word);

	if (!by)
		*fact = xlpt_xasprintf("%s has %s; %s is not for the entry that starts Xen with "
				       "dom0's kernel",
				       where, word, s->variable);
	else if (!strcmp(by->name, s->variable))
		*fact = xlpt_xasprintf("%s has %s; %s:%u sets %s anew, without it", where, word,
				       by->file, by->line, by->name);
	else
		*fact = xlpt_xasprintf("%s has %s; %s (%s:%u) takes the place of %s for Xen", where,
				       word, by->name, by->file, by->line, s->variable);
	if (by)
		*move = xlpt_xasprintf("move the word to %s (%s:%u)%s%s; reboot", by->name,
				       by->file, by->line, command ? "; " : "",
				       command ? command : "");
	else
		*move = xlpt_xasprintf("move the word to GRUB_CMDLINE_LINUX%s%s; reboot",
				       command ? "; " : "", command ? command : "");
}

/* In a file that the boot loader reads itself. */
static void why_not_started(const struct xlpt_stray_search *s, const char *word, const char *where,
			    const char *unread, const char *command, char **fact, char **move)
{
	bool grub =
		s->boot->loader == XLPT_LOADER_GRUB || s->boot->loader == XLPT_LOADER_GRUB_PLAIN;

	*move = NULL;
	if (unread) {
		*fact = xlpt_xasprintf("%s has %s; %s", where, word, unread);
	} else if (grub && command && !xlpt_boot_grub_stays(s->boot, s->file, word)) {
		*fact = xlpt_xasprintf("%s has %s, and neither the command line of this boot nor "
				       "GRUB's settings have: the next %s takes it away",
				       where, word, command);
	} else {
		*fact = xlpt_xasprintf("%s has %s, and the command line of this boot has not",
				       where, word);
		*move = xlpt_xstrdup("reboot, with that entry");
	}
}

/* It is in files, which are read once. */
static const char *loader_command(struct xlpt_stray_search *s)
{
	if (!s->asked)
		s->command = xlpt_boot_loader_command(s->h, s->boot);
	s->asked = true;
	return s->command;
}

/* The running kernel was given the word, and has not read it. */
static bool behind_dashes(const struct xlpt_stray_search *s, const char *word)
{
	_cleanup_free_ char *own = xlpt_cmdline_own(s->boot->cmdline);

	return s->boot->mode == XLPT_PB_BUILTIN && xlpt_stray_has_word(s->boot->cmdline, word) &&
	       !xlpt_stray_has_word(own, word);
}

/* What makes a line count that is not read. Caller frees. */
static char *into_reach(const struct xlpt_stray_search *s, const char *where, const char *command)
{
	if (s->set && s->set->unquoted)
		return xlpt_xasprintf("put quotes around the value of %s in %s%s%s; reboot",
				      s->variable, where, command ? "; " : "",
				      command ? command : "");
	return xlpt_xstrdup(s->variable && !strcmp(s->variable, "kernel=")
				    ? "move the word to that section's line of the kernel; reboot"
				    : "move that line to /etc/default/grub");
}

void xlpt_stray_why(struct xlpt_stray_search *s, const char *word, const char *unread, char **fact,
		    char **move)
{
	const char *m = s->boot->module;
	_cleanup_free_ char *where = xlpt_stray_line(s);
	const char *command = loader_command(s);

	if (s->made) {
		why_not_started(s, word, where, unread, command, fact, move);
	} else if (unread) {
		*fact = xlpt_xasprintf("%s has %s; %s", where, word, unread);
		*move = into_reach(s, where, command);
	} else if (behind_dashes(s, word)) {
		*fact = xlpt_xasprintf(
			"%s has %s behind \"--\"; the kernel leaves what stands there to "
			"init, and pciback is built into it",
			where, word);
		*move = xlpt_xstrdup("move the word to before the \"--\"; reboot");
	} else if (s->eff->cmdline_hide && xlpt_stray_has_word(s->boot->cmdline, word)) {
		*fact = xlpt_xasprintf("%s has %s; a later %s.hide= on the same command line "
				       "replaces it",
				       where, word, m);
		*move = xlpt_xasprintf("write one word in the place of both: %s.hide=%s%s", m,
				       strchr(word, '=') + 1, s->eff->cmdline_hide);
	} else if (xlpt_stray_taken_away(s, word)) {
		why_taken_away(s, word, where, command, fact, move);
	} else {
		*fact = xlpt_xasprintf("%s has %s, and the command line of this boot has not",
				       where, word);
		*move = xlpt_xasprintf("%s%sreboot", command ? command : "", command ? "; " : "");
	}
}
