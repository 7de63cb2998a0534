/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* save: its arguments and options. */
#include "xl-plugin/leave/words.h"

static int cmd_save(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	int rc;

	xlpt_leave_init(&l, env);
	rc = xlpt_leave_path(args->pos[1], &l.file, diag);
	if (rc == 0)
		rc = xlpt_leave_words(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_save(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_leave_report_saved(&l, args->pos[1]);
	return 0;
}

static const struct xlpt_opt save_opts[] = {
	XLPT_LEAVE_OPTS,
	{ 0 },
};

const struct xlpt_command xlpt_cmd_save = {
	.name = "save",
	.synopsis = "GUEST FILE",
	.help = "Save a guest to a file; --detach-first detaches its devices before",
	.details =
		"A guest that holds devices is refused (exit status 3) without --detach-first.\n"
		"Until the image is complete and read through, the guest can go on, and does so\n"
		"after any failure, with its devices. FILE.xlpt tells xlpt restore what they were.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = 2,
	.opts = save_opts,
	.run = cmd_save,
};
