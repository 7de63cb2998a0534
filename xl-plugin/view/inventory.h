/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every function of this host (or of a tree), who has it, and its isolation
 * set: what list, show and topology are made of.
 */
#ifndef XLPT_INVENTORY_H
#define XLPT_INVENTORY_H

#include "pciback/device/scan.h"
#include "pciback/isolate/isolate.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/operation.h"

struct xlpt_inventory {
	struct xlpt_devices devs;
	struct xlpt_owners owners;
	struct xlpt_sets sets;
	struct xlpt_keepers keepers;
};

void xlpt_inventory_dispose(struct xlpt_inventory *inv);
#define _cleanup_inventory_ XLPT_CLEANUP(xlpt_inventory_dispose)

/* Xen where there is one. flags: further XLPT_SCAN_* beside what the sets need. */
int xlpt_inventory_read(struct xlpt_env *env, unsigned flags, struct xlpt_inventory *out,
			struct xlpt_diag *diag);
/* Says on err when there is no Xen to ask, and when sets had to be guessed because configuration space is not readable. */
void xlpt_inventory_warn(struct xlpt_env *env, const struct xlpt_inventory *inv);

const struct xlpt_owner *xlpt_inventory_owner(const struct xlpt_inventory *inv, size_t i);
static inline unsigned xlpt_inventory_set(const struct xlpt_inventory *inv, size_t i)
{
	return inv->sets.number[inv->sets.of[i]];
}

/*
 * Free for a guest: an endpoint that is hidden, with no guest, not leased and not kept for
 * one, and nothing in its set is with a guest or in use by dom0.
 */
bool xlpt_inventory_assignable(const struct xlpt_inventory *inv, size_t i);

/* libvirt's description of function i (converters/libvirt/nodedev), indented. Caller frees. */
int xlpt_inventory_xml(const struct xlpt_inventory *inv, size_t i, char **out,
		       struct xlpt_diag *diag);

/* The graph for graphviz: bridges, sets, owners; all: nothing left out (gather.h). Caller frees. */
char *xlpt_inventory_dot(const struct xlpt_inventory *inv, bool all);
/* That graph as SVG on the output. */
int xlpt_inventory_draw(struct xlpt_env *env, char *text, struct xlpt_diag *diag);

#endif
