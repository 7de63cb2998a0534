/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sleep: the guests' devices are taken out before the host sleeps and given back afterwards, or it stays awake. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/libvirt.h"
#include "tests/fake/pools.h"
#include "tests/unit/commands.h"

#define CONF "/etc/xlpt/xlpt.conf"
#define ID   "mac=52:54:00:6d:90:02,vlan=42"
#define HAS  "enp1s0 vf 0 mac 52:54:00:6d:90:02 vlan 42:0:8100"

/* Who has the devices while the host sleeps: the command sends a signal. */
static struct world *asleep;
static int64_t owners[2];
static unsigned sleeps;

static void on_signal(int sig)
{
	(void)sig;
	sleeps++;
	owners[0] = fake_ts_owner(asleep->ts, B("02:00.0"));
	owners[1] = fake_ts_owner(asleep->ts, B("01:10.0"));
}

static int setup(void **state)
{
	asleep = *state = world_new();
	sleeps = 0;
	signal(SIGUSR1, on_signal);
	return 0;
}

#define SLEEP "sleep -- sh -c kill${IFS}-USR1${IFS}$PPID;sleep${IFS}0.1"

/* The command's own words may be empty; without a command there is none. */
static void test_empty_words(void **state)
{
	char sleep[] = "sleep", end[] = "--", no[] = "false", empty[] = "", prog[] = "xlpt";
	struct world *w = *state;

	assert_int_equal(world_run_words(w, 5, (char *[]){ prog, sleep, end, no, empty, NULL }), 1);
	assert_null(strstr(w->err, "is empty"));
	assert_int_equal(world_run_words(w, 5, (char *[]){ prog, sleep, end, empty, no, NULL }), 2);
	assert_non_null(strstr(w->err, "sleep: argument 1 is empty"));
}

static void has(struct world *w, const char *bdf, int64_t owner)
{
	assert_int_equal(fake_ts_owner(w->ts, B(bdf)), owner);
}

static void test_refuse(void **state)
{
	struct world *w = *state;

	ok(w, SLEEP);
	assert_int_equal(sleeps, 1);
	ok(w, "attach --hide web1 02:00.0");
	refused(w, 3, SLEEP, "this host does not sleep while web1 has 0000:02:00.0");
	assert_non_null(strstr(w->err, "host-sleep = reattach"));
	refused(w, 3, "sleep --dry-run true", "does not sleep while web1 has");
	assert_int_equal(sleeps, 1);
	fake_bus_put(w->bus, CONF, "host-sleep = allow\n");
	answers(w, 0, SLEEP, "web1 keeps its devices while the host sleeps");
	assert_int_equal(owners[0], 3);
	refused(w, 3, "sleep --with refuse true", "does not sleep while web1 has");
	answers(w, 2, "sleep --with me true", "--with is refuse, reattach or allow");
	fake_bus_put(w->bus, CONF, "host-sleep = no\n");
	answers(w, 2, "sleep true", "host-sleep is refuse, reattach or allow, not \"no\"");
	has(w, "02:00.0", 3);
}

/* Two guests, a lease with an identity, an HVM guest: all of it is there again. */
static void test_reattach(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL, *net = NULL, *owner_before = NULL,
			    *owner_after = NULL;

	fake_bus_put(w->bus, CONF, "host-sleep = reattach\n");
	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach --hide web1 pool:lan," ID);
	ok(w, "attach --hide win1 02:00.0");
	ok(w, "attach --hide web1 03:00.0,permissive=1");
	before = fake_bus_snapshot(w->bus);
	owner_before = fake_ts_snapshot(w->ts);
	ok(w, "sleep --dry-run true");
	assert_non_null(strstr(w->out, "detach 0000:02:00.0 from win1"));
	has(w, "02:00.0", 5);
	ok(w, SLEEP);
	assert_int_equal(sleeps, 1);
	assert_int_equal(owners[0], -2);
	assert_int_equal(owners[1], -2);
	assert_non_null(strstr(w->out, "win1 has its devices again: 0000:02:00.0"));
	after = fake_bus_snapshot(w->bus);
	owner_after = fake_ts_snapshot(w->ts);
	assert_string_equal(before, after);
	assert_string_equal(owner_before, owner_after);
	net = fake_rtnl_snapshot(w->rtnl);
	assert_non_null(strstr(net, HAS));
	answers(w, 0, "pool show lan", "leased");
	assert_non_null(strstr(w->out, "web1 (domain 3)"));
	answers(w, 0, "sleep --json true", "\"reattached\"");
	/* What lets the host sleep fails: the guests have theirs all the same. */
	answers(w, 1, "sleep false", "this host did not sleep: false ended with status 1");
	answers(w, 1, "sleep no-such-program", "no-such-program is not there");
	has(w, "02:00.0", 5);
	has(w, "01:10.0", 3);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* One that cannot be taken out keeps the host awake, and the others get theirs back. */
static void test_one_stays(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, CONF, "host-sleep = reattach\n");
	ok(w, "attach --hide web1 03:00.0");
	ok(w, "attach --hide win1 02:00.0");
	fake_ts_deaf(w->ts, 5, true);
	assert_int_equal(world_run(w, SLEEP), 5);
	assert_int_equal(sleeps, 0);
	has(w, "03:00.0", 3);
	fake_ts_deaf(w->ts, 5, false);
	ok(w, "repair");
	has(w, "02:00.0", 5);
	ok(w, SLEEP);
	assert_int_equal(sleeps, 1);
	has(w, "03:00.0", 3);
	has(w, "02:00.0", 5);
	fake_ts_fail(w->ts, FAKE_TS_REMOVE, 1, FAKE_TS_AT_ONCE);
	assert_int_not_equal(world_run(w, SLEEP), 0);
	assert_int_equal(sleeps, 1);
	ok(w, "repair");
	has(w, "03:00.0", 3);
	has(w, "02:00.0", 5);
}

/* One that cannot be given back: told, and repair tries again. */
static void test_not_back(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, CONF, "host-sleep = reattach\n");
	ok(w, "attach --hide web1 03:00.0 02:00.0");
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AT_ONCE);
	answers(w, 5, SLEEP, "web1 is without 0000:0");
	assert_int_equal(sleeps, 1);
	ok(w, "repair");
	has(w, "03:00.0", 3);
	has(w, "02:00.0", 3);
	/* A guest that ends while the host sleeps gets nothing, and that is no error. */
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* Through libvirt, which lists them again. */
static void test_libvirt(void **state)
{
	struct world *w = *state;
	struct fake_libvirt *l = fake_libvirt_new(w);
	_cleanup_free_ char *before = NULL, *after = NULL;

	/* It lists them in the order in which they come. */
	fake_libvirt_made(l, 3);
	fake_bus_put(w->bus, CONF, "host-sleep = reattach\n");
	ok(w, "attach --hide web1 01:10.0," ID " 02:00.0");
	before = fake_libvirt_list(l);
	ok(w, SLEEP);
	assert_int_equal(owners[0], -2);
	after = fake_libvirt_list(l);
	assert_string_equal(before, after);
	fake_libvirt_state(l, FAKE_LIBVIRT_STOPPED);
	refused(w, 3, SLEEP, "libvirt manages web1 and does not answer");
	assert_int_equal(sleeps, 1);
	fake_libvirt_free(l);
}

static struct world *killed;

static void stop_here(void *arg)
{
	(void)arg;
	if (fake_ts_owner(killed->ts, B("02:00.0")) != 5)
		raise(SIGTERM);
}

/* Asked to end at any point: the host does not sleep without its guests' devices. */
static void test_stopped(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, CONF, "host-sleep = reattach\n");
	ok(w, "attach --hide web1 03:00.0");
	ok(w, "attach --hide win1 02:00.0");
	killed = w;
	fake_ts_on_call(w->ts, stop_here, NULL);
	world_run(w, SLEEP);
	fake_ts_on_call(w->ts, NULL, NULL);
	has(w, "03:00.0", 3);
	has(w, "02:00.0", 5);
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty_words, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refuse, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reattach, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_one_stays, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_not_back, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_libvirt, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stopped, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
