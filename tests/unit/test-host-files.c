/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read of a host and written into it: texts, numbers, links, folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/hosting.h"

/* ---- reading ---- */

static void test_read_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },	    { "\n", "" },     { "a", "a" },	    { "a\n", "a" },
		{ "a\n\n", "a\n" }, { "a \n", "a " }, { "a\nb\n", "a\nb" },
	};
	/* around the first buffer and the limit, 64 KiB */
	static const size_t sizes[] = { 4095, 4096, 4097, 65535, 65536, 65537, 200000 };
	struct tree *t = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		put(t->fd, "text", cases[i].in);
		assert_text(t, "/text", cases[i].out);
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(sizes); i++) {
		_cleanup_free_ char *big = xlpt_xcalloc(sizes[i] + 1, 1), *text = (char *)"unset";
		int r;

		memset(big, 'x', sizes[i]);
		big[sizes[i] - 1] = 'y';
		put(t->fd, "big", big);
		r = xlpt_host_read_text(&t->h, &text, "/%s", "big");
		if (sizes[i] > 65536) {
			/* never a part of it */
			assert_int_equal(r, -EFBIG);
			assert_null(text);
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(text, big);
		}
	}
}

static void test_read(void **state)
{
	struct tree *t = *state;
	char buf[8] = "........";

	assert_int_equal(t->h.ops->read(&t->h, "/sys/vendor", buf, 4), 4);
	assert_memory_equal(buf, "0x80....", 8);
	assert_int_equal(t->h.ops->read(&t->h, "/sys/vendor", buf, 8), 7);
	assert_memory_equal(buf, "0x8086\n.", 8);
	assert_int_equal(t->h.ops->read(&t->h, "/sys/vendor", buf, 0), 0);
	assert_int_equal(t->h.ops->read(&t->h, "/sys", buf, 8), -EISDIR);
	assert_int_equal(t->h.ops->read(&t->h, "/none", buf, 8), -ENOENT);
}

/* The kernel allocates what is asked for, and has no 8 MiB for it. */
static void test_read_sysctl(void **state)
{
	_cleanup_free_ char *buf = xlpt_xcalloc(1, 8 << 20);
	struct xlpt_host live;
	ssize_t r;

	(void)state;
	assert_int_equal(xlpt_host_open(&live, "/"), 0);
	r = live.ops->read(&live, "/proc/sys/kernel/osrelease", buf, 8 << 20);
	xlpt_host_close(&live);
	assert_true(r > 1 && buf[r - 1] == '\n');
}

static void test_read_long(void **state)
{
	static const struct {
		const char *text;
		int r;
		long long want;
	} cases[] = {
		{ "12\n", 0, 12 },
		{ "0x8086\n", 0, 0x8086 },
		{ "-1\n", 0, -1 },
		{ "0\n", 0, 0 },
		{ "  7 \n", 0, 7 },
		{ "0X1f", 0, 31 },
		{ "010\n", 0, 8 },
		{ "9223372036854775807\n", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808\n", -EINVAL, 0 },
		{ "0xffffffffffffffff", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "\n", -EINVAL, 0 },
		{ "on\n", -EINVAL, 0 },
		{ "12x", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "1 2", -EINVAL, 0 },
		{ "089", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
	};
	struct tree *t = *state;
	long long v;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		int r;

		put(t->fd, "number", cases[i].text);
		r = xlpt_host_read_long(&t->h, &v, "/number");
		if (r != cases[i].r || (r == 0 && v != cases[i].want))
			fail_msg("\"%s\" gives %d, %lld", cases[i].text, r, v);
	}
	assert_int_equal(xlpt_host_read_long(&t->h, &v, "/none"), -ENOENT);
}

static void test_link_name(void **state)
{
	struct tree *t = *state;
	char buf[8];
	char *name;

	link_to(t, "../../bus/pci/drivers/e1000e", "sys/driver"); /* dangling is no matter */
	link_to(t, "vendor", "sys/plain");
	assert_int_equal(xlpt_host_link_name(&t->h, &name, "/sys/%s", "driver"), 0);
	assert_string_equal(name, "e1000e");
	free(name);
	assert_int_equal(xlpt_host_link_name(&t->h, &name, "/sys/plain"), 0);
	assert_string_equal(name, "vendor");
	free(name);
	assert_int_equal(xlpt_host_link_name(&t->h, &name, "/sys/none"), -ENOENT);
	assert_null(name);
	assert_int_equal(xlpt_host_link_name(&t->h, &name, "/sys/vendor"), -EINVAL);
	assert_null(name);
	assert_int_equal(t->h.ops->readlink(&t->h, "/sys/plain", buf, sizeof(buf)), 6);
	assert_string_equal(buf, "vendor");
}

static void test_has(void **state)
{
	struct tree *t = *state;

	link_to(t, "nowhere", "dangling");
	assert_true(xlpt_host_has(&t->h, "/sys/%s", "vendor"));
	assert_true(xlpt_host_has(&t->h, "/sys"));
	assert_true(xlpt_host_has(&t->h, "/dangling"));
	assert_false(xlpt_host_has(&t->h, "/dangling/x"));
	assert_false(xlpt_host_has(&t->h, "/none"));
}

static void test_list(void **state)
{
	struct tree *t = *state;
	char **names = (char *[]){ NULL };

	assert_names(t, "/sys/sub", "");
	for (const char *p = "zbaZ1.-"; *p; p++)
		put(t->fd, (char[]){ 's', 'y', 's', '/', *p == '.' ? '~' : *p, '\0' }, "");
	put(t->fd, "sys/.hidden", "");
	put(t->fd, "sys/...", "");
	assert_names(t, "/sys", "- ... .hidden 1 Z a b sub vendor z ~ ");
	assert_int_equal(xlpt_host_list(&t->h, &names, "/none"), -ENOENT);
	assert_null(names);
	assert_int_equal(xlpt_host_list(&t->h, &names, "/sys/vendor"), -ENOTDIR);
}

/* ---- writing ---- */

static void test_write(void **state)
{
	struct tree *t = *state;

	/* as a sysfs attribute takes it: one write to what is there, nothing created or cut */
	assert_int_equal(xlpt_host_write_text(&t->h, "0x1", "/sys/%s", "vendor"), 0);
	assert_text(t, "/sys/vendor", "0x1086");
	assert_int_equal(xlpt_host_write_text(&t->h, "x", "/sys/none"), -ENOENT);
	assert_false(xlpt_host_has(&t->h, "/sys/none"));
	assert_int_equal(xlpt_host_write_text(&t->h, "x", "/sys"), -EISDIR);
}

static void test_mkdirs(void **state)
{
	static const char *const fine[] = { "/run/xlpt/journal",
					    "/run/xlpt/journal",
					    "/run/a/",
					    "/run//b",
					    "/run/c//d/",
					    "/",
					    "//",
					    "/sys/sub" };
	struct tree *t = *state;
	struct stat st;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(fine); i++) {
		assert_int_equal(xlpt_host_mkdirs(&t->h, fine[i], 0750), 0);
		assert_true(xlpt_host_has(&t->h, "%s", fine[i]));
	}
	assert_int_equal(fstatat(t->fd, "run/c/d", &st, 0), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_names(t, "/run", "a b c xlpt ");
	/* through a link, as /var/run is one */
	link_to(t, "/run", "var-run");
	assert_int_equal(xlpt_host_mkdirs(&t->h, "/var-run/e", 0750), 0);
	assert_true(xlpt_host_has(&t->h, "/run/e"));
	assert_int_equal(xlpt_host_mkdirs(&t->h, "/sys/vendor/x", 0750), -ENOTDIR);
}

/* A full disk, a full directory, a name that cannot be replaced: fails at the step asked for. */
static struct failing {
	struct xlpt_host_ops ops;
	int open_r, rename_r;
	bool full;
	char seen[128]; /* the temporary's name */
} failing;

static int fail_open(struct xlpt_host *h, const char *path, int flags, mode_t mode)
{
	if (!(flags & O_CREAT))
		return xlpt_host_real_ops.open(h, path, flags, mode);
	snprintf(failing.seen, sizeof(failing.seen), "%s", path);
	if (failing.open_r)
		return failing.open_r;
	if (failing.full) {
		close(xlpt_host_real_ops.open(h, path, flags, mode));
		return open("/dev/full", O_WRONLY | O_CLOEXEC);
	}
	return xlpt_host_real_ops.open(h, path, flags, mode);
}

static int fail_rename(struct xlpt_host *h, const char *from, const char *to)
{
	/* Until here the old text is what a reader sees, and the new one is whole. */
	_cleanup_free_ char *old = NULL, *new = NULL;

	assert_int_equal(xlpt_host_read_text(h, &old, "%s", to), 0);
	assert_string_equal(old, "old");
	assert_int_equal(xlpt_host_read_text(h, &new, "%s", from), 0);
	assert_string_equal(new, "new text");
	return failing.rename_r ? failing.rename_r : xlpt_host_real_ops.rename(h, from, to);
}

static void test_replace(void **state)
{
	struct tree *t = *state;
	struct stat st, before;
	mode_t mask = umask(022);

	/* creates it */
	assert_int_equal(replace(&t->h, "/sys/sub/xlpt.conf", "old\n", 4, 0640), 0);
	assert_text(t, "/sys/sub/xlpt.conf", "old");
	assert_int_equal(fstatat(t->fd, "sys/sub/xlpt.conf", &before, 0), 0);
	assert_int_equal(before.st_mode & 07777, 0640);

	/* replaces it: another file in its place, whoever has the old one open keeps it */
	assert_int_equal(linkat(t->fd, "sys/sub/xlpt.conf", t->fd, "kept", 0), 0);
	assert_int_equal(replace(&t->h, "/sys/sub/xlpt.conf", "a longer text\n", 14, 0600), 0);
	assert_text(t, "/sys/sub/xlpt.conf", "a longer text");
	assert_text(t, "/kept", "old");
	assert_int_equal(fstatat(t->fd, "sys/sub/xlpt.conf", &st, 0), 0);
	assert_true(st.st_ino != before.st_ino);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(replace(&t->h, "/sys/sub/xlpt.conf", "", 0, 0600), 0);
	assert_text(t, "/sys/sub/xlpt.conf", "");
	assert_names(t, "/sys/sub", "xlpt.conf ");

	/* in the root itself */
	assert_int_equal(replace(&t->h, "/top", "x", 1, 0600), 0);
	assert_text(t, "/top", "x");
	umask(mask);
}

static void test_replace_fails(void **state)
{
	static const struct {
		int open_r, rename_r;
		bool full;
		int want;
	} cases[] = {
		{ .open_r = -EROFS, .want = -EROFS },
		{ .full = true, .want = -ENOSPC },
		{ .rename_r = -EBUSY, .want = -EBUSY },
		{ .want = 0 },
	};
	struct tree *t = *state;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		failing = (struct failing){ .ops = xlpt_host_real_ops,
					    .open_r = cases[i].open_r,
					    .rename_r = cases[i].rename_r,
					    .full = cases[i].full };
		failing.ops.open = fail_open;
		failing.ops.rename = fail_rename;
		t->h.ops = &failing.ops;
		put(t->fd, "sys/sub/f", "old\n");
		assert_int_equal(replace(&t->h, "/sys/sub/f", "new text\n", 9, 0600),
				 cases[i].want);
		t->h.ops = &xlpt_host_real_ops;
		assert_text(t, "/sys/sub/f", cases[i].want ? "old" : "new text");
		assert_names(t, "/sys/sub", "f ");
		/* beside it, and under a name that no program takes while it is there */
		assert_true(xlpt_file_is_unfinished(failing.seen + 1));
	}
	/* what it cannot take the place of */
	assert_int_equal(replace(&t->h, "/sys/sub", "x", 1, 0600), -EISDIR);
	assert_int_equal(replace(&t->h, "/none/f", "x", 1, 0600), -ENOENT);
	assert_names(t, "/sys", "sub vendor ");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		TEST(test_read_text),
		TEST(test_read),
		TEST(test_read_long),
		TEST(test_read_sysctl),
		TEST(test_link_name),
		TEST(test_has),
		TEST(test_list),
		TEST(test_write),
		TEST(test_mkdirs),
		TEST(test_replace),
		TEST(test_replace_fails),
	};
	/* clang-format on */

	return RUN_EACH_WAY(tests);
}
