/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small helpers that every layer uses: scope-bound cleanup, growing strings,
 * strict number parsing. Out of memory is not a condition xlpt recovers from:
 * the x* allocators abort with a message, so callers need no branch for it.
 */
#ifndef XLPT_CORE_UTIL_H
#define XLPT_CORE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define XLPT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define XLPT_PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define XLPT_CLEANUP(fn)   __attribute__((cleanup(fn)))
#define _cleanup_free_	   XLPT_CLEANUP(xlpt_freep)
#define _cleanup_close_	   XLPT_CLEANUP(xlpt_closep)
#define _cleanup_str_	   XLPT_CLEANUP(xlpt_str_dispose)
#define _cleanup_strv_	   XLPT_CLEANUP(xlpt_strv_freep)

/* Hands a pointer on and forgets it, so that its cleanup does nothing. */
#define XLPT_TAKE(p)                        \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

void *xlpt_xcalloc(size_t n, size_t size);
void *xlpt_xrealloc(void *p, size_t n, size_t size);
char *xlpt_xstrdup(const char *s); /* NULL gives NULL */
char *xlpt_xstrndup(const char *s, size_t n);
char *xlpt_xasprintf(const char *fmt, ...) XLPT_PRINTF(1, 2);
char *xlpt_xvasprintf(const char *fmt, va_list ap) XLPT_PRINTF(1, 0);

/*
 * Makes room for one more element in a growing array: *items has room for
 * *alloc elements of size bytes and holds n.
 */
#define XLPT_GROW(items, n, alloc)                                                   \
	do {                                                                         \
		if ((n) >= (alloc)) {                                                \
			(alloc) = (alloc) ? (alloc)*2 : 8;                           \
			(items) = xlpt_xrealloc((items), (alloc), sizeof(*(items))); \
		}                                                                    \
	} while (0)

/* A growing, always terminated string. All zero is a valid empty one. */
struct xlpt_str {
	char *s; /* NULL while nothing was added */
	size_t len;
	size_t alloc;
};

void xlpt_str_add(struct xlpt_str *str, const char *s);
void xlpt_str_addn(struct xlpt_str *str, const char *s, size_t n);
void xlpt_str_addf(struct xlpt_str *str, const char *fmt, ...) XLPT_PRINTF(2, 3);
const char *xlpt_str_get(const struct xlpt_str *str); /* never NULL */
char *xlpt_str_take(struct xlpt_str *str);	      /* caller frees; never NULL */
void xlpt_str_dispose(struct xlpt_str *str);

/* A NULL-terminated vector of strings. */
void xlpt_strv_free(char **v);
size_t xlpt_strv_len(char **v);
void xlpt_strv_sort(char **v);
bool xlpt_strv_has(char **v, const char *s);  /* v may be NULL, here and below */
void xlpt_strv_add(char ***v, const char *s); /* a copy, at the end; NULL adds nothing */
void xlpt_strv_addf(char ***v, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_strv_take(char ***v, char *s); /* s itself, which is the vector's then */

/*
 * Strict unsigned number: digits of the base only, no sign, no blank, no
 * prefix, all of s[0..n) used, value at most max. Returns false otherwise.
 */
bool xlpt_parse_uint(const char *s, size_t n, unsigned base, uint64_t max, uint64_t *out);

/* Removes trailing newlines and blanks in place; returns s. */
char *xlpt_chomp(char *s);

/* A text of any lines as one line, and back (line breaks and '\\' are escaped). Caller frees. */
char *xlpt_line_escape(const char *text);
char *xlpt_line_unescape(const char *line);

bool xlpt_streq(const char *a, const char *b); /* NULL equals only NULL */
bool xlpt_starts(const char *s, const char *prefix);

static inline void xlpt_freep(void *p)
{
	free(*(void **)p);
}

void xlpt_closep(int *fd);
static inline void xlpt_strv_freep(char ***v)
{
	xlpt_strv_free(*v);
}

#endif
