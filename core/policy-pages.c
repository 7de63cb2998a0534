/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers of several functions in one page of memory. A guest is given whole pages (libxl_pci.c,
 * pci_add_dm_done), so it reaches all that is in them.
 */
#include <inttypes.h>

#include "core/policy-together.h"

#define PAGE	  4096u
#define BAR_SPACE 0x200 /* IORESOURCE_MEM */

static bool is_memory(const struct xlpt_bar *b)
{
	return (b->start || b->end) && b->flags & BAR_SPACE && b->end >= b->start;
}

bool xlpt_bar_partial(const struct xlpt_bar *b)
{
	return is_memory(b) && (b->start % PAGE || (b->end + 1) % PAGE);
}

bool xlpt_bar_meets(const struct xlpt_bar *b, const struct xlpt_device *other, uint64_t *page)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(other->bars); i++) {
		const struct xlpt_bar *x = &other->bars[i];

		if (!is_memory(x) || x->start / PAGE > b->end / PAGE ||
		    b->start / PAGE > x->end / PAGE)
			continue;
		*page = (x->start > b->start ? x->start : b->start) / PAGE * PAGE;
		return true;
	}
	return false;
}

bool xlpt_device_meets(const struct xlpt_device *dev, const struct xlpt_device *other,
		       uint64_t *page)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dev->bars); i++)
		if (xlpt_bar_partial(&dev->bars[i]) && xlpt_bar_meets(&dev->bars[i], other, page))
			return true;
	return false;
}

/* The kernel then gives the BAR a page of its own (drivers/pci/pci.c, resource_alignment). */
static void realign(const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	xlpt_diag_hint(diag, "boot dom0 with pci=resource_alignment=%s", XLPT_BDF_STR(dev->bdf));
}

int xlpt_policy_page(const struct xlpt_device *dev, const struct xlpt_guest *guest,
		     const struct xlpt_set_mate *mate, struct xlpt_diag *diag)
{
	const struct xlpt_place *p = mate->place;
	const char *bdf = XLPT_BDF_STR(dev->bdf), *other = XLPT_BDF_STR(mate->device->bdf);
	bool own = guest && p->has_owner && p->owner_domid == guest->domid;
	bool used = xlpt_mate_used(mate);

	if (!guest && !(used && p->has_owner))
		return 0;
	if (!guest)
		xlpt_diag_set(diag, XLPT_ERR_RULE, "%s will reach registers of %s (%s)",
			      p->owner_name ? p->owner_name : "a guest", bdf, mate->why);
	else
		xlpt_diag_set(diag, XLPT_ERR_RULE, "%s will reach registers of %s (%s), which %s%s",
			      guest->name, other, mate->why,
			      own	      ? "it has, too"
			      : !used	      ? "nobody uses now"
			      : !p->has_owner ? "dom0 uses"
			      : p->owner_name ? "is with "
					      : "another guest has",
			      !own && used && p->has_owner && p->owner_name ? p->owner_name : "");
	xlpt_diag_fact(diag, "%s and %s have registers in one page of memory", bdf, other);
	realign(dev, diag);
	return XLPT_ERR_RULE;
}
