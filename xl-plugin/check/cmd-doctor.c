/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor: its options, where what it says goes, and its exit status. */
#include <string.h>

#include "core/file.h"
#include "xl-plugin/check/defects.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static int usage(const struct xlpt_args *args, bool json, struct xlpt_diag *diag)
{
	bool metrics = xlpt_args_has(args, "metrics");

	if (metrics + xlpt_args_has(args, "defects") + json > 1) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "doctor: --defects, --metrics and --json are different documents");
		xlpt_diag_hint(diag, "leave all but one of them out");
	} else if (xlpt_args_has(args, "output") && !metrics) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "doctor: --output is the file of --metrics");
		xlpt_diag_hint(diag, "xlpt doctor --metrics --output FILE");
	} else {
		return 0;
	}
	return XLPT_ERR_USAGE;
}

/*
 * Who collects metrics reads the file at any moment, and as another user: it is whole at each, and
 * readable for all. Nothing is lost when a crash takes it, so nobody waits for the disk.
 */
static int save(const char *path, const struct xlpt_str *text, struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	const struct xlpt_file_how how = { .mode = 0644, .keep = true, .lazy = true };
	int r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW, &f);

	if (r == 0)
		r = xlpt_file_save(&f, xlpt_str_get(text), text->len, &how);
	return r ? xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", path) : 0;
}

static int cmd_doctor(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_doctor_ struct xlpt_doctor d = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	bool metrics = xlpt_args_has(args, "metrics");
	int rc = usage(args, env->json, diag);

	if (rc)
		return rc;
	if (xlpt_args_has(args, "defects")) {
		_cleanup_free_ char *table = xlpt_defects_document();

		xlpt_put_document(env, table, strlen(table));
		return 0;
	}
	rc = xlpt_env_need_host(env, diag);
	if (rc == 0)
		rc = xlpt_doctor_examine(env, &d, diag);
	if (rc)
		return rc;
	if (metrics)
		xlpt_doctor_metrics(&d, &text);
	/* The file says what is bad; the exit status says whether the file was written. */
	if (xlpt_args_has(args, "output"))
		return save(xlpt_args_get(args, "output"), &text, diag);
	if (metrics)
		xlpt_put_document(env, xlpt_str_get(&text), text.len);
	else if (env->json)
		xlpt_doctor_print_json(&d);
	else
		xlpt_doctor_print(&d);
	if (!xlpt_doctor_count(&d, XLPT_HEALTH_BAD))
		return 0;
	env->reported = true;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "this host is not sound");
	xlpt_diag_hint(diag, "%s",
		       metrics ? "xlpt doctor says what it is"
			       : "each line above that begins with \"bad\" has its own");
	return XLPT_ERR_CONFLICT;
}

/* clang-format off */
static const struct xlpt_opt doctor_opts[] = {
	{ "defects", 0, NULL, "print the table of known defects, and look at nothing" },
	{ "metrics", 0, NULL, "print what was found as metrics for Prometheus" },
	{ "output", 'o', "FILE", "with --metrics: write them into FILE, and exit 0 when it is there" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_doctor = {
	.name = "doctor",
	.synopsis = "",
	.help = "Look whether this host is ready for passthrough, and sound",
	.details = "Each line says a state (bad, warning, unknown, ok), a fact, and what mends it. "
		   "Exit\n"
		   "status 0: nothing is bad; 1: something is. Warnings alone are 0.",
	.flags = XLPT_CMD_TELLS,
	.max_args = 0,
	.opts = doctor_opts,
	.run = cmd_doctor,
};
