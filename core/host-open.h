/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening below a root, for the operations on a real tree (core/host-real.c). All return a
 * descriptor (or 0) or a negative errno.
 */
#ifndef XLPT_CORE_HOST_OPEN_H
#define XLPT_CORE_HOST_OPEN_H

#include <sys/stat.h>

#include "core/host.h"

/* openat(2) with the root as "/": links and ".." stay inside. */
int xlpt_host_open_inside(struct xlpt_host *h, const char *path, int flags, mode_t mode);
/* The same for a file of a captured tree: only what was looked at first is opened. */
int xlpt_host_open_looked_at(struct xlpt_host *h, const char *path, int flags);
/* A regular file of a directory that is open, for reading; a link is not followed. */
int xlpt_host_open_there(int dir, const char *name);
/* -EMEDIUMTYPE for a descriptor of anything else. */
int xlpt_host_regular_or_dir(int fd, struct stat *st);

#endif
