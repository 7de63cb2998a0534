/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking a device from a guest, and from pciback, whatever state it is in. Times are milliseconds.
 */
#ifndef XLPT_RELEASE_H
#define XLPT_RELEASE_H

#include "xl-plugin/cli/env.h"

/*
 * Takes the device out of Xen's quarantine and from pciback, and gives it to the driver origin (""
 * = none); origin_known false: to the driver that claims it. *driver (driver may be NULL) is the
 * name of its driver then, for the caller to free. IN_USE when a guest has it.
 */
int xlpt_give_back(struct xlpt_env *env, struct xlpt_bdf bdf, bool origin_known, const char *origin,
		   char **driver, struct xlpt_diag *diag);

/*
 * Takes the device from pciback and removes a driver_override for pciback. IN_USE when a guest has
 * it: pciback itself would let go of it with no more than a warning (pci_stub.c, pcistub_remove).
 */
int xlpt_leave_pciback(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/*
 * Binds the device to the driver origin ("" = none); known false: to the driver that claims it.
 * Loads the driver's module when it is not there. *driver as above.
 */
int xlpt_rebind(struct xlpt_host *h, struct xlpt_bdf bdf, bool known, const char *origin,
		char **driver, struct xlpt_diag *diag);

/*
 * Takes the device from the guest, whatever its state: afterwards the guest does not have it in
 * xenstore, in its device model, or in the hypervisor. It serves to undo an attach, for detach
 * --force, and for repair.
 *
 * Without force a guest that runs and does not answer keeps the device (LEFT): a device that is
 * taken from a driver in its probe stops PV hotplug for good, and QEMU goes on using a device that
 * it holds. CONFLICT when Xen still has the device with a guest at the end.
 */
int xlpt_release(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, bool force,
		 int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Takes back what only the hypervisor knows of: access to ports, memory and the interrupt, and the
 * assignment. libxl leaves such access behind when an add fails, 4.17 after every removal from an
 * HVM guest, and many releases that to memory above 4 GiB (XSA-476). An interrupt line or a page
 * that another device of the guest uses stays. Then Xen is asked, as far as it answers, whether
 * the guest can still map the memory: CONFLICT when it can.
 */
int xlpt_revoke(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/*
 * Takes from the guest what is left of a device that this host has no more. The guest is not
 * asked.
 */
int xlpt_release_absent(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * True when another device of the HVM guest uses the same interrupt line. libxl (4.18 and later)
 * takes the line away with the first of the two; QEMU, which still has it bound for the other
 * device, then fails to unbind it, and no device with that line comes to the guest again.
 * xlpt_release takes such a device without libxl.
 */
bool xlpt_line_kept(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf);

/*
 * Removes a backend that has no devices, and waits up to XLPT_PORT_TIMEOUT_MS until the guest has
 * let go of its frontend. *cleared: there was one.
 */
int xlpt_clear_empty(struct xlpt_env *env, uint32_t domid, bool *cleared, struct xlpt_diag *diag);

#endif
