/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of apply: read, find, judge, do. Only the last one changes anything. */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/locks.h"

/* ---- before anything is read ---- */

/* Takes back what a killed apply left, so that this one begins where that one began. */
static int mend_first(struct xlpt_env *env, struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && xlpt_mender_of(&js[i]) == &xlpt_mender_apply)
			rc = xlpt_mend(env, &js[i], diag);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

int xlpt_apply_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag)
{
	return xlpt_lock_files(env, locks, "apply", "what host.conf says", diag);
}

/* Takes the locks of the files before anything is read, and mends what was cut short on them. */
static int begin(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	int rc = mend_first(a->env, diag);

	if (rc == 0)
		rc = xlpt_apply_lock(a->env, &a->locks, diag);
	/* Another apply may have been killed while this one waited for its lock. */
	if (rc == 0)
		rc = mend_first(a->env, diag);
	return rc ? rc : xlpt_op_boot_lock(a->env, &a->locks, diag);
}

/* ---- judging ---- */

static void find_kind(struct xlpt_apply *a, enum xlpt_entry_kind kind)
{
	for (size_t i = 0; i < a->conf.n; i++) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		struct xlpt_entry *e = &a->conf.items[i];

		if (e->kind == kind && xlpt_apply_find(a, e, &own))
			xlpt_errors_add(&a->errors, e, &own);
	}
}

/* The PFs of [vfs] first: other sections may name VFs of them that do not exist yet. */
static int find_all(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	int rc = xlpt_apply_pins(a, false, diag);

	if (rc)
		return rc;
	find_kind(a, XLPT_ENTRY_VFS);
	rc = xlpt_apply_pins(a, true, diag);
	if (rc)
		return rc;
	find_kind(a, XLPT_ENTRY_HIDE);
	find_kind(a, XLPT_ENTRY_SPLIT);
	return 0;
}

/* What is already remembered of the device: once hidden, a card tells less about itself. */
static char *known(const struct xlpt_applied *before, const char *title, const char *words,
		   struct xlpt_bdf bdf, const char *now)
{
	const struct xlpt_recorded *r = xlpt_applied_find(before, title, words);
	_cleanup_pin_ struct xlpt_pin is = { .vf = -1 };

	if (xlpt_pin_parse(now, &is, NULL))
		return NULL;
	for (char **text = r ? r->devices : NULL; text && *text; text++) {
		_cleanup_pin_ struct xlpt_pin was = { .vf = -1 };
		struct xlpt_pin_match match;

		if (xlpt_pin_parse(*text, &was, NULL) == 0 && xlpt_bdf_eq(was.address, bdf) &&
		    xlpt_pin_find(&was, title, &is, 1, &match, NULL) == 0 && !match.moved)
			return *text;
	}
	return NULL;
}

/* What is remembered of a device that this host does not have now. */
static const char *kept(const struct xlpt_applied *before, const char *title, const char *words,
			struct xlpt_bdf bdf)
{
	const struct xlpt_recorded *r = xlpt_applied_find(before, title, words);

	for (char **text = r ? r->devices : NULL; text && *text; text++) {
		_cleanup_pin_ struct xlpt_pin was = { .vf = -1 };

		if (xlpt_pin_parse(*text, &was, NULL) == 0 && xlpt_bdf_eq(was.address, bdf))
			return *text;
	}
	return NULL;
}

/*
 * A virtual function that the entry names by its address or a pin. Nothing has to be remembered of
 * it, and nothing can be remembered of one that does not exist yet.
 */
static bool is_plain_vf(const struct xlpt_apply *a, const struct xlpt_entry *e, const char *words,
			struct xlpt_bdf bdf)
{
	const struct xlpt_device *d = xlpt_devices_find(&a->devices, bdf);
	struct xlpt_bdf said;

	return (e->kind == XLPT_ENTRY_HIDE || e->kind == XLPT_ENTRY_SPLIT) && (!d || d->is_vf) &&
	       (e->pin || xlpt_bdf_parse_host(words, &said, NULL) == 0);
}

/* Remembers which device each entry meant, for the next time. */
static void remember(struct xlpt_apply *a)
{
	for (size_t i = 0; i < a->conf.n; i++) {
		const struct xlpt_entry *e = &a->conf.items[i];
		_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);
		_cleanup_strv_ char **devices = NULL;

		for (size_t k = 0; k < e->n; k++) {
			_cleanup_free_ char *now = xlpt_apply_identity(a, e->devices[k], NULL);
			const char *old = now ? known(&a->before, title, words, e->devices[k], now)
					      : kept(&a->before, title, words, e->devices[k]);

			if ((now || old) && !is_plain_vf(a, e, words, e->devices[k]))
				xlpt_strv_add(&devices, old ? old : now);
		}
		if (devices)
			xlpt_applied_add(&a->after, title, words, devices);
	}
}

/* In the order of the locks: files, then devices and PFs, then pools. */
static int judge(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	static int (*const judges[])(struct xlpt_apply *, struct xlpt_diag *) = {
		find_all,	  xlpt_apply_together, xlpt_apply_boot, xlpt_apply_settings,
		xlpt_apply_guard, xlpt_apply_vfs,      xlpt_apply_hide, xlpt_apply_pools,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(judges); i++)
		rc = judges[i](a, diag);
	return rc;
}

/* ---- doing ---- */

static struct xlpt_change *change_of(struct xlpt_apply_file *f)
{
	f->change.path = f->path;
	f->change.was = f->was;
	f->change.want = f->want;
	return &f->change;
}

static int bring(struct xlpt_apply *a, size_t i, bool back, struct xlpt_diag *diag)
{
	struct xlpt_apply_file *f = &a->files[i];
	const struct xlpt_boot_file b = {
		.path = f->path, .text = f->want, .old = f->was, .mode = f->change.mode
	};

	if (back)
		return xlpt_change_undo(a->env, &a->journal, change_of(f), diag);
	return f->backup ? xlpt_boot_file_put(a->env->host, &b, diag)
			 : xlpt_change_bring(a->env, change_of(f), diag);
}

static int put(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return bring(ctx, i, false, diag);
}

static int put_back(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return bring(ctx, i, true, diag);
}

static int run_part(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_apply *a = ctx;
	struct xlpt_apply_part *part = &a->parts[i];
	_cleanup_free_ char *note = xlpt_xasprintf("begun %zu", i);
	int rc = xlpt_journal_note(&a->journal, note, diag);

	if (rc == 0 && part->late)
		rc = part->late(a, part, diag);
	if (rc == 0)
		rc = xlpt_journal_run(a->env, &a->journal, &part->plan, part->ctx, diag);
	part->done = rc == 0;
	return rc;
}

/* A part that failed has undone itself. */
static int undo_part(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_apply *a = ctx;
	struct xlpt_apply_part *part = &a->parts[i];
	const struct xlpt_plan_observer obs = xlpt_journal_observer(&a->journal);

	return part->done ? xlpt_plan_undo(&part->plan, part->ctx, &obs, diag) : 0;
}

static void describe(struct xlpt_apply *a, struct xlpt_plan *plan)
{
	for (size_t i = 0; i < a->n_parts; i++) {
		_cleanup_free_ char *text = xlpt_journal_format(&a->parts[i].journal);
		_cleanup_free_ char *note = xlpt_xasprintf("part %s", text);
		const char *op = a->parts[i].journal.op;

		if (a->parts[i].op)
			a->parts[i].op->outer = &a->journal;
		xlpt_journal_note(&a->journal, note, NULL);
		xlpt_plan_add(plan, run_part, undo_part, i, xlpt_xstrdup(op),
			      xlpt_xasprintf("take back: %s", op));
	}
	for (size_t i = 0; i < a->n_files; i++) {
		const struct xlpt_apply_file *f = &a->files[i];

		xlpt_change_note(a->env, &a->journal, change_of(&a->files[i]));
		xlpt_plan_add(plan, put, put_back, i,
			      xlpt_xasprintf("%s %s", f->want ? "write" : "remove", f->path),
			      xlpt_xasprintf("put %s back as it was", f->path));
	}
}

static int execute(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc;

	xlpt_journal_init(&a->journal, "apply", NULL);
	describe(a, &plan);
	a->env->done |= !plan.n;
	if (!plan.n)
		return 0;
	rc = xlpt_journal_begin(a->env, &a->journal, diag);
	if (rc)
		return rc;
	rc = xlpt_journal_run(a->env, &a->journal, &plan, a, diag);
	a->env->done = rc == 0;
	/* From here on nothing is taken back. */
	if (rc == 0)
		xlpt_journal_note(&a->journal, "applied yes", NULL);
	/* What could not be put back stays in the journal. */
	if (rc != XLPT_ERR_LEFT)
		xlpt_journal_end(a->env, &a->journal);
	return rc;
}

/* ---- all of it ---- */

/*
 * The code that is returned: errors of the file come before refusals by this host, and these
 * before the rest.
 */
static int worst(const struct xlpt_errors *errors)
{
	static const int order[] = { 2, 3, 1 };

	for (size_t o = 0; o < XLPT_ARRAY_SIZE(order); o++)
		for (size_t i = 0; i < errors->n; i++)
			if (xlpt_err_exit(errors->items[i].code) == order[o])
				return errors->items[i].code;
	return errors->n ? (int)errors->items[0].code : 0;
}

static int read_all(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	int rc = xlpt_host_conf_load(a->env, a->want->file, &a->conf, &a->errors, diag);

	if (rc == 0 && a->errors.n)
		return worst(&a->errors);
	if (rc == 0)
		rc = xlpt_applied_read(a->env, &a->before, diag);
	if (rc == 0)
		rc = xlpt_scan_all(a->env->host, XLPT_SCAN_CAPS, NULL, &a->devices, diag);
	return rc;
}

/*
 * What was made before and stays comes first, so that the same state is always written in the same
 * way.
 */
static void remember_made(struct xlpt_apply *a)
{
	char **new = XLPT_TAKE(a->after.made);

	for (char **m = a->before.made; m && *m; m++)
		if (!a->want->prune || xlpt_strv_has(a->named, *m))
			xlpt_strv_add(&a->after.made, *m);
	for (char **m = new; m &&*m; m++)
		if (!xlpt_strv_has(a->after.made, *m))
			xlpt_strv_add(&a->after.made, *m);
	xlpt_strv_free(new);
}

int xlpt_apply_run(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	struct xlpt_env *env = a->env;
	bool dry = env->dry_run;
	int rc = xlpt_env_need_host(env, diag);

	env->dry_run |= a->want->check;
	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc == 0 && !a->want->check)
		rc = begin(a, diag);
	if (rc == 0)
		rc = read_all(a, diag);
	if (rc == 0)
		rc = judge(a, diag);
	if (rc == 0 && a->errors.n)
		rc = worst(&a->errors);
	for (size_t i = 0; rc == 0 && i < a->conf.n; i++)
		a->changed |= a->conf.items[i].changes;
	if (rc == 0) {
		/* What apply remembers is no change of the host. */
		a->changed |= a->n_files || a->n_parts || a->pruned;
		remember(a);
		remember_made(a);
		xlpt_apply_file(a, XLPT_APPLIED, xlpt_xstrdup(a->before.text),
				a->after.n || a->after.made ? xlpt_applied_format(&a->after) : NULL,
				0600);
	}
	if (rc == 0 && !a->want->check)
		rc = execute(a, diag);
	env->dry_run = dry;
	return rc;
}
