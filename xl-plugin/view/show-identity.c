/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device is, where it is, and who has it. */
#include <string.h>

#include "core/pin.h"
#include "pciback/device/vpd.h"
#include "xl-plugin/view/show.h"

/* The card's own words; not asked of one that a guest may be talking to at this moment. */
static void vpd(struct xlpt_show *s, struct json_object *g)
{
	_cleanup_vpd_ struct xlpt_vpd v = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_free_ char *serial = NULL;

	if (!s->owner && xlpt_vpd_read(s->env->host, s->d->bdf, &v, &diag))
		xlpt_warn(s->env, "%s%s%s", diag.message, diag.fact ? ": " : "",
			  diag.fact ? diag.fact : "");
	if (v.product)
		xlpt_json_add(g, "vpd_product", xlpt_json_str(v.product));
	if (v.part)
		xlpt_json_add(g, "vpd_part", xlpt_json_str(v.part));
	if (v.serial)
		xlpt_json_add(g, "vpd_serial", xlpt_json_str(v.serial));
	serial = xlpt_pin_serial(s->d, v.serial);
	if (s->env->json || serial)
		xlpt_json_add(g, "serial", xlpt_json_str(serial));
}

void xlpt_show_identity(struct xlpt_show *s)
{
	const struct xlpt_device *d = s->d;
	struct json_object *g = xlpt_show_group(s, "identity");
	char revision[8];

	xlpt_json_add(g, "id", xlpt_json_id(d->vendor, d->device));
	xlpt_json_add(g, "vendor_name", xlpt_json_str(d->vendor_name));
	xlpt_json_add(g, "device_name", xlpt_json_str(d->device_name));
	xlpt_json_add(g, "subsystem", xlpt_json_id(d->subvendor, d->subdevice));
	xlpt_json_add(g, "class", xlpt_json_class(d->class_code));
	xlpt_json_add(g, "class_name", xlpt_json_str(d->class_name));
	snprintf(revision, sizeof(revision), "%02x", d->revision);
	xlpt_json_add(g, "revision", xlpt_json_str(revision));
	vpd(s, g);
}

void xlpt_show_state(struct xlpt_show *s, const struct xlpt_place *place)
{
	const struct xlpt_owner *owner = s->owner;
	const struct xlpt_device *d = s->d;
	struct json_object *g = xlpt_show_group(s, "state"), *net = json_object_new_array();
	_cleanup_free_ char *silent =
		xlpt_xasprintf("%s, does not answer", xlpt_state_word(d, owner));

	/* In JSON the state stays a single word. */
	xlpt_json_add(
		g, "state",
		xlpt_json_str(d->no_answer && !s->env->json ? silent : xlpt_state_word(d, owner)));
	if (s->env->json)
		xlpt_json_add(g, "answers", json_object_new_boolean(!d->no_answer));
	if (d->power_state)
		xlpt_json_add(g, "power_state", xlpt_json_str(d->power_state));
	xlpt_json_add(g, "driver", xlpt_json_str(d->driver));
	if (d->driver_override)
		xlpt_json_add(g, "driver_override", xlpt_json_str(d->driver_override));
	if (s->env->json) {
		xlpt_json_add(g, "guest", xlpt_owner_json(owner));
	} else if (owner) {
		xlpt_json_add(g, "guest", xlpt_json_str(owner->guest));
		xlpt_json_add(g, "domid", json_object_new_int64(owner->domid));
		if (owner->through)
			xlpt_json_add(g, "through", xlpt_json_str(owner->through));
	}
	if (owner) {
		if (!owner->through && owner->dev.vdev_ok)
			xlpt_json_add(g, "guest_address", xlpt_json_bdf(owner->dev.vdev));
		xlpt_json_add(g, "backend", xlpt_json_str(xlpt_xbs_word(owner->be_state)));
		xlpt_json_add(g, "frontend", xlpt_json_str(xlpt_xbs_word(owner->fe_state)));
	}
	if (place->hyp_known && s->env->json)
		xlpt_json_add(g, "hypervisor_assigned",
			      json_object_new_boolean(place->hyp_assigned));
	else if (place->hyp_known)
		xlpt_json_add(g, "hypervisor",
			      xlpt_json_str(place->hyp_assigned ? "assigned to a guest"
								: "dom0 or quarantine"));
	if (place->needed)
		xlpt_json_add(g, "needed_by_host", xlpt_json_str(place->needed));
	for (char **p = d->net; p && *p; p++)
		json_object_array_add(net, xlpt_json_str(*p));
	if (s->env->json || json_object_array_length(net))
		xlpt_json_add(g, "interfaces", net);
	else
		json_object_put(net);
}

void xlpt_show_topology(struct xlpt_show *s)
{
	static const char *const headers[] = { "endpoint", "bridge", "cardbus bridge" };
	const struct xlpt_device *d = s->d;
	struct json_object *g = xlpt_show_group(s, "topology");

	xlpt_json_add(g, "header",
		      xlpt_json_str(d->header >= 0 ? headers[d->header] : "not readable"));
	xlpt_json_add(g, "kind", xlpt_json_str(xlpt_port_word(d)));
	xlpt_json_add(g, "multifunction", json_object_new_boolean(d->multifunction));
	xlpt_json_add(g, "parent", d->has_parent ? xlpt_json_bdf(d->parent) : NULL);
	if (d->is_vf)
		xlpt_json_add(g, "pf", xlpt_json_bdf(d->pf));
	if (d->vf_total > 0) {
		xlpt_json_add(g, "vf_count", json_object_new_int(d->vf_count));
		xlpt_json_add(g, "vf_total", json_object_new_int(d->vf_total));
	}
	xlpt_json_add(g, "numa_node", d->numa_node >= 0 ? json_object_new_int(d->numa_node) : NULL);
}
