/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts that setters stand in. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "pciback/sriov/setter-internal.h"

#define BLANKS " \t\r"

char *xlpt_setter_text(struct xlpt_host *h, const char *path)
{
	_cleanup_str_ struct xlpt_str text = { 0 };

	return xlpt_file_read(h, path, XLPT_SETTER_TEXT, &text) < 0 ? NULL : xlpt_str_take(&text);
}

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !strcmp(s + n - k, suffix);
}

char **xlpt_setter_files(struct xlpt_host *h, const char *const *dirs, size_t n, const char *suffix)
{
	_cleanup_strv_ char **names = NULL;
	char **paths = NULL;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_strv_ char **here = NULL;

		if (xlpt_host_list(h, &here, "%s", dirs[i]) < 0)
			continue;
		for (char **p = here; *p && count < XLPT_SETTER_FILES; p++) {
			if (**p == '.' || !ends(*p, suffix) || xlpt_strv_has(names, *p))
				continue;
			xlpt_strv_add(&names, *p);
			count++;
		}
	}
	if (names)
		xlpt_strv_sort(names);
	for (char **p = names; p && *p; p++)
		for (size_t i = 0; i < n; i++)
			if (xlpt_host_has(h, "%s/%s", dirs[i], *p)) {
				xlpt_strv_addf(&paths, "%s/%s", dirs[i], *p);
				break;
			}
	return paths;
}

char *xlpt_setter_trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n && strchr(BLANKS, s[n - 1]); n--)
		s[n - 1] = '\0';
	if (n > 1 && (*s == '"' || *s == '\'') && s[n - 1] == *s) {
		s[n - 1] = '\0';
		s++;
	}
	return s;
}

bool xlpt_ini_next(struct xlpt_ini *ini)
{
	char *line;

	while (ini->next && (line = xlpt_file_line(&ini->next))) {
		char *s = line + strspn(line, BLANKS), *eq;

		ini->line++;
		if (*s == '[') {
			s[strcspn(s, "]")] = '\0';
			ini->section = s + 1;
			ini->key = NULL;
			return true;
		}
		eq = strchr(s, '=');
		if (!*s || *s == '#' || *s == ';' || !eq)
			continue;
		*eq = '\0';
		ini->key = xlpt_setter_trim(s);
		ini->value = eq + 1 + strspn(eq + 1, BLANKS);
		for (size_t n = strlen(ini->value); n && strchr(BLANKS, ini->value[n - 1]); n--)
			ini->value[n - 1] = '\0';
		if (!ini->section)
			ini->section = line + strlen(line);
		return true;
	}
	return false;
}

/* Whether a "[...]" at p takes c; *after stands behind it. One without an end is a plain '['. */
static bool in_set(const char *p, char c, const char **after)
{
	const char *s = p + 1, *end;
	bool outside = *s == '!' || *s == '^', hit = false;

	s += outside;
	end = *s ? strchr(s + 1, ']') : NULL;
	*after = end ? end + 1 : p + 1;
	if (!end)
		return c == '[';
	while (s < end) {
		if (s + 2 < end && s[1] == '-') {
			hit |= s[0] <= c && c <= s[2];
			s += 3;
		} else {
			hit |= *s++ == c;
		}
	}
	return hit != outside;
}

bool xlpt_setter_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *from = NULL, *after;

	while (s && (*s || *pattern)) {
		if (*pattern == '*') {
			star = ++pattern;
			from = s;
			continue;
		}
		after = pattern + 1;
		if (*s && (*pattern == '[' ? in_set(pattern, *s, &after)
					   : *pattern == '?' || (*pattern == *s && *pattern))) {
			pattern = after;
			s++;
			continue;
		}
		/* The last star takes one more; the ones before it need not be tried again. */
		if (!star || !*from)
			return false;
		pattern = star;
		s = ++from;
	}
	return s != NULL;
}

char *xlpt_setter_word(char **list, const char *separators)
{
	char *word = *list;
	size_t n;

	if (!word)
		return NULL;
	word += strspn(word, separators);
	n = strcspn(word, separators);
	*list = word[n] ? word + n + 1 : NULL;
	word[n] = '\0';
	return n ? word : NULL;
}

bool xlpt_setter_same_mac(const char *a, const char *b)
{
	while (a && b && *a && *b) {
		char x = *a == '-' ? ':' : *a, y = *b == '-' ? ':' : *b;

		if (tolower((unsigned char)x) != tolower((unsigned char)y))
			return false;
		a++;
		b++;
	}
	return a && b && *a == *b;
}

int xlpt_setter_number(const char *s)
{
	uint64_t n;

	return s && xlpt_parse_uint(s, strlen(s), 10, 65535, &n) ? (int)n : -1;
}
