/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Isolation sets: the functions that an IOMMU cannot keep apart. Pure over the
 * facts of a scan that read the configuration space of bridges and of functions
 * in multifunction slots (XLPT_SCAN_SETS or XLPT_SCAN_CAPS).
 *
 * The rules are those by which Linux makes IOMMU groups (drivers/iommu/iommu.c,
 * pci_device_group): whose requester id a function uses, where on its way up
 * nothing stops a transaction from turning round to a neighbour, and which
 * functions of one slot can reach each other. Under Xen there are no groups in
 * sysfs; on a host that has them the sets are equal to them.
 *
 * ACS counts when it is on, as read from the control register. That register
 * says the same under Xen as on bare metal: dom0's kernel asks for ACS when it
 * starts (arch/x86/xen/enlighten_pv.c) and Xen turns on what it finds
 * (xen/drivers/passthrough/pci.c, pci_enable_acs). Capable but off is told apart
 * from not capable, because the first can be mended.
 */
#ifndef XLPT_PCIBACK_ISOLATE_H
#define XLPT_PCIBACK_ISOLATE_H

#include "core/device.h"

/* What pci_device_group() asks of every port: SV, RR, CR and UF. */
#define XLPT_ACS_ISOLATES 0x001d

enum xlpt_acs_state {
	XLPT_ACS_ON,	       /* isolated, by ACS or because nothing has to be on */
	XLPT_ACS_KNOWN,	       /* no ACS, but known not to pass traffic between neighbours */
	XLPT_ACS_OFF,	       /* capable, but not all of it is on */
	XLPT_ACS_ABSENT,       /* no such capability where one is needed */
	XLPT_ACS_CONVENTIONAL, /* not PCI Express: a shared bus */
	XLPT_ACS_NEVER,	       /* a kind of function that can have none (PCIe-to-PCI bridge) */
	XLPT_ACS_DISTRUSTED,   /* Linux has a list of such chips, and this one is not in it */
	XLPT_ACS_UNREAD,       /* configuration space could not be read: taken for not isolated */
};

/* On and Known isolate. */
enum xlpt_acs_state xlpt_acs_state(const struct xlpt_device *dev);
static inline bool xlpt_acs_isolates(enum xlpt_acs_state state)
{
	return state == XLPT_ACS_ON || state == XLPT_ACS_KNOWN;
}

/* "on" "not needed" "off" ...: one or two words on a function's ACS for people. */
const char *xlpt_acs_word(const struct xlpt_device *dev);
/* "root port" "PCIe-to-PCI bridge" "endpoint" ...: what sort of function it is. */
const char *xlpt_port_word(const struct xlpt_device *dev);

enum xlpt_edge_kind {
	/* b is a bridge or VMD controller in whose name a's transactions go up */
	XLPT_EDGE_REQUESTER,
	XLPT_EDGE_PATH,	    /* b is the bridge above a, "at" lets transactions turn round */
	XLPT_EDGE_SLOT,	    /* a and b are functions of one slot without ACS */
	XLPT_EDGE_ALIAS,    /* a uses b's requester id as well */
	XLPT_EDGE_FIRMWARE, /* firmware says that a uses rid, which is b's, or which b uses, too */
	/* what is between them is not known: the bridge rid is not listed, or its bus numbers cannot be read */
	XLPT_EDGE_UNKNOWN,
};

/* Why two functions are in one set; indices into the list of devices. */
struct xlpt_edge {
	enum xlpt_edge_kind kind;
	size_t a, b;
	size_t at;	     /* PATH: the port or bridge where isolation ends */
	struct xlpt_bdf rid; /* REQUESTER, FIRMWARE: the id that is shared; UNKNOWN: the bridge */
};

struct xlpt_sets {
	size_t n;	/* sets */
	size_t *of;	/* per device: its set, 0..n-1 in order of first members */
	size_t *start;	/* n + 1 entries: where each set's members begin in member[] */
	size_t *member; /* devices, by set and address */
	struct xlpt_edge *edges;
	size_t n_edges, alloc_edges;
	size_t *why;	  /* per device: the edge that best says why, or SIZE_MAX (alone) */
	unsigned *number; /* per set, for people: the kernel's group, else the ordinal */
	size_t unread;	  /* bridges and functions that had to be taken for not isolated */
	bool has_groups;  /* sysfs has IOMMU groups */
	bool agree;	  /* ... and they are these sets, as far as functions have a group */
};

void xlpt_sets_dispose(struct xlpt_sets *sets);
#define _cleanup_sets_ XLPT_CLEANUP(xlpt_sets_dispose)

void xlpt_sets_make(const struct xlpt_devices *devs, struct xlpt_sets *out);

/* Index of the bridge (or VMD controller) above a function, or SIZE_MAX on a root bus. */
size_t xlpt_sets_parent(const struct xlpt_devices *devs, size_t i);

/*
 * The downstream port of a switch above a that sends a's requests for b directly there, past the
 * IOMMU; SIZE_MAX when there is none, or when it redirects them. The two may well be in two sets
 * (switch.c).
 */
size_t xlpt_switch_turns(const struct xlpt_devices *devs, size_t a, size_t b);

/* One phrase: why device i is in its set; NULL for one that is alone. Caller frees. */
char *xlpt_sets_reason(const struct xlpt_sets *sets, const struct xlpt_devices *devs, size_t i);

/*
 * Bridges carry the others' traffic and have nothing of their own to give away:
 * PCI and CardBus bridges, and the host's and ISA's, which use no DMA.
 */
bool xlpt_set_ignores(const struct xlpt_device *dev);

#endif
