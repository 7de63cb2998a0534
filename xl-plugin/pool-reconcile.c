/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which leases are over. A lease is what xlpt remembers; who has a device is
 * what xenstore and the hypervisor say. Where they differ, they are right.
 */
#include <errno.h>
#include <string.h>

#include "pciback/bind.h"
#include "xl-plugin/leases.h"
#include "xl-plugin/op.h"
#include "xl-plugin/output.h"
#include "xl-plugin/vf.h"

#define KERNEL_MS 2000

void xlpt_returns_dispose(struct xlpt_returns *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->items[i].pool);
		free(r->items[i].guest);
		free(r->items[i].why);
	}
	free(r->items);
	*r = (struct xlpt_returns){ 0 };
}

/* What is read once for all leases. */
struct facts {
	struct xlpt_leases leases;
	const struct xlpt_owners *owners;
	struct xlpt_owners own;	/* read here */
	struct xlpt_guest *guests;
	size_t n_guests;
	char boot[40];
};

static void facts_dispose(struct facts *f)
{
	xlpt_leases_dispose(&f->leases);
	xlpt_owners_dispose(&f->own);
	for (size_t i = 0; i < f->n_guests; i++)
		xlpt_guest_dispose(&f->guests[i]);
	free(f->guests);
}

static int facts_read(struct xlpt_env *env, const struct xlpt_owners *owners, struct facts *f,
		      struct xlpt_diag *diag)
{
	int rc = xlpt_leases_read(env, &f->leases, diag);

	if (rc || !f->leases.n)
		return rc;
	xlpt_boot_id(env, f->boot);
	f->owners = owners ? owners : &f->own;
	rc = owners ? 0 : xlpt_owners_read(env, &f->own, diag);
	return rc ? rc : env->ts->ops->guest_list(env->ts, &f->guests, &f->n_guests, diag);
}

/* By UUID: a guest that restarts keeps it and gets another number. */
static const struct xlpt_guest *guest_of(const struct facts *f, const struct xlpt_lease *l)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (*l->uuid ? !strcmp(f->guests[i].uuid, l->uuid) : f->guests[i].domid == l->domid)
			return &f->guests[i];
	return NULL;
}

/*
 * xen-pciback ends a guest's export when it sees that the backend is gone from
 * xenstore, a moment after the toolstack removed it; until then it exports the VF
 * to nobody else ("already in-use").
 */
static bool kernel_let_go(struct xlpt_env *env, int64_t domid)
{
	int64_t deadline = xlpt_now(env->clock) + KERNEL_MS;

	while (domid >= 0 && xlpt_host_has(env->host, "/sys/bus/xen-backend/devices/pci-%lld-0",
					   (long long)domid)) {
		if (xlpt_now(env->clock) >= deadline)
			return false;
		env->clock->sleep_ms(env->clock, 20);
	}
	return true;
}

/* Why the lease is over, NULL when it is not. Caller frees. */
static int judge(struct xlpt_env *env, const struct facts *f, const struct xlpt_lease *l,
		 const struct xlpt_guest *guest, char **why, struct xlpt_diag *diag)
{
	const struct xlpt_owner *owner = xlpt_owners_find(f->owners, l->bdf);
	bool assigned = false, same_boot = !strcmp(l->boot, f->boot);
	int rc;

	*why = NULL;
	if (!*l->guest)
		return 0;	/* unreadable: warned of, and nobody can say whose it is */
	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(l->bdf))) {
		*why = xlpt_xstrdup("the VF is not there any more");
		return 0;
	}
	if (owner && guest && owner->domid == guest->domid)
		return 0;
	if (owner) {
		*why = xlpt_xasprintf("%s (domain %u) has it", owner->guest ? owner->guest : "a domain",
				      owner->domid);
		return 0;
	}
	if (same_boot && l->until > xlpt_now(env->clock))
		return 0;
	/* A domain that is on its way out, or an attach cut short: somebody has it still. */
	rc = env->ts->ops->hyp_assigned(env->ts, l->bdf, &assigned, diag);
	if (rc == XLPT_ERR_NO_DEVICE) {
		/* The hypervisor was told that the VF went; it is with nobody there. */
		xlpt_diag_dispose(diag);
		rc = 0;
	}
	if (rc || assigned)
		return rc;
	if (same_boot && !guest && !kernel_let_go(env, l->domid))
		return 0;
	if (!same_boot)
		*why = xlpt_xstrdup("the host was restarted");
	else if (guest)
		*why = xlpt_xasprintf("%s does not have it", l->guest);
	else
		*why = xlpt_xasprintf("%s is gone", l->guest);
	return 0;
}

/* A managed pool's VF goes back to the driver it came from, as libvirt's managed='yes' has it. */
static int back_to_host(struct xlpt_env *env, const struct xlpt_lease *l, struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL, *origin = NULL;
	bool known = false;
	int rc;

	rc = xlpt_bind_driver(env->host, l->bdf, &driver, diag);
	if (rc || !xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	rc = xlpt_pcinote_origin_get(env->store, l->bdf, &known, &origin, diag);
	return rc ? rc : xlpt_give_back(env, l->bdf, known, origin ? origin : "", NULL, diag);
}

int xlpt_lease_return(struct xlpt_env *env, struct xlpt_lease *l, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	const char *bdf = XLPT_BDF_STR(l->bdf);

	/* A VF that keeps what its guest had is told of, and is free all the same. */
	if (xlpt_vf_restore(env, l->bdf, &why))
		xlpt_warn(env, "%s keeps the identity its guest had: %s", bdf, why.message);
	xlpt_diag_dispose(&why);
	if (l->to_host && xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", bdf) &&
	    back_to_host(env, l, &why))
		xlpt_warn(env, "%s stays hidden: %s", bdf, why.message);
	return xlpt_lease_drop(env, l, diag);
}

/*
 * *done: a VF that somebody works on just now is left to him. Who has the pools
 * waits for nobody; the next command finds the lease again.
 */
static int give_back(struct xlpt_env *env, struct xlpt_bdf bdf, bool *done, struct xlpt_diag *diag)
{
	_cleanup_lease_ struct xlpt_lease l = { .fd = -1 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = 0;

	*done = xlpt_lock_device(env, &locks, bdf, 0, NULL) == 0;
	if (*done)
		rc = xlpt_lease_hold(env, bdf, 0, &l, diag);
	*done = rc > 0;
	return rc > 0 ? xlpt_lease_return(env, &l, diag) : rc;
}

static void add_return(struct xlpt_returns *out, const struct xlpt_lease *l, const char *why)
{
	if (!out)
		return;
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = (struct xlpt_returned){ .bdf = l->bdf, .pool = xlpt_xstrdup(l->pool),
						       .guest = xlpt_xstrdup(l->guest),
						       .why = xlpt_xstrdup(why) };
}

/* The guest came back under another number, or is there at last. */
static int follow(struct xlpt_env *env, const struct facts *f, const struct xlpt_lease *l,
		  const struct xlpt_guest *guest, struct xlpt_diag *diag)
{
	const struct xlpt_owner *owner = xlpt_owners_find(f->owners, l->bdf);
	_cleanup_lease_ struct xlpt_lease held = { 0 };
	int rc;

	if (!owner || !guest || owner->domid != guest->domid ||
	    (l->domid == guest->domid && !l->until && !strcmp(l->boot, f->boot)) || env->dry_run)
		return 0;
	rc = xlpt_lease_hold(env, l->bdf, 0, &held, diag);
	if (rc <= 0)
		return rc;
	held.domid = guest->domid;
	held.until = 0;
	snprintf(held.boot, sizeof(held.boot), "%s", f->boot);
	return xlpt_lease_update(env, &held, diag);
}

/* Files of a creation that was killed before it had linked them to a VF's name. */
static void sweep(struct xlpt_env *env)
{
	_cleanup_strv_ char **names = NULL;

	if (env->dry_run || xlpt_host_list(env->host, &names, XLPT_LEASES_DIR))
		return;
	for (char **p = names; *p; p++)
		if (**p == '.') {
			_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", *p);

			env->host->ops->unlink(env->host, path);
		}
}

static int reconcile(struct xlpt_env *env, const struct xlpt_owners *owners,
		     struct xlpt_returns *out, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(facts_dispose) struct facts f = { 0 };
	int rc;

	sweep(env);
	rc = facts_read(env, owners, &f, diag);
	for (size_t i = 0; rc == 0 && i < f.leases.n; i++) {
		const struct xlpt_lease *l = &f.leases.items[i];
		const struct xlpt_guest *guest = guest_of(&f, l);
		_cleanup_free_ char *why = NULL;
		bool done = true;

		if (l->busy)
			continue;
		rc = judge(env, &f, l, guest, &why, diag);
		if (rc == 0 && !why)
			rc = follow(env, &f, l, guest, diag);
		if (rc || !why)
			continue;
		if (!env->dry_run)
			rc = give_back(env, l->bdf, &done, diag);
		if (rc == 0 && done)
			add_return(out, l, why);
	}
	return rc;
}

int xlpt_leases_reconcile(struct xlpt_env *env, bool locked, struct xlpt_returns *out,
			  struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = 0;

	/* A dry run looks and leaves. */
	if (!locked && !env->dry_run)
		rc = xlpt_lock_pools(env, &locks, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	return rc ? rc : reconcile(env, NULL, out, diag);
}

int xlpt_leases_reconcile_with(struct xlpt_env *env, const struct xlpt_owners *owners,
			       struct xlpt_returns *out, struct xlpt_diag *diag)
{
	return reconcile(env, owners, out, diag);
}

void xlpt_leases_forget(struct xlpt_leases *leases, const struct xlpt_returns *returned)
{
	size_t kept = 0;

	for (size_t i = 0; i < leases->n; i++) {
		bool over = false;

		for (size_t k = 0; k < returned->n; k++)
			over |= xlpt_bdf_eq(returned->items[k].bdf, leases->items[i].bdf);
		if (over)
			xlpt_lease_dispose(&leases->items[i]);
		else
			leases->items[kept++] = leases->items[i];
	}
	leases->n = kept;
}

int xlpt_leases_current(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	int rc = env->dry_run && env->ts && env->store ? reconcile(env, NULL, &returned, diag) : 0;

	*out = (struct xlpt_leases){ 0 };
	if (rc == 0)
		rc = xlpt_leases_read(env, out, diag);
	xlpt_leases_forget(out, &returned);
	return rc;
}

int xlpt_leases_tidy(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	_cleanup_strv_ char **names = NULL;
	int rc;

	if (env->dry_run || xlpt_host_list(env->host, &names, XLPT_LEASES_DIR) || !*names)
		return 0;
	rc = xlpt_leases_reconcile(env, false, &returned, diag);
	for (size_t i = 0; i < returned.n; i++)
		xlpt_verbose(env, "gave %s back to pool %s: %s", XLPT_BDF_STR(returned.items[i].bdf),
			     returned.items[i].pool, returned.items[i].why);
	return rc;
}
