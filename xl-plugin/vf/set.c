/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf set; and how PFs and VFs are named. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/vf/vf.h"

int xlpt_vf_find_pf(struct xlpt_env *env, const char *name, struct xlpt_pf *out,
		    struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf;
	int rc;

	*out = (struct xlpt_pf){ 0 };
	/*
	 * No interface's name has a colon. For an interface that is no PF's there is a better
	 * message.
	 */
	if (!strchr(name, ':') && xlpt_bdf_parse_host(name, &bdf, NULL))
		return xlpt_pf_find(env->host, name, out, diag);
	rc = xlpt_args_device(env, name, &bdf, diag);
	return rc ? rc : xlpt_pf_read(env->host, bdf, out, diag);
}

int xlpt_vf_find(struct xlpt_env *env, const char *name, struct xlpt_vf *out,
		 struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf;
	int rc = xlpt_args_device(env, name, &bdf, diag);

	*out = (struct xlpt_vf){ 0 };
	return rc ? rc : xlpt_vf_locate(env, bdf, out, diag);
}

struct set_op {
	struct xlpt_env *env;
	struct xlpt_journal journal;
	struct xlpt_loan lease;
	struct xlpt_bdf bdf;
};

static int set(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct set_op *op = ctx;

	(void)i;
	return xlpt_loan_set(op->env, op->bdf, &op->lease, diag);
}

static int unset(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct set_op *op = ctx;

	(void)i;
	return xlpt_loan_unset(op->env, op->bdf, &op->lease, diag);
}

static int run_set(struct set_op *op, const struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	int rc;

	if (op->env->dry_run) {
		xlpt_print_plan(op->env, plan);
		return 0;
	}
	xlpt_journal_init(&op->journal, "vf-set", NULL);
	xlpt_journal_add(&op->journal, op->bdf, false, NULL);
	op->journal.devs[0].identity = xlpt_loan_text(&op->lease);
	rc = xlpt_journal_begin(op->env, &op->journal, diag);
	if (rc)
		return rc;
	rc = xlpt_journal_run(op->env, &op->journal, plan, op, diag);
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(op->env, &op->journal);
	return rc;
}

static int check_set(const struct xlpt_vf_identity *want, struct xlpt_diag *diag)
{
	if (want->port != XLPT_PORT_QBG || want->has_instanceid)
		return 0;
	/*
	 * For a guest, its UUID is used; here there is none, and lldpad tells its ports apart by
	 * it.
	 */
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "virtualport=802.1Qbg needs instanceid here");
	xlpt_diag_hint(diag, "add instanceid=UUID, of the guest that is to have the VF");
	return XLPT_ERR_SYNTAX;
}

/* What was read before the locks may be old: the VF may be gone, or another PF's. */
static int lock_vf(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf bdf,
		   struct xlpt_vf *now, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	int rc = env->dry_run ? 0 : xlpt_lock_device(env, locks, bdf, deadline, diag);

	if (rc == 0)
		rc = xlpt_vf_locate(env, bdf, now, diag);
	return rc || env->dry_run ? rc : xlpt_lock_pf(env, locks, now->pf.bdf, deadline, diag);
}

int xlpt_vf_op_set(struct xlpt_env *env, const struct xlpt_vf *vf,
		   const struct xlpt_vf_identity *want, struct xlpt_diag *diag)
{
	struct set_op op = { .env = env, .bdf = vf->bdf, .journal = { .fd = -1 } };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_vf_ struct xlpt_vf now = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 }, old = { 0 };
	const char *bdf = XLPT_BDF_STR(vf->bdf);
	int rc = check_set(want, diag);

	if (rc == 0)
		rc = xlpt_vf_mend_first(env, &vf->pf, diag);
	if (rc == 0)
		rc = lock_vf(env, &locks, vf->bdf, &now, diag);
	if (rc == 0)
		rc = xlpt_loan_of(env, &now, want, NULL, &op.lease, diag);
	if (rc)
		return rc;
	xlpt_vfid_format(want, ' ', &text);
	xlpt_vfid_format(&op.lease.now, ' ', &old);
	xlpt_plan_add(&plan, set, unset, 0, xlpt_xasprintf("set%s on %s", text.s, bdf),
		      xlpt_xasprintf("set%s on %s again", xlpt_str_get(&old), bdf));
	rc = run_set(&op, &plan, diag);
	xlpt_journal_dispose(&op.journal);
	return rc;
}

/* ---- an interrupted vf set ---- */

static int mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < j->n; i++)
		rc = xlpt_vf_mend_set(env, &j->devs[i], diag);
	return rc;
}

static bool is_set(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "vf-set");
}

const struct xlpt_mender xlpt_mender_vf_set = { .is = is_set, .mend = mend };
