/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories that are kept open while many of their files are read (xlpt_host_ops.enter), for
 * the operations on a real tree. The paths stay whole and mean the same; what is not found here
 * is looked up from the root as always.
 */
#ifndef XLPT_CORE_HOST_DIR_H
#define XLPT_CORE_HOST_DIR_H

#include "core/host.h"

int xlpt_host_dir_enter(struct xlpt_host *h, const char *path);
void xlpt_host_dir_leave(struct xlpt_host *h);

/* Returned when nothing is known of the path here: then it is looked up from the root. */
#define XLPT_HOST_ELSEWHERE (-EXDEV)

/* A descriptor for reading a regular file (live: what the kernel has there). */
int xlpt_host_dir_open(struct xlpt_host *h, const char *path);
ssize_t xlpt_host_dir_readlink(struct xlpt_host *h, const char *path, char *buf, size_t size);
int xlpt_host_dir_exists(struct xlpt_host *h, const char *path);

#endif
