/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that restart. A guest is its UUID; between two of its domains there may be none at all
 * (xl destroys the old one, sleeps two seconds and makes the new one), and a new one is there
 * before it has its devices. What the guest had is nobody else's meanwhile.
 *
 * Nothing says of a domain that is gone whether it comes again, so it is told from what was seen
 * before (kept/guests.h). It does not, when
 *	- its last end was seen, and its configuration says nothing of restarting for that,
 *	- its configuration says so for no end at all,
 *	- xl's process that watches it was known, and is gone,
 *	- the grace is over (restart-grace in xlpt.conf, from when it was first found gone).
 * In every other case it may, and nothing of it is given away.
 */
#ifndef XLPT_RESTART_H
#define XLPT_RESTART_H

#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/guests.h"

/*
 * All that is remembered, each with ->restarts: it has no domain, or one that is still being made,
 * and may come again. Guests of leases (or NULL) that nothing is remembered of are among them.
 */
int xlpt_restarts_read(struct xlpt_env *env, const struct xlpt_leases *leases,
		       struct xlpt_knowns *out, struct xlpt_diag *diag);

/*
 * Remembers what is there now: who has what, under which name and number, how it ended, since
 * when it is gone; and forgets what is over. Nothing in a dry run.
 */
int xlpt_restarts_look(struct xlpt_env *env, struct xlpt_diag *diag);

/*
 * Remembers a guest that was just created, and that this process of xl watches it, which is known by
 * no log; 0: that nobody does, so that it never comes again.
 */
void xlpt_restarts_watched(struct xlpt_env *env, const struct xlpt_guest *guest, long long pid);

/* The guest that restarts and had it, but not that of own_uuid ("" = none); or NULL. */
const struct xlpt_known *xlpt_restarts_holder(const struct xlpt_knowns *all, struct xlpt_bdf bdf,
					      const char *own_uuid);
/* ->restarts of leases. */
void xlpt_restarts_mark(const struct xlpt_knowns *all, struct xlpt_leases *leases);

/*
 * xl's process ends a moment after the domain that it destroyed for good; after one that comes
 * again it makes the next. So for a guest without domain that had one of these (NULL: anything)
 * one or the other is waited for, not long. *waited: what was read before is old.
 */
int xlpt_restarts_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		       const char *own_uuid, bool *waited, struct xlpt_diag *diag);

/* The same for the items of an operation; op->owners is as it is afterwards. */
int xlpt_op_wait_restarts(struct xlpt_op *op, struct xlpt_diag *diag);
/* IN_USE for an item that is kept for another guest, which restarts. */
int xlpt_op_check_restarts(struct xlpt_op *op, struct xlpt_diag *diag);

/* By hand: a device is kept no more. 1: it was, and *guest (caller frees) had it. */
int xlpt_restarts_give_up(struct xlpt_env *env, struct xlpt_bdf bdf, char **guest,
			  struct xlpt_diag *diag);

#endif
