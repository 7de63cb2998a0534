/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/leave/words.h"

int xlpt_leave_words(struct xlpt_leave *l, const struct xlpt_args *args, struct xlpt_diag *diag)
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

int xlpt_leave_words_maps(struct xlpt_leave *l, const struct xlpt_args *args,
			  struct xlpt_diag *diag)
{
	int rc = 0;

	for (char **p = xlpt_args_all(args, "map"); rc == 0 && p && *p; p++)
		rc = xlpt_leave_add_map(l, *p, diag);
	return rc;
}
