/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt boot write does not hide what this host needs itself: each kind of it, and how it is forced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/booting.h"

static void disk(struct fake_bus *bus, const char *dir, const char *name, const char *number)
{
	_cleanup_free_ char *file = xlpt_xasprintf("/sys/devices/%s/%s/dev", dir, name);
	_cleanup_free_ char *class = xlpt_xasprintf("/sys/class/block/%s", name);
	_cleanup_free_ char *nr = xlpt_xasprintf("/sys/dev/block/%s", number);
	_cleanup_free_ char *target = xlpt_xasprintf("../../devices/%s/%s", dir, name);

	fake_bus_put(bus, file, number);
	fake_bus_link(bus, class, target);
	fake_bus_link(bus, nr, target);
}

static void assert_guarded(struct fake_bus *bus, const char *bdf, const char *why)
{
	_cleanup_free_ char *write = xlpt_xasprintf("write %s", bdf);
	_cleanup_free_ char *force =
		xlpt_xasprintf("write --dry-run --force-host-device %s %s", bdf, bdf);
	_cleanup_free_ char *other = xlpt_xasprintf("write --force-host-device " FREE " %s", bdf);

	assert_run(bus, 3, write, why);
	assert_run(bus, 3, other, why);
	assert_run(bus, 0, force, NULL);
	assert_text(bus, XLPT_MODPROBE_CONF, NULL);
}

#define ROUTES	  "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
#define AHCI_DISK "pci0000:00/" SATA "/ata1/block"

static void test_guard_root_boot_swap(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, AHCI_DISK, "sda", "8:0");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 8:0 / / rw - ext4 /dev/sda rw\n");
	assert_guarded(bus, SATA, "/ is on sda");
	assert_run(bus, 3, "write 00:1f.*", "/ is on sda");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 8:0 / /boot rw - ext4 /dev/sda rw\n");
	assert_guarded(bus, SATA, "/boot is on sda");
	fake_bus_put(bus, "/proc/1/mountinfo", "");
	fake_bus_put(bus, "/proc/swaps", "Filename\n/dev/sda partition 1 0 -2\n");
	assert_guarded(bus, SATA, "swap is on sda");
}

static void test_guard_luks_lvm(void **state)
{
	struct fake_bus *bus = *state;

	disk(bus, AHCI_DISK, "sda", "8:0");
	disk(bus, "virtual/block", "dm-0", "253:0"); /* LUKS */
	disk(bus, "virtual/block", "dm-1", "253:1"); /* LVM on it */
	fake_bus_link(bus, "/sys/class/block/dm-1/slaves/dm-0", "../../dm-0");
	fake_bus_link(bus, "/sys/class/block/dm-0/slaves/sda", "../../sda");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
	assert_guarded(bus, SATA, "/ is on dm-1 over sda");
}

static void test_guard_network(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/net/route",
		     ROUTES "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
			    "mgmt\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	fake_bus_put(bus, "/sys/class/net/mgmt/bridge/stp_state", "0\n");
	fake_bus_link(bus, "/sys/class/net/mgmt/lower_eth1", "../eth1");
	assert_guarded(bus, NIC, "the default route uses eth0");
	assert_guarded(bus, NIC2, "a bridge on which this host has an address uses eth1");
	/* The bridge above them, by name and by wildcard. */
	assert_run(bus, 3, "write " BRIDGE, "this host needs " NIC);
	assert_run(bus, 3, "write --force-host-device " NIC " --force-host-device " NIC2 " " BRIDGE,
		   "this host needs " BRIDGE);
	assert_run(bus, 3, "write 00:1c.*", "this host needs");
	assert_run(bus, 3, "write 02:*.*", "this host needs " NIC);
}

static void test_guard_console(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/sys/devices/pci0000:00/" VGA "/graphics/fb0/name", "i915drmfb\n");
	fake_bus_link(bus, "/sys/class/graphics/fb0",
		      "../../devices/pci0000:00/" VGA "/graphics/fb0");
	fake_bus_put(bus, "/proc/bus/input/devices",
		     "I: Bus=0003\nN: Name=\"USB Keyboard\"\nS: Sysfs=/devices/pci0000:00/" USB
		     "/usb1/1-1/input/input3\nH: Handlers=sysrq kbd\nB: EV=120013\n\n");
	assert_guarded(bus, VGA, "fb0 shows the console");
	assert_guarded(bus, USB, "the only keyboard is on it (USB Keyboard)");
}

/* Those that go to a guest together with what is hidden, and who of them this host needs. */
static void test_mates(void **state)
{
	struct fake_bus *bus = *state;
	struct fake_dev nic = { .vendor = 0x8086,
				.device = 0x10d3,
				.class_code = 0x020000,
				.driver = "e1000e",
				.parent = "0000:00:1d.0" };

	fake_bus_add(bus, "0000:00:1d.0",
		     &(struct fake_dev){ .class_code = 0x060400, .no_acs = true });
	fake_bus_add(bus, "0000:08:00.0", &nic);
	fake_bus_add(bus, "0000:08:01.0", &nic);
	assert_run(bus, 0, "plan 08:00.0",
		   "0000:08:00.0: in one isolation set with 0000:08:01.0 (driver e1000e); attach "
		   "refuses as long as dom0 keeps a part of the set, unless with --allow-split; to "
		   "hide all of it: xlpt boot write 0000:08:01.0\n");
	assert_run(bus, 0, "plan 08:00.0 08:01.0", NULL);
	assert_null(strstr(said, "isolation set"));
	assert_run(bus, 0, "plan 00:1d.0", NULL);
	assert_null(strstr(said, "isolation set"));
	assert_run(bus, 0, "plan 05:00.0", NULL);
	assert_null(strstr(said, "isolation set"));
	fake_bus_put(bus, "/etc/xlpt/xlpt.conf", "allow-split = 08:01.0\n");
	assert_run(bus, 0, "plan 08:00.0", NULL);
	assert_null(strstr(said, "isolation set"));
	fake_bus_put(bus, "/etc/xlpt/xlpt.conf", "");
	disk(bus, "pci0000:00/0000:00:1d.0/0000:08:01.0/block", "sdb", "8:16");
	fake_bus_put(bus, "/proc/1/mountinfo", "22 1 8:16 / /srv rw - ext4 /dev/sdb rw\n");
	assert_run(bus, 0, "plan 08:00.0",
		   "with 0000:08:01.0 (this host needs it: /srv is on sdb); attach refuses");
	assert_null(strstr(said, "to hide all of it"));
	/* What is configured is told again by plan alone. */
	assert_run(bus, 0, "write 08:00.0", "in one isolation set with 0000:08:01.0");
	assert_run(bus, 0, "write", NULL);
	assert_null(strstr(said, "isolation set"));
	assert_run(bus, 0, "plan", "in one isolation set with 0000:08:01.0");
	/* Without a driver it is told of only if this host needs it. */
	assert_int_equal(xlpt_host_write_text(fake_bus_host(bus), "0000:08:01.0",
					      "/sys/bus/pci/drivers/e1000e/unbind"),
			 0);
	assert_run(bus, 0, "plan", "in one isolation set with 0000:08:01.0 (this host needs it");
	fake_bus_put(bus, "/proc/1/mountinfo", "20 1 0:19 / /proc rw - proc proc rw\n");
	assert_run(bus, 0, "plan", NULL);
	assert_null(strstr(said, "isolation set"));
}

/* Where nothing can be read that keeps functions apart, a set is wider than it may be, and that is said. */
static void test_mates_unread(void **state)
{
	struct fake_bus *bus = *state;
	struct xlpt_host *h = fake_bus_host(bus);

	assert_run(bus, 0, "plan 02:00.0", NULL);
	assert_null(strstr(said, "wider than"));
	assert_int_equal(h->ops->unlink(h, "/sys/bus/pci/devices/" BRIDGE "/config"), 0);
	assert_int_equal(h->ops->unlink(h, "/sys/bus/pci/devices/" NIC "/config"), 0);
	assert_int_equal(h->ops->unlink(h, "/sys/bus/pci/devices/" NIC2 "/config"), 0);
	assert_run(bus, 0, "plan 02:00.0", "in one isolation set with " NIC2);
	assert_non_null(strstr(said, "isolation sets are wider than they may be"));
}

/* What xlpt.conf allows is one set, and no other one. */
static void test_allowed_other(void **state)
{
	struct fake_bus *bus = *state;
	struct fake_dev nic = { .class_code = 0x020000,
				.driver = "e1000e",
				.vendor = 0x8086,
				.device = 0x10d3,
				.parent = "0000:00:1d.0" };

	fake_bus_add(bus, "0000:00:1d.0",
		     &(struct fake_dev){ .class_code = 0x060400, .no_acs = true });
	fake_bus_add(bus, "0000:08:00.0", &nic);
	fake_bus_add(bus, "0000:08:01.0", &nic);
	fake_bus_put(bus, "/etc/xlpt/xlpt.conf", "allow-split = 05:00.0\n");
	assert_run(bus, 0, "plan 08:00.0", "in one isolation set with 0000:08:01.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_mates),	       T(test_guard_root_boot_swap), T(test_guard_luks_lvm),
		T(test_guard_network), T(test_guard_console),	     T(test_mates_unread),
		T(test_allowed_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
