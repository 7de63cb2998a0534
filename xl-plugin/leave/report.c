/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What save, restore and migrate print when they are done. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

static void finish(struct xlpt_env *env, struct json_object *root)
{
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

static struct json_object *specs_json(const struct xlpt_op *op)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < op->n; i++) {
		_cleanup_free_ char *spec = xlpt_spec_format(&op->items[i].spec);
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(op->items[i].spec.bdf));
		xlpt_json_add(o, "spec", xlpt_json_str(spec));
		json_object_array_add(a, o);
	}
	return a;
}

static char *bdfs_text(const struct xlpt_op *op)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < op->n; i++)
		xlpt_str_addf(&s, "%s%s", i ? ", " : "", XLPT_BDF_STR(op->items[i].spec.bdf));
	return xlpt_str_take(&s);
}

void xlpt_leave_report_saved(const struct xlpt_leave *l, const char *file)
{
	struct json_object *root = json_object_new_object();
	_cleanup_free_ char *bdfs = bdfs_text(&l->op);

	xlpt_say(l->op.env, "%s is saved in %s%s%s", l->op.guest.name, file,
		 l->op.n ? "; xlpt restore attaches again " : "", bdfs);
	xlpt_json_add(root, "guest", xlpt_json_guest(&l->op.guest));
	xlpt_json_add(root, "file", xlpt_json_str(l->file));
	xlpt_json_add(root, "detached", specs_json(&l->op));
	finish(l->op.env, root);
}

void xlpt_leave_report_restored(const struct xlpt_leave *l)
{
	struct json_object *root = json_object_new_object();
	_cleanup_free_ char *bdfs = bdfs_text(&l->op);

	xlpt_say(l->op.env, "%s is restored as domain %u%s%s", l->op.guest.name, l->op.guest.domid,
		 l->op.n ? " and has " : "", bdfs);
	xlpt_json_add(root, "guest", xlpt_json_guest(&l->op.guest));
	xlpt_json_add(root, "attached", specs_json(&l->op));
	finish(l->op.env, root);
}

/* What the other host was asked to attach: specs between blanks; a pool has no address. */
static struct json_object *targets_json(const char *targets)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(targets);
	struct json_object *a = json_object_new_array();
	char *save = NULL;

	for (char *w = copy ? strtok_r(copy, " ", &save) : NULL; w;
	     w = strtok_r(NULL, " ", &save)) {
		struct json_object *o = json_object_new_object();
		_cleanup_spec_ struct xlpt_spec spec = { 0 };
		bool has = xlpt_spec_parse(w, &spec, NULL) == 0 && spec.has_bdf;

		xlpt_json_add(o, "bdf", has ? xlpt_json_bdf(spec.bdf) : NULL);
		xlpt_json_add(o, "spec", xlpt_json_str(w));
		json_object_array_add(a, o);
	}
	return a;
}

void xlpt_leave_report_migrated(const struct xlpt_leave *l)
{
	struct json_object *root = json_object_new_object(), *guest;

	xlpt_say(l->op.env, "%s is on %s%s%s", l->op.guest.name, l->host,
		 l->op.n ? " and has " : "", l->op.n ? l->targets : "");
	guest = xlpt_json_guest(&l->op.guest);
	/* Its number on the other host is known there only. */
	xlpt_json_add(guest, "domid", NULL);
	xlpt_json_add(root, "guest", guest);
	xlpt_json_add(root, "host", xlpt_json_str(l->host));
	xlpt_json_add(root, "live", json_object_new_boolean(!l->offline));
	xlpt_json_add(root, "detached", specs_json(&l->op));
	xlpt_json_add(root, "attached", targets_json(l->targets));
	finish(l->op.env, root);
}
