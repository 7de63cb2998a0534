/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* detach: its arguments and options. */
#include "core/text.h"
#include "xl-plugin/hotplug/guest-words.h"
#include "xl-plugin/hotplug/report.h"

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

static int check_words(const struct xlpt_args *args, struct xlpt_diag *diag)
{
	bool all = xlpt_args_has(args, "all");

	if (all == (args->n == 1))
		return 0;
	if (all)
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--all means every device of %s, and %s is named as well",
			      args->pos[0], args->pos[1]);
	else
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "detach: too few arguments");
	xlpt_diag_hint(diag, "xlpt detach --all %s, or the devices alone", XLPT_WORD(args->pos[0]));
	return XLPT_ERR_USAGE;
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
	op.all_held = xlpt_args_has(args, "all");
	rc = check_words(args, diag);
	if (rc == 0)
		rc = xlpt_guest_words(&op, args, add_detach_item, true, diag);
	if (rc == 0)
		rc = xlpt_op_detach(&op, &want, diag);
	*next_ms = op.budget_next_ms;
	if (rc == 0)
		xlpt_report_detach(&op, want.give_back_to_dom0);
	return rc;
}

static int cmd_detach(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	return xlpt_guest_words_wait(env, args, detach_once, diag);
}

/* clang-format off */
static const struct xlpt_opt detach_opts[] = {
	{ "all", 0, NULL, "all devices that the guest has; none is named then" },
	{ "config", 0, "FILE", "also take the devices out of FILE, the guest's xl configuration" },
	{ "to-host", 0, NULL, "also give the device back to its dom0 driver" },
	{ "force", 'f', NULL, "do without the guest's help; it may need a restart afterwards" },
	{ "allow-split", 0, "BDF", "with --to-host: divide BDF's isolation set" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ "around-libvirt", 0, NULL, "change a guest of libvirt's without it; its list is wrong then" },
	{ "wait", 'w', NULL, "over the hotplug budget: wait until it has room" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_detach = {
	.name = "detach",
	.synopsis = "GUEST BDF...|--all",
	.help = "Take devices back from a running guest",
	.details =
		"Exit status 0 means that the guest no longer has them, in xenstore, in its device\n"
		"model and in the hypervisor, and that pciback holds them. With --all no device is named.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.specs = 2,
	.opts = detach_opts,
	.run = cmd_detach,
};
