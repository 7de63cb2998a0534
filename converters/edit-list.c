/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a list: an item in, an item out, and the comments with what they belong to. */
#include "converters/edit-internal.h"

#include <string.h>

/* Replaces text[from, to). */
void xlpt_edit_splice(struct xlpt_editor *e, size_t from, size_t to, const char *with)
{
	struct xlpt_str next = { 0 };

	xlpt_str_addn(&next, xlpt_str_get(&e->text), from);
	xlpt_str_add(&next, with);
	xlpt_str_addn(&next, xlpt_str_get(&e->text) + to, e->text.len - to);
	xlpt_str_dispose(&e->text);
	e->text = next;
}

/* In the quotes that the other entries have. */
void xlpt_edit_quote(struct xlpt_str *out, const char *spec, char like)
{
	if (like == '\'' && !strpbrk(spec, "'\\"))
		xlpt_str_addf(out, "'%s'", spec);
	else
		xlpt_xl_quote(out, spec);
}

void xlpt_edit_append_setting(struct xlpt_editor *e, const char *spec)
{
	_cleanup_str_ struct xlpt_str line = { 0 };
	const char *text = xlpt_str_get(&e->text);
	size_t at = 0;

	/* The block that an earlier conversion left at the end stays the last. */
	if (!xlpt_starts(text, "#xlpt-begin")) {
		const char *block = strstr(text, "\n#xlpt-begin");

		at = block ? (size_t)(block - text) + 1 : e->text.len;
	}
	if (at && text[at - 1] != '\n')
		xlpt_str_add(&line, "\n");
	xlpt_str_add(&line, "pci = [ ");
	xlpt_xl_quote(&line, spec);
	xlpt_str_add(&line, " ]\n");
	xlpt_edit_splice(e, at, at, line.s);
}

/* What stands behind an item, within its list. */
struct behind {
	size_t comma;	/* its comma, perhaps behind line ends and comments; 0 = none */
	size_t comment; /* a comment in the line that ends item and comma; 0 = none */
	/* the end of that line, when nothing but the comment follows; 0 = something does */
	size_t eol;
};

static size_t past_blanks(const char *text, size_t p)
{
	return p + strspn(text + p, " \t");
}

static struct behind behind(const struct xlpt_editor *e, const struct xlpt_xl_item *item)
{
	const char *text = e->text.s;
	struct behind b = { 0 };
	size_t p = item->off + item->len;

	/* A list ends with ']', so this ends there. */
	for (;;) {
		p += strspn(text + p, " \t\n");
		if (text[p] != '#')
			break;
		p += strcspn(text + p, "\n");
	}
	b.comma = text[p] == ',' ? p : 0;
	p = past_blanks(text, item->off + item->len);
	if (text[p] == ',')
		p = past_blanks(text, p + 1);
	if (text[p] == '#')
		b.comment = p;
	if (text[p] == '#' || text[p] == '\n')
		b.eol = p + strcspn(text + p, "\n");
	return b;
}

/* The beginning of the line, or of the list when that is in the same line. */
static size_t line_of(const struct xlpt_editor *e, const struct xlpt_xl_setting *set, size_t at)
{
	while (at > set->off + 1 && e->text.s[at - 1] != '\n')
		at--;
	return at;
}

/* Into an empty list: right behind the bracket, whatever comments follow. */
static void append_first(struct xlpt_editor *e, const struct xlpt_xl_setting *set, const char *spec)
{
	_cleanup_str_ struct xlpt_str with = { 0 };
	char next = e->text.s[set->off + 1];

	xlpt_str_add(&with, " ");
	xlpt_xl_quote(&with, spec);
	xlpt_str_add(&with, next == ']' ? " " : next == '#' ? "\n\t" : "");
	xlpt_edit_splice(e, set->off + 1, set->off + 1, with.s);
}

/*
 * Behind the last item. Where items stand one a line, the new one gets a line with the same
 * indentation; a comment behind the last item stays with it.
 */
void xlpt_edit_append(struct xlpt_editor *e, const struct xlpt_xl_setting *set, const char *spec)
{
	const struct xlpt_xl_item *last = set->n ? &e->scan.items[set->first + set->n - 1] : NULL;
	_cleanup_str_ struct xlpt_str with = { 0 };
	const char *text = e->text.s;
	size_t at, bol;
	struct behind b;
	bool line;

	if (!last) {
		append_first(e, set, spec);
		return;
	}
	at = last->off + last->len;
	bol = line_of(e, set, last->off);
	b = behind(e, last);
	line = past_blanks(text, bol) == last->off && text[bol - 1] == '\n';
	if (!b.comment)
		xlpt_str_add(&with, ",");
	if (line || b.comment)
		xlpt_str_add(&with, "\n");
	if (line)
		xlpt_str_addn(&with, text + bol, last->off - bol);
	else
		xlpt_str_add(&with, b.comment ? "\t" : " ");
	xlpt_edit_quote(&with, spec, text[last->off]);
	if (!b.comment) {
		xlpt_edit_splice(e, at, at, with.s);
		return;
	}
	/* A comma that closed the list does so again; one further down closes it already. */
	if (b.comma && b.comma < b.comment)
		xlpt_str_add(&with, ",");
	xlpt_edit_splice(e, b.eol, b.eol, with.s);
	if (!b.comma || b.comma > b.comment)
		xlpt_edit_splice(e, at, at, ",");
}

/*
 * Takes an item out with one comma and the blanks that belong to it. A line that it had for itself
 * goes too, and the comment in it, which was about the item.
 */
void xlpt_edit_cut(struct xlpt_editor *e, const struct xlpt_xl_setting *set,
		   const struct xlpt_xl_item *item)
{
	const char *text = e->text.s;
	size_t from = item->off, to = item->off + item->len, bol = line_of(e, set, from), before;
	bool first = item == &e->scan.items[set->first], alone, line;
	struct behind b = behind(e, item);

	line = past_blanks(text, bol) == from && text[bol - 1] == '\n';
	alone = b.eol && (first || item[-1].off + item[-1].len <= bol);
	for (before = from; before > set->off + 1 && strchr(" \t\n", text[before - 1]); before--)
		;
	if (b.comma && text[past_blanks(text, to)] != ',')
		xlpt_edit_splice(e, b.comma, b.comma + 1,
				 ""); /* in a line further down, behind all of this */
	else if (b.comma)
		to = b.comma + 1;
	text = e->text.s;
	if (!b.comma && !first && text[before - 1] == ',' &&
	    !memchr(text + item[-1].off, '#', before - item[-1].off)) {
		from = before - 1; /* adding it again gives the same text */
		to = alone && b.comment ? b.eol : to;
	} else if (alone && line) {
		from = bol;
		to = b.eol + 1;
	} else if (alone && b.comment) {
		from = first ? set->off + 1 : from;
		to = b.eol;
	} else if (b.comma && !b.eol && text[past_blanks(text, to)] != ']') {
		to = past_blanks(text, to);
	}
	xlpt_edit_splice(e, from, to, "");
}
