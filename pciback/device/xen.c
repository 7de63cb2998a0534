/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/xen.h"

#include <string.h>

/*
 * The kernel makes both under Xen only (drivers/xen/sys-hypervisor.c, drivers/xen/xenbus), xenfs
 * mounted or not. A captured tree may lack them for another reason, unless it has the folder.
 */
enum xlpt_boot_xen xlpt_boot_xen(struct xlpt_host *h)
{
	_cleanup_free_ char *type = NULL;

	if (xlpt_host_read_text(h, &type, "/sys/hypervisor/type") >= 0)
		return strcmp(xlpt_chomp(type), "xen") ? XLPT_BOOT_XEN_NO : XLPT_BOOT_XEN_YES;
	if (xlpt_host_has(h, "/proc/xen"))
		return XLPT_BOOT_XEN_YES;
	return h->live || xlpt_host_has(h, "/sys/hypervisor") ? XLPT_BOOT_XEN_NO
							      : XLPT_BOOT_XEN_UNKNOWN;
}
