/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules about devices and dom0: hide, unhide, a device that comes again, isolation sets that are split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/judging.h"

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
			assert_refused(
				&(struct refusal){
					.code = XLPT_ERR_RULE,
					.message = cases[i].message,
					.fact = "cannot be told apart from it by the IOMMU",
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
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_unhide),
		cmocka_unit_test(test_rejoin),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_of_many),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
