/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the devices of a guest are together, and what single ones share with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy-together.h"
#include "tests/unit/commands.h"

/* An endpoint of vendor 144d with an MSI-X table of that many entries, or an MSI capability. */
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
	/* What the guest has already counts. */
	ok(w, "attach win1 --hide 07:01.0");
	assert_non_null(strstr(w->err, "up to 53 interrupt vectors"));
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xen_gives),
		world_test(test_vectors),
		world_test(test_vectors_at_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
