/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology: its arguments and options. */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/tree.h"

static int check_forms(const struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_diag *diag)
{
	if (xlpt_args_has(args, "all") && !xlpt_args_has(args, "dot") &&
	    !xlpt_args_has(args, "svg")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--all goes with --dot and --svg");
		xlpt_diag_hint(diag, "leave it out: the tree has every function");
		return XLPT_ERR_USAGE;
	}
	if (env->json + xlpt_args_has(args, "dot") + xlpt_args_has(args, "svg") < 2)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "--dot, --svg and --json exclude each other");
	xlpt_diag_hint(diag, "ask for one of them");
	return XLPT_ERR_USAGE;
}

static int cmd_topology(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
	_cleanup_tree_ struct xlpt_tree tree = { 0 };
	int rc = check_forms(env, args, diag);

	if (rc == 0)
		rc = xlpt_inventory_read(env, XLPT_SCAN_NAMES | XLPT_SCAN_BRIEF, &inv, diag);
	if (rc)
		return rc;
	xlpt_inventory_warn(env, &inv);
	if (xlpt_args_has(args, "dot") || xlpt_args_has(args, "svg")) {
		_cleanup_free_ char *dot = xlpt_inventory_dot(&inv, xlpt_args_has(args, "all"));

		if (xlpt_args_has(args, "svg"))
			return xlpt_inventory_draw(env, dot, diag);
		fputs(dot, env->out);
		return 0;
	}
	xlpt_tree_make(&inv, &tree);
	xlpt_tree_print(env, &inv, &tree);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt topology_opts[] = {
	{ "dot", 0, NULL, "print a graph for graphviz: bridges, isolation sets, owners" },
	{ "svg", 0, NULL, "print that graph as an SVG picture (needs graphviz)" },
	{ "all", 'a', NULL, "with --dot, --svg: leave nothing out, and draw each function by itself" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_topology = {
	.name = "topology",
	.synopsis = "",
	.help = "Show what is behind which bridge, what goes together, who has it",
	.details = "Functions of one isolation set have the same number: the IOMMU cannot keep them\n"
		   "apart, so they go to one guest. xlpt show tells why.",
	.opts = topology_opts,
	.run = cmd_topology,
};
/* clang-format on */
