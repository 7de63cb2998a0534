/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy-create.h"

/* In the unit that xl reads, MiB. */
static unsigned long long mib(uint64_t kib)
{
	return kib / 1024;
}

static bool wants_iommu(const struct xlpt_create_facts *f)
{
	return f->passthrough == XLPT_ON || (f->passthrough == XLPT_UNSET && f->devices);
}

int xlpt_policy_may_have_devices(const struct xlpt_create_facts *f, struct xlpt_diag *diag)
{
	const char *name = f->name ? f->name : "the guest";

	if (f->type == XLPT_GUEST_PVH && wants_iommu(f)) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "a PVH guest cannot have %s: xl create refuses it",
			      f->devices ? "devices" : "passthrough");
		xlpt_diag_fact(diag,
			       "%s is of type PVH; Xen on x86 passes devices through to PV "
			       "and HVM guests only",
			       name);
		xlpt_diag_hint(diag, f->devices ? "write type=\"hvm\" or type=\"pv\""
						: "leave passthrough out, or write type=\"hvm\" or "
						  "type=\"pv\"");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (f->devices && f->passthrough == XLPT_OFF) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "a guest without passthrough cannot have devices: xl create refuses "
			      "it");
		xlpt_diag_fact(diag, "%s has passthrough=\"disabled\", and devices", name);
		xlpt_diag_hint(diag, "leave passthrough out: with devices it is enabled");
		return XLPT_ERR_GUEST_TYPE;
	}
	return 0;
}

/*
 * libxl__domain_config_setdefault: with memory below maxmem libxc fills a guest's memory on demand
 * (PoD), and the IOMMU wants all pages to be there. A PV guest has no such thing.
 */
int xlpt_policy_whole_memory(const struct xlpt_create_facts *f, struct xlpt_diag *diag)
{
	if (f->type != XLPT_GUEST_HVM || !wants_iommu(f) || !f->memory || f->maxmem <= f->memory)
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
