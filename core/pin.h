/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pin: what one function is, apart from its bus number, so that it is found
 * again after the firmware or a new bridge has numbered the buses anew. Pure:
 * nothing is read here.
 *
 * Bus numbers are given out in the order in which bridges are found; where a
 * slot is, by device and function along the bridges, stays. A serial number
 * (Device Serial Number capability, or VPD) tells two cards of one kind apart.
 */
#ifndef XLPT_CORE_PIN_H
#define XLPT_CORE_PIN_H

#include "core/device.h"

#define XLPT_PIN_BARS 6 /* the ROM is left out: firmware may or may not give it an address */

struct xlpt_pin_bar {
	uint64_t size; /* 0 = not there */
	uint32_t kind; /* XLPT_PIN_BAR_KIND bits of the kernel's flags */
};
/* I/O, memory, prefetchable, 64 bits (include/linux/ioport.h). */
#define XLPT_PIN_BAR_KIND (0x100u | 0x200u | 0x2000u | 0x100000u)

struct xlpt_pin {
	char *path; /* "pci0000:00/10.0/00.0"; of a virtual function, its PF's */
	int vf;	    /* index among the PF's functions, -1 = not a virtual function */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code;
	char *serial; /* "dsn:52-54-00-ff-ff-00-00-20", "vpd:..." or NULL; of the PF */
	struct xlpt_pin_bar bars[XLPT_PIN_BARS];
	struct xlpt_bdf address; /* where it was when it was pinned */
	char *net;    /* its network interface then, or NULL: for people, no part of what it is */
	bool at_boot; /* is to be hidden at boot ... */
	struct xlpt_bdf boot; /* ... and stands in the list with this address */
};

void xlpt_pin_dispose(struct xlpt_pin *pin);
#define _cleanup_pin_ XLPT_CLEANUP(xlpt_pin_dispose)

/* "dsn:" or "vpd:" and the number; NULL for a card without one. vpd: the serial of VPD, or NULL. */
char *xlpt_pin_serial(const struct xlpt_device *dev, const char *vpd);
/* Fills a pin from facts (scanned with capabilities). vpd: the serial of VPD, or NULL. */
void xlpt_pin_of(const struct xlpt_devices *all, const struct xlpt_device *dev, const char *vpd,
		 struct xlpt_pin *out);

/* The text of a pin's file, and back; line and column of what is wrong are in the diagnosis. */
char *xlpt_pin_format(const struct xlpt_pin *pin);
int xlpt_pin_parse(const char *text, struct xlpt_pin *out, struct xlpt_diag *diag);

/* "pci0000:00/10.0/00.0", with "/vf3" for a virtual function. Caller frees. */
char *xlpt_pin_place(const struct xlpt_pin *pin);

struct xlpt_pin_match {
	struct xlpt_bdf bdf; /* when xlpt_pin_find returned 0 */
	bool moved;	     /* its address is another than when it was pinned */
	bool other_slot;     /* ... and so is its place: it was known by its serial number */
};

/*
 * Finds the pinned function among n candidates (xlpt_pin_of of every function
 * there is; their address is where they are now). XLPT_ERR_RULE: something else is
 * in its place or at its address, or it cannot be told from others; XLPT_ERR_NO_DEVICE:
 * it is not there. name is for the messages.
 */
int xlpt_pin_find(const struct xlpt_pin *pin, const char *name, const struct xlpt_pin *candidates,
		  size_t n, struct xlpt_pin_match *out, struct xlpt_diag *diag);

/*
 * The addresses of other functions that only their place tells from this one:
 * alike in everything, and without a serial number. "0000:05:00.0, ..." or NULL;
 * of very many the first ones and their number. Caller frees.
 */
char *xlpt_pin_alike(const struct xlpt_pin *pin, const struct xlpt_pin *candidates, size_t n);

#endif
