/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy.h"
#include "tests/unit/commands.h"
#include "xl-plugin/sentry/holdings.h"

struct state {
	struct world *w;
	struct xlpt_env env;
	struct xlpt_guest web1;
};

static int setup(void **state)
{
	struct state *s = *state = xlpt_xcalloc(1, sizeof(*s));

	s->w = world_new();
	s->env = (struct xlpt_env){ .out = stdout,
				    .err = stderr,
				    .clock = &s->w->clock.clock,
				    .host = fake_bus_host(s->w->bus),
				    .store = fake_store_get(s->w->store),
				    .ts = fake_ts_get(s->w->ts) };
	return s->env.ts->ops->guest_find(s->env.ts, "web1", &s->web1, NULL);
}

static int teardown(void **state)
{
	struct state *s = *state;

	xlpt_guest_dispose(&s->web1);
	world_free(s->w);
	free(s);
	return 0;
}

static int judge(struct state *s, const char *what, struct xlpt_diag *diag)
{
	_cleanup_holdings_ struct xlpt_holdings h = { 0 };

	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, diag), 0);
	return xlpt_holdings_judge(&s->env, &s->web1, &h, what, diag);
}

static void test_nothing(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(judge(*state, "saved", &diag), 0);
	assert_null(diag.message);
}

/* All three witnesses; the options come along, and the list is sorted. */
static void test_attached(void **state)
{
	struct state *s = *state;
	_cleanup_holdings_ struct xlpt_holdings h = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *spec = NULL;

	assert_int_equal(world_run(s->w, "attach web1 05:00.0,power_mgmt=1"), 0);
	assert_int_equal(world_run(s->w, "attach --hide web1 02:00.0"), 0);
	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, NULL), 0);
	assert_int_equal(h.n, 2);
	assert_true(xlpt_bdf_eq(h.items[0].bdf, B("02:00.0")));
	assert_true(h.items[1].in_backend && h.items[1].in_hyp && h.items[1].in_config);
	spec = xlpt_spec_format(&h.items[1].spec);
	assert_string_equal(spec, "0000:05:00.0,power_mgmt=1");
	assert_int_equal(judge(s, "saved", &diag), XLPT_ERR_RULE);
	assert_int_equal(xlpt_err_exit(diag.code), 3);
	assert_string_equal(diag.message, "web1 holds PCI devices and cannot be saved with them: "
					  "0000:02:00.0 0000:05:00.0");
	/* 02:00.0 has an interrupt line: --detach-first would be refused (xlpt_policy_resumes). */
	assert_string_equal(
		diag.hint,
		"shut web1 down and create it again instead: it would not survive being "
		"saved; if its kernel is known to: xlpt save --detach-first --force web1 FILE");
	assert_int_equal(judge(s, "migrated", &diag), XLPT_ERR_RULE);
	assert_non_null(strstr(diag.hint, "xlpt migrate --detach-first --force web1 HOST"));
	/* Nor any more, when it has given it back and has a device without. */
	ok(s->w, "detach web1 02:00.0");
	assert_int_equal(judge(s, "migrated", &diag), XLPT_ERR_RULE);
	assert_non_null(strstr(diag.hint, "xlpt migrate --detach-first --force web1 HOST"));
	ok(s->w, "attach web1 02:00.0");
	assert_int_equal(judge(s, "checkpointed", &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.hint, "shut web1 down and create it again instead: also without "
				       "its devices it would not survive being checkpointed");
}

/* A virtual function has no interrupt line, and goes the short way. */
static void test_detach_first(void **state)
{
	struct state *s = *state;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(world_run(s->w, "attach --hide web1 01:10.0"), 0);
	assert_int_equal(judge(s, "saved", &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.hint, "xlpt save --detach-first web1 FILE");
	assert_int_equal(judge(s, "migrated", &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.hint, "xlpt migrate --detach-first web1 HOST");
	assert_int_equal(judge(s, "checkpointed", &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.hint, "xlpt detach web1 0000:01:10.0");
}

/* Each witness is enough alone. */
static void test_backend_alone(void **state)
{
	struct state *s = *state;
	_cleanup_holdings_ struct xlpt_holdings h = { 0 };

	fake_libxl_pci_add(s->w->store, 3, B("05:00.0"));
	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, NULL), 0);
	assert_int_equal(h.n, 1);
	assert_true(h.items[0].in_backend && !h.items[0].in_hyp && !h.items[0].in_config);
}

static void test_config_alone(void **state)
{
	struct state *s = *state;
	_cleanup_spec_ struct xlpt_spec spec;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(xlpt_spec_parse("07:00.0", &spec, NULL), 0);
	fake_ts_configure(s->w->ts, 3, &spec);
	assert_int_equal(judge(s, "saved", &diag), XLPT_ERR_RULE);
	assert_non_null(
		strstr(diag.message, "a PCI device and cannot be saved with it: 0000:07:00.0"));
	assert_non_null(strstr(diag.fact, "libxl's configuration"));
	assert_null(strstr(diag.fact, "backend"));
}

static void test_hypervisor_alone(void **state)
{
	struct state *s = *state;
	_cleanup_holdings_ struct xlpt_holdings h = { 0 };
	_cleanup_spec_ struct xlpt_spec spec;

	/* libxl's note without the hypervisor's word is a leak of libxl's. */
	fake_store_set(s->w->store, "3", "/libxl/pci/0000-05-00-0/domid");
	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, NULL), 0);
	assert_int_equal(h.n, 0);
	fake_store_set(s->w->store, NULL, "/libxl/pci/0000-05-00-0/domid");
	/* Killed between assignment and nodes. */
	assert_int_equal(xlpt_spec_parse("05:00.0", &spec, NULL), 0);
	fake_ts_fail(s->w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_ASSIGN);
	assert_int_not_equal(s->env.ts->ops->device_add(s->env.ts, 3, &spec, NULL), 0);
	fake_store_set(s->w->store, "3", "/libxl/pci/0000-05-00-0/domid");
	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, NULL), 0);
	assert_int_equal(h.n, 1);
	assert_true(h.items[0].in_hyp && !h.items[0].in_backend);
}

/* Not knowing is no permission. */
static void test_unreadable(void **state)
{
	struct state *s = *state;
	_cleanup_holdings_ struct xlpt_holdings h = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	fake_ts_fail(s->w->ts, FAKE_TS_CONFIG, 1, FAKE_TS_AT_ONCE);
	assert_int_equal(xlpt_holdings_read(&s->env, &s->web1, &h, &diag), XLPT_ERR_TOOLSTACK);
	assert_int_equal(h.n, 0);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_detach_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hypervisor_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
