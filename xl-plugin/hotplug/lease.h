/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lease of a VF out of a pool (kept/leases.h): how an operation takes it, keeps it and gives
 * it back.
 */
#ifndef XLPT_HOTPLUG_LEASE_H
#define XLPT_HOTPLUG_LEASE_H

#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/guests.h"
#include "xl-plugin/kept/leases.h"

/*
 * Takes a free VF out of spec->pool for the operation's guest and leases it; *bdf is its address.
 * Keys of the network identity that the pool sets and spec->vf does not have are added to
 * spec->vf. NOT_FOUND when there is no such pool, FULL when no VF is free. xl-plugin/commands.c
 * sets xlpt_take_from_pool to the function of the room pool, which this room must not know.
 */
typedef int xlpt_pool_taker(struct xlpt_op *op, const struct xlpt_lease_terms *terms,
			    struct xlpt_spec *spec, struct xlpt_bdf *bdf, struct xlpt_diag *diag);
extern xlpt_pool_taker *const xlpt_take_from_pool;

/*
 * xlpt_plan_lease adds the step that leases item i, xlpt_plan_give_back the step that gives the
 * lease back. Nothing is added for an item without a lease.
 */
void xlpt_plan_lease(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
void xlpt_plan_give_back(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* IN_USE when an item is leased to a guest other than the operation's and no guest has it. */
int xlpt_op_check_leases(struct xlpt_op *op, struct xlpt_diag *diag);
/*
 * Holds the leases of those items that are leased to the operation's guest, in op->leases. A
 * managed pool's VF is marked give_back_to_dom0.
 */
int xlpt_op_hold_leases(struct xlpt_op *op, struct xlpt_diag *diag);

/* ---- leases that are over (lease-end.c) ---- */

struct xlpt_returned {
	struct xlpt_bdf bdf;
	char *pool, *guest; /* all owned; pool NULL = a device that is no pool's */
	char *why;	    /* for people: "web1 is gone" */
};

struct xlpt_returns {
	struct xlpt_returned *items;
	size_t n, alloc;
};

void xlpt_returns_dispose(struct xlpt_returns *r);
#define _cleanup_returns_ XLPT_CLEANUP(xlpt_returns_dispose)

/*
 * Gives back every lease that is over: its guest is gone or no longer has the device, the host was
 * restarted, or the VF is not there. A VF that another xlpt works on is left to that one. out (may
 * be NULL) gets what was given back. Needs Xen. With env->dry_run it only lists.
 *
 * It waits for the kernel and for netlink, so a caller must not have the lock of the pools: decide
 * under that lock, give back without it, and look again.
 */
int xlpt_leases_reconcile(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag);
/* Lists the leases that are over and gives none back. */
int xlpt_leases_over(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag);
/*
 * Gives back the lease of one VF, after judging again whether it is over. *why: the reason, which
 * the caller frees; NULL when the lease is not over or another xlpt works on the VF.
 */
int xlpt_lease_end_over(struct xlpt_env *env, struct xlpt_bdf bdf, char **why,
			struct xlpt_diag *diag);
/* The one of n guests that a lease is for, found by UUID when the lease has one; NULL: not there. */
const struct xlpt_guest *xlpt_lease_guest(const struct xlpt_lease *l,
					  const struct xlpt_guest *guests, size_t n);
/*
 * All leases, as xlpt_leases_read reads them. A dry run gives nothing back, so here the leases
 * that are over are left out. Without Xen nobody knows which are over: then all are listed.
 */
int xlpt_leases_current(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag);
/*
 * Removes from leases those in returned: what a dry run would give back counts as free in the rest
 * of it.
 */
void xlpt_leases_forget(struct xlpt_leases *leases, const struct xlpt_returns *returned);
/*
 * Ends a lease that the caller holds, together with the lock of its VF: restores the VF's
 * identity, gives the VF back to its dom0 driver if its pool is managed, and removes the file. A
 * VF that a guest still has keeps its identity; whoever takes it from that guest restores it. What
 * goes wrong with the VF is warned of; only the file's removal can fail (IO).
 */
int xlpt_lease_return(struct xlpt_env *env, struct xlpt_lease *l, struct xlpt_diag *diag);
/*
 * xlpt_leases_reconcile for commands that have something else to do. Does nothing when there are
 * no leases; what was given back is told with -v only.
 */
int xlpt_leases_tidy(struct xlpt_env *env, struct xlpt_diag *diag);
/*
 * Waits, at most timeout_ms, while another xlpt gives back one of these VFs (bdfs NULL: any) after
 * a guest that is gone (lease-others.c). *waited: it had to, so that what the caller read before is
 * old. One that is still at it at the end is warned of.
 */
int xlpt_leases_wait_others(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
			    int64_t timeout_ms, bool *waited, struct xlpt_diag *diag);

/* ---- whose a device is that no guest has now ---- */

/* Leases that are not over, and guests that may come again. All zero: none. */
struct xlpt_keepers {
	struct xlpt_leases leases;
	struct xlpt_knowns known;
};

void xlpt_keepers_dispose(struct xlpt_keepers *k);
#define _cleanup_keepers_ XLPT_CLEANUP(xlpt_keepers_dispose)
/* Without Xen, and for a user who may not read leases, there are none. Changes nothing. */
int xlpt_keepers_read(struct xlpt_env *env, struct xlpt_keepers *out, struct xlpt_diag *diag);

struct xlpt_keeper {
	const char *guest, *pool; /* of the keepers; NULL = not known, no pool */
	int64_t domid;		  /* -1 = it has none, or not yet */
};
/* False: nobody's. text (caller frees): "leased to web1 (domain 3) out of pool lan". */
bool xlpt_keeper_of(const struct xlpt_keepers *k, struct xlpt_bdf bdf, struct xlpt_keeper *out,
		    char **text);

#endif
