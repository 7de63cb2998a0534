/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt vf: list, create, remove, set; what each refuses, and that nothing was changed then.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/commands.h"
#include "xl-plugin/vf/vf.h"

#define PF "/sys/bus/pci/devices/0000:01:00.0/"

static int count(struct world *w)
{
	long long n = -1;

	xlpt_host_read_long(fake_bus_host(w->bus), &n, PF "sriov_numvfs");
	return (int)n;
}

static void vf_is(struct world *w, const char *want)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	if (!strstr(now, want))
		fail_msg("not \"%s\" but %s", want, now);
}

static void test_create_remove(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 4");
	assert_int_equal(count(w), 4);
	assert_non_null(
		strstr(w->out, "0000:01:00.0 has 4 virtual functions\n  0  0000:01:10.0\n"));
	assert_non_null(strstr(w->out, "  3  0000:01:10.6\n"));
	ok(w, "vf create 01:00.0 4");
	assert_non_null(strstr(w->out, "as before"));
	ok(w, "vf create 01:00.0 7");
	assert_int_equal(count(w), 7);
	ok(w, "vf remove enp1s0");
	assert_int_equal(count(w), 0);
	ok(w, "vf remove enp1s0");
	ok(w, "vf create --dry-run enp1s0 2");
	assert_non_null(strstr(w->out, "would create 2 virtual functions of 0000:01:00.0"));
	assert_int_equal(count(w), 0);
	ok(w, "--json vf create enp1s0 1");
	assert_non_null(strstr(w->out, "\"count\": 1"));
}

static void test_create_refused(void **state)
{
	struct world *w = *state;

	refused(w, 1, "vf create eth9 4", "there is no network interface \"eth9\"");
	refused(w, 1, "vf create .. 4", "there is no network interface");
	refused(w, 1, "vf create 0a:00.0 4", "there is no PCI device 0000:0a:00.0");
	refused(w, 1, "vf create 02:00.0 4", "0000:02:00.0 has no virtual functions to create");
	refused(w, 1, "vf create 01:10.0 4",
		"0000:01:10.0 is a virtual function, and a physical one is");
	assert_non_null(strstr(w->err, "name 0000:01:00.0 instead"));
	refused(w, 1, "vf create enp1s0 8", "0000:01:00.0 can have 7 virtual functions and not 8");
	refused(w, 1, "vf create pin:lan 4", "no pin is called");
	refused(w, 2, "vf create enp1s0 0", "\"0\" is not a number of virtual functions");
	refused(w, 2, "vf create enp1s0 four", "\"four\" is not a number");
	refused(w, 2, "vf create enp1s0", "vf create wants: PF N");
	refused(w, 2, "vf remove enp1s0 4", "vf remove wants: PF");
	refused(w, 2, "vf set 01:10.0", "vf set wants: VF KEY=VALUE");
	refused(w, 2, "vf list enp1s0 4", "vf list wants: [PF]");
	refused(w, 2, "vf list --persist", "no --persist");
	refused(w, 2, "vf delete enp1s0", "there is no \"vf delete\"; did you mean \"vf remove\"?");
	refused(w, 2, "vf create 01:00 4", "expected '.'");
	/* An interface that no PCI device is behind. */
	fake_bus_put(w->bus, "/sys/class/net/xenbr0/flags", "0x1003\n");
	refused(w, 1, "vf create xenbr0 4", "xenbr0 is not the interface of a PCI device");
	/* Hidden, or its driver unloaded: each its own word. */
	world_run(w, "vf remove enp1s0");
	ok(w, "hide --force-host-device 01:00.0 01:00.0");
	refused(w, 1, "vf create 01:00.0 4", "it is hidden: pciback has it");
	ok(w, "unhide 01:00.0");
	fake_bus_rmmod(w->bus, "igb");
	refused(w, 1, "vf create 01:00.0 4",
		"the physical function 0000:01:00.0 has no driver in dom0");
	assert_non_null(strstr(w->err, "modprobe"));
}

/* VFs that a guest has, that are hidden, or that are up. */
static void test_in_use(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 3");
	ok(w, "attach --hide web1 01:10.0");
	ok(w, "hide 01:10.2");
	refused(w, 3, "vf remove enp1s0",
		"2 of the 3 virtual functions of 0000:01:00.0 are in use");
	assert_non_null(strstr(w->err, "0000:01:10.0 is with web1; 0000:01:10.2 is hidden"));
	assert_non_null(strstr(
		w->err, "xlpt detach --to-host web1 0000:01:10.0; xlpt unhide 0000:01:10.2"));
	refused(w, 3, "vf create enp1s0 5", "removing all of them first (the kernel's rule)");
	ok(w, "vf create enp1s0 3");
	ok(w, "detach --to-host web1 01:10.0");
	ok(w, "unhide 01:10.2");
	ok(w, "vf remove enp1s0");
	assert_int_equal(count(w), 0);
}

/* What the kernel answers comes with what it means. */
static void test_kernel_refuses(void **state)
{
	static const struct {
		int err;
		const char *says;
	} cases[] = {
		{ ENOENT, "offers no way to do it" },
		{ EBUSY, "counts at least one virtual function" },
		{ ENOSPC, "too little address space" },
		{ EINVAL, "sriov_numvfs" },
	};
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_bus_fail_write(w->bus, 1, cases[i].err);
		refused(w, 1, "vf create enp1s0 4", cases[i].says);
	}
}

/* Another number means new VFs; those that stay keep what they were given. */
static void test_identities_kept(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 2");
	ok(w, "vf set 01:10.0 mac=52:54:00:6d:90:02 vlan=42");
	ok(w, "vf set 01:10.2 vlan=43");
	ok(w, "vf create enp1s0 4");
	vf_is(w, "vf 0 mac 52:54:00:6d:90:02 vlan 42:0:8100");
	vf_is(w, "vf 1 mac 00:00:00:00:00:00 vlan 43:0:8100");
	ok(w, "vf create enp1s0 1");
	vf_is(w, "vf 0 mac 52:54:00:6d:90:02 vlan 42:0:8100");
	ok(w, "vf remove enp1s0");
	ok(w, "vf create enp1s0 2");
	vf_is(w, "vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100");
}

/* The old VFs come back with what they had when the new ones cannot be made. */
static void test_back_to_old_count(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ok(w, "vf create enp1s0 2");
	ok(w, "vf set 01:10.2 mac=52:54:00:6d:90:02 vlan=42 spoofchk=off max_rate=100");
	before = world_snapshot(w);
	fake_bus_fail_write(w->bus, 2, EIO);
	assert_int_equal(world_run(w, "vf create enp1s0 4"), 1);
	after = world_snapshot(w);
	assert_string_equal(before, after);
	assert_int_equal(count(w), 2);
}

static void test_set(void **state)
{
	struct world *w = *state;
	const char *log;

	ok(w, "vf create enp1s0 3");
	ok(w, "vf set 01:10.2 mac=52:54:00:6d:90:02 vlan=42:3");
	assert_string_equal(w->out,
			    "0000:01:10.2 (VF 1 of enp1s0) has mac=52:54:00:6d:90:02 vlan=42:3\n");
	vf_is(w, "enp1s0 vf 1 mac 52:54:00:6d:90:02 vlan 42:3:8100");
	vf_is(w, "enp1s0 vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100");
	/* Only what differs is sent. */
	assert_non_null(strstr(fake_rtnl_log(w->rtnl), "vf 1 vlan 42 qos 3"));
	ok(w, "vf set 01:10.2 mac=52:54:00:6d:90:02 vlan=43:3");
	log = fake_rtnl_log(w->rtnl);
	log += strlen(log) - strlen("qos 3\nenp1s0 vf 1 vlan 43 qos 3 proto 8100\n") -
	       strlen(" proto 8100");
	assert_string_equal(log, "qos 3 proto 8100\nenp1s0 vf 1 vlan 43 qos 3 proto 8100\n");
	ok(w, "vf set 01:10.2 vlan=0");
	vf_is(w, "enp1s0 vf 1 mac 52:54:00:6d:90:02 vlan 0:0:8100");
	ok(w, "--json vf set 01:10.2 trust=on max_rate=100");
	assert_non_null(strstr(w->out, "\"trust\": true"));
	ok(w, "vf set --dry-run 01:10.2 vlan=7");
	assert_string_equal(w->out, "would set vlan=7 on 0000:01:10.2\n");
	vf_is(w, "enp1s0 vf 1 mac 52:54:00:6d:90:02 vlan 0:0:8100 spoofchk 1 trust 1");
}

static void test_set_refused(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 2");
	ok(w, "vf set 01:10.2 mac=52:54:00:6d:90:02");
	refused(w, 1, "vf set 01:00.0 vlan=3", "0000:01:00.0 is not a virtual function");
	refused(w, 1, "vf set 02:00.0 vlan=3", "0000:02:00.0 is not a virtual function");
	refused(w, 1, "vf set 01:1f.0 vlan=3", "there is no PCI device 0000:01:1f.0");
	refused(w, 1, "vf set enp1s0 vlan=3", "0000:01:00.0 is not a virtual function");
	refused(w, 2, "vf set nic7 vlan=3", "\"nic7\" is neither an address nor");
	refused(w, 2, "vf set 01:10.0 vlan=4095", "vlan=4095: column 6: VLAN 4095 is over 4094");
	refused(w, 2, "vf set 01:10.0 mac=01:00:5e:00:00:01", "is a multicast address");
	refused(w, 2, "vf set 01:10.0 mac=00:00:00:00:00:00", "all zero");
	refused(w, 2, "vf set 01:10.0 colour=red", "unknown key \"colour\"");
	refused(w, 2, "vf set 01:10.0 vlan", "\"vlan\" is not key=value");
	refused(w, 2, "vf set 01:10.0 vlan=1 vlan=2", "vlan is given twice");
	refused(w, 2, "vf set 01:10.0 min_rate=2 max_rate=1", "min_rate is above max_rate");
	refused(w, 1, "vf set 01:10.0 mac=52:54:00:6d:90:02", "is used on enp1s0 already");
	assert_non_null(strstr(w->err, "VF 1 of enp1s0 has it"));
	refused(w, 1, "vf set 01:10.0 mac=52:54:00:00:00:10", "it is enp1s0's own");
	/* In the middle: what was set before is taken back. */
	refused(w, 1, "vf set 01:10.0 mac=52:54:00:6d:90:03 link=enable", "refuses link=enable");
	refused(w, 2, "vf set 01:10.0 virtualport=802.1Qbg managerid=1 typeid=2 typeidversion=3",
		"needs instanceid here");
	/* The kernel's answer is not what it should be. */
	fake_rtnl_raw(w->rtnl, "\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0", 16);
	refused(w, 1, "vf set 01:10.0 vlan=3", "cannot read the virtual functions of enp1s0");
}

static void test_set_interrupted(void **state)
{
	struct world *w = *state;

	ok(w, "vf set 01:10.0 vlan=5");
	fake_bus_put(
		w->bus, "/run/xlpt/journal/1-1",
		"xlpt 1\nop vf-set\ndevice 0000:01:10.0 keep -\n"
		"identity \tmac=00:00:00:00:00:00\tvlan=0\nbegin set vlan=5 on 0000:01:10.0\n");
	ok(w, "repair");
	vf_is(w, "vf 0 mac 00:00:00:00:00:00 vlan 0:0:8100");
	ok(w, "repair");
	assert_non_null(strstr(w->out, "nothing to mend"));
}

static void test_list(void **state)
{
	struct world *w = *state;

	ok(w, "vf create enp1s0 2");
	ok(w, "attach --hide web1 01:10.2,mac=52:54:00:6d:90:02,vlan=42");
	ok(w, "vf list");
	assert_non_null(strstr(w->out, "enp1s0 1  0000:01:10.2 pciback assigned to web1 "
				       "mac=52:54:00:6d:90:02 vlan=42 trust=off spoofchk=on\n"));
	ok(w, "--json vf list enp1s0");
	assert_non_null(strstr(w->out, "\"name\": \"web1\""));
	assert_non_null(strstr(w->out, "\"vlan\": 42"));
	ok(w, "detach --to-host web1 01:10.2");
	ok(w, "vf remove enp1s0");
	ok(w, "vf list 01:00.0");
	assert_non_null(strstr(w->out, "none of 7"));
}

/* ---- at boot ---- */

#define UNIT "/etc/systemd/system/xlpt-vf-enp1s0.service"
#define LINK "/etc/systemd/system/multi-user.target.wants/xlpt-vf-enp1s0.service"

static void test_persist(void **state)
{
	struct world *w = *state;
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_free_ char *text = NULL;

	ok(w, "vf create --dry-run --persist enp1s0 4");
	assert_non_null(strstr(w->out, "would write " UNIT));
	assert_false(xlpt_host_has(h, UNIT));
	ok(w, "vf create --persist enp1s0 4");
	assert_true(xlpt_host_has(h, LINK));
	assert_int_equal(xlpt_host_read_text(h, &text, UNIT), 0);
	assert_non_null(strstr(text, " vf create enp1s0 4\n"));
	/* Without --persist they come back, and that is said. */
	ok(w, "vf remove enp1s0");
	assert_non_null(strstr(w->err, "will create them again at the next boot"));
	assert_true(xlpt_host_has(h, UNIT));
	/* One PF, one unit, whatever it is called by. */
	ok(w, "vf create --persist 01:00.0 2");
	assert_false(xlpt_host_has(h, UNIT));
	assert_true(xlpt_host_has(h, "/etc/systemd/system/xlpt-vf-0000:01:00.0.service"));
	ok(w, "vf remove --persist enp1s0");
	assert_false(xlpt_host_has(h, "/etc/systemd/system/xlpt-vf-0000:01:00.0.service"));
	assert_false(xlpt_host_has(h, "/etc/systemd/system/multi-user.target.wants/"
				      "xlpt-vf-0000:01:00.0.service"));
	ok(w, "vf remove --persist enp1s0");
}

/* One as a whole, as it is written. */
static void test_unit_text(void **state)
{
	_cleanup_free_ char *text =
		xlpt_vf_unit_text("/usr/local/sbin/xlpt", "enp1s0", 4, XLPT_UNSET);
	char want[4096] = "";
	FILE *f = fopen("tests/data/xlpt-vf.service", "r");

	(void)state;
	assert_non_null(f);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, want);
}

/* ---- everything fails once ---- */

static bool try_one(const char *command, bool netlink, unsigned nth)
{
	struct world *w = world_new();
	_cleanup_free_ char *before = NULL, *after = NULL;
	int status;

	ok(w, "vf create enp1s0 2");
	ok(w, "vf set 01:10.0 mac=52:54:00:6d:90:07 vlan=9");
	before = world_snapshot(w);
	if (netlink)
		fake_rtnl_fail(w->rtnl, nth, EIO);
	else
		fake_bus_fail_write(w->bus, nth, EIO);
	status = world_run(w, "%s", command);
	fake_rtnl_fail(w->rtnl, 0, 0);
	fake_bus_fail_write(w->bus, 0, 0);
	after = world_snapshot(w);
	if (status && strcmp(before, after) != 0)
		fail_msg("%s, %u: exit %d, the host is not where it began\n%s", command, nth,
			 status, after);
	if (status)
		ok(w, command);
	world_free(w);
	return status != 0;
}

static void test_every_failure(void **state)
{
	/* clang-format off */
	static const char *const commands[] = {
		"vf create enp1s0 5", "vf create --persist enp1s0 5", "vf remove enp1s0",
		"vf set 01:10.0 mac=52:54:00:6d:90:08 vlan=10 spoofchk=off",
	};
	/* clang-format on */
	unsigned met = 0, n;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(commands); i++)
		for (int netlink = 0; netlink < 2; netlink++)
			for (n = 1; try_one(commands[i], netlink, n); n++)
				met++;
	print_message("%u failures met and undone\n", met);
	assert_true(met > 12);
}

/* The address of a VF that is still to be made names its PF, and what makes it mends. */
static void test_not_there(void **state)
{
	static const char what[] =
		"it is virtual function 1 of 0000:01:00.0 (enp1s0), which has 0 now";
	struct world *w = *state;
	_cleanup_spec_ struct xlpt_spec spec;

	ok(w, "vf remove enp1s0");
	fake_bus_put(w->bus, "/etc/xen/v.cfg", "name = 'v'\npci = [ '01:10.2' ]\n");
	assert_int_equal(xlpt_spec_parse("01:10.2", &spec, NULL), 0);
	fake_ts_configure(w->ts, 3, &spec);
	refused(w, 1, "attach web1 --hide 01:10.2", what);
	assert_non_null(strstr(w->err, "to mend: xlpt vf create 0000:01:00.0 2\n"));
	refused(w, 1, "show 01:10.2", what);
	refused(w, 1, "hide 01:10.2", what);
	answers(w, 1, "check web1 --hide 01:10.2", what);
	ok(w, "status");
	assert_non_null(strstr(w->out, what));
	assert_non_null(strstr(w->out, "the next start fails: xlpt vf create 0000:01:00.0 2\n"));
	world_run(w, "doctor");
	assert_non_null(strstr(w->out, "/etc/xen/v.cfg:2: names 0000:01:10.2, and it is virtual"));
	assert_non_null(strstr(w->out, "to mend: xlpt vf create 0000:01:00.0 2\n"));
	/* More of them, when there are some; and no PF can have so many. */
	ok(w, "vf create enp1s0 1");
	refused(w, 1, "attach web1 --hide 01:10.2", "which has 1 now");
	assert_non_null(strstr(w->err, "vf create 0000:01:00.0 2, when nobody has one of the 1"));
	refused(w, 1, "attach web1 --hide 01:1f.2", "no PCI device 0000:01:1f.2");
	assert_non_null(strstr(w->err, "to mend: xlpt list\n"));
	ok(w, "vf remove enp1s0");
	ok(w, "hide --force-host-device 01:00.0 01:00.0");
	refused(w, 1, "attach web1 --hide 01:10.2", "virtual function 1 of 0000:01:00.0, wh");
	assert_non_null(strstr(w->err, "xlpt unhide 0000:01:00.0; xlpt vf create 0000:01:00.0 2"));
	ok_lines(w, "unhide 0000:01:00.0;vf create 0000:01:00.0 2");
	ok(w, "attach web1 --hide 01:10.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_create_remove),
		world_test(test_create_refused),
		world_test(test_in_use),
		world_test(test_kernel_refuses),
		world_test(test_identities_kept),
		world_test(test_back_to_old_count),
		world_test(test_set),
		world_test(test_set_refused),
		world_test(test_set_interrupted),
		world_test(test_list),
		world_test(test_not_there),
		world_test(test_persist),
		cmocka_unit_test(test_unit_text),
		cmocka_unit_test(test_every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
