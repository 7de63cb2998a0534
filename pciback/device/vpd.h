/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a card says of itself in its Vital Product Data (PCI 3.0, appendix I), through the
 * kernel's file "vpd" (there only for functions that have it). The bytes are not trusted.
 *
 * Reading it is slow, some devices take a second, and it writes to the card's address
 * register: it is read only when it is needed, and not of a function that a guest has.
 */
#ifndef XLPT_PCIBACK_VPD_H
#define XLPT_PCIBACK_VPD_H

#include "core/bdf.h"
#include "core/diag.h"
#include "core/host.h"

struct xlpt_vpd {
	char *product, *part; /* printable, what is not has become a blank; or NULL */
	/*
	 * NULL also for one that is no printable text: it tells cards apart, and two that
	 * differ only in what was replaced would be one.
	 */
	char *serial;
};

void xlpt_vpd_dispose(struct xlpt_vpd *vpd);
#define _cleanup_vpd_ XLPT_CLEANUP(xlpt_vpd_dispose)

/* XLPT_ERR_DATA for what is no VPD or is cut short; what came before is kept. */
int xlpt_vpd_parse(const uint8_t *data, size_t len, struct xlpt_vpd *out, struct xlpt_diag *diag);
/* From the function's file; none is success with nothing in *out. */
int xlpt_vpd_read(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_vpd *out,
		  struct xlpt_diag *diag);

#endif
