/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries: what one side said and the model has no word for. It is kept as it
 * stood and written again for that side. Also here: numbers and addresses that
 * may be absent.
 */
#ifndef XLPT_CONVERTERS_MODEL_CARRY_H
#define XLPT_CONVERTERS_MODEL_CARRY_H

#include "core/spec.h"

/* A number that may be absent. */
struct xlpt_num {
	bool has;
	uint64_t v;
};

struct xlpt_opt_bdf {
	bool has;
	struct xlpt_bdf v;
};

enum xlpt_side { XLPT_SIDE_XL = 1, XLPT_SIDE_LIBVIRT };

/*
 * One thing said by one side, kept verbatim and put back when that side is
 * written again.
 *   xl:      path is the key, text the raw value as it stood in the file
 *            ("1", "\"a b\"", "[ \"x\", \"y\" ]"), += already applied
 *   libvirt: path is relative to the element the carry belongs to, "memtune",
 *            "driver/@cache"; text is the serialised element or attribute value
 */
struct xlpt_carry {
	enum xlpt_side side;
	char *path;
	char *text;
	unsigned line, column; /* where it stood; 0 = not known */
};

struct xlpt_carries {
	struct xlpt_carry *items;
	size_t n, alloc;
};

/* A part of XML with the attributes of each element in the order of their names. Caller frees. */
char *xlpt_carry_sorted(const char *xml);

struct xlpt_carry *xlpt_carry_add(struct xlpt_carries *list, enum xlpt_side side, const char *path,
				  const char *text, unsigned line, unsigned column);

/* Every device begins with this: where it stood, and what belongs to it but has no word here. */
struct xlpt_at {
	unsigned line, column;
	struct xlpt_carries extra;
};

#endif
