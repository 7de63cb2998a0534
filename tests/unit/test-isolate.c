/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Isolation sets of synthetic trees: what is in one set, and the reason each member is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/isolating.h"

static void test_root_ports(void **state)
{
	(void)state;
	/* With ACS everything is alone; without, the port goes with what is behind it. */
	check("00:01.0 - root acs=on\n00:02.0 - root\n01:00.0 00:01.0 end\n02:00.0 00:02.0 end\n",
	      "00:01.0 | 00:02.0 02:00.0 | 01:00.0");
	check("00:01.0 - root acs=off\n01:00.0 00:01.0 end\n", "00:01.0 01:00.0");
	/* Ports of one slot without ACS can pass traffic among themselves. */
	check("00:01.0 - root mf\n00:01.1 - root mf\n01:00.0 00:01.0 end\n02:00.0 00:01.1 end\n",
	      "00:01.0 00:01.1 01:00.0 02:00.0");
	check("00:01.0 - root mf acs=on\n00:01.1 - root mf\n02:00.0 00:01.1 end\n",
	      "00:01.0 | 00:01.1 02:00.0");
	reason("00:02.0 - root\n02:00.0 00:02.0 end\n", "02:00.0",
	       "behind 0000:00:02.0; ACS redirection not enabled at 0000:00:02.0 (it has no ACS)");
	reason("00:02.0 - root acs=off\n02:00.0 00:02.0 end\n", "00:02.0",
	       "above 0000:02:00.0; ACS redirection not enabled at 0000:00:02.0 (capable but off)");
	reason("00:02.0 - root acs=on\n02:00.0 00:02.0 end\n", "02:00.0", NULL);
	/* Intel's older chipset ports have other means; see acs.c. */
	check("00:1c.0 - root mf id=8086:1c10\n00:1c.1 - root id=8086:1c12\n01:00.0 00:1c.0 end\n",
	      "00:1c.0 | 00:1c.1 | 01:00.0");
}

#define SWITCH(acs)                                                                 \
	"00:01.0 - root acs=on\n01:00.0 00:01.0 up\n02:00.0 01:00.0 down " acs "\n" \
	"02:01.0 01:00.0 down " acs "\n03:00.0 02:00.0 end\n04:00.0 02:01.0 end\n"

static void test_switch(void **state)
{
	(void)state;
	check(SWITCH("acs=on"), "00:01.0 | 01:00.0 | 02:00.0 | 02:01.0 | 03:00.0 | 04:00.0");
	/* Each port goes with what is behind it. */
	check(SWITCH(""), "00:01.0 | 01:00.0 | 02:00.0 03:00.0 | 02:01.0 04:00.0");
	/* No ACS at the top: the way up is open from everywhere below it. */
	check("00:01.0 - root\n01:00.0 00:01.0 up\n02:00.0 01:00.0 down acs=on\n"
	      "03:00.0 02:00.0 end\n",
	      "00:01.0 01:00.0 02:00.0 03:00.0");
	reason("00:01.0 - root\n01:00.0 00:01.0 up\n02:00.0 01:00.0 down acs=on\n"
	       "03:00.0 02:00.0 end\n",
	       "03:00.0",
	       "behind 0000:02:00.0; ACS redirection not enabled at 0000:00:01.0 (it has no ACS)");
}

/* The port that sends requests of a for b there; acs_ctrl, unless 0, is set in all ports. */
static void turns(const char *text, const char *a, const char *b, uint16_t acs_ctrl,
		  const char *want)
{
	_cleanup_devices_ struct xlpt_devices devs;
	size_t port;

	tree(text, &devs);
	for (size_t i = 0; acs_ctrl && i < devs.n; i++)
		devs.items[i].caps.acs_ctrl = acs_ctrl;
	port = xlpt_switch_turns(&devs, (size_t)(xlpt_devices_find(&devs, B(a)) - devs.items),
				 (size_t)(xlpt_devices_find(&devs, B(b)) - devs.items));
	if (!want)
		assert_true(port == SIZE_MAX);
	else
		assert_string_equal(XLPT_BDF_STR(devs.items[port].bdf) + 5, want);
}

static void test_switch_turns(void **state)
{
	/* Below the second port a switch of its own, whose ports have ACS. */
	static const char nested[] =
		"00:01.0 - root acs=on\n01:00.0 00:01.0 up\n02:00.0 01:00.0 down\n"
		"02:01.0 01:00.0 down\n03:00.0 02:00.0 end\n04:00.0 02:01.0 up\n"
		"05:00.0 04:00.0 down acs=on\n05:01.0 04:00.0 down acs=on\n06:00.0 05:00.0 end\n"
		"07:00.0 05:01.0 end\n";

	(void)state;
	turns(SWITCH(""), "03:00.0", "04:00.0", 0, "02:00.0");
	turns(SWITCH(""), "04:00.0", "03:00.0", 0, "02:01.0");
	turns(SWITCH("acs=off"), "03:00.0", "04:00.0", 0, "02:00.0");
	turns(SWITCH("acs=on"), "03:00.0", "04:00.0", 0, NULL);
	/* Redirection alone, or all but that. */
	turns(SWITCH("acs=off"), "03:00.0", "04:00.0", 0x04, NULL);
	turns(SWITCH("acs=off"), "03:00.0", "04:00.0", 0x19, "02:00.0");
	/* Not behind its own port, nor the switch itself. */
	turns(SWITCH(""), "03:00.0", "02:00.0", 0, NULL);
	turns(SWITCH(""), "03:00.0", "01:00.0", 0, NULL);
	turns(nested, "06:00.0", "07:00.0", 0, NULL);
	turns(nested, "06:00.0", "03:00.0", 0, "02:01.0");
	turns(nested, "03:00.0", "07:00.0", 0, "02:00.0");
	/* What root ports do between them is not said anywhere (PCI Express, 1.3.1). */
	turns("00:01.0 - root\n00:02.0 - root\n01:00.0 00:01.0 end\n02:00.0 00:02.0 end\n",
	      "01:00.0", "02:00.0", 0, NULL);
	/* Parents that go round in circles. */
	turns("01:00.0 02:00.0 up\n02:00.0 01:00.0 down\n03:00.0 02:00.0 end\n04:00.0 - end\n",
	      "03:00.0", "04:00.0", 0, NULL);
}

#define PCI_BRIDGE                                                                   \
	"00:01.0 - root acs=on\n06:00.0 00:01.0 topci bus=07\n07:01.0 06:00.0 pci\n" \
	"07:02.0 06:00.0 pci\n07:03.0 06:00.0 pci\n"

static void test_pci_bridge(void **state)
{
	(void)state;
	check(PCI_BRIDGE, "00:01.0 | 06:00.0 07:01.0 07:02.0 07:03.0");
	reason(PCI_BRIDGE, "07:02.0",
	       "shares requester id 0000:07:00.0 behind PCIe-to-PCI bridge 0000:06:00.0");
	reason(PCI_BRIDGE, "06:00.0",
	       "PCIe-to-PCI bridge: what is behind it shares requester id 0000:07:00.0");
	/* A conventional bridge on the root bus uses its own id. */
	check("00:1e.0 - bridge bus=05\n05:00.0 00:1e.0 pci\n05:01.0 00:1e.0 pci\n",
	      "00:1e.0 05:00.0 05:01.0");
	reason("00:1e.0 - bridge bus=05\n05:00.0 00:1e.0 pci\n", "05:00.0",
	       "shares requester id 0000:00:1e.0 behind PCI bridge 0000:00:1e.0");
	/* One that does not say it is a PCIe-to-PCI bridge. On the root bus it is none. */
	reason("00:01.0 - root\n04:00.0 00:01.0 bridge bus=05 id=1b21:1080\n05:00.0 04:00.0 pci\n",
	       "05:00.0", "shares requester id 0000:05:00.0 behind PCI bridge 0000:04:00.0");
	reason("00:1e.0 - bridge bus=05 id=8086:244e\n05:00.0 00:1e.0 pci\n", "05:00.0",
	       "shares requester id 0000:00:1e.0 behind PCI bridge 0000:00:1e.0");
	/* Two bridges in a row: all one set. */
	check("00:01.0 - root acs=on\n06:00.0 00:01.0 topci bus=07\n07:01.0 06:00.0 bridge bus=08\n"
	      "08:00.0 07:01.0 pci\n",
	      "00:01.0 | 06:00.0 07:01.0 08:00.0");
}

static void test_functions(void **state)
{
	(void)state;
	check("00:01.0 - root acs=on\n04:00.0 00:01.0 end mf\n04:00.1 00:01.0 end mf\n",
	      "00:01.0 | 04:00.0 04:00.1");
	check("00:01.0 - root acs=on\n04:00.0 00:01.0 end mf acs=on\n04:00.1 00:01.0 end acs=on\n",
	      "00:01.0 | 04:00.0 | 04:00.1");
	/* One of them isolated keeps only itself out. */
	check("04:00.0 - end mf\n04:00.1 - end acs=on\n04:00.2 - end\n",
	      "04:00.0 04:00.2 | 04:00.1");
	/* I350: said by Intel not to talk among themselves. */
	check("04:00.0 - end mf id=8086:1521\n04:00.1 - end mf id=8086:1521\n",
	      "04:00.0 | 04:00.1");
	/* Inside the root complex; Intel's always go through the IOMMU. */
	check("00:1f.0 - pci mf\n00:1f.2 - pci mf\n00:1f.3 - pci mf\n", "00:1f.0 00:1f.2 00:1f.3");
	check("00:1f.0 - rcend mf id=8086:a102\n00:1f.2 - rcend mf id=8086:a103\n",
	      "00:1f.0 | 00:1f.2");
	reason("04:00.0 - end mf\n04:00.1 - end acs=off\n", "04:00.1",
	       "same slot as 0000:04:00.0; ACS redirection not enabled at 0000:04:00.1 (capable but off)");
	/* The chip does DMA as function 1. */
	check("04:00.0 - end mf acs=on id=1b4b:9172\n04:00.1 - end acs=on id=1b4b:91a4\n",
	      "04:00.0 04:00.1");
	reason("04:00.0 - end mf acs=on id=1b4b:9172\n04:00.1 - end acs=on id=1b4b:91a4\n",
	       "04:00.0", "also uses the requester id of 0000:04:00.1 (known of this chip)");
}

static void test_virtual_functions(void **state)
{
	(void)state;
	check("00:01.0 - root acs=on\n01:00.0 00:01.0 end\n01:00.1 00:01.0 end vf=01:00.0\n"
	      "01:10.0 00:01.0 end vf=01:00.0\n01:10.2 00:01.0 end vf=01:00.0\n",
	      "00:01.0 | 01:00.0 | 01:00.1 | 01:10.0 | 01:10.2");
	check("00:01.0 - root\n01:00.0 00:01.0 end\n01:10.0 00:01.0 end vf=01:00.0\n",
	      "00:01.0 01:00.0 01:10.0");
}

static void test_not_readable(void **state)
{
	/* AMD's south bridge: its functions keep apart, and its PCI bridge still takes over what is behind it. */
	static const char south[] = "00:14.0 - pci mf id=1002:4385\n"
				    "00:14.4 - blind-bridge mf id=1002:4384 bus=03-03\n"
				    "03:06.0 00:14.4 pci\n03:07.0 00:14.4 pci\n";

	_cleanup_devices_ struct xlpt_devices devs;
	_cleanup_sets_ struct xlpt_sets s;

	(void)state;
	check(south, "00:14.0 | 00:14.4 03:06.0 03:07.0");
	reason(south, "03:06.0",
	       "behind 0000:00:14.4; ACS not known at 0000:00:14.4 (configuration space not readable)");
	check("00:01.0 - blind-bridge\n01:00.0 00:01.0 end\n", "00:01.0 01:00.0");
	reason("00:01.0 - blind-bridge\n01:00.0 00:01.0 end\n", "01:00.0",
	       "behind 0000:00:01.0; ACS not known at 0000:00:01.0 "
	       "(configuration space not readable)");
	/* Nothing that it says tells whether it is one of several functions. */
	check("00:01.0 - root acs=on\n04:00.0 00:01.0 silent\n04:00.1 00:01.0 end\n",
	      "00:01.0 | 04:00.0 04:00.1");
	check("00:01.0 - root acs=on\n04:00.0 00:01.0 silent\n05:00.0 00:01.0 end\n",
	      "00:01.0 | 04:00.0 | 05:00.0");
	tree("00:01.0 - blind-bridge\n01:00.0 00:01.0 end\n", &devs);
	xlpt_sets_make(&devs, &s);
	assert_int_equal(s.unread, 1);
}

/* No file "config", as in some copies of a tree: what the header would say is not known. */
static void test_no_header(void **state)
{
	(void)state;
	check("04:00.0 - end noheader\n04:00.1 - end noheader\n05:00.0 - end noheader\n",
	      "04:00.0 04:00.1 | 05:00.0");
	/* Virtual functions are in no slot. */
	check("04:00.0 - end noheader\n04:00.1 - end noheader vf=04:00.0\n", "04:00.0 | 04:00.1");
}

#define GONE "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/"

/* A bridge that is not listed keeps nothing apart. */
static void test_not_listed(void **state)
{
	(void)state;
	check("02:00.0 01:00.0 end\n02:01.0 01:00.0 end\n03:00.0 02:07.0 end\n",
	      "02:00.0 02:01.0 | 03:00.0");
	reason("02:00.0 01:00.0 end\n02:01.0 01:00.0 end\n", "02:00.0",
	       "what keeps it apart from 0000:02:01.0 is not known: bridge 0000:01:00.0 is not listed");
	/* It may pass on to its neighbours, unless these have ACS. */
	check("00:1c.0 - root mf\n00:1c.1 - root acs=on\n03:00.0 00:1c.4 end\n",
	      "00:1c.0 03:00.0 | 00:1c.1");
	/* Two above it are not listed, and to the upper one belongs what else is behind it. */
	check("00:01.0 - root acs=on\n03:00.0 02:01.0 end path=" GONE "0000:03:00.0\n"
	      "04:00.0 02:02.0 end path=/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/"
	      "0000:02:02.0/0000:04:00.0\n",
	      "00:01.0 | 03:00.0 04:00.0");
	check("00:01.0 - root\n03:00.0 02:01.0 end path=" GONE "0000:03:00.0\n", "00:01.0 03:00.0");
	/* Further up. */
	check("02:01.0 01:00.0 down acs=on\n03:00.0 02:01.0 end\n", "02:01.0 03:00.0");
	/* A VMD controller: all of its domain. */
	check("e0:01.0 - root acs=on carrier=00:0e.0\ne1:00.0 e0:01.0 end carrier=00:0e.0\n",
	      "e0:01.0 e1:00.0");
}

/* Links lost in a copy, and what bus numbers then say. */
static void test_no_links(void **state)
{
	(void)state;
	/* The bus of virtual functions is no bridge's own. */
	check("00:01.0 - root bus=01-02 nolink\n01:00.0 - end nolink\n"
	      "02:00.0 - end nolink vf=01:00.0\n",
	      "00:01.0 01:00.0 02:00.0");
	/* The innermost. */
	check("00:01.0 - root acs=on bus=01-04 nolink\n01:00.0 - up bus=02-04 nolink\n"
	      "02:00.0 - down bus=03-04 nolink\n04:00.0 - end nolink\n",
	      "00:01.0 | 01:00.0 | 02:00.0 04:00.0");
	/* Nothing says what is behind these two. */
	check("00:01.0 - root noheader nolink\n00:02.0 - root noheader nolink\n00:03.0 - end nolink\n"
	      "01:00.0 - end nolink\n",
	      "00:01.0 00:02.0 01:00.0 | 00:03.0");
	reason("00:01.0 - root noheader nolink\n01:00.0 - end nolink\n", "01:00.0",
	       "what keeps it apart from 0000:00:01.0 is not known: "
	       "the bus numbers of bridge 0000:00:01.0 cannot be read");
}

static void test_reasons(void **state)
{
	static const char pair[] = "04:00.0 - end mf acs=on id=1b4b:9172\n"
				   "04:00.1 - end acs=on id=1b4b:91a4\n";

	(void)state;
	/* Redirection is on, other flags that count are not. */
	reason("00:02.0 - root acs=on ctrl=1c\n02:00.0 00:02.0 end\n", "02:00.0",
	       "behind 0000:00:02.0; ACS not fully enabled at 0000:00:02.0 (source validation off)");
	reason("00:02.0 - root acs=on ctrl=0c\n02:00.0 00:02.0 end\n", "02:00.0",
	       "behind 0000:00:02.0; ACS not fully enabled at 0000:00:02.0 "
	       "(source validation and upstream forwarding off)");
	reason("04:00.0 - silent\n04:00.1 - end\n", "04:00.0",
	       "same slot as 0000:04:00.1; ACS not known at 0000:04:00.0 (it does not answer)");
	reason(pair, "04:00.1",
	       "its requester id is also used by 0000:04:00.0 (known of this chip)");
	reason("01:00.0 - end mf acs=on id=10b5:87b0\n01:1f.0 - end\n", "01:1f.0",
	       "its requester id is also used by 0000:01:00.0 (a non-transparent bridge)");
}

static void test_hostile(void **state)
{
	_cleanup_devices_ struct xlpt_devices none = { 0 };
	_cleanup_sets_ struct xlpt_sets s;

	(void)state;
	/* Its own parent, parents in a circle, a parent that is not there. */
	check("00:01.0 00:01.0 root\n", "00:01.0");
	check("01:00.0 02:00.0 root\n02:00.0 01:00.0 root\n03:00.0 02:00.0 end\n",
	      "01:00.0 02:00.0 03:00.0");
	check("01:00.0 02:00.0 root acs=on\n02:00.0 01:00.0 root acs=on\n03:00.0 02:00.0 end\n",
	      "01:00.0 | 02:00.0 | 03:00.0");
	check("01:00.0 02:00.0 bridge\n02:00.0 01:00.0 bridge\n", "01:00.0 02:00.0");
	check("03:00.0 02:00.0 end\n", "03:00.0");
	/* Links lost in a copy: bus numbers tell what is behind what. */
	check("00:01.0 - root bus=01 nolink\n00:02.0 - root acs=on bus=02 nolink\n01:00.0 - end nolink\n"
	      "02:00.0 - end nolink\n",
	      "00:01.0 01:00.0 | 00:02.0 | 02:00.0");
	xlpt_sets_make(&none, &s);
	assert_int_equal(s.n, 0);
}

static void test_groups(void **state)
{
	_cleanup_devices_ struct xlpt_devices devs;
	struct xlpt_sets s;

	(void)state;
	tree("00:01.0 - root acs=on group=7\n04:00.0 00:01.0 end mf group=3\n"
	     "04:00.1 00:01.0 end mf group=3\n",
	     &devs);
	xlpt_sets_make(&devs, &s);
	assert_true(s.has_groups && s.agree);
	assert_int_equal(s.number[0], 7);
	assert_int_equal(s.number[1], 3);
	xlpt_sets_dispose(&s);
	/* Two of our sets in one group, a set in two groups, a name that is no number. */
	for (int i = 0; i < 3; i++) {
		free(devs.items[i == 2 ? 0 : i].iommu_group);
		devs.items[i == 2 ? 0 : i].iommu_group = xlpt_xstrdup(i == 0   ? "3"
								      : i == 1 ? "8"
									       : "x");
		xlpt_sets_make(&devs, &s);
		assert_true(s.has_groups && !s.agree);
		assert_int_equal(s.number[0], 0);
		assert_int_equal(s.number[1], 1);
		xlpt_sets_dispose(&s);
	}
}

/* The kernel gives no group to an IOMMU and to a host bridge beside it (every AMD machine). */
static void test_functions_without_group(void **state)
{
	_cleanup_devices_ struct xlpt_devices devs;
	struct xlpt_sets s;

	(void)state;
	tree("00:00.0 - pci mf\n00:00.2 - pci\n00:01.0 - root acs=on group=4\n"
	     "01:00.0 00:01.0 end mf group=9\n01:00.1 00:01.0 end\n",
	     &devs);
	xlpt_sets_make(&devs, &s);
	assert_int_equal(s.n, 3);
	assert_true(s.has_groups && s.agree);
	assert_int_equal(s.number[0], 10); /* none: behind the kernel's */
	assert_int_equal(s.number[1], 4);
	assert_int_equal(s.number[2], 9); /* as its other member says */
	xlpt_sets_dispose(&s);
	/* What has a group is still compared. */
	devs.items[0].iommu_group = xlpt_xstrdup("4");
	xlpt_sets_make(&devs, &s);
	assert_true(s.has_groups && !s.agree);
	assert_int_equal(s.number[0], 0);
	xlpt_sets_dispose(&s);
}

static void test_ignored(void **state)
{
	struct xlpt_device d = { .header = XLPT_HEADER_ENDPOINT, .class_code = 0x020000 };

	(void)state;
	assert_false(xlpt_set_ignores(&d));
	d.class_code = 0x060100;
	assert_true(xlpt_set_ignores(&d));
	d.class_code = 0x068000; /* a non-transparent bridge does DMA */
	assert_false(xlpt_set_ignores(&d));
	d.header = XLPT_HEADER_BRIDGE;
	assert_true(xlpt_set_ignores(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_ports),   cmocka_unit_test(test_switch),
		cmocka_unit_test(test_switch_turns), cmocka_unit_test(test_pci_bridge),
		cmocka_unit_test(test_functions),    cmocka_unit_test(test_virtual_functions),
		cmocka_unit_test(test_not_readable), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_no_header),    cmocka_unit_test(test_not_listed),
		cmocka_unit_test(test_no_links),     cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_groups),	     cmocka_unit_test(test_functions_without_group),
		cmocka_unit_test(test_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
