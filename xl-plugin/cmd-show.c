/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "pciback/bind.h"
#include "pciback/scan.h"
#include "xl-plugin/cli.h"
#include "xl-plugin/op.h"
#include "xl-plugin/output.h"
#include "xl-plugin/resolve.h"

/* Everything shown is one list of facts, grouped; text and JSON are made from it. */
struct facts {
	struct json_object *root;
};

static struct json_object *group(struct facts *f, const char *name)
{
	struct json_object *g = json_object_new_object();

	xlpt_json_add(f->root, name, g);
	return g;
}

static void add_hex(struct json_object *o, const char *key, unsigned v, int width)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%0*x", width, v);
	xlpt_json_add(o, key, xlpt_json_str(buf));
}

static void identity(struct facts *f, const struct xlpt_device *d)
{
	struct json_object *g = group(f, "identity");

	add_hex(g, "vendor", d->vendor, 4);
	add_hex(g, "device", d->device, 4);
	xlpt_json_add(g, "vendor_name", xlpt_json_str(d->vendor_name));
	xlpt_json_add(g, "device_name", xlpt_json_str(d->device_name));
	add_hex(g, "subsystem_vendor", d->subvendor, 4);
	add_hex(g, "subsystem_device", d->subdevice, 4);
	add_hex(g, "class", d->class_code, 6);
	xlpt_json_add(g, "class_name", xlpt_json_str(d->class_name));
	add_hex(g, "revision", d->revision, 2);
	if (d->caps.has_serial) {
		char buf[24];

		snprintf(buf, sizeof(buf), "%016" PRIx64, d->caps.serial);
		xlpt_json_add(g, "serial", xlpt_json_str(buf));
	}
}

static void where(struct facts *f, const struct xlpt_device *d, const struct xlpt_owner *owner,
		  const struct xlpt_place *place)
{
	struct json_object *g = group(f, "state");

	xlpt_json_add(g, "state", xlpt_json_str(xlpt_state_word(d, owner)));
	xlpt_json_add(g, "driver", xlpt_json_str(d->driver));
	if (d->driver_override)
		xlpt_json_add(g, "driver_override", xlpt_json_str(d->driver_override));
	if (owner) {
		xlpt_json_add(g, "guest", xlpt_json_str(owner->guest));
		xlpt_json_add(g, "domid", json_object_new_int64(owner->domid));
		if (owner->dev.vdev_ok)
			xlpt_json_add(g, "guest_address", xlpt_json_bdf(owner->dev.vdev));
		xlpt_json_add(g, "backend", xlpt_json_str(xlpt_xbs_word(owner->be_state)));
		xlpt_json_add(g, "frontend", xlpt_json_str(xlpt_xbs_word(owner->fe_state)));
	}
	if (place->hyp_known)
		xlpt_json_add(g, "hypervisor", xlpt_json_str(place->hyp_assigned ? "assigned to a guest"
										 : "dom0 or quarantine"));
	if (place->needed)
		xlpt_json_add(g, "needed_by_host", xlpt_json_str(place->needed));
	for (char **p = d->net; p && *p; p++)
		xlpt_json_add(g, p == d->net ? "interface" : *p, xlpt_json_str(*p));
}

static void topology(struct facts *f, const struct xlpt_device *d)
{
	static const char *const headers[] = { "endpoint", "bridge", "cardbus bridge" };
	struct json_object *g = group(f, "topology");

	xlpt_json_add(g, "header",
		      xlpt_json_str(d->header >= 0 ? headers[d->header] : "not readable"));
	xlpt_json_add(g, "multifunction", json_object_new_boolean(d->multifunction));
	xlpt_json_add(g, "parent", d->has_parent ? xlpt_json_bdf(d->parent) : NULL);
	if (d->is_vf)
		xlpt_json_add(g, "physical_function", xlpt_json_bdf(d->pf));
	if (d->vf_total >= 0) {
		xlpt_json_add(g, "vf_count", json_object_new_int(d->vf_count));
		xlpt_json_add(g, "vf_total", json_object_new_int(d->vf_total));
	}
	xlpt_json_add(g, "numa_node", d->numa_node >= 0 ? json_object_new_int(d->numa_node) : NULL);
	xlpt_json_add(g, "iommu_group", xlpt_json_str(d->iommu_group));
	xlpt_json_add(g, "irq", d->irq ? json_object_new_int(d->irq) : NULL);
}

static void capabilities(struct facts *f, const struct xlpt_device *d)
{
	struct json_object *g = group(f, "capabilities");
	const struct xlpt_caps *c = &d->caps;

	if (!c->config_read) {
		xlpt_json_add(g, "configuration_space",
			      xlpt_json_str("not readable, or cut short at 64 bytes"));
		return;
	}
	xlpt_json_add(g, "pcie", json_object_new_boolean(c->pcie));
	xlpt_json_add(g, "flr", json_object_new_boolean(c->flr));
	xlpt_json_add(g, "af_flr", json_object_new_boolean(c->af_flr));
	xlpt_json_add(g, "pm_reset", json_object_new_boolean(c->pm_reset));
	xlpt_json_add(g, "acs", json_object_new_boolean(c->acs));
	xlpt_json_add(g, "ari", json_object_new_boolean(c->ari));
	xlpt_json_add(g, "sriov", json_object_new_boolean(c->sriov));
	xlpt_json_add(g, "ats", json_object_new_boolean(c->ats));
	xlpt_json_add(g, "msi_vectors", json_object_new_int(c->msi_vectors));
	xlpt_json_add(g, "msix_vectors", json_object_new_int(c->msix_vectors));
	xlpt_json_add(g, "kernel_reset", xlpt_json_str(d->reset_method ? d->reset_method
						       : d->has_reset ? "offered" : "none"));
}

static void bars(struct facts *f, const struct xlpt_device *d)
{
	struct json_object *g = group(f, "bars");

	for (int i = 0; i < 7; i++) {
		const struct xlpt_bar *b = &d->bars[i];
		char key[8], text[96];

		if (!b->start && !b->end)
			continue;
		snprintf(key, sizeof(key), i < 6 ? "bar%d" : "rom", i);
		snprintf(text, sizeof(text), "0x%" PRIx64 "-0x%" PRIx64 " %s%s, %" PRIu64 " bytes",
			 b->start, b->end, b->flags & 0x100 ? "io" : "memory",
			 b->flags & 0x2000 ? " prefetchable" : "", b->end - b->start + 1);
		xlpt_json_add(g, key, xlpt_json_str(text));
	}
}

/* The same record for people: a heading per group, a line per fact that says something. */
static void print_text(struct xlpt_env *env, struct json_object *root)
{
	json_object_object_foreach(root, name, value) {
		if (!json_object_is_type(value, json_type_object)) {
			xlpt_say(env, "%s", json_object_get_string(value));
			continue;
		}
		xlpt_say(env, "%s", name);
		json_object_object_foreach(value, key, fact) {
			_cleanup_free_ char *label = xlpt_xstrdup(key);

			if (!fact)
				continue;
			for (char *p = label; *p; p++)
				*p = *p == '_' ? ' ' : *p;
			if (json_object_is_type(fact, json_type_boolean))
				xlpt_say(env, "  %-18s %s", label,
					 json_object_get_boolean(fact) ? "yes" : "no");
			else
				xlpt_say(env, "  %-18s %s", label, json_object_get_string(fact));
		}
	}
}

static int cmd_show(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_place_ struct xlpt_place place = { 0 };
	struct facts f;
	struct xlpt_bdf bdf;
	int rc = xlpt_args_device(env, args->pos[0], &bdf, diag);

	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc == 0)
		rc = xlpt_scan_one(env->host, bdf, XLPT_SCAN_NAMES | XLPT_SCAN_CAPS, env->pci_ids, &dev,
				   diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &owners, diag);
	if (rc == 0)
		rc = xlpt_guard_read(env->host, &needs, diag);
	if (rc == 0)
		rc = xlpt_place_read(env, &dev, &owners, &needs, &place, diag);
	if (rc)
		return rc;
	f.root = json_object_new_object();
	xlpt_json_add(f.root, "bdf", xlpt_json_bdf(bdf));
	identity(&f, &dev);
	where(&f, &dev, xlpt_owners_find(&owners, bdf), &place);
	topology(&f, &dev);
	capabilities(&f, &dev);
	bars(&f, &dev);
	if (env->json) {
		xlpt_print_json(env, f.root);
	} else {
		print_text(env, f.root);
		json_object_put(f.root);
	}
	return 0;
}

const struct xlpt_command xlpt_cmd_show = {
	.name = "show",
	.synopsis = "BDF",
	.help = "Show all that is known about one device",
	.min_args = 1,
	.max_args = 1,
	.run = cmd_show,
};
