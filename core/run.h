/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running another program to its end: the one way for all of xlpt.
 *
 * It is found as for an interactive root, whatever PATH is: cron's has no sbin, and xl is
 * there. The program gets the same PATH, for what it runs itself.
 *
 * A signal is for xlpt, which ends the step under way and undoes: the program is started
 * with SIGINT, SIGHUP and SIGQUIT ignored (xl killed in the middle of a save leaves the guest
 * suspended) and, unless it may ask something, in a process group of its own, so that Ctrl-C
 * does not reach what it starts (QEMU catches SIGINT again).
 */
#ifndef XLPT_CORE_RUN_H
#define XLPT_CORE_RUN_H

#include <sys/types.h>

#include "core/diag.h"
#include "core/stream.h"

#define XLPT_RUN_LOG_MAX    65536u
#define XLPT_RUN_ANSWER_MAX (16u << 20)
#define XLPT_RUN_PAPER_MAX  (64u << 20) /* a log that is longer gives the program EPERM */

/* Called several times a second while a program runs that is waited for; look NULL: nothing is. */
struct xlpt_run_idle {
	void (*look)(void *ctx);
	void *ctx;
};

struct xlpt_run {
	const char *const *argv;
	/*
	 * Locks that last as long as the program does, should xlpt be killed before
	 * it: they become its descriptors 8 and 9. -1 = none.
	 */
	int keep[2];
	/* Its standard input: in_fd as it is; or a pipe with feed, then feed_fd from an offset. */
	int in_fd; /* -1 = none */
	char *feed;
	size_t feed_len;
	int feed_fd; /* -1 = none */
	off_t feed_at;
	int out_fd; /* where its standard output goes, -1 = into out */
	/*
	 * With a reader the program's output is read while it runs. The stream ends after
	 * reader_max bytes, and when the time of the program is over. As soon as the reader
	 * returns the program is killed, and what the reader returned is the result.
	 */
	int (*reader)(void *ctx, struct xlpt_stream *out, struct xlpt_diag *diag);
	void *reader_ctx;
	uint64_t reader_max;
	uint64_t memory_max; /* bytes of data that the program may have, 0 = as many as we */
	bool answer;	     /* out is read by us: whole, or XLPT_ERR_DATA when it is too long */
	bool asks;	     /* it keeps the terminal (ssh wants a password) */
	bool stoppable;	     /* a signal to xlpt ends it; without, it is waited for */
	int64_t timeout_ms;  /* 0 = none */
	struct xlpt_run_idle idle;
	/* results */
	int status; /* exit status, or 128 and the signal; 127 = there is no such program */
	struct xlpt_str out; /* an answer, or the last XLPT_RUN_LOG_MAX bytes for people */
	struct xlpt_str err; /* the last XLPT_RUN_LOG_MAX bytes */
};

#define XLPT_RUN_INIT(args) \
	((struct xlpt_run){ \
		.argv = (args), .keep = { -1, -1 }, .in_fd = -1, .feed_fd = -1, .out_fd = -1 })

void xlpt_run_dispose(struct xlpt_run *run);
#define _cleanup_run_ XLPT_CLEANUP(xlpt_run_dispose)

/*
 * 0 when it ran to its end, whatever its status. XLPT_ERR_STOPPED, XLPT_ERR_TIMEOUT: it has
 * been ended, with what it had started (unless it asks), and what it said is in the diagnosis.
 */
int xlpt_run_program(struct xlpt_run *run, struct xlpt_diag *diag);

/* Where a program is, in the folders of path; NULL when it is in none. Caller frees. */
char *xlpt_run_find(const char *name, const char *path);
/* PATH with the folders of root's programs behind it; caller frees. */
char *xlpt_run_path(void);
/*
 * This environment with path_entry ("PATH=...") in the place of its PATH, and without what tar and its packers
 * take for options. The caller frees the list alone; the strings are not its own.
 */
char **xlpt_run_environment(char *path_entry);

/* "ended with status 3", "was ended by SIGXFSZ: File size limit exceeded (see ulimit -f)". Caller frees. */
char *xlpt_run_ended(int status);

#endif
