/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libxl's own lines mean. libxl says which call failed and with which errno; the cause is
 * mostly somewhere else. Each row was seen in the lab or stands in libxl's source, and says where.
 *
 * docs/ERRORS.md is this table, printed; test-causes compares them.
 */
#ifndef XLPT_CAUSES_H
#define XLPT_CAUSES_H

#include "core/diag.h"

struct xlpt_cause {
	const char *words;  /* in a line of libxl's */
	const char *also;   /* ... and later in the same line, or NULL */
	const char *cause;  /* why */
	const char *mend;   /* what to do; NULL: nothing, the line is harmless */
	const char *source; /* the lab's scenario, or libxl's file and function */
};

extern const struct xlpt_cause xlpt_causes[];
extern const size_t xlpt_n_causes;

/*
 * The row for libxl's lines (newline separated): of the first line that has one. Lines that are
 * harmless count only when no other one says more. NULL: none is known.
 */
const struct xlpt_cause *xlpt_cause_find(const char *lines);

/* Adds the cause and what mends it to an error that has libxl's lines; without a row nothing. */
void xlpt_cause_explain(struct xlpt_diag *diag);

/* The table in Markdown. Caller frees. */
char *xlpt_causes_document(void);

#endif
