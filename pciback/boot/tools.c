/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tool makes the initramfs, and what reads the kernel's command line.
 */
#include "pciback/boot/internal.h"

#include <string.h>

static const char *first_of(struct xlpt_host *h, const char *const *paths)
{
	for (; *paths; paths++)
		if (xlpt_host_has(h, "%s", *paths))
			return *paths;
	return NULL;
}

void xlpt_boot_find_initramfs(struct xlpt_host *h, struct xlpt_boot *b)
{
	static const struct {
		enum xlpt_initramfs tool;
		const char *paths[6];
	} tools[] = {
		{ XLPT_INITRAMFS_DRACUT,
		  { "/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut" } },
		{ XLPT_INITRAMFS_TOOLS,
		  { "/usr/sbin/update-initramfs", "/sbin/update-initramfs" } },
		{ XLPT_INITRAMFS_MKINITCPIO, { "/usr/bin/mkinitcpio", "/etc/mkinitcpio.conf" } },
		{ XLPT_INITRAMFS_MKINITRD, { "/sbin/mkinitrd", "/usr/sbin/mkinitrd" } },
		{ XLPT_INITRAMFS_TOOLS, { "/etc/initramfs-tools" } },
		{ XLPT_INITRAMFS_DRACUT, { "/etc/dracut.conf.d" } },
	};
	static const char *const images[] = { "/boot/initrd.img-%s", "/boot/initramfs-%s.img",
					      "/boot/initrd-%s.img", "/boot/initrd-%s",
					      "/boot/initramfs-%s" };

	for (size_t i = 0; !b->initramfs && i < XLPT_ARRAY_SIZE(tools); i++) {
		b->initramfs_fact = first_of(h, tools[i].paths);
		if (b->initramfs_fact)
			b->initramfs = tools[i].tool;
	}
	for (size_t i = 0; b->release && !b->initrd && i < XLPT_ARRAY_SIZE(images); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		_cleanup_free_ char *path = xlpt_xasprintf(images[i], b->release);
#pragma GCC diagnostic pop

		if (xlpt_host_has(h, "%s", path))
			b->initrd = XLPT_TAKE(path);
	}
	/* mkinitcpio names its images after the package, not after the version. */
	if (!b->initrd && b->initramfs == XLPT_INITRAMFS_MKINITCPIO &&
	    xlpt_host_has(h, "/boot/initramfs-linux.img"))
		b->initrd = xlpt_xstrdup("/boot/initramfs-linux.img");
}

static const char *find_xen_cfg(struct xlpt_host *h, char **path)
{
	_cleanup_strv_ char **vendors = NULL;

	xlpt_host_list(h, &vendors, "/boot/efi/EFI");
	for (char **v = vendors; v && *v; v++)
		if (!*path && xlpt_host_has(h, "/boot/efi/EFI/%s/xen.cfg", *v))
			*path = xlpt_xasprintf("/boot/efi/EFI/%s/xen.cfg", *v);
	return *path;
}

void xlpt_boot_find_loader(struct xlpt_host *h, struct xlpt_boot *b)
{
	static const char *const mkconfig[] = { "/usr/sbin/grub-mkconfig",
						"/usr/sbin/grub2-mkconfig",
						"/usr/bin/grub-mkconfig", NULL };
	static const char *const legacy[] = { "/boot/grub/grub.conf", "/boot/grub/menu.lst", NULL };
	const char *path = first_of(h, mkconfig);

	if (path) {
		_cleanup_str_ struct xlpt_str text = { 0 };

		/* Reading grub.d is Debian's addition: the script itself tells. */
		b->loader = xlpt_boot_slurp(h, path, &text) >= 0 &&
					    strstr(xlpt_str_get(&text), "default/grub.d")
				    ? XLPT_LOADER_GRUB
				    : XLPT_LOADER_GRUB_PLAIN;
	} else if ((path = first_of(h, legacy))) {
		b->loader = XLPT_LOADER_GRUB_LEGACY;
	} else if (find_xen_cfg(h, &b->loader_fact)) {
		b->loader = XLPT_LOADER_XEN_EFI;
		return;
	}
	b->loader_fact = xlpt_xstrdup(path);
}

const char *xlpt_initramfs_word(enum xlpt_initramfs tool)
{
	static const char *const words[] = { "none", "initramfs-tools", "dracut", "mkinitcpio",
					     "mkinitrd" };

	return words[tool];
}

const char *xlpt_loader_word(enum xlpt_loader loader)
{
	static const char *const words[] = { "unknown", "grub", "grub without grub.d",
					     "grub legacy", "xen.efi" };

	return words[loader];
}
