/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory for the time of one command, below TMPDIR or /tmp. It goes with the command;
 * what a killed one has left goes with the next that uses the same prefix.
 */
#ifndef XLPT_CORE_TEMPDIR_H
#define XLPT_CORE_TEMPDIR_H

#include "core/diag.h"
#include "core/host.h"

struct xlpt_tempdir {
	char *path;
	int fd; /* locked while its process lives; -1 at first */
};

/* Mode 0700: what is in there is not for others while it is made. */
int xlpt_tempdir_make(struct xlpt_tempdir *t, const char *prefix, struct xlpt_diag *diag);
/* A directory in it, as a root of its own (xlpt_host_close). */
int xlpt_tempdir_sub(const struct xlpt_tempdir *t, const char *name, struct xlpt_host *out,
		     struct xlpt_diag *diag);
/* Removes it with all that is in it. */
void xlpt_tempdir_dispose(struct xlpt_tempdir *t);
#define _cleanup_tempdir_ XLPT_CLEANUP(xlpt_tempdir_dispose)

#endif
