/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What firmware says of memory that is reserved for functions: the DMAR table (Intel's
 * VT-d specification, chapter 8). It comes as bytes that are not trusted.
 */
#ifndef XLPT_PCIBACK_FIRMWARE_H
#define XLPT_PCIBACK_FIRMWARE_H

#include "core/device.h"
#include "core/host.h"

/* A region that firmware wants mapped one to one for a function. */
struct xlpt_rmrr {
	struct xlpt_bdf bdf;
	uint64_t base, limit; /* both included */
	unsigned structure;   /* the number of the table's structure that says so */
	unsigned sharers; /* functions that this structure names, those not found here included */
};

struct xlpt_rmrrs {
	struct xlpt_rmrr *items;
	size_t n, alloc;
	bool there; /* the host has such a table */
};

void xlpt_rmrrs_dispose(struct xlpt_rmrrs *r);
#define _cleanup_rmrrs_ XLPT_CLEANUP(xlpt_rmrrs_dispose)

/*
 * devs resolve paths through bridges; a path that leads nowhere is left out.
 * XLPT_ERR_DATA, with the offset as the fact, for a table that contradicts
 * itself; what came before is then in *out.
 */
int xlpt_dmar_parse(const uint8_t *table, size_t len, const struct xlpt_devices *devs,
		    struct xlpt_rmrrs *out, struct xlpt_diag *diag);

/*
 * From /sys/firmware/acpi/tables: "DMAR", or "XMAR", which is what Xen renames it
 * to so that dom0 does not drive the IOMMU (xen/drivers/passthrough/vtd/dmar.c,
 * acpi_dmar_zap). Neither there is success with there == false.
 */
int xlpt_dmar_read(struct xlpt_host *h, const struct xlpt_devices *devs, struct xlpt_rmrrs *out,
		   struct xlpt_diag *diag);

bool xlpt_dmar_there(struct xlpt_host *h);

/*
 * The others that region i is reserved for, "0000:00:1d.0, 0000:00:1a.0", or NULL. Xen
 * gives a device that shares one away only where it is told to be relaxed about it
 * (xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device). Caller frees.
 */
char *xlpt_rmrr_sharers(const struct xlpt_rmrrs *r, size_t i);

#endif
