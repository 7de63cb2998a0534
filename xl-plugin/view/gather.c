/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/view/gather.h"

#define MANY  4	 /* from so many that are alike on, one stands for all */
#define KINDS 64 /* of one bridge's functions, that a further one is compared with */

size_t xlpt_set_to_give(const struct xlpt_inventory *inv, size_t set)
{
	const struct xlpt_sets *s = &inv->sets;
	size_t n = 0;

	for (size_t m = s->start[set]; m < s->start[set + 1]; m++)
		n += !xlpt_set_ignores(&inv->devs.items[s->member[m]]);
	return n;
}

void xlpt_gathered_dispose(struct xlpt_gathered *g)
{
	free(g->by);
	free(g->count);
	free(g->last);
	*g = (struct xlpt_gathered){ 0 };
}

/* The one that is drawn behind a bridge; SIZE_MAX: none, or more than one. */
static size_t only_child(const struct xlpt_tree *tree, const struct xlpt_gathered *g, size_t i)
{
	size_t only = SIZE_MAX;

	for (size_t c = tree->first[i]; c != SIZE_MAX; c = tree->next[c]) {
		if (g->by[c] == SIZE_MAX)
			continue;
		if (only != SIZE_MAX)
			return SIZE_MAX;
		only = c;
	}
	return only;
}

static bool ports_alike(const struct xlpt_device *x, const struct xlpt_device *y)
{
	return xlpt_streq(xlpt_port_word(x), xlpt_port_word(y)) &&
	       xlpt_acs_state(x) == xlpt_acs_state(y);
}

static bool functions_alike(const struct xlpt_inventory *inv, size_t a, size_t b)
{
	const struct xlpt_device *x = &inv->devs.items[a], *y = &inv->devs.items[b];
	_cleanup_free_ char *state = NULL, *other = NULL;

	if (x->vendor != y->vendor || x->device != y->device || x->class_code != y->class_code ||
	    x->is_vf != y->is_vf || (x->is_vf && xlpt_bdf_cmp(x->pf, y->pf)) ||
	    !xlpt_streq(x->driver, y->driver))
		return false;
	state = xlpt_state_text(x, xlpt_inventory_owner(inv, a));
	other = xlpt_state_text(y, xlpt_inventory_owner(inv, b));
	return xlpt_streq(state, other);
}

/*
 * A person who looks at both would see nothing but another address; with a bridge goes the one that
 * is behind it.
 */
static bool alike(const struct xlpt_inventory *inv, const struct xlpt_tree *tree,
		  const struct xlpt_gathered *g, size_t a, size_t b)
{
	size_t set = inv->sets.of[a], other = inv->sets.of[b];

	for (unsigned depth = 0; depth < XLPT_TREE_DEPTH; depth++) {
		bool port = xlpt_set_ignores(&inv->devs.items[a]);

		if (port != xlpt_set_ignores(&inv->devs.items[b]))
			return false;
		if (!port)
			return tree->first[a] == SIZE_MAX && tree->first[b] == SIZE_MAX &&
			       functions_alike(inv, a, b) &&
			       (inv->sets.of[a] == inv->sets.of[b] ||
				(xlpt_set_to_give(inv, inv->sets.of[a]) == 1 &&
				 xlpt_set_to_give(inv, inv->sets.of[b]) == 1));
		/* In a frame only with what is in the same one. */
		set = inv->sets.of[a], other = inv->sets.of[b];
		if (!ports_alike(&inv->devs.items[a], &inv->devs.items[b]) ||
		    (set != other &&
		     (xlpt_set_to_give(inv, set) > 1 || xlpt_set_to_give(inv, other) > 1)))
			return false;
		a = only_child(tree, g, a);
		b = only_child(tree, g, b);
		if (a == SIZE_MAX || b == SIZE_MAX)
			return false;
	}
	return false;
}

/* b, and what is behind it, is drawn as a is. */
static void draw_as(const struct xlpt_tree *tree, struct xlpt_gathered *g, size_t a, size_t b)
{
	while (a != SIZE_MAX && b != SIZE_MAX && a != b) {
		size_t below_a = only_child(tree, g, a), below_b = only_child(tree, g, b);

		g->by[b] = a;
		a = below_a;
		b = below_b;
	}
}

/*
 * The functions of one bridge, or the roots, in their order: of many that are alike the first stands for
 * all. What is made to be slow is compared with the last kinds only.
 */
static void gather_row(const struct xlpt_inventory *inv, const struct xlpt_tree *tree,
		       const size_t *row, size_t n, struct xlpt_gathered *g)
{
	struct {
		size_t first, count;
	} *kinds = xlpt_xcalloc(n + 1, sizeof(*kinds));
	size_t *kind = xlpt_xcalloc(n + 1, sizeof(*kind)), n_kinds = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = n_kinds, least = n_kinds > KINDS ? n_kinds - KINDS : 0;

		while (k > least && !alike(inv, tree, g, kinds[k - 1].first, row[i]))
			k--;
		if (k == least)
			kinds[k = n_kinds++].first = row[i];
		else
			k--;
		kinds[k].count++;
		kind[i] = k;
	}
	for (size_t i = 0; i < n; i++)
		if (kinds[kind[i]].count >= MANY)
			draw_as(tree, g, kinds[kind[i]].first, row[i]);
	free(kinds);
	free(kind);
}

/*
 * Bridges from which no way leads to a function: a child comes behind its parent in the order of no
 * address, so this looks until nothing changes any more, at most as often as the tree is deep.
 */
static void leave_out(const struct xlpt_inventory *inv, const struct xlpt_tree *tree,
		      struct xlpt_gathered *g)
{
	bool changed = true;

	for (size_t i = 0; i < inv->devs.n; i++)
		if (xlpt_set_ignores(&inv->devs.items[i]))
			g->by[i] = SIZE_MAX;
	for (unsigned depth = 0; changed && depth <= XLPT_TREE_DEPTH; depth++) {
		changed = false;
		for (size_t i = 0; i < inv->devs.n; i++) {
			for (size_t c = tree->first[i]; c != SIZE_MAX && g->by[i] == SIZE_MAX;
			     c = tree->next[c])
				if (g->by[c] != SIZE_MAX) {
					g->by[i] = i;
					changed = true;
				}
		}
	}
}

void xlpt_gather(const struct xlpt_inventory *inv, const struct xlpt_tree *tree, bool all,
		 struct xlpt_gathered *out)
{
	size_t n = inv->devs.n;
	_cleanup_free_ size_t *row = xlpt_xcalloc(n + 1, sizeof(*row));

	*out = (struct xlpt_gathered){ .by = xlpt_xcalloc(n + 1, sizeof(size_t)),
				       .count = xlpt_xcalloc(n + 1, sizeof(size_t)),
				       .last = xlpt_xcalloc(n + 1, sizeof(size_t)) };
	for (size_t i = 0; i < n; i++)
		out->by[i] = i;
	if (!all) {
		size_t k = 0;

		leave_out(inv, tree, out);
		for (size_t r = 0; r < tree->n_roots; r++)
			if (out->by[tree->roots[r]] != SIZE_MAX)
				row[k++] = tree->roots[r];
		gather_row(inv, tree, row, k, out);
		for (size_t i = 0; i < n; i++) {
			if (out->by[i] != i)
				continue;
			k = 0;
			for (size_t c = tree->first[i]; c != SIZE_MAX; c = tree->next[c])
				if (out->by[c] == c)
					row[k++] = c;
			gather_row(inv, tree, row, k, out);
		}
	}
	for (size_t i = 0; i < n; i++) {
		size_t by = out->by[i];

		if (by == SIZE_MAX) {
			out->left_out++;
			continue;
		}
		out->count[by]++;
		out->last[by] = i;
	}
}
