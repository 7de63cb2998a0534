/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hide= that GRUB's settings give the next boot, or Xen's file where Xen is started without GRUB,
 * whether or not it is on this boot's command line.
 */
#include "core/xen-line.h"
#include "pciback/boot/homes.h"

#include <string.h>

/* The list that a setting, or its line alone, gives dom0's kernel. Caller frees. */
static char *list_of(const struct xlpt_grub_set *set, const char *text,
		     const struct xlpt_boot *boot)
{
	bool xens = xlpt_starts(set->name, "GRUB_CMDLINE_XEN");

	return xlpt_cmdline_hide(xens ? xlpt_xen_behind(text) : text, boot->module);
}

/* The line that sets the list: the last one that has it in words of its own, else one whose variables have it. */
static const struct xlpt_grub_set *origin(const struct xlpt_grub *g, const struct xlpt_boot *boot,
					  const char *list)
{
	const struct xlpt_grub_set *found = NULL;

	for (size_t i = 0; i < g->n; i++) {
		const struct xlpt_grub_set *set = &g->items[i];
		_cleanup_free_ char *mine = list_of(set, set->own, boot);
		_cleanup_free_ char *all = list_of(set, set->value, boot);

		if (set->unread || strstr(set->name, "_RECOVERY") || !xlpt_streq(all, list))
			continue;
		if (!found || xlpt_streq(mine, list))
			found = set;
	}
	return found;
}

static void of_xen_cfg(const struct xlpt_boot *boot, char **value, char **file, unsigned *line)
{
	const struct xlpt_xen_cfgs *cfgs = xlpt_boot_cfgs(boot);

	if (!cfgs->n || !cfgs->items[0].kernel)
		return;
	*value = xlpt_cmdline_hide(cfgs->items[0].kernel, boot->module);
	if (!*value)
		return;
	*file = xlpt_xstrdup(cfgs->items[0].path);
	*line = cfgs->items[0].line;
}

static void of_entry(const struct xlpt_boot *boot, char **value, char **file, unsigned *line)
{
	const struct xlpt_home_line *next = xlpt_home_next(xlpt_boot_lines(boot), boot->loader);

	*value = next ? xlpt_cmdline_hide(next->words, boot->module) : NULL;
	if (!*value)
		return;
	*file = xlpt_xstrdup(next->file);
	*line = next->line;
}

static void of_settings(const struct xlpt_boot *boot, char **value, char **file, unsigned *line)
{
	const struct xlpt_grub *grub = xlpt_boot_settings(boot, true);
	_cleanup_free_ char *text = xlpt_grub_line(grub);
	const struct xlpt_grub_set *set;

	*value = xlpt_cmdline_hide(text, boot->module);
	if (!*value)
		return;
	set = origin(grub, boot, *value);
	*file = xlpt_xstrdup(set ? set->file : "/etc/default/grub");
	*line = set ? set->line : 1;
}

void xlpt_boot_foreign(const struct xlpt_boot *boot, char **value, char **file, unsigned *line)
{
	*value = *file = NULL;
	*line = 0;
	switch (boot->loader) {
	case XLPT_LOADER_XEN_EFI:
		of_xen_cfg(boot, value, file, line);
		break;
	case XLPT_LOADER_GRUB:
	case XLPT_LOADER_GRUB_PLAIN:
	case XLPT_LOADER_UNKNOWN:
		of_settings(boot, value, file, line);
		break;
	case XLPT_LOADER_GRUB_LEGACY:
	case XLPT_LOADER_GRUB_CFG:
	case XLPT_LOADER_EXTLINUX:
	case XLPT_LOADER_NIXOS:
		of_entry(boot, value, file, line);
		break;
	}
}

bool xlpt_boot_grub_behind(const struct xlpt_boot *boot)
{
	const struct xlpt_grub *grub = xlpt_boot_settings(boot, true);
	const char *value = xlpt_grub_value(grub, "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT");
	_cleanup_free_ char *list = NULL;

	if (!value || !*value)
		value = xlpt_grub_value(grub, "GRUB_CMDLINE_LINUX_DEFAULT");
	list = xlpt_cmdline_hide(value, boot->module);
	return list != NULL;
}

bool xlpt_boot_grub_has(struct xlpt_host *h, const struct xlpt_boot *boot, bool other,
			const char *ours, const struct xlpt_hide_list *list, char **fact,
			char **way)
{
	_cleanup_grub_ struct xlpt_grub grub = { 0 };
	_cleanup_free_ char *text = NULL, *value = NULL, *command = NULL, *all = NULL;
	_cleanup_hide_ struct xlpt_hide_list next = { 0 };
	const struct xlpt_grub_set *set;
	bool has = true;

	*fact = *way = NULL;
	xlpt_grub_read(xlpt_boot_texts(boot), boot, other, ours, &grub);
	text = xlpt_grub_line(&grub);
	value = xlpt_cmdline_hide(text, boot->module);
	xlpt_hide_readable(boot->grammar, value ? value : "", &next);
	for (size_t i = 0; i < list->n; i++)
		has &= xlpt_hide_has(&next, &list->items[i]);
	if (has)
		return true;
	command = xlpt_boot_loader_command(h, boot);
	set = value ? origin(&grub, boot, value)
		    : xlpt_grub_last(&grub, "GRUB_CMDLINE_LINUX_XEN_REPLACE");
	if (!set || !strcmp(set->file, XLPT_GRUB_CFG))
		return true;
	if (value) {
		all = xlpt_hide_format(list);
		*fact = xlpt_xasprintf(
			"%s:%u has %s.hide=%s, which comes behind the list of " XLPT_GRUB_CFG
			" and takes its place",
			set->file, set->line, boot->module, value);
		*way = xlpt_xasprintf("take that word out of %s:%u, and run: xlpt boot write '%s'",
				      set->file, set->line, all);
	} else {
		*fact = xlpt_xasprintf("%s:%u sets %s anew, without the list of " XLPT_GRUB_CFG,
				       set->file, set->line, set->name);
		*way = xlpt_xasprintf("write $%s at the beginning of the value there%s%s",
				      set->name, command ? ", then: " : "", command ? command : "");
	}
	return false;
}

/* GRUB's settings have no list, and this boot has one: by which line they lost it. */
static char *lost_by_line(const struct xlpt_boot *boot, const struct xlpt_grub *grub,
			  const char *now)
{
	const struct xlpt_grub_set *set = origin(grub, boot, now), *by;
	const char *replace;

	if (!set)
		return NULL;
	by = xlpt_grub_last(grub, set->name);
	if (by != set)
		return xlpt_xasprintf("this boot has the list of %s:%u, and %s:%u sets %s anew, "
				      "without it",
				      set->file, set->line, by->file, by->line, set->name);
	replace = strcmp(set->name, "GRUB_CMDLINE_LINUX_DEFAULT")
			  ? "GRUB_CMDLINE_LINUX_XEN_REPLACE"
			  : "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT";
	by = xlpt_grub_last(grub, replace);
	return by ? xlpt_xasprintf("this boot has the list of %s:%u, and %s:%u sets %s, which "
				   "takes the place of %s for Xen",
				   set->file, set->line, by->file, by->line, by->name, set->name)
		  : NULL;
}

/* The same where the settings never had it: it was written into grub.cfg, or typed at the start. */
static char *lost_by_mkconfig(const struct xlpt_boot *boot, const char *now, const char *command)
{
	_cleanup_free_ char *word = xlpt_xasprintf("%s.hide=%s", boot->module, now);
	const struct xlpt_home_lines *lines = xlpt_boot_lines(boot);
	const struct xlpt_home_line *next = xlpt_home_next(lines, XLPT_LOADER_GRUB_CFG);
	const struct xlpt_home_line *has = NULL;

	for (size_t i = 0; i < lines->n && !has; i++) {
		const struct xlpt_home_line *l = &lines->items[i];
		_cleanup_free_ char *list = xlpt_cmdline_hide(l->words, boot->module);

		if (l->loader == XLPT_LOADER_GRUB_CFG && l->whose == XLPT_HOME_DOM0 &&
		    xlpt_streq(list, now))
			has = l;
	}
	if (!next || (has && xlpt_boot_grub_stays(boot, has->file, word)))
		return NULL;
	return has ? xlpt_xasprintf("this boot has the list of %s:%u, and GRUB's settings do not "
				    "have it: after the next %s nothing is hidden",
				    has->file, has->line, command)
		   : xlpt_xasprintf("this boot has %s, and no entry of GRUB and none of its "
				    "settings has it: at the next boot nothing is hidden",
				    word);
}

bool xlpt_boot_grub_stays(const struct xlpt_boot *boot, const char *file, const char *word)
{
	struct xlpt_texts *texts = xlpt_boot_texts(boot);
	_cleanup_strv_ char **names = NULL;
	bool found = strstr(file, "custom.cfg") != NULL;

	xlpt_host_list(texts->h, &names, "/etc/grub.d");
	for (char **n = names; n && *n && !found; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/grub.d/%s", *n);
		_cleanup_str_ struct xlpt_str text = { 0 };

		found = xlpt_boot_text(texts, path, &text) >= 0 &&
			strstr(xlpt_str_get(&text), word);
	}
	return found;
}

/* Of another boot loader: the line that it takes next has none. */
static char *lost_by_entry(const struct xlpt_boot *boot, const char *now)
{
	const struct xlpt_home_line *next = xlpt_home_next(xlpt_boot_lines(boot), boot->loader);
	const struct xlpt_xen_cfgs *cfgs = xlpt_boot_cfgs(boot);
	const char *words = NULL, *file = NULL;
	_cleanup_free_ char *list = NULL;
	unsigned line = 0;

	if (boot->loader == XLPT_LOADER_XEN_EFI && cfgs->n) {
		words = cfgs->items[0].kernel;
		file = cfgs->items[0].path;
		line = cfgs->items[0].line;
	} else if (next) {
		words = next->words;
		file = next->file;
		line = next->line;
	}
	list = xlpt_cmdline_hide(words, boot->module);
	return words && !list
		       ? xlpt_xasprintf("this boot has %s.hide=%s, and %s:%u, which the next "
					"one takes, has it not: then nothing is hidden",
					boot->module, now, file, line)
		       : NULL;
}

char *xlpt_boot_lost_later(struct xlpt_host *h, const struct xlpt_boot *boot)
{
	_cleanup_free_ char *now = xlpt_cmdline_hide(boot->cmdline, boot->module);
	_cleanup_free_ char *text = NULL, *next = NULL, *command = NULL, *why = NULL;
	const struct xlpt_grub *grub;

	if (!now || !*now)
		return NULL;
	if (boot->loader != XLPT_LOADER_GRUB && boot->loader != XLPT_LOADER_GRUB_PLAIN)
		return lost_by_entry(boot, now);
	grub = xlpt_boot_settings(boot, false);
	text = xlpt_grub_line(grub);
	next = xlpt_cmdline_hide(text, boot->module);
	if (next)
		return NULL;
	why = lost_by_line(boot, grub, now);
	command = xlpt_boot_loader_command(h, boot);
	return why ? xlpt_xasprintf("%s: after the next %s nothing is hidden", why, command)
		   : lost_by_mkconfig(boot, now, command);
}
