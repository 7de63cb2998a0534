/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A part of libvirt's XML with the attributes of each element in the order of their names, as people and
 * programs write them in any. What is looked for in a part is looked for in this.
 */
#include "converters/model/internal.h"

#include <stdlib.h>
#include <string.h>

/* "name='value'", as converters/libvirt/save.c writes it. */
struct attr {
	const char *s;
	size_t n;
};

#define MOST_ATTRS 32

static int by_name(const void *a, const void *b)
{
	const struct attr *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int c = strncmp(x->s, y->s, n);

	return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* Behind the name of an element: its attributes, to out. Returns how long they are. */
static size_t add_attrs(const char *s, struct xlpt_str *out)
{
	struct attr attrs[MOST_ATTRS];
	size_t n = 0, at = 0;

	while (s[at] == ' ' && n < MOST_ATTRS) {
		size_t name = strcspn(s + at + 1, "='>"), value;

		if (strncmp(s + at + 1 + name, "='", 2) != 0)
			break;
		value = strcspn(s + at + 1 + name + 2, "'");
		if (!s[at + 1 + name + 2 + value])
			break;
		attrs[n++] = (struct attr){ s + at + 1, name + 2 + value + 1 };
		at += 1 + name + 2 + value + 1;
	}
	qsort(attrs, n, sizeof(*attrs), by_name);
	for (size_t i = 0; i < n; i++) {
		xlpt_str_add(out, " ");
		xlpt_str_addn(out, attrs[i].s, attrs[i].n);
	}
	return at;
}

char *xlpt_carry_sorted(const char *xml)
{
	struct xlpt_str out = { 0 };

	while (*xml) {
		size_t n = strcspn(xml, "<");

		n += xml[n] == '<' ? 1 + strcspn(xml + n + 1, " />") : 0;
		xlpt_str_addn(&out, xml, n);
		xml += n;
		xml += add_attrs(xml, &out);
		n = strcspn(xml, "<");
		xlpt_str_addn(&out, xml, n);
		xml += n;
	}
	return out.s ? xlpt_str_take(&out) : xlpt_xstrdup("");
}

bool xlpt_dom_says(const struct xlpt_dom *dom, const char *path, const char *word)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];
		_cleanup_free_ char *text = NULL;

		if (c->side != XLPT_SIDE_LIBVIRT || strcmp(c->path, path) != 0)
			continue;
		text = word ? xlpt_carry_sorted(c->text) : NULL;
		if (!word || strstr(text, word))
			return true;
	}
	return false;
}
