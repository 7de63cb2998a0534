/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "pciback/device/bind.h"
#include "tests/fake/bus.h"

#define NIC	  "0000:02:00.0"
#define VF	  "0000:02:10.0"
#define DEV(name) "/sys/bus/pci/devices/" name
#define PCIBACK	  "/sys/bus/pci/drivers/pciback"

static const struct xlpt_bdf nic = { .bus = 2 }, vf = { .bus = 2, .dev = 0x10 },
			     nobody = { .bus = 9 };

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();

	*state = bus;
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_driver(bus, "igbvf", "8086:10ca");
	fake_bus_driver(bus, "vfio-pci", NULL);
	fake_bus_add(
		bus, "0000:00:01.0",
		&(struct fake_dev){ .vendor = 0x8086, .device = 0x3408, .class_code = 0x060400 });
	fake_bus_add(bus, NIC,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .parent = "0000:00:01.0",
					 .vfs = 7,
					 .net = "eth0" });
	fake_bus_add(bus, VF,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .driver = "igbvf",
					 .parent = "0000:00:01.0",
					 .pf = NIC });
	return 0;
}

static int teardown(void **state)
{
	fake_bus_free(*state);
	return 0;
}

/* A failure as the contract wants it: code, message, fact and hint. */
static void assert_diag(struct xlpt_diag *diag, int rc, int code, int err, const char *message,
			const char *fact, const char *hint)
{
	assert_int_equal(rc, code);
	assert_int_equal(diag->code, code);
	assert_int_equal(diag->sys_errno, err);
	assert_non_null(diag->message);
	if (!strstr(diag->message, message))
		assert_string_equal(diag->message, message);
	assert_non_null(diag->fact);
	if (!strstr(diag->fact, fact))
		assert_string_equal(diag->fact, fact);
	assert_non_null(diag->hint);
	if (!strstr(diag->hint, hint))
		assert_string_equal(diag->hint, hint);
	xlpt_diag_dispose(diag);
}

static void assert_driver(struct fake_bus *bus, struct xlpt_bdf bdf, const char *want)
{
	_cleanup_free_ char *driver = NULL;

	assert_int_equal(xlpt_bind_driver(fake_bus_host(bus), bdf, &driver, NULL), 0);
	if (want)
		assert_string_equal(driver, want);
	else
		assert_null(driver);
}

/* The whole way there and back; the tree ends as it began. */
static void test_round_trip(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_free_ char *before = fake_bus_snapshot(bus), *after = NULL, *driver = NULL;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool listed;

	assert_int_equal(xlpt_bind_unbind(h, nic, &diag), 0);
	assert_driver(bus, nic, NULL);
	assert_false(xlpt_host_has(h, "/sys/class/net/eth0"));
	assert_int_equal(xlpt_pciback_slot_add(h, nic, &diag), 0);
	assert_int_equal(xlpt_pciback_slot_listed(h, nic, &listed, &diag), 0);
	assert_true(listed);
	assert_int_equal(xlpt_bind_to(h, nic, "pciback", &diag), 0);
	assert_driver(bus, nic, "pciback");

	assert_int_equal(xlpt_bind_unbind(h, nic, &diag), 0);
	assert_int_equal(xlpt_pciback_slot_remove(h, nic, &diag), 0);
	assert_int_equal(xlpt_bind_probe(h, nic, &driver, &diag), 0);
	assert_string_equal(driver, "igb");
	assert_true(xlpt_host_has(h, "/sys/class/net/eth0"));
	assert_int_equal(diag.code, 0);
	after = fake_bus_snapshot(bus);
	assert_string_equal(before, after);
	assert_int_equal(fake_bus_writes(bus), 6);
}

static void test_nothing_to_do(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_int_equal(xlpt_bind_to(h, nic, "igb", NULL), 0);
	assert_int_equal(xlpt_bind_override(h, nic, NULL, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_remove(h, nic, NULL), 0);
	assert_int_equal(fake_bus_writes(bus), 0);
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_add(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_add(h, nic, NULL), 0);
	assert_int_equal(fake_bus_writes(bus), 2);
	/* The bridge has no driver anywhere: probing finds none, and that is no error. */
	char *driver = (char *)"";
	assert_int_equal(xlpt_bind_probe(h, (struct xlpt_bdf){ .dev = 1 }, &driver, NULL), 0);
	assert_null(driver);
}

static void test_bind_refused(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc;

	rc = xlpt_bind_to(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EBUSY, "cannot bind " NIC " to pciback",
		    "/driver is igb", "echo " NIC " > /sys/bus/pci/drivers/igb/unbind");
	assert_int_equal(fake_bus_writes(bus), 0);

	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	rc = xlpt_bind_to(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, ENODEV,
		    "cannot bind " NIC " to pciback: No such device", "/slots does not list it",
		    "echo " NIC " > " PCIBACK "/new_slot");
	rc = xlpt_bind_to(h, nic, "igbvf", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, ENODEV, "cannot bind " NIC " to igbvf",
		    "does not know this device", "drivers_probe");
	rc = xlpt_bind_to(h, nic, "e1000e", &diag);
	assert_diag(&diag, rc, XLPT_ERR_NOT_FOUND, 0, "no such driver", "/drivers/e1000e",
		    "modprobe");
	rc = xlpt_bind_to(h, nobody, "igb", &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_DEVICE, 0, "no PCI device 0000:09:00.0", DEV("0000:09"),
		    "xlpt list");

	assert_int_equal(xlpt_bind_override(h, nic, "vfio-pci", NULL), 0);
	rc = xlpt_bind_to(h, nic, "igb", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, ENODEV, "cannot bind", "allows only vfio-pci",
		    "echo > " DEV(NIC) "/driver_override");
	assert_int_equal(xlpt_bind_override(h, nic, NULL, NULL), 0);

	fake_bus_fail_probe(bus, "igb", EIO);
	rc = xlpt_bind_to(h, nic, "igb", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EIO, "cannot bind " NIC " to igb: Input/output error",
		    "/igb/bind", "dmesg | grep " NIC);
	assert_driver(bus, nic, NULL);
}

static void test_override(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *text = NULL;
	bool listed;
	int rc;

	/* With an override pciback takes a function that is not listed, and lists it. */
	assert_int_equal(xlpt_bind_override(h, nic, "pciback", &diag), 0);
	assert_int_equal(xlpt_bind_unbind(h, nic, &diag), 0);
	assert_int_equal(xlpt_bind_to(h, nic, "pciback", &diag), 0);
	assert_int_equal(xlpt_pciback_slot_listed(h, nic, &listed, &diag), 0);
	assert_true(listed);
	assert_int_equal(xlpt_bind_override(h, nic, NULL, &diag), 0);
	assert_int_equal(xlpt_host_read_text(h, &text, DEV(NIC) "/driver_override"), 0);
	assert_string_equal(text, "(null)");

	rc = xlpt_bind_override(h, nobody, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_DEVICE, 0, "no PCI device", "0000:09:00.0", "xlpt list");
	fake_bus_fail_write(bus, 1, EPERM);
	rc = xlpt_bind_override(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EPERM, "driver override of " NIC, "is no driver",
		    "echo pciback > " DEV(NIC) "/driver_override");

	fake_bus_no_override(bus);
	assert_int_equal(xlpt_bind_override(h, nic, NULL, &diag), 0);
	rc = xlpt_bind_override(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, ENOENT, "driver override", "3.16", "/new_slot");
}

/* Says yes and does nothing, as some drivers and old kernels do. */
static int lie(struct fake_bus *bus, const char *path, const char *text, void *arg)
{
	(void)bus, (void)path, (void)text, (void)arg;
	return 1;
}

static void test_lies_are_noticed(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc;

	fake_bus_on_write(bus, lie, NULL);
	rc = xlpt_bind_unbind(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, 0, "cannot unbind " NIC " from igb", "bound to igb",
		    NIC);
	rc = xlpt_bind_override(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EIO, "override", "is no driver", "echo pciback");
	rc = xlpt_pciback_slot_add(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, 0, "add to pciback's slots", "does not agree",
		    "new_slot");
	fake_bus_on_write(bus, NULL, NULL);
	assert_int_equal(xlpt_bind_unbind(h, nic, &diag), 0);
	assert_int_equal(xlpt_pciback_slot_add(h, nic, &diag), 0);
	fake_bus_on_write(bus, lie, NULL);
	rc = xlpt_bind_to(h, nic, "igb", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, 0, "cannot bind " NIC " to igb", "has no driver",
		    "dmesg");
	rc = xlpt_pciback_slot_remove(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, 0, "remove from", "does not agree", "remove_slot");
}

/* Each write fails once, with the caller's state unchanged and the errno in the diagnosis. */
static void test_failing_writes(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *before = fake_bus_snapshot(bus), *after = NULL;
	char *driver;
	int rc;

	fake_bus_fail_write(bus, 1, EIO);
	rc = xlpt_bind_unbind(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EIO, "cannot unbind", "bound to igb", "dmesg");
	fake_bus_fail_write(bus, 1, ENOMEM);
	rc = xlpt_pciback_slot_add(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, ENOMEM, "add to", "is as before", "new_slot");
	after = fake_bus_snapshot(bus);
	assert_string_equal(before, after);
	assert_int_equal(xlpt_pciback_slot_add(h, nic, NULL), 0);
	fake_bus_fail_write(bus, 1, EIO);
	rc = xlpt_pciback_slot_remove(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EIO, "remove from", "is as before", "remove_slot");
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	fake_bus_fail_write(bus, 1, EIO);
	rc = xlpt_bind_probe(h, nic, &driver, &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, EIO, "look for a driver", "drivers_probe", "dmesg");
	assert_null(driver);
	rc = xlpt_bind_probe(h, nobody, &driver, &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_DEVICE, 0, "no PCI device", "0000:09:00.0", "xlpt");
}

/* Somebody else is faster: the errno says no, the link says done. */
static int race(struct fake_bus *bus, const char *path, const char *text, void *arg)
{
	(void)path, (void)text;
	fake_bus_on_write(bus, NULL, NULL);
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), NIC, "%s", (const char *)arg), 0);
	return 0;
}

static void test_races(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	fake_bus_on_write(bus, race, (void *)"/sys/bus/pci/drivers/igb/unbind");
	assert_int_equal(xlpt_bind_unbind(h, nic, &diag), 0);
	assert_non_null(strstr(fake_bus_log(bus), "= -ENODEV"));
	fake_bus_on_write(bus, race, (void *)"/sys/bus/pci/drivers_probe");
	assert_int_equal(xlpt_bind_to(h, nic, "igb", &diag), 0);
	assert_non_null(strstr(fake_bus_log(bus), "= -EBUSY"));
	assert_int_equal(diag.code, 0);
}

static void test_no_pciback(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool yes;
	int rc;

	assert_int_equal(xlpt_pciback_present(h, &diag), 0);
	fake_bus_rmmod(bus, "pciback");
	rc = xlpt_pciback_present(h, &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_PCIBACK, 0, "not loaded", PCIBACK,
		    "modprobe xen-pciback");
	rc = xlpt_pciback_slot_add(h, nic, &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_PCIBACK, 0, "not loaded", PCIBACK,
		    "modprobe xen-pciback");
	rc = xlpt_pciback_permissive(h, nic, &yes, &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_PCIBACK, 0, "not loaded", PCIBACK,
		    "modprobe xen-pciback");
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	rc = xlpt_bind_to(h, nic, "pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_NO_PCIBACK, 0, "cannot bind " NIC " to pciback", PCIBACK,
		    "modprobe xen-pciback");
}

static void test_permissive(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	bool on = true;

	assert_int_equal(xlpt_pciback_permissive(h, nic, &on, NULL), 0);
	assert_false(on);
	assert_int_equal(xlpt_host_write_text(h, NIC, PCIBACK "/permissive"), -ENODEV);
	assert_int_equal(xlpt_bind_override(h, nic, "pciback", NULL), 0);
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_bind_to(h, nic, "pciback", NULL), 0);
	assert_int_equal(xlpt_host_write_text(h, NIC, PCIBACK "/permissive"), 0);
	assert_int_equal(xlpt_pciback_permissive(h, nic, &on, NULL), 0);
	assert_true(on);
	assert_int_equal(xlpt_pciback_permissive(h, vf, &on, NULL), 0);
	assert_false(on);
	/* It lives in the driver's data and ends with the binding. */
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_permissive(h, nic, &on, NULL), 0);
	assert_false(on);
}

/* More slots than a page shows: neither adding nor removing may be led astray by the cut. */
static void test_slots_page(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_free_ char *before = NULL, *after = NULL;
	bool listed;

	for (unsigned nr = 0x20; nr < 0x22; nr++) /* 512 functions */
		assert_int_equal(xlpt_host_write_text(h, nr & 1 ? "0000:21:*.*" : "20:*.*",
						      PCIBACK "/new_slot"),
				 0);
	before = fake_bus_snapshot(bus);
	assert_int_equal(xlpt_pciback_slot_remove(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_add(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_listed(h, nic, &listed, NULL), 0);
	assert_false(listed);
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_bind_to(h, nic, "pciback", NULL), 0);
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_int_equal(xlpt_pciback_slot_remove(h, nic, NULL), 0);
	assert_int_equal(xlpt_bind_to(h, nic, "igb", NULL), 0);
	after = fake_bus_snapshot(bus);
	assert_string_equal(before, after);
	/* The 315th line fits, the 316th does not. */
	assert_int_equal(
		xlpt_pciback_slot_listed(h, (struct xlpt_bdf){ .bus = 0x21, .dev = 7, .func = 2 },
					 &listed, NULL),
		0);
	assert_true(listed);
	assert_int_equal(
		xlpt_pciback_slot_listed(h, (struct xlpt_bdf){ .bus = 0x21, .dev = 7, .func = 3 },
					 &listed, NULL),
		0);
	assert_false(listed);
}

static void test_load_module(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_host live;
	int rc;

	rc = xlpt_bind_load_module(fake_bus_host(*state), "xen-pciback", &diag);
	assert_diag(&diag, rc, XLPT_ERR_IO, 0, "cannot load the kernel module for xen-pciback",
		    "is not the running system", "--sysroot");
	assert_int_equal(xlpt_host_open(&live, "/"), 0);
	rc = xlpt_bind_load_module(&live, "pci:v0000DEADd0000BEEFxlpt", &diag);
	assert_diag(&diag, rc, XLPT_ERR_NOT_FOUND, 0, "no kernel module for pci:v0000DEAD",
		    "claims it", "modprobe -n -v");
	xlpt_host_close(&live);
}

/* What the fake itself promises, beyond what the steps above rely on. */
static void test_fake_kernel(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	_cleanup_free_ char *snap = NULL;

	assert_int_equal(xlpt_host_write_text(h, "nonsense", PCIBACK "/new_slot"), -EINVAL);
	assert_int_equal(xlpt_host_write_text(h, "0000:02:20.0", PCIBACK "/new_slot"), -EINVAL);
	assert_int_equal(xlpt_host_write_text(h, NIC, PCIBACK "/remove_slot"), -ENOENT);
	assert_int_equal(xlpt_host_write_text(h, VF, DEV(NIC) "/driver/unbind"), -ENODEV);
	assert_int_equal(xlpt_host_write_text(h, NIC "\n", DEV(NIC) "/driver/bind"), -EBUSY);
	assert_int_equal(xlpt_host_write_text(h, "02:00.0", DEV(NIC) "/driver/unbind"), -ENODEV);
	assert_int_equal(xlpt_host_write_text(h, "2", DEV(NIC) "/reset"), -EINVAL);
	assert_int_equal(xlpt_host_write_text(h, "1", DEV(NIC) "/reset"), 0);
	assert_int_equal(fake_bus_resets(bus, NIC), 1);
	assert_int_equal(xlpt_host_write_text(h, "1", "/sys/nowhere"), -ENOENT);
	/* Clearing with no bytes does nothing, as in sysfs. */
	assert_int_equal(xlpt_host_write_text(h, "x", DEV(VF) "/driver_override"), 0);
	assert_int_equal(xlpt_host_write_text(h, "", DEV(VF) "/driver_override"), 0);
	snap = fake_bus_snapshot(bus);
	assert_non_null(strstr(snap, VF " driver=igbvf override=x"));
	assert_int_equal(xlpt_host_write_text(h, "\n", DEV(VF) "/driver_override"), 0);

	/* Listing the bridge lets pciback take what is behind it. */
	assert_int_equal(xlpt_host_write_text(h, "00:01.0", PCIBACK "/new_slot"), 0);
	assert_int_equal(xlpt_bind_unbind(h, vf, NULL), 0);
	assert_int_equal(xlpt_host_write_text(h, VF, PCIBACK "/bind"), 0);
	assert_string_equal(fake_bus_driver_of(bus, VF), "pciback");
	/* The PF's driver goes, and pciback lets go of the idle VF. */
	assert_int_equal(xlpt_bind_unbind(h, nic, NULL), 0);
	assert_null(fake_bus_driver_of(bus, VF));
	/* Loading a driver offers it what is unbound. */
	fake_bus_driver(bus, "igb2", "8086:*");
	assert_string_equal(fake_bus_driver_of(bus, NIC), "igb2");
	fake_bus_remove(bus, "0000:00:01.0");
	assert_false(xlpt_host_has(h, DEV(NIC)));
	assert_false(xlpt_host_has(h, "/sys/bus/pci/drivers/igb2/" NIC));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_round_trip), T(test_nothing_to_do),    T(test_bind_refused),
		T(test_override),   T(test_lies_are_noticed), T(test_failing_writes),
		T(test_races),	    T(test_no_pciback),	      T(test_permissive),
		T(test_slots_page), T(test_load_module),      T(test_fake_kernel),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
