/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a function's configuration space says of it; private to pciback/device/scan.c. */
#ifndef XLPT_PCIBACK_HEADER_H
#define XLPT_PCIBACK_HEADER_H

#include "pciback/device/attr.h"

/* The header, and with flags (scan.h) what is beyond it. Its class and is_vf are known already. */
void xlpt_header_read(struct xlpt_attrs *rd, unsigned flags, struct xlpt_device *dev);

#endif
