/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hide, unhide, attach and detach, killed or asked to end at every line of the journal, before
 * and after every write to sysfs and every call of libxl, at every change of xenstore: after a kill
 * repair, after a signal the command itself makes the host as it was or as it was wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/killing.h"

static const struct scene {
	const char *prepare, *command;
	bool parts; /* repair keeps each device that the guest has taken, and takes the others back */
} scenes[] = {
	{ .prepare = "hide 03:00.0;unhide 03:00.0", .command = "hide 02:00.0 03:00.0" },
	{ .prepare = "hide 02:00.0 03:00.0", .command = "unhide 02:00.0 03:00.0" },
	{ .prepare = "hide 02:00.0 03:00.0",
	  .command = "attach web1 02:00.0 03:00.0",
	  .parts = true },
	{ .prepare = "", .command = "attach --hide web1 02:00.0 04:00.*", .parts = true },
	{ .prepare = "", .command = "attach --hide web1 02:00.0" },
	{ .prepare = "hide 02:00.0", .command = "attach win1 02:00.0" },
	/* Bound to pciback anew: see xlpt_gone_exports. */
	{ .prepare =
		  "attach --hide win1 02:00.0;attach --hide win1 05:00.0;detach win1 02:00.0;attach web1 02:00.0;detach web1 02:00.0",
	  .command = "attach web1 02:00.0" },
	{ .prepare = "", .command = "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42" },
	{ .prepare = "attach --hide web1 02:00.0", .command = "detach web1 02:00.0" },
	{ .prepare = "attach --hide web1 01:10.0,vlan=42",
	  .command = "detach --to-host web1 01:10.0" },
	{ .prepare = "attach --hide web1 02:00.0", .command = "detach --to-host web1 02:00.0" },
	{ .prepare = "attach --hide win1 02:00.0", .command = "detach win1 02:00.0" },
};

static struct world *prepared(const void *scene)
{
	const struct scene *s = scene;
	struct world *w = world_new();

	ok_lines(w, s->prepare);
	return w;
}

static void after_kill(struct world *w, const struct killing *k, unsigned nth)
{
	const struct scene *s = k->scene;

	if (world_run(w, "repair"))
		die("%s, killed at %u: repair: %s%s", s->command, nth, w->out, w->err);
	if (!s->parts)
		cutting_is(w, k, nth, "killed at", k->before, k->after);
	if (world_run(w, "repair") || !strstr(w->out, "nothing to mend"))
		die("%s, killed at %u: still to mend: %s", s->command, nth, w->out);
	/* And once more, it ends well, or says that it is so already. */
	if (!s->parts && world_run(w, "%s", s->command) && !strstr(w->err, "does not have") &&
	    !strstr(w->err, "is already with"))
		die("%s, killed at %u: again: %s", s->command, nth, w->err);
}

static void after_signal(struct world *w, const struct killing *k, unsigned nth, int status)
{
	if (status == 5) {
		if (world_run(w, "repair"))
			die("%s, signal at %u: repair: %s", k->command, nth, w->err);
		cutting_is(w, k, nth, "signal and repair at", k->before, k->after);
	} else {
		cutting_is(w, k, nth, "signal at", status == 0 ? k->after : k->before, NULL);
		if (!strstr(w->err, "SIGTERM"))
			die("%s, signal at %u: exit %d without its name: %s", k->command, nth,
			    status, w->err);
	}
}

static void every_point(enum cut cut)
{
	unsigned points = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++)
		points += cutting_each((struct killing){ .cut = cut,
							 .command = scenes[i].command,
							 .scene = &scenes[i],
							 .prepared = prepared,
							 .text = world_snapshot,
							 .killed = after_kill,
							 .ended = after_signal });
	print_message("%u points\n", points);
	assert_true(points > (world_stride() > 1 ? 10 : 100));
}

static void test_killed(void **state)
{
	(void)state;
	every_point(CUT_KILL);
}

static void test_signal(void **state)
{
	(void)state;
	every_point(CUT_SIGNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
