/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/run.h"
#include "core/stop.h"
#include "tests/fake/world.h"

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
static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

/* Who waits for it can look at something meanwhile; it ends as it would. */
static void test_idle(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	unsigned n = 0;

	(void)state;
	run.idle = (struct xlpt_run_idle){ count, &n };
	shell(&run, "sleep 0.2; exit 3");
	assert_int_equal(run.status, 3);
	assert_in_range(n, 2, 1000);
}

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
	shell(&run,
	      "stat -L -c %s /proc/self/fd/8 /proc/self/fd/9; kill -INT $$; kill -HUP $$; echo on");
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

/* ---- where it is found ---- */

static void test_path(void **state)
{
	static const char *const chroot[] = { "chroot", "--version", NULL }, *const nobody[] = {
		"no-such-program-of-xlpt", NULL
	};
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(chroot), none = XLPT_RUN_INIT(nobody);
	_cleanup_free_ char *old = xlpt_xstrdup(getenv("PATH"));

	(void)state;
	/* cron's. */
	setenv("PATH", "/usr/bin:/bin", 1);
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	assert_int_equal(run.status, 0);
	xlpt_run_dispose(&run);
	/* What it runs itself is found the same way, and nothing is named twice. */
	shell(&run, "echo $PATH");
	assert_string_equal(run.out.s, "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
	xlpt_run_dispose(&run);
	/* What tar would take for options: root has it from whoever called su. */
	setenv("TAR_OPTIONS", "--exclude=*", 1);
	shell(&run, "echo ${TAR_OPTIONS-none}");
	assert_string_equal(run.out.s, "none");
	xlpt_run_dispose(&run);
	unsetenv("TAR_OPTIONS");
	setenv("PATH", "/usr/sbin:/usr/bin:/bin", 1);
	shell(&run, "echo $PATH");
	assert_string_equal(run.out.s, "/usr/sbin:/usr/bin:/bin:/usr/local/sbin:/sbin");
	xlpt_run_dispose(&run);
	unsetenv("PATH");
	shell(&run, "echo $PATH");
	assert_string_equal(run.out.s,
			    "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
	assert_int_equal(xlpt_run_program(&none, NULL), 0);
	assert_int_equal(none.status, 127);
	setenv("PATH", old, 1);
}

/* ---- answers and logs ---- */

static void test_answer(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	/* Not the program itself prints, but what it has started. */
	static const char *const endless[] = { "sh", "-c",
					       "echo begun >&2; yes & echo $! >&2; wait", NULL };
	long child;

	(void)state;
	shell(&run, "head -c 200000 /dev/zero | tr '\\0' x; printf 'a\\0b'");
	assert_int_equal(run.out.len, XLPT_RUN_LOG_MAX);
	assert_memory_equal(run.out.s + run.out.len - 3, "a b", 3);
	xlpt_run_dispose(&run);
	run.answer = true;
	shell(&run, "head -c 200000 /dev/zero | tr '\\0' x; printf 'a\\0b'");
	assert_int_equal(run.out.len, 200003);
	assert_memory_equal(run.out.s + run.out.len - 3, "a\0b", 3);
	xlpt_run_dispose(&run);
	/* Cut is not answered, and what never ends is ended. */
	run.argv = endless;
	assert_int_equal(xlpt_run_program(&run, &diag), XLPT_ERR_DATA);
	assert_non_null(strstr(diag.message, "longer than 16 MiB"));
	assert_true(!strncmp(diag.log, "begun\n", 6));
	assert_int_equal(run.out.len, 0);
	/* It is gone as well, and without us it could not have filled the memory. */
	child = strtol(diag.log + 6, NULL, 10);
	assert_true(child > 1);
	for (int i = 0; i < 100 && kill((pid_t)child, 0) == 0; i++)
		xlpt_clock_real.sleep_ms(&xlpt_clock_real, 20);
	assert_int_equal(kill((pid_t)child, 0), -1);
	xlpt_run_dispose(&run);
	run.answer = false;
	shell(&run,
	      "yes 2>/dev/null | head -c 1 >/dev/null; dd if=/dev/zero bs=1M count=80 2>/dev/null; echo $? >&2");
	assert_string_equal(run.err.s, "1");
}

/* ---- ending it ---- */

static void test_deadline(void **state)
{
	static const char *const argv[] = { "sh", "-c", "echo waiting >&2; exec sleep 60", NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int64_t from = xlpt_now(&xlpt_clock_real);

	(void)state;
	run.timeout_ms = 300;
	assert_int_equal(xlpt_run_program(&run, &diag), XLPT_ERR_TIMEOUT);
	assert_string_equal(diag.log, "waiting");
	assert_in_range(xlpt_now(&xlpt_clock_real) - from, 300, 20000);
	assert_int_equal(run.status, 128 + SIGTERM);
	/* One that reads nothing, too. */
	xlpt_run_dispose(&run);
	run.feed_len = 1 << 20;
	run.feed = xlpt_xcalloc(1, run.feed_len);
	assert_int_equal(xlpt_run_program(&run, NULL), XLPT_ERR_TIMEOUT);
	free(run.feed);
}

static pid_t signal_soon(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		usleep(300000);
		kill(parent, SIGTERM);
		_exit(0);
	}
	return pid;
}

static void test_stop(void **state)
{
	static const char *const long_one[] = { "sleep", "60", NULL }, *const short_one[] = {
		"sleep", "1", NULL
	};
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(long_one);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	xlpt_stop_reset();
	xlpt_stop_catch();
	run.stoppable = true;
	waitpid(signal_soon(), NULL, WNOHANG);
	assert_int_equal(xlpt_run_program(&run, &diag), XLPT_ERR_STOPPED);
	assert_non_null(strstr(diag.message, "SIGTERM"));
	/* What takes something back is not cut short, nor one that must be waited for. */
	run.argv = short_one;
	xlpt_stop_reset();
	xlpt_stop_shield(true);
	signal_soon();
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	assert_int_equal(run.status, 0);
	xlpt_stop_shield(false);
	xlpt_stop_reset();
	run.stoppable = false;
	signal_soon();
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	assert_int_equal(run.status, 0);
	assert_int_equal(xlpt_interrupted, SIGTERM);
	xlpt_stop_reset();
}

/* Ctrl-C goes to the terminal's group: the program is in another, unless it may ask there. */
static void test_group(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	_cleanup_free_ char *own = xlpt_xasprintf("%d", (int)getpgrp());

	(void)state;
	shell(&run, "ps -o pgid= -p $$ | tr -d ' '");
	assert_string_not_equal(run.out.s, own);
	xlpt_run_dispose(&run);
	run.asks = true;
	shell(&run, "ps -o pgid= -p $$ | tr -d ' '");
	assert_string_equal(run.out.s, own);
}

/* ---- read while it runs ---- */

struct read_along {
	size_t want, got;
	int err;
	char first[8];
};

/* Reads until there is enough; what the stream says is the result. */
static int read_along(void *ctx, struct xlpt_stream *out, struct xlpt_diag *diag)
{
	struct read_along *r = ctx;
	char buf[4096];
	size_t n;

	while (r->got < r->want && (n = xlpt_stream_read(out, buf, sizeof(buf)))) {
		if (!r->got)
			memcpy(r->first, buf, n < sizeof(r->first) ? n : sizeof(r->first));
		r->got += n;
	}
	r->err = out->err;
	return out->err ? xlpt_diag_set(diag, XLPT_ERR_DATA, "cut") : 0;
}

static int run_along(const char *line, struct read_along *r, struct xlpt_run *run)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	int rc;

	run->argv = argv;
	run->reader = read_along;
	run->reader_ctx = r;
	run->reader_max = 1 << 20;
	run->timeout_ms = run->timeout_ms ? run->timeout_ms : 20000;
	rc = xlpt_run_program(run, NULL);
	run->argv = NULL;
	return rc;
}

static void test_read_along(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	struct read_along all = { .want = SIZE_MAX }, some = { .want = 5 }, much = all, slow = all;
	int64_t begun = xlpt_now(&xlpt_clock_real);

	(void)state;
	/* To its end: the status is that of the program. */
	assert_int_equal(run_along("echo words; echo err >&2; exit 3", &all, &run), 0);
	assert_int_equal(all.got, 6);
	assert_memory_equal(all.first, "words\n", 6);
	assert_int_equal(run.status, 3);
	assert_string_equal(xlpt_str_get(&run.err), "err");
	assert_int_equal(run.out.len, 0);
	xlpt_run_dispose(&run);
	/* The reader has enough: the program ends, whether it writes or sleeps. */
	assert_int_equal(run_along("echo words; exec sleep 100", &some, &run), 0);
	assert_int_equal(run.status, 128 + SIGKILL);
	xlpt_run_dispose(&run);
	/* It never stops, and it never begins. */
	assert_int_equal(run_along("exec cat /dev/zero", &much, &run), XLPT_ERR_DATA);
	assert_int_equal(much.err, -EFBIG);
	assert_in_range(much.got, 1 << 20, (1 << 20) + 4096);
	xlpt_run_dispose(&run);
	run.timeout_ms = 300;
	assert_int_equal(run_along("sleep 100 & wait", &slow, &run), XLPT_ERR_DATA);
	assert_int_equal(slow.err, -ETIMEDOUT);
	assert_in_range(xlpt_now(&xlpt_clock_real) - begun, 300, 20000);
}

/* Of the program, not of ours. */
static void test_memory_max(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);

	(void)state;
	run.memory_max = 512u << 20;
	shell(&run, "ulimit -d");
	/* What valgrind starts has not the limit on data that its parent set. */
	if (world_stride() == 1)
		assert_string_equal(xlpt_str_get(&run.out), "524288");
	xlpt_run_dispose(&run);
	run.memory_max = 0;
	shell(&run, "ulimit -d");
	assert_string_not_equal(xlpt_str_get(&run.out), "524288");
}

static struct rlimit lower(int what, rlim_t to)
{
	struct rlimit old, now;

	assert_int_equal(getrlimit(what, &old), 0);
	now = (struct rlimit){ .rlim_cur = to, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(what, &now), 0);
	return old;
}

/* No room for what it prints: that is said, not what the search for the program came to last. */
static void test_no_room(void **state)
{
	static const char *const argv[] = { "true", NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	struct xlpt_diag diag = { 0 };
	char *path = xlpt_xstrdup(getenv("PATH"));
	struct rlimit old;
	int rc;

	(void)state;
	setenv("PATH", "/nonexistent:/bin", 1);
	old = lower(RLIMIT_NOFILE, 3);
	rc = xlpt_run_program(&run, &diag);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(rc, XLPT_ERR_IO);
	assert_non_null(strstr(diag.message, xlpt_strerror(EMFILE)));
	xlpt_diag_dispose(&diag);
}

/* ulimit -f counts for our memory, too: little is printed as ever, and what is cut is told with its reason. */
static void test_size_limit(void **state)
{
	static const char *const little[] = { "echo", "hello", NULL };
	static const char *const much[] = { "sh", "-c", "head -c 9999 /dev/zero; exit 0", NULL };
	/* One that is not ended by the signal, and does not look at the error. */
	static const char *const deaf[] = {
		"sh", "-c", "trap '' XFSZ; head -c 9999 /dev/zero 2>/dev/null; exit 0", NULL
	};
	const char *const *const cut[] = { much, deaf };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(little);
	struct rlimit old = lower(RLIMIT_FSIZE, 4096);
	_cleanup_free_ char *ended = NULL;

	(void)state;
	run.answer = true;
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	assert_string_equal(run.out.s, "hello");
	for (size_t i = 0; i < 2; i++) {
		struct xlpt_diag diag = { 0 };

		xlpt_run_dispose(&run);
		run.argv = cut[i];
		assert_int_equal(xlpt_run_program(&run, &diag), XLPT_ERR_DATA);
		assert_non_null(strstr(diag.message, "4096 bytes (ulimit -f)"));
		assert_non_null(strstr(diag.hint, "ulimit -f unlimited"));
		xlpt_diag_dispose(&diag);
	}
	/* For people: its end is told by the status. */
	run.argv = (const char *const[]){ "head", "-c", "9999", "/dev/zero", NULL };
	run.answer = false;
	assert_int_equal(xlpt_run_program(&run, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(run.status, 128 + SIGXFSZ);
	ended = xlpt_run_ended(run.status);
	assert_non_null(strstr(ended, "ulimit -f"));
}

static void test_sigchld_ignored(void **state)
{
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	shell(&run, "exit 7");
	assert_int_equal(run.status, 7);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

static void test_ended(void **state)
{
	_cleanup_free_ char *plain = xlpt_run_ended(3), *killed = xlpt_run_ended(128 + SIGXFSZ);
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(NULL);
	_cleanup_free_ char *real = NULL;

	(void)state;
	assert_string_equal(plain, "ended with status 3");
	assert_string_equal(killed,
			    "was ended by SIGXFSZ: File size limit exceeded (see ulimit -f)");
	shell(&run, "kill -TERM $$");
	real = xlpt_run_ended(run.status);
	assert_string_equal(real, "was ended by SIGTERM: Terminated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_read_along),
		cmocka_unit_test(test_memory_max),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_sigchld_ignored),
		cmocka_unit_test(test_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
