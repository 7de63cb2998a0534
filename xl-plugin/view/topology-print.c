/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What topology prints: the tree of functions, as text and as JSON. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/tree.h"

struct view {
	struct xlpt_env *env;
	const struct xlpt_inventory *inv;
	const struct xlpt_tree *tree;
	bool colors;
};

/* The colour of a state on a terminal, as in list; NULL = none. */
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

void xlpt_tree_print(struct xlpt_env *env, const struct xlpt_inventory *inv,
		     const struct xlpt_tree *tree)
{
	const struct view v = { env, inv, tree, xlpt_out_colors(env) };

	if (env->json)
		print_json(&v);
	else
		print_text(&v);
}
