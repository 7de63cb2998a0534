/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contradictions that no journal explains: another tool was killed, or a guest
 * died with libxl looking away. What xl has under way may look the same for a
 * moment, so everything is looked at twice, the second time under our locks.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/repair.h"

static bool half_out(const struct xlpt_owner *o)
{
	return o->lost || (o->type == XLPT_GUEST_PV && o->dev.state == XLPT_XBS_CLOSING);
}

/* A removal that another tool has under way looks the same until it ends: let it end, look again. */
static bool still_half_out(struct xlpt_env *env, const struct xlpt_owner *o)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	const struct xlpt_owner *now;

	if (o->type == XLPT_GUEST_PV &&
	    env->ts->ops->guest_by_id(env->ts, o->domid, &guest, NULL) == 0)
		xlpt_wait_settled(env, &guest, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	if (xlpt_owners_read(env, &owners, NULL))
		return false;
	now = xlpt_owners_find(&owners, o->bdf);
	return now && now->domid == o->domid && half_out(now);
}

static int repair_left(struct xlpt_env *env, const struct xlpt_owner *o, size_t *found,
		       struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct xlpt_bdf bdf = o->bdf;
	int rc = env->dry_run ? 0 : xlpt_lock_all(env, &locks, NULL, &bdf, 1, diag);

	return rc ? rc : xlpt_gone_take(env, bdf, xlpt_say, found, diag);
}

static int repair_owner(struct xlpt_env *env, const struct xlpt_owner *o, size_t *found,
			struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	const char *bdf = XLPT_BDF_STR(o->bdf);
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	bool stuck = o->type == XLPT_GUEST_PV &&
		     (o->be_state != XLPT_XBS_CONNECTED || o->fe_state != XLPT_XBS_CONNECTED);
	int rc = 0;

	if (!half_out(o))
		return 0;
	(*found)++;
	if (env->dry_run) {
		xlpt_say(env, "would take %s from %s", bdf, o->guest);
		return 0;
	}
	rc = xlpt_lock_guest(env, &locks, o->domid, deadline, diag);
	if (rc == 0)
		rc = xlpt_lock_device(env, &locks, o->bdf, deadline, diag);
	if (rc == 0 && !still_half_out(env, o))
		return 0;
	/* By force: the hypervisor has it no more, and the guest has let go of it already. */
	if (rc == 0)
		rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, o->domid, o->bdf, true,
					 XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0)
		xlpt_say(env, "%s was left half-way on its way out of a guest: taken back", bdf);
	/*
	 * Taken away while the guest's driver was still probing it: the thread that
	 * serves the guest's xenbus waits for that driver for ever.
	 */
	if (rc == 0 && stuck)
		xlpt_warn(env,
			  "%s did not answer and takes no further PCI device until it restarts: "
			  "xl reboot %s",
			  o->guest, XLPT_WORD(o->guest));
	return rc;
}

/* ---- backends without devices, and with books that do not add up ---- */

static int repair_backend(struct xlpt_env *env, uint32_t domid, size_t *found,
			  struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	bool changed = false;
	int rc = xlpt_pcibe_read(env->store, domid, &be, diag);

	if (rc || !be.exists || (be.n && be.consistent))
		return rc;
	(*found)++;
	if (env->dry_run) {
		xlpt_say(env,
			 be.n ? "would mend num_devs of domain %u's PCI backend"
			      : "would remove the empty PCI backend of domain %u",
			 domid);
		return 0;
	}
	rc = xlpt_lock_all(env, &locks, &domid, NULL, 0, diag);
	xlpt_pcibe_dispose(&be);
	if (rc == 0)
		rc = xlpt_pcibe_read(env->store, domid, &be, diag);
	if (rc == 0 && be.exists)
		rc = be.n ? xlpt_pcibe_mend(env->store, domid, &changed, diag)
			  : xlpt_clear_empty(env, domid, &changed, diag);
	if (rc == 0 && changed)
		xlpt_say(env,
			 be.n ? "mended num_devs of domain %u's PCI backend"
			      : "removed the empty PCI backend of domain %u",
			 domid);
	return rc;
}

static int repair_backends(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_free_ uint32_t *domids = NULL;
	size_t n = 0;
	int rc = xlpt_pcibe_domids(env->store, &domids, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = repair_backend(env, domids[i], found, diag);
	return rc;
}

/* ---- the hypervisor or libxl's note says a guest has it, and no backend does ---- */

struct unnamed {
	bool assigned;
	int64_t noted; /* domid in libxl's note, -1 = none */
};

static int look_unnamed(struct xlpt_env *env, struct xlpt_bdf bdf, struct unnamed *u,
			struct xlpt_diag *diag)
{
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	uint32_t domid;
	int rc = xlpt_pcibe_owner(env->store, bdf, &domid, diag);

	*u = (struct unnamed){ .noted = -1 };
	if (rc)
		return rc < 0 ? rc : 0;
	rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	u->noted = note.domid;
	return rc ? rc : env->ts->ops->hyp_assigned(env->ts, bdf, &u->assigned, diag);
}

/*
 * Xen does not tell whose a device is. A device model says whether it holds it;
 * for the others, Xen takes a device from a domain only if it is that domain's
 * (xen/drivers/passthrough/pci.c, deassign_device).
 */
static int find_holder(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t *domid,
		       struct xlpt_diag *diag)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = env->ts->ops->guest_list(env->ts, &guests, &n, diag);

	*domid = -1;
	for (size_t i = 0; rc == 0 && i < n && *domid < 0; i++) {
		bool has = false;

		if (guests[i].type == XLPT_GUEST_HVM &&
		    env->ts->ops->dm_has(env->ts, guests[i].domid, bdf, &has, NULL) == 0 && has)
			*domid = guests[i].domid;
	}
	for (size_t i = 0; rc == 0 && i < n && *domid < 0; i++) {
		bool assigned = true;

		rc = env->ts->ops->revoke(env->ts, guests[i].domid, bdf, NULL, 0, 0, diag);
		if (rc == 0)
			rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
		if (rc == 0 && !assigned)
			*domid = guests[i].domid;
	}
	xlpt_guests_free(guests, n);
	return rc;
}

static int mend_unnamed(struct xlpt_env *env, struct xlpt_bdf bdf, const struct unnamed *u,
			struct xlpt_diag *diag)
{
	int64_t domid = u->noted;
	int rc = 0;

	if (u->assigned && domid < 0)
		rc = find_holder(env, bdf, &domid, diag);
	if (rc == 0 && domid >= 0)
		rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, (uint32_t)domid, bdf, true,
					 XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0 && domid < 0) {
		rc = xlpt_diag_set(diag, XLPT_ERR_LEFT,
				   "the hypervisor has %s assigned, and it is no "
				   "running guest's",
				   XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "no domain gave it back when asked");
		xlpt_diag_hint(diag, "xl debug-keys Q; xl dmesg shows whose it is");
	}
	if (rc == 0)
		xlpt_say(env,
			 u->assigned
				 ? "%s was with domain %lld in the hypervisor only: taken back"
				 : "%s was noted as domain %lld's, wrongly: the note is removed",
			 XLPT_BDF_STR(bdf), (long long)domid);
	return rc;
}

static int repair_unnamed(struct xlpt_env *env, struct xlpt_bdf bdf, size_t *found, bool *waited,
			  struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct unnamed u;
	uint32_t domid;
	int rc = look_unnamed(env, bdf, &u, diag);

	if (rc || (!u.assigned && u.noted < 0))
		return rc;
	/* One such wait is enough for all: whatever was under way then has ended by now. */
	if (!*waited)
		env->clock->sleep_ms(env->clock, XLPT_UNDER_WAY_MS);
	*waited = true;
	domid = (uint32_t)u.noted;
	if (!env->dry_run)
		rc = xlpt_lock_all(env, &locks, u.noted >= 0 ? &domid : NULL, &bdf, 1, diag);
	if (rc == 0)
		rc = look_unnamed(env, bdf, &u, diag);
	if (rc || (!u.assigned && u.noted < 0))
		return rc;
	/* The note came meanwhile, and with it a guest whose lock we do not have. */
	if (u.noted >= 0 && (uint32_t)u.noted != domid)
		return 0;
	(*found)++;
	if (env->dry_run) {
		xlpt_say(env,
			 u.assigned
				 ? "would take %s from the guest that has it in the hypervisor only"
				 : "would remove libxl's wrong note of %s's owner",
			 XLPT_BDF_STR(bdf));
		return 0;
	}
	return mend_unnamed(env, bdf, &u, diag);
}

static int repair_all_unnamed(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	bool waited = false;
	int rc = xlpt_scan_all(env->host, 0, NULL, &devs, diag);

	/* Whatever a guest was given came from pciback. */
	for (size_t i = 0; rc == 0 && i < devs.n; i++)
		if (xlpt_streq(devs.items[i].driver, "pciback"))
			rc = repair_unnamed(env, devs.items[i].bdf, found, &waited, diag);
	return rc;
}

/* Another domain that is gone left the same device: both entries went together. */
static bool left_before(const struct xlpt_owners *owners, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!owners->items[k].guest &&
		    xlpt_bdf_eq(owners->items[k].bdf, owners->items[i].bdf))
			return true;
	return false;
}

int xlpt_repair_facts(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int64_t since = xlpt_now(env->clock);
	int rc = xlpt_owners_read(env, &owners, diag);

	if (rc == 0 && !env->dry_run)
		xlpt_budget_look(env, &owners, since);
	for (size_t i = 0; rc == 0 && i < owners.n; i++) {
		const struct xlpt_owner *o = &owners.items[i];

		if (!o->guest)
			rc = left_before(&owners, i) ? 0 : repair_left(env, o, found, diag);
		else if (o->shut_down)
			xlpt_say(env,
				 "%s (domain %u) has shut down, was not destroyed and keeps %s: "
				 "xl destroy %s",
				 o->guest, o->domid, XLPT_BDF_STR(o->bdf), XLPT_WORD(o->guest));
		else
			rc = repair_owner(env, o, found, diag);
	}
	if (rc == 0)
		rc = repair_backends(env, found, diag);
	return rc ? rc : repair_all_unnamed(env, found, diag);
}
