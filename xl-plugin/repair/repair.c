/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt repair: find, list, mend, and look whether it is so. */
#include "xl-plugin/repair/repair.h"

#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/repair/kinds.h"
#include "xl-plugin/repair/select.h"

#define LOOK (XLPT_LOOK_TWICE | XLPT_LOOK_XEN_LOG | XLPT_LOOK_CONFIGS)

/* Mending one thing may show another one, but no chain is longer than there are kinds. */
#define ROUNDS 6

struct repair {
	struct xlpt_env *env;
	struct xlpt_selection selection;
	bool xen;		    /* round of what needs Xen */
	size_t found, mended, left; /* left: a person has to decide */
	struct json_object *list;
	struct xlpt_diag failed; /* the first that could not be mended */
};

static bool wanted(struct repair *r, const struct xlpt_contradiction *c)
{
	return xlpt_selected(&r->selection, c) &&
	       (r->xen || c->kind == &xlpt_kind_file_journal || c->kind == &xlpt_kind_files);
}

static void list(struct repair *r, const struct xlpt_contradiction *c)
{
	struct xlpt_env *env = r->env;

	if (env->json)
		json_object_array_add(r->list, xlpt_contradiction_json(c));
	xlpt_say(env, "%s", c->what);
	if (c->why)
		xlpt_say(env, "  seen: %s", c->why);
	xlpt_say(env, "  cause: %s", c->kind->cause);
	if (c->does && env->dry_run)
		xlpt_say(env, "  would %s", c->does);
	else if (!c->does)
		xlpt_say(env, "  to mend: %s", c->command);
	if (c->does)
		r->found++;
	else
		r->left++;
}

/* One that cannot be mended does not keep the others from it. */
static void mend(struct repair *r, const struct xlpt_contradiction *c)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = c->kind->fix(r->env, c, &diag);

	if (rc == 0) {
		r->mended++;
		return;
	}
	/* Something may be half mended by now. */
	xlpt_diag_recode(&diag, rc == XLPT_ERR_STOPPED ? rc : XLPT_ERR_LEFT);
	if (!diag.hint)
		xlpt_diag_hint(&diag, "xlpt repair --dry-run shows what is left");
	if (r->failed.code)
		xlpt_warn(r->env, "%s", diag.message);
	else
		xlpt_diag_move(&r->failed, &diag);
}

static bool was_listed(const struct xlpt_contradictions *seen, const struct xlpt_contradiction *c)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->items[i].kind == c->kind && xlpt_streq(seen->items[i].what, c->what))
			return true;
	return false;
}

static void remember(struct xlpt_contradictions *seen, const struct xlpt_contradiction *c)
{
	xlpt_contradiction_add(seen, c->kind)->what = xlpt_xstrdup(c->what);
}

/* Its fix came back content, and it is there all the same. */
static void still_there(struct repair *r, const struct xlpt_contradiction *c)
{
	if (r->failed.code || !c->does || r->env->dry_run)
		return;
	xlpt_diag_set(&r->failed, XLPT_ERR_LEFT, "it is still so: %s", c->what);
	xlpt_diag_fact(&r->failed, "another command works with it just now, or it comes again");
	xlpt_diag_hint(&r->failed, "xlpt repair once more in a minute");
}

/*
 * A round: what was not listed before is listed, and mended. *again: something was mended, so
 * that there may be more to see.
 */
static int one_round(struct repair *r, struct xlpt_contradictions *seen, bool *again,
		     struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions now = { 0 };
	size_t before = r->mended;
	int rc = xlpt_contradictions_find(r->env, LOOK, &now, diag);

	for (size_t i = 0; rc == 0 && i < now.n; i++) {
		const struct xlpt_contradiction *c = &now.items[i];

		if (!wanted(r, c))
			continue;
		if (was_listed(seen, c)) {
			still_there(r, c);
			continue;
		}
		remember(seen, c);
		list(r, c);
		if (!c->does || r->env->dry_run)
			continue;
		rc = xlpt_check_interrupted(diag);
		if (rc == 0)
			mend(r, c);
	}
	*again = r->mended > before;
	return rc;
}

static int all_rounds(struct repair *r, struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions seen = { 0 };
	bool again = true;
	int rc = 0;

	for (int i = 0; rc == 0 && again && i < ROUNDS; i++)
		rc = one_round(r, &seen, &again, diag);
	return rc;
}

/* What other tools did is counted before anything is taken from anybody. */
static void count_others(struct xlpt_env *env)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int64_t since = xlpt_now(env->clock);

	if (!env->dry_run && xlpt_owners_read(env, &owners, NULL) == 0)
		xlpt_budget_look(env, &owners, since);
}

static void report(struct repair *r)
{
	struct xlpt_env *env = r->env;
	struct json_object *root;

	if (!env->json) {
		if (!r->found && !r->left)
			xlpt_say(env, "nothing to mend");
		return;
	}
	root = json_object_new_object();
	xlpt_json_add(root, "contradictions", XLPT_TAKE(r->list));
	xlpt_json_add(root, "notes", XLPT_TAKE(env->said));
	xlpt_json_add(root, "found", json_object_new_int64((int64_t)r->found));
	xlpt_json_add(root, "mended", json_object_new_int64((int64_t)r->mended));
	xlpt_json_add(root, "to_decide", json_object_new_int64((int64_t)r->left));
	xlpt_print_json(env, root);
}

int xlpt_op_repair(struct xlpt_env *env, char **words, size_t n, struct xlpt_diag *diag)
{
	struct repair r = { .env = env };
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0)
		rc = xlpt_select(env, words, n, &r.selection, diag);
	if (rc)
		return rc;
	if (env->json) {
		env->said = json_object_new_array();
		r.list = json_object_new_array();
	}
	/* Where there is no Xen, files are mended all the same. */
	if (env->no_xen.message)
		rc = all_rounds(&r, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	r.xen = rc == 0;
	if (rc == 0)
		count_others(env);
	if (rc == 0)
		rc = all_rounds(&r, diag);
	if (rc == 0)
		rc = xlpt_select_check(env, &r.selection, diag);
	if (rc == 0 && r.failed.code) {
		rc = (int)r.failed.code;
		xlpt_diag_move(diag, &r.failed);
	}
	/* Stopped in the middle, what was mended stays so: that is not "nothing changed". */
	if (rc == XLPT_ERR_STOPPED && r.mended) {
		xlpt_diag_hint(diag, "xlpt repair goes on with the rest");
		rc = xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	env->done |= rc == 0 && !env->dry_run;
	if (rc == 0)
		report(&r);
	xlpt_diag_dispose(&r.failed);
	json_object_put(r.list);
	json_object_put(XLPT_TAKE(env->said));
	xlpt_selection_dispose(&r.selection);
	return rc;
}
