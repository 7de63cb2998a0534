/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defining and removing pools, and giving leases back by hand or for a hook. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/pool/pools.h"

#define RELEASE_LOOK_MS 200

/* What can never work is refused now. What only is not there yet is told. */
static int check_def(struct xlpt_env *env, const struct xlpt_pool_def *def,
		     struct xlpt_pool_view *view, struct xlpt_diag *diag)
{
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	int rc = xlpt_pool_facts_read(env, &facts, diag);

	for (size_t i = 0; rc == 0 && i < def->pool.n_addr; i++) {
		const struct xlpt_device *d = xlpt_devices_find(&facts.devices, def->pool.addr[i]);
		const char *bdf = XLPT_BDF_STR(def->pool.addr[i]);

		if (!d || d->is_vf)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is no virtual function", bdf);
		if (d->vf_total >= 0)
			xlpt_diag_fact(diag, "it is a PF that can have %d of them", d->vf_total);
		else
			xlpt_diag_fact(diag, "it has no PF");
		xlpt_diag_hint(diag,
			       d->vf_total >= 0 ? "pf=%s takes its VFs"
						: "xlpt attach takes %s by itself",
			       bdf);
		rc = XLPT_ERR_DATA;
	}
	if (rc == 0)
		rc = xlpt_pool_view(env, def, &facts, view, diag);
	for (size_t i = 0; rc == 0 && i < view->n; i++)
		if (view->troubles[i].code == XLPT_ERR_DATA) {
			xlpt_diag_move(diag, &view->troubles[i]);
			rc = XLPT_ERR_DATA;
		}
	return rc;
}

/*
 * Leases that are over, and what domains left that are gone, are given back before the pools are
 * locked.
 */
static int tidy(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag)
{
	int rc = env->ts && env->store ? xlpt_gone_sweep(env, diag) : 0;

	return rc == 0 && env->ts && env->store ? xlpt_leases_reconcile(env, out, diag) : rc;
}

int xlpt_op_pool_define(struct xlpt_env *env, const struct xlpt_pool_def *def,
			struct xlpt_pool_view *view, bool *had, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def old = { 0 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0)
		rc = tidy(env, NULL, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_lock_pools(env, &locks, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				     diag);
	if (rc == 0)
		rc = check_def(env, def, view, diag);
	if (rc)
		return rc;
	*had = xlpt_pool_load(env, def->pool.name, &old, NULL) == 0;
	return env->dry_run ? 0 : xlpt_pool_save(env, def, diag);
}

int xlpt_op_pool_undefine(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_returns_ struct xlpt_returns over = { 0 };
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0)
		rc = tidy(env, &over, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_lock_pools(env, &locks, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				     diag);
	if (rc == 0)
		rc = xlpt_pool_load(env, name, &def, diag);
	/* A definition that cannot be read may be removed: that is how it is mended. */
	if (rc == XLPT_ERR_DATA) {
		xlpt_diag_dispose(diag);
		rc = 0;
	}
	if (rc == 0)
		rc = xlpt_leases_read(env, &leases, diag);
	if (env->dry_run)
		xlpt_leases_forget(&leases, &over);
	for (size_t i = 0; rc == 0 && i < leases.n; i++) {
		_cleanup_free_ char *holder = NULL;

		if (strcmp(leases.items[i].pool, name) != 0)
			continue;
		holder = xlpt_lease_holder(&leases.items[i]);
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "pool %s is in use", name);
		xlpt_diag_fact(diag, "%s has %s out of it", holder,
			       XLPT_BDF_STR(leases.items[i].bdf));
		if (leases.items[i].domid < 0)
			xlpt_diag_hint(diag, "xlpt pool release %s, if that guest is not to come",
				       XLPT_BDF_STR(leases.items[i].bdf));
		else
			xlpt_diag_hint(diag, "xlpt detach %s %s", XLPT_WORD(leases.items[i].guest),
				       XLPT_BDF_STR(leases.items[i].bdf));
		rc = XLPT_ERR_IN_USE;
	}
	if (rc == 0 && !env->dry_run)
		rc = xlpt_pool_remove(env, name, diag);
	return rc;
}

/* ---- release ---- */

static bool is_of(const struct xlpt_lease *l, const char *guest)
{
	_cleanup_free_ char *domid = xlpt_xasprintf("%lld", (long long)l->domid);

	return !strcmp(l->uuid, guest) || !strcmp(l->guest, guest) || !strcmp(domid, guest);
}

static int still_there(struct xlpt_env *env, const char *guest, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	int rc = xlpt_leases_read(env, &leases, diag);

	for (size_t i = 0; rc == 0 && i < leases.n; i++) {
		_cleanup_free_ char *holder = NULL;

		if (!is_of(&leases.items[i], guest))
			continue;
		holder = xlpt_lease_holder(&leases.items[i]);
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s has not let go of %s", holder,
			      XLPT_BDF_STR(leases.items[i].bdf));
		xlpt_diag_fact(
			diag,
			"a backend or the hypervisor says that it has it, or an xlpt works on it");
		xlpt_diag_hint(diag, "xlpt detach %s %s, or wait until it is gone",
			       XLPT_WORD(leases.items[i].guest), XLPT_BDF_STR(leases.items[i].bdf));
		rc = XLPT_ERR_IN_USE;
	}
	return rc;
}

int xlpt_op_pool_release_gone(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_returns *out,
			      struct xlpt_diag *diag)
{
	/*
	 * The hook runs when the kernel has ended the export, while Xen may still be taking the
	 * domain apart.
	 */
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;
	int rc = env->dry_run ? 0 : xlpt_gone_wait_all(env, timeout_ms, diag);
	bool waited = true; /* a hook has nobody to tell */

	if (rc == 0)
		rc = xlpt_restarts_look(env, diag);
	if (rc == 0)
		rc = xlpt_restarts_wait(env, NULL, 0, "", &waited, diag);
	if (rc == 0)
		rc = xlpt_gone_sweep(env, diag);
	if (rc == 0)
		rc = xlpt_leases_reconcile(env, out, diag);
	/* Who is told that nothing is left to give back can rely on it. */
	if (rc == 0 && !env->dry_run)
		rc = xlpt_leases_wait_others(env, NULL, 0, deadline - xlpt_now(env->clock), &waited,
					     diag);
	return rc || env->dry_run || !waited ? rc : xlpt_leases_reconcile(env, out, diag);
}

int xlpt_op_pool_release_guest(struct xlpt_env *env, const char *guest, int64_t timeout_ms,
			       struct xlpt_returns *out, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;
	int rc = xlpt_gone_sweep(env, diag);

	if (rc)
		return rc;
	for (;;) {
		rc = xlpt_leases_reconcile(env, out, diag);
		if (rc == 0 && !env->dry_run)
			rc = still_there(env, guest, diag);
		if (rc != XLPT_ERR_IN_USE || xlpt_now(env->clock) >= deadline)
			return rc;
		rc = xlpt_check_interrupted(diag);
		if (rc)
			return rc;
		env->clock->sleep_ms(env->clock, RELEASE_LOOK_MS);
	}
}

/*
 * IN_USE when a guest has the device. It need not be the guest of the lease, and the hypervisor
 * does not tell which one it is.
 */
static int with_nobody(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	const char *text = XLPT_BDF_STR(bdf);
	const struct xlpt_owner *o;
	bool assigned = false;
	int rc = xlpt_owners_read(env, &owners, diag);

	if (rc == 0)
		rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
	if (rc)
		return rc;
	o = xlpt_owners_find(&owners, bdf);
	if (o && o->guest) {
		_cleanup_free_ char *line = xlpt_owner_frees(o);

		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is with %s (domain %u)", text, o->guest,
			      o->domid);
		xlpt_diag_fact(diag, "its PCI backend names it");
		xlpt_diag_hint(diag, "%s", line);
		return XLPT_ERR_IN_USE;
	}
	if (!assigned)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is with a guest", text);
	xlpt_diag_fact(diag, "the hypervisor has it assigned, and no backend names it");
	xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_IN_USE;
}

static void add_released(struct xlpt_returns *out, struct xlpt_bdf bdf, const char *pool,
			 const char *guest)
{
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = (struct xlpt_returned){ .bdf = bdf,
						       .pool = xlpt_xstrdup(pool),
						       .guest = xlpt_xstrdup(guest),
						       .why = xlpt_xstrdup("asked for") };
}

/* A device that belongs to no pool and is kept for a guest that restarts. */
static int give_up(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_returns *out,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *guest = NULL;
	int rc = with_nobody(env, bdf, diag);

	if (rc == 0)
		rc = xlpt_restarts_give_up(env, bdf, &guest, diag);
	if (rc <= 0)
		return rc;
	/* The identity that it had as the guest's VF goes with it. */
	rc = env->dry_run ? 0 : xlpt_loan_end(env, bdf, diag);
	if (rc == 0)
		add_released(out, bdf, NULL, guest);
	return rc;
}

static int release_one(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_returns *out,
		       struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_lease_ struct xlpt_lease l = { .fd = -1 };
	const char *text = XLPT_BDF_STR(bdf);
	_cleanup_free_ char *guest = NULL;
	int rc = 0, held;

	/*
	 * Locks the VF and its lease, and not the pools, because it waits for netlink and the
	 * kernel.
	 */
	if (!env->dry_run)
		rc = xlpt_lock_device(env, &locks, bdf, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				      diag);
	if (rc)
		return rc;
	held = xlpt_lease_hold(env, bdf, 0, &l, diag);
	if (held < 0)
		return held;
	if (!held && l.busy) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "another xlpt works on the lease of %s", text);
		xlpt_diag_fact(diag, "it has locked " XLPT_LEASES_DIR "/%s", text);
		xlpt_diag_hint(diag, "run the command again when that one has ended");
		return XLPT_ERR_IN_USE;
	}
	if (!held)
		rc = give_up(env, bdf, out, diag);
	if (rc || (!held && out->n && xlpt_bdf_eq(out->items[out->n - 1].bdf, bdf)))
		return rc;
	if (!held) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is not leased", text);
		xlpt_diag_hint(diag, "xlpt pool list and xlpt pool show NAME tell what is");
		return XLPT_ERR_NOT_FOUND;
	}
	rc = with_nobody(env, bdf, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_gone_take(env, bdf, xlpt_warn, NULL, diag);
	if (rc == 0 && !env->dry_run)
		rc = xlpt_lease_return(env, &l, diag);
	if (rc)
		return rc;
	/* The guest's file may name the device, too. */
	if (xlpt_restarts_give_up(env, bdf, &guest, NULL) < 0)
		xlpt_verbose(env, "%s may still be kept for %s", text, l.guest);
	add_released(out, bdf, l.pool, l.guest);
	return 0;
}

int xlpt_op_pool_release(struct xlpt_env *env, const struct xlpt_bdfs *vfs,
			 struct xlpt_returns *out, struct xlpt_diag *diag)
{
	int rc = xlpt_gone_sweep(env, diag);

	for (size_t i = 0; rc == 0 && i < vfs->n; i++)
		rc = release_one(env, vfs->items[i], out, diag);
	return rc;
}
