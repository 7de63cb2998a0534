/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an operator has to write where, because the file is not xlpt's: the list that the kernel cannot read,
 * or a word on the command line of a boot loader that xlpt does not write for.
 */
#include "pciback/boot/homes.h"

#include <string.h>

/* XCP-ng and XenServer have a tool for the lines of their grub.cfg. */
#define XEN_CMDLINE "/opt/xensource/libexec/xen-cmdline"

/* The first line of any boot loader that has this very list: this boot may come from each of them. */
static char *line_with(const struct xlpt_boot *boot, const char *text)
{
	const struct xlpt_home_lines *lines = xlpt_boot_lines(boot);

	for (size_t i = 0; i < lines->n; i++) {
		const struct xlpt_home_line *l = &lines->items[i];
		_cleanup_free_ char *list = xlpt_cmdline_hide(l->words, boot->module);

		if (l->whose != XLPT_HOME_XEN && xlpt_streq(list, text))
			return xlpt_xasprintf("%s:%u", l->file, l->line);
	}
	return NULL;
}

/*
 * The command line is the boot loader's. Where its settings have this very list the place is known; else
 * the boot loader's kind says what is to be looked into.
 */
static char *on_cmdline(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *command = NULL, *place = NULL;
	_cleanup_free_ char *there = line_with(boot, text);
	unsigned line;

	xlpt_boot_foreign(boot, &value, &file, &line);
	command = xlpt_boot_loader_command(h, boot);
	if (xlpt_host_has(h, XEN_CMDLINE))
		return xlpt_xstrdup("with " XEN_CMDLINE " --set-dom0");
	if (xlpt_streq(value, text))
		place = xlpt_xasprintf("in %s:%u", file, line);
	else if (there)
		place = xlpt_xasprintf("in %s", there);
	else if (boot->loader == XLPT_LOADER_GRUB || boot->loader == XLPT_LOADER_GRUB_PLAIN)
		place = xlpt_xstrdup("on dom0's command line in GRUB's settings");
	else if (boot->loader != XLPT_LOADER_UNKNOWN)
		place = xlpt_boot_loader_place(h, boot);
	else
		return xlpt_xstrdup("on dom0's command line in the boot loader's configuration; "
				    "xlpt boot write does not change it");
	if (!command)
		return XLPT_TAKE(place);
	return xlpt_xasprintf("%s, and run: %s", place, command);
}

char *xlpt_boot_list_hint(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text,
			  const char *file, unsigned line)
{
	_cleanup_free_ char *meant = xlpt_hide_meant(boot->grammar, text), *where = NULL;

	where = file ? xlpt_xasprintf("in %s:%u", file, line) : on_cmdline(h, boot, text);
	return meant ? xlpt_xasprintf("the list was probably meant as \"%s\": write that %s", meant,
				      where)
		     : xlpt_xasprintf("mend the list %s", where);
}

/* Whether both lists mean the same groups, however they are spelled. */
static bool same_list(const struct xlpt_boot *boot, const char *a, const char *b)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };

	return xlpt_hide_parse(boot->grammar, a, &list, NULL) == 0 &&
	       xlpt_hide_is(&list, boot->grammar, b);
}

/* The line that has a list already; of Xen's own file also the section is told. Caller frees. */
static char *line_there(struct xlpt_host *h, const struct xlpt_boot *boot, const char *file,
			unsigned line)
{
	return boot->loader == XLPT_LOADER_XEN_EFI ? xlpt_boot_loader_place(h, boot)
						   : xlpt_xasprintf("%s:%u", file, line);
}

bool xlpt_boot_line_has(const struct xlpt_boot *boot, const struct xlpt_hide_list *list)
{
	_cleanup_free_ char *value = NULL, *file = NULL;
	unsigned line;

	xlpt_boot_foreign(boot, &value, &file, &line);
	/* Nobody says what the next boot has: then it is taken to be as this one. */
	if (!value && boot->loader == XLPT_LOADER_UNKNOWN)
		value = xlpt_cmdline_hide(boot->cmdline, boot->module);
	return value && xlpt_hide_is(list, boot->grammar, value);
}

char *xlpt_boot_by_hand(struct xlpt_host *h, const struct xlpt_boot *boot, const char *word)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *place = NULL, *command = NULL;
	_cleanup_free_ char *then = NULL;
	unsigned line;

	if (boot->loader == XLPT_LOADER_NIXOS)
		return xlpt_boot_nixos_way(boot, word, NULL, true);
	if (xlpt_host_has(h, XEN_CMDLINE))
		return xlpt_xasprintf(XEN_CMDLINE " --set-dom0 '%s', and reboot", word);
	command = xlpt_boot_loader_command(h, boot);
	then = command ? xlpt_xasprintf(", then: %s", command) : xlpt_xstrdup(", and reboot");
	xlpt_boot_foreign(boot, &value, &file, &line);
	place = value ? line_there(h, boot, file, line) : xlpt_boot_loader_place(h, boot);
	if (value && same_list(boot, value, strchr(word, '=') + 1))
		return xlpt_xasprintf("%s%sreboot: %s has the list already", command ? command : "",
				      command ? "; " : "", place);
	if (value)
		return xlpt_xasprintf("in %s, write %s in the place of the list that is there%s",
				      place, word, then);
	return xlpt_xasprintf("add %s to %s%s", word, place, then);
}

char *xlpt_boot_write_way(struct xlpt_host *h, const struct xlpt_boot *boot,
			  const struct xlpt_effective *eff, const struct xlpt_hide_list *more,
			  const char *args)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *word = NULL;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	bool by_modprobe;
	unsigned line;

	xlpt_boot_foreign(boot, &value, &file, &line);
	by_modprobe = boot->mode != XLPT_PB_BUILTIN && !eff->cmdline_hide && !value;
	if (boot->loader == XLPT_LOADER_GRUB || (by_modprobe && boot->loader != XLPT_LOADER_NIXOS))
		return xlpt_xasprintf("xlpt boot write%s%s", *args ? " " : "", args);
	if (eff->cmdline_hide)
		xlpt_hide_readable(boot->grammar, eff->cmdline_hide, &list);
	else if (value)
		xlpt_hide_readable(boot->grammar, value, &list);
	else if (eff->modprobe_hide)
		xlpt_hide_readable(boot->grammar, eff->modprobe_hide, &list);
	for (size_t i = 0; i < more->n; i++)
		xlpt_hide_add(&list, &more->items[i]);
	/* The line needs no change, and xlpt's files beside it do the rest. */
	if (boot->mode == XLPT_PB_MODULE && boot->loader != XLPT_LOADER_NIXOS &&
	    xlpt_boot_line_has(boot, &list))
		return xlpt_xasprintf("xlpt boot write%s%s", *args ? " " : "", args);
	word = xlpt_boot_cmdline_word(boot, &list);
	return by_modprobe ? xlpt_boot_nixos_way(boot, word, NULL, false)
			   : xlpt_boot_by_hand(h, boot, word);
}
