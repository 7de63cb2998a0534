/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a configuration that may name pools to a guest that has its devices. */
#include "xl-plugin/start/start.h"

#include <string.h>

#include "core/findings.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/foresee.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/had-line.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/leave.h"

void xlpt_start_init(struct xlpt_start *s, struct xlpt_env *env)
{
	*s = (struct xlpt_start){ .for_xl = -1 };
	xlpt_op_init(&s->op, env);
	s->op.timeout_ms = XLPT_START_TIMEOUT_MS;
}

void xlpt_start_dispose(struct xlpt_start *s)
{
	for (size_t i = 0; s->lacks && i < s->op.n; i++)
		xlpt_diag_dispose(&s->lacks[i]);
	xlpt_op_dispose(&s->op);
	xlpt_locks_release(&s->guest_lock);
	xlpt_xl_entries_dispose(&s->entries);
	xlpt_str_dispose(&s->config);
	free(s->gfx_passthru);
	free(s->lacks);
	xlpt_str_dispose(&s->watcher);
}

/* A lease names its guest by UUID, so the guest gets one before it exists. */
static int give_uuid(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (*s->op.guest.uuid)
		return 0;
	r = xlpt_host_read_text(s->op.env->host, &text, "/proc/sys/kernel/random/uuid");
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot make a UUID for the guest");
		xlpt_diag_fact(diag, "/proc/sys/kernel/random/uuid gives none");
		xlpt_diag_hint(diag,
			       "write uuid = \"...\" into the configuration; uuidgen prints one");
		return XLPT_ERR_IO;
	}
	snprintf(s->uuid, sizeof(s->uuid), "%.36s", xlpt_chomp(text));
	snprintf(s->op.guest.uuid, sizeof(s->op.guest.uuid), "%s", s->uuid);
	return 0;
}

static int find_guest(struct xlpt_op *op, uint32_t *domid, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_guest_by_uuid(op->env->ts, op->guest.uuid, &now, diag);

	*domid = now.domid;
	return rc;
}

static int not_running(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest there = { 0 };
	struct xlpt_env *env = s->op.env;
	uint32_t domid;
	int rc;

	if (env->ts->ops->guest_find(env->ts, s->op.guest.name, &there, NULL) == 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "a guest called %s runs already",
			      s->op.guest.name);
		xlpt_diag_fact(diag, "it is domain %u", there.domid);
		xlpt_diag_hint(diag, "xlpt attach gives devices to a guest that runs");
		return XLPT_ERR_IN_USE;
	}
	rc = *s->op.guest.uuid ? find_guest(&s->op, &domid, diag) : 0;
	if (rc > 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "a guest with the UUID %s runs already",
			      s->op.guest.uuid);
		xlpt_diag_fact(diag, "it is domain %u", domid);
		xlpt_diag_hint(diag, "give each guest a UUID of its own");
		return XLPT_ERR_IN_USE;
	}
	return rc;
}

/*
 * IN_USE or the like when a guest with its name or its UUID runs, or is on its way out and does
 * not end.
 */
static int judge_name(struct xlpt_start *s, struct xlpt_diag *diag)
{
	struct xlpt_op *op = &s->op;
	int rc;

	xlpt_op_point(op, "guest", NULL);
	rc = xlpt_op_judged(
		op,
		xlpt_gone_wait_guest(op->env, op->guest.name, op->guest.uuid, op->timeout_ms, diag),
		diag);
	if (rc == 0)
		rc = xlpt_op_judged(op, not_running(s, diag), diag);
	if (rc == 0 && op->env->findings && !xlpt_findings_spoke(op->env->findings))
		xlpt_findings_ok(op->env->findings, "no guest called %s runs", op->guest.name);
	return rc;
}

/* Judges what xl create itself would refuse, after the devices have been taken from dom0. */
static int judge_creation(struct xlpt_start *s, struct xlpt_diag *diag)
{
	int rc = 0;

	/* With devices the rules of an attach say the same. */
	xlpt_op_point(&s->op, "guest type", NULL);
	if (!s->create.devices)
		rc = xlpt_op_judged(&s->op, xlpt_policy_may_have_devices(&s->create, diag), diag);
	xlpt_op_point(&s->op, "memory", NULL);
	return rc ? rc : xlpt_op_judged(&s->op, xlpt_policy_whole_memory(&s->create, diag), diag);
}

/* ---- the steps ---- */

/*
 * No domain can be noted before it is there. As long as the guest has the device, that alone keeps
 * it from being saved, and a detach notes it again: no reason to end a guest that runs.
 */
static void note_line(struct xlpt_op *op, struct xlpt_bdf bdf)
{
	_cleanup_diag_ struct xlpt_diag why = { 0 };

	if (xlpt_had_line_note(op->env, &op->guest, bdf, NULL, &why))
		xlpt_warn(op->env,
			  "%s; when xl detaches it, xlpt does not know that %s had it, and would "
			  "save it",
			  why.message, op->guest.name);
}

int xlpt_start_found(struct xlpt_start *s, uint32_t domid, struct xlpt_diag *diag)
{
	struct xlpt_op *op = &s->op;
	struct xlpt_guest now = { 0 };
	int rc = xlpt_lock_guest(op->env, &s->guest_lock, domid,
				 xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);

	if (rc == 0)
		rc = op->env->ts->ops->guest_by_id(op->env->ts, domid, &now, diag);
	if (rc)
		return rc;
	xlpt_guest_dispose(&op->guest);
	op->guest = now;
	for (size_t k = 0; rc == 0 && k < op->leases.n; k++) {
		op->leases.items[k].domid = domid;
		rc = xlpt_lease_update(op->env, &op->leases.items[k], diag);
	}
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		note_line(op, op->items[i].spec.bdf);
	return rc;
}

static int create(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_start *s = ctx;
	struct xlpt_op *op = ctx;
	_cleanup_waiting_ struct xlpt_waiting waiting =
		xlpt_waiting_for(op->env, "xl to create the guest");
	uint32_t domid = 0;
	int rc;

	(void)i;
	xlpt_waiting_xl(&waiting);
	rc = op->env->ts->ops->guest_create(op->env->ts, s->config.s, s->config.len, diag);
	if (rc == 0)
		rc = find_guest(op, &domid, diag);
	if (rc == 0) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "xl says that it created %s, and it is not there", op->guest.name);
		xlpt_diag_fact(diag, "no domain has the UUID %s", op->guest.uuid);
		xlpt_diag_hint(diag, "it may have ended at once: see /var/log/xen/xl-%s.log",
			       XLPT_WORD(op->guest.name));
		return XLPT_ERR_CONFLICT;
	}
	return rc > 0 ? xlpt_start_found(s, domid, diag) : rc;
}

static int destroy(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_guest made = { .name = op->guest.name };
	int rc = find_guest(op, &made.domid, diag);

	(void)i;
	if (rc <= 0)
		return rc;
	rc = op->env->ts->ops->guest_destroy(op->env->ts, made.domid, diag);
	/* Its devices go back to dom0 next, so nobody may have them by then. */
	memcpy(made.uuid, op->guest.uuid, sizeof(made.uuid));
	return rc ? rc : xlpt_leave_wait_gone(op->env, &made, diag);
}

int xlpt_start_given(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
	bool assigned = false;
	uint32_t domid = 0;
	int rc = xlpt_owner_now(op->env, op->items[i].spec.bdf, &domid, diag);
	bool named = rc > 0 && domid == op->guest.domid;

	if (rc >= 0)
		rc = op->env->ts->ops->hyp_assigned(op->env->ts, op->items[i].spec.bdf, &assigned,
						    diag);
	if (rc == 0 && !(named && assigned)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was created without %s", op->guest.name,
			      bdf);
		xlpt_diag_fact(diag, named ? "the hypervisor has it with no guest"
					   : "its PCI backend does not name it");
		xlpt_diag_hint(diag, "see /var/log/xen/xl-%s.log", XLPT_WORD(op->guest.name));
		rc = XLPT_ERR_CONFLICT;
	}
	return rc;
}

/* Notes that the guest lacks item i. A guest that is gone is never kept: its devices go back. */
static int lacks(struct xlpt_start *s, size_t i, int rc, struct xlpt_diag *diag)
{
	if (rc == 0 || !s->keep || rc == XLPT_ERR_NO_GUEST || rc == XLPT_ERR_STOPPED)
		return rc;
	xlpt_diag_move(&s->lacks[i], diag);
	return 0;
}

static int has(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return lacks(ctx, i, xlpt_op_verify(ctx, i, diag), diag);
}

static int given(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return lacks(ctx, i, xlpt_start_given(ctx, i, diag), diag);
}

int xlpt_start_lacks(const struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str which = { 0 };
	const struct xlpt_diag *first = NULL;

	for (size_t i = 0; s->lacks && i < s->op.n; i++) {
		if (!s->lacks[i].message)
			continue;
		first = first ? first : &s->lacks[i];
		xlpt_str_addf(&which, "%s%s", which.len ? ", " : "",
			      XLPT_BDF_STR(s->op.items[i].spec.bdf));
	}
	if (!first)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s runs, and does not have %s", s->op.guest.name,
		      which.s);
	xlpt_diag_fact(diag, "%s", first->message);
	xlpt_diag_hint(diag, "xlpt wait %s tells when it has", XLPT_WORD(s->op.guest.name));
	return XLPT_ERR_LEFT;
}

static int judge(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_xen_caps caps = { 0 };
	int rc = op->n ? op->env->ts->ops->caps(op->env->ts, &caps, diag) : 0;

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_attach_facts f = {
			.iommu = op->guest.type == XLPT_GUEST_PV ? caps.pv_iommu : caps.hvm_iommu,
			.guest_devices = i,
			.be_state = XLPT_XBS_NONE,
			.fe_state = XLPT_XBS_NONE,
			.be_consistent = true,
			.to_create = true,
		};

		if (!op->items[i].not_here)
			rc = xlpt_op_judge_item(op, &op->items[i], &f, diag);
	}
	return rc;
}

static void plan_start(struct xlpt_plan *plan, const struct xlpt_start *s)
{
	const struct xlpt_op *op = &s->op;

	for (size_t i = 0; i < op->n; i++)
		xlpt_plan_ready(plan, op, i);
	if (s->print)
		return;
	if (s->for_xl >= 0) {
		xlpt_plan_add(plan, xlpt_start_let_xl, NULL, op->n,
			      xlpt_xasprintf("let xl create %s", op->guest.name), NULL);
		return;
	}
	/*
	 * This step has no device's number: when it cannot be undone, no step before it may be
	 * undone.
	 */
	xlpt_plan_add(plan, create, destroy, op->n,
		      xlpt_xasprintf("create %s with xl", op->guest.name),
		      xlpt_xasprintf("destroy %s", op->guest.name));
	for (size_t i = 0; i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
		bool short_wait = s->no_wait && op->guest.type == XLPT_GUEST_PV;

		xlpt_plan_add(plan, short_wait ? given : has, NULL, i,
			      xlpt_xasprintf("%s %s has %s", short_wait ? "see that" : "wait until",
					     op->guest.name, bdf),
			      NULL);
	}
}

int xlpt_op_start(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &s->op;
	int rc;

	rc = xlpt_start_read(s, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(op->env, diag);
	if (rc == 0 && !op->env->dry_run)
		rc = xlpt_lock_name(op->env, &s->guest_lock, op->guest.name,
				    xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = judge_name(s, diag);
	if (rc == 0)
		rc = give_uuid(s, diag);
	if (rc == 0 && s->print)
		s->terms.until = xlpt_now(op->env->clock) + XLPT_START_GRACE_MS;
	if (rc == 0)
		xlpt_start_nodes(s);
	xlpt_op_point(op, "devices", NULL);
	if (rc == 0)
		rc = xlpt_start_resolve(s, diag);
	xlpt_op_point(op, "configuration", NULL);
	if (rc == 0)
		rc = xlpt_start_generate(s, diag);
	xlpt_op_point(op, "passthrough", NULL);
	if (rc == 0)
		rc = xlpt_op_judged(op, xlpt_start_judge_config(s, diag), diag);
	if (rc == 0)
		rc = judge_creation(s, diag);
	for (size_t i = 0; i < op->n; i++)
		op->items[i].take_from_dom0 |= s->take_from_dom0;
	op->find_mates = xlpt_op_find_mates;
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	/* xl does not know xlpt's locks. */
	xlpt_op_point(op, "guest", NULL);
	if (rc == 0)
		rc = xlpt_op_judged(op, not_running(s, diag), diag);
	if (rc == 0)
		rc = xlpt_op_check_leases(op, diag);
	if (rc == 0)
		rc = judge(op, diag);
	if (rc == 0)
		rc = xlpt_op_judge_split(op, diag);
	if (rc == 0)
		rc = xlpt_op_judge_together(op, diag);
	if (rc || (s->for_xl >= 0 && op->env->dry_run))
		return rc ? rc : xlpt_start_hand_over(s, diag);
	xlpt_plan_pciback(&plan, op);
	plan_start(&plan, s);
	if (op->env->findings) {
		xlpt_op_foresee(op);
		xlpt_start_foresee(s);
		return 0;
	}
	op->has_guest = true;
	s->lacks = xlpt_xcalloc(op->n + 1, sizeof(*s->lacks));
	return xlpt_op_execute(op, "start", &plan, diag);
}
