/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a captured tree holds, no path leads out of it, and nothing of it is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/hosting.h"

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

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		TEST(test_links),
		TEST(test_every_operation_stays_inside),
		TEST(test_fifo),
		TEST(test_open),
		TEST(test_device_nodes),
		TEST(test_tmpfile),
	};
	/* clang-format on */

	return RUN_EACH_WAY(tests);
}
