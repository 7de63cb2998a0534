/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending what was cut short. The journal says what was meant and where the
 * device came from; what is done follows from the facts as they are now: an
 * attach that the guest has taken is kept, any other is taken back; a detach is
 * brought to its end; a hide is taken back, an unhide brought to its end.
 */
#include <string.h>

#include "pciback/bind.h"
#include "xl-plugin/op.h"
#include "xl-plugin/output.h"

/* The same guest, not another one with its number. */
static bool guest_alive(struct xlpt_env *env, const struct xlpt_guest *want, struct xlpt_guest *now)
{
	return env->ts->ops->guest_by_id(env->ts, want->domid, now, NULL) == 0 &&
	       (!*want->uuid || !strcmp(want->uuid, now->uuid));
}

static bool complete(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	const struct xlpt_owner *o;
	bool assigned = false, has = true;

	if (xlpt_owners_read(env, &owners, NULL))
		return false;
	o = xlpt_owners_find(&owners, bdf);
	if (!o || o->domid != domid || !xlpt_owner_complete(o))
		return false;
	if (o->type == XLPT_GUEST_HVM && (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL) || !has))
		return false;
	return env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) == 0 && assigned;
}

/*
 * What the journal meant is over: the device was unplugged, another guest has
 * it by now, or another guest has the number of the one it was for.
 */
static bool moot(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 }, other = { 0 };
	uint32_t domid;

	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(bdf))) {
		xlpt_say(env, "%s is not there any more: nothing to mend", XLPT_BDF_STR(bdf));
		return true;
	}
	if (xlpt_pcibe_owner(env->store, bdf, &domid, NULL) > 0 &&
	    (!j->guest.name || domid != j->guest.domid)) {
		xlpt_say(env, "%s is with domain %u by now: left there", XLPT_BDF_STR(bdf), domid);
		return true;
	}
	if (j->guest.name && !guest_alive(env, &j->guest, &now) &&
	    env->ts->ops->guest_by_id(env->ts, j->guest.domid, &other, NULL) == 0) {
		xlpt_say(env, "domain %u is %s by now, not %s: nothing to mend", j->guest.domid,
			 other.name, j->guest.name);
		return true;
	}
	return false;
}

static int back_to_dom0(struct xlpt_env *env, const struct xlpt_journal_dev *d,
			struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL;
	int rc = xlpt_give_back(env, d->bdf, d->origin_known, d->origin, &driver, diag);

	if (rc == 0)
		xlpt_say(env, "%s is back with %s", XLPT_BDF_STR(d->bdf),
			 driver ? driver : "dom0, without a driver");
	return rc;
}

static int repair_attach(struct xlpt_env *env, struct xlpt_journal *j,
			 const struct xlpt_journal_dev *d, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	bool alive = guest_alive(env, &j->guest, &now);
	struct xlpt_bdf vdev;
	int rc;

	/* A connection under way is let come to its end: taken back now it would wedge the guest. */
	if (alive && now.type == XLPT_GUEST_PV)
		xlpt_wait_connected(env, &now, d->bdf, XLPT_GUEST_TIMEOUT_MS / 4, &vdev, NULL);
	if (alive && complete(env, j->guest.domid, d->bdf)) {
		xlpt_say(env, "%s is attached to %s: kept", bdf, j->guest.name);
		return 0;
	}
	rc = xlpt_release(env, j->guest.domid, d->bdf, false, XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is not with %s: the attach is taken back", bdf, j->guest.name);
	return d->hide ? back_to_dom0(env, d, diag) : 0;
}

static int repair_detach(struct xlpt_env *env, struct xlpt_journal *j,
			 const struct xlpt_journal_dev *d, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	int rc;

	if (guest_alive(env, &j->guest, &now) && now.type == XLPT_GUEST_PV)
		xlpt_wait_settled(env, &now, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	rc = xlpt_release(env, j->guest.domid, d->bdf, false, XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is detached from %s", bdf, j->guest.name);
	return d->hide ? back_to_dom0(env, d, diag) : 0;
}

int xlpt_repair_one(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	int rc = 0;

	xlpt_say(env, "mending an interrupted %s%s%s, left at: %s", j->op,
		 j->guest.name ? " for guest " : "", j->guest.name ? j->guest.name : "",
		 j->last ? j->last : "its beginning");
	for (size_t i = 0; rc == 0 && i < j->n; i++) {
		if (moot(env, j, j->devs[i].bdf))
			continue;
		if (!strcmp(j->op, "attach"))
			rc = repair_attach(env, j, &j->devs[i], diag);
		else if (!strcmp(j->op, "detach"))
			rc = repair_detach(env, j, &j->devs[i], diag);
		else if (!strcmp(j->op, "unhide") || j->devs[i].hide)
			rc = back_to_dom0(env, &j->devs[i], diag);
	}
	if (rc) {
		xlpt_diag_wrap(diag, "cannot mend the interrupted %s", j->op);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_journal_end(env, j);
	return 0;
}

/* Locks as the operation itself would have. */
static int lock_journal(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_locks *locks,
			struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	int rc = 0;

	if (j->guest.name)
		rc = xlpt_lock_guest(env, locks, j->guest.domid, deadline, diag);
	for (size_t i = 0; rc == 0 && i < j->n; i++)
		rc = xlpt_lock_device(env, locks, j->devs[i].bdf, deadline, diag);
	return rc;
}

/*
 * Contradictions that no journal explains: another tool was killed, or a guest
 * died with libxl looking away.
 */
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

	if (o->guest && o->type == XLPT_GUEST_PV &&
	    env->ts->ops->guest_by_id(env->ts, o->domid, &guest, NULL) == 0)
		xlpt_wait_settled(env, &guest, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	if (xlpt_owners_read(env, &owners, NULL))
		return false;
	now = xlpt_owners_find(&owners, o->bdf);
	return now && now->domid == o->domid && (!now->guest || half_out(now));
}

static int repair_owner(struct xlpt_env *env, const struct xlpt_owner *o, size_t *found,
			struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	const char *bdf = XLPT_BDF_STR(o->bdf);
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	bool stuck = o->type == XLPT_GUEST_PV && (o->be_state != XLPT_XBS_CONNECTED ||
						  o->fe_state != XLPT_XBS_CONNECTED);
	int rc = 0;

	if (o->guest && !half_out(o))
		return 0;
	(*found)++;
	if (env->dry_run) {
		xlpt_say(env, "would take %s from %s", bdf,
			 o->guest ? o->guest : "a domain that is gone");
		return 0;
	}
	rc = xlpt_lock_guest(env, &locks, o->domid, deadline, diag);
	if (rc == 0)
		rc = xlpt_lock_device(env, &locks, o->bdf, deadline, diag);
	if (rc == 0 && !still_half_out(env, o))
		return 0;
	/* By force: the hypervisor has it no more, or the guest has let go of it already. */
	if (rc == 0)
		rc = xlpt_release(env, o->domid, o->bdf, true, XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0)
		xlpt_say(env, "%s was left %s: taken back", bdf,
			 o->guest ? "half-way on its way out of a guest" : "by a domain that is gone");
	/*
	 * Taken away while the guest's driver was still probing it: the thread that
	 * serves the guest's xenbus waits for that driver for ever.
	 */
	if (rc == 0 && o->guest && stuck)
		xlpt_warn(env, "%s did not answer and takes no further PCI device until it restarts: "
			       "xl reboot %s", o->guest, o->guest);
	return rc;
}

static int repair_empty(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_free_ uint32_t *domids = NULL;
	size_t n = 0;
	int rc = xlpt_pcibe_domids(env->store, &domids, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_locks_ struct xlpt_locks locks = { 0 };
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
		bool cleared = false;

		rc = xlpt_pcibe_read(env->store, domids[i], &be, diag);
		if (rc || !be.exists || be.n)
			continue;
		(*found)++;
		if (env->dry_run) {
			xlpt_say(env, "would remove the empty PCI backend of domain %u", domids[i]);
			continue;
		}
		rc = xlpt_lock_guest(env, &locks, domids[i],
				     xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
		if (rc == 0)
			rc = xlpt_clear_empty(env, domids[i], &cleared, diag);
		if (rc == 0 && cleared)
			xlpt_say(env, "removed the empty PCI backend of domain %u", domids[i]);
	}
	return rc;
}

int xlpt_op_repair(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	struct xlpt_journal *js = NULL;
	size_t n = 0, found = 0;
	int rc;

	rc = xlpt_journal_interrupted(env, &js, &n, diag);
	found = n;
	for (size_t i = 0; i < n; i++) {
		_cleanup_locks_ struct xlpt_locks locks = { 0 };

		if (rc == 0 && env->dry_run)
			xlpt_say(env, "would mend an interrupted %s of %s, left at: %s", js[i].op,
				 js[i].n ? XLPT_BDF_STR(js[i].devs[0].bdf) : "nothing",
				 js[i].last ? js[i].last : "its beginning");
		else if (rc == 0)
			rc = lock_journal(env, &js[i], &locks, diag);
		if (rc == 0 && !env->dry_run)
			rc = xlpt_repair_one(env, &js[i], diag);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	if (rc == 0)
		rc = xlpt_owners_read(env, &owners, diag);
	for (size_t i = 0; rc == 0 && i < owners.n; i++)
		rc = repair_owner(env, &owners.items[i], &found, diag);
	if (rc == 0)
		rc = repair_empty(env, &found, diag);
	if (rc == 0 && env->json) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "mended", json_object_new_int64((int64_t)(env->dry_run ? 0 : found)));
		xlpt_json_add(root, "found", json_object_new_int64((int64_t)found));
		xlpt_print_json(env, root);
	} else if (rc == 0 && !found) {
		xlpt_say(env, "nothing to mend");
	}
	return rc;
}
