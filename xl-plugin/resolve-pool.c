/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From pool:NAME to a VF that is leased to the operation's guest, and the steps
 * with which an operation keeps the lease or gives it back.
 */
#include "xl-plugin/resolve.h"

#include <string.h>

#include "pciback/scan.h"
#include "xl-plugin/output.h"
#include "xl-plugin/pools.h"

#define HOLD_TIMEOUT_MS 5000	/* another command that only looks at a lease is done sooner */

/* ---- allocation ---- */

/* Who holds what: the fact that an operator needs when a pool is empty. */
static int exhausted(const char *name, struct xlpt_pool_view *view, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str who = { 0 };

	/* A pool whose PFs cannot have VFs just now is not full: tell why. */
	if (!view->vfs.n && view->n) {
		xlpt_diag_move(diag, &view->troubles[0]);
		xlpt_diag_wrap(diag, "pool %s", name);
		return diag ? (int)diag->code : XLPT_ERR_NOT_FOUND;
	}
	for (size_t i = 0; i < view->vfs.n; i++)
		xlpt_str_addf(&who, "%s%s %s", i ? "; " : "", XLPT_BDF_STR(view->vfs.items[i].bdf),
			      view->vfs.items[i].holder);
	xlpt_diag_set(diag, XLPT_ERR_FULL, "pool %s has no free VF: all %zu are taken", name, view->vfs.n);
	xlpt_diag_fact(diag, "%s", xlpt_str_get(&who));
	if (view->n)
		xlpt_diag_hint(diag, "%s: %s", view->troubles[0].message, view->troubles[0].hint);
	else
		xlpt_diag_hint(diag, "xlpt detach GUEST BDF frees one; xlpt vf create PF N makes more");
	return XLPT_ERR_FULL;
}

/* What this command names or has chosen already is not chosen again. */
static void take_own(const struct xlpt_op *op, struct xlpt_pool_vfs *vfs)
{
	for (size_t k = 0; k < vfs->n; k++)
		for (size_t i = 0; i < op->n; i++)
			if (vfs->items[k].state == XLPT_VF_FREE &&
			    xlpt_bdf_eq(vfs->items[k].bdf, op->items[i].spec.bdf))
				xlpt_pool_vf_take(&vfs->items[k], XLPT_VF_LEASED,
						  xlpt_xstrdup("this command"));
}

static xlpt_nodes nodes_of(struct xlpt_op *op, enum xlpt_pool_policy policy)
{
	xlpt_nodes nodes = 0;

	/* Where a guest will run that is still to be created, nobody knows. */
	if (policy == XLPT_POOL_NUMA && op->guest.domid != XLPT_DOMID_NONE &&
	    op->env->ts->ops->guest_nodes(op->env->ts, op->guest.domid, &nodes, NULL))
		nodes = 0;
	return nodes ? nodes : op->nodes;
}

/* The lease of a guest that does not have the VF: an attach or detach of it was cut short. */
static const struct xlpt_lease *own_lease(const struct xlpt_op *op,
					  const struct xlpt_pool_facts *facts, const char *name,
					  struct xlpt_bdf bdf)
{
	const struct xlpt_lease *l = xlpt_leases_find(&facts->leases, bdf);

	return l && !l->busy && *l->uuid && !strcmp(l->uuid, op->guest.uuid) &&
	       !strcmp(l->pool, name) && !xlpt_owners_find(&facts->owners, bdf) ? l : NULL;
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
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is no VF of pool %s", XLPT_BDF_STR(want), name);
		if (view->n)
			xlpt_diag_fact(diag, "%s", view->troubles[0].message);
		else
			xlpt_diag_fact(diag, "its definition gives it %zu VFs, and that is none of them",
				       view->vfs.n);
		xlpt_diag_hint(diag, "xlpt pool show %s lists those it has", name);
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_set(diag, XLPT_ERR_FULL, "%s of pool %s is not free", XLPT_BDF_STR(want), name);
	xlpt_diag_fact(diag, "it is taken: %s", vf->holder);
	xlpt_diag_hint(diag, "pool:%s takes another one", name);
	return XLPT_ERR_FULL;
}

static int choose(struct xlpt_op *op, const char *name, const struct xlpt_bdf *want,
		  const struct xlpt_pool_def *def, struct xlpt_pool_facts *facts,
		  struct xlpt_bdf *bdf, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
	enum xlpt_pool_policy policy = xlpt_pool_policy_of(def);
	bool remote;
	int rc, i;

	rc = xlpt_owners_read(op->env, &facts->owners, diag);
	if (rc == 0)
		rc = xlpt_leases_reconcile_with(op->env, &facts->owners, &returned, diag);
	if (rc == 0)
		rc = xlpt_leases_read(op->env, &facts->leases, diag);
	xlpt_leases_forget(&facts->leases, &returned);
	if (rc == 0)
		rc = xlpt_pool_view(op->env, def, facts, &view, diag);
	if (rc)
		return rc;
	take_own(op, &view.vfs);
	if (want) {
		*bdf = *want;
		return choose_one(op, name, &view, facts, *want, diag);
	}
	i = xlpt_pool_choose(&view.vfs, policy, nodes_of(op, policy), &remote);
	if (i < 0)
		return exhausted(name, &view, diag);
	*bdf = view.vfs.items[i].bdf;
	if (remote)
		xlpt_warn(op->env, "no VF of pool %s is free on a node of %s: %s is on node %d", name,
			  op->guest.name, XLPT_BDF_STR(*bdf), view.vfs.items[i].numa_node);
	return 0;
}

/* Makes the lease, or takes up the one that the guest still has. */
static int take_lease(struct xlpt_op *op, const struct xlpt_pool_facts *facts,
		      struct xlpt_lease *l, struct xlpt_diag *diag)
{
	_cleanup_lease_ struct xlpt_lease held = { .fd = -1 };
	int rc;

	if (op->env->dry_run)
		return 0;
	if (!own_lease(op, facts, l->pool, l->bdf))
		return xlpt_lease_create(op->env, l, diag);
	/* Who has the pools waits for nobody. */
	rc = xlpt_lease_hold(op->env, l->bdf, 0, &held, diag);
	if (rc <= 0)
		return rc ? rc : xlpt_lease_create(op->env, l, diag);
	/* Between reading and locking it may have become another guest's. */
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

int xlpt_pool_allocate(struct xlpt_op *op, const char *name, const struct xlpt_bdf *want,
		       struct xlpt_bdf *bdf, struct xlpt_pool_def *def, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	struct xlpt_lease *l;
	int rc;

	/* What takes long and changes with no lease is read before others have to wait. */
	rc = xlpt_scan_all(env->host, 0, NULL, &facts.devices, diag);
	if (rc == 0)
		rc = xlpt_guard_read(env->host, &facts.needs, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_lock_pools(env, &locks, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = xlpt_pool_load(env, name, def, diag);
	if (rc == 0)
		rc = choose(op, name, want, def, &facts, bdf, diag);
	if (rc) {
		xlpt_pool_def_dispose(def);
		return rc;
	}
	XLPT_GROW(op->leases.items, op->leases.n, op->leases.alloc);
	l = &op->leases.items[op->leases.n++];
	*l = (struct xlpt_lease){
		.bdf = *bdf,
		.pool = xlpt_xstrdup(name),
		.guest = xlpt_xstrdup(op->guest.name),
		.domid = op->guest.domid == XLPT_DOMID_NONE ? -1 : (int64_t)op->guest.domid,
		.until = op->lease_until,
		.to_host = def->pool.managed == XLPT_ON,
		.fd = -1,
	};
	snprintf(l->uuid, sizeof(l->uuid), "%s", op->guest.uuid);
	rc = take_lease(op, &facts, l, diag);
	if (rc) {
		xlpt_pool_def_dispose(def);
		xlpt_lease_dispose(l);
		op->leases.n--;
	}
	return rc;
}

/* ---- what a pool says of the identity ---- */

static void identity_defaults(const struct xlpt_pool_def *def, struct xlpt_vf_identity *vf)
{
	const struct xlpt_netid *id = &def->pool.id;

	/* As libvirt: a default port group's word before the network's own. */
	for (size_t i = 0; i < def->pool.n_group; i++)
		if (def->pool.group[i].is_default == XLPT_ON)
			id = &def->pool.group[i].id;
	if (!id->n_vlan)
		id = id->vport ? id : &def->pool.id;
	/* A trunk is no VLAN that a PF can put on a VF's frames. */
	if (id->n_vlan == 1 && id->vlan_trunk != XLPT_ON && !vf->has_vlan &&
	    id->vlan[0].id.v <= XLPT_VLAN_MAX) {
		vf->has_vlan = true;
		vf->vlan = (struct xlpt_vf_vlan){ .id = (uint16_t)id->vlan[0].id.v,
						  .proto = XLPT_VLAN_8021Q };
	}
	if (vf->port)
		return;
	if (id->vport == XLPT_VPORT_QBH && id->profileid) {
		vf->port = XLPT_PORT_QBH;
		snprintf(vf->profileid, sizeof(vf->profileid), "%s", id->profileid);
	} else if (id->vport == XLPT_VPORT_QBG) {
		vf->port = XLPT_PORT_QBG;
		vf->has_managerid = id->managerid.has;
		vf->managerid = (uint8_t)id->managerid.v;
		vf->has_typeid = id->typeid.has;
		vf->typeid = (uint32_t)id->typeid.v;
		vf->has_typeidversion = id->typeidversion.has;
		vf->typeidversion = (uint8_t)id->typeidversion.v;
		vf->has_instanceid = id->instanceid &&
				     xlpt_uuid_parse(id->instanceid, strlen(id->instanceid),
						     vf->instanceid);
	}
}

int xlpt_resolve_pool(struct xlpt_op *op, struct xlpt_spec *spec, struct xlpt_bdf *bdf,
		      struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	int rc;

	/* An outer operation may have leased it already; a pool that went since takes nothing away. */
	if (spec->has_bdf && xlpt_leases_find(&op->leases, spec->bdf)) {
		if (xlpt_pool_load(op->env, spec->pool, &def, NULL))
			return 0;
		rc = 0;
	} else {
		rc = xlpt_pool_allocate(op, spec->pool, spec->has_bdf ? &spec->bdf : NULL, bdf, &def,
					diag);
	}
	if (rc)
		return rc;
	if (op->identity)
		identity_defaults(&def, &spec->vf);
	/* A pool's VF is nobody's: taken from its driver in dom0, unless the pool wants it hidden. */
	if (spec->seize == XLPT_UNSET && def.pool.managed != XLPT_OFF)
		spec->seize = XLPT_ON;
	return 0;
}

/* ---- steps ---- */

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

	/* From here on the journal knows of it, and its undo gives it back. */
	l->stays = rc == 0;
	return rc;
}

static int drop_lease(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;

	return xlpt_lease_drop(op->env, lease_of(ctx, i), diag);
}

/* What this operation has leased is where it was; what was leased before is where a guest had it. */
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

int xlpt_op_check_leases(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases all = { 0 };
	int rc = xlpt_leases_current(op->env, &all, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
		const struct xlpt_lease *l = xlpt_leases_find(&all, op->items[i].spec.bdf);
		_cleanup_free_ char *holder = NULL;

		/* With a guest: then the usual refusal tells of it, and of what to do. */
		if (!l || op->items[i].place.has_owner ||
		    xlpt_leases_find(&op->leases, op->items[i].spec.bdf))
			continue;
		holder = xlpt_lease_holder(l);
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is leased from pool %s to %s", bdf, l->pool,
			      holder);
		xlpt_diag_fact(diag, XLPT_LEASES_DIR "/%s says so", bdf);
		xlpt_diag_hint(diag, "xlpt pool release %s, if that guest is not to come", bdf);
		rc = XLPT_ERR_IN_USE;
	}
	return rc;
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
				/* Given back already, or by whoever holds it. */
				xlpt_lease_dispose(&held);
				continue;
			}
			rc = 0;
		}
		held.stays = held.before = true;
		/* Taken from its dom0 driver for this: then it goes back there. */
		op->items[i].hide = held.to_host;
		XLPT_GROW(op->leases.items, op->leases.n, op->leases.alloc);
		op->leases.items[op->leases.n++] = held;
	}
	return rc;
}
