/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which other functions have registers in the same page of memory as a device. */
#include <inttypes.h>

#include "core/policy-together.h"
#include "pciback/device/scan.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/split.h"

static bool any_partial(const struct xlpt_device *dev)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dev->bars); i++)
		if (xlpt_bar_partial(&dev->bars[i]))
			return true;
	return false;
}

/*
 * The other device is an item of the same command and goes to the same guest, or the two were told
 * of already.
 */
static bool told_before(const struct xlpt_op *op, size_t i, struct xlpt_bdf bdf)
{
	for (size_t k = 0; k < op->n; k++)
		if (xlpt_bdf_eq(op->items[k].spec.bdf, bdf))
			return k <= i || op->items[i].give_back_to_dom0;
	return false;
}

int xlpt_op_add_page_mates(struct xlpt_op *op, size_t i, bool divided, struct xlpt_devices *all,
			   struct xlpt_diag *diag)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	struct xlpt_bdf bdf = op->items[i].spec.bdf;
	int rc = xlpt_scan_one(op->env->host, bdf, 0, NULL, &dev, diag);

	/* It was unplugged since: the command refuses that when it reads the facts. */
	if (rc == XLPT_ERR_NO_DEVICE)
		xlpt_diag_dispose(diag);
	if (rc == XLPT_ERR_NO_DEVICE || (rc == 0 && !any_partial(&dev)))
		return 0;
	if (rc == 0 && !all->n)
		rc = xlpt_scan_all(op->env->host, 0, NULL, all, diag);
	for (size_t k = 0; rc == 0 && k < all->n; k++) {
		const struct xlpt_device *other = &all->items[k];
		uint64_t page;

		if (!told_before(op, i, other->bdf) && xlpt_device_meets(&dev, other, &page))
			xlpt_op_add_mate(
				op, &(struct xlpt_mate){
					    .item = i,
					    .bdf = other->bdf,
					    .divided = divided,
					    .page = true,
					    .why = xlpt_xasprintf("same page 0x%" PRIx64, page) });
	}
	return rc;
}
