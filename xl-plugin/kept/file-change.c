/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are changed together: doing it, and mending what was cut short. What the journal says of them
 * is read and written in file-note.c.
 */
#include "xl-plugin/kept/file-change.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "pciback/boot/boot.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/file-note.h"
#include "xl-plugin/kept/locks.h"

#define TEXT_LIMIT (1u << 20)

bool xlpt_change_is(const struct xlpt_journal *j)
{
	return xlpt_starts(j->op, "boot ") || xlpt_starts(j->op, "guard ") ||
	       xlpt_starts(j->op, "vf ");
}

/* This file only makes messages better, so it is no failure when it cannot be written. */
static void write_after(struct xlpt_env *env, const struct xlpt_journal *j)
{
	const char *text = xlpt_journal_get(j, "after", 0), *v = text ? strstr(text, " =") : NULL;
	_cleanup_free_ char *path = v ? xlpt_xstrndup(text, (size_t)(v - text)) : NULL;
	_cleanup_free_ char *content = v ? xlpt_line_unescape(v + 2) : NULL;

	if (content)
		xlpt_file_replace(env->host, path, content, strlen(content),
				  &(struct xlpt_file_how){ .mode = 0600 });
}

int xlpt_change_run(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_plan *plan,
		    void *ctx, struct xlpt_diag *diag)
{
	const struct xlpt_plan_observer obs = xlpt_journal_observer(j);
	int rc;

	if (env->sysroot)
		return xlpt_plan_run(plan, ctx, NULL, diag);
	rc = xlpt_journal_begin(env, j, diag);
	if (rc)
		return rc;
	rc = xlpt_plan_run(plan, ctx, &obs, diag);
	if (rc == 0) {
		/*
		 * From here on, whoever edits one of the files does not cause the others to be
		 * undone.
		 */
		xlpt_journal_note(j, "files done", NULL);
		write_after(env, j);
	}
	/* What could not be put back stays in the journal. */
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(env, j);
	return rc;
}

/* ---- how far it came ---- */

static int look(struct xlpt_env *env, struct xlpt_file_note *f, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	const char *now;
	char link[4096];
	int r;

	if (f->kind == XLPT_CHANGE_LINK) {
		r = (int)env->host->ops->readlink(env->host, f->path, link, sizeof(link));
		now = link;
	} else {
		r = xlpt_file_read(env->host, f->path, TEXT_LIMIT, &text);
		now = xlpt_str_get(&text);
	}
	if (r == -ENOENT || r == -ENOTDIR)
		now = NULL;
	/* Something else has this name by now. */
	f->now = XLPT_FILE_OTHER;
	if (r == -EINVAL || r == -EMEDIUMTYPE || r == -EISDIR || r == -ELOOP || r == -EFBIG)
		return 0;
	if (r < 0 && now)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot read %s", f->path);
	if (xlpt_streq(now, f->want))
		f->now = XLPT_FILE_AS_WANTED;
	else if (xlpt_streq(now, f->was))
		f->now = XLPT_FILE_AS_BEFORE;
	else if (!now)
		f->now = XLPT_FILE_GONE;
	return 0;
}

/* ---- mending ---- */

static char *folder_of(const char *path)
{
	return xlpt_xstrndup(path, (size_t)(strrchr(path, '/') - path));
}

/* A folder that only root may read stays so. */
static int make_folder(struct xlpt_env *env, const char *folder)
{
	return xlpt_starts(folder, "/var/lib/xlpt") ? xlpt_file_private_dir(env->host, folder)
						    : xlpt_host_mkdirs(env->host, folder, 0755);
}

/* Whatever has that name now: afterwards the file has this text. */
static int bring(struct xlpt_env *env, const struct xlpt_change *c, const char *text,
		 const char *rights)
{
	const struct xlpt_file_how how = { .mode = c->mode, .keep = c->keep, .rights = rights };
	const struct xlpt_host_ops *ops = env->host->ops;
	_cleanup_free_ char *folder = folder_of(c->path);
	int r = 0;

	if (c->kind == XLPT_CHANGE_LINK || !text)
		r = ops->unlink(env->host, c->path);
	if (r == -ENOENT || r == -ENOTDIR)
		r = 0;
	if (r == 0 && text)
		r = make_folder(env, folder);
	if (r == 0 && text && c->kind == XLPT_CHANGE_LINK)
		r = ops->symlink(env->host, text, c->path);
	else if (r == 0 && text)
		r = xlpt_file_replace(env->host, c->path, text, strlen(text), &how);
	if (r == 0 && !text && c->kind == XLPT_CHANGE_DROPIN)
		ops->rmdir(env->host, folder);
	return r;
}

static int put_back(struct xlpt_env *env, const struct xlpt_file_note *f, struct xlpt_diag *diag)
{
	const struct xlpt_change c = { .kind = f->kind, .path = f->path, .mode = f->mode };
	int r = bring(env, &c, f->was, f->rights);

	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, -r, "cannot put %s back as it was", f->path);
	xlpt_diag_hint(diag, "run xlpt repair as root, with that file system writable");
	return XLPT_ERR_IO;
}

static int change(struct xlpt_env *env, const struct xlpt_change *c, const char *text,
		  const char *rights, struct xlpt_diag *diag)
{
	struct xlpt_file_note f = { .kind = c->kind,
				    .path = (char *)c->path,
				    .was = (char *)c->was,
				    .want = (char *)text };
	int rc = look(env, &f, diag), r;

	/* A write that failed has changed nothing, so there is nothing to undo. */
	if (rc || (f.now == XLPT_FILE_AS_WANTED && !(c->kind == XLPT_CHANGE_DROPIN && !text)))
		return rc;
	r = bring(env, c, text, rights);
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, -r, "cannot %s %s", text ? "write" : "remove", c->path);
	xlpt_diag_hint(diag, "run xlpt as root, on a file system that can be written");
	return XLPT_ERR_IO;
}

int xlpt_change_bring(struct xlpt_env *env, const struct xlpt_change *c, struct xlpt_diag *diag)
{
	return change(env, c, c->want, NULL, diag);
}

int xlpt_change_undo(struct xlpt_env *env, const struct xlpt_journal *j,
		     const struct xlpt_change *c, struct xlpt_diag *diag)
{
	return change(env, c, c->was, xlpt_file_note_rights(j, c->path), diag);
}

static int take_back(struct xlpt_env *env, const struct xlpt_file_note *f, struct xlpt_diag *diag)
{
	/* A link is removed before the new one is made: a kill may have come in between. */
	bool half = f->now == XLPT_FILE_GONE && f->kind == XLPT_CHANGE_LINK;
	bool empty = f->now == XLPT_FILE_AS_BEFORE && f->kind == XLPT_CHANGE_DROPIN && !f->was;

	if ((f->now == XLPT_FILE_OTHER || f->now == XLPT_FILE_GONE) && !half)
		xlpt_warn(env, "%s was changed since, and is left as it is", f->path);
	/* Of a drop-in only the folder may be there. */
	return f->now == XLPT_FILE_AS_WANTED || half || empty ? put_back(env, f, diag) : 0;
}

/* Removes a temporary file that a kill left beside this file, or beside its copy. */
static void sweep(struct xlpt_env *env, const struct xlpt_file_note *f)
{
	_cleanup_free_ char *folder = folder_of(f->path);
	_cleanup_free_ char *copies = xlpt_xasprintf(XLPT_BACKUP_DIR "%s", folder);
	const char *name = strrchr(f->path, '/') + 1;

	xlpt_file_sweep(env->host, folder, name, false);
	xlpt_file_sweep(env->host, copies, name, false);
}

/* In reverse, so that a file is removed before what it needs. kept NULL: whatever was done. */
static int bring_back(struct xlpt_env *env, const struct xlpt_journal *j,
		      struct xlpt_file_note *files, size_t n, bool *kept, struct xlpt_diag *diag)
{
	bool all = kept && !j->undoing;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!xlpt_file_note_read(j, i, &files[i])) {
			xlpt_diag_set(diag, XLPT_ERR_DATA, "the journal %s is damaged", j->path);
			xlpt_diag_fact(diag, "this xlpt cannot read what it says of file %zu",
				       i + 1);
			xlpt_diag_hint(diag, "look at the files that it names, then: rm %s",
				       j->path);
			return XLPT_ERR_DATA;
		}
		rc = look(env, &files[i], diag);
		all &= rc == 0 && files[i].now == XLPT_FILE_AS_WANTED;
		sweep(env, &files[i]);
	}
	all |= kept && xlpt_streq(xlpt_journal_get(j, "files", 0), "done");
	for (size_t i = n; rc == 0 && !all && i-- > 0;)
		rc = take_back(env, &files[i], diag);
	if (kept)
		*kept = all;
	return rc;
}

static int mend_files(struct xlpt_env *env, const struct xlpt_journal *j, bool *kept,
		      struct xlpt_diag *diag)
{
	struct xlpt_file_note *files;
	size_t n = 0;
	int rc;

	while (xlpt_journal_get(j, "file", n))
		n++;
	files = xlpt_xcalloc(n + 1, sizeof(*files));
	rc = bring_back(env, j, files, n, kept, diag);
	for (size_t i = 0; i < n; i++)
		xlpt_file_note_dispose(&files[i]);
	free(files);
	return rc;
}

int xlpt_change_take_back(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag)
{
	return mend_files(env, j, NULL, diag);
}

/* The journal is adopted and the lock is held. */
static int mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	bool kept;
	int rc;

	xlpt_say(env, "mending an interrupted %s, left at: %s", j->op,
		 j->last ? j->last : "its beginning");
	rc = mend_files(env, j, &kept, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "cannot mend the interrupted %s", j->op);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	if (kept)
		write_after(env, j);
	xlpt_say(env, "the %s %s", j->op,
		 kept ? "had changed all its files: kept" : "is taken back");
	xlpt_journal_end(env, j);
	return 0;
}

static bool is_kind(const struct xlpt_journal *j, const char *kind)
{
	size_t len = strlen(kind);

	return xlpt_starts(j->op, kind) && j->op[len] == ' ';
}

int xlpt_change_begin(struct xlpt_env *env, struct xlpt_locks *locks, const char *kind,
		      const char *what, struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_lock_files(env, locks, kind, what, diag);

	if (rc || env->sysroot)
		return rc;
	rc = xlpt_journal_interrupted(env, &js, &n, diag);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && is_kind(&js[i], kind)) {
			rc = xlpt_journal_adopt(env, &js[i], diag);
			rc = rc > 0 ? mend(env, &js[i], diag) : rc;
		}
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

static int change_repair(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_free_ char *kind = xlpt_xstrndup(j->op, strcspn(j->op, " "));
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = xlpt_lock_files(env, &locks, kind,
				 is_kind(j, "guard") ? "the guard"
				 : is_kind(j, "vf")  ? "the files of vf persist"
						     : "boot-time hiding or the pins",
				 diag);

	if (rc == 0)
		rc = xlpt_journal_adopt(env, j, diag);
	return rc > 0 ? mend(env, j, diag) : rc;
}

const struct xlpt_mender xlpt_mender_files = { .is = xlpt_change_is, .whole = change_repair };
