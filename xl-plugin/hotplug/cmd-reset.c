/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reset: its arguments and options. */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/report.h"
#include "xl-plugin/kept/resolve.h"

static int method(const struct xlpt_args *args, const char **word, struct xlpt_diag *diag)
{
	enum xlpt_reset_how how;

	*word = xlpt_args_get(args, "method");
	if (!*word || xlpt_reset_from_word(*word, strlen(*word), &how))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "there is no reset method \"%s\"", *word);
	xlpt_diag_hint(diag, "device_specific, acpi, flr, af_flr, pm, bus or cxl_bus");
	return XLPT_ERR_SYNTAX;
}

static int cmd_reset(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(args->n, sizeof(*bdfs));
	_cleanup_op_ struct xlpt_op op;
	struct xlpt_reset_options want = { .in_use = xlpt_args_has(args, "force") };
	bool only_list = xlpt_args_has(args, "list");
	int rc;

	xlpt_op_init(&op, env);
	rc = method(args, &want.method, diag);
	if (rc == 0 && only_list &&
	    (want.in_use || xlpt_args_has(args, "force-host-device") || want.method ||
	     env->dry_run)) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--list resets nothing and takes no other "
				   "option of reset");
		xlpt_diag_hint(diag, "xlpt reset --list BDF...");
	}
	if (rc == 0 && !only_list && env->sysroot) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "reset changes the running system and cannot "
				   "work on --sysroot");
		xlpt_diag_hint(diag, "xlpt reset --list reads a tree");
	}
	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = xlpt_args_device(env, args->pos[i], &bdfs[i], diag);
	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = xlpt_op_add_bdf(&op, bdfs[i], diag);
	if (rc == 0)
		rc = xlpt_op_consents(&op, xlpt_args_all(args, "force-host-device"), NULL, diag);
	if (rc == 0)
		rc = only_list ? xlpt_env_try_xen(env, diag) : xlpt_env_need_xen(env, diag);
	if (rc)
		return rc;
	if (only_list)
		return xlpt_report_reset_ways(env, bdfs, args->n, diag);
	rc = xlpt_op_reset(&op, &want, diag);
	if (rc == 0 && env->json && !env->dry_run)
		xlpt_report_reset(&op);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt reset_opts[] = {
	{ "method", 'm', "METHOD", "reset by this one: flr, af_flr, pm, bus, ..." },
	{ "list", 'l', NULL,
	 "list the methods, what else each would reset, and why the others "
	 "cannot be used" },
	{ "force", 'f', NULL, "reset a device that a guest or a driver of dom0 uses" },
	{ "force-host-device", 0, "BDF", "reset BDF although this host needs it (may be repeated)" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_reset = {
	.name = "reset",
	.synopsis = "BDF...",
	.help = "Reset devices and see that it happened",
	.details = "Exit status 0 means that the device was reset and answers. \"proven\" means "
		   "that a\n"
		   "register that only a reset clears was set before and is clear. A method that "
		   "would\n"
		   "hit a device in use as well is refused (3); 1 means that it was not reset.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = reset_opts,
	.run = cmd_reset,
};
