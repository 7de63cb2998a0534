/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/secret.h"

#include <ctype.h>
#include <string.h>

/* One line that is looked through: [at, end) is still to come. */
struct line {
	const char *start, *at, *end;
	struct xlpt_str *out, *names;
	size_t found;
};

/* ---- what names a secret ---- */

static bool has_word(const char *key, size_t n, const char *const *words)
{
	for (; *words; words++)
		if (memmem(key, n, *words, strlen(*words)))
			return true;
	return false;
}

static bool ends_with(const char *key, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && !memcmp(key + n - len, word, len);
}

/* The last part of a key that dots and dashes divide. */
static bool last_is(const char *key, size_t n, const char *word)
{
	size_t len = strlen(word);

	return ends_with(key, n, word) && (n == len || strchr("._-", key[n - len - 1]));
}

/* *path: a value that is a path is where the secret is kept, and none. */
static bool names_secret(const char *text, size_t n, bool *path)
{
	static const char *const words[] = { "passw",	"passphrase", "secret",	     "psk",
					     "token",	"credential", "apikey",	     "api_key",
					     "api-key", "privkey",    "private_key", "private-key",
					     NULL };
	static const char *const users[] = { "user", "name", NULL };
	_cleanup_free_ char *key = xlpt_xstrndup(text, n);

	for (size_t i = 0; i < n; i++)
		key[i] = (char)tolower((unsigned char)key[i]);
	*path = last_is(key, n, "key") || ends_with(key, n, "file") || ends_with(key, n, "path");
	if (has_word(key, n, words) || last_is(key, n, "key"))
		return true;
	if (memmem(key, n, "chap", 4) && !has_word(key, n, users))
		return true;
	/* cifspass, rootpw; not iommu.bypass */
	return (ends_with(key, n, "pass") && !ends_with(key, n, "bypass")) ||
	       last_is(key, n, "pwd") || last_is(key, n, "pw") || ends_with(key, n, "rootpw");
}

/* ---- writing ---- */

static void copy_to(struct line *l, const char *to)
{
	xlpt_str_addn(l->out, l->at, (size_t)(to - l->at));
	l->at = to;
}

static bool named(const char *names, const char *what)
{
	size_t n = strlen(what);

	for (const char *p = names; (p = strstr(p, what)); p++)
		if ((p == names || p[-1] == ' ') && (!p[n] || p[n] == ','))
			return true;
	return false;
}

static void take_out(struct line *l, const char *from, const char *to, const char *name, size_t n)
{
	_cleanup_free_ char *what = xlpt_xstrndup(name, n);
	size_t mark = strlen(XLPT_SECRET_MARK);

	copy_to(l, from);
	/* It was taken out before, by whoever made this text. */
	if ((size_t)(to - from) == mark && !memcmp(from, XLPT_SECRET_MARK, mark)) {
		copy_to(l, to);
		return;
	}
	xlpt_str_add(l->out, XLPT_SECRET_MARK);
	l->at = to;
	l->found++;
	if (!named(xlpt_str_get(l->names), what))
		xlpt_str_addf(l->names, "%s%s", l->names->len ? ", " : "", what);
}

/* ---- where a value ends ---- */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p;
}

/* The end of a word; a blank after a backslash is of it. */
static const char *word_end(const char *p, const char *end)
{
	while (p < end && !blank(*p))
		p += *p == '\\' && p + 1 < end ? 2 : 1;
	return p;
}

/* Brackets and quotes that belong to what is around the word stay. */
static const char *without_closers(const char *from, const char *to)
{
	while (to > from && strchr("\"',;)]}", to[-1]) && to[-1])
		to--;
	return to;
}

/* Behind an opening quote, which may be \": the closing one, or the end of the line. */
static const char *quote_end(const char *p, const char *end, char quote, bool escaped)
{
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end) {
			if (escaped && p[1] == quote)
				return p;
			p++;
		} else if (*p == quote && !escaped) {
			return p;
		}
	}
	return end;
}

/* In a list of xl's (vfb = [ 'vnc=1,vncpasswd=a b' ]) a value may have blanks. */
static bool in_list(const char *key, size_t n)
{
	return (n == 9 && !memcmp(key, "vncpasswd", n)) ||
	       (n == 11 && !memcmp(key, "spicepasswd", n));
}

static const char *list_end(const char *p, const char *end)
{
	while (p < end && !strchr(",'\"]", *p))
		p++;
	return p;
}

static void value_at(struct line *l, const char *key, size_t n, const char *p, char around)
{
	bool path, escaped = p + 1 < l->end && *p == '\\' && (p[1] == '"' || p[1] == '\'');
	const char *from = p, *to;

	names_secret(key, n, &path);
	if (escaped || (p < l->end && (*p == '"' || *p == '\''))) {
		from = p + 1 + escaped;
		to = quote_end(from, l->end, p[escaped], escaped);
	} else if (around) {
		to = quote_end(from, l->end, around, false);
	} else if (in_list(key, n)) {
		to = list_end(from, l->end);
	} else {
		to = without_closers(from, word_end(from, l->end));
	}
	if (to > from && !(path && *from == '/'))
		take_out(l, from, to, key, n);
}

/* ---- the forms ---- */

static bool key_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* KEY=VALUE and its like, with the key at p. True when it was one. */
static bool key_and_value(struct line *l, const char *p)
{
	const char *key = p, *end = p, *value;
	char around = 0;
	bool path;
	size_t n;

	while (end < l->end && key_char(*end))
		end++;
	n = (size_t)(end - key);
	if (!names_secret(key, n, &path))
		return false;
	/* "key=value with blanks": the quote is the word's own, and not that of what it is part of. */
	if (key > l->start && (key[-1] == '"' || key[-1] == '\'') &&
	    (key - 1 == l->start || key[-2] != '='))
		around = key[-1];
	value = end;
	if (around && value < l->end && *value == around) {
		around = 0;
		value++;
	}
	value = skip_blanks(value, l->end);
	if (value < l->end && (*value == '=' || *value == ':'))
		value = skip_blanks(value + 1, l->end);
	else if (n < 3 || memcmp(key, "--", 2) || value == end)
		return false;
	value_at(l, key, n, value, around);
	return true;
}

/* SCHEME://USER:PASSWORD@ with p at "://", iscsi:USER:PASSWORD@ with p behind its colon. */
static void before_at(struct line *l, const char *from, const char *stop, const char *name)
{
	const char *at = NULL;

	for (const char *p = from; p < stop; p++)
		if (*p == '@')
			at = p;
	if (at && at > from)
		take_out(l, from, at, name, strlen(name));
}

static bool starts(const struct line *l, const char *p, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(l->end - p) >= n && !strncasecmp(p, word, n);
}

static const char *plain_end(const struct line *l, const char *p, const char *stop)
{
	while (p < l->end && !blank(*p) && !strchr(stop, *p))
		p++;
	return p;
}

/* $6$SALT$HASH and the like (crypt(5)). */
static bool crypted(const struct line *l, const char *p)
{
	static const char *const ids[] = { "$1$",  "$5$",     "$6$",  "$7$",  "$y$",
					   "$gy$", "$2a$",    "$2b$", "$2y$", "$apr1$",
					   "$md5", "$argon2", NULL };

	for (const char *const *id = ids; *id; id++)
		if (starts(l, p, *id))
			return plain_end(l, p, "\"' ;)") - p > 20;
	return false;
}

static void at_position(struct line *l, const char *p)
{
	bool first = p == l->start || !key_char(p[-1]);

	if (first && key_char(*p) && key_and_value(l, p))
		return;
	if (first && starts(l, p, "iscsi:"))
		before_at(l, p + 6, plain_end(l, p + 6, "\"'"), "iscsi");
	else if (starts(l, p, "://"))
		before_at(l, p + 3, plain_end(l, p + 3, "\"'/"), "password in an address");
	else if (starts(l, p, "grub.pbkdf2.") || crypted(l, p))
		take_out(l, p, plain_end(l, p, "\"'"), "hash of a password", 18);
	else if (starts(l, p, "DHHC-1:") || starts(l, p, "NVMeTLSkey-1:"))
		take_out(l, p, plain_end(l, p, "\"',"), "NVMe key", 8);
}

/* "password_pbkdf2 root HASH", "wpa-psk WORDS", "/vm/X/vncpasswd VALUE": the rest of the line. */
static void whole_line(struct line *l)
{
	static const char *const words[] = { "password",   "password_pbkdf2", "passwd",
					     "passphrase", "secret",	      "wpa-psk",
					     "wpa_psk",	   "wpa-passphrase",  "wpa_passphrase" };
	const char *word = l->start, *key, *end, *value;
	bool path = false, known = false;

	while (word < l->end && (blank(*word) || *word == '#'))
		word++;
	for (key = end = word; end < l->end && (key_char(*end) || *end == '/'); end++)
		if (*end == '/')
			key = end + 1;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		known |= (size_t)(end - key) == strlen(words[i]) &&
			 !strncasecmp(key, words[i], (size_t)(end - key));
	known |= key > word && *word == '/' && names_secret(key, (size_t)(end - key), &path) &&
		 !path;
	value = skip_blanks(end, l->end);
	if (!known || value == end || value == l->end || *value == '=' || *value == ':')
		return;
	take_out(l, value, l->end, key, (size_t)(end - key));
}

size_t xlpt_secrets_take_out(const char *text, size_t len, struct xlpt_str *out,
			     struct xlpt_str *names)
{
	const char *end = text + len;
	size_t found = 0;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		struct line l = { .start = text,
				  .at = text,
				  .end = eol ? eol : end,
				  .out = out,
				  .names = names };

		whole_line(&l);
		for (const char *p = text; p < l.end; p++)
			if (p >= l.at)
				at_position(&l, p);
		copy_to(&l, l.end);
		if (eol)
			xlpt_str_addn(out, "\n", 1);
		found += l.found;
		text = eol ? eol + 1 : end;
	}
	return found;
}
