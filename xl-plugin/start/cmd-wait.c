/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wait: its arguments, and what it prints. */
#include "core/text.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/start/start.h"

static void report(const struct xlpt_awaited *a)
{
	struct json_object *root = json_object_new_object(), *devs = json_object_new_array();
	const struct xlpt_op *op = &a->op;

	for (size_t i = 0; i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf), *why = a->lacks[i].message,
			   *at = op->items[i].guest_address;
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(op->items[i].spec.bdf));
		xlpt_json_add(o, "state", xlpt_json_str(why ? "missing" : "assigned"));
		xlpt_json_add(o, "guest_address", xlpt_json_str(*at ? at : NULL));
		xlpt_json_add(o, "why", xlpt_json_str(why));
		json_object_array_add(devs, o);
		if (why)
			xlpt_warn(op->env, "%s does not have %s: %s", op->guest.name, bdf, why);
		else
			xlpt_say(op->env, "%s (domain %u) has %s%s%s", op->guest.name,
				 op->guest.domid, bdf, *at ? " as " : "", at);
	}
	if (!op->n)
		xlpt_say(op->env, "%s (domain %u) has no devices to wait for", op->guest.name,
			 op->guest.domid);
	xlpt_json_add(root, "guest", xlpt_json_guest(&op->guest));
	xlpt_json_add(root, "devices", devs);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
}

static int cmd_wait(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_awaited_ struct xlpt_awaited a = { 0 };
	int64_t timeout_ms;
	int rc;

	xlpt_op_init(&a.op, env);
	if (env->sysroot) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "wait: in a captured tree no guest runs");
		xlpt_diag_hint(diag, "xlpt status --sysroot %s shows what it has",
			       XLPT_WORD(env->sysroot));
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_args_seconds(args, "timeout", XLPT_START_TIMEOUT_MS, &timeout_ms, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = xlpt_op_wait(&a, args->pos[0], timeout_ms, diag);
	if (!a.lacks || (rc && rc != XLPT_ERR_CONFLICT))
		return rc;
	report(&a);
	env->reported |= rc != 0 && env->json;
	return rc;
}

/* clang-format off */
static const struct xlpt_opt wait_opts[] = {
	{ "timeout", 't', "SECONDS", "how long it may take (default 180)" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_wait = {
	.name = "wait",
	.synopsis = "GUEST",
	.help = "Wait until a guest has all its devices, and name those that it lacks",
	.details = "The devices are those of the configuration that libxl keeps, those leased to the guest,\n"
		   "and those that it had before it restarted. A guest that restarts is waited for, too.",
	.min_args = 1,
	.max_args = 1,
	.opts = wait_opts,
	.run = cmd_wait,
};
/* clang-format on */
