/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt boot refuses, with the reason, and that it changes nothing then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

static void test_wrong(void **state)
{
	static const struct {
		int status;
		const char *args, *words;
	} cases[] = {
		{ 2, "", "too few" },
		{ 2, "hide " NIC, "there is no \"boot hide\"" },
		{ 2, "write", "no device is named" },
		{ 2, "write 0b::00.1", "column 4" },
		{ 2, "write (" NIC ")(0b::00.1)", "group 2, column 19" },
		{ 2, "write 02:20.0", "out of range" },
		{ 2, "write web1", "neither an address nor" },
		{ 2, "write *", NULL },
		{ 2, "write --era xen " NIC, "classic or pvops" },
		{ 2, "write --era classic 02:00.*", "knows no wildcards" },
		{ 2, "write --kernel ../x " NIC, "kernel's version" },
		{ 1, "write --kernel 5.0 " NIC, "no kernel 5.0" },
		{ 2, "write --driver e1000e;reboot " NIC, "module's name" },
		{ 2, "write --force-host-device eth9 " NIC, "--force-host-device: \"eth9\" is" },
		{ 2, "remove --cmdline " NIC, "go with plan and write" },
		{ 2, "plan --stdout " NIC, "goes with write" },
		{ 1, "write 77:00.0", "no such device" },
		{ 1, "write 77:*.*", "no such device" },
		{ 2, "write --frob " NIC, "--frob" },
	};
	struct fake_bus *bus = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		assert_run(bus, cases[i].status, cases[i].args, cases[i].words);
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	assert_text(bus, HOOK, NULL);
	assert_run(bus, 0, "write --allow-absent 77:00.0", "nothing will be hidden for it");
	assert_text(bus, XLPT_MODPROBE_CONF, HEAD "options xen-pciback hide=(0000:77:00.0)");
}

static void test_limits(void **state)
{
	struct fake_bus *bus = *state;
	_cleanup_str_ struct xlpt_str args = { 0 }, line = { 0 };

	xlpt_str_add(&args, "write --allow-absent (0000:02:00.0)");
	for (unsigned i = 0; i < 72; i++)
		xlpt_str_addf(&args, "(0000:%02x:10.0)", i);
	assert_run(bus, 0, args.s, NULL);
	assert_run(bus, 2, "write " FREE, "the list has 1036 characters");
	assert_run(bus, 0, "remove", NULL);
	/* Xen cuts dom0's command line at 1023. */
	for (unsigned i = 0; i < 120; i++)
		xlpt_str_add(&line, "option=1 ");
	fake_bus_put(bus, "/proc/cmdline", line.s);
	assert_run(bus, 2, "write --cmdline " NIC, "dom0's kernel gets 1023");
	assert_text(bus, XLPT_GRUB_CFG, NULL);
}

static void test_foreign_lines(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, XLPT_MODPROBE_CONF, "# mine\noptions igb max_vfs=2\n");
	assert_run(bus, 1, "write " NIC, XLPT_MODPROBE_CONF ":2: a line that xlpt did not write");
	assert_text(bus, XLPT_MODPROBE_CONF, "# mine\noptions igb max_vfs=2");
	assert_run(bus, 1, "remove", XLPT_MODPROBE_CONF ":2: a line that xlpt did not write");
	assert_text(bus, XLPT_MODPROBE_CONF, "# mine\noptions igb max_vfs=2");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback permissive=1\n");
	assert_run(bus, 1, "write " NIC, ":1: a line that xlpt did not write");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(0b::00.1)\n");
	assert_run(bus, 2, "write " NIC, XLPT_MODPROBE_CONF ":1:30: group 1, column 5");
	assert_run(bus, 2, "remove " NIC, "group 1, column 5");
	assert_run(bus, 0, "remove", "removed " XLPT_MODPROBE_CONF);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "");
	fake_bus_put(bus, HOOK, "#!/bin/sh\n");
	assert_run(bus, 1, "write " NIC, HOOK " is there, and xlpt did not write it");
	assert_run(bus, 1, "remove", HOOK);
	assert_text(bus, HOOK, "#!/bin/sh");
	assert_text(bus, XLPT_MODPROBE_CONF, "");
}

/* A command that modprobe runs in the place of pciback, or of a driver, gives it a list behind all others. */
static void test_install_list(void **state)
{
	static const char *const lines[] = {
		"install xen-pciback /sbin/modprobe --ignore-install xen-pciback hide=(05:00.0)\n",
		"install e1000e modprobe xen_pciback permissive=1 hide=(05:00.0) && modprobe -i e1000e\n",
		"install xen_pciback \\\n  modprobe -i xen-pciback hide=(05:00.0) $CMDLINE_OPTS; true\n",
	};
	struct fake_bus *bus = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		fake_bus_put(bus, "/etc/modprobe.d/a.conf", lines[i]);
		fake_bus_put(bus, "/proc/cmdline", "ro\n");
		assert_run(bus, 1, "verify", FREE);
		assert_run(bus, 1, "write 02:00.0", "/etc/modprobe.d/a.conf:1 sets hide=(05:00.0)");
		assert_non_null(strstr(said, "xlpt boot write '(" FREE ")(" NIC ")'"));
		assert_run(bus, 1, "write --cmdline 02:00.0", "after the command line");
		/* As for a module: the command line's word comes before. */
		fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(02:00.1)\n");
		assert_run(bus, 1, "plan 02:00.0",
			   "hidden now   (05:00.0) (/etc/modprobe.d/a.conf:1)");
	}
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	fake_bus_put(
		bus, "/etc/modprobe.d/a.conf",
		"install igb echo modprobe xen-netback hide=(05:00.0); modprobe igb hide=(05:00.0)\n");
	assert_run(bus, 0, "write 02:00.0", "wrote");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
}

/* What initramfs-tools has modprobe load with words of its own comes behind all lists that xlpt writes. */
static void test_initramfs_list(void **state)
{
#define MODULES "/etc/initramfs-tools/modules"
#define MORE	"/usr/share/initramfs-tools/modules.d/x"
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, MODULES, "# x\ne1000e\n xen_pciback permissive=1 hide=(05:00.0)\n");
	assert_run(bus, 1, "write " NIC, MODULES ":3 has hide=(05:00.0), which the initramfs");
	assert_non_null(strstr(said, "take hide= out of that line, and run: xlpt boot write "
				     "'(" FREE ")(" NIC ")'"));
	assert_run(bus, 1, "write --cmdline " NIC, MODULES ":3 has hide=(05:00.0)");
	assert_run(bus, 1, "plan " NIC, MODULES ":3 has hide=(05:00.0)");
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	assert_text(bus, XLPT_GRUB_CFG, NULL);
	/* The same list, or none: nothing is against it. */
	assert_run(bus, 0, "write " FREE, "wrote");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" FREE ")"));
	assert_run(bus, 0, "remove", MODULES ":3 is effective again and hides (05:00.0)");
	fake_bus_put(bus, MODULES, "xen-pciback permissive=1\nxen-pciback hide=(05:00.0)\n");
	assert_run(bus, 0, "write " NIC, "wrote");
	assert_text(bus, XLPT_MODPROBE_CONF, DROPIN("(" NIC ")"));
	/* Taken over, if nobody hides anything else. */
	fake_bus_put(bus, MODULES, "");
	fake_bus_put(bus, MORE, "xen-pciback hide=(02:00.0)\n");
	assert_run(bus, 0, "write", "nothing to change");
	fake_bus_put(bus, MORE, "xen-pciback hide=(02:00.1)\n");
	assert_run(bus, 1, "write", MORE ":1 has hide=(02:00.1)");
	fake_bus_put(bus, MORE, "xen-pciback hide=(02:00.1\n");
	assert_run(bus, 2, "write", MORE ":1:");
	assert_non_null(strstr(said, "a list that is there already is malformed"));
	/* Built in, no modprobe loads it; another maker of an initramfs reads another file. */
	fake_bus_put(bus, MORE, "xen-pciback hide=(02:00.1)\n");
	assert_int_equal(h->ops->unlink(h, "/usr/sbin/update-initramfs"), 0);
	fake_bus_put(bus, "/usr/bin/dracut", "");
	assert_run(bus, 0, "write", NULL);
}

/* Nothing is written for a module that is never loaded; to take it back is not kept from anybody. */
static void test_never_loaded(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/etc/modprobe.d/no.conf", "install xen-pciback /bin/false\n");
	assert_run(bus, 1, "write " NIC, "pciback would not be loaded at boot");
	assert_run(bus, 1, "plan " NIC, "take that line out of /etc/modprobe.d/no.conf");
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
	fake_bus_put(bus, "/etc/modprobe.d/no.conf", "");
	assert_run(bus, 0, "write " NIC, "wrote");
	fake_bus_put(bus, "/proc/cmdline", "quiet module_blacklist=xen_pciback\n");
	assert_run(bus, 1, "write " NIC2, "module_blacklist=xen_pciback");
	assert_run(bus, 0, "remove", "removed " XLPT_MODPROBE_CONF);
}

/* A link in the place of our file is refused, and what it leads to stays. */
static void test_link_in_the_way(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	fake_bus_put(bus, "/etc/other", "keep\n");
	assert_int_equal(xlpt_host_mkdirs(h, "/etc/initramfs-tools/hooks", 0755), 0);
	h->ops->unlink(h, "/etc/initramfs-tools/hooks/xlpt");
	assert_int_equal(h->ops->symlink(h, "/etc/nothing", "/etc/initramfs-tools/hooks/xlpt"), 0);
	assert_run(bus, 1, "write " NIC, "a symbolic link stands there");
	assert_text(bus, "/etc/other", "keep");
	assert_false(there(bus, XLPT_MODPROBE_CONF));
}

/* A plan that is refused tells what was found out before. */
static void test_refused_plan(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cmdline", "xen-pciback.hide=(0b:00.0)(0b::00.1)\n");
	assert_run(bus, 2, "plan " NIC, "kernel       " REL ", running\n");
	assert_non_null(strstr(said, "hidden now   (0b:00.0)(0b::00.1) (command line)\n"));
	assert_non_null(strstr(said, "\nPassthrough\n"));
	assert_non_null(strstr(said, "meant as \"(0b:00.0)(0b:00.1)\""));
	assert_true(strstr(said, "Passthrough") < strstr(said, "is malformed"));
	assert_run(bus, 2, "plan --json " NIC, "\"error\"");
	assert_null(strstr(said, "Passthrough"));
	assert_run(bus, 2, "write " NIC, "is malformed");
	assert_null(strstr(said, "Passthrough"));
	/* What an operator types, too. */
	fake_bus_put(bus, "/proc/cmdline", "ro\n");
	assert_run(bus, 2, "write (02:00.0),(02:00.1)", "probably meant as \"(02:00.0)(02:00.1)\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_wrong),		 T(test_limits),	 T(test_foreign_lines),
		T(test_install_list),	 T(test_initramfs_list), T(test_never_loaded),
		T(test_link_in_the_way), T(test_refused_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
