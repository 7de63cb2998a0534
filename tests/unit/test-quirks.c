/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chips that isolate, or do DMA, otherwise than they say, and the script that compares their table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pciback/device/quirks.h"
#include "tests/unit/isolating.h"

/* Chips of which Linux knows more than their registers say; pciback/device/quirks.c. */
static void test_chips(void **state)
{
	(void)state;
	/* Zhaoxin's ports isolate without ACS; others of the vendor do not even with it. */
	check("00:03.0 - root mf id=1d17:0717\n00:03.1 - root mf id=1d17:0752\n01:00.0 00:03.0 end\n",
	      "00:03.0 | 00:03.1 | 01:00.0");
	check("00:03.0 - root acs=on id=1d17:0722\n01:00.0 00:03.0 end\n", "00:03.0 01:00.0");
	reason("00:03.0 - root acs=on id=1d17:0722\n01:00.0 00:03.0 end\n", "01:00.0",
	       "behind 0000:00:03.0; ACS does not count at 0000:00:03.0 "
	       "(Linux does not trust it there)");
	check("04:00.0 - end mf id=8088:0101\n04:00.1 - end id=8088:5125\n", "04:00.0 | 04:00.1");
	check("04:00.0 - end mf acs=on id=8088:0200\n04:00.1 - end acs=on id=8088:0200\n",
	      "04:00.0 04:00.1");
	/* A south bridge's functions, on the root bus only. */
	check("00:14.0 - pci mf id=1002:4385\n00:14.2 - pci id=1002:4383\n", "00:14.0 | 00:14.2");
	check("00:01.0 - root acs=on\n04:00.0 00:01.0 end mf id=1002:4385\n"
	      "04:00.2 00:01.0 end id=1002:4383\n",
	      "00:01.0 | 04:00.0 04:00.2");
	check("00:03.0 - root id=177d:a7ff\n01:00.0 00:03.0 end\n", "00:03.0 | 01:00.0");
	check("00:03.0 - root id=177d:a800\n01:00.0 00:03.0 end\n", "00:03.0 01:00.0");
	check("00:03.0 - root id=1c36:0031\n00:04.0 - root id=0014:7a69\n00:05.0 - root id=1957:8d9b\n"
	      "01:00.0 00:03.0 end\n02:00.0 00:04.0 end\n03:00.0 00:05.0 end\n",
	      "00:03.0 | 00:04.0 | 00:05.0 | 01:00.0 | 02:00.0 | 03:00.0");
}

/* Chips that do DMA under another number of their bus. */
static void test_aliases(void **state)
{
	(void)state;
	check("01:00.0 - end mf acs=on id=6766:3d40\n01:00.1 - end acs=on id=6766:3d41\n",
	      "01:00.0 01:00.1");
	/* A non-transparent bridge: all of its bus. */
	check("01:00.0 - end mf acs=on id=10b5:87b0\n01:1f.0 - end\n01:08.3 - end acs=on\n02:00.0 - end\n",
	      "01:00.0 01:1f.0 01:08.3 | 02:00.0");
	check("01:00.0 - up id=11f8:8531\n01:00.1 - end acs=on id=11f8:8531 class=0680\n"
	      "02:00.0 01:00.0 down acs=on id=11f8:8531\n",
	      "01:00.0 01:00.1 | 02:00.0");
	check("01:00.0 - up acs=on id=11f8:8531\n01:01.0 - end id=11f8:8531\n",
	      "01:00.0 | 01:01.0");
	/* One card, told apart by its subsystem. */
	check("01:01.0 - end\n01:0e.0 - end id=9005:0285 sub=9005:02bb\n", "01:01.0 01:0e.0");
	check("01:01.0 - end\n01:0e.0 - end id=9005:0285 sub=9005:02bd\n", "01:01.0 | 01:0e.0");
	check("01:00.0 - end id=8086:2955\n01:02.4 - end acs=on\n01:02.5 - end acs=on\n",
	      "01:00.0 01:02.4 | 01:02.5");
	/* The IOMMU is below this bridge, so that it lends its id to nobody; it has no ACS, though. */
	reason("00:01.0 - topci bus=01 id=14e4:9000\n01:00.0 00:01.0 root acs=on\n02:00.0 01:00.0 end\n",
	       "02:00.0",
	       "behind 0000:01:00.0; ACS redirection not enabled at 0000:00:01.0 "
	       "(its kind never has ACS)");
}

static void test_no_bus_reset(void **state)
{
	static const struct {
		uint16_t vendor, device;
		bool kills;
	} chips[] = {
		{ 0x168c, 0x003c, true }, { 0x1b21, 0x1164, true },  { 0x1b21, 0x1166, false },
		{ 0x17cb, 0x1103, true }, { 0x17cb, 0x1107, true },  { 0x17cb, 0x0308, true },
		{ 0x10de, 0x22ce, true }, { 0x10de, 0x22d0, true },  { 0x10de, 0x22cf, false },
		{ 0x10de, 0x2340, true }, { 0x10de, 0x2380, false },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(chips); i++) {
		struct xlpt_device d = { .vendor = chips[i].vendor, .device = chips[i].device };

		assert_int_equal(xlpt_quirk_no_bus_reset(&d), chips[i].kills);
	}
}

/* tests/check-quirks on a tree of a few lines: what only one side has is printed. */
static void test_check_quirks(void **state)
{
	static const char source[] =
		"mkdir -p %s/drivers/pci %s/include/linux; cd %s\n"
		"echo '#define PCI_VENDOR_ID_INTEL 0x8086' >include/linux/pci_ids.h\n"
		"cat >drivers/pci/quirks.c <<'END'\n"
		"static int pci_quirk_new_acs(struct pci_dev *dev)\n{\n\tswitch (dev->device) {\n"
		"\tcase 0x0001 ... 0x0002: /* new */\n\t}\n}\n"
		"} pci_dev_acs_enabled[] = {\n\t{ PCI_VENDOR_ID_INTEL, 0x10C6, pci_quirk_mf_endpoint_acs },\n"
		"\t{ PCI_VENDOR_ID_INTEL, PCI_ANY_ID, pci_quirk_new_acs },\n\t{ 0 }\n};\n"
		"static void quirk_dma_func0_alias(struct pci_dev *dev)\n{\n\tpci_add_dma_alias(dev, 0, 1);\n}\n"
		"DECLARE_PCI_FIXUP_HEADER(PCI_VENDOR_ID_INTEL,\n\t\t\t 0xbeef, quirk_dma_func0_alias);\n"
		"END\n";
	char dir[] = "/tmp/xlpt-test-XXXXXX";
	_cleanup_free_ char *make = NULL, *run = NULL;
	char out[8192];
	size_t n;
	FILE *p;

	(void)state;
	assert_non_null(mkdtemp(dir));
	make = xlpt_xasprintf(source, dir, dir, dir);
	assert_int_equal(system(make), 0);
	run = xlpt_xasprintf(
		"tests/check-quirks %s | grep -vE '^> ' ; tests/check-quirks %s >/dev/null; "
		"echo exit $?; tests/check-quirks /nowhere >/dev/null; echo exit $?; rm -r %s",
		dir, dir, dir);
	p = popen(run, "r");
	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	assert_string_equal(out, "< pci_quirk_new_acs 8086 0001\n< pci_quirk_new_acs 8086 0002\n"
				 "< quirk_dma_func0_alias 8086 beef\nexit 1\nexit 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chips),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_no_bus_reset),
		cmocka_unit_test(test_check_quirks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
