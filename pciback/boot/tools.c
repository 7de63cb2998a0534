/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tool makes the initramfs, and what reads the kernel's command line.
 */
#include "pciback/boot/homes.h"

#include <string.h>

static const char *first_of(struct xlpt_host *h, const char *const *paths)
{
	for (; *paths; paths++)
		if (xlpt_host_has(h, "%s", *paths))
			return *paths;
	return NULL;
}

static char *there(struct xlpt_host *h, char *path)
{
	if (xlpt_host_has(h, "%s", path))
		return path;
	free(path);
	return NULL;
}

/* Some name their images after the kernel's package or flavour, and not after its version. */
static char *by_package(struct xlpt_host *h, const struct xlpt_boot *b)
{
	_cleanup_free_ char *pkgbase = NULL;
	const char *name = "linux", *flavour = b->release ? strrchr(b->release, '-') : NULL;

	if (b->release &&
	    xlpt_host_read_text(h, &pkgbase, "/lib/modules/%s/pkgbase", b->release) >= 0 &&
	    *xlpt_chomp(pkgbase) && !strchr(pkgbase, '/'))
		name = pkgbase;
	if (b->initramfs == XLPT_INITRAMFS_MKINITCPIO)
		return there(h, xlpt_xasprintf("/boot/initramfs-%s.img", name));
	if (b->initramfs == XLPT_INITRAMFS_BOOSTER)
		return there(h, xlpt_xasprintf("/boot/booster-%s.img", name));
	if (b->initramfs == XLPT_INITRAMFS_MKINITFS && flavour)
		return there(h, xlpt_xasprintf("/boot/initramfs%s", flavour));
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
		{ XLPT_INITRAMFS_MKINITFS, { "/sbin/mkinitfs", "/usr/sbin/mkinitfs" } },
		{ XLPT_INITRAMFS_BOOSTER, { "/usr/bin/booster", "/etc/booster.yaml" } },
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
	if (!b->initrd)
		b->initrd = by_package(h, b);
	/* NixOS; of another kernel than the running one it is not known. */
	if (!b->initrd && b->running)
		b->initrd = there(h, xlpt_xstrdup("/run/booted-system/initrd"));
}

/* An entry that starts Xen is in the loader's own file. started: with the words of the running kernel. */
static const char *entry_of(const struct xlpt_home_lines *l, enum xlpt_loader loader, bool started)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].loader == loader && l->items[i].whose == XLPT_HOME_DOM0 &&
		    !l->items[i].settings && (l->items[i].started || !started))
			return l->items[i].file;
	return NULL;
}

/* grub-mkconfig; reading grub.d is Debian's addition: the script itself tells. */
static enum xlpt_loader grub_kind(struct xlpt_host *h, const char *path)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	return xlpt_boot_slurp(h, path, &text) >= 0 && strstr(xlpt_str_get(&text), "default/grub.d")
		       ? XLPT_LOADER_GRUB
		       : XLPT_LOADER_GRUB_PLAIN;
}

void xlpt_boot_find_loader(struct xlpt_host *h, struct xlpt_boot *b)
{
	static const char *const mkconfig[] = { "/usr/sbin/grub-mkconfig",
						"/usr/sbin/grub2-mkconfig",
						"/usr/bin/grub-mkconfig", "/usr/bin/grub2-mkconfig",
						NULL };
	static const char *const legacy[] = { "/boot/grub/grub.conf", "/boot/grub/menu.lst", NULL };
	const struct xlpt_home_lines *lines;
	const struct xlpt_xen_cfgs *cfgs;
	const char *path;

	xlpt_loaders_read(h, b);
	lines = xlpt_boot_lines(b);
	cfgs = xlpt_boot_cfgs(b);
	if (xlpt_boot_is_nixos(h)) {
		b->loader = XLPT_LOADER_NIXOS;
		path = xlpt_host_has(h, "/etc/NIXOS") ? "/etc/NIXOS" : "/etc/modprobe.d";
	} else if (cfgs->n && cfgs->items[0].rank == XLPT_XEN_CFG_STARTED) {
		/* What started this boot counts: GRUB's tools may be installed all the same. */
		b->loader = XLPT_LOADER_XEN_EFI;
		path = cfgs->items[0].path;
	} else if (!entry_of(lines, XLPT_LOADER_GRUB_CFG, true) &&
		   (path = entry_of(lines, XLPT_LOADER_EXTLINUX, true))) {
		b->loader = XLPT_LOADER_EXTLINUX;
	} else if ((path = first_of(h, mkconfig))) {
		b->loader = grub_kind(h, path);
	} else if ((path = first_of(h, legacy))) {
		b->loader = XLPT_LOADER_GRUB_LEGACY;
	} else if ((path = entry_of(lines, XLPT_LOADER_EXTLINUX, false))) {
		b->loader = XLPT_LOADER_EXTLINUX;
	} else if ((path = entry_of(lines, XLPT_LOADER_GRUB_CFG, false))) {
		b->loader = XLPT_LOADER_GRUB_CFG;
	} else if (cfgs->n && cfgs->items[0].kernel) {
		b->loader = XLPT_LOADER_XEN_EFI;
		path = cfgs->items[0].path;
	}
	b->loader_fact = xlpt_xstrdup(path);
}

const char *xlpt_initramfs_word(enum xlpt_initramfs tool)
{
	static const char *const words[] = { "none",	 "initramfs-tools", "dracut", "mkinitcpio",
					     "mkinitrd", "mkinitfs",	    "booster" };

	return words[tool];
}
