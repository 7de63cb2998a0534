/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual function that is not there: its address shows which PF has to make it. */
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"

/* The first PF that has a VF there once it has enough of them, and which one that is. */
static bool find_pf(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_pf *pf, unsigned *index)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };

	if (xlpt_scan_all(h, 0, NULL, &devs, NULL) || xlpt_devices_find(&devs, bdf))
		return false;
	for (size_t i = 0; i < devs.n; i++)
		for (int k = 0; k < devs.items[i].vf_total; k++) {
			struct xlpt_bdf vf;

			*index = (unsigned)k;
			if (!xlpt_pf_vf_address(h, devs.items[i].bdf, *index, &vf))
				break;
			if (xlpt_bdf_eq(vf, bdf))
				return xlpt_pf_read(h, devs.items[i].bdf, pf, NULL) == 0;
		}
	return false;
}

bool xlpt_vf_absent(struct xlpt_host *h, struct xlpt_bdf bdf, char **fact, char **way)
{
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	const char *name;
	unsigned index;

	*fact = *way = NULL;
	if (!find_pf(h, bdf, &pf, &index))
		return false;
	name = XLPT_BDF_STR(pf.bdf);
	*fact = xlpt_xasprintf("it is virtual function %u of %s%s%s%s, which has %d now", index,
			       name, pf.ifname ? " (" : "", pf.ifname ? pf.ifname : "",
			       pf.ifname ? ")" : "", pf.count);
	if (xlpt_streq(pf.driver, XLPT_PCIBACK_DRIVER))
		*way = xlpt_xasprintf("xlpt unhide %s; xlpt vf create %s %u", name, name,
				      index + 1);
	else if (pf.count)
		*way = xlpt_xasprintf("xlpt vf create %s %u, when nobody has one of the %d that "
				      "are there",
				      name, index + 1, pf.count);
	else
		*way = xlpt_xasprintf("xlpt vf create %s %u", name, index + 1);
	return true;
}

void xlpt_vf_absent_hint(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *fact = NULL, *way = NULL;

	if (!xlpt_vf_absent(h, bdf, &fact, &way))
		return;
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "%s", way);
}
