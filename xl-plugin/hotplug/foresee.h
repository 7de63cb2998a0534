/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For xlpt check: what an attach would fail at although no rule refuses it, because libxl or the
 * device model will refuse it, and what an operator wants to know before. Everything goes to
 * env->findings, after the rules and the budget, in the order in which attach would meet it.
 */
#ifndef XLPT_FORESEE_H
#define XLPT_FORESEE_H

#include "xl-plugin/hotplug/operation.h"

/* Does all of the following for each item (foresee.c). Needs env->findings. */
void xlpt_op_foresee(struct xlpt_op *op);
/* Tells when an item cannot be reset, which comes before libxl does anything with it (tell.c). */
void xlpt_op_foresee_reset(struct xlpt_op *op, const struct xlpt_item *item,
			   const struct xlpt_devices *all);
/*
 * Tells what is good to know of one item (tell.c). all: every function of the host, read with
 * XLPT_SCAN_CAPS.
 */
void xlpt_op_tell(struct xlpt_op *op, const struct xlpt_item *item, const struct xlpt_devices *all);
/*
 * Tells when an HVM guest has no room for the item's registers (registers.c; the rule is
 * core/hole.h).
 */
void xlpt_op_tell_registers(struct xlpt_op *op, const struct xlpt_item *item,
			    const struct xlpt_devices *all);

#endif
