/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/check/check.h"

#include "xl-plugin/hotplug/cmd-attach.h"
#include "xl-plugin/start/start.h"

static int attach(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	struct xlpt_attach_options want;
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = xlpt_attach_words(&op, args, &want, diag);
	return rc ? rc : xlpt_op_attach(&op, &want, diag);
}

static int start(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_start_ struct xlpt_start s;
	int rc;

	xlpt_start_init(&s, env);
	rc = xlpt_start_words(&s, args, &text, diag);
	return rc ? rc : xlpt_op_start(&s, diag);
}

int xlpt_check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_findings *all,
	       struct xlpt_diag *diag)
{
	int rc;

	xlpt_findings_point(all, args->n > 1 ? "guest" : "configuration", NULL);
	env->findings = all;
	env->dry_run = true;
	rc = (args->n > 1 ? attach : start)(env, args, diag);
	env->dry_run = false;
	env->findings = NULL;
	/* Unless the command would have refused something else before it. */
	if (!all->rc && (rc == XLPT_ERR_USAGE || rc == XLPT_ERR_SYNTAX))
		return rc;
	/* What ended the judging becomes the last finding. */
	return xlpt_findings_judged(all, rc, diag);
}
