/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What check prints. */
#include "xl-plugin/check/check.h"
#include "xl-plugin/cli/output.h"

static struct json_object *finding_json(const struct xlpt_finding *f)
{
	struct json_object *o = json_object_new_object();
	bool fails = f->state == XLPT_FINDING_FAILS;

	xlpt_json_add(o, "state", xlpt_json_str(xlpt_finding_word(f->state)));
	xlpt_json_add(o, "point", xlpt_json_str(f->point));
	xlpt_json_add(o, "bdf", f->has_bdf ? xlpt_json_bdf(f->bdf) : NULL);
	xlpt_json_add(o, "message", xlpt_json_str(f->diag.message));
	xlpt_json_add(o, "fact", xlpt_json_str(f->diag.fact));
	xlpt_json_add(o, "hint", xlpt_json_str(f->diag.hint));
	xlpt_json_add(o, "code", xlpt_json_str(fails ? xlpt_err_word(f->diag.code) : NULL));
	xlpt_json_add(o, "file", xlpt_json_str(f->diag.file));
	xlpt_json_add(o, "line", f->diag.line ? json_object_new_int64(f->diag.line) : NULL);
	return o;
}

static void print_json(struct xlpt_env *env, const struct xlpt_args *args,
		       const struct xlpt_findings *all)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	xlpt_json_add(root, "command", xlpt_json_str(args->n > 1 ? "attach" : "start"));
	xlpt_json_add(root, "works", json_object_new_boolean(!all->rc));
	xlpt_json_add(root, "exit", json_object_new_int(xlpt_err_exit(all->rc)));
	for (size_t i = 0; i < all->n; i++)
		json_object_array_add(list, finding_json(&all->items[i]));
	xlpt_json_add(root, "findings", list);
	xlpt_print_json(env, root);
	/* It says itself what fails. */
	env->reported = true;
}

static void print_line(struct xlpt_env *env, const struct xlpt_finding *f)
{
	const struct xlpt_diag *d = &f->diag;
	_cleanup_free_ char *where =
		d->file && d->line ? xlpt_xasprintf("%s:%u: ", d->file, d->line) : NULL;

	xlpt_say(env, "%s: %s: %s%s%s%s", xlpt_finding_word(f->state), f->point, where ? where : "",
		 d->message, d->fact ? ": " : "", d->fact ? d->fact : "");
	if (d->hint)
		xlpt_say(env, "  to mend: %s", d->hint);
}

void xlpt_check_report(struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_findings *all)
{
	xlpt_findings_sort(all);
	if (env->json) {
		print_json(env, args, all);
		return;
	}
	for (size_t i = 0; i < all->n; i++)
		print_line(env, &all->items[i]);
	if (!all->rc)
		xlpt_say(env, "xlpt %s would work", args->n > 1 ? "attach" : "start");
}
