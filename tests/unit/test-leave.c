/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Save, restore and migrate on a fake host that is also the other host. Each
 * command is run with everything failing once and with its process gone after
 * every line of its journal: the guest then runs exactly once, with its devices.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/bus-internal.h"
#include "tests/fake/pools.h"
#include "tests/unit/commands.h"
#include "xl-plugin/op.h"

static char dir[] = "/tmp/xlpt-leave-XXXXXX";

static int teardown(void **state)
{
	_cleanup_free_ char *rm = xlpt_xasprintf("rm -rf %s/*", dir);

	world_free(*state);
	return system(rm);
}

/* The line with the folder of this test for DIR; caller frees. */
static char *with_dir(const char *line)
{
	const char *at = strstr(line, "DIR");

	return at ? xlpt_xasprintf("%.*s%s%s", (int)(at - line), line, dir, at + 3) : xlpt_xstrdup(line);
}

static int run(struct world *w, const char *line)
{
	_cleanup_free_ char *whole = with_dir(line);

	return world_run(w, "%s", whole);
}

static void okf(struct world *w, const char *line)
{
	_cleanup_free_ char *whole = with_dir(line);

	ok(w, whole);
}

static void refusedf(struct world *w, int want, const char *line, const char *says)
{
	_cleanup_free_ char *whole = with_dir(line);

	refused(w, want, whole, says);
}

static bool there(const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);

	return access(path, F_OK) == 0;
}

/* The domid of the one running guest of this name; 0 = none. */
static uint32_t running(struct world *w, const char *name)
{
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_guest *all;
	uint32_t domid = 0;
	size_t n;

	assert_int_equal(ts->ops->guest_list(ts, &all, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		/* A copy under another name is one too many. */
		if (xlpt_starts(all[i].name, name)) {
			if (domid || strcmp(all[i].name, name) != 0 || all[i].paused || all[i].dying)
				fail_msg("%s (domain %u) is there, too, or does not run", all[i].name,
					 all[i].domid);
			domid = all[i].domid;
		}
		xlpt_guest_dispose(&all[i]);
	}
	free(all);
	return domid;
}

static bool has(struct world *w, uint32_t domid, const char *bdf_text)
{
	struct xlpt_bdf bdf;
	uint32_t owner = 0;

	assert_int_equal(xlpt_bdf_parse(bdf_text, strlen(bdf_text), &bdf, NULL), 0);
	return xlpt_pcibe_owner(fake_store_get(w->store), bdf, &owner, NULL) == 1 &&
	       owner == domid && fake_ts_owner(w->ts, bdf) == domid;
}

/* The options came along, too. */
static bool configured(struct world *w, uint32_t domid, const char *want)
{
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_spec *specs;
	bool found = false;
	size_t n;

	assert_int_equal(ts->ops->guest_config_pci(ts, domid, &specs, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = xlpt_spec_format(&specs[i]);

		found |= !strcmp(text, want);
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	return found;
}

static void no_journal(struct world *w)
{
	_cleanup_strv_ char **names = NULL;
	int r = xlpt_host_list(fake_bus_host(w->bus), &names, "/run/xlpt/journal");

	assert_true(r == -ENOENT || !*names);
}

/* ---- as it should be ---- */

static void test_refused(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 05:00.0");
	refusedf(w, 3, "save web1 DIR/a", "0000:05:00.0");
	refusedf(w, 3, "migrate web1 elsewhere", "0000:05:00.0");
	assert_non_null(strstr(w->err, "xlpt migrate --detach-first web1"));
	refusedf(w, 2, "save web1 DIR/", "cannot be the name");
	refusedf(w, 1, "save web1 DIR/no/such", "cannot use the directory");
	refusedf(w, 1, "save nobody DIR/a", "no running guest");
	refusedf(w, 1, "restore DIR/a", "cannot open");
	refusedf(w, 2, "migrate --map 05:00.0=06:00.0 web1 elsewhere", "--detach-first");
	refusedf(w, 2, "migrate --detach-first --map 05:00.0 web1 elsewhere", "FROM=TO");
	refusedf(w, 2, "migrate --detach-first --map 05:00.0=x web1 elsewhere", "--map");
	refusedf(w, 2, "migrate --detach-first --map 03:00.0=05:00.0 web1 elsewhere", "does not hold");
	refusedf(w, 2, "migrate --detach-first web1 -oProxyCommand=x", "does not know the option");
	refusedf(w, 2, "migrate --detach-first web1 $(id)", "cannot be given to another host");
	refusedf(w, 1, "migrate --detach-first --map 05:00.0=02:00.0 web1 elsewhere", "not show it as hidden");
	refusedf(w, 1, "migrate --detach-first --map 05:00.0=0a:00.0 web1 elsewhere", "not show it there");
	assert_true(has(w, running(w, "web1"), "05:00.0"));
}

/* irq 11: a PV guest's kernel keeps it, and would not survive its resume. */
static void test_interrupt_line(void **state)
{
	struct world *w = *state;

	ok(w, "attach --hide web1 02:00.0");
	refusedf(w, 3, "save --detach-first web1 DIR/a", "interrupt line (irq 11)");
	refusedf(w, 3, "migrate --detach-first web1 elsewhere", "restore_pirqs");
	okf(w, "save --detach-first --force web1 DIR/a");
	ok(w, "hide 03:00.0");
	ok(w, "attach win1 03:00.0");
	okf(w, "save --detach-first win1 DIR/b");
}

static void test_save_restore(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 05:00.0,power_mgmt=1");
	ok(w, "attach --hide web1 03:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	assert_int_equal(running(w, "web1"), 0);
	assert_true(there("a") && there("a.xlpt") && !there("a.part"));
	no_journal(w);
	okf(w, "restore DIR/a");
	domid = running(w, "web1");
	assert_true(domid && has(w, domid, "05:00.0") && has(w, domid, "03:00.0"));
	assert_non_null(strstr(w->out, "0000:05:00.0"));
	refusedf(w, 1, "restore DIR/a", "is there already");
	assert_true(configured(w, domid, "0000:05:00.0,power_mgmt=1"));
	no_journal(w);
}

static bool pf_has(struct world *w, const char *line)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	return strstr(now, line);
}

/* Between its guests the VF has what it had before; what was asked for goes with the guest. */
static void test_identity(void **state)
{
#define VF_WAS "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100 spoofchk 1"
#define VF_HAS "enp1s0 vf 0 mac 52:54:00:6d:90:02 vlan 42:3:8100 spoofchk 1"
	struct world *w = *state;

	ok(w, "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02,vlan=42:3");
	assert_true(pf_has(w, VF_HAS));
	okf(w, "save --detach-first web1 DIR/a");
	assert_true(pf_has(w, VF_WAS));
	okf(w, "restore DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	assert_true(pf_has(w, VF_HAS));
	/* Set anew meanwhile: what it has is what goes along. */
	ok(w, "hide 05:00.0");
	refusedf(w, 1, "migrate --detach-first --map 01:10.0=05:00.0 web1 elsewhere",
		 "it is no virtual function");
	ok(w, "detach web1 01:10.0");
	assert_true(pf_has(w, VF_WAS));
	ok(w, "attach web1 01:10.0,vlan=7");
	ok(w, "migrate --detach-first web1 elsewhere");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	assert_true(pf_has(w, "mac 00:00:00:00:00:00 vlan 7:0:8100"));
	no_journal(w);
	ok(w, "detach web1 01:10.0");
	assert_true(pf_has(w, VF_WAS));
}

/* Who has 01:10.0 of the pool, as its list says it: "" = nobody. */
static void lease_is(struct world *w, const char *bdf, const char *want)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_free_ char *holder = NULL;
	struct xlpt_env env = { .host = fake_bus_host(w->bus), .clock = &w->clock.clock, .err = stderr };
	const struct xlpt_lease *l;

	assert_int_equal(xlpt_leases_read(&env, &leases, NULL), 0);
	l = xlpt_leases_find(&leases, B(bdf));
	holder = l ? xlpt_lease_holder(l) : xlpt_xstrdup("");
	if (strcmp(holder, want) != 0)
		fail_msg("%s is leased to \"%s\", not \"%s\"", bdf, holder, want);
}

/* Bound to its driver anew, its interface is up, and the VF dom0's: as good as a host's own. */
static void vf_down(struct world *w)
{
	if (xlpt_streq(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf"))
		pools_iface(w, "0000:01:10.0", "vf0", false);
}

/* As libvirt's managed: between guests its VF is with dom0's driver. */
static struct world *managed_world(void)
{
	struct world *w = pools_world();

	pools_dom0_uses(w, "0000:01:10.0", "vf0", false);
	ok(w, "pool define lan pf=01:00.0 managed=yes");
	return w;
}

static int managed_setup(void **state)
{
	*state = managed_world();
	return 0;
}

static void test_pool(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *holder = NULL;

	ok(w, "attach web1 pool:lan,mac=52:54:00:6d:90:02");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "save --detach-first web1 DIR/a");
	lease_is(w, "01:10.0", "");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	vf_down(w);
	okf(w, "--dry-run restore DIR/a");
	assert_non_null(strstr(w->out, "would attach 0000:01:10.0 to web1"));
	lease_is(w, "01:10.0", "");
	okf(w, "restore DIR/a");
	holder = xlpt_xasprintf("web1 (domain %u)", running(w, "web1"));
	assert_true(has(w, running(w, "web1"), "01:10.0") && pf_has(w, "mac 52:54:00:6d:90:02"));
	lease_is(w, "01:10.0", holder);
	/* Another host's pool of that name gives what it has. */
	ok(w, "migrate --detach-first web1 elsewhere");
	assert_non_null(strstr(w->out, "has pool:lan,"));
	assert_true(has(w, running(w, "web1"), "01:10.2") && pf_has(w, "mac 52:54:00:6d:90:02"));
	free(holder);
	holder = xlpt_xasprintf("web1 (domain %u)", running(w, "web1"));
	lease_is(w, "01:10.0", "");
	lease_is(w, "01:10.2", holder);
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	no_journal(w);
}

/* Taken by another guest meanwhile: a pool's VFs are all alike, the identity goes along. */
static void test_pool_taken(void **state)
{
	struct world *w = *state;

	ok(w, "hide 05:00.0");
	ok(w, "attach web1 pool:lan,vlan=42 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	vf_down(w);
	ok(w, "attach db1 01:10.0,pool=lan");
	lease_is(w, "01:10.0", "db1 (domain 4)");
	refused(w, 1, "attach web1 01:10.0,pool=lan", "no running guest");
	refused(w, 1, "attach win1 01:10.0,pool=lan", "0000:01:10.0 of pool lan is not free");
	refused(w, 1, "attach win1 05:00.0,pool=lan", "0000:05:00.0 is no VF of pool lan");
	refused(w, 2, "detach db1 01:10.0,pool=lan", "takes no slot and no options");
	okf(w, "restore DIR/a");
	assert_non_null(strstr(w->err, "0000:01:10.0 of pool lan is not free: web1 gets 0000:01:10.2"));
	assert_true(has(w, running(w, "web1"), "01:10.2") && has(w, running(w, "web1"), "05:00.0"));
	assert_true(pf_has(w, "vlan 42:"));
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "attach db1 pool:lan pool:lan pool:lan pool:lan pool:lan pool:lan");
	refusedf(w, 3, "restore DIR/a", "pool lan has no free VF");
	lease_is(w, "05:00.0", "");
	ok(w, "detach db1 01:10.4");
	refusedf(w, 3, "restore --map 05:00.0=pool:lan --map 01:10.2=05:00.0 DIR/a",
		 "0000:05:00.0 cannot have the network identity of a VF");
	lease_is(w, "01:10.4", "");
	refusedf(w, 3, "restore --map 01:10.2=01:10.6,pool=lan DIR/a", "0000:01:10.6 of pool lan is not free");
	okf(w, "restore --map 05:00.0=pool:lan --map 01:10.2=05:00.0,seize=0 DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.4") && has(w, running(w, "web1"), "05:00.0"));
	no_journal(w);
}

/* What the record names further on, the one in another's place must not be. */
static void test_pool_order(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "attach web1 pool:lan pool:lan");
	okf(w, "save --detach-first web1 DIR/a");
	vf_down(w);
	ok(w, "attach db1 pool:lan");
	lease_is(w, "01:10.0", "db1 (domain 4)");
	okf(w, "restore DIR/a");
	domid = running(w, "web1");
	assert_true(has(w, domid, "01:10.2") && has(w, domid, "01:10.4"));
	/* A pool there must not give out what is named for another device. */
	ok(w, "detach web1 01:10.2");
	ok(w, "hide 05:00.0");
	ok(w, "attach web1 05:00.0");
	ok(w, "hide 01:10.2");
	ok(w, "migrate --detach-first --map 05:00.0=01:10.2 web1 elsewhere");
	domid = running(w, "web1");
	assert_true(has(w, domid, "01:10.2") && has(w, domid, "01:10.4"));
	/* Too few there: known before anything is touched. */
	ok(w, "attach db1 pool:lan pool:lan pool:lan pool:lan");
	refusedf(w, 1, "migrate --detach-first --map 01:10.2=pool:lan web1 elsewhere",
		 "pool lan on elsewhere has too few free VFs for web1");
	refusedf(w, 1, "migrate --detach-first --map 01:10.2=pool:san web1 elsewhere",
		 "elsewhere has no pool san");
	ok(w, "migrate --detach-first --map 01:10.2=01:10.2 web1 elsewhere");
	assert_true(has(w, running(w, "web1"), "01:10.4"));
}

/* A lease whose guest was destroyed, or saved by xl itself, keeps nobody out. */
static void test_pool_over(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	_cleanup_free_ char *path = xlpt_xasprintf("%s/a", dir);

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	assert_int_equal(ts->ops->guest_save(ts, 3, path, (const int[]){ 0, 0 }, NULL), 0);
	assert_int_equal(ts->ops->guest_destroy(ts, 3, NULL), 0);
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "--dry-run restore --map 01:10.0=01:10.2,pool=lan DIR/a");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "--dry-run restore DIR/a");
	lease_is(w, "01:10.0", "web1 (domain 3)");
	okf(w, "restore DIR/a");
	assert_true(has(w, running(w, "web1"), "01:10.0"));
	lease_is(w, "01:10.0", "");
}

/* What could not be undone at once, and has its VF no more at the repair: another one of the pool will do. */
static void test_pool_repair(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *save = with_dir("save --detach-first web1 DIR/a");

	ok(w, "attach web1 pool:lan,vlan=42");
	fake_ts_fail(w->ts, FAKE_TS_SAVE, 1, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_ADD, 1, FAKE_TS_AT_ONCE);
	answers(w, 5, save, "left behind");
	fake_ts_fail(w->ts, FAKE_TS_SAVE, 0, FAKE_TS_AT_ONCE);
	fake_ts_fail(w->ts, FAKE_TS_ADD, 0, FAKE_TS_AT_ONCE);
	/* Back in its pool, and with the driver it came from, which dom0 uses now. */
	lease_is(w, "01:10.0", "");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "web1 has another function of pool lan in the place of 0000:01:10.0"));
	assert_true(has(w, 3, "01:10.2") && pf_has(w, "vlan 42:"));
	lease_is(w, "01:10.2", "web1 (domain 3)");
}

/* Without such a pool there the address is meant. */
static void test_pool_unknown(void **state)
{
	struct world *w = *state;

	ok(w, "attach web1 pool:lan");
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "pool undefine lan");
	refusedf(w, 3, "restore --map 01:10.0=pool:lan DIR/a", "no pool is called \"lan\"");
	refusedf(w, 3, "restore DIR/a", "0000:01:10.0 is dom0's, driver igbvf");
	ok(w, "hide 01:10.0");
	okf(w, "restore DIR/a");
	assert_non_null(strstr(w->err, "there is no pool lan here: web1 gets 0000:01:10.0 by its address"));
	assert_true(has(w, running(w, "web1"), "01:10.0"));
}

static void test_restore_map(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	ok(w, "hide 03:00.0 02:00.0");
	ok(w, "attach web1 05:00.0,power_mgmt=1");
	ok(w, "attach web1 03:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	refusedf(w, 2, "restore --map 04:00.0=02:00.0 DIR/a", "which web1 does not hold");
	refusedf(w, 3, "restore --map 05:00.0=pool:lan DIR/a", "no pool is called \"lan\"");
	refusedf(w, 2, "restore --map 05:00.0=pin:nic DIR/a", "neither the address of one function");
	refusedf(w, 2, "restore --map 05:00.0=04:00.* DIR/a", "neither the address of one function");
	refusedf(w, 2, "restore --map 05:00.0=03:00.0 DIR/a", "place of two devices");
	refusedf(w, 2, "restore --map 03:00.0=05:00.0 DIR/a", "place of two devices");
	refusedf(w, 2, "restore --map 05:00.0=02:00.0 --without-devices DIR/a", "of no use");
	refusedf(w, 3, "restore --map 05:00.0=04:00.0 DIR/a", "0000:04:00.0 is dom0's");
	/* Alone an address takes the options along, with others it has those. */
	okf(w, "restore --map 05:00.0=02:00.0 --map 03:00.0=05:00.0,power_mgmt=0 DIR/a");
	domid = running(w, "web1");
	assert_true(has(w, domid, "02:00.0") && has(w, domid, "05:00.0") && !has(w, domid, "03:00.0"));
	assert_true(configured(w, domid, "0000:02:00.0,power_mgmt=1"));
	assert_true(configured(w, domid, "0000:05:00.0,power_mgmt=0"));
	no_journal(w);
}

static void test_without_devices(void **state)
{
	struct world *w = *state;

	okf(w, "save web1 DIR/plain");
	assert_false(there("plain.xlpt"));
	okf(w, "restore DIR/plain");
	ok(w, "attach web1 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	ok(w, "attach db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "0000:05:00.0 is with db1 (domain 4)");
	okf(w, "restore --without-devices DIR/a");
	assert_true(running(w, "web1"));
	assert_true(has(w, 4, "05:00.0"));
}

/* Saved by xl, which does not care. */
static void test_image_of_xl(void **state)
{
	struct world *w = *state;
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	_cleanup_free_ char *path = xlpt_xasprintf("%s/a", dir);
	uint32_t domid;

	ok(w, "attach web1 05:00.0");
	assert_int_equal(ts->ops->guest_save(ts, 3, path, (const int[]){ 0, 0 }, NULL), 0);
	assert_int_equal(ts->ops->guest_destroy(ts, 3, NULL), 0);
	ok(w, "attach db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "the configuration in the image");
	ok(w, "detach --to-host db1 05:00.0");
	refusedf(w, 3, "restore DIR/a", "is dom0's, driver e1000e");
	ok(w, "hide 05:00.0");
	okf(w, "restore DIR/a");
	assert_non_null(strstr(w->err, "saved while it held devices"));
	domid = running(w, "web1");
	assert_true(domid && has(w, domid, "05:00.0"));
}

static void test_foreign_record(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *cp = xlpt_xasprintf("cp %s/a.xlpt %s/b.xlpt", dir, dir);

	ok(w, "attach web1 05:00.0");
	okf(w, "save --detach-first web1 DIR/a");
	okf(w, "save db1 DIR/b");
	assert_int_equal(system(cp), 0);
	refusedf(w, 1, "restore DIR/b", "speaks of another guest");
	okf(w, "restore --without-devices DIR/b");
}

static void test_migrate(void **state)
{
	struct world *w = *state;
	uint32_t domid;

	for (int live = 0; live < 2; live++) {
		fake_ts_pv_live(w->ts, live);
		ok(w, "attach web1 05:00.0,power_mgmt=1");
		ok(w, "migrate --detach-first --transport /bin/t web1 elsewhere");
		assert_non_null(strstr(w->out, "web1 is on elsewhere and has 0000:05:00.0,power_mgmt=1"));
		domid = running(w, "web1");
		assert_true(domid >= 60 && has(w, domid, "05:00.0"));
		no_journal(w);
		ok(w, "detach web1 05:00.0");
	}
	ok(w, "attach web1 05:00.0");
	ok(w, "hide 03:00.0");
	ok(w, "--json migrate --detach-first --map 05:00.0=03:00.0 web1 elsewhere");
	assert_non_null(strstr(w->out, "\"attached\": \"0000:03:00.0\""));
	assert_true(has(w, running(w, "web1"), "03:00.0"));
	ok(w, "migrate db1 elsewhere");
	assert_true(running(w, "db1") >= 60);
}

static void test_dry_run(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "attach web1 05:00.0");
	before = world_snapshot(w);
	okf(w, "--dry-run save --detach-first web1 DIR/a");
	assert_non_null(strstr(w->out, "would detach 0000:05:00.0 from web1"));
	assert_false(there("a.part"));
	fake_ts_pv_live(w->ts, false);
	ok(w, "--dry-run migrate --detach-first web1 elsewhere");
	assert_non_null(strstr(w->out, "would send web1 to elsewhere"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

/* ---- everything fails once ---- */

struct scene {
	const char *prepare, *command;
	bool offline;
	/* After success, before running: it is in an image. */
	bool saves;
	const char *vf;	/* the device of interest is 01:10.0, and its PF then says this; else 05:00.0 */
	bool pool;	/* that VF is of a pool */
};

static const struct scene scenes[] = {
	{ "attach web1 05:00.0;attach --hide web1 03:00.0", "save --detach-first web1 DIR/a",
	  .saves = true },
	{ "attach web1 05:00.0;save --detach-first web1 DIR/a", "restore DIR/a", .saves = false },
	{ "attach web1 05:00.0", "migrate --detach-first web1 elsewhere", .offline = false },
	{ "attach web1 05:00.0", "migrate --detach-first web1 elsewhere", .offline = true },
	{ "attach --hide web1 01:10.0,mac=52:54:00:6d:90:02;save --detach-first web1 DIR/a",
	  "restore DIR/a", .saves = false, .vf = "vf 0 mac 52:54:00:6d:90:02" },
	{ "attach web1 pool:lan,vlan=42", "save --detach-first web1 DIR/a", .saves = true,
	  .vf = "vlan 42:", .pool = true },
	{ "attach web1 pool:lan,vlan=42;save --detach-first web1 DIR/a", "restore DIR/a",
	  .vf = "vlan 42:", .pool = true },
};

static struct world *world_of(const struct scene *s)
{
	return s->pool ? managed_world() : world_new();
}

static void prepare(struct world *w, const struct scene *s)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(s->prepare);
	char *save = NULL;

	fake_ts_pv_live(w->ts, !s->offline);
	for (char *line = strtok_r(copy, ";", &save); line; line = strtok_r(NULL, ";", &save)) {
		okf(w, line);
		if (s->pool)
			vf_down(w);
	}
}

static const struct {
	const char *name;
	enum fake_ts_op op;
	enum fake_ts_depth depth;
} injections[] = {
	{ "a save at once", FAKE_TS_SAVE, FAKE_TS_AT_ONCE },
	{ "a save, guest left suspended", FAKE_TS_SAVE, FAKE_TS_AFTER_NOTE },
	{ "an image cut short", FAKE_TS_SAVE, FAKE_TS_AFTER_DM },
	{ "a save that was done", FAKE_TS_SAVE, FAKE_TS_AFTER_NODES },
	{ "a restore", FAKE_TS_RESTORE, FAKE_TS_AT_ONCE },
	{ "a migration at once", FAKE_TS_MIGRATE, FAKE_TS_AT_ONCE },
	{ "a migration, guest left suspended", FAKE_TS_MIGRATE, FAKE_TS_AFTER_NOTE },
	{ "a migration that was done", FAKE_TS_MIGRATE, FAKE_TS_AFTER_NODES },
	{ "the other host's answer", FAKE_TS_REMOTE, FAKE_TS_AT_ONCE },
	{ "the connection after it was done", FAKE_TS_REMOTE, FAKE_TS_AFTER_NODES },
	{ "destroying", FAKE_TS_DESTROY, FAKE_TS_AT_ONCE },
	{ "an add", FAKE_TS_ADD, FAKE_TS_AFTER_ASSIGN },
	{ "a removal", FAKE_TS_REMOVE, FAKE_TS_AT_ONCE },
	{ "the configuration", FAKE_TS_CONFIG, FAKE_TS_AT_ONCE },
	{ "asking the hypervisor", FAKE_TS_HYP, FAKE_TS_AT_ONCE },
};

/*
 * Exactly one: the guest runs, or a whole image under its name is all there is.
 * Devices are with it, or (not when strict) free and named in what was said.
 */
static void sound(struct world *w, const struct scene *s, const char *what, unsigned nth,
		  bool strict)
{
	uint32_t domid = running(w, "web1");
	bool image = s->saves && there("a") && !domid;
	const char *bdf = s->vf ? "0000:01:10.0" : "0000:05:00.0";

	if (!domid && !image && strncmp(s->command, "restore", 7) != 0)
		fail_msg("%s, %s %u: the guest is nowhere\n%s%s", s->command, what, nth, w->out, w->err);
	if (s->saves && there("a.part"))
		fail_msg("%s, %s %u: a part of an image is left", s->command, what, nth);
	if (s->saves && domid && there("a"))
		fail_msg("%s, %s %u: it runs, and an image is left", s->command, what, nth);
	if (domid && s->vf && has(w, domid, bdf) && !pf_has(w, s->vf))
		fail_msg("%s, %s %u: the VF has lost its identity", s->command, what, nth);
	if (domid && !has(w, domid, bdf) && !strstr(w->out, "in the place of 0000:01:10.0") &&
	    (strict || !strstr(w->err, bdf)))
		fail_msg("%s, %s %u: without its device, and nobody says so\n%s%s", s->command, what,
			 nth, w->out, w->err);
	if (s->pool) {
		_cleanup_free_ char *holder = xlpt_xasprintf("web1 (domain %u)", domid);

		bool hidden = strstr(w->err, "0000:01:10.0 stays hidden");

		/* What a failure has left of a lease is over, and the next command sees that. */
		ok(w, "pool release --gone");
		lease_is(w, "01:10.0", domid && has(w, domid, bdf) ? holder : "");
		if (!domid && !hidden && strcmp(fake_bus_driver_of(w->bus, bdf), "igbvf") != 0)
			fail_msg("%s, %s %u: %s is not back with its driver\n%s%s", s->command, what,
				 nth, bdf, w->out, w->err);
	}
	no_journal(w);
}

static bool try_one(const struct scene *s, size_t i, unsigned nth)
{
	struct world *w = world_of(s);
	int status;

	prepare(w, s);
	fake_ts_fail(w->ts, injections[i].op, nth, injections[i].depth);
	status = run(w, s->command);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
	if (status == 5) {
		if (!strstr(w->err, "to mend: "))
			fail_msg("%s, %s %u: no mending line: %s", s->command, injections[i].name, nth,
				 w->err);
		if (world_run(w, "repair"))
			fail_msg("%s, %s %u: repair failed: %s", s->command, injections[i].name, nth,
				 w->err);
	}
	sound(w, s, injections[i].name, nth, false);
	teardown((void **)&w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			for (unsigned nth = 1 + world_skip(s + i), misses = 0; nth < 40 && misses < world_misses();
			     nth += world_stride()) {
				bool hit = try_one(&scenes[s], i, nth);

				met += hit;
				misses = hit ? 0 : misses + 1;
			}
	print_message("%u failures\n", met);
	assert_true(world_stride() > 1 || met > 60);
}

/* ---- killed at every line of the journal ---- */

static sigjmp_buf killed;
static unsigned kill_at;

/* The journal's only; images are written with fsync. */
int fdatasync(int fd)
{
	(void)fd;
	if (kill_at && --kill_at == 0)
		siglongjmp(killed, 1);
	return 0;
}

/* What the kernel does for a process that is gone: its locks go with its descriptors. */
static void close_from(int first)
{
	for (int fd = first; fd < 256; fd++)
		close(fd);
}

/* In a process of its own, which ends without tidying up. Returns whether the kill was met. */
static bool kill_one(const struct scene *s, unsigned nth)
{
	char met = 0;
	int fds[2], first;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct world *volatile w = world_of(s);
		volatile char result = 'n';

		prepare(w, s);
		first = dup(0);
		kill_at = nth;
		if (sigsetjmp(killed, 0)) {
			/* The command's output streams are lost with it. */
			w->out = w->err = NULL;
			close_from(first + 1);
			result = 'y';
			if (world_run(w, "list") || world_run(w, "repair"))
				fail_msg("%s, killed at %u: repair: %s", s->command, nth, w->err);
		} else if (run(w, s->command)) {
			fail_msg("%s: %s", s->command, w->err);
		}
		kill_at = 0;
		sound(w, s, "killed at line", nth, true);
		met = result;
		/* What world_free would do, were the world still whole. */
		fake_tree_remove(w->bus, "");
		if (write(fds[1], &met, 1) == 1)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &met, 1) != 1)
		met = 0;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	if (!met)
		fail_msg("%s, killed at line %u: see above", s->command, nth);
	{
		_cleanup_free_ char *rm = xlpt_xasprintf("rm -rf %s/*", dir);

		assert_int_equal(system(rm), 0);
	}
	return met == 'y';
}

static void test_killed(void **state)
{
	unsigned n, all = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++) {
		for (n = 1; n < 100 && kill_one(&scenes[s], n); n += 3 * world_stride() - 2)
			;
		all += n - 1;
	}
	print_message("%u kills\n", all);
	assert_true(all > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_line, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_restore, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_taken, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_order, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_over, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_repair, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_unknown, managed_setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_map, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_devices, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_image_of_xl, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_record, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_migrate, world_setup, teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, world_setup, teardown),
		cmocka_unit_test(test_every_failure),
		cmocka_unit_test(test_killed),
	};
	int status;

	if (!mkdtemp(dir))
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return status;
}
