/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps by which an operation keeps the lease of a VF out of a pool, or gives it back. */
#include "xl-plugin/hotplug/lease.h"

#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/restart.h"

#define HOLD_TIMEOUT_MS 5000 /* a command that only looks at a lease holds it for less */

static struct xlpt_lease *lease_of(void *ctx, size_t i)
{
	struct xlpt_op *op = ctx;

	return xlpt_leases_find(&op->leases, op->items[i].spec.bdf);
}

static int keep_lease(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_lease *l = lease_of(ctx, i);
	int rc = xlpt_lease_update(op->env, l, diag);

	/* From here on the journal knows of the lease, and the undo of this step gives it back. */
	l->stays = rc == 0;
	return rc;
}

static int drop_lease(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;

	return xlpt_lease_drop(op->env, lease_of(ctx, i), diag);
}

/*
 * A VF that this operation has leased is still where it was. A VF that was leased before is where
 * a guest had it.
 */
static int undo_lease(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_lease *l = lease_of(ctx, i);

	return l->before ? xlpt_lease_return(op->env, l, diag) : xlpt_lease_drop(op->env, l, diag);
}

void xlpt_plan_lease(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
	const struct xlpt_lease *l = xlpt_leases_find(&op->leases, op->items[i].spec.bdf);

	if (l)
		xlpt_plan_add(plan, keep_lease, undo_lease, i,
			      xlpt_xasprintf("lease %s from pool %s to %s", bdf, l->pool, l->guest),
			      xlpt_xasprintf("give %s back to pool %s", bdf, l->pool));
}

void xlpt_plan_give_back(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
	const struct xlpt_lease *l = xlpt_leases_find(&op->leases, op->items[i].spec.bdf);

	if (l)
		xlpt_plan_add(plan, drop_lease, NULL, i,
			      xlpt_xasprintf("give %s back to pool %s", bdf, l->pool), NULL);
}

static int check_leases(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases all = { 0 };
	int rc = xlpt_leases_current(op->env, &all, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
		const struct xlpt_lease *l = xlpt_leases_find(&all, op->items[i].spec.bdf);
		_cleanup_free_ char *holder = NULL;

		/* When a guest has it, the usual refusal says so, and what to do. */
		if (!l || op->items[i].place.has_owner ||
		    xlpt_leases_find(&op->leases, op->items[i].spec.bdf))
			continue;
		holder = xlpt_lease_holder(l);
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is leased from pool %s to %s", bdf,
			      l->pool, holder);
		xlpt_diag_fact(diag, XLPT_LEASES_DIR "/%s says so", bdf);
		xlpt_diag_hint(diag, "xlpt pool release %s, if that guest is not to come", bdf);
		rc = XLPT_ERR_IN_USE;
	}
	return rc;
}

int xlpt_op_check_leases(struct xlpt_op *op, struct xlpt_diag *diag)
{
	xlpt_op_point(op, "lease", NULL);
	return xlpt_op_judged(op, check_leases(op, diag), diag);
}

int xlpt_op_hold_leases(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases all = { 0 };
	int rc = xlpt_leases_read(op->env, &all, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const struct xlpt_lease *l = xlpt_leases_find(&all, op->items[i].spec.bdf);
		struct xlpt_lease held = { .fd = -1 };

		if (!l || strcmp(l->uuid, op->guest.uuid) != 0)
			continue;
		if (op->env->dry_run) {
			held.bdf = l->bdf;
			held.pool = xlpt_xstrdup(l->pool);
			held.guest = xlpt_xstrdup(l->guest);
			held.to_host = l->to_host;
		} else {
			rc = xlpt_lease_hold(op->env, l->bdf, HOLD_TIMEOUT_MS, &held, diag);
			if (rc < 0)
				break;
			if (rc == 0) {
				/* It was given back already, or whoever holds it gives it back. */
				xlpt_lease_dispose(&held);
				continue;
			}
			rc = 0;
		}
		held.stays = held.before = true;
		/* It was taken from its dom0 driver for this lease, so it goes back there. */
		op->items[i].give_back_to_dom0 |= held.to_host;
		XLPT_GROW(op->leases.items, op->leases.n, op->leases.alloc);
		op->leases.items[op->leases.n++] = held;
	}
	return rc;
}

/* ---- whose a device is ---- */

void xlpt_keepers_dispose(struct xlpt_keepers *k)
{
	xlpt_leases_dispose(&k->leases);
	xlpt_knowns_dispose(&k->known);
}

bool xlpt_keeper_of(const struct xlpt_keepers *k, struct xlpt_bdf bdf, struct xlpt_keeper *out,
		    char **text)
{
	const struct xlpt_lease *l = xlpt_leases_find(&k->leases, bdf);
	const struct xlpt_known *known = l ? NULL : xlpt_restarts_holder(&k->known, bdf, "");

	*out = (struct xlpt_keeper){ .domid = -1 };
	*text = NULL;
	if (l) {
		_cleanup_free_ char *holder = xlpt_lease_holder(l);

		out->guest = *l->guest ? l->guest : NULL;
		out->pool = l->pool;
		out->domid = l->restarts ? -1 : l->domid;
		*text = *l->guest ? xlpt_xasprintf("leased to %s out of pool %s", holder, l->pool)
				  : xlpt_xasprintf("leased; its lease cannot be read");
	} else if (known) {
		out->guest = known->name;
		*text = xlpt_xasprintf("kept for %s, which restarts", known->name);
	}
	return *text;
}
