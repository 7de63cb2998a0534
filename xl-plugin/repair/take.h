/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a device from a guest that cannot or need not be asked. */
#ifndef XLPT_REPAIR_TAKE_H
#define XLPT_REPAIR_TAKE_H

#include "xl-plugin/cli/env.h"

/*
 * By force, counted in the hotplug budget, and the device is reset afterwards, so that nothing of
 * that guest is left in it. The caller has the locks of the guest and of the device.
 */
int xlpt_repair_take(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf,
		     struct xlpt_diag *diag);

#endif
