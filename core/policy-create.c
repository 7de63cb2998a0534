/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy-create.h"

#include "core/text.h"

/* In the unit that xl reads, MiB. */
static unsigned long long mib(uint64_t kib)
{
	return kib / 1024;
}

static bool wants_iommu(const struct xlpt_create_facts *f)
{
	return f->passthrough == XLPT_ON || (f->passthrough == XLPT_UNSET && f->devices);
}

static const char *refuses(const struct xlpt_create_facts *f)
{
	return f->by_libvirt ? "libxl refuses it" : "xl create refuses it";
}

/* libvirt's guest is mended with virsh edit, which says so. */
static void mend(const struct xlpt_create_facts *f, struct xlpt_diag *diag, const char *xl,
		 const char *libvirt)
{
	if (f->by_libvirt)
		xlpt_diag_hint(diag, "virsh edit %s: %s", XLPT_WORD(f->name ? f->name : "GUEST"),
			       libvirt);
	else
		xlpt_diag_hint(diag, "%s", xl);
}

int xlpt_policy_may_have_devices(const struct xlpt_create_facts *f, struct xlpt_diag *diag)
{
	const char *name = f->name ? f->name : "the guest";

	if (f->type == XLPT_GUEST_PVH && wants_iommu(f)) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "a PVH guest cannot have %s: %s",
			      f->devices ? "devices" : "passthrough", refuses(f));
		xlpt_diag_fact(diag,
			       "%s is of type PVH; Xen on x86 passes devices through to PV "
			       "and HVM guests only",
			       name);
		mend(f, diag,
		     f->devices ? "write type=\"hvm\" or type=\"pv\""
				: "leave passthrough out, or write type=\"hvm\" or type=\"pv\"",
		     "write <type machine='xenfv'>hvm</type> or <type machine='xenpv'>xen</type>");
		return XLPT_ERR_GUEST_TYPE;
	}
	if (f->devices && f->passthrough == XLPT_OFF) {
		xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE,
			      "a guest without passthrough cannot have devices: %s", refuses(f));
		xlpt_diag_fact(diag, "%s has %s, and devices", name,
			       f->by_libvirt ? "<passthrough state='off'/>"
					     : "passthrough=\"disabled\"");
		mend(f, diag, "leave passthrough out: with devices it is enabled",
		     "write <passthrough state='on'/> into <features><xen>");
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
	_cleanup_free_ char *way = NULL;

	if (f->type != XLPT_GUEST_HVM || !wants_iommu(f) || !f->memory || f->maxmem <= f->memory)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "an HVM guest with %s cannot have %s: %s",
		      f->devices ? "devices" : "passthrough",
		      f->by_libvirt ? "memory above currentMemory" : "maxmem above memory",
		      refuses(f));
	xlpt_diag_fact(diag,
		       "%s has %s = %llu and %s = %llu%s; the rest would come on demand, and an "
		       "IOMMU needs all memory from the start",
		       f->name ? f->name : "the guest", f->by_libvirt ? "currentMemory" : "memory",
		       mib(f->memory), f->by_libvirt ? "memory" : "maxmem", mib(f->maxmem),
		       f->by_libvirt ? " MiB" : "");
	way = xlpt_xasprintf("write maxmem = %llu, or memory = %llu", mib(f->memory),
			     mib(f->maxmem));
	mend(f, diag, way, "write the same into <memory> and <currentMemory>");
	return XLPT_ERR_GUEST_TYPE;
}
