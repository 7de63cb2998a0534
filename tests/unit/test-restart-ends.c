/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a guest comes again: its end, its configuration, the process that watches it, the grace; and who asks. */
#include "tests/unit/restarting.h"

/* Its end was seen, and for that one nothing of a restart is said. */
static void test_end_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(restart_ends); i++) {
		struct world *w = pools_world();

		started((void **)&w);
		fake_ts_down(w->ts, 20);
		fake_ts_find(w->ts, 20, NULL)->end = restart_ends[i].end;
		look(w);
		fake_ts_gap(w->ts, 20);
		ok(w, "pool show lan");
		assert_int_equal(leased(w), restart_ends[i].again);
		has_identity(w, restart_ends[i].again);
		world_free(w);
	}
}

/* No end brings it back, whoever watches it. */
static void test_never_again(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start %s",
				   pools_config("name = 'app1'\nmemory = 256\non_reboot = 'destroy'"
						"\npci = [ 'pool:lan,mac=" MAC ",vlan=42' ]\n")),
			 0);
	fake_ts_gap(w->ts, 20);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
}

/* xl never makes it anew: its process ends, or the grace does. */
static void test_no_more(void **state)
{
	struct world *w = started(state);

	fake_ts_gap(w->ts, 20);
	look(w);
	fake_ts_no_more(w->ts, 20);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
	free_is(w, 7);
	/* Nothing is remembered of it either. */
	assert_false(xlpt_host_has(fake_bus_host(w->bus), "/run/xlpt/guests/" POOLS_UUID));
}

static void test_grace(void **state)
{
	struct world *w = started(state);

	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "restart-grace = 30s\n");
	fake_ts_gap(w->ts, 20);
	ok(w, "pool show lan");
	assert_true(leased(w));
	w->clock.clock.sleep_ms(&w->clock.clock, 25000);
	ok(w, "pool show lan");
	assert_true(leased(w));
	has_identity(w, true);
	w->clock.clock.sleep_ms(&w->clock.clock, 6000);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
}

struct later {
	struct world *w;
	uint32_t domid;
};

static void decides(void *arg)
{
	struct later *l = arg;

	fake_ts_no_more(l->w->ts, l->domid);
}

/* The pool's last VF: xl has destroyed its guest for good, and its process ends a moment later. */
static void test_last_one(void **state)
{
	struct world *w = *state;
	struct later l = { .w = w, .domid = 20 };
	const char *cfg = pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:one' ]\n");

	ok(w, "pool define one dev=01:10.0");
	assert_int_equal(world_run(w, "start %s", cfg), 0);
	fake_ts_gap(w->ts, 20);
	answers(w, 1, "attach db1 pool:one", "0000:01:10.0 app1 restarting");
	fake_clock_in(&w->clock, 300, decides, &l);
	ok(w, "attach db1 pool:one");
	said(w, "waiting for xl, which decides whether app1 comes again");
}

static void put_process(struct world *w, unsigned pid, const char *comm, const char *stat,
			const char *log)
{
	_cleanup_free_ char *dir = xlpt_xasprintf("/proc/%u", pid),
			    *c = xlpt_xasprintf("%s/comm", dir),
			    *s = xlpt_xasprintf("%s/stat", dir),
			    *user = xlpt_xasprintf("%s/status", dir),
			    *fd = xlpt_xasprintf("%s/fd/1", dir);

	fake_bus_put(w->bus, c, comm);
	fake_bus_put(w->bus, s, stat);
	fake_bus_put(w->bus, user, "Name:\txl\nUid:\t0\t0\t0\t0\n");
	fake_bus_link(w->bus, fd, log);
}

#define STAT(state, start) \
	"1 (a) b) " state " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " start " 4 5\n"

/* Which of the processes of this host is the one that xl left for a guest. */
static void test_monitor(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	struct xlpt_monitor m;

	put_process(w, 100, "xl\n", STAT("S", "900"), "/var/log/xen/xl-app10.log");
	put_process(w, 101, "xenconsoled\n", STAT("S", "900"), "/var/log/xen/xl-app1.log");
	put_process(w, 102, "xl\n", STAT("Z", "900"), "/var/log/xen/xl-app1.log");
	put_process(w, 103, "xl\n", "103 (xl) S 1\n", "/var/log/xen/xl-app1.log");
	assert_int_equal(xlpt_monitor_find(h, "app1").pid, 0);
	assert_int_equal(xlpt_monitor_find(h, "../app1").pid, 0);
	/* The log of an older guest of that name was renamed while it was open. */
	put_process(w, 104, "xl\n", STAT("S", "700"), "/var/log/xen/xl-app1.log.2");
	m = xlpt_monitor_find(h, "app1");
	assert_int_equal(m.pid, 104);
	put_process(w, 105, "xl\n", STAT("S", "800"), "/var/log/xen/xl-app1.log");
	assert_int_equal(xlpt_monitor_find(h, "app1").pid, 105);
	/* A program of another user's may be called xl and write to a file of that name. */
	put_process(w, 106, "xl\n", STAT("S", "850"), "/home/u/xl-app1.log");
	fake_bus_put(w->bus, "/proc/106/status", "Name:\txl\nUid:\t1000\t1000\t1000\t1000\n");
	assert_int_equal(xlpt_monitor_find(h, "app1").pid, 105);
	assert_int_equal(xlpt_monitor_of(h, 106).pid, 0);
	assert_true(xlpt_monitor_lives(h, &m));
	/* Its number is another process's by now. */
	fake_bus_put(w->bus, "/proc/104/stat", STAT("S", "901"));
	assert_false(xlpt_monitor_lives(h, &m));
	assert_false(xlpt_monitor_lives(h, &(struct xlpt_monitor){ 0 }));
}

/* xl leaves its process after the guest has begun to run: xlpt may have seen the guest before. */
static void test_late_monitor(void **state)
{
	struct world *w = *state;

	fake_ts_monitors(w->ts, NULL);
	started(state);
	look(w);
	put_process(w, 104, "xl\n", STAT("S", "700"), "/var/log/xen/xl-app1.log");
	said_show(w, "app1 (domain 20)");
	fake_ts_gap(w->ts, 20);
	said_show(w, "app1 restarting");
	assert_true(leased(w));
	/* Without it nobody makes the guest anew. */
	fake_bus_host(w->bus)->ops->unlink(fake_bus_host(w->bus), "/proc/104/stat");
	said_show(w, "7 of 7 VFs free");
	assert_false(leased(w));
}

static const char *domain_xml(const char *uuid, const char *function)
{
	_cleanup_free_ char *text = xlpt_xasprintf(
		"<domain type='xen'><name>virt1</name><uuid>%s</uuid><memory>262144</memory>"
		"<os><type>xen</type></os><devices><interface type='hostdev' managed='yes'><source>"
		"<address type='pci' domain='0' bus='1' slot='16' function='%s'/></source>"
		"</interface></devices></domain>",
		uuid, function);

	return pools_config(text);
}

static void admit(struct world *w, int status, const char *uuid, const char *function,
		  const char *text)
{
	assert_int_equal(world_run(w, "pool admit %s", domain_xml(uuid, function)), status);
	said(w, text);
}

/* What libvirt's hook asks before a guest is started. */
static void test_admit(void **state)
{
	static const char other[] = "99999999-7777-4888-8999-aaaaaaaaaaaa";
	struct world *w = started(state);

	admit(w, 3, other, "0", "virt1 may not start: 0000:01:10.0 is not free");
	said(w, "a pool has leased it to app1 (domain 20)");
	said(w, "to mend: xlpt detach app1 0000:01:10.0");
	admit(w, 0, POOLS_UUID, "0", "");
	admit(w, 0, other, "2", "");
	assert_int_equal(world_run(w, "--json pool admit %s", domain_xml(other, "2")), 0);
	said(w, "\"admitted\": true");
	/* Also while its guest restarts; and no longer when that does not come. */
	fake_ts_gap(w->ts, 20);
	admit(w, 3, other, "0", "a pool has leased it to app1 restarting");
	said(w, "to mend: xlpt pool release 0000:01:10.0");
	fake_ts_no_more(w->ts, 20);
	admit(w, 0, other, "0", "");
	assert_false(leased(w));
	/* A device of no pool, of a guest that restarts. */
	ok(w, "attach web1 --hide 02:00.0 01:10.4");
	fake_ts_gap(w->ts, 3);
	admit(w, 3, other, "4", "it is kept for web1, which restarts");
	assert_int_equal(world_run(w, "pool admit %s", pools_config("<domain><name>x</domain>")),
			 2);
	assert_int_equal(world_run(w, "pool admit /nonexistent"), 1);
}

/* What is remembered is a file: one that is none, or another guest's, is not believed. */
static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"xlpt-guest 2\n",
		"xlpt-guest 1\nuuid " POOLS_UUID "\n",
		"xlpt-guest 1\nuuid ../../../etc/passwd\nname app1\n",
		"xlpt-guest 1\nuuid " POOLS_UUID "\nname app1\ngone x\n",
		"xlpt-guest 1\nuuid " POOLS_UUID "\nname app1\nmonitor 1\n",
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++) {
		struct world *w = pools_world();

		started((void **)&w);
		fake_bus_put(w->bus, "/run/xlpt/guests/" POOLS_UUID, texts[i]);
		fake_ts_gap(w->ts, 20);
		look(w);
		said_show(w, "app1 restarting");
		world_free(w);
	}
}

static void stop_now(void *arg)
{
	(void)arg;
	raise(SIGTERM);
}

/* Waiting for a guest that runs on ends by a signal, long before its time is over. */
static void test_release_stopped(void **state)
{
	struct world *w = *state;
	int64_t begin;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	begin = xlpt_now(&w->clock.clock);
	fake_clock_in(&w->clock, 1000, stop_now, NULL);
	answers(w, 1, "pool release --guest web1 --timeout 500", "stopped by signal 15 (SIGTERM)");
	assert_true(xlpt_now(&w->clock.clock) - begin < 5000);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_seen),
		restart_test(test_never_again),
		restart_test(test_no_more),
		restart_test(test_grace),
		restart_test(test_last_one),
		restart_test(test_monitor),
		restart_test(test_late_monitor),
		restart_test(test_admit),
		cmocka_unit_test(test_damaged),
		restart_test(test_release_stopped),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
