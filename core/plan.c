/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan.h"

#include "core/stop.h"

void xlpt_plan_dispose(struct xlpt_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->steps[i].what);
		free(plan->steps[i].undo_what);
	}
	free(plan->steps);
	*plan = (struct xlpt_plan){ 0 };
}

void xlpt_plan_add(struct xlpt_plan *plan, xlpt_step_fn run, xlpt_step_fn undo, size_t arg,
		   char *what, char *undo_what)
{
	XLPT_GROW(plan->steps, plan->n, plan->alloc);
	plan->steps[plan->n++] = (struct xlpt_step){
		.what = what, .undo_what = undo_what, .run = run, .undo = undo, .arg = arg
	};
}

/* An undo for the same thing has failed: what it stood on must stay as it is. */
static bool undo_failed(const struct xlpt_plan *plan, const size_t *failed, size_t n, size_t k)
{
	for (size_t f = 0; f < n; f++)
		if (plan->steps[failed[f]].arg == plan->steps[k].arg)
			return true;
	return false;
}

void xlpt_plan_final(struct xlpt_plan *plan)
{
	plan->steps[plan->n - 1].final = true;
}

/* *begun: the step's own function was called. */
static int run_one(const struct xlpt_plan *plan, size_t i, bool undo, void *ctx,
		   const struct xlpt_plan_observer *obs, bool *begun, struct xlpt_diag *diag)
{
	const struct xlpt_step *step = &plan->steps[i];
	int rc = 0;

	*begun = false;
	if (obs && obs->before)
		rc = obs->before(obs->priv, i, step, undo, diag);
	/* A journal that cannot be written must not keep an undo from being tried. */
	if (rc && !undo)
		return rc;
	*begun = true;
	rc = undo ? step->undo(ctx, step->arg, diag) : step->run(ctx, step->arg, diag);
	if (rc == 0 && obs && obs->after)
		obs->after(obs->priv, i, step, undo);
	return rc;
}

/* What was begun, in reverse order; what could not be undone is told in left. */
static void undo_all(const struct xlpt_plan *plan, size_t begun_n, size_t failing, void *ctx,
		     const struct xlpt_plan_observer *obs, struct xlpt_str *left,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ size_t *failed = xlpt_xcalloc(plan->n, sizeof(*failed));
	size_t n_failed = 0;
	bool begun;

	for (size_t k = begun_n; k-- > 0;) {
		_cleanup_diag_ struct xlpt_diag undo_diag = { 0 };

		if (k < failing && plan->steps[k].final)
			xlpt_str_addf(left, "%sdone already: %s", left->len ? "; " : "",
				      plan->steps[k].what);
		if (!plan->steps[k].undo || undo_failed(plan, failed, n_failed, k))
			continue;
		if (run_one(plan, k, true, ctx, obs, &begun, &undo_diag) == 0)
			continue;
		failed[n_failed++] = k;
		xlpt_str_addf(left, "%scould not %s (%s)", left->len ? "; " : "",
			      plan->steps[k].undo_what ? plan->steps[k].undo_what
						       : plan->steps[k].what,
			      undo_diag.message ? undo_diag.message : "failed");
		xlpt_diag_add_log(diag, undo_diag.log);
	}
}

static int left_behind(const struct xlpt_str *left, struct xlpt_diag *diag)
{
	if (diag) {
		char *message = xlpt_xasprintf("%s; left behind: %s",
					       diag->message ? diag->message : "failed", left->s);

		free(diag->message);
		diag->message = message;
		xlpt_diag_hint(diag, "xlpt repair");
	}
	return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
}

int xlpt_plan_run(const struct xlpt_plan *plan, void *ctx, const struct xlpt_plan_observer *obs,
		  struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str left = { 0 };
	bool begun = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < plan->n; i++) {
		begun = false;
		rc = xlpt_check_interrupted(diag);
		if (rc == 0)
			rc = run_one(plan, i, false, ctx, obs, &begun, diag);
		if (rc)
			break;
	}
	if (rc == 0)
		return 0;
	/* The signal has been obeyed: the undo must be able to wait for things again. */
	xlpt_stop_shield(true);
	undo_all(plan, begun ? i + 1 : i, i, ctx, obs, &left, diag);
	xlpt_stop_shield(false);
	return left.len ? left_behind(&left, diag) : rc;
}

int xlpt_plan_undo(const struct xlpt_plan *plan, void *ctx, const struct xlpt_plan_observer *obs,
		   struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str left = { 0 };

	xlpt_stop_shield(true);
	undo_all(plan, plan->n, plan->n, ctx, obs, &left, diag);
	xlpt_stop_shield(false);
	return left.len ? left_behind(&left, diag) : 0;
}
