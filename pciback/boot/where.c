/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a list that the kernel cannot read is to be changed, and to what.
 */
#include "pciback/boot/internal.h"

#include <string.h>

/*
 * The command line is the boot loader's. Where its settings have this very list
 * the place is known; else the boot loader's kind says what is to be looked into.
 */
static char *on_cmdline(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *command = NULL, *place = NULL;
	unsigned line;

	xlpt_boot_grub_foreign(h, boot, &value, &file, &line);
	command = xlpt_boot_loader_command(h, boot);
	if (xlpt_streq(value, text))
		return xlpt_xasprintf("in %s:%u%s%s", file, line, command ? ", and run: " : "",
				      command ? command : "");
	switch (boot->loader) {
	case XLPT_LOADER_GRUB:
	case XLPT_LOADER_GRUB_PLAIN:
		return xlpt_xasprintf("on dom0's command line in GRUB's settings%s%s",
				      command ? ", and run: " : "", command ? command : "");
	case XLPT_LOADER_GRUB_LEGACY:
		return xlpt_xasprintf("on the \"module\" line of dom0's kernel in %s",
				      boot->loader_fact);
	case XLPT_LOADER_XEN_EFI:
		place = xlpt_boot_xen_cfg_place(h, boot);
		return xlpt_xasprintf("on %s", place);
	case XLPT_LOADER_UNKNOWN:
		break;
	}
	return xlpt_xstrdup(
		"on dom0's command line in the boot loader's configuration; xlpt boot write "
		"does not change it");
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
	_cleanup_hide_ struct xlpt_hide_list la = { 0 }, lb = { 0 };
	bool same = xlpt_hide_parse(boot->grammar, a, &la, NULL) == 0 &&
		    xlpt_hide_parse(boot->grammar, b, &lb, NULL) == 0 && la.n == lb.n;

	for (size_t i = 0; same && i < la.n; i++)
		same = xlpt_hide_has(&lb, &la.items[i]);
	return same;
}

/* GRUB's settings where xlpt has no file of its own. */
static char *in_grub(struct xlpt_host *h, const struct xlpt_boot *boot, const char *word)
{
	_cleanup_free_ char *value = NULL, *file = NULL;
	_cleanup_free_ char *command = xlpt_boot_loader_command(h, boot);
	unsigned line;

	xlpt_boot_grub_foreign(h, boot, &value, &file, &line);
	if (value && same_list(boot, value, strchr(word, '=') + 1))
		return xlpt_xasprintf("%s; reboot: %s:%u has the list already", command, file,
				      line);
	if (value)
		return xlpt_xasprintf("in %s:%u, write %s in the place of the list that is there, "
				      "then: %s",
				      file, line, word, command);
	if (xlpt_host_has(h, "/usr/sbin/grubby") || xlpt_host_has(h, "/sbin/grubby"))
		return xlpt_xasprintf("grubby --update-kernel=ALL --args='%s'", word);
	return xlpt_xasprintf("add %s to GRUB_CMDLINE_LINUX in /etc/default/grub, then: %s", word,
			      command);
}

char *xlpt_boot_by_hand(struct xlpt_host *h, const struct xlpt_boot *boot, const char *word)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *place = NULL;
	unsigned line;

	switch (boot->loader) {
	case XLPT_LOADER_GRUB:
	case XLPT_LOADER_GRUB_PLAIN:
		return in_grub(h, boot, word);
	case XLPT_LOADER_XEN_EFI:
		place = xlpt_boot_xen_cfg_place(h, boot);
		xlpt_boot_grub_foreign(h, boot, &value, &file, &line);
		if (value && same_list(boot, value, strchr(word, '=') + 1))
			return xlpt_xasprintf("reboot: %s has it already", place);
		if (value)
			return xlpt_xasprintf("on %s, write %s in the place of the list that is "
					      "there, and reboot",
					      place, word);
		return xlpt_xasprintf("add this word to %s: %s", place, word);
	case XLPT_LOADER_GRUB_LEGACY:
		return xlpt_xasprintf("add this word to the dom0 kernel's line in %s: %s",
				      boot->loader_fact, word);
	case XLPT_LOADER_UNKNOWN:
		break;
	}
	return xlpt_xasprintf("add this word to the dom0 kernel's command line: %s", word);
}

char *xlpt_boot_write_way(struct xlpt_host *h, const struct xlpt_boot *boot,
			  const struct xlpt_effective *eff, const struct xlpt_hide_list *more,
			  const char *args)
{
	_cleanup_free_ char *value = NULL, *file = NULL, *word = NULL;
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	unsigned line;

	xlpt_boot_grub_foreign(h, boot, &value, &file, &line);
	if (boot->loader == XLPT_LOADER_GRUB ||
	    (boot->mode != XLPT_PB_BUILTIN && !eff->cmdline_hide && !value))
		return xlpt_xasprintf("xlpt boot write%s%s", *args ? " " : "", args);
	if (eff->cmdline_hide)
		xlpt_hide_parse(boot->grammar, eff->cmdline_hide, &list, NULL);
	else if (value)
		xlpt_hide_parse(boot->grammar, value, &list, NULL);
	for (size_t i = 0; i < more->n; i++)
		xlpt_hide_add(&list, &more->items[i]);
	word = xlpt_boot_cmdline_word(boot, &list);
	return xlpt_boot_by_hand(h, boot, word);
}
