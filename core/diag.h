/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One error, with what an operator needs to act on it: what went wrong, the
 * fact it rests on, and the line that mends it. Filled by the function that
 * fails, extended on the way up, printed once (people: xl-plugin/cli/output.c;
 * scripts: the same record with --json).
 *
 * Contract: a function that returns 0 leaves the record untouched; one that
 * returns a negative code has filled it, and the code equals diag->code.
 * All functions accept a NULL record and then do nothing.
 */
#ifndef XLPT_CORE_DIAG_H
#define XLPT_CORE_DIAG_H

#include "core/err.h"
#include "core/util.h"

struct xlpt_diag {
	enum xlpt_err code;
	char *message;	 /* one line, no full stop at the end */
	char *fact;	 /* what was read where, or NULL */
	char *hint;	 /* what to run or write to mend it, or NULL */
	char *log;	 /* libxl's own lines, newline separated, or NULL */
	char *file;	 /* where in the input, or NULL */
	unsigned line;	 /* 1-based, 0 = unknown */
	unsigned column; /* 1-based, 0 = unknown */
	int sys_errno;	 /* 0 = none */
	int libxl_rc;	 /* 0 = none */
	bool hint_stays; /* a hint that comes later does not replace this one */
};

void xlpt_diag_dispose(struct xlpt_diag *diag);
#define _cleanup_diag_ XLPT_CLEANUP(xlpt_diag_dispose)

/* Start a new error; drops what the record held. Returns code. */
int xlpt_diag_set(struct xlpt_diag *diag, enum xlpt_err code, const char *fmt, ...)
	XLPT_PRINTF(3, 4);
/* The same with an errno whose text is appended (": No such device"). */
int xlpt_diag_errno(struct xlpt_diag *diag, enum xlpt_err code, int err, const char *fmt, ...)
	XLPT_PRINTF(4, 5);
/*
 * The same for an errno that a file gave. Where it alone says what mends it (a full disk, a
 * read-only one, one that root cannot write either), that line stays, whatever hint follows.
 */
int xlpt_diag_file(struct xlpt_diag *diag, enum xlpt_err code, int err, const char *fmt, ...)
	XLPT_PRINTF(4, 5);

/* What mends that a file became too large (EFBIG, SIGXFSZ) by this process' limit; NULL: it has none. */
const char *xlpt_size_hint(void);

/* strerror(3), in words of xlpt's own where the C library's do not help. */
const char *xlpt_strerror(int err);

/* Add to the error that is there. */
void xlpt_diag_fact(struct xlpt_diag *diag, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_diag_hint(struct xlpt_diag *diag, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_diag_add_log(struct xlpt_diag *diag, const char *lines);
void xlpt_diag_at(struct xlpt_diag *diag, const char *file, unsigned line, unsigned column);

/* Put "context: " in front of the message. */
void xlpt_diag_wrap(struct xlpt_diag *diag, const char *fmt, ...) XLPT_PRINTF(2, 3);

/* Change the code, keep the rest (a failed undo turns any error into LEFT). Returns code. */
int xlpt_diag_recode(struct xlpt_diag *diag, enum xlpt_err code);

void xlpt_diag_move(struct xlpt_diag *dst, struct xlpt_diag *src);

#endif
