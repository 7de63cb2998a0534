/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verify says of a host after its boot: one case per state and per cause,
 * on a tree that is made for it. The lab shows the same on a real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/file.h"
#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"

#define NIC    "0000:02:00.0"
#define NIC2   "0000:02:00.1"
#define OTHER  "0000:05:00.0"
#define BRIDGE "0000:00:1c.0"
#define REL    "6.1.0-50-amd64"
#define PARAM  "/sys/module/xen_pciback/parameters/hide"
#define OURS(groups)                                                          \
	"# Written by \"xlpt boot write\".\noptions xen-pciback hide=" groups \
	"\nsoftdep e1000e pre: xen-pciback\n"

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	const struct fake_dev nic = { .vendor = 0x8086,
				      .device = 0x10d3,
				      .class_code = 0x020000,
				      .driver = "e1000e",
				      .parent = BRIDGE };

	*state = bus;
	fake_bus_driver(bus, "e1000e", "8086:10d3");
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_add(bus, BRIDGE, &(struct fake_dev){ .class_code = 0x060400 });
	fake_bus_add(bus, NIC, &nic);
	fake_bus_add(bus, NIC2, &nic);
	fake_bus_add(bus, OTHER,
		     &(struct fake_dev){ .vendor = 0x8086, .device = 0x10d3, .driver = "e1000e" });
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(bus, "/proc/modules",
		     "xen_pciback 94208 0 - Live 0x0\ne1000e 1 0 - Live 0x0\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(bus, "/usr/sbin/update-initramfs", "");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")"));
	fake_bus_put(bus, PARAM, "(" NIC ")\n");
	return 0;
}

static int teardown(void **state)
{
	fake_bus_free(*state);
	return 0;
}

/* As if pciback had taken it. */
static void hide(struct fake_bus *bus, const char *name)
{
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(xlpt_host_write_text(h, name, "/sys/bus/pci/drivers/e1000e/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, name, "/sys/bus/pci/drivers/pciback/new_slot"), 0);
	assert_int_equal(xlpt_host_write_text(h, name, "/sys/bus/pci/drivers/pciback/bind"), 0);
}

/* "BDF state;" for all; the last one's fact and hint must hold these words (NULL: anything). */
static void assert_verify(struct fake_bus *bus, const char *wanted, const char *want,
			  const char *fact, const char *hint)
{
	_cleanup_verdicts_ struct xlpt_verdicts v = { 0 };
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_boot_ struct xlpt_boot boot = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str got = { 0 };
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(xlpt_boot_detect(h, XLPT_ERA_UNKNOWN, NULL, &boot, &diag), 0);
	if (wanted)
		assert_int_equal(xlpt_hide_arg(boot.grammar, wanted, &list, NULL), 0);
	assert_int_equal(xlpt_boot_verify(h, &boot, &list, &v, &diag), 0);
	for (size_t i = 0; i < v.n; i++) {
		xlpt_str_addf(&got, "%s %s", v.items[i].bdf, xlpt_hidden_word(v.items[i].state));
		if (v.items[i].driver)
			xlpt_str_addf(&got, " %s", v.items[i].driver);
		xlpt_str_add(&got, ";");
		assert_non_null(v.items[i].fact);
	}
	assert_string_equal(xlpt_str_get(&got), want);
	if (fact && !strstr(v.items[v.n - 1].fact, fact))
		fail_msg("the fact is \"%s\", not \"%s\"", v.items[v.n - 1].fact, fact);
	if (hint && !strstr(v.items[v.n - 1].hint ? v.items[v.n - 1].hint : "", hint))
		fail_msg("the hint is \"%s\", not \"%s\"", v.items[v.n - 1].hint, hint);
}

static void test_hidden(void **state)
{
	struct fake_bus *bus = *state;

	hide(bus, NIC);
	assert_verify(bus, NULL, NIC " hidden;", PARAM, NULL);
	/* A tree without the parameter (captured as nobody): the driver link tells. */
	assert_int_equal(fake_bus_host(bus)->ops->unlink(fake_bus_host(bus), PARAM), 0);
	assert_verify(bus, NULL, NIC " hidden;", "pciback has it", NULL);
	/* By wildcard; by the bridge above. */
	hide(bus, NIC2);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(02:00.*)"));
	fake_bus_put(bus, PARAM, "(02:00.*)\n");
	assert_verify(bus, NULL, NIC " hidden;" NIC2 " hidden;", NULL, NULL);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" BRIDGE ")"));
	fake_bus_put(bus, PARAM, "(" BRIDGE ")\n");
	assert_verify(bus, NULL, NIC " hidden;" NIC2 " hidden;", NULL, NULL);
}

static void test_nothing(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(h->ops->unlink(h, XLPT_MODPROBE_CONF), 0);
	assert_verify(bus, NULL, "", NULL, NULL);
	assert_verify(bus, OTHER, OTHER " lost e1000e;", "does not name it", "xlpt boot write");
}

static void test_waiting(void **state)
{
	struct fake_bus *bus = *state;

	hide(bus, NIC);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")(" OTHER ")"));
	fake_bus_put(bus, XLPT_BOOT_STAMP, "");
	assert_verify(bus, NULL, NIC " hidden;" OTHER " waiting;", "e1000e has it now", "reboot");
	/* Hidden by hand meanwhile, it still has not been hidden by a boot. */
	hide(bus, OTHER);
	assert_verify(bus, NULL, NIC " hidden;" OTHER " waiting;", "by hand", "reboot");
}

static void test_absent(void **state)
{
	struct fake_bus *bus = *state;

	hide(bus, NIC);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")(77:00.0)(66:*.*)"));
	assert_verify(bus, NULL, NIC " hidden;0000:77:00.0 absent;0000:66:*.* absent;",
		      "/sys/bus/pci/devices", "xlpt boot remove 0000:66:*.*");
}

/* pciback was told, but another was first; the cause, from the nearest to the farthest. */
static void test_lost(void **state)
{
	struct fake_bus *bus = *state;

	assert_verify(bus, NULL, NIC " lost e1000e;", "before pciback could", NULL);
	/* The list of this boot had it: it is lost, whatever was written since. */
	fake_bus_put(bus, XLPT_BOOT_STAMP, "");
	assert_verify(bus, NULL, NIC " lost e1000e;", "before pciback could", "reboot");
	fake_bus_host(bus)->ops->unlink(fake_bus_host(bus), XLPT_BOOT_STAMP);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" NIC ")\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "nothing in modprobe.d loads xen-pciback before e1000e",
		      "xlpt boot write " NIC);
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin", "kernel/drivers/net/e1000e.ko\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "part of the kernel", "PCIDEV_BACKEND=y");
	assert_int_equal(
		xlpt_host_write_text(fake_bus_host(bus), NIC, "/sys/bus/pci/drivers/e1000e/unbind"),
		0);
	assert_verify(bus, NULL, NIC " lost;", "did not take it", "dmesg");
}

/* An image as cpio newc holds it, files without contents but the last. */
static void put_initrd(struct fake_bus *bus, const char *const *names, const char *text)
{
	_cleanup_str_ struct xlpt_str out = { 0 };
	struct xlpt_host *h = fake_bus_host(bus);
	static const char zeros[4];

	for (; *names; names++) {
		size_t name = strlen(*names) + 1;
		size_t len = !names[1] || strcmp(names[1], "TRAILER!!!") ? 0 : strlen(text);

		xlpt_str_addf(&out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x",
			      1, 0100644, 0, 0, 1, 0, (unsigned)len, 0, 0, 0, 0, name, 0);
		xlpt_str_addn(&out, *names, name);
		xlpt_str_addn(&out, zeros, (4 - out.len % 4) % 4);
		xlpt_str_addn(&out, text, len);
		xlpt_str_addn(&out, zeros, (4 - out.len % 4) % 4);
	}
	fake_bus_put(bus, "/boot/config-" REL, "");
	assert_int_equal(xlpt_file_replace(h, "/boot/initrd.img-" REL, out.s, out.len,
					   &(struct xlpt_file_how){ .mode = 0644 }),
			 0);
}

static void test_initramfs(void **state)
{
	static const char *const driver[] = { "lib/modules/x/e1000e.ko.zst",
					      "etc/modprobe.d/x.conf", "TRAILER!!!", NULL };
	static const char *const both[] = { "e1000e.ko", "xen-pciback.ko",
					    "etc/modprobe.d/xlpt.conf", "TRAILER!!!", NULL };
	struct fake_bus *bus = *state;

	put_initrd(bus, driver, "blacklist floppy\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "/boot/initrd.img-" REL " has e1000e and not xen-pciback",
		      "update-initramfs -u -k " REL);
	put_initrd(bus, both, "softdep e1000e pre: xen-pciback\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "no list for xen-pciback", NULL);
	/* An image with yesterday's list. */
	put_initrd(bus, both, OURS("(" OTHER ")"));
	fake_bus_put(bus, PARAM, "(" OTHER ")\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "has another " XLPT_MODPROBE_CONF " than the disk", "update-initramfs");
	/* A damaged image says nothing, and stops nothing. */
	put_initrd(bus, both + 3, "");
	fake_bus_put(bus, "/boot/initrd.img-" REL, "070701rubbish");
	assert_verify(bus, NULL, NIC " lost e1000e;", "does not name it", NULL);
}

static unsigned unpacked; /* how often somebody opened the image */

static int count_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	unpacked += strstr(path, "initrd") != NULL;
	return xlpt_host_real_ops.open(h, path, flags, mode);
}

/* It takes seconds of each boot, and tells nothing of a device that is hidden. */
static void test_initramfs_untouched(void **state)
{
	static const char *const both[] = { "e1000e.ko", "xen-pciback.ko",
					    "etc/modprobe.d/xlpt.conf", "TRAILER!!!", NULL };
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	struct xlpt_host_ops ops = *h->ops, *old = (struct xlpt_host_ops *)(uintptr_t)h->ops;

	put_initrd(bus, both, OURS("(" NIC ")"));
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")(" NIC2 ")"));
	ops.open = count_open;
	h->ops = &ops;
	unpacked = 0;
	hide(bus, NIC);
	hide(bus, NIC2);
	fake_bus_put(bus, PARAM, "(" NIC ")(" NIC2 ")\n");
	assert_verify(bus, NULL, NIC " hidden;" NIC2 " hidden;", NULL, NULL);
	assert_int_equal(unpacked, 0);
	/* Once for all that are not. */
	fake_bus_put(bus, PARAM, "(" OTHER ")\n");
	assert_int_equal(xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/pciback/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, NIC2, "/sys/bus/pci/drivers/pciback/unbind"), 0);
	assert_verify(bus, NULL, NIC " lost;" NIC2 " lost;",
		      "has another " XLPT_MODPROBE_CONF " than the disk", NULL);
	assert_int_equal(unpacked, 1);
	h->ops = old;
}

static void test_without_xen(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_rmmod(bus, "pciback");
	fake_bus_put(bus, "/proc/modules", "e1000e 1 0 - Live 0x0\n");
	fake_bus_put(bus, "/sys/hypervisor/type", "xen\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "xen-pciback is not loaded", NULL);
	/* The plain kernel has the folder, and nothing in it. */
	fake_bus_host(bus)->ops->unlink(fake_bus_host(bus), "/sys/hypervisor/type");
	assert_verify(bus, NULL, NIC " lost e1000e;", "without Xen", "entry that starts Xen");
	/* Another hypervisor's guest. */
	fake_bus_put(bus, "/sys/hypervisor/type", "z/VM\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "without Xen", NULL);
}

static void test_not_loaded(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_rmmod(bus, "pciback");
	fake_bus_put(bus, "/proc/modules", "e1000e 1 0 - Live 0x0\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "xen-pciback is not loaded", NULL);
	fake_bus_put(bus, "/etc/modprobe.d/no.conf", "blacklist xen_pciback\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "/etc/modprobe.d/no.conf blacklists it",
		      "/etc/modprobe.d/no.conf");
	/* A file comes before the command line; and what never loads it before both. */
	fake_bus_put(bus, "/proc/cmdline", "ro modprobe.blacklist=floppy,xen-pciback quiet\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "/etc/modprobe.d/no.conf blacklists it",
		      NULL);
	fake_bus_put(bus, "/etc/modprobe.d/no.conf", "");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "modprobe.blacklist= on the kernel's command line blacklists it",
		      "take xen-pciback out of modprobe.blacklist=");
	/* The kernel compares these names as they are. */
	fake_bus_put(bus, "/proc/cmdline", "ro module_blacklist=xen-pciback\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "xen-pciback is not loaded", NULL);
	fake_bus_put(bus, "/proc/cmdline", "ro module-blacklist=floppy,xen_pciback\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "has module_blacklist=xen_pciback: the kernel never starts xen-pciback",
		      "take xen_pciback out of module_blacklist=");
	fake_bus_put(bus, "/proc/cmdline", "ro \"module_blacklist=floppy xen_pciback\"\n");
	assert_verify(bus, NULL, NIC " lost e1000e;", "xen-pciback is not loaded", NULL);
	fake_bus_put(bus, "/proc/cmdline", "ro module_blacklist=\"floppy,xen_pciback\"\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "has module_blacklist=xen_pciback: the kernel never starts xen-pciback",
		      NULL);
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(bus, "/etc/modprobe.d/no.conf", "# none\ninstall xen_pciback /bin/true\n");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "/etc/modprobe.d/no.conf:2 has modprobe run /bin/true",
		      "take that line out of /etc/modprobe.d/no.conf");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep", "kernel/e1000e.ko:\n");
	fake_bus_put(bus, "/sys/module/xen_pciback/version", "");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin", "kernel/xen-pciback.ko\n");
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" NIC ")");
	assert_verify(bus, NULL, NIC " lost e1000e;", "pciback did not start", "dom0");
	fake_bus_put(bus, "/proc/cmdline", "initcall_blacklist=pcistub_init");
	assert_verify(bus, NULL, NIC " lost e1000e;", "has initcall_blacklist=pcistub_init",
		      "take pcistub_init out");
}

/* In the place of pciback modprobe runs a command: only one that does nothing keeps it away for certain. */
static void test_install(void **state)
{
	static const struct {
		const char *line, *runs;
	} cases[] = {
		{ "/bin/true", "/bin/true" },
		{ "false", "false" },
		{ "/usr/bin/false  # never", "/usr/bin/false" },
		{ ":", ":" },
		{ "exit 1", "exit 1" },
		{ " \t", "nothing" },
		{ "", NULL }, /* kmod passes over it */
		{ "/sbin/modprobe -i xen_pciback; logger pciback", NULL },
		{ "/usr/local/sbin/load-pciback", NULL },
		{ "/usr/local/bin/truename", NULL },
		{ "true && insmod /lib/xen-pciback.ko", NULL },
		{ "false || /usr/local/sbin/load", NULL },
		{ "true; /usr/local/sbin/load", NULL },
		{ "true & /usr/local/sbin/load", NULL },
		{ "true $(/usr/local/sbin/load)", NULL },
		{ "true `/usr/local/sbin/load`", NULL },
	};
	struct fake_bus *bus = *state;

	fake_bus_rmmod(bus, "pciback");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")"));
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf("install xen_pciback %s\n",
							   cases[i].line),
				    *runs = xlpt_xasprintf("no.conf:1 has modprobe run %s",
							   cases[i].runs ? cases[i].runs : "");

		fake_bus_put(bus, "/etc/modprobe.d/no.conf", text);
		assert_verify(bus, NULL, NIC " lost e1000e;",
			      cases[i].runs ? runs : "xen-pciback is not loaded", NULL);
	}
}

static void test_rejected(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_rmmod(bus, "pciback");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")(0b::00.1)"));
	assert_verify(
		bus, NULL, "(0b::00.1) rejected;" NIC " rejected;",
		XLPT_MODPROBE_CONF ": group 2, column 19:", "write that in " XLPT_MODPROBE_CONF);
	/* On the command line; and one that is readable by itself, and too long. */
	fake_bus_put(bus, "/proc/cmdline", "quiet xen_pciback.hide=(0000:82.0.0)(" NIC ") ro");
	assert_verify(bus, NULL, "(0000:82.0.0) rejected;" NIC " rejected;",
		      "the command line: group 1, column 11:", NULL);
	/* A kernel before 3.7 stops at a missing bracket without a word. */
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", "3.2.0-4-amd64\n");
	fake_bus_put(bus, "/lib/modules/3.2.0-4-amd64/modules.dep", "kernel/xen-pciback.ko:\n");
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" OTHER "](" NIC ")");
	assert_verify(bus, NIC, "(0000:05:00.0](0000:02: rejected;" NIC " rejected;",
		      "ignores everything from column 14 on", NULL);
}

/* A list that cannot be read: as it was meant, and where it has to be changed. */
static void test_where(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS("(" NIC ")(0b::00.1)"));
	assert_verify(bus, NULL, "(0b::00.1) rejected;" NIC " rejected;", NULL,
		      "meant as \"(" NIC ")(0b:00.1)\": write that in " XLPT_MODPROBE_CONF ":2");
	/* Nobody knows the boot loader: it is not xlpt's file in any case. */
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(02:00.0,02:00.1)");
	assert_verify(
		bus, NIC, "(02:00.0,02:00.1) rejected;" NIC " rejected;", NULL,
		"meant as \"(02:00.0)(02:00.1)\": write that on dom0's command line in the boot "
		"loader's configuration; xlpt boot write does not change it");
	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	assert_verify(bus, NIC, "(02:00.0,02:00.1) rejected;" NIC " rejected;", NULL,
		      "on dom0's command line in GRUB's settings, and run: grub-mkconfig");
	fake_bus_put(bus, "/etc/default/grub",
		     "\nGRUB_CMDLINE_LINUX=\"ro xen-pciback.hide=(02:00.0,02:00.1)\"\n");
	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	assert_verify(bus, NIC, "(02:00.0,02:00.1) rejected;" NIC " rejected;", NULL,
		      "write that in /etc/default/grub:2, and run: update-grub");
	/* Beyond guessing. */
	fake_bus_put(bus, "/etc/default/grub", "");
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=eth0");
	assert_verify(bus, NIC, "eth0 rejected;" NIC " rejected;", NULL,
		      "mend the list on dom0's command line");
	assert_verify(bus, NULL, "eth0 rejected;", NULL, "mend the list on dom0's command line");
	/* No brackets at all. */
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=02:00.0,05:00.0");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, OURS(""));
	assert_verify(bus, NULL, NIC " rejected;" OTHER " rejected;",
		      "the command line: group 1, column 1: expected '('",
		      "meant as \"(02:00.0)(05:00.0)\"");
}

/* A driver that takes what it is told to: who told it, and how to take that back. */
static void test_vfio(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_driver(bus, "vfio-pci", "8086:10d3");
	assert_int_equal(xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/e1000e/unbind"), 0);
	assert_int_equal(xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/vfio-pci/bind"), 0);
	/* Nothing known tells it. */
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "nothing in modprobe.d loads", NULL);
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf",
		     "# KVM\noptions vfio_pci disable_vga=1 ids=10de:1b81,8086:10d3:ffffffff\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;",
		      "vfio-pci has it because of ids= in /etc/modprobe.d/vfio.conf:2; nothing in",
		      "take 8086:10d3:ffffffff out of ids= in /etc/modprobe.d/vfio.conf:2 (then: "
		      "update-initramfs -u -k " REL "), and reboot; or: xlpt boot write " NIC);
	/* The same over several lines. */
	fake_bus_put(
		bus, "/etc/modprobe.d/vfio.conf",
		"# KVM\noptions vfio_pci disable_vga=1 \\\n ids=10de:1b81,8086:10d3:ffffffff\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", NULL,
		      "take 8086:10d3:ffffffff out of ids= in /etc/modprobe.d/vfio.conf:2 (then: ");
	fake_bus_put(bus, "/proc/cmdline", "quiet vfio-pci.ids=8086:10d3 ro\n");
	assert_verify(
		bus, NULL, NIC " lost vfio-pci;",
		"because of vfio-pci.ids= on the kernel's command line and ids= in /etc/modprobe.d",
		"vfio-pci.ids= on the kernel's command line, in the boot loader's configuration "
		"and 8086:10d3:ffffffff out of ids=");
	fake_bus_put(bus, "/etc/default/grub",
		     "GRUB_CMDLINE_LINUX=\"quiet \\\n vfio-pci.ids=8086:10d3\"\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", NULL,
		      "take 8086:10d3 out of vfio-pci.ids= in /etc/default/grub:1 and 8086:10d3:f");
	/* Any device of a vendor's, or of a class; only what is mounted on a certain board. */
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf", "");
	fake_bus_put(bus, "/proc/cmdline", "vfio-pci.ids=0x8086:FFFFFFFF\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "vfio-pci.ids= on the kernel's",
		      "take 0x8086:FFFFFFFF out of vfio-pci.ids=");
	/* In quotes, as the kernel takes them. */
	fake_bus_put(bus, "/proc/cmdline", "ro vfio-pci.ids=\"10de:1b81,8086:10d3\" quiet\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "vfio-pci.ids= on the kernel's",
		      "8086:10d3 out of vfio-pci.ids=");
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf",
		     "options vfio-pci ids=\"10de:1b81,8086:10d3\"\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "ids= in /etc/modprobe.d/vfio.conf:1",
		      "8086:10d3 out of ids=");
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf", "");
	fake_bus_put(bus, "/proc/cmdline",
		     "vfio-pci.ids=ffffffff:ffffffff:ffffffff:ffffffff:00020000:ffff00ff\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "vfio-pci.ids= on the kernel's", NULL);
	fake_bus_put(bus, "/proc/cmdline",
		     "vfio-pci.ids=8086:10d3:ffffffff:ffffffff:00030000:ffff00ff,8086:10d3:1af5\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "nothing in modprobe.d loads", NULL);
	/* Another device's id. */
	fake_bus_put(bus, "/proc/cmdline", "vfio-pci.ids=8086:10d4\n");
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf", "options pci-stub ids=8086:10d3\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "nothing in modprobe.d loads", NULL);
	fake_bus_put(bus, "/etc/driverctl.d/" NIC, "vfio-pci\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "/etc/driverctl.d/" NIC " says so",
		      "driverctl unset-override " NIC "; then: xlpt boot write " NIC);
	/* A script of the initramfs, or one that modprobe runs. */
	h->ops->unlink(h, "/etc/driverctl.d/" NIC);
	fake_bus_put(bus, "/sys/bus/pci/devices/" NIC "/driver_override", "vfio-pci\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "because its driver_override says so; ",
		      "grep -rl driver_override /etc /usr/local finds it); then: xlpt boot write");
	fake_bus_put(bus, "/etc/modprobe.d/vfio.conf",
		     "# KVM\ninstall vfio_pci /usr/local/bin/override\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;",
		      "says so, for which see /etc/modprobe.d/vfio.conf:2;", NULL);
	fake_bus_put(bus, "/sys/bus/pci/devices/" NIC "/driver_override", "(null)\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;",
		      "takes only what it is told to, and nothing that was read names this device",
		      "grep -rl -e new_id -e driver_override /etc");
	/* What the initramfs loads by itself. */
	fake_bus_put(bus, "/etc/initramfs-tools/modules",
		     "# vfio-pci ids=8086:10d3\nvfio\nvfio_pci disable_vga=1 ids=8086:10d3\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;",
		      "because of ids= in /etc/initramfs-tools/modules:3; nothing in modprobe.d",
		      "take 8086:10d3 out of ids= in /etc/initramfs-tools/modules:3 (then: ");
	fake_bus_put(bus, "/etc/initramfs-tools/modules", "");
	/* Taken out of GRUB's settings already, and grub.cfg was not made since. */
	fake_bus_put(bus, "/proc/cmdline", "vfio-pci.ids=8086:10d3\n");
	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	fake_bus_put(bus, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
	assert_verify(bus, NULL, NIC " lost vfio-pci;", "vfio-pci.ids= on the kernel's",
		      "take 8086:10d3 out of vfio-pci.ids= by update-grub (GRUB's settings do not");
}

/* Others of that kind: vfio's own for one card, and what user space drivers use. */
static void test_other_stubs(void **state)
{
	static const char *const drivers[] = { "mlx5-vfio-pci", "hisi_acc_vfio_pci",
					       "uio_pci_generic" };
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	const char *last = "e1000e";

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(drivers); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf("%s\n", drivers[i]),
				    *want = xlpt_xasprintf(NIC " lost %s;", drivers[i]);

		fake_bus_driver(bus, drivers[i], "8086:10d3");
		assert_int_equal(
			xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/%s/unbind", last), 0);
		assert_int_equal(
			xlpt_host_write_text(h, NIC, "/sys/bus/pci/drivers/%s/bind", drivers[i]),
			0);
		fake_bus_put(bus, "/etc/driverctl.d/" NIC, text);
		assert_verify(bus, NULL, want, "/etc/driverctl.d/" NIC " says so",
			      "driverctl unset-override " NIC "; then: xlpt boot write " NIC);
		last = drivers[i];
	}
}

static void test_cmdline(void **state)
{
	struct fake_bus *bus = *state;

	/* The command line names another: modprobe.d is not even looked at. */
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" OTHER ")");
	fake_bus_put(bus, PARAM, "(" OTHER ")\n");
	assert_verify(bus, NIC, NIC " lost e1000e;",
		      "the command line's xen-pciback.hide=(" OTHER
		      ") replaces the list of " XLPT_MODPROBE_CONF,
		      NULL);
	/* GRUB's settings were written, grub.cfg was not made, or it is another's. */
	fake_bus_put(bus, "/proc/cmdline", "ro");
	fake_bus_put(bus, PARAM, "(null)\n");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "softdep e1000e pre: xen-pciback\n");
	fake_bus_put(bus, XLPT_GRUB_CFG,
		     "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"$GRUB_CMDLINE_LINUX xen-pciback.hide=(" NIC
		     ")\"\n");
	fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	fake_bus_put(bus, "/usr/sbin/update-grub", "");
	assert_verify(bus, NULL, NIC " lost e1000e;",
		      "started without xen-pciback.hide=", "update-grub");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_hidden),
		T(test_nothing),
		T(test_waiting),
		T(test_absent),
		T(test_lost),
		T(test_initramfs),
		T(test_initramfs_untouched),
		T(test_without_xen),
		T(test_not_loaded),
		T(test_where),
		T(test_vfio),
		T(test_other_stubs),
		T(test_install),
		T(test_rejected),
		T(test_cmdline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
