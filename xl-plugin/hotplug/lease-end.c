/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which leases are over. A lease is what xlpt remembers; who has a device is what xenstore and the
 * hypervisor say. Where they differ, xenstore and the hypervisor are right.
 */
#include <errno.h>
#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/kept/leases.h"
#include "xl-plugin/kept/locks.h"

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
	struct xlpt_owners owners;
	struct xlpt_guest *guests;
	size_t n_guests;
	struct xlpt_knowns known;
	char boot[40];
};

static void facts_dispose(struct facts *f)
{
	xlpt_owners_dispose(&f->owners);
	xlpt_guests_free(f->guests, f->n_guests);
	xlpt_knowns_dispose(&f->known);
}

static int facts_read(struct xlpt_env *env, const struct xlpt_leases *leases, struct facts *f,
		      struct xlpt_diag *diag)
{
	int rc = xlpt_owners_read(env, &f->owners, diag);

	xlpt_lease_boot(env, f->boot);
	if (rc == 0)
		rc = env->ts->ops->guest_list(env->ts, &f->guests, &f->n_guests, diag);
	return rc ? rc : xlpt_restarts_read(env, leases, &f->known, diag);
}

static bool restarts(const struct facts *f, const struct xlpt_lease *l)
{
	const struct xlpt_known *k = *l->uuid ? xlpt_knowns_find(&f->known, l->uuid) : NULL;

	return k && k->restarts;
}

const struct xlpt_guest *xlpt_lease_guest(const struct xlpt_lease *l,
					  const struct xlpt_guest *guests, size_t n)
{
	if (*l->uuid)
		return xlpt_guests_find(guests, n, l->uuid);
	for (size_t i = 0; i < n; i++)
		if (guests[i].domid == l->domid)
			return &guests[i];
	return NULL;
}

/* *why: the reason why the lease is over, NULL when it is not. Caller frees. */
static int judge(struct xlpt_env *env, const struct facts *f, const struct xlpt_lease *l,
		 char **why, struct xlpt_diag *diag)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&f->owners, l->bdf);
	const struct xlpt_guest *guest = xlpt_lease_guest(l, f->guests, f->n_guests);
	bool assigned = false, same_boot = !strcmp(l->boot, f->boot);
	int rc;

	*why = NULL;
	if (!*l->guest)
		return 0; /* unreadable: it was warned of, and nobody can say whose it is */
	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(l->bdf))) {
		*why = xlpt_xstrdup("the VF is not there any more");
		return 0;
	}
	/* A device that a domain left which is gone belongs to nobody. */
	if (owner && !owner->guest)
		owner = NULL;
	if (owner && guest && owner->domid == guest->domid)
		return 0;
	/* The guest restarts: its old domain still has the VF, on its way out. */
	if (owner && same_boot && owner->domid == l->domid)
		return 0;
	if (owner) {
		*why = xlpt_xasprintf("%s (domain %u) has it", owner->guest, owner->domid);
		return 0;
	}
	if (same_boot && (l->until > xlpt_now(env->clock) || restarts(f, l)))
		return 0;
	/*
	 * A domain that is on its way out may still have it, or a guest whose attach was cut
	 * short.
	 */
	rc = env->ts->ops->hyp_assigned(env->ts, l->bdf, &assigned, diag);
	if (rc == XLPT_ERR_NO_DEVICE) {
		/* The hypervisor knows that the VF is gone: nobody has it there. */
		xlpt_diag_dispose(diag);
		rc = 0;
	}
	if (rc || assigned)
		return rc;
	if (same_boot && !guest && !xlpt_gone_kernel(env, l->domid))
		return 0;
	if (!same_boot)
		*why = xlpt_xstrdup("the host was restarted");
	else if (guest)
		*why = xlpt_xasprintf("%s does not have it", l->guest);
	else
		*why = xlpt_xasprintf("%s is gone", l->guest);
	return 0;
}

/*
 * The VF of a managed pool goes back to the driver that it came from, as with libvirt's
 * managed='yes'.
 */
static int back_to_host(struct xlpt_env *env, const struct xlpt_lease *l, struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL, *origin = NULL;
	bool known = false;
	int rc;

	rc = xlpt_bind_driver(env->host, l->bdf, &driver, diag);
	if (rc || !xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	rc = xlpt_pcinote_came_from(env->store, l->bdf, &known, &origin, diag);
	return rc ? rc : xlpt_give_back(env, l->bdf, known, origin ? origin : "", NULL, diag);
}

bool xlpt_guest_may_have(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool assigned = false;
	uint32_t domid;
	int rc;

	if (xlpt_owner_now(env, bdf, &domid, NULL))
		return true;
	rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, &diag);
	return rc == XLPT_ERR_NO_DEVICE ? false : rc || assigned;
}

int xlpt_lease_return(struct xlpt_env *env, struct xlpt_lease *l, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	const char *bdf = XLPT_BDF_STR(l->bdf);
	uint32_t domid;

	if (xlpt_guest_may_have(env, l->bdf)) {
		/*
		 * When a guest has it that xlpt did not give it to, that is no reason to warn.
		 * When nobody can say whether one has it, that is.
		 */
		if (l->to_host && !xlpt_owner_now(env, l->bdf, &domid, NULL))
			xlpt_warn(
				env,
				"%s stays hidden: Xen does not say that no guest has it any more; "
				"xlpt unhide %s gives it back when it does",
				bdf, bdf);
		return xlpt_lease_drop(env, l, diag);
	}
	/* A VF that keeps the identity of its guest is warned of; the lease ends all the same. */
	if (xlpt_loan_end(env, l->bdf, &why))
		xlpt_warn(env, "%s keeps the identity its guest had: %s", bdf, why.message);
	xlpt_diag_dispose(&why);
	if (l->to_host && xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", bdf) &&
	    back_to_host(env, l, &why))
		xlpt_warn(env, "%s stays hidden: %s", bdf, why.message);
	return xlpt_lease_drop(env, l, diag);
}

/*
 * Judges again with the locks of the VF and of the lease, because a guest may have got the VF
 * since. When *why is NULL, the next command finds the lease again.
 */
int xlpt_lease_end_over(struct xlpt_env *env, struct xlpt_bdf bdf, char **why,
			struct xlpt_diag *diag)
{
	XLPT_CLEANUP(facts_dispose) struct facts f = { 0 };
	_cleanup_lease_ struct xlpt_lease l = { .fd = -1 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc;

	free(XLPT_TAKE(*why));
	/* When this command is the one that works on the VF, its lease is not over. */
	if (xlpt_locked_device(env, bdf) || xlpt_lock_device(env, &locks, bdf, 0, NULL))
		return 0;
	rc = xlpt_lease_hold(env, bdf, 0, &l, diag);
	if (rc <= 0)
		return rc;
	rc = facts_read(env, &(struct xlpt_leases){ .items = &l, .n = 1 }, &f, diag);
	if (rc == 0)
		rc = judge(env, &f, &l, why, diag);
	if (rc || !*why)
		return rc;
	rc = xlpt_gone_take(env, bdf, xlpt_warn, NULL, diag);
	return rc ? rc : xlpt_lease_return(env, &l, diag);
}

static void add_return(struct xlpt_returns *out, const struct xlpt_lease *l, const char *why)
{
	if (!out)
		return;
	XLPT_GROW(out->items, out->n, out->alloc);
	out->items[out->n++] = (struct xlpt_returned){ .bdf = l->bdf,
						       .pool = xlpt_xstrdup(l->pool),
						       .guest = xlpt_xstrdup(l->guest),
						       .why = xlpt_xstrdup(why) };
}

/* Updates a lease whose guest came back with another number or name, or has arrived at last. */
static int follow(struct xlpt_env *env, const struct facts *f, const struct xlpt_lease *l,
		  struct xlpt_diag *diag)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&f->owners, l->bdf);
	const struct xlpt_guest *guest = xlpt_lease_guest(l, f->guests, f->n_guests);
	_cleanup_lease_ struct xlpt_lease held = { 0 };
	char before[XLPT_LEASE_RECORD], after[XLPT_LEASE_RECORD];
	int rc;

	if (!owner || !guest || owner->domid != guest->domid || guest->dying ||
	    (l->domid == guest->domid && !l->until && !strcmp(l->boot, f->boot) &&
	     !strcmp(l->guest, guest->name)))
		return 0;
	rc = xlpt_lease_hold(env, l->bdf, 0, &held, diag);
	if (rc <= 0)
		return rc;
	/* It may have become another guest's lease before it was locked. */
	if (strcmp(held.uuid, l->uuid) != 0)
		return 0;
	xlpt_lease_format(&held, before);
	held.domid = guest->domid;
	held.until = 0;
	free(held.guest);
	held.guest = xlpt_xstrdup(guest->name);
	snprintf(held.boot, sizeof(held.boot), "%s", f->boot);
	/* Compared as records: a record cuts and changes names, which is no difference. */
	xlpt_lease_format(&held, after);
	return memcmp(before, after, sizeof(before)) ? xlpt_lease_update(env, &held, diag) : 0;
}

/* act: gives back the leases that are over, and brings the others up to date. */
static int walk(struct xlpt_env *env, bool act, struct xlpt_returns *out, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	XLPT_CLEANUP(facts_dispose) struct facts f = { 0 };
	int rc = xlpt_leases_read(env, &leases, diag);

	if (rc == 0 && act)
		rc = xlpt_restarts_look(env, diag);
	if (rc == 0 && leases.n)
		rc = facts_read(env, &leases, &f, diag);
	for (size_t i = 0; rc == 0 && i < leases.n; i++) {
		const struct xlpt_lease *l = &leases.items[i];
		_cleanup_free_ char *why = NULL;

		if (l->busy)
			continue;
		rc = judge(env, &f, l, &why, diag);
		if (rc == 0 && !why && act)
			rc = follow(env, &f, l, diag);
		if (rc == 0 && why && act)
			rc = xlpt_lease_end_over(env, l->bdf, &why, diag);
		if (rc == 0 && why)
			add_return(out, l, why);
	}
	return rc;
}

int xlpt_leases_over(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag)
{
	return walk(env, false, out, diag);
}

int xlpt_leases_reconcile(struct xlpt_env *env, struct xlpt_returns *out, struct xlpt_diag *diag)
{
	xlpt_leases_sweep(env);
	return walk(env, !env->dry_run, out, diag);
}

static int cmp_bdf(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

void xlpt_leases_forget(struct xlpt_leases *leases, const struct xlpt_returns *returned)
{
	_cleanup_free_ struct xlpt_bdf *over = xlpt_xcalloc(returned->n + 1, sizeof(*over));
	size_t kept = 0;

	/* A captured tree may bring as many as there are addresses. */
	for (size_t k = 0; k < returned->n; k++)
		over[k] = returned->items[k].bdf;
	qsort(over, returned->n, sizeof(*over), cmp_bdf);
	for (size_t i = 0; i < leases->n; i++) {
		if (bsearch(&leases->items[i].bdf, over, returned->n, sizeof(*over), cmp_bdf))
			xlpt_lease_dispose(&leases->items[i]);
		else
			leases->items[kept++] = leases->items[i];
	}
	leases->n = kept;
}

static int mark(struct xlpt_env *env, struct xlpt_leases *leases, struct xlpt_diag *diag)
{
	_cleanup_knowns_ struct xlpt_knowns all = { 0 };
	int rc = xlpt_restarts_read(env, leases, &all, diag);

	xlpt_restarts_mark(&all, leases);
	return rc;
}

int xlpt_leases_current(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	int rc = env->dry_run && env->ts && env->store ? xlpt_leases_reconcile(env, &returned, diag)
						       : 0;

	*out = (struct xlpt_leases){ 0 };
	if (rc == 0)
		rc = xlpt_leases_read(env, out, diag);
	xlpt_leases_forget(out, &returned);
	return rc ? rc : mark(env, out, diag);
}

int xlpt_keepers_read(struct xlpt_env *env, struct xlpt_keepers *out, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(facts_dispose) struct facts f = { 0 };
	_cleanup_returns_ struct xlpt_returns over = { 0 };
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	int rc;

	*out = (struct xlpt_keepers){ 0 };
	if (!env->store || !env->ts)
		return 0;
	rc = xlpt_leases_read(env, &out->leases, &own);
	if (rc && own.sys_errno == EACCES)
		return 0;
	if (rc)
		xlpt_diag_move(diag, &own);
	if (rc == 0)
		rc = facts_read(env, &out->leases, &f, diag);
	for (size_t i = 0; rc == 0 && i < out->leases.n; i++) {
		const struct xlpt_lease *l = &out->leases.items[i];
		_cleanup_free_ char *why = NULL;

		rc = l->busy ? 0 : judge(env, &f, l, &why, diag);
		if (rc == 0 && why)
			add_return(&over, l, why);
	}
	xlpt_leases_forget(&out->leases, &over);
	xlpt_restarts_mark(&f.known, &out->leases);
	out->known = f.known;
	f.known = (struct xlpt_knowns){ 0 };
	return rc;
}

int xlpt_leases_tidy(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	_cleanup_strv_ char **names = NULL;
	int rc;

	if (env->dry_run)
		return 0;
	if (xlpt_host_list(env->host, &names, XLPT_LEASES_DIR) || !*names)
		return xlpt_restarts_look(env, diag);
	rc = xlpt_leases_reconcile(env, &returned, diag);
	for (size_t i = 0; i < returned.n; i++)
		xlpt_verbose(env, "gave %s back to pool %s: %s",
			     XLPT_BDF_STR(returned.items[i].bdf), returned.items[i].pool,
			     returned.items[i].why);
	return rc;
}
