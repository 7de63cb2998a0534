/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What needs.c, disk.c, input.c and net.c share; private to them.
 */
#ifndef XLPT_PCIBACK_GUARD_INTERNAL_H
#define XLPT_PCIBACK_GUARD_INTERNAL_H

#include "pciback/needs/needs.h"

/*
 * The whole of a file of any length; a host with containers has a mountinfo
 * larger than xlpt_host_read_text() takes. Returns 0 or a negative errno.
 */
int xlpt_needs_slurp(struct xlpt_host *h, const char *path, struct xlpt_str *out);

/*
 * Walks a text of lines in place: the next line without its newline, NULL at
 * the end. *cursor starts at the text.
 */
char *xlpt_needs_line(char **cursor);

/* The deepest path component that is a PCI function's name: the function a thing hangs on. */
bool xlpt_needs_path_bdf(const char *path, struct xlpt_bdf *bdf);

/*
 * Notes that bdf is needed, unless that is known for the same reason: itself,
 * the bridges above it, and its physical function when it is a virtual one.
 */
void xlpt_needs_add(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_bdf bdf,
		    enum xlpt_need why, const char *what);

int xlpt_needs_disks(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_diag *diag);
/* Cannot fail: a host without a network is a host all the same. */
void xlpt_needs_network(struct xlpt_host *h, struct xlpt_needs *needs);
/* The same. */
void xlpt_needs_keyboard(struct xlpt_host *h, struct xlpt_needs *needs);

/* Names already looked at in one walk: links in a captured tree may form loops. */
struct xlpt_needs_seen {
	char **names;
	size_t n, alloc;
};

/* True the first time a name is shown to it. */
bool xlpt_needs_first(struct xlpt_needs_seen *seen, const char *name);
void xlpt_needs_seen_dispose(struct xlpt_needs_seen *seen);
#define _cleanup_seen_ XLPT_CLEANUP(xlpt_needs_seen_dispose)

#define XLPT_NEEDS_DEPTH 16 /* of stacked block devices or interfaces */

#endif
