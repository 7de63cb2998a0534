/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The menders of attach, detach, hide, unhide and reset. */
#include "xl-plugin/hotplug/mend.h"

#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"

/* The guest is still there, and is not another one with the same number. */
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
	/*
	 * libxl writes the slot in which QEMU has put the device last of all. Without it, the xlpt
	 * was killed before libxl had ended its add.
	 */
	if (o->type == XLPT_GUEST_HVM && o->dev.vdevfn < 0)
		return false;
	if (o->type == XLPT_GUEST_HVM &&
	    (env->ts->ops->dm_has(env->ts, domid, bdf, &has, NULL) || !has))
		return false;
	return env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, NULL) == 0 && assigned;
}

/*
 * What the journal meant cannot be done any more: the device was unplugged, another guest has it
 * by now, or another guest has the number of the one that the journal names.
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

/* When the guest is not asked, it gets less time to end what it is doing. */
static int take(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf,
		struct xlpt_diag *diag)
{
	return xlpt_budget_release(env, XLPT_LEDGER_REPAIR, j->guest.domid, bdf, j->by_force,
				   j->by_force ? XLPT_GUEST_TIMEOUT_MS / 4 : XLPT_GUEST_TIMEOUT_MS,
				   diag);
}

static int mend_attach(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_journal_dev *d,
		       struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	bool alive = guest_alive(env, &j->guest, &now);
	struct xlpt_bdf vdev;
	int rc;

	/*
	 * A connection that is under way is allowed to end: taken back now, it would stop the
	 * guest's hotplug.
	 */
	if (alive && now.type == XLPT_GUEST_PV && !j->undoing && !j->by_force)
		xlpt_wait_connected(env, &now, d->bdf, NULL, XLPT_GUEST_TIMEOUT_MS / 4, &vdev,
				    NULL);
	/* An attach that was being taken back is not kept, even if it still looks complete. */
	if (alive && !j->undoing && !j->by_force && complete(env, j->guest.domid, d->bdf)) {
		xlpt_say(env, "%s is attached to %s: kept", bdf, j->guest.name);
		return 0;
	}
	rc = take(env, j, d->bdf, diag);
	if (rc == 0)
		rc = xlpt_loan_end(env, d->bdf, diag);
	if (rc)
		return rc;
	xlpt_say(env, "%s is not with %s: the attach is taken back", bdf, j->guest.name);
	free(XLPT_TAKE(d->spec)); /* so that its configuration does not get it, either */
	if (d->hide)
		return back_to_dom0(env, d, diag);
	/* It was hidden before, and may have been cut short while it was bound to pciback anew. */
	return xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", bdf)
		       ? xlpt_bind_pciback(env->host, d->bdf, diag)
		       : 0;
}

/*
 * Waits until the guest has let go of the frontend that it had: the next attach must not come
 * before.
 */
static void wait_ports(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *text;
	uint64_t port;

	for (size_t i = 0; (text = xlpt_journal_get(j, "port", i)); i++)
		if (xlpt_parse_uint(text, strlen(text), 10, UINT32_MAX, &port))
			xlpt_wait_port_closed(env, j->guest.domid, (unsigned)port,
					      XLPT_PORT_TIMEOUT_MS);
}

static int mend_detach(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_journal_dev *d,
		       struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	const char *bdf = XLPT_BDF_STR(d->bdf);
	int rc;

	if (guest_alive(env, &j->guest, &now) && now.type == XLPT_GUEST_PV && !j->by_force)
		xlpt_wait_settled(env, &now, XLPT_GUEST_TIMEOUT_MS / 4, NULL);
	rc = take(env, j, d->bdf, diag);
	if (rc == 0)
		rc = xlpt_loan_end(env, d->bdf, diag);
	if (rc)
		return rc;
	if (now.name)
		wait_ports(env, j);
	xlpt_say(env, "%s is detached from %s", bdf, j->guest.name);
	return d->hide ? back_to_dom0(env, d, diag) : 0;
}

/* A device that the operation took from dom0 goes back there. */
static int mend_hide(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_journal_dev *d,
		     struct xlpt_diag *diag)
{
	return d->hide || !strcmp(j->op, "unhide") ? back_to_dom0(env, d, diag) : 0;
}

static int each(struct xlpt_env *env, struct xlpt_journal *j,
		int (*mend)(struct xlpt_env *env, struct xlpt_journal *j,
			    struct xlpt_journal_dev *d, struct xlpt_diag *diag),
		struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < j->n; i++) {
		if (moot(env, j, j->devs[i].bdf))
			free(XLPT_TAKE(j->devs[i].spec));
		else
			rc = mend(env, j, &j->devs[i], diag);
	}
	return rc;
}

int xlpt_mend_given(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	return each(env, j, mend_attach, diag);
}

static int mend_detaches(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	return each(env, j, mend_detach, diag);
}

static int mend_hides(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	return each(env, j, mend_hide, diag);
}

/* Puts the kernel's list of reset methods back. */
static int mend_reset(struct xlpt_env *env, const struct xlpt_journal_dev *d,
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

static int mend_resets(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < j->n; i++)
		rc = mend_reset(env, &j->devs[i], diag);
	return rc;
}

static bool is_attach(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "attach");
}

const struct xlpt_mender xlpt_mender_attach = { .is = is_attach, .mend = xlpt_mend_given };

static bool is_detach(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "detach");
}

const struct xlpt_mender xlpt_mender_detach = { .is = is_detach, .mend = mend_detaches };

static bool is_hide(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "hide");
}

const struct xlpt_mender xlpt_mender_hide = { .is = is_hide, .mend = mend_hides };

static bool is_unhide(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "unhide");
}

const struct xlpt_mender xlpt_mender_unhide = { .is = is_unhide, .mend = mend_hides };

static bool is_reset(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "reset");
}

const struct xlpt_mender xlpt_mender_reset = { .is = is_reset, .mend = mend_resets };
