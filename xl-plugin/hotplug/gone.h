/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that are gone, and domains that are on their way out.
 *
 * When a PV guest ends by itself, libxl does not remove its PCI backend: it asks a frontend that is
 * closed already, gives up after 10 s, and destroys the domain (seen with Xen 4.17 and 4.20; the
 * backend stays in state 6, Closed). Such an entry in xenstore belongs to nobody, and libxl gives
 * the device to the next domain all the same. So the command that needs the device removes the
 * entry and says so.
 *
 * Times are milliseconds of core/clock.
 */
#ifndef XLPT_GONE_H
#define XLPT_GONE_H

#include "xl-plugin/hotplug/operation.h"

/*
 * How long to wait, within the caller's time-out, for a guest that has shut down: xl has destroyed
 * it by then, or will not (on_poweroff="preserve").
 */
#define XLPT_SHUT_DOWN_MS 20000

/*
 * libxl notes and assigns a device before it writes the backend's nodes (libxl_pci.c,
 * pci_add_dm_done). It needs much less than this in between.
 */
#define XLPT_UNDER_WAY_MS 5000

/* xlpt_say or xlpt_warn. */
typedef void (*xlpt_print_fn)(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);

/*
 * Waits while a domain that is on its way out has one of these devices; the domain own (-1 = none)
 * does not count. 0 also when that domain still has it at the end of timeout_ms: the caller looks
 * for itself. *waited: it had to wait, so that what the caller read before is old. STOPPED.
 */
int xlpt_gone_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, int64_t own,
		   int64_t timeout_ms, bool *waited, struct xlpt_diag *diag);
/*
 * Waits until a guest with this name or UUID ("" = compare the name only) that is on its way out
 * is gone. IN_USE when it is still there at the end of timeout_ms, or has shut down and nobody
 * destroys it. A guest that runs is not waited for.
 */
int xlpt_gone_wait_guest(struct xlpt_env *env, const char *name, const char *uuid,
			 int64_t timeout_ms, struct xlpt_diag *diag);
/*
 * Waits, at most timeout_ms, for all domains that Xen is just destroying and that have a PCI
 * backend or a lease.
 */
int xlpt_gone_wait_all(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Removes what domains that are gone left of a device, prints one line for each with print, and
 * adds their number to *taken (taken may be NULL). The caller has the device's lock. A dry run
 * only tells.
 */
int xlpt_gone_take(struct xlpt_env *env, struct xlpt_bdf bdf, xlpt_print_fn print, size_t *taken,
		   struct xlpt_diag *diag);
/* The same for all devices that no other xlpt works on; it takes the lock of each. */
int xlpt_gone_sweep(struct xlpt_env *env, struct xlpt_diag *diag);
/*
 * libxl's note (/libxl/pci/...) names the domain domid, and Xen has no such domain: a tool was
 * killed while it gave the device away. False for -1.
 */
bool xlpt_gone_noted(struct xlpt_env *env, int64_t domid);
/*
 * Waits as xlpt_gone_wait, then removes what domains that are gone left of these devices, also a
 * note of libxl's that is all that is left. *owners was read before and is up to date afterwards.
 * The caller has the devices' locks.
 */
int xlpt_gone_clear(struct xlpt_env *env, struct xlpt_owners *owners, const struct xlpt_bdf *bdfs,
		    size_t n, int64_t own, int64_t timeout_ms, struct xlpt_diag *diag);
/*
 * The same for the devices of an operation and for their mates that are locked (not those of a set
 * that is divided).
 */
int xlpt_gone_prepare(struct xlpt_op *op, struct xlpt_diag *diag);

/*
 * Waits up to 2 s until xen-pciback has ended its export to that domain; false when it has not.
 * The caller must not have the lock of the pools. Relies on
 * /sys/devices/pci-DOMID-0, which stays until then (the link in the bus' folder goes before).
 */
bool xlpt_gone_kernel(struct xlpt_env *env, int64_t domid);
/*
 * Waits up to 10 s until xen-pciback is done with every backend that is gone from xenstore. It
 * resets each device that it takes back and gives it its old registers (pci_stub.c,
 * pcistub_put_pci_dev), which is not to happen in the middle of a reset of ours. Relies on
 * /sys/devices/pci-DOMID-0, which stays until that is done. False when it is not done.
 */
bool xlpt_gone_kernel_idle(struct xlpt_env *env);
/*
 * xen-pciback may still export devices to guests that do not have them any more. It works on a
 * change of a guest's devices when the guest's frontend answers (xenbus.c,
 * xen_pcibk_frontend_changed). An HVM guest has none: the backend stays in Reconfiguring, and all
 * that was taken from the guest stays exported until the guest has no device or the device is bound
 * anew.
 */
bool xlpt_gone_exports(struct xlpt_env *env);

#endif
