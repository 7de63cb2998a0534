/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the registers of an HVM guest's devices go: the hole in its memory below 4 GiB, and above it.
 * hvmloader places them when the guest begins (tools/firmware/hvmloader/pci.c, the same from Xen 4.17 to
 * 4.22), and tells the guest's kernel with ACPI that these two ranges are its PCI bus. So a device that
 * is added later has what is left of them, and no more.
 *
 * Left out: reserved memory of the host inside the hole (rdm=), where hvmloader places nothing.
 */
#ifndef XLPT_CORE_HOLE_H
#define XLPT_CORE_HOLE_H

#include "core/device.h"

/* One BAR in memory, or a ROM. */
struct xlpt_hole_bar {
	uint64_t size; /* bytes, a power of two */
	bool wide;     /* a 64-bit BAR: it can lie above 4 GiB */
	size_t owner;  /* the caller's number for its device */
	enum xlpt_hole_place { XLPT_HOLE_NOWHERE, XLPT_HOLE_BELOW, XLPT_HOLE_ABOVE } place;
	uint64_t at; /* its address in the guest, unless it is nowhere */
};

struct xlpt_hole_bars {
	struct xlpt_hole_bar *items;
	size_t n, alloc;
};
void xlpt_hole_bars_dispose(struct xlpt_hole_bars *bars);
#define _cleanup_hole_bars_ XLPT_CLEANUP(xlpt_hole_bars_dispose)

void xlpt_hole_add(struct xlpt_hole_bars *bars, uint64_t size, bool wide, size_t owner);
/* The BARs of a function that are in memory, its ROM included. */
void xlpt_hole_add_device(struct xlpt_hole_bars *bars, const struct xlpt_device *dev, size_t owner);
/*
 * Those of the devices that QEMU emulates: the platform device, the display with so many bytes of
 * memory (videoram=; 0 = there is none), and the small ones of a network card and the like.
 */
void xlpt_hole_add_emulated(struct xlpt_hole_bars *bars, uint64_t videoram, size_t owner);

struct xlpt_hole {
	/* What the guest is created with. */
	uint64_t memory;   /* bytes of RAM */
	uint64_t asked;	   /* mmio_hole=, in bytes; 0 = not said */
	bool moves_memory; /* qemu-xen-traditional: the hole can grow into the guest's memory */
	/* What hvmloader makes of it. */
	uint64_t start, end, next;		  /* below 4 GiB; from next on it is free */
	uint64_t high_start, high_end, high_next; /* above; high_start 0 = nothing is there */
};

/* hvmloader places all of them: each bar gets its place. They are sorted, the largest first. */
void xlpt_hole_boot(struct xlpt_hole *hole, struct xlpt_hole_bars *bars);
/* The guest's kernel places these in what is left after boot. */
void xlpt_hole_later(struct xlpt_hole *hole, struct xlpt_hole_bars *bars);
/* The largest that finds a place now, below or above; 0 = none does. */
uint64_t xlpt_hole_most(const struct xlpt_hole *hole);
/* Bytes of an owner's BARs that have that place. */
uint64_t xlpt_hole_sum(const struct xlpt_hole_bars *bars, size_t owner, enum xlpt_hole_place place);
/* The least mmio_hole= in MiB with which hvmloader finds room for all of them; 0 = none does. */
unsigned xlpt_hole_wanted(const struct xlpt_hole *hole, const struct xlpt_hole_bars *bars);

#endif
