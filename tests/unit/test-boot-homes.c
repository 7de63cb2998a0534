/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that are no Debian: where the list of the next boot comes from there, what is read by nobody, and
 * what has to be written by hand. Nothing is changed where xlpt cannot write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

#define LIST	 "xen-pciback.hide=(05:00.0)"
#define WORD	 "xen-pciback.hide=(" NIC ")"
#define GRUB_CFG "/boot/grub2/grub.cfg"
#define BLS	 "/boot/loader/entries/abc-6.1.conf"
#define EXTLINUX "/boot/extlinux.conf"
#define ALPINE	 "/etc/update-extlinux.conf"

static void gone(struct fake_bus *bus, const char *path)
{
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(h->ops->unlink(h, path), 0);
}

static void fedora(struct fake_bus *bus)
{
	gone(bus, "/usr/sbin/grub-mkconfig");
	fake_bus_put(bus, "/usr/sbin/grub2-mkconfig", "");
	fake_bus_put(bus, "/etc/default/grub",
		     "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX=\"rhgb\"\nGRUB_ENABLE_BLSCFG=true\n");
}

static void builtin(struct fake_bus *bus)
{
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko\n");
}

static void hidden(struct fake_bus *bus, const char *bdf)
{
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_driver(bus, "pciback", NULL);
	assert_int_equal(xlpt_host_write_text(h, bdf, "/sys/bus/pci/drivers/e1000e/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, bdf, "/sys/bus/pci/drivers/pciback/new_slot"), 0);
	assert_int_equal(xlpt_host_write_text(h, bdf, "/sys/bus/pci/drivers/pciback/bind"), 0);
}

/* An entry of the Boot Loader Specification starts a kernel without Xen: its list is read by nobody. */
static void test_bls(void **state)
{
	static const struct {
		const char *entry, *env, *fact;
	} cases[] = {
		{ "title x\nlinux /vmlinuz\n# options " LIST "\noptions ro " LIST "\n", "",
		  BLS ":4 has " LIST "; that entry starts the kernel without Xen" },
		{ "linux /vmlinuz\r\n  options\tro\r\noptions \"" LIST "\" quiet\r\n", "",
		  BLS ":3 has " LIST },
		{ "linux /vmlinuz\noptions $kernelopts\n",
		  "# GRUB Environment Block\nx=1\nkernelopts=root=/dev/sda1 ro " LIST "\n####",
		  "/boot/grub2/grubenv:3 has " LIST },
		{ "linux /vmlinuz\noptions ro ${kernelopts} quiet\n", "kernelopts=" LIST "\n",
		  "/boot/grub2/grubenv:1 has " LIST },
	};
	struct fake_bus *bus = *state;

	fedora(bus);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_bus_put(bus, BLS, cases[i].entry);
		fake_bus_put(bus, "/boot/grub2/grubenv", cases[i].env);
		assert_run(bus, 1, "verify", cases[i].fact);
		assert_non_null(strstr(said, "0000:05:00.0: xlpt boot write 0000:05:00.0"));
		assert_run(bus, 0, "plan", cases[i].fact);
	}
	/* This boot has it, wherever it came from: a malformed one is found there. */
	fake_bus_put(bus, BLS, "linux /vmlinuz\noptions ro xen-pciback.hide=(05::00.0)\n");
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(05::00.0)\n");
	assert_run(bus, 1, "verify",
		   "write that in " BLS ":2, and run: grub2-mkconfig -o /boot/grub2/grub.cfg\n");
	assert_null(strstr(said, "without Xen"));
	/* No entry, or no list in it. */
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(bus, BLS, "options ro " LIST "\n");
	assert_run(bus, 0, "verify", "nothing is to be hidden");
	/* The program of such an entry may be Xen's. */
	fake_bus_put(bus, "/boot/xen-4.17.cfg", "[x]\nkernel=vmlinuz ro\n");
	fake_bus_put(bus, BLS, "linux /xen-4.17.efi\noptions x\n");
	assert_run(bus, 0, "plan", "xen.efi (/boot/xen-4.17.cfg)");
}

/* Entries of Xen in grub.cfg, as grub-mkconfig makes them or somebody by hand. */
static void test_grub_cfg(void **state)
{
	struct fake_bus *bus = *state;

	fedora(bus);
	fake_bus_put(bus, GRUB_CFG,
		     "set kernelopts=\"ro " LIST "\"\nmenuentry 'Xen' {\n\tinsmod x\n"
		     "\tmultiboot2\t/xen.gz placeholder dom0_mem=2G\n"
		     "\tmodule2 /vmlinuz placeholder $kernelopts\n"
		     "\tmodule2 --nounzip /initrd.img xen-pciback.hide=(02:00.1)\n}\n");
	assert_run(bus, 1, "verify",
		   GRUB_CFG ":1 has " LIST ", and neither the command line of this boot nor GRUB's "
			    "settings have: the next grub2-mkconfig -o " GRUB_CFG " takes it away");
	assert_null(strstr(said, NIC2));
	/* By hand: it stays. */
	fake_bus_put(bus, "/etc/grub.d/40_custom", "module2 /vmlinuz " LIST "\n");
	assert_run(bus, 1, "verify",
		   GRUB_CFG ":1 has " LIST ", and the command line of this boot has not");
	assert_non_null(strstr(said, "reboot, with that entry"));
	/* Out of the environment block. */
	fake_bus_put(bus, "/boot/grub2/grubenv", "# x\nkernelopts=root=/dev/sda1 " LIST "\n");
	assert_run(bus, 1, "verify", "/boot/grub2/grubenv:2 has " LIST ", and the command line");
	gone(bus, "/boot/grub2/grubenv");
	/* Words of Xen, and of a kernel without Xen. */
	fake_bus_put(bus, GRUB_CFG,
		     "menuentry 'Xen' {\n  multiboot2 /boot/xen-4.17.gz \"" LIST "\" \\\n x\n"
		     "  module2 /vmlinuz ro\n}\n");
	assert_run(bus, 1, "verify", "Xen's own command line has " LIST " (" GRUB_CFG ":2)");
	fake_bus_put(bus, GRUB_CFG, "menuentry x {\n  linuxefi /vmlinuz ro " LIST "\n}\n");
	assert_run(bus, 1, "verify", GRUB_CFG ":2 has " LIST "; that entry starts the kernel");
	/* It has the words of the settings: nobody wonders. */
	fake_bus_put(bus, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"" LIST "\"\n");
	fake_bus_put(bus, "/proc/cmdline", "ro " LIST "\n");
	hidden(bus, FREE);
	fake_bus_put(bus, GRUB_CFG,
		     "menuentry x {\n  linux /vmlinuz ro " LIST "\n}\nmenuentry y {\n multiboot "
		     "/xen.gz\n module /vmlinuz placeholder ro " LIST "\n}\nmenuentry z {\n "
		     "multiboot /xen.gz\n module /vmlinuz ro xen-pciback.hide=(02:00.0)\n}\n");
	assert_run(bus, 0, "verify", FREE " hidden");
	assert_null(strstr(said, NIC));
}

/* No grub-mkconfig: what is there is named, and nothing is written. */
static void test_grub_cfg_alone(void **state)
{
	struct fake_bus *bus = *state;

	gone(bus, "/usr/sbin/grub-mkconfig");
	builtin(bus);
	fake_bus_put(
		bus, GRUB_CFG,
		"menuentry 'old' {\n multiboot /xen.gz\n module /vmlinuz-old a " LIST "\n}\n"
		"menuentry 'x' {\n multiboot2 /xen.gz\n module2 /vmlinuz root=/dev/sda1 ro\n}\n");
	assert_run(bus, 0, "plan", "boot loader  grub without grub-mkconfig (" GRUB_CFG ")");
	/* The entry that was started, not the first one. */
	assert_run(bus, 1, "write 02:00.0",
		   "add " WORD " to the \"module2\" line of dom0's kernel (" GRUB_CFG
		   ":7), and reboot\n");
	assert_run(bus, 1, "plan 02:00.0", "add " WORD " to the \"module2\" line");
	fake_bus_put(bus, "/proc/cmdline", "a " LIST "\n");
	assert_run(bus, 1, "write 02:00.0",
		   "in " GRUB_CFG ":3, write xen-pciback.hide=(" FREE ")(" NIC ") in the place of "
		   "the list that is there, and reboot\n");
	assert_run(bus, 1, "write 05:00.0", "reboot: " GRUB_CFG ":3 has the list already");
	fake_bus_put(bus, "/opt/xensource/libexec/xen-cmdline", "");
	assert_run(bus, 1, "write 02:00.0",
		   "/opt/xensource/libexec/xen-cmdline --set-dom0 'xen-pciback.hide=(" FREE ")(" NIC
		   ")', and reboot\n");
	assert_text(bus, XLPT_GRUB_CFG, NULL);
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
}

static const char alpine_conf[] =
	"# made\nDEFAULT menu.c32\nLABEL xen-lts\n  MENU DEFAULT\n  MENU LABEL Xen\n"
	"  COM32 mboot.c32\n  APPEND xen.gz dom0_mem=1G --- vmlinuz-lts root=/dev/sda1 ro --- "
	"initramfs-lts\n\nLABEL lts\n  LINUX vmlinuz-lts\n  APPEND root=/dev/sda1 ro\n";

static void test_extlinux(void **state)
{
	struct fake_bus *bus = *state;

	gone(bus, "/usr/sbin/grub-mkconfig");
	builtin(bus);
	fake_bus_put(bus, EXTLINUX, alpine_conf);
	assert_run(bus, 0, "plan", "boot loader  extlinux (" EXTLINUX ")");
	assert_run(bus, 1, "write 02:00.0",
		   "add " WORD " to dom0's kernel, between \"---\" and \"---\" in the \"append\" "
		   "line " EXTLINUX ":7, and reboot\n");
	/* Made by update-extlinux: then its settings are the place. */
	fake_bus_put(bus, ALPINE,
		     "overwrite=1\nxen_opts=dom0_mem=1G\ndefault_kernel_opts=\"ro\"\n");
	assert_run(bus, 1, "write 02:00.0",
		   "add " WORD " to default_kernel_opts in " ALPINE ":3, then: update-extlinux\n");
	fake_bus_put(bus, ALPINE, "default_kernel_opts=\"quiet\n" LIST "\"\n");
	assert_run(bus, 1, "verify",
		   ALPINE ":1 has " LIST ", and the command line of this boot has not");
	assert_non_null(strstr(said, "update-extlinux; reboot: " ALPINE ":1 has the list already"));
	assert_run(bus, 1, "write 02:00.0",
		   "in " ALPINE ":1, write xen-pciback.hide=(" FREE ")(" NIC ") in the place of "
		   "the list that is there, then: update-extlinux\n");
	fake_bus_put(bus, ALPINE, "xen_opts='dom0_mem=1G " LIST "'\n");
	assert_run(bus, 1, "verify",
		   "Xen's own command line has " LIST " (" ALPINE ":1); Xen does not hand it");
	assert_non_null(strstr(said, "move it from xen_opts (" ALPINE ":1) to default_kernel_opts, "
				     "then: update-extlinux"));
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
}

/* Keywords in any case, other names of the files, several labels, includes. */
static void test_extlinux_entries(void **state)
{
	static const struct {
		const char *path, *text, *other, *want;
	} cases[] = {
		{ "/boot/syslinux/syslinux.cfg",
		  "label a\nkernel mboot.c32\nappend x.gz " LIST " --- v ro --- i\n", "",
		  "Xen's own command line has " LIST " (/boot/syslinux/syslinux.cfg:3)" },
		{ "/boot/syslinux/syslinux.cfg",
		  "default b\nlabel A\n\tkernel /boot/mboot.c32\r\n\tappend xen.gz --- v ro " LIST
		  " --- i\r\n",
		  "", "/boot/syslinux/syslinux.cfg:4 has " LIST ", and the command line of this" },
		{ "/boot/extlinux/extlinux.conf",
		  "LABEL l\nLINUX vmlinuz\nINITRD i\nAPPEND ro " LIST "\n", "",
		  "/boot/extlinux/extlinux.conf:4 has " LIST "; that entry starts the kernel" },
		{ "/boot/extlinux/extlinux.conf", "DEFAULT a\nINCLUDE more.cfg\n",
		  "label q\nAPPEND xen.gz --- v " LIST "\nKERNEL mboot.c32\n",
		  "/boot/extlinux/more.cfg:2 has " LIST ", and the command line of this boot" },
		{ "/boot/extlinux/extlinux.conf",
		  "label a\nkernel mboot.c32\nappend xen.gz --- v " LIST "\nINCLUDE more.cfg\n",
		  "menu default\nlabel b\n",
		  "/boot/extlinux/extlinux.conf:3 has " LIST ", and the command line of this" },
		{ "/boot/extlinux/extlinux.conf", "label a\nINCLUDE more.cfg\nkernel mboot.c32\n",
		  "append xen.gz --- v " LIST "\n",
		  "/boot/extlinux/more.cfg:1 has " LIST ", and the command line of this boot" },
		{ "/boot/extlinux.conf", "#label l\n#append " LIST "\nINCLUDE extlinux.conf\n", "",
		  "nothing is to be hidden" },
	};
	struct fake_bus *bus = *state;

	gone(bus, "/usr/sbin/grub-mkconfig");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_bus_put(bus, cases[i].path, cases[i].text);
		fake_bus_put(bus, "/boot/extlinux/more.cfg", cases[i].other);
		assert_run(bus, !strcmp(cases[i].want, "nothing is to be hidden") ? 0 : 1, "verify",
			   cases[i].want);
		gone(bus, cases[i].path);
	}
}

static void nixos(struct fake_bus *bus)
{
	gone(bus, "/usr/sbin/grub-mkconfig");
	gone(bus, "/usr/sbin/update-initramfs");
	gone(bus, "/lib/modules/" REL "/modules.dep");
	fake_bus_put(bus, "/nix/store/a-kernel/lib/modules/" REL "/modules.dep",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko.xz:\n");
	fake_bus_link(bus, "/run/booted-system/kernel-modules", "/nix/store/a-kernel");
	fake_bus_put(bus, "/nix/store/b-nixos.conf", "\noptions xen-pciback hide=(05:00.0)\n");
	fake_bus_link(bus, "/etc/static/modprobe.d/nixos.conf", "/nix/store/b-nixos.conf");
	fake_bus_link(bus, "/etc/modprobe.d/nixos.conf", "/etc/static/modprobe.d/nixos.conf");
}

static void test_nixos(void **state)
{
	struct fake_bus *bus = *state;

	nixos(bus);
	assert_run(bus, 0, "plan", "boot loader  nixos (/etc/modprobe.d)\n");
	assert_run(
		bus, 1, "plan 02:00.0",
		"pciback      xen-pciback, module (/run/booted-system/kernel-modules/lib/modules/" REL
		"/modules.dep lists xen-pciback)\n");
	assert_non_null(strstr(said, "boot loader  nixos ("));
	assert_non_null(strstr(said, "hidden now   (05:00.0) (/etc/modprobe.d/nixos.conf:2)\n"));
	assert_run(bus, 1, "verify", FREE " lost to driver e1000e");
	assert_run(bus, 1, "write 02:00.0",
		   "to mend: write into configuration.nix: boot.extraModprobeConfig = \"options "
		   "xen-pciback hide=(" FREE ")(" NIC ")\\nsoftdep e1000e pre: xen-pciback\"; "
		   "boot.initrd.kernelModules = [ \"xen-pciback\" ]; then: nixos-rebuild boot; "
		   "reboot\n");
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	assert_run(bus, 1, "plan 02:00.0", "write into configuration.nix: boot.extraModprobe");
	/* A list among the kernel's words replaces that one: then it has to be changed there. */
	fake_bus_put(bus, "/nix/store/c-system/kernel-params", "loglevel=4 " LIST);
	fake_bus_link(bus, "/nix/var/nix/profiles/system", "/nix/store/c-system");
	assert_run(bus, 1, "write 02:00.0",
		   "boot.kernelParams = [ \"xen-pciback.hide=(" FREE ")(" NIC ")\" ]; "
		   "boot.initrd.kernelModules = [ \"xen-pciback\" ];");
	assert_run(bus, 1, "verify 02:00.0", "write into configuration.nix: boot.kernelParams");
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	assert_run(bus, 0, "write --stdout 02:00.0", "xen-pciback");
}

/* Xen's words are in configuration.nix, too. */
static void test_nixos_xen(void **state)
{
	struct fake_bus *bus = *state;

	nixos(bus);
	fake_bus_put(bus, "/boot/grub/grub.cfg",
		     "menuentry x {\n multiboot /xen.gz " LIST "\n module /kernel ro\n}\n");
	fake_bus_put(bus, "/etc/NIXOS", "");
	gone(bus, "/etc/modprobe.d/nixos.conf");
	assert_run(bus, 1, "verify",
		   "move it from virtualisation.xen.bootParams to boot.kernelParams in "
		   "configuration.nix; then: nixos-rebuild boot");
}

static void qubes(struct fake_bus *bus, const char *cmdline)
{
	fake_bus_put(bus, "/usr/lib/dracut/modules.d/90qubes-pciback/qubes-pciback.sh", "");
	fake_bus_put(bus, "/proc/cmdline", cmdline);
}

/* Qubes OS gives devices to pciback without a list. */
static void test_qubes(void **state)
{
	struct fake_bus *bus = *state;

	qubes(bus, "ro rd.qubes.hide_pci=02:00.0,05:00.0\n");
	assert_run(bus, 1, "verify",
		   FREE " lost to driver e1000e the initramfs of Qubes OS should give it to "
			"pciback at boot, and e1000e has it\n");
	/* In quotes, as the kernel takes them. */
	qubes(bus, "ro rd.qubes.hide_pci=\"02:00.0, 05:00.0\" quiet\n");
	assert_run(bus, 1, "verify", FREE " lost to driver e1000e the initramfs of Qubes OS");
	hidden(bus, FREE);
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(null)\n");
	assert_run(bus, 0, "verify 05:00.0",
		   "pciback has it, and the initramfs of Qubes OS gives it to pciback");
	/* The network controllers without being named; the last word counts. */
	qubes(bus, "rd.qubes.hide_pci=05:00.0 rd.qubes.hide_pci=00:02.0\n");
	assert_run(bus, 1, "verify 02:00.1", NIC2 " lost to driver e1000e the initramfs of Qubes");
	assert_run(bus, 1, "verify", VGA " not taken");
	assert_null(strstr(said, FREE));
	/* A path through a bridge, whose secondary bus is 2. */
	qubes(bus, "rd.qubes.hide_pci=00_1c.0-00_00.1\n");
	assert_run(bus, 1, "verify", NIC2 " lost");
	qubes(bus, "rd.qubes.hide_all_usb rd.qubes.dom0_usb=00:14.0\n");
	assert_run(bus, 1, "verify", NIC " lost");
	assert_null(strstr(said, USB));
	qubes(bus, "rd.qubes.hide_all_usb=1\n");
	assert_run(bus, 1, "verify", USB " not taken");
	qubes(bus, "rd.qubes.hide_all_usb=0\n");
	assert_run(bus, 1, "verify", NIC " lost");
	assert_null(strstr(said, USB));
}

/* In GRUB's settings, and not yet on this boot's line. */
static void test_qubes_settings(void **state)
{
	struct fake_bus *bus = *state;

	qubes(bus, "ro\n");
	fake_bus_put(bus, "/etc/default/grub",
		     "GRUB_CMDLINE_LINUX=\"rd.qubes.hide_pci=05:00.0\"\n");
	assert_run(bus, 1, "verify",
		   "/etc/default/grub:1 has rd.qubes.hide_pci=05:00.0, and the command line of "
		   "this boot has not");
	assert_run(bus, 0, "plan", "hidden now   " NIC " " NIC2 " (the initramfs of Qubes OS)\n");
	assert_run(bus, 0, "plan --json", "\"by_qubes\": [\n      \"" NIC "\"");
	/* A word without a value, and words that hide nothing. */
	fake_bus_put(bus, "/etc/default/grub", "GRUB_CMDLINE_LINUX=rd.qubes.hide_all_usb\n");
	assert_run(bus, 1, "verify", "/etc/default/grub:1 has rd.qubes.hide_all_usb, and the");
	fake_bus_put(
		bus, "/etc/default/grub",
		"GRUB_CMDLINE_LINUX=\"rd.qubes.hide_all_usb=0 rd.qubes.hide_all_usb_later\"\n");
	run(bus, "verify");
	assert_null(strstr(said, "hide_all_usb"));
}

/* An image that was never booted here: its list is what the boot loader's settings have. */
static void test_image(void **state)
{
	struct fake_bus *bus = *state;

	gone(bus, "/proc/cmdline");
	builtin(bus);
	fake_bus_put(bus, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"" LIST "\"\n");
	assert_run(bus, 1, "verify", FREE " lost to driver e1000e");
	assert_null(strstr(said, "nothing is to be hidden"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bls),
		T(test_grub_cfg),
		T(test_grub_cfg_alone),
		T(test_extlinux),
		T(test_extlinux_entries),
		T(test_nixos),
		T(test_nixos_xen),
		T(test_qubes),
		T(test_qubes_settings),
		T(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
