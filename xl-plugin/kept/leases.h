/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has which VF of which pool: one small file for each VF that is given out, named by its
 * address, below /var/lib/xlpt/leases. The name keeps a VF from being given out twice: the file is
 * completed while it has no name, and then linked to its name, which fails when that name exists
 * (link(2)). A changed lease is another file that takes over the name. So a kill leaves a whole
 * file or none, and a reader never sees half of one.
 *
 * While an xlpt works with the VF it holds the file locked (flock): from before its guest gets the
 * device until the guest has it, and while the device is taken back. A lease that can be locked
 * and whose guest does not have the device is over, and is given back. Every command that touches
 * devices or pools does that, and the hooks in docs/hooks do it at once.
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
	char uuid[37]; /* of the guest; "" = not known */
	int64_t domid; /* -1 = the guest is still to be created */
	char boot[40]; /* boot id of the host, "-" = not known */
	int64_t since; /* seconds since the epoch */
	/*
	 * core/clock's milliseconds: until then somebody else may create the guest (xlpt start
	 * --print); 0 = nobody will
	 */
	int64_t until;
	bool to_host; /* the pool is managed: the VF goes back to its dom0 driver */
	/*
	 * The address that xlpt made up for the VF. It stands here before the VF has it: another
	 * attach to the same guest must not choose it, too.
	 */
	bool has_mac;
	uint8_t mac[6];
	/* not in the file */
	int fd;	       /* open and locked, or -1 */
	bool busy;     /* an xlpt holds it, this one or another */
	bool stays;    /* xlpt_leases_end leaves the file; else it removes it */
	bool restarts; /* its guest is just restarting (hotplug/restart.h) */
	bool before;   /* it is older than the operation that holds it: a guest had the VF */
};

struct xlpt_leases {
	struct xlpt_lease *items;
	size_t n, alloc;
};

/* Closes the file and leaves it: the lease is not given back. */
void xlpt_lease_dispose(struct xlpt_lease *lease);
#define _cleanup_lease_ XLPT_CLEANUP(xlpt_lease_dispose)
void xlpt_leases_dispose(struct xlpt_leases *leases);
#define _cleanup_leases_ XLPT_CLEANUP(xlpt_leases_dispose)
/* The lease of this VF, or NULL. Belongs to leases. */
struct xlpt_lease *xlpt_leases_find(const struct xlpt_leases *leases, struct xlpt_bdf bdf);
/* "web1 (domain 3)", "web1 (starting)", "web1 restarting". Caller frees. */
char *xlpt_lease_holder(const struct xlpt_lease *lease);
/* When the lease was made: "2026-11-21T09:40:00Z". Returns buf. */
#define XLPT_SINCE_LEN 32
char *xlpt_lease_since(const struct xlpt_lease *lease, char buf[XLPT_SINCE_LEN]);

/*
 * A lease as the text of its file, and back (lease-record.c). parse changes text; false when it is
 * no lease.
 */
#define XLPT_LEASE_RECORD 1024
void xlpt_lease_format(const struct xlpt_lease *l, char record[XLPT_LEASE_RECORD]);
bool xlpt_lease_parse(struct xlpt_lease *l, char *text);
/* To an open file, and to the disk: 0 or -errno. And whether that file has this lease already. */
int xlpt_lease_write(int fd, const struct xlpt_lease *lease);
bool xlpt_lease_is(int fd, const struct xlpt_lease *lease);

/* The boot id of this host (/proc/sys/kernel/random/boot_id); "-" when the kernel does not tell. */
void xlpt_lease_boot(struct xlpt_env *env, char out[40]);

/*
 * All leases, sorted by address. A file that cannot be read as a lease is warned of and counts as
 * a lease of nobody: its VF is not given out. IO.
 */
int xlpt_leases_read(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag);

/*
 * Makes and locks the file. The caller fills bdf, pool, guest, uuid, domid, until and to_host.
 * IN_USE when the VF is leased, IO.
 */
int xlpt_lease_create(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);
/*
 * Writes a held lease again, as a new file, which is held in place of the old one afterwards. What
 * is in the file already is not written.
 * CONFLICT when somebody removed the file, IO.
 */
int xlpt_lease_update(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);
/*
 * Locks the lease of a VF, waiting at most timeout_ms milliseconds. 1: it is held, and *out is
 * filled. 0: there is none, or another xlpt holds it (out->busy). IO.
 */
int xlpt_lease_hold(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t timeout_ms,
		    struct xlpt_lease *out, struct xlpt_diag *diag);
/* Removes temporary files that killed writers left beside the leases. */
void xlpt_leases_sweep(struct xlpt_env *env);
/* Gives a held lease back: removes its file. IO. */
int xlpt_lease_drop(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag);

/* Moves the lease of a VF, if there is one, from one operation to another. */
void xlpt_leases_move(struct xlpt_leases *from, struct xlpt_bdf bdf, struct xlpt_leases *to);

/*
 * Ends what an operation holds: each lease is given back, or left where stays is set. Disposes of
 * leases.
 */
void xlpt_leases_end(struct xlpt_env *env, struct xlpt_leases *leases);

#endif
