/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt monitor: what it told, played back from its first line on, is the host as it is at the end, for
 * random walks over a host; each event once, and never one that contradicts what was told before.
 *
 * XLPT_SEED=N runs one walk, XLPT_SEEDS=N as many, XLPT_TRACE=1 prints what was done and told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/monitoring.h"

/* ---- single events ---- */

static void story(struct scene *s, unsigned step)
{
	static const char *const lines[] = {
		"attach web1 05:00.0",	"attach db1 --hide 02:00.0",
		"attach web1 pool:lan", "detach db1 02:00.0",
		"hide 03:00.0",		"unhide 02:00.0",
		"detach web1 05:00.0",
	};

	if (step < XLPT_ARRAY_SIZE(lines))
		ok(s->w, lines[step]);
	else if (step == XLPT_ARRAY_SIZE(lines))
		fake_bus_remove(s->w->bus, "0000:04:00.1");
	else
		fake_ts_kill(s->w->ts, 3);
}

static void test_story(void **state)
{
	struct world *w = *state;
	struct scene s = { .w = w, .act = story, .steps = 9 };
	_cleanup_free_ char *told = NULL;

	ok(w, "pool define lan pf=enp1s0");
	ok(w, "hide 04:00.1");
	assert_int_equal(monitor(&s), 0);
	assert_string_equal(s.err, "");
	told = without_time(s.out);
	assert_string_equal(told, "now: 0000:04:00.1 is hidden\n"
				  "now: 0000:05:00.0 is hidden\n"
				  "attached 0000:05:00.0 to web1 (domain 3)\n"
				  "hidden 0000:02:00.0\n"
				  "attached 0000:02:00.0 to db1 (domain 4)\n"
				  "hidden 0000:01:10.0\n"
				  "leased 0000:01:10.0 of pool lan: web1 (domain 3)\n"
				  "attached 0000:01:10.0 to web1 (domain 3)\n"
				  "detached 0000:02:00.0 from db1 (domain 4)\n"
				  "hidden 0000:03:00.0\n"
				  "unhidden 0000:02:00.0: driver e1000e has it\n"
				  "detached 0000:05:00.0 from web1 (domain 3)\n"
				  "lost 0000:04:00.1: it is not in this host any more\n"
				  "detached 0000:01:10.0 from web1 (domain 3)\n"
				  "guest-gone web1 (domain 3)\n");
	scene_dispose(&s);
}

static void write_file(struct world *w, const char *path, const char *text)
{
	struct xlpt_host *h = fake_bus_host(w->bus);

	assert_true(h->ops->write(h, path, text, strlen(text)) >= 0);
}

/* A look comes between the two writes of whoever gives a device back. */
static void between(struct scene *s, unsigned step)
{
	static const char name[] = "0000:05:00.0";

	write_file(s->w,
		   step ? "/sys/bus/pci/drivers/e1000e/bind"
			: "/sys/bus/pci/drivers/pciback/unbind",
		   name);
	/* A sign, so that it is looked now. */
	fake_store_set(s->w->store, "", "/local/domain/0/backend/pci/99");
}

static void test_between(void **state)
{
	static const char *const ends[] = { "no driver has it", "driver e1000e has it" };

	for (unsigned steps = 1; steps <= 2; steps++) {
		struct scene s = { .w = *state, .act = between, .steps = steps, .every_ms = 300 };
		_cleanup_free_ char *told = NULL, *want = NULL;

		if (steps == 2)
			ok(s.w, "hide 05:00.0");
		assert_int_equal(monitor(&s), 0);
		told = without_time(s.out);
		want = xlpt_xasprintf("now: 0000:05:00.0 is hidden\n"
				      "unhidden 0000:05:00.0: %s\n",
				      ends[steps - 1]);
		assert_string_equal(told, want);
		scene_dispose(&s);
	}
}

/* ---- random walks ---- */

static unsigned next(struct scene *s, unsigned below)
{
	s->state = s->state * 1103515245 + 12345;
	return (s->state >> 16) % below;
}

/* Somebody else's tool: by hand in sysfs. */
static void by_hand(struct world *w, const char *bdf)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/bus/pci/devices/%s/driver/unbind", bdf);

	h->ops->write(h, path, bdf, strlen(bdf));
}

static void unplug(struct world *w, const char *bdf)
{
	if (xlpt_host_has(fake_bus_host(w->bus), "/sys/bus/pci/devices/%s", bdf))
		fake_bus_remove(w->bus, bdf);
}

/* 0: it is gone. */
static uint32_t number_of(struct world *w, const char *name)
{
	_cleanup_guest_ struct xlpt_guest g = { 0 };
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);

	return ts->ops->guest_find(ts, name, &g, NULL) ? 0 : g.domid;
}

/* What a step does may fail, by rules, by what was done before: the monitor tells what is. */
static void wander(struct scene *s, unsigned step)
{
	static const char *const lines[] = {
		"attach web1 05:00.0",
		"attach web1 pool:lan",
		"attach db1 pool:lan",
		"attach --hide db1 02:00.0",
		"attach --hide win1 04:00.0 04:00.1",
		"attach win1 pool:lan",
		"detach web1 05:00.0",
		"detach web1 01:10.0",
		"detach db1 02:00.0",
		"detach db1 01:10.0",
		"detach win1 04:00.0 04:00.1",
		"hide 02:00.0",
		"hide 03:00.0",
		"hide 01:10.2",
		"unhide 02:00.0",
		"unhide 03:00.0",
		"unhide 01:10.2",
		"unhide 05:00.0",
		"pool release --gone",
		"repair",
	};
	unsigned n = next(s, XLPT_ARRAY_SIZE(lines) + 6);

	(void)step;
	switch (n < XLPT_ARRAY_SIZE(lines) ? 0 : n - XLPT_ARRAY_SIZE(lines) + 1) {
	case 0:
		world_run(s->w, "%s", lines[n]);
		break;
	case 1:
		by_hand(s->w, "0000:02:00.0");
		break;
	case 2:
		by_hand(s->w, "0000:05:00.0");
		break;
	case 3:
		if (number_of(s->w, "web1"))
			fake_ts_restarted(s->w->ts, number_of(s->w, "web1"));
		break;
	case 4:
		if (!next(s, 4) && number_of(s->w, "db1"))
			fake_ts_kill(s->w->ts, 4);
		break;
	case 5:
		if (!next(s, 4) && number_of(s->w, "win1"))
			fake_ts_ended(s->w->ts, 5);
		break;
	case 6:
		if (!next(s, 4))
			unplug(s->w, next(s, 2) ? "0000:03:00.0" : "0000:04:00.0");
		break;
	}
	if (getenv("XLPT_TRACE"))
		print_message("%u: %s\n", n, n < XLPT_ARRAY_SIZE(lines) ? lines[n] : "by others");
}

static void test_walks(void **state)
{
	const char *one = getenv("XLPT_SEED"), *many = getenv("XLPT_SEEDS");
	unsigned first = one ? (unsigned)atoi(one) : 1,
		 n = one		  ? 1
		     : many		  ? (unsigned)atoi(many)
		     : world_stride() > 1 ? 2
					  : 25,
		 events = 0;

	(void)state;
	for (unsigned seed = first; seed < first + n; seed++) {
		struct scene s = { .w = pools_world(), .act = wander, .steps = 60, .json = true };

		ok(s.w, "pool define lan pf=enp1s0");
		s.state = seed;
		/* Some follow each other faster than is looked, and tell less. */
		s.every_ms = seed % 3 ? 15000 : 100;
		assert_int_equal(monitor(&s), 0);
		if (getenv("XLPT_TRACE"))
			print_message("%s", s.out);
		s.state = seed;
		events += assert_replays(&s);
		scene_dispose(&s);
		world_free(s.w);
	}
	/* A monitor that says nothing would play back to what it began with. */
	assert_true(events > 10 * n);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_story, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_between, setup, world_teardown),
		cmocka_unit_test(test_walks),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
