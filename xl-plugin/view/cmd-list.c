/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <strings.h>

#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/list.h"

typedef char *cell_fn(const struct xlpt_row *r); /* malloc'ed, or NULL for "-" */

static char *cell_device(const struct xlpt_row *r)
{
	return xlpt_xstrdup(XLPT_BDF_STR(r->d->bdf));
}

static char *cell_driver(const struct xlpt_row *r)
{
	return xlpt_xstrdup(r->d->driver);
}

static char *cell_state(const struct xlpt_row *r)
{
	return xlpt_state_text(r->d, r->owner);
}

static char *cell_set(const struct xlpt_row *r)
{
	return xlpt_xasprintf("%u", xlpt_inventory_set(r->inv, r->i));
}

/* The kernel's list in its order, with commas, so that it is one word. */
static char *cell_reset(const struct xlpt_row *r)
{
	char *text;

	if (!r->d->reset_method)
		return r->d->has_reset ? xlpt_xstrdup("yes") : NULL;
	text = xlpt_xstrdup(r->d->reset_method);
	for (char *p = text; *p; p++)
		*p = *p == ' ' ? ',' : *p;
	if (*text)
		return text;
	free(text);
	return NULL;
}

static char *cell_sriov(const struct xlpt_row *r)
{
	if (r->d->is_vf)
		return xlpt_xasprintf("VF of %s", XLPT_BDF_STR(r->d->pf));
	if (r->d->vf_total > 0)
		return xlpt_xasprintf("PF %d/%d", r->d->vf_count, r->d->vf_total);
	return NULL;
}

static char *cell_numa(const struct xlpt_row *r)
{
	return r->d->numa_node < 0 ? NULL : xlpt_xasprintf("%d", r->d->numa_node);
}

static char *cell_class(const struct xlpt_row *r)
{
	return r->d->class_name ? xlpt_xstrdup(r->d->class_name)
				: xlpt_xasprintf("%06x", r->d->class_code);
}

static char *cell_id(const struct xlpt_row *r)
{
	return xlpt_xasprintf("%04x:%04x", r->d->vendor, r->d->device);
}

/* "Intel Corporation 82576 Gigabit Network Connection", or the numbers. */
static char *cell_name(const struct xlpt_row *r)
{
	const struct xlpt_device *d = r->d;

	if (!d->vendor_name && !d->device_name)
		return xlpt_xasprintf("%04x:%04x", d->vendor, d->device);
	if (!d->device_name)
		return xlpt_xasprintf("%s %04x", d->vendor_name, d->device);
	return xlpt_xasprintf("%s%s%s", d->vendor_name ? d->vendor_name : "",
			      d->vendor_name ? " " : "", d->device_name);
}

static char *cell_guest(const struct xlpt_row *r)
{
	return r->owner && r->owner->guest ? xlpt_xstrdup(r->owner->guest) : NULL;
}

static char *cell_parent(const struct xlpt_row *r)
{
	return r->d->has_parent ? xlpt_xstrdup(XLPT_BDF_STR(r->d->parent)) : NULL;
}

enum { ALWAYS, IF_ANY, ON_REQUEST };

static const struct column {
	const char *name, *head;
	cell_fn *cell;
	int when;	     /* without --columns; IF_ANY: when some function has such a thing */
	const char *members; /* of the JSON object, between blanks */
} columns[] = {
	{ "device", "DEVICE", cell_device, ALWAYS, "bdf" },
	{ "driver", "DRIVER", cell_driver, ALWAYS, "driver" },
	{ "state", "STATE", cell_state, ALWAYS, "state answers" },
	{ "set", "SET", cell_set, ALWAYS, "isolation_set" },
	{ "reset", "RESET", cell_reset, ALWAYS, "has_reset reset_methods" },
	{ "sriov", "SRIOV", cell_sriov, IF_ANY, "pf vf_total vf_count" },
	{ "numa", "NUMA", cell_numa, IF_ANY, "numa_node" },
	{ "id", "ID", cell_id, ON_REQUEST, "id" },
	{ "guest", "GUEST", cell_guest, ON_REQUEST, "guest" },
	{ "parent", "PARENT", cell_parent, ON_REQUEST, "parent" },
	{ "class", "CLASS", cell_class, ALWAYS, "class class_name" },
	{ "name", "NAME", cell_name, ALWAYS, "vendor_name device_name" },
};

#define N_COLUMNS XLPT_ARRAY_SIZE(columns)
#define MAX_SHOWN 32

static bool is_member(const char *members, const char *s, size_t len)
{
	_cleanup_free_ char *word = xlpt_xstrndup(s, len);

	return xlpt_one_of(members, word);
}

static void no_column(const char *s, size_t len, struct xlpt_diag *diag)
{
	struct xlpt_nearest n = xlpt_nearest_to(s, len);

	for (size_t c = 0; c < N_COLUMNS; c++)
		xlpt_nearest_try(&n, columns[c].name);
	/* JSON's name for it; most of all people write that of the first. */
	xlpt_nearest_try(&n, columns[0].members);
	if (n.best == columns[0].members)
		n.best = columns[0].name;
	for (size_t c = 0; c < N_COLUMNS; c++)
		if (is_member(columns[c].members, s, len))
			n.best = columns[c].name;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--columns: there is no column \"%.*s\"%s%s%s",
		      (int)len, s, n.best ? "; did you mean \"" : "", n.best ? n.best : "",
		      n.best ? "\"?" : "");
}

static int choose_columns(const char *text, const struct column **out, size_t *n,
			  struct xlpt_diag *diag)
{
	*n = 0;
	for (const char *s = text;; s++) {
		size_t len = strcspn(s, ","), c = 0;

		while (c < N_COLUMNS && (strlen(columns[c].name) != len ||
					 strncasecmp(columns[c].name, s, len) != 0))
			c++;
		if (c == N_COLUMNS || *n == MAX_SHOWN) {
			if (c == N_COLUMNS)
				no_column(s, len, diag);
			else
				xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--columns: more than %d",
					      MAX_SHOWN);
			xlpt_diag_hint(diag,
				       "device, driver, state, set, reset, sriov, numa, id, guest, "
				       "parent, class, name; separated by commas");
			return XLPT_ERR_SYNTAX;
		}
		out[(*n)++] = &columns[c];
		s += len;
		if (!*s)
			return 0;
	}
}

/* ---- output ---- */

static const char *state_color(const struct xlpt_row *r)
{
	const char *word = xlpt_state_word(r->d, r->owner);

	return !strcmp(word, "assigned")  ? "green"
	       : !strcmp(word, "hidden")  ? "yellow"
	       : !strcmp(word, "partial") ? "red"
					  : NULL;
}

static bool worth_showing(const struct column *c, const struct xlpt_row *rows, size_t n)
{
	if (c->when != IF_ANY)
		return c->when == ALWAYS;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = c->cell(&rows[i]);

		if (text)
			return true;
	}
	return false;
}

static void print_table(struct xlpt_env *env, const struct xlpt_args *args,
			const struct column **shown, size_t n_shown, const struct xlpt_row *rows,
			size_t n)
{
	const char *heads[MAX_SHOWN], *cells[MAX_SHOWN];
	struct xlpt_table *table;

	for (size_t c = 0; !xlpt_args_has(args, "columns") && c < N_COLUMNS; c++)
		if (worth_showing(&columns[c], rows, n))
			shown[n_shown++] = &columns[c];
	for (size_t c = 0; c < n_shown; c++)
		heads[c] = shown[c]->head;
	table = xlpt_table_new(heads, n_shown);
	for (size_t i = 0; i < n; i++) {
		char *texts[MAX_SHOWN];

		for (size_t c = 0; c < n_shown; c++)
			cells[c] = texts[c] = shown[c]->cell(&rows[i]);
		xlpt_table_row(table, cells);
		for (size_t c = 0; c < n_shown; c++) {
			if (shown[c]->cell == cell_state)
				xlpt_table_paint(table, c, state_color(&rows[i]));
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

static bool has_member(const struct column *c, const char *key)
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
static struct json_object *part_json(struct json_object *whole, const struct column **shown,
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

/* n_shown: 0 for all. */
static void print_json(struct xlpt_env *env, const struct column **shown, size_t n_shown,
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
static int print_xml(struct xlpt_env *env, const struct xlpt_row *rows, size_t n,
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

static int cmd_list(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
	const struct column *shown[MAX_SHOWN];
	_cleanup_free_ struct xlpt_row *rows = NULL;
	_cleanup_bdfs_ struct xlpt_bdfs only = { 0 };
	size_t n_shown = 0, n = 0;
	bool xml = xlpt_args_has(args, "xml");
	int rc = xlpt_list_check(env, args, diag);

	if (rc == 0 && xlpt_args_has(args, "columns"))
		rc = choose_columns(xlpt_args_get(args, "columns"), shown, &n_shown, diag);
	if (rc == 0)
		rc = xlpt_list_named(env, args, &only, diag);
	if (rc == 0)
		rc = xlpt_inventory_read(
			env, XLPT_SCAN_NAMES | XLPT_SCAN_BRIEF | (xml ? XLPT_SCAN_CAPS : 0), &inv,
			diag);
	if (rc == 0)
		rc = xlpt_list_check_pfs(args, &inv.devs, diag);
	if (rc)
		return rc;
	rows = xlpt_xcalloc(inv.devs.n + 1, sizeof(*rows));
	for (size_t i = 0; i < inv.devs.n; i++) {
		rows[n] = (struct xlpt_row){ &inv, i, &inv.devs.items[i],
					     xlpt_inventory_owner(&inv, i) };
		n += xlpt_list_wants(args, &only, &rows[n]);
	}
	xlpt_inventory_warn(env, &inv);
	if (!n)
		xlpt_list_nothing(env, args);
	if (xml)
		return print_xml(env, rows, n, diag);
	if (env->json)
		print_json(env, shown, n_shown, rows, n);
	else
		print_table(env, args, shown, n_shown, rows, n);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt list_opts[] = {
	{ "all", 'a', NULL, "list bridges too" },
	{ "class", 0, "CLASS", "only this class: hexadecimal (02, 0200) or a part of its name" },
	{ "driver", 0, "NAME", "only what this driver has; \"none\" for no driver" },
	{ "state", 0, "STATE", "only dom0, host, hidden, assigned or partial" },
	{ "assignable", 0, NULL, "only what is free for a guest, with all that must go with it" },
	{ "guest", 0, "GUEST", "only what this guest has (name or domain id)" },
	{ "vf-of", 0, "BDF", "only virtual functions of this physical function" },
	{ "columns", 'o', "LIST", "these columns, in this order (see below)" },
	{ "xml", 0, NULL, "print libvirt's <device> for each" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_list = {
	.name = "list",
	.synopsis = "[BDF...]",
	.help = "List PCI devices: drivers, who has them, what goes together",
	.details = "BDF may be BB:DD.* or any word of xlpt find; none means all devices but bridges.\n"
		   "Columns: device, driver, state, set (isolation set: what the IOMMU cannot keep\n"
		   "apart), reset (the kernel's methods), sriov, numa, id, guest, parent, class, name.\n"
		   "An option that is given several times matches any of its values.",
	.max_args = XLPT_ANY_ARGS,
	.opts = list_opts,
	.run = cmd_list,
};
/* clang-format on */
