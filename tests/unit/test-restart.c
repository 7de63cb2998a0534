/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with a pool's VF restarts while other commands look: it loses neither lease nor identity. */
#include "tests/unit/restarting.h"

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

/* Both are hidden and no guest's, and both are somebody's: that is told, and neither is offered. */
static void not_free(struct world *w)
{
	ok(w, "status");
	assert_non_null(strstr(w->out, "leased to app1 restarting out of pool lan"));
	assert_non_null(strstr(w->out, "kept for app1, which restarts"));
	ok(w, "status --json");
	assert_non_null(strstr(w->out, "\"kept_for\": {"));
	assert_non_null(strstr(w->out, "\"pool\": \"lan\""));
	ok(w, "list --assignable");
	assert_null(strstr(w->out, "0000:01:10.0"));
	assert_null(strstr(w->out, "0000:02:00.0"));
}

/*
 * libxl has taken the devices of an HVM guest from it, and its domain is there still: nobody has
 * them, and they are kept all the same, when its end is one after which it comes again.
 */
static void test_stripped(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(restart_ends); i++) {
		struct world *w = pools_world();
		uint32_t domid;

		started((void **)&w);
		ok(w, "attach app1 --hide 02:00.0");
		fake_ts_stripped(w->ts, 20);
		fake_ts_find(w->ts, 20, NULL)->end = restart_ends[i].end;
		if (!restart_ends[i].again) {
			ok(w, "pool show lan");
			assert_false(leased(w));
			has_identity(w, false);
			ok(w, "attach db1 01:10.0 02:00.0");
			world_free(w);
			continue;
		}
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for app1, which restarts");
		said(w, "its domain has ended");
		not_free(w);
		fake_ts_find(w->ts, 20, NULL)->shut_down = false;
		look(w);
		refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for app1, which restarts");
		fake_ts_gap(w->ts, 20);
		look(w);
		domid = fake_ts_coming(w->ts, 20);
		look(w);
		fake_ts_came(w->ts, domid);
		look(w);
		untagged_never(w);
		refuses(w, "attach db1 02:00.0", "is in use by app1");
		world_free(w);
	}
}

/* One that Xen never gets rid of keeps nothing for ever. */
static void test_zombie(void **state)
{
	struct world *w = started(state);

	fake_ts_stripped(w->ts, 20);
	fake_ts_find(w->ts, 20, NULL)->shut_down = false;
	ok(w, "pool show lan");
	assert_true(leased(w));
	w->clock.clock.sleep_ms(&w->clock.clock, 121000);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
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

/* Ten times, with every reader, and who wants its VF, between all steps. */
static void test_ten(void **state)
{
	struct world *w = started(state);
	uint32_t domid = 20;

	for (unsigned n = 0; n < 10; n++) {
		fake_ts_down(w->ts, domid);
		look(w);
		fake_ts_dying(w->ts, domid);
		look(w);
		fake_ts_gap(w->ts, domid);
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		domid = fake_ts_coming(w->ts, domid);
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		refuses(w, "unhide 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		fake_ts_came(w->ts, domid);
		look(w);
		refuses(w, "attach db1 01:10.0", "is in use by app1");
		assert_int_equal(fake_ts_owner(w->ts, B(VF)), domid);
	}
	untagged_never(w);
}

/* Made anew from a configuration that names no VF: then the lease is over when it runs. */
static void test_changed(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g;

	fake_ts_gap(w->ts, 20);
	g = fake_ts_find(w->ts, fake_ts_coming(w->ts, 20), NULL);
	look(w);
	g->paused = false;
	ok(w, "pool release --gone");
	said(w, "app1 does not have it");
	assert_false(leased(w));
	has_identity(w, false);
}

static void test_renamed(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g = fake_ts_find(w->ts, 20, NULL);

	free(g->name);
	g->name = xlpt_xstrdup("other");
	said_show(w, "other (domain 20)");
	/* xl's process still has the log of the first name. */
	fake_ts_gap(w->ts, 20);
	look(w);
	said_show(w, "other restarting");
	fake_ts_came(w->ts, fake_ts_coming(w->ts, 20));
	said_show(w, "other (domain 21)");
}

/* By hand it ends at once; what another toolstack makes has no process of xl's. */
static void test_by_hand(void **state)
{
	struct world *w = started(state);

	fake_ts_gap(w->ts, 20);
	ok(w, "pool release 01:10.0");
	assert_false(leased(w));
	has_identity(w, false);
	ok(w, "attach db1 01:10.0");
}

/* A device that is no pool's, and an identity without a lease. */
static void test_plain(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 --hide 02:00.0 01:10.0,mac=" MAC ",vlan=42");
	fake_ts_gap(w->ts, 3);
	ok(w, "repair");
	has_identity(w, true);
	refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for web1, which restarts");
	refuses(w, "unhide 02:00.0", "0000:02:00.0 is kept for web1, which restarts");
	changes_nothing(w, 1, "attach --dry-run db1 02:00.0", "is kept for web1");
	answers(w, 3, "vf remove 01:00.0", "0000:01:10.0 is kept for web1, which restarts");
	said(w, "to mend: xlpt pool release 0000:01:10.0");
	domid = fake_ts_coming(w->ts, 3);
	ok(w, "repair");
	has_identity(w, true);
	fake_ts_came(w->ts, domid);
	has_identity(w, true);
	fake_ts_gap(w->ts, domid);
	ok(w, "pool release 02:00.0");
	said(w, "0000:02:00.0 is kept for web1 no longer: asked for");
	ok(w, "attach db1 02:00.0");
	fake_ts_no_more(w->ts, domid);
	ok(w, "repair");
	has_identity(w, false);
}

/* What was remembered before the guest had answered is not kept when it never does. */
static void test_never_had(void **state)
{
	struct world *w = *state;

	world_frontend(w, &(struct fake_pcifront_opts){ .step_ms = 10, .gives_up = "22 no room" });
	refuses(w, "attach web1 --timeout 5 --hide 03:00.0", "no room");
	fake_ts_gap(w->ts, 3);
	ok(w, "attach db1 --hide 03:00.0");
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

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		restart_test(test_restart),
		restart_test(test_both),
		restart_test(test_hypervisor),
		cmocka_unit_test(test_stripped),
		restart_test(test_zombie),
		restart_test(test_another),
		restart_test(test_ten),
		restart_test(test_changed),
		restart_test(test_renamed),
		restart_test(test_by_hand),
		restart_test(test_plain),
		restart_test(test_never_had),
		restart_test(test_gone),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
