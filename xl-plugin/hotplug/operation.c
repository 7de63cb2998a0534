/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/hotplug/operation.h"

#include <string.h>

#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/resolve.h"

void xlpt_op_init(struct xlpt_op *op, struct xlpt_env *env)
{
	*op = (struct xlpt_op){ .env = env,
				.timeout_ms = XLPT_GUEST_TIMEOUT_MS,
				.journal = { .fd = -1 },
				.budget_next_ms = -1 };
	xlpt_settings_init(&op->settings);
}

void xlpt_op_dispose(struct xlpt_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		xlpt_spec_dispose(&op->items[i].spec);
		xlpt_device_dispose(&op->items[i].device);
		xlpt_place_dispose(&op->items[i].place);
		free(op->items[i].origin);
		free(op->items[i].driver);
		free(op->items[i].override);
		free(op->items[i].reset_fact);
	}
	free(op->items);
	xlpt_leases_end(op->env, &op->leases);
	xlpt_guest_dispose(&op->guest);
	xlpt_journal_dispose(&op->journal);
	xlpt_locks_release(&op->locks);
	xlpt_needs_dispose(&op->needs);
	xlpt_owners_dispose(&op->owners);
	free(op->config.path);
	xlpt_str_dispose(&op->config.before);
	xlpt_str_dispose(&op->config.now);
	xlpt_op_drop_mates(op);
	xlpt_op_drop_bus(op);
	xlpt_strv_free(op->notes);
	xlpt_settings_dispose(&op->settings);
	free(op->gave_up);
	free(op->dm_other_xen);
	xlpt_op_init(op, op->env);
}

static int add_item(struct xlpt_op *op, const struct xlpt_spec *spec, struct xlpt_bdf bdf,
		    struct xlpt_diag *diag)
{
	struct xlpt_item *item;

	if (!op->identity && !xlpt_vfid_is_empty(&spec->vf)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "%s: this command does not set the identity of a VF",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "leave out mac=, vlan= and their like");
		return XLPT_ERR_USAGE;
	}
	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf)) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is named twice", XLPT_BDF_STR(bdf));
			xlpt_diag_hint(diag, "name each device once");
			return XLPT_ERR_USAGE;
		}
	XLPT_GROW(op->items, op->n, op->alloc);
	item = &op->items[op->n++];
	*item = (struct xlpt_item){ 0 };
	xlpt_spec_copy(&item->spec, spec);
	free(item->spec.name);
	free(item->spec.pool);
	free(item->spec.pin);
	item->spec.name = item->spec.pool = item->spec.pin = NULL;
	item->spec.has_bdf = true;
	item->spec.bdf = bdf;
	item->spec.all_funcs = false;
	item->of_slot = spec->all_funcs;
	item->hide = op->hide || spec->seize == XLPT_ON;
	return 0;
}

int xlpt_op_add_bdf(struct xlpt_op *op, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_spec spec;

	xlpt_spec_init(&spec);
	return add_item(op, &spec, bdf, diag);
}

int xlpt_op_add_spec(struct xlpt_op *op, const char *text, struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
	struct xlpt_bdf bdf;
	size_t n = 1;
	int rc;

	rc = xlpt_spec_parse(text, &spec, diag);
	if (rc)
		return rc;
	bdf = spec.bdf;
	if (spec.name) {
		rc = xlpt_pcinote_by_name(op->env->store, spec.name, &bdf, diag);
	} else if (spec.pin) {
		rc = xlpt_resolve_pin(op->env, spec.pin, &bdf, diag);
	} else if (spec.pool) {
		rc = xlpt_take_from_pool(op, &spec, &bdf, diag);
	}
	if (rc)
		return rc;
	if (!spec.all_funcs)
		return add_item(op, &spec, bdf, diag);
	/*
	 * libxl attaches one function of BB:DD.* and calls it done (every release
	 * since 4.14), so each one is asked for by itself here.
	 */
	rc = xlpt_scan_slot(op->env->host, bdf, &bdfs, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = add_item(op, &spec, bdfs[i], diag);
		/* One guest slot holds one function of ours: only the first can have it. */
		if (rc == 0 && i > 0 && spec.vslot >= 0)
			op->items[op->n - 1].spec.vslot = -1;
	}
	return rc;
}

bool xlpt_op_forced(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	for (char **p = op->force_host; p && *p; p++) {
		struct xlpt_bdf named;

		if (xlpt_bdf_parse_any(*p, &named, NULL) == 0 && xlpt_bdf_eq(named, bdf))
			return true;
	}
	return false;
}

static int check_forced(const struct xlpt_op *op, struct xlpt_diag *diag)
{
	for (char **p = op->force_host; p && *p; p++) {
		struct xlpt_bdf named;
		bool among = false;
		int rc = xlpt_bdf_parse_any(*p, &named, diag);

		if (rc) {
			xlpt_diag_wrap(diag, "--force-host-device");
			return rc;
		}
		for (size_t i = 0; i < op->n; i++)
			among |= xlpt_bdf_eq(op->items[i].spec.bdf, named);
		if (!among) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE,
				      "--force-host-device names %s, which is "
				      "not among the devices of this command",
				      XLPT_BDF_STR(named));
			xlpt_diag_hint(diag, "name the device that is to be forced, and no other");
			return XLPT_ERR_USAGE;
		}
	}
	return 0;
}

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
		/* Another guest's lock is not held here: that journal is for xlpt repair. */
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
		/* Devices whose locks this operation does not hold are left to xlpt repair. */
		if (rc == 0 && ours && all) {
			rc = xlpt_journal_adopt(op->env, &js[i], diag);
			if (rc > 0) {
				rc = xlpt_mend_locked(op->env, &js[i], diag);
				mark_mended(op, &js[i]);
			}
		} else if (rc == 0 && ours) {
			rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
					   "an interrupted %s has to be mended first", js[i].op);
			xlpt_diag_fact(diag, "it was left at: %s",
				       js[i].last ? js[i].last : "its beginning");
			xlpt_diag_hint(diag, "xlpt repair");
		}
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

/*
 * The guest was looked up before its lock was had: by now it may be another one
 * with the same number, or on its way out.
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

static int read_item(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = item->spec.bdf;
	const struct xlpt_owner *o = xlpt_owners_find(&op->owners, bdf);
	int rc = xlpt_scan_one(op->env->host, bdf, XLPT_SCAN_CAPS, NULL, &item->device, diag);

	/* Unplugged from under the guest: taking it back is all that can be done with it. */
	if (rc == XLPT_ERR_NO_DEVICE && o && op->has_guest && o->domid == op->guest.domid) {
		if (!op->detach) {
			xlpt_diag_fact(
				diag,
				"this host has lost it, and %s still has it in its PCI backend",
				op->guest.name);
			xlpt_diag_hint(diag, "xlpt detach %s %s", XLPT_WORD(op->guest.name),
				       XLPT_BDF_STR(bdf));
			return rc;
		}
		xlpt_diag_dispose(diag);
		item->absent = true;
		item->device.bdf = bdf;
		item->place = (struct xlpt_place){ .noted_domid = -1 };
		return 0;
	}
	return rc ? rc
		  : xlpt_place_read(op->env, &item->device, &op->owners, &op->needs, &item->place,
				    diag);
}

int xlpt_op_prepare(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	int64_t since;
	int rc;

	rc = check_forced(op, diag);
	/* Before any lock: who reconciles locks pools and devices himself. */
	if (rc == 0)
		rc = xlpt_leases_tidy(env, diag);
	/* A dry run looks and leaves: it needs no lock and mends nothing. */
	if (rc == 0 && !env->dry_run && !op->outer)
		rc = xlpt_op_lock(op, diag);
	if (rc == 0 && !env->dry_run)
		rc = guest_again(op, diag);
	if (rc == 0 && !env->dry_run && !op->outer)
		rc = mend_first(op, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &op->needs, diag);
	since = xlpt_now(env->clock);
	if (rc == 0)
		rc = xlpt_owners_read(env, &op->owners, diag);
	if (rc == 0 && env->store && env->ts)
		rc = xlpt_gone_prepare(op, diag);
	if (rc == 0 && !env->dry_run)
		xlpt_budget_look(env, &op->owners, since);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];

		rc = read_item(op, item, diag);
		/* A dry run has said so, and leaves it. */
		if (rc == 0 && env->dry_run && env->ts &&
		    xlpt_gone_noted(env, item->place.noted_domid))
			item->place.noted_domid = -1;
	}
	return rc ? rc : xlpt_op_config_again(op, diag);
}

static struct xlpt_plan_observer journal_of(struct xlpt_op *op)
{
	return xlpt_journal_observer(op->outer ? op->outer : &op->journal);
}

static int observe_before(void *priv, size_t i, const struct xlpt_step *step, bool undo,
			  struct xlpt_diag *diag)
{
	struct xlpt_op *op = priv;
	struct xlpt_plan_observer j = journal_of(op);

	xlpt_verbose(op->env, "%s", undo && step->undo_what ? step->undo_what : step->what);
	return j.before(j.priv, i, step, undo, diag);
}

static void observe_after(void *priv, size_t i, const struct xlpt_step *step, bool undo)
{
	struct xlpt_op *op = priv;
	struct xlpt_plan_observer j = journal_of(op);

	j.after(j.priv, i, step, undo);
}

int xlpt_op_execute(struct xlpt_op *op, const char *name, const struct xlpt_plan *plan,
		    struct xlpt_diag *diag)
{
	struct xlpt_plan_observer obs = { .priv = op,
					  .before = observe_before,
					  .after = observe_after };
	int rc;

	rc = plan->n ? xlpt_budget_reserve(op, name, diag) : 0;
	if (rc)
		return rc;
	if (op->env->dry_run) {
		xlpt_print_plan(op->env, plan);
		return 0;
	}
	op->env->done |= !plan->n;
	if (!plan->n)
		return 0;
	if (op->outer) {
		rc = xlpt_plan_run(plan, op, &obs, diag);
		if (rc == 0)
			xlpt_budget_settle(op, name);
		op->env->done |= rc == 0;
		return rc;
	}
	xlpt_journal_init(&op->journal, name, op->has_guest ? &op->guest : NULL);
	for (size_t i = 0; i < op->n; i++)
		xlpt_journal_add(&op->journal, op->items[i].spec.bdf,
				 op->items[i].hide || op->to_host,
				 op->items[i].origin_known ? op->items[i].origin : NULL);
	if (op->config.path)
		xlpt_journal_config(&op->journal, op->config.path);
	for (size_t i = 0; op->config.path && i < op->n; i++)
		op->journal.devs[i].spec = xlpt_spec_format(&op->items[i].spec);
	for (char **note = op->notes; note && *note; note++)
		xlpt_journal_note(&op->journal, *note, NULL);
	rc = xlpt_journal_begin(op->env, &op->journal, diag);
	if (rc)
		return rc;
	rc = xlpt_plan_run(plan, op, &obs, diag);
	if (rc == 0)
		xlpt_budget_settle(op, name);
	op->env->done |= rc == 0;
	/* What is left behind stays in the journal for xlpt repair. */
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(op->env, &op->journal);
	return rc;
}
