/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two files mean the same guest, each as its own tools read it. */
#include "xl-plugin/convert/convert.h"

#include <string.h>

#include "xl-plugin/cli/output.h"

static int read_said(const char *path, bool devices_only, struct xlpt_dom *dom,
		     struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc;

	xlpt_dom_init(dom);
	rc = xlpt_convert_load(path, false, &text, NULL, diag);
	return rc ? rc
		  : xlpt_convert_said(xlpt_str_get(&text), text.len, path, devices_only, dom, diag);
}

static struct json_object *deltas_json(const struct xlpt_deltas *deltas)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < deltas->n; i++) {
		const struct xlpt_delta *d = &deltas->items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "what", xlpt_json_str(d->path));
		xlpt_json_add(o, "line", d->line ? json_object_new_int64(d->line) : NULL);
		xlpt_json_add(o, "first", xlpt_json_str(d->a));
		xlpt_json_add(o, "second", xlpt_json_str(d->b));
		json_object_array_add(a, o);
	}
	return a;
}

int xlpt_convert_compare(struct xlpt_env *env, const char *first, const char *second,
			 bool devices_only, struct xlpt_diag *diag)
{
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	int rc;

	xlpt_dom_init(&b);
	rc = read_said(first, devices_only, &a, diag);
	if (rc == 0)
		rc = read_said(second, devices_only, &b, diag);
	if (rc)
		return rc;
	xlpt_dom_diff(&a, &b, &deltas);
	if (env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "first", xlpt_json_str(first));
		xlpt_json_add(o, "second", xlpt_json_str(second));
		xlpt_json_add(o, "differences", deltas_json(&deltas));
		xlpt_print_json(env, o);
		env->reported = true;
	} else {
		for (size_t i = 0; i < deltas.n; i++)
			xlpt_say(env, "%s: %s -> %s", deltas.items[i].path,
				 deltas.items[i].a ? deltas.items[i].a : "(not said)",
				 deltas.items[i].b ? deltas.items[i].b : "(not said)");
	}
	if (!deltas.n)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s and %s do not mean the same", first, second);
	xlpt_diag_fact(diag, "%zu %s in what they say to xl or libvirt", deltas.n,
		       deltas.n == 1 ? "difference" : "differences");
	xlpt_diag_hint(diag, "each line above is what the first says -> what the second says");
	return XLPT_ERR_DATA;
}
