/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the words of attach and detach have in common: a guest, devices, options. */
#ifndef XLPT_HOTPLUG_GUEST_WORDS_H
#define XLPT_HOTPLUG_GUEST_WORDS_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/hotplug/operation.h"

/* Reads them into op; add takes one device. */
int xlpt_guest_words(struct xlpt_op *op, const struct xlpt_args *args,
		     int (*add)(struct xlpt_op *op, const char *text, struct xlpt_diag *diag),
		     bool detach, struct xlpt_diag *diag);

/*
 * With --wait, over budget: gives up every lock, waits, and begins again from
 * the arguments, because by then the guest may be another one.
 */
int xlpt_guest_words_wait(struct xlpt_env *env, const struct xlpt_args *args,
			  int (*once)(struct xlpt_env *env, const struct xlpt_args *args,
				      int64_t *next_ms, struct xlpt_diag *diag),
			  struct xlpt_diag *diag);

#endif
