/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a system's kernel runs under Xen: what sysfs and /proc say, without asking Xen. */
#ifndef XLPT_DEVICE_XEN_H
#define XLPT_DEVICE_XEN_H

#include "core/host.h"

enum xlpt_boot_xen {
	XLPT_BOOT_XEN_UNKNOWN, /* a tree that does not tell */
	XLPT_BOOT_XEN_YES,
	XLPT_BOOT_XEN_NO, /* the kernel was started without Xen */
};

/* Whether that system's kernel runs under Xen, whatever else there is of it. */
enum xlpt_boot_xen xlpt_boot_xen(struct xlpt_host *h);

#endif
