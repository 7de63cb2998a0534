/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is remembered of a guest that has devices: one file for each below /run/xlpt/guests, named
 * by the guest's UUID. It says enough to keep the guest's devices for it while it restarts and has
 * no domain. It is written when xlpt sees the guest, and ends with this boot. When a file is lost
 * or cannot be written nothing goes wrong: hotplug/restart.h says what is done then.
 */
#ifndef XLPT_KEPT_GUESTS_H
#define XLPT_KEPT_GUESTS_H

#include "core/guest.h"
#include "xl-plugin/kept/monitor.h"
#include "xl-plugin/cli/env.h"

#define XLPT_GUESTS_DIR XLPT_STATE_DIR "/guests"

struct xlpt_known {
	char uuid[37];
	char *name;
	uint32_t domid;	  /* the last domain that had its devices */
	bool again_known; /* its configuration was read, so that again is valid */
	unsigned again;	  /* bits (1 << enum xlpt_guest_end): after these ends it is made anew */
	enum xlpt_guest_end end;     /* how that domain ended; XLPT_END_UNKNOWN = no end was seen */
	struct xlpt_monitor monitor; /* the process of xl that watches it */
	/* core/clock's milliseconds when it was first found without a domain; 0 = it has one */
	int64_t gone;
	int64_t dying; /* the same for: Xen takes its domain apart; 0 = it does not, or did not yet */
	struct xlpt_bdf *devs; /* what it had when it was last seen */
	size_t n, alloc;
	/* not in the file; hotplug/restart.h fills them */
	bool stored; /* it was read from its file */
	/* it may come again: it has no domain, one that has ended, or one that is being made */
	bool restarts;
	bool coming;  /* ... it has one that is being made */
	bool ended;   /* ... it has one that has ended and is not yet gone */
	bool decided; /* ... that is sure: it is being made, or its end is one after which it is */
};

struct xlpt_knowns {
	struct xlpt_known *items;
	size_t n, alloc;
};

void xlpt_known_dispose(struct xlpt_known *k);
#define _cleanup_known_ XLPT_CLEANUP(xlpt_known_dispose)
void xlpt_knowns_dispose(struct xlpt_knowns *all);
#define _cleanup_knowns_ XLPT_CLEANUP(xlpt_knowns_dispose)
/* The guest with this UUID, or NULL. Belongs to all. */
struct xlpt_known *xlpt_knowns_find(const struct xlpt_knowns *all, const char *uuid);
/* The guest had the device when it was last seen. */
bool xlpt_known_has(const struct xlpt_known *k, struct xlpt_bdf bdf);

void xlpt_known_format(const struct xlpt_known *k, struct xlpt_str *out);
/* False when text is not such a record. text is changed while it is read. *k must be all zero. */
bool xlpt_known_parse(struct xlpt_known *k, char *text);

/* Reads all of them; a file that cannot be read is left out. Empty below --sysroot. */
void xlpt_knowns_read(struct xlpt_env *env, struct xlpt_knowns *out);
/* Replaces the file. An error is told with -v only (see above). Nothing in a dry run. */
void xlpt_known_write(struct xlpt_env *env, const struct xlpt_known *k);
/* Removes the file. Nothing in a dry run. */
void xlpt_known_forget(struct xlpt_env *env, const char *uuid);

#endif
