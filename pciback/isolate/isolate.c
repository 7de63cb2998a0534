/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the isolation sets out of the facts of a scan; the rules are told in isolate.h. */
#include "pciback/isolate/isolate.h"

#include <string.h>

#include "pciback/device/quirks.h"
#include "pciback/isolate/place.h"

#define NONE SIZE_MAX

void xlpt_sets_dispose(struct xlpt_sets *s)
{
	free(s->of);
	free(s->start);
	free(s->member);
	free(s->edges);
	free(s->why);
	free(s->number);
	*s = (struct xlpt_sets){ 0 };
}

bool xlpt_set_ignores(const struct xlpt_device *dev)
{
	unsigned class_code = dev->class_code >> 8;

	return dev->header == XLPT_HEADER_BRIDGE || dev->header == XLPT_HEADER_CARDBUS ||
	       class_code == 0x0600 || class_code == 0x0601;
}

/* What is computed once for each device. */
struct node {
	size_t parent; /* bridge above, or NONE */
	size_t root;   /* union-find */
	enum xlpt_acs_state acs;
	size_t leak; /* bridges: first place at or above it that does not isolate; NONE */
	struct xlpt_bdf
		unlisted; /* has_unlisted: what should be right above it and is not listed */
	bool has_unlisted;
	bool leak_known, walking;
};

struct work {
	const struct xlpt_devices *devs;
	struct node *nodes;
	struct xlpt_sets *out;
};

static size_t find_root(struct node *nodes, size_t i)
{
	while (nodes[i].root != i)
		i = nodes[i].root = nodes[nodes[i].root].root;
	return i;
}

static void join(struct work *w, struct xlpt_edge edge)
{
	struct xlpt_sets *s = w->out;
	size_t a = find_root(w->nodes, edge.a), b = find_root(w->nodes, edge.b);

	if (s->why[edge.a] == NONE)
		s->why[edge.a] = s->n_edges;
	else if (a == b)
		return;
	XLPT_GROW(s->edges, s->n_edges, s->alloc_edges);
	s->edges[s->n_edges++] = edge;
	/* The lower index is the root, so that a set is known by its first member. */
	if (a < b)
		w->nodes[b].root = a;
	else
		w->nodes[a].root = b;
}

/*
 * The first bridge at or above i that lets transactions turn round
 * (pci_acs_path_enabled). A hostile tree can make parents go round in circles:
 * what is being walked already ends the way.
 */
static size_t leak(struct work *w, size_t i)
{
	size_t top = i, at;

	for (at = i; at != NONE && !w->nodes[at].leak_known && !w->nodes[at].walking;
	     at = w->nodes[at].parent) {
		w->nodes[at].walking = true;
		top = at;
		if (!xlpt_acs_isolates(w->nodes[at].acs))
			break;
	}
	if (at != NONE)
		at = w->nodes[at].leak_known		   ? w->nodes[at].leak
		     : xlpt_acs_isolates(w->nodes[at].acs) ? NONE
							   : at;
	for (size_t k = i;; k = w->nodes[k].parent) {
		w->nodes[k].leak = at;
		w->nodes[k].leak_known = true;
		w->nodes[k].walking = false;
		if (k == top)
			return at;
	}
}

/* Bridges that put their own id into the requests of what is behind them. */
static bool takes_over(const struct work *w, size_t i, struct xlpt_bdf *rid)
{
	const struct xlpt_device *b = &w->devs->items[i];
	struct xlpt_bdf secondary = { .seg = b->bdf.seg, .bus = b->secondary_bus };

	*rid = b->bdf;
	if (!b->caps.config_read)
		return false;
	if (!b->caps.pcie) {
		const struct xlpt_device *above =
			w->nodes[i].parent == NONE ? NULL : &w->devs->items[w->nodes[i].parent];

		/* Only such a one sits behind a PCIe port and says it is conventional. */
		if (above && above->caps.pcie && above->caps.pcie_type != XLPT_PCIE_TO_PCI &&
		    xlpt_quirk_has(quirk_use_pcie_bridge_dma_alias, b))
			*rid = secondary;
		return true;
	}
	if (b->caps.pcie_type == XLPT_PCIE_TO_PCI)
		*rid = secondary;
	return b->caps.pcie_type == XLPT_PCIE_TO_PCI || b->caps.pcie_type == XLPT_PCIE_FROM_PCI;
}

static void join_unknown(struct work *w, size_t a, size_t b, struct xlpt_bdf bridge)
{
	join(w, (struct xlpt_edge){ .kind = XLPT_EDGE_UNKNOWN, .a = a, .b = b, .rid = bridge });
}

/* Joins i with its parent when something further up is not listed: that may well pass all on. */
static void join_over_gap(struct work *w, size_t i)
{
	size_t limit = w->devs->n, parent = w->nodes[i].parent;

	for (size_t b = parent; b != NONE && limit; b = w->nodes[b].parent, limit--)
		if (w->nodes[b].has_unlisted) {
			join_unknown(w, i, parent, w->nodes[b].unlisted);
			return;
		}
}

/* Joins i with the nearest bridge that does so. The bridge itself is joined further up in its turn. */
static void join_upwards(struct work *w, size_t i)
{
	size_t limit = w->devs->n, parent = w->nodes[i].parent;
	const struct xlpt_device *d = &w->devs->items[i];
	struct xlpt_bdf rid;

	/* Whatever lies between: its requests leave with the carrier's id (pci_real_dma_dev). */
	if (d->has_carrier && xlpt_sets_index(w->devs, d->carrier) != NONE) {
		join(w,
		     (struct xlpt_edge){ XLPT_EDGE_REQUESTER, i,
					 xlpt_sets_index(w->devs, d->carrier), NONE, d->carrier });
		return;
	}
	for (size_t b = parent; b != NONE && limit; b = w->nodes[b].parent, limit--) {
		if (xlpt_quirk_has(quirk_bridge_cavm_thrx2_pcie_root, &w->devs->items[b]))
			break;
		if (takes_over(w, b, &rid)) {
			join(w, (struct xlpt_edge){ XLPT_EDGE_REQUESTER, i, b, b, rid });
			return;
		}
	}
	if (parent != NONE) {
		size_t at = leak(w, parent);

		if (at != NONE)
			join(w, (struct xlpt_edge){
					.kind = XLPT_EDGE_PATH, .a = i, .b = parent, .at = at });
		else
			join_over_gap(w, i);
	}
}

static bool same_slot(struct xlpt_bdf a, struct xlpt_bdf b)
{
	return a.seg == b.seg && a.bus == b.bus && a.dev == b.dev;
}

static bool same_bus(struct xlpt_bdf a, struct xlpt_bdf b)
{
	return a.seg == b.seg && a.bus == b.bus;
}

/* Functions first..last-1 are those of one slot. */
static void join_slot(struct work *w, size_t first, size_t last)
{
	const struct xlpt_device *d = w->devs->items;

	for (size_t i = first; i < last; i++) {
		if (xlpt_acs_isolates(w->nodes[i].acs) || d[i].is_vf)
			continue;
		/* One of the two has to say that there are several (or be one of the others). */
		for (size_t k = first; k < i; k++)
			if (!xlpt_acs_isolates(w->nodes[k].acs) && !d[k].is_vf)
				join(w,
				     (struct xlpt_edge){ .kind = XLPT_EDGE_SLOT, .a = i, .b = k });
	}
}

/* Functions first..last-1 are those of one bus: nobody does DMA under a number of another bus. */
static void join_aliases(struct work *w, size_t first, size_t last)
{
	const struct xlpt_device *d = w->devs->items;

	for (size_t i = first; i < last; i++) {
		enum xlpt_quirk kind = xlpt_quirk_alias(&d[i]);

		for (size_t k = first; kind != XLPT_NO_QUIRK && k < last; k++)
			if (xlpt_quirk_alias_is(kind, &d[i], d[k].bdf))
				join(w,
				     (struct xlpt_edge){ .kind = XLPT_EDGE_ALIAS, .a = i, .b = k });
	}
}

/* Also across buses: Xen has one entry of its device table for all that use the id (amd_iommu_group_id). */
static void join_by_firmware(struct work *w)
{
	for (size_t i = 0; i < w->devs->n; i++) {
		size_t mate = xlpt_sets_alias_mate(w->devs, i);

		if (mate != NONE)
			join(w, (struct xlpt_edge){ XLPT_EDGE_FIRMWARE, i, mate, NONE,
						    w->devs->items[i].alias });
	}
}

/* Whether k, which is listed, may be one with a bridge that is not. */
static bool goes_with(const struct work *w, size_t k, struct xlpt_bdf unlisted)
{
	const struct xlpt_device *d = &w->devs->items[k];
	const struct node *node = &w->nodes[k];
	enum xlpt_quirk kind;

	if (node->has_unlisted && same_slot(node->unlisted, unlisted))
		return true;
	if (same_slot(d->bdf, unlisted) && !d->is_vf && !xlpt_acs_isolates(node->acs))
		return true;
	kind = same_bus(d->bdf, unlisted) ? xlpt_quirk_alias(d) : XLPT_NO_QUIRK;
	return kind != XLPT_NO_QUIRK && xlpt_quirk_alias_is(kind, d, unlisted);
}

/*
 * What the list does not show is taken for what keeps nothing apart: a bridge that is not in it,
 * and one whose bus numbers cannot be read where no link says what is behind it.
 */
static void join_by_gaps(struct work *w)
{
	size_t n = w->devs->n, blind = xlpt_sets_blind(w->devs, 0);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; w->nodes[i].has_unlisted && k < n; k++)
			if (k != i && goes_with(w, k, w->nodes[i].unlisted))
				join_unknown(w, i, k, w->nodes[i].unlisted);
	if (blind == NONE)
		return;
	for (size_t k = xlpt_sets_blind(w->devs, blind + 1); k != NONE;
	     k = xlpt_sets_blind(w->devs, k + 1))
		join_unknown(w, k, blind, w->devs->items[blind].bdf);
	for (size_t i = 0; i < n; i++)
		if (xlpt_sets_nowhere(w->devs, i))
			join_unknown(w, i, blind, w->devs->items[blind].bdf);
}

/* Sets in order of their first members, and their members. */
static void collect(struct work *w)
{
	struct xlpt_sets *s = w->out;
	size_t n = w->devs->n, *fill;

	for (size_t i = 0; i < n; i++) {
		size_t root = find_root(w->nodes, i);

		/* The root is the lowest index of its set and so was met before. */
		s->of[i] = root == i ? s->n++ : s->of[root];
	}
	s->start = xlpt_xcalloc(s->n + 2, sizeof(*s->start));
	s->member = xlpt_xcalloc(n + 1, sizeof(*s->member));
	for (size_t i = 0; i < n; i++)
		s->start[s->of[i] + 1]++;
	for (size_t k = 0; k < s->n; k++)
		s->start[k + 1] += s->start[k];
	fill = xlpt_xcalloc(s->n + 1, sizeof(*fill));
	for (size_t i = 0; i < n; i++)
		s->member[s->start[s->of[i]] + fill[s->of[i]]++] = i;
	free(fill);
	/* Where no edge begins, one ends. */
	for (size_t e = s->n_edges; e--;)
		if (s->why[s->edges[e].b] == NONE)
			s->why[s->edges[e].b] = e;
}

static int cmp_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/*
 * The one group of the members of set k that have a group. The kernel gives none
 * to a function that no IOMMU serves (an IOMMU itself, a host bridge beside it).
 * False: two groups, or a name that is no number. *any stays false without a group.
 */
static bool group_of(const struct work *w, size_t k, bool *any, unsigned *number)
{
	const struct xlpt_sets *s = w->out;
	const char *name = NULL;
	uint64_t v = 0;

	for (size_t m = s->start[k]; m < s->start[k + 1]; m++) {
		const char *other = w->devs->items[s->member[m]].iommu_group;

		if (!other)
			continue;
		*any = true;
		if (name && !xlpt_streq(name, other))
			return false;
		name = other;
	}
	if (name && !xlpt_parse_uint(name, strlen(name), 10, INT32_MAX, &v))
		return false;
	*number = (unsigned)v;
	return true;
}

/*
 * Where the kernel has groups and they are these sets, its numbers are used, and
 * sets without a group are numbered behind them.
 */
static void compare_groups(struct work *w)
{
	struct xlpt_sets *s = w->out;
	_cleanup_free_ unsigned *seen = xlpt_xcalloc(s->n + 1, sizeof(*seen));
	_cleanup_free_ bool *grouped = xlpt_xcalloc(s->n + 1, sizeof(*grouped));
	size_t n = 0;
	unsigned next;

	s->agree = true;
	s->number = xlpt_xcalloc(s->n + 1, sizeof(*s->number));
	for (size_t k = 0; k < s->n; k++) {
		s->agree &= group_of(w, k, &grouped[k], &s->number[k]);
		s->has_groups |= grouped[k];
		if (grouped[k])
			seen[n++] = s->number[k];
	}
	s->agree &= s->has_groups;
	qsort(seen, n, sizeof(*seen), cmp_number);
	for (size_t k = 1; k < n; k++)
		s->agree &= seen[k] != seen[k - 1];
	next = n ? seen[n - 1] + 1 : 0;
	for (size_t k = 0; k < s->n; k++)
		s->number[k] = !s->agree ? (unsigned)k : grouped[k] ? s->number[k] : next++;
}

void xlpt_sets_make(const struct xlpt_devices *devs, struct xlpt_sets *out)
{
	struct work w = { .devs = devs, .out = out };
	size_t n = devs->n;

	*out = (struct xlpt_sets){ 0 };
	w.nodes = xlpt_xcalloc(n + 1, sizeof(*w.nodes));
	out->of = xlpt_xcalloc(n + 1, sizeof(*out->of));
	out->why = xlpt_xcalloc(n + 1, sizeof(*out->why));
	for (size_t i = 0; i < n; i++) {
		w.nodes[i] = (struct node){ .parent = xlpt_sets_parent(devs, i),
					    .root = i,
					    .acs = xlpt_acs_state(&devs->items[i]) };
		w.nodes[i].has_unlisted = xlpt_sets_unlisted(devs, i, &w.nodes[i].unlisted);
		out->why[i] = NONE;
		out->unread += w.nodes[i].acs == XLPT_ACS_UNREAD;
	}
	for (size_t i = 0; i < n; i++)
		join_upwards(&w, i);
	for (size_t first = 0, last; first < n; first = last) {
		for (last = first + 1;
		     last < n && same_slot(devs->items[first].bdf, devs->items[last].bdf); last++)
			;
		join_slot(&w, first, last);
	}
	for (size_t first = 0, last; first < n; first = last) {
		for (last = first + 1;
		     last < n && same_bus(devs->items[first].bdf, devs->items[last].bdf); last++)
			;
		join_aliases(&w, first, last);
	}
	join_by_firmware(&w);
	join_by_gaps(&w);
	collect(&w);
	compare_groups(&w);
	free(w.nodes);
}
