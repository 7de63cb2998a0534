/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Libraries that are loaded when they are needed (core/lazy). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lazy.h"

struct calls {
	double (*floor)(double);
	double (*ceil)(double);
};

static struct calls good XLPT_LAZY_TABLE, bad XLPT_LAZY_TABLE;

static void test_loads(void **state)
{
	static const char *const names[] = { "floor", "ceil" };
	struct xlpt_lazy lib = {
		.soname = "libm.so.6", .names = names, .calls = (void **)&good, .n = 2
	};
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(xlpt_lazy_load(&lib, &diag), 0);
	assert_null(diag.message);
	assert_true(good.floor(2.5) == 2 && good.ceil(2.5) == 3);
	/* Done once: there is nothing left to do. */
	lib.soname = "libnowhere.so.1";
	assert_int_equal(xlpt_lazy_load(&lib, NULL), 0);

	/* Who can write anywhere cannot write there. */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct calls *volatile table = &good;

		signal(SIGSEGV, SIG_DFL);
		table->floor = NULL;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void test_missing(void **state)
{
	static const char *const names[] = { "floor", "no_such_function" };
	struct xlpt_lazy lib = { .soname = "libnowhere.so.1",
				 .package = "libnowhere1",
				 .what = "does nothing",
				 .names = names,
				 .calls = (void **)&bad,
				 .n = 2 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	assert_int_equal(xlpt_lazy_load(&lib, &diag), XLPT_ERR_NOT_FOUND);
	assert_int_equal(xlpt_err_exit(diag.code), 1);
	assert_string_equal(diag.message, "cannot load libnowhere.so.1, which does nothing");
	assert_non_null(strstr(diag.fact, "libnowhere.so.1"));
	assert_non_null(strstr(diag.hint, "apt-get install libnowhere1"));

	lib.soname = "libm.so.6";
	assert_int_equal(xlpt_lazy_load(&lib, &diag), XLPT_ERR_NOT_FOUND);
	assert_non_null(strstr(diag.fact, "no_such_function"));
	assert_false(lib.loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
