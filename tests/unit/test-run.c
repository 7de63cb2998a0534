/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "xl-plugin/run.h"

static void shell(struct xlpt_run *run, const char *line)
{
	const char *argv[] = { "sh", "-c", line, NULL };

	run->argv = argv;
	assert_int_equal(xlpt_run_program(run, NULL), 0);
	run->argv = NULL;
}

static void test_output_and_status(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	static const char *const none[] = { "/nonexistent", NULL };
	_cleanup_run_ struct xlpt_run missing = XLPT_RUN_INIT(none);

	(void)state;
	shell(&run, "echo out; echo err >&2; exit 7");
	assert_int_equal(run.status, 7);
	assert_string_equal(xlpt_str_get(&run.out), "out");
	assert_string_equal(xlpt_str_get(&run.err), "err");
	xlpt_run_dispose(&run);
	shell(&run, "kill -9 $$");
	assert_int_equal(run.status, 128 + SIGKILL);
	assert_int_equal(xlpt_run_program(&missing, NULL), 0);
	assert_int_equal(missing.status, 127);
}

/* Head, then the file from its place; a reader that ends early is no error of ours. */
static void test_feed(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	_cleanup_close_ int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "xxxbody", 7), 7);
	run.feed = (char[]){ "head-" };
	run.feed_len = 5;
	run.feed_fd = fd;
	run.feed_at = 3;
	shell(&run, "cat");
	assert_string_equal(xlpt_str_get(&run.out), "head-body");
	assert_int_equal(ftruncate(fd, 50 << 20), 0);
	xlpt_run_dispose(&run);
	shell(&run, "head -c 3; exit 1");
	assert_int_equal(run.status, 1);
	assert_string_equal(xlpt_str_get(&run.out), "hea");
}

/* The locks go on with the program, whatever numbers they had, and Ctrl-C is not for it. */
static void test_keep(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	int a = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int b = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	/* Crosswise. */
	assert_int_equal(dup3(a, 9, O_CLOEXEC), 9);
	assert_int_equal(dup3(b, 8, O_CLOEXEC), 8);
	assert_int_equal(write(9, "a", 1), 1);
	assert_int_equal(write(8, "bb", 2), 2);
	run.keep[0] = 9;
	run.keep[1] = 8;
	shell(&run, "stat -L -c %s /proc/self/fd/8 /proc/self/fd/9; kill -INT $$; kill -HUP $$; echo on");
	assert_string_equal(xlpt_str_get(&run.out), "1\n2\non");
	assert_int_equal(run.status, 0);
	xlpt_run_dispose(&run);
	/* And further, unless it is told not to. */
	shell(&run, "exec 8>&- 9>&- sh -c 'ls /proc/$$/fd | tr \"\\n\" \" \"'");
	assert_null(strchr(xlpt_str_get(&run.out), '8'));
	close(8);
	close(9);
	close(a);
	close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
