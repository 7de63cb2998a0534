/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach: its arguments and options. */
#include "xl-plugin/hotplug/cmd-attach.h"

#include <string.h>

#include "xl-plugin/hotplug/guest-words.h"
#include "xl-plugin/hotplug/report.h"

/*
 * Those that ask for a slot of the guest go before the others, both in their order: QEMU puts a device
 * that asks for none into the first free one.
 */
static void slots_first(struct xlpt_op *op)
{
	size_t first = 0;

	for (size_t i = 0; i < op->n; i++) {
		struct xlpt_item item = op->items[i];

		/* libxl names no slot to QEMU when it is 0. */
		if (item.spec.vslot <= 0)
			continue;
		memmove(&op->items[first + 1], &op->items[first], (i - first) * sizeof(*op->items));
		op->items[first++] = item;
	}
}

int xlpt_attach_words(struct xlpt_op *op, const struct xlpt_args *args,
		      struct xlpt_attach_options *want, struct xlpt_diag *diag)
{
	int rc;

	*want = (struct xlpt_attach_options){
		.take_from_dom0 = xlpt_args_has(args, "hide"),
		.without_e820 = xlpt_args_has(args, "without-e820"),
	};
	rc = xlpt_guest_words(op, args, xlpt_op_add_spec, false, diag);
	if (rc == 0)
		slots_first(op);
	return rc;
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
	return xlpt_guest_words_wait(env, args, attach_once, diag);
}

/* clang-format off */
static const struct xlpt_opt attach_opts[] = {
	{ "hide", 0, NULL, "take the device from its dom0 driver first (like seize=1)" },
	{ "timeout", 't', "SECONDS", "how long the guest may take to answer (default 60)" },
	{ "around-libvirt", 0, NULL, "change a guest of libvirt's without it; its list is wrong then" },
	{ "wait", 'w', NULL, "over the hotplug budget: wait until it has room" },
	{ "without-e820", 0, NULL, "attach even to a PV guest that has no e820_host=1" },
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
