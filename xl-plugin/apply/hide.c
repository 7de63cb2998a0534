/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [hide] at = now: the operation of xlpt hide as a part of this one; and what an entry was and is.
 */
#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/apply/apply.h"

static void dispose_op(void *ctx)
{
	xlpt_op_dispose(ctx);
	free(ctx);
}

static const char *driver_of(const struct xlpt_apply *a, struct xlpt_bdf bdf)
{
	const struct xlpt_device *d = xlpt_devices_find(&a->devices, bdf);

	return d && d->driver ? d->driver : "no driver";
}

static bool hidden(const struct xlpt_apply *a, struct xlpt_bdf bdf)
{
	return !strcmp(driver_of(a, bdf), XLPT_PCIBACK_DRIVER);
}

int xlpt_apply_hide_items(const struct xlpt_apply *a, const struct xlpt_entry *e,
			  struct xlpt_op *op, bool coming, struct xlpt_diag *diag)
{
	int rc = 0;

	if (e->kind != XLPT_ENTRY_HIDE || !xlpt_entry_at(e, "now"))
		return 0;
	for (size_t i = 0; rc == 0 && i < e->n; i++) {
		if (hidden(a, e->devices[i]) || xlpt_apply_comes(a, e->devices[i]) != coming)
			continue;
		rc = xlpt_op_add_bdf(op, e->devices[i], diag);
		if (rc == 0 && xlpt_streq(xlpt_entry_get(e, "force-host-device"), "yes"))
			xlpt_bdfs_add(&op->force_host, e->devices[i]);
	}
	return rc;
}

static bool any_comes(const struct xlpt_apply *a, const struct xlpt_entry *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (xlpt_apply_comes(a, e->devices[i]))
			return true;
	return false;
}

/* Judges each entry by itself and does nothing, so that every error is told, with its place. */
static bool judge_one(struct xlpt_apply *a, struct xlpt_entry *e)
{
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_op_ struct xlpt_op op;
	bool dry = a->env->dry_run;
	int rc;

	xlpt_op_init(&op, a->env);
	a->env->dry_run = true;
	rc = xlpt_apply_hide_items(a, e, &op, false, &no);
	if (rc == 0 && (op.n || any_comes(a, e)))
		rc = xlpt_env_need_xen(a->env, &no);
	if (rc == 0 && op.n)
		rc = xlpt_op_plan_hide(&op, &plan, &no);
	a->env->dry_run = dry;
	if (rc == XLPT_ERR_HOST_NEEDS)
		xlpt_diag_hint(&no, "if you are sure: force-host-device = yes in this section");
	if (rc)
		xlpt_errors_add(&a->errors, e, &no);
	return rc == 0;
}

static struct xlpt_apply_part *new_part(struct xlpt_apply *a)
{
	struct xlpt_op *op = xlpt_xcalloc(1, sizeof(*op));
	struct xlpt_apply_part *part = xlpt_apply_part(a, op, dispose_op);

	xlpt_op_init(op, a->env);
	part->op = op;
	return part;
}

static int plan_all(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	struct xlpt_apply_part *part = new_part(a);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->conf.n; i++)
		rc = xlpt_apply_hide_items(a, &a->conf.items[i], part->op, false, diag);
	if (rc == 0)
		rc = xlpt_op_plan_hide(part->op, &part->plan, diag);
	if (rc == 0)
		xlpt_op_describe(part->op, "hide", &part->journal);
	return rc;
}

static int plan_coming(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	struct xlpt_apply_part *part = new_part(a);

	return xlpt_apply_hide_coming(a, part->op, part, diag);
}

/* "0000:09:00.0: hidden at boot; 0000:0a:00.0: ..."; with one device, without the address. */
static char *words_of(const struct xlpt_apply *a, const struct xlpt_entry *e, bool after)
{
	bool boot = xlpt_entry_at(e, "boot"), now = xlpt_entry_at(e, "now");
	struct xlpt_str out = { 0 };

	for (size_t i = 0; i < e->n; i++) {
		struct xlpt_bdf bdf = e->devices[i];

		if (e->n > 1)
			xlpt_str_addf(&out, "%s%s: ", i ? "; " : "", XLPT_BDF_STR(bdf));
		if (now && (after || hidden(a, bdf)))
			xlpt_str_add(&out, "hidden now");
		else if (now && xlpt_apply_comes(a, bdf))
			xlpt_str_add(&out, "not there");
		else if (now)
			xlpt_str_addf(&out, "with %s", driver_of(a, bdf));
		if (now && boot)
			xlpt_str_add(&out, ", ");
		if (boot)
			xlpt_str_add(&out, after || xlpt_apply_was_at_boot(a, e, i)
						   ? "hidden at boot"
						   : "not hidden at boot");
	}
	return xlpt_str_take(&out);
}

/* A device that is gone, or that dom0 has again, need not be given back. */
static int give_back(struct xlpt_apply *a, const char *name, struct xlpt_diag *diag)
{
	struct xlpt_apply_part *part;
	struct xlpt_bdf bdf;
	int rc;

	if (!xlpt_bdf_from_sysfs_name(name, &bdf) || !hidden(a, bdf))
		return 0;
	part = new_part(a);
	rc = xlpt_env_need_xen(a->env, diag);
	if (rc == 0)
		rc = xlpt_op_add_bdf(part->op, bdf, diag);
	if (rc == 0)
		rc = xlpt_op_plan_unhide(part->op, &part->plan, diag);
	if (rc)
		return rc;
	xlpt_op_describe(part->op, "unhide", &part->journal);
	xlpt_strv_addf(&a->pruned, "%s hidden", name);
	return 0;
}

static void prune(struct xlpt_apply *a)
{
	const char *name;

	for (size_t i = 0; (name = xlpt_apply_unclaimed(a, "now", &i));) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		if (give_back(a, name, &no))
			xlpt_errors_add(&a->errors, NULL, &no);
	}
}

int xlpt_apply_hide(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	bool good = true, any = false, coming = false;
	int rc = 0;

	for (size_t i = 0; i < a->conf.n; i++) {
		struct xlpt_entry *e = &a->conf.items[i];

		if (e->kind != XLPT_ENTRY_HIDE)
			continue;
		good &= judge_one(a, e);
		xlpt_apply_told(e, words_of(a, e, false), words_of(a, e, true));
		for (size_t k = 0; k < e->n; k++) {
			bool is = hidden(a, e->devices[k]);

			e->reboot |= xlpt_entry_at(e, "boot") && !xlpt_entry_at(e, "now") && !is;
			if (!xlpt_entry_at(e, "now"))
				continue;
			coming |= xlpt_apply_comes(a, e->devices[k]);
			any |= !is && !xlpt_apply_comes(a, e->devices[k]);
			xlpt_apply_claim(a, "now", XLPT_BDF_STR(e->devices[k]), !is);
		}
		a->reboot_required |= e->reboot;
	}
	prune(a);
	if (!good || a->errors.n || a->want->check)
		return 0;
	if (any)
		rc = plan_all(a, diag);
	return rc || !coming ? rc : plan_coming(a, diag);
}
