/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hide, unhide, attach and detach, killed or asked to end at every line of the journal, before
 * and after every write to sysfs and every call of libxl, at every change of xenstore: after a kill
 * repair, after a signal the command itself makes the host as it was or as it was wanted.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/bus-internal.h"
#include "tests/fake/toolstack-internal.h"
#include "tests/unit/commands.h"

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
	{ .prepare = "", .command = "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42" },
	{ .prepare = "attach --hide web1 02:00.0", .command = "detach web1 02:00.0" },
	{ .prepare = "attach --hide web1 01:10.0,vlan=42",
	  .command = "detach --to-host web1 01:10.0" },
	{ .prepare = "attach --hide web1 02:00.0", .command = "detach --to-host web1 02:00.0" },
	{ .prepare = "attach --hide win1 02:00.0", .command = "detach win1 02:00.0" },
};

/* ---- the points ---- */

static sigjmp_buf killed;
static unsigned stop_at;
static int stop_by;
static bool met;
static struct xlpt_host_ops bus_ops;
static struct xlpt_store_ops store_ops;
static struct xlpt_toolstack_ops ts_ops;

static void point(void)
{
	if (!stop_at || --stop_at)
		return;
	met = true;
	if (stop_by == SIGKILL)
		siglongjmp(killed, 1);
	raise(stop_by);
}

/* The journal's. */
int fdatasync(int fd)
{
	(void)fd;
	point();
	return 0;
}

static int k_write(struct xlpt_host *h, const char *path, const void *buf, size_t len)
{
	int r;

	point();
	r = bus_ops.write(h, path, buf, len);
	point();
	return r;
}

static int k_end(struct xlpt_store *s, xlpt_xst t, bool abort)
{
	point();
	return store_ops.end(s, t, abort);
}

static int k_rm(struct xlpt_store *s, xlpt_xst t, const char *path)
{
	point();
	return store_ops.rm(s, t, path);
}

static int k_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		 struct xlpt_diag *diag)
{
	int rc;

	point();
	rc = ts_ops.device_add(ts, domid, spec, diag);
	point();
	return rc;
}

static int k_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool force,
		    struct xlpt_diag *diag)
{
	int rc;

	point();
	rc = ts_ops.device_remove(ts, domid, bdf, force, diag);
	point();
	return rc;
}

static void arm(struct world *w)
{
	static struct xlpt_store_ops store;
	struct xlpt_store *s = fake_store_get(w->store);

	bus_ops = w->bus->ops;
	w->bus->ops.write = k_write;
	store = store_ops = *s->ops;
	store.end = k_end;
	store.rm = k_rm;
	s->ops = &store;
	ts_ops = w->ts->ops;
	w->ts->ops.device_add = k_add;
	w->ts->ops.device_remove = k_remove;
}

/* ---- one of them ---- */

static struct world *prepared(const struct scene *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s->prepare);
	struct world *w = world_new();
	char *save = NULL;

	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save))
		ok(w, line);
	return w;
}

static char *reference(const struct scene *s, bool after)
{
	struct world *w = prepared(s);
	char *text;

	if (after)
		ok(w, s->command);
	text = world_snapshot(w);
	world_free(w);
	return text;
}

/* What the kernel does for a process that is gone: its locks go with its descriptors. */
static void close_from(int first)
{
	for (int fd = first; fd < 256; fd++)
		close(fd);
}

/* In the child, where cmocka's own would go on with the next test. */
#define die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), _exit(1))

static void compare(struct world *w, const struct scene *s, const char *what, unsigned nth,
		    const char *a, const char *b)
{
	_cleanup_free_ char *now = world_snapshot(w);

	if (!strcmp(now, a) || (b && !strcmp(now, b)))
		return;
	fprintf(stderr, "NOW\n%s\nWAS\n%s\nWANTED\n%s\n%s%s", now, a, b ? b : "", w->out, w->err);
	die("%s, %s %u: the host is between", s->command, what, nth);
}

static void after_kill(struct world *w, const struct scene *s, unsigned nth, const char *before,
		       const char *after)
{
	/* And its watches and transactions with its connection. */
	store_ops.close(fake_store_get(w->store));
	if (world_run(w, "repair"))
		die("%s, killed at %u: repair: %s%s", s->command, nth, w->out, w->err);
	if (!s->parts)
		compare(w, s, "killed at", nth, before, after);
	if (world_run(w, "repair") || !strstr(w->out, "nothing to mend"))
		die("%s, killed at %u: still to mend: %s", s->command, nth, w->out);
	/* And once more, it ends well, or says that it is so already. */
	if (!s->parts && world_run(w, "%s", s->command) && !strstr(w->err, "does not have") &&
	    !strstr(w->err, "is already with"))
		die("%s, killed at %u: again: %s", s->command, nth, w->err);
}

static void after_signal(struct world *w, const struct scene *s, unsigned nth, int status,
			 const char *before, const char *after)
{
	if (status == 5) {
		if (world_run(w, "repair"))
			die("%s, signal at %u: repair: %s", s->command, nth, w->err);
		compare(w, s, "signal and repair at", nth, before, after);
	} else {
		compare(w, s, "signal at", nth, status == 0 ? after : before, NULL);
		if (!strstr(w->err, "SIGTERM"))
			die("%s, signal at %u: exit %d without its name: %s", s->command, nth,
			    status, w->err);
	}
}

/* In a process of its own, which ends without tidying up. Whether the point was met. */
static bool try_one(const struct scene *s, int sig, unsigned nth, const char *before,
		    const char *after)
{
	char result = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct world *volatile w = prepared(s);
		int first = dup(0), status;

		arm(w);
		stop_at = nth;
		stop_by = sig;
		if (sigsetjmp(killed, 0)) {
			/* The command's output streams are lost with it. */
			w->out = w->err = NULL;
			close_from(first + 1);
			after_kill(w, s, nth, before, after);
		} else {
			status = world_run(w, "%s", s->command);
			stop_at = 0;
			if (met)
				after_signal(w, s, nth, status, before, after);
		}
		result = met ? 'y' : 'n';
		fake_tree_remove(w->bus, "");
		if (write(fds[1], &result, 1) == 1)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &result, 1) != 1)
		fail_msg("%s, %s at %u: see above", s->command, strsignal(sig), nth);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return result == 'y';
}

static void every_point(int sig)
{
	unsigned points = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++) {
		_cleanup_free_ char *before = reference(&scenes[i], false),
				    *after = reference(&scenes[i], true);

		for (unsigned n = 1; n < 400 && try_one(&scenes[i], sig, n, before, after);
		     n += world_stride())
			points++;
	}
	print_message("%u points\n", points);
	assert_true(points > (world_stride() > 1 ? 10 : 100));
}

static void test_killed(void **state)
{
	(void)state;
	every_point(SIGKILL);
}

static void test_signal(void **state)
{
	(void)state;
	every_point(SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
