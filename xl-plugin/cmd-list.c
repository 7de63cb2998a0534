/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/scan.h"
#include "xl-plugin/cli.h"
#include "xl-plugin/op.h"
#include "xl-plugin/output.h"

static char *describe(const struct xlpt_device *d)
{
	if (d->vendor_name || d->device_name)
		return xlpt_xasprintf("%s %s", d->vendor_name ? d->vendor_name : "",
				      d->device_name ? d->device_name : "");
	return xlpt_xasprintf("[%04x:%04x]", d->vendor, d->device);
}

static struct json_object *device_json(const struct xlpt_device *d, const struct xlpt_owner *owner)
{
	struct json_object *o = json_object_new_object(), *g = NULL;
	char id[16];

	xlpt_json_add(o, "bdf", xlpt_json_bdf(d->bdf));
	snprintf(id, sizeof(id), "%04x:%04x", d->vendor, d->device);
	xlpt_json_add(o, "id", xlpt_json_str(id));
	snprintf(id, sizeof(id), "%06x", d->class_code);
	xlpt_json_add(o, "class", xlpt_json_str(id));
	xlpt_json_add(o, "class_name", xlpt_json_str(d->class_name));
	xlpt_json_add(o, "vendor_name", xlpt_json_str(d->vendor_name));
	xlpt_json_add(o, "device_name", xlpt_json_str(d->device_name));
	xlpt_json_add(o, "driver", xlpt_json_str(d->driver));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_state_word(d, owner)));
	if (owner) {
		g = json_object_new_object();
		xlpt_json_add(g, "name", xlpt_json_str(owner->guest));
		xlpt_json_add(g, "domid", json_object_new_int64(owner->domid));
	}
	xlpt_json_add(o, "guest", g);
	return o;
}

static int read_all(struct xlpt_env *env, struct xlpt_devices *devs, struct xlpt_owners *owners,
		    struct xlpt_diag *diag)
{
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0)
		rc = xlpt_scan_all(env->host, XLPT_SCAN_NAMES, env->pci_ids, devs, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, owners, diag);
	return rc;
}

static bool wanted(const struct xlpt_args *args, const struct xlpt_device *d)
{
	return d->header != XLPT_HEADER_BRIDGE || xlpt_args_has(args, "all");
}

static void print_table(struct xlpt_env *env, const struct xlpt_args *args,
			const struct xlpt_devices *devs, const struct xlpt_owners *owners)
{
	static const char *const columns[] = { "DEVICE", "DRIVER", "STATE", "CLASS", "NAME" };
	struct xlpt_table *table = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));

	for (size_t i = 0; i < devs->n; i++) {
		const struct xlpt_device *d = &devs->items[i];
		_cleanup_free_ char *state = NULL, *name = NULL;

		if (!wanted(args, d))
			continue;
		state = xlpt_state_text(d, xlpt_owners_find(owners, d->bdf));
		name = describe(d);
		xlpt_table_row(table, (const char *const[]){ XLPT_BDF_STR(d->bdf), d->driver, state,
							     d->class_name, name });
	}
	xlpt_table_print(env, table);
}

static void print_json(struct xlpt_env *env, const struct xlpt_args *args,
		       const struct xlpt_devices *devs, const struct xlpt_owners *owners)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();

	for (size_t i = 0; i < devs->n; i++)
		if (wanted(args, &devs->items[i]))
			json_object_array_add(array,
					      device_json(&devs->items[i],
							  xlpt_owners_find(owners,
									   devs->items[i].bdf)));
	xlpt_json_add(root, "devices", array);
	xlpt_print_json(env, root);
}

static int cmd_list(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = read_all(env, &devs, &owners, diag);

	if (rc == 0)
		(env->json ? print_json : print_table)(env, args, &devs, &owners);
	return rc;
}

static const struct xlpt_opt list_opts[] = {
	{ "all", 'a', NULL, "list bridges too" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_list = {
	.name = "list",
	.synopsis = "",
	.help = "List PCI devices, their drivers and who has them",
	.opts = list_opts,
	.run = cmd_list,
};
