/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has which VF of which pool: one small file for each VF given out, named by
 * its address, below /var/lib/xlpt/leases. The name is what keeps a VF from being
 * given out twice: the file is made whole without a name and linked to its own,
 * which fails when there is one (link(2)). A change is another file that takes the
 * name over. A kill leaves a whole file or none, and who reads never sees half of one.
 *
 * While an xlpt works with the VF it holds the file locked (flock): before its
 * guest has the device, and while it is taken back. A lease that can be locked
 * and whose guest does not have the device is over, and reconciling gives it
 * back. That happens at every command that touches devices or pools, and through
 * docs/hooks at once.
 */
#ifndef XLPT_LEASES_H
#define XLPT_LEASES_H

#include "core/guest.h"
#include "xl-plugin/kept/journal.h"

#define XLPT_LEASES_DIR "/var/lib/xlpt/leases"

struct xlpt_lease {
	struct xlpt_bdf bdf;
	char *pool;
	char *guest;   /* its name */
	char uuid[37]; /* "" = not known */
	int64_t domid; /* -1 = it is still to be created */
	char boot[40]; /* boot id of the host, "-" = not known */
	int64_t since; /* seconds since the epoch */
	int64_t until; /* core/clock's milliseconds: till then somebody else may still
				   create the guest (xlpt start --print); 0 = no */
	bool to_host;  /* the pool is managed: the VF goes back to its dom0 driver */
	/* of this process, not of the file */
	int fd;	       /* open and locked, or -1 */
	bool busy;     /* an xlpt, perhaps another one, holds it */
	bool stays;    /* xlpt_leases_end leaves the file; else it gives it back */
	bool restarts; /* its guest restarts just now: hotplug/restart.h */
	bool before;   /* older than the operation that holds it: its VF is where a guest had it */
};

struct xlpt_leases {
	struct xlpt_lease *items;
	size_t n, alloc;
};

/* Closes without giving back. */
void xlpt_lease_dispose(struct xlpt_lease *lease);
#define _cleanup_lease_ XLPT_CLEANUP(xlpt_lease_dispose)
void xlpt_leases_dispose(struct xlpt_leases *leases);
#define _cleanup_leases_ XLPT_CLEANUP(xlpt_leases_dispose)
struct xlpt_lease *xlpt_leases_find(const struct xlpt_leases *leases, struct xlpt_bdf bdf);
/* "web1 (domain 3)", "web1 (starting)", "web1 restarting". Caller frees. */
char *xlpt_lease_holder(const struct xlpt_lease *lease);
/* "2026-11-21T09:40:00Z" */
#define XLPT_SINCE_LEN 32
char *xlpt_lease_since(const struct xlpt_lease *lease, char buf[XLPT_SINCE_LEN]);

/* The record of a lease, and back; false for what is none (lease-record.c). */
#define XLPT_LEASE_RECORD 1024
void xlpt_lease_format(const struct xlpt_lease *l, char record[XLPT_LEASE_RECORD]);
bool xlpt_lease_parse(struct xlpt_lease *l, char *text);

/* The running host's boot id; "-" when the kernel does not tell. */
void xlpt_lease_boot(struct xlpt_env *env, char out[40]);

/*
 * All leases, sorted by address. A file that is not one is warned of and counts
 * as a lease of nobody: its VF is not given out.
 */
int xlpt_leases_read(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag);

/* Makes and locks the file; bdf, pool, guest, uuid, domid and until are the caller's. IN_USE. */
int xlpt_lease_create(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);
/* Writes a lease that is held anew, as a new file, which is then held in place of the old one. */
int xlpt_lease_update(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);
/*
 * Locks the lease of a VF. 1: held now, *out filled; 0: there is none, or
 * another xlpt holds it beyond timeout_ms (out->busy). Negative: cannot look.
 */
int xlpt_lease_hold(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t timeout_ms,
		    struct xlpt_lease *out, struct xlpt_diag *diag);
/* Removes what writers that were killed have left beside the leases. */
void xlpt_leases_sweep(struct xlpt_env *env);
/* Gives a lease that is held back: the file goes. */
int xlpt_lease_drop(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);

/* Hands the lease of a VF, where there is one, from one operation to another. */
void xlpt_leases_move(struct xlpt_leases *from, struct xlpt_bdf bdf, struct xlpt_leases *to);

/* The end of an operation: what it still holds is given back, or left where stays is set. */
void xlpt_leases_end(struct xlpt_env *env, struct xlpt_leases *leases);

#endif
