/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xlpt keeps for itself: pins, leases, journals, the record of an image. Lines "key
 * value" under a first line that says which it is. Text that people write is another
 * format (core/conf.h).
 */
#ifndef XLPT_CORE_RECORD_H
#define XLPT_CORE_RECORD_H

#include "core/util.h"

struct xlpt_record {
	bool encoded;  /* values may be anybody's text: one line of ASCII (core/text.h) */
	unsigned line; /* of the text, from 1 */
	char *key,
		*value; /* of the line that was read last, in the text; value NULL: the key alone */
	char *next;	/* the reader's own */
};

/* Whether the text's first line is this; next reads on behind it. text is taken apart. */
bool xlpt_record_begin(struct xlpt_record *r, char *text, const char *first);
/* The next line that is not empty; false at the end. */
bool xlpt_record_next(struct xlpt_record *r);

/* A line of one that is encoded. */
void xlpt_record_add(struct xlpt_str *out, const char *key, const char *value);

#endif
