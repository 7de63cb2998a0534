/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs and the drivers of this host: sriov_drivers_autoprobe 0, driver_override, the module
 * xen-pciback that is not loaded, and programs that take new interfaces up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

#define VF0	  "0000:01:10.0"
#define DEV(name) "/sys/bus/pci/devices/" name
#define AUTOPROBE DEV("0000:01:00.0") "/sriov_drivers_autoprobe"

static void override_is(struct world *w, const char *bdf, const char *want)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(xlpt_host_read_text(fake_bus_host(w->bus), &text,
					     DEV("%s") "/driver_override", bdf),
			 0);
	assert_string_equal(text, want);
}

static void driver_is(struct world *w, const char *bdf, const char *want)
{
	const char *driver = fake_bus_driver_of(w->bus, bdf);

	assert_string_equal(driver ? driver : "none", want);
}

static void autoprobe(struct world *w, bool on)
{
	assert_int_equal(xlpt_host_write_text(fake_bus_host(w->bus), on ? "1\n" : "0\n", AUTOPROBE),
			 0);
}

static void autoprobe_is(struct world *w, long long want)
{
	long long v = -1;

	xlpt_host_read_long(fake_bus_host(w->bus), &v, AUTOPROBE);
	assert_int_equal(v, want);
}

/* ---- hiding ---- */

static void test_autoprobe_off(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	const char *cfg = pools_config("name = 'app1'\nmemory=256\npci = [ 'pool:lan' ]\n");

	/* As the kernel has it: listed in pciback or known to igbvf, neither is let probe. */
	fake_bus_driver(w->bus, "igbvf", "8086:10ca");
	ok(w, "vf remove 01:00.0");
	autoprobe(w, false);
	ok(w, "vf create 01:00.0 4");
	said(w, "no driver of this host takes them (sriov_drivers_autoprobe is 0)");
	assert_int_equal(xlpt_host_write_text(h, VF0, "/sys/bus/pci/drivers/pciback/new_slot"), 0);
	assert_int_equal(xlpt_host_write_text(h, VF0, "/sys/bus/pci/drivers/pciback/bind"),
			 -ENODEV);
	assert_int_equal(xlpt_host_write_text(h, VF0, "/sys/bus/pci/drivers/igbvf/bind"), -ENODEV);
	assert_int_equal(xlpt_host_write_text(h, VF0, "/sys/bus/pci/drivers/pciback/remove_slot"),
			 0);

	ok(w, "hide 01:10.0");
	driver_is(w, VF0, "pciback");
	override_is(w, VF0, "(null)");
	ok(w, "unhide 01:10.0");
	driver_is(w, VF0, "none");
	ok(w, "attach --hide web1 01:10.2");
	ok(w, "detach --to-host web1 01:10.2");
	driver_is(w, "0000:01:10.2", "none");
	/* Bound anew, because it is permissive from before. */
	ok(w, "hide 01:10.2");
	assert_int_equal(
		xlpt_host_write_text(h, "0000:01:10.2", "/sys/bus/pci/drivers/pciback/permissive"),
		0);
	ok(w, "-v attach web1 01:10.2");
	said(w, "bind 0000:01:10.2 to pciback anew");
	ok(w, "detach --to-host web1 01:10.2");
	ok(w, "pool define lan pf=01:00.0");
	if (world_run(w, "start %s", cfg))
		fail_msg("start: %s", w->err);
	said(w, VF0 " is attached to app1");
	/* Bound to its driver by hand before, it goes back to that. */
	assert_int_equal(xlpt_host_write_text(h, "igbvf\n", DEV("0000:01:10.4") "/driver_override"),
			 0);
	assert_int_equal(xlpt_host_write_text(h, "0000:01:10.4", "/sys/bus/pci/drivers/igbvf/bind"),
			 0);
	assert_int_equal(xlpt_host_write_text(h, "\n", DEV("0000:01:10.4") "/driver_override"), 0);
	ok(w, "hide 01:10.4");
	driver_is(w, "0000:01:10.4", "pciback");
	ok(w, "unhide 01:10.4");
	driver_is(w, "0000:01:10.4", "igbvf");
	override_is(w, "0000:01:10.4", "(null)");
}

/* An administrator's own stays, whatever fails, and repair puts it back. */
static void test_own_override(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	unsigned met = 0;

	assert_int_equal(
		xlpt_host_write_text(h, "vfio-pci\n", DEV("0000:02:00.0") "/driver_override"), 0);
	assert_int_equal(xlpt_host_write_text(h, "vfio-pci\n", DEV(VF0) "/driver_override"), 0);
	ok(w, "hide 01:10.0");
	driver_is(w, VF0, "pciback");
	override_is(w, VF0, "vfio-pci");
	ok(w, "unhide 01:10.0");
	override_is(w, VF0, "vfio-pci");
	for (unsigned n = 1; n < 50; n++) {
		_cleanup_free_ char *before = w->snapshot(w), *after = NULL;
		int status;

		fake_bus_fail_write(w->bus, n, EIO);
		status = world_run(w, "hide 01:10.0");
		fake_bus_fail_write(w->bus, 0, 0);
		if (status == 0)
			break;
		met++;
		after = w->snapshot(w);
		if (status != 1)
			fail_msg("write %u: exit %d: %s", n, status, w->err);
		assert_string_equal(before, after);
	}
	assert_true(met >= 4);
	ok(w, "unhide 01:10.0");

	/* Killed while the override was lent. */
	assert_int_equal(xlpt_host_write_text(h, "pciback\n", DEV(VF0) "/driver_override"), 0);
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop hide\ndevice " VF0 " hide none\nbegin bind " VF0 " to pciback\n"
		     "note override " VF0 " vfio-pci\n");
	ok(w, "repair");
	driver_is(w, VF0, "none");
	override_is(w, VF0, "vfio-pci");
}

/* ---- the module ---- */

static void no_pciback(struct world *w)
{
	fake_bus_rmmod(w->bus, "pciback");
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/drivers/pciback"));
}

static void test_module(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = 'app1'\nmemory=256\npci = [ 'pool:lan' ]\n");

	no_pciback(w);
	ok(w, "hide --dry-run 02:00.0");
	assert_true(xlpt_starts(w->out, "would load the module xen-pciback\n"));
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/drivers/pciback"));
	ok(w, "--json hide --dry-run 02:00.0");
	said(w, "load the module xen-pciback");
	ok(w, "hide 02:00.0");
	said(w, "loaded the module xen-pciback");
	driver_is(w, "0000:02:00.0", "pciback");
	ok(w, "hide 03:00.0");
	assert_null(strstr(w->err, "loaded the module"));
	ok(w, "unhide 02:00.0 03:00.0");

	no_pciback(w);
	ok(w, "attach --hide web1 01:10.0");
	said(w, "loaded the module xen-pciback");
	ok(w, "detach --to-host web1 01:10.0");

	no_pciback(w);
	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start --dry-run %s", cfg), 0);
	said(w, "would load the module xen-pciback");
	if (world_run(w, "start %s", cfg))
		fail_msg("start: %s", w->err);
	said(w, "loaded the module xen-pciback");
}

static void test_module_fails(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = 'app1'\nmemory=256\npci = [ 'pool:lan' ]\n");
	_cleanup_free_ char *start = xlpt_xasprintf("start %s", cfg);

	ok(w, "pool define lan pf=01:00.0");
	no_pciback(w);
	fake_bus_fail_module(w->bus, ENODEV);
	refused(w, 1, "hide 02:00.0", "the xen-pciback driver is not loaded");
	said(w, "No such device");
	said(w, "modprobe -v xen-pciback");
	refused(w, 1, "attach --hide web1 01:10.0", "the xen-pciback driver is not loaded");
	refused(w, 1, start, "the xen-pciback driver is not loaded");
}

/* ---- vf create --no-driver ---- */

static struct world *with_igbvf(struct world *w)
{
	fake_bus_driver(w->bus, "igbvf", "8086:10ca");
	ok(w, "vf remove 01:00.0");
	return w;
}

/* The first n: binding a driver leaves their interfaces up here. */
static void down(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		_cleanup_free_ char *bdf = xlpt_xasprintf("0000:01:10.%u", 2 * i),
				    *net = xlpt_xasprintf("enp1s0v%u", i);

		if (xlpt_streq(fake_bus_driver_of(w->bus, bdf), "igbvf"))
			pools_iface(w, bdf, net, false);
	}
}

#define UNIT "/etc/systemd/system/xlpt-vf-enp1s0.service"

static void test_no_driver(void **state)
{
	struct world *w = with_igbvf(*state);
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *text = NULL, *again = NULL;

	ok(w, "vf create enp1s0 2");
	driver_is(w, VF0, "igbvf");
	assert_true(xlpt_host_has(h, "/sys/class/net/enp1s0v0"));
	ok(w, "vf create --dry-run --no-driver enp1s0 4");
	said(w,
	     "would do not offer the virtual functions of 0000:01:00.0 to the drivers of this host");
	autoprobe_is(w, 1);
	ok(w, "vf create --no-driver --persist enp1s0 4");
	autoprobe_is(w, 0);
	driver_is(w, VF0, "none");
	assert_false(xlpt_host_has(h, "/sys/class/net/enp1s0v0"));
	assert_int_equal(xlpt_host_read_text(h, &text, UNIT), 0);
	assert_non_null(strstr(text, " vf create --no-driver enp1s0 4\n"));
	ok(w, "hide 01:10.0");
	ok(w, "unhide 01:10.0");
	ok(w, "--json vf create --no-driver enp1s0 4");
	said(w, "\"drivers_autoprobe\": false");
	said(w, "\"changed\": false");
	/* And the way back, without making them anew. */
	ok(w, "vf create --driver enp1s0 4");
	autoprobe_is(w, 1);
	driver_is(w, VF0, "igbvf");
	down(w, 4);
	ok(w, "vf create --no-driver enp1s0 4");
	driver_is(w, VF0, "none");
	ok(w, "vf create --driver --persist enp1s0 4");
	assert_int_equal(xlpt_host_read_text(h, &again, UNIT), 0);
	assert_non_null(strstr(again, " vf create --driver enp1s0 4\n"));
}

static void test_no_driver_refused(void **state)
{
	struct world *w = with_igbvf(*state);
	_cleanup_free_ char *dev = NULL, *file = NULL;
	unsigned writes;

	refused(w, 2, "vf create --driver --no-driver enp1s0 2", "one of --driver and --no-driver");
	refused(w, 2, "vf remove --no-driver enp1s0", "which belong to create");
	refused(w, 2, "vf list --driver", "which belong to create");
	ok(w, "vf create enp1s0 3");
	ok(w, "hide 01:10.0");
	pools_iface(w, "0000:01:10.2", "enp1s0v1", true);
	refused(w, 3, "vf create --no-driver enp1s0 3", "1 of the 3 virtual functions");
	said(w, "0000:01:10.2 is enp1s0v1, which is up");
	assert_null(strstr(w->err, "the kernel's rule"));
	pools_iface(w, "0000:01:10.2", "enp1s0v1", false);
	ok(w, "vf create --no-driver enp1s0 3");
	driver_is(w, VF0, "pciback");
	driver_is(w, "0000:01:10.2", "none");
	ok(w, "unhide 01:10.0");
	down(w, 3);
	ok(w, "vf remove enp1s0");
	/* A kernel without the switch. */
	dev = fake_bus_devpath(w->bus, "0000:01:00.0");
	file = xlpt_xasprintf("%s/sriov_drivers_autoprobe", dev);
	fake_bus_host(w->bus)->ops->unlink(fake_bus_host(w->bus), file);
	ok(w, "vf create enp1s0 2");
	writes = fake_bus_writes(w->bus);
	refused(w, 1, "vf create --no-driver enp1s0 3",
		"cannot keep drivers from the virtual functions");
	said(w, "came with Linux 4.12");
	assert_int_equal(fake_bus_writes(w->bus), writes);
}

/* Every write fails once: the number, the drivers and the switch are as they were. */
static bool try_one(const char *prepare, const char *command, unsigned nth)
{
	struct world *w = with_igbvf(pools_world());
	_cleanup_free_ char *before = NULL, *after = NULL;
	long long was = -1;
	int status;

	ok(w, prepare);
	before = w->snapshot(w);
	xlpt_host_read_long(fake_bus_host(w->bus), &was, AUTOPROBE);
	fake_bus_fail_write(w->bus, nth, EIO);
	status = world_run(w, "%s", command);
	fake_bus_fail_write(w->bus, 0, 0);
	if (status) {
		after = w->snapshot(w);
		assert_int_equal(status, 1);
		assert_string_equal(before, after);
		autoprobe_is(w, was);
		down(w, 3);
		ok(w, command);
	}
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0, n;

	(void)state;
	for (n = 1; try_one("vf create enp1s0 3", "vf create --no-driver enp1s0 3", n); n++)
		met++;
	for (n = 1; try_one("vf create enp1s0 3", "vf create --no-driver enp1s0 5", n); n++)
		met++;
	for (n = 1; try_one("vf create --no-driver enp1s0 3", "vf create --driver enp1s0 2", n);
	     n++)
		met++;
	assert_true(met > 8);
}

/* ---- who takes interfaces up ---- */

static void number(struct world *w, const char *bdf, const char *ifname, const char *n)
{
	_cleanup_free_ char *dev = fake_bus_devpath(w->bus, bdf),
			    *path = xlpt_xasprintf("%s/net/%s/ifindex", dev, ifname);

	fake_bus_put(w->bus, path, n);
}

static void test_network_manager(void **state)
{
	struct world *w = with_igbvf(*state);

	ok(w, "vf create enp1s0 1");
	assert_string_equal(w->err, "");
	fake_bus_put(w->bus, "/sys/fs/cgroup/system.slice/NetworkManager.service/cgroup.procs",
		     "7\n");
	ok(w, "vf create enp1s0 2");
	said(w, "NetworkManager runs on this host");
	said(w, "to mend: for i in /sys/bus/pci/devices/0000:01:00.0/virtfn*/net/*; do i=${i##*/}; "
		"nmcli device set $i managed no; ip link set $i down; done; "
		"xlpt vf create --no-driver enp1s0 2\n");
	said(w, "or, for good: xlpt vf persist --apply enp1s0\n");
	ok(w, "vf create --persist 01:00.0 2");
	said(w, "done; xlpt vf create --no-driver --persist 0000:01:00.0 2\n");
	ok(w, "vf create --no-driver enp1s0 2");
	assert_null(strstr(w->err, "NetworkManager"));
	ok(w, "vf remove enp1s0");
	ok(w, "vf create --driver enp1s0 2");

	/* It has taken both: the default route is there now. */
	number(w, VF0, "enp1s0v0", "9\n");
	number(w, "0000:01:10.2", "enp1s0v1", "10\n");
	pools_iface(w, VF0, "enp1s0v0", true);
	pools_iface(w, "0000:01:10.2", "enp1s0v1", true);
	fake_bus_put(w->bus, "/run/NetworkManager/devices/9",
		     "[device]\nmanaged=true\nconnection-uuid=1\n");
	fake_bus_put(w->bus, "/run/NetworkManager/devices/10", "[device]\nmanaged=true\n");
	fake_bus_put(w->bus, "/proc/net/route",
		     "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
		     "enp1s0v0\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	refused(w, 3, "vf remove enp1s0", VF0 " is enp1s0v0, which this host needs: ");
	said(w, "it is managed by NetworkManager");
	said(w, "0000:01:10.2 is enp1s0v1, which is up and managed by NetworkManager");
	said(w,
	     "give this host another way out than enp1s0v0, then: nmcli device set enp1s0v0 managed no; "
	     "ip link set enp1s0v0 down; nmcli device set enp1s0v1 managed no; ip link set enp1s0v1 down");
	assert_null(strstr(w->err, "move that away"));
}

static void test_networkd(void **state)
{
	struct world *w = with_igbvf(*state);

	fake_bus_put(w->bus, "/run/systemd/netif/links/9", "ADMIN_STATE=configured\n");
	fake_bus_put(w->bus, "/run/systemd/netif/links/10", "ADMIN_STATE=unmanaged\n");
	ok(w, "vf create enp1s0 2");
	said(w, "systemd-networkd runs on this host");
	said(w, "or, for good: xlpt vf persist --apply enp1s0\n");
	number(w, VF0, "enp1s0v0", "9\n");
	number(w, "0000:01:10.2", "enp1s0v1", "10\n");
	pools_iface(w, VF0, "enp1s0v0", true);
	pools_iface(w, "0000:01:10.2", "enp1s0v1", true);
	refused(w, 3, "vf remove enp1s0",
		VF0 " is enp1s0v0, which is up and managed by systemd-networkd; "
		    "0000:01:10.2 is enp1s0v1, which is up\n");
	said(w, "to mend: ip link set enp1s0v0 down; ip link set enp1s0v1 down\n");
}

#define pools_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		pools_test(test_autoprobe_off), pools_test(test_own_override), pools_test(test_module),
		pools_test(test_module_fails), pools_test(test_no_driver),
		pools_test(test_no_driver_refused), cmocka_unit_test(test_every_failure),
		pools_test(test_network_manager), pools_test(test_networkd),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
