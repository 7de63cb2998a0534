/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What AMD's firmware says in the ACPI table IVRS (AMD I/O Virtualization Technology Specification,
 * 5.2.2): which memory it wants mapped for functions (IVMD blocks), and which functions use the
 * requester id of another one (alias entries of IVHD blocks). The bytes are not trusted.
 */
#ifndef XLPT_PCIBACK_IVRS_H
#define XLPT_PCIBACK_IVRS_H

#include "core/device.h"
#include "core/host.h"

struct xlpt_ivmd {
	uint16_t first, last; /* device ids (bus, device and function), both included */
	uint64_t base, len;
};

struct xlpt_ivmds {
	struct xlpt_ivmd *items;
	size_t n, alloc;
	bool there; /* the host has such a table: it has AMD's IOMMU */
};

void xlpt_ivmds_dispose(struct xlpt_ivmds *r);
#define _cleanup_ivmds_ XLPT_CLEANUP(xlpt_ivmds_dispose)

/* XLPT_ERR_DATA for a table that contradicts itself; what came before is then in *out. */
int xlpt_ivrs_parse(const uint8_t *table, size_t len, struct xlpt_ivmds *out,
		    struct xlpt_diag *diag);
/* From /sys/firmware/acpi/tables/IVRS. Not there is success with there == false. */
int xlpt_ivrs_read(struct xlpt_host *h, struct xlpt_ivmds *out, struct xlpt_diag *diag);
bool xlpt_ivmd_names(const struct xlpt_ivmd *m, struct xlpt_bdf bdf);
/* The first block that names the function, or NULL. */
const struct xlpt_ivmd *xlpt_ivmds_find(const struct xlpt_ivmds *r, struct xlpt_bdf bdf);

/*
 * Notes in devs which functions have an alias. Of entries for one function the last counts, as in Linux
 * (drivers/iommu/amd/init.c) and Xen (xen/drivers/passthrough/amd/iommu_acpi.c). Firmware repeats its
 * entries in blocks of newer types, of which each of the two reads the newest that it knows: here all are
 * read. A table that contradicts itself says nothing from there on.
 */
void xlpt_ivrs_aliases_parse(const uint8_t *table, size_t len, struct xlpt_devices *devs);
/* From /sys/firmware/acpi/tables/IVRS, if it is there and can be read. */
void xlpt_ivrs_aliases(struct xlpt_host *h, struct xlpt_devices *devs);

#endif
