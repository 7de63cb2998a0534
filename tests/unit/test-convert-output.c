/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the output of xlpt convert goes: what is no regular file is written into and
 * stays what it is, links stay links, and of a batch no two take one name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/convert/convert.h"

#define CFG "name = \"w\"\nmemory = 512\n"
#define XML \
	"<domain type='xen'><name>w</name><memory>524288</memory><os><type>xen</type></os></domain>"

static char dir[] = "/tmp/xlpt-output.XXXXXX", *out, *err;

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static char *get(const char *name)
{
	struct xlpt_str s = { 0 };
	_cleanup_close_ int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	assert_int_equal(xlpt_file_read_fd(fd, 1 << 20, &s), 0);
	return xlpt_str_take(&s);
}

static int run(const char *args)
{
	_cleanup_free_ char *copy = xlpt_xasprintf("xlpt convert %s", args);
	struct xlpt_env env = { 0 };
	char *argv[32], *save;
	size_t n_out, n_err;
	int argc = 0, status;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		argv[argc++] = s;
	argv[argc] = NULL;
	free(out);
	free(err);
	env.out = open_memstream(&out, &n_out);
	env.err = open_memstream(&err, &n_err);
	status = xlpt_run(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static void expect(int status, const char *args, const char *words)
{
	int got = run(args);

	if (got != status || !strstr(err, words))
		fail_msg("convert %s: exit %d, expected %d and \"%s\":\n%s%s", args, got, status,
			 words, out, err);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_mode;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return strcmp(path, dir) ? remove(path) : 0;
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(mkdir("d1", 0755) | mkdir("d2", 0755) | mkdir("out", 0755), 0);
	put("d1/a.cfg", CFG);
	put("d2/a.cfg", CFG "vcpus = 2\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void test_written_into(void **state)
{
	_cleanup_close_ int in = -1, saved = -1;
	_cleanup_free_ char *text = NULL, *before = NULL;
	char got[16];

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	in = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	expect(0, "-o fifo d1/a.cfg", "");
	assert_true(S_ISFIFO(mode_of("fifo")));
	assert_int_equal(read(in, got, 7), 7);
	assert_memory_equal(got, "<domain", 7);
	if (geteuid() == 0 && mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0) {
		expect(0, "-o null d1/a.cfg", "");
		assert_true(S_ISCHR(mode_of("null")));
	}
	/* A descriptor: behind what is in the file already, as a shell's >>. */
	put("log", "before\n");
	saved = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	text = xlpt_xasprintf("-o /dev/fd/%d d1/a.cfg", saved);
	expect(0, text, "");
	before = get("log");
	assert_memory_equal(before, "before\n<domain", 14);
	expect(1, "-o out/../d1/a.cfg/x d1/a.cfg", "Not a directory");
}

static void test_links(void **state)
{
	_cleanup_free_ char *target = NULL, *made = NULL, *own = NULL;

	(void)state;
	put("target", "old");
	assert_int_equal(symlink("target", "link") | symlink("made", "gone"), 0);
	expect(0, "-o link d1/a.cfg", "");
	expect(0, "-o gone d1/a.cfg", "");
	assert_true(S_ISLNK(mode_of("link")) && S_ISLNK(mode_of("gone")));
	target = get("target");
	made = get("made");
	assert_non_null(strstr(target, "<domain"));
	assert_string_equal(target, made);
	if (geteuid() != 0)
		return;
	/* Another user's link leads root to no file of root's. */
	put("shadow", "secret");
	assert_int_equal(symlink("shadow", "his"), 0);
	assert_int_equal(lchown("his", 65534, 65534), 0);
	expect(1, "-o his d1/a.cfg", "another user");
	expect(1, "--edit his --add 01:00.0", "another user");
	own = get("shadow");
	assert_string_equal(own, "secret");
}

/* A user whose link root reads through, and who owns the file that is written, has read root's file. */
static void test_links_to_inputs(void **state)
{
	_cleanup_free_ char *his = NULL;

	(void)state;
	assert_int_equal(symlink("d1/a.cfg", "own"), 0);
	expect(0, "own", "");
	if (geteuid() != 0)
		return;
	assert_int_equal(symlink("d1/a.cfg", "his") | symlink("d1", "his-dir"), 0);
	assert_int_equal(lchown("his", 65534, 65534) | lchown("his-dir", 65534, 65534), 0);
	put("his.xml", "before");
	assert_int_equal(chown("his.xml", 65534, 65534), 0);
	expect(1, "his -o his.xml", "another user");
	expect(1, "his-dir/a.cfg -o his.xml", "another user");
	expect(1, "-o out his d2/a.cfg", "another user");
	expect(1, "--compare his d1/a.cfg", "another user");
	expect(1, "--network his d2/a.cfg", "another user");
	his = get("his.xml");
	assert_string_equal(his, "before");
}

/* What is in the place of a file by the time it is read; a FIFO would be waited for for ever. */
static void test_changed_since_found(void **state)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	(void)state;
	assert_int_equal(mkfifo("d1/b.cfg", 0600) | symlink("a.cfg", "d1/c.cfg"), 0);
	assert_int_equal(xlpt_convert_load("d1/a.cfg", true, &text, NULL, NULL), 0);
	assert_string_equal(text.s, CFG);
	assert_int_equal(xlpt_convert_load("d1/b.cfg", true, &text, NULL, NULL), XLPT_ERR_IO);
	assert_int_equal(xlpt_convert_load("d1/c.cfg", true, &text, NULL, NULL), XLPT_ERR_IO);
	assert_string_equal(text.s, CFG);
}

static void test_one_name(void **state)
{
	_cleanup_free_ char *kept = NULL;

	(void)state;
	put("out/a.xml", "kept");
	expect(2, "-o out d1/a.cfg d2/a.cfg", "d1/a.cfg and d2/a.cfg would both become out/a.xml");
	expect(2, "-o out d1 d2", "would both become out/a.xml");
	expect(2, "-o out d1 d2/a.cfg", "would both become out/a.xml");
	kept = get("out/a.xml");
	assert_string_equal(kept, "kept");
	/* What is in them decides, not their names alone. */
	put("d2/a.cfg", XML);
	expect(0, "-o out d1/a.cfg d2/a.cfg", "");
	assert_true(S_ISREG(mode_of("out/a.cfg.cfg")));
	/* Nor is an input overwritten by what another one becomes. */
	put("d2/b.cfg", CFG);
	put("d2/b.xml", XML);
	expect(2, "-o d2 d2/b.cfg d2/b.xml", "would take the place of d2/b.xml");
	free(kept);
	kept = get("d2/b.xml");
	assert_string_equal(kept, XML);
	/* One of them is what it shall become and is left out. */
	expect(0, "-o d2 --to xl d2/b.cfg d1/a.cfg", "");
}

static void test_directories(void **state)
{
	mode_t mask = umask(022);

	(void)state;
	umask(mask);
	assert_int_equal(mkdir("d1/sub", 0755), 0);
	put("d1/sub/b.cfg", CFG);
	expect(0, "-o fresh/deep d1", "");
	assert_true(S_ISREG(mode_of("fresh/deep/sub/b.xml")) &&
		    S_ISREG(mode_of("fresh/deep/a.xml")));
	assert_int_equal(mode_of("fresh/deep/sub") & 0777, 0777 & ~mask);
	assert_int_equal(mode_of("fresh/deep/a.xml") & 0777, mode_of("d1/a.cfg") & 0777 & ~mask);
	/* Of a single one none is made: it is a slip of the pen. */
	expect(1, "-o none/b.xml d1/a.cfg", "No such file");
	assert_int_equal(mode_of("none"), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = { TEST(test_written_into), TEST(test_links), TEST(test_links_to_inputs),
					    TEST(test_changed_since_found), TEST(test_one_name),
					    TEST(test_directories) };
	/* clang-format on */
	int failed;

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(out);
	free(err);
	if (chdir("/") == 0)
		rmdir(dir);
	return failed;
}
