/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where every device is: with dom0, hidden, with a guest, and in which state. */
#ifndef XLPT_PLACE_H
#define XLPT_PLACE_H

#include "core/policy.h"
#include "pciback/needs/needs.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/cli/env.h"

/*
 * The guest, also where the backend that names the device is its stub domain's: libxl makes none
 * for the guest itself then (libxl_pci.c, pci_add_dm_done; older releases make both).
 */
struct xlpt_owner {
	struct xlpt_bdf bdf;
	uint32_t domid;
	char *guest;		/* name, or NULL when the domain is gone */
	char *through;		/* name of its stub domain, when that has the backend, or NULL */
	uint32_t backend_domid; /* whose backend it is */
	enum xlpt_guest_type type;
	struct xlpt_pcidev dev; /* as the backend lists it; opts not kept */
	int be_state, fe_state;
	bool lost;  /* the hypervisor has it with no guest: a removal that was cut short */
	bool dying; /* the guest is on its way out; with shut_down nobody has destroyed it yet */
	bool shut_down;
};

struct xlpt_owners {
	struct xlpt_owner *items;
	size_t n, alloc;
};

void xlpt_owners_dispose(struct xlpt_owners *owners);
#define _cleanup_owners_ XLPT_CLEANUP(xlpt_owners_dispose)
/* Empty without xenstore. */
int xlpt_owners_read(struct xlpt_env *env, struct xlpt_owners *out, struct xlpt_diag *diag);
/*
 * Who has it. Several backends can name one device: a guest that lives comes before
 * one on its way out, and that before a domain that is gone (guest NULL).
 */
const struct xlpt_owner *xlpt_owners_find(const struct xlpt_owners *owners, struct xlpt_bdf bdf);
/* Which domain that exists has a backend that names it: 1 and *domid, 0 for none, negative code. */
int xlpt_owner_now(struct xlpt_env *env, struct xlpt_bdf bdf, uint32_t *domid,
		   struct xlpt_diag *diag);
/* ... or the hypervisor has it with one, or that cannot be said: then its identity stays. */
bool xlpt_guest_may_have(struct xlpt_env *env, struct xlpt_bdf bdf);

void xlpt_place_dispose(struct xlpt_place *place);
#define _cleanup_place_ XLPT_CLEANUP(xlpt_place_dispose)
/* needs may be NULL. */
int xlpt_place_read(struct xlpt_env *env, const struct xlpt_device *dev,
		    const struct xlpt_owners *owners, const struct xlpt_needs *needs,
		    struct xlpt_place *out, struct xlpt_diag *diag);

/*
 * One word and more for people: "dom0", "hidden", "assigned to web1",
 * "assigned to web1, in part"; "hidden, does not answer". Caller frees.
 */
char *xlpt_state_text(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* "dom0" ("host" where there is no Xen) "hidden" "assigned" "partial" */
/* Who has it, as every command's JSON says it; null for no owner. */
struct json_object *xlpt_owner_json(const struct xlpt_owner *owner);
const char *xlpt_state_word(const struct xlpt_device *dev, const struct xlpt_owner *owner);
/* A PV guest's device is in place when its frontend has connected and knows the address. */
bool xlpt_owner_complete(const struct xlpt_owner *owner);

#endif
