/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor: its options and its exit status. */
#include <string.h>

#include "xl-plugin/check/defects.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static int cmd_doctor(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_doctor_ struct xlpt_doctor d = { 0 };
	bool metrics = xlpt_args_has(args, "metrics"), defects = xlpt_args_has(args, "defects");
	int rc;

	if (metrics + defects + env->json > 1) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "doctor: --defects, --metrics and --json are different documents");
		xlpt_diag_hint(diag, "leave all but one of them out");
		return XLPT_ERR_USAGE;
	}
	if (defects) {
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
		xlpt_doctor_print_metrics(&d);
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
