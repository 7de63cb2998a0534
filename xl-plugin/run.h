/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running another program to its end: xl, whose own file format and migration
 * protocol are used as they are, and the transport to another host.
 *
 * Ctrl-C is for xlpt, which ends the step under way and undoes: the program is
 * started with SIGINT, SIGHUP and SIGQUIT ignored (xl killed in the middle of a
 * save leaves the guest suspended), yet keeps the terminal, where ssh may ask.
 */
#ifndef XLPT_RUN_H
#define XLPT_RUN_H

#include <sys/types.h>

#include "core/diag.h"

struct xlpt_run {
	const char *const *argv;
	/*
	 * Locks that last as long as the program does, should xlpt be killed before
	 * it: they become its descriptors 8 and 9. -1 = none.
	 */
	int keep[2];
	/* What it reads on its standard input: head, then the file from an offset. */
	char *feed;
	size_t feed_len;
	int feed_fd;	/* -1 = none */
	off_t feed_at;
	/* results */
	int status;	/* exit status, or 128 and the signal */
	struct xlpt_str out, err;	/* at most the last 64 KiB of each */
};

#define XLPT_RUN_INIT(args) ((struct xlpt_run){ .argv = (args), .keep = { -1, -1 }, .feed_fd = -1 })

void xlpt_run_dispose(struct xlpt_run *run);
#define _cleanup_run_ XLPT_CLEANUP(xlpt_run_dispose)

/* 0 when it was run, whatever its status. */
int xlpt_run_program(struct xlpt_run *run, struct xlpt_diag *diag);

#endif
