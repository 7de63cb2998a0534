/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of the trees of --sysroot, which another user may hold for ever, and what stands in the place of a lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/fake/clock.h"
#include "tests/unit/filing.h"
#include "xl-plugin/kept/locks.h"

/* As "boot write" takes it; how long it waited goes to ms. */
static int lock_tree(struct tree *t, bool program, int64_t *ms, struct xlpt_diag *diag)
{
	struct fake_clock clock;
	struct xlpt_locks locks = { 0 };
	struct xlpt_env env = {
		.host = &t->h, .sysroot = t->dir, .own_process = program, .err = stderr
	};
	int64_t begin;
	int rc;

	fake_clock_init(&clock);
	env.clock = &clock.clock;
	begin = xlpt_now(env.clock);
	rc = xlpt_lock_files(&env, &locks, "boot", NULL, diag);
	*ms = xlpt_now(env.clock) - begin;
	if (rc == 0 && program) {
		/* Another xlpt of root's waits. */
		struct xlpt_env other = env;
		struct xlpt_locks more = { 0 };

		other.locks = (struct xlpt_lock_owner){ 0 };
		assert_int_equal(xlpt_lock_files(&other, &more, "boot", NULL, NULL),
				 XLPT_ERR_IN_USE);
	}
	xlpt_locks_release(&locks);
	fake_clock_dispose(&clock);
	return rc;
}

/* The lock of root's is below /run of this system: in a namespace, it has another one. */
static int with_another_run(struct tree *t)
{
	int64_t ms;

	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL))
		return 77;
	if (lock_tree(t, true, &ms, NULL) || ms || access("/run/xlpt/lock/trees", F_OK))
		return 1;
	/* Where nothing can be made there, the directory of the tree is locked. */
	if (umount("/run") || mount("none", "/run", "tmpfs", MS_RDONLY, NULL))
		return 77;
	return lock_tree(t, true, &ms, NULL) == XLPT_ERR_IN_USE ? 0 : 2;
}

static void test_locked_for_ever(void **state)
{
	struct tree *t = *state;
	_cleanup_close_ int theirs = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int64_t ms;
	int status;

	assert_int_equal(flock(theirs, LOCK_EX), 0);
	assert_int_equal(lock_tree(t, false, &ms, &diag), XLPT_ERR_IN_USE);
	assert_true(ms >= XLPT_LOCK_TIMEOUT_MS);
	if (!only_root())
		return;
	if (fork() == 0)
		_exit(with_another_run(t));
	assert_true(wait(&status) > 0 && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("no mount namespace can be made here\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* Root is not told to be root. */
static void test_no_lock_file(void **state)
{
	struct tree *t = *state;
	struct xlpt_env env = { .host = &t->h, .clock = &xlpt_clock_real, .err = stderr };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_locks locks = { 0 };

	assert_int_equal(xlpt_lock_files(&env, &locks, "boot", NULL, NULL), 0);
	xlpt_locks_release(&locks);
	for (int folder = 0; folder < 2; folder++) {
		assert_int_equal(unlinkat(t->fd, "run/xlpt/lock/boot", 0), 0);
		assert_int_equal(folder ? mkdirat(t->fd, "run/xlpt/lock/boot", 0700)
					: symlinkat("/dev/null", t->fd, "run/xlpt/lock/boot"),
				 0);
		assert_int_equal(xlpt_lock_files(&env, &locks, "boot", NULL, &diag), XLPT_ERR_IO);
		assert_non_null(strstr(diag.hint, "rm -r /run/xlpt/lock/boot"));
	}
	xlpt_locks_release(&locks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_locked_for_ever),
		TEST(test_no_lock_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
