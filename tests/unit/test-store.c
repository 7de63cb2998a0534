/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/stores.h"

static void test_paths_and_values(void **state)
{
	struct world *w = *state;
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ char *value = NULL, *dump = NULL;

	assert_int_equal(xlpt_store_read(w->s, 0, &value, "/a/%d", 1), -ENOENT);
	assert_null(value);
	assert_int_equal(xlpt_store_write(w->s, 0, "x", "/a/%d/deep", 1), 0);
	assert_int_equal(xlpt_store_write(w->s, 0, "y", "/a/10"), 0);
	assert_int_equal(xlpt_store_write(w->s, 0, "z", "/a-b"), 0);
	assert_int_equal(xlpt_store_list(w->s, 0, &names, "/a"), 0);
	assert_int_equal(xlpt_strv_len(names), 2);
	assert_string_equal(names[0], "1");
	assert_int_equal(xlpt_store_rm(w->s, 0, "/a/%d", 1), 0);
	assert_int_equal(xlpt_store_rm(w->s, 0, "/never/was"), 0);
	dump = fake_store_dump(w->f, "/a");
	assert_string_equal(dump, "/a =\n/a/10 = y\n");
	assert_string_equal(fake_store_peek(w->f, "/a-b"), "z");
}

static void test_numbers_are_strict(void **state)
{
	static const char *const bad[] = {
		"", " 7", "7 ", "+7", "-1", "0x7", "7a", "4294967296", "99999999999999999999",
	};
	struct world *w = *state;
	unsigned v = 42;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++) {
		fake_store_set(w->f, bad[i], "/n");
		assert_int_equal(xlpt_store_read_uint(w->s, 0, &v, "/n"), -EINVAL);
	}
	assert_int_equal(xlpt_store_read_uint(w->s, 0, &v, "/absent"), -ENOENT);
	assert_int_equal(v, 42);
	fake_store_set(w->f, "4294967295", "/n");
	assert_int_equal(xlpt_store_read_uint(w->s, 0, &v, "/n"), 0);
	assert_int_equal(v, UINT32_MAX);
}

struct body {
	struct world *w;
	unsigned runs;
	int fails_with;
	bool disturbed; /* somebody else writes during the first run */
	char *seen;
};

static int body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct body *b = arg;

	free(b->seen);
	b->seen = NULL;
	xlpt_store_read(s, t, &b->seen, "/in");
	if (b->disturbed && b->runs == 0)
		fake_store_set(b->w->f, "theirs", "/in");
	b->runs++;
	xlpt_store_write(s, t, "done", "/out");
	return b->fails_with;
}

static void test_transact_retries(void **state)
{
	struct world *w = *state;
	struct body b = { .w = w };

	fake_store_inject_eagain(w->f, 3);
	assert_int_equal(xlpt_store_transact(w->s, body, &b), 0);
	assert_int_equal(b.runs, 4);
	assert_string_equal(fake_store_peek(w->f, "/out"), "done");
	assert_int_equal(fake_store_transactions(w->f), 0);
}

static void test_transact_gives_up(void **state)
{
	struct world *w = *state;
	struct body b = { .w = w };

	fake_store_inject_eagain(w->f, 100000);
	assert_int_equal(xlpt_store_transact(w->s, body, &b), -EAGAIN);
	assert_in_range(b.runs, 10, 1000);
	assert_null(fake_store_peek(w->f, "/out"));
	assert_int_equal(fake_store_transactions(w->f), 0);
}

static void test_transact_sees_the_conflict(void **state)
{
	struct world *w = *state;
	struct body b = { .w = w, .disturbed = true };

	fake_store_set(w->f, "ours", "/in");
	assert_int_equal(xlpt_store_transact(w->s, body, &b), 0);
	assert_int_equal(b.runs, 2);
	assert_string_equal(b.seen, "theirs");
	free(b.seen);
}

static void test_transact_aborts(void **state)
{
	struct world *w = *state;
	struct body b = { .w = w, .fails_with = -ENODEV };

	assert_int_equal(xlpt_store_transact(w->s, body, &b), -ENODEV);
	assert_int_equal(b.runs, 1);
	assert_null(fake_store_peek(w->f, "/out"));
	assert_int_equal(fake_store_transactions(w->f), 0);

	b.fails_with = 0;
	fake_store_fail(w->f, FAKE_STORE_BEGIN, 1, EMFILE);
	assert_int_equal(xlpt_store_transact(w->s, body, &b), -EMFILE);
	fake_store_fail(w->f, FAKE_STORE_END, 1, ENOSPC);
	assert_int_equal(xlpt_store_transact(w->s, body, &b), -ENOSPC);
	assert_int_equal(b.runs, 2);
	assert_null(fake_store_peek(w->f, "/out"));
}

struct look {
	struct world *w;
	unsigned looks;
	unsigned change_at; /* the fact becomes true right after this look, silently */
	int fails_with;
};

static int check(struct xlpt_store *s, void *arg)
{
	struct look *l = arg;
	_cleanup_free_ char *v = NULL;
	int r = xlpt_store_read(s, 0, &v, "/g/fact");

	l->looks++;
	if (l->looks == l->change_at)
		fake_store_set(l->w->f, "yes", "/g/fact");
	if (l->fails_with)
		return l->fails_with;
	return r == 0 && strcmp(v, "yes") == 0;
}

static void make_true(void *arg)
{
	fake_store_set(((struct world *)arg)->f, "yes", "/g/fact");
}

static void touch(void *arg)
{
	fake_store_set(((struct world *)arg)->f, "x", "/g/other");
}

static void test_wait_fact_is_there(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w };

	make_true(w);
	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), 0);
	assert_int_equal(l.looks, 1);
	assert_int_equal(fake_store_calls(w->f, FAKE_STORE_WATCH), 0);
	assert_int_equal(w->clock.now, 1000);
}

static void test_wait_for_change(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w };

	fake_clock_in(&w->clock, 100, touch, w);
	fake_clock_in(&w->clock, 300, make_true, w);
	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), 0);
	assert_int_equal(w->clock.now, 1300);
	assert_int_equal(fake_store_watches(w->f), 0);
	/* first, with the watch, its own event, the touch, the fact */
	assert_int_equal(l.looks, 5);
}

/* What happens between the first look and the watch must not be waited for in vain. */
static void test_wait_no_lost_change(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w, .change_at = 1 };

	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), 0);
	assert_int_equal(w->clock.now, 1000);
	assert_int_equal(fake_store_watches(w->f), 0);
}

static void test_wait_times_out(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w };

	fake_clock_in(&w->clock, 4001, make_true, w);
	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), -ETIMEDOUT);
	assert_int_equal(w->clock.now, 5000);
	assert_int_equal(fake_store_watches(w->f), 0);

	/* A deadline that has passed still gets its look. */
	w->clock.now = 9000;
	l.looks = 0;
	assert_int_equal(xlpt_store_wait_until(w->s, "/h", 5000, 0, check, &l), -ETIMEDOUT);
	assert_true(l.looks >= 1);
	assert_int_equal(w->clock.now, 9000);
}

/* A fact outside the watched path is found by the looks in between. */
static void test_wait_polls(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w };

	fake_clock_in(&w->clock, 250, make_true, w);
	assert_int_equal(xlpt_store_wait_until(w->s, "/elsewhere", 5000, 100, check, &l), 0);
	assert_int_equal(w->clock.now, 1300);
}

static void test_wait_gives_up(void **state)
{
	struct world *w = *state;
	struct look l = { .w = w, .fails_with = -EIO };

	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), -EIO);
	l.fails_with = 0;
	fake_store_fail(w->f, FAKE_STORE_WATCH, 1, ENOSPC);
	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), -ENOSPC);
	fake_store_fail(w->f, FAKE_STORE_WAIT, 2, EBADF);
	assert_int_equal(xlpt_store_wait_until(w->s, "/g", 5000, 0, check, &l), -EBADF);
	assert_int_equal(fake_store_watches(w->f), 0);
	assert_int_equal(w->clock.now, 1000);
}

/* xenstored: a watch on a node fires when a node above it is removed. */
static void test_wait_sees_removed_parent(void **state)
{
	struct world *w = *state;

	fake_store_set(w->f, "4", "/g/dir/state");
	assert_int_equal(w->s->ops->watch(w->s, "/g/dir/state"), 0);
	assert_int_equal(w->s->ops->wait(w->s, 10), 1);
	assert_int_equal(w->s->ops->wait(w->s, 10), 0);
	fake_store_set(w->f, "x", "/g/other");
	assert_int_equal(w->s->ops->wait(w->s, 10), 0);
	fake_store_set(w->f, NULL, "/g");
	assert_int_equal(w->s->ops->wait(w->s, 10), 1);
	w->s->ops->unwatch(w->s, "/g/dir/state");
}

static void test_prune(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *dump = NULL;

	fake_store_load(w->f, "/top/stop/a/b/c = 1\n/top/stop/d/e = 1\n/top/stop/d/f/g = 1\n"
			      "/top/stop/v = value\n/top/stop/v/w = 1\n");
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/a/b/c", "/top/stop"), 0);
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/d/f/g", "/top/stop"), 0);
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/v/w", "/top/stop"), 0);
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/never/was", "/top/stop"), 0);
	dump = fake_store_dump(w->f, "/top");
	assert_string_equal(dump, "/top =\n/top/stop =\n/top/stop/d =\n/top/stop/d/e = 1\n"
				  "/top/stop/v = value\n");
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/d", "/top/stop"), 0);
	assert_int_equal(xlpt_store_prune(w->s, 0, "/top/stop/v", "/top/stop"), 0);
	assert_string_equal(fake_store_peek(w->f, "/top/stop"), "");
}

static void test_error_records(void **state)
{
	static const struct {
		int r;
		enum xlpt_err code;
	} cases[] = {
		{ -EAGAIN, XLPT_ERR_IO },    { -EACCES, XLPT_ERR_NO_XEN },
		{ -EBADF, XLPT_ERR_NO_XEN }, { -ETIMEDOUT, XLPT_ERR_TIMEOUT },
		{ -ENOSPC, XLPT_ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		assert_int_equal(xlpt_store_error(&diag, cases[i].r, "doing %d", 7), cases[i].code);
		assert_int_equal(diag.code, cases[i].code);
		assert_non_null(strstr(diag.message, "doing 7"));
		assert_int_equal(xlpt_store_error(NULL, cases[i].r, "x"), cases[i].code);
	}
}

static void test_no_xen(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_store s;

	(void)state;
	if (access("/dev/xen/xenbus", F_OK) == 0)
		skip();
	setenv("XENSTORED_PATH", "/nonexistent/xenstored", 1);
	assert_int_equal(xlpt_store_open(&s, &xlpt_clock_real, &diag), XLPT_ERR_NO_XEN);
	unsetenv("XENSTORED_PATH");
	assert_int_equal(diag.code, XLPT_ERR_NO_XEN);
	assert_non_null(strstr(diag.fact, "/nonexistent/xenstored is absent"));
	assert_non_null(strstr(diag.fact, "/dev/xen/xenbus is absent"));
	assert_non_null(diag.hint);
	assert_true(diag.sys_errno != 0);
	xlpt_store_close(&s); /* all zero: nothing to close */
}

static int end_at_once(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	_cleanup_free_ char *v = NULL;
	unsigned *runs = arg;

	/* Somebody else's write to what was read, in the first run. */
	xlpt_store_read(s, t, &v, "/xlpt-test/a");
	if ((*runs)++ == 0)
		xlpt_store_write(s, 0, "theirs", "/xlpt-test/a");
	return xlpt_store_write(s, t, "ours", "/xlpt-test/a");
}

static int has_value(struct xlpt_store *s, void *arg)
{
	_cleanup_free_ char *v = NULL;

	(*(unsigned *)arg)++;
	return xlpt_store_read(s, 0, &v, "/xlpt-test/late") == 0;
}

/*
 * The same promises from a real xenstored, where there is one: in a dom0, give
 * XENSTORED_PATH=/run/xenstored/socket. It works below /xlpt-test only.
 */
static void test_real_xenstored(void **state)
{
	_cleanup_free_ char *value = NULL;
	_cleanup_strv_ char **names = NULL;
	struct xlpt_store s = { 0 };
	unsigned runs = 0, looks = 0;

	(void)state;
	if (!getenv("XENSTORED_PATH") || xlpt_store_open(&s, &xlpt_clock_real, NULL))
		skip();
	assert_int_equal(xlpt_store_rm(&s, 0, "/xlpt-test"), 0);
	assert_int_equal(xlpt_store_rm(&s, 0, "/xlpt-test/never/was"), 0);
	assert_int_equal(xlpt_store_read(&s, 0, &value, "/xlpt-test/a"), -ENOENT);
	assert_int_equal(xlpt_store_list(&s, 0, &names, "/xlpt-test"), -ENOENT);
	assert_int_equal(xlpt_store_write(&s, 0, "", "/xlpt-test/b/c"), 0);
	assert_int_equal(xlpt_store_read(&s, 0, &value, "/xlpt-test/b/c"), 0);
	assert_string_equal(value, "");
	assert_int_equal(xlpt_store_list(&s, 0, &names, "/xlpt-test"), 0);
	assert_int_equal(xlpt_strv_len(names), 1);
	assert_string_equal(names[0], "b");

	assert_int_equal(xlpt_store_transact(&s, end_at_once, &runs), 0);
	assert_int_equal(runs, 2);
	free(value);
	assert_int_equal(xlpt_store_read(&s, 0, &value, "/xlpt-test/a"), 0);
	assert_string_equal(value, "ours");
	free(value);
	value = NULL;

	assert_int_equal(xlpt_store_wait_until(&s, "/xlpt-test", xlpt_now(s.clock) + 60, 20,
					       has_value, &looks),
			 -ETIMEDOUT);
	assert_in_range(looks, 3, 8);
	assert_int_equal(s.ops->watch(&s, "/xlpt-test"), 0);
	assert_int_equal(s.ops->wait(&s, 1000), 1); /* fires once when registered */
	assert_int_equal(s.ops->wait(&s, 10), 0);
	assert_int_equal(xlpt_store_write(&s, 0, "x", "/xlpt-test/late"), 0);
	assert_int_equal(s.ops->wait(&s, 1000), 1);
	assert_int_equal(s.ops->wait(&s, 0), 0);
	assert_int_equal(s.ops->watch(&s, "/xlpt-test"), -EEXIST);
	assert_int_equal(s.ops->unwatch(&s, "/xlpt-test"), 0);

	assert_int_equal(s.ops->watch(&s, "/xlpt-test/late"), 0);
	assert_int_equal(s.ops->wait(&s, 1000), 1);
	assert_int_equal(xlpt_store_prune(&s, 0, "/xlpt-test/b/c", "/xlpt-test"), 0);
	assert_int_equal(xlpt_store_read(&s, 0, &value, "/xlpt-test/b"), -ENOENT);
	assert_int_equal(s.ops->wait(&s, 0), 0);
	assert_int_equal(xlpt_store_rm(&s, 0, "/xlpt-test"), 0);
	assert_int_equal(s.ops->wait(&s, 1000), 1); /* a removed parent fires too */
	xlpt_store_close(&s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_paths_and_values),    T(test_numbers_are_strict),
		T(test_transact_retries),    T(test_transact_gives_up),
		T(test_transact_aborts),     T(test_transact_sees_the_conflict),
		T(test_wait_fact_is_there),  T(test_wait_for_change),
		T(test_wait_no_lost_change), T(test_wait_times_out),
		T(test_wait_polls),	     T(test_wait_gives_up),
		T(test_prune),		     T(test_wait_sees_removed_parent),
		T(test_error_records),	     T(test_real_xenstored),
		T(test_no_xen),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
