/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that restart. A guest is its UUID. The domain that has ended loses its devices first, one
 * after the other (libxl, libxl_pci.c: up to 10 s for each of an HVM guest), and is destroyed then.
 * Between two domains there may be none at all: xl sleeps two seconds and makes the new one. The
 * new one exists before it has its devices. In all that time the guest's devices are kept for it.
 *
 * When a domain is gone, nothing in Xen says whether its guest comes again. It is decided by what
 * xlpt saw before (kept/guests.h). The guest does not come again when
 *	- its last end was seen, and its configuration does not say "restart" for that end,
 *	- its configuration says "restart" for no end at all,
 *	- the process of xl that watches it was known, and is gone,
 *	- the grace is over (restart-grace in xlpt.conf, counted from when it was first found gone).
 * In every other case it may come again, and none of its devices is given away.
 */
#ifndef XLPT_RESTART_H
#define XLPT_RESTART_H

#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/guests.h"

/*
 * Reads what is remembered of all guests. items[i].restarts: the guest has no domain, one that
 * has ended, or one that is still being made, and may come again. Guests of leases (may be NULL) of which nothing is
 * remembered are added. Empty without Xen.
 */
int xlpt_restarts_read(struct xlpt_env *env, const struct xlpt_leases *leases,
		       struct xlpt_knowns *out, struct xlpt_diag *diag);

/*
 * Looks at the guests that are there and remembers: who has what, under which name and number, how
 * it ended, since when it is gone. Forgets guests that are gone for good. Does nothing in a dry
 * run.
 */
int xlpt_restarts_look(struct xlpt_env *env, struct xlpt_diag *diag);

/*
 * Remembers a guest that was just created. pid: the process of xl that watches it and has no log
 * by which it could be found; 0 = nobody watches it, so that it never comes again.
 */
void xlpt_restarts_watched(struct xlpt_env *env, const struct xlpt_guest *guest, long long pid);

/*
 * The guest that restarts and had the device, but not the one with own_uuid ("" = none); or NULL.
 * Belongs to all.
 */
const struct xlpt_known *xlpt_restarts_holder(const struct xlpt_knowns *all, struct xlpt_bdf bdf,
					      const char *own_uuid);
/* Sets ->restarts of each lease. */
void xlpt_restarts_mark(const struct xlpt_knowns *all, struct xlpt_leases *leases);

/*
 * Waits, at most 5 s, until xl has decided about guests without a domain that had one of these
 * devices (bdfs NULL: any device). xl's process ends a moment after it has destroyed a domain for
 * good; for a guest that comes again it makes the next domain. *waited: it had to wait, so that
 * what the caller read before is old. The guest with own_uuid ("" = none) does not count.
 */
int xlpt_restarts_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		       const char *own_uuid, bool *waited, struct xlpt_diag *diag);

/* The same for the items of an operation; op->owners is read again when it had to wait. */
int xlpt_op_wait_restarts(struct xlpt_op *op, struct xlpt_diag *diag);
/* IN_USE when an item is kept for another guest, which restarts. */
int xlpt_op_check_restarts(struct xlpt_op *op, struct xlpt_diag *diag);

/*
 * For pool release: the device is no longer kept for a guest that restarts. 1: it was kept, and
 * *guest is that guest's name, for the caller to free. 0: it was not.
 */
int xlpt_restarts_give_up(struct xlpt_env *env, struct xlpt_bdf bdf, char **guest,
			  struct xlpt_diag *diag);

#endif
