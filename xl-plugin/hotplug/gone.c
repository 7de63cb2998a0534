/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/hotplug/gone.h"

#include <string.h>

#include "core/findings.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/locks.h"

#define LOOK_MS	  200
#define KERNEL_MS 2000

/*
 * xen-pciback ends a guest's export when it sees that the backend is gone from
 * xenstore, a moment after the toolstack removed it; until then it exports the
 * device to nobody else ("already in-use").
 */
bool xlpt_gone_kernel(struct xlpt_env *env, int64_t domid)
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

/* ---- domains on their way out ---- */

/* Stopped for a save it is dying by name only. */
static bool leaving(const struct xlpt_guest *g)
{
	return g->dying && !g->suspended;
}

/* The hypervisor has a device that no backend names: a domain that it takes apart may be the one. */
static bool taken_apart(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t own,
			struct xlpt_guest *who)
{
	struct xlpt_guest *guests = NULL;
	bool assigned = false;
	size_t n = 0, i = 0;

	if (env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) || !assigned ||
	    env->ts->ops->guest_list(env->ts, &guests, &n, NULL))
		return false;
	while (i < n && !(leaving(&guests[i]) && !guests[i].shut_down && guests[i].domid != own))
		i++;
	if (i < n)
		xlpt_guest_copy(who, &guests[i]);
	xlpt_guests_free(guests, n);
	return i < n;
}

struct wanted {
	const struct xlpt_bdf *bdfs;
	size_t n;
	int64_t own;
};

/* 1 and *who when a domain on its way out has one of them. */
static int look_devices(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
			struct xlpt_diag *diag)
{
	const struct wanted *w = arg;
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = xlpt_owners_read(env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < w->n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(&owners, w->bdfs[i]);

		if (o && o->guest && o->dying && o->domid != w->own) {
			*who = (struct xlpt_guest){ .domid = o->domid,
						    .shut_down = o->shut_down,
						    .name = xlpt_xstrdup(o->guest) };
			return 1;
		}
		if ((!o || !o->guest) && taken_apart(env, w->bdfs[i], w->own, who))
			return 1;
	}
	return rc;
}

struct named {
	const char *name, *uuid;
};

static int look_guest(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
		      struct xlpt_diag *diag)
{
	const struct named *want = arg;
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (leaving(&guests[i]) && (!strcmp(guests[i].name, want->name) ||
					    (*want->uuid && !strcmp(guests[i].uuid, want->uuid)))) {
			xlpt_guest_copy(who, &guests[i]);
			rc = 1;
		}
	xlpt_guests_free(guests, n);
	return rc;
}

/* One that has shut down is nobody's to wait for here: a hook must not wait for it each time. */
static int look_all(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
		    struct xlpt_diag *diag)
{
	const struct xlpt_leases *leases = arg;
	_cleanup_free_ uint32_t *domids = NULL;
	struct xlpt_guest *guests = NULL;
	size_t n = 0, n_ids = 0;
	int rc = xlpt_pcibe_domids(env->store, &domids, &n_ids, diag);

	if (rc == 0)
		rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool ours = false;

		for (size_t k = 0; k < n_ids; k++)
			ours |= domids[k] == guests[i].domid;
		for (size_t k = 0; k < leases->n; k++)
			ours |= leases->items[k].domid == guests[i].domid;
		if (ours && leaving(&guests[i]) && !guests[i].shut_down) {
			xlpt_guest_copy(who, &guests[i]);
			rc = 1;
		}
	}
	xlpt_guests_free(guests, n);
	return rc;
}

/* 1: it is still there at the end, *who; 0: nobody is. */
static int wait(struct xlpt_env *env,
		int (*look)(struct xlpt_env *env, const void *arg, struct xlpt_guest *who,
			    struct xlpt_diag *diag),
		const void *arg, int64_t timeout_ms, bool *waited, struct xlpt_guest *who,
		struct xlpt_diag *diag)
{
	int64_t start = xlpt_now(env->clock);

	for (;;) {
		int64_t limit = timeout_ms;
		int rc;

		xlpt_guest_dispose(who);
		rc = look(env, arg, who, diag);
		if (rc > 0 && env->findings)
			xlpt_findings_warn(env->findings, "%s (domain %u) %s; it is waited for",
					   who->name, who->domid,
					   who->shut_down ? "has shut down and was not destroyed"
							  : "is dying");
		if (rc <= 0 || env->dry_run)
			return rc;
		if (who->shut_down && limit > XLPT_SHUT_DOWN_MS)
			limit = XLPT_SHUT_DOWN_MS;
		if (xlpt_now(env->clock) - start >= limit)
			return 1;
		if (!*waited)
			xlpt_warn(env, "waiting for %s (domain %u), which %s", who->name,
				  who->domid,
				  who->shut_down ? "has shut down, to be destroyed"
						 : "is dying, to be gone");
		*waited = true;
		rc = xlpt_check_interrupted(diag);
		if (rc)
			return rc;
		env->clock->sleep_ms(env->clock, LOOK_MS);
	}
}

int xlpt_gone_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, int64_t own,
		   int64_t timeout_ms, bool *waited, struct xlpt_diag *diag)
{
	struct wanted w = { .bdfs = bdfs, .n = n, .own = own };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	int rc;

	*waited = false;
	rc = n ? wait(env, look_devices, &w, timeout_ms, waited, &who, diag) : 0;
	return rc > 0 ? 0 : rc;
}

int xlpt_gone_wait_guest(struct xlpt_env *env, const char *name, const char *uuid,
			 int64_t timeout_ms, struct xlpt_diag *diag)
{
	struct named want = { .name = name, .uuid = uuid };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	bool waited = false;
	int rc = wait(env, look_guest, &want, timeout_ms, &waited, &who, diag);

	if (rc <= 0)
		return rc;
	if (who.shut_down) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "%s (domain %u) has shut down and was not destroyed", who.name,
			      who.domid);
		xlpt_diag_fact(diag, "Xen still has its domain, and its devices with it");
		xlpt_diag_hint(diag, "xl destroy %s", XLPT_WORD(who.name));
	} else {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s (domain %u) is dying and does not end",
			      who.name, who.domid);
		xlpt_diag_fact(diag, "Xen still has its domain");
		xlpt_diag_hint(diag,
			       "run the same command again when xl list no longer shows domain %u",
			       who.domid);
	}
	return XLPT_ERR_IN_USE;
}

int xlpt_gone_wait_all(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_diag *diag)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_guest_ struct xlpt_guest who = { 0 };
	bool waited = false;
	int rc = xlpt_leases_read(env, &leases, diag);

	if (rc == 0)
		rc = wait(env, look_all, &leases, timeout_ms, &waited, &who, diag);
	return rc > 0 ? 0 : rc;
}

/* ---- what the gone ones left ---- */

static int take_entry(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf,
		      xlpt_print_fn print, size_t *taken, struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	const char *text = XLPT_BDF_STR(bdf);
	int rc;

	if (env->dry_run) {
		xlpt_say(env, "would take %s back from domain %u, which is gone", text, domid);
		*taken += 1;
		return 0;
	}
	/* The note first: without the entry nothing would tell a later command that it is stale. */
	rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	if (rc == 0 && note.domid == (int64_t)domid)
		rc = xlpt_pcinote_clear_domid(env->store, bdf, diag);
	if (rc == 0)
		rc = xlpt_pcibe_drop(env->store, domid, bdf, XLPT_XBS_NONE, diag);
	if (rc == XLPT_ERR_NOT_HELD) {
		xlpt_diag_dispose(diag);
		return 0;
	}
	if (rc)
		return rc;
	print(env, "%s was left by domain %u, which is gone: taken back", text, domid);
	*taken += 1;
	return 0;
}

/* All that a domain left: xen-pciback lets go of it with the backend, and of none of it before. */
static int take_all_of(struct xlpt_env *env, const struct xlpt_owners *owners, uint32_t domid,
		       xlpt_print_fn print, size_t *taken, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < owners->n; i++) {
		_cleanup_locks_ struct xlpt_locks locks = { 0 };
		struct xlpt_bdf bdf = owners->items[i].bdf;

		if (owners->items[i].guest || owners->items[i].domid != domid)
			continue;
		if (env->dry_run || xlpt_locked_device(env, bdf) ||
		    xlpt_lock_device(env, &locks, bdf, 0, NULL) == 0)
			rc = take_entry(env, domid, bdf, print, taken, diag);
	}
	if (rc == 0 && !env->dry_run && !xlpt_gone_kernel(env, domid))
		xlpt_verbose(env, "xen-pciback still exports to domain %u", domid);
	return rc;
}

int xlpt_gone_take(struct xlpt_env *env, struct xlpt_bdf bdf, xlpt_print_fn print, size_t *taken,
		   struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	size_t n = 0;
	int rc = xlpt_owners_read(env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < owners.n; i++)
		if (!owners.items[i].guest && xlpt_bdf_eq(owners.items[i].bdf, bdf))
			rc = take_all_of(env, &owners, owners.items[i].domid, print, &n, diag);
	if (taken)
		*taken += n;
	return rc;
}

bool xlpt_gone_noted(struct xlpt_env *env, int64_t domid)
{
	_cleanup_guest_ struct xlpt_guest guest = { 0 };

	return domid >= 0 && env->ts->ops->guest_by_id(env->ts, (uint32_t)domid, &guest, NULL) ==
				     XLPT_ERR_NO_GUEST;
}

/* libxl's note alone, of a domain that is gone: what a tool left that was killed while it gave it away. */
static int take_note(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	const char *text = XLPT_BDF_STR(bdf);
	int rc = xlpt_pcinote_read(env->store, bdf, &note, diag);

	if (rc || !xlpt_gone_noted(env, note.domid))
		return rc;
	if (env->dry_run) {
		xlpt_say(env, "would remove the note that %s is with domain %lld, which is gone",
			 text, (long long)note.domid);
		return 0;
	}
	rc = xlpt_pcinote_clear_domid(env->store, bdf, diag);
	if (rc == 0)
		xlpt_warn(env, "%s was noted as domain %lld's, which is gone: the note is removed",
			  text, (long long)note.domid);
	return rc;
}

int xlpt_gone_sweep(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = env->sysroot ? 0 : xlpt_owners_read(env, &owners, diag);

	for (size_t i = 0; rc == 0 && i < owners.n; i++) {
		_cleanup_locks_ struct xlpt_locks locks = { 0 };
		struct xlpt_bdf bdf = owners.items[i].bdf;
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= !owners.items[k].guest && xlpt_bdf_eq(owners.items[k].bdf, bdf);
		if (owners.items[i].guest || again)
			continue;
		/* Who works on it takes this back himself. */
		if (!env->dry_run &&
		    (xlpt_locked_device(env, bdf) || xlpt_lock_device(env, &locks, bdf, 0, NULL)))
			continue;
		rc = xlpt_gone_take(env, bdf, xlpt_warn, NULL, diag);
	}
	return rc;
}

static void forget_entries(struct xlpt_owners *owners, struct xlpt_bdf bdf)
{
	size_t kept = 0;

	for (size_t i = 0; i < owners->n; i++) {
		if (owners->items[i].guest || !xlpt_bdf_eq(owners->items[i].bdf, bdf))
			owners->items[kept++] = owners->items[i];
	}
	owners->n = kept;
}

int xlpt_gone_clear(struct xlpt_env *env, struct xlpt_owners *owners, const struct xlpt_bdf *bdfs,
		    size_t n, int64_t own, int64_t timeout_ms, struct xlpt_diag *diag)
{
	bool waited;
	int rc = xlpt_gone_wait(env, bdfs, n, own, timeout_ms, &waited, diag);

	if (rc == 0 && waited) {
		xlpt_owners_dispose(owners);
		rc = xlpt_owners_read(env, owners, diag);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool left = false;

		for (size_t k = 0; k < owners->n; k++)
			left |= !owners->items[k].guest &&
				xlpt_bdf_eq(owners->items[k].bdf, bdfs[i]);
		if (left)
			rc = xlpt_gone_take(env, bdfs[i], xlpt_warn, NULL, diag);
		if (rc == 0 && left)
			forget_entries(owners, bdfs[i]);
		if (rc == 0 && !left && !xlpt_owners_find(owners, bdfs[i]))
			rc = take_note(env, bdfs[i], diag);
	}
	return rc;
}

int xlpt_gone_prepare(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(op->n + op->n_mates + 1, sizeof(*bdfs));
	size_t n = 0;

	while (n < op->n) {
		bdfs[n] = op->items[n].spec.bdf;
		n++;
	}
	/* Those of a set that is divided are not locked, and not wanted. */
	for (size_t i = 0; i < op->n_mates; i++)
		if (!op->mates[i].divided)
			bdfs[n++] = op->mates[i].bdf;
	return xlpt_gone_clear(op->env, &op->owners, bdfs, n,
			       op->has_guest ? (int64_t)op->guest.domid : -1, op->timeout_ms, diag);
}
