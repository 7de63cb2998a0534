/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A toolstack that does what libxl does, in the order in which libxl does it
 * (tools/libs/light/libxl_pci.c of 4.17 and 4.20; what the lab showed of it),
 * on top of the fake xenstore and its kernel-side actors:
 *
 *   add     note the owner, device model (HVM), grant, assign, write the nodes; the
 *           second device of a PV guest waits up to 10 s for a connected
 *           backend; never waits afterwards; on error only the note goes
 *   remove  device model (HVM, 10 s), take grants back (PV; memory above 4 GiB stays
 *           granted, because the address is read into 32 bits: XSA-476), deassign,
 *           ask through xenstore, wait 10 s, take the nodes out; a time-out there
 *           is answered with 0
 */
#ifndef XLPT_TESTS_FAKE_TOOLSTACK_H
#define XLPT_TESTS_FAKE_TOOLSTACK_H

#include "core/host.h"
#include "tests/fake/bus.h"
#include "tests/fake/store-pci.h"
#include "xl-plugin/backend/toolstack.h"

struct fake_ts;

enum fake_ts_op {
	FAKE_TS_ADD,
	FAKE_TS_REMOVE,
	FAKE_TS_QUARANTINE,
	FAKE_TS_REVOKE,
	FAKE_TS_HYP,
	FAKE_TS_DM,
	FAKE_TS_CONFIG,
	FAKE_TS_CREATE,
	FAKE_TS_DESTROY,
	FAKE_TS_SAVE,
	FAKE_TS_RESTORE,
	FAKE_TS_MIGRATE,
	FAKE_TS_REMOTE,
	FAKE_TS_N_OPS
};

/* How far an add that is made to fail gets before it does. */
enum fake_ts_depth {
	FAKE_TS_AT_ONCE,
	FAKE_TS_AFTER_NOTE,
	FAKE_TS_AFTER_DM,
	FAKE_TS_AFTER_GRANTS,
	FAKE_TS_AFTER_ASSIGN,
	FAKE_TS_AFTER_NODES
};

struct fake_ts *fake_ts_new(struct fake_store *store, struct fake_pciback *pciback);
void fake_ts_free(struct fake_ts *f);
struct xlpt_toolstack *fake_ts_get(struct fake_ts *f);
/* Where it reads a device's BARs, as libxl does; NULL (at first): they have none. */
void fake_ts_host(struct fake_ts *f, struct xlpt_host *host);

/* The guest is copied. Returned pointer is live until the next add or removal. */
struct xlpt_guest *fake_ts_guest(struct fake_ts *f, uint32_t domid, const char *name,
				 enum xlpt_guest_type type);
void fake_ts_kill(struct fake_ts *f, uint32_t domid); /* as xl destroy */
/*
 * A PV guest that ends by itself, whether it powers off, restarts or crashes. Down:
 * it has closed its frontend, its domain is there still and has its devices, as it
 * stays with on_poweroff="preserve". Dying: Xen takes it apart and has not taken
 * its devices back yet. Ended: the domain is gone, and libxl leaves the PCI backend
 * in state 6, with its devices (seen with 4.17 and 4.20). Stripped: an HVM guest
 * that is down, and libxl has taken all devices from it before it destroys its
 * domain (seen with 4.20: up to 10 s for each).
 */
void fake_ts_stripped(struct fake_ts *f, uint32_t domid);
void fake_ts_down(struct fake_ts *f, uint32_t domid);
void fake_ts_dying(struct fake_ts *f, uint32_t domid);
void fake_ts_ended(struct fake_ts *f, uint32_t domid);
/*
 * A restart by xl, in its steps: the domain is gone and xl's process sleeps; a new domain, paused,
 * that has nothing yet: its number; that one has all that the old one had, and runs. Restarted:
 * all three.
 */
void fake_ts_gap(struct fake_ts *f, uint32_t domid);
uint32_t fake_ts_coming(struct fake_ts *f, uint32_t domid);
void fake_ts_came(struct fake_ts *f, uint32_t now);
uint32_t fake_ts_restarted(struct fake_ts *f, uint32_t domid);
/* xl's process for a guest that is gone, or between two domains, ends without making it anew. */
void fake_ts_no_more(struct fake_ts *f, uint32_t domid);
/* From now on xl leaves a process for each guest, which is seen below /proc there. */
void fake_ts_monitors(struct fake_ts *f, struct fake_bus *bus);
/* The kernel has told Xen that the device is gone: it is with nobody there. */
void fake_ts_gone(struct fake_ts *f, struct xlpt_bdf bdf);
/* The guest's stored configuration, and nothing else, lists this device. */
void fake_ts_configure(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec);
void fake_ts_iommu(struct fake_ts *f, bool on);
/* Xen's command line; not copied. At first it says nothing but dom0_mem. */
void fake_ts_cmdline(struct fake_ts *f, const char *text);
/* What xl dmesg shows; not copied. At first nobody knows. */
void fake_ts_messages(struct fake_ts *f, const char *text);
/* A hypervisor that says it took access to memory back, and did not. */
void fake_ts_keeps_memory(struct fake_ts *f, bool keeps);
/*
 * What QEMU writes into the guest's log when it takes a device from now on, or some time after
 * that; NULL: nothing. Needs the log to be there (fake_bus_put).
 */
void fake_ts_dm_says(struct fake_ts *f, const char *lines);
void fake_ts_dm_says_later(struct fake_ts *f, int64_t ms, const char *lines);
/* Xen does not tell the owners of devices (its log is too small, or it may not be asked). */
void fake_ts_no_owners(struct fake_ts *f, bool none);
/* Shares reserved memory: Xen assigns it to nobody who does not ask it to be relaxed. */
void fake_ts_shares_reserved(struct fake_ts *f, struct xlpt_bdf bdf);
/* An HVM guest that answers no eject request (firmware, no driver). */
void fake_ts_deaf(struct fake_ts *f, uint32_t domid, bool deaf);

/* How the frontends of guests behave that guest_create makes from now on; their domids begin at 20. */
void fake_ts_boot(struct fake_ts *f, const struct fake_pcifront_opts *o);
/* The NUMA nodes it runs on; 0 at first. */
void fake_ts_nodes(struct fake_ts *f, uint32_t domid, xlpt_nodes nodes);

/* The frontend whose event channel port_open speaks of; NULL takes it away. */
void fake_ts_frontend(struct fake_ts *f, uint32_t domid, struct fake_pcifront *front);

/* The nth coming call (from 1) of op fails, an add after having come that far. */
void fake_ts_fail(struct fake_ts *f, enum fake_ts_op op, unsigned nth, enum fake_ts_depth depth);

/* Called at the beginning of each of those calls. */
void fake_ts_on_call(struct fake_ts *f, void (*fn)(void *arg), void *arg);

/* The guest the hypervisor has it assigned to, -1 dom0, -2 quarantine. */
int64_t fake_ts_owner(struct fake_ts *f, struct xlpt_bdf bdf);
/* Lines "BDF owner", sorted, of all that is not dom0's; caller frees. */
char *fake_ts_snapshot(struct fake_ts *f);

/* ---- saving, restoring, moving (toolstack-move.c); the other host is this one ---- */

/*
 * How a failing one of them ends: AT_ONCE the guest runs as before; AFTER_NOTE it
 * is left suspended (and renamed by a migration); AFTER_NODES the thing is done
 * but reported as failed. A save "fails" with AFTER_DM by an image that is cut
 * short, and with success. A restore leaves its domain paused with AFTER_NOTE, dying with
 * AFTER_GRANTS, running with AFTER_NODES; a migration with AFTER_GRANTS leaves the receiver's
 * paused NAME--incoming there, and the guest here runs.
 */
void fake_ts_pv_live(struct fake_ts *f, bool on);
/* Runs an xlpt command line on "the other host": its status, output in *out (malloc'ed). */
void fake_ts_on_remote(struct fake_ts *f, int (*fn)(void *arg, const char *line, char **out),
		       void *arg);
/* Where a device is in a guest of this name: as the frontend of a PV guest sees it. */
struct fake_pcifront *fake_ts_front(struct fake_ts *f, uint32_t domid);

/* Between the two files. */
struct fake_move;
extern const struct xlpt_toolstack_ops fake_move_ops;
struct fake_move **fake_ts_move(struct fake_ts *f);
void fake_move_free(struct fake_move *m);
bool fake_ts_fails(struct fake_ts *f, enum fake_ts_op op, enum fake_ts_depth *depth);
struct xlpt_guest *fake_ts_find(struct fake_ts *f, uint32_t domid, const char *name);
struct fake_store *fake_ts_store(struct fake_ts *f);

#endif
