/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hiding a device from dom0, and giving it back. xl pci-assignable-add remembers the driver's path
 * in xenstore below /libxl/pci; xlpt writes and reads the same nodes, so that a device that was
 * hidden by one of the two can be given back by the other.
 */
#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"
#include "xl-plugin/hotplug/split.h"

#define DRIVERS "/sys/bus/pci/drivers/"

static struct xlpt_item *item_of(void *ctx, size_t i)
{
	return &((struct xlpt_op *)ctx)->items[i];
}

static struct xlpt_env *env_of(void *ctx)
{
	return ((struct xlpt_op *)ctx)->env;
}

int xlpt_op_read_origin(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	free(XLPT_TAKE(item->origin));
	item->origin_known = false;
	if (item->place.on_pciback)
		return xlpt_pcinote_came_from(op->env->store, item->spec.bdf, &item->origin_known,
					      &item->origin, diag);
	/* A driver of dom0 still has it, or none: that is where it comes from. */
	item->origin = xlpt_xstrdup(item->device.driver ? item->device.driver : "");
	item->origin_known = true;
	return 0;
}

/* ---- the steps of hiding ---- */

static int note_origin(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);
	struct xlpt_env *env = env_of(ctx);
	_cleanup_free_ char *path = NULL;
	int rc;

	if (*item->origin)
		path = xlpt_xasprintf(DRIVERS "%s", item->origin);
	rc = xlpt_pcinote_origin_set(env->store, item->spec.bdf, item->origin, diag);
	if (rc == 0)
		rc = xlpt_pcinote_set_driver(env->store, item->spec.bdf, path, diag);
	return rc;
}

static int forget_origin(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_pcinote_clear(env_of(ctx)->store, item_of(ctx, i)->spec.bdf, diag);
}

/* The undo of forgetting. Of a device that was hidden at boot nothing was known. */
static int note_again(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return item_of(ctx, i)->origin_known ? note_origin(ctx, i, diag) : 0;
}

/*
 * Notes a driver_override of the administrator's, so that it is put back after binding has used
 * driver_override, also by a repair.
 */
static int note_override(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL, *note = NULL;
	int rc = xlpt_bind_override_read(op->env->host, item->spec.bdf, &now, diag);

	if (rc || !now || xlpt_streq(now, XLPT_PCIBACK_DRIVER))
		return rc;
	note = xlpt_xasprintf("override %s %s", XLPT_BDF_STR(item->spec.bdf), now);
	free(item->override);
	item->override = XLPT_TAKE(now);
	return xlpt_journal_note(op->outer ? op->outer : &op->journal, note, diag);
}

int xlpt_op_to_pciback(struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = &op->items[i];
	struct xlpt_host *h = op->env->host;
	struct xlpt_bdf bdf = item->spec.bdf;
	_cleanup_free_ char *driver = NULL;
	int rc;

	rc = xlpt_bind_driver(h, bdf, &driver, diag);
	if (rc || xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	rc = xlpt_bind_unbind(h, bdf, diag);
	if (rc == 0)
		rc = xlpt_pciback_slot_add(h, bdf, diag);
	if (rc == 0)
		rc = note_override(op, item, diag);
	if (rc == 0)
		rc = xlpt_bind_through(h, bdf, XLPT_PCIBACK_DRIVER, diag);
	return rc;
}

static int bind_pciback(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_op_to_pciback(ctx, i, diag);
}

static int unbind_pciback(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_leave_pciback(env_of(ctx), item_of(ctx, i)->spec.bdf, diag);
}

static int rebind_item(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);

	return xlpt_rebind(env_of(ctx)->host, item->spec.bdf, item->origin_known, item->origin,
			   &item->driver, diag);
}

static int undo_bind_pciback(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_item *item = item_of(ctx, i);
	int rc = unbind_pciback(ctx, i, diag);

	if (rc == 0 && item->override)
		rc = xlpt_bind_override(env_of(ctx)->host, item->spec.bdf, item->override, diag);
	return rc ? rc : rebind_item(ctx, i, diag);
}

static int load_pciback(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_env *env = env_of(ctx);
	int rc = xlpt_pciback_present(env->host, NULL);

	(void)i;
	if (rc == 0)
		return 0;
	rc = xlpt_bind_load_module(env->host, "xen-pciback", diag);
	if (rc == 0)
		rc = xlpt_pciback_present(env->host, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "the xen-pciback driver is not loaded");
		return xlpt_diag_recode(diag, XLPT_ERR_NO_PCIBACK);
	}
	/* As a warning, because start --print writes a configuration to standard output. */
	xlpt_warn(env, "loaded the module xen-pciback");
	return 0;
}

void xlpt_plan_pciback(struct xlpt_plan *plan, const struct xlpt_op *op)
{
	bool any = false;

	for (size_t i = 0; i < op->n; i++)
		any |= op->items[i].take_from_dom0;
	if (any && xlpt_pciback_present(op->env->host, NULL))
		xlpt_plan_add(plan, load_pciback, NULL, 0,
			      xlpt_xstrdup("load the module xen-pciback"), NULL);
}

static int set_quarantine(void *ctx, size_t i, bool on, struct xlpt_diag *diag)
{
	struct xlpt_env *env = env_of(ctx);

	return env->ts->ops->quarantine(env->ts, item_of(ctx, i)->spec.bdf, on, diag);
}

static int quarantine_on(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return set_quarantine(ctx, i, true, diag);
}

static int quarantine_off(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return set_quarantine(ctx, i, false, diag);
}

static const char *origin_words(const struct xlpt_item *item)
{
	if (!item->origin_known)
		return "the driver that claims it";
	return item->origin && *item->origin ? item->origin : "no driver";
}

void xlpt_plan_hide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const struct xlpt_item *item = &op->items[i];
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	const char *origin = item->origin && *item->origin ? item->origin : NULL;

	xlpt_plan_add(plan, note_origin, forget_origin, i,
		      xlpt_xasprintf("remember that %s comes from %s", bdf, origin_words(item)),
		      xlpt_xasprintf("forget where %s came from", bdf));
	xlpt_plan_add(plan, bind_pciback, undo_bind_pciback, i,
		      origin ? xlpt_xasprintf("move %s from %s to pciback", bdf, origin)
			     : xlpt_xasprintf("bind %s to pciback", bdf),
		      xlpt_xasprintf("give %s back to %s", bdf, origin_words(item)));
	xlpt_plan_add(plan, quarantine_on, quarantine_off, i,
		      xlpt_xasprintf("put %s into the hypervisor's quarantine", bdf),
		      xlpt_xasprintf("take %s out of quarantine", bdf));
}

void xlpt_plan_unhide(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	const struct xlpt_item *item = &op->items[i];
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);

	xlpt_plan_add(plan, quarantine_off, quarantine_on, i,
		      xlpt_xasprintf("take %s out of the hypervisor's quarantine", bdf),
		      xlpt_xasprintf("put %s back into quarantine", bdf));
	xlpt_plan_add(plan, unbind_pciback, bind_pciback, i,
		      xlpt_xasprintf("take %s from pciback", bdf),
		      xlpt_xasprintf("bind %s to pciback again", bdf));
	xlpt_plan_add(plan, rebind_item, NULL, i,
		      xlpt_xasprintf("give %s to %s", bdf, origin_words(item)), NULL);
	xlpt_plan_add(plan, forget_origin, note_again, i,
		      xlpt_xasprintf("forget where %s came from", bdf),
		      xlpt_xasprintf("remember where %s came from", bdf));
}

int xlpt_op_plan_hide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	int rc = xlpt_op_prepare(op, diag);

	for (size_t i = 0; rc == 0 && i < op->n; i++)
		op->items[i].take_from_dom0 = !op->items[i].place.on_pciback;
	if (rc == 0)
		xlpt_plan_pciback(plan, op);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];

		rc = xlpt_op_judge_carrier(op, item, diag);
		if (rc == 0)
			rc = xlpt_policy_hide(&item->device, &item->place,
					      xlpt_op_forced(op, item->spec.bdf), diag);
		if (rc == 0)
			rc = xlpt_op_read_origin(op, item, diag);
		if (rc == 0 && item->take_from_dom0)
			xlpt_plan_hide(plan, op, i);
	}
	return rc;
}

int xlpt_op_hide(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc = xlpt_op_plan_hide(op, &plan, diag);

	return rc ? rc : xlpt_op_execute(op, "hide", &plan, diag);
}

int xlpt_op_plan_unhide(struct xlpt_op *op, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	int rc;

	for (size_t i = 0; i < op->n; i++)
		op->items[i].give_back_to_dom0 = true;
	op->find_mates = xlpt_op_find_mates;
	rc = xlpt_op_prepare(op, diag);
	if (rc == 0)
		rc = xlpt_op_check_leases(op, diag);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		op->items[i].nothing = !op->items[i].place.on_pciback;
		rc = xlpt_policy_unhide(&op->items[i].device, &op->items[i].place, diag);
	}
	if (rc == 0)
		rc = xlpt_op_judge_split(op, diag);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];
		_cleanup_free_ char *driver = xlpt_xstrdup(item->device.driver);

		rc = xlpt_op_read_origin(op, item, diag);
		/* Its guest was destroyed, and the identity that was set for it is still there. */
		if (rc == 0 && item->place.on_pciback)
			rc = xlpt_loan_plan_end(plan, op, i, diag);
		if (rc)
			break;
		if (item->place.on_pciback)
			xlpt_plan_unhide(plan, op, i);
		else
			item->driver = XLPT_TAKE(driver);
	}
	return rc;
}

int xlpt_op_unhide(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	int rc = xlpt_op_plan_unhide(op, &plan, diag);

	return rc ? rc : xlpt_op_execute(op, "unhide", &plan, diag);
}
