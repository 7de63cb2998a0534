/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest is made without devices, whatever its image names; then each device is attached and
 * verified. libxl would give a restored guest its devices with reset hardware, while the guest's
 * drivers think that they are configured.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/leave.h"

#define SETTLE_MS 5000
#define DYING_MS  10000 /* milliseconds for what xl itself removes */

static int not_running(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	struct xlpt_guest *all = NULL;
	size_t n = 0;
	int rc = l->op.env->ts->ops->guest_list(l->op.env->ts, &all, &n, diag);

	for (size_t i = 0; i < n; i++) {
		bool same = !strcmp(all[i].uuid, l->image.guest.uuid);

		if (rc == 0 && (same || !strcmp(all[i].name, l->image.guest.name))) {
			xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is there already (domain %u)",
				      all[i].name, all[i].domid);
			xlpt_diag_fact(diag,
				       same ? "it has the uuid of the guest in the image"
					    : "another guest has the name of the one in the image");
			xlpt_diag_hint(
				diag,
				"shut it down or rename it first: the image is older than that "
				"guest");
			rc = XLPT_ERR_IN_USE;
		}
		xlpt_guest_dispose(&all[i]);
	}
	free(all);
	return rc;
}

/* ---- doing it ---- */

/*
 * xl's exit status does not tell how far xl came: when it is killed, or because of on_crash, it
 * leaves a domain. A domain that goes away by itself is waited for. One that stays is named, and
 * the journal is kept; it is not destroyed here, because nobody can tell whether it has run.
 */
static int left_over(struct xlpt_leave *l, int rc, struct xlpt_diag *diag)
{
	struct xlpt_env *env = l->op.env;
	int64_t deadline = xlpt_now(env->clock) + DYING_MS;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	int found;

	while ((found = xlpt_guest_by_uuid(env->ts, l->image.guest.uuid, &now, &d)) > 0 &&
	       now.dying && xlpt_now(env->clock) < deadline) {
		xlpt_guest_dispose(&now);
		env->clock->sleep_ms(env->clock, 200);
	}
	if (found == 0)
		return rc;
	if (found < 0) {
		xlpt_diag_wrap(diag, "nobody can tell whether %s exists now", l->image.guest.name);
		xlpt_diag_fact(diag, "Xen answered with an error: %s", d.message ? d.message : "?");
		xlpt_diag_hint(diag, "xlpt repair, once xl list works again");
	} else {
		const char *state = now.dying ? "shutting down" : now.paused ? "paused" : "running";

		xlpt_diag_wrap(diag, "%s exists, without its devices", now.name);
		xlpt_diag_fact(diag, "it is domain %u, %s%s", now.domid, state,
			       l->image.n ? "; it was saved while it held devices" : "");
		if (now.paused || now.dying)
			xlpt_diag_hint(diag,
				       "xl destroy %u, then xlpt repair; the image is as it was",
				       now.domid);
		else
			xlpt_diag_hint(diag,
				       "xlpt repair gives it its devices; no xl looks after it, so "
				       "shut it down and start it anew when you can");
	}
	return diag ? xlpt_diag_recode(diag, XLPT_ERR_LEFT) : XLPT_ERR_LEFT;
}

static int restore(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	_cleanup_waiting_ struct xlpt_waiting waiting =
		xlpt_waiting_for(env, "xl to restore the guest");
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc, found;

	(void)i;
	xlpt_waiting_xl(&waiting);
	rc = env->ts->ops->guest_restore(env->ts, &l->image, false, diag);
	if (rc)
		return left_over(l, rc, diag);
	/* A kernel that cannot do without its lost device crashes in its first moments. */
	if (l->image.n)
		env->clock->sleep_ms(env->clock, SETTLE_MS);
	found = xlpt_guest_by_uuid(env->ts, l->image.guest.uuid, &now, NULL);
	if (found <= 0 || now.dying || now.paused) {
		xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "%s does not run after its restore",
			      l->image.guest.name);
		xlpt_diag_fact(diag, "xl restore ended with success, and there is no domain%s",
			       l->image.n ? "; it was saved while it held devices" : "");
		xlpt_diag_hint(diag, "see /var/log/xen/xl-%s.log", XLPT_WORD(l->image.guest.name));
		return left_over(l, XLPT_ERR_TOOLSTACK, diag);
	}
	xlpt_guest_dispose(&l->op.guest);
	l->op.guest = now;
	now = (struct xlpt_guest){ 0 };
	rc = xlpt_lock_guest(env, &l->op.locks, l->op.guest.domid,
			     xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	/* The guest is there: the journal stays, so that repair attaches the devices. */
	if (rc) {
		xlpt_diag_wrap(diag, "%s is restored, without its devices", l->image.guest.name);
		xlpt_diag_hint(diag, "xlpt repair");
		rc = diag ? xlpt_diag_recode(diag, XLPT_ERR_LEFT) : XLPT_ERR_LEFT;
	}
	return rc;
}

/* A device that cannot be attached does not stop the others. */
static int attach(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_leave_how how = { .journal = &l->op.journal,
				      .leases = &l->op.leases,
				      .timeout_ms = l->op.timeout_ms };
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	const struct xlpt_spec *spec = &l->op.items[i].spec;

	(void)diag;
	if (xlpt_leave_attach(l->op.env, &l->op.guest, spec, &how, &d) == 0)
		return 0;
	xlpt_str_addf(&l->missing, " %s", XLPT_BDF_STR(spec->bdf));
	if (!l->missing_diag.message)
		xlpt_diag_move(&l->missing_diag, &d);
	return 0;
}

static int has_all(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;

	(void)i;
	if (!l->missing.len)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s runs without%s: %s", l->op.guest.name, l->missing.s,
		      l->missing_diag.message);
	if (l->missing_diag.fact)
		xlpt_diag_fact(diag, "%s", l->missing_diag.fact);
	xlpt_diag_add_log(diag, l->missing_diag.log);
	xlpt_diag_hint(diag, "xlpt repair tries again");
	return XLPT_ERR_LEFT;
}

int xlpt_op_restore(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	const char *guest = l->image.guest.name;
	int rc;

	rc = op->env->dry_run
		     ? 0
		     : xlpt_lock_name(op->env, &op->locks, guest,
				      xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = not_running(l, diag);
	if (rc == 0)
		rc = xlpt_leases_tidy(op->env, diag);
	if (rc == 0)
		rc = xlpt_restore_devices(l, diag);
	if (rc == 0)
		rc = xlpt_restore_judge(l, diag);
	op->find_mates = xlpt_op_find_mates;
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	/* Judged again, now that nobody else can take the devices. */
	if (rc == 0)
		rc = not_running(l, diag);
	if (rc == 0)
		rc = xlpt_restore_judge(l, diag);
	if (rc == 0)
		rc = xlpt_restore_judge_split(l, diag);
	if (rc)
		return rc;
	if (l->image.n)
		xlpt_warn(op->env,
			  "%s was saved while it held devices; drivers in it may not survive "
			  "that (xlpt-save(8))",
			  guest);
	xlpt_leave_note(op, "file %s", l->file);
	xlpt_leave_note(op, "uuid %s", l->image.guest.uuid);
	xlpt_leave_note(op, "name %s", guest);
	xlpt_leave_note_specs(op);
	xlpt_plan_add(&plan, restore, NULL, op->n,
		      xlpt_xasprintf("restore %s from %s", guest, l->file), NULL);
	xlpt_plan_final(&plan);
	for (size_t i = 0; i < op->n; i++)
		xlpt_plan_add(&plan, attach, NULL, i,
			      xlpt_xasprintf("attach %s to %s", XLPT_BDF_STR(op->items[i].spec.bdf),
					     guest),
			      NULL);
	if (op->n)
		xlpt_plan_add(&plan, has_all, NULL, op->n,
			      xlpt_xasprintf("see that %s has all its devices", guest), NULL);
	return xlpt_op_execute(op, "restore", &plan, diag);
}
