/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees taken from the lab's machine (scenario groups): a line "function NAME
 * LINK", then its attributes ('|' for a newline), its configuration space in
 * hexadecimal, its links. native.txt is without Xen and has the kernel's IOMMU
 * groups, xen.txt is the same machine with Xen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pciback/isolate/isolate.h"
#include "pciback/device/scan.h"
#include "tests/fake/bus.h"

static void put_hex(struct fake_bus *bus, const char *path, const char *hex)
{
	_cleanup_free_ char *full = xlpt_xasprintf("%s%s", fake_bus_host(bus)->root, path);
	uint8_t cfg[4096] = { 0 };
	unsigned byte;
	FILE *f;

	for (size_t i = 0; i < sizeof(cfg) && strlen(hex) >= 2 && sscanf(hex, "%2x", &byte) == 1;
	     i++, hex += 2)
		cfg[i] = (uint8_t)byte;
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(cfg, 1, sizeof(cfg), f), sizeof(cfg));
	assert_int_equal(fclose(f), 0);
}

static void put_line(struct fake_bus *bus, char **dir, char *line)
{
	char *rest = strchr(line, ' ');
	_cleanup_free_ char *path = NULL;

	assert_non_null(rest);
	*rest++ = '\0';
	if (!strcmp(line, "function")) {
		char *link = strchr(rest, ' ');

		*link++ = '\0';
		free(*dir);
		*dir = xlpt_xasprintf("/sys/%s", link + strlen("../../../"));
		path = xlpt_xasprintf("/sys/bus/pci/devices/%s", rest);
		fake_bus_link(bus, path, link);
	} else if (!strcmp(line, "link")) {
		char *target = strchr(rest, ' ');

		*target++ = '\0';
		path = xlpt_xasprintf("%s/%s", *dir, rest);
		fake_bus_link(bus, path, target);
	} else if (!strcmp(line, "config")) {
		path = xlpt_xasprintf("%s/config", *dir);
		put_hex(bus, path, rest);
	} else {
		for (char *p = rest; *p; p++)
			*p = *p == '|' ? '\n' : *p;
		path = xlpt_xasprintf("%s/%s", *dir, line);
		fake_bus_put(bus, path, rest);
	}
}

static struct fake_bus *load(const char *path)
{
	struct fake_bus *bus = fake_bus_new();
	_cleanup_free_ char *dir = NULL;
	char line[16384];
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("cannot open %s: run the tests in the top folder", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		put_line(bus, &dir, line);
	}
	fclose(f);
	return bus;
}

/* What the machine is made of (tests/lab/machines.sh), set by set. */
static const char want[] = "00:00.0\n"
			   "00:02.0 00:02.1 01:00.0 02:00.0\n"
			   "00:03.0 03:01.0 03:02.0\n"
			   "00:10.0\n00:11.0\n00:12.0\n00:13.0\n"
			   "00:14.0 0c:00.0 0d:00.0 0d:01.0 0e:00.0 0f:00.0\n"
			   "00:15.0\n"
			   "00:1f.0 00:1f.2 00:1f.3\n"
			   "04:00.0\n04:10.0\n04:10.2\n"
			   "05:00.0 05:00.1\n"
			   "06:00.0 07:01.0 07:02.0 07:03.0\n"
			   "08:00.0\n"
			   "09:00.0 0a:00.0\n"
			   "09:01.0 0b:00.0\n"
			   "10:00.0\n";

static const struct {
	const char *bdf, *why;
} reasons[] = {
	{ "0000:02:00.0",
	  "behind 0000:00:02.1; ACS redirection not enabled at 0000:00:02.1 (it has no ACS)" },
	{ "0000:00:02.1", "same slot as 0000:00:02.0; ACS redirection not enabled at 0000:00:02.1 "
			  "(it has no ACS)" },
	{ "0000:03:02.0", "shares requester id 0000:00:03.0 behind PCI bridge 0000:00:03.0" },
	{ "0000:0f:00.0",
	  "behind 0000:0d:01.0; ACS redirection not enabled at 0000:0d:01.0 (it has no ACS)" },
	{ "0000:0c:00.0",
	  "behind 0000:00:14.0; ACS redirection not enabled at 0000:00:14.0 (it has no ACS)" },
	{ "0000:00:1f.3", "same slot as 0000:00:1f.0; ACS redirection not enabled at 0000:00:1f.3 "
			  "(conventional PCI)" },
	{ "0000:05:00.1", "same slot as 0000:05:00.0; ACS redirection not enabled at 0000:05:00.1 "
			  "(it has no ACS)" },
	{ "0000:07:01.0",
	  "shares requester id 0000:07:00.0 behind PCIe-to-PCI bridge 0000:06:00.0" },
	{ "0000:06:00.0",
	  "PCIe-to-PCI bridge: what is behind it shares requester id 0000:07:00.0" },
	{ "0000:09:01.0",
	  "above 0000:0b:00.0; ACS redirection not enabled at 0000:09:01.0 (it has no ACS)" },
	{ "0000:0a:00.0",
	  "behind 0000:09:00.0; ACS redirection not enabled at 0000:09:00.0 (it has no ACS)" },
	{ "0000:04:10.2", NULL },
	{ "0000:10:00.0", NULL },
};

static void check_tree(const char *path, bool native, unsigned flags)
{
	struct fake_bus *bus = load(path);
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	_cleanup_str_ struct xlpt_str got = { 0 };
	char **lines = xlpt_xcalloc(256, sizeof(*lines));

	assert_int_equal(xlpt_scan_all(fake_bus_host(bus), flags, NULL, &devs, NULL), 0);
	xlpt_sets_make(&devs, &sets);
	assert_int_equal(sets.unread, 0);
	assert_true(sets.has_groups == native && sets.agree == native);
	for (size_t k = 0; k < sets.n; k++) {
		struct xlpt_str line = { 0 };

		for (size_t m = sets.start[k]; m < sets.start[k + 1]; m++)
			xlpt_str_addf(&line, "%s%s", line.len ? " " : "",
				      XLPT_BDF_STR(devs.items[sets.member[m]].bdf) + 5);
		lines[k] = xlpt_str_take(&line);
	}
	xlpt_strv_sort(lines);
	for (char **l = lines; *l; l++)
		xlpt_str_addf(&got, "%s\n", *l);
	xlpt_strv_free(lines);
	assert_string_equal(xlpt_str_get(&got), want);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(reasons); i++) {
		_cleanup_free_ char *why = NULL;
		struct xlpt_bdf bdf;
		const struct xlpt_device *d;

		assert_true(xlpt_bdf_from_sysfs_name(reasons[i].bdf, &bdf));
		d = xlpt_devices_find(&devs, bdf);
		assert_non_null(d);
		why = xlpt_sets_reason(&sets, &devs, (size_t)(d - devs.items));
		if (reasons[i].why)
			assert_string_equal(why ? why : "alone", reasons[i].why);
		else
			assert_null(why);
	}
	fake_bus_free(bus);
}

static void test_native(void **state)
{
	(void)state;
	check_tree("tests/data/trees/native.txt", true, XLPT_SCAN_SETS | XLPT_SCAN_BRIEF);
	/* Everything read instead of the least: the same. */
	check_tree("tests/data/trees/native.txt", true, XLPT_SCAN_CAPS);
}

static void test_xen(void **state)
{
	(void)state;
	check_tree("tests/data/trees/xen.txt", false, XLPT_SCAN_SETS | XLPT_SCAN_BRIEF);
}

/* The same switch, had its ports ACS: written into the tree, on and off. */
static void switch_acs(unsigned ctrl, const char *set_of_port)
{
	static const char *const ports[] = { "08:00.0/0000:09:00.0", "08:00.0/0000:09:01.0" };
	struct fake_bus *bus = load("tests/data/trees/native.txt");
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	_cleanup_str_ struct xlpt_str got = { 0 };
	struct xlpt_bdf bdf;
	size_t set;

	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *path =
			xlpt_xasprintf("%s/sys/devices/pci0000:00/0000:00:13.0/0000:%s/config",
				       fake_bus_host(bus)->root, ports[i]);
		FILE *f = fopen(path, "r+");
		uint8_t acs[8] = { 0x0d, 0, 1, 0, 0x1d, 0, (uint8_t)ctrl, 0 };

		assert_non_null(f);
		/* In front of what is there: the list begins at 0x100. */
		assert_int_equal(fseek(f, 0x100, SEEK_SET), 0);
		assert_int_equal(fwrite(acs, 1, 8, f), 8);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(xlpt_scan_all(fake_bus_host(bus), XLPT_SCAN_SETS, NULL, &devs, NULL), 0);
	xlpt_sets_make(&devs, &sets);
	assert_true(xlpt_bdf_from_sysfs_name("0000:0b:00.0", &bdf));
	set = sets.of[xlpt_devices_find(&devs, bdf) - devs.items];
	for (size_t m = sets.start[set]; m < sets.start[set + 1]; m++)
		xlpt_str_addf(&got, "%s ", XLPT_BDF_STR(devs.items[sets.member[m]].bdf) + 5);
	assert_string_equal(got.s, set_of_port);
	/* Then they are no longer the groups that this kernel had made. */
	assert_true(sets.has_groups && sets.agree == (ctrl != 0x1d));
	fake_bus_free(bus);
}

static void test_switch(void **state)
{
	(void)state;
	switch_acs(0x1d, "0b:00.0 ");
	switch_acs(0x05, "09:01.0 0b:00.0 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_xen),
		cmocka_unit_test(test_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
