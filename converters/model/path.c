/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of elements, and values by their paths. */
#include "converters/model/internal.h"

static char *key_of(const struct xlpt_field *f, const void *item)
{
	struct xlpt_str s = { 0 };

	if (f->shape->key >= 0 && xlpt_field_print(&f->shape->fields[f->shape->key], item, &s) &&
	    s.len && *s.s != '#')
		return xlpt_str_take(&s);
	xlpt_str_dispose(&s);
	return NULL;
}

/* Whether two elements have one key; quicker than printing both. */
static bool same_key(const struct xlpt_field *f, const void *a, const void *b)
{
	const struct xlpt_field *k = &f->shape->fields[f->shape->key];
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (k->type == XLPT_F_STR)
		return xlpt_streq(*(char **)xlpt_field_at(a, k), *(char **)xlpt_field_at(b, k));
	if (k->type == XLPT_F_NUM) {
		const struct xlpt_num *p = xlpt_field_at(a, k), *q = xlpt_field_at(b, k);

		return p->has && q->has && p->v == q->v;
	}
	if (k->type == XLPT_F_ADDR) {
		const struct xlpt_spec *p = xlpt_field_at(a, k), *q = xlpt_field_at(b, k);

		return p->has_bdf && q->has_bdf && p->all_funcs == q->all_funcs &&
		       xlpt_bdf_eq(p->bdf, q->bdf);
	}
	x = key_of(f, a);
	y = key_of(f, b);
	return xlpt_streq(x, y);
}

char *xlpt_list_name(const struct xlpt_field *f, const struct xlpt_list *list, size_t i)
{
	const void *item = xlpt_list_item(list, f->shape, i);
	char *key = key_of(f, item);

	for (size_t j = 0; key && j < list->n; j++)
		if (j != i && same_key(f, item, xlpt_list_item(list, f->shape, j))) {
			free(key);
			key = NULL;
		}
	return key ? key : xlpt_xasprintf("#%zu", i);
}

int xlpt_dom_check_lists(const struct xlpt_dom *dom, struct xlpt_diag *diag)
{
	for (const struct xlpt_field *f = xlpt_dom_shape.fields; f->name; f++) {
		const struct xlpt_list *list = xlpt_field_at(dom, f);
		const struct xlpt_at *at;

		if (f->type != XLPT_F_LIST || list->n <= XLPT_DOM_MOST)
			continue;
		at = xlpt_list_item(list, f->shape, XLPT_DOM_MOST);
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "more than %d elements of one kind (%s)",
			      XLPT_DOM_MOST, f->name);
		xlpt_diag_at(diag, dom->file, at->line, at->column);
		return XLPT_ERR_SYNTAX;
	}
	return 0;
}

bool xlpt_list_same(const struct xlpt_field *f, const struct xlpt_list *a,
		    const struct xlpt_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		_cleanup_free_ char *x = key_of(f, xlpt_list_item(a, f->shape, i));
		_cleanup_free_ char *y = key_of(f, xlpt_list_item(b, f->shape, i));

		if (!xlpt_streq(x, y))
			return false;
	}
	return true;
}

static void *element(const struct xlpt_field *f, const struct xlpt_list *list, const char *name,
		     size_t n)
{
	_cleanup_free_ char *text = NULL;
	const char *rest;
	void *wanted, *found = NULL;
	uint64_t i;

	if (n > 1 && *name == '#')
		return xlpt_parse_uint(name + 1, n - 1, 10, SIZE_MAX, &i) && i < list->n
			       ? xlpt_list_item(list, f->shape, i)
			       : NULL;
	if (f->shape->key < 0 || !n)
		return NULL;
	rest = text = xlpt_xstrndup(name, n);
	wanted = xlpt_xcalloc(1, f->shape->size);
	xlpt_shape_init(f->shape, wanted);
	if (xlpt_field_parse(&f->shape->fields[f->shape->key], wanted, &rest) && !*rest)
		for (size_t j = 0; !found && j < list->n; j++)
			if (same_key(f, wanted, xlpt_list_item(list, f->shape, j)))
				found = xlpt_list_item(list, f->shape, j);
	xlpt_shape_dispose(f->shape, wanted);
	free(wanted);
	return found;
}

/* Follows path; *item is set when it ends with an element of a list. */
static const struct xlpt_field *follow(const struct xlpt_dom *dom, const char *path, void **base,
				       void **item)
{
	const struct xlpt_shape *shape = &xlpt_dom_shape;

	*base = (void *)(uintptr_t)dom;
	*item = NULL;
	for (;;) {
		size_t n = strcspn(path, ".["), k;
		const struct xlpt_field *f = shape->fields;

		while (f->name &&
		       (*f->name != *path || strncmp(f->name, path, n) != 0 || f->name[n]))
			f++;
		if (!f->name)
			return NULL;
		path += n;
		if (!*path)
			return f;
		if (*path == '[') {
			if (f->type != XLPT_F_LIST)
				return NULL;
			k = strcspn(++path, "]");
			*item = element(f, xlpt_field_at(*base, f), path, k);
			if (!*item || path[k] != ']')
				return NULL;
			path += k + 1;
			if (!*path)
				return f;
			*base = *item;
			*item = NULL;
		} else if (f->type == XLPT_F_PART) {
			*base = xlpt_field_at(*base, f);
		} else {
			return NULL;
		}
		if (*path++ != '.')
			return NULL;
		shape = f->shape;
	}
}

const struct xlpt_field *xlpt_path_find(const struct xlpt_dom *dom, const char *path, void **base)
{
	void *item;
	const struct xlpt_field *f = follow(dom, path, base, &item);

	return item ? NULL : f;
}

void *xlpt_path_element(const struct xlpt_dom *dom, const char *path,
			const struct xlpt_field **list)
{
	void *base, *item;
	const struct xlpt_field *f = follow(dom, path, &base, &item);

	if (list)
		*list = f;
	return f ? item : NULL;
}

bool xlpt_dom_get(const struct xlpt_dom *dom, const char *path, char **value)
{
	void *base;
	const struct xlpt_field *f = xlpt_path_find(dom, path, &base);
	struct xlpt_str s = { 0 };

	*value = NULL;
	if (!f || f->type == XLPT_F_CARRIES)
		return false;
	if (xlpt_field_print(f, base, &s))
		*value = xlpt_str_take(&s);
	xlpt_str_dispose(&s);
	return true;
}

unsigned xlpt_dom_path_line(const struct xlpt_dom *dom, const char *path)
{
	void *base, *item;
	const struct xlpt_field *f = follow(dom, path, &base, &item);
	const struct xlpt_list *list;

	if (!f || base != dom)
		return 0;
	list = f->type == XLPT_F_LIST && f->shape->size ? xlpt_field_at(dom, f) : NULL;
	if (!item && list && list->n)
		item = list->items; /* of a whole list its first element */
	return item ? ((const struct xlpt_at *)item)->line
		    : xlpt_dom_line(dom, xlpt_field_at(dom, f));
}

/* What the replaced list's elements carried stays with the elements of the same name. */
static void keep_carries(const struct xlpt_field *f, struct xlpt_list *old, struct xlpt_list *new)
{
	for (size_t i = 0; i < old->n; i++) {
		_cleanup_free_ char *name = xlpt_list_name(f, old, i);
		struct xlpt_at *from = xlpt_list_item(old, f->shape, i);
		struct xlpt_at *to = element(f, new, name, strlen(name));

		if (to) {
			struct xlpt_at tmp = *to;

			*to = *from;
			*from = tmp;
		}
	}
}

bool xlpt_dom_set(struct xlpt_dom *dom, const char *path, const char *value)
{
	void *base;
	const struct xlpt_field *f = xlpt_path_find(dom, path, &base);
	void *p;
	bool ok = true;

	if (!f || f->type == XLPT_F_CARRIES || f->type == XLPT_F_PART)
		return false;
	p = xlpt_field_at(base, f);
	if (f->type == XLPT_F_LIST) {
		struct xlpt_list old = *(struct xlpt_list *)p;

		*(struct xlpt_list *)p = (struct xlpt_list){ 0 };
		if (value)
			ok = xlpt_field_parse(f, base, &value) && !*value;
		if (ok && base == dom) {
			keep_carries(f, &old, p);
		} else if (!ok) {
			xlpt_field_clear(f, base);
			*(struct xlpt_list *)p = old;
			return false;
		}
		for (size_t i = 0; i < old.n; i++)
			xlpt_shape_dispose(f->shape, xlpt_list_item(&old, f->shape, i));
		free(old.items);
		return true;
	}
	xlpt_field_clear(f, base);
	if (value)
		ok = xlpt_field_parse(f, base, &value) && !*value;
	if (!ok)
		xlpt_field_clear(f, base);
	return ok;
}
