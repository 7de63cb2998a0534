/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of core/file: a tree in a temporary directory, what is in it; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_FILING_H
#define XLPT_TESTS_UNIT_FILING_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/diag.h"
#include "core/file.h"
#include "tests/unit/lists.h"

#define NOBODY 65534

struct tree {
	struct xlpt_host h;
	char dir[32];
	int fd;
};

static inline int setup(void **state)
{
	struct tree *t = xlpt_xcalloc(1, sizeof(*t));

	strcpy(t->dir, "/tmp/xlpt-file.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(xlpt_host_open(&t->h, t->dir), 0);
	*state = t;
	return 0;
}

static inline int teardown(void **state)
{
	struct tree *t = *state;

	xlpt_host_close(&t->h);
	close(t->fd);
	drop_tree(t->dir);
	free(t);
	return 0;
}

static inline void put(struct tree *t, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(xlpt_file_write_all(fd, text, strlen(text)), 0);
}

static inline void says(struct tree *t, const char *path, const char *want)
{
	_cleanup_close_ int fd = openat(t->fd, path, O_RDONLY | O_NOFOLLOW);
	char text[64] = "";

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
}

static inline void has(struct tree *t, const char *path, const char *want)
{
	host_lists(&t->h, path, want);
}

static inline struct stat stat_of(struct tree *t, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static inline char *outside(struct tree *t, const char *path)
{
	return xlpt_xasprintf("%s/%s", t->dir, path);
}

static inline bool only_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("not root: nothing can be given to another user\n");
	return false;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
