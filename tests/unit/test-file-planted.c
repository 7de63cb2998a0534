/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output that is to go where another user has put something beforehand, in a folder where everybody may make files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/filing.h"

static int save(struct tree *t, const char *path)
{
	_cleanup_free_ char *at = outside(t, path);
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(NULL, at, XLPT_FILE_FOLLOW, &f);

	return r ? r
		 : xlpt_file_save(&f, "new", 3,
				  &(struct xlpt_file_how){ .mode = 0600, .keep = true });
}

static void give(struct tree *t, const char *path)
{
	assert_int_equal(fchownat(t->fd, path, NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW), 0);
}

/* A folder of everybody, sticky or not, and in it what a user made; a folder of that user. */
static void make(struct tree *t, mode_t mode)
{
	assert_int_equal(mkdirat(t->fd, "all", 0700) | mkdirat(t->fd, "home", 0700), 0);
	assert_int_equal(fchmodat(t->fd, "all", mode, 0), 0);
	put(t, "all/file", "old");
	put(t, "all/root", "old");
	put(t, "home/file", "old");
	assert_int_equal(mkfifoat(t->fd, "all/fifo", 0666), 0);
	assert_int_equal(symlinkat("../home/file", t->fd, "all/link"), 0);
	assert_int_equal(symlinkat("../home", t->fd, "all/way"), 0);
	for (const char *const *p =
		     (const char *const[]){ "all/file", "home", "home/file", "all/fifo", "all/link",
					    "all/way", NULL };
	     *p; p++)
		give(t, *p);
}

static void test_everybody(void **state)
{
	static const char *const planted[] = { "all/file", "all/fifo", "all/link", "all/way/file" };
	struct tree *t = *state;

	if (!only_root())
		return;
	make(t, 01777);
	for (int sticky = 1; sticky >= 0; sticky--) {
		assert_int_equal(fchmodat(t->fd, "all", sticky ? 01777 : 0777, 0), 0);
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(planted); i++)
			assert_int_equal(save(t, planted[i]), -ENOTUNIQ);
	}
	says(t, "all/file", "old");
	says(t, "home/file", "old");
	has(t, "/all", "fifo file link root way ");
	/* What is root's, what is new, and what is in the user's own folder, which was named. */
	assert_int_equal(save(t, "all/root") | save(t, "all/new") | save(t, "home/file"), 0);
	assert_int_equal(stat_of(t, "all/new").st_uid, 0);
	says(t, "all/root", "new");
	says(t, "home/file", "new");
}

static void test_group(void **state)
{
	struct tree *t = *state;

	if (!only_root())
		return;
	make(t, 0775);
	assert_int_equal(fchownat(t->fd, "all", 0, NOBODY, 0), 0);
	assert_int_equal(save(t, "all/file"), 0);
	assert_int_equal(fchmodat(t->fd, "all", 01775, 0), 0);
	assert_int_equal(save(t, "all/file"), -ENOTUNIQ);
	/* In the folder of root's group only root can have made it. */
	assert_int_equal(fchownat(t->fd, "all", 0, 0, 0), 0);
	assert_int_equal(save(t, "all/file"), 0);
}

/* It takes the place of what was found, just before it is opened. */
static void test_fifo_exchanged(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *at = outside(t, "all/fifo");
	_cleanup_file_ struct xlpt_file f = XLPT_FILE_NONE;
	_cleanup_close_ int in = -1;

	if (!only_root())
		return;
	make(t, 01777);
	assert_int_equal(fchownat(t->fd, "all/fifo", 0, 0, 0), 0);
	assert_int_equal(xlpt_file_find(NULL, at, XLPT_FILE_FOLLOW, &f), 0);
	give(t, "all/fifo");
	in = openat(t->fd, "all/fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(xlpt_file_into(&f), -ENOTUNIQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everybody),
		TEST(test_group),
		TEST(test_fifo_exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
