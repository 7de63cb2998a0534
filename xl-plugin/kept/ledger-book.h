/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hotplug ledger as an open file (ledger-book.c); only for ledger.c. */
#ifndef XLPT_LEDGER_BOOK_H
#define XLPT_LEDGER_BOOK_H

#include "xl-plugin/kept/ledger.h"

/*
 * The ledger under its lock. The lock is a file of its own, because the ledger is renamed when it
 * is rewritten.
 */
struct xlpt_book {
	struct xlpt_env *env;
	struct xlpt_locks locks;
	int fd; /* -1: there is no usable ledger yet */
	char boot_id[XLPT_BOOT_ID_LEN + 1];
	struct xlpt_ledger l;
	/* boot-time milliseconds, read under the lock, so that later records have later times */
	int64_t now_ms;
};

/*
 * Opens, locks and reads it. DATA when it is damaged; it is locked then, too, so the caller closes
 * it in any case.
 */
int xlpt_book_open(struct xlpt_env *env, struct xlpt_book *b, struct xlpt_diag *diag);
void xlpt_book_close(struct xlpt_book *b);
#define _cleanup_book_ XLPT_CLEANUP(xlpt_book_close)

/*
 * Appends records, in one write. A last line that a killed writer left incomplete is cut off
 * first.
 */
int xlpt_book_append(struct xlpt_book *b, const struct xlpt_ledger_record *rs, size_t n,
		     struct xlpt_diag *diag);
/*
 * Rewrites the ledger without the records that are older than window_ms milliseconds and no longer
 * matter, when these are at least half of it.
 */
void xlpt_book_compact(struct xlpt_book *b, int64_t window_ms);
/*
 * Puts a damaged ledger aside as XLPT_LEDGER_DAMAGED, for whoever wants to find the cause, and
 * begins a new one.
 */
int xlpt_book_begin_anew(struct xlpt_book *b, struct xlpt_diag *diag);

#endif
