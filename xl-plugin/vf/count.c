/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps of vf create and vf remove, and the two ways to end an operation that was cut short:
 * everything as it was, or everything as it was wanted. Each step looks at what is there, so that
 * it can be done again.
 */
#include <string.h>

#include "core/file.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/vf/vf.h"

static int to_count(struct xlpt_vf_op *op, int count, struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	int rc = xlpt_pf_read(op->env->host, op->pf.bdf, &now, diag);

	return rc || now.count == count ? rc : xlpt_pf_set_count(op->env->host, &now, count, diag);
}

/* Gives the first n VFs the identities that they had: these were lost with the VFs. */
static int same_identities(struct xlpt_vf_op *op, int n, struct xlpt_diag *diag)
{
	int rc = op->before.n ? xlpt_env_need_rtnl(op->env, diag) : 0;

	for (size_t i = 0; rc == 0 && i < op->before.n; i++) {
		struct xlpt_vf_identity id = op->before.vfs[i].id;

		if (op->before.vfs[i].index >= (unsigned)n)
			continue;
		/* A rate limit can only be set while the link is up; a fresh VF has no limit. */
		id.has_min_rate = id.has_min_rate && id.min_rate;
		id.has_max_rate = id.has_max_rate && id.max_rate;
		rc = xlpt_vf_net_apply(op->env->rtnl, op->pf.ifname, op->before.vfs[i].index, &id,
				       diag);
	}
	return rc;
}

/* ---- which driver of this host has them ---- */

static int set_autoprobe(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return xlpt_pf_set_autoprobe(op->env->host, op->pf.bdf, op->driver == XLPT_ON, diag);
}

static int same_autoprobe(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return op->autoprobe < 0
		       ? 0
		       : xlpt_pf_set_autoprobe(op->env->host, op->pf.bdf, op->autoprobe, diag);
}

/* Gives a VF that was there the driver that it had. */
static int same_driver(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	_cleanup_free_ char *now = NULL;
	int rc = xlpt_bind_driver(op->env->host, op->pf.vfs[i], &now, diag);

	/* It was hidden since, so somebody needs it. */
	if (rc || !op->drivers || xlpt_streq(now, op->drivers[i]) ||
	    xlpt_streq(now, XLPT_PCIBACK_DRIVER))
		return rc;
	if (now)
		rc = xlpt_bind_unbind(op->env->host, op->pf.vfs[i], diag);
	if (rc || !op->drivers[i])
		return rc;
	return xlpt_bind_needs_override(op->env->host, op->pf.vfs[i])
		       ? xlpt_bind_through(op->env->host, op->pf.vfs[i], op->drivers[i], diag)
		       : xlpt_bind_to(op->env->host, op->pf.vfs[i], op->drivers[i], diag);
}

static int same_drivers(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < op->pf.n; i++)
		rc = same_driver(op, i, diag);
	return rc;
}

/* The number stays, and VF i is to lose its driver or to be offered to one. */
bool xlpt_vf_driver_changes(const struct xlpt_vf_op *op, const char *driver)
{
	if (op->count != op->pf.count || xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return false;
	return op->driver == XLPT_OFF ? driver != NULL : op->driver == XLPT_ON && !driver;
}

static int change_driver(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	_cleanup_free_ char *now = NULL;
	int rc = xlpt_bind_driver(op->env->host, op->pf.vfs[i], &now, diag);

	if (rc || !xlpt_vf_driver_changes(op, now))
		return rc;
	free(XLPT_TAKE(now));
	return op->driver == XLPT_OFF ? xlpt_bind_unbind(op->env->host, op->pf.vfs[i], diag)
				      : xlpt_bind_probe(op->env->host, op->pf.vfs[i], &now, diag);
}

static void plan_drivers(struct xlpt_vf_op *op, struct xlpt_plan *plan)
{
	for (size_t i = 0; op->drivers && i < op->pf.n; i++) {
		const char *bdf = XLPT_BDF_STR(op->pf.vfs[i]), *driver = op->drivers[i];

		if (!xlpt_vf_driver_changes(op, driver))
			continue;
		op->unchanged = false;
		xlpt_plan_add(plan, change_driver, same_driver, i,
			      driver ? xlpt_xasprintf("take %s from %s", bdf, driver)
				     : xlpt_xasprintf("offer %s to the drivers of this host", bdf),
			      driver ? xlpt_xasprintf("give %s back to %s", bdf, driver)
				     : xlpt_xasprintf("take %s from its driver", bdf));
	}
}

static void plan_autoprobe(struct xlpt_vf_op *op, struct xlpt_plan *plan)
{
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);

	if (!op->driver || op->autoprobe == (op->driver == XLPT_ON))
		return;
	op->unchanged = false;
	xlpt_plan_add(
		plan, set_autoprobe, same_autoprobe, 0,
		xlpt_xasprintf("%s the virtual functions of %s to the drivers of this host",
			       op->driver == XLPT_ON ? "leave" : "do not offer", bdf),
		xlpt_xasprintf("set sriov_drivers_autoprobe of %s back to %d", bdf, op->autoprobe));
}

/* ---- the number ---- */

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
	if (rc == 0)
		rc = same_drivers(op, diag);
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

/* A VF that is removed and made again was given something. */
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

/* ---- what is noted about the VFs in xenstore ---- */

static bool any_note(const struct xlpt_vf_op *op)
{
	for (size_t i = 0; op->notes && i < op->pf.n; i++)
		if (op->notes[i])
			return true;
	return false;
}

/* Notes about VFs that are gone are of no use. */
static int forget(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc = 0;

	(void)i;
	for (size_t k = 0; rc == 0 && op->env->store && k < op->pf.n; k++)
		rc = xlpt_loan_note(op->env, op->pf.vfs[k], false, NULL, diag);
	return rc;
}

static int remember(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc = 0;

	(void)i;
	for (size_t k = 0; rc == 0 && op->env->store && op->notes && k < op->pf.n; k++)
		if (op->notes[k])
			rc = xlpt_pcinote_vf_set(op->env->store, op->pf.vfs[k], op->notes[k], diag);
	return rc;
}

/* ---- the unit ---- */

static int write_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc;

	(void)i;
	rc = xlpt_vf_unit_write(op->env, op->unit_key, op->word, op->count, op->driver, diag);
	/* A PF has one unit; an older one may name the PF by its address. */
	if (rc == 0 && op->unit_old && strcmp(op->unit_old, op->unit_key) != 0)
		rc = xlpt_vf_unit_remove(op->env, op->unit_old, diag);
	return rc;
}

static int remove_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;

	(void)i;
	return xlpt_vf_unit_remove(op->env, op->unit_old, diag);
}

/* Puts back the unit that was there, and removes any other. */
static int same_unit(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = ctx;
	int rc = 0;

	(void)i;
	if (op->unit_old && op->unit_text)
		rc = xlpt_vf_unit_put(op->env, op->unit_old, op->unit_text, op->unit_rights, diag);
	if (rc == 0 && !xlpt_streq(op->unit_old, op->unit_key))
		rc = xlpt_vf_unit_remove(op->env, op->unit_key, diag);
	return rc;
}

static bool unit_changes(const struct xlpt_vf_op *op)
{
	return op->persist && (op->count || op->unit_old);
}

static void plan_unit(struct xlpt_vf_op *op, struct xlpt_plan *plan)
{
	if (op->persist && op->count) {
		op->unit = xlpt_vf_unit_path(op->unit_key);
		xlpt_plan_add(
			plan, write_unit, same_unit, 0,
			xlpt_xasprintf("write %s, so that they are there after a reboot", op->unit),
			op->unit_old ? xlpt_xasprintf("write what %s said before", op->unit)
				     : xlpt_xasprintf("remove %s", op->unit));
	} else if (!op->count && op->unit_old) {
		op->unit = xlpt_vf_unit_path(op->unit_old);
		op->remains = !op->persist;
		if (op->persist)
			xlpt_plan_add(plan, remove_unit, same_unit, 0,
				      xlpt_xasprintf("remove %s", op->unit),
				      xlpt_xasprintf("write %s again", op->unit));
	}
}

/* ---- the plan ---- */

static int read_before(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = op->unit_old ? xlpt_vf_unit_path(op->unit_old) : NULL;
	int rc = 0;

	if (path)
		xlpt_host_read_text(op->env->host, &op->unit_text, "%s", path);
	if (path)
		xlpt_file_rights(op->env->host, path, &op->unit_rights);
	op->autoprobe = xlpt_pf_autoprobe(op->env->host, op->pf.bdf);
	op->drivers = xlpt_xcalloc(op->pf.n + 1, sizeof(*op->drivers));
	for (size_t i = 0; rc == 0 && i < op->pf.n; i++)
		rc = xlpt_bind_driver(op->env->host, op->pf.vfs[i], &op->drivers[i], diag);
	if (rc || op->count == op->pf.count || !op->pf.count)
		return rc;
	op->notes = xlpt_xcalloc(op->pf.n, sizeof(*op->notes));
	for (size_t i = 0; rc == 0 && op->env->store && i < op->pf.n; i++)
		rc = xlpt_pcinote_vf_get(op->env->store, op->pf.vfs[i], &op->notes[i], diag);
	if (rc == 0 && op->pf.ifname)
		rc = xlpt_env_need_rtnl(op->env, diag);
	if (rc == 0 && op->pf.ifname)
		rc = xlpt_pf_net_read(op->env->rtnl, op->pf.ifname, &op->before, diag);
	return rc;
}

/* "create 4 virtual functions of 0000:01:00.0" */
static char *sentence(const char *verb, int n, const struct xlpt_vf_op *op)
{
	return xlpt_xasprintf("%s %d virtual function%s of %s", verb, n, n == 1 ? "" : "s",
			      XLPT_BDF_STR(op->pf.bdf));
}

int xlpt_vf_plan_count(struct xlpt_vf_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);
	bool same = op->count == op->pf.count;
	int rc;

	op->unchanged = same;
	rc = read_before(op, diag);
	if (rc)
		return rc;
	if (!same && op->pf.count)
		xlpt_plan_add(plan, drop, undo_drop, 0, sentence("remove", op->pf.count, op),
			      sentence("create again", op->pf.count, op));
	plan_autoprobe(op, plan);
	if (!same && op->count)
		xlpt_plan_add(plan, create, drop, 0, sentence("create", op->count, op),
			      sentence("remove", op->count, op));
	plan_drivers(op, plan);
	if (!same && any_identity(op))
		xlpt_plan_add(plan, keep_identities, NULL, 0,
			      xlpt_xstrdup("give those that were there the identity they had"),
			      NULL);
	plan_unit(op, plan);
	if (!same && any_note(op))
		xlpt_plan_add(
			plan, forget, remember, 0,
			xlpt_xasprintf("forget what the former virtual functions of %s had", bdf),
			xlpt_xasprintf("remember what the virtual functions of %s had", bdf));
	return 0;
}

int xlpt_vf_finish(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	int rc = op->driver ? set_autoprobe(op, 0, diag) : 0;

	if (rc == 0)
		rc = to_count(op, op->count, diag);
	for (size_t i = 0; rc == 0 && op->count == op->pf.count && i < op->pf.n; i++)
		rc = change_driver(op, i, diag);
	if (rc == 0 && op->count != op->pf.count)
		rc = same_identities(op, op->count, diag);
	if (rc == 0 && unit_changes(op))
		rc = op->count ? write_unit(op, 0, diag) : remove_unit(op, 0, diag);
	if (rc == 0 && op->count != op->pf.count)
		rc = forget(op, 0, diag);
	return rc;
}

int xlpt_vf_take_back(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	int rc = xlpt_pf_read(op->env->host, op->pf.bdf, &now, diag);

	if (rc == 0 && unit_changes(op))
		rc = same_unit(op, 0, diag);
	if (rc == 0 && now.count != op->pf.count)
		rc = to_count(op, 0, diag);
	if (rc == 0 && op->driver)
		rc = same_autoprobe(op, 0, diag);
	if (rc == 0)
		rc = undo_drop(op, 0, diag);
	return rc ? rc : remember(op, 0, diag);
}
