/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory as a graph for graphviz. A frame is an isolation set with more than one function to give away.
 * The fill says who has a function, and so does its text: no colour alone says anything. Classes are for the
 * style sheet of the picture (picture.c).
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/view/gather.h"

/*
 * Okabe and Ito's colours, which those see apart who do not see all colours, as light as black text needs.
 * Guests beyond them begin anew, and their names are there too.
 */
static const char *const palette[] = { "#56b4e9", "#e69f00", "#45c4a0", "#e4a3c6",
				       "#f5ec8a", "#f0926a", "#a9c8e8" };

#define DOM0   "#e8e8e8"
#define HIDDEN "#ffffff" /* with a thick rim */
#define BRIDGE "#ffffff"
#define RIM    ", penwidth=2.5, color=\"#222222\""

/* The guests that have something, by first device; their index is their colour. */
struct guests {
	const struct xlpt_owner **items;
	size_t n, alloc;
};

struct drawing {
	const struct xlpt_inventory *inv;
	struct xlpt_gathered gathered;
	struct guests guests;
	struct xlpt_str out;
	bool dom0, hidden, vf, many; /* what the legend has to explain */
};

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

static size_t guest_index(struct guests *g, const struct xlpt_owner *o)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->items[i]->domid == o->domid)
			return i;
	XLPT_GROW(g->items, g->n, g->alloc);
	g->items[g->n] = o;
	return g->n++;
}

static void add_port(struct drawing *g, size_t i)
{
	const struct xlpt_device *d = &g->inv->devs.items[i];

	xlpt_str_addf(&g->out, "%s",
		      d->class_code >> 8 == 0x0600   ? "host bridge"
		      : d->class_code >> 8 == 0x0601 ? "ISA bridge"
						     : xlpt_port_word(d));
	if (d->header == XLPT_HEADER_BRIDGE)
		xlpt_str_addf(&g->out, "\\nACS: %s", xlpt_acs_word(d));
	xlpt_str_addf(&g->out, "\", class=\"port\", fillcolor=\"" BRIDGE "\"%s];\n",
		      g->gathered.count[i] > 1 ? ", peripheries=2" : "");
}

/* "set 7", "sets 7 to 70", or nothing where the frame says it. */
static void add_set_number(struct drawing *g, size_t i, bool framed)
{
	unsigned first = xlpt_inventory_set(g->inv, i),
		 last = xlpt_inventory_set(g->inv, g->gathered.last[i]);

	if (framed)
		return;
	if (first == last)
		xlpt_str_addf(&g->out, "\\nset %u", first);
	else
		xlpt_str_addf(&g->out, "\\neach a set of its own");
}

static void add_node(struct drawing *g, size_t i, bool framed)
{
	const struct xlpt_device *d = &g->inv->devs.items[i];
	const struct xlpt_owner *owner = xlpt_inventory_owner(g->inv, i);
	const char *color = DOM0, *class = "dom0", *rim = "";
	_cleanup_free_ char *state = xlpt_state_text(d, owner);
	size_t count = g->gathered.count[i];

	xlpt_str_addf(&g->out, "%s\"%s\" [label=\"", framed ? "\t\t" : "\t", XLPT_BDF_STR(d->bdf));
	if (count > 1) {
		g->many = true;
		xlpt_str_addf(&g->out, "%zu times\\n%s\\nto %s\\n", count, XLPT_BDF_STR(d->bdf),
			      XLPT_BDF_STR(g->inv->devs.items[g->gathered.last[i]].bdf));
	} else {
		xlpt_str_addf(&g->out, "%s\\n", XLPT_BDF_STR(d->bdf));
	}
	if (xlpt_set_ignores(d)) {
		add_port(g, i);
		return;
	}
	if (d->device_name) {
		wrap(&g->out, d->device_name);
		xlpt_str_add(&g->out, "\\n");
	} else {
		xlpt_str_addf(&g->out, "%04x:%04x\\n", d->vendor, d->device);
	}
	quote(&g->out, state);
	if (!owner && d->driver && strcmp(d->driver, "pciback") != 0) {
		xlpt_str_add(&g->out, ": ");
		quote(&g->out, d->driver);
	}
	add_set_number(g, i, framed);
	if (owner) {
		color = palette[guest_index(&g->guests, owner) % XLPT_ARRAY_SIZE(palette)];
		class = "guest";
	} else if (!strcmp(xlpt_state_word(d, owner), "hidden")) {
		color = HIDDEN;
		class = "hidden";
		rim = RIM;
		g->hidden = true;
	} else {
		g->dom0 = true;
	}
	g->vf = g->vf || d->is_vf;
	xlpt_str_addf(&g->out, "\", class=\"%s\", fillcolor=\"%s\"%s%s%s];\n", class, color, rim,
		      d->is_vf ? ", style=\"rounded,filled,dashed\"" : "",
		      count > 1 ? ", peripheries=2" : "");
}

static void add_set(struct drawing *g, size_t set)
{
	const struct xlpt_sets *s = &g->inv->sets;
	bool frame = xlpt_set_to_give(g->inv, set) > 1;

	if (frame)
		xlpt_str_addf(&g->out,
			      "\tsubgraph cluster_%u {\n\t\tlabel=\"set %u: these go together\";\n"
			      "\t\tclass=\"set\"; style=rounded; color=\"#b2182b\"; "
			      "fontcolor=\"#b2182b\"; penwidth=2;\n",
			      s->number[set], s->number[set]);
	for (size_t m = s->start[set]; m < s->start[set + 1]; m++)
		if (g->gathered.count[s->member[m]])
			add_node(g, s->member[m], frame);
	if (frame)
		xlpt_str_add(&g->out, "\t}\n");
}

static void add_key(struct drawing *g, bool wanted, const char *name, const char *text,
		    const char *more)
{
	if (wanted)
		xlpt_str_addf(&g->out, "\t\tlegend_%s [label=\"%s\", %s];\n", name, text, more);
}

static void add_legend(struct drawing *g)
{
	_cleanup_free_ char *left =
		xlpt_xasprintf("%zu bridges and ports\\nwith nothing behind them\\n"
			       "are not shown",
			       g->gathered.left_out);

	xlpt_str_add(&g->out,
		     "\tsubgraph cluster_legend {\n\t\tlabel=\"who has it\"; class=\"legend\"; "
		     "style=dotted;\n");
	add_key(g, g->dom0, "dom0", "dom0", "class=\"dom0\", fillcolor=\"" DOM0 "\"");
	add_key(g, g->hidden, "hidden", "hidden: free for a guest",
		"class=\"hidden\", fillcolor=\"" HIDDEN "\"" RIM);
	for (size_t i = 0; i < g->guests.n; i++) {
		const struct xlpt_owner *o = g->guests.items[i];

		xlpt_str_addf(&g->out, "\t\tlegend_%u [label=\"", o->domid);
		if (o->guest)
			quote(&g->out, o->guest);
		else
			xlpt_str_addf(&g->out, "domain %u, gone", o->domid);
		xlpt_str_addf(&g->out, "\", class=\"guest\", fillcolor=\"%s\"];\n",
			      palette[i % XLPT_ARRAY_SIZE(palette)]);
	}
	add_key(g, g->vf, "vf", "virtual function",
		"class=\"port\", fillcolor=\"" BRIDGE "\", style=\"rounded,filled,dashed\"");
	add_key(g, g->many, "many", "many that are alike",
		"class=\"port\", fillcolor=\"" BRIDGE "\", peripheries=2");
	add_key(g, g->gathered.left_out > 0, "left", left,
		"class=\"note\", shape=plaintext, style=\"\"");
	xlpt_str_add(&g->out, "\t}\n");
}

/* The roots in their order, each bus from its name, on invisible ways: there is nothing to see in them. */
static void add_roots(struct drawing *g, const struct xlpt_tree *tree)
{
	for (size_t r = 0; r < tree->n_roots; r++) {
		const struct xlpt_bdf bdf = g->inv->devs.items[tree->roots[r]].bdf;

		if (g->gathered.count[tree->roots[r]])
			xlpt_str_addf(&g->out, "\t\"bus %04x:%02x\" -> \"%s\";\n", bdf.seg, bdf.bus,
				      XLPT_BDF_STR(bdf));
	}
}

static void add_ways(struct drawing *g, const struct xlpt_tree *tree)
{
	xlpt_str_add(&g->out, "\tsubgraph {\n\tedge [style=invis];\n"
			      "\tnode [style=invis, shape=point, width=0];\n");
	add_roots(g, tree);
	xlpt_str_add(&g->out, "\t}\n");
	for (size_t i = 0; i < g->inv->devs.n; i++)
		for (size_t c = tree->first[i]; c != SIZE_MAX; c = tree->next[c])
			if (g->gathered.count[i] && g->gathered.count[c])
				xlpt_str_addf(&g->out, "\t\"%s\" -> \"%s\";\n",
					      XLPT_BDF_STR(g->inv->devs.items[i].bdf),
					      XLPT_BDF_STR(g->inv->devs.items[c].bdf));
}

char *xlpt_inventory_dot(const struct xlpt_inventory *inv, bool all)
{
	struct drawing g = { .inv = inv };
	_cleanup_tree_ struct xlpt_tree tree;

	xlpt_tree_make(inv, &tree);
	xlpt_gather(inv, &tree, all, &g.gathered);
	xlpt_str_add(
		&g.out,
		"digraph xlpt {\n\trankdir=LR;\n\tranksep=0.4; nodesep=0.12;\n"
		"\tgraph [fontname=\"Helvetica\", fontsize=11, bgcolor=\"#ffffff\"];\n"
		"\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10,\n"
		"\t\tmargin=\"0.08,0.04\", color=\"#555555\", fontcolor=\"#000000\"];\n"
		"\tedge [arrowhead=none, color=\"#777777\"];\n");
	for (size_t k = 0; k < inv->sets.n; k++)
		add_set(&g, k);
	add_ways(&g, &tree);
	add_legend(&g);
	xlpt_str_add(&g.out, "}\n");
	xlpt_gathered_dispose(&g.gathered);
	free(g.guests.items);
	return xlpt_str_take(&g.out);
}
