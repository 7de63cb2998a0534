/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a guest, by xenstore watches. Times are milliseconds. All return NO_GUEST when the
 * guest ends in the meantime, and STOPPED after a signal. The states are those of
 * drivers/xen/xen-pciback/xenbus.c and drivers/pci/xen-pcifront.c in Linux.
 */
#ifndef XLPT_WAIT_H
#define XLPT_WAIT_H

#include "xenstore/pcibe.h"
#include "xl-plugin/cli/env.h"

#define XLPT_GUEST_TIMEOUT_MS 60000 /* how long a guest may take to answer; --timeout changes it */
/* how long a guest may take to free its frontend once the backend is gone */
#define XLPT_PORT_TIMEOUT_MS 10000

/*
 * NO_GUEST, with that message, when the guest has ended or is about to since it was looked up.
 * Else 0, and diag is unchanged.
 */
int xlpt_guest_still_there(struct xlpt_env *env, const struct xlpt_guest *guest,
			   struct xlpt_diag *diag);

/*
 * PV: waits until the frontend is Connected and the device is published; *vdev is the address that
 * the guest sees. TIMEOUT; CONFLICT as soon as the frontend says that it gave up. gave_up: what it
 * had said of that before this attach (NULL = nothing); such a frontend gets 3 s to begin anew.
 */
int xlpt_wait_connected(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			const char *gave_up, int64_t timeout_ms, struct xlpt_bdf *vdev,
			struct xlpt_diag *diag);
/*
 * PV: waits until a change may begin: there is no backend, or frontend and backend are both
 * Connected.
 */
int xlpt_wait_settled(struct xlpt_env *env, const struct xlpt_guest *guest, int64_t timeout_ms,
		      struct xlpt_diag *diag);
/*
 * Waits until the backend no longer names the device. PV: also for a guest that answers after
 * libxl has given up.
 */
int xlpt_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		   int64_t timeout_ms, struct xlpt_diag *diag);
/*
 * PV, after its last device was removed: waits until the guest's frontend has closed its event
 * channel. port 0 = not known: true at once. False when it has not.
 */
bool xlpt_wait_port_closed(struct xlpt_env *env, uint32_t domid, unsigned port, int64_t timeout_ms);

#endif
