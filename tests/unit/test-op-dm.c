/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an HVM guest's device model says in its log of a device that libxl calls attached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

#define LOG  "/var/log/xen/qemu-dm-win1.log"
#define BIND "[00:05.0] xen_pt_realize: Error: Binding of interrupt 0 failed! (err: 13)\n"
#define MAP  "[00:05.0] xen_pt_region_update: Error: create new mem mapping failed! (err: 13)\n"

static void old_log(struct world *w)
{
	fake_bus_put(w->bus, LOG, "char device redirected to /dev/pts/1\n" BIND MAP);
	ok(w, "hide 02:00.0");
}

/* Old lines are of an earlier device in that slot. */
static void test_quiet(void **state)
{
	struct world *w = *state;

	old_log(w);
	ok(w, "attach win1 02:00.0");
	assert_string_equal(w->err, "");
	ok(w, "detach win1 02:00.0");
	/* What the guest makes it say is no fault, nor what it says of another device. */
	fake_ts_dm_says(
		w->ts, "[00:05.0] xen_pt_bar_read: Error: Should not read BAR through QEMU. @0x0\n"
		       "[00:06.0] xen_pt_realize: Error: Binding of interrupt 0 failed! (err: 13)\n"
		       "[00:05.0] xen_pt_pci_write_config: Warning: write to a BAR\n");
	ok(w, "attach win1 02:00.0");
}

static void test_fails(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *owner = NULL;

	old_log(w);
	fake_ts_dm_says(w->ts, BIND MAP MAP MAP);
	answers(w, 1, "attach win1 02:00.0",
		"the device model of win1 lists 0000:02:00.0, and the guest cannot use it");
	assert_non_null(strstr(w->err, "Binding of interrupt 0 failed! (err: 13)"));
	assert_non_null(strstr(w->err, "create new mem mapping failed! (err: 13)"));
	/* Each sentence once. */
	assert_null(strstr(strstr(w->err, "create new mem") + 1, "create new mem"));
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), -2);
	owner = fake_ts_snapshot(w->ts);
	assert_null(strstr(owner, "in device model"));
	assert_null(strstr(owner, "granted"));
	/* A log that begins anew is shorter than it was. */
	fake_bus_put(w->bus, LOG, "");
	fake_ts_dm_says(w->ts, NULL);
	ok(w, "attach win1 02:00.0");
}

static void test_other_xen(void **state)
{
	struct world *w = *state;

	old_log(w);
	fake_store_set(w->store, "390", "/local/domain/5/image/device-model-pid");
	fake_bus_put(w->bus, "/proc/390/maps",
		     "7f0000000000-7f0000001000 r-xp 00000000 08:01 1 /usr/lib/libc.so.6\n"
		     "7f1000000000-7f1000001000 r-xp 00000000 08:01 2 "
		     "/usr/lib/x86_64-linux-gnu/libxenctrl.so.4.17.0\n");
	ok(w, "attach win1 02:00.0");
	assert_string_equal(w->err, "");
	ok(w, "detach win1 02:00.0");
	fake_bus_put(w->bus, "/proc/390/maps",
		     "7f1000000000-7f1000001000 r-xp 00000000 08:01 2 "
		     "/usr/lib/x86_64-linux-gnu/libxenctrl.so.4.20.0\n");
	ok(w, "attach win1 02:00.0");
	assert_non_null(strstr(
		w->err, "the device model of win1 was built for Xen 4.20, and Xen 4.17 runs"));
	ok(w, "detach win1 02:00.0");
	/* Then the guest's first use of the memory is waited for. */
	fake_ts_dm_says_later(w->ts, 2000, MAP);
	answers(w, 1, "attach win1 02:00.0", "create new mem mapping failed! (err: 13)");
	assert_non_null(strstr(w->err, "this one was built for 4.20"));
}

/* What xl says of a start is no more true than what it says of an attach. */
static void test_start(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = 'app1'\ntype = 'hvm'\nmemory = 64\n"
				       "uuid = '2ac34f2c-7cd0-4f4f-9f0c-000000000001'\n"
				       "pci = [ '0000:05:00.0' ]\n");

	fake_bus_put(w->bus, "/var/log/xen/qemu-dm-app1.log", "");
	fake_ts_dm_says(w->ts, BIND);
	assert_int_equal(world_run(w, "start %s", cfg), 1);
	assert_non_null(strstr(w->err, "the device model of app1 lists 0000:05:00.0"));
	assert_int_not_equal(fake_ts_owner(w->ts, B("05:00.0")), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_quiet),
		world_test(test_fails),
		world_test(test_other_xen),
		world_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
