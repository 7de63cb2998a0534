/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* migrate: its arguments and options. */
#include <string.h>

#include "xl-plugin/leave/words.h"

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
				   "--transport needs a command in one line");
		xlpt_diag_hint(diag, "for example --transport \"ssh -p 2222\"");
	}
	if (rc == 0)
		rc = xlpt_leave_words_maps(&l, args, diag);
	if (rc == 0 && l.n_maps && !xlpt_args_has(args, "detach-first")) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--map is of no use without --detach-first");
		xlpt_diag_hint(diag, "add --detach-first");
	}
	if (rc == 0)
		rc = xlpt_leave_words(&l, args, diag);
	if (rc == 0)
		rc = xlpt_op_migrate(&l, diag);
	if (rc || env->dry_run)
		return rc;
	xlpt_leave_report_migrated(&l);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt migrate_opts[] = {
	XLPT_LEAVE_OPTS,
	{ "map", 'm', "FROM=TO", "the device that takes FROM's place there (default the same address)" },
	{ "transport", 's', "COMMAND", "runs a command on HOST, as xl migrate -s (default ssh)" },
	{ "offline", 0, NULL, "by an image instead of live; used by itself where live is "
	  "impossible" },
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
