/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest may use of a device: its interrupt line, its memory and its ports. Takes it back,
 * and asks Xen whether it is gone.
 */
#include <inttypes.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/release.h"

#define PAGE   4096u
#define BAR_IO 0x100u /* IORESOURCE_IO */

/* Reads where the guest's other devices have their registers and interrupts. */
static int read_others(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf,
		       struct xlpt_devices *out, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	int rc = xlpt_pcibe_read(env->store, domid, &be, diag);

	for (size_t i = 0; rc == 0 && i < be.n; i++) {
		struct xlpt_device other = { 0 };

		/* A device that this host has lost has nothing that could be shared. */
		if (!be.devs[i].dev_ok || xlpt_bdf_eq(be.devs[i].bdf, bdf) ||
		    xlpt_scan_one(env->host, be.devs[i].bdf, XLPT_SCAN_PLACES, NULL, &other, NULL))
			continue;
		XLPT_GROW(out->items, out->n, out->alloc);
		out->items[out->n++] = other;
	}
	return rc;
}

/* Another device of the guest uses the same interrupt line. */
static bool line_shared(const struct xlpt_devices *others, const struct xlpt_device *dev)
{
	for (size_t i = 0; dev->irq > 0 && i < others->n; i++)
		if (others->items[i].irq == dev->irq)
			return true;
	return false;
}

bool xlpt_line_kept(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf)
{
	_cleanup_devices_ struct xlpt_devices others = { 0 };
	_cleanup_device_ struct xlpt_device dev = { 0 };

	return guest->type == XLPT_GUEST_HVM &&
	       xlpt_scan_one(env->host, bdf, XLPT_SCAN_PLACES, NULL, &dev, NULL) == 0 &&
	       read_others(env, guest->domid, bdf, &others, NULL) == 0 &&
	       line_shared(&others, &dev);
}

/* Another device of the guest has registers in the same page: that page stays. */
static bool page_shared(const struct xlpt_devices *others, const struct xlpt_bar *bar)
{
	for (size_t i = 0; i < others->n; i++)
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(others->items[i].bars); k++) {
			const struct xlpt_bar *b = &others->items[i].bars[k];

			if (b->start && !(b->flags & BAR_IO) &&
			    b->start / PAGE <= bar->end / PAGE &&
			    bar->start / PAGE <= b->end / PAGE)
				return true;
		}
	return false;
}

/*
 * Asks Xen whether the guest can still map the memory. Xen cannot be asked about ports and
 * interrupts.
 */
static int access_gone(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf,
		       const uint64_t (*bars)[3], size_t n, struct xlpt_diag *diag)
{
	int (*ask)(struct xlpt_toolstack *, uint32_t, uint64_t, uint64_t) =
		env->ts->ops->memory_access;
	bool asked = false;

	for (size_t i = 0; ask && i < n; i++) {
		int may = bars[i][0] && !(bars[i][2] & BAR_IO)
				  ? ask(env->ts, domid, bars[i][0], bars[i][1])
				  : -1;

		asked |= may >= 0;
		if (may <= 0)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "domain %u can still reach memory of %s",
			      domid, XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag,
			       "Xen lets it map 0x%" PRIx64 "-0x%" PRIx64
			       ", although its access was "
			       "taken back",
			       bars[i][0], bars[i][1]);
		xlpt_diag_hint(diag, "xl destroy %u before anybody else gets the device", domid);
		return XLPT_ERR_CONFLICT;
	}
	if (asked && env->verbose > 1)
		xlpt_verbose(env, "Xen confirms that domain %u cannot reach the memory of %s",
			     domid, XLPT_BDF_STR(bdf));
	return 0;
}

int xlpt_revoke(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices others = { 0 };
	_cleanup_device_ struct xlpt_device dev = { 0 };
	uint64_t bars[7][3] = { { 0 } };
	int rc = xlpt_scan_one(env->host, bdf, XLPT_SCAN_PLACES, NULL, &dev, diag);

	if (rc == 0)
		rc = read_others(env, domid, bdf, &others, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < 7; i++) {
		if (!dev.bars[i].start ||
		    (!(dev.bars[i].flags & BAR_IO) && page_shared(&others, &dev.bars[i])))
			continue;
		bars[i][0] = dev.bars[i].start;
		bars[i][1] = dev.bars[i].end;
		bars[i][2] = dev.bars[i].flags;
	}
	rc = env->ts->ops->revoke(env->ts, domid, bdf, (const uint64_t(*)[3])bars, 7,
				  line_shared(&others, &dev) ? 0 : dev.irq, diag);
	return rc ? rc : access_gone(env, domid, bdf, (const uint64_t(*)[3])bars, 7, diag);
}
