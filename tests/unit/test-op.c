/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hide, unhide, attach and detach on a fake host: what they do, and what they refuse. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/kept/ledger.h"
#include "xl-plugin/hotplug/operation.h"

static const char *driver(struct world *w, const char *bdf)
{
	const char *d = fake_bus_driver_of(w->bus, bdf);

	return d ? d : "none";
}

static void test_hide_unhide(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	ok(w, "hide 0000:02:00.0 01:10.0");
	assert_string_equal(driver(w, "0000:02:00.0"), "pciback");
	assert_int_equal(fake_ts_owner(w->ts, B("0000:02:00.0")), -2);
	assert_string_equal(fake_store_peek(w->store, "/libxl/pci/0000-02-00-0/driver_path"),
			    "/sys/bus/pci/drivers/e1000e");
	/* Again: nothing to do. */
	ok(w, "hide 0000:02:00.0");
	assert_non_null(strstr(w->out, "already"));
	ok(w, "unhide 02:00.0 01:10.0");
	assert_string_equal(driver(w, "0000:02:00.0"), "e1000e");
	assert_string_equal(driver(w, "0000:01:10.0"), "none");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_unhide_boot_hidden(void **state)
{
	struct world *w = *state;

	ok(w, "unhide 05:00.0");
	assert_string_equal(driver(w, "0000:05:00.0"), "e1000e");
}

/* What xl pci-assignable-add leaves is understood, and the other way round. */
static void test_xl_hid_it(void **state)
{
	struct world *w = *state;

	ok(w, "hide 03:00.0");
	fake_store_set(w->store, NULL, "/libxl/pci/0000-03-00-0/xlpt-driver");
	ok(w, "unhide 03:00.0");
	assert_string_equal(driver(w, "0000:03:00.0"), "nvme");
}

static void test_attach_detach_pv(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "hide 02:00.0 03:00.0");
	before = world_snapshot(w);
	ok(w, "attach web1 02:00.0,permissive=0 03:00.0");
	assert_non_null(
		strstr(w->out, "0000:02:00.0 is attached to web1 (domain 3) as 0000:00:00.0"));
	assert_non_null(
		strstr(w->out, "0000:03:00.0 is attached to web1 (domain 3) as 0000:00:01.0"));
	assert_true(fake_pcifront_has(w->web1, B("00:00.0")));
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), 3);
	ok(w, "status web1");
	assert_non_null(strstr(w->out, "connected"));
	refused(w, 1, "attach web1 02:00.0", "already with web1");
	refused(w, 1, "attach db1 02:00.0", "in use by web1");
	refused(w, 1, "unhide 02:00.0", "in use by web1");
	refused(w, 1, "hide 02:00.0", "in use by web1");
	refused(w, 1, "detach db1 02:00.0", "does not have");
	ok(w, "detach web1 02:00.0 03:00.0");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_cycles(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 50; i++) {
		ok(w, "attach web1 05:00.0");
		ok(w, "detach web1 05:00.0");
	}
}

static void test_attach_hide_and_to_host(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	refused(w, 1, "attach web1 02:00.0", "not hidden");
	ok(w, "attach web1 --hide 02:00.0 04:00.*");
	assert_int_equal(fake_ts_owner(w->ts, B("04:00.1")), 3);
	ok(w, "detach web1 --to-host 02:00.0 04:00.0 04:00.1");
	assert_string_equal(driver(w, "0000:04:00.1"), "e1000e");
	after = world_snapshot(w);
	assert_string_equal(before, after);
	ok(w, "attach web1 02:00.0,seize=1");
	/* Of the slot, what the guest has; nothing of it is an error. */
	ok(w, "hide 04:00.0");
	ok(w, "attach --hide web1 04:00.1");
	ok(w, "detach web1 04:00.*");
	assert_non_null(strstr(w->out, "0000:04:00.1 is detached"));
	assert_null(strstr(w->out, "0000:04:00.0"));
	refused(w, 1, "detach web1 04:00.*", "does not have 0000:04:00.0");
}

/* The two functions of 04:00 have no ACS between them: one isolation set. */
static void test_isolation(void **state)
{
	struct world *w = *state;

	refused(w, 3, "attach web1 --hide 04:00.1",
		"cannot go to web1 while dom0 uses 0000:04:00.0");
	ok(w, "attach web1 --hide 04:00.*");
	refused(w, 1, "attach db1 04:00.0", "in use by web1");
	refused(w, 1, "unhide 04:00.0", "in use by web1");
	refused(w, 3, "detach web1 --to-host 04:00.0",
		"0000:04:00.0 cannot go back to dom0 while 0000:04:00.1 is with web1");
	ok(w, "detach web1 04:00.0");
	refused(w, 3, "attach db1 04:00.0", "cannot go to db1 while 0000:04:00.1 is with web1");
	refused(w, 3, "unhide 04:00.0", "cannot go back to dom0 while 0000:04:00.1 is with web1");
	refused(w, 2, "unhide 04:00.0 --allow-split 02:00.0", "not among the devices");
	ok(w, "unhide 04:00.0 --allow-split 04:00.0");
	assert_string_equal(driver(w, "0000:04:00.0"), "e1000e");
	/* With dom0 already: nothing is to be done, and nothing to be refused. */
	ok(w, "unhide 04:00.0");
	ok(w, "detach web1 --to-host 04:00.1");
}

static void test_hvm(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *left = NULL;

	ok(w, "attach win1 05:00.0");
	assert_non_null(strstr(w->out, "as 0000:00:05.0"));
	fake_ts_deaf(w->ts, 5, true);
	assert_int_equal(world_run(w, "detach win1 05:00.0"), 5);
	assert_non_null(strstr(w->err, "did not answer"));
	fake_ts_deaf(w->ts, 5, false);
	ok(w, "detach win1 05:00.0");
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	/* What 4.17 leaves behind then. */
	left = fake_ts_snapshot(w->ts);
	assert_null(strstr(left, "granted"));
}

/* Every function is function 0 of a slot of its own, as xl does it; slot 0 is the host bridge's. */
static void test_hvm_functions(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "hide 04:00.0 04:00.1 01:10.0");
	before = world_snapshot(w);
	ok(w, "attach win1 04:00.1");
	assert_non_null(
		strstr(w->out, "0000:04:00.1 is attached to win1 (domain 5) as 0000:00:05.0"));
	ok(w, "detach win1 04:00.1");
	ok(w, "attach win1 04:00.*");
	assert_non_null(
		strstr(w->out, "0000:04:00.0 is attached to win1 (domain 5) as 0000:00:05.0"));
	assert_non_null(
		strstr(w->out, "0000:04:00.1 is attached to win1 (domain 5) as 0000:00:06.0"));
	ok(w, "detach win1 04:00.*");
	/* The slot that is asked for is the first function's; QEMU takes no second one into it. */
	ok(w, "attach win1 04:00.*@9 01:10.0@a");
	assert_non_null(
		strstr(w->out, "0000:04:00.0 is attached to win1 (domain 5) as 0000:00:09.0"));
	assert_non_null(
		strstr(w->out, "0000:04:00.1 is attached to win1 (domain 5) as 0000:00:05.0"));
	assert_non_null(
		strstr(w->out, "0000:01:10.0 is attached to win1 (domain 5) as 0000:00:0a.0"));
	ok(w, "detach win1 04:00.* 01:10.0");
	after = world_snapshot(w);
	assert_string_equal(before, after);
	ok(w, "attach win1 04:00.0@9");
	answers(w, 1, "attach win1 05:00.0@9", "slot 9 function 0 not available");
	assert_int_not_equal(fake_ts_owner(w->ts, B("05:00.0")), 5);
	ok(w, "attach win1 04:00.1@0");
	assert_non_null(strstr(w->err, "0000:04:00.1 asked for slot 0 of win1 and got slot 5"));
}

/* The functions of a slot often share an interrupt line; one that leaves must not take it along. */
static void test_hvm_line(void **state)
{
	struct world *w = *state;

	for (unsigned f = 0; f < 3; f++) {
		_cleanup_free_ char *bdf = xlpt_xasprintf("0000:08:00.%u", f);

		fake_bus_add(w->bus, bdf,
			     &(struct fake_dev){ .vendor = 0x8086,
						 .device = 0x10d3,
						 .class_code = 0x020000,
						 .driver = "e1000e",
						 .parent = "0000:00:01.0",
						 .multifunction = true,
						 .irq = 23 });
	}
	ok(w, "attach win1 --hide 08:00.*");
	for (int round = 0; round < 3; round++) {
		ok(w, "detach win1 08:00.1");
		ok(w, "attach win1 08:00.1");
		ok(w, "detach win1 08:00.*");
		ok(w, "attach win1 08:00.*");
	}
	/* An add that fails takes back its own device only. */
	ok(w, "detach win1 08:00.2");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_NODES);
	answers(w, 1, "attach win1 08:00.2", "libxl ERROR_FAIL");
	ok(w, "attach win1 08:00.2");
	/* A guest that does not answer keeps what it has. */
	fake_ts_deaf(w->ts, 5, true);
	answers(w, 5, "detach win1 08:00.0", "did not answer");
	fake_ts_deaf(w->ts, 5, false);
	ok(w, "detach win1 08:00.*");
	ok(w, "attach win1 08:00.*");
}

static void test_preconditions(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g;

	refused(w, 1, "attach web1 0a:00.0", "0000:0a:00.0");
	refused(w, 1, "attach web1 00:01.0", "bridge");
	refused(w, 1, "attach nobody 05:00.0", "no running guest");
	refused(w, 1, "attach pvh1 05:00.0", "PVH");
	refused(w, 3, "attach web1 --hide 00:1f.2", "this host needs");
	refused(w, 3, "hide 00:1f.2", "this host needs");
	refused(w, 2, "attach web1 01:00", "expected '.'");
	refused(w, 2, "attach 05:00.0 05:00.0", "the guest comes first");
	refused(w, 1, "attach web1 pin:nic0", "no pin is called \"nic0\"");
	refused(w, 1, "attach web1 pool:lan", "no pool is called \"lan\"");
	refused(w, 2, "detach web1 pool:lan", "a pool does not say which device");
	refused(w, 2, "detach web1 01:10.0,vlan=42", "takes no slot and no options");
	g = fake_ts_guest(w->ts, 7, "old1", XLPT_GUEST_PV);
	g->passthrough = XLPT_OFF;
	refused(w, 1, "attach old1 05:00.0", "passthrough=\"enabled\"");
	g = fake_ts_guest(w->ts, 8, "old2", XLPT_GUEST_PV);
	g->e820_host = XLPT_OFF;
	refused(w, 1, "attach old2 05:00.0", "e820_host=1");
	g = fake_ts_guest(w->ts, 10, "stub1", XLPT_GUEST_HVM);
	g->has_stubdom = true;
	refused(w, 1, "attach stub1 05:00.0", "domain of its own");
	refused(w, 1, "attach web1 05:00.0@5", "leave the slot out");
	/* Its driver would take 01:10.0 along. */
	refused(w, 3, "attach --force-host-device 01:00.0 --hide web1 01:00.0",
		"1 virtual function");
	refused(w, 3, "hide --force-host-device 01:00.0 01:00.0", "sriov_numvfs is 1");
	fake_ts_iommu(w->ts, false);
	refused(w, 1, "attach web1 05:00.0", "IOMMU");
	fake_ts_iommu(w->ts, true);
	ok(w, "--dry-run attach web1 05:00.0");
	assert_non_null(strstr(w->out, "would add 0000:05:00.0 to web1"));
}

static void test_paused_guest(void **state)
{
	struct world *w = *state;
	struct xlpt_guest *g = fake_ts_guest(w->ts, 9, "sleepy", XLPT_GUEST_PV);

	g->paused = true;
	refused(w, 1, "attach sleepy 05:00.0", "xl unpause");
}

/* The frontend's module is not loaded: nobody answers, and everything is taken back. */
static void test_deaf_frontend(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	world_frontend(w, &(struct fake_pcifront_opts){ .absent = true });
	/* The hypervisor's default: what was with a guest stays in quarantine. */
	ok(w, "hide 02:00.0");
	before = world_snapshot(w);
	assert_int_equal(world_run(w, "attach --timeout 5 web1 02:00.0"), 1);
	assert_non_null(strstr(w->err, "did not connect to"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* A detach right after an attach by another tool waits until the frontend has connected. */
static void test_slow_frontend(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 3000 });
	ok(w, "hide 02:00.0");
	{
		struct xlpt_spec spec;

		assert_int_equal(xlpt_spec_parse("02:00.0", &spec, NULL), 0);
		assert_int_equal(
			fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 3, &spec, NULL), 0);
		xlpt_spec_dispose(&spec);
	}
	ok(w, "detach web1 02:00.0");
	ok(w, "attach web1 02:00.0");
	ok(w, "detach web1 02:00.0");
}

/* A captured tree is read like a host: the same list, without Xen. */
static void test_sysroot(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *want = NULL, *out = NULL, *err = NULL;
	size_t out_len, err_len;
	struct xlpt_env env = { .clock = &w->clock.clock, .pci_ids = "tests/data/pci.ids" };
	char *argv[] = { (char[]){ "xlpt" }, (char[]){ "--sysroot" }, fake_bus_host(w->bus)->root,
			 (char[]){ "list" }, NULL };

	ok(w, "list");
	want = xlpt_xstrdup(w->out);
	env.out = open_memstream(&out, &out_len);
	env.err = open_memstream(&err, &err_len);
	assert_int_equal(xlpt_run(4, argv, &env), 0);
	fclose(env.out);
	fclose(env.err);
	assert_string_equal(out, want);
	assert_non_null(strstr(out, "0000:05:00.0 pciback hidden"));
}

/*
 * The guest's driver takes longer than we wait: the device is not torn out of its
 * probe, which would wedge the guest, but left for repair, which goes on taking
 * it back: the attach was said to have failed.
 */
static void test_slow_probe(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .scan_ms = 3000 });
	assert_int_equal(world_run(w, "attach --timeout 1 web1 05:00.0"), 5);
	assert_non_null(strstr(w->err, "does not let go"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), 3);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "taken back"));
	assert_int_equal(fake_ts_owner(w->ts, B("05:00.0")), -2);
	ok(w, "attach web1 05:00.0");
}

/* Hidden by a command that was killed, then given to a guest by xl: it is left with the guest. */
static void test_hidden_then_taken(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 02:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop hide\n"
		     "device 0000:02:00.0 hide e1000e\nbegin move 0000:02:00.0\n");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "left there"));
	assert_string_equal(driver(w, "0000:02:00.0"), "pciback");
	ok(w, "detach --to-host web1 02:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_hide_unhide),	world_test(test_unhide_boot_hidden),
		world_test(test_xl_hid_it),	world_test(test_attach_detach_pv),
		world_test(test_cycles),	world_test(test_attach_hide_and_to_host),
		world_test(test_isolation),	world_test(test_hvm),
		world_test(test_hvm_functions), world_test(test_hvm_line),
		world_test(test_preconditions), world_test(test_paused_guest),
		world_test(test_deaf_frontend), world_test(test_slow_frontend),
		world_test(test_slow_probe),	world_test(test_hidden_then_taken),
		world_test(test_sysroot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
