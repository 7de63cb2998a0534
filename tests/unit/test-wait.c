/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt wait and xlpt start --keep; and the MAC address of a guest that names none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"

#define UUID_LINE "uuid = '12345678-1234-4234-8234-123456789abc'\n"

static const char *config(const char *more)
{
	_cleanup_free_ char *text = xlpt_xasprintf("name = 'app1'\nmemory = 256\n%s", more);

	return pools_config(text);
}

static void start(struct world *w, const char *options, const char *more, int status)
{
	if (world_run(w, "start %s %s", options, config(more)) != status)
		fail_msg("start: not %d: %s%s", status, w->out, w->err);
}

static void test_has_all(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 --hide 02:00.0 01:10.0");
	ok(w, "attach win1 --hide 03:00.0");
	ok(w, "wait web1");
	said(w, "web1 (domain 3) has 0000:02:00.0 as ");
	said(w, "web1 (domain 3) has 0000:01:10.0 as ");
	ok(w, "wait win1 --json");
	said(w, "\"assigned\"");
	ok(w, "wait db1");
	said(w, "db1 (domain 4) has no devices to wait for");
	answers(w, 1, "wait nobody", "there is no running guest \"nobody\"");
	answers(w, 2, "wait --timeout x web1", "timeout");
	answers(w, 2, "wait --sysroot / web1", "in a captured tree no guest runs");
}

struct later {
	struct world *w;
	uint32_t domid;
};

static void comes(void *arg)
{
	struct later *l = arg;

	l->domid = fake_ts_coming(l->w->ts, l->domid);
}

static void came(void *arg)
{
	struct later *l = arg;

	fake_ts_came(l->w->ts, l->domid);
}

/* From before its domain is gone to where the new one has everything. */
static void test_restart(void **state)
{
	struct world *w = *state;
	struct later l = { .w = w, .domid = 3 };

	ok(w, "attach web1 --hide 02:00.0 01:10.0");
	fake_ts_gap(w->ts, 3);
	answers(w, 1, "wait --timeout 1 web1", "web1 has no domain that runs");
	said(w, "it restarts, and was not there in time");
	fake_clock_in(&w->clock, 2000, comes, &l);
	fake_clock_in(&w->clock, 4000, came, &l);
	ok(w, "wait web1");
	said(w, "web1 (domain 20) has 0000:02:00.0 as ");
	said(w, "web1 (domain 20) has 0000:01:10.0 as ");
}

/* It came again without one of them. */
static void test_lost_one(void **state)
{
	struct world *w = *state;
	uint32_t now;

	ok(w, "attach web1 --hide 02:00.0 01:10.0");
	fake_ts_gap(w->ts, 3);
	w->clock.clock.sleep_ms(&w->clock.clock, 2000);
	now = fake_ts_coming(w->ts, 3);
	fake_ts_came(w->ts, now);
	ok(w, "wait web1");
	assert_int_equal(fake_ts_get(w->ts)->ops->device_remove(fake_ts_get(w->ts), now,
								B("0000:02:00.0"), true, NULL),
			 0);
	answers(w, 1, "wait --timeout 5 web1", "web1 does not have 0000:02:00.0");
	said(w, "web1 (domain 20) has 0000:01:10.0 as ");
	assert_int_equal(world_run(w, "wait --timeout 5 --json web1"), 1);
	said(w, "\"missing\"");
}

/* A kernel without PCI frontend: nothing is kept but with --keep, and that says what is missing. */
static void test_keep(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	fake_ts_boot(w->ts, &(struct fake_pcifront_opts){ .absent = true });
	start(w, "--timeout 5", "pci = [ 'pool:lan' ]\n", 1);
	answers(w, 1, "wait app1", "there is no running guest");
	start(w, "--timeout 5 --keep", "pci = [ 'pool:lan' ]\n", 5);
	said(w, "app1 runs, and does not have 0000:01:10.0");
	said(w, "to mend: xlpt wait app1 tells when it has");
	ok(w, "pool show lan");
	said(w, "app1 (domain 21)");
	/* And repair lets it run: nothing was cut short. */
	ok(w, "repair");
	ok(w, "pool show lan");
	said(w, "app1 (domain 21)");
	answers(w, 1, "wait --timeout 2 app1", "app1 does not have 0000:01:10.0");
	answers(w, 2, "start --keep --print x.cfg", "--keep");
}

static void mac_of(struct world *w, char mac[18])
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(w->rtnl);
	const char *at = strstr(net, "00:16:3e:");

	if (!at)
		fail_msg("no made address:\n%s", net);
	snprintf(mac, 18, "%.17s", at);
}

/* The same after a restart of the guest, a new creation, and of the host; on whatever VF. */
static void test_mac(void **state)
{
	static const char *const configs[] = { UUID_LINE "pci = [ 'pool:lan' ]\n",
					       "pci = [ 'pool:lan' ]\n" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(configs); i++) {
		struct world *w = pools_world();
		char mac[18], again[18];

		ok(w, "pool define lan pf=01:00.0");
		start(w, "", configs[i], 0);
		mac_of(w, mac);
		fake_ts_restarted(w->ts, 20);
		ok(w, "pool show lan");
		mac_of(w, again);
		assert_string_equal(mac, again);
		ok(w, "detach app1 01:10.0");
		ok(w, "attach app1 01:10.4,pool=lan");
		mac_of(w, again);
		assert_string_equal(mac, again);
		/* A second one of the same guest. */
		ok(w, "attach app1 pool:lan");
		assert_non_null(strstr(w->out, "mac=00:16:3e:"));
		assert_null(strstr(w->out, mac));
		fake_ts_kill(w->ts, 21);
		ok(w, "pool list");
		fake_bus_put(w->bus, "/proc/sys/kernel/random/boot_id",
			     "99999999-2222-4333-8444-555555555555\n");
		fake_bus_put(w->bus, "/proc/sys/kernel/random/uuid",
			     "77777777-7777-4888-8999-aaaaaaaaaaaa\n");
		start(w, "", configs[i], 0);
		mac_of(w, again);
		assert_string_equal(mac, again);
		/* Another guest has another one, and who names one has that. */
		ok(w, "attach db1 pool:lan");
		assert_null(strstr(w->out, mac));
		said(w, "mac=00:16:3e:");
		ok(w, "attach db1 pool:lan,mac=" MAC);
		said(w, "mac=" MAC);
		world_free(w);
	}
}

/* A damaged file is no reason to give somebody a wrong address. */
static void test_mac_file(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	fake_bus_put(w->bus, "/var/lib/xlpt/macs",
		     "xlpt-macs 1\nmac 00:16:3e:00:00:0g x 0 lan a\n");
	refused(w, 1, "attach web1 pool:lan", "is not what xlpt keeps MAC addresses in");
	ok(w, "attach web1 pool:lan,mac=" MAC);
}

#define wait_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		wait_test(test_has_all), wait_test(test_restart), wait_test(test_lost_one),
		wait_test(test_keep), cmocka_unit_test(test_mac), wait_test(test_mac_file),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
