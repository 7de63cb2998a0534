/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resetting functions: which ways there are, what else each would hit, and
 * whether a reset that was done really happened.
 *
 * The kernel resets through /sys/bus/pci/devices/BDF/reset; since 5.15 the file
 * reset_method beside it lists its ways in the order it tries them, and takes
 * the ones to use (drivers/pci/pci.c, pci_reset_fn_methods). Before 5.15 the
 * order is the same, and what is possible follows from configuration space.
 *
 * The kernel resets a bus for a function that is alone on it. All functions of a bus
 * together are reset through the bridge's reset_subordinate (Linux 6.13 and later; it
 * saves and restores configuration space), or by xlpt in the bridge's own register.
 */
#ifndef XLPT_PCIBACK_RESET_H
#define XLPT_PCIBACK_RESET_H

#include "core/clock.h"
#include "core/device.h"
#include "core/host.h"

/* In the kernel's order. */
enum xlpt_reset_how {
	XLPT_RESET_SPECIFIC, /* a quirk of the kernel for this very device */
	XLPT_RESET_ACPI,     /* _RST */
	XLPT_RESET_FLR,
	XLPT_RESET_AF_FLR,
	XLPT_RESET_PM,	/* D3hot and back */
	XLPT_RESET_BUS, /* of the hotplug slot where there is one, else of the bus */
	XLPT_RESET_CXL_BUS,
	XLPT_RESET_N
};

/* "flr", as in reset_method. */
const char *xlpt_reset_word(enum xlpt_reset_how how);
bool xlpt_reset_from_word(const char *word, size_t len, enum xlpt_reset_how *how);

/* Who does it. */
enum xlpt_reset_by {
	XLPT_RESET_BY_FUNCTION, /* the kernel, for this function: its file "reset" */
	XLPT_RESET_BY_BRIDGE,	/* the kernel, for all behind the bridge: "reset_subordinate" */
	XLPT_RESET_BY_XLPT,	/* xlpt, in the bridge's register */
};

struct xlpt_reset_way {
	enum xlpt_reset_how how;
	bool usable;
	enum xlpt_reset_by by; /* of a bus, with all that is behind the bridge: not BY_FUNCTION */
	struct xlpt_bdf bridge;
	char *why_not;	       /* when it is not usable */
	char *mends;	       /* then: the line that makes it usable, or NULL */
	struct xlpt_bdf *also; /* other functions that it would reset, too; no bridges */
	size_t n_also;
};

struct xlpt_reset_ways {
	struct xlpt_reset_way items[XLPT_RESET_N]; /* in the order in which they are tried */
	size_t n;
	bool from_kernel; /* the order and the choice are the kernel's own list */
};

void xlpt_reset_ways_dispose(struct xlpt_reset_ways *ways);
#define _cleanup_reset_ways_ XLPT_CLEANUP(xlpt_reset_ways_dispose)

/*
 * Every way that the kernel lists or that the PCI specifications know, those
 * that do not work included, so that a refusal can say why. Pure: dev and all
 * are as scanned with XLPT_SCAN_CAPS.
 */
void xlpt_reset_ways(const struct xlpt_devices *all, const struct xlpt_device *dev,
		     struct xlpt_reset_ways *out);
/*
 * The same when these are reset together with dev (it may be one of them): then a bus
 * can be reset that they are alone on. Whether all of them are free to be reset is not
 * asked here.
 */
void xlpt_reset_ways_with(const struct xlpt_devices *all, const struct xlpt_device *dev,
			  const struct xlpt_bdf *with, size_t n, struct xlpt_reset_ways *out);
/* The first usable one, or NULL. */
const struct xlpt_reset_way *xlpt_reset_first(const struct xlpt_reset_ways *ways);
const struct xlpt_reset_way *xlpt_reset_find(const struct xlpt_reset_ways *ways,
					     enum xlpt_reset_how how);

enum xlpt_reset_proof {
	XLPT_RESET_UNPROVEN, /* done, the function answers, and nothing can show more */
	XLPT_RESET_PROVEN,   /* a register that only a reset clears was set before, and is clear */
};

struct xlpt_reset_result {
	enum xlpt_reset_proof proof;
	char *fact; /* what was looked at, or why nothing could be */
};

void xlpt_reset_result_dispose(struct xlpt_reset_result *result);
#define _cleanup_reset_result_ XLPT_CLEANUP(xlpt_reset_result_dispose)

/*
 * Resets and looks. words: what reset_method is to hold meanwhile ("flr"), put
 * back afterwards; NULL leaves the choice to the kernel. A register of the
 * function that a reset clears, that the kernel does not put back, and that does
 * nothing while MSI is off, is set before.
 *
 * XLPT_ERR_NOT_FOUND: nothing can reset it. XLPT_ERR_CONFLICT: the kernel said it
 * was done, and it was not. XLPT_ERR_LEFT: the function does not answer, has lost
 * its configuration, or reset_method could not be put back.
 */
int xlpt_reset_do(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
		  struct xlpt_reset_result *out, struct xlpt_diag *diag);

/* A bus with all functions that are behind the bridge. */
struct xlpt_reset_bus {
	enum xlpt_reset_by by; /* not BY_FUNCTION */
	struct xlpt_bdf bridge;
	const struct xlpt_bdf *functions;
	size_t n;
	/*
	 * Writes a line of a journal, before anything is lost: what xlpt_reset_bus_mend needs.
	 * Not called by_bridge. 0, or a code.
	 */
	int (*note)(void *ctx, const char *line, struct xlpt_diag *diag);
	void *ctx;
};

/* Keys of the lines: "bus-reset BRIDGE", "bus-registers BDF ...", "bus-is-reset BRIDGE". */
#define XLPT_NOTE_BUS	       "bus-reset"
#define XLPT_NOTE_REGISTERS    "bus-registers"
#define XLPT_NOTE_BUS_IS_RESET "bus-is-reset"

/*
 * Resets and looks at each function; out has n of them. No driver may be on any of them.
 * IO: it could not be done, and nothing is changed. CONFLICT: one of them was not reset.
 * LEFT: one does not answer, or did not get its configuration back.
 */
int xlpt_reset_bus_do(struct xlpt_host *h, struct xlpt_clock *clock,
		      const struct xlpt_reset_bus *bus, struct xlpt_reset_result *out,
		      struct xlpt_diag *diag);
/* Of one that was cut short: ends the reset of the bus. *changed: it was still in it. */
int xlpt_reset_bus_release(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bridge,
			   bool *changed, struct xlpt_diag *diag);
/* ... and gives a function its registers back, by the text of its note; *changed: it lacked them. */
int xlpt_reset_bus_restore(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bdf,
			   const char *text, bool *changed, struct xlpt_diag *diag);

/* reset_method as it is now; NULL before Linux 5.15. Caller frees. */
char *xlpt_reset_method_read(struct xlpt_host *h, struct xlpt_bdf bdf);
/*
 * Puts a list back. It was made when the function was found, before its
 * neighbours were: where the kernel now refuses its own text, "default" gives the
 * list that holds.
 */
int xlpt_reset_method_restore(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
			      struct xlpt_diag *diag);

#endif
