/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of vf create and vf remove, and its repair. The first device in it is the PF; the
 * others are the VFs that it had, in the order of their index, each with its driver and its
 * identity. Notes:
 *
 *	want 4			how many are wanted
 *	driver off 1		--no-driver or --driver, and sriov_drivers_autoprobe before
 *	persist enp1s0 WORD	the unit is to be written or removed: its key, the PF's word in it
 *	unit enp1s0 TEXT	the unit that was there before; \n and \\ for what a line cannot have
 *	unit-rights 0644 0:0 -	and whose that one was (xlpt_file_rights)
 *	noted 0000:01:10.0 TEXT	what xenstore noted about a VF
 */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/vf/vf.h"

static bool counts(const struct xlpt_journal *j)
{
	return (!strcmp(j->op, "vf-create") || !strcmp(j->op, "vf-remove")) && j->n;
}

/* ---- writing it ---- */

static void note(struct xlpt_journal *j, char *text)
{
	xlpt_journal_note(j, text, NULL);
	free(text);
}

void xlpt_vf_op_describe(const struct xlpt_vf_op *op, struct xlpt_journal *j)
{
	xlpt_journal_init(j, op->count ? "vf-create" : "vf-remove", NULL);
	xlpt_journal_add(j, op->pf.bdf, false, op->pf.driver);
	for (size_t i = 0; i < op->pf.n; i++) {
		const struct xlpt_vf_net *vf = xlpt_pf_net_vf(&op->before, (unsigned)i);

		xlpt_journal_add(j, op->pf.vfs[i], false,
				 op->drivers && op->drivers[i] ? op->drivers[i] : "");
		if (vf)
			j->devs[j->n - 1].identity = xlpt_vf_identity_text(&vf->id);
		if (op->notes && op->notes[i])
			note(j, xlpt_xasprintf("noted %s %s", XLPT_BDF_STR(op->pf.vfs[i]),
					       op->notes[i]));
	}
	note(j, xlpt_xasprintf("want %d", op->count));
	if (op->driver)
		note(j, xlpt_xasprintf("driver %s %d", op->driver == XLPT_ON ? "on" : "off",
				       op->autoprobe));
	if (op->persist)
		note(j, xlpt_xasprintf("persist %s %s", op->unit_key, op->word));
	if (op->unit_old) {
		_cleanup_free_ char *text = xlpt_line_escape(op->unit_text ? op->unit_text : "");

		note(j, xlpt_xasprintf("unit %s %s", op->unit_old, text));
		if (op->unit_rights)
			note(j, xlpt_xasprintf("unit-rights %s", op->unit_rights));
	}
}

int xlpt_vf_journal_begin(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	xlpt_vf_op_describe(op, &op->journal);
	return xlpt_journal_begin(op->env, &op->journal, diag);
}

/* ---- reading it ---- */

/*
 * Splits a note "KEY REST": KEY is returned, for the caller to free; *rest is what follows the
 * blank.
 */
static char *split(const char *text, const char **rest)
{
	size_t n = strcspn(text, " ");

	*rest = text[n] ? text + n + 1 : text + n;
	return xlpt_xstrndup(text, n);
}

static void read_notes(const struct xlpt_journal *j, struct xlpt_vf_op *op)
{
	const char *text, *rest;
	struct xlpt_bdf bdf;

	op->notes = xlpt_xcalloc(op->pf.n + 1, sizeof(*op->notes));
	for (size_t k = 0; (text = xlpt_journal_get(j, "noted", k)); k++) {
		_cleanup_free_ char *name = split(text, &rest);

		for (size_t i = 0; xlpt_bdf_from_sysfs_name(name, &bdf) && i < op->pf.n; i++)
			if (xlpt_bdf_eq(bdf, op->pf.vfs[i]) && !op->notes[i])
				op->notes[i] = xlpt_xstrdup(rest);
	}
}

/* The operation as the journal has it: op->pf and op->before say how it was before. */
static int read_op(const struct xlpt_journal *j, struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	const char *want = xlpt_journal_get(j, "want", 0), *text, *rest;
	uint64_t count;
	int rc = 0;

	if (!want || !xlpt_parse_uint(want, strlen(want), 10, 65535, &count)) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "the journal does not say what was wanted");
		xlpt_diag_fact(diag, "%s has no \"note want NUMBER\"", j->path);
		xlpt_diag_hint(diag, "make the virtual functions as they are to be, then: rm %s",
			       j->path);
		return XLPT_ERR_DATA;
	}
	op->count = (int)count;
	op->pf.bdf = j->devs[0].bdf;
	op->pf.count = (int)j->n - 1;
	op->pf.n = j->n - 1;
	op->pf.vfs = xlpt_xcalloc(j->n, sizeof(*op->pf.vfs));
	op->drivers = xlpt_xcalloc(j->n, sizeof(*op->drivers));
	for (size_t i = 0; rc == 0 && i < op->pf.n; i++) {
		const struct xlpt_journal_dev *d = &j->devs[i + 1];
		struct xlpt_vf_net vf = { .index = (unsigned)i };

		op->pf.vfs[i] = d->bdf;
		if (d->origin && *d->origin)
			op->drivers[i] = xlpt_xstrdup(d->origin);
		if (!d->identity)
			continue;
		rc = xlpt_vf_identity_of_journal(d, &vf.id, diag);
		XLPT_GROW(op->before.vfs, op->before.n, op->before.alloc);
		op->before.vfs[op->before.n++] = vf;
	}
	read_notes(j, op);
	text = xlpt_journal_get(j, "driver", 0);
	if (text) {
		op->driver = xlpt_starts(text, "on ") ? XLPT_ON : XLPT_OFF;
		op->autoprobe = atoi(strchr(text, ' ') ? strchr(text, ' ') : "-1");
	}
	text = xlpt_journal_get(j, "persist", 0);
	op->persist = text != NULL;
	if (text) {
		op->unit_key = split(text, &rest);
		op->word = xlpt_xstrdup(rest);
	}
	text = xlpt_journal_get(j, "unit", 0);
	if (text) {
		op->unit_old = split(text, &rest);
		op->unit_text = *rest ? xlpt_line_unescape(rest) : NULL;
		op->unit_rights = xlpt_xstrdup(xlpt_journal_get(j, "unit-rights", 0));
	}
	return rc;
}

/* ---- repair ---- */

/* Locks the journal's VFs and those that are there now, then the PF: the order of vf create. */
static int lock(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_journal *j,
		struct xlpt_diag *diag)
{
	struct xlpt_vf_op op = XLPT_VF_OP_INIT(env);
	int rc;

	xlpt_pf_read(env->host, j->devs[0].bdf, &op.pf, NULL);
	op.pf.bdf = j->devs[0].bdf;
	for (size_t i = 1; i < j->n; i++) {
		XLPT_GROW(op.pf.vfs, op.pf.n, op.pf.alloc);
		op.pf.vfs[op.pf.n++] = j->devs[i].bdf;
	}
	rc = xlpt_vf_lock(env, locks, &op.pf, diag);
	xlpt_vf_op_dispose(&op);
	return rc;
}

static int end_it(struct xlpt_vf_op *op, const struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);
	int rc = xlpt_pf_read(op->env->host, op->pf.bdf, &now, diag);

	if (rc)
		return rc;
	op->pf.ifname = xlpt_xstrdup(now.ifname);
	if (now.count && now.count != op->count && now.count != op->pf.count) {
		xlpt_say(op->env, "%s has %d virtual functions by now: left so", bdf, now.count);
		return 0;
	}
	if (now.count == op->count && !j->undoing) {
		rc = xlpt_vf_finish(op, diag);
		if (rc == 0)
			xlpt_say(op->env, "%s has %d virtual functions, as was wanted", bdf,
				 op->count);
		return rc;
	}
	rc = now.count && now.count != op->pf.count ? xlpt_vf_check_unused(op->env, &now, 0, diag)
						    : 0;
	if (rc == 0)
		rc = xlpt_vf_take_back(op, diag);
	if (rc == 0)
		xlpt_say(op->env,
			 "%s has %d virtual functions again, with the identities that they had",
			 bdf, op->pf.count);
	return rc;
}

static int mend(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	struct xlpt_vf_op op = XLPT_VF_OP_INIT(env);
	int rc;

	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(j->devs[0].bdf))) {
		xlpt_say(env, "%s is not there any more: nothing to mend",
			 XLPT_BDF_STR(j->devs[0].bdf));
		return 0;
	}
	if (!j->last) {
		xlpt_say(env, "nothing of %s had been changed", XLPT_BDF_STR(j->devs[0].bdf));
		return 0;
	}
	rc = read_op(j, &op, diag);
	if (rc == 0)
		rc = end_it(&op, j, diag);
	xlpt_vf_op_dispose(&op);
	return rc;
}

static bool touches(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf)
{
	struct xlpt_bdf pf;

	/* A VF that the operation created, and that is on no list yet. */
	return counts(j) && xlpt_vf_physfn(env->host, bdf, &pf) && xlpt_bdf_eq(pf, j->devs[0].bdf);
}

const struct xlpt_mender xlpt_mender_vf_count = {
	.is = counts,
	.lock = lock,
	.mend = mend,
	.touches = touches,
};

static bool concerns(struct xlpt_env *env, const struct xlpt_journal *j, const struct xlpt_pf *pf)
{
	const struct xlpt_mender *mender = xlpt_mender_of(j);

	if (mender && mender->touches && mender->touches(env, j, pf->bdf))
		return true;
	for (size_t i = 0; i < j->n; i++) {
		if (xlpt_bdf_eq(j->devs[i].bdf, pf->bdf))
			return true;
		for (size_t k = 0; k < pf->n; k++)
			if (xlpt_bdf_eq(j->devs[i].bdf, pf->vfs[k]))
				return true;
	}
	return false;
}

int xlpt_vf_mend_first(struct xlpt_env *env, const struct xlpt_pf *pf, struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = env->dry_run ? 0 : xlpt_journal_interrupted(env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && concerns(env, &js[i], pf) && xlpt_journal_moves(&js[i])) {
			rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
					   "an interrupted %s has to be mended first", js[i].op);
			xlpt_diag_fact(diag, "it was left at: %s",
				       js[i].last ? js[i].last : "its beginning");
			xlpt_diag_hint(diag, "xlpt repair");
		} else if (rc == 0 && concerns(env, &js[i], pf)) {
			rc = xlpt_mend(env, &js[i], diag);
		}
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}
