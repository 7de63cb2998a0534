/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending what was cut short. The journal says what was meant and where the
 * device came from; what is done follows from the facts as they are now: an
 * attach that the guest has taken is kept, any other is taken back; a detach is
 * brought to its end; a hide is taken back, an unhide brought to its end.
 */
#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/vf/vf.h"

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
	/* libxl writes where QEMU has put it last of all: killed before, it has not ended its add. */
	if (o->type == XLPT_GUEST_HVM && o->dev.vdevfn < 0)
		return false;
	if (o->type == XLPT_GUEST_HVM &&
	    (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL) || !has))
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
	if (xlpt_owner_now(env, bdf, &domid, NULL) > 0 &&
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

static int repair_attach(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_journal_dev *d,
			 struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	bool alive = guest_alive(env, &j->guest, &now);
	struct xlpt_bdf vdev;
	int rc;

	/* A connection under way is let come to its end: taken back now it would wedge the guest. */
	if (alive && now.type == XLPT_GUEST_PV && !j->undoing)
		xlpt_wait_connected(env, &now, d->bdf, NULL, XLPT_GUEST_TIMEOUT_MS / 4, &vdev,
				    NULL);
	/* An attach that was being taken back is not kept, whatever of it still stands. */
	if (alive && !j->undoing && complete(env, j->guest.domid, d->bdf)) {
		xlpt_say(env, "%s is attached to %s: kept", bdf, j->guest.name);
		return 0;
	}
	rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, j->guest.domid, d->bdf, false,
				 XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = xlpt_vf_restore(env, d->bdf, diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is not with %s: the attach is taken back", bdf, j->guest.name);
	free(XLPT_TAKE(d->spec)); /* nor does its configuration get it */
	return d->hide ? back_to_dom0(env, d, diag) : 0;
}

/* A next attach must not come before the guest has let go of the frontend it had. */
static void wait_ports(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *text;
	uint64_t port;

	for (size_t i = 0; (text = xlpt_journal_get(j, "port", i)); i++)
		if (xlpt_parse_uint(text, strlen(text), 10, UINT32_MAX, &port))
			xlpt_wait_port_closed(env, j->guest.domid, (unsigned)port,
					      XLPT_PORT_TIMEOUT_MS);
}

static int repair_detach(struct xlpt_env *env, struct xlpt_journal *j,
			 const struct xlpt_journal_dev *d, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	int rc;

	if (guest_alive(env, &j->guest, &now) && now.type == XLPT_GUEST_PV)
		xlpt_wait_settled(env, &now, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	rc = xlpt_budget_release(env, XLPT_LEDGER_REPAIR, j->guest.domid, d->bdf, false,
				 XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = xlpt_vf_restore(env, d->bdf, diag);
	if (rc)
		return rc;
	if (now.name)
		wait_ports(env, j);
	xlpt_say(env, "%s is detached from %s", bdf, j->guest.name);
	return d->hide ? back_to_dom0(env, d, diag) : 0;
}

/*
 * When a start was begun its guest had no number. xl goes on when xlpt is killed:
 * the guest may be there by now, and is then left to run with what it has.
 */
static void find_started(struct xlpt_env *env, struct xlpt_journal *j)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;

	env->ts->ops->guest_list(env->ts, &guests, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (*j->guest.uuid && !strcmp(guests[i].uuid, j->guest.uuid))
			j->guest.domid = guests[i].domid;
		xlpt_guest_dispose(&guests[i]);
	}
	free(guests);
}

void xlpt_repair_overrides(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *text;

	for (size_t i = 0; (text = xlpt_journal_get(j, "override", i)); i++) {
		_cleanup_free_ char *name = xlpt_xstrndup(text, strcspn(text, " ")), *now = NULL;
		struct xlpt_bdf bdf;

		/* Another one was set since: that one stays. */
		if (text[strlen(name)] && xlpt_bdf_from_sysfs_name(name, &bdf) &&
		    xlpt_bind_override_read(env->host, bdf, &now, NULL) == 0 &&
		    (!now || xlpt_streq(now, XLPT_PCIBACK_DRIVER)))
			xlpt_bind_override(env->host, bdf, text + strlen(name) + 1, NULL);
	}
}

int xlpt_repair_one(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	bool start = !strcmp(j->op, "start");
	int rc = 0;

	xlpt_say(env, "mending an interrupted %s%s%s, left at: %s", j->op,
		 j->guest.name ? " for guest " : "", j->guest.name ? j->guest.name : "",
		 j->last ? j->last : "its beginning");
	if (start)
		find_started(env, j);
	if (xlpt_vf_journal_counts(j))
		rc = xlpt_vf_repair_count(env, j, diag);
	for (size_t i = 0; rc == 0 && i < j->n && !xlpt_vf_journal_counts(j); i++) {
		if (!strcmp(j->op, "vf-set")) {
			rc = xlpt_vf_repair_set(env, &j->devs[i], diag);
			continue;
		}
		if (!strcmp(j->op, "reset")) {
			rc = xlpt_repair_reset(env, &j->devs[i], diag);
			continue;
		}
		if (moot(env, j, j->devs[i].bdf)) {
			free(XLPT_TAKE(j->devs[i].spec));
			continue;
		}
		if (start || !strcmp(j->op, "attach"))
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
	xlpt_repair_overrides(env, j);
	xlpt_config_mend(env, j);
	xlpt_journal_end(env, j);
	return 0;
}

int xlpt_repair_reset(struct xlpt_env *env, const struct xlpt_journal_dev *d,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *words = xlpt_xstrdup(d->origin), *now = NULL;
	int rc;

	for (char *p = words; p && (p = strchr(p, ','));)
		*p = ' ';
	now = xlpt_reset_method_read(env->host, d->bdf);
	if (!d->origin_known || !now || xlpt_streq(now, words))
		return 0;
	rc = xlpt_reset_method_restore(env->host, d->bdf, words, diag);
	if (rc == 0)
		xlpt_say(env, "%s has its reset methods back: %s", XLPT_BDF_STR(d->bdf), words);
	return rc;
}

int xlpt_repair_journal(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(j->n, sizeof(*bdfs));
	int rc;

	if (xlpt_journal_moves(j))
		return xlpt_leave_repair(env, j, diag);
	if (xlpt_change_is(j))
		return xlpt_change_repair(env, j, diag);
	for (size_t i = 0; i < j->n; i++)
		bdfs[i] = j->devs[i].bdf;
	rc = xlpt_vf_journal_counts(j)
		     ? xlpt_vf_journal_lock(env, &locks, j, diag)
		     : xlpt_lock_all(env, &locks, j->guest.name ? &j->guest.domid : NULL, bdfs,
				     j->n, diag);
	if (rc == 0)
		rc = xlpt_journal_adopt(env, j, diag);
	return rc > 0 ? xlpt_repair_one(env, j, diag) : rc;
}

static int repair_leases(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	int rc = xlpt_leases_reconcile(env, &returned, diag);

	for (size_t i = 0; i < returned.n; i++)
		xlpt_say(env, "%s %s back to pool %s: %s", env->dry_run ? "would give" : "gave",
			 XLPT_BDF_STR(returned.items[i].bdf), returned.items[i].pool,
			 returned.items[i].why);
	*found += returned.n;
	return rc;
}

/* Read anew: what was taken back before belongs to nobody now. */
static int repair_identities(struct xlpt_env *env, size_t *found, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = xlpt_owners_read(env, &owners, diag);

	return rc ? rc : xlpt_vf_repair(env, &owners, found, diag);
}

/* Those of changed files, or all others. */
static int repair_journals(struct xlpt_env *env, bool files, size_t *found, struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		bool this = xlpt_change_is(&js[i]) == files;

		*found += this;
		if (rc == 0 && this && env->dry_run)
			xlpt_say(env, "would mend an interrupted %s of %s, left at: %s", js[i].op,
				 xlpt_journal_subject(&js[i]),
				 js[i].last ? js[i].last : "its beginning");
		else if (rc == 0 && this)
			rc = xlpt_repair_journal(env, &js[i], diag);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

int xlpt_op_repair(struct xlpt_env *env, struct xlpt_diag *diag)
{
	size_t found = 0;
	int rc;

	if (env->json)
		env->said = json_object_new_array();
	/* Where there is no Xen, files are mended all the same. */
	rc = repair_journals(env, true, &found, diag);
	if (rc == 0)
		found += xlpt_op_sweep(env);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = repair_journals(env, false, &found, diag);
	if (rc == 0)
		rc = xlpt_repair_facts(env, &found, diag);
	if (rc == 0)
		rc = repair_leases(env, &found, diag);
	if (rc == 0)
		rc = repair_identities(env, &found, diag);
	env->done |= rc == 0 && !env->dry_run;
	if (rc == 0 && env->json) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "notes", XLPT_TAKE(env->said));
		xlpt_json_add(root, "mended",
			      json_object_new_int64((int64_t)(env->dry_run ? 0 : found)));
		xlpt_json_add(root, "found", json_object_new_int64((int64_t)found));
		xlpt_print_json(env, root);
	} else if (rc == 0 && !found) {
		xlpt_say(env, "nothing to mend");
	}
	json_object_put(XLPT_TAKE(env->said));
	return rc;
}
