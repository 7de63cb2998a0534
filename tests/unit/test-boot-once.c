/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What boot loaders and modprobe read is read once for a command of xlpt boot, and anew by the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

#define GRUB "/etc/default/grub"

/* How often each file was opened since the counting began. */
static struct {
	char path[128];
	unsigned times;
} opened[64];
static size_t n_opened;

static int count(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	size_t i = 0;

	while (i < n_opened && strcmp(opened[i].path, path) != 0)
		i++;
	if (i == n_opened && i < XLPT_ARRAY_SIZE(opened))
		snprintf(opened[n_opened++].path, sizeof(opened[i].path), "%s", path);
	if (i < XLPT_ARRAY_SIZE(opened))
		opened[i].times++;
	return xlpt_host_real_ops.open(h, path, flags, mode);
}

static const char *const files[] = {
	GRUB,
	"/etc/default/grub.d/a.cfg",
	"/etc/grub.d/40_custom",
	"/boot/grub/grub.cfg",
	"/boot/grub/custom.cfg",
	"/boot/grub/grubenv",
	"/boot/grub/menu.lst",
	"/boot/efi/EFI/debian/grub.cfg",
	"/boot/efi/EFI/xen/xen.cfg",
	"/boot/loader/entries/a.conf",
	"/boot/extlinux.conf",
	"/etc/update-extlinux.conf",
	"/etc/modprobe.d/a.conf",
	"/etc/modprobe.d/b",
	"/usr/lib/modprobe.d/c.conf",
	"/etc/modprobe.conf",
	"/etc/initramfs-tools/modules",
};

/* A list in each kind of them, so that all that is asked of them is asked. */
static void put_files(struct fake_bus *bus)
{
	static const char entry[] = "menuentry x {\nmultiboot2 /xen.gz\n"
				    "module2 /vmlinuz ro xen-pciback.hide=(02:00.1)\n}\n";

	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"quiet xen-pciback.hide=(05:00.0)\"\n");
	fake_bus_put(bus, "/etc/default/grub.d/a.cfg", "GRUB_CMDLINE_XEN=pciback.hide=(2:0.0)\n");
	fake_bus_put(bus, "/etc/grub.d/40_custom", entry);
	fake_bus_put(bus, "/boot/grub/grub.cfg", entry);
	fake_bus_put(bus, "/boot/grub/custom.cfg", entry);
	fake_bus_put(bus, "/boot/grub/grubenv", "kernelopts=ro\n");
	fake_bus_put(bus, "/boot/grub/menu.lst", "title x\nkernel /xen.gz\nmodule /vmlinuz ro\n");
	fake_bus_put(bus, "/boot/efi/EFI/debian/grub.cfg", "set x=y\n");
	fake_bus_put(bus, "/boot/efi/EFI/xen/xen.cfg",
		     "[x]\noptions=pciback.hide=(2:0.0)\nkernel=vmlinuz quiet\n");
	fake_bus_put(bus, "/boot/loader/entries/a.conf", "linux /vmlinuz\noptions $kernelopts\n");
	fake_bus_put(bus, "/boot/extlinux.conf",
		     "LABEL x\nKERNEL mboot.c32\nAPPEND /xen.gz --- /vmlinuz ro --- /initrd\n");
	fake_bus_put(bus, "/etc/update-extlinux.conf", "default_kernel_opts=quiet\n");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf",
		     "options xen-pciback hide=(05:00.0)\noptions vfio-pci ids=8086:10c9\n");
	fake_bus_put(bus, "/etc/modprobe.d/b", "options xen-pciback hide=(05:00.0)\n");
	fake_bus_put(bus, "/usr/lib/modprobe.d/c.conf", "install vfio-pci /sbin/x\n");
	fake_bus_put(bus, "/etc/modprobe.conf", "alias x y\n");
	fake_bus_put(bus, "/etc/initramfs-tools/modules", "vfio-pci ids=8086:10c9\n");
	/* A kernel that is newer than this one is looked at, too. */
	fake_bus_put(bus, "/lib/modules/6.1.0-51-amd64/modules.dep", "xen-pciback.ko:\n");
}

static void assert_once(struct fake_bus *bus, int status, const char *args, bool all)
{
	struct xlpt_host *h = fake_bus_host(bus);
	struct xlpt_host_ops ops = *h->ops, *old = (struct xlpt_host_ops *)(uintptr_t)h->ops;

	n_opened = 0;
	memset(opened, 0, sizeof(opened));
	ops.open = count;
	h->ops = &ops;
	assert_run(bus, status, args, NULL);
	h->ops = old;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		unsigned times = 0;

		for (size_t k = 0; k < n_opened; k++)
			if (!strcmp(opened[k].path, files[i]))
				times = opened[k].times;
		if (times > 1 || (all && !times))
			fail_msg("boot %s opens %s %u times", args, files[i], times);
	}
}

static void test_once(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	put_files(bus);
	assert_once(bus, 0, "plan " NIC, true);
	assert_once(bus, 1, "verify", true);
	assert_once(bus, 0, "write " NIC, true);
	assert_text(bus, XLPT_GRUB_CFG,
		    HEAD "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE:-"
			 "$GRUB_CMDLINE_LINUX} xen-pciback.hide=(" FREE ")(" NIC ")\"");
	/* This boot has a list that the next one has not. */
	fake_bus_put(bus, GRUB, "");
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(02:00.1)\n");
	assert_once(bus, 0, "remove", false);
	assert_once(bus, 1, "verify", true);
	/* A loader whose lines are written by hand. */
	assert_int_equal(h->ops->unlink(h, "/usr/sbin/grub-mkconfig"), 0);
	fake_bus_put(bus, "/proc/cmdline", "quiet\n");
	assert_once(bus, 1, "write --cmdline " NIC, false);
	assert_non_null(strstr(said, "/boot/efi/EFI/xen/xen.cfg:3"));
}

/* What was read stays as it was; who looks again finds what is there now. */
static void test_again(void **state)
{
	_cleanup_boot_ struct xlpt_boot before = { 0 }, after = { 0 };
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_free_ char *value = NULL, *file = NULL;
	unsigned line;

	assert_int_equal(xlpt_boot_detect(h, XLPT_ERA_UNKNOWN, NULL, &before, NULL), 0);
	xlpt_boot_foreign(&before, &value, &file, &line);
	assert_null(value);
	put_files(bus);
	xlpt_boot_foreign(&before, &value, &file, &line);
	assert_null(value);
	assert_int_equal(xlpt_boot_detect(h, XLPT_ERA_UNKNOWN, NULL, &after, NULL), 0);
	xlpt_boot_foreign(&after, &value, &file, &line);
	assert_string_equal(value, "(05:00.0)");
	assert_string_equal(file, GRUB);
	assert_int_equal(line, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_once), T(test_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
