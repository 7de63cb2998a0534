/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "pciback/needs/needs.h"
#include "tests/fake/bus.h"

#define BRIDGE "0000:00:1c.0"
#define SATA   "0000:00:1f.2"
#define NVME   "0000:01:00.0"
#define NIC    "0000:02:00.0"
#define NIC2   "0000:02:00.1"
#define VF     "0000:02:10.0"
#define VGA    "0000:00:02.0"

#define NO_MOUNTS	 "20 1 0:19 / /proc rw - proc proc rw\n"
#define ROUTES		 "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
#define DEFAULT4(ifname) ROUTES ifname "\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct fake_dev nic = { .vendor = 0x8086,
				.device = 0x10c9,
				.class_code = 0x020000,
				.driver = "igb",
				.parent = BRIDGE,
				.vfs = 7,
				.net = "eth0" };

	*state = bus;
	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_driver(bus, "igbvf", "8086:10ca");
	fake_bus_add(bus, BRIDGE, &(struct fake_dev){ .class_code = 0x060400 });
	fake_bus_add(bus, SATA, &(struct fake_dev){ .class_code = 0x010601 });
	fake_bus_add(bus, NVME, &(struct fake_dev){ .class_code = 0x010802, .parent = BRIDGE });
	fake_bus_add(bus, NIC, &nic);
	nic.net = "eth1";
	nic.vfs = 0;
	fake_bus_add(bus, NIC2, &nic);
	fake_bus_add(bus, VF,
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .driver = "igbvf",
					 .parent = BRIDGE,
					 .pf = NIC,
					 .net = "eth2" });
	fake_bus_add(bus, VGA, &(struct fake_dev){ .class_code = 0x030000 });
	fake_bus_put(bus, "/proc/1/mountinfo", NO_MOUNTS);
	return 0;
}

static int teardown(void **state)
{
	fake_bus_free(*state);
	return 0;
}

/* A block device of a function ("" for a virtual one): directory, class and number links. */
static void disk(struct fake_bus *bus, const char *bdf, const char *below, const char *name,
		 const char *number)
{
	_cleanup_free_ char *dev = *bdf ? fake_bus_devpath(bus, bdf) : xlpt_xstrdup("/sys/devices");
	_cleanup_free_ char *dir = xlpt_xasprintf("%s/%s/%s", dev, below, name);
	_cleanup_free_ char *file = xlpt_xasprintf("%s/dev", dir);
	_cleanup_free_ char *class = xlpt_xasprintf("/sys/class/block/%s", name);
	_cleanup_free_ char *nr = xlpt_xasprintf("/sys/dev/block/%s", number);
	_cleanup_free_ char *target = xlpt_xasprintf("../../%s", dir + strlen("/sys/"));

	fake_bus_put(bus, file, number);
	fake_bus_link(bus, class, target);
	fake_bus_link(bus, nr, target);
}

static void slave(struct fake_bus *bus, const char *of, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/class/block/%s/slaves/%s", of, name);
	_cleanup_free_ char *target = xlpt_xasprintf("../../../../../class/block/%s", name);

	fake_bus_link(bus, path, target);
}

static void virtual_net(struct fake_bus *bus, const char *name)
{
	_cleanup_free_ char *file = xlpt_xasprintf("/sys/devices/virtual/net/%s/operstate", name);
	_cleanup_free_ char *class = xlpt_xasprintf("/sys/class/net/%s", name);
	_cleanup_free_ char *target = xlpt_xasprintf("../../devices/virtual/net/%s", name);

	fake_bus_put(bus, file, "up\n");
	fake_bus_link(bus, class, target);
}

static void lower(struct fake_bus *bus, const char *upper, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/sys/class/net/%s/lower_%s", upper, name);
	_cleanup_free_ char *target = xlpt_xasprintf("../../../../class/net/%s", name);

	fake_bus_link(bus, path, target);
}

/* What the guard says about one function: "disk:WHAT;", all its reasons; "" for not needed. */
static char *reasons(struct fake_bus *bus, const char *name)
{
	static const char *const words[] = { "disk", "network", "console", "bridge", "keyboard" };
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_str out = { 0 };
	struct xlpt_bdf bdf;

	assert_true(xlpt_bdf_from_sysfs_name(name, &bdf));
	assert_int_equal(xlpt_needs_read(fake_bus_host(bus), &needs, &diag), 0);
	assert_int_equal(diag.code, 0);
	for (size_t i = 0; i < needs.n; i++)
		if (xlpt_bdf_eq(needs.items[i].bdf, bdf))
			xlpt_str_addf(&out, "%s:%s;", words[needs.items[i].why],
				      needs.items[i].what);
	assert_true((out.len == 0) == (xlpt_needs_find(&needs, bdf) == NULL));
	return xlpt_str_take(&out);
}

static void assert_reasons(struct fake_bus *bus, const char *name, const char *want)
{
	_cleanup_free_ char *got = reasons(bus, name);

	assert_string_equal(got, want);
}

static void test_nothing(void **state)
{
	struct fake_bus *bus = *state;

	/* Three cards are up and there is no route: no telling which one matters. */
	assert_reasons(bus, NIC, "");
	assert_reasons(bus, SATA, "");
	assert_reasons(bus, VGA, "");
	assert_reasons(bus, BRIDGE, "");
}

static void test_root(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, SATA, "ata1/host0/target0:0:0/0:0:0:0/block", "sda", "8:0");
	disk(bus, SATA, "ata1/host0/target0:0:0/0:0:0:0/block/sda", "sda2", "8:2");
	disk(bus, NVME, "nvme/nvme0", "nvme0n1", "259:0");
	fake_bus_put(
		bus, "/proc/1/mountinfo",
		NO_MOUNTS
		"30 1 259:0 / /var/lib/my\\040guests rw,noatime shared:7 - xfs /dev/nvme0n1 rw\n"
		"31 1 8:2 / /boot rw - ext4 /dev/sda2 rw\n"
		"garbage\n\n"
		"22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n");
	assert_reasons(bus, SATA, "disk:/ is on sda2;");
	assert_reasons(bus, NVME, "disk:/var/lib/my guests is on nvme0n1;");
	assert_reasons(bus, BRIDGE,
		       "bridge:" NVME " is behind it: /var/lib/my guests is on nvme0n1;");
}

/* / on LVM on LUKS on md on two disks; the partition of an md array has its slaves one up. */
static void test_stack(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, SATA, "ata1/block", "sda", "8:0");
	disk(bus, NVME, "nvme/nvme0", "nvme0n1", "259:0");
	disk(bus, "", "virtual/block", "md0", "9:0");
	disk(bus, "", "virtual/block/md0", "md0p1", "259:9");
	fake_bus_put(bus, "/sys/devices/virtual/block/md0/md0p1/partition", "1\n");
	disk(bus, "", "virtual/block", "dm-0", "253:0");
	disk(bus, "", "virtual/block", "dm-1", "253:1");
	slave(bus, "dm-1", "dm-0");
	slave(bus, "dm-0", "md0p1");
	slave(bus, "md0", "sda");
	slave(bus, "md0", "nvme0n1");
	slave(bus, "md0", "dm-1"); /* a loop, as no kernel makes it */
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
	assert_reasons(bus, SATA, "disk:/ is on dm-1 over sda;");
	assert_reasons(bus, NVME, "disk:/ is on dm-1 over nvme0n1;");
}

static void test_swap(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, SATA, "ata1/block", "sda", "8:0");
	disk(bus, NVME, "nvme/nvme0", "nvme0n1", "259:0");
	fake_bus_link(bus, "/dev/disk/by-label/swap", "../../nvme0n1");
	fake_bus_put(bus, "/proc/swaps",
		     "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		     "/dev/sda                                partition\t1\t0\t-2\n"
		     "/dev/disk/by-label/swap partition\t1\t0\t-3\n"
		     "/swapfile file\t1\t0\t-4\n");
	assert_reasons(bus, SATA, "disk:swap is on sda;");
	assert_reasons(bus, NVME, "disk:swap is on nvme0n1;");
}

/* A user who names a disk as his FUSE mount's source cannot keep it from being given away. */
static void test_source_of_user(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, SATA, "ata1/block", "sda", "8:0");
	fake_bus_put(
		bus, "/proc/1/mountinfo",
		"22 1 0:25 / /home/u/m rw - fuse.sshfs /dev/sda rw,user_id=1000,group_id=1000\n"
		"23 1 0:26 / /home/u/n rw - fuse /dev/sda rw,user_id=10,group_id=0\n");
	assert_reasons(bus, SATA, "");
	/* Root's may be on it. */
	fake_bus_put(bus, "/proc/1/mountinfo",
		     "22 1 0:25 / /mnt rw - fuse.ext2 /dev/sda rw,user_id=0,group_id=0\n");
	assert_reasons(bus, SATA, "disk:/mnt is on sda;");
}

static void test_btrfs_nvme(void **state)
{
	struct fake_bus *bus = *state;
	_cleanup_free_ char *nvme = fake_bus_devpath(bus, NVME);
	_cleanup_free_ char *ctrl = xlpt_xasprintf("%s/nvme/nvme3/model", nvme);
	_cleanup_free_ char *link = xlpt_xasprintf("../../%s/nvme/nvme3", nvme + strlen("/sys/"));

	/* btrfs over two disks: mountinfo names one of them and no block device number. */
	disk(bus, SATA, "ata1/block", "sda", "8:0");
	disk(bus, "", "virtual/nvme-subsystem/nvme-subsys3", "nvme3n1", "259:3");
	fake_bus_put(bus, "/sys/fs/btrfs/0fc1/devices/sda", "");
	fake_bus_put(bus, "/sys/fs/btrfs/0fc1/devices/nvme3n1", "");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 0:25 /@ / rw - btrfs /dev/sda rw\n");
	/* NVMe multipath: the disk is virtual, its controllers are not. */
	fake_bus_put(bus, ctrl, "fast\n");
	fake_bus_link(bus, "/sys/class/nvme/nvme3", link);
	fake_bus_link(bus, "/sys/class/nvme-subsystem/nvme-subsys3",
		      "../../devices/virtual/nvme-subsystem/nvme-subsys3");
	fake_bus_put(bus, "/sys/devices/virtual/nvme-subsystem/nvme-subsys3/nvme3", "");
	assert_reasons(bus, SATA, "disk:/ is on sda;");
	assert_reasons(bus, NVME, "disk:/ is on sda;");
}

/* ZFS: no file tells which disks a pool is on, so that each one may be needed. */
static void test_zfs(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, SATA, "ata1/block", "sda", "8:0");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 0:25 / / rw - zfs rpool/ROOT/debian rw\n");
	assert_reasons(bus, SATA, "disk:/ is on ZFS (rpool/ROOT/debian), perhaps on sda;");
	assert_reasons(bus, NVME, "");
}

static void test_no_proc(void **state)
{
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *big = NULL;
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);
	struct xlpt_str text = { 0 };

	assert_int_equal(h->ops->unlink(h, "/proc/1/mountinfo"), 0);
	assert_int_equal(xlpt_needs_read(h, &needs, &diag), XLPT_ERR_IO);
	assert_int_equal(diag.sys_errno, ENOENT);
	assert_non_null(diag.hint);
	assert_int_equal(needs.n, 0);

	/* More mounts than fit 64 KiB; the one that counts is the last. */
	disk(bus, SATA, "ata1/block", "sda", "8:0");
	for (unsigned i = 0; i < 2000; i++)
		xlpt_str_addf(&text, "%u 1 0:%u / /run/containers/%u rw - overlay overlay rw\n", i,
			      i, i);
	xlpt_str_add(&text, "9 1 8:0 / /srv rw - xfs /dev/sda rw\n");
	big = xlpt_str_take(&text);
	assert_true(strlen(big) > 65536);
	fake_bus_put(bus, "/proc/self/mountinfo", big);
	assert_reasons(bus, SATA, "disk:/srv is on sda;");
}

static void test_default_route(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(
		bus, "/proc/net/route",
		DEFAULT4("eth0") "eth1\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
				 "eth1\t00000001\t0000000A\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
				 "eth1\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
				 "eth1\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n");
	assert_reasons(bus, NIC, "network:the default route uses eth0;");
	assert_reasons(bus, NIC2, "");
	assert_reasons(bus, BRIDGE, "bridge:" NIC " is behind it: the default route uses eth0;");
	/* Its virtual function can be given away, */
	assert_reasons(bus, VF, "");
	/* but when the route is on the virtual function, its physical one cannot. */
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("eth2"));
	assert_reasons(bus, VF, "network:the default route uses eth2;");
	assert_reasons(bus, NIC,
		       "network:" VF " is a virtual function of it: "
		       "the default route uses eth2;");
}

static void test_ipv6_route(void **state)
{
	struct fake_bus *bus = *state;

#define ZERO "00000000000000000000000000000000"
	fake_bus_put(bus, "/proc/net/ipv6_route",
		     "20010db8000000000000000000000000 40 " ZERO " 00 " ZERO
		     " 00000100 00000001 00000000 00000001     eth0\n" ZERO " 60 " ZERO " 00 " ZERO
		     " 00000100 00000001 00000000 00000001     eth0\n" ZERO " 00 " ZERO " 00 " ZERO
		     " ffffffff 00000001 00000000 00000201     eth0\n" ZERO " 00 " ZERO
		     " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     "
		     "eth1\n" ZERO " 00 " ZERO " 00 " ZERO
		     " ffffffff 00000001 00000000 00200200       lo\n");
	assert_reasons(bus, NIC2, "network:the default route uses eth1;");
	assert_reasons(bus, NIC, "");
}

/* Route on a VLAN on a bridge on a bond of both cards, by the links of newer kernels. */
static void test_stacked_net(void **state)
{
	struct fake_bus *bus = *state;

	virtual_net(bus, "xenbr0.100");
	virtual_net(bus, "xenbr0");
	virtual_net(bus, "bond0");
	virtual_net(bus, "vif1.0");
	lower(bus, "xenbr0.100", "xenbr0");
	lower(bus, "xenbr0", "bond0");
	lower(bus, "xenbr0", "vif1.0");
	lower(bus, "bond0", "eth0");
	lower(bus, "bond0", "eth1");
	lower(bus, "bond0", "xenbr0"); /* a loop, as no kernel makes it */
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("xenbr0.100"));
	assert_reasons(bus, NIC, "network:the default route uses eth0 (below xenbr0.100);");
	assert_reasons(bus, NIC2, "network:the default route uses eth1 (below xenbr0.100);");
}

/* The same without lower_* links. */
static void test_stacked_net_old(void **state)
{
	struct fake_bus *bus = *state;

	virtual_net(bus, "vlan5");
	virtual_net(bus, "xenbr0");
	virtual_net(bus, "bond0");
	fake_bus_put(bus, "/proc/net/vlan/vlan5",
		     "vlan5  VID: 5\t REORDER_HDR: 1\nDevice: xenbr0\n");
	fake_bus_put(bus, "/sys/class/net/xenbr0/brif/bond0/port_no", "0x1\n");
	fake_bus_put(bus, "/sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("vlan5"));
	assert_reasons(bus, NIC, "network:the default route uses eth0 (below vlan5);");
	assert_reasons(bus, NIC2, "network:the default route uses eth1 (below vlan5);");
	assert_reasons(bus, VF, "");
}

/* A second bridge, with an address and no default route; a third, without, is the guests' own. */
static void test_management_bridge(void **state)
{
	struct fake_bus *bus = *state;

	virtual_net(bus, "mgmt0");
	virtual_net(bus, "guests0");
	fake_bus_put(bus, "/sys/class/net/mgmt0/bridge/stp_state", "0\n");
	fake_bus_put(bus, "/sys/class/net/guests0/bridge/stp_state", "0\n");
	lower(bus, "mgmt0", "eth1");
	lower(bus, "guests0", "eth2");
	fake_bus_put(
		bus, "/proc/net/route",
		DEFAULT4("eth0") "mgmt0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	fake_bus_put(bus, "/proc/net/ipv6_route",
		     "fe800000000000000000000000000000 40 " ZERO " 00 " ZERO
		     " 00000100 00000001 00000000 00000001  guests0\n");
	assert_reasons(
		bus, NIC2,
		"network:a bridge on which this host has an address uses eth1 (below mgmt0);");
	assert_reasons(bus, NIC, "network:the default route uses eth0;");
	assert_reasons(bus, VF, "");
	fake_bus_put(bus, "/proc/net/ipv6_route",
		     "20010db8000000000000000000000000 40 " ZERO " 00 " ZERO
		     " 00000100 00000001 00000000 00000001  guests0\n");
	assert_reasons(
		bus, VF,
		"network:a bridge on which this host has an address uses eth2 (below guests0);");
}

#define KEYBOARD(name, sysfs)                                                                  \
	"I: Bus=0003 Vendor=046d Product=c31c Version=0110\nN: Name=\"" name "\"\nP: Phys=x\n" \
	"S: Sysfs=" sysfs "\nH: Handlers=sysrq kbd leds event3\nB: PROP=0\nB: EV=120013\n"     \
	"B: KEY=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n\n"
#define BUTTON                                                                                \
	"I: Bus=0019 Vendor=0000 Product=0001 Version=0000\nN: Name=\"Power Button\"\n"       \
	"S: Sysfs=/devices/LNXSYSTM:00/LNXPWRBN:00/input/input0\nH: Handlers=kbd event0\nB: " \
	"EV=3\n\n"
#define USB1 "/devices/pci0000:00/" BRIDGE "/" NIC "/usb1/1-3"
#define USB2 "/devices/pci0000:00/" BRIDGE "/" NIC2 "/usb2/2-4"

static void test_keyboard(void **state)
{
	const char *input = "/proc/bus/input/devices";
	struct fake_bus *bus = *state;

	fake_bus_put(bus, input, BUTTON KEYBOARD("Logitech K120", USB1 "/input/input7"));
	assert_reasons(bus, NIC, "keyboard:the only keyboard is on it (Logitech K120);");
	assert_reasons(bus, BRIDGE,
		       "bridge:" NIC " is behind it: the only keyboard is on it (Logitech K120);");
	/* A second one on the same controller changes nothing, nor does a program's. */
	fake_bus_put(bus, input,
		     KEYBOARD("A", USB1 "/input/input7") KEYBOARD("B", USB1 "/input/input8")
			     KEYBOARD("xdotool", "/devices/virtual/input/input9"));
	assert_reasons(bus, NIC, "keyboard:the only keyboard is on it (A);");
	/* One on another controller, or one on the PS/2 port, is enough. */
	fake_bus_put(bus, input,
		     KEYBOARD("A", USB1 "/input/input7") KEYBOARD("B", USB2 "/input/input8"));
	assert_reasons(bus, NIC, "");
	fake_bus_put(bus, input,
		     KEYBOARD("A", USB1 "/input/input7")
			     KEYBOARD("AT", "/devices/platform/i8042/serio0/input/input1"));
	assert_reasons(bus, NIC, "");
	fake_bus_put(bus, input, "N: Name=\"\nB: EV=zz\nS: Sysfs=\n");
	assert_reasons(bus, NIC, "");
}

static void test_openvswitch(void **state)
{
	struct fake_bus *bus = *state;

	virtual_net(bus, "xenbr0");
	virtual_net(bus, "ovs-system");
	lower(bus, "ovs-system", "eth1");
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("xenbr0"));
	assert_reasons(bus, NIC2, "network:the default route uses eth1 (below xenbr0);");
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("eth0"));
	assert_reasons(bus, NIC2, "");
}

static void test_only_interface(void **state)
{
	struct fake_bus *bus = *state;

	virtual_net(bus, "lo");
	fake_bus_put(bus, "/sys/class/net/eth1/operstate", "down\n");
	assert_reasons(bus, NIC, "");
	fake_bus_put(bus, "/sys/class/net/eth2/operstate", "down\n");
	assert_reasons(bus, NIC, "network:eth0 is the only network interface that is up;");
	fake_bus_put(bus, "/proc/net/route", DEFAULT4("eth1"));
	assert_reasons(bus, NIC, "");
}

static void test_console(void **state)
{
	struct fake_bus *bus = *state;
	_cleanup_free_ char *vga = fake_bus_devpath(bus, VGA);
	_cleanup_free_ char *fb = xlpt_xasprintf("%s/graphics/fb0/name", vga);
	_cleanup_free_ char *link = xlpt_xasprintf("../../%s/graphics/fb0", vga + strlen("/sys/"));
	_cleanup_free_ char *tty = xlpt_xasprintf("../../%s/tty/ttyS4", vga + strlen("/sys/"));

	fake_bus_put(bus, "/sys/bus/pci/devices/" VGA "/boot_vga", "1\n");
	assert_reasons(bus, VGA, "console:it is the display the firmware chose (boot_vga);");
	fake_bus_put(bus, "/sys/bus/pci/devices/" VGA "/boot_vga", "0\n");
	fake_bus_link(bus, "/sys/class/tty/ttyS4", tty);
	assert_reasons(bus, VGA, "");
	fake_bus_put(bus, "/sys/class/tty/console/active", "hvc0 ttyS4\n");
	assert_reasons(bus, VGA, "console:ttyS4 is a console;");
	fake_bus_put(bus, fb, "i915drmfb\n");
	fake_bus_link(bus, "/sys/class/graphics/fb0", link);
	assert_reasons(bus, VGA, "console:fb0 shows the console;");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_nothing),       T(test_root),
		T(test_stack),	       T(test_swap),
		T(test_btrfs_nvme),    T(test_source_of_user),
		    T(test_no_proc),
		T(test_zfs),
		T(test_default_route), T(test_ipv6_route),
		T(test_stacked_net),   T(test_stacked_net_old),
		T(test_openvswitch),   T(test_only_interface),
		T(test_console),       T(test_management_bridge),
		T(test_keyboard),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
