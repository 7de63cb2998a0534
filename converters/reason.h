/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a value cannot be said by the other side, and how much that matters; the last has no path. */
#ifndef XLPT_CONVERTERS_REASON_H
#define XLPT_CONVERTERS_REASON_H

#include "converters/model/loss.h"

struct xlpt_reason {
	/* fnmatch; without the names of elements: "pci.id.mac". Behind '=' the value, '#' its place. */
	const char *path;
	enum xlpt_severity severity;
	const char *text;
};

extern const struct xlpt_reason xlpt_reasons_to_xl[], xlpt_reasons_to_libvirt[];
/* What the result says although nothing was said before. */
extern const struct xlpt_reason xlpt_reasons_added_to_xl[];

extern const char xlpt_reason_macvtap[];
/* Of a UEFI that is not Xen's. */
extern const char xlpt_reason_own_ovmf[];

#endif
