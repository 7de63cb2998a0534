/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions as a tree: what is behind which bridge. Made for hostile input,
 * too: parents that go round in circles are cut, and so is what is deeper than
 * any bus can be.
 */
#ifndef XLPT_TREE_H
#define XLPT_TREE_H

#include "xl-plugin/view/inventory.h"

#define XLPT_TREE_DEPTH 256 /* a segment has as many buses */

struct xlpt_tree {
	size_t *first,
		*next; /* per device: first child, next of the same bridge; SIZE_MAX = none */
	size_t *roots; /* in order of address */
	size_t n_roots;
};

void xlpt_tree_make(const struct xlpt_inventory *inv, struct xlpt_tree *out);
void xlpt_tree_dispose(struct xlpt_tree *tree);
#define _cleanup_tree_ XLPT_CLEANUP(xlpt_tree_dispose)

/* topology-print.c: prints the tree, as text or as JSON. */
void xlpt_tree_print(struct xlpt_env *env, const struct xlpt_inventory *inv,
		     const struct xlpt_tree *tree);

#endif
