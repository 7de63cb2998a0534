/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel does with a hide list, told another way than
 * pciback/boot/hide.c tells it: here the patterns that the kernel's sources
 * name are tried one after the other by a little interpreter of them. Shared by
 * the unit test and the fuzzer.
 *
 * A pattern: ' ' any blanks; 'x' a hexadecimal number (blanks before it, "0x",
 * the value cut to 32 bits); 'n' note where we are; anything else itself.
 *
 * Since 3.7, for each group: " (x:x:x.x) n"; after three numbers
 * " (x:x:x.*) n", after two " (x:x:*.*) n"; with none of them noted, segment 0
 * and " (x:x.x) n", after two " (x:x.*) n", after one " (x:*.*) n". Nothing
 * noted: the list is malformed. Then the values are checked.
 * Before: " (x:x:x.x) n" needs four numbers, else " (x:x.x) n" three; the note
 * is only made while there is text left, and without it the list ends there.
 */
#ifndef XLPT_TESTS_HIDE_ORACLE_H
#define XLPT_TESTS_HIDE_ORACLE_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct oracle_id {
	uint32_t seg;
	unsigned bus;
	int dev, func;
};

struct oracle {
	bool accepts;
	struct oracle_id ids[1024];
	size_t n;
};

static inline const char *oracle_blanks(const char *s)
{
	while (*s && strchr(" \t\n\v\f\r\xa0", *s))
		s++;
	return s;
}

/* Numbers read; *noted is set when an 'n' was reached (early: also needs text to be left). */
static inline int oracle_scan(const char *text, const char *pattern, bool early, uint32_t *v,
			      size_t *noted)
{
	const char *s = text;
	int n = 0;

	for (; *pattern; pattern++) {
		if (early && !*s)
			break;
		if (*pattern == ' ') {
			s = oracle_blanks(s);
		} else if (*pattern == 'n') {
			*noted = (size_t)(s - text);
		} else if (*pattern == 'x') {
			unsigned __int128 big = 0;

			s = oracle_blanks(s);
			if (!isxdigit((unsigned char)*s))
				break;
			if (s[0] == '0' && tolower((unsigned char)s[1]) == 'x')
				s += 2;
			for (; isxdigit((unsigned char)*s); s++)
				big = (big * 16 + (unsigned)(isdigit((unsigned char)*s)
								     ? *s - '0'
								     : tolower((unsigned char)*s) -
									       'a' + 10)) &
				      UINT64_MAX;
			v[n++] = (uint32_t)big;
		} else if (*s != *pattern) {
			break;
		} else {
			s++;
		}
	}
	return n;
}

static inline bool oracle_new_group(const char *s, struct oracle_id *id, size_t *used)
{
	uint32_t v[4] = { 0 };
	size_t noted = 0;

	id->dev = id->func = 0;
	switch (oracle_scan(s, " (x:x:x.x) n", false, v, &noted)) {
	case 4:
		id->dev = (int)v[2];
		id->func = (int)v[3];
		break;
	case 3:
		oracle_scan(s, " (x:x:x.*) n", false, v, &noted);
		id->dev = (int)v[2];
		id->func = -1;
		break;
	case 2:
		oracle_scan(s, " (x:x:*.*) n", false, v, &noted);
		id->dev = id->func = -1;
		break;
	}
	id->seg = v[0];
	id->bus = v[1];
	if (!noted) {
		switch (oracle_scan(s, " (x:x.x) n", false, v, &noted)) {
		case 3:
			id->dev = (int)v[1];
			id->func = (int)v[2];
			break;
		case 2:
			oracle_scan(s, " (x:x.*) n", false, v, &noted);
			id->dev = (int)v[1];
			id->func = -1;
			break;
		case 1:
			oracle_scan(s, " (x:*.*) n", false, v, &noted);
			id->dev = id->func = -1;
			break;
		}
		id->seg = 0;
		id->bus = v[0];
	}
	*used = noted;
	/* Negative is "all"; the rest must be what a PCI address can hold. */
	if (id->dev < 0)
		id->dev = -1;
	if (id->func < 0)
		id->func = -1;
	return noted && id->seg < 0x10000 && id->bus < 0x100 && id->dev < 32 && id->func < 8;
}

static inline bool oracle_old_group(const char *s, struct oracle_id *id, size_t *used)
{
	uint32_t v[4] = { 0 };
	size_t noted = 0;

	if (oracle_scan(s, " (x:x:x.x) n", true, v, &noted) != 4) {
		v[3] = 0;
		if (oracle_scan(s, " (x:x.x) n", true, v + 1, &noted) != 3)
			return false;
		v[0] = 0;
	}
	id->seg = v[0];
	id->bus = v[1] & 0xff;
	id->dev = (int)(v[2] & 31);
	id->func = (int)(v[3] & 7);
	*used = noted;
	return true;
}

static inline void oracle(bool wildcards, const char *text, struct oracle *out)
{
	out->n = 0;
	out->accepts = strlen(text) <= 1024;
	while (out->accepts && *text) {
		struct oracle_id *id = &out->ids[out->n];
		size_t used = 0;

		out->accepts = wildcards ? oracle_new_group(text, id, &used)
					 : oracle_old_group(text, id, &used);
		if (!out->accepts)
			break;
		out->n++;
		if (!used)
			break;
		text += used;
	}
}

#endif
