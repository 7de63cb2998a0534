/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt boot with virtual functions: pciback reads its list before any of them exists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fake/store.h"
#include "tests/unit/booting.h"

#define PF   "0000:06:00.0"
#define VF0  "0000:06:10.0"
#define VF1  "0000:06:10.2"
#define UNIT "/etc/systemd/system/xlpt-vf-ens6.service"
#define CONF "/etc/xlpt/host.conf"

static void add_pf(struct fake_bus *bus)
{
	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_add(bus, PF,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .net = "ens6",
					 .vfs = 7 });
}

static void numvfs(struct fake_bus *bus, const char *n)
{
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), n,
					      "/sys/bus/pci/devices/" PF "/sriov_numvfs"),
			 0);
}

static void assert_silent(const char *words)
{
	if (strstr(said, words))
		fail_msg("\"%s\" is said:\n%s", words, said);
}

/* Gone after a boot: what makes them again is said, and not to forget them. */
static void test_gone(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	struct fake_clock clock;
	struct fake_store *f;

	add_pf(bus);
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(" VF0 ")(" VF1 ")\n");
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" VF0 ")(" VF1 ")\n");
	/* One number for both. */
	assert_run(bus, 1, "verify", VF0 ": xlpt vf create --persist " PF " 2\n");
	assert_non_null(strstr(said, "it is virtual function 0 of " PF " (ens6), which has 0 now"));
	assert_non_null(strstr(said, "it is virtual function 1 of " PF " (ens6), which has 0 now"));
	assert_silent("boot remove");
	assert_run(bus, 1, "verify 06:10.*", "0000:06:10.*: xlpt vf create --persist " PF " 4\n");
	/* Somebody makes them, and has not. */
	fake_bus_put(bus, CONF,
		     "# [vfs ens6]\n[vfs ens7]\ncount = 1\n\n [vfs  ens6 ]\ncount = 1\n");
	assert_run(bus, 1, "verify", VF0 ": give it 2 VFs in " CONF ":5, and run: xlpt apply\n");
	fake_bus_put(bus, CONF, "[vfs 06:00.0]\ncount = 1\n");
	assert_run(bus, 1, "verify", "in " CONF ":1,");
	fake_bus_put(bus, CONF, "");
	fake_bus_put(bus, CONF ".d/10.conf", "[vfs ens6]\n");
	assert_run(bus, 1, "verify", "in " CONF ".d/10.conf:1,");
	fake_bus_put(bus, CONF ".d/10.conf", "");
	fake_bus_put(bus, "/etc/sysfs.conf", "bus/pci/devices/" PF "/sriov_numvfs = 1\n");
	assert_run(bus, 1, "verify",
		   VF0 ": xlpt vf create " PF " 2; xlpt vf persist --apply " PF "\n");
	fake_bus_put(bus, "/etc/sysfs.conf", "");
	fake_bus_put(bus, UNIT, "ExecStart=/usr/sbin/xlpt vf create ens6 2\n");
	assert_run(bus, 1, "verify", "systemctl status xlpt-vf-ens6.service");
	/* Too few of them: one is hidden, and no other number can be set before it is free. */
	numvfs(bus, "1");
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/new_slot", VF0, strlen(VF0));
	h->ops->write(h, "/sys/bus/pci/drivers/pciback/bind", VF0, strlen(VF0));
	assert_run(bus, 1, "verify",
		   VF1 ": xlpt unhide " VF0 "; xlpt vf create --persist " PF " 2\n");
	/* A guest has that one: what unhide would refuse is not proposed without what comes before. */
	fake_clock_init(&clock);
	f = fake_store_new(&clock);
	fake_store_set(f, VF0, "/local/domain/0/backend/pci/5/0/dev-0");
	store = fake_store_get(f);
	assert_run(bus, 1, "verify",
		   VF1 ": xlpt detach 5 " VF0 "; xlpt unhide " VF0 "; xlpt vf create --persist " PF
		       " 2\n");
	fake_store_set(f, "web 1", "/local/domain/5/name");
	assert_run(bus, 1, "verify", VF1 ": xlpt detach 'web 1' " VF0 "; xlpt unhide " VF0 "; ");
	store = NULL;
	fake_store_free(f);
	fake_clock_dispose(&clock);
	/* Something that is no VF of anything. */
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(77:10.0)\n");
	assert_run(bus, 1, "verify", "xlpt boot remove 0000:77:10.0");
}

static void test_pf_cannot(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	add_pf(bus);
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" VF0 ")\n");
	assert_int_equal(xlpt_host_write_text(h, PF, "/sys/bus/pci/drivers/igb/unbind"), 0);
	assert_run(bus, 1, "verify", PF " has no driver, which would make its VFs");
	assert_int_equal(xlpt_host_write_text(h, PF, "/sys/bus/pci/drivers/pciback/new_slot"), 0);
	assert_int_equal(xlpt_host_write_text(h, PF, "/sys/bus/pci/drivers/pciback/bind"), 0);
	assert_run(bus, 1, "verify",
		   PF " itself is hidden, so nothing can make its VFs: xlpt boot remove " PF);
}

/* The kernel keeps them from pciback as from every driver. */
static void test_not_offered(void **state)
{
	struct fake_bus *bus = *state;

	add_pf(bus);
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" VF0 ")\n");
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), "0",
					      "/sys/bus/pci/devices/" PF
					      "/sriov_drivers_autoprobe"),
			 0);
	assert_run(bus, 1, "verify", "xlpt vf create --persist --driver " PF " 1");
	assert_run(bus, 0, "plan", "the kernel offers it to no driver");
	assert_non_null(strstr(said, "xlpt vf create --persist --driver " PF " 1"));
	fake_bus_put(bus, "/sys/module/xen_pciback/parameters/hide", "(" VF0 ")\n");
	numvfs(bus, "2");
	assert_run(bus, 1, "verify",
		   "the kernel offers the virtual functions of " PF " to no driver");
	assert_non_null(strstr(said, "xlpt vf create --persist --driver " PF " 2"));
	/* Only the unit says so, for the next boot. */
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), "1",
					      "/sys/bus/pci/devices/" PF
					      "/sriov_drivers_autoprobe"),
			 0);
	fake_bus_put(bus, UNIT, "ExecStart=/usr/sbin/xlpt vf create --no-driver ens6 2\n");
	assert_run(bus, 0, "plan", "the kernel offers it to no driver");
}

static void test_plan(void **state)
{
	struct fake_bus *bus = *state;

	add_pf(bus);
	assert_run(bus, 1, "plan 06:10.0",
		   "it is virtual function 0 of " PF " (ens6), which has 0 now");
	assert_non_null(
		strstr(said, "xlpt vf create --persist " PF " 1; --allow-absent writes it"));
	assert_run(bus, 0, "plan --allow-absent (06:10.0)(06:10.2)",
		   VF0 ", " VF1 ": virtual functions of " PF " (ens6); they do not exist when "
		       "pciback reads its list; pciback takes them when they are made, and nothing "
		       "makes them at boot: xlpt vf create --persist " PF " 2\n");
	assert_silent("nothing will be hidden");
	numvfs(bus, "2");
	assert_run(bus, 0, "plan 06:10.2",
		   VF1 ": a virtual function of " PF " (ens6); it does not exist when pciback "
		       "reads its list; pciback takes it when it is made, and nothing");
	fake_bus_put(bus, UNIT, "ExecStart=/usr/sbin/xlpt vf create ens6 2\n");
	assert_run(bus, 0, "plan 06:10.2", "pciback takes it when xlpt-vf-ens6.service makes it\n");
	/* The physical function. */
	assert_run(bus, 0, "plan 06:00.0",
		   PF " has 2 virtual functions now: pciback takes it before");
	assert_silent("which will not be there");
	assert_run(bus, 0, "plan (06:10.2)(06:00.0)",
		   "the list has " PF " and its virtual functions " VF1
		   ", which will not be there");
	numvfs(bus, "0");
	assert_run(bus, 0, "plan 06:00.0",
		   PF ": pciback takes it before its driver, so xlpt-vf-ens6.service cannot make");
	assert_run(bus, 0, "plan 05:00.0", NULL);
	assert_silent("virtual function");
}

/* Once written it is told again by plan alone, and no more when it is good; nor by a remove of others. */
static void test_told_once(void **state)
{
	struct fake_bus *bus = *state;

	add_pf(bus);
	fake_bus_put(bus, UNIT, "ExecStart=/usr/sbin/xlpt vf create ens6 2\n");
	assert_run(bus, 0, "write --allow-absent (06:10.0)(05:00.0)", "makes it\n");
	assert_run(bus, 0, "write", "nothing to change");
	assert_silent("virtual function");
	assert_run(bus, 0, "plan", "pciback takes it when xlpt-vf-ens6.service makes it\n");
	assert_run(bus, 0, "remove 05:00.0", "wrote");
	assert_silent("virtual function");
}

/* A wildcard means those that are there, and asks for no more of them; a bridge means the PF behind it. */
static void test_wide(void **state)
{
	struct fake_bus *bus = *state;
	struct fake_dev pf = { .vendor = 0x8086,
			       .device = 0x10c9,
			       .class_code = 0x020000,
			       .driver = "igb",
			       .parent = BRIDGE,
			       .vfs = 2 };

	add_pf(bus);
	numvfs(bus, "2");
	assert_run(bus, 0, "plan 06:10.*", VF0 ", " VF1 ": virtual functions of " PF);
	assert_non_null(strstr(said, "xlpt vf create --persist " PF " 2\n"));
	fake_bus_add(bus, "0000:02:00.2", &pf);
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), "1",
					      "/sys/bus/pci/devices/0000:02:00.2/sriov_numvfs"),
			 0);
	assert_run(bus, 0, "plan 00:1c.0", "0000:02:00.2 has 1 virtual functions now: pciback");
}

/* OpenRC runs the unit's line by a service of ours, if that is in a runlevel. */
static void test_openrc(void **state)
{
	struct fake_bus *bus = *state;

	add_pf(bus);
	fake_bus_put(bus, XLPT_MODPROBE_CONF, "options xen-pciback hide=(" VF0 ")\n");
	fake_bus_put(bus, UNIT, "ExecStart=/usr/sbin/xlpt vf create ens6 2\n");
	fake_bus_put(bus, "/run/openrc/softlevel", "default\n");
	fake_bus_put(bus, "/etc/runlevels/default/sshd", "");
	assert_run(bus, 1, "verify", VF0 ": rc-update add xlpt-vfs; rc-service xlpt-vfs start\n");
	fake_bus_put(bus, "/etc/runlevels/default/xlpt-vfs", "");
	assert_run(bus, 1, "verify", "systemctl status xlpt-vf-ens6.service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_gone),	   T(test_pf_cannot), T(test_not_offered), T(test_plan),
		T(test_told_once), T(test_wide),      T(test_openrc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
