/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/tree.h"

struct view {
	struct xlpt_env *env;
	const struct xlpt_inventory *inv;
	const struct xlpt_tree *tree;
	bool colors;
};

/* Terminal colours by state, as in list. */
static const char *color_of(const struct view *v, const char *word)
{
	if (!v->colors)
		return NULL;
	return !strcmp(word, "assigned")  ? "\033[32m"
	       : !strcmp(word, "hidden")  ? "\033[33m"
	       : !strcmp(word, "partial") ? "\033[31m"
					  : NULL;
}

static void print_node(const struct view *v, const char *prefix, size_t i)
{
	const struct xlpt_device *d = &v->inv->devs.items[i];
	const struct xlpt_owner *owner = xlpt_inventory_owner(v->inv, i);
	const char *color = color_of(v, xlpt_state_word(d, owner));
	_cleanup_free_ char *raw = xlpt_state_text(d, owner), *state = xlpt_text_shown(raw);
	_cleanup_free_ char *driver = xlpt_text_shown(d->driver);
	_cleanup_free_ char *vendor = xlpt_text_shown(d->vendor_name);
	_cleanup_free_ char *device = xlpt_text_shown(d->device_name);
	FILE *f = v->env->out;

	fprintf(f, "%s%s  set %u  ", prefix, XLPT_BDF_STR(d->bdf), xlpt_inventory_set(v->inv, i));
	if (d->header == XLPT_HEADER_BRIDGE || d->header == XLPT_HEADER_CARDBUS) {
		fprintf(f, "%s, ACS %s\n", xlpt_port_word(d), xlpt_acs_word(d));
		return;
	}
	fprintf(f, "%s%s%s", color ? color : "", state, color ? "\033[0m" : "");
	if (!owner && strcmp(xlpt_state_word(d, owner), "hidden") != 0)
		fprintf(f, " (%s)", driver ? driver : "no driver");
	if (d->is_vf)
		fprintf(f, ", VF of %s", XLPT_BDF_STR(d->pf));
	if (vendor || device)
		fprintf(f, "  %s%s%s", vendor ? vendor : "", vendor && device ? " " : "",
			device ? device : "");
	else
		fprintf(f, "  %04x:%04x", d->vendor, d->device);
	fputc('\n', f);
}

static void print_below(const struct view *v, struct xlpt_str *prefix, size_t i)
{
	size_t len = prefix->len;

	for (size_t c = v->tree->first[i]; c != SIZE_MAX; c = v->tree->next[c]) {
		bool last = v->tree->next[c] == SIZE_MAX;

		xlpt_str_add(prefix, last ? "`- " : "|- ");
		print_node(v, xlpt_str_get(prefix), c);
		prefix->s[prefix->len = len] = '\0';
		xlpt_str_add(prefix, last ? "   " : "|  ");
		print_below(v, prefix, c);
		prefix->s[prefix->len = len] = '\0';
	}
}

static void print_text(const struct view *v)
{
	_cleanup_str_ struct xlpt_str prefix = { 0 };

	xlpt_str_add(&prefix, "");
	for (size_t r = 0; r < v->tree->n_roots; r++) {
		print_node(v, "", v->tree->roots[r]);
		print_below(v, &prefix, v->tree->roots[r]);
	}
}

static struct json_object *node_json(const struct view *v, size_t i)
{
	struct json_object *o = json_object_new_object(), *below = json_object_new_array();
	const struct xlpt_device *d = &v->inv->devs.items[i];
	const struct xlpt_owner *owner = xlpt_inventory_owner(v->inv, i);
	size_t set = v->inv->sets.of[i];
	_cleanup_free_ char *why = xlpt_sets_reason(&v->inv->sets, &v->inv->devs, i);

	xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
	xlpt_json_add(o, "kind", xlpt_json_str(xlpt_port_word(d)));
	xlpt_json_add(o, "acs_state", xlpt_json_str(xlpt_acs_word(d)));
	xlpt_json_add(o, "isolation_set", json_object_new_int64(v->inv->sets.number[set]));
	xlpt_json_add(o, "why", xlpt_json_str(why));
	xlpt_json_add(o, "driver", xlpt_json_str(d->driver));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_state_word(d, owner)));
	xlpt_json_add(o, "guest", xlpt_owner_json(owner));
	for (size_t c = v->tree->first[i]; c != SIZE_MAX; c = v->tree->next[c])
		json_object_array_add(below, node_json(v, c));
	xlpt_json_add(o, "below", below);
	return o;
}

static void print_json(const struct view *v)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();

	for (size_t r = 0; r < v->tree->n_roots; r++)
		json_object_array_add(array, node_json(v, v->tree->roots[r]));
	xlpt_json_add(root, "topology", array);
	xlpt_print_json(v->env, root);
}

static int check_forms(const struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_diag *diag)
{
	if (xlpt_args_has(args, "all") && !xlpt_args_has(args, "dot") &&
	    !xlpt_args_has(args, "svg")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--all goes with --dot and --svg");
		xlpt_diag_hint(diag, "leave it out: the tree has every function");
		return XLPT_ERR_USAGE;
	}
	if (env->json + xlpt_args_has(args, "dot") + xlpt_args_has(args, "svg") < 2)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "--dot, --svg and --json exclude each other");
	xlpt_diag_hint(diag, "ask for one of them");
	return XLPT_ERR_USAGE;
}

static int cmd_topology(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
	_cleanup_tree_ struct xlpt_tree tree = { 0 };
	int rc = check_forms(env, args, diag);

	if (rc == 0)
		rc = xlpt_inventory_read(env, XLPT_SCAN_NAMES | XLPT_SCAN_BRIEF, &inv, diag);
	if (rc)
		return rc;
	xlpt_inventory_warn(env, &inv);
	if (xlpt_args_has(args, "dot") || xlpt_args_has(args, "svg")) {
		_cleanup_free_ char *dot = xlpt_inventory_dot(&inv, xlpt_args_has(args, "all"));

		if (xlpt_args_has(args, "svg"))
			return xlpt_inventory_draw(env, dot, diag);
		fputs(dot, env->out);
		return 0;
	}
	xlpt_tree_make(&inv, &tree);
	(env->json ? print_json
		   : print_text)(&(struct view){ env, &inv, &tree, xlpt_out_colors(env) });
	return 0;
}

/* clang-format off */
static const struct xlpt_opt topology_opts[] = {
	{ "dot", 0, NULL, "print a graph for graphviz: bridges, isolation sets, owners" },
	{ "svg", 0, NULL, "print that graph as an SVG picture (needs graphviz)" },
	{ "all", 'a', NULL, "with --dot, --svg: leave nothing out, and draw each function by itself" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_topology = {
	.name = "topology",
	.synopsis = "",
	.help = "Show what is behind which bridge, what goes together, who has it",
	.details = "Functions of one isolation set have the same number: the IOMMU cannot keep them\n"
		   "apart, so they go to one guest. xlpt show tells why.",
	.opts = topology_opts,
	.run = cmd_topology,
};
/* clang-format on */
