/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real operations, on a tree below a temporary directory. All of it runs twice: with
 * openat2(2), and without it (a seccomp filter takes it away) as on a kernel before 5.6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"

/* DIR/secret lies outside, DIR/root is the host's root. */
struct tree {
	struct xlpt_host h;
	char dir[32];
	int dirfd, fd; /* of DIR and DIR/root */
};

static int replace(struct xlpt_host *h, const char *path, const char *text, size_t len, mode_t mode)
{
	return xlpt_file_replace(h, path, text, len, &(struct xlpt_file_how){ .mode = mode });
}

static void put(int at, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t len = (ssize_t)strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)len), len);
}

static int setup(void **state)
{
	struct tree *t = xlpt_xcalloc(1, sizeof(*t));
	_cleanup_free_ char *root = NULL;

	strcpy(t->dir, "/tmp/xlpt-host.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->dirfd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(t->dirfd, "secret", "outside\n");
	assert_int_equal(mkdirat(t->dirfd, "root", 0755), 0);
	t->fd = openat(t->dirfd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(t->fd, "sys", 0755), 0);
	assert_int_equal(mkdirat(t->fd, "sys/sub", 0755), 0);
	put(t->fd, "sys/vendor", "0x8086\n");
	put(t->fd, "secret", "inside\n");
	root = xlpt_xasprintf("%s/root", t->dir);
	assert_int_equal(xlpt_host_open(&t->h, root), 0);
	assert_false(t->h.live);
	*state = t;
	return 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct tree *t = *state;

	xlpt_host_close(&t->h);
	close(t->fd);
	close(t->dirfd);
	nftw(t->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static void assert_text(struct tree *t, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;
	int r = xlpt_host_read_text(&t->h, &text, "%s", path);

	if (r)
		fail_msg("%s: %s", path, strerror(-r));
	assert_string_equal(text, want);
}

static void link_to(struct tree *t, const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, t->fd, path), 0);
}

static void assert_names(struct tree *t, const char *path, const char *want)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_str_ struct xlpt_str s = { 0 };

	assert_int_equal(xlpt_host_list(&t->h, &names, "%s", path), 0);
	for (char **p = names; *p; p++)
		xlpt_str_addf(&s, "%s ", *p);
	assert_string_equal(xlpt_str_get(&s), want);
}

/* ---- containment: whatever a captured tree holds, no path leads out of it ---- */

static void test_links(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *outside = xlpt_xasprintf("%s/secret", t->dir), *text = NULL;
	static const struct {
		const char *target, *path;
	} links[] = {
		{ "/secret", "absolute" },
		{ "/secret", "sys/sub/deep" },
		{ "../../../../../../secret", "up" },
		{ "sub/../../../../secret", "sys/mixed" },
		{ "/sys/../../../secret", "absolute-up" },
		{ "/", "top" },
		{ "..", "sys/above" },
		{ "absolute", "twice" },
		{ "/sys/", "slash" },
	};
	/* clang-format off */
	static const char *const inside[] = {
		"/secret", "/absolute", "/up", "/sys/mixed", "/absolute-up", "/twice",
		"/sys/sub/deep", "/../secret", "/../../../../secret", "/sys/../../../secret",
		"/top/secret", "/top/top/../../secret", "/sys/above/secret",
		"/sys/above/../../secret", "/slash/../secret", "//secret", "/./secret",
		"/sys/./sub/.././../secret",
	};
	/* clang-format on */

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(links); i++)
		link_to(t, links[i].target, links[i].path);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(inside); i++)
		assert_text(t, inside[i], "inside");
	assert_text(t, "/slash/vendor", "0x8086");

	/* An absolute link to what is there outside finds nothing. */
	link_to(t, outside, "real");
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/real"), -ENOENT);
	assert_null(text);
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/sys/vendor/x"), -ENOTDIR);
	link_to(t, "loop", "loop");
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/loop"), -ELOOP);
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/loop/x"), -ELOOP);
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/sys/none"), -ENOENT);
	assert_int_equal(xlpt_host_read_text(&t->h, &text, "/none/vendor"), -ENOENT);
}

/* A directory that is swapped for a link to the outside: every operation stays inside. */
static void test_every_operation_stays_inside(void **state)
{
	struct tree *t = *state;
	const struct xlpt_host_ops *ops = t->h.ops;
	struct stat st;
	int fd;

	link_to(t, t->dir, "out"); /* means DIR/root/tmp/..., which is not there */
	link_to(t, "../..", "up"); /* means the root */
	assert_int_equal(xlpt_host_write_text(&t->h, "x", "/out/secret"), -ENOENT);
	assert_int_equal(ops->unlink(&t->h, "/out/secret"), -ENOENT);
	assert_int_equal(ops->mkdir(&t->h, "/out/dir", 0755), -ENOENT);
	assert_int_equal(ops->rename(&t->h, "/secret", "/out/secret"), -ENOENT);
	assert_int_equal(ops->rename(&t->h, "/out/secret", "/mine"), -ENOENT);
	assert_int_equal(ops->exists(&t->h, "/out/secret"), -ENOENT);
	assert_int_equal(ops->open(&t->h, "/out/new", O_WRONLY | O_CREAT, 0600), -ENOENT);
	assert_int_equal(replace(&t->h, "/out/secret", "x", 1, 0600), -ENOENT);

	assert_int_equal(xlpt_host_write_text(&t->h, "written", "/up/secret"), 0);
	assert_text(t, "/secret", "written");
	assert_int_equal(ops->mkdir(&t->h, "/up/dir", 0755), 0);
	assert_int_equal(fstatat(t->fd, "dir", &st, 0), 0);
	assert_int_equal(ops->rename(&t->h, "/up/secret", "/up/../moved"), 0);
	assert_text(t, "/moved", "written");
	assert_int_equal(ops->unlink(&t->h, "/../../moved"), 0);
	assert_int_equal(fstatat(t->fd, "moved", &st, 0), -1);
	fd = ops->open(&t->h, "/up/new", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(fstatat(t->fd, "new", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* a dangling link to the outside creates nothing there */
	link_to(t, "../created", "dangling");
	fd = ops->open(&t->h, "/dangling", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fstatat(t->dirfd, "created", &st, 0), -1);
	assert_int_equal(fstatat(t->fd, "created", &st, 0), 0);
	/* the last component of these is never followed: they name the root or an entry of it */
	assert_true(ops->mkdir(&t->h, "/..", 0755) < 0);
	assert_true(ops->unlink(&t->h, "/..") < 0);
	assert_true(ops->rename(&t->h, "/sys", "/../..") < 0);
	assert_int_equal(ops->exists(&t->h, "/.."), 0);

	put(t->fd, "secret", "inside\n");
	assert_names(t, "/..", "created dangling dir new out secret sys up ");
	assert_int_equal(fstatat(t->dirfd, "secret", &st, 0), 0);
	assert_int_equal(st.st_size, strlen("outside\n"));
}

/* Opening it must not wait for a writer. */
static void test_fifo(void **state)
{
	struct tree *t = *state;

	char buf[16];

	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	link_to(t, "fifo", "to-fifo");
	alarm(5);
	assert_int_equal(t->h.ops->read(&t->h, "/fifo", buf, sizeof(buf)), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->read(&t->h, "/to-fifo", buf, sizeof(buf)), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->open(&t->h, "/fifo", O_RDONLY, 0), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->open(&t->h, "/fifo", O_RDWR, 0), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->write(&t->h, "/fifo", "x", 1), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->write_at(&t->h, "/fifo", "x", 1, 0), -EMEDIUMTYPE);
	/* Nor one on the running system. */
	t->h.live = true;
	assert_int_equal(t->h.ops->read(&t->h, "/fifo", buf, sizeof(buf)), -EMEDIUMTYPE);
	alarm(0);
}

/* Opening alone can do something: of a device node in a tree not even that happens. */
static void test_device_nodes(void **state)
{
	struct tree *t = *state;
	char buf[16];

	/* Of no driver: whoever opens it gets ENXIO. */
	if (geteuid() != 0 || mknodat(t->fd, "node", S_IFCHR | 0600, makedev(240, 77)))
		skip();
	assert_int_equal(t->h.ops->open(&t->h, "/node", O_RDONLY, 0), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->open(&t->h, "/node", O_RDWR | O_NONBLOCK, 0), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->read(&t->h, "/node", buf, sizeof(buf)), -EMEDIUMTYPE);
	assert_int_equal(t->h.ops->write(&t->h, "/node", "x", 1), -EMEDIUMTYPE);
}

static void test_open(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *none = xlpt_xasprintf("%s/none", t->dir);
	_cleanup_free_ char *file = xlpt_xasprintf("%s/secret", t->dir);
	struct xlpt_host h;

	assert_int_equal(xlpt_host_open(&h, none), -ENOENT);
	xlpt_host_close(&h);
	assert_int_equal(xlpt_host_open(&h, file), -ENOTDIR);
	xlpt_host_close(&h);
	assert_int_equal(xlpt_host_open(&h, "/"), 0);
	assert_true(h.live);
	xlpt_host_close(&h);
	xlpt_host_close(&h);
	assert_int_equal(h.rootfd, -1);
}

/* A file without a name, as the journal begins: it gets the mode that was asked for. */
static void test_tmpfile(void **state)
{
	static const char *const dirs[] = { "/sys/sub", "/sys/sub/", "/sys/sub/.", "/sys/sub/..",
					    "/" };
	struct tree *t = *state;
	mode_t mask = umask(022);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++) {
		int fd = t->h.ops->open(&t->h, dirs[i], O_TMPFILE | O_WRONLY, 0640);
		struct stat st;

		if (fd == -EOPNOTSUPP)
			break; /* not on every file system */
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0640);
		close(fd);
	}
	umask(mask);
	assert_names(t, "/sys/sub", "");
}

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

/* From here on openat2(2) says err. */
static bool without_openat2(int err)
{
	/* clang-format off */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	/* clang-format on */
	struct sock_fprog prog = { XLPT_ARRAY_SIZE(code), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) &&
	       syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno == err;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		TEST(test_links),     TEST(test_every_operation_stays_inside),
		TEST(test_fifo),      TEST(test_open),
		TEST(test_device_nodes),
		TEST(test_read_text), TEST(test_read),
		TEST(test_read_long), TEST(test_read_sysctl), TEST(test_link_name),
		TEST(test_has),	      TEST(test_list),
		TEST(test_write),     TEST(test_mkdirs),
		TEST(test_replace),   TEST(test_replace_fails),
		TEST(test_tmpfile),
	};
	/* clang-format on */
	int failed = 0, status = 0;
	pid_t pid = fork();

	/* In a process of its own, whose first openat2(2) is refused as filters of containers do it. */
	if (!pid)
		exit(without_openat2(EPERM) &&
		     cmocka_run_group_tests_name("openat2 is refused", tests, NULL, NULL));
	waitpid(pid, &status, 0);
	failed += status != 0;
	failed += cmocka_run_group_tests_name("with openat2", tests, NULL, NULL);
	if (without_openat2(ENOSYS))
		failed += cmocka_run_group_tests_name("without openat2", tests, NULL, NULL);
	return failed;
}
