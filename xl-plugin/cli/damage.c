/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/damage.h"

#include "xl-plugin/cli/output.h"

struct json_object *xlpt_damage_json(const struct xlpt_damage *damaged, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		const struct xlpt_diag *why = &damaged[i].why;
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "name", xlpt_json_str(damaged[i].name));
		xlpt_json_add(o, "message", xlpt_json_str(why->message));
		xlpt_json_add(o, "file", xlpt_json_str(why->file));
		xlpt_json_add(o, "line", why->line ? json_object_new_int64(why->line) : NULL);
		xlpt_json_add(o, "hint", xlpt_json_str(why->hint));
		json_object_array_add(list, o);
	}
	return list;
}

int xlpt_damage_tell(struct xlpt_env *env, struct xlpt_damage *damaged, size_t n,
		     struct xlpt_diag *diag)
{
	/* The first is what the command ends with. */
	for (size_t i = env->json ? 0 : 1; i < n; i++) {
		const struct xlpt_diag *why = &damaged[i].why;
		_cleanup_free_ char *place = NULL;

		if (why->file && why->line)
			place = xlpt_xasprintf("%s, line %u: ", why->file, why->line);
		else if (why->file)
			place = xlpt_xasprintf("%s: ", why->file);

		xlpt_warn(env, "%s%s", place ? place : "", why->message);
		if (why->hint)
			xlpt_warn_mend(env, "%s", why->hint);
	}
	if (!n)
		return 0;
	/* With --json the list has them already. */
	env->reported |= env->json;
	xlpt_diag_move(diag, &damaged[0].why);
	return (int)diag->code;
}

void xlpt_damage_dispose(struct xlpt_damage *damaged, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xlpt_diag_dispose(&damaged[i].why);
}
