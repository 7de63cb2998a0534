/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that people write: what xlpt is configured by, and its pools. One "key = value" a
 * line, "[section]" lines where the reader knows such, '#' begins a comment unless it
 * stands in "quotes". Errors name the file, the line and the column.
 *
 * What xlpt keeps for itself is another format: lines of words under a first line that says
 * which (core/record.h).
 */
#ifndef XLPT_CORE_CONF_H
#define XLPT_CORE_CONF_H

#include "core/diag.h"
#include "core/host.h"

/*
 * The files of a folder like xlpt.conf.d in the order in which they are read, with the folder's
 * path before each: *.conf, but for those that begin with a dot. Caller frees with xlpt_strv_free.
 * 0 or a negative errno; then *paths is NULL.
 */
int xlpt_conf_files(struct xlpt_host *h, const char *dir, char ***paths);

struct xlpt_conf {
	const char *file; /* for messages, or NULL */
	struct xlpt_diag *diag;
	/*
	 * Keys and values are ASCII, and there is no control character, not even in a comment.
	 * Else lines may also end as on Windows.
	 */
	bool strict;
	bool comments; /* lines that are nothing but a comment are told, too */

	/* the line that was read last; its parts lie in text, NULL = not there */
	unsigned line; /* from 1 */
	char *text;
	char *comment; /* with its '#', when comments are told */
	char *section; /* with its brackets */
	char *key, *value;

	const char *next, *end; /* the reader's own */
	char *after_key;
};

/* c: file, diag and the flags are set. text stays the caller's. */
void xlpt_conf_begin(struct xlpt_conf *c, const char *text, size_t len);
/* The next line that says something: 1, 0 at the end, or XLPT_ERR_SYNTAX. */
int xlpt_conf_next(struct xlpt_conf *c);
/* XLPT_ERR_SYNTAX when the line's key has no value. */
int xlpt_conf_need_value(struct xlpt_conf *c);
void xlpt_conf_dispose(struct xlpt_conf *c);
#define _cleanup_conf_ XLPT_CLEANUP(xlpt_conf_dispose)

/* XLPT_ERR_SYNTAX at a place within the line's text (NULL: its beginning). hint may be NULL. */
int xlpt_conf_wrong(struct xlpt_conf *c, const char *at, const char *hint, const char *fmt, ...)
	XLPT_PRINTF(4, 5);

/* How much of a word a message repeats, for "%.*s". */
int xlpt_conf_shown(const char *word);

/*
 * A word up to a blank, or a quoted one with \" \\ and \xHH; *s moves behind it and the
 * blanks after it. NULL when the quotes do not end. Caller frees.
 */
char *xlpt_conf_word(const char **s);
/* The same back, in quotes where that is needed. */
void xlpt_conf_add_word(struct xlpt_str *out, const char *s);
/* A line: the key, and the value as one word. */
void xlpt_conf_add(struct xlpt_str *out, const char *key, const char *value);

#endif
