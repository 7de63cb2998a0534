/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists that nobody reads: verify says for each device of theirs where its list
 * stands, why it is not read and what mends it, and does not exit 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"
#include "xl-plugin/cli/env.h"

#define NIC	"0000:02:00.0"
#define OTHER	"0000:05:00.0"
#define USB	"0000:00:14.0"
#define REL	"6.1.0-50-amd64"
#define GRUB	"/etc/default/grub"
#define XEN_CFG "/boot/efi/EFI/debian/xen.cfg"

static char *said; /* both streams of the last run */

static void system_files(struct fake_bus *bus, bool builtin, bool grub)
{
	fake_bus_put(bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(bus, "/proc/1/mountinfo", "20 1 0:19 / /proc rw - proc proc rw\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.dep",
		     builtin ? "" : "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(bus, "/lib/modules/" REL "/modules.builtin",
		     builtin ? "kernel/drivers/xen/xen-pciback/xen-pciback.ko\n" : "");
	fake_bus_put(bus, "/usr/sbin/update-initramfs", "");
	if (grub) {
		fake_bus_put(bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
		fake_bus_put(bus, "/usr/sbin/update-grub", "");
	}
	fake_bus_put(bus, "/sys/hypervisor/type", "xen\n");
}

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct fake_dev nic = {
		.vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000, .driver = "e1000e"
	};

	*state = bus;
	fake_bus_driver(bus, "e1000e", "8086:10d3");
	fake_bus_add(bus, NIC, &nic);
	fake_bus_add(bus, OTHER, &nic);
	fake_bus_add(bus, USB, &(struct fake_dev){ .class_code = 0x0c0330 });
	system_files(bus, false, true);
	return 0;
}

static int teardown(void **state)
{
	free(XLPT_TAKE(said));
	fake_bus_free(*state);
	return 0;
}

/* captured: what xlpt capture took of Xen is there. */
static int run(struct fake_bus *bus, const char *args, bool captured)
{
	_cleanup_free_ char *words = xlpt_xasprintf("xlpt boot %s", args);
	struct xlpt_env env = { .clock = &xlpt_clock_real,
				.host = fake_bus_host(bus),
				.sysroot = captured ? "/captured" : NULL };
	char *argv[16] = { 0 }, *save = NULL;
	int argc = 0, status;
	size_t size;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	free(XLPT_TAKE(said));
	env.out = env.err = open_memstream(&said, &size);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	return status;
}

static void assert_said(const char *what, int got, int status, const char *words)
{
	if (got != status || (words && !strstr(said, words)))
		fail_msg("%s: exit %d, expected %d and \"%s\":\n%s", what, got, status,
			 words ? words : "", said);
}

static const struct stray {
	const char *file, *text, *fact, *hint;
} strays[] = {
	{ GRUB, "# x\nGRUB_CMDLINE_XEN_DEFAULT=\"dom0_mem=2G xen-pciback.hide=(02:00.0)\"\n",
	  "Xen's own command line has xen-pciback.hide=(02:00.0) (/etc/default/grub:2); Xen does "
	  "not "
	  "hand it",
	  "move it from GRUB_CMDLINE_XEN_DEFAULT (/etc/default/grub:2) to "
	  "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT:-"
	  "$GRUB_CMDLINE_LINUX_DEFAULT} xen-pciback.hide=(02:00.0)\", or: xlpt boot write "
	  "0000:02:00.0" },
	{ "/etc/default/grub.d/50-xen.cfg", "export GRUB_CMDLINE_XEN+=' pciback.hide=(2:0.0)'\n",
	  "Xen's own command line has pciback.hide=(2:0.0) (/etc/default/grub.d/50-xen.cfg:1)",
	  "move it from GRUB_CMDLINE_XEN (/etc/default/grub.d/50-xen.cfg:1) to "
	  "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE:-$GRUB_CMDLINE_LINUX} "
	  "xen-pciback.hide=(2:0.0)\", or: xlpt boot write 0000:02:00.0" },
	/* What is to be written in another place has to be what the kernel reads there. */
	{ GRUB, "GRUB_CMDLINE_XEN=\"pciback.hide=(02:00.0),(02:00.0)\"\n",
	  "Xen's own command line has pciback.hide=(02:00.0),(02:00.0) (/etc/default/grub:1)",
	  "xen-pciback.hide=(0000:02:00.0)\", or: xlpt boot write 0000:02:00.0" },
	{ XEN_CFG, "[xen]\noptions=xen-pciback.hide=02:00.0\nkernel=vmlinuz ro\n",
	  "Xen's own command line has xen-pciback.hide=02:00.0 (" XEN_CFG ":2)",
	  "to the line of dom0's kernel, written xen-pciback.hide=(0000:02:00.0), or: xlpt boot" },
	{ GRUB, "GRUB_CMDLINE_LINUX=\"pciback.hide=(02:00.0),(02:00.0)\"\n",
	  "is called xen-pciback",
	  "write xen-pciback.hide=(0000:02:00.0) in the place of "
	  "pciback.hide=(02:00.0),(02:00.0) (/etc/default/grub:1), or: " },
	/* Of what is not there boot write would take nothing. */
	{ GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(02:00.0)(77:00.0)\"\n",
	  "Xen's own command line has xen-pciback.hide=(02:00.0)(77:00.0)",
	  "or: xlpt boot write 0000:02:00.0; 1 more" },
	/* What GRUB_CMDLINE_LINUX has does not get to dom0's kernel when another variable replaces it. */
	{ GRUB,
	  "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(02:00.0)\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE="
	  "\"console=hvc0\"\n",
	  "/etc/default/grub:1 has xen-pciback.hide=(02:00.0); GRUB_CMDLINE_LINUX_XEN_REPLACE "
	  "(/etc/default/grub:2) takes the place of GRUB_CMDLINE_LINUX for Xen",
	  "move the word to GRUB_CMDLINE_LINUX_XEN_REPLACE (/etc/default/grub:2); update-grub; "
	  "reboot, or: xlpt boot write 0000:02:00.0" },
	{ GRUB,
	  "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(02:00.0)\"\nGRUB_CMDLINE_LINUX_XEN_REPLACE="
	  "\"$GRUB_CMDLINE_LINUX console=hvc0\"\n",
	  "has xen-pciback.hide=(02:00.0), and the command line of this boot has not",
	  "update-grub; reboot" },
	{ GRUB, "GRUB_CMDLINE_XEN=rd.qubes.hide_pci=02:00.0\n", "has rd.qubes.hide_pci=02:00.0",
	  "xlpt boot write 0000:02:00.0" },
	{ GRUB, "GRUB_CMDLINE_LINUX=\"quiet pciback.hide=(02:00.0)\"\n",
	  "/etc/default/grub:1 has pciback.hide=(02:00.0); the module of this kernel is called "
	  "xen-pciback",
	  "write xen-pciback.hide= in the place of pciback.hide= (/etc/default/grub:1), or: " },
	{ GRUB, "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(02:00.0)\"\n",
	  "/etc/default/grub:1 has xen-pciback.hide=(02:00.0), and the command line of this boot "
	  "has "
	  "not",
	  "update-grub; reboot" },
	{ "/etc/default/grub.d/xen", "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(02:00.0)\"\n",
	  "/etc/default/grub.d/xen:1 has xen-pciback.hide=(02:00.0); only names that end in .cfg",
	  "xlpt boot write" },
	/* Out of another variable. */
	{ GRUB, "H='xen-pciback.hide=(02:00.0)'\nGRUB_CMDLINE_XEN=\"dom0_mem=2G $H\"\n",
	  "Xen's own command line has xen-pciback.hide=(02:00.0) (/etc/default/grub:2)",
	  "xlpt boot write 0000:02:00.0" },
	{ GRUB, "H='xen-pciback.hide=(02:00.0)'\nGRUB_CMDLINE_LINUX=\"quiet $H\"\n",
	  "/etc/default/grub:2 has xen-pciback.hide=(02:00.0), and the command line of this boot "
	  "has not",
	  "update-grub; reboot" },
	/* Misspelled: the kernel and modprobe compare names as they are. */
	{ "/proc/cmdline", "ro XEN-PCIBACK.HIDE=(02:00.0) quiet\n",
	  "the kernel's command line has XEN-PCIBACK.HIDE=(02:00.0); no module reads that word, "
	  "which is written xen-pciback.hide=",
	  "xlpt boot write 0000:02:00.0" },
	{ GRUB, "GRUB_CMDLINE_LINUX=\"xen-pciback-hide:(02:00.0)\"\n",
	  "/etc/default/grub:1 has xen-pciback-hide:(02:00.0); no module reads that word",
	  "xlpt boot write 0000:02:00.0" },
	{ "/etc/modprobe.d/a.conf", "\noption xen-pciback hide=(02:00.0)\n",
	  "/etc/modprobe.d/a.conf:2 has hide=(02:00.0); modprobe does not read it so; it is "
	  "written: options xen-pciback hide=(02:00.0)",
	  "xlpt boot write 0000:02:00.0" },
	{ "/etc/modprobe.d/a.conf", "OPTIONS Xen-PciBack passthrough=1 HIDE=(02:00.0)\n",
	  "modprobe does not read it so", "xlpt boot write 0000:02:00.0" },
	{ "/etc/modprobe.d/a.conf", "options xen_pciback.hide=(02:00.0)\n",
	  "modprobe does not read it so", "xlpt boot write 0000:02:00.0" },
	{ "/proc/cmdline", "ro xen-pciback=(02:00.0) quiet\n",
	  "has xen-pciback=(02:00.0); no module reads that word", "xlpt boot write 0000:02:00.0" },
	/* A blank ends the word. */
	{ "/proc/cmdline", "ro xen-pciback.hide= (02:00.0) quiet\n",
	  "the kernel's command line has (02:00.0) behind a blank, where the list of "
	  "xen-pciback.hide= ends",
	  "the list was probably meant as \"(02:00.0)\": write that on dom0's command line in "
	  "GRUB's settings, and run: update-grub, or: xlpt boot write 0000:02:00.0" },
	{ "/proc/cmdline", "ro xen-pciback.hide =(02:00.0) quiet\n",
	  "has =(02:00.0) behind a blank", "xlpt boot write 0000:02:00.0" },
	{ "/etc/modprobe.d/a.conf", "options xen-pciback hide= (02:00.0)\n",
	  "/etc/modprobe.d/a.conf:1 has (02:00.0) behind a blank, where the list of hide= ends",
	  "meant as \"(02:00.0)\": write that in /etc/modprobe.d/a.conf:1, or: xlpt boot write" },
	/* Without quotes the shell takes nothing of the file. */
	{ GRUB, "GRUB_CMDLINE_LINUX=xen-pciback.hide=(02:00.0)\n",
	  "has xen-pciback.hide=(02:00.0); without quotes around the value, the shell that reads "
	  "the file gives up at the bracket",
	  "to mend: 0000:02:00.0: put quotes around the value of GRUB_CMDLINE_LINUX in "
	  "/etc/default/grub:1; update-grub; reboot\n" },
	/* Files that name modules. */
	{ "/etc/modules", "# x\nxen-pciback hide=(02:00.0)\n",
	  "/etc/modules:2 has hide=(02:00.0); systemd takes the name of the module alone",
	  "xlpt boot write 0000:02:00.0" },
	{ "/etc/modules-load.d/x.conf", "xen_pciback passthrough=1 hide=(02:00.0)\n",
	  "/etc/modules-load.d/x.conf:1 has hide=(02:00.0)", "xlpt boot write 0000:02:00.0" },
	{ "/etc/initramfs-tools/modules", "xen-pciback hide=(02:00.0)\n",
	  "/etc/initramfs-tools/modules:1 has hide=(02:00.0); it counts only if",
	  "xlpt boot write 0000:02:00.0" },
	{ "/proc/cmdline", "root=/dev/sda1 pciback.hide=(02:00.0) ro\n",
	  "the kernel's command line has pciback.hide=(02:00.0); the module of this kernel",
	  "write xen-pciback.hide= in the place of pciback.hide=" },
	{ "/proc/cmdline", "ro rd.qubes.hide_pci=02:00.0\n",
	  "only the initramfs of Qubes OS reads that", "xlpt boot write 0000:02:00.0" },
	{ XEN_CFG, "[xen]\noptions=dom0_mem=2G xen-pciback.hide=(02:00.0)\nkernel=vmlinuz ro\n",
	  "Xen's own command line has xen-pciback.hide=(02:00.0) (" XEN_CFG ":2)",
	  "move it from \"options=\" (" XEN_CFG ":2) to the line of dom0's kernel, or: xlpt boot" },
	{ XLPT_MODPROBE_CONF, "# Written\n#options xen-pciback hide=(02:00.0)\n",
	  XLPT_MODPROBE_CONF ":2 has hide=(02:00.0); it is a comment",
	  "xlpt boot write 0000:02:00.0" },
	{ XLPT_GRUB_CFG,
	  "# Written by \"xlpt boot write\".\n# "
	  "GRUB_CMDLINE_LINUX_XEN_REPLACE=\"$GRUB_CMDLINE_LINUX "
	  "xen-pciback.hide=(02:00.0)\"\n",
	  XLPT_GRUB_CFG ":2 has hide=(02:00.0) in a comment", "xlpt boot write 0000:02:00.0" },
	{ "/etc/modprobe.d/old.conf", "options pciback hide=(02:00.0)\n",
	  "/etc/modprobe.d/old.conf:1 has hide=(02:00.0); it is for pciback, and the module of this "
	  "kernel is called xen-pciback",
	  "write xen-pciback in the place of pciback (/etc/modprobe.d/old.conf:1)" },
	{ "/etc/modprobe.d/pciback", "options xen-pciback permissive=1 hide=(02:00.0)\n",
	  "/etc/modprobe.d/pciback:1 has hide=(02:00.0); modprobe reads only files whose names end "
	  "in "
	  ".conf",
	  "xlpt boot write 0000:02:00.0" },
	/* A slot with a wildcard; one of which a group cannot be read. */
	{ GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(02:00.*)\"\n", "hide=(02:00.*)",
	  "xlpt boot write '0000:02:00.*'" },
	{ GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(77::0.0)(02:00.0)\"\n", "hide=(77::0.0)",
	  "xlpt boot write 0000:02:00.0" },
};

static void test_strays(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_said("nothing", run(bus, "verify", false), 0, "nothing is to be hidden at boot");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(strays); i++) {
		const struct stray *s = &strays[i];
		_cleanup_free_ char *before = NULL;

		xlpt_host_read_text(h, &before, "%s", s->file);
		fake_bus_put(bus, s->file, s->text);
		assert_said(s->text, run(bus, "verify", false), 1, NIC " lost to driver e1000e ");
		assert_said(s->text, 1, 1, s->fact);
		assert_said(s->text, 1, 1, s->hint);
		assert_null(strstr(said, OTHER));
		/* The same when it is asked for; another device has nothing to do with it. */
		assert_said(s->text, run(bus, "verify " NIC, false), 1, s->fact);
		assert_said(s->text, run(bus, "verify " OTHER, false), 1, NULL);
		assert_null(strstr(said, s->fact));
		if (before)
			fake_bus_put(bus, s->file, before);
		else
			assert_int_equal(h->ops->unlink(h, s->file), 0);
	}
	assert_said("nothing", run(bus, "verify", false), 0, "nothing is to be hidden at boot");
}

static void test_absent(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(77:00.0)\"\n");
	assert_said("absent", run(bus, "verify", false), 1,
		    "this host has no such function; Xen's own command line has");
	assert_said("absent", 1, 1, "correct 0000:77:00.0 in /etc/default/grub:1, or take it out");
	assert_null(strstr(said, "boot write"));
}

/* Of a list that a blank parts only the beginning is read; what is behind is told, each with its own place. */
static void test_cut(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline",
		     "ro xen-pciback.hide=(02:00.0) (05:00.0) (77:00.0) quiet\n");
	assert_said("cut", run(bus, "verify " OTHER, false), 1,
		    "has (05:00.0) (77:00.0) behind a blank");
	assert_said("cut", 1, 1,
		    "this host has no 0000:77:00.0 (lspci -D lists the addresses); the list was "
		    "probably meant as \"(02:00.0)(05:00.0)(77:00.0)\": write that");
	assert_said("cut", run(bus, "verify", false), 1, "0000:77:00.0 absent");
	/* Within quotes a blank is part of the word, and the kernel reads over it. */
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=\"(02:00.0) (05:00.0)\"\n");
	assert_said("quoted", run(bus, "verify " OTHER, false), 1, OTHER " lost to driver");
	assert_null(strstr(said, "blank"));
	/* Words of other names are none of it. */
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(02:00.0) x=(05:00.0) (05)\n");
	assert_said("others", run(bus, "verify " OTHER, false), 1, NULL);
	assert_null(strstr(said, "blank"));
}

/* What lspci does not list as dmesg and lsscsi do. */
static void test_scsi(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(1:0:1:0:)\n");
	assert_said("scsi", run(bus, "verify", false), 1, "(1:0:1:0:) list rejected by the kernel");
	assert_said("scsi", 1, 1, "this host has no 0001:00:01.0");
	fake_bus_link(bus, "/sys/bus/scsi/devices/1:0:1:0",
		      "../../../devices/pci0000:00/" OTHER "/host1/target1:0:1/1:0:1:0");
	assert_said("scsi", run(bus, "verify", false), 1,
		    "1:0:1:0 is a SCSI address, and its controller is " OTHER ": write (" OTHER
		    ") on dom0's command line");
}

/* What only others wrote boot remove does not take out. */
static void test_absent_elsewhere(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(77:00.0)\"\n");
	fake_bus_put(bus, "/proc/cmdline", "ro xen-pciback.hide=(77:00.0)\n");
	assert_said("cmdline", run(bus, "verify", false), 1, "0000:77:00.0 absent");
	assert_said("cmdline", 1, 1,
		    "or without 0000:77:00.0, in /etc/default/grub:1, and run: update-grub");
	assert_null(strstr(said, "boot remove"));
	assert_said(
		"remove", run(bus, "remove 77:00.0", false), 1,
		"write the list without 0000:77:00.0 in /etc/default/grub:1, and run: update-grub");
	fake_bus_put(bus, GRUB, "");
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(77:00.0)\n");
	assert_said("modprobe", run(bus, "verify", false), 1,
		    "or without 0000:77:00.0, in /etc/modprobe.d/a.conf:1");
	assert_null(strstr(said, "boot remove"));
}

/* Of two words with lists the last one counts. */
static void test_two_words(void **state)
{
	struct fake_bus *bus = *state;
	static const char line[] =
		"ro xen-pciback.hide=(02:00.0) quiet xen-pciback.hide=(05:00.0)\n";

	fake_bus_put(bus, "/proc/cmdline", line);
	assert_said("two", run(bus, "verify " NIC, false), 1,
		    "the kernel's command line has xen-pciback.hide=(02:00.0); a later "
		    "xen-pciback.hide= on the same command line replaces it");
	assert_said("two", 1, 1,
		    "to mend: " NIC ": write one word in the place of both: "
		    "xen-pciback.hide=(02:00.0)(05:00.0), or: xlpt boot write " NIC);
	/* The same when GRUB's file has the one, and the other comes from elsewhere. */
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_LINUX=\"xen-pciback.hide=(02:00.0)\"\n");
	assert_said("file", run(bus, "verify " NIC, false), 1,
		    GRUB
		    ":1 has xen-pciback.hide=(02:00.0); a later xen-pciback.hide= on the same");
}

static void test_usb(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline", "ro rd.qubes.hide_all_usb\n");
	assert_said("usb", run(bus, "verify", false), 1, USB " not taken ");
	assert_said("usb", 1, 1, "xlpt boot write " USB);
	/* Where somebody reads it. (test-boot-homes.c) */
	fake_bus_put(bus, "/usr/lib/dracut/modules.d/90qubes-pciback/module-setup.sh", "");
	assert_said("Qubes", run(bus, "verify", false), 1, USB " not taken ");
	assert_null(strstr(said, "this is none"));
}

/* One list replaces another: what only the other one has is hidden by nobody. */
static void test_replaced(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(" OTHER ")\n");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "\noptions xen-pciback hide=(" NIC ")\n");
	fake_bus_put(bus, "/etc/modprobe.d/b.conf", "options xen-pciback hide=(" OTHER ")\n");
	assert_said("last word", run(bus, "verify", false), 1,
		    "/etc/modprobe.d/a.conf:2 has hide=(" NIC
		    "); /etc/modprobe.d/b.conf:1 comes later");
	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(" OTHER ")\n");
	assert_said("cmdline", run(bus, "verify", false), 1,
		    "the command line's xen-pciback.hide=(" OTHER
		    ") replaces the list of /etc/modprobe.d/a.conf:2");
	/* The same device in both is no loss. */
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(" OTHER ")\n");
	run(bus, "verify", false);
	assert_null(strstr(said, "replaces the list"));
	/* Built in, pciback is told nothing by modprobe. */
	system_files(bus, true, true);
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(" NIC ")\n");
	assert_said("built in", run(bus, "verify", false), 1,
		    "pciback is built into this kernel and reads only the command line");
}

/* A kernel of the classic era is the other way round; so is its boot loader. */
static void test_classic(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, "/proc/sys/kernel/osrelease", "2.6.18-419.el5xen\n");
	fake_bus_put(bus, "/lib/modules/2.6.18-419.el5xen/modules.dep", "kernel/pciback.ko:\n");
	assert_int_equal(h->ops->unlink(h, "/usr/sbin/grub-mkconfig"), 0);
	fake_bus_put(bus, "/boot/grub/grub.conf",
		     "title Xen\n\tkernel /xen.gz-2.6.18 pciback.hide=(02:00.0)\n"
		     "\tmodule /vmlinuz-2.6.18 ro xen-pciback.hide=(05:00.0)\n");
	assert_said("classic", run(bus, "verify", false), 1,
		    "Xen's own command line has pciback.hide=(02:00.0) (/boot/grub/grub.conf:2)");
	assert_said(
		"classic", 1, 1,
		"/boot/grub/grub.conf:3 has xen-pciback.hide=(05:00.0); the module of this kernel "
		"is called pciback");
}

/* The running Xen's, and that of a captured host; once, when its file is there too. */
static void test_captured(void **state)
{
	struct fake_bus *bus = *state;
	const char *first;

	fake_bus_put(bus, "/xlpt-capture/toolstack", "xlpt-capture 1\nversion 4.17\niommu 1 1\n");
	fake_bus_put(bus, "/xlpt-capture/xenstore", "");
	fake_bus_put(bus, "/xlpt-capture/xen-cmdline", "placeholder xen-pciback.hide=(02:00.0)\n");
	assert_said("captured", run(bus, "verify", true), 1,
		    "Xen's own command line has xen-pciback.hide=(02:00.0); Xen does not hand it");
	assert_said("captured", 1, 1,
		    "move it from Xen's command line to that of dom0's kernel, or: xlpt boot "
		    "write " NIC);
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(02:00.0)\"\n");
	assert_said("both", run(bus, "verify", true), 1, "(/etc/default/grub:1)");
	first = strstr(said, "Xen's own command line");
	assert_null(strstr(first + 1, "Xen's own command line"));
	assert_said("plan", run(bus, "plan", true), 0,
		    "read by nobody: Xen's own command line has");
	assert_said("plan", run(bus, "plan --json", true), 0, "\"unread\": [\n    \"Xen's own");
}

/* Once xlpt's list has it, the other is of no concern. */
static void test_written(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(02:00.0)\"\n");
	assert_said("nothing named", run(bus, "write", false), 2, "/etc/default/grub:1");
	assert_said("write", run(bus, "write " NIC, false), 0, "wrote");
	assert_said("verify", run(bus, "verify", false), 1, NIC " waiting for reboot");
	assert_null(strstr(said, "Xen's own"));
	/* Absent devices are named as well. */
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=(77:00.0)\"\n");
	assert_said("absent", run(bus, "verify", false), 1, "0000:77:00.0 absent");
	assert_said("remove", run(bus, "remove", false), 0, NULL);
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=xen-pciback.hide=eth0\n");
	assert_said("unreadable", run(bus, "verify", false), 1, "has xen-pciback.hide=eth0");
	fake_bus_put(bus, GRUB, "GRUB_CMDLINE_XEN=\"xen-pciback.hide=02:00.0\"\n");
	assert_said("without brackets", run(bus, "verify", false), 1, NIC " lost");
	/* What ours replaces was taken over, and may have been taken out since. */
	fake_bus_put(bus, GRUB, "");
	fake_bus_put(bus, "/etc/modprobe.d/a.conf", "options xen-pciback hide=(" OTHER ")\n");
	assert_said("write", run(bus, "write " NIC, false), 0, "is taken over");
	assert_said("remove", run(bus, "remove " OTHER, false), 0,
		    "/etc/modprobe.d/a.conf:1 has hide");
	assert_said("verify", run(bus, "verify", false), 1, NIC " waiting");
	assert_null(strstr(said, OTHER));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_strays), T(test_absent), T(test_two_words),	 T(test_usb),	   T(test_replaced),
		T(test_classic), T(test_captured), T(test_written), T(test_cut), T(test_scsi),
		T(test_absent_elsewhere),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
