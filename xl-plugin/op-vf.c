/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf create and vf remove. */
#include <string.h>

#include "pciback/bind.h"
#include "xl-plugin/output.h"
#include "xl-plugin/vf.h"

void xlpt_vf_op_dispose(struct xlpt_vf_op *op)
{
	xlpt_pf_dispose(&op->pf);
	xlpt_pf_net_dispose(&op->before);
	xlpt_locks_release(&op->locks);
	xlpt_owners_dispose(&op->owners);
	xlpt_needs_dispose(&op->needs);
	free(op->unit);
	free(op->unit_key);
	free(op->unit_old);
	free(op->word);
	*op = (struct xlpt_vf_op){ .env = op->env };
}

/* ---- which VFs are in use ---- */

/* Why a VF cannot be dropped, and what mends it; false when nothing speaks against it. */
static bool in_use(struct xlpt_vf_op *op, struct xlpt_bdf vf, struct xlpt_str *why,
		   struct xlpt_str *mend)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&op->owners, vf);
	const struct xlpt_needed *needed = xlpt_guard_find(&op->needs, vf);
	_cleanup_free_ char *driver = NULL, *ifname = xlpt_net_of(op->env->host, vf);
	const char *bdf = XLPT_BDF_STR(vf), *sep = why->len ? "; " : "";

	xlpt_bind_driver(op->env->host, vf, &driver, NULL);
	if (owner && owner->guest) {
		xlpt_str_addf(why, "%s%s is with %s", sep, bdf, owner->guest);
		xlpt_str_addf(mend, "%sxlpt detach --to-host %s %s", sep, owner->guest, bdf);
	} else if (owner) {
		xlpt_str_addf(why, "%s%s was left by domain %u", sep, bdf, owner->domid);
		xlpt_str_addf(mend, "%sxlpt repair", sep);
	} else if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER)) {
		/* pciback marks what it has as assigned, whether a guest has it or not. */
		xlpt_str_addf(why, "%s%s is hidden, and counts as in use", sep, bdf);
		xlpt_str_addf(mend, "%sxlpt unhide %s", sep, bdf);
	} else if (needed) {
		xlpt_str_addf(why, "%s%s is needed by this host: %s", sep, bdf, needed->what);
		xlpt_str_addf(mend, "%smove that away from %s", sep, bdf);
	} else if (driver && (xlpt_starts(driver, "vfio") || xlpt_starts(driver, "uio"))) {
		xlpt_str_addf(why, "%s%s is with %s", sep, bdf, driver);
		xlpt_str_addf(mend, "%send what uses %s", sep, bdf);
	} else if (ifname && xlpt_net_is_up(op->env->host, ifname)) {
		xlpt_str_addf(why, "%s%s is %s, which is up", sep, bdf, ifname);
		xlpt_str_addf(mend, "%sip link set %s down", sep, ifname);
	} else {
		return false;
	}
	return true;
}

static int check_unused(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str why = { 0 }, mend = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < op->pf.n; i++)
		n += in_use(op, op->pf.vfs[i], &why, &mend);
	if (!n)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%zu of the %d virtual functions of %s %s in use", n,
		      op->pf.count, XLPT_BDF_STR(op->pf.bdf), n == 1 ? "is" : "are");
	xlpt_diag_fact(diag, "%s%s", xlpt_str_get(&why), op->count ? "; another number of VFs means "
		       "removing all of them first (the kernel's rule)" : "");
	xlpt_diag_hint(diag, "%s", xlpt_str_get(&mend));
	return XLPT_ERR_RULE;
}

static int check_count(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);

	if (op->count > op->pf.total) {
		xlpt_diag_set(diag, XLPT_ERR_FULL, "%s can have %d virtual functions and not %d", bdf,
			      op->pf.total, op->count);
		xlpt_diag_fact(diag, "its sriov_totalvfs is %d", op->pf.total);
		xlpt_diag_hint(diag, "xlpt vf create %s %d", bdf, op->pf.total);
		return XLPT_ERR_FULL;
	}
	if (op->count == op->pf.count)
		return 0;
	if (!op->pf.driver || !strcmp(op->pf.driver, XLPT_PCIBACK_DRIVER))
		return xlpt_vf_no_driver(&op->pf, diag);
	return op->pf.count ? check_unused(op, diag) : 0;
}

/* ---- the steps ---- */

static int to_count(struct xlpt_vf_op *op, int count, struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	int rc = xlpt_pf_read(op->env->host, op->pf.bdf, &now, diag);

	return rc || now.count == count ? rc : xlpt_pf_set_count(op->env->host, &now, count, diag);
}

/* The identities of the first n VFs, as they were: they went with the VFs. */
static int same_identities(struct xlpt_vf_op *op, int n, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < op->before.n; i++) {
		struct xlpt_vf_identity id = op->before.vfs[i].id;

		if (op->before.vfs[i].index >= (unsigned)n)
			continue;
		/* A limit can only be set while the link is up; none is what a fresh VF has. */
		id.has_min_rate = id.has_min_rate && id.min_rate;
		id.has_max_rate = id.has_max_rate && id.max_rate;
		rc = xlpt_vf_net_apply(op->env->rtnl, op->pf.ifname, op->before.vfs[i].index, &id, diag);
	}
	return rc;
}

static int drop(void *ctx, size_t i, struct xlpt_diag *diag)
{
	(void)i;
	return to_count(ctx, 0, diag);
}

static int undo_drop(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc = to_count(op, op->pf.count, diag);

	(void)i;
	return rc ? rc : same_identities(op, op->pf.count, diag);
}

static int create(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return to_count(op, op->count, diag);
}

static int keep_identities(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return same_identities(op, op->count, diag);
}

/* Whether a VF that goes and comes again has been given anything. */
static bool any_identity(const struct xlpt_vf_op *op)
{
	static const uint8_t none[6];

	for (size_t i = 0; i < op->before.n; i++) {
		const struct xlpt_vf_identity *id = &op->before.vfs[i].id;

		if (op->before.vfs[i].index < (unsigned)op->count &&
		    (memcmp(id->mac, none, 6) != 0 || id->vlan.id || id->vlan.qos ||
		     id->trust == XLPT_ON || id->spoofchk == XLPT_OFF || id->min_rate ||
		     id->max_rate || id->link > XLPT_LINK_AUTO))
			return true;
	}
	return false;
}

static bool any_note(const struct xlpt_vf_op *op)
{
	bool any = false;

	for (size_t i = 0; op->env->store && i < op->pf.n; i++) {
		_cleanup_free_ char *note = NULL;

		any |= xlpt_pcinote_vf_get(op->env->store, op->pf.vfs[i], &note, NULL) == 0 && note;
	}
	return any;
}

/* What was remembered about VFs that are gone is of no use. */
static int forget(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc = 0;

	(void)i;
	for (size_t k = 0; rc == 0 && op->env->store && k < op->pf.n; k++)
		rc = xlpt_vf_note_write(op->env, op->pf.vfs[k], false, NULL, diag);
	return rc;
}

static int write_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc;

	(void)i;
	rc = xlpt_vf_unit_write(op->env, op->unit_key, op->word, op->count, diag);
	/* One PF has one unit: another one may name it by its address. */
	if (rc == 0 && op->unit_old && strcmp(op->unit_old, op->unit_key) != 0)
		rc = xlpt_vf_unit_remove(op->env, op->unit_old, diag);
	return rc;
}

static int undo_write_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	/* What the other one said before: as many VFs as there were. */
	if (op->unit_old && !strcmp(op->unit_old, op->unit_key))
		return xlpt_vf_unit_write(op->env, op->unit_key, op->word, op->pf.count, diag);
	return xlpt_vf_unit_remove(op->env, op->unit_key, diag);
}

static int remove_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return xlpt_vf_unit_remove(op->env, op->unit_old, diag);
}

int xlpt_vf_before_step(void *priv, size_t i, const struct xlpt_step *step, bool undo,
			struct xlpt_diag *diag)
{
	struct xlpt_env *env = priv;

	(void)i;
	(void)diag;
	xlpt_verbose(env, "%s", undo && step->undo_what ? step->undo_what : step->what);
	return 0;
}

static int execute(struct xlpt_env *env, const struct xlpt_plan *plan, void *ctx,
		   struct xlpt_diag *diag)
{
	const struct xlpt_plan_observer obs = { .priv = env, .before = xlpt_vf_before_step };
	int rc;

	if (env->dry_run) {
		xlpt_op_print_plan(env, plan);
		return 0;
	}
	env->done |= !plan->n;
	if (!plan->n)
		return 0;
	rc = xlpt_plan_run(plan, ctx, &obs, diag);
	env->done |= rc == 0;
	return rc;
}

static void plan_unit(struct xlpt_vf_op *op, struct xlpt_plan *plan)
{
	if (op->persist && op->count) {
		op->unit = xlpt_vf_unit_path(op->unit_key);
		xlpt_plan_add(plan, write_unit, undo_write_unit, 0,
			      xlpt_xasprintf("write %s, so that they are there after a reboot", op->unit),
			      xlpt_xasprintf("remove %s", op->unit));
	} else if (!op->count && op->unit_old) {
		op->unit = xlpt_vf_unit_path(op->unit_old);
		op->remains = !op->persist;
		if (op->persist)
			xlpt_plan_add(plan, remove_unit, NULL, 0,
				      xlpt_xasprintf("remove %s", op->unit), NULL);
	}
}

/* "create 4 virtual functions of 0000:01:00.0" */
static char *sentence(const char *verb, int n, const struct xlpt_vf_op *op)
{
	return xlpt_xasprintf("%s %d virtual function%s of %s", verb, n, n == 1 ? "" : "s",
			      XLPT_BDF_STR(op->pf.bdf));
}

static int plan_count(struct xlpt_vf_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);
	int rc = 0;

	op->unchanged = op->count == op->pf.count;
	if (!op->unchanged && op->pf.count && op->pf.ifname) {
		rc = xlpt_env_need_rtnl(op->env, diag);
		if (rc == 0)
			rc = xlpt_pf_net_read(op->env->rtnl, op->pf.ifname, &op->before, diag);
	}
	if (rc == 0 && !op->unchanged && op->pf.count)
		xlpt_plan_add(plan, drop, undo_drop, 0, sentence("remove", op->pf.count, op),
			      sentence("create again", op->pf.count, op));
	if (rc == 0 && !op->unchanged && op->count)
		xlpt_plan_add(plan, create, drop, 0, sentence("create", op->count, op),
			      sentence("remove", op->count, op));
	if (rc == 0 && !op->unchanged && any_identity(op))
		xlpt_plan_add(plan, keep_identities, NULL, 0,
			      xlpt_xstrdup("give those that were there the identity they had"), NULL);
	if (rc == 0)
		plan_unit(op, plan);
	if (rc == 0 && !op->unchanged && any_note(op))
		xlpt_plan_add(plan, forget, NULL, 0,
			      xlpt_xasprintf("forget what the former virtual functions of %s had", bdf),
			      NULL);
	return rc;
}

static int cmp_bdf(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

/* The VFs first, then their PF: the order in which an attach takes them (vf.c). */
static int lock_all(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *sorted = xlpt_xcalloc(op->pf.n + 1, sizeof(*sorted));
	int64_t deadline = xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS;
	int rc = 0;

	for (size_t i = 0; i < op->pf.n; i++)
		sorted[i] = op->pf.vfs[i];
	qsort(sorted, op->pf.n, sizeof(*sorted), cmp_bdf);
	sorted[op->pf.n] = op->pf.bdf;
	for (size_t i = 0; rc == 0 && i <= op->pf.n; i++)
		rc = xlpt_lock_device(op->env, &op->locks, sorted[i], deadline, diag);
	return rc;
}

/* A pin goes into the unit as it is: it means another address on another day. */
static void name_unit(struct xlpt_vf_op *op, const char *name)
{
	bool pin = xlpt_starts(name, "pin:");

	op->unit_old = xlpt_vf_unit_of(op->env, &op->pf);
	op->unit_key = xlpt_xstrdup(pin || xlpt_bdf_shaped(name) ? XLPT_BDF_STR(op->pf.bdf) : name);
	op->word = xlpt_xstrdup(pin ? name : op->unit_key);
}

int xlpt_vf_op_count(struct xlpt_vf_op *op, const char *name, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_env *env = op->env;
	struct xlpt_bdf bdf;
	int rc;

	rc = xlpt_vf_find_pf(env, name, &op->pf, diag);
	if (rc)
		return rc;
	bdf = op->pf.bdf;
	if (!env->dry_run)
		rc = lock_all(op, diag);
	/* As it is under the lock. */
	xlpt_pf_dispose(&op->pf);
	if (rc == 0)
		rc = xlpt_pf_read(env->host, bdf, &op->pf, diag);
	if (rc == 0)
		rc = xlpt_guard_read(env->host, &op->needs, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &op->owners, diag);
	if (rc == 0)
		rc = check_count(op, diag);
	if (rc == 0) {
		name_unit(op, name);
		rc = plan_count(op, &plan, diag);
	}
	return rc ? rc : execute(env, &plan, op, diag);
}
