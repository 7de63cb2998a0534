/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules about a guest that is still to be created, with devices: what its configuration says, and
 * what libxl makes of it (tools/libs/light/libxl_create.c). Pure functions over facts, as in
 * core/policy.h.
 */
#ifndef XLPT_CORE_POLICY_CREATE_H
#define XLPT_CORE_POLICY_CREATE_H

#include "core/diag.h"
#include "core/guest.h"

/* What the configuration says. converters/xl fills it: xlpt_xl_create_facts. */
struct xlpt_create_facts {
	const char *name;
	enum xlpt_guest_type type;
	size_t devices;
	enum xlpt_tri passthrough; /* unset: libxl turns it on when there are devices */
	uint64_t memory, maxmem;   /* KiB; 0 = not said */
	/* Of an HVM guest, for core/hole.h. */
	uint64_t mmio_hole;    /* MiB; 0 = not said */
	uint64_t videoram;     /* KiB of its memory for the emulated display; 0 = it has none */
	bool old_device_model; /* qemu-xen-traditional */
	bool by_libvirt; /* it is libvirt's XML that has to be mended, and libvirt that starts the guest */
};

/*
 * GUEST_TYPE for a PVH guest that is to have devices or passthrough, and for devices with
 * passthrough turned off: libxl does not create them (libxl__arch_passthrough_mode_setdefault,
 * libxl__domain_config_setdefault).
 */
int xlpt_policy_may_have_devices(const struct xlpt_create_facts *f, struct xlpt_diag *diag);
/*
 * GUEST_TYPE for a guest that is to have an IOMMU context and not all of its memory from the
 * start (populate on demand): libxl does not create it.
 */
int xlpt_policy_whole_memory(const struct xlpt_create_facts *f, struct xlpt_diag *diag);

#endif
