/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of ACPI's tables (firmware.c: DMAR, ivrs.c: IVRS) share. Their bytes are not trusted. */
#ifndef XLPT_PCIBACK_ACPI_H
#define XLPT_PCIBACK_ACPI_H

#include <stdint.h>

#include "core/diag.h"
#include "core/host.h"

/*
 * The largest that is read. A DMAR or IVRS table has some 10 to 100 bytes for each IOMMU, and each function
 * and slot that is named, so that those of the largest hosts have a few tens of KiB.
 */
#define XLPT_ACPI_MAX (1u << 20)

/* A number of 1 to 8 bytes, as ACPI has them: the lowest first. */
uint64_t xlpt_acpi_number(const uint8_t *p, unsigned bytes);
/* XLPT_ERR_DATA: the table ("the DMAR table") is wrong at that byte, and why. */
int xlpt_acpi_broken(struct xlpt_diag *diag, const char *table, size_t at, const char *fact);
/*
 * The table's file, whole. 0, -ENOENT when it is not there, or XLPT_ERR_DATA and XLPT_ERR_IO with a diagnosis.
 */
int xlpt_acpi_read(struct xlpt_host *h, const char *path, const char *table, struct xlpt_str *out,
		   struct xlpt_diag *diag);

#endif
