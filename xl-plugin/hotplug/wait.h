/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a guest, by xenstore watches; times in milliseconds. */
#ifndef XLPT_WAIT_H
#define XLPT_WAIT_H

#include "xenstore/pcibe.h"
#include "xl-plugin/cli/env.h"

#define XLPT_GUEST_TIMEOUT_MS 60000 /* for a guest to answer; --timeout changes it */
#define XLPT_PORT_TIMEOUT_MS  10000 /* to free its frontend once the backend is gone */

/*
 * NO_GUEST, in those words, when the guest has ended or is about to since it was
 * looked up; else 0, and diag is as it was.
 */
int xlpt_guest_still_there(struct xlpt_env *env, const struct xlpt_guest *guest,
			   struct xlpt_diag *diag);

/*
 * PV: the frontend is Connected and the device published. Fills the address the guest
 * sees. Ends as soon as the frontend says that it gave up. gave_up: what it said of
 * that earlier (NULL: nothing); such a one gets a moment to begin anew.
 */
int xlpt_wait_connected(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
			const char *gave_up, int64_t timeout_ms, struct xlpt_bdf *vdev,
			struct xlpt_diag *diag);
/* PV: no backend, or frontend and backend both Connected: a change may begin. */
int xlpt_wait_settled(struct xlpt_env *env, const struct xlpt_guest *guest, int64_t timeout_ms,
		      struct xlpt_diag *diag);
/* The backend names the device no more (PV: a guest that answers late is waited for). */
int xlpt_wait_gone(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_bdf bdf,
		   int64_t timeout_ms, struct xlpt_diag *diag);
/* PV, the last device went: the guest's frontend has closed its event channel. */
bool xlpt_wait_port_closed(struct xlpt_env *env, uint32_t domid, unsigned port, int64_t timeout_ms);

#endif
