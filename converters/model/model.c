/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lifetime of the model, written once over its tables. */
#include "converters/model/internal.h"

void xlpt_shape_init(const struct xlpt_shape *shape, void *base)
{
	memset(base, 0, shape->size);
	for (const struct xlpt_field *f = shape->fields; f->name; f++)
		if (f->type == XLPT_F_SLOT)
			*(int *)xlpt_field_at(base, f) = -1;
		else if (f->type == XLPT_F_PART)
			xlpt_shape_init(f->shape, xlpt_field_at(base, f));
}

static void carries_dispose(struct xlpt_carries *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].text);
	}
	free(list->items);
	*list = (struct xlpt_carries){ 0 };
}

void xlpt_field_clear(const struct xlpt_field *f, void *base)
{
	void *p = xlpt_field_at(base, f);
	struct xlpt_list *list = p;

	switch (f->type) {
	case XLPT_F_STR:
		free(*(char **)p);
		*(char **)p = NULL;
		break;
	case XLPT_F_NUM:
		*(struct xlpt_num *)p = (struct xlpt_num){ 0 };
		break;
	case XLPT_F_TRI:
	case XLPT_F_WORD:
		*(int *)p = 0;
		break;
	case XLPT_F_STRV:
		xlpt_strv_free(*(char ***)p);
		*(char ***)p = NULL;
		break;
	case XLPT_F_BDF:
		*(struct xlpt_opt_bdf *)p = (struct xlpt_opt_bdf){ 0 };
		break;
	case XLPT_F_FLAG:
		*(bool *)p = false;
		break;
	case XLPT_F_SLOT:
		*(int *)p = -1;
		break;
	case XLPT_F_ADDR: {
		struct xlpt_spec *spec = p;

		spec->has_bdf = spec->all_funcs = false;
		spec->bdf = (struct xlpt_bdf){ 0 };
		break;
	}
	case XLPT_F_LIST:
		for (size_t i = 0; i < list->n; i++)
			xlpt_shape_dispose(f->shape, xlpt_list_item(list, f->shape, i));
		free(list->items);
		*list = (struct xlpt_list){ 0 };
		break;
	case XLPT_F_PART:
		xlpt_shape_dispose(f->shape, p);
		break;
	case XLPT_F_CARRIES:
		carries_dispose(p);
		break;
	}
}

void xlpt_shape_dispose(const struct xlpt_shape *shape, void *base)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++)
		xlpt_field_clear(f, base);
}

static void carries_copy(struct xlpt_carries *dst, const struct xlpt_carries *src)
{
	for (size_t i = 0; i < src->n; i++)
		xlpt_carry_add(dst, src->items[i].side, src->items[i].path, src->items[i].text,
			       src->items[i].line, src->items[i].column);
}

/* dst holds a bitwise copy of src; what it points to becomes its own. */
static void own(const struct xlpt_shape *shape, void *dst)
{
	for (const struct xlpt_field *f = shape->fields; f->name; f++) {
		void *p = xlpt_field_at(dst, f);

		if (f->type == XLPT_F_STR) {
			*(char **)p = xlpt_xstrdup(*(char **)p);
		} else if (f->type == XLPT_F_STRV && *(char ***)p) {
			char **old = *(char ***)p;
			size_t n = xlpt_strv_len(old);
			char **v = xlpt_xcalloc(n + 1, sizeof(*v));

			for (size_t i = 0; i < n; i++)
				v[i] = xlpt_xstrdup(old[i]);
			*(char ***)p = v;
		} else if (f->type == XLPT_F_LIST) {
			struct xlpt_list *list = p;
			void *items = list->items;

			list->items = NULL;
			list->alloc = list->n;
			if (list->n) {
				list->items = xlpt_xcalloc(list->n, f->shape->size);
				memcpy(list->items, items, list->n * f->shape->size);
			}
			for (size_t i = 0; i < list->n; i++)
				own(f->shape, xlpt_list_item(list, f->shape, i));
		} else if (f->type == XLPT_F_PART) {
			own(f->shape, p);
		} else if (f->type == XLPT_F_CARRIES) {
			struct xlpt_carries src = *(struct xlpt_carries *)p;

			*(struct xlpt_carries *)p = (struct xlpt_carries){ 0 };
			carries_copy(p, &src);
		}
	}
}

void xlpt_dom_init(struct xlpt_dom *dom)
{
	xlpt_shape_init(&xlpt_dom_shape, dom);
}

void xlpt_dom_dispose(struct xlpt_dom *dom)
{
	xlpt_shape_dispose(&xlpt_dom_shape, dom);
	free(dom->file);
	free(dom->marks);
	xlpt_dom_init(dom);
}

void xlpt_dom_copy(struct xlpt_dom *dst, const struct xlpt_dom *src)
{
	*dst = *src;
	own(&xlpt_dom_shape, dst);
	dst->file = xlpt_xstrdup(src->file);
	dst->marks = NULL;
	dst->alloc_marks = src->n_marks;
	if (src->n_marks) {
		dst->marks = xlpt_xcalloc(src->n_marks, sizeof(*dst->marks));
		memcpy(dst->marks, src->marks, src->n_marks * sizeof(*dst->marks));
	}
}

void xlpt_dom_mark(struct xlpt_dom *dom, const void *member, unsigned line)
{
	size_t off = (size_t)((const char *)member - (const char *)dom);

	for (size_t i = 0; i < dom->n_marks; i++)
		if (dom->marks[i].off == off) {
			dom->marks[i].line = line;
			return;
		}
	XLPT_GROW(dom->marks, dom->n_marks, dom->alloc_marks);
	dom->marks[dom->n_marks++] = (struct xlpt_mark){ off, line };
}

unsigned xlpt_dom_line(const struct xlpt_dom *dom, const void *member)
{
	size_t off = (size_t)((const char *)member - (const char *)dom);

	for (size_t i = 0; i < dom->n_marks; i++)
		if (dom->marks[i].off == off)
			return dom->marks[i].line;
	return 0;
}

struct xlpt_carry *xlpt_carry_add(struct xlpt_carries *list, enum xlpt_side side, const char *path,
				  const char *text, unsigned line, unsigned column)
{
	XLPT_GROW(list->items, list->n, list->alloc);
	list->items[list->n] = (struct xlpt_carry){
		.side = side,
		.path = xlpt_xstrdup(path),
		.text = xlpt_xstrdup(text),
		.line = line,
		.column = column,
	};
	return &list->items[list->n++];
}

struct xlpt_vlan_tag *xlpt_netid_add_tag(struct xlpt_netid *id, uint64_t tag)
{
	XLPT_GROW(id->vlan, id->n_vlan, id->alloc_vlan);
	id->vlan[id->n_vlan] = (struct xlpt_vlan_tag){ .id = { true, tag } };
	return &id->vlan[id->n_vlan++];
}

/* ---- the pool has no tables: it is small and never compared member by member ---- */

static void netid_dispose(struct xlpt_netid *id)
{
	free(id->mac);
	free(id->vlan);
	free(id->profileid);
	free(id->interfaceid);
	free(id->instanceid);
	*id = (struct xlpt_netid){ 0 };
}

void xlpt_netpool_dispose(struct xlpt_netpool *pool)
{
	free(pool->name);
	free(pool->uuid);
	xlpt_strv_free(pool->pf);
	free(pool->addr);
	free(pool->driver);
	netid_dispose(&pool->id);
	for (size_t i = 0; i < pool->n_group; i++) {
		free(pool->group[i].name);
		netid_dispose(&pool->group[i].id);
	}
	free(pool->group);
	carries_dispose(&pool->extra);
	*pool = (struct xlpt_netpool){ 0 };
}
