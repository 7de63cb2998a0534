/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic view of the model's members; private to converters/model. */
#ifndef XLPT_CONVERTERS_MODEL_INTERNAL_H
#define XLPT_CONVERTERS_MODEL_INTERNAL_H

#include "converters/model/model.h"

/* What every XLPT_F_LIST member looks like; shape.c asserts it. */
struct xlpt_list {
	void *items;
	size_t n, alloc;
};

static inline void *xlpt_field_at(const void *base, const struct xlpt_field *f)
{
	return (char *)(uintptr_t)base + f->off;
}

static inline void *xlpt_list_item(const struct xlpt_list *list, const struct xlpt_shape *shape,
				   size_t i)
{
	return (char *)list->items + i * shape->size;
}

void xlpt_shape_init(const struct xlpt_shape *shape, void *base);
void xlpt_shape_dispose(const struct xlpt_shape *shape, void *base);
void xlpt_field_clear(const struct xlpt_field *f, void *base);

/* Appends a member's value as text; false = not said, nothing appended. Carries are no values. */
bool xlpt_field_print(const struct xlpt_field *f, const void *base, struct xlpt_str *out);
/* Sets an empty member from text; s ends behind what was used. */
bool xlpt_field_parse(const struct xlpt_field *f, void *base, const char **s);
/* Text up to the next character that has a meaning in values; NULL when an escape is malformed. */
char *xlpt_value_unescape(const char **s);

/* The name of element i, as in "[xvda]" without the brackets. Caller frees. */
char *xlpt_list_name(const struct xlpt_field *f, const struct xlpt_list *list, size_t i);
/* True when all elements of a and b have the same names in the same order. */
bool xlpt_list_same(const struct xlpt_field *f, const struct xlpt_list *a,
		    const struct xlpt_list *b);
/* Finds "disk", "disk[xvda].backend", "pci[0000:03:00.0].id.mac". */
const struct xlpt_field *xlpt_path_find(const struct xlpt_dom *dom, const char *path, void **base);
/* Finds the element "disk[xvda]". */
void *xlpt_path_element(const struct xlpt_dom *dom, const char *path,
			const struct xlpt_field **list);

/* Fills in what both sides take for what is not said. */
void xlpt_dom_defaults(struct xlpt_dom *dom);
/* Where each of n vCPUs may run: its own set, or that of all; NULL = anywhere. Caller frees the list alone. */
const char **xlpt_dom_pins(const struct xlpt_dom *dom, size_t n);
/* Every vCPU of a has the same CPUs in b. */
bool xlpt_dom_same_pins(const struct xlpt_dom *a, const struct xlpt_dom *b);
/* All sets of CPUs as numbers and ranges, where they are. */
void xlpt_dom_plain_cpus(struct xlpt_dom *dom);

#endif
