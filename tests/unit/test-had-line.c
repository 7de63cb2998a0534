/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PV guest that had a device with an interrupt line: what is noted, and what it then refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/leaving.h"

/* What xlpt has noted of the domain: "" = nothing. */
static void noted(struct world *w, uint32_t domid, const char *want)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/libxl/%u/xlpt-had-line", domid);
	_cleanup_strv_ char **now = fake_store_children(w->store, path);
	_cleanup_str_ struct xlpt_str all = { 0 };

	for (char **p = now; *p; p++)
		xlpt_str_addf(&all, "%s%s", all.len ? " " : "", *p);
	assert_string_equal(xlpt_str_get(&all), want);
}

/* Nor does it survive after it has given the device back, whoever gave it and took it. */
static void test_had_line(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 02:00.0");
	noted(w, 3, "0000-02-00-0");
	ok(w, "detach web1 02:00.0");
	refusedf(w, 3, "save web1 DIR/a", "web1 had 0000:02:00.0, which has an interrupt line");
	refusedf(w, 3, "save --detach-first web1 DIR/a", "restore_pirqs");
	refusedf(w, 3, "migrate web1 elsewhere", "--force");
	refused(w, 3, "guard check web1", "web1 had 0000:02:00.0");
	refused(w, 3, "guard check --for remus web1", "survive being checkpointed");
	assert_int_equal(running(w, "web1"), 3);
	ok(w, "check web1 05:00.0");
	assert_non_null(strstr(w->out, "warning: save and migrate: web1 had 0000:02:00.0"));
	/* Beside a device without: its own line comes first, and names what is not refused then. */
	ok(w, "attach web1 05:00.0");
	noted(w, 3, "0000-02-00-0");
	refusedf(w, 3, "save web1 DIR/a", "--detach-first --force");
	refusedf(w, 3, "save --detach-first web1 DIR/a", "web1 had 0000:02:00.0");
	okf(w, "save --detach-first --force web1 DIR/a");
	noted(w, 3, "");
	/* A new domain, and nothing is noted of it. */
	okf(w, "restore DIR/a");
	noted(w, running(w, "web1"), "");
	ok(w, "detach web1 05:00.0");
	okf(w, "save web1 DIR/b");
}

/* xl gave it, and xlpt takes it: from then on it is known. */
static void test_had_line_of_xl(void **state)
{
	struct world *w = *state;
	_cleanup_spec_ struct xlpt_spec spec;

	ok(w, "hide 02:00.0");
	assert_int_equal(xlpt_spec_parse("02:00.0", &spec, NULL), 0);
	for (int force = 0; force < 2; force++) {
		struct xlpt_toolstack *ts = fake_ts_get(w->ts);

		fake_store_set(w->store, NULL, "/libxl/3");
		assert_int_equal(ts->ops->device_add(ts, 3, &spec, NULL), 0);
		noted(w, 3, "");
		ok(w, force ? "detach --force web1 02:00.0" : "detach web1 02:00.0");
		noted(w, 3, "0000-02-00-0");
		refusedf(w, 3, "save web1 DIR/a", "web1 had 0000:02:00.0");
	}
}

/* No line, no note: a virtual function, a device without, an HVM guest. */
static void test_no_line(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 01:10.0 05:00.0");
	ok(w, "detach web1 01:10.0 05:00.0");
	noted(w, 3, "");
	okf(w, "save web1 DIR/a");
	ok(w, "hide 02:00.0");
	ok(w, "attach win1 02:00.0");
	ok(w, "detach win1 02:00.0");
	noted(w, running(w, "win1"), "");
	okf(w, "save win1 DIR/b");
}

/* An attach that failed: the note goes only when the guest cannot have seen the device. */
static void test_line_not_given(void **state)
{
	struct world *w = *state;

	ok(w, "hide 02:00.0");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AT_ONCE);
	assert_int_not_equal(run(w, "attach web1 02:00.0"), 0);
	noted(w, 3, "");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_ASSIGN);
	assert_int_not_equal(run(w, "attach web1 02:00.0"), 0);
	noted(w, 3, "");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_NODES);
	assert_int_not_equal(run(w, "attach web1 02:00.0"), 0);
	assert_false(has(w, 3, "02:00.0"));
	noted(w, 3, "0000-02-00-0");
	/* One from before is not this attach's to take away. */
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AT_ONCE);
	assert_int_not_equal(run(w, "attach web1 02:00.0"), 0);
	noted(w, 3, "0000-02-00-0");
}

/* xenstore refuses what comes behind the look at the note: its write. */
static void fail_write(const char *path, void *arg)
{
	struct world *w = arg;

	if (strstr(path, "/xlpt-had-line/"))
		fake_store_fail(w->store, FAKE_STORE_WRITE, 1, EIO);
}

static void no_room(struct world *w, bool on)
{
	fake_store_on_read(w->store, on ? fail_write : NULL, w);
}

/* A note that cannot be written: nothing is given or taken. A guest that was started goes on. */
static void test_line_not_noted(void **state)
{
	struct world *w = *state;
	bool told = false;

	no_room(w, true);
	refused(w, 1, "attach --hide web1 02:00.0", "noting which interrupt lines domain 3");
	no_room(w, false);
	assert_false(has(w, 3, "02:00.0"));
	ok(w, "attach --hide web1 02:00.0");
	fake_store_set(w->store, NULL, "/libxl/3");
	no_room(w, true);
	refused(w, 1, "detach web1 02:00.0", "noting which interrupt lines domain 3");
	no_room(w, false);
	assert_true(has(w, 3, "02:00.0"));
	ok(w, "detach web1 02:00.0");
	/* Nor is a save permitted by a note that cannot be read. */
	for (unsigned nth = 1, before;; nth++) {
		int status;

		before = fake_store_calls(w->store, FAKE_STORE_LIST);
		fake_store_fail(w->store, FAKE_STORE_LIST, nth, EIO);
		status = run(w, "guard check web1");
		if (fake_store_calls(w->store, FAKE_STORE_LIST) - before < nth)
			break;
		assert_int_not_equal(status, 0);
		told |= status == 1 && strstr(w->err, "reading which interrupt lines");
	}
	assert_true(told);
}

/* Made with its device: it is noted as soon as it is there. */
static void test_line_of_start(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *cfg = with_dir("DIR/new.cfg");
	FILE *f = fopen(cfg, "w");

	assert_non_null(f);
	fputs("name = \"new\"\ntype = \"pv\"\n"
	      "uuid = \"00000000-0000-4000-8000-0000000000aa\"\nmemory = 64\npci = [ \"02:00.0\" ]\n",
	      f);
	assert_int_equal(fclose(f), 0);
	ok(w, "hide 02:00.0");
	okf(w, "start DIR/new.cfg");
	noted(w, running(w, "new"), "0000-02-00-0");
	refused(w, 3, "guard check --for save new", "--detach-first --force new");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_had_line, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_had_line_of_xl, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_line, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_not_given, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_not_noted, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_of_start, world_setup, teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, leaving_setup, leaving_teardown);
}
