/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --config: the guest's xl configuration, changed as the last step. */
#ifndef XLPT_HOTPLUG_CONFIG_H
#define XLPT_HOTPLUG_CONFIG_H

#include "xl-plugin/hotplug/operation.h"

/*
 * Reads the configuration and tries the change, before anything is touched: SYNTAX with its place
 * when the file is malformed. Called once the items are named.
 */
int xlpt_op_config_check(struct xlpt_op *op, const char *path, bool remove, struct xlpt_diag *diag);
/*
 * Under the locks: another command may have changed it while they were waited for, and VFs out of
 * pools have their addresses by now. Warns of what the file cannot say.
 */
int xlpt_op_config_again(struct xlpt_op *op, struct xlpt_diag *diag);
/* The step that changes it, if --config was given and there is anything to change. */
void xlpt_plan_config(struct xlpt_plan *plan, const struct xlpt_op *op);
void xlpt_op_config_say(const struct xlpt_op *op);
/* Repair: brings the file in line with what became of the devices that have a spec in the journal. */
void xlpt_config_mend(struct xlpt_env *env, const struct xlpt_journal *j);

#endif
