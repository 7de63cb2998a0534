/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is remembered of a guest that has devices, one file each below /run/xlpt/guests, called by
 * its UUID: so much that its devices can be told from those of nobody while it restarts and has no
 * domain. It is written when xlpt sees the guest, and belongs to this boot. Losing one loses no
 * more than certainty: hotplug/restart.h says what is done then.
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
	uint32_t domid;		 /* the last that had its devices */
	bool again_known;	 /* its configuration was read: */
	unsigned again;		 /* after these ends it is made anew (core/guest.h) */
	enum xlpt_guest_end end; /* seen of that domain; XLPT_END_UNKNOWN = none seen */
	struct xlpt_monitor monitor;
	int64_t gone; /* core/clock's milliseconds: since then it was found without domain; 0 = it is there */
	struct xlpt_bdf *devs; /* what it had when it was seen last */
	size_t n, alloc;
	/* of this process, not of the file (hotplug/restart.h) */
	bool stored;   /* it was read from its file */
	bool restarts; /* it may come again, and has no domain or one that is being made: */
	bool coming;   /* ... that */
};

struct xlpt_knowns {
	struct xlpt_known *items;
	size_t n, alloc;
};

void xlpt_known_dispose(struct xlpt_known *k);
#define _cleanup_known_ XLPT_CLEANUP(xlpt_known_dispose)
void xlpt_knowns_dispose(struct xlpt_knowns *all);
#define _cleanup_knowns_ XLPT_CLEANUP(xlpt_knowns_dispose)
struct xlpt_known *xlpt_knowns_find(const struct xlpt_knowns *all, const char *uuid);
bool xlpt_known_has(const struct xlpt_known *k, struct xlpt_bdf bdf);

void xlpt_known_format(const struct xlpt_known *k, struct xlpt_str *out);
/* false for a text that is none; text is taken apart. */
bool xlpt_known_parse(struct xlpt_known *k, char *text);

/* All of them; what cannot be read is not among them. */
void xlpt_knowns_read(struct xlpt_env *env, struct xlpt_knowns *out);
/* Replaces the file whole, or removes it. An error is told with -v alone: see above. */
void xlpt_known_write(struct xlpt_env *env, const struct xlpt_known *k);
void xlpt_known_forget(struct xlpt_env *env, const char *uuid);

#endif
