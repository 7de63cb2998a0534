/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool of seven VFs with a VLAN, three guests, two hundred random steps: start, stop, attach,
 * detach, a process that is killed in the middle of one of them, restarts, an xl that gives
 * VFs to a fourth guest and takes them back without asking xlpt, and a libvirt that does so with a
 * fifth one, which xlpt gives VFs, too, and whose daemon is down at times.
 * After every step: no VF is leased twice or with a guest that has no lease for it; each that is
 * leased has the VLAN and an address, also between all steps of a restart; no lease outlives its
 * guest by more than one command; what libvirt lists, its guest has; at the end the pool is full.
 *
 * A kill: at its nth write to sysfs or call of the toolstack the process forks.
 * The child has the world as it is at that moment; it closes what the command
 * had open, its locks with it, never returns to the command and walks on. The
 * parent only waits for the exit status of the child. So each kill is one process deeper.
 *
 * XLPT_SEED=N runs one walk, XLPT_SEEDS=N as many (default 6), XLPT_TRACE=1 tells each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/walking-actors.h"
#include "tests/unit/walking-checks.h"
#include "tests/unit/walking.h"

static void close_new(struct walk *k, int fd)
{
	if (!k->open[fd])
		close(fd);
}

static void go_on(struct walk *k);

static void maybe_kill(void *arg)
{
	struct walk *k = arg;
	int status;
	pid_t pid;

	if (!k->kill_at || --k->kill_at)
		return;
	/* A lock is over when the last copy of its descriptor is closed. */
	each_fd(k, close_new);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		k->kills++;
		/* One command later nothing is left of it. */
		if (world_run(k->w, "repair"))
			FAIL(k, "repair: %s", k->w->err);
		if (getenv("XLPT_TRACE"))
			fprintf(stderr, "%s%s", k->w->out, k->w->err);
		k->cut_short += strstr(k->w->out, "back to pool") != NULL;
		check(k);
		go_on(k);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		_exit(2);
	_exit(WEXITSTATUS(status));
}

static void step(struct walk *k)
{
	unsigned g = next(k, GUESTS), what = next(k, 13), n = 1 + next(k, 2);
	uint32_t domid = domid_of(k, g);
	size_t out = check(k);
	bool killed = next(k, 4) == 0;
	_cleanup_free_ char *line = NULL;

	if (what == 9) {
		by_xl(k);
	} else if (what == 10) {
		by_virsh(k);
	} else if (what >= 11) {
		with_libvirt(k, out, killed);
	} else if (domid && what == 8) {
		restart(k, g, domid);
	} else if (!domid) {
		line = xlpt_xasprintf("start %s", k->cfg[g]);
		n = 1 + g % 2;
		k->starts++;
	} else if (what == 0) {
		snprintf(k->doing, sizeof(k->doing), "stop app%u", g);
		trace(k);
		fake_ts_kill(k->w->ts, domid);
		/* xl destroy takes its time, too: pciback notices (its instance ends) before xl does. */
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 50);
		k->stops++;
		/* Whatever the next command is. */
		if (run(k, next(k, 2) ? "pool list" : "pool release --gone"))
			FAIL(k, "%s", k->w->err);
	} else if (what <= 4) {
		line = xlpt_xasprintf("attach app%u pool:lan%s", g, n == 2 ? " pool:lan" : "");
		k->attaches++;
	} else {
		detach(k, g, domid, killed);
	}
	if (line)
		took(k, killed ? run_to_be_killed(k, line) : run(k, "%s", line), out, n);
	check(k);
}

/* The rest of the walk; again after each kill, in the process that is left. */
static void go_on(struct walk *k)
{
	while (++k->step <= (world_stride() > 1 ? STEPS / 3 : STEPS))
		step(k);
	for (unsigned g = 0; g < GUESTS; g++)
		if (domid_of(k, g))
			fake_ts_kill(k->w->ts, domid_of(k, g));
	while (k->n_xl) {
		struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

		CHECK(k, ts->ops->device_remove(ts, DB1, k->xl[--k->n_xl], false, NULL) == 0);
	}
	fake_ts_kill(k->w->ts, WEB1);
	fake_libvirt_ended(k->libvirt, WEB1);
	k->n_virsh = 0;
	CHECK(k, run(k, "pool show lan --json") == 0);
	if (!strstr(k->w->out, "\"free\": 7,"))
		FAIL(k, "the pool does not end full: %s", k->w->out);
	CHECK(k, check(k) == 0);
	print_message(
		"seed %u: %u starts, %u stops, %u attaches, %u detaches, %u times empty, %u kills, "
		"%u of them left a lease, %u restarts, %u by xl, %u by virsh, libvirt down %u "
		"times\n",
		k->seed, k->starts, k->stops, k->attaches, k->detaches, k->full, k->kills,
		k->cut_short, k->restarts, k->by_xl, k->by_virsh, k->silent);
}

static void walk(unsigned seed)
{
	struct walk k = { .w = pools_world(), .seed = seed, .state = seed };
	int status;
	pid_t pid;

	for (unsigned g = 0; g < GUESTS; g++) {
		_cleanup_free_ char *text = xlpt_xasprintf(
			"name = \"app%u\"\nuuid = \"00000000-0000-4000-8000-0000000000a%u\"\n"
			"pci = [ \"pool:lan\"%s ]\n",
			g, g, g % 2 ? ", 'pool:lan,power_mgmt=0'" : "");

		k.cfg[g] = pools_config(text);
	}
	k.libvirt = fake_libvirt_new(k.w);
	fake_libvirt_made(k.libvirt, WEB1);
	k.w->before_write = maybe_kill;
	k.w->before_arg = &k;
	fake_ts_on_call(k.w->ts, maybe_kill, &k);
	assert_int_equal(run(&k, "pool define lan pf=01:00.0 policy=spread vlan=42"), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		go_on(&k);
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status))
		fail_msg("XLPT_SEED=%u walks the same again", seed);
	fake_libvirt_free(k.libvirt);
	world_free(k.w);
}

static void test_walks(void **state)
{
	const char *one = getenv("XLPT_SEED"), *many = getenv("XLPT_SEEDS");
	unsigned n = many ? (unsigned)atoi(many) : world_stride() > 1 ? 1 : 6;

	(void)state;
	if (one) {
		walk((unsigned)atoi(one));
		return;
	}
	for (unsigned seed = 1; seed <= n; seed++)
		walk(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_walks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
