/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keyed locks: what two processes may not work on at the same time, a file each
 * (flock(2)), so that a kill lets go of all of them.
 *
 * One owner (a command) takes a lock as often as it likes: whoever it calls need
 * not know what it holds. All owners take them in one order: by kind, and within a
 * kind by number and path. Who waits has nothing that comes later, so that nobody
 * can wait for somebody who waits for him. A lock that comes before one that is held
 * already is waited for shortly, and given up: its holder may be waiting for us. While
 * the pools are held nothing is waited for at all.
 */
#ifndef XLPT_CORE_LOCK_H
#define XLPT_CORE_LOCK_H

#include "core/clock.h"
#include "core/host.h"
#include "core/stop.h"

/* The order in which they are taken. */
enum xlpt_lock_kind {
	XLPT_LOCK_GUEST,
	XLPT_LOCK_DEVICE,
	XLPT_LOCK_PF, /* the virtual functions of a PF: their number, their identities */
	XLPT_LOCK_POOLS,
	XLPT_LOCK_FILES,
};

struct xlpt_lock_key {
	enum xlpt_lock_kind kind;
	uint64_t number;  /* the order within a kind */
	const char *path; /* its file, made when it is not there */
	bool directory;	  /* ... or a directory that is there, locked itself */
};

/* How long a lock is waited for that comes before one that is held. */
#define XLPT_LOCK_BACK_MS 10000

struct xlpt_lock;

/* All that one command holds. All zero: nothing. */
struct xlpt_lock_owner {
	struct xlpt_lock **held;
	size_t n, alloc;
};

/* What one part of it has asked for; the same lock may be in several. All zero: nothing. */
struct xlpt_locks {
	struct xlpt_lock_owner *owner;
	struct xlpt_lock **items;
	size_t n, alloc;
};

/*
 * Adds the lock to set. 0, -EWOULDBLOCK when it was not free in time (deadline: a
 * time of clock; one in the past tries once), -EINTR after a signal, or another
 * negative errno. waits, unless NULL, is called before the first wait.
 */
int xlpt_lock_take(struct xlpt_lock_owner *owner, struct xlpt_locks *set, struct xlpt_host *host,
		   struct xlpt_clock *clock, const struct xlpt_lock_key *key, int64_t deadline,
		   void (*waits)(void *arg), void *arg);

/* Lets go of what nobody else of the owner has asked for. */
void xlpt_locks_release(struct xlpt_locks *set);
/* ... until set has n again: what was taken last goes first. */
void xlpt_locks_shrink(struct xlpt_locks *set, size_t n);
#define _cleanup_locks_ XLPT_CLEANUP(xlpt_locks_release)

/* The descriptor of a held lock, for a child that is to keep it; -1 when it is not held. */
int xlpt_lock_fd(const struct xlpt_lock_owner *owner, enum xlpt_lock_kind kind, uint64_t number);

#endif
