/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VF of a pool a guest gets, and its lease. The decision is made under the lock of the
 * pools; whatever has to be waited for is waited for without it, and then looked at again.
 */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/pool/pools.h"

/* The error for an empty pool. Its fact is who has which VF: that is what an operator needs. */
static int exhausted(const char *name, struct xlpt_pool_view *view, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str who = { 0 };
	const struct xlpt_pool_vf *driven = NULL;

	/* A pool whose PFs have no VFs just now is not full: the cause is told instead. */
	if (!view->vfs.n && view->n) {
		xlpt_diag_move(diag, &view->troubles[0]);
		xlpt_diag_wrap(diag, "pool %s", name);
		return diag ? (int)diag->code : XLPT_ERR_NOT_FOUND;
	}
	/*
	 * A driver of dom0 that was loaded after the VFs were made takes all that are not hidden.
	 */
	for (size_t i = 0; !driven && i < view->vfs.n; i++)
		if (view->vfs.items[i].unhidden)
			driven = &view->vfs.items[i];
	for (size_t i = 0; i < view->vfs.n; i++)
		xlpt_str_addf(&who, "%s%s %s", i ? "; " : "", XLPT_BDF_STR(view->vfs.items[i].bdf),
			      view->vfs.items[i].holder);
	xlpt_diag_set(diag, XLPT_ERR_FULL, "pool %s has no free VF: all %zu are taken", name,
		      view->vfs.n);
	xlpt_diag_fact(diag, "%s", xlpt_str_get(&who));
	if (view->n)
		xlpt_diag_hint(diag, "%s: %s", view->troubles[0].message, view->troubles[0].hint);
	else if (driven)
		xlpt_diag_hint(diag, "xlpt hide %s frees one, if this host does not use it",
			       XLPT_BDF_STR(driven->bdf));
	else
		xlpt_diag_hint(diag,
			       "xlpt detach GUEST BDF frees one; xlpt vf create PF N makes more");
	return XLPT_ERR_FULL;
}

/*
 * VFs that this command names or has chosen already are not chosen again; want is the one to have
 * now.
 */
static void take_own(const struct xlpt_op *op, const struct xlpt_bdf *want,
		     struct xlpt_pool_vfs *vfs)
{
	for (size_t k = 0; k < vfs->n; k++)
		for (size_t i = 0; i < op->n; i++)
			if (vfs->items[k].state == XLPT_VF_FREE && op->items[i].spec.has_bdf &&
			    !(want && xlpt_bdf_eq(vfs->items[k].bdf, *want)) &&
			    xlpt_bdf_eq(vfs->items[k].bdf, op->items[i].spec.bdf))
				xlpt_pool_vf_take(&vfs->items[k], XLPT_VF_LEASED,
						  xlpt_xstrdup("this command"));
}

static xlpt_nodes nodes_of(struct xlpt_op *op, const struct xlpt_lease_terms *terms,
			   enum xlpt_pool_policy policy)
{
	xlpt_nodes nodes = 0;

	/* Nobody knows yet where a guest will run that is still to be created. */
	if (policy == XLPT_POOL_NUMA && op->guest.domid != XLPT_DOMID_NONE &&
	    op->env->ts->ops->guest_nodes(op->env->ts, op->guest.domid, &nodes, NULL))
		nodes = 0;
	return nodes ? nodes : terms->nodes;
}

/* The guest's own lease of a VF that it does not have: an attach or detach of it was cut short. */
static const struct xlpt_lease *own_lease(const struct xlpt_op *op,
					  const struct xlpt_pool_facts *facts, const char *name,
					  struct xlpt_bdf bdf)
{
	const struct xlpt_lease *l = xlpt_leases_find(&facts->leases, bdf);

	return l && !l->busy && *l->uuid && !strcmp(l->uuid, op->guest.uuid) &&
			       !strcmp(l->pool, name) && !xlpt_owners_find(&facts->owners, bdf)
		       ? l
		       : NULL;
}

static int choose_one(const struct xlpt_op *op, const char *name, const struct xlpt_pool_view *view,
		      const struct xlpt_pool_facts *facts, struct xlpt_bdf want,
		      struct xlpt_diag *diag)
{
	const struct xlpt_pool_vf *vf = NULL;

	for (size_t i = 0; i < view->vfs.n; i++)
		if (xlpt_bdf_eq(view->vfs.items[i].bdf, want))
			vf = &view->vfs.items[i];
	if (vf && (vf->state == XLPT_VF_FREE || own_lease(op, facts, name, want)))
		return 0;
	if (!vf) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is no VF of pool %s",
			      XLPT_BDF_STR(want), name);
		if (view->n)
			xlpt_diag_fact(diag, "%s", view->troubles[0].message);
		else
			xlpt_diag_fact(
				diag,
				"its definition gives it %zu VFs, and this is not one of them",
				view->vfs.n);
		xlpt_diag_hint(diag, "xlpt pool show %s lists those it has", name);
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_set(diag, XLPT_ERR_FULL, "%s of pool %s is not free", XLPT_BDF_STR(want), name);
	xlpt_diag_fact(diag, "it is taken: %s", vf->holder);
	xlpt_diag_hint(diag, "pool:%s takes another one", name);
	return XLPT_ERR_FULL;
}

static int choose(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
		  const struct xlpt_bdf *want, const struct xlpt_pool_def *def,
		  struct xlpt_pool_facts *facts, struct xlpt_pool_view *view, struct xlpt_bdf *bdf,
		  struct xlpt_diag *diag)
{
	enum xlpt_pool_policy policy = xlpt_pool_policy_of(def);
	bool remote;
	int rc = xlpt_pool_view(op->env, def, facts, view, diag), i;

	if (rc)
		return rc;
	take_own(op, want, &view->vfs);
	if (want) {
		*bdf = *want;
		return choose_one(op, name, view, facts, *want, diag);
	}
	i = xlpt_pool_choose(&view->vfs, policy, nodes_of(op, terms, policy), &remote);
	if (i < 0)
		return exhausted(name, view, diag);
	*bdf = view->vfs.items[i].bdf;
	if (remote)
		xlpt_warn(op->env, "no VF of pool %s is free on a node of %s: %s is on node %d",
			  name, op->guest.name, XLPT_BDF_STR(*bdf), view->vfs.items[i].numa_node);
	return 0;
}

/* Makes the lease, or takes up the one that the guest still has. */
static int take_lease(struct xlpt_op *op, const struct xlpt_pool_facts *facts, struct xlpt_lease *l,
		      struct xlpt_diag *diag)
{
	_cleanup_lease_ struct xlpt_lease held = { .fd = -1 };
	int rc;

	if (op->env->dry_run)
		return 0;
	if (!own_lease(op, facts, l->pool, l->bdf))
		return xlpt_lease_create(op->env, l, diag);
	/* Whoever has the lock of the pools waits for nobody. */
	rc = xlpt_lease_hold(op->env, l->bdf, 0, &held, diag);
	if (rc <= 0)
		return rc ? rc : xlpt_lease_create(op->env, l, diag);
	/* Between reading and locking, it may have become another guest's lease. */
	if (strcmp(held.uuid, l->uuid) != 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s was leased to %s meanwhile",
			      XLPT_BDF_STR(l->bdf), held.guest);
		xlpt_diag_fact(diag, XLPT_LEASES_DIR "/%s says so", XLPT_BDF_STR(l->bdf));
		xlpt_diag_hint(diag, "pool:%s takes another one", l->pool);
		return XLPT_ERR_IN_USE;
	}
	memcpy(l->boot, held.boot, sizeof(l->boot));
	l->since = held.since;
	l->fd = held.fd;
	l->busy = l->stays = l->before = true;
	held.fd = -1;
	return 0;
}

static int add_lease(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
		     const struct xlpt_pool_facts *facts, const struct xlpt_pool_def *def,
		     struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_lease *l;
	int rc;

	XLPT_GROW(op->leases.items, op->leases.n, op->leases.alloc);
	l = &op->leases.items[op->leases.n++];
	*l = (struct xlpt_lease){
		.bdf = bdf,
		.pool = xlpt_xstrdup(name),
		.guest = xlpt_xstrdup(op->guest.name),
		.domid = op->guest.domid == XLPT_DOMID_NONE ? -1 : (int64_t)op->guest.domid,
		.until = terms->until,
		.to_host = def->pool.managed == XLPT_ON,
		.fd = -1,
	};
	snprintf(l->uuid, sizeof(l->uuid), "%s", op->guest.uuid);
	rc = take_lease(op, facts, l, diag);
	if (rc) {
		xlpt_lease_dispose(l);
		op->leases.n--;
	}
	return rc;
}

/* What takes long is done before the pools are locked: reading devices, giving leases back. */
static int try_allocate(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
			const struct xlpt_bdf *want, struct xlpt_bdf *bdf,
			struct xlpt_pool_def *def, struct xlpt_pool_view *view,
			struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	_cleanup_knowns_ struct xlpt_knowns known = { 0 };
	int rc = xlpt_leases_reconcile(env, &returned, diag);

	if (rc == 0)
		rc = xlpt_scan_all(env->host, 0, NULL, &facts.devices, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &facts.needs, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_lock_pools(env, &locks, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				     diag);
	if (rc == 0)
		rc = xlpt_pool_load(env, name, def, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &facts.owners, diag);
	if (rc == 0)
		rc = xlpt_leases_read(env, &facts.leases, diag);
	if (rc == 0)
		rc = xlpt_restarts_read(env, &facts.leases, &known, diag);
	xlpt_restarts_mark(&known, &facts.leases);
	if (env->dry_run)
		xlpt_leases_forget(&facts.leases, &returned);
	if (rc == 0)
		rc = choose(op, terms, name, want, def, &facts, view, bdf, diag);
	return rc ? rc : add_lease(op, terms, name, &facts, def, *bdf, diag);
}

/*
 * Waits when a VF is with a domain that is on its way out, is kept for a guest about which xl just
 * decides, or is just being given back by another xlpt.
 */
static int wait_for_one(struct xlpt_op *op, const struct xlpt_bdf *bdfs, size_t n, bool *waited,
			struct xlpt_diag *diag)
{
	bool others = false;
	int rc = xlpt_gone_wait(op->env, bdfs, n, -1, op->timeout_ms, waited, diag);

	if (rc == 0)
		rc = xlpt_restarts_wait(op->env, bdfs, n, op->guest.uuid, waited, diag);
	if (rc == 0)
		rc = xlpt_leases_wait_others(op->env, bdfs, n, op->timeout_ms, &others, diag);
	*waited |= others;
	return rc;
}

int xlpt_pool_allocate(struct xlpt_op *op, const struct xlpt_lease_terms *terms, const char *name,
		       const struct xlpt_bdf *want, struct xlpt_bdf *bdf, struct xlpt_pool_def *def,
		       struct xlpt_diag *diag)
{
	bool waited = false;
	int rc;

	for (;;) {
		_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
		bool before = waited;

		rc = try_allocate(op, terms, name, want, bdf, def, &view, &own);
		if (rc == 0)
			return 0;
		xlpt_pool_def_dispose(def);
		bdfs = xlpt_xcalloc(view.vfs.n + 1, sizeof(*bdfs));
		for (size_t i = 0; i < view.vfs.n; i++)
			bdfs[i] = view.vfs.items[i].bdf;
		/*
		 * One of them may be with a domain that is on its way out: it is free in a moment.
		 */
		if (rc == XLPT_ERR_FULL && !before && !op->env->dry_run)
			rc = wait_for_one(op, want ? want : bdfs, want ? 1 : view.vfs.n, &waited,
					  diag);
		if (rc || !waited || before) {
			if (rc == 0 || own.code == (enum xlpt_err)rc)
				rc = (int)own.code;
			xlpt_diag_move(diag, &own);
			return rc;
		}
	}
}
