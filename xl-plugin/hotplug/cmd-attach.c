/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach and detach: their words and options. */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/budget.h"
#include "xl-plugin/hotplug/cmd-attach.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/report.h"

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

/*
 * With --wait, over budget: gives up every lock, waits, and begins again from
 * the arguments, because by then the guest may be another one.
 */
static int with_wait(struct xlpt_env *env, const struct xlpt_args *args,
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

/* What attach and detach share: reads args' guest, devices and options into op. */
static int prepare(struct xlpt_op *op, const struct xlpt_args *args,
		   int (*add)(struct xlpt_op *op, const char *text, struct xlpt_diag *diag),
		   bool detach, struct xlpt_diag *diag)
{
	struct xlpt_env *env = op->env;
	int rc = check_specs(args, diag);

	if (rc == 0)
		rc = xlpt_args_seconds(args, "timeout", XLPT_GUEST_TIMEOUT_MS, &op->timeout_ms,
				       diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(env, diag);
	if (rc == 0)
		rc = env->ts->ops->guest_find(env->ts, args->pos[0], &op->guest, diag);
	op->has_guest = rc == 0;
	for (size_t i = 1; rc == 0 && i < args->n; i++)
		rc = add(op, args->pos[i], diag);
	if (rc == 0)
		rc = xlpt_op_consents(op, xlpt_args_all(args, "force-host-device"),
				      xlpt_args_all(args, "allow-split"), diag);
	if (rc == 0 && xlpt_args_has(args, "config"))
		rc = xlpt_op_config_check(op, xlpt_args_get(args, "config"), detach, diag);
	return rc;
}

int xlpt_attach_words(struct xlpt_op *op, const struct xlpt_args *args,
		      struct xlpt_attach_options *want, struct xlpt_diag *diag)
{
	*want = (struct xlpt_attach_options){
		.take_from_dom0 = xlpt_args_has(args, "hide"),
		.without_e820 = xlpt_args_has(args, "without-e820"),
	};
	return prepare(op, args, xlpt_op_add_spec, false, diag);
}

static int attach_once(struct xlpt_env *env, const struct xlpt_args *args, int64_t *next_ms,
		       struct xlpt_diag *diag)
{
	struct xlpt_attach_options want;
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = xlpt_attach_words(&op, args, &want, diag);
	if (rc == 0)
		rc = xlpt_op_attach(&op, &want, diag);
	*next_ms = op.budget_next_ms;
	if (rc == 0)
		xlpt_report_attach(&op);
	return rc;
}

static int cmd_attach(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	return with_wait(env, args, attach_once, diag);
}

/* clang-format off */
static const struct xlpt_opt attach_opts[] = {
	{ "hide", 0, NULL, "take the device from its dom0 driver first (like seize=1)" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ "wait", 'w', NULL, "over the hotplug budget: wait until it has room" },
	{ "without-e820", 0, NULL, "try also with a PV guest that has no e820_host=1" },
	{ "config", 0, "FILE", "also list the devices in FILE, the guest's xl configuration" },
	{ "force-host-device", 0, "BDF", "take BDF although this host needs it (may be repeated)" },
	{ "allow-split", 0, "BDF", "divide BDF's isolation set: each side can reach the other's" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_attach = {
	.name = "attach",
	.synopsis = "GUEST SPEC...",
	.help = "Give devices to a running guest and see that it has them",
	.details =
		"SPEC is [SSSS:]BB:DD.F[@SLOT][,KEY=VALUE...] as in xl-pci-configuration(5);\n"
		"BB:DD.* means every function. Instead of the address: pool:NAME, pin:NAME, an\n"
		"interface, a MAC address, /dev/DISK (xlpt(8)). Keys: permissive, seize, rdm_policy,\n"
		"vslot, name, msitranslate, power_mgmt. Exit status 0 means the guest has every one of them;\n"
		"after a failure it has none, and each is back where it was.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = XLPT_ANY_ARGS,
	.specs = 2,
	.opts = attach_opts,
	.run = cmd_attach,
};

static int add_detach_item(struct xlpt_op *op, const char *text, struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	int rc = xlpt_spec_parse(text, &spec, diag);

	if (rc)
		return rc;
	if (spec.vslot >= 0 || spec.permissive || spec.msitranslate || spec.seize ||
	    spec.power_mgmt || spec.rdm_policy || (spec.has_bdf && spec.pool) ||
	    !xlpt_vfid_is_empty(&spec.vf)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "%s: a device to detach takes no slot and no options", text);
		xlpt_diag_hint(diag, "write the address alone");
		return XLPT_ERR_SYNTAX;
	}
	if (spec.pool) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "%s: a pool does not say which device to detach", text);
		xlpt_diag_hint(diag, "name the device; xlpt status GUEST shows what it has");
		return XLPT_ERR_SYNTAX;
	}
	return xlpt_op_add_spec(op, text, diag);
}

static int detach_once(struct xlpt_env *env, const struct xlpt_args *args, int64_t *next_ms,
		       struct xlpt_diag *diag)
{
	const struct xlpt_detach_options want = {
		.give_back_to_dom0 = xlpt_args_has(args, "to-host"),
		.without_guest = xlpt_args_has(args, "force"),
	};
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = prepare(&op, args, add_detach_item, true, diag);
	if (rc == 0)
		rc = xlpt_op_detach(&op, &want, diag);
	*next_ms = op.budget_next_ms;
	if (rc == 0)
		xlpt_report_detach(&op, want.give_back_to_dom0);
	return rc;
}

static int cmd_detach(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	return with_wait(env, args, detach_once, diag);
}

/* clang-format off */
static const struct xlpt_opt detach_opts[] = {
	{ "config", 0, "FILE", "also take the devices out of FILE, the guest's xl configuration" },
	{ "to-host", 0, NULL, "give the device back to its dom0 driver, too" },
	{ "force", 'f', NULL, "do without the guest's help; it may need a restart afterwards" },
	{ "allow-split", 0, "BDF", "to-host: divide BDF's isolation set all the same" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ "wait", 'w', NULL, "over the hotplug budget: wait until it has room" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_detach = {
	.name = "detach",
	.synopsis = "GUEST BDF...",
	.help = "Take devices back from a running guest",
	.details =
		"Exit status 0 means that the guest no longer has them, in xenstore, in its device\n"
		"model and in the hypervisor, and that pciback holds them.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 2,
	.max_args = XLPT_ANY_ARGS,
	.specs = 2,
	.opts = detach_opts,
	.run = cmd_detach,
};
