/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mender of an interrupted start. */
#include <string.h>

#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/start/start.h"

/*
 * When a start was begun its guest had no number. xl goes on when xlpt is killed:
 * the guest may be there by now, and is then left to run with what it has.
 */
static void find_started(struct xlpt_env *env, struct xlpt_journal *j)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;

	env->ts->ops->guest_list(env->ts, &guests, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (*j->guest.uuid && !strcmp(guests[i].uuid, j->guest.uuid))
			j->guest.domid = guests[i].domid;
		xlpt_guest_dispose(&guests[i]);
	}
	free(guests);
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
