/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest may reach of a device is gone with the device, whatever libxl took back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/commands.h"

/* A register page below 4 GiB, the large memory above, ports, and half a page more. */
#define BARS                                                         \
	"0x00000000d0000000 0x00000000d000ffff 0x0000000000040200\n" \
	"0x0000038000000000 0x00000380001fffff 0x000000000014220c\n" \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n" \
	"0x000000000000e000 0x000000000000e01f 0x0000000000040101\n" \
	"0x00000000d0010800 0x00000000d0010fff 0x0000000000040200\n"
/* The other half of that page is another card's. */
#define HALF "0x00000000d0010000 0x00000000d00107ff 0x0000000000040200\n"

static int setup(void **state)
{
	struct world *w = world_new();

	fake_bus_add(w->bus, "0000:08:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0",
					 .resource = BARS });
	fake_bus_add(w->bus, "0000:09:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10d3,
					 .class_code = 0x020000,
					 .driver = "e1000e",
					 .parent = "0000:00:01.0",
					 .resource = HALF });
	*state = w;
	return 0;
}

static void no_grant(struct world *w, const char *after)
{
	_cleanup_free_ char *text = fake_ts_snapshot(w->ts);

	if (strstr(text, "granted"))
		fail_msg("%s:\n%s", after, text);
}

static void test_above_4g(void **state)
{
	static const char *const guests[] = { "web1", "win1" };
	struct world *w = *state;

	ok(w, "hide 08:00.0 09:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(guests); i++) {
		uint32_t domid = i ? 5 : 3;

		assert_int_equal(world_run(w, "attach %s 08:00.0", guests[i]), 0);
		assert_int_equal(fake_ts_get(w->ts)->ops->memory_access(
					 fake_ts_get(w->ts), domid, 0x38000000000, 0x380001fffff),
				 1);
		assert_int_equal(world_run(w, "-vv detach %s 08:00.0", guests[i]), 0);
		no_grant(w, guests[i]);
		assert_non_null(strstr(w->err, "Xen confirms that domain"));
		assert_int_equal(world_run(w, "attach %s 08:00.0", guests[i]), 0);
		assert_int_equal(world_run(w, "detach --force %s 08:00.0", guests[i]), 0);
		no_grant(w, "forced");
	}
}

/* An add that fails behind its grants leaves none either. */
static void test_failed_add(void **state)
{
	struct world *w = *state;

	ok(w, "hide 08:00.0 09:00.0");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AFTER_GRANTS);
	answers(w, 1, "attach web1 08:00.0", "libxl ERROR_FAIL");
	no_grant(w, "failed add");
}

static void test_kept(void **state)
{
	struct world *w = *state;

	ok(w, "hide 09:00.0");
	ok(w, "attach web1 --hide 08:00.0");
	fake_ts_keeps_memory(w->ts, true);
	answers(w, 5, "detach web1 08:00.0", "domain 3 can still reach memory of 0000:08:00.0");
	assert_non_null(strstr(w->err, "Xen lets it map 0xd0000000-0xd000ffff"));
	fake_ts_keeps_memory(w->ts, false);
	ok(w, "repair");
	no_grant(w, "repair");
}

/* A page that another device of the guest needs stays until that one leaves. */
static void test_shared_page(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);

	ok(w, "attach win1 --hide 08:00.0 09:00.0");
	ok(w, "detach win1 08:00.0");
	assert_int_equal(ts->ops->memory_access(ts, 5, 0x38000000000, 0x38000000fff), 0);
	assert_int_equal(ts->ops->memory_access(ts, 5, 0xd0010000, 0xd00107ff), 1);
	ok(w, "detach win1 09:00.0");
}

#define access_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		access_test(test_above_4g),
		access_test(test_failed_add),
		access_test(test_kept),
		access_test(test_shared_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
