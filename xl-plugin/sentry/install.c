/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Putting the guard there and taking it away: all of what was asked for, or
 * nothing.
 */
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
	bool remove;
};

static bool is_dropin(const struct xlpt_sentry_file *f)
{
	return f->kind == XLPT_SENTRY_WHOLE;
}

static char *folder_of(const char *path)
{
	return xlpt_xstrndup(path, (size_t)(strrchr(path, '/') - path));
}

/* A write that failed has changed nothing: there is nothing to write back, either. */
static bool has_text(struct xlpt_host *h, const char *path, const char *text)
{
	_cleanup_free_ char *now = NULL;
	struct stat st;

	return text && xlpt_sentry_slurp(h, path, &now, &st) == 0 && !strcmp(now, text);
}

/* Brings the file to text (a link: to that target), NULL = away, whatever is there. */
static int bring(struct xlpt_env *env, const struct xlpt_sentry_file *f, const char *text,
		 struct xlpt_diag *diag)
{
	_cleanup_free_ char *folder = folder_of(f->path);
	struct xlpt_host *h = env->host;
	int r = 0;

	if (f->kind == XLPT_SENTRY_LINK) {
		_cleanup_free_ char *there = xlpt_sentry_link(h, f->path);

		if (xlpt_streq(there, text))
			return 0;
		if (there)
			r = h->ops->unlink(h, f->path);
		if (r == 0 && text)
			r = xlpt_host_mkdirs(h, folder, 0755);
		if (r == 0 && text)
			r = h->ops->symlink(h, text, f->path);
	} else if (has_text(h, f->path, text)) {
		return 0;
	} else if (text) {
		/* The new file is another one: it gets the owner and mode of the old. */
		const struct xlpt_file_how how = { .mode = 0644, .as = f->now ? &f->st : NULL };

		r = xlpt_host_mkdirs(h, folder, 0755);
		if (r == 0)
			r = xlpt_file_replace(h, f->path, text, strlen(text), &how);
	} else {
		r = h->ops->unlink(h, f->path);
		if (r == -ENOENT || r == -ENOTDIR)
			r = 0;
		/* A folder of drop-ins with nothing in it says nothing. */
		if (is_dropin(f))
			h->ops->rmdir(h, folder);
	}
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, -r, "cannot %s %s", text ? "write" : "remove", f->path);
	xlpt_diag_hint(diag, "run xlpt as root, on a file system that can be written");
	return XLPT_ERR_IO;
}

static int put(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;
	const struct xlpt_sentry_file *f = &a->g->files[i];

	return bring(a->env, f, a->remove ? f->without : f->with, diag);
}

static int undo(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct apply *a = ctx;

	return bring(a->env, &a->g->files[i], a->g->files[i].now, diag);
}

/* What stands in the way is named before anything is touched. */
static int judge(const struct xlpt_sentry_file *f, bool remove, bool force, struct xlpt_diag *diag)
{
	const char *part = xlpt_sentry_part_word(f->part);

	if (f->state == XLPT_SENTRY_FOREIGN && !(remove && f->kind != XLPT_SENTRY_BLOCK)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s is not changed: xlpt did not write it",
			      f->path);
		xlpt_diag_fact(diag, "%s", f->fact);
		if (f->kind == XLPT_SENTRY_LINK)
			xlpt_diag_hint(diag,
				       "xlpt guard install xl --dir DIR, DIR being one that stands "
				       "before it in root's PATH");
		else if (f->kind == XLPT_SENTRY_WHOLE)
			xlpt_diag_hint(diag, "give that file another name");
		else
			xlpt_diag_hint(diag,
				       "make %s a plain file in which the guard's lines stand "
				       "whole, or not at all",
				       f->path);
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
				     .st = f->kind != XLPT_SENTRY_LINK && f->now ? &f->st : NULL };
}

static void plan_file(struct xlpt_plan *plan, struct xlpt_journal *j,
		      const struct xlpt_sentry_file *f, size_t i, bool remove)
{
	const struct xlpt_change c = xlpt_sentry_change_of(f, remove);
	char *what;

	xlpt_change_note(j, &c);
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
		/* Away in reverse: the permission goes after what needs it. */
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
	}
	return rc;
}

int xlpt_op_guard(struct xlpt_env *env, struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
		  bool remove, bool force, bool *changed, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_journal_ struct xlpt_journal j;
	struct apply a = { .env = env, .g = g, .remove = remove };
	_cleanup_free_ size_t *picked = NULL;
	size_t n;
	int rc;

	*changed = false;
	xlpt_journal_init(&j, remove ? "guard remove" : "guard install", NULL);
	rc = xlpt_sentry_pick(g, parts, remove, force, &picked, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++)
		plan_file(&plan, &j, &g->files[picked[i]], picked[i], remove);
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
