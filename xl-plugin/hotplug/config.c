/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --config FILE: the guest's xl configuration follows what was done to the running guest, so that
 * its next start has the same devices. Only the pci entry of the file changes.
 */
#include "xl-plugin/hotplug/config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "converters/edit.h"
#include "core/file.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"

#define MAX_SIZE (8u << 20) /* the same limit as convert's */

/* ---- the file ---- */

struct config_file {
	struct xlpt_file file;
	int lock; /* another xlpt waits for it */
	struct xlpt_str text;
};

static void config_dispose(struct config_file *f)
{
	xlpt_closep(&f->lock);
	xlpt_file_dispose(&f->file);
	xlpt_str_dispose(&f->text);
}
#define _cleanup_config_ XLPT_CLEANUP(config_dispose)
#define NO_CONFIG                                  \
	{                                          \
		.file = XLPT_FILE_NONE, .lock = -1 \
	}

static int cannot(struct xlpt_diag *diag, const char *what, const char *path, int r)
{
	int rc = r == -ENOENT ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO;

	xlpt_diag_file(diag, rc, r, "cannot %s %s", r == -ENOENT ? "open" : what, path);
	xlpt_diag_hint(diag, "--config needs the configuration file that this guest was created "
			     "from");
	return rc;
}

/*
 * The file may lie in a directory of another user. So it is opened once, and the file that was
 * read is the one that is written afterwards.
 */
static int read_config(struct xlpt_env *env, const char *path, struct config_file *f,
		       struct xlpt_diag *diag)
{
	int r = xlpt_file_find_to_edit(env->host, path, &f->file, &f->lock);

	if (r == 0)
		r = xlpt_file_get(&f->file, MAX_SIZE, &f->text);
	if (r == -EFBIG) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "larger than %u bytes: this is no guest's "
			      "configuration",
			      MAX_SIZE);
		xlpt_diag_at(diag, path, 1, 1);
		xlpt_diag_hint(diag, "name the configuration itself");
		return XLPT_ERR_SYNTAX;
	}
	return r ? cannot(diag, "read", path, r) : 0;
}

/* The new file gets the owner and mode of the old one. */
static int write_config(const char *path, const struct config_file *f, const struct xlpt_str *text,
			struct xlpt_diag *diag)
{
	int r = xlpt_file_put(
		&f->file, xlpt_str_get(text), text->len,
		&(struct xlpt_file_how){ .keep = true, .mode = 0600, .edited = true });

	return r < 0 ? cannot(diag, "write", path, r) : 0;
}

/* The path of the file itself, absolute. A symbolic link is followed here, and stays a link. */
static int resolve(struct xlpt_env *env, const char *path, char **out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	_cleanup_free_ char *at = cwd ? xlpt_xasprintf("%s/%s", cwd, path) : xlpt_xstrdup(path);
	_cleanup_file_ struct xlpt_file f;
	int r = xlpt_file_find(env->host, at, XLPT_FILE_FOLLOW, &f);

	if (r == 0)
		r = xlpt_file_path(env->host, &f, out);
	return r ? cannot(diag, "read", path, r) : 0;
}

/* ---- the change ---- */

/* Appends the changed text to out. Removing a device that the text does not list is success. */
static int change(const struct config_file *f, const char *path, const struct xlpt_edit *edits,
		  size_t n, struct xlpt_str *out, bool *changed, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str now = { 0 };

	*changed = false;
	xlpt_str_addn(&now, xlpt_str_get(&f->text), f->text.len);
	for (size_t i = 0; i < n; i++) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		struct xlpt_str next = { 0 };
		bool one = false;
		int rc = xlpt_edit_pci(xlpt_str_get(&now), now.len, path, &edits[i], 1, &next, &one,
				       &own);

		if (rc == XLPT_ERR_NOT_FOUND && edits[i].remove) {
			xlpt_str_dispose(&next);
			continue;
		}
		if (rc) {
			xlpt_diag_move(diag, &own);
			xlpt_str_dispose(&next);
			return rc;
		}
		xlpt_str_dispose(&now);
		now = next;
		*changed |= one;
	}
	xlpt_str_addn(out, xlpt_str_get(&now), now.len);
	return 0;
}

/* For the items that have an address. A VF that is still to be taken from its pool has none. */
static struct xlpt_edit *edits_of(const struct xlpt_op *op, size_t *n)
{
	struct xlpt_edit *edits = xlpt_xcalloc(op->n + 1, sizeof(*edits));

	*n = 0;
	for (size_t i = 0; i < op->n; i++) {
		struct xlpt_edit *e = &edits[*n];

		if (!op->items[i].spec.has_bdf)
			continue;
		*e = (struct xlpt_edit){ .remove = op->config.remove, .spec = op->items[i].spec };
		/* xl cannot read these. */
		e->spec.vf = (struct xlpt_vf_identity){ 0 };
		e->spec.pool = NULL;
		++*n;
	}
	return edits;
}

/* Tries the change on the file as it is now. */
static int try_change(struct xlpt_op *op, const char *path, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_edit *edits = NULL;
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_config_ struct config_file f = NO_CONFIG;
	size_t n;
	int rc = read_config(op->env, op->config.path, &f, diag);

	if (rc)
		return rc;
	edits = edits_of(op, &n);
	/* Without any edit the text is still read through, so that an error in it is found. */
	return n ? change(&f, path, edits, n, &text, &op->config.changes, diag)
		 : xlpt_edit_pci(xlpt_str_get(&f.text), f.text.len, path, edits, 0, &text,
				 &op->config.changes, diag);
}

int xlpt_op_config_check(struct xlpt_op *op, const char *path, bool remove, struct xlpt_diag *diag)
{
	int rc;

	op->config.remove = remove;
	rc = resolve(op->env, path, &op->config.path, diag);
	return rc ? rc : try_change(op, path, diag);
}

int xlpt_op_config_again(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = op->config.path ? try_change(op, op->config.path, diag) : 0;

	for (size_t i = 0; rc == 0 && op->config.path && i < op->n; i++)
		if (!xlpt_vfid_is_empty(&op->items[i].spec.vf))
			xlpt_warn(op->env,
				  "%s lists %s without mac=, vlan= and similar options: xl "
				  "does not know them",
				  op->config.path, XLPT_BDF_STR(op->items[i].spec.bdf));
	return rc;
}

/* The file is read anew: a guest may take a minute to answer, and somebody may have edited it. */
static int apply(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	_cleanup_config_ struct config_file f = NO_CONFIG;
	_cleanup_free_ struct xlpt_edit *edits = NULL;
	bool changed;
	size_t n;
	int rc;

	(void)i;
	rc = read_config(op->env, op->config.path, &f, diag);
	edits = edits_of(op, &n);
	if (rc == 0)
		rc = change(&f, op->config.path, edits, n, &op->config.now, &changed, diag);
	if (rc == 0 && changed) {
		xlpt_str_addn(&op->config.before, xlpt_str_get(&f.text), f.text.len);
		op->config.begun = true;
		rc = write_config(op->config.path, &f, &op->config.now, diag);
	}
	return rc;
}

static int take_back(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	_cleanup_config_ struct config_file f = NO_CONFIG;
	int rc = 0;

	(void)i;
	if (!op->config.begun)
		return 0;
	rc = read_config(op->env, op->config.path, &f, diag);
	/* When somebody else has changed the file since, it stays as it is. */
	if (rc == 0 && f.text.len == op->config.now.len &&
	    !memcmp(xlpt_str_get(&f.text), xlpt_str_get(&op->config.now), f.text.len))
		rc = write_config(op->config.path, &f, &op->config.before, diag);
	return rc;
}

void xlpt_plan_config(struct xlpt_plan *plan, const struct xlpt_op *op)
{
	_cleanup_str_ struct xlpt_str devices = { 0 };

	if (!op->config.path || !op->config.changes)
		return;
	for (size_t i = 0; i < op->n; i++)
		xlpt_str_addf(&devices, "%s%s", i ? " " : "", XLPT_BDF_STR(op->items[i].spec.bdf));
	xlpt_plan_add(plan, apply, take_back, op->n,
		      xlpt_xasprintf("%s %s %s %s", op->config.remove ? "remove" : "add", devices.s,
				     op->config.remove ? "from pci in" : "to pci in",
				     op->config.path),
		      xlpt_xasprintf("give %s its old text back", op->config.path));
}

void xlpt_op_config_say(const struct xlpt_op *op)
{
	if (op->config.path)
		xlpt_say(op->env, "%s %s", op->config.path,
			 op->config.changes ? "is changed" : "needs no change");
}

/* ---- after an operation that was cut short ---- */

void xlpt_config_mend(struct xlpt_env *env, const struct xlpt_journal *j)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct xlpt_edit *edits;
	_cleanup_config_ struct config_file f = NO_CONFIG;
	bool changed = false, remove = !strcmp(j->op, "detach");
	size_t n = 0;
	int rc;

	if (!j->config)
		return;
	edits = xlpt_xcalloc(j->n, sizeof(*edits));
	for (size_t i = 0; i < j->n; i++)
		if (j->devs[i].spec &&
		    xlpt_spec_parse(j->devs[i].spec, &edits[n].spec, NULL) == 0) {
			edits[n].spec.vf = (struct xlpt_vf_identity){ 0 };
			edits[n++].remove = remove;
		}
	rc = n ? read_config(env, j->config, &f, &diag) : 0;
	if (rc == 0 && n)
		rc = change(&f, j->config, edits, n, &text, &changed, &diag);
	if (rc == 0 && changed)
		rc = write_config(j->config, &f, &text, &diag);
	if (rc == 0 && changed)
		xlpt_say(env, "%s is changed, as the %s was to do", j->config, j->op);
	/* Removes the temporary file of a write that was cut short. */
	if (f.file.name)
		xlpt_file_sweep(&f.file.dir, "/", f.file.name + 1, false);
	/*
	 * The devices are mended by now. A file that is gone or broken must not keep their journal
	 * open.
	 */
	if (rc)
		xlpt_warn(env, "%s is not changed (%s); xlpt convert --edit does it", j->config,
			  diag.message ? diag.message : "failed");
	for (size_t i = 0; i < n; i++)
		xlpt_spec_dispose(&edits[i].spec);
	free(edits);
}
