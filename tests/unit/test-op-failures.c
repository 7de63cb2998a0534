/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every workflow with every single thing failing once: afterwards the host is where
 * it began, or what is left is told and repair ends it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"
#include "xl-plugin/kept/ledger.h"
#include "xl-plugin/hotplug/operation.h"

struct injection {
	const char *name;
	void (*inject)(struct world *w, unsigned nth);
};

static void bus_write(struct world *w, unsigned nth)
{
	fake_bus_fail_write(w->bus, nth, EIO);
}

static void store_write(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_WRITE, nth, EIO);
}

static void store_rm(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_RM, nth, EIO);
}

static void store_read(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_READ, nth, EIO);
}

static void add_note(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NOTE);
}

static void add_grants(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_GRANTS);
}

static void add_assign(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_ASSIGN);
}

static void add_nodes(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NODES);
}

static void quarantine(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_QUARANTINE, nth, FAKE_TS_AT_ONCE);
}

static void hyp(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_HYP, nth, FAKE_TS_AT_ONCE);
}

static const struct injection injections[] = {
	{ "a write to sysfs", bus_write },
	{ "a write to xenstore", store_write },
	{ "a removal in xenstore", store_rm },
	{ "a read of xenstore", store_read },
	{ "libxl's add after its note", add_note },
	{ "libxl's add after its grants", add_grants },
	{ "libxl's add after assignment", add_assign },
	{ "libxl's add at its end", add_nodes },
	{ "quarantine", quarantine },
	{ "asking the hypervisor", hyp },
};

static void clear(struct world *w)
{
	fake_bus_fail_write(w->bus, 0, 0);
	for (int op = 0; op < FAKE_STORE_N_OPS; op++)
		fake_store_fail(w->store, op, 0, 0);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
}

struct scene {
	const char *prepare; /* commands before, separated by ";" */
	const char *command;
	bool undoes; /* a failure leaves the host where it was; else repair brings it to the end */
};

/* clang-format off */
static const struct scene scenes[] = {
	{ "", "hide 02:00.0 03:00.0", true },
	{ "hide 02:00.0;hide 03:00.0", "unhide 02:00.0 03:00.0", true },
	{ "hide 02:00.0;hide 03:00.0", "attach web1 02:00.0 03:00.0", true },
	{ "", "attach --hide web1 02:00.0 04:00.*", true },
	{ "hide 02:00.0", "attach win1 02:00.0", true },
	{ "attach --hide win1 02:00.0;attach --hide win1 05:00.0;detach win1 02:00.0;attach web1 02:00.0;detach web1 02:00.0",
	  "attach web1 02:00.0", true },
	{ "", "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42", true },
	{ "attach --hide web1 02:00.0", "detach web1 02:00.0", false },
	{ "attach --hide web1 01:10.0,vlan=42", "detach --to-host web1 01:10.0", false },
	{ "attach --hide web1 02:00.0", "detach --to-host web1 02:00.0", false },
	{ "attach --hide win1 02:00.0", "detach win1 02:00.0", false },
};
/* clang-format on */

/* What the hotplug ledger counts. */
static size_t counted(struct world *w)
{
	struct xlpt_env env = { .clock = &w->clock.clock, .host = fake_bus_host(w->bus) };
	_cleanup_ledger_ struct xlpt_ledger l = { 0 };
	size_t n;

	assert_int_equal(xlpt_ledger_read(&env, &l, NULL), 0);
	free(xlpt_ledger_events(&l, &n));
	return n;
}

/*
 * The ledger is the one thing that is meant to stay after a failure, and is not
 * in the snapshot: one for each device of an attach or detach that began, one
 * more for each that was taken back, nothing for hiding.
 */
static void check_counted(const struct scene *s, const struct injection *inj, int status,
			  size_t count)
{
	bool hotplug = strstr(s->command, "attach") || strstr(s->command, "detach");
	size_t devices = strstr(s->command, "04:00.*") ? 3 : strstr(s->command, "03:00.0") ? 2 : 1;

	if (!hotplug)
		assert_int_equal(count, 0);
	else if (status == 0)
		assert_int_equal(count, devices);
	else
		assert_in_range(count, 0, 2 * devices);
	/* It came as far as libxl, so that it was counted before; with nodes there was something to take back. */
	if (status &&
	    (inj->inject == add_note || inj->inject == add_assign || inj->inject == add_nodes))
		assert_in_range(count, devices + (inj->inject == add_nodes), 2 * devices);
}

/* Returns whether the injected failure was met. */
struct point {
	const struct scene *s;
	const struct injection *inj;
};

static bool try_one(const void *arg, unsigned nth)
{
	const struct scene *s = ((const struct point *)arg)->s;
	const struct injection *inj = ((const struct point *)arg)->inj;
	struct world *w = world_new();
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t count;
	int status;

	ok_lines(w, s->prepare);
	before = world_snapshot(w);
	count = counted(w);
	inj->inject(w, nth);
	status = world_run(w, "%s", s->command);
	clear(w);
	check_counted(s, inj, status, counted(w) - count);
	if (status == 5) {
		_cleanup_free_ char *left = xlpt_xstrdup(w->err);

		assert_non_null(strstr(left, "to mend: "));
		if (world_run(w, "repair"))
			fail_msg("%s, %s %u: repair failed: %s\nafter: %s", s->command, inj->name,
				 nth, w->err, left);
	}
	after = world_snapshot(w);
	if (status && s->undoes && strcmp(before, after) != 0) {
		/* Longer than what cmocka's message holds. */
		fprintf(stderr, "BEFORE\n%s\nAFTER\n%s\n%s", before, after, w->err);
		fail_msg("%s, %s %u: exit %d, the host is not where it began", s->command,
			 inj->name, nth, status);
	}
	/* Whatever happened: the same command again ends well, or says it is so already. */
	if (status) {
		int again = world_run(w, "%s", s->command);

		if (again && !(again == 1 && strstr(w->err, "does not have")))
			fail_msg("%s, %s %u: again: exit %d: %s", s->command, inj->name, nth, again,
				 w->err);
	}
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			/* All of them, also under valgrind: 0. */
			met += world_each_point(0, try_one,
						&(struct point){ &scenes[s], &injections[i] });
	print_message("%u failures met and undone\n", met);
	assert_true(met * world_stride() > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
