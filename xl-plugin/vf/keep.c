/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vf persist: writes the number of VFs that a PF has now where that program of this host looks
 * which sets it. All files or none, with a journal (kept/file-change.h).
 */
#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/vf/native.h"

struct keep {
	struct xlpt_env *env;
	const struct xlpt_journal *journal; /* while files are written */
	struct xlpt_pf pf;
	struct xlpt_setters setters;
	struct xlpt_vf_native native;
};

static void keep_dispose(struct keep *k)
{
	xlpt_pf_dispose(&k->pf);
	xlpt_setters_dispose(&k->setters);
	xlpt_vf_native_dispose(&k->native);
}

static struct xlpt_change change_of(const struct xlpt_vf_file *f)
{
	return (struct xlpt_change){ .kind = f->dropin ? XLPT_CHANGE_DROPIN : XLPT_CHANGE_TEXT,
				     .path = f->path,
				     .was = f->was,
				     .want = f->want,
				     .mode = f->mode };
}

static int put(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct keep *k = ctx;
	const struct xlpt_change c = change_of(&k->native.files[i]);

	return xlpt_change_bring(k->env, &c, diag);
}

static int put_back(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct keep *k = ctx;
	const struct xlpt_change c = change_of(&k->native.files[i]);

	return xlpt_change_undo(k->env, k->journal, &c, diag);
}

/* Another file may have the last word, so all files are read again, as the programs will. */
static int see(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct keep *k = ctx;
	_cleanup_setters_ struct xlpt_setters now = { 0 };

	(void)i;
	xlpt_setters_read(k->env->host, &k->pf, &now);
	for (i = 0; i < now.n; i++) {
		const struct xlpt_setter *s = &now.items[i];
		_cleanup_free_ char *place = xlpt_vf_setter_place(s), *how = NULL;

		if (s->count < 0 || s->count == k->pf.count)
			continue;
		how = xlpt_vf_setter_by_hand(s, k->pf.count);
		xlpt_diag_set(diag, XLPT_ERR_RULE, "%s would still make %d virtual functions",
			      s->program, s->count);
		xlpt_diag_fact(diag, "%s has the last word", place);
		xlpt_diag_hint(diag, "%s", how);
		return XLPT_ERR_RULE;
	}
	return 0;
}

static int nothing(void *ctx, size_t i, struct xlpt_diag *diag)
{
	(void)ctx;
	(void)i;
	(void)diag;
	return 0;
}

static bool same(const struct xlpt_vf_file *f)
{
	return xlpt_streq(f->was, f->want);
}

/* ---- printing it ---- */

static void say_file(struct xlpt_env *env, const struct xlpt_vf_file *f, bool apply)
{
	_cleanup_free_ char *text = xlpt_xstrdup(f->want);
	char *cursor = text, *line;

	if (!f->want && !f->was)
		return;
	if (same(f)) {
		xlpt_say(env, "%s needs no change", f->path);
		return;
	}
	xlpt_say(env, "%s %s%s",
		 apply	   ? f->want ? "wrote" : "removed"
		 : f->want ? "write"
			   : "remove",
		 f->path, f->want ? ":" : "");
	while (cursor && (line = xlpt_file_line(&cursor)))
		xlpt_say(env, "  %s", line);
}

static void report(struct keep *k, bool apply, bool changed)
{
	struct json_object *root = json_object_new_object(), *files = json_object_new_array(),
			   *commands = json_object_new_array();
	struct xlpt_env *env = k->env;

	for (size_t i = 0; i < k->setters.n; i++) {
		const struct xlpt_setter *s = &k->setters.items[i];
		_cleanup_free_ char *place = xlpt_vf_setter_place(s);

		if (s->count < 0)
			xlpt_say(env, "%s works with the virtual functions: %s", s->program, place);
		else
			xlpt_say(env, "%s sets their number to %d %s: %s", s->program, s->count,
				 xlpt_vf_setter_moment(s), place);
	}
	for (size_t i = 0; i < k->native.n; i++) {
		const struct xlpt_vf_file *f = &k->native.files[i];
		struct json_object *o = json_object_new_object();

		say_file(env, f, apply);
		xlpt_json_add(o, "path", xlpt_json_str(f->path));
		xlpt_json_add(o, "text", xlpt_json_str(f->want));
		json_object_array_add(files, o);
	}
	for (char **c = k->native.by_hand; c && *c; c++)
		xlpt_say(env, "by hand: %s", *c);
	for (char **c = changed || !apply ? k->native.commands : NULL; c && *c; c++) {
		xlpt_say(env, "then: %s", *c);
		json_object_array_add(commands, xlpt_json_str(*c));
	}
	xlpt_json_add(root, "pf", xlpt_json_bdf(k->pf.bdf));
	xlpt_json_add(root, "count", json_object_new_int(k->pf.count));
	xlpt_json_add(root, "changed", json_object_new_boolean(changed));
	xlpt_json_add(root, "set_by", xlpt_vf_setters_json(&k->setters));
	xlpt_json_add(root, "files", files);
	xlpt_json_add(root, "commands", commands);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	xlpt_vf_setters_warn_quarrel(env, &k->setters);
}

/* ---- doing it ---- */

static int by_hand_first(const struct keep *k, struct xlpt_diag *diag)
{
	const struct xlpt_setter *s = NULL;
	_cleanup_free_ char *place = NULL;

	if (!k->native.by_hand)
		return 0;
	for (size_t i = 0; i < k->setters.n && !s; i++)
		if (k->setters.items[i].count >= 0 && k->setters.items[i].count != k->pf.count &&
		    !xlpt_vf_setter_has_dropins(&k->setters.items[i]))
			s = &k->setters.items[i];
	place = s ? xlpt_vf_setter_place(s) : NULL;
	xlpt_diag_set(
		diag, XLPT_ERR_RULE,
		"the number of virtual functions of %s is set in a file that xlpt did not write "
		"and does not change",
		XLPT_BDF_STR(k->pf.bdf));
	if (s)
		xlpt_diag_fact(diag, "%s sets it to %d: %s", s->program, s->count, place);
	xlpt_diag_hint(diag, "%s", k->native.by_hand[0]);
	return XLPT_ERR_RULE;
}

static int write_files(struct keep *k, bool *changed, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_journal_ struct xlpt_journal j;

	*changed = false;
	xlpt_journal_init(&j, "vf persist", NULL);
	k->journal = &j;
	for (size_t i = 0; i < k->native.n; i++) {
		const struct xlpt_vf_file *f = &k->native.files[i];
		const struct xlpt_change change = change_of(f);

		if (same(f))
			continue;
		*changed = true;
		xlpt_plan_add(&plan, put, put_back, i,
			      xlpt_xasprintf("%s %s", f->want ? "write" : "remove", f->path),
			      xlpt_xasprintf("put %s back as it was", f->path));
		xlpt_change_note(k->env, &j, &change);
	}
	xlpt_plan_add(&plan, see, nothing, 0,
		      xlpt_xstrdup("see that every program then sets this number"), NULL);
	if (k->env->dry_run) {
		xlpt_print_plan(k->env, &plan);
		return 0;
	}
	return xlpt_change_run(k->env, &j, &plan, k, diag);
}

static bool any_number(const struct xlpt_setters *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].count >= 0)
			return true;
	return false;
}

/* When no other program sets the number, xlpt's own unit does. */
static int by_unit(struct xlpt_env *env, const char *name, const struct xlpt_pf *pf, bool apply,
		   struct xlpt_diag *diag)
{
	_cleanup_vf_op_ struct xlpt_vf_op op = XLPT_VF_OP_INIT(env);
	int rc;

	if (!apply) {
		xlpt_say(env, "no other program of this host sets the number");
		if (pf->count)
			xlpt_say(env, "a unit of xlpt's does: xlpt vf create --persist %s %d",
				 XLPT_WORD(name), pf->count);
		return 0;
	}
	op.count = pf->count;
	op.persist = true;
	rc = xlpt_vf_op_count(&op, name, diag);
	if (rc == 0 && op.unit && !env->dry_run)
		xlpt_say(env, "%s is %s", op.unit, op.count ? "written" : "removed");
	return rc;
}

/* Under the lock of the files, which comes after that of the PF. */
static int keep(struct keep *k, bool apply, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	struct xlpt_env *env = k->env;
	bool changed = false;
	int rc = apply && !env->dry_run
			 ? xlpt_change_begin(env, &locks, "vf", "the files of vf persist", diag)
			 : 0;

	if (rc)
		return rc;
	xlpt_setters_dispose(&k->setters);
	xlpt_setters_read(env->host, &k->pf, &k->setters);
	rc = xlpt_vf_native_make(env, &k->pf, &k->setters, &k->native, diag);
	if (rc == 0 && apply)
		rc = by_hand_first(k, diag);
	if (rc == 0 && apply)
		rc = write_files(k, &changed, diag);
	if (rc == 0 && !(apply && env->dry_run))
		report(k, apply, changed);
	return rc;
}

int xlpt_vf_op_keep(struct xlpt_env *env, const char *name, bool apply, struct xlpt_diag *diag)
{
	struct keep k = { .env = env };
	bool unit = false;
	int rc = xlpt_vf_find_pf(env, name, &k.pf, diag);

	if (rc == 0) {
		xlpt_setters_read(env->host, &k.pf, &k.setters);
		unit = !any_number(&k.setters);
	}
	if (rc == 0 && unit)
		rc = by_unit(env, name, &k.pf, apply, diag);
	if (rc == 0) {
		rc = keep(&k, apply, diag);
		/* The unit has been written already. */
		if (rc && unit && apply && !env->dry_run)
			rc = xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	keep_dispose(&k);
	return rc;
}
