/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory that is kept open while its files are read says what looking from the root says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/host.h"

struct tree {
	char dir[32];
	struct xlpt_host h;
};

static void at(const struct tree *t, const char *name, char *path)
{
	snprintf(path, 64, "%s/%s", t->dir, name);
}

static void put(const struct tree *t, const char *name, const char *text)
{
	char path[64];
	FILE *f;

	at(t, name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct tree *t = xlpt_xcalloc(1, sizeof(*t));
	char path[64];
	int s;

	strcpy(t->dir, "/tmp/xlpt-dir-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	at(t, "d", path);
	assert_int_equal(mkdir(path, 0755), 0);
	at(t, "d/sub", path);
	assert_int_equal(mkdir(path, 0755), 0);
	put(t, "d/file", "text\n");
	put(t, "d/sub/file", "below\n");
	put(t, "outside", "outside\n");
	at(t, "d/link", path);
	assert_int_equal(symlink("../outside", path), 0);
	at(t, "d/fifo", path);
	assert_int_equal(mkfifo(path, 0644), 0);
	at(t, "d/socket", path);
	strcpy(sun.sun_path, path);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(s);
	assert_int_equal(xlpt_host_open(&t->h, t->dir), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "d/sub/file", "d/sub",    "d/file", "d/link", "d/fifo",
					     "d/socket",   "d/moving", "d",	 "outside" };
	struct tree *t = *state;
	char path[64];

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++) {
		at(t, names[i], path);
		remove(path);
	}
	xlpt_host_close(&t->h);
	rmdir(t->dir);
	free(t);
	return 0;
}

/* What the three operations say of a path. */
static char *say(struct tree *t, const char *path)
{
	char text[64] = "", link[64] = "";
	ssize_t r = t->h.ops->read(&t->h, path, text, sizeof(text) - 1),
		l = t->h.ops->readlink(&t->h, path, link, sizeof(link));

	return xlpt_xasprintf("%s: %zd \"%s\", link %zd \"%s\", %d", path, r, text, l, link,
			      t->h.ops->exists(&t->h, path));
}

static const char *const paths[] = { "/d/file",	     "/d/link",	 "/d/fifo",	"/d/socket",
				     "/d/sub",	     "/d/none",	 "/d/sub/file", "/d/./file",
				     "/d/../d/file", "/d",	 "/d/",		"/d/.",
				     "/d/..",	     "/outside", "/d/file/x",	"/dd/file" };

static void compare(struct tree *t, const char *const *dirs, size_t n)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *before = say(t, paths[i]), *inside = NULL;

		for (size_t d = 0; d < n; d++)
			assert_int_equal(t->h.ops->enter(&t->h, dirs[d]), 0);
		inside = say(t, paths[i]);
		for (size_t d = 0; d < n; d++)
			t->h.ops->leave(&t->h);
		assert_string_equal(inside, before);
	}
	assert_null(t->h.dirs);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_same(void **state)
{
	static const char *const dirs[][2] = {
		{ "/d", "/d/sub" },
		{ "/d/sub", "/d" },
		{ "/none", "/d" },
		{ "/", "/d/file" },
	};
	struct tree *t = *state;
	int n = descriptors();
	char path[64];

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		for (size_t k = 0; k < 3; k++)
			compare(t, dirs[i] + k / 2, k == 1 ? 2 : 1);
	/* Where others may write, nothing is kept: they could put a device node there. */
	at(t, "d", path);
	assert_int_equal(chmod(path, 0777), 0);
	compare(t, dirs[0], 2);
	/* The running system is asked anew each time. */
	t->h.live = true;
	assert_int_equal(chmod(path, 0755), 0);
	compare(t, (const char *const[]){ "/d/sub" }, 1);
	t->h.live = false;
	assert_int_equal(descriptors(), n);
}

/* What goes meanwhile is gone; no more than two, and the scope's helper ends them. */
static void test_changes(void **state)
{
	struct tree *t = *state;
	char path[64], buf[8];

	put(t, "d/moving", "x");
	at(t, "d/moving", path);
	{
		_cleanup_inside_ struct xlpt_host_inside one = xlpt_host_enter(&t->h, "/d");
		_cleanup_inside_ struct xlpt_host_inside two = xlpt_host_enter(&t->h, "/d/sub");
		_cleanup_inside_ struct xlpt_host_inside more = xlpt_host_enter(&t->h, "/d");

		assert_null(more.h);
		assert_int_equal(t->h.ops->read(&t->h, "/d/moving", buf, 8), 1);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(t->h.ops->read(&t->h, "/d/moving", buf, 8), -ENOENT);
		assert_int_equal(t->h.ops->exists(&t->h, "/d/moving"), -ENOENT);
		/* A link in its place is followed as ever, inside the root. */
		assert_int_equal(symlink("/outside", path), 0);
		assert_int_equal(t->h.ops->read(&t->h, "/d/moving", buf, 8), 8);
		assert_memory_equal(buf, "outside\n", 8);
	}
	assert_null(t->h.dirs);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_same), T(test_changes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
