/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to the guests' devices while this host sleeps. */
#ifndef XLPT_LEAVE_SLEEP_H
#define XLPT_LEAVE_SLEEP_H

#include "xl-plugin/leave/leave.h"

struct xlpt_sleep {
	enum xlpt_sleep_how how;
	int64_t timeout_ms;
	struct xlpt_leave *guests; /* those whose devices are taken out */
	size_t n, alloc;
	struct xlpt_locks locks;
};

void xlpt_sleep_dispose(struct xlpt_sleep *s);
#define _cleanup_sleep_ XLPT_CLEANUP(xlpt_sleep_dispose)

/*
 * Runs command, which lets this host sleep and ends when the host is awake again. s->how refuse:
 * RULE when a guest has a device, and the command is not run. When a device cannot be taken out,
 * its error comes back and nothing was changed. LEFT when one cannot be given back afterwards.
 */
int xlpt_op_sleep(struct xlpt_env *env, struct xlpt_sleep *s, char *const *command,
		  struct xlpt_diag *diag);

#endif
