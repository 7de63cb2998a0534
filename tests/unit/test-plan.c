/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/plan.h"

/*
 * Steps are numbers; what happened is a text: "+1" run, "-1" undone, "!" behind it when
 * that failed. The observer's view is in the same text: "<" before, ">" after.
 */
struct world {
	struct xlpt_str log;
	unsigned run_fails, undo_fails, before_refuses; /* bit per step */
	bool undo_refused;				/* the observer refuses undos, too */
	bool mute; /* functions fail without filling the diagnosis */
};

static int act(struct world *w, size_t arg, char sign, bool fails, struct xlpt_diag *diag)
{
	xlpt_str_addf(&w->log, "%c%zu%s ", sign, arg, fails ? "!" : "");
	if (!fails)
		return 0;
	if (w->mute)
		return XLPT_ERR_IO;
	xlpt_diag_set(diag, XLPT_ERR_IO, "%s %zu failed", sign == '+' ? "run" : "undo", arg);
	xlpt_diag_fact(diag, "fact of %c%zu", sign, arg);
	xlpt_diag_hint(diag, "hint of %c%zu", sign, arg);
	if (sign == '-')
		xlpt_diag_add_log(diag, "libxl: no");
	return XLPT_ERR_IO;
}

static int run(void *ctx, size_t arg, struct xlpt_diag *diag)
{
	struct world *w = ctx;

	return act(w, arg, '+', w->run_fails >> arg & 1, diag);
}

static int undo(void *ctx, size_t arg, struct xlpt_diag *diag)
{
	struct world *w = ctx;

	return act(w, arg, '-', w->undo_fails >> arg & 1, diag);
}

static int before(void *priv, size_t i, const struct xlpt_step *step, bool undoing,
		  struct xlpt_diag *diag)
{
	struct world *w = priv;

	assert_int_equal(i, step->arg);
	xlpt_str_add(&w->log, "<");
	if (undoing ? !w->undo_refused : !(w->before_refuses >> i & 1))
		return 0;
	return xlpt_diag_set(diag, XLPT_ERR_TIMEOUT, "the observer refuses %zu", i);
}

static void after(void *priv, size_t i, const struct xlpt_step *step, bool undoing)
{
	struct world *w = priv;

	assert_int_equal(i, step->arg);
	xlpt_str_addf(&w->log, ">%c%zu ", undoing ? '-' : '+', i);
}

/* Four steps; the second cannot be undone, and the fourth's undo has no sentence. */
static void four_steps(struct xlpt_plan *plan)
{
	for (size_t i = 0; i < 4; i++)
		xlpt_plan_add(plan, run, i == 1 ? NULL : undo, i, xlpt_xasprintf("do %zu", i),
			      i == 1 || i == 3 ? NULL : xlpt_xasprintf("take back %zu", i));
}

#define HINT_LEFT "xlpt repair"

static void test_run(void **state)
{
	static const struct {
		struct world w;
		const char *log;
		int rc;
		const char *message, *hint;
	} cases[] = {
		{ { .mute = false }, "+0 +1 +2 +3 ", 0, NULL, NULL },
		/* in reverse order, the failing step's own undo first */
		{ { .run_fails = 1 << 3 },
		  "+0 +1 +2 +3! -3 -2 -0 ",
		  XLPT_ERR_IO,
		  "run 3 failed",
		  "hint of +3" },
		{ { .run_fails = 1 << 2 },
		  "+0 +1 +2! -2 -0 ",
		  XLPT_ERR_IO,
		  "run 2 failed",
		  "hint of +2" },
		{ { .run_fails = 1 << 1 },
		  "+0 +1! -0 ",
		  XLPT_ERR_IO,
		  "run 1 failed",
		  "hint of +1" },
		{ { .run_fails = 1 << 0 }, "+0! -0 ", XLPT_ERR_IO, "run 0 failed", "hint of +0" },
		/* a failing undo is named, and does not keep the others from being tried */
		{ { .run_fails = 1 << 3, .undo_fails = 1 << 2 },
		  "+0 +1 +2 +3! -3 -2! -0 ",
		  XLPT_ERR_LEFT,
		  "run 3 failed; left behind: could not take back 2 (undo 2 failed)",
		  HINT_LEFT },
		{ { .run_fails = 1 << 3, .undo_fails = 1 << 3 | 1 << 0 },
		  "+0 +1 +2 +3! -3! -2 -0! ",
		  XLPT_ERR_LEFT,
		  "run 3 failed; left behind: could not do 3 (undo 3 failed); "
		  "could not take back 0 (undo 0 failed)",
		  HINT_LEFT },
		{ { .run_fails = 1 << 0, .undo_fails = 1 << 0, .mute = true },
		  "+0! -0! ",
		  XLPT_ERR_LEFT,
		  "failed; left behind: could not take back 0 (failed)",
		  HINT_LEFT },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_plan_ struct xlpt_plan plan = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w = cases[i].w;

		four_steps(&plan);
		assert_int_equal(xlpt_plan_run(&plan, &w, NULL, &diag), cases[i].rc);
		assert_string_equal(xlpt_str_get(&w.log), cases[i].log);
		assert_int_equal(diag.code, cases[i].rc);
		if (cases[i].message) {
			assert_string_equal(diag.message, cases[i].message);
			assert_string_equal(diag.hint, cases[i].hint);
		} else {
			assert_null(diag.message);
		}
		if (cases[i].rc == XLPT_ERR_LEFT && !w.mute) {
			/* why it failed in the first place is still there */
			assert_true(xlpt_starts(diag.fact, "fact of +"));
			assert_non_null(strstr(diag.log, "libxl: no"));
		}
		xlpt_str_dispose(&w.log);

		/* The same without a diagnosis. */
		w = cases[i].w;
		assert_int_equal(xlpt_plan_run(&plan, &w, NULL, NULL), cases[i].rc);
		assert_string_equal(xlpt_str_get(&w.log), cases[i].log);
		xlpt_str_dispose(&w.log);
	}
}

static void test_observer(void **state)
{
	static const struct {
		struct world w;
		const char *log;
		int rc;
		const char *message;
	} cases[] = {
		{ { .mute = false }, "<+0 >+0 <+1 >+1 <+2 >+2 <+3 >+3 ", 0, NULL },
		/* "after" only on success; what has no undo is not announced */
		{ { .run_fails = 1 << 2 },
		  "<+0 >+0 <+1 >+1 <+2! <-2 >-2 <-0 >-0 ",
		  XLPT_ERR_IO,
		  "run 2 failed" },
		{ { .run_fails = 1 << 2, .undo_fails = 1 << 2 },
		  "<+0 >+0 <+1 >+1 <+2! <-2! <-0 >-0 ",
		  XLPT_ERR_LEFT,
		  "run 2 failed; left behind: could not take back 2 (undo 2 failed)" },
		/* a refused step was not begun: nothing of it is undone */
		{ { .before_refuses = 1 << 2 },
		  "<+0 >+0 <+1 >+1 <<-0 >-0 ",
		  XLPT_ERR_TIMEOUT,
		  "the observer refuses 2" },
		{ { .before_refuses = 1 << 0 }, "<", XLPT_ERR_TIMEOUT, "the observer refuses 0" },
		/* an undo is tried whatever the observer says */
		{ { .before_refuses = 1 << 3, .undo_refused = true },
		  "<+0 >+0 <+1 >+1 <+2 >+2 <<-2 >-2 <-0 >-0 ",
		  XLPT_ERR_TIMEOUT,
		  "the observer refuses 3" },
		{ { .before_refuses = 1 << 1, .undo_refused = true, .undo_fails = 1 << 0 },
		  "<+0 >+0 <<-0! ",
		  XLPT_ERR_LEFT,
		  "the observer refuses 1; left behind: could not take back 0 (undo 0 failed)" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_plan_ struct xlpt_plan plan = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w = cases[i].w;
		const struct xlpt_plan_observer obs = { &w, before, after };

		four_steps(&plan);
		assert_int_equal(xlpt_plan_run(&plan, &w, &obs, &diag), cases[i].rc);
		assert_string_equal(xlpt_str_get(&w.log), cases[i].log);
		assert_int_equal(diag.code, cases[i].rc);
		if (cases[i].message)
			assert_string_equal(diag.message, cases[i].message);
		xlpt_str_dispose(&w.log);
	}
}

/* Every function of the observer is optional, and so are steps. */
static void test_nothing(void **state)
{
	static const struct xlpt_plan_observer nobody = { 0 };
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct world w = { .run_fails = 1 << 1 };

	(void)state;
	assert_int_equal(xlpt_plan_run(&plan, NULL, NULL, NULL), 0);
	assert_int_equal(xlpt_plan_run(&plan, NULL, &nobody, NULL), 0);
	four_steps(&plan);
	assert_int_equal(xlpt_plan_run(&plan, &w, &nobody, NULL), XLPT_ERR_IO);
	assert_string_equal(xlpt_str_get(&w.log), "+0 +1! -0 ");
	xlpt_str_dispose(&w.log);
}

/* More steps than the first allocation holds. */
static void test_many(void **state)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_str_ struct xlpt_str want = { 0 };
	struct world w = { .run_fails = 1 << 20 };

	(void)state;
	for (size_t i = 0; i <= 20; i++) {
		xlpt_plan_add(&plan, run, undo, i, xlpt_xasprintf("do %zu", i), NULL);
		xlpt_str_addf(&want, "+%zu%s ", i, i == 20 ? "!" : "");
	}
	for (size_t i = 21; i-- > 0;)
		xlpt_str_addf(&want, "-%zu ", i);
	assert_int_equal(plan.n, 21);
	assert_int_equal(xlpt_plan_run(&plan, &w, NULL, NULL), XLPT_ERR_IO);
	assert_string_equal(xlpt_str_get(&w.log), want.s);
	xlpt_str_dispose(&w.log);
	xlpt_plan_dispose(&plan);
	assert_null(plan.steps);
	assert_int_equal(plan.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_observer),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
