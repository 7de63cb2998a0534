/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/list.h"

static int cmd_list(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
	const struct xlpt_column *shown[XLPT_MAX_COLUMNS];
	_cleanup_free_ struct xlpt_row *rows = NULL;
	_cleanup_bdfs_ struct xlpt_bdfs only = { 0 };
	size_t n_shown = 0, n = 0;
	bool xml = xlpt_args_has(args, "xml");
	int rc = xlpt_list_check(env, args, diag);

	if (rc == 0 && xlpt_args_has(args, "columns"))
		rc = xlpt_columns_choose(xlpt_args_get(args, "columns"), shown, &n_shown, diag);
	if (rc == 0)
		rc = xlpt_list_named(env, args, &only, diag);
	if (rc == 0)
		rc = xlpt_inventory_read(
			env, XLPT_SCAN_NAMES | XLPT_SCAN_BRIEF | (xml ? XLPT_SCAN_CAPS : 0), &inv,
			diag);
	if (rc == 0)
		rc = xlpt_list_check_pfs(args, &inv.devs, diag);
	if (rc)
		return rc;
	rows = xlpt_xcalloc(inv.devs.n + 1, sizeof(*rows));
	for (size_t i = 0; i < inv.devs.n; i++) {
		rows[n] = (struct xlpt_row){ &inv, i, &inv.devs.items[i],
					     xlpt_inventory_owner(&inv, i) };
		n += xlpt_list_wants(args, &only, &rows[n]);
	}
	xlpt_inventory_warn(env, &inv);
	if (!n)
		xlpt_list_nothing(env, args);
	if (xml)
		return xlpt_list_print_xml(env, rows, n, diag);
	if (env->json)
		xlpt_list_print_json(env, shown, n_shown, rows, n);
	else
		xlpt_list_print_table(env, shown, n_shown, rows, n);
	return 0;
}

/* clang-format off */
static const struct xlpt_opt list_opts[] = {
	{ "all", 'a', NULL, "list bridges too" },
	{ "class", 0, "CLASS", "only this class: hexadecimal (02, 0200) or a part of its name" },
	{ "driver", 0, "NAME", "only what this driver has; \"none\" for no driver" },
	{ "state", 0, "STATE", "only dom0, host, hidden, assigned or partial" },
	{ "assignable", 0, NULL, "only what is free for a guest, with all that must go with it" },
	{ "guest", 0, "GUEST", "only what this guest has (name or domain id)" },
	{ "vf-of", 0, "BDF", "only virtual functions of this physical function" },
	{ "columns", 'o', "LIST", "these columns, in this order (see below)" },
	{ "xml", 0, NULL, "print libvirt's <device> for each" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_list = {
	.name = "list",
	.synopsis = "[BDF...]",
	.help = "List PCI devices: drivers, who has them, what goes together",
	.details = "BDF may be BB:DD.* or any word of xlpt find; none means all devices but bridges.\n"
		   "Columns: device, driver, state, set (isolation set: what the IOMMU cannot keep\n"
		   "apart), reset (the kernel's methods), sriov, numa, id, guest, parent, class, name.\n"
		   "An option that is given several times matches any of its values.",
	.max_args = XLPT_ANY_ARGS,
	.opts = list_opts,
	.run = cmd_list,
};
/* clang-format on */
