/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Xen that is started without GRUB: which file it reads, which section of it, and what is to be written
 * there by hand; and makers of an initramfs whose files are not xlpt's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

#define CFG "/boot/efi/EFI/xen/xen.cfg"

static void without_grub(struct fake_bus *bus)
{
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(h->ops->unlink(h, "/usr/sbin/grub-mkconfig"), 0);
}

static void builtin(struct fake_bus *bus)
{
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko\n");
}

static void test_places(void **state)
{
	static const struct {
		const char *path, *text;
		bool is_one;
	} cases[] = {
		{ "/boot/efi/EFI/qubes/xen.cfg", "[x]\nkernel=vmlinuz ro\n", true },
		{ "/boot/efi/EFI/opensuse/xen-4.17.cfg", "[x]\nkernel=vmlinuz ro\n", true },
		{ "/boot/efi/efi/BOOT/XEN.CFG", "[x]\r\nkernel=vmlinuz ro\r\n", true },
		{ "/efi/EFI/xen/xen.cfg", "[x]\nkernel = no\nkernel=vmlinuz ro\n", true },
		{ "/boot/EFI/xen/xen.cfg", "[x]\nkernel=vmlinuz ro\n", true },
		{ "/boot/xen.cfg", "[x]\n kernel=vmlinuz\n", true },
		{ "/efi/xen.cfg", "[global]\ndefault=x\n[y]\nkernel=a\n[x]\nkernel=b\n", true },
		{ "/boot/efi/EFI/xen/xen.cfg", "kernel=vmlinuz ro\n", false },
		{ "/boot/efi/EFI/xen/xen.cfg", "[x]\n#kernel=vmlinuz ro\n", false },
		{ "/boot/efi/EFI/xen/xen.cfg", "[global]\ndefault=z\n[x]\nkernel=v\n", false },
		{ "/boot/efi/EFI/debian/grub.cfg", "[x]\nkernel=vmlinuz ro\n", false },
		{ "/boot/efi/EFI/xen/xen.cfg.old", "[x]\nkernel=vmlinuz ro\n", false },
	};
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	without_grub(bus);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *want =
			xlpt_xasprintf("boot loader  xen.efi (%s)", cases[i].path);

		fake_bus_put(bus, cases[i].path, cases[i].text);
		assert_run(bus, 0, "plan", cases[i].is_one ? want : "boot loader  unknown");
		assert_int_equal(h->ops->unlink(h, cases[i].path), 0);
	}
}

/* DOS line ends, sections, comments, a tab that ends a line. */
static void test_section(void **state)
{
	struct fake_bus *bus = *state;

	without_grub(bus);
	builtin(bus);
	fake_bus_put(
		bus, CFG,
		"; [global]\r\n[global]\r\ndefault=two\r\n\r\n[one]\r\n"
		"kernel=vmlinuz-a xen-pciback.hide=(02:00.1)\r\n[two]\r\noptions=console=vga\r\n"
		"kernel=vmlinuz-b root=/dev/sda1 ro # xen-pciback.hide=(02:00.1)\r\n");
	assert_run(bus, 1, "write 02:00.0",
		   "add xen-pciback.hide=(" NIC ") to the \"kernel=\" line of [two] (" CFG
		   ":9), and reboot\n");
	/* The list of a section that is not started hides nothing. */
	assert_run(bus, 1, "verify", CFG ":6 has xen-pciback.hide=(02:00.1); Xen starts [two] of");
	assert_non_null(strstr(said, "move the word to that section's line of the kernel; reboot"));
	assert_null(strstr(said, "boot write"));
	fake_bus_put(bus, CFG, "[two]\nkernel=vmlinuz-b ro\txen-pciback.hide=(02:00.1)\n");
	assert_run(bus, 1, "write 02:00.0",
		   "add xen-pciback.hide=(" NIC ") to the \"kernel=\" line of [two] (" CFG ":2),");
}

/* A list that is there is what the next boot takes, and is named with what comes to it. */
static void test_list_there(void **state)
{
	struct fake_bus *bus = *state;

	without_grub(bus);
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz ro xen-pciback.hide=(05:00.0)\n");
	assert_run(bus, 1, "write 02:00.0",
		   "in the \"kernel=\" line of [x] (" CFG ":2), write xen-pciback.hide=(" FREE
		   ")(" NIC ") in the place of the list that is there, and reboot");
	assert_run(bus, 1, "verify 02:00.0", "in the \"kernel=\" line of [x] (" CFG ":2), write ");
	assert_null(strstr(said, "xlpt boot write"));
	/* A module, and no list on a command line: xlpt's own files do. */
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz ro\n");
	assert_run(bus, 1, "verify 02:00.0", "xlpt boot write " NIC);
	assert_run(bus, 0, "write 02:00.0", "wrote " XLPT_MODPROBE_CONF);
	/* Built in: what would be refused is not proposed. */
	builtin(bus);
	assert_run(bus, 1, "verify 02:00.0", NULL);
	assert_null(strstr(said, "boot write"));
}

/* The list of this boot goes on; a file that has all of it already only has to be booted. */
static void test_list_running(void **state)
{
	struct fake_bus *bus = *state;

	without_grub(bus);
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz ro\n");
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(05:00.0)\n");
	assert_run(bus, 1, "verify 02:00.0",
		   "add xen-pciback.hide=(" FREE ")(" NIC ") to the \"kernel=\" line of [x] (" CFG
		   ":2), and reboot");
	assert_null(strstr(said, "boot write"));
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz ro xen-pciback.hide=(05:00.0)\n");
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	assert_run(bus, 1, "verify 02:00.0",
		   "write xen-pciback.hide=(" FREE ")(" NIC ") in the place");
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz ro xen-pciback.hide=(" NIC ")\n");
	builtin(bus);
	assert_run(bus, 1, "write 02:00.0",
		   "reboot: the \"kernel=\" line of [x] (" CFG ":2) has the list already");
}

/* GRUB's tools are there, and this boot's kernel has the words of Xen's own file. */
static void test_beside_grub(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz root=/dev/sda1\n");
	assert_run(bus, 0, "plan", "boot loader  grub (");
	fake_bus_put(bus, "/boot/efi/EFI/b/xen.cfg", "[x]\nkernel=vmlinuz  root=/dev/sda1 ro \n");
	assert_run(bus, 0, "plan", "boot loader  xen.efi (/boot/efi/EFI/b/xen.cfg)");
}

/* The program's own name goes before others, and what systemd-boot's entry says before that. */
static void test_which(void **state)
{
	struct fake_bus *bus = *state;

	without_grub(bus);
	fake_bus_put(bus, CFG, "[x]\nkernel=vmlinuz a\n");
	fake_bus_put(bus, "/boot/efi/EFI/xen/xen-4.17.efi", "MZ");
	fake_bus_put(bus, "/boot/efi/EFI/xen/xen-4.17.cfg", "[x]\nkernel=vmlinuz b\n");
	assert_run(bus, 0, "plan", "xen.efi (/boot/efi/EFI/xen/xen-4.17.cfg)");
	fake_bus_put(bus, "/boot/efi/EFI/xen/mine.cfg", "[p]\nkernel=a\n[q]\nkernel=b c\n");
	fake_bus_put(
		bus, "/boot/efi/loader/entries/xen.conf",
		"title Xen\nefi    /EFI/xen/xen-4.17.efi\noptions -cfg=mine.cfg q -- console=vga\n");
	builtin(bus);
	assert_run(bus, 1, "write 02:00.0",
		   ") to the \"kernel=\" line of [q] (/boot/efi/EFI/xen/mine.cfg:4), and reboot");
	fake_bus_put(bus, "/boot/efi/loader/entries/xen.conf",
		     "efi \\EFI\\xen\\xen-4.17.efi\r\noptions p -cfg=\\EFI\\xen\\mine.cfg\r\n");
	assert_run(bus, 1, "write 02:00.0",
		   ") to the \"kernel=\" line of [p] (/boot/efi/EFI/xen/mine.cfg:2), and reboot");
}

static void test_initramfs(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(h->ops->unlink(h, "/usr/sbin/update-initramfs"), 0);
	fake_bus_put(bus, "/usr/bin/booster", "");
	fake_bus_put(bus, "/lib/modules/" REL "/pkgbase", "linux-lts\n");
	fake_bus_put(bus, "/boot/booster-linux-lts.img", "x");
	assert_run(bus, 0, "plan 02:00.0",
		   "  booster build --force --kernel-version " REL
		   " /boot/booster-linux-lts.img\n");
	assert_non_null(
		strstr(said, "add xen_pciback to modules_force_load: in /etc/booster.yaml"));
	fake_bus_put(bus, "/etc/booster.yaml", "# x\nmodules_force_load: usbhid,xen_pciback\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "initramfs    booster (/usr/bin/booster), /boot/booster-linux-lts");
	assert_null(strstr(said, "modules_force_load"));
	fake_bus_put(bus, "/sbin/mkinitfs", "");
	fake_bus_put(bus, "/boot/initramfs-amd64", "x");
	fake_bus_put(bus, "/etc/mkinitfs/mkinitfs.conf",
		     "#features=\"xenpci\"\nfeatures=\"ata base\"\n");
	assert_run(bus, 0, "plan 02:00.0", "  mkinitfs " REL "\n");
	assert_non_null(
		strstr(said, "initramfs    mkinitfs (/sbin/mkinitfs), /boot/initramfs-amd64"));
	assert_non_null(
		strstr(said, "add xenpci to features= in /etc/mkinitfs/mkinitfs.conf first"));
	fake_bus_put(bus, "/etc/mkinitfs/mkinitfs.conf", "features=\"ata base xenpci\"\n");
	assert_run(bus, 0, "plan 02:00.0", "  mkinitfs " REL "\n");
	assert_null(strstr(said, "features="));
	fake_bus_put(bus, "/usr/bin/mkinitcpio", "mkinitcpio.conf.d");
	fake_bus_put(bus, "/boot/initramfs-linux.img", "x");
	fake_bus_put(bus, "/lib/modules/" REL "/pkgbase", "\n");
	assert_run(bus, 0, "plan 02:00.0",
		   "initramfs    mkinitcpio (/usr/bin/mkinitcpio), /boot/initramfs-linux.img\n");
	fake_bus_put(bus, "/lib/modules/" REL "/pkgbase", "linux-lts\n");
	fake_bus_put(bus, "/boot/initramfs-linux-lts.img", "x");
	assert_run(bus, 0, "plan 02:00.0",
		   "initramfs    mkinitcpio (/usr/bin/mkinitcpio), /boot/initramfs-linux-lts.img");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_places), T(test_section),   T(test_list_there),	 T(test_beside_grub),
		T(test_which),	T(test_initramfs), T(test_list_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
