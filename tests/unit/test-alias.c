/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requester ids: those that firmware has functions share (alias entries of AMD's ACPI table IVRS), and those
 * in which ARI makes device and function one number.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "pciback/device/config.h"
#include "pciback/device/ivrs.h"
#include "pciback/device/ports.h"
#include "pciback/device/scan.h"
#include "tests/unit/isolating.h"

#define IVRS "/sys/firmware/acpi/tables/IVRS"

/* A table of one IVHD block of that type, with these entries. */
struct table {
	uint8_t bytes[512];
	size_t len, block;
};

static struct table begin(uint8_t type, unsigned seg)
{
	struct table t = { .bytes = "IVRS", .block = 48 };

	t.bytes[48] = type;
	t.bytes[48 + 16] = (uint8_t)seg;
	t.len = t.block + (type == 0x10 ? 24 : 40);
	return t;
}

/* alias: of entries of 8 bytes. Numbers of functions are bus, device and function in one. */
static void entry(struct table *t, uint8_t type, unsigned id, unsigned alias)
{
	uint8_t *e = t->bytes + t->len;

	e[0] = type;
	e[1] = (uint8_t)id;
	e[2] = (uint8_t)(id >> 8);
	if (type >= 0x40) {
		e[5] = (uint8_t)alias;
		e[6] = (uint8_t)(alias >> 8);
	}
	t->len += type >= 0x40 ? 8 : 4;
}

static void end(struct table *t)
{
	t->bytes[4] = (uint8_t)t->len;
	t->bytes[5] = (uint8_t)(t->len >> 8);
	t->bytes[t->block + 2] = (uint8_t)(t->len - t->block);
	t->bytes[t->block + 3] = (uint8_t)((t->len - t->block) >> 8);
}

static const char functions[] = "00:01.0 - pci\n00:02.0 - pci\n00:03.0 - pci\n00:03.1 - pci\n"
				"05:00.0 - pci\n05:01.0 - pci\n";

static void sets_of(const struct table *t, size_t len, const char *want)
{
	_cleanup_free_ uint8_t *exact = xlpt_xcalloc(1, len ? len : 1);
	_cleanup_devices_ struct xlpt_devices devs;
	_cleanup_sets_ struct xlpt_sets s;
	_cleanup_free_ char *got = NULL;

	memcpy(exact, t->bytes, len);
	tree(functions, &devs);
	xlpt_ivrs_aliases_parse(exact, len, &devs);
	xlpt_sets_make(&devs, &s);
	got = sets_text(&devs, &s);
	if (want)
		assert_string_equal(got, want);
}

static void test_entries(void **state)
{
	static const uint8_t types[] = { 0x10, 0x11, 0x40 };
	struct table t;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		t = begin(types[i], 0);
		entry(&t, 0x02, 0x0008, 0);	 /* select, no alias */
		entry(&t, 0x42, 0x0008, 0x0010); /* 00:01.0 as 00:02.0 */
		entry(&t, 0x43, 0x0500, 0x0018); /* 05:00.0 to 05:1f.7 as 00:03.0, across buses */
		entry(&t, 0x04, 0x05ff, 0);
		end(&t);
		sets_of(&t, t.len, "00:01.0 00:02.0 | 00:03.0 00:03.1 05:00.0 05:01.0");
	}
	/* Two with the id of one that is not there: one entry of Xen's device table. */
	t = begin(0x10, 0);
	entry(&t, 0x42, 0x0008, 0x0100);
	entry(&t, 0x42, 0x0010, 0x0100);
	end(&t);
	sets_of(&t, t.len, "00:01.0 00:02.0 | 00:03.0 00:03.1 | 05:00.0 | 05:01.0");
	/* Its own id is no alias, and the last entry counts. */
	t = begin(0x10, 0);
	entry(&t, 0x42, 0x0008, 0x0010);
	entry(&t, 0x42, 0x0008, 0x0008);
	entry(&t, 0x43, 0x0500, 0x0008); /* begins, and another range does before it ends */
	entry(&t, 0x03, 0x0500, 0);
	entry(&t, 0x04, 0x05ff, 0);
	end(&t);
	sets_of(&t, t.len, "00:01.0 | 00:02.0 | 00:03.0 00:03.1 | 05:00.0 | 05:01.0");
	/* Of another PCI domain. */
	t = begin(0x10, 1);
	entry(&t, 0x42, 0x0008, 0x0010);
	end(&t);
	sets_of(&t, t.len, "00:01.0 | 00:02.0 | 00:03.0 00:03.1 | 05:00.0 | 05:01.0");
}

static void test_hostile(void **state)
{
	struct table t = begin(0x40, 0);

	(void)state;
	entry(&t, 0x43, 0x0000, 0x0100);
	t.bytes[t.len] = 0xf0; /* a device that ACPI names, with 4 bytes of name */
	t.bytes[t.len + 21] = 4;
	t.len += 26;
	entry(&t, 0x04, 0xffff, 0);
	end(&t);
	sets_of(&t, t.len, "00:01.0 00:02.0 00:03.0 00:03.1 05:00.0 05:01.0");
	/* Nothing is read beyond the end, whatever the lengths say. */
	for (size_t len = 0; len < t.len; len++)
		sets_of(&t, len,
			len < 48 ? "00:01.0 | 00:02.0 | 00:03.0 00:03.1 | 05:00.0 | 05:01.0"
				 : NULL);
	for (size_t at = 48; at < t.len; at++)
		for (unsigned v = 0; v < 256; v++) {
			struct table bad = t;

			bad.bytes[at] = (uint8_t)v;
			sets_of(&bad, bad.len, NULL);
		}
}

static void test_reasons(void **state)
{
	static const char text[] = "00:01.0 - end alias=00:02.0\n00:02.0 - end\n"
				   "00:03.0 - end alias=09:00.0\n00:04.0 - end alias=09:00.0\n";

	(void)state;
	reason(text, "00:01.0", "uses the requester id of 0000:00:02.0 (ACPI table IVRS)");
	reason(text, "00:02.0", "its requester id is also used by 0000:00:01.0 (ACPI table IVRS)");
	reason(text, "00:03.0",
	       "uses the requester id 0000:09:00.0, as 0000:00:04.0 does (ACPI table IVRS)");
	reason(text, "00:04.0",
	       "uses the requester id 0000:09:00.0, as 0000:00:03.0 does (ACPI table IVRS)");
}

/* From the host's file, with every kind of scan that sets are made of. */
static void test_scan(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct table t = begin(0x10, 0);
	_cleanup_close_ int fd = -1;

	(void)state;
	fake_bus_driver(bus, "pciback", NULL);
	fake_bus_add(bus, "0000:00:01.0", &(struct fake_dev){ .class_code = 0x020000 });
	fake_bus_add(bus, "0000:00:02.0", &(struct fake_dev){ .class_code = 0x020000 });
	entry(&t, 0x42, 0x0008, 0x0010);
	end(&t);
	fake_bus_put(bus, IVRS, "");
	fd = openat(fake_bus_host(bus)->rootfd, &IVRS[1], O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, t.bytes, t.len), (ssize_t)t.len);
	for (size_t i = 0; i < 3; i++) {
		static const unsigned flags[] = { XLPT_SCAN_SETS | XLPT_SCAN_BRIEF, XLPT_SCAN_SETS,
						  XLPT_SCAN_CAPS };
		_cleanup_devices_ struct xlpt_devices devs = { 0 };
		_cleanup_sets_ struct xlpt_sets s;

		assert_int_equal(xlpt_scan_all(fake_bus_host(bus), flags[i], NULL, &devs, NULL), 0);
		xlpt_sets_make(&devs, &s);
		assert_int_equal(s.n, 1);
	}
	fake_bus_free(bus);
}

/* The port's Device Control 2 says that device and function are one number, whatever the function has. */
static void test_ari(void **state)
{
	uint8_t cfg[256] = { [6] = 0x10, [0x34] = 0x40, [0x40] = 0x10, [0x42] = 0x42 };
	struct xlpt_device port = { .header = XLPT_HEADER_BRIDGE },
			   dev = { .bdf = B("01:01.0"), .caps = { .config_read = true } };

	(void)state;
	dev.caps.pcie = true;
	for (unsigned on = 0; on < 2; on++) {
		cfg[0x40 + 0x28] = (uint8_t)(on << 5);
		xlpt_config_caps(cfg, sizeof(cfg), &port.caps);
		assert_int_equal(port.caps.pcie_type, XLPT_PCIE_ROOT_PORT);
		xlpt_port_correct(&dev, &port);
		assert_int_equal(xlpt_acs_state(&dev), on ? XLPT_ACS_ABSENT : XLPT_ACS_ON);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_reasons), cmocka_unit_test(test_scan),
		cmocka_unit_test(test_ari),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
