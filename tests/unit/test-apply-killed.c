/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply, killed at each line of its journal and before and after each change of the host: repair makes
 * all of it as it was or as it was wanted, and a second apply ends as if the first had never been
 * killed. And asked to end there, or with each change failing once: the host is as it was.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "tests/fake/bus-internal.h"
#include "tests/fake/rtnl-internal.h"
#include "tests/unit/applying.h"

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
};

/* ---- the points ---- */

static sigjmp_buf killed;
static unsigned stop_at;
static bool met, fails, asked;
static struct xlpt_host_ops bus_ops;
static struct xlpt_rtnl_ops rtnl_ops;
static struct xlpt_store_ops store_ops;

/* True when what comes is to fail. */
static bool point(void)
{
	if (!stop_at || --stop_at)
		return false;
	met = true;
	if (asked)
		raise(SIGTERM);
	else if (!fails)
		siglongjmp(killed, 1);
	return fails;
}

/* The journal's, and the files'. */
int fdatasync(int fd)
{
	(void)fd;
	if (!fails)
		point();
	return 0;
}

int fsync(int fd)
{
	return fdatasync(fd);
}

static int k_write(struct xlpt_host *h, const char *path, const void *buf, size_t len)
{
	int r;

	if (point())
		return -EIO;
	r = bus_ops.write(h, path, buf, len);
	if (!fails)
		point();
	return r;
}

static int k_unlink(struct xlpt_host *h, const char *path)
{
	return point() ? -EIO : bus_ops.unlink(h, path);
}

static int k_rename(struct xlpt_host *h, const char *from, const char *to)
{
	int r;

	if (point())
		return -EIO;
	r = bus_ops.rename(h, from, to);
	if (!fails)
		point();
	return r;
}

static int k_symlink(struct xlpt_host *h, const char *target, const char *path)
{
	return point() ? -EIO : bus_ops.symlink(h, target, path);
}

static int k_talk(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		  struct xlpt_str *answer)
{
	if (!fails)
		point();
	return rtnl_ops.talk(nl, port, msg, len, answer);
}

static int k_end(struct xlpt_store *s, xlpt_xst t, bool abort)
{
	if (!fails)
		point();
	return store_ops.end(s, t, abort);
}

static void arm(struct world *w)
{
	static struct xlpt_rtnl_ops rtnl;
	static struct xlpt_store_ops store;
	struct xlpt_store *s = fake_store_get(w->store);

	bus_ops = w->bus->ops;
	w->bus->ops.write = k_write;
	w->bus->ops.unlink = k_unlink;
	w->bus->ops.rename = k_rename;
	w->bus->ops.symlink = k_symlink;
	rtnl = rtnl_ops = *w->rtnl->nl.ops;
	rtnl.talk = k_talk;
	w->rtnl->nl.ops = &rtnl;
	store = store_ops = *s->ops;
	store.end = k_end;
	s->ops = &store;
}

/* ---- one of them ---- */

static struct world *prepared(const struct scene *s)
{
	struct world *w = apply_world();

	ok(w, s->prepare);
	if (s->first) {
		conf(w, s->first);
		ok(w, "apply");
	}
	conf(w, s->conf);
	return w;
}

static char *reference(const struct scene *s, bool after)
{
	struct world *w = prepared(s);
	char *text;

	if (after)
		ok(w, s->command);
	text = host_text(w);
	world_free(w);
	return text;
}

/* In the child, where cmocka's own would go on with the next test. */
#define die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), _exit(1))

static void is_text(struct world *w, const struct scene *s, unsigned nth, const char *what,
		    const char *a, const char *b)
{
	_cleanup_free_ char *now = host_text(w);

	if (!strcmp(now, a) || (b && !strcmp(now, b)))
		return;
	fprintf(stderr, "NOW\n%s\nWANTED\n%s\n%s%s", now, a, w->out ? w->out : "",
		w->err ? w->err : "");
	die("%s, %s at %u: the host is another one", s->command, what, nth);
}

/* Each second time repair comes first. */
static void after_kill(struct world *w, const struct scene *s, unsigned nth, const char *before,
		       const char *after)
{
	store_ops.close(fake_store_get(w->store));
	if (nth % 2) {
		if (world_run(w, "repair"))
			die("killed at %u: repair: %s%s", nth, w->out, w->err);
		is_text(w, s, nth, "killed and repaired", before, after);
	}
	if (world_run(w, "%s", s->command))
		die("killed at %u: again: %s%s", nth, w->out, w->err);
	is_text(w, s, nth, "killed", after, NULL);
	if (journals(w))
		die("killed at %u: a journal is left", nth);
}

/* A failure, or a signal. */
static void after_failure(struct world *w, const struct scene *s, unsigned nth, int status,
			  const char *before, const char *after)
{
	if (status == 5)
		die("failed at %u: left: %s", nth, w->err);
	is_text(w, s, nth, status ? "failed" : "done", status ? before : after, NULL);
	if (journals(w))
		die("failed at %u: a journal is left", nth);
}

/* In a process of its own, which ends without tidying up. Whether the point was met. */
static bool try_one(const struct scene *s, unsigned nth, const char *before, const char *after)
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
		met = false;
		stop_at = nth;
		if (sigsetjmp(killed, 0)) {
			/* The command's output streams are lost with it, its locks go with its descriptors. */
			w->out = w->err = NULL;
			for (int fd = first + 1; fd < 256; fd++)
				close(fd);
			after_kill(w, s, nth, before, after);
		} else {
			status = world_run(w, "%s", s->command);
			stop_at = 0;
			if (met && (fails || asked))
				after_failure(w, s, nth, status, before, after);
		}
		result = met ? 'y' : 'n';
		fake_tree_remove(w->bus, "");
		if (write(fds[1], &result, 1) == 1)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &result, 1) != 1)
		fail_msg("%s at %u: see above", s->command, nth);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return result == 'y';
}

static void every_point(unsigned least)
{
	unsigned points = 0;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(scenes); i++) {
		_cleanup_free_ char *before = reference(&scenes[i], false),
				    *after = reference(&scenes[i], true);

		for (unsigned n = 1; n < 600 && try_one(&scenes[i], n, before, after);
		     n += world_stride())
			points++;
	}
	print_message("%u points\n", points);
	assert_true(points > (world_stride() > 1 ? least / 20 : least));
}

static void test_killed(void **state)
{
	(void)state;
	fails = asked = false;
	every_point(150);
}

static void test_asked(void **state)
{
	(void)state;
	fails = false;
	asked = true;
	every_point(150);
}

static void test_failing(void **state)
{
	(void)state;
	fails = true;
	asked = false;
	every_point(30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_failing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
