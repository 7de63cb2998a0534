/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Isolation sets: the mates of an operation's items, which are the other functions in their sets
 * (pciback/isolate) and those that share a page of registers with them. The mates are locked
 * together with the devices, so that two operations cannot give away one half of a set each at the
 * same moment.
 */
#ifndef XLPT_HOTPLUG_SPLIT_H
#define XLPT_HOTPLUG_SPLIT_H

#include "xl-plugin/hotplug/operation.h"

/*
 * xlpt_op_find_mates finds the mates, before the locks and again under them. xlpt_op_judge_split
 * judges the isolation sets when the facts are there, and in the same way functions that share a
 * page of registers with an item (pages.c). split.c.
 */
int xlpt_op_find_mates(struct xlpt_op *op, struct xlpt_diag *diag);
int xlpt_op_judge_split(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * The first item whose set xlpt_op_judge_split will refuse to divide, or NULL. The rules before it
 * need that for the line that mends, so it is only looked for when one of them can refuse.
 */
const struct xlpt_bdf *xlpt_op_divides(struct xlpt_op *op);
void xlpt_op_drop_mates(struct xlpt_op *op);
/* Adds *mate to op->mates, and takes mate->why over. */
void xlpt_op_add_mate(struct xlpt_op *op, const struct xlpt_mate *mate);
/*
 * Adds the functions that share a page of registers with item i (pages.c). *all is read when it is
 * first needed.
 */
int xlpt_op_add_page_mates(struct xlpt_op *op, size_t i, bool divided, struct xlpt_devices *all,
			   struct xlpt_diag *diag);
/*
 * Under the locks: finds the mates again when a function came or went since they were found. *same
 * false: one of them is not locked.
 */
int xlpt_op_mates_again(struct xlpt_op *op, bool *same, struct xlpt_diag *diag);
/*
 * RULE when a driver of dom0 has the item and this host uses a device behind it (a VMD
 * controller): it cannot be taken from that driver.
 */
int xlpt_op_judge_carrier(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);

#endif
