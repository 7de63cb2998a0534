/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --config FILE: attach and detach change the guest's xl configuration as their last step. */
#ifndef XLPT_HOTPLUG_CONFIG_H
#define XLPT_HOTPLUG_CONFIG_H

#include "xl-plugin/hotplug/operation.h"

/*
 * Reads the file and tries the change on its text, before anything is touched. Call it when the
 * items have been named. SYNTAX with the place when the file is malformed or larger than 8 MiB,
 * NOT_FOUND when it is not there, IO.
 */
int xlpt_op_config_check(struct xlpt_op *op, const char *path, bool remove, struct xlpt_diag *diag);
/*
 * Tries the change once more under the locks: another command may have changed the file in the
 * meantime, and VFs out of pools now have their addresses. Warns of options that the file cannot
 * have. Same errors.
 */
int xlpt_op_config_again(struct xlpt_op *op, struct xlpt_diag *diag);
/* Adds the step that changes the file, if --config was given and the file has to change. */
void xlpt_plan_config(struct xlpt_plan *plan, const struct xlpt_op *op);
/* Tells that the file was changed, or that it was right already. */
void xlpt_op_config_say(const struct xlpt_op *op);
/*
 * For repair: changes the file so that it agrees with what became of the devices that have a spec
 * in the journal. An error is only warned of: the devices are mended by then.
 */
void xlpt_config_mend(struct xlpt_env *env, const struct xlpt_journal *j);

#endif
