/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For xlpt check: whether an HVM guest has room for the registers of a device (core/hole.h).
 * hvmloader makes that room when the guest starts; a device that comes later gets what is left.
 */
#include "xl-plugin/hotplug/foresee.h"

#define OTHERS SIZE_MAX /* in place of an item's number: a device that the guest has already */

/* "256 MiB", also when it is a few KiB more. */
static char *size_text(uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < XLPT_ARRAY_SIZE(units) && bytes / 1024 >= unit) {
		unit *= 1024;
		i++;
	}
	if (bytes % unit > bytes / 64)
		return xlpt_xasprintf("%.1f %s", (double)bytes / (double)unit, units[i]);
	return xlpt_xasprintf("%llu %s", (unsigned long long)(bytes / unit), units[i]);
}

/* A number that xenstore has in KiB, as bytes; 0 when it is not there. */
static uint64_t kib_node(struct xlpt_op *op, const char *name)
{
	unsigned kb = 0;

	xlpt_store_read_uint(op->env->store, 0, &kb, "/local/domain/%u/memory/%s", op->guest.domid,
			     name);
	return (uint64_t)kb << 10;
}

/* What a running guest was created with (libxl_dom.c, libxl_create.c, libxl_dm.c write it). */
static uint64_t read_guest(struct xlpt_op *op, struct xlpt_hole *hole)
{
	uint64_t memory = kib_node(op, "static-max"), videoram = kib_node(op, "videoram");
	unsigned asked = 0, moves = 0;

	xlpt_store_read_uint(op->env->store, 0, &asked, "/local/domain/%u/platform/mmio_hole_size",
			     op->guest.domid);
	xlpt_store_read_uint(op->env->store, 0, &moves,
			     "/local/domain/%u/hvmloader/allow-memory-relocate", op->guest.domid);
	*hole = (struct xlpt_hole){ .memory = memory > videoram ? memory - videoram : 0,
				    .asked = asked,
				    .moves_memory = moves != 0 };
	return videoram;
}

static void add_items(const struct xlpt_op *op, struct xlpt_hole_bars *bars)
{
	for (size_t i = 0; i < op->n; i++)
		if (!op->items[i].not_here)
			xlpt_hole_add_device(bars, &op->items[i].device, i);
}

/* Adds the devices that the guest has, as if hvmloader had seen all of them. */
static void add_owned(const struct xlpt_op *op, const struct xlpt_devices *all,
		      struct xlpt_hole_bars *bars)
{
	for (size_t i = 0; op->has_guest && i < op->owners.n; i++) {
		const struct xlpt_owner *o = &op->owners.items[i];
		const struct xlpt_device *d =
			o->domid == op->guest.domid ? xlpt_devices_find(all, o->bdf) : NULL;

		if (d)
			xlpt_hole_add_device(bars, d, OTHERS);
	}
}

static void tell_placed(struct xlpt_op *op, const struct xlpt_item *item,
			const struct xlpt_hole_bars *bars)
{
	size_t i = (size_t)(item - op->items);
	uint64_t low = xlpt_hole_sum(bars, i, XLPT_HOLE_BELOW),
		 high = xlpt_hole_sum(bars, i, XLPT_HOLE_ABOVE);
	_cleanup_free_ char *below = size_text(low), *above = size_text(high);

	if (!low && !high)
		xlpt_findings_ok(op->env->findings, "%s has no registers in memory",
				 XLPT_BDF_STR(item->spec.bdf));
	else if (!high)
		xlpt_findings_ok(op->env->findings,
				 "%s has room below 4 GiB for the registers of %s, which take %s",
				 op->guest.name, XLPT_BDF_STR(item->spec.bdf), below);
	else
		xlpt_findings_ok(op->env->findings,
				 "%s of the registers of %s go above 4 GiB, where a 64-bit kernel "
				 "of %s reaches them%s%s",
				 above, XLPT_BDF_STR(item->spec.bdf), op->guest.name,
				 low ? ", below it " : "", low ? below : "");
}

/* Tells what helps: creating the guest with all these devices. */
static void mend(struct xlpt_op *op, const struct xlpt_hole *created,
		 const struct xlpt_hole_bars *together, size_t item)
{
	unsigned mib = xlpt_hole_wanted(created, together);

	if (op->has_guest && !xlpt_hole_sum(together, item, XLPT_HOLE_NOWHERE))
		xlpt_findings_mend(op->env->findings,
				   "write it into pci= of the configuration of %s, and create it "
				   "again: hvmloader then makes room",
				   op->guest.name);
	else if (!mib)
		xlpt_findings_mend(op->env->findings, "give it to a guest with fewer devices");
	else if (!op->has_guest)
		xlpt_findings_mend(op->env->findings, "write mmio_hole=%u into the configuration",
				   mib);
	else
		xlpt_findings_mend(op->env->findings,
				   "write it, and mmio_hole=%u, into the configuration of %s, and "
				   "create it again",
				   mib, op->guest.name);
}

static void tell_lacks(struct xlpt_op *op, const struct xlpt_item *item,
		       const struct xlpt_hole *hole, const struct xlpt_hole_bars *lacking)
{
	size_t i = (size_t)(item - op->items);
	_cleanup_free_ char *lacks = size_text(xlpt_hole_sum(lacking, i, XLPT_HOLE_NOWHERE)),
			    *all = size_text(hole->end - hole->start),
			    *most = size_text(xlpt_hole_most(hole));

	xlpt_findings_warn(op->env->findings, "%s has no room for %s of the registers of %s",
			   op->guest.name, lacks, XLPT_BDF_STR(item->spec.bdf));
	if (op->has_guest)
		xlpt_findings_fact(
			op->env->findings,
			"when it was created, hvmloader left %s below 4 GiB for those of "
			"all its devices, and now there is no room for a region of more "
			"than %s",
			all, most);
	else
		xlpt_findings_fact(
			op->env->findings,
			"beside %llu MiB of memory hvmloader leaves %s below 4 GiB for those of "
			"all its devices, and only a 64-bit region can go above",
			(unsigned long long)(hole->memory >> 20), all);
}

void xlpt_op_tell_registers(struct xlpt_op *op, const struct xlpt_item *item,
			    const struct xlpt_devices *all)
{
	_cleanup_hole_bars_ struct xlpt_hole_bars first = { 0 }, added = { 0 }, together = { 0 };
	struct xlpt_hole hole = op->hole, again;
	size_t i = (size_t)(item - op->items);
	const struct xlpt_hole_bars *placed;
	uint64_t videoram = op->videoram;

	if (op->guest.type != XLPT_GUEST_HVM)
		return;
	if (op->has_guest)
		videoram = read_guest(op, &hole);
	xlpt_op_point(op, "room for registers", item);
	/* Of a guest on a captured host, or one of which nothing more is known. */
	if (!hole.memory)
		return;
	again = hole;
	xlpt_hole_add_emulated(&first, videoram, OTHERS);
	add_owned(op, all, &first);
	xlpt_hole_add_emulated(&together, videoram, OTHERS);
	add_owned(op, all, &together);
	add_items(op, &together);
	xlpt_hole_boot(&hole, &first);
	xlpt_hole_boot(&again, &together);
	if (op->has_guest) {
		struct xlpt_hole left = hole;

		add_items(op, &added);
		xlpt_hole_later(&left, &added);
	}
	placed = op->has_guest ? &added : &together;
	if (!xlpt_hole_sum(placed, i, XLPT_HOLE_NOWHERE)) {
		tell_placed(op, item, placed);
		return;
	}
	tell_lacks(op, item, op->has_guest ? &hole : &again, placed);
	mend(op, &again, &together, i);
}
