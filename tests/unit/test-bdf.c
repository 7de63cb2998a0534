/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/bdf.h"

static const struct xlpt_bdf nic = { .bus = 9 };
static const struct xlpt_bdf high = { .seg = 0xffff, .bus = 0xfe, .dev = 0x1f, .func = 7 };

static void test_format(void **state)
{
	static const struct {
		enum xlpt_bdf_form form;
		const char *nic, *high;
	} cases[] = {
		{ XLPT_BDF_SYSFS, "0000:09:00.0", "ffff:fe:1f.7" },
		{ XLPT_BDF_HIDE, "(0000:09:00.0)", "(ffff:fe:1f.7)" },
		{ XLPT_BDF_XS, "0000-09-00-0", "ffff-fe-1f-7" },
		{ XLPT_BDF_VDEV, "0000:09:00.00", "ffff:fe:1f.07" },
		{ XLPT_BDF_NODEDEV, "pci_0000_09_00_0", "pci_ffff_fe_1f_7" },
		{ XLPT_BDF_QMP, "pci-pt-09_00.0", "pci-pt-fe_1f.7" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		char buf[XLPT_BDF_LEN];

		assert_string_equal(xlpt_bdf_format(nic, cases[i].form, buf), cases[i].nic);
		assert_string_equal(xlpt_bdf_format(high, cases[i].form, buf), cases[i].high);
	}
	assert_string_equal(XLPT_BDF_STR(high), "ffff:fe:1f.7");
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		struct xlpt_bdf want;
		bool any_only; /* not the plain spelling */
	} cases[] = {
		{ "0000:09:00.0", { .bus = 9 }, false },
		{ "09:00.0", { .bus = 9 }, false },
		{ "9:0.0", { .bus = 9 }, false },
		{ "0:9:0.0", { .bus = 9 }, false },
		{ "1:02:03.4", { 1, 2, 3, 4 }, false },
		{ "ffff:FE:1F.7", { 0xffff, 0xfe, 0x1f, 7 }, false },
		{ "aBcD:eF:0a.1", { 0xabcd, 0xef, 0xa, 1 }, false },
		{ "(0000:09:00.0)", { .bus = 9 }, true },
		{ "(09:00.0)", { .bus = 9 }, true },
		{ "0001-02-03-4", { 1, 2, 3, 4 }, true },
		{ "pci_0001_02_03_4", { 1, 2, 3, 4 }, true },
		{ "0001:02:03.04", { 1, 2, 3, 4 }, true },
		{ "02:03.04", { 0, 2, 3, 4 }, true },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct xlpt_bdf bdf = high;
		int rc = xlpt_bdf_parse(text, strlen(text), &bdf, NULL);

		assert_int_equal(rc, cases[i].any_only ? XLPT_ERR_SYNTAX : 0);
		assert_true(xlpt_bdf_eq(bdf, cases[i].any_only ? high : cases[i].want));
		assert_int_equal(xlpt_bdf_parse_any(text, &bdf, NULL), 0);
		assert_true(xlpt_bdf_eq(bdf, cases[i].want));
	}
}

/* Every form that can be read reads back to the address it was written from. */
static void test_round_trip(void **state)
{
	uint32_t x = 2463534242;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct xlpt_bdf bdf, back;
		char buf[XLPT_BDF_LEN];

		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bdf = (struct xlpt_bdf){ .seg = (uint16_t)(x >> 16),
					 .bus = (uint8_t)(x >> 8),
					 .dev = (x >> 3) & 0x1f,
					 .func = x & 7 };
		assert_int_equal(xlpt_bdf_sbdf(bdf), x);
		for (int form = XLPT_BDF_SYSFS; form < XLPT_BDF_QMP; form++) {
			xlpt_bdf_format(bdf, (enum xlpt_bdf_form)form, buf);
			assert_int_equal(xlpt_bdf_parse_any(buf, &back, NULL), 0);
			assert_true(xlpt_bdf_eq(bdf, back));
			assert_int_equal(xlpt_bdf_from_sysfs_name(buf, &back),
					 form == XLPT_BDF_SYSFS);
		}
		/* Without the segment's zeros, too. */
		snprintf(buf, sizeof(buf), "%x:%x:%x.%x", bdf.seg, bdf.bus, bdf.dev, bdf.func);
		assert_int_equal(xlpt_bdf_parse(buf, strlen(buf), &back, NULL), 0);
		assert_true(xlpt_bdf_eq(bdf, back));
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *message;
	} cases[] = {
		{ "", 1, "no bus number" },
		{ "web1", 1, "no bus number" },
		{ "09.0", 1, "no bus number" },
		{ ":", 1, "expected the bus" },
		{ ":00.0", 1, "expected the bus" },
		{ " 09:00.0", 1, "expected the bus" },
		{ "-9:00.0", 1, "expected the bus" },
		{ "0x9:0.0", 2, "expected ':' after the bus" },
		{ "09 :00.0", 3, "expected ':' after the bus" },
		{ "100:00.0", 1, "bus 100 is out of range (0-ff)" },
		{ "009:00.0", 1, "bus 009 has more than 2 digits" },
		{ "0000::00.0", 6, "expected the bus" },
		{ "::", 1, "expected the segment" },
		{ "0000:100:00.0", 6, "bus 100 is out of range" },
		{ "09:", 4, "expected the device" },
		{ "09:20.0", 4, "device 20 is out of range (0-1f)" },
		{ "09:000.0", 4, "device 000 has more than 2 digits" },
		{ "01:00", 6, "expected '.' and the function" },
		{ "0000:01:00", 11, "expected '.' and the function" },
		{ "09:00:0", 8, "expected '.' and the function" },
		{ "0:1:2:3.4", 6, "expected '.' and the function" },
		{ "09:00,0", 6, "expected '.' and the function" },
		{ "09:00.", 7, "expected the function" },
		{ "09:00.*", 7, "expected the function" },
		{ "09:00.g", 7, "expected the function" },
		{ "09:00.8", 7, "function 8 is out of range (0-7)" },
		{ "0000:09:00.8", 12, "function 8 is out of range" },
		{ "09:00.10", 7, "function 10 is out of range" },
		{ "09:00.001", 7, "function 001 has more than 1 digit " },
		{ "09:00.0 ", 8, "unexpected text" },
		{ "09:00.0x", 8, "unexpected text" },
		{ "09:00.0@4", 8, "unexpected text" },
		{ "0000:09:00.0.1", 13, "unexpected text" },
		{ "00000:09:00.0", 1, "segment 00000 has more than 4 digits" },
		{ "10000:09:00.0", 1, "segment 10000 is above ffff" },
		{ "00010000:09:00.0", 1, "segment 00010000 is above ffff" },
		{ "99999999999999999999:0:0.0", 1, "is above ffff" },
		/* the other spellings; columns count from the beginning of the text */
		{ "()", 2, "no bus number" },
		{ "(", 1, "no bus number" },
		{ "(09:00.0", 1, "expected the bus" },
		{ "09:00.0)", 8, "unexpected text" },
		{ "(0000:09:00.8)", 13, "function 8 is out of range" },
		{ "(09:00.00)", 8, "function 00 has more than 1 digit" },
		{ "(10000:09:00.0)", 2, "segment 10000 is above ffff" },
		{ "((09:00.0))", 2, "expected the bus" },
		{ "pci_", 5, "expected the segment" },
		{ "pci_0000_09_00", 15, "expected '_' and the function" },
		{ "pci_0000_09_20_0", 13, "device 20 is out of range" },
		{ "pci_0000_09_00.0", 15, "expected '_' and the function" },
		{ "pci_0000_09_00_0_0", 17, "unexpected text" },
		{ "PCI_0000_09_00_0", 1, "no bus number" },
		{ "0000-09-00", 11, "expected '-' and the function" },
		{ "09-00-0", 8, "expected '-' and the function" },
		{ "0000-09.00-0", 8, "expected '-' after the bus" },
		{ "0000-", 6, "expected the bus" },
		{ "0000", 1, "no bus number" },
		{ "eth-0", 2, "expected '-' after the segment" },
		{ "10000-09-00-0", 1, "segment 10000 is above ffff" },
		{ "0000-09-00-00", 12, "function 00 has more than 1 digit" },
		{ "0000:09:00.08", 12, "function 08 is out of range" },
		{ "pci-pt-09_00.0", 1, "expected the segment" },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		_cleanup_free_ char *where = xlpt_xasprintf("column %u: ", cases[i].column);
		_cleanup_free_ char *in = xlpt_xasprintf(" in \"%s\"", cases[i].text);
		struct xlpt_bdf bdf = high;

		assert_int_equal(xlpt_bdf_parse_any(cases[i].text, &bdf, &diag), XLPT_ERR_SYNTAX);
		assert_int_equal(diag.code, XLPT_ERR_SYNTAX);
		assert_true(xlpt_bdf_eq(bdf, high));
		if (diag.column != cases[i].column || !strstr(diag.message, cases[i].message))
			fail_msg("\"%s\" gives: column %u: %s", cases[i].text, diag.column,
				 diag.message);
		assert_true(xlpt_starts(diag.message, where));
		assert_non_null(strstr(diag.message, in));
		assert_non_null(diag.hint);
		/* only VMD's segments come with a reason of their own */
		assert_int_equal(!!diag.fact, !!strstr(cases[i].message, "above ffff"));
		assert_int_equal(!!strstr(diag.hint, "VMD"), !!diag.fact);
		assert_int_equal(xlpt_bdf_parse_any(cases[i].text, &bdf, NULL), XLPT_ERR_SYNTAX);
	}
}

/* The text is s[0..n), wherever it ends in memory. */
static void test_length(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_bdf bdf;

	(void)state;
	assert_int_equal(xlpt_bdf_parse("09:00.0,permissive=1", 7, &bdf, NULL), 0);
	assert_true(xlpt_bdf_eq(bdf, nic));
	assert_int_equal(xlpt_bdf_parse("09:00.0", 6, &bdf, &diag), XLPT_ERR_SYNTAX);
	assert_int_equal(diag.column, 7);
	assert_null(strstr(diag.message, "00.0"));
	assert_int_equal(xlpt_bdf_parse("09:00.0\0x", 9, &bdf, NULL), XLPT_ERR_SYNTAX);
	assert_int_equal(xlpt_bdf_parse("", 0, &bdf, NULL), XLPT_ERR_SYNTAX);
}

static void test_shaped(void **state)
{
	/* clang-format off */
	static const char *const yes[] = {
		"09:00.0", "0000:09:00.0", "09:00.*", "9:0", "10000:0:0.0", "09:99.9", "bad:cafe",
		"a:", "09:00.0@4", "0:0.0@zz", "09:00.0,permissive=1", "00:1f.3.4",
	};
	static const char *const no[] = {
		"", "web1", "deb.10", "10.0", "dead", "7", ":", ":00.0", "*:0", "xx:00.0",
		"09:00.0x", "09:00.0 ", "0x9:0.0", "0000-09-00-0", "(09:00.0)", "pci_0000_09_00_0",
		"name=nic0", "dead@a:b", "fed,a:b", "bdf=09:00.0",
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(yes); i++)
		if (!xlpt_bdf_shaped(yes[i]))
			fail_msg("\"%s\" is shaped like an address", yes[i]);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(no); i++)
		if (xlpt_bdf_shaped(no[i]))
			fail_msg("\"%s\" is not shaped like an address", no[i]);
}

static void test_sysfs_name(void **state)
{
	/* clang-format off */
	static const char *const bad[] = { "", "09:00.0", "0:09:00.0", "0000:9:00.0", "0000:09:0.0",
					   "0000:09:00.00", "010000:00:00.0", "0000:0A:00.0",
					   "100000000:00:00.0",
					   "0000:09:00.0 ", "(0000:09:00.0)", "bind" };
	/* clang-format on */
	struct xlpt_bdf bdf;

	(void)state;
	assert_true(xlpt_bdf_from_sysfs_name("0000:09:00.0", &bdf));
	assert_true(xlpt_bdf_eq(bdf, nic));
	assert_true(xlpt_bdf_from_sysfs_name("ffff:fe:1f.7", &bdf));
	assert_true(xlpt_bdf_eq(bdf, high));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(bad); i++)
		assert_false(xlpt_bdf_from_sysfs_name(bad[i], &bdf));
}

/* Segments above ffff (VMD) are names of this host: every form is read back, and none by Xen's ways. */
static void test_wide_segments(void **state)
{
	static const struct xlpt_bdf wide[] = { { 0x10000, 0xe1, 0, 0 },
						{ 0xffffffff, 0xff, 0x1f, 7 } };
	static const enum xlpt_bdf_form forms[] = { XLPT_BDF_SYSFS, XLPT_BDF_HIDE, XLPT_BDF_XS,
						    XLPT_BDF_VDEV, XLPT_BDF_NODEDEV };
	struct xlpt_bdf bdf;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(wide); i++)
		for (size_t f = 0; f < XLPT_ARRAY_SIZE(forms); f++) {
			char text[XLPT_BDF_LEN];

			xlpt_bdf_format(wide[i], forms[f], text);
			assert_int_equal(xlpt_bdf_parse_host(text, &bdf, NULL), 0);
			assert_true(xlpt_bdf_eq(bdf, wide[i]));
			assert_int_equal(xlpt_bdf_parse_any(text, &bdf, NULL), XLPT_ERR_SYNTAX);
		}
	assert_string_equal(XLPT_BDF_STR(wide[0]), "10000:e1:00.0");
	assert_true(xlpt_bdf_from_sysfs_name("10000:e1:00.0", &bdf));
	assert_true(xlpt_bdf_eq(bdf, wide[0]));
	assert_int_equal(xlpt_bdf_parse_host("0000:09:00.0", &bdf, NULL), 0);
	assert_true(xlpt_bdf_eq(bdf, nic));
	assert_int_equal(xlpt_bdf_parse_host("100000000:09:00.0", &bdf, NULL), XLPT_ERR_SYNTAX);
}

/* Sorted by segment, bus, device, function, in this order of weight. */
static void test_order(void **state)
{
	/* clang-format off */
	static const struct xlpt_bdf sorted[] = { { 0, 0, 0, 0 },    { 0, 0, 0, 7 },
						  { 0, 0, 1, 0 },    { 0, 0, 0x1f, 7 },
						  { 0, 1, 0, 0 },    { 0, 0xff, 0x1f, 7 },
						  { 1, 0, 0, 0 },    { 0x8000, 0, 0, 0 },
						  { 0xffff, 0xff, 0x1f, 7 }, { 0x10000, 0, 0, 0 },
						  { 0x10001, 0, 0, 0 } };
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(sorted); k++) {
			int c = xlpt_bdf_cmp(sorted[i], sorted[k]);

			assert_int_equal(c, (i > k) - (i < k));
			assert_int_equal(xlpt_bdf_eq(sorted[i], sorted[k]), i == k);
		}
	assert_int_equal(xlpt_bdf_sbdf((struct xlpt_bdf){ 0x1234, 0x56, 0x12, 3 }), 0x12345693);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),	   cmocka_unit_test(test_good),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_length),	   cmocka_unit_test(test_shaped),
		cmocka_unit_test(test_sysfs_name), cmocka_unit_test(test_wide_segments),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
