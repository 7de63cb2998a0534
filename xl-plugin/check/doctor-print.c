/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The doctor's lines for people, and as JSON. */
#include "xl-plugin/check/doctor.h"
#include "xl-plugin/cli/output.h"

static const char *heading(enum xlpt_doctor_group group)
{
	static const char *const words[] = {
		"Xen",	 "IOMMU", "pciback",	   "Guests",	     "Configurations", "Boot",
		"Guard", "Pools", "What was left", "Hotplug budget", "Known defects"
	};

	return words[group];
}

void xlpt_doctor_print(const struct xlpt_doctor *d)
{
	struct xlpt_env *env = d->env;

	for (size_t i = 0; i < d->n; i++) {
		const struct xlpt_doctor_line *l = &d->lines[i];

		if (i == 0 || d->lines[i - 1].group != l->group)
			xlpt_say(env, "%s", heading(l->group));
		xlpt_say(env, "  %-8s %s", xlpt_health_word(l->health), l->fact);
		if (l->mend)
			xlpt_say(env, "           to mend: %s", l->mend);
	}
	xlpt_say(env, "bad: %zu, warnings: %zu, unknown: %zu, ok: %zu",
		 xlpt_doctor_count(d, XLPT_HEALTH_BAD), xlpt_doctor_count(d, XLPT_HEALTH_WARNING),
		 xlpt_doctor_count(d, XLPT_HEALTH_UNKNOWN), xlpt_doctor_count(d, XLPT_HEALTH_OK));
}

void xlpt_doctor_print_json(const struct xlpt_doctor *d)
{
	struct json_object *root = json_object_new_object(), *lines = json_object_new_array(),
			   *counts = json_object_new_object();

	for (size_t i = 0; i < d->n; i++) {
		const struct xlpt_doctor_line *l = &d->lines[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "group", xlpt_json_str(xlpt_doctor_group_word(l->group)));
		xlpt_json_add(o, "check", xlpt_json_str(l->check));
		xlpt_json_add(o, "state", xlpt_json_str(xlpt_health_word(l->health)));
		xlpt_json_add(o, "bdf", l->has_bdf ? xlpt_json_bdf(l->bdf) : NULL);
		xlpt_json_add(o, "guest", xlpt_json_guest_named(l->guest, -1));
		xlpt_json_add(o, "fact", xlpt_json_str(l->fact));
		xlpt_json_add(o, "hint", xlpt_json_str(l->mend));
		json_object_array_add(lines, o);
	}
	for (int h = XLPT_N_HEALTHS - 1; h >= 0; h--)
		xlpt_json_add(
			counts, xlpt_health_word((enum xlpt_health)h),
			json_object_new_int64((int64_t)xlpt_doctor_count(d, (enum xlpt_health)h)));
	xlpt_json_add(root, "sound",
		      json_object_new_boolean(!xlpt_doctor_count(d, XLPT_HEALTH_BAD)));
	xlpt_json_add(root, "xen_version", xlpt_json_str(d->xen_version));
	xlpt_json_add(root, "counts", counts);
	xlpt_json_add(root, "checks", lines);
	xlpt_print_json(d->env, root);
}
