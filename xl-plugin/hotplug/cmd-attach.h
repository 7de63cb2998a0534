/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of attach. xlpt check reads its command line by the same function. */
#ifndef XLPT_CMD_ATTACH_H
#define XLPT_CMD_ATTACH_H

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/hotplug/operation.h"

/*
 * Reads the guest, the devices and the options into op and want. An option that args->cmd does not
 * have counts as not given. USAGE, SYNTAX, NO_GUEST, NOT_FOUND.
 */
int xlpt_attach_words(struct xlpt_op *op, const struct xlpt_args *args,
		      struct xlpt_attach_options *want, struct xlpt_diag *diag);

#endif
