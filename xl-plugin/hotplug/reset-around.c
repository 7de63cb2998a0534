/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reset before a guest gets a device, and after it gave one back. libxl resets, too
 * (libxl_pci.c, libxl__device_pci_reset), and drops the result. pciback resets when it seizes a
 * device and when a guest is done with it (pci_stub.c), and reports nothing. So xlpt resets by
 * itself, and looks.
 */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/kept/locks.h"

#define NEIGHBOUR_LOCK_MS 5000

/*
 * Looks who else would be reset, and locks them, so that nobody gets one of them until the reset
 * is over.
 */
static int others_now(struct xlpt_op *op, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_locks *locks,
		      struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices now = { 0 };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int64_t deadline = xlpt_now(op->env->clock) + NEIGHBOUR_LOCK_MS;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < way->n_also; i++)
		rc = xlpt_lock_device(op->env, locks, way->also[i], deadline, diag);
	if (rc == 0)
		rc = xlpt_owners_read(op->env, &owners, diag);
	if (rc == 0)
		rc = xlpt_scan_all(op->env->host, XLPT_SCAN_BRIEF, NULL, &now, diag);
	return rc ? rc : xlpt_reset_others(op, &owners, &now, dev, way, diag);
}

/* The first method did nothing, or there is none: tries the reset of the whole bus. */
static int try_bus(struct xlpt_op *op, size_t i, const struct xlpt_reset_ways *ways, int rc,
		   struct xlpt_diag *diag)
{
	const struct xlpt_reset_way *bus = xlpt_reset_find(ways, XLPT_RESET_BUS);

	if (!bus || !bus->usable || bus->by == XLPT_RESET_BY_FUNCTION)
		return rc;
	if (rc == XLPT_ERR_CONFLICT)
		xlpt_warn(op->env, "%s by %s; now by bus", diag->message,
			  op->items[i].reset_method);
	xlpt_diag_dispose(diag);
	op->items[i].reset_method = xlpt_reset_word(bus->how);
	return xlpt_reset_together(op, i, diag);
}

static int try_reset(struct xlpt_op *op, size_t i, struct xlpt_reset_result *result,
		     struct xlpt_diag *diag)
{
	struct xlpt_item *item = &op->items[i];
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_device_ struct xlpt_device dev = { 0 };
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_reset_way *way;
	int rc;

	xlpt_gone_kernel_idle(op->env);
	rc = xlpt_scan_one(op->env->host, item->spec.bdf, XLPT_SCAN_CAPS, NULL, &dev, diag);
	if (rc == 0)
		rc = xlpt_op_bus(op, diag);
	if (rc)
		return rc;
	xlpt_reset_ways_of(op, &op->bus, &dev, &ways);
	way = xlpt_reset_first(&ways);
	if (!way)
		return xlpt_reset_no_way(item->spec.bdf, &ways, diag);
	item->reset_method = xlpt_reset_word(way->how);
	if (way->by != XLPT_RESET_BY_FUNCTION)
		return try_bus(op, i, &ways, 0, diag);
	/* What other devices do just now matters only when the reset would hit them, too. */
	if (way->n_also)
		rc = others_now(op, &dev, way, &locks, diag);
	if (rc == 0)
		rc = xlpt_reset_do(op->env->host, item->spec.bdf, NULL, result, diag);
	return rc == XLPT_ERR_CONFLICT ? try_bus(op, i, &ways, rc, diag) : rc;
}

static int not_reset(struct xlpt_op *op, struct xlpt_item *item, int rc, struct xlpt_diag *no,
		     struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);

	item->reset = rc == XLPT_ERR_NOT_FOUND ? XLPT_RESET_IS_NONE : XLPT_RESET_IS_FAILED;
	item->reset_fact = xlpt_xasprintf("%s: %s", no->message, no->fact ? no->fact : "");
	if (item->reset_required) {
		xlpt_diag_wrap(no, "%s says reset = required", XLPT_SETTINGS_PATH);
		xlpt_diag_hint(
			no,
			"if its last user can be trusted: write \"reset-exempt = %s\" into " XLPT_SETTINGS_PATH,
			bdf);
		xlpt_diag_move(diag, no);
		return rc;
	}
	/* The message says it already: "0000:09:00.0 was not reset, though the kernel says so". */
	if (strstr(no->message, "not reset"))
		xlpt_warn(op->env, "%s", item->reset_fact);
	else
		xlpt_warn(op->env, "%s has not been reset: %s: %s", bdf,
			  rc == XLPT_ERR_NOT_FOUND ? "nothing can reset it" : no->message,
			  no->fact ? no->fact : "");
	return 0;
}

/*
 * A device that cannot be reset is warned of and goes to the guest, as it does with xl. A device
 * that is lost by the reset makes the step fail.
 */
static int reset_around(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = &op->items[i];
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_reset_result_ struct xlpt_reset_result result = { 0 };
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	int rc;

	if (!item->reset_with_bus) {
		free(XLPT_TAKE(item->reset_fact));
		rc = try_reset(op, i, &result, &no);
		if (rc == XLPT_ERR_LEFT) {
			xlpt_diag_move(diag, &no);
			return rc;
		}
		if (rc)
			return not_reset(op, item, rc, &no, diag);
	}
	if (!item->reset_with_bus) {
		item->reset = result.proof == XLPT_RESET_PROVEN ? XLPT_RESET_IS_DONE
								: XLPT_RESET_IS_UNPROVEN;
		item->reset_fact = XLPT_TAKE(result.fact);
	}
	xlpt_verbose(op->env, "%s is reset by %s, %s: %s", bdf, item->reset_method,
		     item->reset == XLPT_RESET_IS_DONE ? "proven" : "not proven", item->reset_fact);
	return 0;
}

void xlpt_plan_reset(struct xlpt_plan *plan, const struct xlpt_op *op, size_t i)
{
	xlpt_plan_add(plan, reset_around, NULL, i,
		      xlpt_xasprintf("reset %s, if it can be", XLPT_BDF_STR(op->items[i].spec.bdf)),
		      NULL);
}
