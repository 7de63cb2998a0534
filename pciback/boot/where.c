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

/* "1:0:1:0", as lsscsi and dmesg name a disk or a tape drive: the PCI function of its controller. */
static bool scsi_controller(struct xlpt_host *h, const char *word, struct xlpt_bdf *out)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/bus/scsi/devices/%s", word);
	char link[4096], *save = NULL;
	bool found = false;

	if (strspn(word, "0123456789:") != strlen(word) ||
	    h->ops->readlink(h, path, link, sizeof(link)) < 0)
		return false;
	for (char *w = strtok_r(link, "/", &save); w; w = strtok_r(NULL, "/", &save))
		found |= xlpt_bdf_parse(w, strlen(w), out, NULL) == 0;
	return found;
}

/* A list of SCSI addresses: which PCI functions are meant. Caller frees; NULL: it is none. */
static char *scsi_hint(struct xlpt_host *h, const char *text, const char *where)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, "() \t\n", &save); w; w = strtok_r(NULL, "() \t\n", &save)) {
		size_t n = strlen(w);
		struct xlpt_bdf bdf;

		if (n && w[n - 1] == ':')
			w[n - 1] = '\0';
		if (*w && scsi_controller(h, w, &bdf))
			return xlpt_xasprintf("%s is a SCSI address, and its controller is %s: "
					      "write (%s) %s",
					      w, XLPT_BDF_STR(bdf), XLPT_BDF_STR(bdf), where);
	}
	return NULL;
}

/* "this host has no ...; ", when it is known what it has. Caller frees. */
static char *not_there(struct xlpt_host *h, const struct xlpt_boot *boot, const char *meant)
{
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };

	if (!xlpt_host_has(h, "/sys/bus/pci/devices") ||
	    xlpt_hide_parse(boot->grammar, meant, &list, NULL))
		return xlpt_xstrdup("");
	for (size_t i = 0; i < list.n; i++) {
		const char *name = XLPT_HIDE_STR(&list.items[i]);

		if (!strchr(name, '*') && !xlpt_host_has(h, "/sys/bus/pci/devices/%s", name))
			return xlpt_xasprintf(
				"this host has no %s (lspci -D lists the addresses); ", name);
	}
	return xlpt_xstrdup("");
}

char *xlpt_boot_list_place(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text,
			   const char *file, unsigned line)
{
	return file ? xlpt_xasprintf("in %s:%u", file, line) : on_cmdline(h, boot, text);
}

char *xlpt_boot_list_hint(struct xlpt_host *h, const struct xlpt_boot *boot, const char *text,
			  const char *file, unsigned line)
{
	_cleanup_free_ char *meant = xlpt_hide_meant(boot->grammar, text);
	_cleanup_free_ char *where = xlpt_boot_list_place(h, boot, text, file, line);

	_cleanup_free_ char *scsi = scsi_hint(h, text, where), *absent = NULL;

	if (scsi)
		return XLPT_TAKE(scsi);
	if (!meant)
		return xlpt_xasprintf("mend the list %s", where);
	absent = not_there(h, boot, meant);
	return xlpt_xasprintf("%sthe list was probably meant as \"%s\": write that %s", absent,
			      meant, where);
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
