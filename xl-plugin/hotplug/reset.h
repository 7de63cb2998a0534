/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a reset by xlpt reset, and of the resets around an attach and a detach. */
#ifndef XLPT_HOTPLUG_RESET_H
#define XLPT_HOTPLUG_RESET_H

#include "xl-plugin/hotplug/operation.h"

/*
 * True for no driver (NULL) and for a driver that only holds devices for somebody else (pciback,
 * vfio-pci and the like): a reset disturbs nobody.
 */
bool xlpt_reset_idle_driver(const char *driver);

/*
 * xlpt_reset_ways_with for dev, where the operation has all its items except those with nothing to
 * do and those that are gone.
 */
void xlpt_reset_ways_of(const struct xlpt_op *op, const struct xlpt_devices *all,
			const struct xlpt_device *dev, struct xlpt_reset_ways *out);
/*
 * Fills members (room for op->n) with the items that are reset together with item i, i among them,
 * and returns their number (reset-bus.c). More than one only when this operation has everything
 * that is on the bus and the bus can be reset: then all of them must be free before the first is
 * reset. Needs op->bus.
 */
size_t xlpt_reset_group(const struct xlpt_op *op, size_t i, size_t *members);
/*
 * Resets the bus of item i. Everything on the bus must be free, which is looked at again just
 * before. The result is noted in all items on the bus. NOT_FOUND when that has changed.
 */
int xlpt_reset_together(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/*
 * Ends what a killed xlpt left of such resets: a bus that is still in reset, functions whose
 * registers were not put back.
 */
int xlpt_reset_mend_buses(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag);
/*
 * With "reset = required" in xlpt.conf: RULE for an item that nothing can reset and that is not
 * exempt. Fills item->reset_required.
 */
int xlpt_reset_judge_required(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

/* RULE or HOST_NEEDS when a reset of dev by this way would also reset a device that is in use. */
int xlpt_reset_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		      const struct xlpt_devices *all, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_diag *diag);
/*
 * The lines of ways that would reset others, too, if they were named: what ends their use comes
 * first in the line, and a line that can never be run is taken away.
 */
void xlpt_reset_judge_lines(struct xlpt_op *op, const struct xlpt_owners *owners,
			    const struct xlpt_devices *all, const struct xlpt_device *dev,
			    struct xlpt_reset_ways *ways);
/*
 * Sets the error "nothing can reset it", with the reason for each way and the line that mends the
 * first. Returns NOT_FOUND.
 */
int xlpt_reset_no_way(struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways,
		      struct xlpt_diag *diag);

#endif
