/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quotes and escapes of strings, by the rules of libxlutil's xlu__cfgl_dequote. */
#include "converters/xl/scan.h"

#include <string.h>

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
