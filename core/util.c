/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/util.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

static void *need(void *p)
{
	if (!p) {
		fputs("xlpt: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xlpt_xcalloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size ? size : 1));
}

void *xlpt_xrealloc(void *p, size_t n, size_t size)
{
	return need(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xlpt_xstrdup(const char *s)
{
	return s ? need(strdup(s)) : NULL;
}

char *xlpt_xstrndup(const char *s, size_t n)
{
	return need(strndup(s, n));
}

char *xlpt_xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return need(s);
}

char *xlpt_xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void xlpt_str_addn(struct xlpt_str *str, const char *s, size_t n)
{
	if (str->len + n + 1 > str->alloc) {
		str->alloc = (str->len + n + 1) * 2;
		str->s = xlpt_xrealloc(str->s, str->alloc, 1);
	}
	memcpy(str->s + str->len, s, n);
	str->len += n;
	str->s[str->len] = '\0';
}

void xlpt_str_add(struct xlpt_str *str, const char *s)
{
	xlpt_str_addn(str, s, strlen(s));
}

void xlpt_str_addf(struct xlpt_str *str, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_str_add(str, s);
}

const char *xlpt_str_get(const struct xlpt_str *str)
{
	return str->s ? str->s : "";
}

char *xlpt_str_take(struct xlpt_str *str)
{
	char *s = str->s ? str->s : xlpt_xstrdup("");

	*str = (struct xlpt_str){ 0 };
	return s;
}

void xlpt_str_dispose(struct xlpt_str *str)
{
	free(str->s);
	*str = (struct xlpt_str){ 0 };
}

void xlpt_strv_free(char **v)
{
	if (!v)
		return;
	for (char **p = v; *p; p++)
		free(*p);
	free(v);
}

size_t xlpt_strv_len(char **v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static int strv_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void xlpt_strv_sort(char **v)
{
	if (v)
		qsort(v, xlpt_strv_len(v), sizeof(*v), strv_cmp);
}

bool xlpt_strv_has(char **v, const char *s)
{
	for (; v && *v; v++)
		if (!strcmp(*v, s))
			return true;
	return false;
}

void xlpt_strv_take(char ***v, char *s)
{
	size_t n = xlpt_strv_len(*v);

	*v = xlpt_xrealloc(*v, n + 2, sizeof(**v));
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void xlpt_strv_add(char ***v, const char *s)
{
	if (s)
		xlpt_strv_take(v, xlpt_xstrdup(s));
}

void xlpt_strv_addf(char ***v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xlpt_strv_take(v, xlpt_xvasprintf(fmt, ap));
	va_end(ap);
}

bool xlpt_parse_uint(const char *s, size_t n, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		unsigned d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if (c >= 'a' && c <= 'f')
			d = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			d = c - 'A' + 10;
		else
			return false;
		if (d >= base)
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

char *xlpt_chomp(char *s)
{
	size_t n = s ? strlen(s) : 0;

	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

char *xlpt_line_escape(const char *text)
{
	struct xlpt_str out = { 0 };

	for (; *text; text++) {
		if (*text == '\n')
			xlpt_str_add(&out, "\\n");
		else if (*text == '\r')
			xlpt_str_add(&out, "\\r");
		else if (*text == '\\')
			xlpt_str_add(&out, "\\\\");
		else
			xlpt_str_addn(&out, text, 1);
	}
	return xlpt_str_take(&out);
}

char *xlpt_line_unescape(const char *line)
{
	struct xlpt_str out = { 0 };

	for (; *line; line++) {
		bool escaped = *line == '\\' && line[1];

		line += escaped;
		xlpt_str_addn(&out,
			      escaped && *line == 'n'	? "\n"
			      : escaped && *line == 'r' ? "\r"
							: line,
			      1);
	}
	return xlpt_str_take(&out);
}

bool xlpt_streq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool xlpt_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

void xlpt_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
