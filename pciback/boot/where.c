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
	_cleanup_free_ char *value = NULL, *file = NULL, *command = NULL;
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
		return xlpt_xasprintf("on the \"kernel=\" line in %s", boot->loader_fact);
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
