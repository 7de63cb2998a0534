/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/sentry/holdings.h"
#include "xl-plugin/sentry/sentry.h"

/* ---- check ---- */

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

static void report_check(struct xlpt_env *env, const struct xlpt_guest *guest,
			 const struct xlpt_holdings *holds, const char *what)
{
	struct json_object *root = json_object_new_object(), *devs = json_object_new_array();

	for (size_t i = 0; i < holds->n; i++)
		json_object_array_add(devs, json_holding(&holds->items[i]));
	xlpt_json_add(root, "guest", *guest->uuid || guest->name ? xlpt_json_guest(guest) : NULL);
	xlpt_json_add(root, "may_leave", json_object_new_boolean(!holds->n));
	xlpt_json_add(root, "devices", devs);
	if (env->json) {
		xlpt_print_json(env, root);
		env->reported = true;
		return;
	}
	json_object_put(root);
	if (!holds->n)
		xlpt_say(env, "%s holds no PCI device and may be %s", guest->name, what);
}

static int check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const words[][2] = {
		{ "save", "saved" },
		{ "migrate", "migrated" },
		{ "remus", "checkpointed" },
	};
	_cleanup_holdings_ struct xlpt_holdings holds = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	const char *verb = xlpt_args_get(args, "for"), *what = verb ? NULL : "saved or migrated";
	int rc;

	for (size_t i = 0; verb && i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(verb, words[i][0]))
			what = words[i][1];
	if (!what) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--for is save, migrate or remus, not \"%s\"",
			      verb);
		xlpt_diag_hint(diag, "leave it out to ask about all of them");
		return XLPT_ERR_SYNTAX;
	}
	if (args->n != 2) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "guard check: one guest, please");
		xlpt_diag_hint(diag, "usage: xlpt guard check GUEST");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[1], &guest, diag);
	if (rc == XLPT_ERR_NO_GUEST && xlpt_args_has(args, "absent-ok")) {
		xlpt_diag_dispose(diag);
		xlpt_say(env, "%s is no running guest and holds nothing", args->pos[1]);
		if (env->json)
			report_check(env, &guest, &holds, what);
		return 0;
	}
	if (rc == 0)
		rc = xlpt_holdings_read(env, &guest, &holds, diag);
	if (rc)
		return rc;
	report_check(env, &guest, &holds, what);
	return xlpt_holdings_judge(env, &guest, &holds, what, diag);
}

/* ---- status ---- */

static const char *const headings[] = { "PART", "STATE", "WHERE" };

static void print_status(struct xlpt_env *env, const struct xlpt_sentry *g)
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

static void print_json(struct xlpt_env *env, const struct xlpt_sentry *g, const bool *changed)
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

/* ---- install, remove ---- */

static int choose(const struct xlpt_args *args, const struct xlpt_sentry *g, bool remove,
		  bool parts[XLPT_SENTRY_PARTS], struct xlpt_diag *diag)
{
	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++)
		parts[part] = args->n == 1 && (remove || g->applies[part]);
	for (size_t i = 1; i < args->n; i++) {
		enum xlpt_sentry_part part = 0;

		while (part < XLPT_SENTRY_PARTS &&
		       strcmp(args->pos[i], xlpt_sentry_part_word(part)) != 0)
			part++;
		if (part == XLPT_SENTRY_PARTS) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "guard has no part \"%s\"",
				      args->pos[i]);
			xlpt_diag_hint(diag, "its parts are xl, libvirt and xendomains");
			return XLPT_ERR_USAGE;
		}
		parts[part] = true;
		if (remove || g->applies[part])
			continue;
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the part %s does not apply to this host",
			      args->pos[i]);
		xlpt_diag_fact(diag, "%s", g->why_not[part]);
		xlpt_diag_hint(diag, "xlpt guard install without a part installs those that apply");
		return XLPT_ERR_NOT_FOUND;
	}
	return 0;
}

static void report_change(struct xlpt_env *env, const struct xlpt_sentry *before,
			  const struct xlpt_sentry *after, const bool *parts, bool remove,
			  bool changed)
{
	bool libvirt = false, any = remove;

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
		xlpt_say(env, "%s: %s %s", xlpt_sentry_part_word(f->part),
			 remove			       ? "took the guard out of"
			 : f->kind == XLPT_SENTRY_LINK ? "linked"
						       : "wrote",
			 f->path);
	}
	if (libvirt) {
		xlpt_say(env, "Then run, for libvirt's daemon to take it up:");
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

static int change(struct xlpt_env *env, const struct xlpt_args *args, bool remove,
		  struct xlpt_diag *diag)
{
	_cleanup_sentry_ struct xlpt_sentry before = { 0 }, after = { 0 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	const char *dir = xlpt_args_get(args, "dir");
	bool parts[XLPT_SENTRY_PARTS], changed = false;
	int rc = env->dry_run ? 0 : xlpt_op_guard_lock(env, &locks, diag);

	if (rc == 0)
		rc = xlpt_sentry_look(env, dir, &before, diag);
	if (rc == 0)
		rc = choose(args, &before, remove, parts, diag);
	if (rc == 0 && !remove)
		rc = xlpt_sentry_judge_path(&before, parts, diag);
	if (rc == 0)
		rc = xlpt_op_guard(env, &before, parts, remove, xlpt_args_has(args, "force"),
				   &changed, diag);
	if (rc)
		return rc;
	if (env->dry_run)
		return 0;
	rc = xlpt_sentry_look(env, dir, &after, diag);
	if (rc) {
		xlpt_diag_wrap(diag, "everything was done, but cannot be looked at");
		xlpt_diag_hint(diag, "xlpt guard status shows how it stands");
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	xlpt_sentry_notes(env, &after);
	if (!env->json) {
		report_change(env, &before, &after, parts, remove, changed);
		return 0;
	}
	xlpt_strv_free(after.commands);
	after.commands = XLPT_TAKE(before.commands);
	print_json(env, &after, &changed);
	return 0;
}

/* ---- the command ---- */

static int cmd_guard(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0], *dir = xlpt_args_get(args, "dir");
	bool is_check = !strcmp(verb, "check"), is_status = !strcmp(verb, "status");
	bool install = !strcmp(verb, "install"), remove = !strcmp(verb, "remove");
	int rc;

	if (!is_check && !is_status && !install && !remove) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "guard: check, install, remove or status, not \"%s\"", verb);
		xlpt_diag_hint(diag, "xlpt guard --help");
		return XLPT_ERR_USAGE;
	}
	if ((!is_check && (xlpt_args_has(args, "for") || xlpt_args_has(args, "absent-ok"))) ||
	    ((is_check || is_status) && (env->dry_run || xlpt_args_has(args, "force") || dir)) ||
	    (is_status && args->n > 1)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "guard %s: that option or argument goes with another "
			      "verb",
			      verb);
		xlpt_diag_hint(diag, "xlpt guard --help");
		return XLPT_ERR_USAGE;
	}
	if (dir && (*dir != '/' || strpbrk(dir, ":\n"))) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--dir wants a folder of a PATH, not \"%s\"",
			      dir);
		xlpt_diag_hint(diag, "for example --dir /usr/local/sbin");
		return XLPT_ERR_SYNTAX;
	}
	if (is_check)
		return check(env, args, diag);
	rc = xlpt_env_need_host(env, diag);
	if (rc)
		return rc;
	if (install || remove)
		return change(env, args, remove, diag);
	{
		_cleanup_sentry_ struct xlpt_sentry g = { 0 };

		rc = xlpt_sentry_look(env, NULL, &g, diag);
		if (rc)
			return rc;
		xlpt_sentry_notes(env, &g);
		if (env->json)
			print_json(env, &g, NULL);
		else
			print_status(env, &g);
	}
	return 0;
}

/* clang-format off */
static const struct xlpt_opt guard_opts[] = {
	{"for", 0, "WHAT", "check: what is to be done: save, migrate or remus"},
	{"absent-ok", 0, NULL, "check: a guest that does not run holds nothing"},
	{"dir", 0, "DIR", "install xl: the folder for the link (default /usr/local/sbin)"},
	{"force", 'f', NULL, "install, remove: also what was changed by hand"},
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_guard = {
	.name = "guard",
	.synopsis = "check|install|remove|status ...",
	.help = "Keep guests that hold devices from being saved or migrated",
	.details = "check GUEST asks: exit status 0, it may be saved or migrated, or 3, with the "
		   "devices it\n"
		   "holds. install [PART...] has xl, libvirt and xendomains ask before they do it; "
		   "remove\n"
		   "takes that back; status shows how it stands. Parts: xl, libvirt, xendomains; "
		   "with none\n"
		   "named, all that apply to this host. With --sysroot the image below that "
		   "directory.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = guard_opts,
	.run = cmd_guard,
};
