/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard: its verbs, arguments and options. */
#include <string.h>

#include "core/policy.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/had-line.h"
#include "xl-plugin/sentry/holdings.h"
#include "xl-plugin/sentry/report.h"
#include "xl-plugin/sentry/sentry.h"

/* ---- check ---- */

static int check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const words[][2] = {
		{ "save", "saved" },
		{ "migrate", "migrated" },
		{ "remus", "checkpointed" },
	};
	_cleanup_holdings_ struct xlpt_holdings holds = { 0 };
	_cleanup_guest_ struct xlpt_guest guest = { 0 };
	_cleanup_free_ struct xlpt_bdf *had = NULL;
	size_t n = 0;
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
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "guard check needs exactly one GUEST");
		xlpt_diag_hint(diag, "xlpt guard check GUEST");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[1], &guest, diag);
	if (rc == XLPT_ERR_NO_GUEST && xlpt_args_has(args, "absent-ok")) {
		xlpt_diag_dispose(diag);
		xlpt_say(env, "%s is no running guest and holds nothing", args->pos[1]);
		if (env->json)
			xlpt_sentry_report_check(env, &guest, &holds, NULL, 0, what);
		return 0;
	}
	if (rc == 0)
		rc = xlpt_holdings_read(env, &guest, &holds, diag);
	if (rc == 0)
		rc = xlpt_had_line_read(env, &guest, &had, &n, diag);
	if (rc)
		return rc;
	xlpt_sentry_report_check(env, &guest, &holds, had, n, what);
	rc = xlpt_holdings_judge(env, &guest, &holds, what, diag);
	return rc ? rc : xlpt_policy_had_line(&guest, had, n, what, diag);
}

/* ---- the command ---- */

static int cmd_guard(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0], *dir = xlpt_args_get(args, "dir");
	bool is_check = !strcmp(verb, "check"), is_status = !strcmp(verb, "status");
	bool install = !strcmp(verb, "install"), remove = !strcmp(verb, "remove");
	int rc;

	if ((!is_check && (xlpt_args_has(args, "for") || xlpt_args_has(args, "absent-ok"))) ||
	    ((is_check || is_status) && (env->dry_run || xlpt_args_has(args, "force") || dir)) ||
	    (is_status && args->n > 1)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "guard %s: that option or argument belongs to another verb", verb);
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
		return xlpt_sentry_change(
			env,
			&(struct xlpt_sentry_options){ .dir = dir,
						       .parts = args->pos + 1,
						       .n = args->n - 1,
						       .remove = remove,
						       .force = xlpt_args_has(args, "force") },
			diag);
	{
		_cleanup_sentry_ struct xlpt_sentry g = { 0 };

		rc = xlpt_sentry_look(env, NULL, &g, diag);
		if (rc)
			return rc;
		xlpt_sentry_notes(env, &g);
		if (env->json)
			xlpt_sentry_print_json(env, &g, NULL);
		else
			xlpt_sentry_print(env, &g);
	}
	return 0;
}

/* clang-format off */
static const struct xlpt_opt guard_opts[] = {
	{ "for", 0, "WHAT", "check: what is to be done: save, migrate or remus" },
	{ "absent-ok", 0, NULL, "check: a guest that does not run holds nothing" },
	{ "dir", 0, "DIR", "install xl: the folder for the link (default /usr/local/sbin)" },
	{ "force", 'f', NULL, "install, remove: also what was changed by hand" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_guard = {
	.name = "guard",
	.synopsis = "check|install|remove|status ...",
	.verbs = "check install remove status",
	.help = "Keep guests that hold devices from being saved or migrated",
	.details =
		"check GUEST: exit status 0 when it may be saved or migrated; 3 when not, and its\n"
		"devices are named. install [PART...] makes xl, libvirt and xendomains ask before they\n"
		"do it, and systemd before this host sleeps; remove takes that back; status shows what\n"
		"is installed, and whether it works. Parts: xl, libvirt, xendomains, sleep; without one,\n"
		"all that this host has a use for. With --sysroot the image below that directory.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = guard_opts,
	.run = cmd_guard,
};
