/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The serial number in a function's Vital Product Data (PCI 3.0, appendix I),
 * through the kernel's file "vpd" (there only for functions that have it).
 * Reading it is slow, some devices take a second: ask only when it is needed.
 */
#ifndef XLPT_PCIBACK_VPD_H
#define XLPT_PCIBACK_VPD_H

#include "core/bdf.h"
#include "core/host.h"

/* The value of keyword SN, or NULL. The bytes are not trusted. Caller frees. */
char *xlpt_vpd_parse_serial(const uint8_t *vpd, size_t len);
char *xlpt_vpd_serial(struct xlpt_host *h, struct xlpt_bdf bdf);

#endif
