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
#define ROUNDS 8

struct repair {
	struct xlpt_env *env;
	struct xlpt_selection selection;
	bool xen;		    /* round of what needs Xen */
	size_t found, mended, left; /* left: a person has to decide */
	struct json_object *list;
	unsigned look;
	struct seen {
		const struct xlpt_contradiction_kind *kind;
		char *what;
		bool failed; /* its fix, which is tried again when others are mended */
	} * seen;
	size_t n_seen, alloc_seen;
	struct xlpt_diag failed; /* the first of this round that could not be mended */
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
static void mend(struct repair *r, struct seen *seen, const struct xlpt_contradiction *c)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	int rc = c->kind->fix(r->env, c, &diag);

	seen->failed = rc != 0;
	if (rc == 0) {
		r->mended++;
		return;
	}
	/* What it explains may be what keeps it from being mended. */
	if (c->kind == &xlpt_kind_journal)
		r->look |= XLPT_LOOK_PAST_JOURNALS;
	/* Something may be half mended by now. */
	xlpt_diag_recode(&diag, rc == XLPT_ERR_STOPPED ? rc : XLPT_ERR_LEFT);
	if (!diag.hint)
		xlpt_diag_hint(&diag, "xlpt repair --dry-run shows what is left");
	if (r->failed.code)
		xlpt_warn(r->env, "%s", diag.message);
	else
		xlpt_diag_move(&r->failed, &diag);
}

static struct seen *find_seen(struct repair *r, const struct xlpt_contradiction *c)
{
	for (size_t i = 0; i < r->n_seen; i++)
		if (r->seen[i].kind == c->kind && xlpt_streq(r->seen[i].what, c->what))
			return &r->seen[i];
	return NULL;
}

static struct seen *remember(struct repair *r, const struct xlpt_contradiction *c)
{
	XLPT_GROW(r->seen, r->n_seen, r->alloc_seen);
	r->seen[r->n_seen] = (struct seen){ .kind = c->kind, .what = xlpt_xstrdup(c->what) };
	return &r->seen[r->n_seen++];
}

static void forget_seen(struct repair *r)
{
	for (size_t i = 0; i < r->n_seen; i++)
		free(r->seen[i].what);
	free(r->seen);
}

/* Its fix reported success, and the contradiction is still there. */
static void still_there(struct repair *r, const struct xlpt_contradiction *c)
{
	if (r->failed.code || !c->does || r->env->dry_run)
		return;
	xlpt_diag_set(&r->failed, XLPT_ERR_LEFT, "it is still so: %s", c->what);
	xlpt_diag_fact(&r->failed, "another command works with it just now, or it comes again");
	xlpt_diag_hint(&r->failed, "xlpt repair once more in a minute");
}

static int one(struct repair *r, const struct xlpt_contradiction *c, struct xlpt_diag *diag)
{
	struct seen *seen = find_seen(r, c);
	int rc;

	if (seen && !seen->failed) {
		still_there(r, c);
		return 0;
	}
	if (!seen) {
		seen = remember(r, c);
		list(r, c);
	}
	if (!c->does || r->env->dry_run)
		return 0;
	rc = xlpt_check_interrupted(diag);
	if (rc == 0)
		mend(r, seen, c);
	return rc;
}

/* *again: something was mended, or is seen for the first time now, so that there is more to do. */
static int one_round(struct repair *r, bool *again, struct xlpt_diag *diag)
{
	_cleanup_contradictions_ struct xlpt_contradictions now = { 0 };
	size_t before = r->mended;
	unsigned look = r->look;
	int rc = xlpt_contradictions_find(r->env, look, &now, diag);

	xlpt_diag_dispose(&r->failed);
	for (size_t i = 0; rc == 0 && i < now.n; i++)
		if (wanted(r, &now.items[i]))
			rc = one(r, &now.items[i], diag);
	*again = r->mended > before || r->look != look;
	return rc;
}

static int all_rounds(struct repair *r, struct xlpt_diag *diag)
{
	bool again = true;
	int rc = 0;

	for (int i = 0; rc == 0 && again && i < ROUNDS; i++)
		rc = one_round(r, &again, diag);
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
	struct repair r = { .env = env, .look = LOOK };
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
	forget_seen(&r);
	json_object_put(r.list);
	json_object_put(XLPT_TAKE(env->said));
	xlpt_selection_dispose(&r.selection);
	return rc;
}
