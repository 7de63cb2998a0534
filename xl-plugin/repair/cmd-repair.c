/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/repair/repair.h"

static int cmd_repair(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	int rc = xlpt_env_need_host(env, diag);

	env->around_libvirt = xlpt_args_has(args, "around-libvirt");
	return rc ? rc : xlpt_op_repair(env, args->pos, args->n, diag);
}

/* clang-format off */
static const struct xlpt_opt repair_opts[] = {
	{ "around-libvirt", 0, NULL, "change a guest of libvirt's without it; its list is wrong then" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_repair = {
	.name = "repair",
	.synopsis = "[KIND|DEVICE|GUEST]...",
	.help = "End operations that were cut short, and mend contradictions",
	.details = "Lists every contradiction between xenstore, the hypervisor, libxl, sysfs, leases and\n"
		   "journals with its cause, and mends those that need no decision; for the others it names\n"
		   "the command. A word names the kind, device or guest to look at.\n"
		   "\n"
		   "An attach that its guest has taken is kept, any other is taken back; a detach is\n"
		   "brought to its end; hiding is taken back, unhiding brought to its end. Of the files\n"
		   "of boot write and of the guard all are changed, or all are put back.\n"
		   "\n"
		   "Kinds: file-change files journal left-by-gone shut-down absent-device wedged half-out\n"
		   "not-connected bad-dev empty-backend no-dev num-devs xen-only owner-mark lease identity\n"
		   "quarantine override configured libvirt libvirt-list",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN | XLPT_CMD_TELLS,
	.max_args = XLPT_ANY_ARGS,
	.opts = repair_opts,
	.run = cmd_repair,
};
/* clang-format on */
