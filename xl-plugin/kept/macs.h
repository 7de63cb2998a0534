/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The MAC addresses that xlpt has made up, for guests that name none: one for each VF that a guest
 * has out of a pool, of Xen's range (00:16:3e). They are kept in one file, so that a guest has the
 * same ones after it and the host have restarted, on whatever VF.
 *
 * A guest is its UUID. xl makes one for a guest whose configuration has none, each time anew: so
 * it is found by its name then, if no other guest that runs is known to be that one.
 */
#ifndef XLPT_KEPT_MACS_H
#define XLPT_KEPT_MACS_H

#include "xl-plugin/cli/env.h"

#define XLPT_MACS_PATH "/var/lib/xlpt/macs"

struct xlpt_mac {
	uint8_t mac[6];
	char uuid[37];
	unsigned nth; /* of the guest's VFs out of that pool, from 0 */
	char *pool, *name;
};

struct xlpt_macs {
	struct xlpt_mac *items;
	size_t n, alloc;
	bool changed; /* by xlpt_macs_of, since it was read */
};

void xlpt_macs_dispose(struct xlpt_macs *all);
#define _cleanup_macs_ XLPT_CLEANUP(xlpt_macs_dispose)

void xlpt_macs_format(const struct xlpt_macs *all, struct xlpt_str *out);
bool xlpt_macs_parse(struct xlpt_macs *all, char *text);

/* An empty list without the file; DATA for one that is none. */
int xlpt_macs_read(struct xlpt_env *env, struct xlpt_macs *out, struct xlpt_diag *diag);
int xlpt_macs_write(struct xlpt_env *env, const struct xlpt_macs *all, struct xlpt_diag *diag);

/*
 * The address of a guest's nth VF out of a pool: the one it had, or a new one that no other has.
 * guests: those that run. It is the list's, until that is changed.
 */
const struct xlpt_mac *xlpt_macs_of(struct xlpt_macs *all, const struct xlpt_guest *guest,
				    const char *pool, unsigned nth, const struct xlpt_guest *guests,
				    size_t n);

#endif
