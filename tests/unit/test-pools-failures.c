/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leasing, starting and giving back with everything failing once: all is as it was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

static void rtnl(struct world *w, unsigned nth)
{
	fake_rtnl_fail(w->rtnl, nth, EIO);
}

static void bus_write(struct world *w, unsigned nth)
{
	fake_bus_fail_write(w->bus, nth, EIO);
}

static void store_write(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_WRITE, nth, EIO);
}

static void store_read(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_READ, nth, EIO);
}

static void store_rm(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_RM, nth, EIO);
}

static void add_nodes(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NODES);
}

static void add_note(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NOTE);
}

static void create_at_once(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AT_ONCE);
}

static void create_half(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AFTER_ASSIGN);
}

static void create_late(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AFTER_NODES);
}

static void quarantine(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_QUARANTINE, nth, FAKE_TS_AT_ONCE);
}

static void hyp(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_HYP, nth, FAKE_TS_AT_ONCE);
}

/* clang-format off */
static void (*const injections[])(struct world *w, unsigned nth) = {
	bus_write, store_write, store_read, store_rm, add_nodes, add_note, create_at_once, create_half,
	create_late, quarantine, hyp, rtnl,
};
/* clang-format on */

static void no_more(struct world *w)
{
	fake_rtnl_fail(w->rtnl, 0, 0);
	fake_bus_fail_write(w->bus, 0, 0);
	for (int op = 0; op < FAKE_STORE_N_OPS; op++)
		fake_store_fail(w->store, op, 0, 0);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
}

/* Returns whether the injected failure was met. */
struct point {
	const char *prepare, *command;
	bool undoes;
	size_t inj;
};

static bool try_one(const void *arg, unsigned nth)
{
	const struct point *p = arg;
	const char *command = p->command;
	struct world *w = pools_world();
	_cleanup_free_ char *before = NULL, *after = NULL;
	int status;

	ok(w, "pool define lan pf=01:00.0");
	if (*p->prepare)
		ok(w, p->prepare);
	before = pools_snapshot(w);
	injections[p->inj](w, nth);
	status = world_run(w, "%s", command);
	no_more(w);
	if (status == 5 && world_run(w, "repair"))
		fail_msg("%s, injection %zu %u: repair failed: %s", command, p->inj, nth, w->err);
	if (status == 5)
		ok(w, "pool release --gone");
	after = pools_snapshot(w);
	if (status && p->undoes && strcmp(before, after) != 0) {
		fprintf(stderr, "BEFORE\n%s\nAFTER\n%s\n%s", before, after, w->err);
		fail_msg("%s, injection %zu %u: exit %d, the host is not where it began", command,
			 p->inj, nth, status);
	}
	if (status && world_run(w, "%s", command) && !strstr(w->err, "does not have"))
		fail_msg("%s, injection %zu %u: again: %s", command, p->inj, nth, w->err);
	if (!p->undoes)
		free_is(w, 7);
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	_cleanup_free_ char *start = xlpt_xasprintf(
		"start %s", pools_config("name = \"app1\"\npci = [ 'pool:lan,mac=" MAC
					 "', '02:00.0,seize=1', 'pool:lan' ]\n"));
	const struct {
		const char *prepare, *command;
		bool undoes;
	} scenes[] = {
		{ "", "attach web1 pool:lan pool:lan,mac=" MAC ",vlan=9", true },
		{ "", start, true },
		{ "attach web1 pool:lan", "detach web1 01:10.0", false },
	};
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			met += world_each_point(s + i, try_one,
						&(struct point){ scenes[s].prepare,
								 scenes[s].command,
								 scenes[s].undoes, i });
	print_message("%u failures met and undone\n", met);
	assert_true(met > (world_stride() > 1 ? 3 : 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
