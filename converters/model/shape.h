/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables that describe the structures of the model. Disposing, copying, comparing and paths are
 * written once, over these tables.
 */
#ifndef XLPT_CONVERTERS_MODEL_SHAPE_H
#define XLPT_CONVERTERS_MODEL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum xlpt_field_type {
	XLPT_F_STR,
	XLPT_F_NUM,
	XLPT_F_TRI,
	XLPT_F_WORD,
	XLPT_F_STRV,
	XLPT_F_BDF,
	XLPT_F_FLAG, /* plain bool */
	XLPT_F_SLOT, /* int, -1 = not said */
	XLPT_F_ADDR, /* struct xlpt_spec's address, '*' included */
	XLPT_F_LIST, /* pointer, then size_t n, then size_t alloc */
	XLPT_F_PART, /* embedded structure */
	XLPT_F_CARRIES
};

struct xlpt_shape;
struct xlpt_field {
	const char *name;
	enum xlpt_field_type type;
	size_t off;
	const struct xlpt_shape *shape; /* LIST, PART */
	const char *const *words;	/* WORD: [0] is NULL, ends with NULL */
};

struct xlpt_shape {
	size_t size;
	const struct xlpt_field *fields; /* ends with a NULL name */
	int key; /* lists: index of the field that names an element, or -1 */
};

#endif
