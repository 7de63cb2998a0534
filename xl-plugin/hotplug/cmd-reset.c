/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/resolve.h"

static struct json_object *also_json(const struct xlpt_reset_way *way)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < way->n_also; i++)
		json_object_array_add(a, xlpt_json_bdf(way->also[i]));
	return a;
}

/* ---- --list ---- */

static struct json_object *ways_json(struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways)
{
	struct json_object *o = json_object_new_object(), *a = json_object_new_array();

	for (size_t i = 0; i < ways->n; i++) {
		const struct xlpt_reset_way *way = &ways->items[i];
		struct json_object *m = json_object_new_object();

		xlpt_json_add(m, "method", xlpt_json_str(xlpt_reset_word(way->how)));
		xlpt_json_add(m, "usable", json_object_new_boolean(way->usable));
		xlpt_json_add(m, "why_not", xlpt_json_str(way->why_not));
		xlpt_json_add(m, "also", also_json(way));
		json_object_array_add(a, m);
	}
	xlpt_json_add(o, "bdf", xlpt_json_bdf(bdf));
	xlpt_json_add(o, "from_kernel", json_object_new_boolean(ways->from_kernel));
	xlpt_json_add(o, "methods", a);
	return o;
}

static void ways_rows(struct xlpt_table *t, struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++) {
		const struct xlpt_reset_way *way = &ways->items[i];
		_cleanup_str_ struct xlpt_str also = { 0 };

		for (size_t k = 0; k < way->n_also; k++)
			xlpt_str_addf(&also, "%s%s", k ? " " : "", XLPT_BDF_STR(way->also[k]));
		xlpt_table_row(t,
			       (const char *const[]){ XLPT_BDF_STR(bdf), xlpt_reset_word(way->how),
						      way->usable ? "yes" : "no",
						      also.len ? also.s : NULL, way->why_not });
	}
}

static int list(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n, struct xlpt_diag *diag)
{
	static const char *const columns[] = { "DEVICE", "METHOD", "USABLE", "ALSO HITS",
					       "WHY NOT" };
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	struct json_object *root, *a;
	struct xlpt_table *t = NULL;
	int rc = xlpt_scan_all(env->host, XLPT_SCAN_CAPS, NULL, &all, diag);

	if (rc)
		return rc;
	root = json_object_new_object();
	a = json_object_new_array();
	xlpt_json_add(root, "devices", a);
	if (!env->json)
		t = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
		const struct xlpt_device *dev = xlpt_devices_find(&all, bdfs[i]);

		if (!dev) {
			xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %s",
				      XLPT_BDF_STR(bdfs[i]));
			xlpt_diag_hint(diag, "xlpt list");
			rc = XLPT_ERR_NO_DEVICE;
			break;
		}
		xlpt_reset_ways(&all, dev, &ways);
		if (t)
			ways_rows(t, bdfs[i], &ways);
		else
			json_object_array_add(a, ways_json(bdfs[i], &ways));
	}
	if (t)
		xlpt_table_print(env, t);
	if (rc == 0 && env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	return rc;
}

/* ---- doing it ---- */

static void report(const struct xlpt_op *op)
{
	struct json_object *root = json_object_new_object(), *a = json_object_new_array();

	for (size_t i = 0; i < op->n; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(op->items[i].spec.bdf));
		xlpt_item_reset_json(&op->items[i], o);
		json_object_array_add(a, o);
	}
	xlpt_json_add(root, "devices", a);
	xlpt_print_json(op->env, root);
}

static int method(const struct xlpt_args *args, const char **word, struct xlpt_diag *diag)
{
	enum xlpt_reset_how how;

	*word = xlpt_args_get(args, "method");
	if (!*word || xlpt_reset_from_word(*word, strlen(*word), &how))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "there is no reset method \"%s\"", *word);
	xlpt_diag_hint(diag, "device_specific, acpi, flr, af_flr, pm, bus or cxl_bus");
	return XLPT_ERR_SYNTAX;
}

static int cmd_reset(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(args->n, sizeof(*bdfs));
	_cleanup_op_ struct xlpt_op op;
	struct xlpt_reset_options want = { .in_use = xlpt_args_has(args, "force") };
	bool only_list = xlpt_args_has(args, "list");
	int rc;

	xlpt_op_init(&op, env);
	rc = method(args, &want.method, diag);
	if (rc == 0 && only_list &&
	    (want.in_use || xlpt_args_has(args, "force-host-device") || want.method ||
	     env->dry_run)) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "--list resets nothing and takes no other "
				   "option of reset");
		xlpt_diag_hint(diag, "xlpt reset --list BDF...");
	}
	if (rc == 0 && !only_list && env->sysroot) {
		rc = xlpt_diag_set(diag, XLPT_ERR_USAGE,
				   "reset changes the running system and cannot "
				   "work on --sysroot");
		xlpt_diag_hint(diag, "xlpt reset --list reads a tree");
	}
	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = xlpt_args_device(env, args->pos[i], &bdfs[i], diag);
	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = xlpt_op_add_bdf(&op, bdfs[i], diag);
	if (rc == 0)
		rc = xlpt_op_consents(&op, xlpt_args_all(args, "force-host-device"), NULL, diag);
	if (rc == 0)
		rc = only_list ? xlpt_env_need_host(env, diag) : xlpt_env_need_xen(env, diag);
	if (rc)
		return rc;
	if (only_list)
		return list(env, bdfs, args->n, diag);
	rc = xlpt_op_reset(&op, &want, diag);
	if (rc == 0 && env->json && !env->dry_run)
		report(&op);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt reset_opts[] = {
	{"method", 'm', "METHOD", "reset by this one: flr, af_flr, pm, bus, ..."},
	{"list", 'l', NULL,
	 "show the methods, what each would hit as well, and why others are none"},
	{"force", 'f', NULL, "reset a device that a guest or a driver of dom0 uses"},
	{"force-host-device", 0, "BDF", "reset BDF although this host needs it (may be repeated)"},
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_reset = {
	.name = "reset",
	.synopsis = "BDF...",
	.help = "Reset devices and see that it happened",
	.details = "Exit status 0 means that the device was reset and answers. \"proven\" means "
		   "that a\n"
		   "register that only a reset clears was set before and is clear. A method that "
		   "would\n"
		   "hit a device in use as well is refused (3); 1 means that it was not reset.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = reset_opts,
	.run = cmd_reset,
};
