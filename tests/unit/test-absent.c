/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status of devices that a guest's configuration names, and that this host does not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

static void configure(struct world *w, uint32_t domid, const char *text)
{
	_cleanup_spec_ struct xlpt_spec spec;

	assert_int_equal(xlpt_spec_parse(text, &spec, NULL), 0);
	fake_ts_configure(w->ts, domid, &spec);
}

static void test_absent(void **state)
{
	struct world *w = *state;

	ok(w, "attach win1 --hide 02:00.0");
	configure(w, 5, "3f:00.0");
	configure(w, 4, "02:00.1");
	ok(w, "status");
	assert_non_null(strstr(
		w->out, "0000:3f:00.0 absent   win1  -            its configuration names it; no "
			"such device: the next start fails: xlpt convert --edit FILE --remove "
			"0000:3f:00.0\n"));
	assert_non_null(strstr(w->out, "0000:02:00.1 absent   db1"));
	assert_non_null(strstr(w->out, "0000:02:00.0 assigned win1"));
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "0000:3f:00.0 absent "));
	assert_null(strstr(w->out, "0000:02:00.1"));
	ok(w, "status web1");
	assert_null(strstr(w->out, "absent"));
	ok(w, "status --json win1");
	assert_non_null(strstr(w->out, "\"state\": \"absent\","));
}

static void test_there(void **state)
{
	struct world *w = *state;

	/* It is in this host; who has it is told elsewhere. */
	configure(w, 5, "02:00.0");
	ok(w, "status win1");
	assert_null(strstr(w->out, "absent"));
	/* The guest has it, and the host has lost it: that is told, and once. */
	ok(w, "attach win1 --hide 02:00.0");
	fake_bus_remove(w->bus, "0000:02:00.0");
	ok(w, "status win1");
	assert_non_null(strstr(w->out, "this host has it no more"));
	assert_null(strstr(w->out, "absent"));
	/* A guest that ends is not asked. */
	configure(w, 3, "3f:00.0");
	fake_ts_down(w->ts, 3);
	ok(w, "status web1");
	assert_null(strstr(w->out, "absent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_absent),
		world_test(test_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
