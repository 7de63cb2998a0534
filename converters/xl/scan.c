/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/xl/scan.h"

#include <string.h>

#include "converters/xl/xl.h"
#include "core/text.h"

/*
 * libxlutil looks names up in a list and joins += by copying, so a hostile file
 * of a megabyte could keep it busy for hours. Real ones have tens of these.
 */
#define MAX_SETTINGS 4096
#define MAX_ITEMS    4096
#define MAX_DEPTH    8

static const char key_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789._";

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

/* Its first character. */
static bool is_first(const struct scanner *s)
{
	return s->out->text + strspn(s->out->text, " \t\n") == s->p;
}

static int is_xml(struct scanner *s)
{
	BAD(s, s->p, "this is XML, as libvirt has it, and no configuration of xl");
	xlpt_diag_fact(s->diag, "it begins with '<'");
	xlpt_diag_hint(s->diag, "make a configuration of it: xlpt convert %s -o GUEST.cfg",
		       XLPT_WORD(s->out->file));
	return XLPT_ERR_SYNTAX;
}

static int unexpected(struct scanner *s, const char *wanted)
{
	unsigned char c;

	if (s->p < s->end && *s->p == '<' && is_first(s))
		return is_xml(s);
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

/* In libxlutil a string ends in its line; s->p is at the end of that line. */
static int unended_string(struct scanner *s, const char *start)
{
	BAD(s, start, "this string does not end");
	if (s->p - start > 2 && s->p[-1] == *start && s->p[-2] == '\\') {
		xlpt_diag_fact(s->diag, "\\%c is a quote in the string, not its end", *start);
		xlpt_diag_hint(s->diag, "write \\\\ for a \\ at the end of the string");
	} else {
		xlpt_diag_fact(s->diag,
			       "it begins with %c here, and in this line no other %c ends it",
			       *start, *start);
		xlpt_diag_hint(s->diag, "end it with %c in the same line", *start);
	}
	return XLPT_ERR_SYNTAX;
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
	return unended_string(s, start);
}

static int value(struct scanner *s, struct xlpt_xl_setting *set);

/* "key =" at the beginning of a line: in a list, that is the setting behind one that was not ended. */
static size_t setting_here(const struct scanner *s)
{
	const char *p = s->p;
	size_t n = 0;

	while (p > s->out->text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	if (p > s->out->text && p[-1] != '\n')
		return 0;
	for (p = s->p; p + n < s->end && p[n] && strchr(key_chars, p[n]); n++)
		;
	for (p += n; p < s->end && (*p == ' ' || *p == '\t'); p++)
		;
	p += s->end - p > 1 && *p == '+';
	return p < s->end && *p == '=' && (s->end - p == 1 || p[1] != '=') ? n : 0;
}

static int unended_list(struct scanner *s, const char *open)
{
	size_t key = setting_here(s);
	const char *at = s->p;
	unsigned line, column;

	s->p = s->end; /* nothing of it is Python */
	BAD(s, open, "this list does not end");
	xlpt_xl_where(s->out, (size_t)(at - s->out->text), &line, &column);
	if (key)
		xlpt_diag_fact(s->diag, "\"%.*s =\" in line %u is the next setting", (int)key, at,
			       line);
	else
		xlpt_diag_fact(s->diag, "the file ends before a ']' ends it");
	xlpt_diag_hint(s->diag, "write ] behind the last item of the list");
	return XLPT_ERR_SYNTAX;
}

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
		if (s->p >= s->end || setting_here(s))
			return unended_list(s, open);
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
		if (s->p >= s->end || setting_here(s))
			return unended_list(s, open);
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
	while (s->p < s->end && *s->p && strchr(key_chars, *s->p))
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
		bool wide = s->out->len >= 2 && (memcmp(s->out->text, "\xff\xfe", 2) == 0 ||
						 memcmp(s->out->text, "\xfe\xff", 2) == 0);

		s->p = s->end; /* nothing of it is Python */
		if (!wide)
			return BAD(s, nul, "a NUL byte: this is no text");
		BAD(s, s->out->text, "UTF-16, which xl cannot read");
		xlpt_diag_hint(s->diag, "make plain text of it: iconv -f UTF-16 -t UTF-8 FILE");
		return XLPT_ERR_SYNTAX;
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
