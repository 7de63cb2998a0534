/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command lines of attach and detach have in common: a guest, devices, options. */
#ifndef XLPT_HOTPLUG_GUEST_WORDS_H
#define XLPT_HOTPLUG_GUEST_WORDS_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/hotplug/operation.h"

/*
 * Reads guest, devices and options into op; add is called for the text of each device; with
 * op->all_held they are what the guest has. detach: the options of detach. USAGE, SYNTAX, NO_GUEST, NOT_FOUND.
 */
int xlpt_guest_words(struct xlpt_op *op, const struct xlpt_args *args,
		     int (*add)(struct xlpt_op *op, const char *text, struct xlpt_diag *diag),
		     bool detach, struct xlpt_diag *diag);

/*
 * Runs once. With --wait, when the budget is used up, it waits until there is room and runs once
 * again from the arguments: no lock is held in between, and the name may mean another guest by
 * then. once sets *next_ms to the milliseconds to wait, -1 = waiting is no use.
 */
int xlpt_guest_words_wait(struct xlpt_env *env, const struct xlpt_args *args,
			  int (*once)(struct xlpt_env *env, const struct xlpt_args *args,
				      int64_t *next_ms, struct xlpt_diag *diag),
			  struct xlpt_diag *diag);

#endif
