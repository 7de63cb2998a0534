/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply, killed at each line of its journal and before and after each change of the host: repair makes
 * all of it as it was or as it was wanted, and a second apply ends as if the first had never been
 * killed. And asked to end there, or with each change failing once: the host is as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/applying.h"
#include "tests/unit/killing.h"

static const struct scene {
	const char *prepare, *first; /* commands; a file that is applied before */
	const char *conf, *command;
} scenes[] = {
	{ .prepare = "vf remove enp1s0",
	  .conf = "[pin nic0]\ndevice = 02:00.0\n[hide nic0]\nat = boot\n"
		  "[hide disk]\nclass = 0108\nat = boot, now\n[vfs enp1s0]\ncount = 3\n"
		  "[pool lan]\npf = enp1s0\n[guard]\nxendomains = yes\nxl = yes\n"
		  "[settings]\nlimit = 7\n[allow-split nic0]\n",
	  .command = "apply" },
	{ .prepare = "vf set 01:10.0 mac=52:54:00:6d:90:07 vlan=9",
	  .first =
		  "[pin nic0]\ndevice = 02:00.0\n[hide nic0]\nat = boot, now\n[vfs enp1s0]\ncount = 1\n"
		  "[hide 03:00.0]\nat = now\n[pool lan]\npf = enp1s0\n[settings]\nlimit = 7\n"
		  "[guard]\nxendomains = yes\n",
	  .conf = "[hide 03:00.0]\nat = boot\n[hide 04:00.0]\nat = now\n[vfs enp1s0]\ncount = 2\n",
	  .command = "apply --prune" },
	{ .prepare = "vf remove enp1s0",
	  .conf = "[hide 01:10.2]\nat = now\n[hide 03:00.0]\nat = now\n[hide 01:10.4]\n"
		  "at = now\n[vfs enp1s0]\ncount = 3\n",
	  .command = "apply" },
};

static struct world *prepared(const void *scene)
{
	const struct scene *s = scene;
	struct world *w = apply_world();

	ok(w, s->prepare);
	if (s->first) {
		conf(w, s->first);
		ok(w, "apply");
	}
	conf(w, s->conf);
	return w;
}

/* Each second time repair comes first. */
static void after_kill(struct world *w, const struct killing *k, unsigned nth)
{
	if (nth % 2) {
		if (world_run(w, "repair"))
			die("killed at %u: repair: %s%s", nth, w->out, w->err);
		cutting_is(w, k, nth, "killed and repaired at", k->before, k->after);
	}
	if (world_run(w, "%s", k->command))
		die("killed at %u: again: %s%s", nth, w->out, w->err);
	cutting_is(w, k, nth, "killed at", k->after, NULL);
	if (world_journals(w))
		die("killed at %u: a journal is left", nth);
}

/* A failure, or a signal. */
static void after_failure(struct world *w, const struct killing *k, unsigned nth, int status)
{
	if (status == 5)
		die("failed at %u: left: %s", nth, w->err);
	cutting_is(w, k, nth, status ? "failed at" : "done at", status ? k->before : k->after,
		   NULL);
	if (world_journals(w))
		die("failed at %u: a journal is left", nth);
}

static void every_point(enum cut cut, unsigned least)
{
	unsigned points = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++)
		points += cutting_each((struct killing){ .cut = cut,
							 .command = scenes[i].command,
							 .scene = &scenes[i],
							 .prepared = prepared,
							 .text = host_text,
							 .killed = after_kill,
							 .ended = after_failure });
	print_message("%u points\n", points);
	assert_true(points > (world_stride() > 1 ? least / 20 : least));
}

static void test_killed(void **state)
{
	(void)state;
	every_point(CUT_KILL, 150);
}

static void test_asked(void **state)
{
	(void)state;
	every_point(CUT_SIGNAL, 150);
}

static void test_failing(void **state)
{
	(void)state;
	every_point(CUT_FAIL, 30);
}

/* ---- who ends the test ---- */

static pid_t runner;
static bool while_cut; /* or before, while it runs commands itself */

static struct world *ended_there(const void *scene)
{
	struct world *w;

	if (!while_cut)
		kill(runner, SIGTERM);
	w = prepared(scene);
	if (while_cut && getpid() != runner)
		kill(-runner, SIGTERM);
	return w;
}

/* It has ended by that signal, and did not take it for a failure of what it tests. */
static void is_ended(bool cut)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		runner = getpid();
		while_cut = cut;
		setpgid(0, 0);
		cutting_each((struct killing){ .cut = CUT_KILL,
					       .command = scenes[0].command,
					       .scene = &scenes[0],
					       .prepared = ended_there,
					       .text = host_text,
					       .killed = after_kill,
					       .ended = after_failure });
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void test_ended(void **state)
{
	(void)state;
	is_ended(true);
	is_ended(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_failing),
		/* The last one: when it fails in a process of its own, that one goes on here. */
		cmocka_unit_test(test_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
