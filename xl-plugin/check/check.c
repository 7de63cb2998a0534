/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/check/check.h"

#include "core/text.h"
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

/* The name of a guest that runs, where only a file can stand: its devices were forgotten. */
static int judge_name(struct xlpt_env *env, const char *word, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	_cleanup_diag_ struct xlpt_diag no_file = { 0 };

	xlpt_diag_move(&no_file, diag);
	if (xlpt_env_try_xen(env, NULL) == 0 && env->ts &&
	    env->ts->ops->guest_find(env->ts, word, &guest, NULL) == 0) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is a guest, and no device is named", word);
		xlpt_diag_fact(diag, "a single word is a configuration file, and there is no such "
				     "file");
		xlpt_diag_hint(diag, "xlpt check %s BDF", XLPT_WORD(word));
		return XLPT_ERR_USAGE;
	}
	xlpt_diag_move(diag, &no_file);
	return XLPT_ERR_NOT_FOUND;
}

static int start(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_start_ struct xlpt_start s;
	int rc;

	xlpt_start_init(&s, env);
	rc = xlpt_start_words(&s, args, &text, diag);
	if (rc == XLPT_ERR_NOT_FOUND)
		rc = judge_name(env, args->pos[0], diag);
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
