/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vf create, vf remove and vf persist on a host where another program sets the number of VFs:
 * it is named, --persist does not promise what that program undoes, and what is written for it
 * is in files of xlpt's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/unit/pooling.h"

#define PROFILE "/etc/NetworkManager/system-connections/lan.nmconnection"
#define LINK	"/etc/systemd/network/10-pf.link"
#define DROPIN	LINK ".d/90-xlpt-vf.conf"
#define UNIT	"/etc/systemd/system/xlpt-vf-enp1s0.service"
#define NMCONF	"/etc/NetworkManager/conf.d/99-xlpt-vf-enp1s0.conf"
#define NETPLAN "/etc/netplan/99-xlpt-vf-enp1s0.yaml"
#define OFF	"/etc/systemd/network/05-xlpt-vf-enp1s0.network"

static void put(struct world *w, const char *path, const char *text)
{
	_cleanup_free_ char *real = xlpt_xasprintf("%s%s", fake_bus_host(w->bus)->root, path);

	fake_bus_put(w->bus, path, text);
	assert_int_equal(chmod(real, 0600), 0);
}

static bool there(struct world *w, const char *path)
{
	return xlpt_host_has(fake_bus_host(w->bus), "%s", path);
}

static void text_is(struct world *w, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;
	const char *second;

	assert_int_equal(xlpt_host_read_text(fake_bus_host(w->bus), &text, "%s", path), 0);
	assert_true(xlpt_starts(text, "# Written by xlpt vf persist for enp1s0; "));
	second = strchr(text, '\n') + 1;
	if (strcmp(second, want) != 0)
		fail_msg("%s is\n%s\nand not\n%s", path, second, want);
}

static void profile(struct world *w, int count)
{
	_cleanup_free_ char *text = xlpt_xasprintf(
		"[connection]\nid=my lan\nuuid=1-2\ninterface-name=enp1s0\n[sriov]\ntotal-vfs=%d\n",
		count);

	put(w, "/usr/sbin/NetworkManager", "");
	put(w, PROFILE, text);
}

static void link_file(struct world *w, int count)
{
	_cleanup_free_ char *text = xlpt_xasprintf(
		"[Match]\nPath=pci-0000:01:00.0\n[Link]\nSR-IOVVirtualFunctions=%d\n", count);

	put(w, LINK, text);
}

/* It has no drop-ins: what is to be run by hand is said, and then all is well. */
static void test_profile(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	profile(w, 0);
	ok(w, "vf create enp1s0 2");
	said(w,
	     "NetworkManager sets the number of virtual functions of enp1s0 to 0 each time that it "
	     "activates this profile: " PROFILE ", line 6");
	said(w, "to mend: nmcli connection modify 1-2 sriov.total-vfs 2\n");
	refused(w, 3, "vf create --persist enp1s0 2",
		"enp1s0 would not keep 2 virtual functions: NetworkManager sets their number to 0");
	assert_false(there(w, UNIT));
	ok(w, "vf persist enp1s0");
	said(w, "by hand: nmcli connection modify 1-2 sriov.total-vfs 2\n");
	refused(w, 3, "vf persist --apply enp1s0", "is set in a file that xlpt did not write");
	said(w, "to mend: nmcli connection modify 1-2 sriov.total-vfs 2\n");
	profile(w, 2);
	ok(w, "vf persist --apply enp1s0");
	ok(w, "vf create --persist enp1s0 2");
	said(w, "NetworkManager sets the same number, " PROFILE
		", line 6: if you change it, change both");
	assert_true(there(w, UNIT));
	ok(w, "--json vf create enp1s0 2");
	said(w, "\"program\": \"NetworkManager\"");
	ok(w, "vf remove --persist enp1s0");
	said(w, "NetworkManager sets the number of virtual functions of enp1s0 to 2");
	said(w, "to mend: nmcli connection modify 1-2 sriov.total-vfs 0\n");
}

static void test_link(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *admins = NULL;

	ok(w, "vf remove enp1s0");
	link_file(w, 4);
	ok(w, "vf create enp1s0 2");
	refused(w, 3, "vf create --persist enp1s0 2", "udev sets their number to 4");
	said(w, "udev does that at boot: " LINK ", line 4");
	said(w, "to mend: xlpt vf create enp1s0 2; xlpt vf persist --apply enp1s0\n");
	ok(w, "vf persist enp1s0");
	said(w, "write " DROPIN ":\n");
	said(w, "  SR-IOVVirtualFunctions=2\n");
	ok(w, "vf persist -n --apply enp1s0");
	said(w, "would write " DROPIN);
	assert_false(there(w, DROPIN));
	ok(w, "vf persist --apply enp1s0");
	text_is(w, DROPIN, "[Link]\nSR-IOVVirtualFunctions=2");
	assert_int_equal(xlpt_host_read_text(fake_bus_host(w->bus), &admins, LINK), 0);
	assert_non_null(strstr(admins, "SR-IOVVirtualFunctions=4"));
	ok(w, "vf create --persist enp1s0 2");
	ok(w, "--json vf persist --apply enp1s0");
	said(w, "\"changed\": false");

	/* Without VFs it goes, and the administrator's own 4 is his to change. */
	ok(w, "vf remove --persist enp1s0");
	said(w, "to mend: xlpt vf persist --apply enp1s0\n");
	refused(w, 3, "vf persist --apply enp1s0", "udev would still make 4 virtual functions");
	said(w, "in " LINK ", line 4, make the number 0");
	assert_true(there(w, DROPIN));
	link_file(w, 0);
	ok(w, "vf persist --apply enp1s0");
	assert_false(there(w, DROPIN));
	assert_false(there(w, LINK ".d"));
}

static void test_netplan(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	put(w, "/etc/netplan/50-site.yaml",
	    "network:\n  ethernets:\n    lan:\n      match: {name: \"enp1s0\"}\n"
	    "      virtual-function-count: 7\n");
	ok(w, "vf create enp1s0 3");
	said(w, "at boot and at every netplan apply");
	ok(w, "vf persist --apply enp1s0");
	text_is(w, NETPLAN,
		"network:\n  version: 2\n  ethernets:\n    lan:\n      virtual-function-count: 3");
	/* A file that comes later has the last word: nothing is written then. */
	put(w, "/etc/netplan/zz.yaml",
	    "network:\n  ethernets:\n    lan:\n      virtual-function-count: 5\n");
	ok(w, "vf remove enp1s0");
	ok(w, "vf create enp1s0 2");
	refused(w, 3, "vf persist --apply enp1s0", "netplan would still make 5 virtual functions");
	said(w, "/etc/netplan/zz.yaml, line 4 has the last word");
	text_is(w, NETPLAN,
		"network:\n  version: 2\n  ethernets:\n    lan:\n      virtual-function-count: 3");
	put(w, "/etc/netplan/zz.yaml", "");
	put(w, NETPLAN, "network: {} # mine\n");
	refused(w, 1, "vf persist --apply enp1s0",
		NETPLAN " is not changed: xlpt did not write it");
}

static void test_udev_rule(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	put(w, "/etc/udev/rules.d/70-vf.rules",
	    "SUBSYSTEM==\"net\", NAME==\"enp1s0\", ATTR{device/sriov_numvfs}=\"6\"\n");
	refused(w, 3, "vf create --persist enp1s0 2", "udev sets their number to 6");
	said(w, "to mend: in /etc/udev/rules.d/70-vf.rules, line 1, make the number 2\n");
}

static void test_two(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	profile(w, 2);
	link_file(w, 4);
	ok(w, "vf create enp1s0 2");
	said(w,
	     "two configurations set this number, and the last one wins: NetworkManager (" PROFILE
	     ": 2) and udev (" LINK ": 4)");
	said(w, "write the same number into both, or take it out of one of them");
	ok(w, "vf persist --apply enp1s0");
	ok(w, "vf create enp1s0 2");
	assert_null(strstr(w->err, "two configurations"));
}

/* VFs for guests are left alone by the programs that configure networks. */
static void test_unmanaged(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	fake_bus_driver(w->bus, "igbvf", "8086:10ca");
	put(w, "/sys/fs/cgroup/system.slice/NetworkManager.service/cgroup.procs", "7\n");
	put(w, "/sys/fs/cgroup/system.slice/systemd-networkd.service/cgroup.procs", "8\n");
	put(w, "/usr/sbin/NetworkManager", "");
	put(w, "/etc/NetworkManager/NetworkManager.conf",
	    "[device]\nmatch-device=interface-name:enp1s0\nsriov-num-vfs=1\n");
	ok(w, "vf create enp1s0 2");
	said(w, "or, for good: xlpt vf persist --apply enp1s0\n");
	ok(w, "vf persist --apply enp1s0");
	text_is(w, NMCONF,
		"[device-xlpt-vf-enp1s0]\nmatch-device=interface-name:=enp1s0\nsriov-num-vfs=2\n"
		"[keyfile]\nunmanaged-devices+=driver:igbvf");
	text_is(w, OFF, "[Match]\nPath=pci-0000:01:10.0 pci-0000:01:10.2\n[Link]\nUnmanaged=yes");
	said(w, "then: systemctl reload NetworkManager\n");
	said(w, "then: networkctl reload\n");
	ok(w, "vf create enp1s0 2");
	assert_null(strstr(w->err, "NetworkManager runs on this host"));
	pools_iface(w, "0000:01:10.0", "enp1s0v0", false);
	pools_iface(w, "0000:01:10.2", "enp1s0v1", false);
	ok(w, "vf remove enp1s0");
	put(w, "/etc/NetworkManager/NetworkManager.conf", "");
	ok(w, "vf persist --apply enp1s0");
	assert_false(there(w, NMCONF));
	assert_false(there(w, OFF));
}

/* One driver for both: by it the host would lose the PF, so the VFs are named. */
static void test_same_driver(void **state)
{
	struct world *w = *state;

	ok(w, "vf remove enp1s0");
	fake_bus_driver(w->bus, "igb", "8086:10c9 8086:10ca");
	put(w, "/sys/fs/cgroup/system.slice/NetworkManager.service/cgroup.procs", "7\n");
	ok(w, "vf create enp1s0 2");
	ok(w, "vf persist --apply enp1s0");
	text_is(w, NMCONF,
		"[keyfile]\nunmanaged-devices+=interface-name:=enp1s0v0;interface-name:=enp1s0v1");
	/* Nobody else sets the number: that is the unit's. */
	assert_true(there(w, UNIT));
}

static void test_nobody(void **state)
{
	struct world *w = *state;

	ok(w, "vf persist enp1s0");
	said(w, "no other program of this host sets the number\n");
	said(w, "xlpt vf create --persist enp1s0 7\n");
	assert_false(there(w, UNIT));
	ok(w, "vf persist --apply enp1s0");
	assert_true(there(w, UNIT));
	refused(w, 2, "vf create --apply enp1s0 2", "no --apply, which belongs to persist");
	refused(w, 2, "vf persist enp1s0 2", "vf persist wants: PF");
}

/* Where OpenRC starts the host, its service has to be there to read the unit. */
static void test_openrc(void **state)
{
	struct world *w = *state;

	put(w, "/run/openrc/softlevel", "default");
	put(w, "/etc/runlevels/default/sshd", "");
	ok(w, "vf create --persist enp1s0 7");
	said(w, "to mend: rc-update add xlpt-vfs\n");
	put(w, "/etc/runlevels/default/xlpt-vfs", "");
	ok(w, "vf create --persist enp1s0 7");
	assert_null(strstr(w->err, "OpenRC"));
}

/* A guest's VF stays with it, whatever the number of others is to be. */
static void test_guest_has_one(void **state)
{
	struct world *w = *state;

	link_file(w, 0);
	ok(w, "attach --hide web1 01:10.0");
	refused(w, 3, "vf remove enp1s0", "0000:01:10.0 is with web1");
	refused(w, 3, "vf create enp1s0 2", "0000:01:10.0 is with web1");
	ok(w, "vf persist --apply enp1s0");
	text_is(w, DROPIN, "[Link]\nSR-IOVVirtualFunctions=7");
	said(w, "udev sets their number to 0 at boot");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_profile),	test(test_link),   test(test_netplan),
		test(test_udev_rule),	test(test_two),	   test(test_unmanaged),
		test(test_same_driver), test(test_nobody), test(test_guest_has_one),
		test(test_openrc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
