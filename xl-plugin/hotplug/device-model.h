/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an HVM guest's device model (QEMU) says of a device. Its log alone shows that the guest
 * cannot use the device: QEMU lists a device whose memory it could not map, and libxl reports
 * success (hw/xen/xen_pt.c in QEMU).
 */
#ifndef XLPT_HOTPLUG_DEVICE_MODEL_H
#define XLPT_HOTPLUG_DEVICE_MODEL_H

#include "xl-plugin/hotplug/operation.h"

/*
 * xlpt_dm_log_end: the length of the log now, in bytes. xlpt_dm_judge: CONFLICT with the lines of
 * the log in which the device model complains of item (at item->guest_address) since
 * op->dm_log_end.
 */
uint64_t xlpt_dm_log_end(struct xlpt_op *op);
int xlpt_dm_judge(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag);
/*
 * Warns, once, when the device model has the libxenctrl of another Xen than the one that runs;
 * sets op->dm_other_xen.
 */
void xlpt_dm_look(struct xlpt_op *op);
/*
 * The release ("4.17") of a library that the process pid has loaded, when that is not the release
 * of version; else NULL. Caller frees.
 */
char *xlpt_other_release(struct xlpt_host *h, const char *pid, const char *library,
			 const char *version);
/* The same for the libxenctrl of the guest's device model. */
char *xlpt_dm_other_xen(struct xlpt_env *env, uint32_t domid, const char *version);

#endif
