/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a line that xl cannot read is: a value without its quotes, a list with a comma too few or too
 * many, a part of a number, a key in capitals, or a configuration of xm, which was a program in Python.
 */
#include "converters/xl/scan.h"

#include <string.h>

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* A statement that is none of xl's: "import os", "if x:", "def f(a):". */
static bool is_python_statement(const char *line, const char *end)
{
	/* clang-format off */
	static const char *const words[] = { "import", "from", "def", "if", "elif", "else", "for",
					     "while", "try", "except", "finally", "with", "print",
					     "return", "class", "global", "exec", "del", "raise",
					     "pass", "assert", "lambda" };
	/* clang-format on */
	size_t n = 0;

	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	while (line + n < end && is_word(line[n]))
		n++;
	if (n && line + n < end && line[n] == '.') /* "sys.path", which is no key of xl's */
		return true;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == n && !strncmp(line, words[i], n)) {
			line += n;
			while (line < end && (*line == ' ' || *line == '\t'))
				line++;
			return line == end || *line != '=';
		}
	return false;
}

/*
 * Whether what stopped the scan is what xm, which ran its configurations as Python, would have
 * read: an operator or a call behind a value or a name, a name as a value, three quotes.
 */
static bool is_python(const struct xlpt_xl_scan *scan, size_t off, bool value, bool *statement)
{
	const char *text = scan->text, *p = text + off, *end = text + scan->len, *line = p;

	while (line > text && line[-1] != '\n')
		line--;
	*statement = p < end && is_python_statement(line, end);
	if (p >= end || *statement)
		return *statement;
	/* "(", "{" and the like; quotes behind a string; a tuple; a line that goes on. */
	if (strchr("%+*({)}.\"',\\/<>!@:", *p) || (*p == '[' && p > line && is_word(p[-1])))
		return *p;
	if (*p == '=' && p > line)
		return true; /* "==" */
	/* "name = hostname", "Name = 1", "vmName = 1"; not "memory = 512M". */
	if (!is_word(*p) || (*p >= '0' && *p <= '9'))
		return false;
	return value || p == line ||
	       (is_word(p[-1]) && *p >= 'A' && *p <= 'Z' && !memchr(line, '=', (size_t)(p - line)));
}

/* 01:00.0, 00:16:3e:00:00:01 and 0.0.0.0 without quotes: begins with a digit, and that was read as a number. */
static bool lacks_quotes(const struct xlpt_xl_scan *scan, size_t off, const char **token, size_t *n)
{
	const char *p = scan->text + off, *end = scan->text + scan->len, *from = p;

	while (from > scan->text && is_word(from[-1]))
		from--;
	if (from == p || *from < '0' || *from > '9' || p >= end || (*p != ':' && *p != '.'))
		return false;
	*token = from;
	for (*n = 0; from + *n < end && (is_word(from[*n]) || strchr(":.*@=-/", from[*n])); ++*n)
		if (!from[*n])
			break;
	return *p == ':' || memchr(p + 1, '.', (size_t)(from + *n - p - 1)) != NULL;
}

/* A string, blanks or a line end, and the next one. */
static bool lacks_comma(const struct xlpt_xl_scan *scan, size_t off)
{
	const char *p = scan->text + off, *before = p;

	if (off >= scan->len || (*p != '"' && *p != '\''))
		return false;
	while (before > scan->text && strchr(" \t\n", before[-1]))
		before--;
	return before != p && before > scan->text && (before[-1] == '"' || before[-1] == '\'');
}

/* Where a value should begin there is a comma: behind another one, or at the beginning of a list. */
static bool has_comma_too_many(const struct xlpt_xl_scan *scan, size_t off)
{
	const char *p = scan->text + off, *before = p;

	if (off >= scan->len || *p != ',')
		return false;
	while (before > scan->text && strchr(" \t\n", before[-1]))
		before--;
	return before > scan->text && (before[-1] == ',' || before[-1] == '[');
}

/* "1.5" */
static bool has_fraction(const struct xlpt_xl_scan *scan, size_t off)
{
	const char *p = scan->text + off, *end = scan->text + scan->len, *from = p;

	while (from > scan->text && is_word(from[-1]))
		from--;
	return off < scan->len && *p == '.' && from < p && *from >= '0' && *from <= '9' &&
	       end - p > 1 && p[1] >= '0' && p[1] <= '9';
}

/* "Name = 'x'": a word with a capital letter where a key begins. Returns its length, or 0. */
static size_t capital_key(const struct xlpt_xl_scan *scan, size_t off)
{
	const char *p = scan->text + off, *end = scan->text + scan->len, *line = p;
	size_t n = 0;

	while (line > scan->text && (line[-1] == ' ' || line[-1] == '\t'))
		line--;
	if (line > scan->text && line[-1] != '\n')
		return 0;
	if (off >= scan->len || *p < 'A' || *p > 'Z')
		return 0;
	while (p + n < end && is_word(p[n]))
		n++;
	for (p += n; p < end && (*p == ' ' || *p == '\t'); p++)
		;
	return p < end && *p == '=' ? n : 0;
}

static bool explain_small(const struct xlpt_xl_scan *scan, size_t off, struct xlpt_diag *diag)
{
	size_t n = capital_key(scan, off);

	if (n) {
		_cleanup_free_ char *key = xlpt_xstrndup(scan->text + off, n);

		for (char *s = key; *s; s++)
			*s = (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
		xlpt_diag_fact(diag,
			       "a key of xl has small letters only; a variable of xm's Python "
			       "could have others");
		xlpt_diag_hint(diag,
			       "write \"%s\" if that is the key; write what a variable holds "
			       "where it is used",
			       key);
		return true;
	}
	if (has_comma_too_many(scan, off)) {
		xlpt_diag_fact(diag, "nothing stands in front of this comma");
		xlpt_diag_hint(diag, "take this comma out");
		return true;
	}
	if (has_fraction(scan, off)) {
		xlpt_diag_fact(diag, "xl has whole numbers only");
		xlpt_diag_hint(diag, "write a whole number, or put the text in quotes");
		return true;
	}
	return false;
}

void xlpt_xl_explain(const struct xlpt_xl_scan *scan, size_t off, bool value,
		     struct xlpt_diag *diag)
{
	const char *token;
	bool statement;
	size_t n;

	if (!diag || diag->fact)
		return;
	if (lacks_quotes(scan, off, &token, &n)) {
		xlpt_diag_fact(diag, "only a number may stand without quotes");
		xlpt_diag_hint(diag, "write \"%.*s\"", (int)n, token);
		return;
	}
	if (lacks_comma(scan, off)) {
		xlpt_diag_fact(diag, "two strings stand here with nothing between them");
		xlpt_diag_hint(diag, "write a comma between them, or make one string of them");
		return;
	}
	if (explain_small(scan, off, diag) || !is_python(scan, off, value, &statement))
		return;
	xlpt_diag_fact(diag, "this line is Python, which xm read and xl does not");
	if (statement)
		xlpt_diag_hint(diag, "take it out, and write what it works out as a value where it "
				     "is used: \"text\", a number or a [ list ]");
	else
		xlpt_diag_hint(diag,
			       "write the value itself: \"text\", a number without a sign, or a "
			       "[ list ] of them");
}
