/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of attach, which xlpt check reads as attach does. */
#ifndef XLPT_CMD_ATTACH_H
#define XLPT_CMD_ATTACH_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/hotplug/operation.h"

/* Guest, devices and options; an option that the command does not have was not given. */
int xlpt_attach_words(struct xlpt_op *op, const struct xlpt_args *args,
		      struct xlpt_attach_options *want, struct xlpt_diag *diag);

#endif
