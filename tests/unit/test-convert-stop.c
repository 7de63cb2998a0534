/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A signal ends xlpt convert at once, also while it waits for an input that never comes or for a reader
 * that does not read, and every file is the old or the new one.
 */
#include "tests/unit/converting.h"

#include <signal.h>
#include <sys/wait.h>

#include "xl-plugin/convert/convert.h"

#define SOON_MS 20000
#define OLD	"old and whole\n"

static int setup(void **state)
{
	(void)state;
	put("a.cfg", CFG);
	put("b.cfg", CFG);
	put("c.cfg", CFG);
	put("old.xml", OLD);
	assert_int_equal(mkdir("out", 0755) | mkfifo("fifo", 0600), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clear_dir();
	return 0;
}

/* In a process of its own, which writes what it said to "said". Standard input is fd. */
static pid_t begin(int fd, const char *args)
{
	pid_t pid = fork();

	if (!pid) {
		int status;

		if (fd >= 0)
			dup2(fd, STDIN_FILENO);
		status = run(args);
		put("said.new", err);
		rename("said.new", "said");
		_exit(status);
	}
	return pid;
}

/* What it ends with; it is killed, and the test fails, when it does not end. */
static int ended(pid_t pid, const char *args)
{
	int status;

	for (int ms = 0; ms < SOON_MS; ms += 20) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		usleep(20000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fail_msg("convert %s: goes on after a signal", args);
	return -1;
}

/* It sleeps: so it waits for what never comes. */
static void until_it_waits(pid_t pid)
{
	for (int ms = 0, asleep = 0; ms < SOON_MS && asleep < 5; ms += 20) {
		_cleanup_free_ char *path = xlpt_xasprintf("/proc/%d/stat", (int)pid),
				    *text = get(path);
		const char *end = text ? strrchr(text, ')') : NULL;

		asleep = end && end[1] == ' ' && end[2] == 'S' ? asleep + 1 : 0;
		usleep(20000);
	}
}

static void stops(int fd, int sig, const char *args, int status, const char *words)
{
	_cleanup_free_ char *said = NULL;
	pid_t pid = begin(fd, args);
	int was;

	until_it_waits(pid);
	kill(pid, sig);
	was = ended(pid, args);
	said = get("said");
	assert_non_null(said);
	if (was != status || !strstr(said, words))
		fail_msg("convert %s: exit %d, expected %d and \"%s\":\n%s", args, was, status,
			 words, said);
}

static void is_whole(const char *name, const char *text)
{
	_cleanup_free_ char *is = get(name);

	assert_non_null(is);
	assert_string_equal(is, text);
}

/* Nothing was begun that is now half-done. */
static void nothing_new(void)
{
	_cleanup_strv_ char **names = NULL;
	struct xlpt_host h;

	assert_int_equal(xlpt_host_open(&h, "."), 0);
	assert_int_equal(xlpt_host_list(&h, &names, "/"), 0);
	for (char **n = names; *n; n++)
		assert_false(xlpt_file_is_unfinished(*n));
	xlpt_host_close(&h);
	is_whole("old.xml", OLD);
	is_whole("a.cfg", CFG);
}

static void test_input(void **state)
{
	int ends[2], writer;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	/* What came before the signal is a whole configuration, and the rest may change it. */
	assert_int_equal(write(ends[1], CFG, strlen(CFG)), strlen(CFG));
	stops(ends[0], SIGINT, "- -o old.xml", 1, "stopped by signal 2 (SIGINT)");
	stops(ends[0], SIGTERM, "--json -", 1, "");
	stops(ends[0], SIGTERM, "--compare a.cfg -", 1, "SIGTERM");
	/* Nobody has the FIFO open; then somebody has, and is silent. */
	stops(-1, SIGTERM, "fifo -o old.xml", 1, "SIGTERM");
	stops(-1, SIGHUP, "--network fifo a.cfg -o old.xml", 1, "SIGHUP");
	writer = open("fifo", O_RDWR | O_CLOEXEC);
	stops(-1, SIGTERM, "fifo -o old.xml", 1, "SIGTERM");
	close(writer);
	close(ends[0]);
	close(ends[1]);
	nothing_new();
}

/* A writer that comes late is waited for, and one that writes slowly. */
static void test_late_writer(void **state)
{
	_cleanup_free_ char *xml = NULL;
	pid_t pid = begin(-1, "fifo -o new.xml");
	int writer;

	(void)state;
	until_it_waits(pid);
	writer = open("fifo", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(writer, CFG, 5), 5);
	until_it_waits(pid);
	assert_int_equal(write(writer, &CFG[5], strlen(CFG) - 5), strlen(CFG) - 5);
	close(writer);
	assert_int_equal(ended(pid, "fifo"), 0);
	xml = get("new.xml");
	assert_non_null(strstr(xml, "<name>w</name>"));
}

/* The text is larger than a pipe, and nobody takes it out. */
static void test_output(void **state)
{
	_cleanup_str_ struct xlpt_str big = { 0 };
	int reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	(void)state;
	xlpt_str_addf(&big, "%s", CFG "disk = [\n");
	for (int i = 0; i < 900; i++)
		xlpt_str_addf(&big, "\"/srv/a-long-name-of-an-image-%d.img,raw,xvd%c%c,rw\",\n", i,
			      'a' + i / 26 % 26, 'a' + i % 26);
	xlpt_str_addf(&big, "]\n");
	put("big.cfg", big.s);
	fcntl(reader, F_SETPIPE_SZ, 4096);
	stops(-1, SIGTERM, "big.cfg -o fifo", 1, "SIGTERM");
	close(reader);
}

/* Some are done, the others are not; a signal that comes when all is done changes nothing. */
static void test_batch(void **state)
{
	(void)state;
	stops(-1, SIGINT, "-o out a.cfg fifo b.cfg", 5, "1 converted, the others not");
	assert_true(S_ISREG(mode_of("out/a.xml")));
	assert_int_equal(mode_of("out/b.xml"), 0);
	assert_int_equal(mode_of("out/fifo.xml"), 0);
	stops(-1, SIGTERM, "-o out fifo a.cfg", 1, "stopped by signal 15 (SIGTERM)");
	nothing_new();
}

/* The signal comes when everything is read: what would be written next stays. */
static void test_before_writing(void **state)
{
	struct xlpt_env env = { .out = stdout, .err = stderr };
	struct xlpt_convert_run convert = { .env = &env, .output = "old.xml" };
	struct xlpt_convert_run many = { .env = &env, .output = "out", .batch = true };
	const struct xlpt_convert_input input = { .path = (char *)"a.cfg", .rel = (char *)"a.cfg" };
	char *adds[] = { (char *)"01:00.0", NULL }, *paths[] = { (char *)"a.cfg", (char *)"b.cfg" };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	xlpt_interrupted = SIGTERM;
	assert_int_equal(xlpt_convert_file(&convert, &input, &diag), XLPT_ERR_STOPPED);
	assert_int_equal(xlpt_convert_edit(&env, "a.cfg", adds, NULL, &diag), XLPT_ERR_STOPPED);
	assert_int_equal(xlpt_convert_batch(&many, paths, 2, &diag), XLPT_ERR_STOPPED);
	xlpt_interrupted = 0;
	assert_int_equal(many.converted + many.failed, 0);
	assert_int_equal(mode_of("out/a.xml"), 0);
	nothing_new();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = { TEST(test_input), TEST(test_late_writer), TEST(test_output),
					    TEST(test_batch), TEST(test_before_writing) };
	/* clang-format on */

	return run_in_dir(tests);
}
