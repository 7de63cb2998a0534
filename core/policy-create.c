/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy-create.h"

/* In the unit that xl reads, MiB. */
static unsigned long long mib(uint64_t kib)
{
	return kib / 1024;
}

/*
 * libxl__domain_config_setdefault: with memory below maxmem libxc fills a guest's memory on demand
 * (PoD), and the IOMMU wants all pages to be there. A PV guest has no such thing.
 */
int xlpt_policy_whole_memory(const struct xlpt_create_facts *f, struct xlpt_diag *diag)
{
	bool iommu = f->passthrough == XLPT_ON || (f->passthrough == XLPT_UNSET && f->devices);

	if (f->type != XLPT_GUEST_HVM || !iommu || !f->memory || f->maxmem <= f->memory)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
		      "an HVM guest with %s cannot have maxmem above memory: xl create refuses it",
		      f->devices ? "devices" : "passthrough");
	xlpt_diag_fact(diag,
		       "%s has memory = %llu and maxmem = %llu; the rest would come on demand, and "
		       "an IOMMU needs all memory from the start",
		       f->name ? f->name : "the guest", mib(f->memory), mib(f->maxmem));
	xlpt_diag_hint(diag, "write maxmem = %llu, or memory = %llu", mib(f->memory),
		       mib(f->maxmem));
	return XLPT_ERR_GUEST_TYPE;
}
