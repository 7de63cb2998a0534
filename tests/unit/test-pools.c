/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools, leases and xlpt start on the fake host: what is given out, to whom, and given back when. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fake/pools.h"
#include "tests/unit/commands.h"
#include "xl-plugin/pools.h"

static int setup(void **state)
{
	*state = pools_world();
	return 0;
}

static void said(struct world *w, const char *text)
{
	if (!strstr(w->out, text) && !strstr(w->err, text))
		fail_msg("does not say \"%s\":\n%s%s", text, w->out, w->err);
}

static void free_is(struct world *w, int n)
{
	_cleanup_free_ char *want = xlpt_xasprintf("\"free\": %d,", n);

	ok(w, "pool show lan --json");
	said(w, want);
}

static void test_first_and_spread(void **state)
{
	struct world *w = *state;

	pools_second_pf(w);
	ok(w, "pool define lan pf=01:00.0 pf=0a:00.0");
	ok(w, "attach web1 pool:lan pool:lan");
	said(w, "0000:01:10.0 is attached to web1");
	said(w, "0000:01:10.2 is attached to web1");
	ok(w, "pool define lan pf=01:00.0 pf=0a:00.0 policy=spread");
	ok(w, "attach db1 pool:lan pool:lan");
	said(w, "0000:0a:10.0 is attached to db1");
	said(w, "0000:0a:10.2 is attached to db1");
	free_is(w, 5);
}

static void test_numa(void **state)
{
	struct world *w = *state;

	pools_second_pf(w);
	ok(w, "pool define lan pf=01:00.0 pf=0a:00.0 policy=numa");
	fake_ts_nodes(w->ts, 3, 1 << 1);
	ok(w, "attach web1 pool:lan");
	said(w, "0000:0a:10.0 is attached");
	ok(w, "attach web1 pool:lan");
	/* Its node has none left: a remote one, and a word about it. */
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.0 is attached");
	said(w, "no VF of pool lan is free on a node of web1");
	fake_ts_nodes(w->ts, 4, 0);
	ok(w, "attach db1 pool:lan");
	said(w, "0000:01:10.2 is attached");
}

/* What xl or libvirt gave, what this host uses, and what another pool leased, is not free. */
static void test_outside(void **state)
{
	struct world *w = *state;
	struct xlpt_spec spec;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "pool define one dev=01:10.2 dev=01:1f.0");
	ok(w, "hide 01:10.0");
	assert_int_equal(xlpt_spec_parse("01:10.0", &spec, NULL), 0);
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 4, &spec, NULL), 0);
	free_is(w, 6);
	said(w, "\"guest\"");
	ok(w, "attach web1 pool:one");
	said(w, "0000:01:10.2 is attached");
	ok(w, "pool show one");
	said(w, "absent");
	refused(w, 1, "attach db1 pool:one", "pool one has no free VF");
	said(w, "0000:01:10.2 web1 (domain 3); 0000:01:1f.0 nobody: there is no such device");
	free_is(w, 5);
	pools_dom0_uses(w, "0000:01:10.4", "vf2", true);
	free_is(w, 4);
	said(w, "vf2 is up");
	pools_dom0_uses(w, "0000:01:10.6", "vf3", false);
	free_is(w, 4);
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.6 is attached");
	ok(w, "detach web1 01:10.6 --to-host");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.6"), "igbvf");
}

static void test_bad_pools(void **state)
{
	struct world *w = *state;

	refused(w, 1, "attach web1 pool:nosuch", "no pool is called \"nosuch\"");
	refused(w, 1, "pool define lan pf=01:10.0", "no physical function");
	refused(w, 1, "pool define lan dev=01:00.0", "no virtual function");
	ok(w, "pool define bare pf=0b:00.0");
	said(w, "no PCI device 0000:0b:00.0");
	fake_bus_add(w->bus, "0000:0b:00.0", &(struct fake_dev){ .vendor = 0x8086, .device = 0x10c9,
		.class_code = 0x020000, .driver = "igb", .vfs = 7, .parent = "0000:00:01.0" });
	refused(w, 1, "attach web1 pool:bare", "the PF 0b:00.0 has no VFs");
	said(w, "xlpt vf create 0b:00.0 7");
	fake_bus_rmmod(w->bus, "igb");
	refused(w, 1, "attach web1 pool:bare", "the PF 0b:00.0 has no driver in dom0");
	refused(w, 2, "pool import tests/data/convert/pv-minimal.xml", "not a network's description");
	fake_bus_put(w->bus, XLPT_POOLS_DIR "/torn", "name = torn\npf = ");
	refused(w, 1, "attach web1 pool:torn", "has no value");
	fake_bus_put(w->bus, XLPT_POOLS_DIR "/moved", "name = other\npf = eth0\n");
	refused(w, 1, "attach web1 pool:moved", "defines a pool \"other\"");
	ok(w, "pool list");
	said(w, "bare");
	ok(w, "pool undefine torn");
}

/* The RHEL 7 guide's networks, through our definition and back, mean the same. */
static void test_networks(void **state)
{
	struct world *w = *state;

	ok(w, "pool import tests/data/convert/rhel7-network-pf.xml");
	said(w, "there is no network interface enp3s0f0");
	ok(w, "pool export passthrough --xml");
	assert_string_equal(w->out, "<network>\n  <name>passthrough</name>\n"
				    "  <forward mode='hostdev' managed='yes'>\n"
				    "    <pf dev='enp3s0f0'/>\n  </forward>\n</network>\n");
	ok(w, "pool export passthrough");
	assert_string_equal(w->out, "name = passthrough\npf = enp3s0f0\nmanaged = yes\n");
	fake_bus_remove(w->bus, "0000:04:00.1");
	ok(w, "pool import --name list tests/data/convert/network-address-list.xml");
	ok(w, "pool export list");
	said(w, "name = list\nuuid = 81ff0d90-c91e-6742-64da-4a736edb9a9b\n"
		"device = 0000:04:00.1\ndevice = 0000:04:00.2\ndevice = 0000:04:00.3\n");
	ok(w, "pool export list --xml");
	said(w, "<address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x2'/>");
	said(w, "<portgroup name='engineering' default='yes'>");
	/* A PF has no address there, but the name of its interface. */
	ok(w, "pool define lan pf=01:00.0");
	ok(w, "pool export lan --xml");
	said(w, "<pf dev='enp1s0'/>");
	fake_bus_rmmod(w->bus, "igb");
	refused(w, 1, "pool export lan --xml", "has no network interface");
}

/* managed = yes: hidden for a guest, given back to its driver afterwards, also by reconciling. */
static void test_managed(void **state)
{
	struct world *w = *state;

	pools_dom0_uses(w, "0000:01:10.0", "vf0", false);
	ok(w, "pool define lan pf=01:00.0 managed=yes");
	ok(w, "attach web1 pool:lan pool:lan");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "pciback");
	ok(w, "detach web1 01:10.0");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	pools_iface(w, "0000:01:10.0", "vf0", false);
	ok(w, "attach web1 pool:lan");
	fake_ts_kill(w->ts, 3);
	ok(w, "pool release --gone");
	said(w, "gave 0000:01:10.0 back to pool lan: web1 is gone");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf");
	assert_null(fake_bus_driver_of(w->bus, "0000:01:10.2"));
	ok(w, "pool define lan pf=01:00.0 managed=no");
	free_is(w, 0);
	refused(w, 1, "attach db1 pool:lan", "is not hidden");
	ok(w, "hide 01:10.6");
	ok(w, "attach db1 pool:lan");
	said(w, "0000:01:10.6 is attached");
}

static void put_lease(struct world *w, const char *bdf, const char *guest, const char *boot,
		      const char *more)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", bdf),
			    *text = xlpt_xasprintf("xlpt-lease 1\ndevice %s\npool lan\nguest %s\n"
						   "boot %s\nsince 7\n%s", bdf, guest, boot, more);

	fake_bus_put(w->bus, path, text);
}

#define WEB1 "3 00000000-0000-4000-8000-000000000003 web1"

/* Whatever a kill may leave is given back by the next command, and nothing else is. */
static void test_reconcile(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	/* Killed between lease and device; the guest gone; another boot; another guest of that number. */
	put_lease(w, "0000:01:10.2", WEB1, POOLS_BOOT, "");
	put_lease(w, "0000:01:10.4", "9 00000000-0000-4000-8000-000000000009 old", POOLS_BOOT, "");
	put_lease(w, "0000:01:10.6", WEB1, "another", "until 99999999\n");
	put_lease(w, "0000:01:11.0", "3 00000000-0000-4000-8000-00000000abcd web1", POOLS_BOOT, "");
	put_lease(w, "0000:0c:00.0", WEB1, POOLS_BOOT, "");
	/* Still to come, by somebody else's hand. */
	put_lease(w, "0000:01:11.2", "- 00000000-0000-4000-8000-00000000abce new", POOLS_BOOT,
		  "until 99999999\n");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/.0000:01:11.4.77", "xlpt-lease 1\n");
	ok(w, "pool release --gone --dry-run");
	said(w, "would give 0000:01:10.4 back to pool lan: old is gone");
	ok(w, "pool release --gone");
	said(w, "gave 0000:01:10.2 back to pool lan: web1 does not have it");
	said(w, "gave 0000:01:10.4 back to pool lan: old is gone");
	said(w, "gave 0000:01:10.6 back to pool lan: the host was restarted");
	said(w, "gave 0000:01:11.0 back to pool lan: web1 is gone");
	said(w, "gave 0000:0c:00.0 back to pool lan: the VF is not there any more");
	assert_false(xlpt_host_has(fake_bus_host(w->bus), XLPT_LEASES_DIR "/.0000:01:11.4.77"));
	free_is(w, 5);
	said(w, "new (starting)");
	refused(w, 1, "attach web1 01:11.2", "is leased from pool lan to new (starting)");
	ok(w, "pool release 01:11.2");
	free_is(w, 6);
}

/* Not a lease that can be read: warned of, not given out, and not in the way of the rest. */
static void test_damaged_lease(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.0", "");
	ok(w, "attach web1 pool:lan");
	said(w, "is not a lease that this xlpt can read");
	said(w, "0000:01:10.2 is attached");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.4", "xlpt-lease 1\ndevice 0000:01:10.6\n");
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.6 is attached");
	free_is(w, 3);
	ok(w, "pool release 01:10.0 01:10.4");
	free_is(w, 5);
}

/* A guest that restarts has another number and the same VF: the lease follows it. */
static void test_restarted_guest(void **state)
{
	struct world *w = *state;
	struct xlpt_spec spec;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	fake_ts_kill(w->ts, 3);
	snprintf(fake_ts_guest(w->ts, 9, "web1", XLPT_GUEST_PV)->uuid, 37,
		 "00000000-0000-4000-8000-000000000003");
	assert_int_equal(xlpt_spec_parse("01:10.0", &spec, NULL), 0);
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 9, &spec, NULL), 0);
	ok(w, "pool release --gone");
	said(w, "nothing to give back");
	ok(w, "pool show lan");
	said(w, "web1 (domain 9)");
}

/* ---- xlpt start ---- */

static void test_start(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	const char *cfg = pools_config("# a guest\nname = \"app1\"\ntype='pv' # PV\nmemory=256\n"
				       "pci = [ 'pool:lan', # first\n\t\"0000:05:00.0,power_mgmt=1\",\n"
				       "\t\"pool:lan,power_mgmt=0\" ]\n");

	ok(w, "pool define lan pf=01:00.0");
	before = pools_snapshot(w);
	world_run(w, "start --dry-run %s", cfg);
	said(w, "would lease 0000:01:10.0 from pool lan to app1");
	said(w, "would lease 0000:01:10.2 from pool lan to app1");
	said(w, "would create app1 with xl");
	after = pools_snapshot(w);
	assert_string_equal(before, after);
	if (world_run(w, "start %s", cfg))
		fail_msg("start: %s", w->err);
	said(w, "0000:05:00.0 is attached to app1 (domain 20) as 0000:00:0");
	said(w, "0000:01:10.2 is attached to app1 (domain 20) as ");
	ok(w, "pool show lan");
	said(w, "app1 (domain 20)");
	free_is(w, 5);
	assert_int_equal(world_run(w, "start %s", cfg), 1);
	said(w, "a guest called app1 runs already");
	ok(w, "detach app1 01:10.2");
	free_is(w, 6);
	fake_ts_kill(w->ts, 20);
	free_is(w, 7);
}

static void test_start_numa(void **state)
{
	static const struct {
		const char *cpus, *gives;
	} cases[] = {
		{ "cpus = \"node:1\"", "0000:0a:10.0" }, { "cpus = '4-7'", "0000:0a:10.0" },
		{ "cpus = [ '0', '1' ]", "0000:01:10.0" }, { "cpus = [ '5', '6' ]", "0000:0a:10.0" },
		{ "cpus = 'all'", "0000:01:10.0" },	   { "cpus = '4-7,^5'", "0000:01:10.0" },
		{ "cpus = 'nodes:0-1'", "0000:01:10.0" },  { "", "0000:01:10.0" },
	};
	struct world *w = *state;

	pools_second_pf(w);
	ok(w, "pool define lan pf=01:00.0 pf=0a:00.0 policy=numa");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xlpt_xasprintf("name = 'app1'\n%s\npci = [ 'pool:lan' ]\n",
							   cases[i].cpus);

		assert_int_equal(world_run(w, "start --dry-run %s", pools_config(text)), 0);
		said(w, cases[i].gives);
	}
}

/* This VF and no other, and leased all the same. */
static void test_start_exact(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = \"app1\"\nmemory=256\n"
				       "pci = [ \"pool:lan\", '01:10.4,pool=lan', \"01:10.0,pool=lan\" ]\n");

	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_string_equal(w->out, "name = \"app1\"\nmemory=256\n"
				    "pci = [ \"0000:01:10.2\", \"0000:01:10.4\", \"0000:01:10.0\" ]\n"
				    "uuid = \"" POOLS_UUID "\"\n");
	free_is(w, 4);
	refused(w, 1, "attach web1 01:10.4,pool=lan", "0000:01:10.4 of pool lan is not free");
	said(w, "it is taken: app1 (starting)");
	ok(w, "attach web1 01:10.6,pool=lan");
	free_is(w, 3);
	refused(w, 1, "attach web1 01:10.6,pool=lan", "is not free");
}

static void test_start_print(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = \"app1\"\nmemory=256\n"
				       "pci = [ 'pool:lan', # first\n\t\"0000:05:00.0,power_mgmt=1\" ]");

	ok(w, "pool define lan pf=01:00.0");
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_string_equal(w->out, "name = \"app1\"\nmemory=256\n"
				    "pci = [ \"0000:01:10.0\", # first\n\t\"0000:05:00.0,power_mgmt=1\" ]\n"
				    "uuid = \"" POOLS_UUID "\"\n");
	assert_string_equal(fake_bus_driver_of(w->bus, "0000:01:10.0"), "pciback");
	free_is(w, 6);
	said(w, "app1 (starting)");
	/* Whoever prints and never creates: the lease ends by itself. */
	w->clock.clock.sleep_ms(&w->clock.clock, 130000);
	free_is(w, 7);
	/* Whoever creates: it becomes the guest's. */
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_int_equal(fake_ts_get(w->ts)->ops->guest_create(fake_ts_get(w->ts), w->out,
							       strlen(w->out), NULL), 0);
	w->clock.clock.sleep_ms(&w->clock.clock, 130000);
	free_is(w, 6);
	said(w, "app1 (domain 20)");
}

static void test_start_wrong(void **state)
{
	static const struct {
		const char *cfg;
		int status;
		const char *says;
	} cases[] = {
		{ "memory=1\npci=['pool:lan']\n", 2, "no name" },
		{ "name='a'\npci='pool:lan'\n", 2, "pci is a list" },
		{ "name='a'\npci=['pool:lan', [ 'x' ]]\n", 2, "a string, not a list" },
		{ "name='a'\npci=['0000:05:00.0',\n 'pool:lan,colour=red']\n", 2, "unknown key \"colour\"" },
		{ "name='a'\npci=['01:00']\n", 2, "" },
		{ "name='a'\nuuid='banana'\npci=['pool:lan']\n", 2, "is no UUID" },
		{ "name='a'\npci=['pool:lan'\n", 2, "" },
		{ "name='a'\npci=['pool:nosuch']\n", 1, "no pool is called" },
		{ "name='a'\npci=['02:00.0']\n", 1, "not hidden" },
		{ "name='a'\npci=['00:1f.2,seize=1']\n", 3, "this host needs" },
		{ "name='a'\ntype='pvh'\npci=['pool:lan']\n", 1, "PVH" },
		{ "name='a'\npci=['05:00.0', '05:00.0']\n", 2, "named twice" },
		{ "name='web1'\npci=['pool:lan']\n", 1, "runs already" },
		{ "name='a'\nuuid='00000000-0000-4000-8000-000000000003'\npci=['pool:lan']\n", 1,
		  "with the UUID" },
		{ "name='a'\npci=['pool:lan','pool:lan','pool:lan','pool:lan','pool:lan','pool:lan',"
		  "'pool:lan','pool:lan']\n", 1, "pool lan has no free VF: all 7 are taken" },
	};
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *line = xlpt_xasprintf("start %s", pools_config(cases[i].cfg));
		_cleanup_free_ char *before = pools_snapshot(w), *after = NULL;
		int status = world_run(w, "%s", line);

		after = pools_snapshot(w);
		if (status != cases[i].status || !strstr(w->err, cases[i].says))
			fail_msg("case %zu: exit %d: %s", i, status, w->err);
		assert_string_equal(before, after);
	}
	refused(w, 1, "start /no/such/file.cfg", "cannot open");
}

/* A guest whose kernel does not know its PCI frontend: no guest, and everything back. */
static void test_start_deaf(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;
	const char *cfg = pools_config("name = \"app1\"\npci = [ 'pool:lan', '02:00.0,seize=1' ]\n");

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "hide 01:10.0 02:00.0");
	ok(w, "unhide 01:10.0 02:00.0");
	fake_ts_boot(w->ts, &(struct fake_pcifront_opts){ .absent = true });
	before = pools_snapshot(w);
	assert_int_equal(world_run(w, "start --timeout 5 %s", cfg), 1);
	said(w, "did not connect to");
	after = pools_snapshot(w);
	assert_string_equal(before, after);
	assert_int_equal(world_run(w, "start --no-wait %s", cfg), 0);
	free_is(w, 6);
}

/* ---- a VF's identity ---- */

static void vf_is(struct world *w, const char *want)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	if (!strstr(now, want))
		fail_msg("not \"%s\" but %s", want, now);
}

#define MAC "52:54:00:6d:90:02"
#define HAD "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100"

/* From the command, from the pool, from the configuration; and back whichever way it ends. */
static void test_identity(void **state)
{
	struct world *w = *state;
	const char *cfg = pools_config("name = \"app1\"\npci = [ 'pool:lan,mac=" MAC "' ]\n");

	ok(w, "pool define lan pf=01:00.0 vlan=42");
	ok(w, "attach web1 pool:lan,mac=" MAC);
	vf_is(w, "enp1s0 vf 0 mac " MAC " vlan 42:0:8100");
	ok(w, "detach web1 01:10.0");
	vf_is(w, HAD);
	ok(w, "attach web1 pool:lan,vlan=7");
	vf_is(w, "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 7:0:8100");
	fake_ts_kill(w->ts, 3);
	ok(w, "pool release --gone");
	vf_is(w, HAD);
	assert_int_equal(world_run(w, "start %s", cfg), 0);
	vf_is(w, "enp1s0 vf 0 mac " MAC " vlan 42:0:8100");
	fake_ts_kill(w->ts, 20);
	ok(w, "pool list");
	vf_is(w, HAD);
	fake_ts_boot(w->ts, &(struct fake_pcifront_opts){ .absent = true });
	assert_int_equal(world_run(w, "start --timeout 2 %s", cfg), 1);
	vf_is(w, HAD);
	assert_int_equal(world_run(w, "start --print %s", cfg), 0);
	assert_null(strstr(w->out, "mac"));
	ok(w, "repair");
	vf_is(w, "enp1s0 vf 0 mac " MAC " vlan 42:0:8100");
	ok(w, "pool release 01:10.0");
	vf_is(w, HAD);
	free_is(w, 7);
}

/* ---- everything fails once ---- */

static void rtnl(struct world *w, unsigned nth)
{
	fake_rtnl_fail(w->rtnl, nth, EIO);
}

static void bus_write(struct world *w, unsigned nth)
{
	fake_bus_fail_write(w->bus, nth, EIO);
}

static void store_write(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_WRITE, nth, EIO);
}

static void store_read(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_READ, nth, EIO);
}

static void store_rm(struct world *w, unsigned nth)
{
	fake_store_fail(w->store, FAKE_STORE_RM, nth, EIO);
}

static void add_nodes(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NODES);
}

static void add_note(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_ADD, nth, FAKE_TS_AFTER_NOTE);
}

static void create_at_once(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AT_ONCE);
}

static void create_half(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AFTER_ASSIGN);
}

static void create_late(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_CREATE, nth, FAKE_TS_AFTER_NODES);
}

static void quarantine(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_QUARANTINE, nth, FAKE_TS_AT_ONCE);
}

static void hyp(struct world *w, unsigned nth)
{
	fake_ts_fail(w->ts, FAKE_TS_HYP, nth, FAKE_TS_AT_ONCE);
}

static void (*const injections[])(struct world *w, unsigned nth) = {
	bus_write, store_write, store_read, store_rm, add_nodes, add_note, create_at_once, create_half,
	create_late, quarantine, hyp, rtnl,
};

static void no_more(struct world *w)
{
	fake_rtnl_fail(w->rtnl, 0, 0);
	fake_bus_fail_write(w->bus, 0, 0);
	for (int op = 0; op < FAKE_STORE_N_OPS; op++)
		fake_store_fail(w->store, op, 0, 0);
	for (int op = 0; op < FAKE_TS_N_OPS; op++)
		fake_ts_fail(w->ts, op, 0, FAKE_TS_AT_ONCE);
}

/* Returns whether the injected failure was met. */
static bool try_one(const char *prepare, const char *command, bool undoes, size_t inj, unsigned nth)
{
	struct world *w = pools_world();
	_cleanup_free_ char *before = NULL, *after = NULL;
	int status;

	ok(w, "pool define lan pf=01:00.0");
	if (*prepare)
		ok(w, prepare);
	before = pools_snapshot(w);
	injections[inj](w, nth);
	status = world_run(w, "%s", command);
	no_more(w);
	if (status == 5 && world_run(w, "repair"))
		fail_msg("%s, injection %zu %u: repair failed: %s", command, inj, nth, w->err);
	if (status == 5)
		ok(w, "pool release --gone");
	after = pools_snapshot(w);
	if (status && undoes && strcmp(before, after) != 0) {
		fprintf(stderr, "BEFORE\n%s\nAFTER\n%s\n%s", before, after, w->err);
		fail_msg("%s, injection %zu %u: exit %d, the host is not where it began", command, inj,
			 nth, status);
	}
	if (status && world_run(w, "%s", command) && !strstr(w->err, "does not have"))
		fail_msg("%s, injection %zu %u: again: %s", command, inj, nth, w->err);
	if (!undoes)
		free_is(w, 7);
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	_cleanup_free_ char *start = xlpt_xasprintf("start %s", pools_config(
		"name = \"app1\"\npci = [ 'pool:lan,mac=" MAC "', '02:00.0,seize=1', 'pool:lan' ]\n"));
	const struct {
		const char *prepare, *command;
		bool undoes;
	} scenes[] = {
		{ "", "attach web1 pool:lan pool:lan,mac=" MAC ",vlan=9", true },
		{ "", start, true },
		{ "attach web1 pool:lan", "detach web1 01:10.0", false },
	};
	unsigned met = 0;

	(void)state;
	for (size_t s = 0; s < XLPT_ARRAY_SIZE(scenes); s++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(injections); i++)
			for (unsigned nth = 1 + world_skip(s + i), miss = 0; nth < 400 && miss < world_misses();
			     nth += world_stride()) {
				bool hit = try_one(scenes[s].prepare, scenes[s].command,
						   scenes[s].undoes, i, nth);

				met += hit;
				miss = hit ? 0 : miss + 1;
			}
	print_message("%u failures met and undone\n", met);
	assert_true(world_stride() > 1 || met > 60);
}

/* ---- 64 processes, one pool of 32 ---- */

#define PROCESSES 64

/* In the child: allocates, tells how it went, and holds the VF until it is told to end. */
static int one_process(struct world *w, unsigned k, int tell, int until)
{
	struct xlpt_env env = { .out = stdout, .err = stderr, .clock = &xlpt_clock_real,
				.host = fake_bus_host(w->bus), .store = fake_store_get(w->store),
				.ts = fake_ts_get(w->ts) };
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_op_ struct xlpt_op op;
	struct xlpt_bdf bdf = { 0 };
	unsigned char answer[1 + sizeof(bdf)] = { 0 };
	int rc;

	xlpt_op_init(&op, &env);
	op.guest.domid = 1000 + k;
	op.guest.name = xlpt_xasprintf("guest%u", k);
	snprintf(op.guest.uuid, sizeof(op.guest.uuid), "00000000-0000-4000-8000-%012u", 1000 + k);
	rc = xlpt_pool_allocate(&op, "lan", NULL, &bdf, &def, NULL);
	answer[0] = (unsigned char)-rc;
	/* Without what pads the structure. */
	memcpy(answer + 1, &bdf, offsetof(struct xlpt_bdf, func) + sizeof(bdf.func));
	if (write(tell, answer, sizeof(answer)) != sizeof(answer) || read(until, answer, 1) < 0)
		return 1;
	return 0;
}

static void test_64_processes(void **state)
{
	struct world *w = *state;
	/* valgrind runs one thread of all at a time: the point is the same with fewer. */
	int processes = world_stride() > 1 ? 8 : PROCESSES, vfs = processes / 2;
	_cleanup_free_ char *free_again = xlpt_xasprintf("\"free\": %d,", vfs);
	struct xlpt_bdf got[PROCESSES];
	int tell[2], until[2], n = 0, full = 0, status;
	pid_t pids[PROCESSES];

	fake_bus_add(w->bus, "0000:0b:00.0", &(struct fake_dev){ .vendor = 0x8086, .device = 0x10c9,
		.class_code = 0x020000, .driver = "igb", .vfs = 63, .parent = "0000:00:01.0" });
	for (unsigned i = 0; i < (unsigned)vfs; i++) {
		_cleanup_free_ char *bdf = xlpt_xasprintf("0000:01:%02x.%u", 0x14 + i / 8, i % 8);

		fake_bus_add(w->bus, bdf, &(struct fake_dev){ .vendor = 0x8086, .device = 0x10ca,
			.class_code = 0x020000, .pf = "0000:0b:00.0", .parent = "0000:00:01.0" });
	}
	pools_list_pool(w, "lan", 0x14, (unsigned)vfs);
	assert_int_equal(pipe(tell) | pipe(until), 0);
	for (unsigned k = 0; k < (unsigned)processes; k++) {
		pids[k] = fork();
		assert_true(pids[k] >= 0);
		if (pids[k] == 0) {
			close(until[1]);
			_exit(one_process(w, k, tell[1], until[0]));
		}
	}
	for (int k = 0; k < processes; k++) {
		unsigned char answer[1 + sizeof(struct xlpt_bdf)];

		assert_int_equal(read(tell[0], answer, sizeof(answer)), sizeof(answer));
		if (answer[0] == (unsigned char)-XLPT_ERR_FULL) {
			full++;
			continue;
		}
		assert_int_equal(answer[0], 0);
		got[n] = (struct xlpt_bdf){ 0 };
		memcpy(&got[n], answer + 1, sizeof(got[n]));
		for (int i = 0; i < n; i++)
			assert_false(xlpt_bdf_eq(got[i], got[n]));
		n++;
	}
	assert_int_equal(n, vfs);
	assert_int_equal(full, processes - vfs);
	close(until[1]);
	for (int k = 0; k < processes; k++) {
		assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		if (i == 0)
			close(until[0]);
	}
	print_message("%d of %d processes got a VF, %d were told that the pool is full\n", n, processes,
		      full);
	/* All have ended without a guest: the pool is full again. */
	ok(w, "pool show lan --json");
	said(w, free_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_and_spread, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_numa, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_outside, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_bad_pools, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_networks, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_managed, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reconcile, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_lease, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restarted_guest, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_numa, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_exact, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_print, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_wrong, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start_deaf, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_64_processes, setup, world_teardown),
		cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
