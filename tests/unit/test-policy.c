/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules about an attach: what each refuses, what none refuses, what is forced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/judging.h"

static void cardbus(struct world *w)
{
	w->device.header = XLPT_HEADER_CARDBUS;
}

static void owned_by_itself_through(struct world *w)
{
	owned_by_itself(w);
	w->place.owner_through = (char *)"web1-dm";
}

static void owned_by_nameless(struct world *w)
{
	owned(w);
	w->place.owner_name = NULL;
}

static void pvh(struct world *w)
{
	w->guest.type = XLPT_GUEST_PVH;
}

static void pvh_to_create(struct world *w)
{
	pvh(w);
	w->f.to_create = true;
}

static void dying(struct world *w)
{
	w->guest.dying = true;
}

static void no_iommu(struct world *w)
{
	w->f.iommu = false;
}

static void no_iommu_hvm(struct world *w)
{
	no_iommu(w);
	w->guest.type = XLPT_GUEST_HVM;
}

static void no_passthrough(struct world *w)
{
	w->guest.passthrough = XLPT_OFF;
}

static void no_passthrough_hvm(struct world *w)
{
	no_passthrough(w);
	w->guest.type = XLPT_GUEST_HVM;
}

static void no_e820(struct world *w)
{
	w->guest.e820_host = XLPT_OFF;
}

static void paused(struct world *w)
{
	w->guest.paused = true;
}

static void full(struct world *w)
{
	w->f.guest_devices = XLPT_PV_SLOTS;
}

static void contradiction(struct world *w)
{
	w->f.be_consistent = false;
}

static void contradiction_hvm(struct world *w)
{
	contradiction(w);
	w->guest.type = XLPT_GUEST_HVM;
}

static void leaving(struct world *w)
{
	w->f.be_leaving = true;
}

static void closing(struct world *w)
{
	w->f.be_state = 5;
}

static void closed(struct world *w)
{
	w->f.be_state = 6;
}

static void not_hidden_no_driver(struct world *w)
{
	w->place.on_pciback = false;
	w->device.driver = NULL;
}

static void test_attach_refused(void **state)
{
	/* clang-format off */
	static const struct refusal cases[] = {
		{ bridge, XLPT_ERR_NOT_ENDPOINT, BDF " is a bridge", "type 1",
		  "functions behind it" },
		{ cardbus, XLPT_ERR_NOT_ENDPOINT, BDF " is a bridge", "type 2",
		  "functions behind it" },
		{ owned, XLPT_ERR_IN_USE, BDF " is in use by db1 (domain 7)",
		  "/local/domain/0/backend/pci/7/0", "xlpt detach db1 " BDF },
		{ owned_by_nameless, XLPT_ERR_IN_USE, "was left by domain 7, which is gone", "pci/7/0",
		  "xlpt repair" },
		{ owned_by_itself, XLPT_ERR_IN_USE, BDF " is already with web1 (domain 3)",
		  "pci/3/0", "nothing has to be done for " BDF },
		{ owned_by_itself_through, XLPT_ERR_IN_USE, BDF " is already with web1 (domain 3)",
		  "stub domain web1-dm", "leave it out" },
		{ assigned, XLPT_ERR_IN_USE, BDF " is assigned to a guest by the hypervisor",
		  "no backend in xenstore names it", "xlpt repair" },
		{ assigned_and_noted, XLPT_ERR_IN_USE, "by the hypervisor", "note says domain 12",
		  "xlpt repair" },
		{ pvh, XLPT_ERR_GUEST_TYPE, "web1 is a PVH guest", "PV and HVM guests only",
		  "type=\"hvm\"" },
		{ pvh_to_create, XLPT_ERR_GUEST_TYPE, "web1 is a PVH guest", "PV and HVM guests only",
		  "write type=\"hvm\" or type=\"pv\" into its configuration" },
		{ dying, XLPT_ERR_NO_GUEST, "web1 is shutting down", "domain 3",
		  "xl list does not show domain 3; then run this again if web1 has started again" },
		{ no_iommu, XLPT_ERR_NO_IOMMU, "without an IOMMU", "pv_directio", "xlpt boot plan" },
		{ no_iommu_hvm, XLPT_ERR_NO_IOMMU, "without an IOMMU", "hvm_directio", "VT-d" },
		{ no_passthrough, XLPT_ERR_GUEST_TYPE, "web1 was created without passthrough",
		  "no IOMMU context", "passthrough=\"enabled\" and e820_host=1 into" },
		{ no_passthrough_hvm, XLPT_ERR_GUEST_TYPE, "web1 was created without passthrough",
		  "no IOMMU context", "maxmem may then be no more than its memory" },
		{ no_e820, XLPT_ERR_GUEST_TYPE, "web1 was created without e820_host", "memory map",
		  "--without-e820" },
		{ paused, XLPT_ERR_NO_GUEST, "web1 is paused", "frontend", "xl unpause web1" },
		{ full, XLPT_ERR_FULL, "web1 has no free slot", "32 devices", "xlpt status web1" },
		{ contradiction, XLPT_ERR_CONFLICT, "web1's devices in xenstore contradicts itself",
		  "/local/domain/0/backend/pci/3/0: num_devs", "xlpt repair" },
		{ contradiction_hvm, XLPT_ERR_CONFLICT, "web1's devices in xenstore", "num_devs",
		  "xlpt repair" },
		{ leaving, XLPT_ERR_CONFLICT, "web1 still has a device half-way out",
		  "/local/domain/0/backend/pci/3/0", "xlpt repair" },
		{ closing, XLPT_ERR_CONFLICT, "web1 takes no more PCI devices", "state 5",
		  "xl reboot web1" },
		{ closed, XLPT_ERR_CONFLICT, "web1 takes no more PCI devices", "state 6",
		  "xl reboot web1" },
		{ needed, XLPT_ERR_HOST_NEEDS, "this host needs " BDF, "/dev/sda2",
		  "--force-host-device " BDF },
		{ not_hidden, XLPT_ERR_NOT_HIDDEN, BDF " is not hidden", "driver is igb",
		  "xlpt hide " BDF },
		{ not_hidden_no_driver, XLPT_ERR_NOT_HIDDEN, BDF " is not hidden", "driver is none",
		  "--hide" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w;

		good_world(&w);
		cases[i].change(&w);
		assert_refused(&cases[i], xlpt_policy_attach(&w.f, &diag), &diag);
		assert_int_equal(xlpt_policy_attach(&w.f, NULL), cases[i].code);
	}
}

/* ---- what is allowed, among it what other rules or other guests refuse ---- */

static void as_it_is(struct world *w)
{
	(void)w;
}

static void hvm(struct world *w)
{
	/* HVM has no frontend; its backend rests in other states, and e820_host is not for it */
	w->guest.type = XLPT_GUEST_HVM;
	w->guest.e820_host = XLPT_OFF;
	w->f.guest_devices = XLPT_PV_SLOTS;
	w->f.be_state = 7;
	w->f.fe_state = 1;
	w->f.be_leaving = true;
}

static void hvm_closed(struct world *w)
{
	hvm(w);
	w->f.be_state = 6;
}

static void first_device(struct world *w)
{
	w->f.guest_devices = 0;
	w->f.be_state = w->f.fe_state = -1;
	w->f.be_consistent = false; /* there is nothing to be consistent */
}

static void last_slot(struct world *w)
{
	w->f.guest_devices = XLPT_PV_SLOTS - 1;
}

static void nothing_known(struct world *w)
{
	w->guest.passthrough = w->guest.e820_host = XLPT_UNSET;
	w->device.header = XLPT_HEADER_UNKNOWN;
	w->place.hyp_known = false;
	w->place.hyp_assigned = true; /* means nothing then */
}

static void only_noted(struct world *w)
{
	w->place.noted_domid = 12; /* a stale note alone is no owner */
}

static void hide_it(struct world *w)
{
	not_hidden(w);
	w->f.hide = true;
}

static void forced_needed(struct world *w)
{
	needed(w);
	w->f.force_host_device = true;
}

static void forced_e820(struct world *w)
{
	no_e820(w);
	w->f.without_e820 = true;
}

static void test_attach_allowed(void **state)
{
	/* clang-format off */
	static void (*const cases[])(struct world *) = {
		as_it_is,   hvm,	hvm_closed, first_device,  last_slot,  nothing_known,
		only_noted, hide_it,	forced_needed, forced_e820,
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w;

		good_world(&w);
		cases[i](&w);
		if (xlpt_policy_attach(&w.f, &diag))
			fail_msg("case %zu: %s", i, diag.message);
		assert_null(diag.message);
	}
}

/* Force opens one door, not all. */
static void test_attach_force_is_narrow(void **state)
{
	/* clang-format off */
	static const struct refusal cases[] = {
		{ bridge, XLPT_ERR_NOT_ENDPOINT, BDF, "", "" },
		{ owned, XLPT_ERR_IN_USE, BDF, "", "" },
		{ assigned, XLPT_ERR_IN_USE, BDF, "", "" },
		{ pvh, XLPT_ERR_GUEST_TYPE, "PVH", "", "" },
		{ dying, XLPT_ERR_NO_GUEST, "shutting down", "", "" },
		{ no_iommu, XLPT_ERR_NO_IOMMU, "IOMMU", "", "" },
		{ no_passthrough, XLPT_ERR_GUEST_TYPE, "without passthrough", "", "" },
		{ paused, XLPT_ERR_NO_GUEST, "paused", "", "" },
		{ full, XLPT_ERR_FULL, "slot", "", "" },
		{ contradiction, XLPT_ERR_CONFLICT, "contradicts", "", "" },
		{ leaving, XLPT_ERR_CONFLICT, "half-way out", "", "" },
		{ closing, XLPT_ERR_CONFLICT, "takes no more", "", "" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w;

		good_world(&w);
		w.f.hide = w.f.force_host_device = w.f.without_e820 = true;
		cases[i].change(&w);
		assert_refused(&cases[i], xlpt_policy_attach(&w.f, &diag), &diag);
	}
}

/* A device of another guest's is not to be taken from it for a guest that cannot have it. */
static void test_guest_first(void **state)
{
	/* clang-format off */
	static const struct refusal cases[] = {
		{ pvh, XLPT_ERR_GUEST_TYPE, "web1 is a PVH guest", "", "" },
		{ pvh_to_create, XLPT_ERR_GUEST_TYPE, "web1 is a PVH guest", "", "" },
		{ no_iommu, XLPT_ERR_NO_IOMMU, "without an IOMMU", "", "" },
		{ no_passthrough, XLPT_ERR_GUEST_TYPE, "created without passthrough", "", "" },
		{ no_e820, XLPT_ERR_GUEST_TYPE, "created without e820_host", "", "" },
	};
	/* clang-format on */
	static void (*const places[])(struct world *) = { owned, owned_by_nameless, assigned };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases) * XLPT_ARRAY_SIZE(places); i++) {
		const struct refusal *c = &cases[i % XLPT_ARRAY_SIZE(cases)];
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w;

		good_world(&w);
		c->change(&w);
		places[i / XLPT_ARRAY_SIZE(cases)](&w);
		assert_refused(c, xlpt_policy_attach(&w.f, &diag), &diag);
	}
}

static void with_stubdom(struct world *w)
{
	w->guest.has_stubdom = true;
}

/* What the guest has already is told as that, whatever could not be given to it now. */
static void test_own_first(void **state)
{
	static void (*const cases[])(struct world *) = { with_stubdom, no_passthrough, paused, full,
							 closing };

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct world w;

		good_world(&w);
		cases[i](&w);
		owned_by_itself(&w);
		assert_int_equal(xlpt_policy_attach(&w.f, &diag), XLPT_ERR_IN_USE);
		assert_non_null(strstr(diag.hint, "nothing has to be done"));
	}
}

/* A device on pciback that the host needs is refused as well, and before "not hidden" is said. */
static void test_needed_first(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct world w;

	(void)state;
	good_world(&w);
	needed(&w);
	not_hidden(&w);
	assert_int_equal(xlpt_policy_attach(&w.f, &diag), XLPT_ERR_HOST_NEEDS);
	w.f.hide = true;
	assert_int_equal(xlpt_policy_attach(&w.f, &diag), XLPT_ERR_HOST_NEEDS);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach_refused),
		cmocka_unit_test(test_attach_allowed),
		cmocka_unit_test(test_attach_force_is_narrow),
		cmocka_unit_test(test_guest_first),
		cmocka_unit_test(test_own_first),
		cmocka_unit_test(test_needed_first),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
