/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools and leases on the fake host: what is given out, to whom, and given back when. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/file.h"
#include "tests/unit/pooling.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/pool/pools.h"

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
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 4, &spec, NULL),
			 0);
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

/* A driver that is loaded when the VFs are there takes those that are not hidden. */
static void test_driver_comes(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "hide 01:10.2");
	fake_bus_driver(w->bus, "igbvf", "8086:10ca");
	free_is(w, 1);
	said(w, "this host (driver igbvf)");
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.2 is attached");
	refused(w, 1, "attach --hide db1 pool:lan", "xlpt hide 0000:01:10.0 frees one");
	ok(w, "hide 01:10.0");
	ok(w, "attach db1 pool:lan");
	said(w, "0000:01:10.0 is attached");
}

/*
 * Another tool makes a VF anew while a guest has it, as drivers let it that do not ask pciback (igb
 * does): what the guest had is gone, and told.
 */
static void test_made_anew(void **state)
{
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0 vlan=42");
	ok(w, "attach --hide web1 pool:lan");
	fake_bus_remove(w->bus, "0000:01:10.0");
	fake_pciback_unseize(w->pciback, B("01:10.0"));
	fake_ts_gone(w->ts, B("01:10.0"));
	answers(w, 0, "status", "this host has it no more: xlpt detach web1 0000:01:10.0");
	fake_bus_add(w->bus, "0000:01:10.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .pf = "0000:01:00.0",
					 .parent = "0000:00:01.0" });
	answers(w, 0, "status",
		"this host has it again, driver none: xlpt detach web1 0000:01:10.0");
	ok(w, "attach --hide db1 pool:lan");
	said(w, "0000:01:10.2 is attached");
	ok(w, "detach web1 01:10.0");
	ok(w, "attach --hide web1 pool:lan");
	said(w, "0000:01:10.0 is attached");
	said(w, "vlan=42");
}

static void test_bad_pools(void **state)
{
	struct world *w = *state;

	refused(w, 1, "attach web1 pool:nosuch", "no pool is called \"nosuch\"");
	refused(w, 1, "pool define lan pf=01:10.0", "no physical function");
	refused(w, 1, "pool define lan dev=01:00.0", "no virtual function");
	ok(w, "pool define bare pf=0b:00.0");
	said(w, "no PCI device 0000:0b:00.0");
	fake_bus_add(w->bus, "0000:0b:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .parent = "0000:00:01.0" });
	refused(w, 1, "attach web1 pool:bare", "the PF 0b:00.0 has no VFs");
	said(w, "xlpt vf create 0b:00.0 7");
	fake_bus_rmmod(w->bus, "igb");
	refused(w, 1, "attach web1 pool:bare", "the PF 0b:00.0 has no driver in dom0");
	refused(w, 2, "pool import tests/data/convert/pv-minimal.xml",
		"not a network's description");
	fake_bus_put(w->bus, XLPT_POOLS_DIR "/torn", "name = torn\npf = ");
	refused(w, 1, "attach web1 pool:torn", "has no value");
	fake_bus_put(w->bus, XLPT_POOLS_DIR "/moved", "name = other\npf = eth0\n");
	refused(w, 1, "attach web1 pool:moved", "defines a pool \"other\"");
	answers(w, 1, "pool list", "pf has no value");
	said(w, "bare");
	ok(w, "pool undefine torn");
}

/* A card that is numbered anew, or whose interface has another name, is the same card. */
static void test_pinned(void **state)
{
	struct world *w = *state;

	refused(w, 2, "pool define lan pf=pin:a/b",
		"no interface's name, no PCI address and no pin");
	ok(w, "pool define lan pf=pin:card");
	said(w, "no pin is called");
	refused(w, 1, "attach web1 pool:lan", "no pin is called");
	ok(w, "pin card 01:00.0");
	free_is(w, 7);
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.0 is attached");
	ok(w, "pool export lan");
	assert_string_equal(w->out, "name = lan\npf = pin:card\n");
	ok(w, "pool export lan --xml");
	said(w, "<pf dev='enp1s0'/>");
	ok(w, "pin remove card");
	refused(w, 1, "pool export lan --xml", "no pin is called");
	ok(w, "pool show lan");
	said(w, "0 of 0 VFs free");
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
	said(w, "xlpt hide 0000:01:10.2 frees one");
	ok(w, "hide 01:10.6");
	ok(w, "attach db1 pool:lan");
	said(w, "0000:01:10.6 is attached");
}

static void put_lease(struct world *w, const char *bdf, const char *guest, const char *boot,
		      const char *more)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", bdf),
			    *text = xlpt_xasprintf("xlpt-lease 1\ndevice %s\npool lan\nguest %s\n"
						   "boot %s\nsince 7\n%s",
						   bdf, guest, boot, more);

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
	said(w, "would give 0000:01:10.2 back to pool lan: web1 does not have it");
	ok(w, "pool release --gone");
	said(w, "gave 0000:01:10.2 back to pool lan: web1 does not have it");
	said(w, "gave 0000:01:10.6 back to pool lan: the host was restarted");
	said(w, "gave 0000:0c:00.0 back to pool lan: the VF is not there any more");
	/* Of guests that nothing is known of: they may restart just now. */
	ok(w, "pool show lan");
	said(w, "old restarting");
	w->clock.clock.sleep_ms(&w->clock.clock, 121000);
	ok(w, "pool release --gone --dry-run");
	said(w, "would give 0000:01:10.4 back to pool lan: old is gone");
	ok(w, "pool release --gone");
	said(w, "gave 0000:01:10.4 back to pool lan: old is gone");
	said(w, "gave 0000:01:11.0 back to pool lan: web1 is gone");
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
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.4",
		     "xlpt-lease 1\ndevice 0000:01:10.6\n");
	ok(w, "attach web1 pool:lan");
	said(w, "0000:01:10.6 is attached");
	free_is(w, 3);
	ok(w, "pool release 01:10.0 01:10.4");
	free_is(w, 5);
	/* The backend says who has it. */
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.2", "");
	answers(w, 1, "pool release 01:10.2", "0000:01:10.2 is with web1 (domain 3)");
	said(w, "to mend: xlpt detach web1 0000:01:10.2");
	fake_ts_down(w->ts, 3);
	answers(w, 1, "pool release 01:10.2", "to mend: xl destroy web1");
}

/* A command reads the leases several times, and tells once of each that cannot be read. */
static void test_damaged_told_once(void **state)
{
	static const char *const commands[] = { "status", "list", "repair --dry-run", "pool list",
						"attach --dry-run web1 pool:lan" };
	static const char mark[] = "/0000:01:10.0 is not a lease that this xlpt can read";
	struct world *w = *state;

	ok(w, "pool define lan pf=01:00.0");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.0", "");
	fake_bus_put(w->bus, XLPT_LEASES_DIR "/0000:01:10.4", "");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(commands); i++) {
		const char *first;

		world_run(w, "%s", commands[i]);
		first = strstr(w->err, mark);
		assert_non_null(first);
		assert_null(strstr(first + 1, mark));
		said(w, "/0000:01:10.4 is not a lease that this xlpt can read");
	}
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
	assert_int_equal(fake_ts_get(w->ts)->ops->device_add(fake_ts_get(w->ts), 9, &spec, NULL),
			 0);
	ok(w, "pool release --gone");
	said(w, "nothing to give back");
	ok(w, "pool show lan");
	said(w, "web1 (domain 9)");
}

/* ---- a VF's identity ---- */

static void vf_is(struct world *w, const char *want)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	if (!strstr(now, want))
		fail_msg("not \"%s\" but %s", want, now);
}

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
	vf_is(w, "enp1s0 vf 0 mac 00:16:3e:75:1e:89 vlan 7:0:8100");
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

/* Two attaches to one guest at once: the other one has its VF and its address, and the VF not yet. */
static void test_addresses_differ(void **state)
{
	static const char path[] = XLPT_LEASES_DIR "/0000:01:10.2";
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_str_ struct xlpt_str text = { 0 };
	int fd;

	ok(w, "pool define lan pf=01:00.0");
	ok(w, "attach web1 pool:lan");
	vf_is(w, "enp1s0 vf 0 mac 00:16:3e:75:1e:89 ");
	assert_int_equal(xlpt_file_read(h, XLPT_LEASES_DIR "/0000:01:10.0", 4096, &text), 0);
	strstr(text.s, "01:10.0")[6] = '2';
	assert_non_null(strstr(text.s, "\nmac 00:16:3e:75:1e:89\n"));
	ok(w, "detach web1 01:10.0");
	fake_bus_put(w->bus, path, text.s);
	fd = h->ops->open(h, path, O_RDONLY, 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	ok(w, "attach web1 pool:lan");
	close(fd);
	assert_null(strstr(w->out, "mac=00:16:3e:75:1e:89"));
	said(w, "0000:01:10.0 is attached to web1 (domain 3)");
}

/* ---- 64 processes, one pool of 32 ---- */

#define PROCESSES 64
#define UUID	  "00000000-0000-4000-8000-%012u"

/* In the child: allocates, tells how it went, and holds the VF until it is told to end. */
static int one_process(struct world *w, unsigned k, int tell, int until)
{
	struct xlpt_env env = { .out = stdout,
				.err = stderr,
				.clock = &xlpt_clock_real,
				.host = fake_bus_host(w->bus),
				.store = fake_store_get(w->store),
				.ts = fake_ts_get(w->ts) };
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_op_ struct xlpt_op op;
	struct xlpt_bdf bdf = { 0 };
	unsigned char answer[1 + sizeof(bdf)] = { 0 };
	int rc;

	xlpt_op_init(&op, &env);
	op.guest.domid = 1000 + k;
	op.guest.name = xlpt_xasprintf("guest%u", k);
	snprintf(op.guest.uuid, sizeof(op.guest.uuid), UUID, 1000 + k);
	rc = xlpt_pool_allocate(&op, &(struct xlpt_lease_terms){ 0 }, "lan", NULL, &bdf, &def,
				NULL);
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

	fake_bus_add(w->bus, "0000:0b:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 63,
					 .parent = "0000:00:01.0" });
	for (unsigned i = 0; i < (unsigned)vfs; i++) {
		_cleanup_free_ char *bdf = xlpt_xasprintf("0000:01:%02x.%u", 0x14 + i / 8, i % 8);

		fake_bus_add(w->bus, bdf,
			     &(struct fake_dev){ .vendor = 0x8086,
						 .device = 0x10ca,
						 .class_code = 0x020000,
						 .pf = "0000:0b:00.0",
						 .parent = "0000:00:01.0" });
	}
	pools_list_pool(w, "lan", 0x14, (unsigned)vfs);
	assert_int_equal(pipe(tell) | pipe(until), 0);
	for (unsigned k = 0; k < (unsigned)processes; k++) {
		_cleanup_free_ char *name = xlpt_xasprintf("guest%u", k);

		snprintf(fake_ts_guest(w->ts, 1000 + k, name, XLPT_GUEST_PV)->uuid, 37, UUID,
			 1000 + k);
	}
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
	print_message("%d of %d processes got a VF, %d were told that the pool is full\n", n,
		      processes, full);
	/* All have ended without a guest: the pool is full again. */
	ok(w, "pool show lan --json");
	said(w, free_again);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_and_spread, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_numa, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_outside, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_driver_comes, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_made_anew, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_bad_pools, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_pinned, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_networks, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_managed, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reconcile, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_lease, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_told_once, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restarted_guest, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_addresses_differ, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_64_processes, setup, world_teardown),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
