/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is read, changed and written again by several at once, and by one that knows no lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/stop.h"
#include "tests/unit/filing.h"

#define MANY 4 /* so few that the last one does not wait too long, also on a slow machine */

static int put_edited(const struct xlpt_file *f, const char *text)
{
	return xlpt_file_put(f, text, strlen(text),
			     &(struct xlpt_file_how){ .keep = true, .edited = true, .lazy = true });
}

/* One more letter in the file. */
static int add_letter(struct tree *t, const char *path, char letter)
{
	_cleanup_close_ int lock = -1;
	_cleanup_file_ struct xlpt_file f;
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_find_to_edit(&t->h, path, &f, &lock);

	if (r == 0)
		r = xlpt_file_get(&f, 64, &text);
	if (r)
		return r;
	usleep(1000);
	xlpt_str_addn(&text, &letter, 1);
	return put_edited(&f, text.s);
}

static void test_at_once(void **state)
{
	struct tree *t = *state;
	char text[64] = "";
	int status;

	put(t, "f", "+");
	assert_int_equal(symlinkat("f", t->fd, "link"), 0);
	for (int i = 0; i < MANY; i++)
		if (fork() == 0)
			_exit(add_letter(t, i % 2 ? "/link" : "/f", (char)('a' + i)) ? 1 : 0);
	for (int i = 0; i < MANY; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_true(read(openat(t->fd, "f", O_RDONLY | O_CLOEXEC), text, sizeof(text) - 1) > 0);
	assert_int_equal(strlen(text), 1 + MANY);
	for (int i = 0; i < MANY; i++)
		assert_non_null(strchr(text, 'a' + i));
	has(t, "/", "f link ");
}

/* Whoever may read it can lock it. */
static void test_locked_for_ever(void **state)
{
	struct tree *t = *state;
	_cleanup_close_ int theirs = -1, lock = -1;
	_cleanup_file_ struct xlpt_file f;
	int64_t begin = xlpt_now(&xlpt_clock_real);

	put(t, "f", "1");
	theirs = openat(t->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(theirs, LOCK_EX), 0);
	assert_int_equal(xlpt_file_find_to_edit(&t->h, "/f", &f, &lock), 0);
	assert_int_equal(lock, -1);
	assert_true(f.there && xlpt_now(&xlpt_clock_real) - begin >= XLPT_FILE_EDIT_MS);
	xlpt_file_dispose(&f);
	/* A signal ends the wait. */
	xlpt_interrupted = SIGINT;
	assert_int_equal(xlpt_file_find_to_edit(&t->h, "/f", &f, &lock), -EINTR);
	xlpt_interrupted = 0;
}

static void test_changed_meanwhile(void **state)
{
	struct tree *t = *state;

	for (int how = 0; how < 3; how++) {
		_cleanup_close_ int lock = -1;
		_cleanup_file_ struct xlpt_file f;
		_cleanup_str_ struct xlpt_str text = { 0 };

		put(t, "f", "1");
		assert_int_equal(xlpt_file_find_to_edit(&t->h, "/f", &f, &lock), 0);
		assert_true(lock >= 0);
		assert_int_equal(xlpt_file_get(&f, 64, &text), 0);
		if (how == 0) /* written into */
			put(t, "f", "12");
		put(t, "new", "12");
		if (how == 1) /* replaced */
			assert_int_equal(renameat(t->fd, "new", t->fd, "f"), 0);
		if (how == 2)
			assert_int_equal(unlinkat(t->fd, "f", 0), 0);
		assert_int_equal(put_edited(&f, "13"), -ESTALE);
		if (how < 2)
			says(t, "f", "12");
		unlinkat(t->fd, "new", 0);
		has(t, "/", how < 2 ? "f " : "");
	}
}

/* What cannot be locked is told by who reads it. */
static void test_no_file(void **state)
{
	static const char *const paths[] = { "/fifo", "/folder", "/none" };
	struct tree *t = *state;

	assert_int_equal(mkfifoat(t->fd, "fifo", 0600) | mkdirat(t->fd, "folder", 0700), 0);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int lock = -1;
		_cleanup_file_ struct xlpt_file f;
		_cleanup_str_ struct xlpt_str text = { 0 };

		assert_int_equal(xlpt_file_find_to_edit(&t->h, paths[i], &f, &lock), 0);
		assert_int_equal(lock, -1);
		assert_true(xlpt_file_get(&f, 64, &text) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_at_once),
		TEST(test_locked_for_ever),
		TEST(test_changed_meanwhile),
		TEST(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
