/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a reset by command and of those around an attach and a detach. */
#ifndef XLPT_HOTPLUG_RESET_H
#define XLPT_HOTPLUG_RESET_H

#include "xl-plugin/hotplug/operation.h"

/* No driver, or one that holds a device for somebody else and does not use it. */
bool xlpt_reset_idle_driver(const char *driver);

/* xlpt_reset_ways_with the items that something is done with. */
void xlpt_reset_ways_of(const struct xlpt_op *op, const struct xlpt_devices *all,
			const struct xlpt_device *dev, struct xlpt_reset_ways *out);
/*
 * reset-bus.c: the items of the bus that i is on, i among them, when all that is on it is to be had
 * by this operation and can be reset together: these have to be free before the first is reset.
 * Otherwise i alone. members has room for op->n; the number of them. op->bus is read.
 */
size_t xlpt_reset_group(const struct xlpt_op *op, size_t i, size_t *members);
/*
 * Resets the bus of item i, which all that is on it has to be free for: looked at again just before.
 * What came of it is noted in all its items.
 */
int xlpt_reset_together(struct xlpt_op *op, size_t i, struct xlpt_diag *diag);
/* Ends what a killed xlpt left of such resets: buses in reset, functions without their registers. */
int xlpt_reset_mend_buses(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag);
/*
 * With "reset = required": RULE for an item that nothing can reset and that is not exempt.
 * Fills item->reset_required.
 */
int xlpt_reset_judge_required(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag);

/* RULE when a reset of dev by way would hit a device that a guest or dom0 uses. */
int xlpt_reset_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		      const struct xlpt_devices *all, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_diag *diag);
/* NOT_FOUND: nothing can reset it, with the reason for each way. */
int xlpt_reset_no_way(struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways,
		      struct xlpt_diag *diag);

#endif
