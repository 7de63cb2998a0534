/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept in the target file for the way back. */
#ifndef XLPT_CONVERTERS_MODEL_KEPT_H
#define XLPT_CONVERTERS_MODEL_KEPT_H

#include "converters/model/dom.h"

struct xlpt_losses;

/*
 * One thing that the target has no word for. It stands in comments of an xl
 * configuration, in <metadata> of libvirt's XML. It is either a value of the
 * model (path, value, was), or a carry of the other side (carry.side is set and
 * path names its element, "" is the domain).
 *
 * was is the value that the target's own text had when this was written. On the
 * way back value is set only if the text still has it: otherwise somebody has
 * edited the file, and what he wrote is right.
 */
struct xlpt_kept {
	char *path;
	char *value, *was; /* NULL = not said */
	struct xlpt_carry carry;
};

struct xlpt_kepts {
	struct xlpt_kept *items;
	size_t n, alloc;
};

void xlpt_kepts_dispose(struct xlpt_kepts *k);
#define _cleanup_kepts_ XLPT_CLEANUP(xlpt_kepts_dispose)
void xlpt_kept_add(struct xlpt_kepts *k, const char *path, const char *value, const char *was);
void xlpt_kept_add_carry(struct xlpt_kepts *k, const char *at, const struct xlpt_carry *c);
/*
 * Puts values and carries back into the model. What cannot be put back is told
 * in losses (may be NULL): the element is gone, or its value was edited.
 */
void xlpt_kepts_apply(const struct xlpt_kepts *k, struct xlpt_dom *dom, const char *file,
		      struct xlpt_losses *losses);
/* One line of printable ASCII; caller frees. Parsing it gives the same; false: malformed. */
char *xlpt_kept_format(const struct xlpt_kept *k);
bool xlpt_kept_parse(const char *line, struct xlpt_kepts *out);

#endif
