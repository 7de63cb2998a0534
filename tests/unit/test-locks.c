/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keyed locks: taken twice is nothing, one order for all, and nobody waits for
 * somebody who waits for him. Where it needs two, there are two processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/lock.h"
#include "tests/unit/commands.h"

#define ROUNDS 60

struct fix {
	struct fake_bus *bus;
	struct xlpt_host *host;
	struct fake_clock clock;
	struct xlpt_lock_owner own, other; /* two commands */
	struct xlpt_locks a, b, theirs;
};

static int setup(void **state)
{
	struct fix *f = xlpt_xcalloc(1, sizeof(*f));

	f->bus = fake_bus_new();
	f->host = fake_bus_host(f->bus);
	fake_clock_init(&f->clock);
	fake_bus_put(f->bus, "/l/.keep", "");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	xlpt_locks_release(&f->a);
	xlpt_locks_release(&f->b);
	xlpt_locks_release(&f->theirs);
	fake_clock_dispose(&f->clock);
	fake_bus_free(f->bus);
	free(f);
	return 0;
}

static int take(struct fix *f, struct xlpt_lock_owner *o, struct xlpt_locks *set,
		enum xlpt_lock_kind kind, uint64_t number, int64_t timeout_ms)
{
	static const char *const words[] = { "guest", "device", "pf", "pools", "files" };
	_cleanup_free_ char *path =
		xlpt_xasprintf("/l/%s-%llu", words[kind], (unsigned long long)number);

	return xlpt_lock_take(
		o, set, f->host, &f->clock.clock,
		&(struct xlpt_lock_key){ .kind = kind, .number = number, .path = path },
		xlpt_now(&f->clock.clock) + timeout_ms, NULL, NULL);
}

#define OWN(kind, n, ms)   take(f, &f->own, &f->a, XLPT_LOCK_##kind, n, ms)
#define OTHER(kind, n, ms) take(f, &f->other, &f->theirs, XLPT_LOCK_##kind, n, ms)

static void test_twice(void **state)
{
	struct fix *f = *state;

	assert_int_equal(OWN(DEVICE, 1, 1000), 0);
	assert_int_equal(OWN(DEVICE, 1, 1000), 0);
	assert_int_equal(take(f, &f->own, &f->b, XLPT_LOCK_DEVICE, 1, 0), 0);
	assert_int_equal(f->own.n, 1);
	assert_int_equal(OTHER(DEVICE, 1, 1000), -EWOULDBLOCK);
	xlpt_locks_release(&f->a);
	assert_true(xlpt_lock_fd(&f->own, XLPT_LOCK_DEVICE, 1) >= 0);
	assert_int_equal(OTHER(DEVICE, 1, 1000), -EWOULDBLOCK);
	xlpt_locks_release(&f->b);
	assert_int_equal(xlpt_lock_fd(&f->own, XLPT_LOCK_DEVICE, 1), -1);
	assert_int_equal(OTHER(DEVICE, 1, 1000), 0);
	/* The same number, and another kind. */
	assert_int_equal(OWN(PF, 1, 0), 0);
	assert_true(xlpt_lock_fd(&f->own, XLPT_LOCK_PF, 1) >= 0);
	assert_int_equal(xlpt_lock_fd(&f->own, XLPT_LOCK_DEVICE, 1), -1);
}

static void test_shrink(void **state)
{
	struct fix *f = *state;

	assert_int_equal(OWN(GUEST, 3, 0), 0);
	assert_int_equal(OWN(DEVICE, 1, 0), 0);
	assert_int_equal(OWN(DEVICE, 2, 0), 0);
	xlpt_locks_shrink(&f->a, 1);
	assert_int_equal(OTHER(DEVICE, 2, 0), 0);
	assert_int_equal(OTHER(GUEST, 3, 0), -EWOULDBLOCK);
}

/* In order it is waited for to the end; what comes before, shortly; with the pools not at all. */
static void test_order(void **state)
{
	struct fix *f = *state;
	int64_t start;

	assert_int_equal(OTHER(GUEST, 3, 0), 0);
	assert_int_equal(OTHER(DEVICE, 5, 0), 0);
	assert_int_equal(OTHER(FILES, 0, 0), 0);
	assert_int_equal(OWN(DEVICE, 4, 0), 0);
	start = f->clock.now;
	assert_int_equal(OWN(DEVICE, 5, 60000), -EWOULDBLOCK);
	assert_int_equal(f->clock.now, start + 60000);
	assert_int_equal(OWN(GUEST, 3, 60000), -EWOULDBLOCK);
	assert_int_equal(f->clock.now, start + 60000 + XLPT_LOCK_BACK_MS);
	assert_int_equal(OWN(POOLS, 0, 0), 0);
	start = f->clock.now;
	assert_int_equal(OWN(FILES, 0, 60000), -EWOULDBLOCK);
	assert_int_equal(OWN(DEVICE, 5, 60000), -EWOULDBLOCK);
	assert_int_equal(f->clock.now, start);
	/* What is free, and what it has, it gets all the same. */
	assert_int_equal(OWN(DEVICE, 4, 0), 0);
	assert_int_equal(OWN(GUEST, 1, 0), 0);
}

/* Of an older xlpt: who can read it can lock it. What is another user's stays as it is. */
static void test_readable(void **state)
{
	struct fix *f = *state;
	static const char *const paths[] = { "/l/device-1", "/l/device-2" };
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		_cleanup_close_ int fd = -1;

		fake_bus_put(f->bus, paths[i], "");
		fd = f->host->ops->open(f->host, paths[i], O_RDWR, 0);
		assert_int_equal(fchmod(fd, 0644), 0);
		if (i && geteuid() == 0)
			assert_int_equal(fchown(fd, 65534, 65534), 0);
		assert_int_equal(take(f, &f->own, &f->a, XLPT_LOCK_DEVICE, i + 1, 0), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 0777, i && geteuid() == 0 ? 0644 : 0600);
	}
}

static void test_directory(void **state)
{
	struct fix *f = *state;
	const struct xlpt_lock_key key = { .kind = XLPT_LOCK_FILES,
					   .path = "/l",
					   .directory = true };

	assert_int_equal(
		xlpt_lock_take(&f->own, &f->a, f->host, &f->clock.clock, &key, 0, NULL, NULL), 0);
	assert_int_equal(xlpt_lock_take(&f->other, &f->theirs, f->host, &f->clock.clock, &key, 0,
					NULL, NULL),
			 -EWOULDBLOCK);
	assert_int_equal(xlpt_lock_take(&f->other, &f->theirs, f->host, &f->clock.clock,
					&(struct xlpt_lock_key){ .path = "/none/x" }, 0, NULL,
					NULL),
			 -ENOENT);
}

/* ---- two processes ---- */

/* As a command takes them: some of five devices, in order, and then a PF and the pools. */
static int work(struct fix *f, unsigned seed)
{
	f->clock.clock = xlpt_clock_real;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned r = (unsigned)rand_r(&seed);
		long long n = 0;
		char now[32];

		for (unsigned k = 0; k < 5; k++)
			if ((r >> k & 1 || k == 2) && OWN(DEVICE, k, 30000))
				return 1;
		if (r & 0x20 && OWN(PF, 0, 30000))
			return 2;
		if (r & 0x40 && OWN(POOLS, 0, 30000))
			return 3;
		/* All have device 2: the count is lost when two are in here. */
		if (xlpt_host_read_long(f->host, &n, "/l/count"))
			return 4;
		snprintf(now, sizeof(now), "%lld\n", n + 1);
		if (xlpt_file_replace(f->host, "/l/count", now, strlen(now),
				      &(struct xlpt_file_how){ .mode = 0600 }))
			return 5;
		xlpt_locks_release(&f->a);
	}
	return 0;
}

static void test_two_processes(void **state)
{
	struct fix *f = *state;
	long long n = 0;
	pid_t pids[2];

	fake_bus_put(f->bus, "/l/count", "0\n");
	for (unsigned i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i])
			_exit(work(f, i + 7));
	}
	for (unsigned i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(xlpt_host_read_long(f->host, &n, "/l/count"), 0);
	assert_int_equal(n, 2 * ROUNDS);
}

/* Two that take them the wrong way round: one gives up, and neither waits to the end. */
static void test_two_crosswise(void **state)
{
	struct fix *f = *state;
	int ready[2], go[2], status;
	char c = 0;
	pid_t pid;

	f->clock.clock = xlpt_clock_real;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (OWN(DEVICE, 2, 0) || write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(9);
		/* Backwards, and not for long here. */
		status = OWN(DEVICE, 1, 300);
		_exit(status == -EWOULDBLOCK ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(OWN(DEVICE, 1, 0), 0);
	assert_int_equal(write(go[1], &c, 1), 1);
	assert_int_equal(OWN(DEVICE, 2, 30000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

/* ---- commands ---- */

/* A root port without ACS: PF and VF are one isolation set. */
static struct world *without_acs(void **state)
{
	struct world *w = *state;

	fake_bus_add(w->bus, "0000:00:1c.0",
		     &(struct fake_dev){ .vendor = 0x1b36,
					 .device = 0x000c,
					 .class_code = 0x060400,
					 .no_acs = true });
	fake_bus_add(w->bus, "0000:06:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .net = "enp6s0",
					 .parent = "0000:00:1c.0" });
	fake_bus_add(w->bus, "0000:06:10.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .pf = "0000:06:00.0",
					 .parent = "0000:00:1c.0" });
	fake_rtnl_link(w->rtnl, "enp6s0", "52:54:00:00:00:60", 0);
	fake_rtnl_vfs(w->rtnl, "enp6s0", 1);
	return w;
}

static void test_pf_in_the_set(void **state)
{
	struct world *w = without_acs(state);
	int64_t start;

	ok(w, "attach --hide --allow-split 06:10.0 web1 06:10.0,vlan=42");
	start = w->clock.now;
	ok(w, "detach --to-host web1 06:10.0");
	assert_true(w->clock.now - start < 30000);
	assert_null(strstr(w->err, "waiting for another xlpt"));
	ok(w, "repair");
	if (!strstr(w->out, "nothing to mend"))
		fail_msg("something was left:\n%s", w->out);
}

/* The same VF by unhide, and by a pool that gives its VFs back to dom0. */
static void test_pf_in_the_set_unhide(void **state)
{
	struct world *w = without_acs(state);

	ok(w, "attach --hide --allow-split 06:10.0 web1 06:10.0,vlan=42");
	fake_ts_ended(w->ts, 3);
	ok(w, "unhide 06:10.0");
	assert_null(strstr(w->err, "waiting for another xlpt"));
}

#define lock_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lock_test(test_twice),
		lock_test(test_shrink),
		lock_test(test_readable),
		lock_test(test_order),
		lock_test(test_directory),
		lock_test(test_two_processes),
		lock_test(test_two_crosswise),
		world_test(test_pf_in_the_set),
		world_test(test_pf_in_the_set_unhide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
