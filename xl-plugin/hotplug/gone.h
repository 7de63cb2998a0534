/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that are gone, and domains on their way out.
 *
 * libxl does not remove the PCI backend of a PV guest that ends by itself: it asks a
 * frontend that is closed already, gives up after 10 s, and destroys the domain
 * (seen with 4.17 and 4.20; state 6). Such an entry in xenstore is nobody's, and
 * libxl gives the device to the next domain all the same. So the command that needs
 * the device takes the entry out and says so.
 */
#ifndef XLPT_GONE_H
#define XLPT_GONE_H

#include "xl-plugin/hotplug/operation.h"

/*
 * How long a guest that has shut down is waited for, within the caller's time-out: xl
 * destroys it by then, or nobody does (on_poweroff="preserve").
 */
#define XLPT_SHUT_DOWN_MS 20000

/*
 * libxl notes and assigns a device before it writes the backend's nodes
 * (libxl_pci.c, pci_add_dm_done), and takes well below this for it.
 */
#define XLPT_UNDER_WAY_MS 5000

/* For xlpt_say or xlpt_warn. */
typedef void (*xlpt_print_fn)(struct xlpt_env *env, const char *fmt, ...) XLPT_PRINTF(2, 3);

/*
 * Waits while a domain on its way out has one of these devices, own (-1 = none) not
 * counted. Whoever still has it in the end is for the caller to find: no error.
 * *waited: something was waited for, and what was read before is old.
 */
int xlpt_gone_wait(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, int64_t own,
		   int64_t timeout_ms, bool *waited, struct xlpt_diag *diag);
/*
 * Waits for a guest of that name or UUID ("" = any) that is on its way out; IN_USE when it
 * has shut down and nobody destroys it. One that lives is the caller's.
 */
int xlpt_gone_wait_guest(struct xlpt_env *env, const char *name, const char *uuid,
			 int64_t timeout_ms, struct xlpt_diag *diag);
/* Waits for all domains that Xen destroys just now and that a backend or a lease is of. */
int xlpt_gone_wait_all(struct xlpt_env *env, int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Takes out what domains that are gone left of a device, whose lock the caller has. One
 * line for each; *taken (or NULL) grows. A dry run tells.
 */
int xlpt_gone_take(struct xlpt_env *env, struct xlpt_bdf bdf, xlpt_print_fn print, size_t *taken,
		   struct xlpt_diag *diag);
/* The same for all devices that nobody works on; with the locks of each. */
int xlpt_gone_sweep(struct xlpt_env *env, struct xlpt_diag *diag);
/* libxl's note names a domain, and it is gone: a tool was killed while it gave the device away. */
bool xlpt_gone_noted(struct xlpt_env *env, int64_t domid);
/*
 * Waits, and takes, also libxl's note where it is all that is left; *owners is as it is
 * afterwards. The caller has the locks of the devices.
 */
int xlpt_gone_clear(struct xlpt_env *env, struct xlpt_owners *owners, const struct xlpt_bdf *bdfs,
		    size_t n, int64_t own, int64_t timeout_ms, struct xlpt_diag *diag);
/* The same for the devices of an operation, and the others in their sets that are locked. */
int xlpt_gone_prepare(struct xlpt_op *op, struct xlpt_diag *diag);

/* xen-pciback has ended the export to that domain; false after 2 s. Hold no lock of the pools. */
bool xlpt_gone_kernel(struct xlpt_env *env, int64_t domid);

#endif
