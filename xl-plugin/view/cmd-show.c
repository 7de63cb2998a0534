/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/sriov/vf.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/view/show.h"

/* The device itself with everything, in the place of what the scan of all has read. */
static int read_fully(struct xlpt_env *env, struct xlpt_inventory *inv, struct xlpt_bdf bdf,
		      struct xlpt_show *s, struct xlpt_diag *diag)
{
	struct xlpt_device *slot;
	struct xlpt_device dev;
	int rc = xlpt_scan_one(env->host, bdf, XLPT_SCAN_NAMES | XLPT_SCAN_CAPS, env->pci_ids, &dev,
			       diag);

	if (rc == XLPT_ERR_NO_DEVICE)
		xlpt_vf_absent_hint(env->host, bdf, diag);
	if (rc)
		return rc;
	slot = (struct xlpt_device *)xlpt_devices_find(&inv->devs, bdf);
	if (!slot) {
		xlpt_device_dispose(&dev);
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "%s appeared only now", XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "ask again");
		return XLPT_ERR_NO_DEVICE;
	}
	xlpt_device_dispose(slot);
	*slot = dev;
	*s = (struct xlpt_show){ .env = env,
				 .inv = inv,
				 .i = (size_t)(slot - inv->devs.items),
				 .d = slot,
				 .owner = xlpt_owners_find(&inv->owners, bdf) };
	return 0;
}

static int show_facts(struct xlpt_env *env, struct xlpt_show *s, struct xlpt_diag *diag)
{
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_place_ struct xlpt_place place = { 0 };
	int rc = xlpt_needs_read(env->host, &needs, diag);

	if (rc == 0)
		rc = xlpt_place_read(env, s->d, &s->inv->owners, &needs, &place, diag);
	if (rc)
		return rc;
	s->root = json_object_new_object();
	xlpt_json_add(s->root, "bdf", xlpt_json_bdf(s->d->bdf));
	xlpt_show_identity(s);
	xlpt_show_state(s, &place);
	xlpt_show_host(s);
	xlpt_show_topology(s);
	xlpt_show_isolation(s);
	xlpt_show_interrupt(s);
	xlpt_show_capabilities(s);
	xlpt_show_memory(s);
	if (env->json) {
		xlpt_print_json(env, s->root);
	} else {
		xlpt_show_print(env, s->root);
		json_object_put(s->root);
	}
	return 0;
}

static int cmd_show(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
	const struct xlpt_owner *owner;
	_cleanup_free_ char *xml = NULL;
	struct xlpt_show s;
	struct xlpt_bdf bdf;
	int rc = xlpt_args_device(env, args->pos[0], &bdf, diag);

	if (rc == 0 && env->json && xlpt_args_has(args, "xml")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--xml and --json exclude each other");
		xlpt_diag_hint(diag, "ask for one of them");
		return XLPT_ERR_USAGE;
	}
	if (rc == 0)
		rc = xlpt_inventory_read(env, 0, &inv, diag);
	if (rc == 0)
		rc = read_fully(env, &inv, bdf, &s, diag);
	owner = rc == XLPT_ERR_NO_DEVICE ? xlpt_owners_find(&inv.owners, bdf) : NULL;
	if (owner)
		xlpt_owner_lost(owner, diag);
	if (rc)
		return rc;
	xlpt_inventory_warn(env, &inv);
	if (!xlpt_args_has(args, "xml"))
		return show_facts(env, &s, diag);
	rc = xlpt_inventory_xml(&inv, s.i, &xml, diag);
	if (rc == 0)
		xlpt_put_document(env, xml, strlen(xml));
	return rc;
}

/* clang-format off */
static const struct xlpt_opt show_opts[] = {
	{ "xml", 0, NULL, "print libvirt's <device>, as virsh nodedev-dumpxml does" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_show = {
	.name = "show",
	.synopsis = "BDF",
	.help = "Show all that is known about one device, and what this host uses it for",
	.opts = show_opts,
	.min_args = 1,
	.max_args = 1,
	.run = cmd_show,
};
