/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Generated specs: there and back, and beside libxl's own reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libxlutil.h>
#include <string.h>

#include "tests/unit/lasting.h"
#include "tests/unit/specs.h"
#include "xl-plugin/backend/libxl.h"

#define ALL UINT32_MAX /* libxl's mask of functions for "*" */

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (seed >> 7) % n;
}

static void random_spec(struct xlpt_spec *spec)
{
	xlpt_spec_init(spec);
	if (rnd(8)) {
		spec->has_bdf = true;
		spec->all_funcs = rnd(4) == 0;
		spec->bdf = (struct xlpt_bdf){ .seg = (uint16_t)rnd(0x10000),
					       .bus = rnd(0x100) & 0xff,
					       .dev = rnd(0x20) & 0x1f,
					       .func = spec->all_funcs ? 0 : rnd(8) & 7 };
	} else {
		size_t n = 1 + rnd(64);

		spec->name = xlpt_xcalloc(n + 1, 1);
		for (size_t i = 0; i < n; i++)
			do {
				spec->name[i] = (char)('!' + rnd('~' - '!' + 1));
			} while (spec->name[i] == ',');
	}
	spec->vslot = (int)rnd(33) - 1;
	spec->permissive = (enum xlpt_tri)rnd(3);
	spec->msitranslate = (enum xlpt_tri)rnd(3);
	spec->seize = (enum xlpt_tri)rnd(3);
	spec->power_mgmt = (enum xlpt_tri)rnd(3);
	spec->rdm_policy = (enum xlpt_rdm)rnd(3);
}

static void random_name(char **out)
{
	size_t n = 1 + rnd(64);

	do {
		free(*out);
		*out = xlpt_xcalloc(n + 1, 1);
		for (size_t i = 0; i < n; i++)
			do {
				(*out)[i] = (char)('!' + rnd('~' - '!' + 1));
			} while (strchr(",=@/", (*out)[i]) || ((*out)[0] == '.'));
	} while (xlpt_bdf_shaped(*out));
}

/* What xl does not know: a pool or a pin instead of the address, a VF's identity. */
static void random_ours(struct xlpt_spec *spec)
{
	struct xlpt_vf_identity *vf = &spec->vf;

	if (rnd(3) == 0) {
		free(spec->name);
		spec->name = NULL;
		spec->has_bdf = spec->all_funcs = false;
		spec->bdf = (struct xlpt_bdf){ 0 };
		random_name(rnd(2) ? &spec->pool : &spec->pin);
	} else if (spec->has_bdf && !spec->all_funcs && rnd(3) == 0) {
		random_name(&spec->pool);
	}
	if (spec->all_funcs)
		return;
	vf->has_mac = rnd(2);
	for (size_t i = 0; vf->has_mac && i < 6; i++)
		vf->mac[i] = (uint8_t)(rnd(256) | 2) & (i ? 0xff : 0xfe);
	vf->has_vlan = rnd(2);
	if (vf->has_vlan)
		vf->vlan = (struct xlpt_vf_vlan){ (uint16_t)rnd(4095), rnd(8) & 7,
						  rnd(2) ? 0x8100 : 0x88a8 };
	vf->trust = (enum xlpt_tri)rnd(3);
	vf->spoofchk = (enum xlpt_tri)rnd(3);
	vf->link = (enum xlpt_vf_link)rnd(4);
	vf->has_min_rate = rnd(2);
	vf->min_rate = vf->has_min_rate ? rnd(1000) : 0;
	vf->has_max_rate = rnd(2);
	vf->max_rate = vf->has_max_rate ? 1000 + rnd(1000) : 0;
	vf->port = (enum xlpt_vf_port)rnd(3);
	if (vf->port == XLPT_PORT_QBH)
		snprintf(vf->profileid, sizeof(vf->profileid), "finance %u=", rnd(100));
	vf->has_managerid = vf->has_typeid = vf->has_typeidversion = vf->port == XLPT_PORT_QBG;
	vf->managerid = vf->has_managerid ? (uint8_t)rnd(256) : 0;
	vf->typeid = vf->has_typeid ? rnd(0x1000000) : 0;
	vf->has_instanceid = vf->port && rnd(2);
	vf->has_hostid = vf->port && rnd(2);
	for (size_t i = 0; i < 16; i++) {
		vf->instanceid[i] = vf->has_instanceid ? (uint8_t)rnd(256) : 0;
		vf->hostid[i] = vf->has_hostid ? (uint8_t)rnd(256) : 0;
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	seed = 20240229;
	for (unsigned i = 0; i < lasting_many(20000); i++) {
		_cleanup_spec_ struct xlpt_spec spec, back;
		_cleanup_free_ char *text = NULL, *again = NULL;
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		random_spec(&spec);
		if (i % 2)
			random_ours(&spec);
		text = xlpt_spec_format(&spec);
		if (xlpt_spec_parse(text, &back, &diag))
			fail_msg("%s", diag.message);
		assert_same(&spec, &back, text);
		again = xlpt_spec_format(&back);
		assert_string_equal(text, again);
	}
}

/*
 * ---- against libxl's own reader ----
 *
 * What we accept, xlu_pci_parse_spec_string must accept with the same meaning. Never
 * give it a text that it might take for "BB:DD" without a function: there it uses an
 * uninitialised length. What we accept always has one.
 */
#ifdef LIBXL_HAVE_DEVICE_PCI_NAME /* Xen 4.15: the grammar with keys and names */

static int xlu_parse(const char *text, libxl_device_pci *pci)
{
	static FILE *sink;
	XLU_Config *cfg;
	int xrc;

	if (!sink)
		sink = fopen("/dev/null", "w");
	cfg = xlu_cfg_init(sink, "test");
	assert_non_null(cfg);
	libxl_device_pci_init(pci);
	xrc = xlu_pci_parse_spec_string(cfg, pci, text);
	xlu_cfg_destroy(cfg);
	return xrc;
}

static void assert_agrees(const char *text, const struct xlpt_spec *spec)
{
	libxl_device_pci pci, plain;
	libxl_rdm_reserve_policy rdm;

	libxl_device_pci_init(&plain);
	rdm = plain.rdm_policy;
	if (spec->rdm_policy != XLPT_RDM_UNSET)
		rdm = spec->rdm_policy == XLPT_RDM_STRICT ? LIBXL_RDM_RESERVE_POLICY_STRICT
							  : LIBXL_RDM_RESERVE_POLICY_RELAXED;
	if (xlu_parse(text, &pci))
		fail_msg("we accept \"%s\" and libxl refuses it", text);
	if (spec->has_bdf != !pci.name || !xlpt_streq(spec->name, pci.name) ||
	    (spec->has_bdf && ((uint32_t)pci.domain != spec->bdf.seg || pci.bus != spec->bdf.bus ||
			       pci.dev != spec->bdf.dev || pci.func != spec->bdf.func ||
			       pci.vfunc_mask != (spec->all_funcs ? ALL : 1))) ||
	    pci.vdevfn != (spec->vslot < 0 ? plain.vdevfn : (uint32_t)spec->vslot << 3) ||
	    pci.permissive != (spec->permissive == XLPT_ON) ||
	    pci.msitranslate != (spec->msitranslate == XLPT_ON) ||
	    pci.seize != (spec->seize == XLPT_ON) ||
	    pci.power_mgmt != (spec->power_mgmt == XLPT_ON) || pci.rdm_policy != rdm)
		fail_msg("libxl understands \"%s\" otherwise", text);
	/* What libxl is asked for by us is what xl asks it for; seize is done by us. */
	if (spec->has_bdf && !spec->all_funcs) {
		libxl_device_pci ours;

		xlpt_ts_fill_pci(&ours, spec);
		if (ours.domain != pci.domain || ours.bus != pci.bus || ours.dev != pci.dev ||
		    ours.func != pci.func || ours.vfunc_mask != pci.vfunc_mask ||
		    ours.vdevfn != pci.vdevfn || ours.permissive != pci.permissive ||
		    ours.msitranslate != pci.msitranslate || ours.seize ||
		    ours.power_mgmt != pci.power_mgmt || ours.rdm_policy != pci.rdm_policy)
			fail_msg("libxl is asked for \"%s\" otherwise than by xl", text);
		libxl_device_pci_dispose(&ours);
	}
	libxl_device_pci_dispose(&pci);
	libxl_device_pci_dispose(&plain);
}

static void test_libxl_generated(void **state)
{
	(void)state;
	seed = 4150;
	for (unsigned i = 0; i < lasting_many(5000); i++) {
		_cleanup_spec_ struct xlpt_spec spec;
		_cleanup_free_ char *text = NULL;

		random_spec(&spec);
		text = xlpt_spec_format(&spec);
		assert_agrees(text, &spec);
	}
}

/* Texts near the grammar, not from our own formatter: short fields, other orders, single edits. */
static void test_libxl_mutated(void **state)
{
	/* clang-format off */
	static const char *const seeds[] = {
		"09:00.0", "9:0.*@1f", "1:2:3.4@0,seize=1", "0000:09:00.7,vslot=1e,permissive=0",
		"bdf=a:b.1,rdm_policy=strict", "power_mgmt=1,bdf=ffff:ff:1f.7,msitranslate=1",
		"name=nic0,seize=1", "seize=0,name=a=b",
	};
	/* clang-format on */
	static const char chars[] = "0123456789abcdefABCDEF:.,@=*xX-+ _\n\377rstz";
	unsigned accepted = 0;

	(void)state;
	seed = 417;
	for (unsigned i = 0; i < lasting_many(50000); i++) {
		_cleanup_spec_ struct xlpt_spec spec;
		char text[80];
		size_t n;

		snprintf(text, sizeof(text), "%s", seeds[rnd(XLPT_ARRAY_SIZE(seeds))]);
		for (uint32_t edits = 1 + rnd(2); edits; edits--) {
			size_t at = rnd((uint32_t)(n = strlen(text)) + 1);
			char c = chars[rnd(sizeof(chars) - 1)];

			switch (rnd(3)) {
			case 0: /* insert */
				memmove(text + at + 1, text + at, n - at + 1);
				text[at] = c;
				break;
			case 1: /* change */
				if (at < n)
					text[at] = c;
				break;
			default: /* drop */
				if (at < n)
					memmove(text + at, text + at + 1, n - at);
			}
		}
		if (xlpt_spec_parse_xl(text, &spec, NULL))
			continue;
		accepted++;
		assert_agrees(text, &spec);
	}
	/* The test is about something. */
	assert_in_range(accepted, lasting_many(2000), lasting_many(40000));
}

/*
 * What libxl accepts and we refuse, with what it makes of it (Xen 4.17). Should one
 * of these come to be refused there, so much the better: then it goes from the list.
 */
static void test_libxl_laxer(void **state)
{
	static const struct {
		const char *text;
		unsigned bus, func, vdevfn, permissive;
	} cases[] = {
		/* atoi: anything but a number is 0, any other number is on */
		{ "09:00.0,permissive=yes", 9, 0, 0, 0 },
		{ "09:00.0,permissive=true", 9, 0, 0, 0 },
		{ "09:00.0,permissive=", 9, 0, 0, 0 },
		{ "09:00.0,permissive=2", 9, 0, 0, 1 },
		{ "09:00.0,permissive=01", 9, 0, 0, 1 },
		{ "09:00.0,permissive= 1", 9, 0, 0, 1 },
		{ "09:00.0,permissive=1x", 9, 0, 0, 1 },
		/* scanf's %x: any number of digits, 0x, signs, blanks before it */
		{ "009:00.0", 9, 0, 0, 0 },
		{ "00000:09:00.0", 9, 0, 0, 0 },
		{ "09:00.00", 9, 0, 0, 0 },
		{ "09: 00. 1", 9, 1, 0, 0 },
		{ "09:00.0x1", 9, 1, 0, 0 },
		{ "09:0x0.1", 9, 1, 0, 0 },
		{ "09:00.-0", 9, 0, 0, 0 },
		{ "09:00.+1", 9, 1, 0, 0 },
		{ "09:00.0@0x4", 9, 0, 0x20, 0 },
		{ "09:00.0@ 4", 9, 0, 0x20, 0 },
		{ "09:00.0,vslot=0x1f", 9, 0, 0xf8, 0 },
		/* nothing looks at what stands behind the value of bdf= and vslot= */
		{ "bdf=09:00.1@4", 9, 1, 0, 0 },
		{ "bdf=09:00.1garbage", 9, 1, 0, 0 },
		{ "bdf=09:00.*.1", 9, 0, 0, 0 },
		{ "09:00.0,vslot=4garbage", 9, 0, 0x20, 0 },
		/* a comma at the end */
		{ "09:00.0,", 9, 0, 0, 0 },
		{ "bdf=09:00.0,", 9, 0, 0, 0 },
		/* given twice: the later one counts */
		{ "09:00.0,bdf=0a:00.0", 10, 0, 0, 0 },
		{ "09:00.0@4,vslot=5", 9, 0, 0x28, 0 },
		{ "09:00.0,permissive=1,permissive=0", 9, 0, 0, 0 },
		/* enumerations without regard to case, and the one that means "none" */
		{ "09:00.0,rdm_policy=STRICT", 9, 0, 0, 0 },
		{ "09:00.0,rdm_policy=invalid", 9, 0, 0, 0 },
		/* names: empty, any length, any character */
		{ "name=", 0, 0, 0, 0 },
		{ "name=nic 0", 0, 0, 0, 0 },
		{ "name=" NAME64 "x", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct xlpt_spec spec;
		libxl_device_pci pci;

		assert_int_equal(xlpt_spec_parse(text, &spec, NULL), XLPT_ERR_SYNTAX);
		if (xlu_parse(text, &pci) || pci.bus != cases[i].bus || pci.func != cases[i].func ||
		    pci.vdevfn != cases[i].vdevfn || pci.permissive != cases[i].permissive)
			fail_msg("libxl no longer reads \"%s\" as it did", text);
		libxl_device_pci_dispose(&pci);
	}
}

/* The rest of the table: refused by both. */
static void test_libxl_refuses(void **state)
{
	/* clang-format off */
	static const char *const cases[] = {
		"09:00.0@20", "09:00.0,vslot=20", "09:00.0,permissive", "09:00.0,bogus=1",
		"09:00.0,,seize=1", "09:00.0, seize=1", "seize=1,09:00.0", " 09:00.0", "0x9:0.0",
		"09:00.0,rdm_policy=none", "name=a,bdf=09:00.0", "seize=1", "09:00.8", "09:20.0",
		"100:00.0", "10000:09:00.0", "09:00.1*", "09:00.0@", "",
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		struct xlpt_spec spec;
		libxl_device_pci pci;

		assert_int_equal(xlpt_spec_parse(cases[i], &spec, NULL), XLPT_ERR_SYNTAX);
		if (!xlu_parse(cases[i], &pci))
			fail_msg("libxl accepts \"%s\"", cases[i]);
		libxl_device_pci_dispose(&pci);
	}
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_libxl_generated),
		cmocka_unit_test(test_libxl_mutated), cmocka_unit_test(test_libxl_laxer),
		cmocka_unit_test(test_libxl_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
