/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a reset by command and of those around an attach and a detach. */
#ifndef XLPT_HOTPLUG_RESET_H
#define XLPT_HOTPLUG_RESET_H

#include "xl-plugin/hotplug/operation.h"

/* RULE when a reset of dev by way would hit a device that a guest or dom0 uses. */
int xlpt_reset_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		      const struct xlpt_devices *all, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_diag *diag);
/* NOT_FOUND: nothing can reset it, with the reason for each way. */
int xlpt_reset_no_way(struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways,
		      struct xlpt_diag *diag);

#endif
