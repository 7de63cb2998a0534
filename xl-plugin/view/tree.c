/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/view/tree.h"

void xlpt_tree_dispose(struct xlpt_tree *tree)
{
	free(tree->first);
	free(tree->next);
	free(tree->roots);
	*tree = (struct xlpt_tree){ 0 };
}

/* Depth of every function; 0 for a root and for what is made one. */
static void cut(const struct xlpt_inventory *inv, size_t *parent)
{
	size_t n = inv->devs.n;
	size_t *depth = xlpt_xcalloc(n + 1, sizeof(*depth)),
	       *way = xlpt_xcalloc(n + 1, sizeof(*way));
	bool *known = xlpt_xcalloc(n + 1, sizeof(*known)),
	     *walked = xlpt_xcalloc(n + 1, sizeof(*walked));

	for (size_t i = 0; i < n; i++) {
		size_t len = 0, at = i;

		for (; at != SIZE_MAX && !known[at] && !walked[at]; at = parent[at]) {
			walked[at] = true;
			way[len++] = at;
		}
		/* The parents form a circle: the last one that was walked becomes a root. */
		if (len && at != SIZE_MAX && !known[at])
			parent[way[len - 1]] = SIZE_MAX;
		while (len--) {
			size_t k = way[len], p = parent[k];

			depth[k] = p == SIZE_MAX ? 0 : depth[p] + 1;
			if (depth[k] >= XLPT_TREE_DEPTH) {
				parent[k] = SIZE_MAX;
				depth[k] = 0;
			}
			known[k] = true;
		}
	}
	free(depth);
	free(way);
	free(known);
	free(walked);
}

void xlpt_tree_make(const struct xlpt_inventory *inv, struct xlpt_tree *out)
{
	size_t n = inv->devs.n;
	_cleanup_free_ size_t *parent = xlpt_xcalloc(n + 1, sizeof(*parent));

	*out = (struct xlpt_tree){ .first = xlpt_xcalloc(n + 1, sizeof(size_t)),
				   .next = xlpt_xcalloc(n + 1, sizeof(size_t)),
				   .roots = xlpt_xcalloc(n + 1, sizeof(size_t)) };
	for (size_t i = 0; i < n; i++) {
		parent[i] = xlpt_sets_parent(&inv->devs, i);
		out->first[i] = out->next[i] = SIZE_MAX;
	}
	cut(inv, parent);
	/* From the end, so that each list comes out in order. */
	for (size_t i = n; i--;)
		if (parent[i] != SIZE_MAX) {
			out->next[i] = out->first[parent[i]];
			out->first[parent[i]] = i;
		}
	for (size_t i = 0; i < n; i++)
		if (parent[i] == SIZE_MAX)
			out->roots[out->n_roots++] = i;
}
