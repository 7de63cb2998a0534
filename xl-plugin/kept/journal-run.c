/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a plan with its journal: each step is written into it, and told with -v. */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/journal.h"

struct run {
	struct xlpt_env *env;
	struct xlpt_plan_observer journal;
};

static int before(void *priv, size_t i, const struct xlpt_step *step, bool undo,
		  struct xlpt_diag *diag)
{
	struct run *r = priv;

	xlpt_verbose(r->env, "%s", undo && step->undo_what ? step->undo_what : step->what);
	return r->journal.before(r->journal.priv, i, step, undo, diag);
}

static void after(void *priv, size_t i, const struct xlpt_step *step, bool undo)
{
	struct run *r = priv;

	r->journal.after(r->journal.priv, i, step, undo);
}

int xlpt_journal_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		     void *ctx, struct xlpt_diag *diag)
{
	struct run r = { .env = env, .journal = xlpt_journal_observer(j) };
	const struct xlpt_plan_observer obs = { .priv = &r, .before = before, .after = after };
	int rc = xlpt_plan_run(plan, ctx, &obs, diag);

	env->done |= rc == 0;
	return rc;
}
