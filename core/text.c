/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/text.h"

#include <string.h>

#define OPERATORS "|&;<>()*?[\n" /* of a shell, where no quotes are */

size_t xlpt_text_char(const char *s, size_t n, uint32_t *code)
{
	const unsigned char *p = (const unsigned char *)s;
	/* The smallest character of so many bytes: a smaller one in so many is no valid UTF-8. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = n == 0	   ? 0
		     : p[0] < 0x80 ? 1
		     : p[0] < 0xc0 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf8 ? 4
				   : 0;

	if (len == 0 || len > n)
		return 0;
	*code = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

bool xlpt_text_is_order(uint32_t code)
{
	/* Unicode's Cc, Zl, Zp, and of Cf and the like what moves or hides text. */
	/* clang-format off */
	static const uint32_t ranges[][2] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},	{0x61c, 0x61c},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},	{0x2060, 0x206f},
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};
	/* clang-format on */

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ranges); i++)
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	return false;
}

static void add_bytes(struct xlpt_str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(out, "\\x%02x", (unsigned char)s[i]);
}

void xlpt_text_show(struct xlpt_str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t code = 0;
		size_t len = xlpt_text_char(s + i, n - i, &code);

		if (len && !xlpt_text_is_order(code))
			xlpt_str_addn(out, s + i, len);
		else if (len == 1 && (code == '\n' || code == '\t' || code == '\r'))
			xlpt_str_add(out, code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r");
		else
			add_bytes(out, s + i, len ? len : 1);
		i += len ? len : 1;
	}
}

char *xlpt_text_shown(const char *s)
{
	struct xlpt_str out = { 0 };

	if (!s)
		return NULL;
	xlpt_text_show(&out, s, strlen(s));
	return xlpt_str_take(&out);
}

bool xlpt_text_is_plain(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n;) {
		uint32_t code;
		size_t len = xlpt_text_char(s + i, n - i, &code);

		if (!len || xlpt_text_is_order(code))
			return false;
		i += len;
	}
	return true;
}

/* What no shell takes for anything but itself; and letters beyond ASCII. */
static bool is_safe(char c)
{
	return (c & 0x80) || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c && strchr("_@%+=:,./-", c));
}

const char *xlpt_text_word(const char *s, char *buf, size_t size)
{
	bool plain = !s || xlpt_text_is_plain(s);
	_cleanup_str_ struct xlpt_str out = { 0 };
	const char *c = s ? s : (s = "");

	while (*c && is_safe(*c))
		c++;
	if (plain && *s && !*c)
		return s;
	xlpt_str_add(&out, plain ? "'" : "$'");
	for (c = s; *c; c++)
		if (plain && *c == '\'')
			xlpt_str_add(&out, "'\\''");
		else if (plain || (is_safe(*c) && !(*c & 0x80)))
			xlpt_str_addn(&out, c, 1);
		else
			add_bytes(&out, c, 1);
	xlpt_str_add(&out, "'");
	snprintf(buf, size, "%s", out.len < size ? out.s : "...");
	return buf;
}

/* One word of the line; *at is behind it afterwards. False: a shell would do more with it. */
static bool split_word(const char **at, struct xlpt_str *word)
{
	const char *p = *at;
	char quote = 0;

	xlpt_str_add(word, "");
	if (*p == '~' || *p == '#')
		return false;
	for (; *p && (quote || !strchr(" \t", *p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? 0 : *p;
			continue;
		}
		if (*p == '\\' && !quote) {
			if (!*++p || *p == '\n')
				return false;
		} else if (*p == '\\' && quote == '"' && p[1] && strchr("\"\\$`", p[1])) {
			p++;
		} else if (quote != '\'' &&
			   (strchr("$`", *p) || (!quote && strchr(OPERATORS, *p)))) {
			return false;
		}
		xlpt_str_addn(word, p, 1);
	}
	*at = p;
	return !quote;
}

char **xlpt_text_split(const char *line)
{
	char **words = NULL;

	for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
		struct xlpt_str word = { 0 };

		if (!split_word(&line, &word)) {
			xlpt_str_dispose(&word);
			xlpt_strv_free(words);
			return NULL;
		}
		xlpt_strv_take(&words, xlpt_str_take(&word));
	}
	return words ? words : xlpt_xcalloc(1, sizeof(*words));
}

void xlpt_text_encode(struct xlpt_str *out, const char *s)
{
	for (; *s; s++)
		if (*s >= ' ' && *s < 0x7f && *s != '\\')
			xlpt_str_addn(out, s, 1);
		else
			add_bytes(out, s, 1);
}

char *xlpt_text_encoded(const char *s)
{
	struct xlpt_str out = { 0 };

	if (!s)
		return NULL;
	xlpt_text_encode(&out, s);
	return xlpt_str_take(&out);
}

char *xlpt_text_decode(char *s)
{
	char *to = s;
	uint64_t byte;

	for (const char *from = s; *from;) {
		if (from[0] == '\\' && from[1] == 'x' && from[2] && from[3] &&
		    xlpt_parse_uint(from + 2, 2, 16, 0xff, &byte) && byte) {
			*to++ = (char)byte;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return s;
}
