/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command lines of attach and detach have in common. */
#include "xl-plugin/hotplug/guest-words.h"

#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/config.h"

static int check_specs(const struct xlpt_args *args, struct xlpt_diag *diag)
{
	if (xlpt_bdf_shaped(args->pos[0])) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "\"%s\" is a device, and the guest comes first",
			      args->pos[0]);
		xlpt_diag_hint(diag, "xlpt %s GUEST DEVICE...", args->cmd->name);
		return XLPT_ERR_USAGE;
	}
	for (size_t i = 1; i < args->n; i++) {
		_cleanup_spec_ struct xlpt_spec spec;
		int rc = xlpt_spec_parse(args->pos[i], &spec, diag);

		if (rc)
			return rc;
	}
	return 0;
}

int xlpt_guest_words_wait(struct xlpt_env *env, const struct xlpt_args *args,
			  int (*once)(struct xlpt_env *env, const struct xlpt_args *args,
				      int64_t *next_ms, struct xlpt_diag *diag),
			  struct xlpt_diag *diag)
{
	for (;;) {
		int64_t next_ms = -1;
		int rc = once(env, args, &next_ms, diag);

		if (rc != XLPT_ERR_BUDGET || next_ms < 0 || env->dry_run ||
		    !xlpt_args_has(args, "wait"))
			return rc;
		rc = xlpt_budget_wait(env, next_ms, diag);
		if (rc)
			return rc;
		xlpt_diag_dispose(diag);
	}
}

int xlpt_guest_words(struct xlpt_op *op, const struct xlpt_args *args,
		     int (*add)(struct xlpt_op *op, const char *text, struct xlpt_diag *diag),
		     bool detach, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	int rc = check_specs(args, diag);

	env->around_libvirt = xlpt_args_has(args, "around-libvirt");
	if (rc == 0)
		rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &op->timeout_ms,
				       diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[0], &op->guest, diag);
	op->has_guest = rc == 0;
	if (rc == 0 && op->all_held)
		rc = xlpt_op_add_held(op, diag);
	for (size_t i = 1; rc == 0 && i < args->n; i++)
		rc = add(op, args->pos[i], diag);
	if (rc == 0)
		rc = xlpt_op_consents(op, xlpt_args_all(args, "force-host-device"),
				      xlpt_args_all(args, "allow-split"), diag);
	if (rc == 0 && xlpt_args_has(args, "config"))
		rc = xlpt_op_config_check(op, xlpt_args_get(args, "config"), detach, diag);
	return rc;
}
