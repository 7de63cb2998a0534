/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* apply: its arguments and options. */
#include "xl-plugin/apply/apply.h"

#include "core/stop.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static int usage(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "apply: %s", what);
	xlpt_diag_hint(diag, "xlpt apply --help");
	return XLPT_ERR_USAGE;
}

/* The error that gives the exit status is returned, and so printed last. */
static int errors(struct xlpt_apply *a, int rc, struct xlpt_diag *diag)
{
	size_t i = 0;

	while (i + 1 < a->errors.n && (int)a->errors.items[i].code != rc)
		i++;
	xlpt_apply_report_errors(a, i);
	xlpt_diag_move(diag, &a->errors.items[i]);
	return rc;
}

static int cmd_apply(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const struct xlpt_apply_options want = { .file = args->n ? args->pos[0] : NULL,
						 .check = xlpt_args_has(args, "check"),
						 .prune = xlpt_args_has(args, "prune") };
	_cleanup_apply_ struct xlpt_apply a;
	int rc;

	xlpt_apply_init(&a, env, &want);
	if (xlpt_args_has(args, "export")) {
		if (args->n || want.check || want.prune || xlpt_args_has(args, "diff"))
			return usage(diag, "--export prints what is, and takes nothing else");
		return xlpt_apply_export(env, diag);
	}
	if (env->sysroot && !want.check)
		return usage(
			diag,
			"with --sysroot there are only --check and --export: a tree is not changed");
	xlpt_stop_catch();
	rc = xlpt_apply_run(&a, diag);
	if (rc && a.errors.n)
		return errors(&a, rc, diag);
	if (rc == 0)
		xlpt_apply_report(&a, xlpt_args_has(args, "diff"));
	return rc;
}

/* clang-format off */
static const struct xlpt_opt apply_opts[] = {
	{ "check", 0, NULL, "do nothing, and say what would be done" },
	{ "diff", 0, NULL, "show the lines of files before and after" },
	{ "prune", 0, NULL, "take back what an earlier apply made and the file no longer names" },
	{ "export", 0, NULL, "print this host as it is now in the form of FILE" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_apply = {
	.name = "apply",
	.synopsis = "[FILE]",
	.help = "Make this host what one file says it should be",
	.details =
		"FILE has sections: pins, hidden devices, virtual functions, pools, the guard,\n"
		"settings (xlpt-host.conf(5)). The default is /etc/xlpt/host.conf, and the files of\n"
		"host.conf.d beside it. All of it is judged before anything is done; a failure is\n"
		"taken back. Exit status 0 also when nothing had to be done; \"changed\" of --json tells.",
	.max_args = 1,
	.opts = apply_opts,
	.run = cmd_apply,
};
