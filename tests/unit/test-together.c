/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the devices of a guest are together, and what single ones share with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy-together.h"
#include "tests/unit/pooling.h"

/* An NVMe drive with an MSI-X table of that many entries, or a card with an MSI capability. */
static void put_device(struct world *w, const char *bdf, unsigned msix, bool msi,
		       const char *resource)
{
	uint8_t cfg[256] = { 0x4d, 0x14, 0x0a, 0xa8, 6, 0, 0x10, 0, 1, 2, 8, 1 };
	struct fake_dev d = { .vendor = 0x144d,
			      .device = 0xa80a,
			      .class_code = 0x010802,
			      .resource = resource,
			      .config = cfg,
			      .config_len = sizeof(cfg) };

	if (msi) {
		d.class_code = 0x028000;
		memcpy(cfg + 9, (uint8_t[]){ 0, 0x80, 2 }, 3);
	}
	cfg[0x34] = 0x40;
	memcpy(cfg + 0x40, (uint8_t[]){ msi ? 5 : 0x11, 0, msi ? 5 << 1 : 0, 0 }, 4);
	if (!msi) {
		cfg[0x42] = (uint8_t)(msix - 1);
		cfg[0x43] = (uint8_t)((msix - 1) >> 8);
	}
	fake_bus_add(w->bus, bdf, &d);
}

/* ---- interrupt vectors ---- */

static void test_xen_gives(void **state)
{
	static const struct {
		const char *cmdline;
		unsigned given;
	} cases[] = {
		{ "", 32 },
		{ "placeholder dom0_mem=4G", 32 },
		{ "extra_guest_irqs=64", 64 },
		{ "dom0_mem=4G extra_guest_irqs=0x100,512 iommu=1\n", 256 },
		{ "extra_guest_irqs=,512", 32 },
		{ "extra_guest_irqs=0", 0 },
		{ "extra_guest_irqs=64 extra_guest_irqs=128", 128 },
		{ "extra_guest_irqs=64 extra_guest_irqs=,8", 64 },
		{ "extra_guest_irqs=no", 32 },
		{ "extra_guest_irqs", 32 },
		{ "not_extra_guest_irqs=64", 32 },
		{ "extra_guest_irqs=010", 8 },
		{ "extra_guest_irqs=99999999999999999999", 32768 },
		{ "loglvl=all -- extra_guest_irqs=64", 32 },
	};
	bool known;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		unsigned given = xlpt_xen_guest_vectors(cases[i].cmdline, &known);

		if (given != cases[i].given || !known)
			fail_msg("\"%s\": %u, not %u", cases[i].cmdline, given, cases[i].given);
	}
	assert_int_equal(xlpt_xen_guest_vectors(NULL, &known), 32);
	assert_false(known);
}

static void test_vectors(void **state)
{
	struct world *w = *state;

	put_device(w, "0000:07:00.0", 33, false, NULL);
	put_device(w, "0000:07:01.0", 20, false, NULL);
	put_device(w, "0000:07:02.0", 0, true, NULL);
	ok(w, "show 07:00.0");
	assert_non_null(strstr(w->out, "33 vectors; Xen gives a guest 32 (extra_guest_irqs)"));
	ok(w, "attach win1 --hide 07:00.0");
	assert_non_null(strstr(w->err, "win1's devices ask for up to 33 interrupt vectors, Xen "
				       "lets it have 32"));
	assert_non_null(strstr(w->err, "to mend: write extra_guest_irqs=33 on Xen's command"));
	assert_null(strstr(w->err, "dom0's kernel"));
	/* What the guest has already counts. The word is Xen's. */
	fake_bus_put(w->bus, "/proc/cmdline", "ro quiet extra_guest_irqs=256\n");
	ok(w, "attach win1 --hide 07:01.0");
	assert_non_null(strstr(w->err, "up to 53 interrupt vectors"));
	assert_non_null(strstr(w->err, "extra_guest_irqs=53 on Xen's command line (dom0's kernel, "
				       "which has that word, does not hand it to Xen), and boot"));
	fake_ts_cmdline(w->ts, "extra_guest_irqs=85");
	ok(w, "attach win1 --hide 07:02.0");
	assert_null(strstr(w->err, "interrupt vectors"));
	ok(w, "detach win1 07:02.0");
	/* PV guests, too, and MSI. */
	fake_ts_cmdline(w->ts, "extra_guest_irqs=31");
	ok(w, "attach web1 07:02.0");
	assert_non_null(strstr(w->err, "web1's devices ask for up to 32 interrupt vectors"));
	/* Not known is no warning. */
	fake_ts_cmdline(w->ts, NULL);
	ok(w, "detach web1 07:02.0");
	ok(w, "attach web1 07:02.0");
	assert_null(strstr(w->err, "interrupt vectors"));
}

static void test_drive(void **state)
{
	struct world *w = *state;

	put_device(w, "0000:07:00.0", 33, false, NULL);
	put_device(w, "0000:07:02.0", 0, true, NULL);
	ok(w, "check web1 --hide 07:00.0");
	assert_non_null(strstr(w->out, "has one queue and no MSI-X"));
	assert_non_null(strstr(w->out, "whatever extra_guest_irqs is; the guest's log says "
				       "\"enable msix get err ffffff8e\""));
	ok(w, "attach web1 --hide 07:00.0");
	assert_non_null(strstr(w->err, "web1 is a PV guest, where Linux' driver of NVMe drives "
				       "(6.1 to 7.2) has one queue and no MSI-X: 0000:07:00.0 is "
				       "slower there"));
	assert_non_null(strstr(w->err, "to mend: give NVMe drives to HVM guests"));
	/* What the guest runs is not known: it may use the vectors. */
	assert_non_null(strstr(w->err, "up to 33 interrupt vectors"));
	ok(w, "attach web1 --hide 07:02.0");
	assert_null(strstr(w->err, "one queue and no MSI-X"));
	ok(w, "detach web1 07:00.0 07:02.0");
	ok(w, "attach win1 07:00.0");
	assert_null(strstr(w->err, "one queue and no MSI-X"));
}

static void test_vectors_at_boot(void **state)
{
	struct world *w = *state;

	put_device(w, "0000:07:00.0", 33, false, NULL);
	ok(w, "boot plan");
	assert_null(strstr(w->out, "interrupt vectors"));
	ok(w, "hide 07:00.0");
	ok(w, "boot plan");
	assert_non_null(strstr(w->out, "! all devices that are hidden ask for up to 33 interrupt "
				       "vectors, Xen lets a guest have 32"));
	assert_non_null(strstr(w->out, "; write extra_guest_irqs=33 on Xen's command line"));
	fake_ts_cmdline(w->ts, "extra_guest_irqs=33");
	ok(w, "boot plan");
	assert_null(strstr(w->out, "interrupt vectors"));
	ok(w, "attach win1 07:00.0");
	fake_ts_cmdline(w->ts, "");
	ok(w, "boot plan");
	assert_non_null(strstr(w->out, "! win1's devices ask for up to 33 interrupt vectors"));
	assert_null(strstr(w->out, "PVH"));
	fake_bus_put(w->bus, "/sys/hypervisor/guest_type", "PVH\n");
	ok(w, "boot plan");
	assert_non_null(strstr(w->out, "! dom0 is a PVH domain: Xen's SUPPORT.md lists"));
}

/* ---- pages of memory ---- */

#define NIC "0x00000000febff000 0x00000000febff0ff 0x0000000000040200\n"
#define SND                                                          \
	"0x000000000000d100 0x000000000000d11f 0x0000000000040101\n" \
	"0x00000000febff100 0x00000000febff1ff 0x0000000000040200\n"
#define ALONE "0x00000000febfe000 0x00000000febfe0ff 0x0000000000040200\n"

static void test_bars(void **state)
{
	struct xlpt_device a = { .bars[1] = { 0xfebff000, 0xfebff0ff, 0x40200 } };
	struct xlpt_device b = { .bars[6] = { 0xfebff800, 0xfebfffff, 0x40200 } };
	uint64_t page = 0;

	(void)state;
	assert_true(xlpt_device_meets(&a, &b, &page) && page == 0xfebff000);
	/* Ports are given one by one. */
	a.bars[1].flags = 0x40101;
	assert_false(xlpt_device_meets(&a, &b, &page));
	/* Whole pages are nobody else's. */
	a.bars[1] = (struct xlpt_bar){ 0xfebff000, 0xfebfffff, 0x40200 };
	assert_false(xlpt_device_meets(&a, &b, &page));
	assert_true(xlpt_device_meets(&b, &a, &page) && page == 0xfebff000);
	/* A register block that is not set up, and one that ends before it begins. */
	b.bars[6] = (struct xlpt_bar){ 0, 0, 0x40200 };
	assert_false(xlpt_device_meets(&b, &a, &page));
	b.bars[6] = (struct xlpt_bar){ 0xfebff800, 0xfebff000, 0x40200 };
	assert_false(xlpt_device_meets(&b, &a, &page));
}

static void put_pair(struct world *w)
{
	put_device(w, "0000:07:00.0", 1, false, NIC);
	put_device(w, "0000:07:01.0", 1, false, SND);
	put_device(w, "0000:07:02.0", 1, false, ALONE);
	fake_bus_driver(w->bus, "snd", "144d:a80a");
}

static void test_page_of_dom0(void **state)
{
	struct world *w = *state;

	put_pair(w);
	ok(w, "show 07:00.0");
	assert_non_null(strstr(w->out, "not page-aligned, shares a page with 0000:07:01.0"));
	refused(w, 3, "attach win1 --hide 07:00.0",
		"0000:07:00.0 cannot go to win1 while dom0 uses 0000:07:01.0");
	assert_non_null(strstr(w->err, "win1 will reach registers of 0000:07:01.0 (same page "
				       "0xfebff000); dom0 can lose 0000:07:01.0 (snd)"));
	assert_non_null(strstr(w->err, "to mend: xlpt hide 0000:07:01.0; or boot dom0 with "
				       "pci=resource_alignment=0000:07:00.0; or let win1 reach "
				       "those registers: --allow-split 0000:07:00.0"));
	refused(w, 3, "attach --dry-run web1 --hide 07:00.0", "while dom0 uses 0000:07:01.0");
	ok(w, "attach win1 --hide 07:02.0");
	assert_null(strstr(w->err, "registers"));
	/* Consent, now and for good. */
	ok(w, "attach win1 --hide 07:00.0 --allow-split 07:00.0");
	assert_non_null(strstr(w->err, "win1 will reach registers of 0000:07:01.0 (same page "
				       "0xfebff000), which dom0 uses"));
	ok(w, "detach win1 07:00.0");
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "allow-split = 07:00.0\n");
	ok(w, "attach win1 07:00.0");
	assert_non_null(strstr(w->err, "which dom0 uses"));
	fake_bus_put(w->bus, "/etc/xlpt/xlpt.conf", "");
	ok(w, "detach win1 07:00.0");
	/* What the line says mends it. */
	ok(w, "hide 07:01.0");
	ok(w, "attach win1 07:00.0");
	assert_non_null(strstr(w->err, "(same page 0xfebff000), which nobody uses now"));
	assert_non_null(strstr(w->err, "to mend: boot dom0 with pci=resource_alignment="));
	/* And the way back. */
	refused(w, 3, "unhide 07:01.0", "cannot go to dom0 while 0000:07:00.0 is with win1");
	ok(w, "unhide 07:01.0 --allow-split 07:01.0");
	assert_non_null(strstr(w->err, "win1 will reach registers of 0000:07:01.0"));
}

static void test_page_of_guests(void **state)
{
	struct world *w = *state;

	put_pair(w);
	ok(w, "attach win1 --hide 07:00.0 07:01.0");
	assert_non_null(strstr(w->err, "0000:07:01.0 (same page 0xfebff000), which it has, too"));
	assert_null(strstr(w->err, "reach registers of 0000:07:00.0"));
	ok(w, "detach win1 07:00.0");
	refused(w, 3, "attach web1 07:00.0", "while 0000:07:01.0 is with win1");
	assert_non_null(strstr(w->err, "to mend: xlpt detach win1 0000:07:01.0; or boot dom0"));
	ok(w, "attach win1 07:00.0");
	assert_non_null(strstr(w->err, "which it has, too"));
	ok(w, "detach win1 07:00.0 07:01.0 --to-host");
}

/* ---- peers in a switch ---- */

/* A port of a switch; mf is its multifunction bit, ctrl what ACS has on, -1 = no ACS. */
static void put_port(struct world *w, const char *bdf, const char *parent, int type, bool mf,
		     int ctrl)
{
	uint8_t cfg[0x108] = { 0xb5, 0x10, 0x24, 0x87, 6, 0, 0x10, 0, 1, 0, 4, 6 };
	struct fake_dev d = { .vendor = 0x10b5,
			      .device = 0x8724,
			      .class_code = 0x060400,
			      .parent = parent,
			      .config = cfg,
			      .config_len = sizeof(cfg) };

	cfg[0x0e] = mf ? 0x81 : 1;
	cfg[0x34] = 0x40;
	memcpy(cfg + 0x40, (uint8_t[]){ 0x10, 0, (uint8_t)(type << 4 | 2) }, 3);
	if (ctrl >= 0)
		memcpy(cfg + 0x100, (uint8_t[]){ 0x0d, 0, 1, 0, 0x1f, 0, (uint8_t)ctrl }, 7);
	fake_bus_add(w->bus, bdf, &d);
}

/* 0a:00.0 and 0b:00.0, each behind a port of one switch; other is the ACS of the second one's. */
static void put_switch_of(struct world *w, bool mf, int ctrl, int other)
{
	static const struct fake_dev nic = {
		.vendor = 0x144d, .device = 0xa80b, .class_code = 0x020000, .driver = "nic"
	};
	struct fake_dev a = nic, b = nic;

	fake_bus_driver(w->bus, "nic", "144d:a80b");
	put_port(w, "0000:00:1d.0", NULL, 4, false, 0x1d);
	put_port(w, "0000:08:00.0", "0000:00:1d.0", 5, false, -1);
	put_port(w, "0000:09:01.0", "0000:08:00.0", 6, mf, ctrl);
	put_port(w, mf ? "0000:09:01.1" : "0000:09:02.0", "0000:08:00.0", 6, mf, other);
	a.parent = "0000:09:01.0";
	b.parent = mf ? "0000:09:01.1" : "0000:09:02.0";
	fake_bus_add(w->bus, "0000:0a:00.0", &a);
	fake_bus_add(w->bus, "0000:0b:00.0", &b);
}

static void put_switch(struct world *w, bool mf, int ctrl)
{
	put_switch_of(w, mf, ctrl, ctrl);
}

#define REACHED "can be reached by others behind the same switch"
#define REACHES "can reach registers of others behind the same switch"

static void test_switch(void **state)
{
	struct world *w = *state;
	const char *first;

	put_switch(w, false, -1);
	ok(w, "show 0a:00.0");
	said(w, "reaches in switch  0000:0b:00.0");
	ok(w, "show --json 0a:00.0");
	said(w, "\"reaches_in_switch\"");
	ok(w, "check web1 0a:00.0 --hide");
	said(w, "unless ACS P2P Request Redirect is on");
	ok(w, "attach web1 --hide 0a:00.0");
	said(w, "through 0000:0a:00.0 web1 " REACHES ", past the IOMMU: dom0 uses 0000:0b:00.0 "
		"(ACS of switch port 0000:09:01.0: none)");
	said(w, "to mend: give all that is behind the switch to web1, or put 0000:0a:00.0 into a");
	ok(w, "attach db1 --hide 0b:00.0");
	said(w, "db1 " REACHES ", past the IOMMU: 0000:0a:00.0 is with web1");
	/* Nobody uses it, or it goes along. */
	ok(w, "detach db1 0b:00.0");
	ok(w, "detach web1 0a:00.0");
	ok(w, "attach web1 0a:00.0");
	assert_null(strstr(w->err, REACHES));
	ok(w, "detach web1 0a:00.0");
	ok(w, "unhide 0a:00.0 0b:00.0");
	ok(w, "attach web1 --hide 0a:00.0 0b:00.0");
	assert_null(strstr(w->err, REACHES));
	/* The guest has the other one. */
	ok(w, "detach web1 0a:00.0");
	ok(w, "attach web1 0a:00.0");
	assert_null(strstr(w->err, REACHES));
	/* Of two devices it is said once. */
	ok(w, "detach web1 0a:00.0 0b:00.0 --to-host");
	put_port(w, "0000:09:03.0", "0000:08:00.0", 6, false, -1);
	fake_bus_add(w->bus, "0000:0c:00.0",
		     &(struct fake_dev){ .vendor = 0x144d,
					 .device = 0xa80b,
					 .class_code = 0x020000,
					 .driver = "nic",
					 .parent = "0000:09:03.0" });
	ok(w, "attach web1 --hide 0a:00.0 0c:00.0");
	first = strstr(w->err, REACHES);
	assert_non_null(first);
	assert_null(strstr(first + 1, REACHES));
}

/* What is behind the switch cannot all go: hide would refuse the display. */
static void test_switch_needed(void **state)
{
	struct world *w = *state;

	put_switch(w, false, -1);
	put_port(w, "0000:09:03.0", "0000:08:00.0", 6, false, -1);
	fake_bus_driver(w->bus, "gpu", "144d:a80c");
	fake_bus_add(w->bus, "0000:0c:00.0",
		     &(struct fake_dev){ .vendor = 0x144d,
					 .device = 0xa80c,
					 .class_code = 0x030000,
					 .driver = "gpu",
					 .boot_vga = true,
					 .parent = "0000:09:03.0" });
	refused(w, 3, "hide 0c:00.0", "needs");
	ok(w, "attach web1 --hide 0a:00.0");
	said(w, "dom0 uses 0000:0b:00.0 and 0000:0c:00.0");
	said(w, "to mend: put 0000:0a:00.0 into a slot that is not behind it");
}

/* The switch redirects; or the kernel has made one set of it. */
static void test_switch_kept_apart(void **state)
{
	struct world *w = *state;

	put_switch(w, false, 0x1d);
	ok(w, "show 0a:00.0");
	assert_null(strstr(w->out, "reaches in switch"));
	ok(w, "attach web1 --hide 0a:00.0");
	assert_null(strstr(w->err, REACHES));
}

/* The port of 0a:00.0 has ACS on and the other one's has not: that is open in one direction. */
static void test_switch_one_port(void **state)
{
	struct world *w = *state;

	put_switch_of(w, false, 0x1d, -1);
	ok(w, "show 0a:00.0");
	said(w, "reached in switch  0000:0b:00.0");
	assert_null(strstr(w->out, "reaches in switch"));
	ok(w, "show --json 0b:00.0");
	said(w, "\"reaches_in_switch\"");
	assert_null(strstr(w->out, "reached_in_switch"));
	/* dom0 uses the other one. */
	ok(w, "attach web1 --hide 0a:00.0");
	assert_null(strstr(w->err, "behind the same switch"));
	ok(w, "attach db1 --hide 0b:00.0");
	said(w, "db1 " REACHES ", past the IOMMU: 0000:0a:00.0 is with web1");
	assert_null(strstr(w->err, REACHED));
	ok(w, "detach web1 0a:00.0");
	ok(w, "check web1 0a:00.0");
	said(w, REACHED);
	ok(w, "attach web1 0a:00.0");
	said(w, "registers of 0000:0a:00.0, which goes to web1, " REACHED ", past the IOMMU: "
		"0000:0b:00.0 is with db1 (ACS of switch port 0000:09:02.0: none)");
	said(w, "to mend: give all that is behind the switch to web1, or put 0000:0a:00.0 into a");
	assert_null(strstr(w->err, REACHES));
	/* Nobody else has it. */
	ok(w, "detach web1 0a:00.0");
	ok(w, "detach db1 0b:00.0");
	ok(w, "attach web1 0a:00.0 0b:00.0");
	assert_null(strstr(w->err, "behind the same switch"));
}

/* 0b:00.0 and 0c:00.0 are behind ports without ACS. */
static void put_third(struct world *w)
{
	struct fake_dev c = { .vendor = 0x144d,
			      .device = 0xa80b,
			      .class_code = 0x020000,
			      .driver = "nic",
			      .parent = "0000:09:03.0" };

	put_switch_of(w, false, 0x1d, -1);
	put_port(w, "0000:09:03.0", "0000:08:00.0", 6, false, -1);
	fake_bus_add(w->bus, "0000:0c:00.0", &c);
}

/* dom0's 0b:00.0 is nobody's worry for the first of two, and the second reaches it. */
static void test_switch_second(void **state)
{
	struct world *w = *state;

	put_third(w);
	ok(w, "attach web1 --hide 0a:00.0 0c:00.0");
	said(w, "through 0000:0c:00.0 web1 " REACHES);
	said(w, "dom0 uses 0000:0b:00.0");
}

/* The port that is named is the one behind which the other guest's device is, and not dom0's. */
static void test_switch_port(void **state)
{
	struct world *w = *state;

	put_third(w);
	ok(w, "attach db1 --hide 0b:00.0");
	ok(w, "attach web1 --hide 0a:00.0");
	said(w,
	     REACHED ", past the IOMMU: 0000:0b:00.0 is with db1 (ACS of switch port 0000:09:02.0");
}

static void test_switch_one_set(void **state)
{
	struct world *w = *state;

	put_switch(w, true, -1);
	ok(w, "show 0a:00.0");
	assert_null(strstr(w->out, "reaches in switch"));
	refused(w, 3, "attach web1 --hide 0a:00.0", "while dom0 uses 0000:0b:00.0");
	ok(w, "attach web1 --hide 0a:00.0 --allow-split 0a:00.0");
	assert_null(strstr(w->err, REACHES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xen_gives),
		cmocka_unit_test(test_bars),
		world_test(test_page_of_dom0),
		world_test(test_page_of_guests),
		world_test(test_switch),
		world_test(test_switch_needed),
		world_test(test_switch_kept_apart),
		world_test(test_switch_one_set),
		world_test(test_switch_one_port),
		world_test(test_switch_second),
		world_test(test_switch_port),
		world_test(test_vectors),
		world_test(test_vectors_at_boot),
		world_test(test_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
