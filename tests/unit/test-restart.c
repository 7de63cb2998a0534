/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with a pool's VF restarts while other commands look: it loses neither lease nor identity. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"

#define VF "0000:01:10.0"

static void has_identity(struct world *w, bool has)
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(w->rtnl);

	if (!!strstr(net, MAC) != has)
		fail_msg("the VF has %s address:\n%s", has ? "lost its" : "kept its", net);
}

static bool leased(struct world *w)
{
	return xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR "/" VF);
}

static const char *config(void)
{
	return pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:lan,mac=" MAC
			    ",vlan=42' ]\n");
}

/* app1 runs as domain 20. */
static struct world *started(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	if (world_run(w, "start %s", config()))
		fail_msg("start: %s", w->err);
	has_identity(w, true);
	return w;
}

static void look(struct world *w)
{
	static const char *const lines[] = { "pool show lan", "pool list",
					     "pool release --gone --timeout 1", "repair",
					     "hide 05:00.0" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		ok(w, lines[i]);
		if (!leased(w))
			fail_msg("xlpt %s gave the lease back", lines[i]);
		has_identity(w, true);
	}
}

static void test_restart(void **state)
{
	struct world *w = started(state);

	/* The old domain still has it, first shut down, then dying. */
	fake_ts_down(w->ts, 20);
	look(w);
	fake_ts_dying(w->ts, 20);
	look(w);
	/* And the new one, with what the old one left beside it. */
	assert_int_equal(fake_ts_restarted(w->ts, 20), 21);
	look(w);
	ok(w, "pool show lan");
	said(w, "app1 (domain 21)");
	ok(w, "detach app1 01:10.0");
	has_identity(w, false);
	assert_false(leased(w));
}

/* The new domain is there, without devices yet, and the old one has the VF. */
static void test_both(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g;

	fake_ts_dying(w->ts, 20);
	g = fake_ts_guest(w->ts, 21, "app1", XLPT_GUEST_PV);
	snprintf(g->uuid, sizeof(g->uuid), "%s", POOLS_UUID);
	look(w);
}

/* The backend is gone already, and the hypervisor still has it with the dying domain. */
static void test_hypervisor(void **state)
{
	struct world *w = started(state);

	fake_ts_dying(w->ts, 20);
	fake_store_set(w->store, NULL, "/local/domain/0/backend/pci/20");
	ok(w, "pool show lan");
	assert_true(leased(w));
	has_identity(w, true);
}

/* Another guest got it from another tool: the lease is over, and what the VF has stays its. */
static void test_another(void **state)
{
	struct world *w = started(state);

	fake_ts_ended(w->ts, 20);
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(
				 fake_ts_get(w->ts), 4,
				 &(struct xlpt_spec){ .has_bdf = true, .bdf = B(VF), .vslot = -1 },
				 NULL),
			 0);
	ok(w, "pool release --gone");
	said(w, "db1 (domain 4) has it");
	assert_false(leased(w));
	has_identity(w, true);
	ok(w, "repair");
	has_identity(w, true);
	/* The guest that has it gives it up, and with it what was set for the one before. */
	ok(w, "detach db1 01:10.0");
	has_identity(w, false);
}

static void test_gone(void **state)
{
	struct world *w = started(state);

	fake_ts_ended(w->ts, 20);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
	free_is(w, 7);
}

static void stop_now(void *arg)
{
	(void)arg;
	raise(SIGTERM);
}

/* Waiting for a guest that runs on ends by a signal, long before its time is over. */
static void test_release_stopped(void **state)
{
	struct world *w = *state;
	int64_t begin;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	begin = xlpt_now(&w->clock.clock);
	fake_clock_in(&w->clock, 1000, stop_now, NULL);
	answers(w, 1, "pool release --guest web1 --timeout 500", "stopped by signal 15 (SIGTERM)");
	assert_true(xlpt_now(&w->clock.clock) - begin < 5000);
}

#define restart_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		restart_test(test_restart), restart_test(test_both), restart_test(test_hypervisor),
		restart_test(test_another), restart_test(test_gone),
		restart_test(test_release_stopped),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
