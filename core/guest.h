/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A running guest as the toolstack describes it.
 */
#ifndef XLPT_CORE_GUEST_H
#define XLPT_CORE_GUEST_H

#include "core/spec.h"

enum xlpt_guest_type { XLPT_GUEST_UNKNOWN = 0, XLPT_GUEST_PV, XLPT_GUEST_HVM, XLPT_GUEST_PVH };

/* Why a domain has ended, or nobody knows: Xen's SHUTDOWN_* without suspend (xen/public/sched.h). */
enum xlpt_guest_end {
	XLPT_END_UNKNOWN = 0,
	XLPT_END_POWEROFF,
	XLPT_END_REBOOT,
	XLPT_END_CRASH,
	XLPT_END_WATCHDOG,
	XLPT_END_SOFT_RESET,
	XLPT_END_N
};

struct xlpt_guest {
	uint32_t domid;
	char uuid[37]; /* lower-case text form, or "" */
	char *name;
	enum xlpt_guest_type type;
	enum xlpt_tri passthrough; /* created with an IOMMU context; unset = not known */
	enum xlpt_tri e820_host;   /* PV: created with the host's memory map; unset = not known */
	bool paused;		   /* by the toolstack, so that it cannot answer */
	bool dying;
	bool suspended;	  /* stopped for a save or migration that has not ended (then dying, too) */
	bool shut_down;	  /* it has ended, and nobody has destroyed it yet (then dying, too) */
	bool has_stubdom; /* its device model runs in a domain of its own */
	enum xlpt_guest_end end; /* of one that has ended */
	/* after which ends its toolstack makes it anew (on_reboot= and the others), bits 1 << end */
	bool again_known;
	unsigned again;
};

void xlpt_guest_dispose(struct xlpt_guest *guest);
#define _cleanup_guest_ XLPT_CLEANUP(xlpt_guest_dispose)
void xlpt_guest_copy(struct xlpt_guest *dst, const struct xlpt_guest *src);
/*
 * Its domain has ended or is being destroyed. One that was stopped for a save counts as dying in
 * Xen, and is not on its way out.
 */
bool xlpt_guest_leaves(const struct xlpt_guest *guest);
/*
 * The one with that UUID, or NULL. A guest that restarts keeps its UUID and gets another
 * number: while both are there, the one that is not dying counts.
 */
const struct xlpt_guest *xlpt_guests_find(const struct xlpt_guest *guests, size_t n,
					  const char *uuid);
void xlpt_guests_free(struct xlpt_guest *guests, size_t n);
const char *xlpt_guest_end_word(enum xlpt_guest_end end);    /* "poweroff" "reboot" "crash"... */
const char *xlpt_guest_type_word(enum xlpt_guest_type type); /* "pv" "hvm" "pvh" "unknown" */

#endif
