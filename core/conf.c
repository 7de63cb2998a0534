/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf.h"

#include <string.h>

#define SHOWN 40

int xlpt_conf_files(struct xlpt_host *h, const char *dir, char ***paths)
{
	static const char suffix[] = ".conf";
	_cleanup_strv_ char **names = NULL;
	int r = xlpt_host_list(h, &names, "%s", dir);

	*paths = NULL;
	if (r < 0) {
		names = NULL;
		return r;
	}
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);
		size_t len = strlen(*n);

		if (**n != '.' && len >= sizeof(suffix) &&
		    !strcmp(*n + len - strlen(suffix), suffix))
			xlpt_strv_add(paths, path);
	}
	return 0;
}

void xlpt_conf_begin(struct xlpt_conf *c, const char *text, size_t len)
{
	c->next = text;
	c->end = text + len;
	c->line = 0;
	c->text = NULL;
}

void xlpt_conf_dispose(struct xlpt_conf *c)
{
	free(XLPT_TAKE(c->text));
}

int xlpt_conf_wrong(struct xlpt_conf *c, const char *at, const char *hint, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(c->diag, XLPT_ERR_SYNTAX, "%s", message);
	xlpt_diag_at(c->diag, c->file, c->line, at && c->text ? (unsigned)(at - c->text) + 1 : 1);
	if (hint)
		xlpt_diag_hint(c->diag, "%s", hint);
	return XLPT_ERR_SYNTAX;
}

int xlpt_conf_shown(const char *word)
{
	return (int)strnlen(word, SHOWN);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where the comment begins, or the line ends. */
static char *comment_of(char *line, size_t n)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < n && (quoted || line[i] != '#'); i++)
		quoted ^= line[i] == '"' && (i == 0 || line[i - 1] != '\\');
	return line + i;
}

/* Text for people and for a terminal: what is neither is named by its number. */
static int check_bytes(struct xlpt_conf *c, const char *comment, const char *end)
{
	for (const char *p = c->text; p < (c->strict ? end : comment); p++) {
		unsigned char byte = (unsigned char)*p;

		if ((byte < ' ' && byte != '\t') || (c->strict && byte == 0x7f))
			return xlpt_conf_wrong(c, p,
					       byte == '\r' ? "end the lines with a newline alone"
							    : "take it out",
					       "there is a control character (0x%02x)", byte);
		if (c->strict && byte >= 0x80 && p < comment)
			return xlpt_conf_wrong(c, p, "keys and values are plain ASCII",
					       "there is a byte 0x%02x outside of a comment", byte);
	}
	return 0;
}

/* 1 when the line says something. */
static int take_line(struct xlpt_conf *c, size_t n)
{
	char *end = c->text + n, *comment, *s;
	int rc;

	if (!c->strict && n && end[-1] == '\r')
		*--end = '\0';
	comment = comment_of(c->text, (size_t)(end - c->text));
	rc = check_bytes(c, comment, end);
	if (rc)
		return rc;
	s = c->text + strspn(c->text, " \t");
	if (s == comment) {
		c->comment = c->comments && *s == '#' ? s : NULL;
		return c->comment != NULL;
	}
	*comment = '\0';
	if (*s == '[') {
		c->section = s;
	} else {
		c->key = s;
		s += strcspn(s, " \t=");
		c->after_key = s + strspn(s, " \t");
		if (*c->after_key == '=')
			c->value = c->after_key + 1 + strspn(c->after_key + 1, " \t");
		*s = '\0';
	}
	s = c->value ? c->value : s;
	for (end = comment; end > s && blank(end[-1]); end--)
		end[-1] = '\0';
	return 1;
}

int xlpt_conf_next(struct xlpt_conf *c)
{
	int rc = 0;

	while (rc == 0 && c->next < c->end) {
		const char *nl = memchr(c->next, '\n', (size_t)(c->end - c->next));
		size_t n = (size_t)((nl ? nl : c->end) - c->next);

		free(c->text);
		c->text = xlpt_xcalloc(1, n + 1);
		memcpy(c->text, c->next, n);
		c->comment = c->section = c->key = c->value = NULL;
		c->next += n + (nl != NULL);
		c->line++;
		rc = take_line(c, n);
	}
	return rc;
}

int xlpt_conf_need_value(struct xlpt_conf *c)
{
	if (!c->value)
		return xlpt_conf_wrong(c, c->after_key, "write: key = value",
				       "expected '=' after %.*s", xlpt_conf_shown(c->key), c->key);
	if (!*c->value)
		return xlpt_conf_wrong(c, c->value, "write: key = value", "%.*s has no value",
				       xlpt_conf_shown(c->key), c->key);
	return 0;
}

char *xlpt_conf_word(const char **s)
{
	struct xlpt_str out = { 0 };
	const char *c = *s;

	if (*c != '"') {
		size_t n = strcspn(c, " \t");

		*s = c + n + strspn(c + n, " \t");
		return xlpt_xstrndup(c, n);
	}
	for (c++; *c && *c != '"'; c++) {
		uint64_t v = (unsigned char)*c;
		char byte;

		if (*c == '\\' && (c[1] == '"' || c[1] == '\\')) {
			v = (unsigned char)*++c;
		} else if (*c == '\\') {
			if (c[1] != 'x' || !c[2] || !c[3] ||
			    !xlpt_parse_uint(c + 2, 2, 16, 255, &v) || !v)
				break;
			c += 3;
		}
		byte = (char)v;
		xlpt_str_addn(&out, &byte, 1);
	}
	if (*c != '"' || (c[1] && !blank(c[1]))) {
		xlpt_str_dispose(&out);
		return NULL;
	}
	c++;
	*s = c + strspn(c, " \t");
	return xlpt_str_take(&out);
}

void xlpt_conf_add_word(struct xlpt_str *out, const char *s)
{
	bool plain = *s && *s != '"';

	for (const char *c = s; *c; c++)
		plain = plain && *c > ' ' && *c < 0x7f && *c != '#';
	if (plain) {
		xlpt_str_add(out, s);
		return;
	}
	xlpt_str_add(out, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			xlpt_str_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			xlpt_str_addf(out, "\\x%02x", (unsigned char)*s);
		else
			xlpt_str_addn(out, s, 1);
	}
	xlpt_str_add(out, "\"");
}

void xlpt_conf_add(struct xlpt_str *out, const char *key, const char *value)
{
	xlpt_str_addf(out, "%s = ", key);
	xlpt_conf_add_word(out, value);
	xlpt_str_add(out, "\n");
}
