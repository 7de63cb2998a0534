/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* save, restore and migrate: their words and options. */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/leave/leave.h"

static int prepare(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	struct xlpt_env *env = l->op.env;
	int rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &l->op.timeout_ms, diag);

	l->detach_first = xlpt_args_has(args, "detach-first");
	l->force = xlpt_args_has(args, "force");
	if (rc == 0 && xlpt_bdf_shaped(args->pos[0])) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE, "\"%s\" is a device, not a guest",
				   args->pos[0]);
		xlpt_diag_hint(diag, "xlpt %s %s", args->cmd->name, args->cmd->synopsis);
	}
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[0], &l->op.guest, diag);
	l->op.has_guest = rc == 0;
	return rc;
}

static int cmd_save(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	int rc;

	xlpt_leave_init(&l, env);
	rc = xlpt_leave_path(args->pos[1], &l.file, diag);
	if (rc == 0)
		rc = prepare(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_save(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_leave_report_saved(&l, args->pos[1]);
	return 0;
}

#define LEAVE_OPTS                                                                              \
	{ "detach-first", 'd', NULL,                                                            \
	  "detach its devices first and attach them again afterwards" },                        \
		{ "force", 'f', NULL,                                                           \
		  "also a PV guest that holds a device with an interrupt line" },               \
	{                                                                                       \
		"timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" \
	}

static const struct xlpt_opt save_opts[] = {
	LEAVE_OPTS,
	{ 0 },
};

const struct xlpt_command xlpt_cmd_save = {
	.name = "save",
	.synopsis = "GUEST FILE",
	.help = "Save a guest to a file, its devices detached first if so told",
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

static int add_maps(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	int rc = 0;

	for (char **p = xlpt_args_all(args, "map"); rc == 0 && p && *p; p++)
		rc = xlpt_leave_add_map(l, *p, diag);
	return rc;
}

static int cmd_restore(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	int rc;

	xlpt_leave_init(&l, env);
	l.without_devices = xlpt_args_has(args, "without-devices");
	rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &l.op.timeout_ms, diag);
	if (rc == 0)
		rc = add_maps(&l, args, diag);
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

static int cmd_migrate(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_leave_ struct xlpt_leave l;
	int rc = 0;

	xlpt_leave_init(&l, env);
	l.host = args->pos[1];
	l.transport = xlpt_args_get(args, "transport") ? xlpt_args_get(args, "transport") : "ssh";
	l.offline = xlpt_args_has(args, "offline");
	if (!*l.transport || strpbrk(l.transport, "\n\r")) {
		rc = xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				   "the transport is to be a command in one line");
		xlpt_diag_hint(diag, "for example --transport \"ssh -p 2222\"");
	}
	if (rc == 0)
		rc = add_maps(&l, args, diag);
	if (rc == 0 && l.n_maps && !xlpt_args_has(args, "detach-first")) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--map is of no use without --detach-first");
		xlpt_diag_hint(diag, "add --detach-first");
	}
	if (rc == 0)
		rc = prepare(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_migrate(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_leave_report_migrated(&l);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt migrate_opts[] = {
	LEAVE_OPTS,
	{ "map", 'm', "FROM=TO", "the device that takes FROM's place there (default the same address)" },
	{ "transport", 's', "COMMAND", "runs a command on HOST, as xl migrate -s (default ssh)" },
	{ "offline", 0, NULL, "by an image, not live; chosen by itself where live is impossible" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_migrate = {
	.name = "migrate",
	.synopsis = "GUEST HOST",
	.help = "Migrate a guest to another host, where it gets devices again",
	.details = "A guest that holds devices is refused (exit status 3) without --detach-first.\n"
		   "Exit status 0 means the guest runs on HOST, nowhere else, and has its devices there.\n"
		   "HOST needs xl and xlpt. After a failure it runs on here, with its devices.\n"
		   "TO is an address, with options or without, or pool:NAME; --map may be repeated.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = 2,
	.opts = migrate_opts,
	.run = cmd_migrate,
};
/* clang-format on */
