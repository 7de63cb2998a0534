/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mender of an interrupted start. */
#include <string.h>

#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/start/start.h"

/*
 * When a start was begun its guest had no number. xl goes on when xlpt is killed, so the guest may
 * be there by now; it is then left running with the devices that it has.
 */
static void find_started(struct xlpt_env *env, struct xlpt_journal *j)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };

	if (*j->guest.uuid && xlpt_guest_by_uuid(env->ts, j->guest.uuid, &now, NULL) > 0)
		j->guest.domid = now.domid;
}

static int mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	find_started(env, j);
	return xlpt_mend_given(env, j, diag);
}

static bool is_start(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "start");
}

const struct xlpt_mender xlpt_mender_start = { .is = is_start, .mend = mend };
