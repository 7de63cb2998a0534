/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf create and vf remove. */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/vf-use.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/vf/native.h"

#define LOCK_TRIES 5

void xlpt_vf_op_dispose(struct xlpt_vf_op *op)
{
	for (size_t i = 0; op->notes && i < op->pf.n; i++)
		free(op->notes[i]);
	for (size_t i = 0; op->drivers && i < op->pf.n; i++)
		free(op->drivers[i]);
	free(op->notes);
	free(op->drivers);
	xlpt_pf_dispose(&op->pf);
	xlpt_pf_net_dispose(&op->before);
	xlpt_journal_dispose(&op->journal);
	xlpt_locks_release(&op->locks);
	xlpt_owners_dispose(&op->owners);
	xlpt_needs_dispose(&op->needs);
	xlpt_setters_dispose(&op->setters);
	free(op->unit);
	free(op->unit_key);
	free(op->unit_old);
	free(op->unit_text);
	free(op->unit_rights);
	free(op->word);
	*op = XLPT_VF_OP_INIT(op->env);
}

/* ---- which VFs are in use ---- */

static int check_unused(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str why = { 0 }, mend = { 0 };
	bool same = op->count == op->pf.count;
	size_t n = 0;

	for (size_t i = 0; i < op->pf.n; i++) {
		_cleanup_free_ char *driver = NULL;

		xlpt_bind_driver(op->env->host, op->pf.vfs[i], &driver, NULL);
		/* With --no-driver, VFs that stay lose their drivers. */
		if (!same || (driver && xlpt_vf_driver_changes(op, driver)))
			n += xlpt_vf_in_use(op->env, &op->owners, &op->needs, op->pf.vfs[i], &why,
					    &mend);
	}
	if (!n)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%zu of the %d virtual functions of %s %s in use", n,
		      op->pf.count, XLPT_BDF_STR(op->pf.bdf), n == 1 ? "is" : "are");
	xlpt_diag_fact(diag, "%s%s", xlpt_str_get(&why),
		       op->count && !same ? "; another number of VFs means "
					    "removing all of them first (the kernel's rule)"
					  : "");
	xlpt_diag_hint(diag, "%s", xlpt_str_get(&mend));
	return XLPT_ERR_RULE;
}

int xlpt_vf_check_unused(struct xlpt_env *env, const struct xlpt_pf *pf, int count,
			 struct xlpt_diag *diag)
{
	struct xlpt_vf_op op = XLPT_VF_OP_INIT(env);
	int rc = xlpt_needs_read(env->host, &op.needs, diag);

	if (rc == 0)
		rc = xlpt_owners_read(env, &op.owners, diag);
	if (rc == 0) {
		op.pf = *pf;
		op.count = count;
		rc = check_unused(&op, diag);
		op.pf = (struct xlpt_pf){ 0 };
	}
	xlpt_vf_op_dispose(&op);
	return rc;
}

static int check_count(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);

	if (op->count > op->pf.total) {
		xlpt_diag_set(diag, XLPT_ERR_FULL, "%s can have %d virtual functions and not %d",
			      bdf, op->pf.total, op->count);
		xlpt_diag_fact(diag, "its sriov_totalvfs is %d", op->pf.total);
		xlpt_diag_hint(diag, "xlpt vf create %s %d", bdf, op->pf.total);
		return XLPT_ERR_FULL;
	}
	/* When the kernel does not have the switch, that is told before any VF goes. */
	if (op->driver && xlpt_pf_autoprobe(op->env->host, op->pf.bdf) < 0)
		return xlpt_pf_set_autoprobe(op->env->host, op->pf.bdf, op->driver == XLPT_ON,
					     diag);
	if (op->count == op->pf.count)
		return op->driver == XLPT_OFF ? check_unused(op, diag) : 0;
	if (!op->pf.driver || !strcmp(op->pf.driver, XLPT_PCIBACK_DRIVER))
		return xlpt_vf_no_driver(&op->pf, diag);
	return op->pf.count ? check_unused(op, diag) : 0;
}

/* ---- running it ---- */

static int execute(struct xlpt_vf_op *op, const struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	int rc;

	if (op->env->dry_run) {
		xlpt_print_plan(op->env, plan);
		return 0;
	}
	op->env->done |= !plan->n;
	if (!plan->n)
		return 0;
	rc = xlpt_vf_journal_begin(op, diag);
	if (rc)
		return rc;
	rc = xlpt_journal_run(op->env, &op->journal, plan, op, diag);
	/* What could not be undone stays in the journal, for xlpt repair. */
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(op->env, &op->journal);
	return rc;
}

/* First the VFs and the PF as devices, then the lock of the VFs as a whole. */
int xlpt_vf_lock(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_pf *pf,
		 struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(pf->n + 1, sizeof(*bdfs));
	int rc;

	for (size_t i = 0; i < pf->n; i++)
		bdfs[i] = pf->vfs[i];
	bdfs[pf->n] = pf->bdf;
	rc = xlpt_lock_all(env, locks, NULL, bdfs, pf->n + 1, diag);
	return rc ? rc
		  : xlpt_lock_pf(env, locks, pf->bdf, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				 diag);
}

/* Reads the PF under its locks. When VFs came while it waited for the locks, it locks anew. */
static int lock_and_read(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf = op->pf.bdf;

	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		bool all = true;
		int rc = op->env->dry_run ? 0 : xlpt_vf_lock(op->env, &op->locks, &op->pf, diag);

		if (rc)
			return rc;
		xlpt_pf_dispose(&op->pf);
		rc = xlpt_pf_read(op->env->host, bdf, &op->pf, diag);
		if (rc || op->env->dry_run)
			return rc;
		for (size_t i = 0; i < op->pf.n; i++)
			all &= xlpt_locked_device(op->env, op->pf.vfs[i]);
		if (all)
			return 0;
		xlpt_locks_release(&op->locks);
	}
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the virtual functions of %s keep changing",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "each time after they were locked, other devices had appeared");
	xlpt_diag_hint(diag, "stop what creates and removes them, then run the same command "
			     "again");
	return XLPT_ERR_CONFLICT;
}

/* A pin goes into the unit by its name: its address may be another one later. */
static void name_unit(struct xlpt_vf_op *op, const char *name)
{
	bool pin = xlpt_starts(name, "pin:");

	op->unit_old = xlpt_vf_unit_of(op->env, &op->pf);
	op->unit_key = xlpt_xstrdup(pin || xlpt_bdf_shaped(name) ? XLPT_BDF_STR(op->pf.bdf) : name);
	op->word = xlpt_xstrdup(pin ? name : op->unit_key);
}

int xlpt_vf_op_plan(struct xlpt_vf_op *op, const char *name, struct xlpt_plan *plan,
		    struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	int rc;

	rc = xlpt_vf_find_pf(env, name, &op->pf, diag);
	if (rc == 0 && op->persist && op->count)
		rc = xlpt_vf_unit_judge(name, op->pf.bdf, diag);
	if (rc)
		return rc;
	rc = xlpt_vf_mend_first(env, &op->pf, diag);
	if (rc == 0)
		rc = lock_and_read(op, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &op->needs, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &op->owners, diag);
	if (rc == 0 && env->store && env->ts)
		rc = xlpt_gone_clear(env, &op->owners, op->pf.vfs, op->pf.n, -1,
				     XLPT_GUEST_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = check_count(op, diag);
	if (rc == 0) {
		name_unit(op, name);
		xlpt_setters_read(env->host, &op->pf, &op->setters);
		rc = xlpt_vf_setters_judge(op, diag);
	}
	return rc ? rc : xlpt_vf_plan_count(op, plan, diag);
}

int xlpt_vf_op_count(struct xlpt_vf_op *op, const char *name, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc = xlpt_vf_op_plan(op, name, &plan, diag);

	return rc ? rc : execute(op, &plan, diag);
}
