/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pciback/device/firmware.h"
#include "pciback/device/ivrs.h"
#include "pciback/device/vpd.h"
#include "tests/fake/bus.h"

static void put(uint8_t *p, size_t at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[at + i] = (uint8_t)(v >> 8 * i);
}

/* A hardware unit, a region for 00:14.0, one for 02:00.0 named through the bridge 00:1c.0. */
static size_t healthy(uint8_t t[256])
{
	memset(t, 0, 256);
	memcpy(t, "DMAR", 4);
	put(t, 4, 142, 4);
	put(t, 48, 0, 2); /* DRHD */
	put(t, 50, 16, 2);
	put(t, 64, 1, 2); /* RMRR */
	put(t, 66, 32, 2);
	put(t, 72, 0x7d000000, 8);
	put(t, 80, 0x7d01ffff, 8);
	memcpy(t + 88, (uint8_t[]){ 1, 8, 0, 0, 0, 0x00, 0x14, 0 }, 8);
	put(t, 96, 1, 2);
	put(t, 98, 46, 2);
	put(t, 104, 0x8f000000, 8);
	put(t, 112, 0x8f7fffff, 8);
	memcpy(t + 120, (uint8_t[]){ 1, 10, 0, 0, 0, 0x00, 0x1c, 0, 0x00, 0 }, 10);
	memcpy(t + 130, (uint8_t[]){ 1, 12, 0, 0, 0, 0x00, 0x1d, 0, 0x00, 0, 0, 0 }, 12);
	return 142;
}

static const struct xlpt_devices *bridges(void)
{
	static struct xlpt_device items[] = {
		{ .bdf = { .dev = 0x1c }, .header = XLPT_HEADER_BRIDGE, .secondary_bus = 2 },
	};
	static struct xlpt_devices devs = { .items = items, .n = 1 };

	return &devs;
}

static void test_dmar(void **state)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs r = { 0 };
	uint8_t t[256];
	size_t len = healthy(t);

	(void)state;
	assert_int_equal(xlpt_dmar_parse(t, len, bridges(), &r, NULL), 0);
	assert_true(r.there);
	/* The third scope goes through a bridge that is not there. */
	assert_int_equal(r.n, 2);
	assert_string_equal(XLPT_BDF_STR(r.items[0].bdf), "0000:00:14.0");
	assert_true(r.items[0].base == 0x7d000000 && r.items[0].limit == 0x7d01ffff);
	assert_string_equal(XLPT_BDF_STR(r.items[1].bdf), "0000:02:00.0");
	assert_true(r.items[1].base == 0x8f000000);
}

static void test_shared_region(void **state)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs r = { 0 };
	_cleanup_free_ char *alone = NULL, *with = NULL, *first = NULL, *second = NULL;
	uint8_t t[256];
	size_t len = healthy(t);

	(void)state;
	assert_int_equal(xlpt_dmar_parse(t, len, bridges(), &r, NULL), 0);
	alone = xlpt_rmrr_sharers(&r, 0);
	assert_null(alone);
	/* Xen counts what the table names, whether it is there or not. */
	with = xlpt_rmrr_sharers(&r, 1);
	assert_string_equal(with, "a function that is not here");
	/* Of the three scopes' place: two functions of the root bus. */
	memcpy(t + 120, (uint8_t[]){ 1, 10, 0, 0, 0, 0x00, 0x1a, 0, 0x00, 0 }, 10);
	put(t, 98, 40, 2);
	put(t, 4, 136, 4);
	t[121] = 8;
	memcpy(t + 128, (uint8_t[]){ 1, 8, 0, 0, 0, 0x00, 0x1d, 0 }, 8);
	xlpt_rmrrs_dispose(&r);
	assert_int_equal(xlpt_dmar_parse(t, 136, bridges(), &r, NULL), 0);
	assert_int_equal(r.n, 3);
	first = xlpt_rmrr_sharers(&r, 1);
	second = xlpt_rmrr_sharers(&r, 2);
	assert_string_equal(first, "0000:00:1d.0");
	assert_string_equal(second, "0000:00:1a.0");
}

/* A region that breaks off behind its second function is shared all the same. */
static void test_shared_region_cut(void **state)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs r = { 0 };
	_cleanup_free_ char *first = NULL, *second = NULL;
	uint8_t t[256];

	(void)state;
	healthy(t);
	put(t, 66, 42, 2);
	put(t, 4, 106, 4);
	memcpy(t + 96, (uint8_t[]){ 1, 8, 0, 0, 0, 0x00, 0x1a, 0, 1, 0x40 }, 10);
	assert_int_equal(xlpt_dmar_parse(t, 106, bridges(), &r, NULL), XLPT_ERR_DATA);
	assert_int_equal(r.n, 2);
	first = xlpt_rmrr_sharers(&r, 0);
	second = xlpt_rmrr_sharers(&r, 1);
	assert_non_null(first);
	assert_non_null(second);
	assert_string_equal(first, "0000:00:1a.0");
	assert_string_equal(second, "0000:00:14.0");
}

static void dmar_bad(size_t at, unsigned v, unsigned bytes, size_t len, const char *fact)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs r = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	uint8_t t[256];

	healthy(t);
	put(t, at, v, bytes);
	assert_int_equal(xlpt_dmar_parse(t, len, bridges(), &r, &diag), XLPT_ERR_DATA);
	if (!strstr(diag.fact, fact))
		fail_msg("\"%s\" does not say \"%s\"", diag.fact, fact);
}

static void test_dmar_hostile(void **state)
{
	uint8_t t[256];
	size_t len = healthy(t);

	(void)state;
	dmar_bad(0, 'X', 1, len - 1, "its length is not the file's");
	dmar_bad(0, 'Y', 1, len, "no such header");
	dmar_bad(4, 47, 4, len, "its length");
	dmar_bad(4, 0xffffffff, 4, len, "its length");
	dmar_bad(50, 0, 2, len, "at byte 48: a structure of impossible length");
	dmar_bad(50, 3, 2, len, "impossible length");
	dmar_bad(66, 0xffff, 2, len, "at byte 64: a structure of impossible length");
	dmar_bad(66, 20, 2, len, "cut short");
	dmar_bad(80, 1, 8, len, "ends before it begins");
	dmar_bad(89, 0, 1, len, "at byte 88: a device scope of impossible length");
	dmar_bad(89, 9, 1, len, "device scope");
	for (size_t cut = 0; cut < len; cut++) {
		struct xlpt_rmrrs r;
		uint8_t *exact = xlpt_xcalloc(1, cut + 1);

		memcpy(exact, t, cut);
		assert_int_equal(xlpt_dmar_parse(exact, cut, bridges(), &r, NULL), XLPT_ERR_DATA);
		xlpt_rmrrs_dispose(&r);
		free(exact);
	}
}

static void test_dmar_read(void **state)
{
	struct fake_bus *bus = fake_bus_new();
	struct xlpt_rmrrs r;

	(void)state;
	assert_int_equal(xlpt_dmar_read(fake_bus_host(bus), bridges(), &r, NULL), 0);
	assert_false(r.there);
	/* Under Xen it goes by another name. */
	fake_bus_put(bus, "/sys/firmware/acpi/tables/XMAR", "XMAR");
	assert_int_equal(xlpt_dmar_read(fake_bus_host(bus), bridges(), &r, NULL), XLPT_ERR_DATA);
	assert_true(r.there);
	xlpt_rmrrs_dispose(&r);
	fake_bus_free(bus);
}

/* Tables of len bytes, of which the last 32 are a region for 02:00.0. */
static void put_large(struct fake_bus *bus, const char *path, const char *name, size_t len)
{
	_cleanup_free_ uint8_t *t = xlpt_xcalloc(1, len);
	bool amd = !strcmp(name, "IVRS");
	_cleanup_close_ int fd = -1;
	size_t at = 48;

	memcpy(t, name, 4);
	put(t, 4, len, 4);
	for (; at < len - 32; at += 16) {
		put(t, at, amd ? 0x10 : 0, 2);
		put(t, at + 2, 16, 2);
	}
	put(t, at, amd ? 0x21 : 1, 2);
	put(t, at + 2, 32, 2);
	if (amd) {
		put(t, at + 4, 0x200, 2);
		put(t, at + 24, 0x1000, 8);
	} else {
		put(t, at + 16, 0xfff, 8);
		memcpy(t + at + 24, (uint8_t[]){ 1, 8, 0, 0, 0, 2, 0, 0 }, 8);
	}
	fake_bus_put(bus, path, "");
	fd = openat(fake_bus_host(bus)->rootfd, path + 1, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, t, len), (ssize_t)len);
}

static void append_byte(struct fake_bus *bus, const char *path)
{
	_cleanup_close_ int fd =
		openat(fake_bus_host(bus)->rootfd, path + 1, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, "", 1), 1);
}

/* Those of large hosts, and what is too large for any. */
static void test_large(void **state)
{
	static const char dmar[] = "/sys/firmware/acpi/tables/DMAR",
			  ivrs[] = "/sys/firmware/acpi/tables/IVRS";
	static const size_t sizes[] = { 65520, 65552, 200000, 1048576 };
	struct fake_bus *bus = fake_bus_new();
	struct xlpt_host *h = fake_bus_host(bus);
	struct xlpt_rmrrs r;
	struct xlpt_ivmds m;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(sizes); i++) {
		size_t len = sizes[i];

		put_large(bus, dmar, "DMAR", len);
		assert_int_equal(xlpt_dmar_read(h, bridges(), &r, NULL), 0);
		assert_int_equal(r.n, 1);
		xlpt_rmrrs_dispose(&r);
		put_large(bus, ivrs, "IVRS", len);
		assert_int_equal(xlpt_ivrs_read(h, &m, NULL), 0);
		assert_int_equal(m.n, 1);
		xlpt_ivmds_dispose(&m);
	}
	for (int i = 0; i < 4; i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		put_large(bus, i % 2 ? ivrs : dmar, i % 2 ? "IVRS" : "DMAR",
			  1048576 + (i < 2 ? 16 : 0));
		/* Also when it is only one byte too many. */
		if (i >= 2)
			append_byte(bus, i % 2 ? ivrs : dmar);
		assert_int_equal(i % 2 ? xlpt_ivrs_read(h, &m, &diag)
				       : xlpt_dmar_read(h, bridges(), &r, &diag),
				 XLPT_ERR_DATA);
		assert_true(i % 2 ? m.there && !m.n : r.there && !r.n);
		assert_non_null(strstr(diag.fact, "has more than 1024 KiB"));
	}
	fake_bus_free(bus);
}

#define VPD                                  \
	"\x82\x08\0Test NIC\x90\x14\0PN\x05" \
	"AB-12SN\x06"                        \
	"  77 \0RV\0\x91\x03\0V0\0\x78"

static void test_vpd(void **state)
{
	_cleanup_vpd_ struct xlpt_vpd v = { 0 };

	(void)state;
	assert_int_equal(xlpt_vpd_parse((const uint8_t *)VPD, sizeof(VPD) - 1, &v, NULL), 0);
	assert_string_equal(v.product, "Test NIC");
	assert_string_equal(v.part, "AB-12");
	assert_string_equal(v.serial, "77");
	xlpt_vpd_dispose(&v);
	/* A terminal is not to be written to by a card. */
	assert_int_equal(xlpt_vpd_parse((const uint8_t *)"\x82\x04\0\x1b[2J\x78", 8, &v, NULL), 0);
	assert_string_equal(v.product, "[2J");
}

static char *serial_of(const char *data, size_t len)
{
	_cleanup_vpd_ struct xlpt_vpd v = { 0 };

	xlpt_vpd_parse((const uint8_t *)data, len, &v, NULL);
	return XLPT_TAKE(v.serial);
}

/* It tells cards apart: what is no text, or was cut off, is none, and the first one counts. */
static void test_serial(void **state)
{
	static const char whole[] = "\x82\4\0card\x90\15\0PN\2abSN\5X12  \x78",
			  text[] = "\x90\10\0SN\5X\7zz \x78", zero[] = "\x90\10\0SN\5A\0zz \x78",
			  two[] = "\x90\20\0SN\5X\7zz SN\5abcde\x78";
	_cleanup_free_ char *sn = serial_of(whole, sizeof(whole) - 1);

	(void)state;
	assert_string_equal(sn, "X12");
	for (size_t len = 0; len < sizeof(whole) - 2; len++)
		assert_null(serial_of(whole, len));
	assert_null(serial_of(text, sizeof(text) - 1));
	assert_null(serial_of(zero, sizeof(zero) - 1));
	assert_null(serial_of(two, sizeof(two) - 1));
}

static void vpd_bad(const char *data, size_t len, const char *fact)
{
	_cleanup_vpd_ struct xlpt_vpd v = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	assert_int_equal(xlpt_vpd_parse((const uint8_t *)data, len, &v, &diag), XLPT_ERR_DATA);
	if (!strstr(diag.fact, fact))
		fail_msg("\"%s\" does not say \"%s\"", diag.fact, fact);
}

static void test_vpd_hostile(void **state)
{
	(void)state;
	vpd_bad("", 0, "it has no end");
	vpd_bad("\x82\x08", 2, "it has no end");
	vpd_bad("\x82\xff\xff"
		"abc",
		6, "a section goes past the end");
	vpd_bad("\x90\x04\0PN\x09"
		"A",
		7, "at byte 3: a field goes past its section");
	vpd_bad("\xff\xff\xff\xff", 4, "goes past the end");
	for (size_t cut = 0; cut < sizeof(VPD) - 2; cut++) {
		struct xlpt_vpd v;
		uint8_t *exact = xlpt_xcalloc(1, cut + 1);

		memcpy(exact, VPD, cut);
		assert_int_equal(xlpt_vpd_parse(exact, cut, &v, NULL), XLPT_ERR_DATA);
		xlpt_vpd_dispose(&v);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dmar),
		cmocka_unit_test(test_shared_region),
		cmocka_unit_test(test_shared_region_cut),
		cmocka_unit_test(test_dmar_hostile),
		cmocka_unit_test(test_dmar_read),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_vpd),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_vpd_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
