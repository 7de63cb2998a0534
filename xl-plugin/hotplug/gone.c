/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domains that are gone left behind, and taking it out. */
#include "xl-plugin/hotplug/gone.h"

#include <errno.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/locks.h"

#define KERNEL_MS 2000
/* It resets one device after the other, each takes a tenth of a second or more. */
#define IDLE_MS 10000

/*
 * xen-pciback ends a guest's export when it sees that the backend is gone from xenstore, a moment
 * after the toolstack removed it. Until then it exports the device to nobody else ("already
 * in-use").
 */
bool xlpt_gone_kernel(struct xlpt_env *env, int64_t domid)
{
	int64_t deadline = xlpt_now(env->clock) + KERNEL_MS;

	while (domid >= 0 &&
	       xlpt_host_has(env->host, "/sys/devices/pci-%lld-0", (long long)domid)) {
		if (xlpt_now(env->clock) >= deadline)
			return false;
		env->clock->sleep_ms(env->clock, 20);
	}
	return true;
}

/* Of the kernel's backends: its nodes are gone, and it is still there. */
static bool works_on(struct xlpt_env *env, const char *name)
{
	unsigned domid, state;
	int end = 0;

	return sscanf(name, "pci-%u-0%n", &domid, &end) == 1 && end && !name[end] &&
	       xlpt_store_read_uint(env->store, 0, &state, "/local/domain/0/backend/pci/%u/0/state",
				    domid) == -ENOENT;
}

bool xlpt_gone_kernel_idle(struct xlpt_env *env)
{
	int64_t deadline = xlpt_now(env->clock) + IDLE_MS;
	bool busy;

	do {
		_cleanup_strv_ char **names = NULL;

		busy = false;
		if (xlpt_host_list(env->host, &names, "/sys/devices") < 0)
			return true;
		for (size_t i = 0; names[i]; i++)
			busy |= works_on(env, names[i]);
		if (busy)
			env->clock->sleep_ms(env->clock, 20);
	} while (busy && xlpt_now(env->clock) < deadline);
	if (busy)
		xlpt_verbose(env, "xen-pciback still works on a backend that is gone");
	return !busy;
}

bool xlpt_gone_exports(struct xlpt_env *env)
{
	static const char root[] = "/local/domain/0/backend/pci";
	_cleanup_strv_ char **ids = NULL;
	unsigned state;

	if (env->store->ops->list(env->store, 0, root, &ids) < 0)
		return false;
	for (size_t i = 0; ids[i]; i++)
		if (xlpt_store_read_uint(env->store, 0, &state, "%s/%s/0/state", root, ids[i]) ==
			    0 &&
		    state == XLPT_XBS_RECONFIGURING)
			return true;
	return false;
}

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
	/*
	 * The note first: without the entry, nothing would tell a later command that the note is
	 * old.
	 */
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

/*
 * Takes all that a domain left: xen-pciback lets go of its devices only when the whole backend is
 * gone.
 */
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

/*
 * Only libxl's note is left, of a domain that is gone: a tool was killed while it gave the device
 * away.
 */
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
		/* Whoever works on the device takes this back himself. */
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
	/* The mates of a set that is divided are not locked, and not needed. */
	for (size_t i = 0; i < op->n_mates; i++)
		if (!op->mates[i].divided)
			bdfs[n++] = op->mates[i].bdf;
	return xlpt_gone_clear(op->env, &op->owners, bdfs, n,
			       op->has_guest ? (int64_t)op->guest.domid : -1, op->timeout_ms, diag);
}
