/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lease of a VF out of a pool, as an operation takes it, keeps it and gives it back. */
#ifndef XLPT_HOTPLUG_LEASE_H
#define XLPT_HOTPLUG_LEASE_H

#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/leases.h"

/*
 * A function out of spec->pool for the operation's guest. What the pool says of
 * the identity goes to spec->vf where it is unset. XLPT_ERR_NOT_FOUND without such
 * a pool. The rooms above have it: xl-plugin/commands.c.
 */
typedef int xlpt_pool_taker(struct xlpt_op *op, const struct xlpt_lease_terms *terms,
			    struct xlpt_spec *spec, struct xlpt_bdf *bdf, struct xlpt_diag *diag);
extern xlpt_pool_taker *const xlpt_take_from_pool;

/* The step that leases item i, for an item out of a pool; and the one that gives it back. */
void xlpt_plan_lease(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
void xlpt_plan_give_back(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i);
/* IN_USE for an item that is leased to another guest than the operation's. */
int xlpt_op_check_leases(struct xlpt_op *op, struct xlpt_diag *diag);
/* Holds the leases of the items that the operation's guest has. */
int xlpt_op_hold_leases(struct xlpt_op *op, struct xlpt_diag *diag);

/* ---- leases that are over (lease-end.c) ---- */

struct xlpt_returned {
	struct xlpt_bdf bdf;
	char *pool, *guest;
	char *why; /* "web1 is gone" */
};

struct xlpt_returns {
	struct xlpt_returned *items;
	size_t n, alloc;
};

void xlpt_returns_dispose(struct xlpt_returns *r);
#define _cleanup_returns_ XLPT_CLEANUP(xlpt_returns_dispose)

/*
 * Gives back every lease that is over: its guest is gone or has the device no
 * more, the host was restarted since, the VF is not there. What somebody works on
 * is left to him. Needs Xen. It waits for the kernel and for netlink, so nobody
 * calls it who has the lock of the pools: decide under that, give back outside,
 * and look again. out may be NULL. With env->dry_run only tells.
 */
int xlpt_leases_reconcile(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag);
/* Those that are over, and nothing is done. */
int xlpt_leases_over(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag);
/*
 * Gives back one of them, looked at again. *why: NULL when it is not over, or somebody works
 * on the VF just now; caller frees.
 */
int xlpt_lease_end_over(struct xlpt_env *env, struct xlpt_bdf bdf, char **why,
			struct xlpt_diag *diag);
/*
 * All leases as xlpt_leases_read; in a dry run, which has given nothing back,
 * without those that are over. Without Xen nobody knows which are.
 */
int xlpt_leases_current(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag);
/* What a dry run would give back counts as free in it: takes those out of the list. */
void xlpt_leases_forget(struct xlpt_leases *leases, const struct xlpt_returns *returned);
/*
 * Ends a lease that is held, with the lock of its VF: the identity is restored, the
 * VF goes back to its dom0 driver if its pool says so, and the file goes. A VF that a
 * guest still has keeps what it has; whoever takes it from that guest restores it.
 */
int xlpt_lease_return(struct xlpt_env *env, struct xlpt_lease *l, struct xlpt_diag *diag);
/* Reconciles for commands that have something else to do: no leases, nothing done; tells with -v. */
int xlpt_leases_tidy(struct xlpt_env *env, struct xlpt_diag *diag);

#endif
