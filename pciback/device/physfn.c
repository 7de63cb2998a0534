/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/physfn.h"

#define DEVICES "/sys/bus/pci/devices"

bool xlpt_vf_physfn(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_bdf *pf)
{
	_cleanup_free_ char *name = NULL;

	return xlpt_host_link_name(h, &name, DEVICES "/%s/physfn", XLPT_BDF_STR(bdf)) >= 0 &&
	       xlpt_bdf_from_sysfs_name(name, pf);
}

int xlpt_pf_autoprobe(struct xlpt_host *h, struct xlpt_bdf pf)
{
	long long v;

	if (xlpt_host_read_long(h, &v, DEVICES "/%s/sriov_drivers_autoprobe", XLPT_BDF_STR(pf)) < 0)
		return -1;
	return v != 0;
}
