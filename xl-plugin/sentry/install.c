/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Installing the guard and removing it: all of what was asked for, or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/sentry/sentry.h"

struct apply {
	struct xlpt_env *env;
	struct xlpt_sentry *g;
	const struct xlpt_journal *journal;
	bool remove;
};

static int put(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;
	const struct xlpt_change c = xlpt_sentry_change_of(&a->g->files[i], a->remove);

	return xlpt_change_bring(a->env, &c, diag);
}

static int undo(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;
	const struct xlpt_change c = xlpt_sentry_change_of(&a->g->files[i], a->remove);

	return xlpt_change_undo(a->env, a->journal, &c, diag);
}

/* Judges one file before anything is touched. */
static int judge(const struct xlpt_sentry_file *f, bool remove, bool force, struct xlpt_diag *diag)
{
	const char *part = xlpt_sentry_part_word(f->part);

	if (f->state == XLPT_SENTRY_FOREIGN && !(remove && f->kind != XLPT_SENTRY_BLOCK)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s is not changed: xlpt did not write it",
			      f->path);
		xlpt_diag_fact(diag, "%s", f->fact);
		if (f->kind == XLPT_SENTRY_LINK)
			xlpt_diag_hint(diag,
				       "xlpt guard install xl --dir DIR, with a folder DIR that "
				       "comes before it in root's PATH");
		else if (f->kind == XLPT_SENTRY_WHOLE)
			xlpt_diag_hint(diag, "give that file another name");
		else
			xlpt_diag_hint(diag,
				       "make %s a plain file in which the guard's lines stand "
				       "whole, or not at all",
				       f->path);
		return XLPT_ERR_CONFLICT;
	}
	if (f->exposed == XLPT_FILE_OTHERS && !remove) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the guard is not linked as %s", f->path);
		xlpt_diag_fact(diag, "%s", f->fact);
		if (f->state != XLPT_SENTRY_ABSENT)
			xlpt_diag_hint(diag, "xlpt guard remove xl, then take that folder out of "
					     "PATH, and install it elsewhere");
		else
			xlpt_diag_hint(diag,
				       "xlpt guard install xl --dir DIR, with a folder DIR in "
				       "root's PATH that is root's alone, as all above it");
		return XLPT_ERR_CONFLICT;
	}
	if (f->state == XLPT_SENTRY_CHANGED && !force) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was changed by hand", f->path);
		xlpt_diag_fact(diag,
			       "the guard's lines in it are not what this version of xlpt wrote");
		xlpt_diag_hint(diag, "xlpt guard %s %s --force drops the change",
			       remove ? "remove" : "install", part);
		return XLPT_ERR_CONFLICT;
	}
	return 0;
}

struct xlpt_change xlpt_sentry_change_of(const struct xlpt_sentry_file *f, bool remove)
{
	static const enum xlpt_change_kind kinds[] = {
		[XLPT_SENTRY_LINK] = XLPT_CHANGE_LINK,
		[XLPT_SENTRY_WHOLE] = XLPT_CHANGE_DROPIN,
		[XLPT_SENTRY_BLOCK] = XLPT_CHANGE_TEXT,
	};

	return (struct xlpt_change){ .kind = kinds[f->kind],
				     .path = f->path,
				     .was = f->now,
				     .want = remove ? f->without : f->with,
				     .mode = 0644,
				     .keep = true };
}

static void plan_file(struct xlpt_env *env, struct xlpt_plan *plan, struct xlpt_journal *j,
		      const struct xlpt_sentry_file *f, size_t i, bool remove)
{
	const struct xlpt_change c = xlpt_sentry_change_of(f, remove);
	char *what;

	xlpt_change_note(env, j, &c);
	if (f->kind == XLPT_SENTRY_LINK)
		what = remove ? xlpt_xasprintf("remove the link %s", f->path)
			      : xlpt_xasprintf("link %s to %s", f->path, f->with);
	else if (f->kind == XLPT_SENTRY_WHOLE)
		what = xlpt_xasprintf("%s %s", remove ? "remove" : "write", f->path);
	else
		what = xlpt_xasprintf("%s the guard's lines %s %s", remove ? "take" : "put",
				      remove ? "out of" : "into", f->path);
	xlpt_plan_add(plan, put, undo, i, what, xlpt_xasprintf("put %s back as it was", f->path));
}

int xlpt_op_guard_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag)
{
	return xlpt_change_begin(env, locks, "guard", "the guard", diag);
}

int xlpt_sentry_pick(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS], bool remove,
		     bool force, size_t **out, size_t *n, struct xlpt_diag *diag)
{
	int rc = 0;

	*out = xlpt_xcalloc(g->n + 1, sizeof(**out));
	*n = 0;
	for (size_t k = 0; rc == 0 && k < g->n; k++) {
		/* Removed in reverse order: the permission goes after what needs it. */
		size_t i = remove ? g->n - 1 - k : k;
		const struct xlpt_sentry_file *f = &g->files[i];

		if (!parts[f->part])
			continue;
		rc = judge(f, remove, force, diag);
		if (rc == 0 && f->state != (remove ? XLPT_SENTRY_ABSENT : XLPT_SENTRY_CURRENT) &&
		    f->state != XLPT_SENTRY_FOREIGN)
			(*out)[(*n)++] = i;
	}
	if (rc == 0 && !remove && *n && !g->program_there) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the guard's program is not installed");
		xlpt_diag_fact(diag, "%s is not there", g->program);
		xlpt_diag_hint(diag, "make install puts it there, with xlpt");
		rc = XLPT_ERR_NOT_FOUND;
	} else if (rc == 0 && !remove && g->program_fact) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the guard cannot be installed from %s",
			      g->program);
		xlpt_diag_fact(diag, "%s", g->program_fact);
		xlpt_diag_hint(diag,
			       "install xlpt where all folders are root's alone: make install "
			       "PREFIX=/usr/local");
		rc = XLPT_ERR_CONFLICT;
	}
	return rc;
}

int xlpt_op_guard(struct xlpt_env *env, struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
		  bool remove, bool force, bool *changed, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_journal_ struct xlpt_journal j;
	struct apply a = { .env = env, .g = g, .journal = &j, .remove = remove };
	_cleanup_free_ size_t *picked = NULL;
	size_t n;
	int rc;

	*changed = false;
	xlpt_journal_init(&j, remove ? "guard remove" : "guard install", NULL);
	rc = xlpt_sentry_pick(g, parts, remove, force, &picked, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++)
		plan_file(env, &plan, &j, &g->files[picked[i]], picked[i], remove);
	*changed = plan.n > 0;
	if (rc == 0 && env->dry_run)
		xlpt_print_plan(env, &plan);
	env->done |= rc == 0 && !plan.n && !env->dry_run;
	if (rc || !plan.n || env->dry_run)
		return rc;
	rc = xlpt_change_run(env, &j, &plan, &a, diag);
	env->done |= rc == 0;
	if (rc == XLPT_ERR_LEFT)
		xlpt_diag_hint(diag,
			       "xlpt guard status shows how it stands; run this again when the "
			       "cause is gone");
	return rc;
}
