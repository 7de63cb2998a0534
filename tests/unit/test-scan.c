/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pciback/device/scan.h"
#include "tests/fake/bus.h"

#define NIC "0000:02:00.0"

static struct xlpt_bdf bdf(const char *s)
{
	struct xlpt_bdf out;

	assert_true(xlpt_bdf_from_sysfs_name(s, &out));
	return out;
}

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();

	*state = bus;
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_driver(bus, "pcieport", NULL);
	fake_bus_driver(bus, "igb", "8086:10c9");
	fake_bus_driver(bus, "igbvf", "8086:10ca");
	fake_bus_add(
		bus, "0000:00:01.0",
		&(struct fake_dev){ .vendor = 0x8086, .device = 0x3408, .class_code = 0x060400 });
	fake_bus_add(
		bus, NIC,
		&(struct fake_dev){
			.vendor = 0x8086,
			.device = 0x10c9,
			.subvendor = 0x15d9,
			.subdevice = 0x34aa,
			.class_code = 0x020000,
			.revision = 1,
			.driver = "igb",
			.parent = "0000:00:01.0",
			.vfs = 7,
			.net = "eth0",
			.irq = 16,
			.reset_method = "flr pm",
			.resource = "0x00000000f7d00000 0x00000000f7d1ffff 0x0000000000040200\n"
				    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				    "0x000000000000e000 0x000000000000e01f 0x0000000000040101\n" });
	fake_bus_add(bus, "0000:02:00.1",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10c9,
					 .class_code = 0x020000,
					 .driver = "pciback",
					 .parent = "0000:00:01.0",
					 .no_reset = true });
	fake_bus_add(bus, "0000:02:10.0",
		     &(struct fake_dev){ .vendor = 0x8086,
					 .device = 0x10ca,
					 .class_code = 0x020000,
					 .driver = "igbvf",
					 .parent = "0000:00:01.0",
					 .pf = NIC });
	return 0;
}

static int teardown(void **state)
{
	fake_bus_free(*state);
	return 0;
}

static void test_facts(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_device_ struct xlpt_device d = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(xlpt_scan_one(h, bdf(NIC), XLPT_SCAN_CAPS, NULL, &d, &diag), 0);
	assert_int_equal(d.vendor, 0x8086);
	assert_int_equal(d.device, 0x10c9);
	assert_int_equal(d.subvendor, 0x15d9);
	assert_int_equal(d.subdevice, 0x34aa);
	assert_int_equal(d.class_code, 0x020000);
	assert_int_equal(d.revision, 1);
	assert_int_equal(d.header, XLPT_HEADER_ENDPOINT);
	assert_string_equal(d.driver, "igb");
	assert_null(d.driver_override);
	assert_string_equal(d.modalias, "pci:v00008086d000010C9sv000015D9sd000034AAbc02sc00i00");
	assert_true(d.bars[0].start == 0xf7d00000 && d.bars[0].end == 0xf7d1ffff);
	assert_true(d.bars[0].flags & 0x200);
	assert_true(d.bars[1].end == 0 && d.bars[2].flags & 0x100 && d.bars[6].end == 0);
	assert_int_equal(d.irq, 16);
	assert_int_equal(d.numa_node, -1);
	assert_null(d.iommu_group);
	assert_string_equal(d.reset_method, "flr pm");
	assert_true(d.has_reset);
	assert_false(d.is_vf);
	assert_int_equal(d.vf_total, 7);
	assert_int_equal(d.vf_count, 1);
	assert_true(d.has_parent && xlpt_bdf_eq(d.parent, bdf("0000:00:01.0")));
	assert_non_null(d.net);
	assert_string_equal(d.net[0], "eth0");
	assert_null(d.net[1]);
	assert_true(d.caps.config_read);
	assert_false(d.caps.flr);
	assert_null(d.vendor_name);
}

/* Where its registers are, without a look at anything else. */
static void test_places(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_device_ struct xlpt_device d = { 0 }, none = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(xlpt_scan_one(h, bdf(NIC), XLPT_SCAN_PLACES, NULL, &d, &diag), 0);
	assert_int_equal(d.irq, 16);
	assert_int_equal(d.bars[0].start, 0xf7d00000);
	assert_int_equal(d.bars[0].end, 0xf7d1ffff);
	assert_int_equal(d.bars[1].start, 0);
	assert_int_equal(d.bars[2].flags, 0x40101);
	assert_int_equal(d.vendor, 0x8086);
	assert_null(d.driver);
	assert_null(d.reset_method);
	assert_int_equal(
		xlpt_scan_one(h, bdf("0000:09:00.0"), XLPT_SCAN_PLACES, NULL, &none, &diag),
		XLPT_ERR_NO_DEVICE);
	assert_string_equal(diag.message, "no PCI device 0000:09:00.0");
}

static void test_all(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_devices_ struct xlpt_devices list = { 0 };
	const struct xlpt_device *d;

	assert_int_equal(xlpt_host_write_text(h, "pciback\n",
					      "/sys/bus/pci/devices/" NIC "/driver_override"),
			 0);
	/* One that cannot be read whole, as it is when unplugged, does not stop the scan. */
	fake_bus_put(*state, "/sys/bus/pci/devices/10000:e1:00.0/vendor", "0x8086\n");
	assert_int_equal(xlpt_scan_all(h, 0, NULL, &list, NULL), 0);
	assert_int_equal(list.n, 4);
	for (size_t i = 1; i < list.n; i++)
		assert_true(xlpt_bdf_cmp(list.items[i - 1].bdf, list.items[i].bdf) < 0);

	d = xlpt_devices_find(&list, bdf("0000:00:01.0"));
	assert_int_equal(d->header, XLPT_HEADER_BRIDGE);
	assert_false(d->has_parent);
	assert_null(d->driver);
	assert_int_equal(d->vf_total, -1);
	assert_int_equal(d->vf_count, -1);
	d = xlpt_devices_find(&list, bdf(NIC));
	assert_string_equal(d->driver_override, "pciback");
	d = xlpt_devices_find(&list, bdf("0000:02:00.1"));
	assert_string_equal(d->driver, "pciback");
	assert_false(d->has_reset);
	assert_null(d->reset_method);
	assert_null(d->net);
	d = xlpt_devices_find(&list, bdf("0000:02:10.0"));
	assert_true(d->is_vf && xlpt_bdf_eq(d->pf, bdf(NIC)));
	assert_false(d->caps.config_read);
}

static void test_virtio_net(void **state)
{
	struct fake_bus *bus = *state;
	_cleanup_device_ struct xlpt_device d = { 0 };
	_cleanup_free_ char *path = NULL, *file = NULL;

	fake_bus_driver(bus, "virtio-pci", "1af4:*");
	fake_bus_add(bus, "0000:00:03.0",
		     &(struct fake_dev){ .vendor = 0x1af4,
					 .device = 0x1041,
					 .class_code = 0x020000,
					 .driver = "virtio-pci" });
	path = fake_bus_devpath(bus, "0000:00:03.0");
	file = xlpt_xasprintf("%s/virtio2/net/eth7/operstate", path);
	fake_bus_put(bus, file, "up\n");
	assert_int_equal(xlpt_scan_one(fake_bus_host(bus), bdf("0000:00:03.0"), 0, NULL, &d, NULL),
			 0);
	assert_non_null(d.net);
	assert_string_equal(d.net[0], "eth7");
}

static void test_header(void **state)
{
	static const uint8_t multi[64] = { [0x0e] = 0x80 }, odd[64] = { [0x0e] = 0x55 };
	struct xlpt_host *h = fake_bus_host(*state);
	struct fake_bus *bus = *state;
	struct xlpt_device d;

	fake_bus_add(bus, "0000:03:00.0", &(struct fake_dev){ .config = multi, .config_len = 64 });
	fake_bus_add(bus, "0000:03:00.1", &(struct fake_dev){ .config = odd, .config_len = 64 });
	fake_bus_add(
		bus, "0000:03:01.0",
		&(struct fake_dev){ .class_code = 0x060400, .config = multi, .config_len = 0 });
	assert_int_equal(xlpt_scan_one(h, bdf("0000:03:00.0"), XLPT_SCAN_CAPS, NULL, &d, NULL), 0);
	assert_true(d.multifunction && d.header == XLPT_HEADER_ENDPOINT && !d.caps.config_read);
	xlpt_device_dispose(&d);
	assert_int_equal(xlpt_scan_one(h, bdf("0000:03:00.1"), 0, NULL, &d, NULL), 0);
	assert_int_equal(d.header, XLPT_HEADER_UNKNOWN);
	xlpt_device_dispose(&d);
	/* Unreadable: the class has to do. */
	assert_int_equal(xlpt_scan_one(h, bdf("0000:03:01.0"), 0, NULL, &d, NULL), 0);
	assert_int_equal(d.header, XLPT_HEADER_BRIDGE);
	xlpt_device_dispose(&d);
}

static void vanish(struct fake_bus *bus, const char *path, void *arg)
{
	if (strstr(path, NIC) && strstr(path, arg)) {
		fake_bus_on_read(bus, NULL, NULL);
		fake_bus_remove(bus, NIC);
	}
}

/* Wherever the function goes away during the scan, the others are reported and it is not. */
/* A file "config" with too little in it: other files have the class and the subsystem. */
static void test_no_header(void **state)
{
	struct fake_bus *bus = *state;
	static const uint8_t none[16] = { 0 };
	struct xlpt_device dev;

	fake_bus_add(bus, "0000:03:00.0",
		     &(struct fake_dev){ .subvendor = 0x9005,
					 .subdevice = 0x02bb,
					 .class_code = 0x010400,
					 .config = none,
					 .config_len = sizeof(none) });
	for (unsigned brief = 0; brief <= XLPT_SCAN_BRIEF; brief += XLPT_SCAN_BRIEF) {
		assert_int_equal(xlpt_scan_one(fake_bus_host(bus), bdf("0000:03:00.0"),
					       XLPT_SCAN_SETS | brief, NULL, &dev, NULL),
				 0);
		assert_true(dev.no_header && !dev.no_answer && !dev.caps.config_read);
		assert_int_equal(dev.header, XLPT_HEADER_ENDPOINT);
		assert_int_equal(dev.subvendor, 0x9005);
		assert_int_equal(dev.subdevice, 0x02bb);
		xlpt_device_dispose(&dev);
	}
}

static void test_vanish(void **state)
{
	static const char *const when[] = { "/class", "/irq", "/resource", "/config", "/vendor" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(when); i++) {
		_cleanup_devices_ struct xlpt_devices list = { 0 };
		struct xlpt_device d = { 0 };
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		if (i) {
			teardown(state);
			setup(state);
		}
		fake_bus_on_read(*state, vanish, (void *)when[i]);
		assert_int_equal(
			xlpt_scan_all(fake_bus_host(*state), XLPT_SCAN_CAPS, NULL, &list, &diag),
			0);
		assert_int_equal(diag.code, 0);
		/* Its virtual function goes with it. */
		assert_int_equal(list.n, 2);
		assert_null(xlpt_devices_find(&list, bdf(NIC)));
		assert_int_equal(xlpt_scan_one(fake_bus_host(*state), bdf(NIC), 0, NULL, &d, &diag),
				 XLPT_ERR_NO_DEVICE);
		assert_string_equal(diag.message, "no PCI device " NIC);
		assert_non_null(diag.fact);
		assert_non_null(diag.hint);
	}
}

static void test_malformed(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_devices_ struct xlpt_devices list = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	fake_bus_put(*state, "/sys/bus/pci/devices/" NIC "/class", "0x02zz00\n");
	assert_int_equal(xlpt_scan_all(h, 0, NULL, &list, &diag), XLPT_ERR_DATA);
	assert_int_equal(diag.code, XLPT_ERR_DATA);
	assert_int_equal(list.n, 0);
	assert_null(list.items);
	fake_bus_put(*state, "/sys/bus/pci/devices/" NIC "/class", "0x020000\n");
	fake_bus_put(*state, "/sys/bus/pci/devices/" NIC "/vendor", "0x18086\n");
	assert_int_equal(xlpt_scan_all(h, 0, NULL, &list, &diag), XLPT_ERR_DATA);
}

static void test_no_sysfs(void **state)
{
	_cleanup_devices_ struct xlpt_devices list = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_host h;

	(void)state;
	assert_int_equal(xlpt_host_open(&h, "/proc/self/fdinfo"), 0);
	assert_int_equal(xlpt_scan_all(&h, 0, NULL, &list, &diag), XLPT_ERR_IO);
	assert_non_null(diag.hint);
	xlpt_host_close(&h);
}

static void test_names(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_devices_ struct xlpt_devices list = { 0 };
	_cleanup_free_ char *ids = xlpt_xasprintf("%s/pci.ids", h->root), *text = NULL;
	struct xlpt_device *nic;
	char name[900] = "";

	fake_bus_put(*state, "/pci.ids",
		     "8086  Intel Corporation\n\t10c9  82576 Gigabit\n"
		     "C 02  Network controller\n\t00  Ethernet controller\n");
	assert_int_equal(xlpt_scan_all(h, XLPT_SCAN_NAMES, ids, &list, NULL), 0);
	nic = (struct xlpt_device *)xlpt_devices_find(&list, bdf(NIC));
	assert_string_equal(nic->vendor_name, "Intel Corporation");
	assert_string_equal(nic->device_name, "82576 Gigabit");
	assert_string_equal(nic->class_name, "Ethernet controller");
	/* Not in the file: no name rather than a made-up one. */
	assert_null(list.items[0].device_name);
	assert_null(list.items[0].class_name);
	xlpt_device_dispose(nic);
	*nic = (struct xlpt_device){ .bdf = bdf(NIC) };

	/* A name of any length is the name. */
	memset(name, 'x', sizeof(name) - 1);
	text = xlpt_xasprintf("8086  %s\n\t1521  %s\n", name, name);
	fake_bus_put(*state, "/pci.ids", text);
	assert_int_equal(xlpt_scan_one(h, bdf("0000:02:00.1"), XLPT_SCAN_NAMES, ids, nic, NULL), 0);
	assert_string_equal(nic->vendor_name, name);
	xlpt_device_dispose(nic);

	/* What is no line of such a file ends nothing. */
	fake_bus_put(*state, "/pci.ids", "8086  Intel Corporation\n\t\t\tnonsense\nzz\n");
	assert_int_equal(xlpt_scan_one(h, bdf("0000:02:00.1"), XLPT_SCAN_NAMES, ids, nic, NULL), 0);
	assert_null(nic->device_name);
	xlpt_device_dispose(nic);
	assert_int_equal(
		xlpt_scan_one(h, bdf("0000:02:00.1"), XLPT_SCAN_NAMES, "/nowhere", nic, NULL), 0);
	assert_null(nic->vendor_name);
}

static void test_slot(void **state)
{
	struct xlpt_host *h = fake_bus_host(*state);
	_cleanup_free_ struct xlpt_bdf *funcs = NULL;
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	size_t n;

	assert_int_equal(xlpt_scan_slot(h, bdf("0000:02:00.7"), &funcs, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_true(xlpt_bdf_eq(funcs[0], bdf(NIC)) && xlpt_bdf_eq(funcs[1], bdf("0000:02:00.1")));
	free(funcs);
	assert_int_equal(xlpt_scan_slot(h, bdf("0000:05:00.0"), &funcs, &n, &diag),
			 XLPT_ERR_NO_DEVICE);
	assert_null(funcs);
	assert_string_equal(diag.message, "no PCI device 0000:05:00.*");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		T(test_facts),	T(test_all),	T(test_virtio_net),
		T(test_header), T(test_vanish), T(test_malformed),
		T(test_places), T(test_names),	T(test_slot),	T(test_no_header),
		cmocka_unit_test(test_no_sysfs),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
