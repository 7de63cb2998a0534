/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The collector of what judging finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/findings.h"

static int refuse(struct xlpt_findings *all, enum xlpt_err code, const char *message)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	xlpt_diag_set(&diag, code, "%s", message);
	return xlpt_findings_judged(all, (int)code, &diag);
}

/* Without one, or without a diagnosis to keep, the first refusal is the answer. */
static void test_without(void **state)
{
	_cleanup_findings_ struct xlpt_findings all = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	(void)state;
	xlpt_findings_point(NULL, "reset", NULL);
	xlpt_findings_ok(NULL, "nothing");
	xlpt_findings_mend(NULL, "nothing");
	assert_false(xlpt_findings_spoke(NULL));
	xlpt_diag_set(&diag, XLPT_ERR_RULE, "no");
	assert_int_equal(xlpt_findings_judged(NULL, XLPT_ERR_RULE, &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.message, "no");
	assert_int_equal(xlpt_findings_judged(&all, XLPT_ERR_RULE, NULL), XLPT_ERR_RULE);
	assert_int_equal(xlpt_findings_judged(&all, 0, &diag), 0);
	/* An answer to a signal is no verdict. */
	assert_int_equal(xlpt_findings_judged(&all, XLPT_ERR_STOPPED, &diag), XLPT_ERR_STOPPED);
	assert_int_equal(all.n, 0);
	xlpt_findings_fact(&all, "of nothing");
}

static void test_order(void **state)
{
	_cleanup_findings_ struct xlpt_findings all = { 0 };
	struct xlpt_bdf bdf = { .bus = 2 };

	(void)state;
	xlpt_findings_point(&all, "guest", NULL);
	xlpt_findings_ok(&all, "it runs");
	xlpt_findings_warn(&all, "it is %s", "slow");
	xlpt_findings_fact(&all, "one processor");
	xlpt_findings_mend(&all, "give it two");
	assert_true(xlpt_findings_spoke(&all));
	xlpt_findings_point(&all, "reset", &bdf);
	assert_false(xlpt_findings_spoke(&all));
	assert_int_equal(refuse(&all, XLPT_ERR_IN_USE, "in use"), 0);
	assert_int_equal(refuse(&all, XLPT_ERR_RULE, "a rule"), 0);
	/* The same of the same is kept once, and the line goes to it. */
	xlpt_findings_point(&all, "guest", NULL);
	xlpt_findings_warn(&all, "it is slow");
	xlpt_findings_mend(&all, "give it three");
	bdf.bus = 3;
	xlpt_findings_point(&all, "reset", &bdf);
	assert_int_equal(refuse(&all, XLPT_ERR_IN_USE, "in use"), 0);
	assert_int_equal(all.n, 5);
	assert_int_equal(all.rc, XLPT_ERR_IN_USE);
	xlpt_findings_sort(&all);
	assert_string_equal(all.items[0].diag.message, "in use");
	assert_int_equal(all.items[0].bdf.bus, 2);
	assert_int_equal(all.items[0].diag.code, XLPT_ERR_IN_USE);
	assert_string_equal(all.items[1].diag.message, "a rule");
	assert_int_equal(all.items[2].bdf.bus, 3);
	assert_string_equal(all.items[3].diag.message, "it is slow");
	assert_string_equal(all.items[3].diag.fact, "one processor");
	assert_string_equal(all.items[3].diag.hint, "give it three");
	assert_false(all.items[3].has_bdf);
	assert_string_equal(xlpt_finding_word(all.items[4].state), "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_without),
					    cmocka_unit_test(test_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
