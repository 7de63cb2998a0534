/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NixOS: the files of /etc are links into a store, and with the command line of the next boot they are made
 * anew from a description. What is written beside that is no part of the initramfs, and lost one day.
 */
#include "pciback/boot/homes.h"

#include <string.h>

bool xlpt_boot_is_nixos(struct xlpt_host *h)
{
	static const char *const stores[] = { "/nix/store/", "/etc/static/" };
	_cleanup_strv_ char **names = NULL;

	if (xlpt_host_has(h, "/etc/NIXOS"))
		return true;
	xlpt_host_list(h, &names, "/etc/modprobe.d");
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/etc/modprobe.d/%s", *n);
		char to[64] = { 0 };

		if (h->ops->readlink(h, path, to, sizeof(to)) < 0)
			continue;
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(stores); i++)
			if (xlpt_starts(to, stores[i]))
				return true;
	}
	return false;
}

/* The words of dom0's kernel in a file of their own, in the system that is started next. */
void xlpt_home_read_nixos(struct xlpt_texts *texts, struct xlpt_home_lines *out)
{
	static const char *const files[] = { "/nix/var/nix/profiles/system/kernel-params",
					     "/run/current-system/kernel-params" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		_cleanup_str_ struct xlpt_str text = { 0 };
		struct xlpt_home_line *l;

		if (xlpt_boot_text(texts, files[i], &text) < 0)
			continue;
		l = xlpt_home_add(out, XLPT_LOADER_NIXOS, XLPT_HOME_DOM0, files[i], 1,
				  "kernel-params", xlpt_xstrdup(xlpt_str_get(&text)));
		if (l)
			l->settings = true;
		return;
	}
}

char *xlpt_boot_nixos_way(const struct xlpt_boot *boot, const char *word, char **early,
			  bool by_cmdline)
{
	_cleanup_str_ struct xlpt_str out = { 0 };

	xlpt_str_add(&out, "write into configuration.nix: ");
	if (by_cmdline)
		xlpt_str_addf(&out, "boot.kernelParams = [ \"%s\" ];", word);
	else
		xlpt_str_addf(&out, "boot.extraModprobeConfig = \"options %s %s", boot->module,
			      strchr(word, '.') + 1);
	for (char **d = early; !by_cmdline && d && *d; d++)
		xlpt_str_addf(&out, "\\nsoftdep %s pre: %s", *d, boot->module);
	if (!by_cmdline)
		xlpt_str_add(&out, "\";");
	if (boot->mode != XLPT_PB_BUILTIN)
		xlpt_str_addf(&out, " boot.initrd.kernelModules = [ \"%s\" ];", boot->module);
	xlpt_str_add(&out, " then: nixos-rebuild boot; reboot");
	return xlpt_str_take(&out);
}
