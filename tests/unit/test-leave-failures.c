/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Save, restore and migrate with everything failing once, and with the process
 * gone after every line of the journal: the guest then runs exactly once, with
 * its devices.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/bus-internal.h"
#include "tests/unit/leaving.h"

struct scene {
	const char *prepare, *command;
	bool offline;
	/* After success, before running: it is in an image. */
	bool saves;
	const char *
		vf; /* the device of interest is 01:10.0, and its PF then says this; else 05:00.0 */
	bool pool;  /* that VF is of a pool */
};

/* clang-format off */
static const struct scene scenes[] = {
	{ "attach web1 05:00.0;attach --hide web1 03:00.0", "save --detach-first web1 DIR/a",
	  .saves = true },
	{ "attach web1 05:00.0;save --detach-first web1 DIR/a", "restore DIR/a", .saves = false },
	{ "attach web1 05:00.0", "migrate --detach-first web1 elsewhere", .offline = false },
	{ "attach web1 05:00.0", "migrate --detach-first web1 elsewhere", .offline = true },
	{ "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02;save --detach-first web1 DIR/a",
	  "restore DIR/a", .saves = false, .vf = "vf 0 mac 52:54:00:6d:90:02" },
	{ "attach web1 pool:lan,vlan=42", "save --detach-first web1 DIR/a", .saves = true,
	  .vf = "vlan 42:", .pool = true },
	{ "attach web1 pool:lan,vlan=42;save --detach-first web1 DIR/a", "restore DIR/a",
	  .vf = "vlan 42:", .pool = true },
};
/* clang-format on */

static struct world *world_of(const struct scene *s)
{
	return s->pool ? managed_world() : world_new();
}

static void prepare(struct world *w, const struct scene *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s->prepare);
	char *save = NULL;

	fake_ts_pv_live(w->ts, !s->offline);
	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save)) {
		okf(w, line);
		if (s->pool)
			vf_down(w);
	}
}

static const struct {
	const char *name;
	enum fake_ts_op op;
	enum fake_ts_depth depth;
} injections[] = {
	{ "a save at once", FAKE_TS_SAVE, FAKE_TS_AT_ONCE },
	{ "a save, guest left suspended", FAKE_TS_SAVE, FAKE_TS_AFTER_NOTE },
	{ "an image cut short", FAKE_TS_SAVE, FAKE_TS_AFTER_DM },
	{ "a save that was done", FAKE_TS_SAVE, FAKE_TS_AFTER_NODES },
	{ "a restore", FAKE_TS_RESTORE, FAKE_TS_AT_ONCE },
	{ "a restore that was done", FAKE_TS_RESTORE, FAKE_TS_AFTER_NODES },
	{ "a migration, half-made there", FAKE_TS_MIGRATE, FAKE_TS_AFTER_GRANTS },
	{ "a migration at once", FAKE_TS_MIGRATE, FAKE_TS_AT_ONCE },
	{ "a migration, guest left suspended", FAKE_TS_MIGRATE, FAKE_TS_AFTER_NOTE },
	{ "a migration that was done", FAKE_TS_MIGRATE, FAKE_TS_AFTER_NODES },
	{ "the other host's answer", FAKE_TS_REMOTE, FAKE_TS_AT_ONCE },
	{ "the connection after it was done", FAKE_TS_REMOTE, FAKE_TS_AFTER_NODES },
	{ "destroying", FAKE_TS_DESTROY, FAKE_TS_AT_ONCE },
	{ "an add", FAKE_TS_ADD, FAKE_TS_AFTER_ASSIGN },
	{ "a removal", FAKE_TS_REMOVE, FAKE_TS_AT_ONCE },
	{ "the configuration", FAKE_TS_CONFIG, FAKE_TS_AT_ONCE },
	{ "asking the hypervisor", FAKE_TS_HYP, FAKE_TS_AT_ONCE },
};

/*
 * Exactly one: the guest runs, or a whole image under its name is all there is.
 * Devices are with it, or (not when strict) free or replaced, and named in what was
 * said.
 */
static void sound(struct world *w, const struct scene *s, const char *what, unsigned nth,
		  bool strict)
{
	uint32_t domid = running(w, "web1");
	bool image = s->saves && there("a") && !domid;
	const char *bdf = s->vf ? "0000:01:10.0" : "0000:05:00.0";

	if (!domid && !image && strncmp(s->command, "restore", 7) != 0)
		fail_msg("%s, %s %u: the guest is nowhere\n%s%s", s->command, what, nth, w->out,
			 w->err);
	if (s->saves && unfinished())
		fail_msg("%s, %s %u: a part of an image is left", s->command, what, nth);
	if (s->saves && domid && there("a"))
		fail_msg("%s, %s %u: it runs, and an image is left", s->command, what, nth);
	if (domid && s->vf && has(w, domid, bdf) && !pf_has(w, s->vf))
		fail_msg("%s, %s %u: the VF has lost its identity", s->command, what, nth);
	if (domid && !has(w, domid, bdf) &&
	    (strict || !(strstr(w->err, bdf) || strstr(w->out, "in the place of 0000:01:10.0"))))
		fail_msg("%s, %s %u: without its device, and nobody says so\n%s%s", s->command,
			 what, nth, w->out, w->err);
	if (s->pool) {
		_cleanup_free_ char *holder = xlpt_xasprintf("web1 (domain %u)", domid);

		bool hidden = strstr(w->err, "0000:01:10.0 stays hidden");

		/* What a failure has left of a lease is over, and the next command sees that. */
		ok(w, "pool release --gone");
		lease_is(w, "01:10.0", domid && has(w, domid, bdf) ? holder : "");
		if (!domid && !hidden && strcmp(fake_bus_driver_of(w->bus, bdf), "igbvf") != 0)
			fail_msg("%s, %s %u: %s is not back with its driver\n%s%s", s->command,
				 what, nth, bdf, w->out, w->err);
	}
	no_journal(w);
}

/* A host on which a scene's preparation is done, and its files, which every try puts back. */
static struct stage {
	const struct scene *scene;
	struct world *world;
	struct kept_tree *host, *images;
} stage;

static void stage_set(const struct scene *s)
{
	stage.scene = s;
	stage.world = world_of(s);
	prepare(stage.world, s);
	stage.host = kept_tree_new(stage.world->bus->dir);
	stage.images = kept_tree_new(dir);
}

static void stage_clear(void)
{
	kept_tree_free(stage.host);
	kept_tree_free(stage.images);
	teardown((void **)&stage.world);
	stage = (struct stage){ 0 };
}

/* LeakSanitizer's, in a program that has it: it ends one that has lost memory. Valgrind looks at
 * _exit. */
void __lsan_do_leak_check(void) __attribute__((weak));
/* A command was left in its middle; nobody counts what it had. */
static bool killed_here;

/* In a process of its own, so that of the world's memory it has a copy. Returns what try returned.
 */
static bool on_stage(bool (*try)(unsigned nth, size_t i), unsigned nth, size_t i, const char *what)
{
	int fds[2], status;
	char met = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		met = try(nth, i) ? 'y' : 'n';
		if (!killed_here && __lsan_do_leak_check)
			__lsan_do_leak_check();
		if (write(fds[1], &met, 1) != 1)
			_exit(1);
		if (killed_here)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &met, 1) != 1)
		met = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!met || (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)))
		fail_msg("%s, %s %u: see above", stage.scene->command, what, nth);
	kept_tree_put_back(stage.host);
	kept_tree_put_back(stage.images);
	return met == 'y';
}

static bool fail_one(unsigned nth, size_t i)
{
	const struct scene *s = stage.scene;
	struct world *w = stage.world;
	int status;

	fake_ts_fail(w->ts, injections[i].op, nth, injections[i].depth);
	status = run(w, s->command);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
	if (status == 5) {
		if (!strstr(w->err, "to mend: "))
			fail_msg("%s, %s %u: no mending line: %s", s->command, injections[i].name,
				 nth, w->err);
		if (world_run(w, "repair"))
			fail_msg("%s, %s %u: repair failed: %s", s->command, injections[i].name,
				 nth, w->err);
	}
	sound(w, s, injections[i].name, nth, false);
	return status != 0;
}

static bool try_one(const void *arg, unsigned nth)
{
	const size_t *i = arg;

	return on_stage(fail_one, nth, *i, injections[*i].name);
}

static void test_every_failure(void **state)
{
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++) {
		stage_set(&scenes[s]);
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			met += world_each_point(s + i, try_one, &i);
		stage_clear();
	}
	print_message("%u failures\n", met);
	assert_true(met > (world_stride() > 1 ? 10 : 60));
}

/* ---- killed at every line of the journal ---- */

static sigjmp_buf killed;
static unsigned kill_at;

/* The journal's only; images are written with fsync. */
int fdatasync(int fd)
{
	(void)fd;
	if (kill_at && --kill_at == 0)
		siglongjmp(killed, 1);
	return 0;
}

/* What the kernel does for a process that is gone: its locks go with its descriptors. */
static void close_from(int first)
{
	for (int fd = first; fd < 256; fd++)
		close(fd);
}

/* Ends without tidying up; returns whether the kill was met. */
static bool kill_here(unsigned nth, size_t i)
{
	const struct scene *s = stage.scene;
	struct world *w = stage.world;
	volatile bool met = false;
	volatile int first = dup(0);

	(void)i;
	kill_at = nth;
	killed_here = true;
	if (sigsetjmp(killed, 0)) {
		/* The command's output streams are lost with it. */
		w->out = w->err = NULL;
		close_from(first + 1);
		met = true;
		if (world_run(w, "list") || world_run(w, "repair"))
			fail_msg("%s, killed at %u: repair: %s", s->command, nth, w->err);
	} else if (run(w, s->command)) {
		fail_msg("%s: %s", s->command, w->err);
	}
	kill_at = 0;
	sound(w, s, "killed at line", nth, true);
	return met;
}

static void test_killed(void **state)
{
	unsigned all = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++) {
		stage_set(&scenes[s]);
		for (unsigned n = 1; n < 100 && on_stage(kill_here, n, 0, "killed at line");
		     n += world_stride())
			all++;
		stage_clear();
	}
	print_message("%u kills\n", all);
	assert_true(all > (world_stride() > 1 ? 10 : 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_failure),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, leaving_setup, leaving_teardown);
}
