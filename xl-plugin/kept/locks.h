/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xlpt locks (core/lock.h): a guest, devices by address, PFs, the pools, files, in this
 * order. A function takes the locks that it needs, whether its caller has them or not. The lock
 * files are below /run/xlpt/lock. deadline: a time of core/clock in milliseconds. IN_USE with the
 * name of the lock when it is not free in time, STOPPED, IO. locks gets what was taken.
 */
#ifndef XLPT_LOCKS_H
#define XLPT_LOCKS_H

#include "xl-plugin/cli/env.h"

#define XLPT_LOCK_TIMEOUT_MS 120000 /* longer than one operation with libxl's own time-outs */

int xlpt_lock_guest(struct xlpt_env *env, struct xlpt_locks *locks, uint32_t domid,
		    int64_t deadline, struct xlpt_diag *diag);
/*
 * The name of a guest that is to be created: two starts at once would both find that it does not
 * run.
 */
int xlpt_lock_name(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		   int64_t deadline, struct xlpt_diag *diag);
int xlpt_lock_device(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf bdf,
		     int64_t deadline, struct xlpt_diag *diag);
/* The VFs of a PF: their number and their identities. */
int xlpt_lock_pf(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf pf,
		 int64_t deadline, struct xlpt_diag *diag);
/*
 * A guest (domid NULL = none), then devices. bdfs is sorted in place. Waits up to
 * XLPT_LOCK_TIMEOUT_MS.
 */
int xlpt_lock_all(struct xlpt_env *env, struct xlpt_locks *locks, const uint32_t *domid,
		  struct xlpt_bdf *bdfs, size_t n, struct xlpt_diag *diag);
/* Somebody holds the lock just now. Only looks: makes no file and waits for nobody. */
bool xlpt_busy_guest(struct xlpt_env *env, uint32_t domid);
bool xlpt_busy_device(struct xlpt_env *env, struct xlpt_bdf bdf);
/* This command itself holds the device's lock. */
bool xlpt_locked_device(const struct xlpt_env *env, struct xlpt_bdf bdf);
/* The definitions and leases of all pools. Who holds this lock must not wait for anything. */
int xlpt_lock_pools(struct xlpt_env *env, struct xlpt_locks *locks, int64_t deadline,
		    struct xlpt_diag *diag);
/*
 * Files that are read, decided on and written: "boot" (boot-time hiding and the pins), "guard",
 * "vf" (vf persist), "apply", "ledger". Take the lock before the first of them is read: otherwise
 * the change of another xlpt would be overwritten. what: the files, in words for messages. Below
 * --sysroot the whole tree is locked.
 */
int xlpt_lock_files(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		    const char *what, struct xlpt_diag *diag);

#endif
