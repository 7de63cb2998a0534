/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command that is cut short at each of its points: at every line of the journal, before and after
 * every write to sysfs, every change of files and of xenstore, every call of libxl and every request to
 * the kernel's link settings. There it is killed, asked to end, or the change fails.
 *
 * After cmocka.h. A test that includes this has its own fdatasync and fsync, which write nothing.
 */
#ifndef XLPT_TESTS_UNIT_KILLING_H
#define XLPT_TESTS_UNIT_KILLING_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fake/bus-internal.h"
#include "tests/fake/rtnl-internal.h"
#include "tests/fake/system.h"
#include "tests/fake/toolstack-internal.h"
#include "tests/unit/commands.h"

enum cut { CUT_KILL, CUT_SIGNAL, CUT_FAIL };

/* What is cut short. */
struct killing {
	enum cut cut;
	const char *command;
	int status; /* what it exits with when nothing cuts it */
	const void *scene;
	struct world *(*prepared)(const void *scene);
	char *(*text)(struct world *w); /* all that counts of the host; caller frees */
	/* That text without the command and with it; cutting_each finds out what is NULL. */
	const char *before, *after;
	/* In a process of its own: what is so then, or die(). After a kill and after another cut. */
	void (*killed)(struct world *w, const struct killing *k, unsigned nth);
	void (*ended)(struct world *w, const struct killing *k, unsigned nth, int status);
};

/* In the child, where cmocka's own would go on with the next test. */
#define die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), _exit(1))

/* ---- the points ---- */

static struct {
	unsigned at; /* how many are to come; 0 = none is cut */
	enum cut cut;
	bool met;
	int first; /* descriptors from here on are the command's */
	sigjmp_buf back;
	struct xlpt_host_ops bus;
	struct xlpt_rtnl_ops rtnl;
	struct xlpt_store_ops store;
	struct xlpt_toolstack_ops ts;
} cutting;

/* Before something that can fail: whether it is to. */
static bool point(void)
{
	if (!cutting.at || --cutting.at)
		return false;
	cutting.met = true;
	if (cutting.cut == CUT_SIGNAL)
		raise(SIGTERM);
	else if (cutting.cut == CUT_KILL)
		siglongjmp(cutting.back, 1);
	return cutting.cut == CUT_FAIL;
}

/* One where nothing can fail. */
static void pass(void)
{
	if (cutting.cut != CUT_FAIL)
		point();
}

/* The journal's, and the files'. */
int fdatasync(int fd)
{
	(void)fd;
	pass();
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
	r = cutting.bus.write(h, path, buf, len);
	pass();
	return r;
}

static int k_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	if (flags & O_CREAT)
		pass();
	return cutting.bus.open(h, path, flags, mode);
}

static int k_unlink(struct xlpt_host *h, const char *path)
{
	return point() ? -EIO : cutting.bus.unlink(h, path);
}

static int k_rename(struct xlpt_host *h, const char *from, const char *to)
{
	int r;

	if (point())
		return -EIO;
	r = cutting.bus.rename(h, from, to);
	pass();
	return r;
}

static int k_symlink(struct xlpt_host *h, const char *target, const char *path)
{
	return point() ? -EIO : cutting.bus.symlink(h, target, path);
}

static int k_talk(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		  struct xlpt_str *answer)
{
	int r;

	pass();
	r = cutting.rtnl.talk(nl, port, msg, len, answer);
	pass();
	return r;
}

static int k_end(struct xlpt_store *s, xlpt_xst t, bool abort)
{
	pass();
	return cutting.store.end(s, t, abort);
}

static int k_rm(struct xlpt_store *s, xlpt_xst t, const char *path)
{
	pass();
	return cutting.store.rm(s, t, path);
}

static int k_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		 struct xlpt_diag *diag)
{
	int rc;

	pass();
	rc = cutting.ts.device_add(ts, domid, spec, diag);
	pass();
	return rc;
}

static int k_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool force,
		    struct xlpt_diag *diag)
{
	int rc;

	pass();
	rc = cutting.ts.device_remove(ts, domid, bdf, force, diag);
	pass();
	return rc;
}

static inline void cutting_arm(struct world *w)
{
	static struct xlpt_rtnl_ops rtnl;
	static struct xlpt_store_ops store;
	struct xlpt_store *s = fake_store_get(w->store);

	cutting.bus = w->bus->ops;
	w->bus->ops.write = k_write;
	w->bus->ops.open = k_open;
	w->bus->ops.unlink = k_unlink;
	w->bus->ops.rename = k_rename;
	w->bus->ops.symlink = k_symlink;
	rtnl = cutting.rtnl = *w->rtnl->nl.ops;
	rtnl.talk = k_talk;
	w->rtnl->nl.ops = &rtnl;
	store = cutting.store = *s->ops;
	store.end = k_end;
	store.rm = k_rm;
	s->ops = &store;
	cutting.ts = w->ts->ops;
	w->ts->ops.device_add = k_add;
	w->ts->ops.device_remove = k_remove;
}

/* ---- one of them ---- */

/*
 * Runs the command of w and kills it at its nth point: true when it came so far. What the kernel does for a
 * process that is gone is done: its locks go with its descriptors, its watches and transactions with
 * its connection. Its output is lost. *status is what it exits with otherwise.
 */
static inline bool cutting_kill(struct world *volatile w, const char *command, unsigned nth,
				int *status)
{
	cutting.at = nth;
	if (sigsetjmp(cutting.back, 0)) {
		w->out = w->err = NULL;
		for (int fd = cutting.first; fd < 256; fd++)
			close(fd);
		cutting.store.close(fake_store_get(w->store));
		return true;
	}
	*status = world_run(w, "%s", command);
	cutting.at = 0;
	return false;
}

static inline void cutting_child(const struct killing *k, unsigned nth, int tell)
{
	struct world *w;
	int status = 0;
	char result;

	/* Who ends the test program (a time limit, a terminal) signals its group: not for the command. */
	setpgid(0, 0);
	w = k->prepared(k->scene);
	cutting_arm(w);
	cutting.cut = k->cut;
	cutting.met = false;
	cutting.first = dup(0) + 1;
	if (cutting_kill(w, k->command, nth, &status))
		k->killed(w, k, nth);
	else if (cutting.met)
		k->ended(w, k, nth, status);
	else if (status != k->status)
		die("%s: exit %d: %s", k->command, status, w->err);
	result = cutting.met ? 'y' : 'n';
	fake_tree_remove(w->bus, "");
	if (write(tell, &result, 1) == 1)
		kill(getpid(), SIGKILL);
	_exit(1);
}

/* In a process of its own, which ends without tidying up. Whether there is an nth point. */
static inline bool cutting_at(const struct killing *k, unsigned nth)
{
	char result = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		cutting_child(k, nth, fds[1]);
	close(fds[1]);
	if (read(fds[0], &result, 1) != 1)
		fail_msg("%s, cut at %u: see above", k->command, nth);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return result == 'y';
}

static inline char *cutting_text(const struct killing *k, bool after)
{
	struct world *w;
	char *text;

	world_hold_signals(true);
	w = k->prepared(k->scene);
	if (after)
		ok(w, k->command);
	text = k->text(w);
	world_free(w);
	world_hold_signals(false);
	return text;
}

/* Cuts it at each point. Returns how many there are. */
static inline unsigned cutting_each(struct killing k)
{
	_cleanup_free_ char *before = k.before ? NULL : cutting_text(&k, false),
			    *after = k.after ? NULL : cutting_text(&k, true);
	unsigned points = 0;

	k.before = k.before ? k.before : before;
	k.after = k.after ? k.after : after;
	for (unsigned nth = 1; nth < 900 && cutting_at(&k, nth); nth += world_stride())
		points++;
	return points;
}

/* The host is one of those texts; b may be NULL. */
static inline void cutting_is(struct world *w, const struct killing *k, unsigned nth,
			      const char *when, const char *a, const char *b)
{
	_cleanup_free_ char *now = k->text(w);

	if (!strcmp(now, a) || (b && !strcmp(now, b)))
		return;
	fprintf(stderr, "NOW\n%s\nWANTED\n%s\n%s%s\n%s%s", now, a, b ? "OR\n" : "", b ? b : "",
		w->out ? w->out : "", w->err ? w->err : "");
	die("%s, %s %u: the host is another one", k->command, when, nth);
}

#endif
