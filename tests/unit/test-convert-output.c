/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the output of xlpt convert goes: what is no regular file is written into and
 * stays what it is, links stay links, and of a batch no two take one name.
 */
#include "tests/unit/converting.h"

#include <sys/sysmacros.h>

#include "xl-plugin/convert/convert.h"

#define XML \
	"<domain type='xen'><name>w</name><memory>524288</memory><os><type>xen</type></os></domain>"

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
	clear_dir();
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
	/* A pipe does not say before its turn what it will be, and is not read twice. */
	assert_int_equal(mkfifo("d1/p.cfg", 0600) | mkfifo("d2/p.cfg", 0600), 0);
	expect(2, "-o out d1/p.cfg d2/p.cfg", "would both become out/p.");
	expect(2, "--edit - --add 01:00.0", "- is none");
	expect(2, "-o out - -", "would both become out/-.");
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

	return run_in_dir(tests);
}
