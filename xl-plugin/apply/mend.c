/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mender of an apply that was cut short. Its journal has the files (kept/file-change.h) and
 *
 *	note part TEXT		a part: the journal that its room would have written
 *	note begun 0		that part was begun
 *	note applied yes	everything was done
 *
 * Without the last note all of it is taken back: the files first, then each part by the mender of
 * its room, as one that had failed. The next apply then begins where this one began.
 */
#include <string.h>

#include "xl-plugin/apply/apply.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/locks.h"

static bool is_apply(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "apply");
}

/* False when there is no such part. The caller disposes of out in either case. */
static bool read_part(const struct xlpt_journal *j, size_t i, struct xlpt_journal *out)
{
	const char *text = xlpt_journal_get(j, "part", i);
	_cleanup_free_ char *copy = xlpt_xstrdup(text);

	*out = (struct xlpt_journal){ .fd = -1 };
	if (!copy || !xlpt_journal_parse(out, copy))
		return false;
	out->path = xlpt_xstrdup(j->path);
	out->last = xlpt_xstrdup(j->last);
	out->undoing = true;
	return true;
}

static bool begun(const struct xlpt_journal *j, size_t i)
{
	_cleanup_free_ char *number = xlpt_xasprintf("%zu", i);
	const char *text;

	for (size_t k = 0; (text = xlpt_journal_get(j, "begun", k)); k++)
		if (!strcmp(text, number))
			return true;
	return false;
}

static int lock_part(struct xlpt_env *env, struct xlpt_locks *locks,
		     const struct xlpt_journal *part, struct xlpt_diag *diag)
{
	const struct xlpt_mender *mender = xlpt_mender_of(part);
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(part->n + 1, sizeof(*bdfs));

	if (mender && mender->lock)
		return mender->lock(env, locks, part, diag);
	for (size_t i = 0; i < part->n; i++)
		bdfs[i] = part->devs[i].bdf;
	return xlpt_lock_all(env, locks, NULL, bdfs, part->n, diag);
}

static int lock_all(struct xlpt_env *env, struct xlpt_locks *locks, const struct xlpt_journal *j,
		    struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && xlpt_journal_get(j, "part", i); i++) {
		_cleanup_journal_ struct xlpt_journal part;

		if (read_part(j, i, &part))
			rc = lock_part(env, locks, &part, diag);
	}
	if (rc == 0)
		rc = xlpt_apply_lock(env, locks, diag);
	if (rc == 0)
		rc = xlpt_lock_files(env, locks, "boot", "boot-time hiding or the pins", diag);
	return rc ? rc : xlpt_lock_files(env, locks, "guard", "the guard", diag);
}

/* Its mender finishes an unhide that was cut short; after that it can be taken back whole. */
static int hide_again(struct xlpt_env *env, struct xlpt_journal *j, const struct xlpt_journal *part,
		      struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc = 0;

	xlpt_op_init(&op, env);
	op.outer = j;
	for (size_t i = 0; rc == 0 && i < part->n; i++) {
		/* A device that was unplugged since is nobody's. */
		if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s",
				   XLPT_BDF_STR(part->devs[i].bdf)))
			continue;
		rc = xlpt_op_add_bdf(&op, part->devs[i].bdf, diag);
		xlpt_bdfs_add(&op.force_host, part->devs[i].bdf);
	}
	return rc || !op.n ? rc : xlpt_op_hide(&op, diag);
}

static int take_back_part(struct xlpt_env *env, struct xlpt_journal *j, size_t i,
			  struct xlpt_diag *diag)
{
	_cleanup_journal_ struct xlpt_journal part;
	const struct xlpt_mender *mender;
	int rc;

	if (!read_part(j, i, &part) || !(mender = xlpt_mender_of(&part)) || !mender->mend) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "the journal %s is damaged", j->path);
		xlpt_diag_fact(diag, "this xlpt cannot read part %zu of it", i + 1);
		xlpt_diag_hint(diag, "look at the devices and files that it names, then: rm %s",
			       j->path);
		return XLPT_ERR_DATA;
	}
	rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = mender->mend(env, &part, diag);
	if (rc == 0 && !strcmp(part.op, "unhide"))
		rc = hide_again(env, j, &part, diag);
	return rc;
}

static int take_back(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	size_t n = 0;
	int rc = xlpt_change_take_back(env, j, diag);

	while (xlpt_journal_get(j, "part", n))
		n++;
	while (rc == 0 && n-- > 0)
		if (begun(j, n))
			rc = take_back_part(env, j, n, diag);
	if (rc == 0)
		xlpt_mend_overrides(env, j);
	return rc;
}

static int whole(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = lock_all(env, &locks, j, diag);

	if (rc == 0)
		rc = xlpt_journal_adopt(env, j, diag);
	if (rc <= 0)
		return rc;
	xlpt_say(env, "mending an interrupted apply, left at: %s",
		 j->last ? j->last : "its beginning");
	rc = 0;
	if (!xlpt_journal_get(j, "applied", 0))
		rc = take_back(env, j, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "cannot mend the interrupted apply");
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_say(env, "the apply %s",
		 xlpt_journal_get(j, "applied", 0) ? "had done everything: kept" : "is taken back");
	xlpt_journal_end(env, j);
	return 0;
}

static bool touches(struct xlpt_env *env, const struct xlpt_journal *j, struct xlpt_bdf bdf)
{
	bool found = false;

	for (size_t i = 0; is_apply(j) && !found && xlpt_journal_get(j, "part", i); i++) {
		_cleanup_journal_ struct xlpt_journal part;
		const struct xlpt_mender *mender;

		if (!read_part(j, i, &part))
			continue;
		for (size_t k = 0; k < part.n; k++)
			found |= xlpt_bdf_eq(part.devs[k].bdf, bdf);
		mender = xlpt_mender_of(&part);
		found |= mender && mender->touches && mender->touches(env, &part, bdf);
	}
	return found;
}

const struct xlpt_mender xlpt_mender_apply = { .is = is_apply, .whole = whole, .touches = touches };
