/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a device from a guest, whatever the state it is in, and from pciback. */
#ifndef XLPT_RELEASE_H
#define XLPT_RELEASE_H

#include "xl-plugin/cli/env.h"

/* Whatever the state: the device leaves pciback and goes to where it came from. */
int xlpt_give_back(struct xlpt_env *env, struct xlpt_bdf bdf, bool origin_known, const char *origin,
		   char **driver, struct xlpt_diag *diag);

/*
 * Away from pciback, unless a guest has it (IN_USE): pciback itself lets go of such a device with no
 * more than a warning. A driver_override for pciback goes, too.
 */
int xlpt_leave_pciback(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/* To the driver it came from ("" = none), or, when that is not known, to the one that claims it. */
int xlpt_rebind(struct xlpt_host *h, struct xlpt_bdf bdf, bool known, const char *origin,
		char **driver, struct xlpt_diag *diag);

/*
 * Whatever the state: afterwards the guest does not have the device, neither in
 * xenstore nor in its device model nor in the hypervisor. Used to undo an
 * attach, for detach --force, and by repair. Without force a live guest that
 * does not answer keeps it (XLPT_ERR_LEFT): a device that is taken from a driver
 * in its probe wedges a PV guest, and QEMU goes on using one that it holds.
 */
int xlpt_release(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, bool force,
		 int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Takes back what only the hypervisor knows of: grants on ports, memory and the
 * interrupt, and the assignment. libxl leaves the grants behind when an add
 * fails, 4.17 after every removal from an HVM guest, and many releases those on
 * memory above 4 GiB. An interrupt line or a page that another device of the guest
 * uses stays granted. Then Xen is asked, as far as it answers, whether the guest
 * can still map the memory: CONFLICT.
 */
int xlpt_revoke(struct xlpt_env *env, uint32_t domid, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* The same for a device that this host has no more: what is left of it with the guest. */
int xlpt_release_absent(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			int64_t timeout_ms, struct xlpt_diag *diag);

/*
 * Another device of the HVM guest uses the same interrupt line. libxl (4.18 and later) takes the line
 * away with the first of them; QEMU, which has it bound for the other, can then not unbind it, and no
 * device of that line comes to the guest again. xlpt_release does without libxl then.
 */
bool xlpt_line_kept(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf);

/* Removes a backend without devices, and waits until the guest has let go of its frontend. */
int xlpt_clear_empty(struct xlpt_env *env, uint32_t domid, bool *cleared, struct xlpt_diag *diag);

#endif
