/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list behind pciback's name in the files of modules of initramfs-tools. Each line of them becomes one of
 * /conf/modules in the initramfs (mkinitramfs; add_modules_from_file and force_load of hook-functions), and
 * modprobe gets its words there (load_modules of scripts/functions). modprobe puts them behind those of
 * modprobe.d and of the kernel's command line, and the last "hide=" wins. xlpt's own line comes later. Only
 * when udev has loaded pciback before, with another module, the words of that line do nothing.
 */
#include "pciback/boot/internal.h"

#include <string.h>

#define FILE   "/etc/initramfs-tools/modules"
#define FOLDER "/usr/share/initramfs-tools/modules.d"

/* The first line that names pciback loads it; those behind it do nothing. Returns its number, or 0. */
static unsigned first_line(const struct xlpt_boot *boot, const char *path, char **hide)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *l;

	if (xlpt_boot_text(xlpt_boot_texts(boot), path, &text) < 0)
		return 0;
	cursor = text.s;
	for (unsigned nr = 1; (l = xlpt_boot_line(&cursor)); nr++) {
		char *save = NULL, *name = strtok_r(l, " \t", &save);

		if (!name || !xlpt_module_eq(name, boot->module))
			continue;
		*hide = xlpt_boot_hide_of(save ? save : "");
		return nr;
	}
	return 0;
}

bool xlpt_boot_initramfs_list(struct xlpt_host *h, const struct xlpt_boot *boot, char **value,
			      char **file, unsigned *line)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ char *path = xlpt_xstrdup(FILE);

	*value = *file = NULL;
	*line = 0;
	if (boot->initramfs != XLPT_INITRAMFS_TOOLS || boot->mode == XLPT_PB_BUILTIN)
		return false;
	*line = first_line(boot, path, value);
	xlpt_host_list(h, &names, FOLDER);
	for (char **n = names; n && *n && !*line; n++) {
		free(path);
		path = xlpt_xasprintf(FOLDER "/%s", *n);
		*line = first_line(boot, path, value);
	}
	if (*value)
		*file = XLPT_TAKE(path);
	return *value != NULL;
}
