/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that contradictions are found in, read once, so that finding them reads nothing. */
#ifndef XLPT_REPAIR_FACTS_H
#define XLPT_REPAIR_FACTS_H

#include "core/device.h"
#include "xenstore/pcibe.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/kept/journal.h"

/* A device that pciback holds, or of which libxl has a note. */
struct xlpt_hidden {
	struct xlpt_bdf bdf;
	bool on_pciback;
	bool assigned; /* the hypervisor has it with a guest */
	bool named;    /* a backend names it */
	int64_t noted; /* the domain that libxl notes as its owner, -1 = none */
};

/* A device in the configuration that libxl has stored of a guest. */
struct xlpt_configured {
	uint32_t domid;
	struct xlpt_bdf bdf;
};

/* A file in which libvirt keeps what a VF had before its guest. */
struct xlpt_kept {
	char *path;
	char *vf; /* "enp1s0_vf0" */
	bool has_bdf;
	struct xlpt_bdf bdf;
	bool may_have; /* a guest has that VF, or that cannot be said */
};

/* A device that libvirt lists for a guest and the guest does not have, or the other way round. */
struct xlpt_unlike {
	uint32_t domid;
	struct xlpt_bdf bdf;
	bool listed; /* by libvirt */
};

struct xlpt_facts {
	struct xlpt_env *env;
	unsigned flags; /* of xlpt_contradictions_find */
	bool xen;	/* xenstore and the toolstack were asked */
	bool has_bus;
	/* operations: cut short, and under way */
	struct xlpt_journal *left, *running;
	size_t n_left, n_running;
	size_t unfinished; /* files that a killed xlpt had not finished */
	struct xlpt_devices devices;
	struct xlpt_owners owners;
	struct xlpt_pcibe *backends;
	size_t n_backends, alloc_backends;
	struct xlpt_guest *guests;
	size_t n_guests;
	struct xlpt_hidden *hidden;
	size_t n_hidden, alloc_hidden;
	struct xlpt_returns leases;	   /* those that are over */
	struct xlpt_xen_owner *xen_owners; /* with XLPT_LOOK_XEN_LOG */
	size_t n_xen_owners;
	struct xlpt_configured *configured; /* with XLPT_LOOK_CONFIGS */
	size_t n_configured, alloc_configured;
	struct xlpt_kept *kept; /* by libvirt */
	size_t n_kept, alloc_kept;
	struct xlpt_unlike *unlike; /* of guests that libvirt manages */
	size_t n_unlike, alloc_unlike;
	bool libvirt_silent;
	struct xlpt_bdf *lent; /* VFs with a guest's identity, and no guest */
	size_t n_lent;
};

int xlpt_facts_read(struct xlpt_env *env, unsigned flags, struct xlpt_facts *f,
		    struct xlpt_diag *diag);
void xlpt_facts_dispose(struct xlpt_facts *f);
#define _cleanup_facts_ XLPT_CLEANUP(xlpt_facts_dispose)

const struct xlpt_guest *xlpt_facts_guest(const struct xlpt_facts *f, uint32_t domid);
/* The host has it. Without a bus to look at, everything is there. */
bool xlpt_facts_has_device(const struct xlpt_facts *f, struct xlpt_bdf bdf);
/* An operation that is cut short or under way explains what is found of this device or guest. */
bool xlpt_facts_explained(const struct xlpt_facts *f, const struct xlpt_bdf *bdf, int64_t domid);

/* kind-owner.c: one device. named: a backend names it. */
int xlpt_hidden_look(struct xlpt_env *env, struct xlpt_bdf bdf, bool named, struct xlpt_hidden *out,
		     struct xlpt_diag *diag);

#endif
