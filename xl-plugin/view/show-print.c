/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of xlpt show as text. */
#include <string.h>

#include "xl-plugin/view/show.h"

/* A list: plain words in one line, members one by one with the reason. */
static void print_list(struct xlpt_env *env, const char *label, struct json_object *list)
{
	_cleanup_str_ struct xlpt_str line = { 0 };
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i), *bdf, *why, *state,
				   *what;

		if (json_object_object_get_ex(o, "what", &what)) {
			xlpt_say(env, "%s%-*s%s", i ? "" : "  ", i ? 21 : 19, i ? "" : label,
				 json_object_get_string(what));
			continue;
		}
		if (json_object_object_get_ex(o, "bdf", &bdf) &&
		    json_object_object_get_ex(o, "why", &why) &&
		    json_object_object_get_ex(o, "state", &state)) {
			xlpt_say(env, "    %s  %s: %s", json_object_get_string(bdf),
				 json_object_get_string(state),
				 why ? json_object_get_string(why) : "");
			continue;
		}
		xlpt_str_addf(&line, "%s%s", line.len ? ", " : "", json_object_get_string(o));
	}
	if (line.len || !n)
		xlpt_say(env, "  %-18s %s", label, line.len ? line.s : "none");
}

static void print_fact(struct xlpt_env *env, const char *key, struct json_object *fact)
{
	_cleanup_free_ char *label = xlpt_xstrdup(key);

	for (char *p = label; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (json_object_is_type(fact, json_type_array))
		print_list(env, label, fact);
	else if (json_object_is_type(fact, json_type_boolean))
		xlpt_say(env, "  %-18s %s", label, json_object_get_boolean(fact) ? "yes" : "no");
	else
		xlpt_say(env, "  %-18s %s", label, json_object_get_string(fact));
}

/* The same record for people: a heading per group, a line per fact that says something. */
void xlpt_show_print(struct xlpt_env *env, struct json_object *root)
{
	json_object_object_foreach(root, name, value)
	{
		struct json_object *agrees = NULL;

		if (!json_object_is_type(value, json_type_object)) {
			xlpt_say(env, "%s", json_object_get_string(value));
			continue;
		}
		xlpt_say(env, "%s", name);
		/* What Xen says is shown only where it differs. */
		json_object_object_get_ex(value, "xen_agrees", &agrees);
		json_object_object_foreach(
			value, key, fact) if (fact && !(agrees && json_object_get_boolean(agrees) &&
							xlpt_starts(key, "xen_")))
			print_fact(env, key, fact);
	}
}
