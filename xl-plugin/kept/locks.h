/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xlpt locks (core/lock.h): a guest, devices by their addresses, PFs, the pools, files, in
 * this order. Whoever is called takes what it needs, whether its caller has it or not. The
 * files are below /run/xlpt/lock. deadline: of core/clock, in milliseconds. IN_USE with the
 * lock's name when it cannot be had in time.
 */
#ifndef XLPT_LOCKS_H
#define XLPT_LOCKS_H

#include "xl-plugin/cli/env.h"

#define XLPT_LOCK_TIMEOUT_MS 120000 /* longer than one operation with libxl's own time-outs */

int xlpt_lock_guest(struct xlpt_env *env, struct xlpt_locks *locks, uint32_t domid,
		    int64_t deadline, struct xlpt_diag *diag);
/* A guest that is to be created, by its name: two at once would both find that it does not run. */
int xlpt_lock_name(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		   int64_t deadline, struct xlpt_diag *diag);
int xlpt_lock_device(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf bdf,
		     int64_t deadline, struct xlpt_diag *diag);
/* How many VFs a PF has, and what they are set to. */
int xlpt_lock_pf(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf pf,
		 int64_t deadline, struct xlpt_diag *diag);
/* Guest (NULL for none) and devices in that order; bdfs is sorted in place. */
int xlpt_lock_all(struct xlpt_env *env, struct xlpt_locks *locks, const uint32_t *domid,
		  struct xlpt_bdf *bdfs, size_t n, struct xlpt_diag *diag);
/* Somebody has its lock just now: only looked at, nothing is made or waited for. */
bool xlpt_busy_guest(struct xlpt_env *env, uint32_t domid);
bool xlpt_busy_device(struct xlpt_env *env, struct xlpt_bdf bdf);
bool xlpt_locked_device(const struct xlpt_env *env, struct xlpt_bdf bdf);
/* Definitions and leases of all pools. Who has them waits for nothing. */
int xlpt_lock_pools(struct xlpt_env *env, struct xlpt_locks *locks, int64_t deadline,
		    struct xlpt_diag *diag);
/*
 * Files that are read, decided on and written: boot-time hiding and the pins
 * ("boot"), the guard ("guard"), the hotplug ledger ("ledger"). Taken before the
 * first of them is read, or the change of another xlpt would be written over.
 * what: for the messages.
 */
int xlpt_lock_files(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		    const char *what, struct xlpt_diag *diag);

#endif
