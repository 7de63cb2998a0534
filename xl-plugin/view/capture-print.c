/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt capture says of the archive. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/capture.h"

static struct json_object *strings(char **v, size_t n)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, json_object_new_string(v[i]));
	return a;
}

static struct json_object *cuts(const struct xlpt_capture *c)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < c->n_cuts; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "path", xlpt_json_str(c->cuts[i].path));
		xlpt_json_add(o, "what", xlpt_json_str(c->cuts[i].names));
		xlpt_json_add(o, "count", json_object_new_int64((int64_t)c->cuts[i].count));
		json_object_array_add(a, o);
	}
	return a;
}

void xlpt_capture_print(struct xlpt_env *env, const struct xlpt_capture *c, const char *file,
			const char *name)
{
	bool to_stdout = !strcmp(file, "-");

	for (size_t i = 0; i < c->n_cuts; i++)
		xlpt_warn(env, "taken out of %s: %s (%zu)", c->cuts[i].path, c->cuts[i].names,
			  c->cuts[i].count);
	for (size_t i = 0; i < c->n_left; i++)
		xlpt_warn(env, "left out: %s", c->left[i]);
	if (env->json && !to_stdout) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "file", c->copying ? xlpt_json_str(file) : NULL);
		xlpt_json_add(root, "directory", xlpt_json_str(name));
		xlpt_json_add(root, "paths", strings(c->taken, c->n));
		xlpt_json_add(root, "left_out", strings(c->left, c->n_left));
		xlpt_json_add(root, "taken_out", cuts(c));
		xlpt_json_add(root, "whole", json_object_new_boolean(!c->n_missing));
		env->reported = c->n_missing != 0;
		xlpt_print_json(env, root);
		return;
	}
	for (size_t i = 0; !c->copying && i < c->n; i++)
		xlpt_say(env, "%s", c->taken[i]);
	if (c->copying && !to_stdout)
		xlpt_say(env, "%s has %zu files; unpacked, xlpt --sysroot %s reads them", file,
			 c->n, name);
}

/* The archive is there; but a command that reads it would say something else than on the host. */
int xlpt_capture_not_whole(const struct xlpt_capture *c, const char *file, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_IO,
		      "%s %s not whole: %zu thing%s that commands read could not be "
		      "taken",
		      c->copying ? file : "the capture", c->copying ? "is" : "would be",
		      c->n_missing, c->n_missing == 1 ? "" : "s");
	xlpt_diag_fact(diag, "%s", c->left[c->first_missing]);
	xlpt_diag_hint(
		diag,
		"run it again as root, once that can be read; xlpt-capture/left-out has the list");
	return XLPT_ERR_IO;
}
