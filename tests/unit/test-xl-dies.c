/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An xl that fails after the domain exists: its status does not tell that, the domain's UUID does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/toolstack-internal.h"
#include "tests/unit/leaving.h"

static void answersf(struct world *w, int want, const char *line, const char *says)
{
	_cleanup_free_ char *whole = with_dir(line);

	answers(w, want, whole, says);
}

static void saved(struct world *w, bool with_device)
{
	if (with_device)
		ok(w, "attach web1 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
}

static uint32_t any(struct world *w, const char *name)
{
	struct xlpt_guest *g = fake_ts_find(w->ts, 0, name);

	return g ? g->domid : 0;
}

static void journal_is_kept(struct world *w)
{
	ok(w, "status");
	if (!strstr(w->out, "interrupted restore"))
		fail_msg("the journal is gone: %s", w->out);
}

/* xl was killed when all was made: the guest runs, and repair gives it its devices. */
static void test_restore_runs(void **state)
{
	struct world *w = *state;

	saved(w, true);
	fake_ts_fail(w->ts, FAKE_TS_RESTORE, 1, FAKE_TS_AFTER_NODES);
	answersf(w, 5, "restore DIR/a", "web1 exists, without its devices");
	assert_non_null(strstr(w->err, "it is domain 60, running"));
	assert_non_null(strstr(w->err, "to mend: xlpt repair"));
	journal_is_kept(w);
	ok(w, "repair");
	assert_true(has(w, running(w, "web1"), "05:00.0"));
	no_journal(w);
}

/* Before it was whole, or kept by on_crash=preserve: the mending line is one that is then accepted. */
static void test_restore_halts(void **state)
{
	static const enum fake_ts_depth kinds[] = { FAKE_TS_AFTER_NOTE, FAKE_TS_AFTER_GRANTS };
	struct world *w = *state;

	saved(w, false);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++) {
		_cleanup_free_ char *says = NULL, *hint = NULL;

		fake_ts_fail(w->ts, FAKE_TS_RESTORE, 1, kinds[i]);
		answersf(w, 5, "restore DIR/a", "web1 exists");
		says = xlpt_xasprintf(i ? "it is domain %u, shutting down"
					: "it is domain %u, paused",
				      any(w, "web1"));
		hint = xlpt_xasprintf("xl destroy %u, then xlpt repair", any(w, "web1"));
		assert_non_null(strstr(w->err, says));
		assert_non_null(strstr(w->err, hint));
		answers(w, 5, "repair", hint);
		fake_ts_kill(w->ts, any(w, "web1"));
		ok(w, "repair");
		no_journal(w);
		assert_true(there("a"));
	}
	okf(w, "restore DIR/a");
	assert_true(running(w, "web1"));
}

static void take_away(void *arg)
{
	struct world *w = arg;

	fake_ts_kill(w->ts, any(w, "web1"));
}

/* What xl takes away itself is waited for: then nothing has changed. */
static void test_restore_dies(void **state)
{
	struct world *w = *state;

	saved(w, false);
	fake_ts_fail(w->ts, FAKE_TS_RESTORE, 1, FAKE_TS_AFTER_GRANTS);
	fake_clock_in(&w->clock, 3000, take_away, w);
	answersf(w, 1, "restore DIR/a", "xl ended with status 1");
	no_journal(w);
	okf(w, "restore DIR/a");
}

static int no_word(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
		   struct xlpt_diag *diag)
{
	(void)ts;
	(void)out;
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "cannot ask about domain %u", domid);
	xlpt_diag_hint(diag, "xl dmesg");
	return XLPT_ERR_TOOLSTACK;
}

/* A domain of which Xen does not tell is not one that is not there. */
static void test_restore_unknown(void **state)
{
	struct world *w = *state;

	saved(w, true);
	fake_ts_fail(w->ts, FAKE_TS_RESTORE, 1, FAKE_TS_AFTER_NODES);
	w->ts->ops.guest_by_id = no_word;
	answersf(w, 5, "restore DIR/a", "nobody can tell whether web1 exists now");
	assert_non_null(strstr(w->err, "cannot ask about domain 60"));
	answers(w, 5, "repair", "cannot ask about domain 60");
	w->ts->ops.guest_by_id = fake_ts_guest_by_id;
	journal_is_kept(w);
	ok(w, "repair");
	assert_true(has(w, running(w, "web1"), "05:00.0"));
	no_journal(w);
}

/* xl migrate-receive lost its connection: it leaves a paused copy there, and the guest runs here. */
static void test_receiver(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	fake_ts_fail(w->ts, FAKE_TS_MIGRATE, 1, FAKE_TS_AFTER_GRANTS);
	answersf(w, 1, "migrate --detach-first web1 elsewhere", "xl ended with status 1");
	assert_int_equal(any(w, "web1--incoming"), 0);
	assert_true(has(w, running(w, "web1"), "05:00.0"));
	/* It cannot be asked: said, and the guest goes on. */
	fake_ts_fail(w->ts, FAKE_TS_MIGRATE, 1, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_REMOTE, 2, FAKE_TS_AT_ONCE);
	answersf(w, 1, "migrate web1 --detach-first nowhere", "does not tell whether xl left");
	assert_true(has(w, running(w, "web1"), "05:00.0"));
	no_journal(w);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_restore_runs, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_halts, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_dies, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_unknown, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_receiver, world_setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, leaving_setup, leaving_teardown);
}
