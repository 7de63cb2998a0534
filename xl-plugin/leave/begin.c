/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The beginning of a save or migration: what the guest is and which devices it has, read under its
 * lock.
 */
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/kept/had-line.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/sentry/holdings.h"

static int take_items(struct xlpt_leave *l, const char *what, struct xlpt_diag *diag)
{
	_cleanup_holdings_ struct xlpt_holdings held = { 0 };
	int rc = xlpt_holdings_read(l->op.env, &l->op.guest, &held, diag);

	if (rc == 0 && !l->detach_first)
		rc = xlpt_holdings_judge(l->op.env, &l->op.guest, &held, what, diag);
	for (size_t i = 0; rc == 0 && l->detach_first && i < held.n; i++) {
		struct xlpt_spec *spec = &held.items[i].spec;

		xlpt_leave_fit(l->op.guest.type, spec);
		rc = xlpt_loan_given(l->op.env, held.items[i].bdf, &spec->vf, diag);
		if (rc == 0)
			rc = xlpt_op_add(&l->op, spec, diag);
	}
	return rc;
}

/* Another tool may have given it another device before the devices' locks were taken. */
static int same_items(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_holdings_ struct xlpt_holdings held = { 0 };
	int rc = xlpt_holdings_read(l->op.env, &l->op.guest, &held, diag);
	bool same = held.n == l->op.n;

	for (size_t i = 0; same && i < held.n; i++)
		same = xlpt_bdf_eq(held.items[i].bdf, l->op.items[i].spec.bdf);
	if (rc || same)
		return rc;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the devices of %s have changed meanwhile",
		      l->op.guest.name);
	xlpt_diag_fact(diag, "it held %zu when this command began, and holds %zu now", l->op.n,
		       held.n);
	xlpt_diag_hint(diag, "try again once nobody else attaches or detaches");
	return XLPT_ERR_CONFLICT;
}

/*
 * Until the guest has left, the leases of its VFs stay: a pool gives these VFs to nobody else and
 * dom0's driver does not get them, so that the guest can have them again. Where it goes on, it
 * asks for a VF of that pool; from here on the item's spec says so.
 */
static int hold_leases(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = xlpt_op_hold_leases(op, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const struct xlpt_lease *lease =
			xlpt_leases_find(&op->leases, op->items[i].spec.bdf);

		op->items[i].give_back_to_dom0 = false;
		if (lease)
			op->items[i].spec.pool = xlpt_xstrdup(lease->pool);
	}
	return rc;
}

static int running(const struct xlpt_op *op, struct xlpt_diag *diag)
{
	if (!op->guest.dying)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is not running", op->guest.name);
	xlpt_diag_fact(diag, "Xen reports domain %u as %s", op->guest.domid,
		       op->guest.suspended ? "suspended" : "shutting down");
	xlpt_diag_hint(diag, "xl list; xlpt repair if a save was cut short");
	return XLPT_ERR_NO_GUEST;
}

int xlpt_leave_judge_libvirt(struct xlpt_leave *l, const char *what, const char *verb,
			     struct xlpt_diag *diag)
{
	const char *guest = l->op.guest.name;

	if (!xlpt_libvirt_made(l->op.env, &l->op.guest))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "libvirt manages %s, so that it is %s by libvirt", guest,
		      what);
	xlpt_diag_fact(diag, "libvirt would take it for a guest that has ended, and would not know "
			     "the one that goes on");
	xlpt_diag_hint(diag, "xlpt detach --all %s, and then: virsh %s %s ...", XLPT_WORD(guest),
		       verb, XLPT_WORD(guest));
	return XLPT_ERR_RULE;
}

int xlpt_leave_begin(struct xlpt_leave *l, const char *what, struct xlpt_diag *diag)
{
	struct xlpt_op *op = &l->op;
	int rc;

	rc = running(op, diag);
	/* What it has is read under its lock. */
	if (rc == 0 && !op->env->dry_run)
		rc = xlpt_lock_all(op->env, &op->locks, &op->guest.domid, NULL, 0, diag);
	if (rc == 0)
		rc = take_items(l, what, diag);
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	/* As each detach will: so that a dry run says it, too, and no first device goes in vain. */
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		rc = xlpt_policy_take_back(&op->items[i].device, &op->items[i].place, diag);
	if (rc == 0)
		rc = running(op, diag);
	if (rc == 0)
		rc = same_items(l, diag);
	if (rc == 0)
		rc = hold_leases(op, diag);
	for (size_t i = 0; rc == 0 && !l->force && i < op->n; i++)
		rc = xlpt_policy_resumes(&op->guest, &op->items[i].device, what, diag);
	if (rc == 0 && !l->force)
		rc = xlpt_had_line_judge(op->env, &op->guest, what, diag);
	l->was_paused = op->guest.paused;
	if (rc == 0 && l->was_paused && op->n && op->guest.type == XLPT_GUEST_PV) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST,
			      "%s is paused and cannot let go of its devices", op->guest.name);
		xlpt_diag_hint(diag, "xl unpause %s", XLPT_WORD(op->guest.name));
		rc = XLPT_ERR_NO_GUEST;
	}
	if (rc == 0)
		rc = xlpt_budget_room(op, diag);
	if (rc == 0 && l->was_paused)
		xlpt_leave_note(op, "paused 1");
	xlpt_leave_note_specs(op);
	return rc;
}
