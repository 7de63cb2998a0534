/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moving one function between its dom0 driver and xen-pciback, through the
 * driver core's files (drivers/base/bus.c: bind, unbind, drivers_probe,
 * driver_override) and pciback's own (drivers/xen/xen-pciback/pci_stub.c:
 * new_slot, remove_slot, slots, permissive).
 *
 * These are single steps; what belongs together and how it is undone is
 * decided in the workflows. Every step looks afterwards whether it is true and
 * fails if it is not.
 */
#ifndef XLPT_PCIBACK_BIND_H
#define XLPT_PCIBACK_BIND_H

#include "core/device.h"
#include "core/host.h"

#define XLPT_PCIBACK_DRIVER "pciback" /* the PCI driver's name in every era */

/* 0 when /sys/bus/pci/drivers/pciback is there; XLPT_ERR_NO_PCIBACK with modprobe as hint. */
int xlpt_pciback_present(struct xlpt_host *h, struct xlpt_diag *diag);

/* The driver a function is bound to now; *driver is NULL for none. Caller frees. */
int xlpt_bind_driver(struct xlpt_host *h, struct xlpt_bdf bdf, char **driver,
		     struct xlpt_diag *diag);

/* Unbinds from whatever driver it has. Nothing to do is success. */
int xlpt_bind_unbind(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* Binds to the named driver and checks the link. */
int xlpt_bind_to(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		 struct xlpt_diag *diag);

/*
 * Lets the driver core choose (drivers_probe). *driver is what it chose, NULL
 * for none, which is not an error: there may be no driver for it.
 */
int xlpt_bind_probe(struct xlpt_host *h, struct xlpt_bdf bdf, char **driver,
		    struct xlpt_diag *diag);

/* Sets or, with NULL, clears driver_override. A kernel without the file: clearing succeeds. */
int xlpt_bind_override(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		       struct xlpt_diag *diag);

/* What driver_override says; *out is NULL for nothing, or without the file. Caller frees. */
int xlpt_bind_override_read(struct xlpt_host *h, struct xlpt_bdf bdf, char **out,
			    struct xlpt_diag *diag);

/*
 * xlpt_bind_to with driver_override naming the driver meanwhile; what it said
 * before comes back. The way to bind a function that only an override lets probe.
 */
int xlpt_bind_through(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		      struct xlpt_diag *diag);
/* A VF whose PF keeps its VFs from drivers (sriov_drivers_autoprobe is 0). */
bool xlpt_bind_needs_override(struct xlpt_host *h, struct xlpt_bdf bdf);

/*
 * Whether pciback has the function in its list of slots. The kernel cuts that
 * list at a page (about 315 lines); what lies beyond counts as not listed.
 */
int xlpt_pciback_slot_listed(struct xlpt_host *h, struct xlpt_bdf bdf, bool *listed,
			     struct xlpt_diag *diag);

/*
 * Binds a function that has no driver to pciback; with a driver, it stays as it is. Without an
 * override where none is needed, so that one that is killed leaves none.
 */
int xlpt_bind_pciback(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* Adds / takes out of pciback's list. Already so is success. */
int xlpt_pciback_slot_add(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);
int xlpt_pciback_slot_remove(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag);

/* Whether pciback's "permissive" list names the function. */
int xlpt_pciback_permissive(struct xlpt_host *h, struct xlpt_bdf bdf, bool *on,
			    struct xlpt_diag *diag);

/*
 * Loads the module(s) for a name or a modalias with libkmod, as modprobe would
 * (options of modprobe.d, blacklist honoured for an alias). Already loaded is
 * success; XLPT_ERR_NOT_FOUND when nothing claims it. Only on a live host.
 */
int xlpt_bind_load_module(struct xlpt_host *h, const char *module_or_alias, struct xlpt_diag *diag);
/* NOT_FOUND when that would find none. It is not loaded; of another host than a live one: 0. */
int xlpt_bind_find_module(struct xlpt_host *h, const char *module_or_alias, struct xlpt_diag *diag);

#endif
