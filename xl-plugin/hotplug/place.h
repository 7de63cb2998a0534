/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where every device is: with dom0, hidden, or with a guest, and in which state. */
#ifndef XLPT_PLACE_H
#define XLPT_PLACE_H

#include "core/policy.h"
#include "pciback/needs/needs.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/cli/env.h"

/*
 * The guest that has a device. When the guest has a stub domain, libxl makes the PCI backend for
 * the stub domain only (libxl_pci.c, pci_add_dm_done; older releases make one for each of the
 * two); domid, guest and type are the guest's then, too.
 */
struct xlpt_owner {
	struct xlpt_bdf bdf;
	uint32_t domid;
	char *guest;		/* its name, owned; NULL when the domain is gone */
	char *through;		/* name of the stub domain that has the backend, owned, or NULL */
	uint32_t backend_domid; /* domid in the backend's path */
	enum xlpt_guest_type type;
	struct xlpt_pcidev dev; /* as the backend lists it; dev.opts is NULL */
	int be_state, fe_state;
	bool lost;	/* the hypervisor does not have it with a guest: a removal was cut short */
	bool dying;	/* the guest is on its way out */
	bool shut_down; /* ... and nobody has destroyed its domain yet */
};

struct xlpt_owners {
	struct xlpt_owner *items;
	size_t n, alloc;
};

void xlpt_owners_dispose(struct xlpt_owners *owners);
#define _cleanup_owners_ XLPT_CLEANUP(xlpt_owners_dispose)
/* Reads all PCI backends. Empty without xenstore or Xen. IO, or the error of xenstore or Xen. */
int xlpt_owners_read(struct xlpt_env *env, struct xlpt_owners *out, struct xlpt_diag *diag);
/*
 * The owner of a device, or NULL. Belongs to owners. Several backends can name one device: a guest
 * that lives comes first, then one on its way out, then a domain that is gone (guest is NULL).
 */
const struct xlpt_owner *xlpt_owners_find(const struct xlpt_owners *owners, struct xlpt_bdf bdf);
/*
 * The line that takes the device from its guest, which lives: "xlpt detach web1 0000:09:00.0". A
 * guest that has it through a stub domain keeps it while it runs: "xl shutdown win1"; one that has
 * shut down already: "xl destroy web1". Caller frees.
 */
char *xlpt_owner_frees(const struct xlpt_owner *owner);
/* Fact and hint when this host has the owner's device no more: xlpt list does not have it. */
void xlpt_owner_lost(const struct xlpt_owner *owner, struct xlpt_diag *diag);
/*
 * Asks xenstore now. 1: a domain that exists has a backend that names the device, and *domid is
 * that domain. 0: there is none. Negative: an error.
 */
int xlpt_owner_now(struct xlpt_env *env, struct xlpt_bdf bdf, uint32_t *domid,
		   struct xlpt_diag *diag);
/*
 * A guest may have the device: a backend names it, or the hypervisor has it with a guest, or
 * neither could be asked. Then the identity of a VF must stay.
 */
bool xlpt_guest_may_have(struct xlpt_env *env, struct xlpt_bdf bdf);

void xlpt_place_dispose(struct xlpt_place *place);
#define _cleanup_place_ XLPT_CLEANUP(xlpt_place_dispose)
/*
 * Fills *out. needs may be NULL. Asks the hypervisor, except about bridges (Xen refuses the
 * question) and segments wider than 16 bit (Xen cannot be asked).
 */
int xlpt_place_read(struct xlpt_env *env, const struct xlpt_device *dev,
		    const struct xlpt_owners *owners, const struct xlpt_needs *needs,
		    struct xlpt_place *out, struct xlpt_diag *diag);

/*
 * The state in words for people: "dom0", "hidden", "assigned to web1", "assigned to web1, in
 * part", "left by domain 3", "hidden, does not answer". Caller frees.
 */
char *xlpt_state_text(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* Who has it, as the JSON of every command says it; NULL (null) for no owner. */
struct json_object *xlpt_owner_json(const struct xlpt_owner *owner);
/* "dom0" ("host" where there is no Xen), "hidden", "assigned" or "partial". */
const char *xlpt_state_word(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* The guest has the device completely. PV: its frontend is connected and knows the address. */
bool xlpt_owner_complete(const struct xlpt_owner *owner);

#endif
