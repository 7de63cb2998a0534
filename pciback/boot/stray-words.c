/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of command lines that name devices and that nobody reads, and what helps. */
#include "core/xen-line.h"
#include "pciback/boot/stray.h"

#include <ctype.h>
#include <string.h>

#define QUBES_PCI  "rd.qubes.hide_pci"
#define STRAYS_MAX 256

bool xlpt_stray_enough(const struct xlpt_stray_search *s)
{
	return s->out->n >= STRAYS_MAX;
}

struct xlpt_stray *xlpt_stray_add(struct xlpt_stray_search *s, const char *word)
{
	struct xlpt_stray *stray;
	const char *value = strchr(word, '=');

	if (xlpt_stray_enough(s))
		return NULL;
	for (size_t i = 0; (!s->file || s->made || s->inherited) && i < s->out->n; i++)
		if (!strcmp(s->out->items[i].word, word))
			return NULL;
	XLPT_GROW(s->out->items, s->out->n, s->out->alloc);
	stray = &s->out->items[s->out->n++];
	*stray = (struct xlpt_stray){ .word = xlpt_xstrdup(word),
				      .file = xlpt_xstrdup(s->file),
				      .line = s->line };
	if (xlpt_boot_qubes_usb(word))
		stray->usb = true;
	else if (value && xlpt_starts(word, QUBES_PCI))
		xlpt_boot_qubes_addresses(s->h, value + 1, &stray->list);
	else if (value)
		xlpt_hide_readable(s->boot->grammar, value + 1, &stray->list);
	return stray;
}

/* " (/etc/default/grub:4)", or nothing for a running command line. Caller frees. */
static char *place(const struct xlpt_stray_search *s)
{
	return s->file ? xlpt_xasprintf(" (%s:%u)", s->file, s->line) : xlpt_xstrdup("");
}

/* Alone in it, the word would take the place of all that GRUB_CMDLINE_LINUX has. */
static char *to_replace(const char *variable, const char *where, const char *word)
{
	const char *end = strstr(variable, "_DEFAULT") ? "_DEFAULT" : "";

	return xlpt_xasprintf("move it from %s%s to GRUB_CMDLINE_LINUX_XEN_REPLACE%s="
			      "\"${GRUB_CMDLINE_LINUX_XEN_REPLACE%s:-$GRUB_CMDLINE_LINUX%s} %s\"",
			      variable, where, end, end, end, word);
}

/* The word as this kernel reads it: with its module's name, and the list without what it refuses. Caller frees. */
static char *readable(const struct xlpt_stray_search *s, const struct xlpt_stray *stray,
		      const char *word)
{
	const char *value = strchr(word, '=') + 1;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	bool whole = xlpt_hide_parse(s->boot->grammar, value, &list, NULL) == 0 && !list.ignored;
	_cleanup_free_ char *meant =
		whole || !stray->list.n ? xlpt_xstrdup(value) : xlpt_hide_format(&stray->list);

	return xlpt_xasprintf("%s.hide=%s", s->boot->module, meant);
}

static void on_xen_line(struct xlpt_stray_search *s, const char *word)
{
	struct xlpt_stray *stray = xlpt_stray_add(s, word);
	_cleanup_free_ char *where = place(s), *right = NULL, *as = NULL;
	const char *v = s->variable;

	if (!stray)
		return;
	right = xlpt_starts(word, "rd.qubes.") ? xlpt_xstrdup(word) : readable(s, stray, word);
	as = strcmp(right, word) ? xlpt_xasprintf(", written %s", right) : xlpt_xstrdup("");
	stray->fact = xlpt_xasprintf("Xen's own command line has %s%s; Xen does not hand it to "
				     "dom0's kernel",
				     word, where);
	if (xlpt_starts(word, "rd.qubes."))
		stray->move = xlpt_xasprintf("take it off Xen's command line%s", where);
	else if (s->boot->loader == XLPT_LOADER_NIXOS)
		stray->move = xlpt_xasprintf("move it from virtualisation.xen.bootParams to "
					     "boot.kernelParams in configuration.nix%s; then: "
					     "nixos-rebuild boot",
					     as);
	else if (!s->file)
		stray->move = xlpt_xasprintf("move it from Xen's command line to that of dom0's "
					     "kernel%s",
					     as);
	else if (v && !strcmp(v, "append"))
		stray->move = xlpt_xasprintf("move it behind the \"---\" that comes next on that "
					     "line%s%s",
					     where, as);
	else if (v && !strcmp(v, "xen_opts"))
		stray->move =
			xlpt_xasprintf("move it from xen_opts%s to default_kernel_opts%s, then: "
				       "update-extlinux",
				       where, as);
	else if (v && xlpt_starts(v, "GRUB_"))
		stray->move = to_replace(v, where, right);
	else
		stray->move = xlpt_xasprintf("move it from \"%s\"%s to the line of dom0's kernel%s",
					     v, where, as);
}

char *xlpt_stray_line(const struct xlpt_stray_search *s)
{
	return s->file ? xlpt_xasprintf("%s:%u", s->file, s->line)
		       : xlpt_xstrdup("the kernel's command line");
}

/* Of this kernel's own module: of those on the command line of this boot, the last one is read. */
static void not_in_effect(struct xlpt_stray_search *s, const char *word, const char *unread)
{
	struct xlpt_stray *stray;

	/* Its list is in another variable: the line as a whole has it, or not. */
	if (s->set && !strchr(word, '=')[1])
		return;
	if (!unread && ((!s->boot->cmdline && !xlpt_stray_taken_away(s, word)) ||
			xlpt_streq(s->eff->cmdline_hide, strchr(word, '=') + 1)))
		return;
	stray = xlpt_stray_add(s, word);
	if (!stray)
		return;
	stray->first = s->set && s->set->unquoted;
	xlpt_stray_why(s, word, unread, &stray->fact, &stray->move);
}

static void on_dom0_line(struct xlpt_stray_search *s, const char *word, const char *unread)
{
	const char *m = s->boot->module, *dot = strchr(word, '.');
	_cleanup_free_ char *name = xlpt_xstrndup(word, (size_t)(dot - word)), *where = NULL;
	_cleanup_free_ char *right = NULL;
	struct xlpt_stray *stray;

	if (xlpt_module_eq(name, m)) {
		not_in_effect(s, word, unread);
		return;
	}
	if (!strcmp(name, "rd") && (s->made || (s->qubes && !s->boot->cmdline) ||
				    (s->qubes && xlpt_stray_has_word(s->boot->cmdline, word))))
		return;
	stray = xlpt_stray_add(s, word);
	if (!stray)
		return;
	where = xlpt_stray_line(s);
	if (!strcmp(name, "rd") && s->qubes) {
		xlpt_stray_why(s, word, unread, &stray->fact, &stray->move);
		return;
	}
	if (!strcmp(name, "rd")) {
		stray->fact =
			xlpt_xasprintf("%s has %s; only the initramfs of Qubes OS reads that, and "
				       "this is none",
				       where, word);
		return;
	}
	stray->fact =
		xlpt_xasprintf("%s has %s; the module of this kernel is called %s and does not "
			       "read it",
			       where, word, m);
	right = readable(s, stray, word);
	if (!strcmp(strchr(right, '=') + 1, strchr(word, '=') + 1))
		stray->move = xlpt_xasprintf("write %s.hide= in the place of %s.hide= (%s)", m,
					     name, where);
	else
		stray->move =
			xlpt_xasprintf("write %s in the place of %s (%s)", right, word, where);
}

/* xen-pciback.hide=, pciback.hide= and xen_pciback.hide= are names that some kernel knows. */
static bool is_hide(const char *w)
{
	size_t key = strcspn(w, ".");

	return xlpt_starts(w + key, ".hide=") &&
	       ((key == 7 && !strncmp(w, "pciback", 7)) ||
		(key == 11 && !strncmp(w, "xen", 3) && !strncmp(w + 4, "pciback", 7)));
}

/*
 * One of these, misspelled: in capitals, with another sign or none between its parts, before a ':', or without
 * the parameter's name before a list. What is behind the name, or NULL.
 */
static const char *almost_hide(const char *w)
{
	char key[16] = { 0 };
	size_t n = 0;

	for (; *w && !strchr("=:(", *w); w++) {
		if (strchr(".-_", *w))
			continue;
		if (n == sizeof(key) - 1)
			return NULL;
		key[n++] = (char)tolower((unsigned char)*w);
	}
	if (!strcmp(key, "xenpcibackhide") || !strcmp(key, "pcibackhide"))
		return w;
	return (!strcmp(key, "xenpciback") || !strcmp(key, "pciback")) && strchr(w, '(') ? w : NULL;
}

static void misspelled(struct xlpt_stray_search *s, const char *word)
{
	struct xlpt_stray *stray = xlpt_stray_add(s, word);
	_cleanup_free_ char *where = xlpt_stray_line(s);

	if (!stray)
		return;
	/* The list begins where the name ends. */
	xlpt_hide_dispose(&stray->list);
	xlpt_hide_readable(s->boot->grammar,
			   word + strcspn(word, "=:(") + (word[strcspn(word, "=:(")] != '('),
			   &stray->list);
	stray->fact = xlpt_xasprintf("%s has %s; no module reads that word, which is written "
				     "%s.hide=",
				     where, word, s->boot->module);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void xlpt_stray_sort(struct xlpt_stray_search *s)
{
	char *cursor = s->all, *w;
	size_t alloc = 0;

	while ((w = xlpt_cmdline_word(&cursor))) {
		XLPT_GROW(s->words, s->n, alloc);
		s->words[s->n++] = w;
	}
	if (s->n)
		qsort(s->words, s->n, sizeof(*s->words), by_text);
}

static bool is_dom0s(const struct xlpt_stray_search *s, const char *word)
{
	return s->n && bsearch(&word, s->words, s->n, sizeof(*s->words), by_text);
}

void xlpt_stray_words(struct xlpt_stray_search *s, const char *text, enum xlpt_stray_whose whose,
		      const char *unread)
{
	_cleanup_free_ char *copy =
		whose == XLPT_STRAY_XENS ? xlpt_xen_own(text) : xlpt_xstrdup(text);
	char *cursor = copy, *w;

	while (!xlpt_stray_enough(s) && (w = xlpt_cmdline_word(&cursor))) {
		bool qubes = xlpt_starts(w, QUBES_PCI "=") || xlpt_boot_qubes_usb(w);

		/* A kernel without Xen may well have the words of the entries with Xen. */
		if (s->made && unread && is_dom0s(s, w))
			continue;
		if (!unread && whose == XLPT_STRAY_DOM0S && almost_hide(w))
			xlpt_stray_cut(s, w, cursor);
		if (!is_hide(w) && !qubes) {
			const char *value = almost_hide(w);

			if (value && *value && value[1])
				misspelled(s, w);
		} else if (whose == XLPT_STRAY_XENS) {
			on_xen_line(s, w);
		} else {
			on_dom0_line(s, w, unread);
		}
	}
	if (whose == XLPT_STRAY_XENS)
		xlpt_stray_words(s, xlpt_xen_behind(text), XLPT_STRAY_DOM0S, unread);
}
