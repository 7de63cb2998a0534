/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of this room print when they are done, as text or as JSON. A dry run prints
 * its plan instead.
 */
#ifndef XLPT_HOTPLUG_REPORT_H
#define XLPT_HOTPLUG_REPORT_H

#include "xl-plugin/hotplug/operation.h"

void xlpt_report_attach(const struct xlpt_op *op);
/* to_dom0: the devices were given back to dom0; else they stay hidden. */
void xlpt_report_detach(const struct xlpt_op *op, bool to_dom0);
/* hidden true: after hide; false: after unhide. */
void xlpt_report_hide(const struct xlpt_op *op, bool hidden);
void xlpt_report_reset(const struct xlpt_op *op);
/* reset --list: prints the methods of each device. */
int xlpt_report_reset_ways(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
			   struct xlpt_diag *diag);
/*
 * budget: prints the devices of b; all: also every device that has something counted, which is
 * added to b.
 */
int xlpt_report_budget(struct xlpt_env *env, struct xlpt_bdfs *b, bool all,
		       const struct xlpt_budget_rule *rule, struct xlpt_diag *diag);

#endif
