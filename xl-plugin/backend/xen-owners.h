/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * To whom Xen has assigned each device. No hypercall tells that; the key Q has Xen write it into its
 * log, a line for each device (xen/drivers/passthrough/pci.c, dump_pci_devices).
 */
#ifndef XLPT_XEN_OWNERS_H
#define XLPT_XEN_OWNERS_H

#include "core/bdf.h"

#define XLPT_XEN_QUARANTINE (-1)

struct xlpt_xen_owner {
	struct xlpt_bdf bdf;
	int64_t domid; /* 0 = dom0; XLPT_XEN_QUARANTINE */
};

/* The last such answer in Xen's log; lines that are not understood are left out. Caller frees *out. */
void xlpt_xen_owners_parse(const char *messages, struct xlpt_xen_owner **out, size_t *n);

#endif
