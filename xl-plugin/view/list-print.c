/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "xlpt list" prints. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/list.h"

void xlpt_list_print_table(struct xlpt_env *env, const struct xlpt_column **shown, size_t n_shown,
			   const struct xlpt_row *rows, size_t n)
{
	const char *heads[XLPT_MAX_COLUMNS], *cells[XLPT_MAX_COLUMNS];
	const struct xlpt_column *worth[XLPT_MAX_COLUMNS];
	struct xlpt_table *table;

	if (!n_shown) {
		n_shown = xlpt_columns_worth(rows, n, worth);
		shown = worth;
	}
	for (size_t c = 0; c < n_shown; c++)
		heads[c] = shown[c]->head;
	table = xlpt_table_new(heads, n_shown);
	for (size_t i = 0; i < n; i++) {
		char *texts[XLPT_MAX_COLUMNS];

		for (size_t c = 0; c < n_shown; c++)
			cells[c] = texts[c] = shown[c]->cell(&rows[i]);
		xlpt_table_row(table, cells);
		for (size_t c = 0; c < n_shown; c++) {
			xlpt_table_paint(table, c, xlpt_column_color(shown[c], &rows[i]));
			free(texts[c]);
		}
	}
	xlpt_table_print(env, table);
}

static struct json_object *row_json(const struct xlpt_row *r)
{
	struct json_object *o = json_object_new_object();
	const struct xlpt_device *d = r->d;
	bool has_vfs = d->vf_total > 0;

	xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
	xlpt_json_add(o, "id", xlpt_json_id(d->vendor, d->device));
	xlpt_json_add(o, "class", xlpt_json_class(d->class_code));
	xlpt_json_add(o, "class_name", xlpt_json_str(d->class_name));
	xlpt_json_add(o, "vendor_name", xlpt_json_str(d->vendor_name));
	xlpt_json_add(o, "device_name", xlpt_json_str(d->device_name));
	xlpt_json_add(o, "driver", xlpt_json_str(d->driver));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_state_word(d, r->owner)));
	xlpt_json_add(o, "answers", json_object_new_boolean(!d->no_answer));
	xlpt_json_add(o, "guest", xlpt_owner_json(r->owner));
	xlpt_json_add(o, "isolation_set", json_object_new_int64(xlpt_inventory_set(r->inv, r->i)));
	xlpt_json_add(o, "assignable",
		      json_object_new_boolean(xlpt_inventory_assignable(r->inv, r->i)));
	xlpt_json_add(o, "has_reset", json_object_new_boolean(d->has_reset));
	xlpt_json_add(o, "reset_methods", xlpt_json_reset_methods(d));
	xlpt_json_add(o, "parent", d->has_parent ? xlpt_json_bdf(d->parent) : NULL);
	xlpt_json_add(o, "pf", d->is_vf ? xlpt_json_bdf(d->pf) : NULL);
	xlpt_json_add(o, "vf_total", has_vfs ? json_object_new_int(d->vf_total) : NULL);
	xlpt_json_add(o, "vf_count", has_vfs ? json_object_new_int(d->vf_count) : NULL);
	xlpt_json_add(o, "numa_node", d->numa_node >= 0 ? json_object_new_int(d->numa_node) : NULL);
	return o;
}

static bool has_member(const struct xlpt_column *c, const char *key)
{
	size_t len = strlen(key);

	for (const char *s = c->members; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (n == len && !strncmp(s, key, n))
			return true;
		s += n;
	}
	return false;
}

/* What the columns are made of, in the order of the whole object. */
static struct json_object *part_json(struct json_object *whole, const struct xlpt_column **shown,
				     size_t n_shown)
{
	struct json_object *o = json_object_new_object();

	json_object_object_foreach(whole, key, value)
	{
		size_t c = 0;

		while (c < n_shown && !has_member(shown[c], key))
			c++;
		if (c < n_shown)
			xlpt_json_add(o, key, json_object_get(value));
	}
	json_object_put(whole);
	return o;
}

void xlpt_list_print_json(struct xlpt_env *env, const struct xlpt_column **shown, size_t n_shown,
			  const struct xlpt_row *rows, size_t n)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, n_shown ? part_json(row_json(&rows[i]), shown, n_shown)
						     : row_json(&rows[i]));
	xlpt_json_add(root, "devices", array);
	xlpt_print_json(env, root);
}

/* libvirt has no document for several node devices: a plain element holds them. */
int xlpt_list_print_xml(struct xlpt_env *env, const struct xlpt_row *rows, size_t n,
			struct xlpt_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *xml = NULL;
		int rc = xlpt_inventory_xml(rows[i].inv, rows[i].i, &xml, diag);

		if (rc)
			return rc;
		if (i == 0)
			fputs("<devices>\n", env->out);
		xlpt_put_document(env, xml, strlen(xml));
	}
	fputs(n ? "</devices>\n" : "<devices>\n</devices>\n", env->out);
	return 0;
}
