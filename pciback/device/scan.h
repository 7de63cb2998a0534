/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading PCI functions from sysfs (Documentation/ABI/testing/sysfs-bus-pci).
 * Links (driver, physfn, parent) are read through the host; names come from pci.ids (names.h).
 */
#ifndef XLPT_PCIBACK_SCAN_H
#define XLPT_PCIBACK_SCAN_H

#include "core/device.h"
#include "core/host.h"

enum {
	XLPT_SCAN_NAMES = 1 << 0,  /* look names up in pci.ids */
	XLPT_SCAN_CAPS = 1 << 1,   /* read configuration space */
	XLPT_SCAN_SETS = 1 << 2,   /* ... but only where isolation sets need it: bridges and
					   functions in multifunction slots; leaves the others asleep */
	XLPT_SCAN_BRIEF = 1 << 3,  /* no subsystem, revision, BARs, interrupt, modalias,
					   driver_override and net */
	XLPT_SCAN_PLACES = 1 << 4, /* BARs and interrupt, nothing else */
};

/* pci_ids: a pci.ids file to use instead of the system's, or NULL. */

/* All functions, sorted by address. */
int xlpt_scan_all(struct xlpt_host *h, unsigned flags, const char *pci_ids,
		  struct xlpt_devices *out, struct xlpt_diag *diag);

/* One function; XLPT_ERR_NO_DEVICE when it is not there. */
int xlpt_scan_one(struct xlpt_host *h, struct xlpt_bdf bdf, unsigned flags, const char *pci_ids,
		  struct xlpt_device *out, struct xlpt_diag *diag);

/* NO_DEVICE for a function that is not there, with what sysfs has in its place. */
int xlpt_scan_no_device(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/*
 * The functions of BB:DD.*, in order. XLPT_ERR_NO_DEVICE when there is none.
 * Caller frees *out.
 */
int xlpt_scan_slot(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_bdf **out, size_t *n,
		   struct xlpt_diag *diag);

#endif
