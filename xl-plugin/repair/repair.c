/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt repair: all interrupted operations, and contradictions that no journal explains. */
#include "xl-plugin/repair/repair.h"

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/kept/locks.h"

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

	return rc ? rc : xlpt_loan_repair(env, &owners, found, diag);
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
			rc = xlpt_mend(env, &js[i], diag);
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
