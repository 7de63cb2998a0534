/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of ACPI's tables (firmware.c: DMAR, ivrs.c: IVRS) share. Their bytes are not trusted. */
#ifndef XLPT_PCIBACK_ACPI_H
#define XLPT_PCIBACK_ACPI_H

#include <stdint.h>

#include "core/diag.h"

/* A number of 1 to 8 bytes, as ACPI has them: the lowest first. */
uint64_t xlpt_acpi_number(const uint8_t *p, unsigned bytes);
/* XLPT_ERR_DATA: the table ("the DMAR table") is wrong at that byte, and why. */
int xlpt_acpi_broken(struct xlpt_diag *diag, const char *table, size_t at, const char *fact);

#endif
