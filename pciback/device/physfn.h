/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs says of a virtual function and its physical function; pciback/sriov has the rest. */
#ifndef XLPT_DEVICE_PHYSFN_H
#define XLPT_DEVICE_PHYSFN_H

#include "core/bdf.h"
#include "core/host.h"

/* Whether it is a VF, and of which PF. */
bool xlpt_vf_physfn(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_bdf *pf);

/*
 * Whether the kernel offers this PF's VFs to drivers of this host: 1, 0, or -1 where the
 * kernel has no such switch (sriov_drivers_autoprobe came with Linux 4.12). Setting
 * it changes nothing of the VFs that are there.
 */
int xlpt_pf_autoprobe(struct xlpt_host *h, struct xlpt_bdf pf);

#endif
