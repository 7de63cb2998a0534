/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which program of the host sets the number of a PF's virtual functions: one row for each way to
 * say it, and for each file that is for another card.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "pciback/sriov/setter.h"
#include "tests/fake/bus.h"

#define NMD "/etc/NetworkManager/system-connections"
#define NET "/etc/systemd/network"

struct row {
	const char *path, *text;
	const char
		*want; /* "PROGRAM LINE COUNT [NAME]" of each, separated by ';'; NULL = nothing */
};

static struct fake_bus *new_bus(void)
{
	struct fake_bus *bus = fake_bus_new();

	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_add(bus, "0000:01:00.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "igb",
					 .vfs = 7,
					 .net = "enp1s0" });
	fake_bus_put(bus, "/sys/class/net/enp1s0/address", "52:54:00:00:00:10\n");
	fake_bus_put(bus, "/sys/class/net/enp1s0/ifindex", "2\n");
	fake_bus_put(bus, "/usr/sbin/NetworkManager", "");
	return bus;
}

static void put(struct fake_bus *bus, const char *path, const char *text, mode_t mode)
{
	_cleanup_free_ char *real = xlpt_xasprintf("%s%s", fake_bus_host(bus)->root, path);

	fake_bus_put(bus, path, text);
	assert_int_equal(chmod(real, mode), 0);
}

static char *setters(struct fake_bus *bus)
{
	_cleanup_setters_ struct xlpt_setters s = { 0 };
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	struct xlpt_str text = { 0 };

	assert_int_equal(xlpt_pf_find(fake_bus_host(bus), "enp1s0", &pf, NULL), 0);
	xlpt_setters_read(fake_bus_host(bus), &pf, &s);
	for (size_t i = 0; i < s.n; i++)
		xlpt_str_addf(&text, "%s%s %u %d%s%s", i ? ";" : "", s.items[i].program,
			      s.items[i].line, s.items[i].count, s.items[i].name ? " " : "",
			      s.items[i].name ? s.items[i].name : "");
	return xlpt_str_take(&text);
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fake_bus *bus = new_bus();
		_cleanup_free_ char *got = NULL;

		put(bus, rows[i].path, rows[i].text, 0600);
		got = setters(bus);
		if (strcmp(got, rows[i].want ? rows[i].want : "") != 0)
			fail_msg("%s:\n%s\ngives \"%s\", not \"%s\"", rows[i].path, rows[i].text,
				 got, rows[i].want ? rows[i].want : "");
		fake_bus_free(bus);
	}
}

static void test_networkmanager(void **state)
{
	static const char long_pattern[] =
		"[connection]\ntype=ethernet\n[match]\ninterface-name=*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n"
		"[sriov]\ntotal-vfs=4\n";
	static const struct row rows[] = {
		{ NMD "/lan.nmconnection",
		  "[connection]\nid=lan\nuuid=1-2\ntype=ethernet\ninterface-name=enp1s0\n\n[sriov]\n"
		  "total-vfs=4\nvf.0=mac=52:54:00:00:01:00\n",
		  "NetworkManager 8 4 1-2" },
		/* It enforces zero, too: said, or because it is the default. */
		{ NMD "/lan", "[connection]\nid=lan\ninterface-name=enp1s0\n[sriov]\ntotal-vfs=0\n",
		  "NetworkManager 5 0 lan" },
		{ NMD "/lan",
		  "[connection]\nid=lan\n[ethernet]\nmac-address=52:54:00:00:00:10\n[sriov]\n"
		  "autoprobe-drivers=0\n",
		  "NetworkManager 5 0 lan" },
		/* Without [sriov] it leaves the number alone. */
		{ NMD "/lan.nmconnection", "[connection]\nid=lan\ninterface-name=enp1s0\n", NULL },
		/* Others' */
		{ NMD "/lan.nmconnection",
		  "[connection]\nid=lan\ninterface-name=enp2s0\n[sriov]\ntotal-vfs=4\n", NULL },
		{ NMD "/lan.nmconnection",
		  "[connection]\nid=lan\n[ethernet]\nmac-address=52:54:00:00:00:11\n[sriov]\ntotal-vfs=4\n",
		  NULL },
		{ NMD "/lan.nmconnection",
		  "[connection]\ntype=bond\ninterface-name=enp1s0\n[sriov]\ntotal-vfs=4\n", NULL },
		/* Which NetworkManager does not read. */
		{ NMD "/.lan.nmconnection", "[connection]\nid=x\n[sriov]\ntotal-vfs=4\n", NULL },
		{ NMD "/lan.nmconnection~", "[connection]\nid=x\n[sriov]\ntotal-vfs=4\n", NULL },
		{ "/run/NetworkManager/system-connections/lan",
		  "[connection]\nid=x\n[sriov]\ntotal-vfs=4\n", NULL },
		{ "/usr/lib/NetworkManager/system-connections/lan.nmconnection",
		  "[connection]\nid=x\n[sriov]\ntotal-vfs=4\n", "NetworkManager 4 4 x" },
		/* [match] */
		{ NMD "/m",
		  "[connection]\nid=m\n[match]\npath=pci-0000:01:00.0;\n[sriov]\ntotal-vfs=2\n",
		  "NetworkManager 6 2 m" },
		{ NMD "/m",
		  "[connection]\nid=m\n[match]\ndriver=ixgbe;i40e;\n[sriov]\ntotal-vfs=2\n", NULL },
		{ NMD "/m",
		  "[connection]\nid=m\n[match]\ninterface-name=en*;!enp1s*;\n[sriov]\ntotal-vfs=2\n",
		  NULL },
		{ NMD "/m",
		  "[connection]\nid=m\n[match]\ninterface-name=!enp2s*;&enp1*;\n[sriov]\ntotal-vfs=2\n",
		  "NetworkManager 6 2 m" },
		{ NMD "/m", long_pattern, NULL },
		/* Its own configuration. */
		{ "/etc/NetworkManager/conf.d/sriov.conf",
		  "[device-x]\nmatch-device=interface-name:eth*\nsriov-num-vfs=3\n"
		  "[device-y]\nmatch-device=interface-name:=enp1s0\nsriov-num-vfs=5\n",
		  "NetworkManager 6 5" },
		{ "/etc/NetworkManager/NetworkManager.conf",
		  "[main]\nplugins=keyfile\n[device]\nmatch-device=driver:ig*,except:mac:52:54:00:00:00:10\n"
		  "sriov-num-vfs=3\n",
		  NULL },
		{ "/etc/NetworkManager/NetworkManager.conf", "[device]\nsriov-num-vfs=3\n",
		  "NetworkManager 2 3" },
		{ "/etc/sysconfig/network-scripts/ifcfg-enp1s0",
		  "DEVICE=\"enp1s0\"\nUUID=7-8\nSRIOV_TOTAL_VFS=6\n", "NetworkManager 3 6 7-8" },
		{ "/etc/sysconfig/network-scripts/ifcfg-enp2s0",
		  "DEVICE=enp2s0\nSRIOV_TOTAL_VFS=6\n", NULL },
	};

	(void)state;
	check(rows, XLPT_ARRAY_SIZE(rows));
}

static void test_systemd(void **state)
{
	static const struct row rows[] = {
		{ NET "/10-pf.link",
		  "[Match]\nMACAddress=52:54:00:00:00:11 52:54:00:00:00:10\n[Link]\n"
		  "SR-IOVVirtualFunctions=4\n",
		  "udev 4 4" },
		{ NET "/10-pf.link",
		  "[Match]\nPath=pci-0000:01:*\n[Link]\nSR-IOVVirtualFunctions=0\n", "udev 4 0" },
		/* The highest VF that is named, when no number is. */
		{ NET "/10-pf.link",
		  "[Match]\nDriver=igb\n[SR-IOV]\nVirtualFunction=0\n[SR-IOV]\nVirtualFunction=2\n",
		  "udev 4 3" },
		{ NET "/10-pf.link",
		  "[Match]\nDriver=!igb ixgbe\n[Link]\nSR-IOVVirtualFunctions=4\n", NULL },
		{ NET "/10-pf.link",
		  "[Match]\nOriginalName=enp2*\n[Link]\nSR-IOVVirtualFunctions=4\n", NULL },
		/* It says nothing about which, and is passed over. */
		{ NET "/10-pf.link", "[Link]\nSR-IOVVirtualFunctions=4\n", NULL },
		{ NET "/10-pf.link", "[Match]\nName=\n[Link]\nSR-IOVVirtualFunctions=4\n", NULL },
		{ NET "/10-pf.network",
		  "[Match]\nName=enp1s0\n[SR-IOV]\nVirtualFunction=0\nVLANId=5\n",
		  "systemd-networkd 4 -1" },
		/* Of .network files it is no key. */
		{ NET "/10-pf.network", "[Match]\nName=enp1s0\n[Link]\nSR-IOVVirtualFunctions=4\n",
		  NULL },
	};

	(void)state;
	check(rows, XLPT_ARRAY_SIZE(rows));
}

static void test_netplan(void **state)
{
	static const struct row rows[] = {
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  version: 2\n  ethernets:\n    enp1s0:\n      dhcp4: no # or yes\n"
		  "      virtual-function-count: 7\n",
		  "netplan 6 7 enp1s0" },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    pf:\n      match:\n        macaddress: \"52:54:00:00:00:10\"\n"
		  "      embedded-switch-mode: switchdev\n      set-name: lan\n"
		  "    vf0:\n      link: pf\n    vf1: {link: pf}\n",
		  "netplan 6 2 pf" },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    pf:\n      match: {name: \"enp2*\"}\n"
		  "      virtual-function-count: 7\n",
		  NULL },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    pf:\n      match: {name: \"enp1*\", driver: igb}\n"
		  "      virtual-function-count: 1\n",
		  "netplan 5 1 pf" },
		/* It leaves the number alone then. */
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    enp1s0:\n      virtual-function-count: 0\n", NULL },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    pf:\n      match:\n        driver: [\"ixgbe\", \"ig*\"]\n"
		  "      virtual-function-count: 2\n",
		  "netplan 6 2 pf" },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  bridges:\n    enp1s0:\n      virtual-function-count: 7\n", NULL },
		/* The switch's mode alone makes no VFs. */
		{ "/etc/netplan/50-x.yaml",
		  "network:\n  ethernets:\n    enp1s0:\n      embedded-switch-mode: legacy\n",
		  NULL },
		{ "/etc/netplan/50-x.yaml",
		  "network:\n ethernets:\n  enp1s0:\n   x: {{{{\n: :\n- - -\n", NULL },
	};

	(void)state;
	check(rows, XLPT_ARRAY_SIZE(rows));
}

static void test_lines(void **state)
{
	static const struct row rows[] = {
		{ "/etc/network/interfaces",
		  "auto enp1s0\niface enp1s0 inet dhcp\n"
		  "  up echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n",
		  "ifupdown 3 4" },
		{ "/etc/network/interfaces",
		  "iface enp1s0 inet dhcp\niface enp2s0 inet dhcp\n"
		  "  up echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n",
		  NULL },
		{ "/etc/network/interfaces.d/pf",
		  "# echo 4 > /sys/class/net/enp1s0/device/sriov_numvfs\n", NULL },
		{ "/etc/tmpfiles.d/vf.conf",
		  "w /sys/class/net/enp1s0/device/sriov_numvfs - - - - 3\n",
		  "systemd-tmpfiles 1 3" },
		{ "/etc/tmpfiles.d/vf.conf",
		  "w /sys/class/net/enp1s0f1/device/sriov_numvfs - - - - 3\n", NULL },
		{ "/etc/sysfs.conf", "bus/pci/devices/0000:01:00.0/sriov_numvfs = 2\n",
		  "sysfsutils 1 2" },
		{ "/etc/systemd/system/sriov.service",
		  "[Service]\nExecStart=/bin/sh -c 'echo $N > /sys/class/net/enp1s0/device/sriov_numvfs'\n",
		  "systemd 2 -1" },
		{ "/etc/modprobe.d/igb.conf", "options igb debug=1 max_vfs=7,7\n", "modprobe 1 7" },
		{ "/etc/modprobe.d/igb.conf", "options ixgbe max_vfs=7\n", NULL },
		{ "/etc/udev/rules.d/70-vf.rules",
		  "ACTION==\"add\", SUBSYSTEM==\"net\", KERNEL==\"enp1*\", \\\n"
		  " DRIVERS==\"igb\", ATTR{device/sriov_numvfs}=\"4\"\n",
		  "udev 1 4" },
		{ "/etc/udev/rules.d/70-vf.rules",
		  "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNELS==\"0000:01:00.0\", ATTR{sriov_numvfs}=\"2\"\n",
		  "udev 1 2" },
		{ "/etc/udev/rules.d/70-vf.rules",
		  "SUBSYSTEM==\"net\", ENV{ID_NET_DRIVER}!=\"igb\", ATTR{device/sriov_numvfs}=\"4\"\n",
		  NULL },
		{ "/etc/udev/rules.d/70-vf.rules",
		  "ATTR{device/sriov_numvfs}==\"4\", RUN+=\"/bin/true\"\nATTR{x\n\"\n=\"\"=\n",
		  NULL },
		{ "/etc/udev/rules.d/70-vf.rules",
		  "ATTRS{address}==\"52:54:00:00:00:10\", "
		  "RUN+=\"/bin/sh -c 'echo 5 >/sys/class/net/%k/device/sriov_numvfs'\"\n",
		  "udev 1 5" },
	};

	(void)state;
	check(rows, XLPT_ARRAY_SIZE(rows));
}

/* Which file wins: as each program says it. */
static void test_precedence(void **state)
{
	struct fake_bus *bus = new_bus();
	_cleanup_free_ char *got = NULL;

	(void)state;
	/* What everybody can read, NetworkManager does not. */
	put(bus, NMD "/open", "[connection]\nid=x\n[sriov]\ntotal-vfs=4\n", 0644);
	got = setters(bus);
	assert_string_equal(got, "");
	free(XLPT_TAKE(got));
	/* The same name: /etc before /run; the first file that matches; a drop-in has the last word. */
	put(bus, "/usr/lib/systemd/network/99-default.link",
	    "[Match]\nOriginalName=*\n[Link]\nSR-IOVVirtualFunctions=1\n", 0600);
	put(bus, "/run/systemd/network/20-pf.link", "[Match]\nName=x\n", 0600);
	put(bus, NET "/20-pf.link",
	    "[Match]\nOriginalName=eth*\n[Link]\nSR-IOVVirtualFunctions=2\n", 0600);
	put(bus, NET "/20-pf.link.d/50-more.conf", "[Link]\nSR-IOVVirtualFunctions=6\n", 0600);
	got = setters(bus);
	assert_string_equal(got, "udev 4 1");
	/* udev knows by which name it came. */
	put(bus, "/run/udev/data/n2",
	    "E:ID_NET_LINK_FILE=" NET "/20-pf.link\nE:ID_NET_NAME_MAC=enx5254000000aa\n", 0600);
	free(XLPT_TAKE(got));
	got = setters(bus);
	assert_string_equal(got, "udev 2 6");
	/* The same UUID twice; the card's own address and not the one that it has now. */
	put(bus, NMD "/a",
	    "[connection]\nuuid=u\n[ethernet]\nmac-address=52:54:00:00:00:aa\n"
	    "[sriov]\ntotal-vfs=4\n",
	    0);
	put(bus, "/run/NetworkManager/system-connections/b.nmconnection",
	    "[connection]\nuuid=u\n[sriov]\ntotal-vfs=5\n", 0600);
	/* Later definitions are merged in. */
	put(bus, "/etc/netplan/10.yaml",
	    "network:\n  ethernets:\n    enp1s0:\n      virtual-function-count: 1\n", 0600);
	put(bus, "/etc/netplan/20.yaml",
	    "network:\n  ethernets:\n    enp1s0:\n      virtual-function-count: 2\n", 0600);
	put(bus, "/run/netplan/20.yaml", "network: {}\n", 0600);
	free(XLPT_TAKE(got));
	got = setters(bus);
	assert_string_equal(got, "NetworkManager 6 4 u;netplan 4 1 enp1s0;udev 2 6");
	fake_bus_free(bus);
}

/* Too much of everything, and what is no file: bounded, and no setter. */
static void test_bounds(void **state)
{
	struct fake_bus *bus = new_bus();
	_cleanup_free_ char *big = xlpt_xcalloc(1, (1u << 18) + 100), *got = NULL;

	(void)state;
	memset(big, '[', (1u << 18) + 50);
	put(bus, NET "/10-big.link", big, 0600);
	put(bus, NMD "/big", big, 0600);
	put(bus, "/etc/netplan/big.yaml", big, 0600);
	fake_bus_link(bus, NET "/05-null.link", "/dev/null");
	fake_bus_link(bus, "/etc/sysfs.conf", "sysfs.conf");
	big[1u << 17] = '\0';
	for (size_t i = 0; i + 2 < 1u << 17; i += 2)
		memcpy(big + i, "x:", 2);
	put(bus, "/etc/netplan/deep.yaml", big, 0600);
	got = setters(bus);
	assert_string_equal(got, "");
	/* So many that nobody would read them. */
	for (size_t i = 0; i + 64 < 1u << 17; i += 64)
		memcpy(big + i,
		       "class/net/enp1s0/device/sriov_numvfs = 1\n######################\n", 64);
	put(bus, "/etc/sysfs.d/many.conf", big, 0600);
	free(got);
	got = setters(bus);
	assert_true(strlen(got) < 200 * 24);
	assert_non_null(strstr(got, "sysfsutils 1 1;"));
	fake_bus_free(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networkmanager), cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_netplan),	       cmocka_unit_test(test_lines),
		cmocka_unit_test(test_precedence),     cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
