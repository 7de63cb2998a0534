/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reset prints: the methods of a device, and what was done. */
#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/report.h"
#include "xl-plugin/hotplug/reset.h"

static struct json_object *also_json(const struct xlpt_reset_way *way)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < way->n_also; i++)
		json_object_array_add(a, xlpt_json_bdf(way->also[i]));
	return a;
}

static const char *by_word(enum xlpt_reset_by by)
{
	return by == XLPT_RESET_BY_BRIDGE ? "bridge"
	       : by == XLPT_RESET_BY_XLPT ? "xlpt"
					  : "function";
}

/* What a reset of the whole bus needs of a device that is on it. */
static void judge_one(struct xlpt_reset_way *way, const struct xlpt_device *d,
		      const struct xlpt_owners *owners)
{
	const struct xlpt_owner *owner = d ? xlpt_owners_find(owners, d->bdf) : NULL;
	const char *bdf = d ? XLPT_BDF_STR(d->bdf) : "";

	if (!d || way->why_not || (!owner && xlpt_reset_idle_driver(d->driver)))
		return;
	way->usable = false;
	if (!owner) {
		way->why_not = xlpt_xasprintf("%s is in use by dom0's driver %s", bdf, d->driver);
		way->mends = xlpt_xasprintf("xlpt hide %s", bdf);
	} else {
		way->why_not =
			xlpt_xasprintf("%s is in use by %s", bdf,
				       owner->guest ? owner->guest : "a domain that is gone");
		way->mends = owner->guest ? xlpt_owner_frees(owner) : xlpt_xstrdup("xlpt repair");
	}
}

static void judge_free(struct xlpt_reset_ways *ways, const struct xlpt_devices *all,
		       const struct xlpt_device *dev, const struct xlpt_owners *owners)
{
	for (size_t i = 0; i < ways->n; i++) {
		struct xlpt_reset_way *way = &ways->items[i];

		if (way->by == XLPT_RESET_BY_FUNCTION)
			continue;
		judge_one(way, dev, owners);
		for (size_t k = 0; k < way->n_also; k++)
			judge_one(way, xlpt_devices_find(all, way->also[k]), owners);
	}
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
		xlpt_json_add(m, "hint", xlpt_json_str(way->mends));
		xlpt_json_add(m, "also", also_json(way));
		xlpt_json_add(m, "by", xlpt_json_str(by_word(way->by)));
		xlpt_json_add(m, "bridge",
			      way->by == XLPT_RESET_BY_FUNCTION ? NULL
								: xlpt_json_bdf(way->bridge));
		json_object_array_add(a, m);
	}
	xlpt_json_add(o, "bdf", xlpt_json_bdf(bdf));
	xlpt_json_add(o, "from_kernel", json_object_new_boolean(ways->from_kernel));
	xlpt_json_add(o, "methods", a);
	return o;
}

/* also: the other devices, as they are listed. */
static char *remark(const struct xlpt_reset_way *way, const char *also)
{
	if (way->why_not && way->mends)
		return xlpt_xasprintf("%s; try: %s", way->why_not, way->mends);
	if (way->why_not || way->by == XLPT_RESET_BY_FUNCTION)
		return xlpt_xstrdup(way->why_not);
	return xlpt_xasprintf("together with %s: %s resets the bus behind %s", also,
			      way->by == XLPT_RESET_BY_BRIDGE ? "the kernel" : "xlpt",
			      XLPT_BDF_STR(way->bridge));
}

static void ways_rows(struct xlpt_table *t, struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++) {
		const struct xlpt_reset_way *way = &ways->items[i];
		_cleanup_free_ char *text = NULL;
		_cleanup_str_ struct xlpt_str also = { 0 };

		for (size_t k = 0; k < way->n_also; k++)
			xlpt_str_addf(&also, "%s%s", k ? " " : "", XLPT_BDF_STR(way->also[k]));
		text = remark(way, xlpt_str_get(&also));
		xlpt_table_row(t,
			       (const char *const[]){ XLPT_BDF_STR(bdf), xlpt_reset_word(way->how),
						      way->usable ? "yes" : "no",
						      also.len ? also.s : NULL, text });
	}
}

int xlpt_report_reset_ways(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
			   struct xlpt_diag *diag)
{
	static const char *const columns[] = { "DEVICE", "METHOD", "USABLE", "ALSO HITS",
					       "REMARK" };
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_op_ struct xlpt_op op;
	struct json_object *root, *a;
	struct xlpt_table *t = NULL;
	int rc = xlpt_scan_all(env->host, XLPT_SCAN_CAPS, NULL, &all, diag);

	xlpt_op_init(&op, env);
	if (rc == 0)
		rc = xlpt_owners_read(env, &owners, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &op.needs, diag);
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
		xlpt_reset_ways_with(&all, dev, bdfs, n, &ways);
		judge_free(&ways, &all, dev, &owners);
		xlpt_reset_judge_lines(&op, &owners, &all, dev, &ways);
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
