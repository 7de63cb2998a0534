/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parties that write the PCI nodes besides xlpt, as their sources do:
 *
 *   xen-pciback   drivers/xen/xen-pciback/xenbus.c (+ vpci.c for the slots)
 *   xen-pcifront  drivers/pci/xen-pcifront.c
 *   xenbus        drivers/xen/xenbus/xenbus_client.c: a driver's state is
 *                 cached, and a switch to the cached state writes nothing;
 *                 a fatal error writes the error node and goes to Closing
 *   libxl         tools/libs/light/libxl_pci.c: the nodes for add and remove
 *
 * Each reaction comes step_ms after the change that caused it. As in the
 * kernel, one thread serves all watches of a domain: while a frontend scans
 * (scan_ms), its later events wait.
 */
#ifndef XLPT_TESTS_FAKE_STORE_PCI_H
#define XLPT_TESTS_FAKE_STORE_PCI_H

#include "core/bdf.h"
#include "tests/fake/store.h"

struct fake_pciback;
struct fake_pcifront;

struct fake_pciback_opts {
	int64_t step_ms;
	/* 5.13 and later: indices are also worked on while the backend is at 3. */
	bool reconfigures_at_3;
};

struct fake_pciback *fake_pciback_start(struct fake_store *f, const struct fake_pciback_opts *o);
void fake_pciback_stop(struct fake_pciback *b);
/* What is bound to pciback and can be exported. */
void fake_pciback_seize(struct fake_pciback *b, struct xlpt_bdf bdf);
void fake_pciback_unseize(struct fake_pciback *b, struct xlpt_bdf bdf);
bool fake_pciback_has(struct fake_pciback *b, struct xlpt_bdf bdf);
/* The guest that a backend of ours exports bdf to, or -1. */
int64_t fake_pciback_owner(struct fake_pciback *b, struct xlpt_bdf bdf);

struct fake_pcifront_opts {
	int64_t step_ms;
	int64_t scan_ms;      /* slow frontend: from the backend's 4 to its own 4 */
	bool absent;	      /* the module is not loaded: never answers anything */
	const char *gives_up; /* its probe ends with this in its error node, and Closing */
	int hangs_in;	      /* never leaves this state (3 gives the lab's wedge); 0 = none */
};

struct fake_pcifront *fake_pcifront_start(struct fake_store *f, uint32_t domid,
					  const struct fake_pcifront_opts *o);
void fake_pcifront_stop(struct fake_pcifront *p);
/* A paused guest keeps its events and works on them when it goes on. */
void fake_pcifront_pause(struct fake_pcifront *p, bool paused);
/* Whether the guest has a device at that address of its virtual bus. */
bool fake_pcifront_has(struct fake_pcifront *p, struct xlpt_bdf vdev);
/* Whether its driver holds a frontend, and with it an event channel towards the backend. */
bool fake_pcifront_bound(struct fake_pcifront *p);

/* What libxl writes; not its waiting. Add creates the backend for the first device. */
void fake_libxl_pci_add(struct fake_store *f, uint32_t domid, struct xlpt_bdf bdf);
/* The same while the domain is built: the backend is not asked to look again. */
void fake_libxl_pci_start(struct fake_store *f, uint32_t domid, struct xlpt_bdf bdf);
/* The request: state-N 5 and the backend's state 7. */
void fake_libxl_pci_ask_remove(struct fake_store *f, uint32_t domid, unsigned index);

#endif
