/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that implement pcibe.h share. */
#ifndef XLPT_XENSTORE_PCIBE_INTERNAL_H
#define XLPT_XENSTORE_PCIBE_INTERNAL_H

#include "xenstore/pcibe.h"

#define PCIBE_BACKENDS	  "/local/domain/0/backend/pci"
#define PCIBE_BACKEND	  PCIBE_BACKENDS "/%u/0"
#define PCIBE_FRONTEND	  "/local/domain/%u/device/pci/0"
#define PCIBE_ERRORS	  "/local/domain/0/error/backend/pci"
#define PCIBE_FRONT_ERROR "/local/domain/%u/error/device/pci/0/error"

#define XEN_MAX_DOMID 0x7fef /* DOMID_FIRST_RESERVED - 1, xen/include/public/xen.h */

/* Each device N of a backend has these nodes, spelt NAME-N. */
enum pcibe_node {
	NODE_KEY,
	NODE_DEV,
	NODE_VDEV,
	NODE_VDEVFN,
	NODE_OPTS,
	NODE_STATE,
	NODE_NAME,
	N_NODES
};
extern const char *const pcibe_node_names[N_NODES];

/*
 * The backend's own directory into arg, a struct xlpt_pcibe whose domid says which: a body for
 * xlpt_store_transact, so it may run more than once.
 */
int pcibe_read_body(struct xlpt_store *s, xlpt_xst t, void *arg);

/* A function's name in notes: "0000-09-00-0". Lives as long as the block it stands in. */
#define NOTE_STR(bdf) (xlpt_bdf_format((bdf), XLPT_BDF_XS, (char[XLPT_BDF_LEN]){ 0 }))

/*
 * pcinote.c: the functions after which the nodes below path are named; other nodes are left out,
 * and no such path is an empty list. 0, or what xlpt_store_list said. Caller frees *bdfs.
 */
int xlpt_pcinote_list(struct xlpt_store *s, const char *path, struct xlpt_bdf **bdfs, size_t *n);
/* pcinote.c: the functions that have notes, whatever these say. Caller frees *bdfs. */
int xlpt_pcinote_all(struct xlpt_store *s, struct xlpt_bdf **bdfs, size_t *n,
		     struct xlpt_diag *diag);

#endif
