/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that leave with VFs out of a pool: they are held meanwhile, and come out
 * of it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/leaving.h"

static void test_pool(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *holder = NULL;

	ok(w, "attach web1 pool:lan,mac=52:54:00:6d:90:02");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "save --detach-first web1 DIR/a");
	lease_is(w, "01:10.0", "");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	vf_down(w);
	okf(w, "--dry-run restore DIR/a");
	assert_non_null(strstr(w->out, "would attach 0000:01:10.0 to web1"));
	lease_is(w, "01:10.0", "");
	okf(w, "restore DIR/a");
	holder = xlpt_xasprintf("web1 (domain %u)", running(w, "web1"));
	assert_true(has(w, running(w, "web1"), "01:10.0") && pf_has(w, "mac 52:54:00:6d:90:02"));
	lease_is(w, "01:10.0", holder);
	/* Another host's pool of that name gives what it has. */
	ok(w, "migrate --detach-first web1 elsewhere");
	assert_non_null(strstr(w->out, "has pool:lan,"));
	assert_true(has(w, running(w, "web1"), "01:10.2") && pf_has(w, "mac 52:54:00:6d:90:02"));
	free(holder);
	holder = xlpt_xasprintf("web1 (domain %u)", running(w, "web1"));
	lease_is(w, "01:10.0", "");
	lease_is(w, "01:10.2", holder);
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	no_journal(w);
}

/* Taken by another guest meanwhile: a pool's VFs are all alike, the identity goes along. */
static void test_pool_taken(void **state)
{
	struct world *w = *state;

	ok(w, "hide 05:00.0");
	ok(w, "attach web1 pool:lan,vlan=42 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	vf_down(w);
	ok(w, "attach db1 01:10.0,pool=lan");
	lease_is(w, "01:10.0", "db1 (domain 4)");
	refused(w, 1, "attach web1 01:10.0,pool=lan", "no running guest");
	refused(w, 1, "attach win1 01:10.0,pool=lan", "0000:01:10.0 of pool lan is not free");
	refused(w, 1, "attach win1 05:00.0,pool=lan", "0000:05:00.0 is no VF of pool lan");
	refused(w, 2, "detach db1 01:10.0,pool=lan", "takes no slot and no options");
	okf(w, "restore DIR/a");
	assert_non_null(
		strstr(w->err, "0000:01:10.0 of pool lan is not free: web1 gets 0000:01:10.2"));
	assert_true(has(w, running(w, "web1"), "01:10.2") && has(w, running(w, "web1"), "05:00.0"));
	assert_true(pf_has(w, "vlan 42:"));
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "attach db1 pool:lan pool:lan pool:lan pool:lan pool:lan pool:lan");
	refusedf(w, 3, "restore DIR/a", "pool lan has no free VF");
	lease_is(w, "05:00.0", "");
	ok(w, "detach db1 01:10.4");
	refusedf(w, 3, "restore --map 05:00.0=pool:lan --map 01:10.2=05:00.0 DIR/a",
		 "0000:05:00.0 cannot have the network identity of a VF");
	lease_is(w, "01:10.4", "");
	refusedf(w, 3, "restore --map 01:10.2=01:10.6,pool=lan DIR/a",
		 "0000:01:10.6 of pool lan is not free");
	okf(w, "restore --map 05:00.0=pool:lan --map 01:10.2=05:00.0,seize=0 DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.4") && has(w, running(w, "web1"), "05:00.0"));
	no_journal(w);
}

/* What the record names further on, the one in another's place must not be. */
static void test_pool_order(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 pool:lan pool:lan");
	okf(w, "save --detach-first web1 DIR/a");
	vf_down(w);
	ok(w, "attach db1 pool:lan");
	lease_is(w, "01:10.0", "db1 (domain 4)");
	okf(w, "restore DIR/a");
	domid = running(w, "web1");
	assert_true(has(w, domid, "01:10.2") && has(w, domid, "01:10.4"));
	/* A pool there must not give out what is named for another device. */
	ok(w, "detach web1 01:10.2");
	ok(w, "hide 05:00.0");
	ok(w, "attach web1 05:00.0");
	ok(w, "hide 01:10.2");
	ok(w, "migrate --detach-first --map 05:00.0=01:10.2 web1 elsewhere");
	domid = running(w, "web1");
	assert_true(has(w, domid, "01:10.2") && has(w, domid, "01:10.4"));
	/* Too few there: known before anything is touched. */
	ok(w, "attach db1 pool:lan pool:lan pool:lan pool:lan");
	refusedf(w, 1, "migrate --detach-first --map 01:10.2=pool:lan web1 elsewhere",
		 "pool lan on elsewhere has too few free VFs for web1");
	refusedf(w, 1, "migrate --detach-first --map 01:10.2=pool:san web1 elsewhere",
		 "elsewhere has no pool san");
	ok(w, "migrate --detach-first --map 01:10.2=01:10.2 web1 elsewhere");
	assert_true(has(w, running(w, "web1"), "01:10.4"));
}

/* A lease whose guest was destroyed, or saved by xl itself, keeps nobody out. */
static void test_pool_over(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	_cleanup_free_ char *path = xlpt_xasprintf("%s/a", dir);

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	assert_int_equal(ts->ops->guest_save(ts, 3, path, (const int[]){ 0, 0 }, NULL), 0);
	assert_int_equal(ts->ops->guest_destroy(ts, 3, NULL), 0);
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "--dry-run restore --map 01:10.0=01:10.2,pool=lan DIR/a");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "--dry-run restore DIR/a");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "restore DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	lease_is(w, "01:10.0", "");
}

/* What could not be undone at once, and has its VF no more at the repair: another one of the pool will do. */
static void test_pool_repair(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *save = with_dir("save --detach-first web1 DIR/a");

	ok(w, "attach web1 pool:lan,vlan=42");
	fake_ts_fail(w->ts, FAKE_TS_SAVE, 1, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AT_ONCE);
	answers(w, 5, save, "left behind");
	fake_ts_fail(w->ts, FAKE_TS_SAVE, 0, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_ADD, 0, FAKE_TS_AT_ONCE);
	/* Back in its pool, and with the driver it came from, which dom0 uses now. */
	lease_is(w, "01:10.0", "");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	ok(w, "repair");
	assert_non_null(strstr(
		w->out, "web1 has another function of pool lan in the place of 0000:01:10.0"));
	assert_true(has(w, 3, "01:10.2") && pf_has(w, "vlan 42:"));
	lease_is(w, "01:10.2", "web1 (domain 3)");
}

/* Without such a pool there the address is meant. */
static void test_pool_unknown(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 pool:lan");
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "pool undefine lan");
	refusedf(w, 3, "restore --map 01:10.0=pool:lan DIR/a", "no pool is called \"lan\"");
	refusedf(w, 3, "restore DIR/a", "0000:01:10.0 is dom0's, driver igbvf");
	ok(w, "hide 01:10.0");
	okf(w, "restore DIR/a");
	assert_non_null(
		strstr(w->err, "there is no pool lan here: web1 gets 0000:01:10.0 by its address"));
	assert_true(has(w, running(w, "web1"), "01:10.0"));
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pool, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_taken, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_order, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_over, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_repair, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_unknown, managed_setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, leaving_setup, leaving_teardown);
}
