/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/policy.h"

#define BDF "0000:03:00.1"

/* All that a rule can look at. Each case starts from facts that every rule is content with. */
struct world {
	struct xlpt_guest guest;
	struct xlpt_device device;
	struct xlpt_place place;
	struct xlpt_attach_facts f;
};

static void good_world(struct world *w)
{
	*w = (struct world){
		.guest = { .domid = 3,
			   .name = (char *)"web1",
			   .type = XLPT_GUEST_PV,
			   .passthrough = XLPT_ON,
			   .e820_host = XLPT_ON },
		.device = { .bdf = { .bus = 3, .func = 1 },
			    .header = XLPT_HEADER_ENDPOINT,
			    .driver = (char *)"pciback" },
		.place = { .on_pciback = true, .hyp_known = true, .noted_domid = -1 },
		.f = { .iommu = true,
		       .guest_devices = 2,
		       .be_state = 4,
		       .fe_state = 4,
		       .be_consistent = true },
	};
	w->f.guest = &w->guest;
	w->f.device = &w->device;
	w->f.place = &w->place;
}

struct refusal {
	void (*change)(struct world *w);
	int code;
	const char *message, *fact, *hint;
};

/* What an operator needs is there and speaks of the right things. */
static void assert_refused(const struct refusal *want, int rc, struct xlpt_diag *diag)
{
	assert_int_equal(rc, want->code);
	assert_int_equal(diag->code, want->code);
	assert_true(diag->message && diag->fact && diag->hint);
	if (!strstr(diag->message, want->message))
		assert_string_equal(diag->message, want->message);
	if (!strstr(diag->fact, want->fact))
		assert_string_equal(diag->fact, want->fact);
	if (!strstr(diag->hint, want->hint))
		assert_string_equal(diag->hint, want->hint);
	assert_null(strchr(diag->message, '\n'));
	assert_int_not_equal(diag->message[strlen(diag->message) - 1], '.');
}

static void bridge(struct world *w)
{
	w->device.header = XLPT_HEADER_BRIDGE;
}

static void cardbus(struct world *w)
{
	w->device.header = XLPT_HEADER_CARDBUS;
}

static void owned(struct world *w)
{
	w->place.has_owner = true;
	w->place.owner_domid = 7;
	w->place.owner_name = (char *)"db1";
}

static void owned_by_nameless(struct world *w)
{
	owned(w);
	w->place.owner_name = NULL;
}

static void owned_by_itself(struct world *w)
{
	owned(w);
	w->place.owner_domid = 3;
	w->place.owner_name = (char *)"web1";
}

static void assigned(struct world *w)
{
	w->place.hyp_assigned = true;
}

static void assigned_and_noted(struct world *w)
{
	assigned(w);
	w->place.noted_domid = 12;
}

static void needed(struct world *w)
{
	w->place.needed = "it holds /dev/sda2, mounted on /";
}

static void pvh(struct world *w)
{
	w->guest.type = XLPT_GUEST_PVH;
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

static void not_hidden(struct world *w)
{
	w->place.on_pciback = false;
	w->device.driver = (char *)"igb";
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
		  "pci/3/0", "xlpt detach web1 " BDF },
		{ assigned, XLPT_ERR_IN_USE, BDF " is assigned to a guest by the hypervisor",
		  "no backend in xenstore names it", "xlpt repair" },
		{ assigned_and_noted, XLPT_ERR_IN_USE, "by the hypervisor", "note says domain 12",
		  "xlpt repair" },
		{ pvh, XLPT_ERR_GUEST_TYPE, "web1 is a PVH guest", "PV and HVM guests only",
		  "type=\"hvm\"" },
		{ dying, XLPT_ERR_NO_GUEST, "web1 is shutting down", "domain 3", "xl list" },
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

static void test_hide(void **state)
{
	/* clang-format off */
	static const struct refusal cases[] = {
		{ bridge, XLPT_ERR_NOT_ENDPOINT, BDF " is a bridge", "type 1", "functions" },
		{ owned, XLPT_ERR_IN_USE, BDF " is in use by db1", "pci/7/0",
		  "xlpt detach db1 " BDF },
		{ owned_by_itself, XLPT_ERR_IN_USE, BDF " is in use by web1", "pci/3/0",
		  "xlpt detach web1 " BDF },
		{ assigned, XLPT_ERR_IN_USE, "by the hypervisor", "no backend", "xlpt repair" },
		{ needed, XLPT_ERR_HOST_NEEDS, "this host needs " BDF, "/dev/sda2",
		  "--force-host-device " BDF },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++)
		for (int force = 0; force < 2; force++) {
			_cleanup_diag_ struct xlpt_diag diag = { 0 };
			int rc;

			good_world(&w);
			not_hidden(&w);
			cases[i].change(&w);
			rc = xlpt_policy_hide(&w.device, &w.place, force, &diag);
			if (force && cases[i].change == needed)
				assert_int_equal(rc, 0);
			else
				assert_refused(&cases[i], rc, &diag);
		}
	good_world(&w);
	not_hidden(&w);
	assert_int_equal(xlpt_policy_hide(&w.device, &w.place, false, NULL), 0);
}

static void test_unhide(void **state)
{
	/* clang-format off */
	static const struct refusal cases[] = {
		{ owned, XLPT_ERR_IN_USE, BDF " is in use by db1", "pci/7/0",
		  "xlpt detach db1 " BDF },
		{ assigned, XLPT_ERR_IN_USE, "by the hypervisor", "no backend", "xlpt repair" },
		{ assigned_and_noted, XLPT_ERR_IN_USE, "by the hypervisor", "domain 12",
		  "xlpt repair" },
	};
	/* clang-format on */
	struct world w;

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		good_world(&w);
		cases[i].change(&w);
		assert_refused(&cases[i], xlpt_policy_unhide(&w.device, &w.place, &diag), &diag);
	}
	/* The host may well need it: that is a reason to give it back. */
	good_world(&w);
	needed(&w);
	assert_int_equal(xlpt_policy_unhide(&w.device, &w.place, NULL), 0);
}

static void test_rejoin(void **state)
{
	static const struct {
		struct xlpt_place place;
		const char *message; /* NULL: may go back */
	} cases[] = {
		{ { .on_pciback = true,
		    .has_owner = true,
		    .owner_domid = 3,
		    .owner_name = (char *)"web1" },
		  "while 0000:03:00.0 is with web1" },
		{ { .on_pciback = true, .has_owner = true, .owner_domid = 9 }, "is with a guest" },
		{ { .hyp_known = true, .hyp_assigned = true }, "is with a guest" },
		{ { .on_pciback = true, .hyp_known = true }, NULL },
		{ { 0 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_device other = { .bdf = { .bus = 3 }, .driver = (char *)"pciback" };
		struct xlpt_set_mate mate = { .device = &other, .place = &cases[i].place };
		struct world w;
		int rc;

		good_world(&w);
		rc = xlpt_policy_rejoin(&w.device, &mate, 1, &diag);
		if (!cases[i].message)
			assert_int_equal(rc, 0);
		else
			assert_refused(&(struct refusal){ .code = XLPT_ERR_RULE,
							  .message = cases[i].message,
							  .fact = "shares what the IOMMU goes by",
							  .hint = "--allow-split " BDF },
				       rc, &diag);
	}
}

/* Who else is in the isolation set, and where it is: 03:00.1 is to go to web1 (domain 3). */
static void test_split(void **state)
{
	static const struct {
		const char *driver;
		struct xlpt_place place;
		const char *message; /* NULL: harms nobody */
		const char *fact, *hint;
	} cases[] = {
		{ "e1000e",
		  { 0 },
		  "while dom0 uses 0000:03:00.0",
		  "is behind it; dom0 can lose 0000:03:00.0 (e1000e)",
		  "--allow-split " BDF },
		{ "pciback",
		  { .on_pciback = true,
		    .has_owner = true,
		    .owner_domid = 4,
		    .owner_name = (char *)"db1" },
		  "while 0000:03:00.0 is with db1",
		  "0000:03:00.0 is behind it",
		  "--allow-split " BDF },
		{ "pciback",
		  { .on_pciback = true, .has_owner = true, .owner_domid = 4 },
		  "is with another guest",
		  "is behind it",
		  "--allow-split" },
		{ "pciback",
		  { .on_pciback = true, .hyp_known = true, .hyp_assigned = true },
		  "is with another guest",
		  "is behind it",
		  "--allow-split" },
		{ "pciback",
		  { .on_pciback = true,
		    .has_owner = true,
		    .owner_domid = 3,
		    .hyp_known = true,
		    .hyp_assigned = true },
		  NULL,
		  NULL,
		  NULL },
		{ "pciback", { .on_pciback = true, .hyp_known = true }, NULL, NULL, NULL },
		{ NULL, { 0 }, NULL, NULL, NULL },
		{ "pci-stub", { 0 }, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_diag_ struct xlpt_diag diag = { 0 };
		struct xlpt_device other = { .bdf = { .bus = 3 },
					     .driver = (char *)cases[i].driver };
		struct xlpt_set_mate mate = { .device = &other,
					      .place = &cases[i].place,
					      .why = "is behind it" };
		struct world w;
		int rc;

		good_world(&w);
		rc = xlpt_policy_split(&w.device, &w.guest, &mate, 1, &diag);
		if (!cases[i].message)
			assert_int_equal(rc, 0);
		else
			assert_refused(&(struct refusal){ .code = XLPT_ERR_RULE,
							  .message = cases[i].message,
							  .fact = cases[i].fact,
							  .hint = cases[i].hint },
				       rc, &diag);
	}
}

/* One refusal names all that are in use, tells what dom0 can lose, and proposes nothing that is refused. */
static void test_split_of_many(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_device gpu = { .bdf = { .bus = 4 }, .driver = (char *)"amdgpu" },
			   audio = { .bdf = { .bus = 4, .func = 1 },
				     .driver = (char *)"snd_hda_intel" },
			   ccp = { .bdf = { .bus = 4, .func = 2 }, .driver = (char *)"ccp" },
			   usb = { .bdf = { .bus = 4, .func = 4 }, .driver = (char *)"pciback" },
			   idle = { .bdf = { .bus = 4, .func = 5 } };
	struct xlpt_place console = { .needed = "it shows the console" }, dom0 = { 0 },
			  db1 = { .on_pciback = true,
				  .has_owner = true,
				  .owner_domid = 4,
				  .owner_name = (char *)"db1" };
	/* clang-format off */
	struct xlpt_set_mate mates[] = { { &audio, &dom0, NULL }, { &ccp, &dom0, NULL },
					 { &usb, &db1, NULL }, { &idle, &dom0, NULL },
					 { &gpu, &console, NULL } };
	/* clang-format on */
	struct world w;

	(void)state;
	good_world(&w);
	assert_int_equal(xlpt_policy_split(&w.device, &w.guest, mates, 4, &diag), XLPT_ERR_RULE);
	assert_string_equal(diag.message, BDF " cannot go to web1 while dom0 uses 0000:04:00.1 and "
					      "0000:04:00.2, and 0000:04:00.4 is with db1");
	assert_string_equal(diag.fact,
			    "they are in one isolation set, xlpt show " BDF " says why; dom0 can "
			    "lose 0000:04:00.1 (snd_hda_intel) and 0000:04:00.2 (ccp)");
	assert_non_null(strstr(diag.hint,
			       "xlpt detach db1 0000:04:00.4; xlpt hide 0000:04:00.1 0000:04:00.2; "
			       "or let web1"));
	xlpt_diag_dispose(&diag);
	/* The console's card cannot be hidden: only consent is left. */
	assert_int_equal(xlpt_policy_split(&w.device, &w.guest, mates, 5, &diag), XLPT_ERR_RULE);
	assert_non_null(strstr(diag.fact,
			       "this host needs 0000:04:00.0 (amdgpu): it shows the console; dom0 "
			       "can lose 0000:04:00.1"));
	assert_null(strstr(diag.hint, "xlpt hide"));
	assert_null(strstr(diag.hint, "xlpt detach"));
	assert_non_null(
		strstr(diag.hint, "--allow-split " BDF ", or for good \"allow-split = " BDF "\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_of_many),
		cmocka_unit_test(test_rejoin),
		cmocka_unit_test(test_attach_refused),
		cmocka_unit_test(test_attach_allowed),
		cmocka_unit_test(test_attach_force_is_narrow),
		cmocka_unit_test(test_needed_first),
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_unhide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
