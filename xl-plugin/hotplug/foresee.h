/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt check: what no rule refuses and attach would come upon all the same, because libxl or the
 * device model will refuse it; and what an operator wants to know before. Everything goes to
 * env->findings, after the rules and the budget: attach comes upon it after them, too.
 */
#ifndef XLPT_FORESEE_H
#define XLPT_FORESEE_H

#include "xl-plugin/hotplug/operation.h"

/* foresee.c. Only with env->findings. */
void xlpt_op_foresee(struct xlpt_op *op);
/* tell.c: whether it can be reset, which comes before anything libxl does with it. */
void xlpt_op_foresee_reset(struct xlpt_op *op, const struct xlpt_item *item,
			   const struct xlpt_devices *all);
/* tell.c: of one item, when all functions of the host have been read (with XLPT_SCAN_CAPS). */
void xlpt_op_tell(struct xlpt_op *op, const struct xlpt_item *item, const struct xlpt_devices *all);
/* registers.c: whether an HVM guest has room for its registers. */
void xlpt_op_tell_registers(struct xlpt_op *op, const struct xlpt_item *item,
			    const struct xlpt_devices *all);

#endif
