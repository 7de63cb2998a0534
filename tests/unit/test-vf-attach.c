/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach with a VF's identity, and everything that ends it: detach, a failure at every point, a guest
 * that was destroyed, an xlpt that was killed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <linux/if_link.h>

#include "tests/unit/commands.h"

#define ID   "mac=52:54:00:6d:90:02,vlan=42"
#define HAS  "enp1s0 vf 0 mac 52:54:00:6d:90:02 vlan 42:0:8100 spoofchk 1"
#define HAD  "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100 spoofchk 1"
#define NOTE "/libxl/pci/0000-01-10-0/xlpt-vf"

static void vf_is(struct world *w, const char *want)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	if (!strstr(now, want))
		fail_msg("not \"%s\" but %s", want, now);
}

/* The identity is there when libxl is asked to add the device: a probe reads the MAC once. */
static int64_t mac_when_added = -1;
static struct world *watched;

static void on_nodes(void *arg)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(watched->rtnl);

	(void)arg;
	if (mac_when_added < 0 &&
	    fake_store_peek(watched->store, "/local/domain/0/backend/pci/3/0/dev-0"))
		mac_when_added = strstr(now, HAS) != NULL;
}

static void test_attach_detach(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "hide 01:10.0");
	before = world_snapshot(w);
	watched = w;
	fake_store_listen(w->store, "/local/domain/0/backend/pci", on_nodes, &watched);
	ok(w, "attach web1 01:10.0," ID);
	fake_store_unlisten(w->store, &watched);
	assert_int_equal(mac_when_added, 1);
	vf_is(w, HAS);
	assert_string_equal(fake_store_peek(w->store, NOTE), "\tmac=00:00:00:00:00:00\tvlan=0");
	ok(w, "detach web1 01:10.0");
	vf_is(w, HAD);
	after = world_snapshot(w);
	assert_string_equal(before, after);
	ok(w, "unhide 01:10.0");
}

static void test_every_key(void **state)
{
	struct world *w = *state;

	fake_rtnl_features(w->rtnl, "enp1s0",
			   FAKE_RTNL_LINK_STATE | FAKE_RTNL_8021AD | FAKE_RTNL_MIN_RATE);
	ok(w, "attach --hide web1 01:10.0,vlan=7:3:802.1ad,trust=on,spoofchk=off,link=enable,"
	      "min_rate=10,max_rate=100");
	vf_is(w, "vlan 7:3:88a8 spoofchk 0 trust 1 link 1 rate 10-100");
	ok(w, "detach --to-host web1 01:10.0");
	vf_is(w, HAD " trust 0 link 0 rate 0-0");
}

/* What was there before need not be nothing. */
static void test_old_values(void **state)
{
	struct world *w = *state;

	ok(w, "vf set 01:10.0 mac=52:54:00:00:00:77 vlan=5:2 spoofchk=off");
	ok(w, "attach --hide web1 01:10.0," ID);
	vf_is(w, "mac 52:54:00:6d:90:02 vlan 42:0:8100 spoofchk 0");
	ok(w, "detach --to-host web1 01:10.0");
	vf_is(w, "mac 52:54:00:00:00:77 vlan 5:2:8100 spoofchk 0");
}

static void test_dry_run(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = world_snapshot(w), *after = NULL;

	ok(w, "attach --dry-run --hide web1 01:10.0," ID);
	assert_non_null(strstr(w->out, "would remember what 0000:01:10.0 has: "
				       "mac=00:00:00:00:00:00 vlan=0\n"
				       "would set mac=52:54:00:6d:90:02 vlan=42 on 0000:01:10.0\n"
				       "would add 0000:01:10.0 to web1\n"));
	after = world_snapshot(w);
	assert_string_equal(before, after);
}

static void test_refusals(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	ok(w, "hide 02:00.0");
	refused(w, 1, "attach web1 02:00.0,vlan=42", "0000:02:00.0 is not a virtual function");
	refused(w, 2, "attach web1 01:10.0,vlan=4095", "VLAN 4095 is over 4094");
	refused(w, 2, "attach web1 01:10.0,mac=01:00:5e:00:00:01", "multicast");
	refused(w, 1, "attach web1 01:10.0,mac=52:54:00:00:00:10", "used on enp1s0 already");
	assert_non_null(strstr(w->err, "it is enp1s0's own"));
	refused(w, 2, "hide 01:10.0,vlan=42", "unexpected text");
	/* The driver says no: told with its words, and nothing is left. */
	refused(w, 1, "attach web1 01:10.0,vlan=42,link=enable",
		"enp1s0 refuses link=enable for its VF 0");
	fake_rtnl_words(w->rtnl, "Rate is above the link's");
	refused(w, 1, "attach web1 01:10.0,max_rate=5000", "Rate is above the link's");
	fake_rtnl_features(w->rtnl, "enp1s0", FAKE_RTNL_NO_TRUST);
	refused(w, 1, "attach web1 01:10.0,trust=on", "does not know trust");
	/* It says yes and does nothing: exit 0 means true. */
	fake_rtnl_features(w->rtnl, "enp1s0", FAKE_RTNL_DEAF);
	refused(w, 1, "attach web1 01:10.0,vlan=42", "the VLAN of VF 0 of enp1s0 did not become");
	fake_rtnl_features(w->rtnl, "enp1s0", 0);
	/* A PF where a VF is needed; before, its VFs would speak against taking it. */
	ok(w, "unhide 01:10.0");
	ok(w, "vf remove enp1s0");
	refused(w, 1, "attach web1 --force-host-device 01:00.0 --hide 01:00.0,vlan=42",
		"0000:01:00.0 is not a virtual function");
	assert_non_null(strstr(w->err, "it is a physical function itself"));
	ok(w, "vf create enp1s0 1");
	/* Without its interface nobody can set anything. */
	fake_bus_rmmod(w->bus, "igb");
	refused(w, 1, "attach --hide web1 01:10.0,vlan=42",
		"the physical function 0000:01:00.0 has no driver");
}

static void test_pf_down(void **state)
{
	struct world *w = *state;

	fake_bus_put(w->bus, "/sys/class/net/enp1s0/flags", "0x1002\n");
	fake_rtnl_up(w->rtnl, "enp1s0", false);
	ok(w, "attach --hide web1 01:10.0," ID);
	assert_non_null(strstr(w->err, "is down"));
	assert_non_null(strstr(w->err, "to mend: ip link set enp1s0 up"));
	ok(w, "detach --to-host web1 01:10.0");
	fake_bus_put(w->bus, "/sys/class/net/enp1s0/flags", "0x1003\n");
	ok(w, "attach --hide web1 01:10.0");
	assert_null(strstr(w->err, "is down"));
}

/* xl destroy: nobody restores anything. The next to look does. */
static void test_guest_destroyed(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	ok(w, "attach web1 01:10.0," ID);
	fake_ts_kill(w->ts, 3);
	vf_is(w, HAS);
	ok(w, "repair --dry-run");
	assert_non_null(strstr(w->out, "would give 0000:01:10.0 back the identity"));
	ok(w, "repair");
	vf_is(w, HAD);
	assert_null(fake_store_peek(w->store, NOTE));
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

/* The next guest must not come into the VLAN of the one before. */
static void test_next_guest(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	ok(w, "attach web1 01:10.0," ID ",spoofchk=off");
	fake_ts_kill(w->ts, 3);
	ok(w, "attach db1 01:10.0,mac=52:54:00:6d:90:03");
	vf_is(w, "mac 52:54:00:6d:90:03 vlan 0:0:8100 spoofchk 1");
	ok(w, "detach db1 01:10.0");
	vf_is(w, HAD);
	ok(w, "attach db1 01:10.0," ID);
	fake_ts_kill(w->ts, 4);
	ok(w, "attach win1 01:10.0");
	vf_is(w, HAD);
	assert_null(fake_store_peek(w->store, NOTE));
	ok(w, "detach win1 01:10.0");
	ok(w, "attach win1 01:10.0," ID);
	fake_ts_kill(w->ts, 5);
	ok(w, "unhide 01:10.0");
	vf_is(w, HAD);
}

/* Killed between the note and the guest. */
static void test_interrupted(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	fake_store_set(w->store, "\tmac=00:00:00:00:00:00\tvlan=0", NOTE);
	ok(w, "vf set 01:10.0 mac=52:54:00:6d:90:02 vlan=42");
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop attach\nguest 3 - web1\n"
		     "device 0000:01:10.0 keep none\nbegin set mac on 0000:01:10.0\n");
	ok(w, "repair");
	vf_is(w, HAD);
	assert_null(fake_store_peek(w->store, NOTE));
}

/* Cut short before the profile was asked for, on a host that knows none: nothing is in the way. */
static void test_interrupted_profile(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	fake_store_set(w->store, "\tvlan=0\tvirtualport=802.1Qbh\tprofileid=finance", NOTE);
	ok(w, "repair");
	assert_null(fake_store_peek(w->store, NOTE));
	fake_store_set(w->store,
		       "\tvlan=0\tvirtualport=802.1Qbg\tmanagerid=1\ttypeid=2\ttypeidversion=3",
		       NOTE);
	ok(w, "repair");
	assert_null(fake_store_peek(w->store, NOTE));
}

/* What others wrote into the note is not taken for an identity. */
static void test_bad_note(void **state)
{
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	fake_store_set(w->store, "\tmac=banana", NOTE);
	refused(w, 1, "attach web1 01:10.0," ID, "is not an identity");
	refused(w, 1, "unhide 01:10.0", "is not an identity");
}

#define QBH ",virtualport=802.1Qbh,profileid=finance"
#define QBG ",virtualport=802.1Qbg,managerid=1,typeid=4660,typeidversion=2"

static void test_port_profile(void **state)
{
	static const int good[] = { PORT_PROFILE_RESPONSE_INPROGRESS, -1,
				    PORT_PROFILE_RESPONSE_SUCCESS };
	static const int bad[] = { PORT_PROFILE_RESPONSE_INPROGRESS,
				   PORT_PROFILE_RESPONSE_INVALID };
	static const int never[] = { PORT_PROFILE_RESPONSE_INPROGRESS };
	struct world *w = *state;
	int64_t t;

	ok(w, "hide 01:10.0");
	refused(w, 1, "attach web1 01:10.0" QBH, "cannot associate the 802.1Qbh port profile");
	fake_rtnl_port_answers(w->rtnl, good, 3);
	fake_bus_put(w->bus, "/sys/class/dmi/id/product_uuid",
		     "00112233-4455-6677-8899-AABBCCDDEEFF\n");
	ok(w, "attach web1 01:10.0" QBH ",instanceid=5f3c1b5e-0d3c-4a55-9a7e-3b1f7c1e2d10");
	assert_non_null(strstr(fake_rtnl_log(w->rtnl),
			       "enp1s0 vf 0 port associate profile \"finance\" "
			       "instance 5f3c1b5e-0d3c-4a55-9a7e-3b1f7c1e2d10 "
			       "host 00112233-4455-6677-8899-aabbccddeeff\n"));
	vf_is(w, "port 1");
	ok(w, "detach web1 01:10.0");
	assert_non_null(strstr(fake_rtnl_log(w->rtnl), "port disassociate profile \"finance\""));
	vf_is(w, "port 0");
	fake_rtnl_port_answers(w->rtnl, bad, 2);
	refused(w, 1, "attach web1 01:10.0,vlan=3" QBH,
		"refuses the 802.1Qbh port profile of VF 0 of enp1s0: "
		"invalid: no such profile");
	fake_rtnl_port_answers(w->rtnl, never, 1);
	t = w->clock.now;
	refused(w, 1, "attach web1 01:10.0" QBH, "did not answer for VF 0 of enp1s0 within 10 s");
	assert_in_range(w->clock.now - t, 10000, 11000);
}

static void test_port_profile_qbg(void **state)
{
	static const int good[] = { -1, PORT_VDP_RESPONSE_SUCCESS };
	static const int bad[] = { PORT_VDP_RESPONSE_VTID_VIOLATION };
	struct world *w = *state;

	ok(w, "hide 01:10.0");
	refused(w, 1, "attach web1 01:10.0" QBG, "lldpad");
	fake_bus_put(w->bus, "/run/lldpad.pid", "4711\n");
	fake_rtnl_port_answers(w->rtnl, good, 2);
	ok(w, "attach web1 01:10.0," ID QBG ",instanceid=5f3c1b5e-0d3c-4a55-9a7e-3b1f7c1e2d10");
	assert_non_null(strstr(fake_rtnl_log(w->rtnl), "vf 0 named 52:54:00:6d:90:02\n"));
	assert_non_null(
		strstr(fake_rtnl_log(w->rtnl), "port associate vsi 1/4660/2 instance 5f3c1b5e"));
	ok(w, "detach web1 01:10.0");
	vf_is(w, HAD);
	fake_rtnl_port_answers(w->rtnl, bad, 1);
	refused(w, 1, "attach web1 01:10.0" QBG, "VTID violation");
}

/* ---- everything fails once, netlink's messages too ---- */

static bool try_one(const char *command, unsigned nth, bool undoes)
{
	struct world *w = world_new();
	_cleanup_free_ char *before = NULL, *after = NULL;
	int status;

	ok(w, "hide 01:10.0");
	if (!undoes)
		ok(w, "attach web1 01:10.0," ID);
	before = world_snapshot(w);
	fake_rtnl_fail(w->rtnl, nth, EIO);
	status = world_run(w, "%s", command);
	fake_rtnl_fail(w->rtnl, 0, 0);
	after = world_snapshot(w);
	if (status == 5 && world_run(w, "repair"))
		fail_msg("%s, %u: repair failed: %s", command, nth, w->err);
	if (status && undoes && strcmp(before, after) != 0)
		fail_msg("%s, %u: exit %d, the host is not where it began\n%s", command, nth,
			 status, after);
	if (status && !undoes)
		vf_is(w, HAD);
	if (status && undoes)
		ok(w, command);
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	unsigned met = 0, n;

	(void)state;
	for (n = 1; try_one("attach web1 01:10.0," ID ",spoofchk=off", n, true); n++)
		met++;
	for (n = 1; try_one("detach web1 01:10.0", n, false); n++)
		met++;
	print_message("%u failures met\n", met);
	assert_true(met > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_attach_detach),	   world_test(test_every_key),
		world_test(test_old_values),	   world_test(test_dry_run),
		world_test(test_refusals),	   world_test(test_pf_down),
		world_test(test_guest_destroyed),  world_test(test_next_guest),
		world_test(test_interrupted),	   world_test(test_interrupted_profile),
		world_test(test_bad_note),	   world_test(test_port_profile),
		world_test(test_port_profile_qbg), cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
