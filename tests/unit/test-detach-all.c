/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* detach --all: which devices it means, and that they are one operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

#define CFG "/etc/xen/web1.cfg"

static void test_all(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "attach db1 --hide 03:00.0");
	before = world_snapshot(w);
	ok(w, "attach web1 --hide 02:00.0 04:00.*");
	ok(w, "detach --all web1 --dry-run --to-host");
	assert_non_null(strstr(w->out, "would take 0000:04:00.1 from web1"));
	assert_non_null(strstr(w->out, "would give 0000:02:00.0 to e1000e"));
	assert_null(strstr(w->out, "03:00.0"));
	ok(w, "detach --all web1 --to-host");
	assert_non_null(strstr(w->out, "0000:02:00.0 is detached from web1 and back with dom0"));
	assert_non_null(strstr(w->out, "0000:04:00.0 is detached from web1 and back with dom0"));
	assert_non_null(strstr(w->out, "0000:04:00.1 is detached from web1 and back with dom0"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_none(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	ok(w, "detach --all web1");
	assert_string_equal(w->out, "web1 has no devices\n");
	ok(w, "detach --all --force win1");
	assert_string_equal(w->out, "win1 has no devices\n");
	ok(w, "detach --all web1 --json");
	assert_non_null(strstr(w->out, "\"detached\": []"));
	ok(w, "detach --all web1 --dry-run");
	assert_string_equal(w->out, "nothing to do\n");
	refused(w, 1, "detach --all nobody", "nobody");
	refused(w, 2, "detach --all web1 --allow-split 04:00.0", "not among the devices");
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* Room for one of two: nothing is touched. */
static void test_budget(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0 03:00.0");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "hotplug-limit = 3\n");
	refused(w, 4, "detach --all web1", "has 1 left, not 2");
	ok(w, "detach --all --force web1");
	assert_non_null(strstr(w->out, "0000:03:00.0 is detached"));
}

/* One is refused: the other is not touched either. */
static void test_together(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 04:00.0 04:00.1 02:00.0");
	fake_ts_find(w->ts, 3, NULL)->paused = true;
	refused(w, 1, "detach --all web1", "is paused");
	fake_ts_find(w->ts, 3, NULL)->paused = false;
	ok(w, "attach win1 --hide 03:00.0 05:00.0");
	fake_bus_remove(w->bus, "0000:05:00.0");
	ok(w, "detach --all win1");
	assert_non_null(strstr(w->out, "0000:03:00.0 is detached from win1 and hidden"));
	assert_non_null(strstr(w->out, "0000:05:00.0 is detached from win1; this host has it no"));
	assert_int_equal(fake_ts_owner(w->ts, B("02:00.0")), 3);
}

static void test_config(void **state)
{
	struct world *w = *state;
	char text[256] = "";

	fake_bus_put(w->bus, CFG, "name = \"web1\"\npci = [ '02:00.0', '09:00.0', '03:00.0' ]\n");
	ok(w, "attach web1 --hide 02:00.0 03:00.0");
	ok(w, "detach --all web1 --config " CFG);
	assert_non_null(strstr(w->out, CFG " is changed"));
	assert_true(xlpt_host_real_ops.read(fake_bus_host(w->bus), CFG, text, 255) > 0);
	assert_string_equal(text, "name = \"web1\"\npci = [ '09:00.0' ]\n");
	ok(w, "detach --all web1 --config " CFG);
	assert_non_null(strstr(w->out, "web1 has no devices\n" CFG " needs no change"));
}

/* ---- while it waits for the guest's lock ---- */

struct other {
	struct world *w;
	int fd;
};

/* Another xlpt gives the guest one device and takes another one from it. */
static void change(void *arg)
{
	struct other *o = arg;
	struct xlpt_toolstack *ts = fake_ts_get(o->w->ts);
	struct xlpt_spec spec = { .has_bdf = true, .bdf = B("05:00.0"), .vslot = -1 };

	assert_int_equal(ts->ops->device_add(ts, 3, &spec, NULL), 0);
	assert_int_equal(ts->ops->device_remove(ts, 3, B("02:00.0"), false, NULL), 0);
	close(o->fd);
}

static void test_meanwhile(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	struct other o = { .w = w };

	ok(w, "attach web1 --hide 02:00.0 03:00.0");
	o.fd = h->ops->open(h, "/run/xlpt/lock/guest-3", O_RDWR | O_CREAT, 0600);
	assert_true(o.fd >= 0 && flock(o.fd, LOCK_EX | LOCK_NB) == 0);
	fake_clock_in(&w->clock, 1000, change, &o);
	ok(w, "detach --all web1 --to-host");
	assert_non_null(strstr(w->out, "0000:03:00.0 is detached from web1 and back with dom0"));
	assert_non_null(strstr(w->out, "0000:05:00.0 is detached from web1 and back with dom0"));
	assert_null(strstr(w->out, "02:00.0"));
	ok(w, "detach --all web1");
	assert_string_equal(w->out, "web1 has no devices\n");
}

/* What an interrupted operation on the guest left is ended first. */
static void test_interrupted(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0 03:00.0");
	ok(w, "detach web1 02:00.0");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop detach\nguest 3 - web1\ndevice 0000:02:00.0 hide e1000e\n"
		     "begin take 0000:02:00.0 from web1\n");
	ok(w, "detach --all web1");
	assert_non_null(strstr(w->out, "0000:03:00.0 is detached from web1 and hidden"));
	assert_non_null(strstr(w->out, "mending an interrupted detach"));
	assert_null(strstr(w->out, "02:00.0 is detached from web1 and hidden"));
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/run/xlpt/journal/1-1"));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

static void test_stubdom(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0");
	fake_store_set(w->store, "5", "/local/domain/3/target");
	fake_ts_find(w->ts, 5, NULL)->has_stubdom = true;
	refused(w, 1, "detach --all win1",
		"win1 has 0000:02:00.0 through web1, and keeps it while it runs");
	refused(w, 1, "detach --all web1", "web1 is the stub domain of win1, and has no device\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_all),	      world_test(test_none),	world_test(test_budget),
		world_test(test_together),    world_test(test_config),	world_test(test_meanwhile),
		world_test(test_interrupted), world_test(test_stubdom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
