/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/resolve.h"

static int setup(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_op *op,
		 struct xlpt_diag *diag)
{
	int rc = 0;

	/* Malformed addresses are told before anything else is looked at. */
	for (size_t i = 0; rc == 0 && i < args->n; i++) {
		struct xlpt_bdf bdf;

		rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		if (rc == 0)
			rc = xlpt_op_add_bdf(op, bdf, diag);
	}
	if (rc == 0)
		rc = xlpt_op_consents(op, xlpt_args_all(args, "force-host-device"),
				      xlpt_args_all(args, "allow-split"), diag);
	return rc ? rc : xlpt_env_need_xen(env, diag);
}

static void report(const struct xlpt_op *op, bool hidden)
{
	struct json_object *root, *devs;

	if (op->env->dry_run)
		return;
	root = json_object_new_object();
	devs = json_object_new_array();
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		struct json_object *o = json_object_new_object();
		const char *bdf = XLPT_BDF_STR(item->spec.bdf);

		xlpt_json_add(o, "bdf", xlpt_json_str(bdf));
		if (hidden) {
			xlpt_json_add(o, "state", xlpt_json_str("hidden"));
			xlpt_json_add(o, "driver", xlpt_json_str("pciback"));
			xlpt_json_add(o, "changed", json_object_new_boolean(item->take_from_dom0));
			if (!item->take_from_dom0)
				xlpt_say(op->env, "%s is hidden already", bdf);
			else if (item->origin && *item->origin)
				xlpt_say(op->env, "%s is hidden (its driver was %s)", bdf,
					 item->origin);
			else
				xlpt_say(op->env, "%s is hidden (it had no driver)", bdf);
		} else {
			xlpt_json_add(o, "state", xlpt_json_str("dom0"));
			xlpt_json_add(o, "driver", xlpt_json_str(item->driver));
			xlpt_json_add(o, "changed",
				      json_object_new_boolean(item->place.on_pciback));
			xlpt_say(op->env, "%s %s dom0, %s%s", bdf,
				 item->place.on_pciback ? "is back with"
							: "was not hidden: it is with",
				 item->driver ? "driver " : "without a driver",
				 item->driver ? item->driver : "");
		}
		json_object_array_add(devs, o);
	}
	xlpt_json_add(root, hidden ? "hidden" : "unhidden", devs);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
}

static int cmd_hide(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = setup(env, args, &op, diag);
	if (rc == 0)
		rc = xlpt_op_hide(&op, diag);
	if (rc == 0)
		report(&op, true);
	return rc;
}

static int cmd_unhide(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_op_ struct xlpt_op op;
	int rc;

	xlpt_op_init(&op, env);
	rc = setup(env, args, &op, diag);
	if (rc == 0)
		rc = xlpt_op_unhide(&op, diag);
	if (rc == 0)
		report(&op, false);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt hide_opts[] = {
	{ "force-host-device", 0, "BDF", "hide BDF although this host needs it (may be repeated)" },
	{ 0 },
};

static const struct xlpt_opt unhide_opts[] = {
	{ "allow-split", 0, "BDF", "divide BDF's isolation set: that guest can reach what dom0 does" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_hide = {
	.name = "hide",
	.synopsis = "BDF...",
	.help = "Take devices from dom0 and hold them for guests",
	.details =
		"The driver is unbound, xen-pciback takes the device, and the hypervisor keeps it\n"
		"in quarantine until a guest gets it. The driver it came from is remembered.\n"
		"This lasts until the next boot.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = hide_opts,
	.run = cmd_hide,
};

const struct xlpt_command xlpt_cmd_unhide = {
	.name = "unhide",
	.synopsis = "BDF...",
	.help = "Give hidden devices back to the drivers they came from",
	.details = "A device that had no driver gets none; one that was hidden at boot gets the\n"
		   "driver that claims it. Works for devices that xl pci-assignable-add took, too.",
	.flags = XLPT_CMD_MODIFIES | XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = unhide_opts,
	.run = cmd_unhide,
};
