/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/record.h"

#include <string.h>

#include "core/text.h"

static char *line(struct xlpt_record *r)
{
	char *s = r->next;

	if (!*s)
		return NULL;
	r->next += strcspn(s, "\n");
	if (*r->next)
		*r->next++ = '\0';
	r->line++;
	return s;
}

bool xlpt_record_begin(struct xlpt_record *r, char *text, const char *first)
{
	r->next = text;
	r->line = 0;
	return xlpt_streq(line(r), first);
}

bool xlpt_record_next(struct xlpt_record *r)
{
	char *s;

	while ((s = line(r)) && !*s)
		;
	if (!s)
		return false;
	if (r->encoded)
		xlpt_text_decode(s);
	r->key = s;
	s += strcspn(s, " ");
	r->value = *s ? s + 1 : NULL;
	*s = '\0';
	return true;
}

void xlpt_record_add(struct xlpt_str *out, const char *key, const char *value)
{
	xlpt_str_addf(out, "%s ", key);
	xlpt_text_encode(out, value);
	xlpt_str_add(out, "\n");
}
