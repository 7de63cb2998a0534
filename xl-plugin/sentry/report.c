/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guard commands print: whether a guest may leave, the state of the guard, and what was
 * changed.
 */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/settings.h"
#include "xl-plugin/sentry/report.h"

static struct json_object *json_holding(const struct xlpt_holding *h)
{
	struct json_object *o = json_object_new_object(), *by = json_object_new_array();

	xlpt_json_add(o, "bdf", xlpt_json_bdf(h->bdf));
	if (h->in_backend)
		json_object_array_add(by, xlpt_json_str("backend"));
	if (h->in_hyp)
		json_object_array_add(by, xlpt_json_str("hypervisor"));
	if (h->in_config)
		json_object_array_add(by, xlpt_json_str("config"));
	xlpt_json_add(o, "named_by", by);
	return o;
}

void xlpt_sentry_report_check(struct xlpt_env *env, const struct xlpt_guest *guest,
			      const struct xlpt_holdings *holds, const struct xlpt_bdf *had,
			      size_t n_had, const char *what)
{
	struct json_object *root = json_object_new_object(), *devs = json_object_new_array(),
			   *lines = json_object_new_array();

	for (size_t i = 0; i < holds->n; i++)
		json_object_array_add(devs, json_holding(&holds->items[i]));
	xlpt_json_add(root, "guest", *guest->uuid || guest->name ? xlpt_json_guest(guest) : NULL);
	for (size_t i = 0; i < n_had; i++)
		json_object_array_add(lines, xlpt_json_str(XLPT_BDF_STR(had[i])));
	xlpt_json_add(root, "may_leave", json_object_new_boolean(!holds->n && !n_had));
	xlpt_json_add(root, "devices", devs);
	xlpt_json_add(root, "had_line", lines);
	if (env->json) {
		xlpt_print_json(env, root);
		env->reported = true;
		return;
	}
	json_object_put(root);
	if (!holds->n && !n_had)
		xlpt_say(env, "%s holds no PCI device and may be %s", guest->name, what);
}

#define CREATES "xl create understands pool: and pin: in pci = [ ... ]"

static const char *const headings[] = { "PART", "STATE", "WHERE" };

void xlpt_sentry_print(struct xlpt_env *env, const struct xlpt_sentry *g)
{
	struct xlpt_table *t = xlpt_table_new(headings, XLPT_ARRAY_SIZE(headings));

	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++) {
		const char *word = xlpt_sentry_part_word(part),
			   *state = xlpt_sentry_part_state(g, part);
		bool any = false;

		for (size_t i = 0; i < g->n; i++) {
			const struct xlpt_sentry_file *f = &g->files[i];

			if (f->part != part || !strcmp(state, "does not apply"))
				continue;
			xlpt_table_row(t, (const char *const[]){ any ? "" : word, any ? "" : state,
								 f->path });
			any = true;
		}
		if (!any)
			xlpt_table_row(t, (const char *const[]){ word, state, g->why_not[part] });
	}
	xlpt_table_print(env, t);
	for (size_t i = 0; i < g->n_ways; i++)
		xlpt_say(env, "%s runs %s%s", g->ways[i].who, g->ways[i].first,
			 g->ways[i].ours ? ", the guard" : "");
	if (g->real)
		xlpt_say(env, "behind the guard: %s", g->real);
	if (!strcmp(xlpt_sentry_part_state(g, XLPT_SENTRY_XL), "installed"))
		xlpt_say(env, CREATES);
	for (char **n = g->notes; n && *n; n++)
		xlpt_warn(env, "%s", *n);
}

static struct json_object *json_strv(char **v)
{
	struct json_object *a = json_object_new_array();

	for (; v && *v; v++)
		json_object_array_add(a, xlpt_json_str(*v));
	return a;
}

void xlpt_sentry_print_json(struct xlpt_env *env, const struct xlpt_sentry *g, const bool *changed)
{
	struct json_object *root = json_object_new_object(), *parts = json_object_new_object();
	struct json_object *ways = json_object_new_array();

	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++) {
		struct json_object *o = json_object_new_object(), *files = json_object_new_array();

		for (size_t i = 0; i < g->n; i++) {
			const struct xlpt_sentry_file *f = &g->files[i];
			struct json_object *file = json_object_new_object();

			if (f->part != part) {
				json_object_put(file);
				continue;
			}
			xlpt_json_add(file, "path", xlpt_json_str(f->path));
			xlpt_json_add(file, "state",
				      xlpt_json_str(xlpt_sentry_state_word(f->state)));
			xlpt_json_add(file, "fact", xlpt_json_str(f->fact));
			json_object_array_add(files, file);
		}
		xlpt_json_add(o, "state", xlpt_json_str(xlpt_sentry_part_state(g, part)));
		xlpt_json_add(o, "files", files);
		xlpt_json_add(parts, xlpt_sentry_part_word(part), o);
	}
	for (size_t i = 0; i < g->n_ways; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "who", xlpt_json_str(g->ways[i].who));
		xlpt_json_add(o, "xl", xlpt_json_str(g->ways[i].first));
		xlpt_json_add(o, "guarded", json_object_new_boolean(g->ways[i].ours));
		json_object_array_add(ways, o);
	}
	xlpt_json_add(root, "parts", parts);
	xlpt_json_add(root, "paths", ways);
	xlpt_json_add(root, "xl", xlpt_json_str(g->real));
	xlpt_json_add(root, "notes", json_strv(g->notes));
	if (changed) {
		xlpt_json_add(root, "changed", json_object_new_boolean(*changed));
		xlpt_json_add(root, "commands",
			      *changed ? json_strv(g->commands) : json_object_new_array());
	}
	xlpt_print_json(env, root);
}

void xlpt_sentry_report_change(struct xlpt_env *env, const struct xlpt_sentry *before,
			       const struct xlpt_sentry *after, const bool *parts, bool remove,
			       bool changed)
{
	bool libvirt = false, xendomains = false, xl = false, sleep = false, any = remove;

	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++)
		any = any || parts[part];
	if (!changed)
		xlpt_say(env,
			 any ? "nothing to change" : "no part of the guard applies to this host");
	for (size_t i = 0; changed && i < before->n; i++) {
		const struct xlpt_sentry_file *f = &before->files[i];

		if (!parts[f->part] || f->state == XLPT_SENTRY_FOREIGN ||
		    f->state == (remove ? XLPT_SENTRY_ABSENT : XLPT_SENTRY_CURRENT))
			continue;
		libvirt = libvirt || f->part == XLPT_SENTRY_LIBVIRT;
		xendomains = xendomains || f->part == XLPT_SENTRY_XENDOMAINS;
		xl = xl || f->part == XLPT_SENTRY_XL;
		sleep = sleep || f->part == XLPT_SENTRY_SLEEP;
		xlpt_say(env, "%s: %s %s", xlpt_sentry_part_word(f->part),
			 remove			       ? "took the guard out of"
			 : f->kind == XLPT_SENTRY_LINK ? "linked"
						       : "wrote",
			 f->path);
	}
	if (xl)
		xlpt_say(env,
			 remove ? "A shell that has run xl looks for it where the guard was, and "
				  "says \"No such file or directory\": there run hash -r (csh: "
				  "rehash)"
				: "A shell that has run xl before goes on without the guard: there "
				  "run hash -r (csh: rehash)");
	if (xl)
		xlpt_say(env, remove ? "xl create does not understand pool: and pin: any more"
				     : CREATES);
	if (xendomains && !remove)
		xlpt_say(env, "When this host goes down, guests with devices are shut down, and "
			      "xendomains waits for them: at most XENDOMAINS_STOP_MAXWAIT seconds "
			      "(Debian: 300), and that long for a guest that was started by hand "
			      "in a login session; xlpt-guard(8) has a way around it");
	if (sleep && !remove)
		xlpt_say(env, "While a guest has a device this host does not sleep; host-sleep = "
			      "reattach in " XLPT_SETTINGS_PATH " has the devices taken out "
			      "meanwhile");
	if (libvirt || sleep) {
		xlpt_say(env,
			 libvirt ? "Then run, for libvirt's daemon to take it up:" : "Then run:");
		for (char **c = before->commands; c && *c; c++)
			xlpt_say(env, "  %s", *c);
	}
	for (enum xlpt_sentry_part part = 0; !remove && part < XLPT_SENTRY_PARTS; part++)
		if (!after->applies[part])
			xlpt_verbose(env, "%s: %s", xlpt_sentry_part_word(part),
				     after->why_not[part]);
	for (char **n = after->notes; n && *n; n++)
		xlpt_warn(env, "%s", *n);
}
