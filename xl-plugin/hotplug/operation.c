/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every operation does: it reads the facts (prepare), and runs its plan with a journal
 * (execute).
 */
#include "xl-plugin/hotplug/operation.h"

#include <string.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/foresee.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/hotplug/restart.h"

static void mark_mended(struct xlpt_op *op, const struct xlpt_journal *j)
{
	for (size_t k = 0; k < j->n; k++)
		for (size_t m = 0; m < op->n; m++)
			op->items[m].mended |= xlpt_bdf_eq(j->devs[k].bdf, op->items[m].spec.bdf);
}

/* Operations on the same devices that were cut short are mended before a new one begins. */
static int mend_first(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(op->env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		const struct xlpt_mender *mender = xlpt_mender_of(&js[i]);
		bool ours =
			op->has_guest && js[i].guest.name && js[i].guest.domid == op->guest.domid;
		/*
		 * The locks of another guest, and those of files, are not held here: such a
		 * journal is left to xlpt repair.
		 */
		bool all = (!js[i].guest.name ||
			    (op->has_guest && js[i].guest.domid == op->guest.domid)) &&
			   !xlpt_journal_moves(&js[i]);

		for (size_t k = 0; k < js[i].n; k++) {
			bool found = false;

			for (size_t m = 0; m < op->n; m++)
				found |= xlpt_bdf_eq(js[i].devs[k].bdf, op->items[m].spec.bdf);
			ours |= found;
			all &= found;
		}
		for (size_t m = 0; mender && mender->touches && m < op->n; m++)
			ours |= mender->touches(op->env, &js[i], op->items[m].spec.bdf);
		/*
		 * A journal about devices whose locks this operation does not hold is left to xlpt
		 * repair.
		 */
		js[i].by_force = op->by_force;
		if (rc == 0 && ours && all && !op->env->findings) {
			rc = xlpt_journal_adopt(op->env, &js[i], diag);
			if (rc > 0) {
				rc = xlpt_mend_locked(op->env, &js[i], diag);
				mark_mended(op, &js[i]);
			}
		} else if (rc == 0 && ours) {
			/*
			 * When all of it is ours (check), attach would mend it, and what comes of
			 * that is not known here.
			 */
			rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
					   "an interrupted %s has to be mended %s", js[i].op,
					   all ? "before this can be judged" : "first");
			xlpt_diag_fact(diag, "it was left at: %s",
				       js[i].last ? js[i].last : "its beginning");
			xlpt_diag_hint(diag, "xlpt repair");
			rc = xlpt_op_judged(op, rc, diag);
		}
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

/*
 * The guest was looked up before its lock was taken: by now its number may be another guest's, or
 * it may be on its way out.
 */
static int guest_again(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc;

	if (!op->has_guest)
		return 0;
	rc = op->env->ts->ops->guest_by_id(op->env->ts, op->guest.domid, &now, diag);
	if (rc)
		return rc;
	if (strcmp(now.uuid, op->guest.uuid) != 0) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "%s is gone", op->guest.name);
		xlpt_diag_fact(diag, "domain %u is %s by now", now.domid, now.name);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	op->guest.paused = now.paused;
	op->guest.dying = now.dying;
	op->guest.suspended = now.suspended;
	op->guest.shut_down = now.shut_down;
	return 0;
}

void xlpt_op_hint_absent(const struct xlpt_op *op, const char *device, struct xlpt_diag *diag)
{
	if (op->named_in && strcmp(op->named_in, "-") != 0)
		xlpt_diag_hint(diag, "if it does not come back: xlpt convert --edit %s --remove %s",
			       XLPT_WORD(op->named_in), XLPT_WORD(device));
	else if (op->named_in)
		xlpt_diag_hint(diag, "if it does not come back, take %s out of the pci list",
			       device);
}

static int read_item(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = item->spec.bdf;
	const struct xlpt_owner *o = xlpt_owners_find(&op->owners, bdf);
	int rc = xlpt_scan_one(op->env->host, bdf, XLPT_SCAN_CAPS, NULL, &item->device, diag);

	/*
	 * The device was unplugged while the guest had it: all that can be done is to take it
	 * back.
	 */
	if (rc == XLPT_ERR_NO_DEVICE && o && op->takes_back && op->has_guest &&
	    o->domid == op->guest.domid) {
		xlpt_diag_dispose(diag);
		item->absent = true;
		item->device.bdf = bdf;
		item->place = (struct xlpt_place){ .owner_name = xlpt_xstrdup(o->guest),
						   .owner_through = xlpt_xstrdup(o->through),
						   .noted_domid = -1 };
		return 0;
	}
	if (rc == XLPT_ERR_NO_DEVICE && o)
		xlpt_owner_lost(o, diag);
	if (rc == XLPT_ERR_NO_DEVICE && !o) {
		xlpt_op_hint_absent(op, XLPT_BDF_STR(bdf), diag);
		/* A VF can be made, which is better. */
		xlpt_vf_absent_hint(op->env->host, bdf, diag);
	}
	return rc ? rc
		  : xlpt_place_read(op->env, &item->device, &op->owners, &op->needs, &item->place,
				    diag);
}

bool xlpt_op_holds(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	for (size_t k = 0; k < op->owners.n; k++)
		if (op->owners.items[k].domid == op->guest.domid &&
		    xlpt_bdf_eq(op->owners.items[k].bdf, bdf))
			return true;
	return false;
}

int xlpt_op_prepare(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	int64_t since;
	int rc;

	xlpt_op_point(op, "pool", NULL);
	rc = xlpt_op_take_vfs(op, diag);
	xlpt_op_point(op, "isolation set", NULL);
	if (rc == 0)
		rc = xlpt_op_check_consents(op, diag);
	if (rc == 0 && op->find_mates)
		rc = op->find_mates(op, diag);
	/* Before any lock is taken: giving leases back locks pools and devices itself. */
	if (rc == 0)
		rc = xlpt_leases_tidy(env, diag);
	/* A dry run only looks: it needs no lock and mends nothing. */
	if (rc == 0 && !env->dry_run && !op->outer)
		rc = xlpt_op_lock(op, diag);
	else if (rc == 0 && env->findings)
		xlpt_op_look_locks(op);
	if (rc == 0 && !env->dry_run)
		rc = guest_again(op, diag);
	xlpt_op_point(op, "interrupted", NULL);
	if (rc == 0 && (!env->dry_run || env->findings) && !op->outer)
		rc = mend_first(op, diag);
	xlpt_op_point(op, "left behind", NULL);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &op->needs, diag);
	since = xlpt_now(env->clock);
	if (rc == 0)
		rc = xlpt_owners_read(env, &op->owners, diag);
	if (rc == 0 && env->store && env->ts)
		rc = xlpt_gone_prepare(op, diag);
	if (rc == 0)
		rc = xlpt_op_wait_restarts(op, diag);
	if (rc == 0 && !env->dry_run)
		xlpt_budget_look(env, &op->owners, since);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];

		item->nothing = op->all_held && !xlpt_op_holds(op, item->spec.bdf);
		if (item->nothing || item->not_here)
			continue;
		xlpt_op_point(op, "there", item);
		rc = read_item(op, item, diag);
		item->not_here = rc == XLPT_ERR_NO_DEVICE && env->findings;
		rc = xlpt_op_judged(op, rc, diag);
		/* A dry run has told of the note, and does not remove it. */
		if (rc == 0 && env->dry_run && env->ts &&
		    xlpt_gone_noted(env, item->place.noted_domid))
			item->place.noted_domid = -1;
	}
	xlpt_op_point(op, "restart", NULL);
	if (rc == 0)
		rc = xlpt_op_judged(op, xlpt_op_check_restarts(op, diag), diag);
	xlpt_op_point(op, "configuration file", NULL);
	return rc ? rc : xlpt_op_judged(op, xlpt_op_config_again(op, diag), diag);
}

void xlpt_op_describe(const struct xlpt_op *op, const char *name, struct xlpt_journal *j)
{
	xlpt_journal_init(j, name, op->has_guest ? &op->guest : NULL);
	for (size_t i = 0; i < op->n; i++)
		xlpt_journal_add(j, op->items[i].spec.bdf,
				 op->items[i].take_from_dom0 || op->items[i].give_back_to_dom0,
				 op->items[i].origin_known ? op->items[i].origin : NULL);
	if (op->config.path)
		xlpt_journal_config(j, op->config.path);
	for (size_t i = 0; op->config.path && i < op->n; i++)
		j->devs[i].spec = xlpt_spec_format(&op->items[i].spec);
	for (char **note = op->notes; note && *note; note++)
		xlpt_journal_note(j, *note, NULL);
}

void xlpt_op_remember(struct xlpt_op *op)
{
	/* The larger operation remembers when it is through. */
	if (op->outer)
		return;
	xlpt_restarts_look(op->env, NULL);
	op->remembered = true;
}

int xlpt_op_execute(struct xlpt_op *op, const char *name, const struct xlpt_plan *plan,
		    struct xlpt_diag *diag)
{
	int rc;

	xlpt_op_point(op, "hotplug budget", NULL);
	rc = plan->n ? xlpt_op_judged(op, xlpt_budget_reserve(op, name, diag), diag) : 0;
	if (op->env->findings && rc == 0)
		xlpt_op_foresee(op);
	if (rc || op->env->findings)
		return rc;
	if (op->env->dry_run) {
		xlpt_print_plan(op->env, plan);
		return 0;
	}
	op->env->done |= !plan->n;
	if (!plan->n)
		return 0;
	if (op->outer) {
		rc = xlpt_journal_run(op->env, op->outer, plan, op, diag);
		if (rc == 0)
			xlpt_budget_settle(op, name);
		return rc;
	}
	xlpt_op_describe(op, name, &op->journal);
	rc = xlpt_journal_begin(op->env, &op->journal, diag);
	if (rc)
		return rc;
	rc = xlpt_journal_run(op->env, &op->journal, plan, op, diag);
	if (rc == 0)
		xlpt_budget_settle(op, name);
	/* What could not be undone stays in the journal, for xlpt repair. */
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(op->env, &op->journal);
	/* What was remembered before the end is right only when it ended well. */
	if (op->has_guest && op->remembered == (rc != 0))
		xlpt_restarts_look(op->env, NULL);
	return rc;
}
