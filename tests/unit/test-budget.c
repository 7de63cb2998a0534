/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/budget.h"

static const struct xlpt_bdf nic = { .bus = 2 }, nvme = { .bus = 3 };

static struct xlpt_budget_answer ask(const struct xlpt_budget_rule *rule,
				     const struct xlpt_budget_event *events, size_t n,
				     const struct xlpt_bdf *bdf, int64_t now, unsigned want)
{
	struct xlpt_budget_answer a;

	xlpt_budget_ask(rule, events, n, bdf, now, want, &a);
	return a;
}

static void test_defaults(void **state)
{
	struct xlpt_budget_rule rule;
	struct xlpt_budget_answer a;

	(void)state;
	xlpt_budget_rule_init(&rule);
	assert_int_equal(rule.limit, 512);
	assert_int_equal(rule.device_limit, 512);
	assert_int_equal(rule.window_ms, 3600000);
	a = ask(&rule, NULL, 0, NULL, 5, 1);
	assert_int_equal(a.left, 512);
	assert_int_equal(a.next_ms, 0);
	assert_false(a.warn);
}

static void test_window(void **state)
{
	const struct xlpt_budget_rule rule = { .limit = 3, .device_limit = 2, .window_ms = 1000 };
	/* Not in order, as several writers may leave it. */
	const struct xlpt_budget_event events[] = { { 300, nic }, { 100, nic }, { 200, nvme } };
	struct xlpt_budget_answer a;

	(void)state;
	a = ask(&rule, events, 3, NULL, 300, 1);
	assert_int_equal(a.used, 3);
	assert_int_equal(a.left, 0);
	assert_int_equal(a.next_ms, 800);
	assert_int_equal(ask(&rule, events, 3, NULL, 300, 2).next_ms, 900);
	assert_int_equal(ask(&rule, events, 3, NULL, 300, 3).next_ms, 1000);
	assert_int_equal(ask(&rule, events, 3, NULL, 300, 4).next_ms, -1);
	assert_int_equal(ask(&rule, events, 3, NULL, 300, 0).next_ms, 0);
	/* Per device. */
	a = ask(&rule, events, 3, &nic, 300, 1);
	assert_int_equal(a.used, 2);
	assert_int_equal(a.next_ms, 800);
	a = ask(&rule, events, 3, &nvme, 300, 1);
	assert_int_equal(a.left, 1);
	assert_int_equal(a.next_ms, 0);
	/* It leaves exactly one window later, and when it said so there is one free. */
	assert_int_equal(ask(&rule, events, 3, NULL, 1099, 1).used, 3);
	assert_int_equal(ask(&rule, events, 3, NULL, 1100, 1).used, 2);
	assert_int_equal(ask(&rule, events, 3, NULL, 1100, 1).next_ms, 0);
	assert_int_equal(ask(&rule, events, 3, NULL, 1300, 1).used, 0);
}

static void test_over_the_limit(void **state)
{
	const struct xlpt_budget_rule rule = { .limit = 2, .device_limit = 2, .window_ms = 1000 };
	/* Forced ones count unasked. */
	const struct xlpt_budget_event events[] = {
		{ 0, nic }, { 1, nic }, { 2, nic }, { 3, nic }
	};
	struct xlpt_budget_answer a = ask(&rule, events, 4, NULL, 10, 1);

	(void)state;
	assert_int_equal(a.used, 4);
	assert_int_equal(a.left, 0);
	/* Three have to leave before one is free. */
	assert_int_equal(a.next_ms, 992);
}

static void test_warning(void **state)
{
	struct xlpt_budget_rule rule = { .limit = 10, .device_limit = 4, .window_ms = 1000 };
	struct xlpt_budget_event events[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		events[i] = (struct xlpt_budget_event){ 0, nic };
	assert_false(ask(&rule, events, 7, NULL, 0, 1).warn);
	assert_true(ask(&rule, events, 8, NULL, 0, 1).warn);
	assert_false(ask(&rule, events, 3, &nic, 0, 1).warn);
	assert_true(ask(&rule, events, 4, &nic, 0, 1).warn);
	rule.limit = UINT32_MAX;
	assert_false(ask(&rule, events, 10, NULL, 0, 1).warn);
}

/* Times that no clock has shown: counted at most one window, and nothing overflows. */
static void test_strange_times(void **state)
{
	const struct xlpt_budget_rule rule = { .limit = 1, .device_limit = 1, .window_ms = 1000 };
	const struct xlpt_budget_event future = { INT64_MAX, nic }, past = { INT64_MIN, nic },
				       soon = { 11, nic };
	struct xlpt_budget_answer a;

	(void)state;
	a = ask(&rule, &future, 1, NULL, 10, 1);
	assert_int_equal(a.used, 1);
	assert_int_equal(a.next_ms, 1000);
	assert_int_equal(ask(&rule, &future, 1, NULL, INT64_MIN, 1).used, 1);
	assert_int_equal(ask(&rule, &past, 1, NULL, 10, 1).used, 0);
	assert_int_equal(ask(&rule, &soon, 1, NULL, 10, 1).next_ms, 1000);
}

static void test_later(void **state)
{
	(void)state;
	assert_int_equal(xlpt_budget_later(1, 2), 2);
	assert_int_equal(xlpt_budget_later(3, 2), 3);
	assert_int_equal(xlpt_budget_later(-1, 2), -1);
	assert_int_equal(xlpt_budget_later(1, -1), -1);
}

static void test_duration(void **state)
{
	/* clang-format off */
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ 0, "0 s" }, { 1, "1 s" }, { 1000, "1 s" }, { 59001, "1 min" }, { 61000, "1 min 1 s" },
		{ 3599001, "1 h" }, { 3600000, "1 h" }, { 3600001, "1 h 1 min" },
		{ 2 * 86400000LL, "48 h" }, { 7500000, "2 h 5 min" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xlpt_budget_duration(cases[i].ms);

		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_window),
		cmocka_unit_test(test_over_the_limit), cmocka_unit_test(test_warning),
		cmocka_unit_test(test_strange_times),  cmocka_unit_test(test_later),
		cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
