/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest with a pool's VF restarts while other commands look: it loses neither lease nor identity. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/monitor.h"

#define VF "0000:01:10.0"

static void has_identity(struct world *w, bool has)
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(w->rtnl);

	if (!!strstr(net, MAC) != has)
		fail_msg("the VF has %s address:\n%s", has ? "lost its" : "kept its", net);
}

static bool leased(struct world *w)
{
	return xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR "/" VF);
}

static const char *config(void)
{
	return pools_config("name = 'app1'\nmemory = 256\npci = [ 'pool:lan,mac=" MAC
			    ",vlan=42' ]\n");
}

/* app1 runs as domain 20. */
static struct world *started(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	if (world_run(w, "start %s", config()))
		fail_msg("start: %s", w->err);
	has_identity(w, true);
	return w;
}

static void look(struct world *w)
{
	static const char *const lines[] = { "pool show lan",
					     "pool list",
					     "pool release --gone --timeout 1",
					     "repair",
					     "hide 05:00.0",
					     "list",
					     "status",
					     "attach --dry-run db1 pool:lan",
					     "attach web1 pool:lan",
					     "detach web1 01:10.2" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(lines); i++) {
		ok(w, lines[i]);
		if (!leased(w))
			fail_msg("xlpt %s gave the lease back", lines[i]);
		has_identity(w, true);
	}
}

static void test_restart(void **state)
{
	struct world *w = started(state);

	/* The old domain still has it, first shut down, then dying. */
	fake_ts_down(w->ts, 20);
	look(w);
	fake_ts_dying(w->ts, 20);
	look(w);
	/* And the new one, with what the old one left beside it. */
	assert_int_equal(fake_ts_restarted(w->ts, 20), 21);
	look(w);
	ok(w, "pool show lan");
	said(w, "app1 (domain 21)");
	ok(w, "detach app1 01:10.0");
	has_identity(w, false);
	assert_false(leased(w));
}

static void said_show(struct world *w, const char *text)
{
	ok(w, "pool show lan");
	said(w, text);
}

static void refuses(struct world *w, const char *line, const char *what)
{
	answers(w, 1, line, what);
	said(w, "to mend: ");
}

/* Since its VLAN was set, nothing took it off, not even for a moment. */
static void untagged_never(struct world *w)
{
	const char *log = strstr(fake_rtnl_log(w->rtnl), "vlan 42");

	assert_non_null(log);
	if (strstr(log + 7, "vlan"))
		fail_msg("the VLAN was changed:\n%s", log);
}

/* The new domain is there, without devices yet, and the old one has the VF. */
static void test_both(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g;

	fake_ts_dying(w->ts, 20);
	g = fake_ts_guest(w->ts, 21, "app1", XLPT_GUEST_PV);
	snprintf(g->uuid, sizeof(g->uuid), "%s", POOLS_UUID);
	look(w);
}

/* The backend is gone already, and the hypervisor still has it with the dying domain. */
static void test_hypervisor(void **state)
{
	struct world *w = started(state);

	fake_ts_dying(w->ts, 20);
	fake_store_set(w->store, NULL, "/local/domain/0/backend/pci/20");
	ok(w, "pool show lan");
	assert_true(leased(w));
	has_identity(w, true);
}

/*
 * libxl has taken the devices of an HVM guest from it, and its domain is there still: nobody has
 * them, and they are kept all the same, when its end is one after which it comes again.
 */
static void test_stripped(void **state)
{
	static const struct {
		enum xlpt_guest_end end;
		bool again;
	} ends[] = { { XLPT_END_REBOOT, true },
		     { XLPT_END_UNKNOWN, true },
		     { XLPT_END_POWEROFF, false },
		     { XLPT_END_CRASH, false } };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ends); i++) {
		struct world *w = pools_world();
		uint32_t domid;

		started((void **)&w);
		ok(w, "attach app1 --hide 02:00.0");
		fake_ts_stripped(w->ts, 20);
		fake_ts_find(w->ts, 20, NULL)->end = ends[i].end;
		if (!ends[i].again) {
			ok(w, "pool show lan");
			assert_false(leased(w));
			has_identity(w, false);
			ok(w, "attach db1 01:10.0 02:00.0");
			world_free(w);
			continue;
		}
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for app1, which restarts");
		said(w, "its domain has ended");
		fake_ts_find(w->ts, 20, NULL)->shut_down = false;
		look(w);
		refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for app1, which restarts");
		fake_ts_gap(w->ts, 20);
		look(w);
		domid = fake_ts_coming(w->ts, 20);
		look(w);
		fake_ts_came(w->ts, domid);
		look(w);
		untagged_never(w);
		refuses(w, "attach db1 02:00.0", "is in use by app1");
		world_free(w);
	}
}

/* One that Xen never gets rid of keeps nothing for ever. */
static void test_zombie(void **state)
{
	struct world *w = started(state);

	fake_ts_stripped(w->ts, 20);
	fake_ts_find(w->ts, 20, NULL)->shut_down = false;
	ok(w, "pool show lan");
	assert_true(leased(w));
	w->clock.clock.sleep_ms(&w->clock.clock, 121000);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
}

/* Another guest got it from another tool: the lease is over, and what the VF has stays its. */
static void test_another(void **state)
{
	struct world *w = started(state);

	fake_ts_ended(w->ts, 20);
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(
				 fake_ts_get(w->ts), 4,
				 &(struct xlpt_spec){ .has_bdf = true, .bdf = B(VF), .vslot = -1 },
				 NULL),
			 0);
	ok(w, "pool release --gone");
	said(w, "db1 (domain 4) has it");
	assert_false(leased(w));
	has_identity(w, true);
	ok(w, "repair");
	has_identity(w, true);
	/* The guest that has it gives it up, and with it what was set for the one before. */
	ok(w, "detach db1 01:10.0");
	has_identity(w, false);
}

/* Ten times, with every reader, and who wants its VF, between all steps. */
static void test_ten(void **state)
{
	struct world *w = started(state);
	uint32_t domid = 20;

	for (unsigned n = 0; n < 10; n++) {
		fake_ts_down(w->ts, domid);
		look(w);
		fake_ts_dying(w->ts, domid);
		look(w);
		fake_ts_gap(w->ts, domid);
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		domid = fake_ts_coming(w->ts, domid);
		look(w);
		said_show(w, "app1 restarting");
		refuses(w, "attach db1 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		refuses(w, "unhide 01:10.0", "0000:01:10.0 is kept for app1, which restarts");
		fake_ts_came(w->ts, domid);
		look(w);
		refuses(w, "attach db1 01:10.0", "is in use by app1");
		assert_int_equal(fake_ts_owner(w->ts, B(VF)), domid);
	}
	untagged_never(w);
}

/* Made anew from a configuration that names no VF: then the lease is over when it runs. */
static void test_changed(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g;

	fake_ts_gap(w->ts, 20);
	g = fake_ts_find(w->ts, fake_ts_coming(w->ts, 20), NULL);
	look(w);
	g->paused = false;
	ok(w, "pool release --gone");
	said(w, "app1 does not have it");
	assert_false(leased(w));
	has_identity(w, false);
}

static void test_renamed(void **state)
{
	struct world *w = started(state);
	struct xlpt_guest *g = fake_ts_find(w->ts, 20, NULL);

	free(g->name);
	g->name = xlpt_xstrdup("other");
	said_show(w, "other (domain 20)");
	/* xl's process still has the log of the first name. */
	fake_ts_gap(w->ts, 20);
	look(w);
	said_show(w, "other restarting");
	fake_ts_came(w->ts, fake_ts_coming(w->ts, 20));
	said_show(w, "other (domain 21)");
}

/* Its end was seen, and for that one nothing of a restart is said. */
static void test_end_seen(void **state)
{
	static const struct {
		enum xlpt_guest_end end;
		bool again;
	} ends[] = { { XLPT_END_POWEROFF, false },
		     { XLPT_END_REBOOT, true },
		     { XLPT_END_CRASH, false },
		     { XLPT_END_UNKNOWN, true } };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ends); i++) {
		struct world *w = pools_world();

		started((void **)&w);
		fake_ts_down(w->ts, 20);
		fake_ts_find(w->ts, 20, NULL)->end = ends[i].end;
		look(w);
		fake_ts_gap(w->ts, 20);
		ok(w, "pool show lan");
		assert_int_equal(leased(w), ends[i].again);
		has_identity(w, ends[i].again);
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

/* By hand it ends at once; what another toolstack makes has no process of xl's. */
static void test_by_hand(void **state)
{
	struct world *w = started(state);

	fake_ts_gap(w->ts, 20);
	ok(w, "pool release 01:10.0");
	assert_false(leased(w));
	has_identity(w, false);
	ok(w, "attach db1 01:10.0");
}

/* A device that is no pool's, and an identity without a lease. */
static void test_plain(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 --hide 02:00.0 01:10.0,mac=" MAC ",vlan=42");
	fake_ts_gap(w->ts, 3);
	ok(w, "repair");
	has_identity(w, true);
	refuses(w, "attach db1 02:00.0", "0000:02:00.0 is kept for web1, which restarts");
	refuses(w, "unhide 02:00.0", "0000:02:00.0 is kept for web1, which restarts");
	changes_nothing(w, 1, "attach --dry-run db1 02:00.0", "is kept for web1");
	answers(w, 3, "vf remove 01:00.0", "0000:01:10.0 is kept for web1, which restarts");
	said(w, "to mend: xlpt pool release 0000:01:10.0");
	domid = fake_ts_coming(w->ts, 3);
	ok(w, "repair");
	has_identity(w, true);
	fake_ts_came(w->ts, domid);
	has_identity(w, true);
	fake_ts_gap(w->ts, domid);
	ok(w, "pool release 02:00.0");
	said(w, "0000:02:00.0 is kept for web1 no longer: asked for");
	ok(w, "attach db1 02:00.0");
	fake_ts_no_more(w->ts, domid);
	ok(w, "repair");
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
			    *fd = xlpt_xasprintf("%s/fd/1", dir);

	fake_bus_put(w->bus, c, comm);
	fake_bus_put(w->bus, s, stat);
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

static void test_gone(void **state)
{
	struct world *w = started(state);

	fake_ts_ended(w->ts, 20);
	ok(w, "pool show lan");
	assert_false(leased(w));
	has_identity(w, false);
	free_is(w, 7);
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

#define restart_test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		restart_test(test_restart), restart_test(test_both), restart_test(test_hypervisor),
		restart_test(test_stripped), restart_test(test_zombie), restart_test(test_another), restart_test(test_gone),
		restart_test(test_ten), restart_test(test_changed),
		restart_test(test_renamed), cmocka_unit_test(test_end_seen),
		restart_test(test_never_again), restart_test(test_no_more),
		restart_test(test_grace), restart_test(test_by_hand),
		restart_test(test_monitor), restart_test(test_late_monitor), restart_test(test_admit), cmocka_unit_test(test_damaged),
		restart_test(test_plain), restart_test(test_last_one),
		restart_test(test_release_stopped),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
