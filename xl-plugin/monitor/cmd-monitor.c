/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor: its arguments and options. */
#include "core/text.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/monitor/monitor.h"

static int cmd_monitor(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	int rc;

	(void)args;
	if (env->in_batch) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "monitor does not end, so it cannot be a request of batch");
		xlpt_diag_hint(diag, "xlpt monitor --json");
		return XLPT_ERR_USAGE;
	}
	if (env->sysroot) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "nothing happens in a captured tree");
		xlpt_diag_hint(diag, "xlpt list --sysroot %s", XLPT_WORD(env->sysroot));
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_env_need_xen(env, diag);
	return rc ? rc : xlpt_monitor_watch(env, diag);
}

const struct xlpt_command xlpt_cmd_monitor = {
	.name = "monitor",
	.synopsis = "",
	.help = "Tell what happens to devices and leases, as it happens",
	.details =
		"First what is, then a line for each event: attached, detached, hidden, unhidden, lost,\n"
		"leased, returned, guest-gone. With --json each line is an object. It ends with SIGINT or\n"
		"SIGTERM, or when nobody reads its output any more; the exit status is 0 then.",
	.max_args = 0,
	.run = cmd_monitor,
};
