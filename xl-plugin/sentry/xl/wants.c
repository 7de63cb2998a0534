/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a configuration has devices that xl cannot read. The lexical rules are those of
 * libxlutil.
 */
#include <string.h>

#include "xl-plugin/sentry/xl/create.h"

/* What xlpt knows of a device and xl does not (core/spec.h, core/vfid.h). */
static const char *const heads[] = { "pool:", "pin:" };
static const char *const keys[] = { "pool",	   "mac",	"vlan",		"trust",
				    "spoofchk",	   "link",	"min_rate",	"max_rate",
				    "virtualport", "profileid", "instanceid",	"hostid",
				    "managerid",   "typeid",	"typeidversion" };

static bool in(const char *set, char c)
{
	return c && strchr(set, c);
}

/* One word of an entry, between commas, is one that xl cannot read. */
static bool word_wants(const char *s, size_t n)
{
	while (n && in(" \t", *s)) {
		s++;
		n--;
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (n >= strlen(heads[i]) && !strncmp(s, heads[i], strlen(heads[i])))
			return true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i]);

		if (n > len && !strncmp(s, keys[i], len) && in(" \t=", s[len]))
			return true;
	}
	return false;
}

static bool entry_wants(const char *s, size_t n)
{
	const char *end = s + n;

	/* With escapes a string can say anything. */
	if (memchr(s, '\\', n))
		return true;
	while (s < end) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		const char *stop = comma ? comma : end;

		if (word_wants(s, (size_t)(stop - s)))
			return true;
		s = comma ? comma + 1 : end;
	}
	return false;
}

/*
 * The last byte of the string: its quote, or what stands before the end of the line or of the
 * text.
 */
static const char *string_end(const char *s, const char *end)
{
	const char *p = s + 1;

	for (; p < end && *p != '\n' && *p != *s; p++)
		if (*p == '\\' && p + 1 < end && p[1] != '\n')
			p++;
	return p < end && *p == *s ? p : p - 1;
}

#define KEY "abcdefghijklmnopqrstuvwxyz0123456789._"

bool xlpt_create_wants(const char *text, size_t len)
{
	const char *end = text + len;
	bool begins = true, pci = false; /* begins: a statement begins here; pci: its key is pci */
	int depth = 0;

	for (const char *p = text; p < end; p++) {
		if (*p == '#') {
			p = memchr(p, '\n', (size_t)(end - p));
			if (!p)
				return false;
		}
		if (*p == '"' || *p == '\'') {
			const char *last = string_end(p, end);

			if (pci && entry_wants(p + 1, (size_t)(last - p) - (last > p)))
				return true;
			p = last;
		} else if (*p == '[' || *p == ']') {
			depth += *p == '[' ? 1 : -1;
		} else if (depth <= 0 && (*p == '\n' || *p == ';')) {
			begins = true;
			pci = false;
			depth = 0;
			continue;
		} else if (begins && in(KEY, *p)) {
			size_t n = 0;

			while (p + n < end && in(KEY, p[n]))
				n++;
			pci = n == 3 && !memcmp(p, "pci", 3);
			p += n - 1;
		} else if (in(" \t", *p)) {
			continue;
		}
		begins = false;
	}
	return false;
}
