/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory as a graph for graphviz. A frame is an isolation set with more
 * than one function to give away; the colour is the owner.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/view/tree.h"

/* Light enough for black text; guests beyond them begin anew, and their names are there too. */
static const char *const palette[] = { "#b3e2cd", "#cbd5e8", "#f4cae4", "#fdcdac",
				       "#e6f5c9", "#f1e2cc", "#a6cee3", "#fb9a99" };

#define DOM0   "#f0f0f0"
#define HIDDEN "#fff2ae"
#define BRIDGE "#ffffff"

/*
 * Names come from pci.ids and from guests: they are shown as in all output, and in
 * a quoted string of graphviz two characters count.
 */
static void quote(struct xlpt_str *out, const char *name)
{
	_cleanup_free_ char *shown = xlpt_text_shown(name);

	for (const char *s = shown; *s; s++) {
		if (*s == '"' || *s == '\\')
			xlpt_str_add(out, "\\");
		xlpt_str_addn(out, s, 1);
	}
}

/* A long name in lines of about 24 characters, broken at blanks. */
static void wrap(struct xlpt_str *out, const char *s)
{
	size_t line = 0;

	while (*s) {
		size_t word = strcspn(s, " ");
		_cleanup_free_ char *w = xlpt_xstrndup(s, word);

		xlpt_str_add(out, line && line + word > 24 ? "\\n" : line ? " " : "");
		line = line && line + word <= 24 ? line + word + 1 : word;
		quote(out, w);
		s += word;
		s += strspn(s, " ");
	}
}

/* The guests that have something, by first device; their index is their colour. */
struct guests {
	const struct xlpt_owner **items;
	size_t n, alloc;
};

static size_t guest_index(struct guests *g, const struct xlpt_owner *o)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->items[i]->domid == o->domid)
			return i;
	XLPT_GROW(g->items, g->n, g->alloc);
	g->items[g->n] = o;
	return g->n++;
}

static void add_node(struct xlpt_str *out, const struct xlpt_inventory *inv, struct guests *guests,
		     size_t i, const char *indent)
{
	const struct xlpt_device *d = &inv->devs.items[i];
	const struct xlpt_owner *owner = xlpt_inventory_owner(inv, i);
	const char *color = DOM0;
	_cleanup_free_ char *state = xlpt_state_text(d, owner);

	xlpt_str_addf(out, "%s\"%s\" [label=\"%s\\n", indent, XLPT_BDF_STR(d->bdf),
		      XLPT_BDF_STR(d->bdf));
	if (xlpt_set_ignores(d)) {
		xlpt_str_addf(out, "%s\\n",
			      d->class_code >> 8 == 0x0600   ? "host bridge"
			      : d->class_code >> 8 == 0x0601 ? "ISA bridge"
							     : xlpt_port_word(d));
		if (d->header == XLPT_HEADER_BRIDGE)
			xlpt_str_addf(out, "ACS: %s\\n", xlpt_acs_word(d));
		xlpt_str_addf(out, "set %u\", fillcolor=\"" BRIDGE "\"];\n",
			      xlpt_inventory_set(inv, i));
		return;
	}
	if (d->device_name) {
		wrap(out, d->device_name);
		xlpt_str_add(out, "\\n");
	} else {
		xlpt_str_addf(out, "%04x:%04x\\n", d->vendor, d->device);
	}
	quote(out, state);
	if (!owner && d->driver && strcmp(d->driver, "pciback") != 0) {
		xlpt_str_add(out, ": ");
		quote(out, d->driver);
	}
	if (owner)
		color = palette[guest_index(guests, owner) % XLPT_ARRAY_SIZE(palette)];
	else if (!strcmp(xlpt_state_word(d, owner), "hidden"))
		color = HIDDEN;
	xlpt_str_addf(out, "\\nset %u\", fillcolor=\"%s\"%s];\n", xlpt_inventory_set(inv, i), color,
		      d->is_vf ? ", style=\"rounded,filled,dashed\"" : "");
}

static size_t to_give(const struct xlpt_inventory *inv, size_t set)
{
	const struct xlpt_sets *s = &inv->sets;
	size_t n = 0;

	for (size_t m = s->start[set]; m < s->start[set + 1]; m++)
		n += !xlpt_set_ignores(&inv->devs.items[s->member[m]]);
	return n;
}

static void add_set(struct xlpt_str *out, const struct xlpt_inventory *inv, struct guests *guests,
		    size_t set)
{
	const struct xlpt_sets *s = &inv->sets;
	bool frame = to_give(inv, set) > 1;

	if (frame)
		xlpt_str_addf(out,
			      "\tsubgraph cluster_%u {\n\t\tlabel=\"set %u: these go together\";\n"
			      "\t\tstyle=rounded; color=\"#b2182b\"; fontcolor=\"#b2182b\";\n",
			      s->number[set], s->number[set]);
	for (size_t m = s->start[set]; m < s->start[set + 1]; m++)
		add_node(out, inv, guests, s->member[m], frame ? "\t\t" : "\t");
	if (frame)
		xlpt_str_add(out, "\t}\n");
}

static void add_legend(struct xlpt_str *out, const struct guests *guests)
{
	xlpt_str_add(out,
		     "\tsubgraph cluster_legend {\n\t\tlabel=\"who has it\"; style=dotted;\n"
		     "\t\tlegend_dom0 [label=\"dom0\", fillcolor=\"" DOM0 "\"];\n"
		     "\t\tlegend_hidden [label=\"hidden: free for a guest\", fillcolor=\"" HIDDEN
		     "\"];\n");
	for (size_t i = 0; i < guests->n; i++) {
		const struct xlpt_owner *o = guests->items[i];

		xlpt_str_addf(out, "\t\tlegend_%u [label=\"", o->domid);
		if (o->guest)
			quote(out, o->guest);
		else
			xlpt_str_addf(out, "domain %u, gone", o->domid);
		xlpt_str_addf(out, "\", fillcolor=\"%s\"];\n",
			      palette[i % XLPT_ARRAY_SIZE(palette)]);
	}
	xlpt_str_add(out, "\t}\n");
}

char *xlpt_inventory_dot(const struct xlpt_inventory *inv)
{
	struct xlpt_str out = { 0 };
	struct guests guests = { 0 };
	_cleanup_tree_ struct xlpt_tree tree;
	struct xlpt_bdf last = { 0 };

	xlpt_tree_make(inv, &tree);
	xlpt_str_add(
		&out,
		"digraph xlpt {\n\trankdir=LR;\n\tranksep=0.4; nodesep=0.15;\n"
		"\tgraph [fontname=\"Helvetica\", fontsize=11];\n"
		"\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10];\n"
		"\tedge [arrowhead=none];\n");
	for (size_t k = 0; k < inv->sets.n; k++)
		add_set(&out, inv, &guests, k);
	for (size_t r = 0; r < tree.n_roots; r++) {
		const struct xlpt_bdf bdf = inv->devs.items[tree.roots[r]].bdf;

		/* The root bus itself, so that what sits on it hangs together. */
		if (!r || bdf.bus != last.bus || bdf.seg != last.seg)
			xlpt_str_addf(&out, "\t\"bus %04x:%02x\" [shape=plaintext, style=\"\"];\n",
				      bdf.seg, bdf.bus);
		xlpt_str_addf(&out, "\t\"bus %04x:%02x\" -> \"%s\";\n", bdf.seg, bdf.bus,
			      XLPT_BDF_STR(bdf));
		last = bdf;
	}
	for (size_t i = 0; i < inv->devs.n; i++)
		for (size_t c = tree.first[i]; c != SIZE_MAX; c = tree.next[c])
			xlpt_str_addf(&out, "\t\"%s\" -> \"%s\";\n",
				      XLPT_BDF_STR(inv->devs.items[i].bdf),
				      XLPT_BDF_STR(inv->devs.items[c].bdf));
	add_legend(&out, &guests);
	xlpt_str_add(&out, "}\n");
	free(guests.items);
	return xlpt_str_take(&out);
}
