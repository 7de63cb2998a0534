/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The MAC addresses that xlpt made up for guests that name none: one for each VF that a guest has
 * out of a pool, from Xen's range (00:16:3e). They are kept in one file, so that a guest has the
 * same addresses after it or the host was restarted, on whatever VF.
 *
 * A guest is its UUID. When a configuration has no UUID, xl makes a new one each time; so such a
 * guest is found by its name, unless a guest with the recorded UUID runs as another one.
 */
#ifndef XLPT_KEPT_MACS_H
#define XLPT_KEPT_MACS_H

#include "xl-plugin/cli/env.h"

#define XLPT_MACS_PATH "/var/lib/xlpt/macs"

struct xlpt_mac {
	uint8_t mac[6];
	char uuid[37];
	unsigned nth; /* which of the guest's VFs out of that pool, from 0 */
	char *pool, *name;
};

struct xlpt_macs {
	struct xlpt_mac *items;
	size_t n, alloc;
	bool changed; /* xlpt_macs_of has changed it since it was read */
};

void xlpt_macs_dispose(struct xlpt_macs *all);
#define _cleanup_macs_ XLPT_CLEANUP(xlpt_macs_dispose)

/*
 * The text of the file, and back. parse changes text; false when it is no such text, or has more
 * than 4096 addresses.
 */
void xlpt_macs_format(const struct xlpt_macs *all, struct xlpt_str *out);
bool xlpt_macs_parse(struct xlpt_macs *all, char *text);

/* Reads the file. Empty when there is none. DATA when it is no such file, IO. */
int xlpt_macs_read(struct xlpt_env *env, struct xlpt_macs *out, struct xlpt_diag *diag);
/* Replaces the file. IO. */
int xlpt_macs_write(struct xlpt_env *env, const struct xlpt_macs *all, struct xlpt_diag *diag);

/*
 * The address of the guest's nth VF out of a pool: the one that it had, or a new one that no other
 * has. guests: those that run. It belongs to all and is valid until all is changed. With 4096
 * addresses the oldest is dropped for a new one.
 */
const struct xlpt_mac *xlpt_macs_of(struct xlpt_macs *all, const struct xlpt_guest *guest,
				    const char *pool, unsigned nth, const struct xlpt_guest *guests,
				    size_t n);

#endif
