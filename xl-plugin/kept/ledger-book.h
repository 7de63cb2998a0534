/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hotplug ledger as a file that is held (ledger-book.c), for ledger.c. */
#ifndef XLPT_LEDGER_BOOK_H
#define XLPT_LEDGER_BOOK_H

#include "xl-plugin/kept/ledger.h"

/* The ledger under its lock. The lock is a file that is never renamed, the ledger's own is. */
struct xlpt_book {
	struct xlpt_env *env;
	struct xlpt_locks locks;
	int fd; /* -1: there is no usable ledger yet */
	char boot_id[XLPT_BOOT_ID_LEN + 1];
	struct xlpt_ledger l;
	int64_t now_ms; /* read under the lock: later records have later times */
};

/* XLPT_ERR_DATA for a damaged one; it is locked then, too, and to be closed. */
int xlpt_book_open(struct xlpt_env *env, struct xlpt_book *b, struct xlpt_diag *diag);
void xlpt_book_close(struct xlpt_book *b);
#define _cleanup_book_ XLPT_CLEANUP(xlpt_book_close)

/* Adds records behind what is there; a line that a killed writer left in part is cut off. */
int xlpt_book_append(struct xlpt_book *b, const struct xlpt_ledger_record *rs, size_t n,
		     struct xlpt_diag *diag);
/* Rewrites the ledger without what has left the window, once that is at least half of it. */
void xlpt_book_compact(struct xlpt_book *b, int64_t window_ms);
/* What is damaged is kept for whoever wants to know how that came about. */
int xlpt_book_begin_anew(struct xlpt_book *b, struct xlpt_diag *diag);

#endif
