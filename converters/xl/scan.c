/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/scan.h"

#include <string.h>

#include "converters/xl/xl.h"

/*
 * libxlutil looks names up in a list and joins += by copying, so a hostile file
 * of a megabyte could keep it busy for hours. Real ones have tens of these.
 */
#define MAX_SETTINGS 4096
#define MAX_ITEMS    4096
#define MAX_DEPTH    8

struct scanner {
	struct xlpt_xl_scan *out;
	const char *p, *end;
	struct xlpt_diag *diag;
	int depth;
	bool value; /* p is where a value should begin */
};

void xlpt_xl_scan_dispose(struct xlpt_xl_scan *scan)
{
	free(scan->settings);
	free(scan->items);
	*scan = (struct xlpt_xl_scan){ 0 };
}

void xlpt_xl_where(const struct xlpt_xl_scan *scan, size_t off, unsigned *line, unsigned *column)
{
	const char *p = scan->text, *end = scan->text + off, *nl;

	*line = 1;
	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		p = nl + 1;
		(*line)++;
	}
	*column = (unsigned)(end - p) + 1;
}

int xlpt_xl_bad(const struct xlpt_xl_scan *scan, size_t off, struct xlpt_diag *diag,
		const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	unsigned line, column;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_xl_where(scan, off, &line, &column);
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s", what);
	xlpt_diag_at(diag, scan->file, line, column);
	return XLPT_ERR_SYNTAX;
}

#define BAD(s, at, ...) \
	xlpt_xl_bad((s)->out, (size_t)((at) - (s)->out->text), (s)->diag, __VA_ARGS__)

bool xlpt_xl_is(const struct xlpt_xl_scan *scan, const struct xlpt_xl_setting *s, const char *key)
{
	return strlen(key) == s->key_len && !memcmp(scan->text + s->key_off, key, s->key_len);
}

static int unexpected(struct scanner *s, const char *wanted)
{
	unsigned char c;

	if (s->p >= s->end)
		return BAD(s, s->p, "the file ends where %s is expected", wanted);
	c = (unsigned char)*s->p;
	if (c == '\r') {
		BAD(s, s->p, "a carriage return, which xl refuses");
		xlpt_diag_hint(s->diag, "give the file Unix line ends: sed -i 's/\\r$//' FILE");
		return XLPT_ERR_SYNTAX;
	}
	if (c == 0xef && s->p == s->out->text) {
		BAD(s, s->p, "a byte order mark, which xl refuses");
		xlpt_diag_hint(s->diag, "take it out: sed -i '1s/^\\xef\\xbb\\xbf//' FILE");
		return XLPT_ERR_SYNTAX;
	}
	if (c == '\n')
		return BAD(s, s->p, "the line ends where %s is expected", wanted);
	if (c < ' ' || c >= 0x7f)
		return BAD(s, s->p, "byte 0x%02x where %s is expected", c, wanted);
	return BAD(s, s->p, "'%c' where %s is expected", c, wanted);
}

/* Blanks, and with newlines also line ends and comments. */
static int skip(struct scanner *s, bool newlines)
{
	for (; s->p < s->end; s->p++) {
		if (*s->p == ' ' || *s->p == '\t' || (newlines && *s->p == '\n'))
			continue;
		if (*s->p != '#')
			break;
		if (!memchr(s->p, '\n', (size_t)(s->end - s->p))) {
			BAD(s, s->p, "the comment in the last line has no line end");
			xlpt_diag_fact(s->diag, "xl refuses such a file");
			xlpt_diag_hint(s->diag, "add a newline at the end");
			return XLPT_ERR_SYNTAX;
		}
		if (!newlines)
			break;
		s->p = memchr(s->p, '\n', (size_t)(s->end - s->p));
	}
	return 0;
}

static int string(struct scanner *s)
{
	const char *start = s->p;
	char quote = *s->p++;

	for (; s->p < s->end && *s->p != '\n'; s->p++) {
		if (*s->p == quote) {
			_cleanup_free_ char *value = NULL;

			s->p++;
			value = xlpt_xl_unquote(start, (size_t)(s->p - start));
			if (!value)
				return BAD(s, start,
					   "a \\ in this string is followed by what xl "
					   "does not know");
			return 0;
		}
		if (*s->p == '\\' && s->p + 1 < s->end && s->p[1] != '\n')
			s->p++;
	}
	return BAD(s, start, "this string does not end");
}

static int value(struct scanner *s, struct xlpt_xl_setting *set);

static int list(struct scanner *s, struct xlpt_xl_setting *set)
{
	const char *open = s->p++;
	int rc;

	if (++s->depth > MAX_DEPTH) {
		s->p = s->end; /* nothing of it is Python */
		return BAD(s, open, "lists are nested deeper than %d", MAX_DEPTH);
	}
	for (;;) {
		const char *start;

		rc = skip(s, true);
		if (rc)
			return rc;
		if (s->p < s->end && *s->p == ']')
			break;
		if (s->p >= s->end)
			return BAD(s, open, "this list does not end");
		start = s->p;
		rc = value(s, NULL);
		if (rc)
			return rc;
		if (set) {
			if (s->out->n_items >= MAX_ITEMS) {
				s->p = s->end; /* nothing of it is Python */
				return BAD(s, start, "more than %d items in lists", MAX_ITEMS);
			}
			XLPT_GROW(s->out->items, s->out->n_items, s->out->alloc_items);
			s->out->items[s->out->n_items++] = (struct xlpt_xl_item){
				.off = (size_t)(start - s->out->text),
				.len = (size_t)(s->p - start),
				.list = *start == '[',
			};
			set->n++;
		}
		rc = skip(s, true);
		if (rc)
			return rc;
		if (s->p >= s->end)
			return BAD(s, open, "this list does not end");
		if (*s->p == ',')
			s->p++;
		else if (*s->p != ']')
			return unexpected(s, "',' or ']'");
	}
	s->p++;
	s->depth--;
	return 0;
}

static int value(struct scanner *s, struct xlpt_xl_setting *set)
{
	if (s->p >= s->end)
		return unexpected(s, "a value");
	if (*s->p == '\'' || *s->p == '"')
		return string(s);
	if (*s->p >= '0' && *s->p <= '9') {
		while (s->p < s->end && *s->p && strchr("0123456789abcdefx", *s->p))
			s->p++;
		return 0;
	}
	if (*s->p == '[') {
		if (set) {
			set->list = true;
			set->first = s->out->n_items;
		}
		return list(s, set);
	}
	if (*s->p == '-' || *s->p == '+' || *s->p == '(' || (*s->p >= 'A' && *s->p <= 'Z') ||
	    (*s->p >= 'a' && *s->p <= 'z')) {
		s->value = true;
		unexpected(s, "a value");
		xlpt_diag_hint(s->diag,
			       "values are \"text\", numbers without a sign, or [ lists ]");
		return XLPT_ERR_SYNTAX;
	}
	return unexpected(s, "a value: \"text\", a number or a [ list ]");
}

static int statement(struct scanner *s)
{
	struct xlpt_xl_setting set = { .key_off = (size_t)(s->p - s->out->text) };
	int rc;

	if (*s->p < 'a' || *s->p > 'z')
		return unexpected(s, "a key");
	while (s->p < s->end && *s->p && strchr("abcdefghijklmnopqrstuvwxyz0123456789._", *s->p))
		s->p++;
	set.key_len = (size_t)(s->p - s->out->text) - set.key_off;
	rc = skip(s, false);
	if (rc)
		return rc;
	if (s->end - s->p >= 2 && s->p[0] == '+' && s->p[1] == '=') {
		set.add = true;
		s->p++;
	}
	if (s->p >= s->end || *s->p != '=')
		return unexpected(s, "'=' or '+='");
	s->p++;
	rc = skip(s, false);
	if (rc)
		return rc;
	set.off = (size_t)(s->p - s->out->text);
	s->depth = 0;
	rc = value(s, &set);
	if (rc)
		return rc;
	set.len = (size_t)(s->p - s->out->text) - set.off;
	set.stmt_len = set.off + set.len - set.key_off;
	rc = skip(s, false);
	if (rc)
		return rc;
	if (s->p < s->end && *s->p != '\n' && *s->p != ';' && *s->p != '#')
		return unexpected(s, "the end of the line");
	if (s->out->n >= MAX_SETTINGS) {
		s->p = s->end;
		return BAD(s, s->out->text + set.key_off, "more than %d settings", MAX_SETTINGS);
	}
	XLPT_GROW(s->out->settings, s->out->n, s->out->alloc);
	s->out->settings[s->out->n++] = set;
	return 0;
}

static int scan_all(struct scanner *s)
{
	const char *nul = memchr(s->p, 0, (size_t)(s->end - s->p));
	int rc;

	if (s->out->len > XLPT_XL_MAX) {
		s->p = s->end; /* nothing of it is Python */
		xlpt_diag_set(s->diag, XLPT_ERR_SYNTAX,
			      "larger than %u bytes: this is no xl "
			      "configuration",
			      XLPT_XL_MAX);
		xlpt_diag_at(s->diag, s->out->file, 1, 1);
		return XLPT_ERR_SYNTAX;
	}
	if (nul) {
		s->p = s->end; /* nothing of it is Python */
		return BAD(s, nul, "a NUL byte: this is no text");
	}
	for (;;) {
		rc = skip(s, true);
		if (rc || s->p >= s->end)
			return rc;
		if (*s->p == ';') {
			s->p++;
			continue;
		}
		rc = statement(s);
		if (rc)
			return rc;
	}
}

int xlpt_xl_scan(const char *text, size_t len, const char *file, struct xlpt_xl_scan *out,
		 struct xlpt_diag *diag)
{
	struct scanner s = { .out = out, .p = text, .end = text + len, .diag = diag };
	int rc;

	*out = (struct xlpt_xl_scan){ .text = text, .len = len, .file = file };
	rc = scan_all(&s);
	if (rc)
		xlpt_xl_explain(out, (size_t)(s.p - text), s.value, diag);
	if (rc)
		xlpt_xl_scan_dispose(out);
	return rc;
}

/* ---- quotes: xlu__cfgl_dequote's rules ---- */

/* clang-format off */
static const char escapes[][2] = { { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' }, { 'n', '\n' },
				   { 'r', '\r' }, { 't', '\t' }, { 'v', '\v' } };
/* clang-format on */

void xlpt_xl_quote(struct xlpt_str *out, const char *s)
{
	xlpt_str_add(out, "\"");
	for (; *s; s++) {
		char esc[2] = { '\\', *s };
		size_t i;

		for (i = 0; i < XLPT_ARRAY_SIZE(escapes); i++)
			if (*s == escapes[i][1])
				esc[1] = escapes[i][0];
		if (esc[1] != *s || *s == '"' || *s == '\\')
			xlpt_str_addn(out, esc, 2);
		else
			xlpt_str_addn(out, s, 1);
	}
	xlpt_str_add(out, "\"");
}

char *xlpt_xl_unquote(const char *raw, size_t len)
{
	struct xlpt_str out = { 0 };

	if (!len || (*raw != '"' && *raw != '\''))
		return xlpt_xstrndup(raw, len);
	for (size_t i = 1; i + 1 < len; i++) {
		char c = raw[i];

		if (c == '\\') {
			size_t k;

			c = raw[++i];
			for (k = 0; k < XLPT_ARRAY_SIZE(escapes); k++)
				if (c == escapes[k][0])
					break;
			if (k < XLPT_ARRAY_SIZE(escapes)) {
				c = escapes[k][1];
			} else if (c != '"' && c != '\'' && c != '\\') {
				/* libxlutil garbles \x41 and \101 (Xen 4.17 to 4.22). */
				xlpt_str_dispose(&out);
				return NULL;
			}
		}
		xlpt_str_addn(&out, &c, 1);
	}
	return xlpt_str_take(&out);
}
