/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PCI backend of a guest as xenstore shows it, and libxl's own notes about
 * devices.
 *
 * /local/domain/0/backend/pci/DOMID/0 holds all devices of a guest: num_devs,
 * and for each index N dev-N, state-N, vdev-N, vdevfn-N, opts-N (written by
 * libxl, tools/libs/light/libxl_pci.c, and xen-pciback,
 * drivers/xen/xen-pciback/xenbus.c). An index is not a stable name: libxl
 * shifts the higher ones down when one is removed. The guest can write only
 * its frontend directory, but everything read here is treated as text that may
 * be anything.
 */
#ifndef XLPT_XENSTORE_PCIBE_H
#define XLPT_XENSTORE_PCIBE_H

#include "core/bdf.h"
#include "xenstore/store.h"

/* xen/include/public/io/xenbus.h */
enum xlpt_xbs {
	XLPT_XBS_NONE = -1, /* the node is not there */
	XLPT_XBS_UNKNOWN = 0,
	XLPT_XBS_INITIALISING = 1,
	XLPT_XBS_INITWAIT = 2,
	XLPT_XBS_INITIALISED = 3,
	XLPT_XBS_CONNECTED = 4,
	XLPT_XBS_CLOSING = 5,
	XLPT_XBS_CLOSED = 6,
	XLPT_XBS_RECONFIGURING = 7,
	XLPT_XBS_RECONFIGURED = 8,
};

const char *xlpt_xbs_word(int state); /* "Connected", "absent", "state 12" never: "unknown" */

struct xlpt_pcidev {
	unsigned index;
	bool has_dev; /* dev-N is there */
	bool dev_ok;  /* and is an address: bdf is valid */
	struct xlpt_bdf bdf;
	int state;	      /* state-N (xlpt_xbs): 1 add asked, 3 exported, 5 removal asked */
	bool vdev_ok;	      /* pciback has published it to the frontend */
	struct xlpt_bdf vdev; /* the address a PV guest sees */
	int vdevfn;	      /* slot << 3 | function of an HVM guest; -1 absent */
	char *opts;	      /* printable ASCII, or NULL */
};

struct xlpt_pcibe {
	bool exists; /* the backend directory is there */
	uint32_t domid;
	int be_state, fe_state;	  /* enum xlpt_xbs */
	int num_devs;		  /* -1 absent or not a number */
	unsigned evtchn;	  /* the frontend's event channel, 0 = none */
	char *error;		  /* text in the backend's error node, printable ASCII, or NULL */
	struct xlpt_pcidev *devs; /* every index that has any node, in order */
	size_t n, alloc;
	bool consistent; /* num_devs equals the indices 0..n-1, each with a good dev-N */
};

void xlpt_pcibe_dispose(struct xlpt_pcibe *be);
#define _cleanup_pcibe_ XLPT_CLEANUP(xlpt_pcibe_dispose)

/*
 * One consistent look at the backend (in a transaction); fe_state, evtchn and
 * error are read beside it, so that a guest that keeps rewriting its nodes
 * cannot hold the look up. A guest without a backend gives exists=false.
 */
int xlpt_pcibe_read(struct xlpt_store *s, uint32_t domid, struct xlpt_pcibe *out,
		    struct xlpt_diag *diag);
/* Its dev-N is there and is no address. */
bool xlpt_pcidev_bad(const struct xlpt_pcidev *dev);
const struct xlpt_pcidev *xlpt_pcibe_find(const struct xlpt_pcibe *be, struct xlpt_bdf bdf);

/* Domids that have a PCI backend directory. Caller frees *domids. */
int xlpt_pcibe_domids(struct xlpt_store *s, uint32_t **domids, size_t *n, struct xlpt_diag *diag);

/* Which guest's backend names bdf: 1 and *domid, 0 for none, negative code. */
int xlpt_pcibe_owner(struct xlpt_store *s, struct xlpt_bdf bdf, uint32_t *domid,
		     struct xlpt_diag *diag);

/*
 * Removes a backend that holds no device. libxl empties it and removes it in
 * two transactions; a backend left between them swallows the next device: libxl
 * adds it without asking for a reconfiguration (libxl_pci.c, num_devs is there,
 * and 0), and nobody ever looks at it.
 */
int xlpt_pcibe_remove_empty(struct xlpt_store *s, uint32_t domid, bool *removed,
			    struct xlpt_diag *diag);

/*
 * Takes one device's nodes out of a backend without the guest's help, higher
 * indices moved down; the last one takes both directories with it, as libxl
 * does. state: what the backend's state is set to afterwards (the frontend's
 * watch runs on it), or XLPT_XBS_NONE to leave it; without meaning for the last
 * one. XLPT_ERR_NOT_HELD when the backend does not name bdf.
 */
int xlpt_pcibe_drop(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf, int state,
		    struct xlpt_diag *diag);

/*
 * What the guest's PCI frontend says of its giving up ("12 Error setting up PCI
 * Frontend": an errno, a blank, and words), printable ASCII, or NULL: it has not,
 * or says nothing of it. Its complaints about what it goes on after, such as the
 * event channel that it frees when its last device leaves, are none. Caller frees.
 */
char *xlpt_pcibe_gave_up(struct xlpt_store *s, uint32_t domid);
/* Of these words: the errno that they begin with, or 0. */
int xlpt_pcibe_errno(const char *words);
/* They say that the kernel found no memory for its bounce buffer (pcifront_connect_and_init_dma). */
bool xlpt_pcibe_no_dma(const char *words);
/*
 * Forgets that text, and gives what it was: *said, or NULL (caller frees). A
 * frontend leaves it there for good, so what is found later is from later.
 */
int xlpt_pcibe_clear_gave_up(struct xlpt_store *s, uint32_t domid, char **said,
			     struct xlpt_diag *diag);

/* What becomes of a dev-N that holds something that is no address. */
struct xlpt_pcibe_bad {
	bool drop;    /* no device is behind it: it goes as one without dev-N does */
	bool has_bdf; /* it is the only one, and was this device */
	struct xlpt_bdf bdf;
};
/*
 * Makes num_devs and the indices agree again: indices without an address go,
 * the others close up. XLPT_ERR_CONFLICT when a dev-N holds something that is no
 * address, and bad (may be NULL) does not say what becomes of it.
 */
int xlpt_pcibe_mend(struct xlpt_store *s, uint32_t domid, const struct xlpt_pcibe_bad *bad,
		    bool *changed, struct xlpt_diag *diag);

/* libxl's notes: /libxl/pci/SSSS-BB-DD-F (4.15 and later), /libxl/pciback/... before. */
struct xlpt_pcinote {
	char *driver_path; /* sysfs path of the driver xl took it from, or NULL */
	char *name;	   /* xl pci-assignable-add -n, or NULL */
	int64_t domid;	   /* the owner libxl noted, -1 = none */
};

void xlpt_pcinote_dispose(struct xlpt_pcinote *note);
#define _cleanup_pcinote_ XLPT_CLEANUP(xlpt_pcinote_dispose)
int xlpt_pcinote_read(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_pcinote *out,
		      struct xlpt_diag *diag);
/* Writes the driver path (NULL removes it), where this xl release will look for it. */
int xlpt_pcinote_set_driver(struct xlpt_store *s, struct xlpt_bdf bdf, const char *driver_path,
			    struct xlpt_diag *diag);
/*
 * Our own note beside libxl's, /libxl/pci/SSSS-BB-DD-F/xlpt-driver: the name of
 * the driver the device came from. libxl's driver_path cannot say "it had none",
 * and such a device is given back without one. driver NULL or "" for none.
 */
int xlpt_pcinote_origin_set(struct xlpt_store *s, struct xlpt_bdf bdf, const char *driver,
			    struct xlpt_diag *diag);
/*
 * The driver that a hidden device came from, by libxl's note or ours: its name, "" when
 * it had none; *known=false when nobody noted anything. Caller frees.
 */
int xlpt_pcinote_came_from(struct xlpt_store *s, struct xlpt_bdf bdf, bool *known, char **driver,
			   struct xlpt_diag *diag);
/*
 * What a VF had before a guest's network identity was set, beside it in
 * xlpt-vf: text that only its writer reads. get: NULL when nothing is noted
 * (caller frees); set: NULL forgets it.
 */
int xlpt_pcinote_vf_get(struct xlpt_store *s, struct xlpt_bdf bdf, char **text,
			struct xlpt_diag *diag);
int xlpt_pcinote_vf_set(struct xlpt_store *s, struct xlpt_bdf bdf, const char *text,
			struct xlpt_diag *diag);
/* The functions with such a note. Caller frees *bdfs. */
int xlpt_pcinote_vf_all(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
			struct xlpt_diag *diag);
/*
 * The devices with an interrupt line that a PV guest has got since its domain was made, below
 * /libxl/DOMID: the note ends with the domain. get: in no order, caller frees *bdfs. set: *anew
 * when it was not noted yet.
 */
int xlpt_pcinote_line_get(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf **bdfs, size_t *n,
			  struct xlpt_diag *diag);
int xlpt_pcinote_line_set(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf, bool *anew,
			  struct xlpt_diag *diag);
int xlpt_pcinote_line_clear(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf,
			    struct xlpt_diag *diag);
/* Forgets where the device came from (driver_path and xlpt-driver); the name stays. */
int xlpt_pcinote_clear(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/* Forgets the owner libxl noted; a leaked one hides a free device from xl. */
int xlpt_pcinote_clear_domid(struct xlpt_store *s, struct xlpt_bdf bdf, struct xlpt_diag *diag);
/* The functions of which an owner is noted. Caller frees *bdfs. */
int xlpt_pcinote_owned(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
		       struct xlpt_diag *diag);
/* Name given with xl pci-assignable-add -n to address; XLPT_ERR_NOT_FOUND. */
int xlpt_pcinote_by_name(struct xlpt_store *s, const char *name, struct xlpt_bdf *out,
			 struct xlpt_diag *diag);

#endif
