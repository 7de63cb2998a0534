/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore: its arguments and options. */
#include "xl-plugin/leave/words.h"

static int cmd_restore(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	int rc;

	xlpt_leave_init(&l, env);
	l.without_devices = xlpt_args_has(args, "without-devices");
	rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &l.op.timeout_ms, diag);
	if (rc == 0)
		rc = xlpt_leave_words_maps(&l, args, diag);
	if (rc == 0 && l.n_maps && l.without_devices) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--map is of no use with --without-devices");
		xlpt_diag_hint(diag, "leave out one of the two");
	}
	if (rc == 0)
		rc = xlpt_leave_path(args->pos[0], &l.file, diag);
	if (rc == 0)
		rc = xlpt_image_open(&l.image, NULL, l.file, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = xlpt_op_restore(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_leave_report_restored(&l);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt restore_opts[] = {
	{ "without-devices", 'w', NULL, "leave out the devices that the image or its record names" },
	{ "map", 'm', "FROM=TO", "the device that takes FROM's place (default the same address)" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_restore = {
	.name = "restore",
	.synopsis = "FILE",
	.help = "Restore a guest from a file and give it its devices again",
	.details =
		"FILE was written by xlpt save or by xl save. When one of its devices is not free,\n"
		"nothing is done (exit status 3). Exit status 0 means the guest runs and has them.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = 1,
	.opts = restore_opts,
	.run = cmd_restore,
};
