/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything stands in an xl configuration. The lexical rules are those
 * of libxlutil (tools/libs/util/libxlu_cfg_l.l); a text that passes here may
 * still be refused there, never the other way round.
 */
#ifndef XLPT_CONVERTERS_XL_SCAN_H
#define XLPT_CONVERTERS_XL_SCAN_H

#include "core/diag.h"

struct xlpt_xl_item {
	size_t off, len; /* raw, quotes included */
	bool list;	 /* a list inside a list */
};

struct xlpt_xl_setting {
	size_t key_off, key_len;
	size_t off, len; /* the raw value */
	size_t stmt_len; /* from the key to the end of the statement, line end not included */
	bool add;	 /* += */
	bool list;
	size_t first, n; /* items of a list */
};

struct xlpt_xl_scan {
	const char *text;
	size_t len;
	const char *file;
	struct xlpt_xl_setting *settings;
	size_t n, alloc;
	struct xlpt_xl_item *items;
	size_t n_items, alloc_items;
};

/* text and file must outlive the scan. SYNTAX with file:line:column on error. */
int xlpt_xl_scan(const char *text, size_t len, const char *file, struct xlpt_xl_scan *out,
		 struct xlpt_diag *diag);
void xlpt_xl_scan_dispose(struct xlpt_xl_scan *scan);
#define _cleanup_xl_scan_ XLPT_CLEANUP(xlpt_xl_scan_dispose)

void xlpt_xl_where(const struct xlpt_xl_scan *scan, size_t off, unsigned *line, unsigned *column);
bool xlpt_xl_is(const struct xlpt_xl_scan *scan, const struct xlpt_xl_setting *s, const char *key);
/* A SYNTAX error at an offset. Returns the code. */
int xlpt_xl_bad(const struct xlpt_xl_scan *scan, size_t off, struct xlpt_diag *diag,
		const char *fmt, ...) XLPT_PRINTF(4, 5);

/* Adds to an error at an offset that the line is Python, where it is; value: one should begin there. */
void xlpt_xl_explain(const struct xlpt_xl_scan *scan, size_t off, bool value,
		     struct xlpt_diag *diag);

/* s in quotes as libxlutil reads them back; NUL-terminated input. */
void xlpt_xl_quote(struct xlpt_str *out, const char *s);
/* A raw string or number item without quotes and escapes; NULL for escapes libxlutil refuses. */
char *xlpt_xl_unquote(const char *raw, size_t len);

#endif
