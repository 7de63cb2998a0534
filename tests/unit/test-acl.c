/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access lists of files (core/acl): who may write by them, and that a file that is replaced keeps its
 * list. As root, on a file system that has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/acl.h"
#include "core/tempdir.h"
#include "tests/unit/acls.h"
#include "tests/unit/filing.h"

#define ADM   4
#define USER1 1000

/* The list makes the mode, too, as setfacl does. */
static bool give(struct tree *t, const char *path, const struct acl_entry *list, size_t n)
{
	_cleanup_free_ char *full = outside(t, path);

	return acl_give(full, list, n);
}

static int writers_of(struct tree *t, const char *path, int flags)
{
	_cleanup_close_ int fd = openat(t->fd, path, flags);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	return xlpt_acl_writers(fd, &st);
}

static void test_writers(void **state)
{
	static const struct {
		unsigned group; /* who owns it */
		struct acl_entry list[6];
		size_t n;
		int who;
	} cases[] = {
		/* What the mode alone would say of these: nobody, because the group is root's. */
		{ 0,
		  { ACL_OWNER(7), { 2, 6, USER1 }, ACL_OWN_GROUP(5), ACL_LIMIT(7), ACL_REST(5) },
		  5,
		  XLPT_ACL_OTHERS },
		{ 0,
		  { ACL_OWNER(7), ACL_OWN_GROUP(5), { 8, 7, ADM }, ACL_LIMIT(7), ACL_REST(5) },
		  5,
		  XLPT_ACL_GROUP },
		{ 0,
		  { ACL_OWNER(7),
		    { 2, 4, USER1 },
		    { 2, 2, USER1 + 1 },
		    ACL_OWN_GROUP(0),
		    ACL_LIMIT(2),
		    ACL_REST(0) },
		  6,
		  XLPT_ACL_OTHERS },
		/* The mask takes it away. */
		{ 0,
		  { ACL_OWNER(7), { 2, 7, USER1 }, ACL_OWN_GROUP(5), ACL_LIMIT(5), ACL_REST(5) },
		  5,
		  XLPT_ACL_NOBODY },
		{ ADM,
		  { ACL_OWNER(7), { 2, 7, USER1 }, ACL_OWN_GROUP(7), ACL_LIMIT(5), ACL_REST(5) },
		  5,
		  XLPT_ACL_NOBODY },
		/* The group bits are the mask alone: nobody in the list may write. */
		{ ADM,
		  { ACL_OWNER(7), { 2, 5, USER1 }, ACL_OWN_GROUP(5), ACL_LIMIT(7), ACL_REST(5) },
		  5,
		  XLPT_ACL_NOBODY },
		{ ADM,
		  { ACL_OWNER(7), { 2, 5, USER1 }, ACL_OWN_GROUP(7), ACL_LIMIT(7), ACL_REST(5) },
		  5,
		  XLPT_ACL_GROUP },
		/* Root's entries, and a group's with a user's. */
		{ 0,
		  { ACL_OWNER(7),
		    { 2, 7, 0 },
		    ACL_OWN_GROUP(7),
		    { 8, 7, 0 },
		    ACL_LIMIT(7),
		    ACL_REST(0) },
		  6,
		  XLPT_ACL_NOBODY },
		{ ADM,
		  { ACL_OWNER(7), { 2, 7, USER1 }, ACL_OWN_GROUP(7), ACL_LIMIT(7), ACL_REST(0) },
		  5,
		  XLPT_ACL_OTHERS },
		{ 0,
		  { ACL_OWNER(7), { 2, 4, USER1 }, ACL_OWN_GROUP(4), ACL_LIMIT(4), ACL_REST(6) },
		  5,
		  XLPT_ACL_OTHERS },
	};
	struct tree *t = *state;

	if (!only_root() || !acl_there(t->dir))
		skip();
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		for (int dir = 0; dir < 2; dir++) {
			const char *path = dir ? "d" : "f";
			int r;

			put(t, "f", "x");
			assert_int_equal(mkdirat(t->fd, "d", 0700), 0);
			assert_int_equal(fchownat(t->fd, path, 0, cases[i].group, 0), 0);
			assert_true(give(t, path, cases[i].list, cases[i].n));
			r = writers_of(t, path, O_RDONLY);
			if (r != cases[i].who)
				fail_msg("case %zu: %d", i, r);
			assert_int_equal(writers_of(t, path, O_PATH), r);
			assert_int_equal(unlinkat(t->fd, "f", 0), 0);
			assert_int_equal(unlinkat(t->fd, "d", AT_REMOVEDIR), 0);
		}
}

/* Without a list, and where there are none at all, the mode counts. */
static void test_mode_alone(void **state)
{
	struct tree *t = *state;
	_cleanup_close_ int proc = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct stat st = { .st_mode = S_IFREG | 0664, .st_gid = ADM };

	assert_int_equal(xlpt_acl_writers(proc, &st), XLPT_ACL_GROUP);
	assert_int_equal(xlpt_acl_mode(proc, &st), 0664);
	st.st_gid = 0;
	assert_int_equal(xlpt_acl_writers(proc, &st), XLPT_ACL_NOBODY);
	put(t, "f", "x");
	assert_int_equal(fchmodat(t->fd, "f", 0666, 0), 0);
	assert_int_equal(writers_of(t, "f", O_RDONLY), XLPT_ACL_OTHERS);
	/* It cannot be looked at. */
	st.st_mode = S_IFREG | 0664;
	assert_true(xlpt_acl_writers(-1, &st) < 0);
	assert_int_equal(xlpt_acl_mode(-1, &st), 0604);
}

static const struct acl_entry reader[] = {
	ACL_OWNER(6), { 2, 6, USER1 }, ACL_OWN_GROUP(0), ACL_LIMIT(6), ACL_REST(0),
};

/* A replaced file has the list that it had; without it, the group that owns it would get the mask. */
static void test_replaced(void **state)
{
	static const struct xlpt_file_how keep = { .mode = 0644, .keep = true };
	struct xlpt_file_how as = { .mode = 0644 };
	struct acl_entry now[8];
	struct tree *t = *state;
	struct stat st;

	if (!only_root() || !acl_there(t->dir))
		skip();
	put(t, "f", "old");
	assert_true(give(t, "f", reader, XLPT_ARRAY_SIZE(reader)));
	assert_int_equal(xlpt_file_replace(&t->h, "/f", "new", 3, &keep), 0);
	says(t, "f", "new");
	{
		_cleanup_free_ char *full = outside(t, "f");
		_cleanup_close_ int fd = openat(t->fd, "f", O_RDONLY);

		assert_int_equal(acl_of(full, now, 8), 5);
		assert_memory_equal(now, reader, sizeof(reader));
		st = stat_of(t, "f");
		assert_int_equal(st.st_mode & 07777, 0660);
		/* What is made from it has no list, and its group must not be let in. */
		assert_int_equal(xlpt_acl_mode(fd, &st), 0600);
		/* A stricter mode limits it. */
		st.st_mode = S_IFREG | 0600;
		as.as = &st;
		assert_int_equal(xlpt_file_replace(&t->h, "/f", "secret", 6, &as), 0);
		assert_int_equal(acl_of(full, now, 8), 5);
		assert_int_equal(now[3].perm, 0);
		assert_int_equal(stat_of(t, "f").st_mode & 07777, 0600);
	}
}

/* A file that was removed and comes back is whose it was, list included; and else nobody gets more. */
static void test_came_back(void **state)
{
	static const char *const no_rights[] = {
		"",
		"0640",
		"0640 0 -",
		"0640 0:0",
		"0640 0:0 x",
		"10640 0:0 -",
		"rw 0:0 -",
		"0640 0:0 ab",
		"0640 0:0 -\n-",
		"0640 0:0 02",
		"0640 x:0 -",
	};
	struct xlpt_file_how how = { .mode = 0644 };
	_cleanup_free_ char *dir = NULL, *had = NULL, *plain = NULL, *now = NULL, *none = NULL;
	struct tree *t = *state;

	if (!only_root() || !acl_there(t->dir))
		skip();
	put(t, "f", "x");
	put(t, "plain", "x");
	assert_int_equal(fchownat(t->fd, "plain", USER1, ADM, 0), 0);
	assert_int_equal(fchmodat(t->fd, "plain", 04640, 0), 0);
	assert_int_equal(fchownat(t->fd, "f", 0, ADM, 0), 0);
	assert_true(give(t, "f", reader, XLPT_ARRAY_SIZE(reader)));
	assert_int_equal(xlpt_file_rights(&t->h, "/f", &had), 0);
	assert_int_equal(xlpt_file_rights(&t->h, "/plain", &plain), 0);
	assert_string_equal(plain, "4640 1000:4 -");
	assert_int_equal(unlinkat(t->fd, "f", 0), 0);
	/* The folder has another list for it. */
	dir = outside(t, ".");
	assert_true(acl_give_default(dir, reader, XLPT_ARRAY_SIZE(reader)));
	how.rights = had;
	assert_int_equal(xlpt_file_replace(&t->h, "/f", "new", 3, &how), 0);
	assert_int_equal(xlpt_file_rights(&t->h, "/f", &now), 0);
	assert_string_equal(now, had);
	assert_int_equal(stat_of(t, "f").st_gid, ADM);
	/* One that had no list gets none, neither the folder's nor that of what is there. */
	how.rights = plain;
	assert_int_equal(xlpt_file_replace(&t->h, "/f", "new", 3, &how), 0);
	free(XLPT_TAKE(now));
	assert_int_equal(xlpt_file_rights(&t->h, "/f", &now), 0);
	assert_string_equal(now, plain);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(no_rights); i++) {
		how.rights = no_rights[i];
		assert_int_equal(xlpt_file_replace(&t->h, "/f", "no", 2, &how), -EBADMSG);
	}
	says(t, "f", "new");
	assert_int_equal(xlpt_file_rights(&t->h, "/none", &none), -ENOENT);
	assert_null(none);
	has(t, "/", "f plain ");
}

/* In a folder that gives a list to new files: one that had none has none again. */
static void test_given_by_folder(void **state)
{
	static const struct xlpt_file_how keep = { .mode = 0644, .keep = true };
	_cleanup_free_ char *dir = NULL, *full = NULL;
	struct acl_entry now[8];
	struct tree *t = *state;

	if (!only_root() || !acl_there(t->dir))
		skip();
	put(t, "plain", "old");
	assert_int_equal(fchmodat(t->fd, "plain", 0660, 0), 0);
	dir = outside(t, ".");
	assert_true(acl_give_default(dir, reader, XLPT_ARRAY_SIZE(reader)));
	put(t, "new", "x");
	full = outside(t, "new");
	assert_int_equal(acl_of(full, now, 8), 5);
	assert_int_equal(xlpt_file_replace(&t->h, "/plain", "new", 3, &keep), 0);
	free(full);
	full = outside(t, "plain");
	assert_int_equal(acl_of(full, now, 8), 0);
	assert_int_equal(stat_of(t, "plain").st_mode & 07777, 0660);
}

/* Root's TMPDIR, in which a user of the list could exchange what root makes. */
static void test_tempdir(void **state)
{
	static const struct acl_entry user[] = {
		ACL_OWNER(7), { 2, 7, USER1 }, ACL_OWN_GROUP(5), ACL_LIMIT(7), ACL_REST(5),
	};
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	XLPT_CLEANUP(xlpt_tempdir_dispose) struct xlpt_tempdir made = { .fd = -1 };
	struct tree *t = *state;

	if (!only_root() || !acl_there(t->dir))
		skip();
	setenv("TMPDIR", t->dir, 1);
	assert_true(acl_give(t->dir, user, XLPT_ARRAY_SIZE(user)));
	assert_int_equal(xlpt_tempdir_make(&made, "x.", &diag), XLPT_ERR_IO);
	assert_null(made.path);
	assert_int_equal(fchmod(t->fd, 0755), 0); /* the mask */
	assert_int_equal(xlpt_tempdir_make(&made, "x.", &diag), 0);
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writers),	    TEST(test_mode_alone), TEST(test_replaced),
		TEST(test_given_by_folder), TEST(test_came_back),  TEST(test_tempdir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
