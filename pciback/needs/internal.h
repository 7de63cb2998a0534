/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this room share; private to them.
 *
 * The walks go from a thing of the host's (a mount, an interface, a keyboard) down to the PCI
 * functions that carry it. needs.c takes of them what the host cannot do without, things.c
 * takes all of them.
 */
#ifndef XLPT_PCIBACK_GUARD_INTERNAL_H
#define XLPT_PCIBACK_GUARD_INTERNAL_H

#include "pciback/needs/needs.h"

/* A function that carries a thing, and what is directly on it: for dm-0 it may be sda2. */
struct xlpt_behind {
	struct xlpt_bdf bdf;
	char *member;
};

struct xlpt_behinds {
	struct xlpt_behind *items;
	size_t n, alloc;
};

void xlpt_behinds_add(struct xlpt_behinds *list, struct xlpt_bdf bdf, const char *member);
void xlpt_behinds_dispose(struct xlpt_behinds *list);
#define _cleanup_behinds_ XLPT_CLEANUP(xlpt_behinds_dispose)

/* A block device by its kernel name; an interface by its name. They add to the list. */
void xlpt_behind_block(struct xlpt_host *h, const char *name, struct xlpt_behinds *out);
void xlpt_behind_net(struct xlpt_host *h, const char *name, struct xlpt_behinds *out);

/*
 * One mounted file system or swap area. use is the beginning of a sentence ("/home is on", "swap
 * is on") that on ends: the block device, or what else it comes from (nfs, tmpfs), and then nothing
 * is behind. point is NULL for swap. Texts live as long as the call.
 */
struct xlpt_mount_use {
	const char *point, *use, *on;
	const struct xlpt_behinds *behind;
};
typedef void xlpt_mount_fn(void *ctx, const struct xlpt_mount_use *use);

/* The mounts of process 1, "/" first. -errno when they cannot be read. */
int xlpt_each_mount(struct xlpt_host *h, xlpt_mount_fn *fn, void *ctx);
void xlpt_each_swap(struct xlpt_host *h, xlpt_mount_fn *fn, void *ctx);
/* "/ is on dm-0 over sda2". Caller frees. */
char *xlpt_mount_text(const struct xlpt_mount_use *use, const struct xlpt_behind *b);

/* One input device of /proc/bus/input/devices. Texts live as long as the call. */
struct xlpt_input {
	const char *name, *sysfs;
	bool keyboard; /* and not a power button */
};
typedef void xlpt_input_fn(void *ctx, const struct xlpt_input *input);
void xlpt_each_input(struct xlpt_host *h, xlpt_input_fn *fn, void *ctx);

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
/* The same of the text of a link below dir ("/sys/class/net"). */
bool xlpt_needs_link_bdf(struct xlpt_host *h, const char *dir, const char *name,
			 struct xlpt_bdf *bdf);

/*
 * Notes that bdf is needed, unless that is known for the same reason: itself,
 * the bridges above it, and its physical function when it is a virtual one.
 */
void xlpt_needs_add(struct xlpt_host *h, struct xlpt_needs *needs, struct xlpt_bdf bdf,
		    enum xlpt_need why, const char *what);

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
