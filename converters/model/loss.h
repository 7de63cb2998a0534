/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loss report: what the target of a conversion cannot say, or says in
 * another way. One record per thing, with the place in the input.
 */
#ifndef XLPT_CONVERTERS_LOSS_H
#define XLPT_CONVERTERS_LOSS_H

#include "core/diag.h"

enum xlpt_severity {
	XLPT_LOSS_NOTE,	   /* said in another way, or without effect under Xen */
	XLPT_LOSS_KEPT,	   /* no word for it; kept, and restored on the way back */
	XLPT_LOSS_CHANGED, /* the guest would behave differently; kept all the same */
	XLPT_LOSS_DROPPED, /* not kept either (only what was unreadable or has lost its element) */
};

struct xlpt_loss {
	enum xlpt_severity severity;
	char *file;
	unsigned line, column; /* 0 = not known */
	char *what;	       /* "disk[xvda].backend", "vuart", "devices/rng" */
	char *reason;	       /* one line, no full stop */
	unsigned group;	       /* for sorting: the first line of its element */
};

struct xlpt_losses {
	struct xlpt_loss *items;
	size_t n, alloc;
	char **todo; /* what people have to do before the guest starts; may be NULL */
	size_t n_todo, alloc_todo;
};

void xlpt_losses_dispose(struct xlpt_losses *l);
#define _cleanup_losses_ XLPT_CLEANUP(xlpt_losses_dispose)
/* l may be NULL. */
void xlpt_loss_add(struct xlpt_losses *l, enum xlpt_severity severity, const char *file,
		   unsigned line, unsigned column, const char *what, const char *fmt, ...)
	XLPT_PRINTF(7, 8);
/* A line of the check list. l may be NULL. */
void xlpt_todo_add(struct xlpt_losses *l, const char *fmt, ...) XLPT_PRINTF(2, 3);
const char *xlpt_severity_word(enum xlpt_severity s); /* "note" "kept" "changed" "dropped" */
/* Why --strict must refuse: the first that makes the guest another, or is gone for good; or NULL. */
const struct xlpt_loss *xlpt_losses_strict(const struct xlpt_losses *l);
/* What harms most first; what belongs to one element together; then by place. */
void xlpt_losses_sort(struct xlpt_losses *l);
/* "disk[xvda]" of "disk[xvda].backend". Caller frees. */
char *xlpt_loss_element(const struct xlpt_loss *loss);

/* How many there are of each severity. */
struct xlpt_loss_counts {
	size_t n[XLPT_LOSS_DROPPED + 1];
};

void xlpt_losses_count(const struct xlpt_losses *l, struct xlpt_loss_counts *add);
/* "3 changed, 2 kept, 14 notes", or "nothing lost". Caller frees. */
char *xlpt_loss_counts_text(const struct xlpt_loss_counts *counts);

#endif
