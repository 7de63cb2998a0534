/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary directories while there are hardly any descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/resource.h>

#include "core/tempdir.h"
#include "tests/unit/filing.h"

/* Leaves n descriptors; returns the limit that was. */
static struct rlimit leave(unsigned n)
{
	int next = fcntl(STDERR_FILENO, F_DUPFD, 3);
	struct rlimit old, few;

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = (rlim_t)next + n, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return old;
}

/* That is the reason, and not TMPDIR. */
static void test_made(void **state)
{
	struct tree *t = *state;

	setenv("TMPDIR", t->dir, 1);
	for (unsigned n = 0; n < 5; n++) {
		struct xlpt_tempdir made = { .fd = -1 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct rlimit old = leave(n);
		int rc = xlpt_tempdir_make(&made, "x.", &diag);

		setrlimit(RLIMIT_NOFILE, &old);
		if (rc)
			assert_int_equal(diag.sys_errno, EMFILE);
		xlpt_tempdir_dispose(&made);
	}
	unsetenv("TMPDIR");
	has(t, "/", "");
}

/* It is removed with one descriptor more than it holds itself, however deep it is. */
static void test_removed(void **state)
{
	struct xlpt_tempdir made = { .fd = -1 };
	struct tree *t = *state;
	struct rlimit old;

	setenv("TMPDIR", t->dir, 1);
	assert_int_equal(xlpt_tempdir_make(&made, "x.", NULL), 0);
	unsetenv("TMPDIR");
	assert_int_equal(mkdirat(made.fd, "a", 0700) | mkdirat(made.fd, "a/b", 0700) |
				 mkdirat(made.fd, "a/b/c", 0700) | mkdirat(made.fd, "a/d", 0700),
			 0);
	old = leave(1);
	xlpt_tempdir_dispose(&made);
	setrlimit(RLIMIT_NOFILE, &old);
	has(t, "/", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made),
		TEST(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
