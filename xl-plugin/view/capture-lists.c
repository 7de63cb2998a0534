/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is taken of /proc, of the configuration of boot, and of xlpt's own state.
 * Guests' configurations, what libxl keeps of them, boot loaders' own files
 * (they may have passwords) and initramfs images are not on any list. Passwords in
 * what is on one are taken out (core/secret.h).
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "pciback/boot/boot.h"
#include "xl-plugin/view/capture.h"

#define TEXT  (8 << 20)	 /* /proc/interrupts grows with the processors */
#define TABLE (16 << 20) /* modules.alias of a distribution's kernel has 1.5 MB */

static const char *const files[] = {
	"/proc/1/mountinfo",
	"/proc/bus/input/devices",
	"/proc/cmdline",
	"/proc/cpuinfo",
	"/proc/interrupts",
	"/proc/iomem",
	"/proc/ioports",
	"/proc/modules",
	"/proc/net/ipv6_route",
	"/proc/net/route",
	"/proc/self/mountinfo",
	"/proc/swaps",
	"/proc/sys/kernel/osrelease",
	"/proc/version",
	"/proc/xen/capabilities",
	"/etc/default/grub",
	"/etc/dracut.conf",
	"/etc/initramfs-tools/hooks/xlpt",
	"/etc/initramfs-tools/initramfs.conf",
	"/etc/initramfs-tools/modules",
	"/etc/mkinitcpio.conf",
	"/etc/modprobe.conf",
	"/etc/modules",
	"/etc/os-release",
	"/etc/xlpt/host.conf",
	"/etc/xlpt/xlpt.conf",
	"/run/xlpt/boot-changed",
	"/run/xlpt/ledger",
	"/var/lib/xlpt/applied",
	"/var/lib/xlpt/macs",
};

static const struct {
	const char *dir, *pattern;
} dirs[] = {
	{ "/proc/net/vlan", "*" },
	{ "/etc/default/grub.d", "*" },
	{ "/etc/dracut.conf.d", "*.conf" },
	{ "/etc/mkinitcpio.conf.d", "*.conf" },
	{ "/etc/xlpt/host.conf.d", "*.conf" },
	{ "/etc/xlpt/xlpt.conf.d", "*.conf" },
	{ "/etc/driverctl.d", "*" },
	{ "/etc/modprobe.d", "*" },
	{ "/etc/modules-load.d", "*.conf" },
	{ "/lib/modprobe.d", "*.conf" },
	{ "/run/modprobe.d", "*.conf" },
	{ "/usr/lib/modprobe.d", "*.conf" },
	{ "/usr/local/lib/modprobe.d", "*.conf" },
	{ "/run/xlpt/guests", "*" },
	{ "/run/xlpt/journal", "*" },
	{ "/run/xlpt/ledger", "*" },
	{ "/var/lib/xlpt/leases", "*" },
	{ "/var/lib/xlpt/pins", "*" },
	{ "/var/lib/xlpt/pools", "*" },
};

/* That they are there says which tools this host boots with. */
static const char *const marks[] = {
	"/boot/grub/grub.conf",	   "/boot/grub/menu.lst",
	"/etc/initramfs-tools",	   "/sbin/grubby",
	"/sbin/mkinitrd",	   "/usr/bin/dracut",
	"/usr/bin/grub-mkconfig",  "/usr/sbin/dracut",
	"/usr/sbin/grub-mkconfig", "/usr/sbin/grub2-mkconfig",
	"/usr/sbin/grubby",	   "/usr/sbin/mkinitrd",
	"/usr/sbin/update-grub",   "/usr/sbin/update-initramfs",
};

/* /usr/bin/mkinitcpio is asked for a word in it (pciback/boot/files.c): it is a script. */
static const char *const tools[] = { "/usr/bin/mkinitcpio" };

static const char *const module_tables[] = { "modules.alias", "modules.builtin",
					     "modules.builtin.modinfo", "modules.dep",
					     "modules.softdep" };

static int directory(struct xlpt_capture *c, const char *dir, const char *pattern,
		     struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "%s", dir) < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);

		if (fnmatch(pattern, *n, FNM_PERIOD) == 0)
			rc = xlpt_capture_file(c, path, TEXT, diag);
	}
	return rc;
}

/* Where words for Xen and for dom0 stand when no GRUB starts them (pciback/boot/xencfg.c). */
static int xen_cfgs(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	_cleanup_xen_cfgs_ struct xlpt_xen_cfgs cfgs = { 0 };
	int rc = 0;

	xlpt_boot_xen_cfgs(c->from, NULL, &cfgs);
	for (size_t i = 0; rc == 0 && i < cfgs.n; i++)
		rc = xlpt_capture_file(c, cfgs.items[i].path, TEXT, diag);
	return rc;
}

/* That the initramfs of Qubes OS reads words of its own is seen by the name of a folder. */
static int dracut_marks(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "/usr/lib/dracut/modules.d") < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/usr/lib/dracut/modules.d/%s", *n);

		if (strstr(*n, "qubes-pciback"))
			rc = xlpt_capture_mark(c, path, diag);
	}
	return rc;
}

/* Of the kernel that runs; others are not what this host is now. */
static int kernel(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	_cleanup_free_ char *release = NULL, *config = NULL;
	int rc, r = xlpt_host_read_text(c->from, &release, "/proc/sys/kernel/osrelease");

	if (r == -ENOENT)
		return 0;
	if (r < 0 || !*xlpt_chomp(release) || strchr(release, '/')) {
		xlpt_capture_leave(c, "/lib/modules and /boot/config of the running kernel",
				   "/proc/sys/kernel/osrelease does not say which it is");
		return 0;
	}
	config = xlpt_xasprintf("/boot/config-%s", release);
	rc = xlpt_capture_file(c, config, TEXT, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(module_tables); i++) {
		_cleanup_free_ char *path =
			xlpt_xasprintf("/lib/modules/%s/%s", release, module_tables[i]);

		rc = xlpt_capture_file(c, path, TABLE, diag);
	}
	return rc;
}

int xlpt_capture_lists(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(files); i++)
		rc = xlpt_capture_file(c, files[i], TEXT, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(dirs); i++)
		rc = directory(c, dirs[i].dir, dirs[i].pattern, diag);
	if (rc == 0)
		rc = xen_cfgs(c, diag);
	if (rc == 0)
		rc = dracut_marks(c, diag);
	if (rc == 0)
		rc = kernel(c, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(tools); i++)
		rc = xlpt_capture_file(c, tools[i], TEXT, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(marks); i++)
		rc = xlpt_capture_mark(c, marks[i], diag);
	return rc;
}
