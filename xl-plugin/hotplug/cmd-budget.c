/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* budget: its arguments and options; shows what was counted, or forgets it. */
#include <syslog.h>
#include <unistd.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/nearest.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/report.h"
#include "xl-plugin/kept/resolve.h"

static int parse_devices(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_bdfs *b,
			 struct xlpt_diag *diag)
{
	for (size_t i = 0; i < args->n; i++) {
		struct xlpt_bdf bdf;
		int rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		_cleanup_free_ char *word = xlpt_xasprintf("--%s", args->pos[i]),
				    *meant = rc ? xlpt_nearest_option(args->cmd, word) : NULL;

		if (meant)
			xlpt_diag_hint(diag, "xlpt budget %s", meant);
		if (rc)
			return rc;
		xlpt_bdfs_add(b, bdf);
	}
	return 0;
}

/* What other tools have done since belongs to the answer, where xlpt can see it. */
static int look(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int64_t since = xlpt_now(env->clock);
	int rc = xlpt_owners_read(env, &owners, diag);

	if (rc == 0)
		xlpt_budget_look(env, &owners, since);
	return rc;
}

/* In the form of every --dry-run: a plan, here of one step that cannot be undone. */
static void print_dry(struct xlpt_env *env, const char *who)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };

	xlpt_plan_add(&plan, NULL, NULL, 0, xlpt_xasprintf("forget what was counted for %s", who),
		      NULL);
	xlpt_print_plan(env, &plan);
}

static int reset(struct xlpt_env *env, const struct xlpt_args *args, const struct xlpt_bdfs *b,
		 struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str who = { 0 };
	_cleanup_free_ char *count = NULL;
	int64_t forgotten = 0;
	int rc;

	for (size_t i = 0; i < b->n; i++)
		xlpt_str_addf(&who, "%s%s", i ? " " : "", XLPT_BDF_STR(b->items[i]));
	if (!b->n)
		xlpt_str_add(&who, "this host");
	if (env->dry_run) {
		print_dry(env, who.s);
		return 0;
	}
	if (!xlpt_args_has(args, "yes")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--reset deletes counts that protect this host, so it needs --yes");
		xlpt_diag_hint(diag, "xlpt budget --reset --yes%s%s", b->n ? " " : "",
			       b->n ? who.s : "");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_ledger_reset(env, b->items, b->n, &forgotten, diag);
	if (rc)
		return rc;
	env->done = true;
	count = forgotten < 0 ? xlpt_xstrdup("the damaged ledger is kept as " XLPT_LEDGER_DAMAGED)
			      : xlpt_xasprintf("%lld attaches and detaches forgotten",
					       (long long)forgotten);
	openlog("xlpt", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "hotplug budget of %s reset by uid %u: %s", who.s, (unsigned)getuid(),
	       count);
	closelog();
	xlpt_say(env, "the hotplug budget of %s is reset: %s", who.s, count);
	if (env->json) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "forgotten",
			      forgotten < 0 ? NULL : json_object_new_int64(forgotten));
		xlpt_print_json(env, root);
	}
	return 0;
}

static int cmd_budget(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_bdfs_ struct xlpt_bdfs b = { 0 };
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	int rc = parse_devices(env, args, &b, diag);

	if (rc == 0 && !xlpt_args_has(args, "reset") &&
	    (env->dry_run || xlpt_args_has(args, "yes"))) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "without --reset nothing is changed, so there is no %s",
			      env->dry_run ? "--dry-run" : "--yes");
		xlpt_diag_hint(diag, "xlpt budget shows, xlpt budget --reset --yes forgets");
		return XLPT_ERR_USAGE;
	}
	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc)
		return rc;
	if (xlpt_args_has(args, "reset"))
		return reset(env, args, &b, diag);
	rc = xlpt_settings_read(env->host, &settings, diag);
	if (rc == 0)
		rc = look(env, diag);
	return rc ? rc : xlpt_report_budget(env, &b, args->n == 0, &settings.budget, diag);
}

/* clang-format off */
static const struct xlpt_opt budget_opts[] = {
	{ "reset", 0, NULL, "delete the counts, of these devices or of all; this is logged" },
	{ "yes", 'y', NULL, "confirm --reset" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_budget = {
	.name = "budget",
	.synopsis = "[BDF...]",
	.help = "Show how many attaches and detaches this host and its devices may still have",
	.details =
		"Every attach and every detach counts, xlpt's own before it begins, another tool's\n"
		"when its result is seen. Over the budget attach and detach end with exit status 4.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.max_args = XLPT_ANY_ARGS,
	.opts = budget_opts,
	.run = cmd_budget,
};
