/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a list says that the kernel cannot read: for the message that names what
 * is to be written in its place.
 */
#include "pciback/boot/hide.h"

#include <string.h>

void xlpt_hide_readable(enum xlpt_hide_grammar grammar, const char *text,
			struct xlpt_hide_list *out)
{
	_cleanup_free_ char *meant = NULL;

	if (xlpt_hide_parse(grammar, text, out, NULL) == 0)
		return;
	for (const char *s = text; (s = strchr(s, '(')); s++) {
		_cleanup_free_ char *one = xlpt_xstrndup(s, strcspn(s, ")") + 1);
		_cleanup_hide_ struct xlpt_hide_list list = { 0 };

		if (xlpt_hide_parse(grammar, one, &list, NULL) == 0 && list.n)
			xlpt_hide_add(out, &list.items[0]);
	}
	meant = out->n ? NULL : xlpt_hide_meant(grammar, text);
	if (meant)
		xlpt_hide_parse(grammar, meant, out, NULL);
}

#define ANY (-1)
/* What stands between addresses; backslashes are those of a shell that never read them. */
#define BETWEEN "()[]{}<>,;+|\\\"' \t\n"

/* The numbers of one group; false: it cannot be an address. */
static bool numbers(char *group, int values[4], size_t *n)
{
	char *save = NULL;

	*n = 0;
	for (char *w = strtok_r(group, ":.", &save); w; w = strtok_r(NULL, ":.", &save)) {
		uint64_t v;

		if (*n == 4)
			return false;
		if (xlpt_starts(w, "0x"))
			w += 2;
		if (!strcmp(w, "*"))
			values[(*n)++] = ANY;
		else if (xlpt_parse_uint(w, strlen(w), 16, 0xffff, &v))
			values[(*n)++] = (int)v;
		else
			return false;
	}
	return *n >= 3;
}

static void number(struct xlpt_str *out, int v, const char *fmt_any, int width)
{
	if (v == ANY)
		xlpt_str_add(out, fmt_any);
	else
		xlpt_str_addf(out, "%0*x", width, (unsigned)v);
}

/* Segment only where one was written. */
static char *address(char *group)
{
	struct xlpt_str out = { 0 };
	int v[4], *p = v;
	size_t n;

	if (!numbers(group, v, &n))
		return NULL;
	xlpt_str_add(&out, "(");
	if (n == 4)
		xlpt_str_addf(&out, "%04x:", (unsigned)*p++);
	number(&out, p[0], "*", 2);
	xlpt_str_add(&out, ":");
	number(&out, p[1], "*", 2);
	xlpt_str_add(&out, ".");
	number(&out, p[2], "*", 1);
	xlpt_str_add(&out, ")");
	return xlpt_str_take(&out);
}

char *xlpt_hide_meant(enum xlpt_hide_grammar grammar, const char *text)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	_cleanup_hide_ struct xlpt_hide_list list = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 };
	char *save = NULL;

	for (char *g = strtok_r(copy, BETWEEN, &save); g; g = strtok_r(NULL, BETWEEN, &save)) {
		_cleanup_free_ char *one = address(g);

		if (!one)
			return NULL;
		if (!out.len || !strstr(xlpt_str_get(&out), one))
			xlpt_str_add(&out, one);
	}
	/* It has to be one that the kernel reads, with the numbers in their ranges. */
	if (!out.len || !strcmp(out.s, text) || xlpt_hide_lint(grammar, out.s, &list, NULL))
		return NULL;
	return xlpt_str_take(&out);
}
