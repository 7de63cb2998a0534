/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hide and unhide: their arguments and options. */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/report.h"
#include "xl-plugin/kept/resolve.h"

static int setup(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_op *op,
		 struct xlpt_diag *diag)
{
	int rc = 0;

	/* A malformed address is told before anything else is looked at. */
	for (size_t i = 0; rc == 0 && i < args->n; i++) {
		struct xlpt_bdf bdf;

		rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		if (rc == 0)
			rc = xlpt_op_add_bdf(op, bdf, diag);
	}
	if (rc == 0)
		rc = xlpt_op_consents(op, xlpt_args_all(args, "force-host-device"),
				      xlpt_args_all(args, "allow-split"), diag);
	return rc ? rc : xlpt_env_need_xen(env, diag);
}

static int cmd_hide(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = setup(env, args, &op, diag);
	if (rc == 0)
		rc = xlpt_op_hide(&op, diag);
	if (rc == 0)
		xlpt_report_hide(&op, true);
	return rc;
}

static int cmd_unhide(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = setup(env, args, &op, diag);
	if (rc == 0)
		rc = xlpt_op_unhide(&op, diag);
	if (rc == 0)
		xlpt_report_hide(&op, false);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt hide_opts[] = {
	{ "force-host-device", 0, "BDF", "hide BDF although this host needs it (may be repeated)" },
	{ 0 },
};

static const struct xlpt_opt unhide_opts[] = {
	{ "allow-split", 0, "BDF", "divide BDF's isolation set: the guest that has the rest can reach it" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_hide = {
	.name = "hide",
	.synopsis = "BDF...",
	.help = "Take devices from dom0 and hold them for guests",
	.details =
		"The driver is unbound, xen-pciback takes the device, and the hypervisor keeps it\n"
		"in quarantine until a guest gets it. The driver it came from is remembered.\n"
		"This lasts until the next boot.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = hide_opts,
	.run = cmd_hide,
};

const struct xlpt_command xlpt_cmd_unhide = {
	.name = "unhide",
	.synopsis = "BDF...",
	.help = "Give hidden devices back to the drivers they came from",
	.details = "A device that had no driver gets none; one that was hidden at boot gets the\n"
		   "driver that claims it. Works for devices that xl pci-assignable-add took, too.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = unhide_opts,
	.run = cmd_unhide,
};
