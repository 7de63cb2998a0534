/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reset tells: which methods there are for a device, and what was done. */
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/report.h"

static struct json_object *also_json(const struct xlpt_reset_way *way)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < way->n_also; i++)
		json_object_array_add(a, xlpt_json_bdf(way->also[i]));
	return a;
}

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

int xlpt_report_reset_ways(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
			   struct xlpt_diag *diag)
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

void xlpt_report_reset(const struct xlpt_op *op)
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
