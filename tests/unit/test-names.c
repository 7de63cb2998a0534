/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names out of pci.ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pciback/device/names.h"

/* The names of one function by a file of that text. */
static void ask(const void *text, size_t len, struct xlpt_device *d)
{
	int fd = memfd_create("pci.ids", MFD_CLOEXEC);
	_cleanup_free_ char *path = xlpt_xasprintf("/proc/self/fd/%d", fd);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	xlpt_names_fill(d, 1, path);
	close(fd);
}

static const struct xlpt_device nic = { .vendor = 0x8086,
					.device = 0x1533,
					.class_code = 0x020000 };

static void expect(const char *text, const char *vendor, const char *device, const char *class)
{
	_cleanup_device_ struct xlpt_device d = nic;

	ask(text, strlen(text), &d);
	if (!xlpt_streq(d.vendor_name, vendor) || !xlpt_streq(d.device_name, device) ||
	    !xlpt_streq(d.class_name, class))
		fail_msg("%s\n-> \"%s\", \"%s\", \"%s\"", text, d.vendor_name, d.device_name,
			 d.class_name);
}

static void test_places(void **state)
{
	(void)state;
	expect("# 8086  No\n\n1000  LSI\n\t1533  No\n\t\t1533 0000  No\n8086  Intel  Corp.\n"
	       "\t1532  No\n\t\t8086 1533  No\n# \t1533  No\n\t1533  I210\n\t\t1028 0000  No\n"
	       "8087  No\n\t1533  No\n"
	       "C 01  No\n\t00  No\nC 02  Network controller\n\t00  Ethernet controller\n\t\t00  No\n",
	       "Intel  Corp.", "I210", "Ethernet controller");
	/* In no order, without names, with capitals, blanks and carriage returns. */
	expect("C 02\tNet\r\n\t80 \t Other\r\nFFFF  x\n\t1533  No\n8086 Intel \t \r\n", "Intel",
	       NULL, "Net [0200]");
	expect("8086  \n\t1533\n", NULL, NULL, NULL);
	/* The last line without its end; nothing at all. */
	expect("8086  Intel\n\t1533  I210", "Intel", "I210", NULL);
	expect("", NULL, NULL, NULL);
	expect("8086  Intel\n8086  Other\n\t1533  I210\n\t1533  Other\n", "Intel", "I210", NULL);
	/* Lists of other kinds, and what has 8086 in it by chance. */
	expect("S 8086\n\t1533  No\nX 8086  No\n\t1533  No\nC 86  No\n\t15  No\n", NULL, NULL,
	       NULL);
	expect("80860  No\n808  No\n 8086  No\n8086\n\t15333  No\n", NULL, NULL, NULL);
}

/* A line that is none costs itself. */
static void test_malformed(void **state)
{
	_cleanup_device_ struct xlpt_device d = nic;
	static const char binary[] = "\0\0\xff\t\n8086  In\0tel\n\t\n\t\0\n\t1533  I\0";
	_cleanup_free_ char *name = NULL;
	char text[1200];

	(void)state;
	expect("8086  Intel\n\t\t\tnonsense\nzz\n\t1533  No\n8086 again\n\t1533  I210\n", "Intel",
	       "I210", NULL);
	/* One that is too long is cut off. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "8086  ", 6);
	strcpy(text + sizeof(text) - 20, "\n\t1533  I210\n");
	name = xlpt_xstrndup(text + 6, 1017);
	expect(text, name, "I210", NULL);

	ask(binary, sizeof(binary), &d);
	assert_string_equal(d.vendor_name, "In");
	assert_string_equal(d.device_name, "I");
}

/* "8086  Intel Corporation\n" by gzip, and half of it. */
static void test_compressed(void **state)
{
	static const char gz[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x30\xb0\x30\x53\x50"
				 "\xf0\xcc\x2b\x49\xcd\x51\x70\xce\x2f\x2a\xc8\x2f\x4a\x2c\xc9\xcc"
				 "\xcf\xe3\x02\x00\xb8\x62\x55\x47\x18\x00\x00";
	_cleanup_device_ struct xlpt_device d = nic, half = nic;

	(void)state;
	ask(gz, sizeof(gz), &d);
	assert_string_equal(d.vendor_name, "Intel Corporation");
	assert_null(d.device_name);
	ask(gz, sizeof(gz) / 2, &half);
	assert_null(half.device_name);
}

/* Many functions of some kinds: each gets its own names, and the next of a kind a copy. */
static void test_many(void **state)
{
	struct xlpt_device devs[12] = { 0 };
	static const char text[] = "0001  one\n\t0001  a\n\t0002  b\n0002  two\n\t0001  c\n"
				   "0003  three\nC 02  net\nC 03  vga\n\t00  card\n";
	int fd = memfd_create("pci.ids", MFD_CLOEXEC);
	_cleanup_free_ char *path = xlpt_xasprintf("/proc/self/fd/%d", fd);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	for (size_t i = 0; i < 12; i++)
		devs[i] = (struct xlpt_device){ .vendor = (uint16_t)(3 - i / 4),
						.device = (uint16_t)(i / 2 % 2 + 1),
						.class_code = i % 8 < 4 ? 0x030000 : 0x020001 };
	xlpt_names_fill(devs, 12, path);
	close(fd);
	for (size_t i = 0; i < 12; i++) {
		static const char *const vendors[] = { "three", "two", "one" };
		static const char *const devices[] = { NULL, NULL, "c", NULL, "a", "b" };

		assert_string_equal(devs[i].vendor_name, vendors[i / 4]);
		assert_true(xlpt_streq(devs[i].device_name, devices[i / 2]));
		assert_string_equal(devs[i].class_name, i % 8 < 4 ? "card" : "net [0200]");
		xlpt_device_dispose(&devs[i]);
	}
}

/* What is no file gives no names, and nobody waits for it. */
static void test_no_file(void **state)
{
	static const char *const paths[] = { "/nowhere", "/proc", "/dev/zero", "/dev/null" };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(paths); i++) {
		struct xlpt_device d = nic;

		xlpt_names_fill(&d, 1, paths[i]);
		assert_null(d.vendor_name);
	}
	xlpt_names_fill(NULL, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	   cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_compressed), cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
