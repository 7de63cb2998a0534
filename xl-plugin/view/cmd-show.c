/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/pin.h"
#include "pciback/device/bind.h"
#include "pciback/device/vpd.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"
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

static void identity(struct xlpt_show *s)
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

static void where(struct xlpt_show *s, const struct xlpt_place *place)
{
	const struct xlpt_owner *owner = s->owner;
	const struct xlpt_device *d = s->d;
	struct json_object *g = xlpt_show_group(s, "state"), *net = json_object_new_array();
	_cleanup_free_ char *silent =
		xlpt_xasprintf("%s, does not answer", xlpt_state_word(d, owner));

	/* For programs the word stays a word. */
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

static void topology(struct xlpt_show *s)
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

/* A list: plain words in one line, members one by one with the reason. */
static void print_list(struct xlpt_env *env, const char *label, struct json_object *list)
{
	_cleanup_str_ struct xlpt_str line = { 0 };
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i), *bdf, *why, *state,
				   *what;

		if (json_object_object_get_ex(o, "what", &what)) {
			xlpt_say(env, "%s%-*s%s", i ? "" : "  ", i ? 21 : 19, i ? "" : label,
				 json_object_get_string(what));
			continue;
		}
		if (json_object_object_get_ex(o, "bdf", &bdf) &&
		    json_object_object_get_ex(o, "why", &why) &&
		    json_object_object_get_ex(o, "state", &state)) {
			xlpt_say(env, "    %s  %s: %s", json_object_get_string(bdf),
				 json_object_get_string(state),
				 why ? json_object_get_string(why) : "");
			continue;
		}
		xlpt_str_addf(&line, "%s%s", line.len ? ", " : "", json_object_get_string(o));
	}
	if (line.len || !n)
		xlpt_say(env, "  %-18s %s", label, line.len ? line.s : "none");
}

static void print_fact(struct xlpt_env *env, const char *key, struct json_object *fact)
{
	_cleanup_free_ char *label = xlpt_xstrdup(key);

	for (char *p = label; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (json_object_is_type(fact, json_type_array))
		print_list(env, label, fact);
	else if (json_object_is_type(fact, json_type_boolean))
		xlpt_say(env, "  %-18s %s", label, json_object_get_boolean(fact) ? "yes" : "no");
	else
		xlpt_say(env, "  %-18s %s", label, json_object_get_string(fact));
}

/* The same record for people: a heading per group, a line per fact that says something. */
static void print_text(struct xlpt_env *env, struct json_object *root)
{
	json_object_object_foreach(root, name, value)
	{
		struct json_object *agrees = NULL;

		if (!json_object_is_type(value, json_type_object)) {
			xlpt_say(env, "%s", json_object_get_string(value));
			continue;
		}
		xlpt_say(env, "%s", name);
		/* Xen's view is news only where it is another one. */
		json_object_object_get_ex(value, "xen_agrees", &agrees);
		json_object_object_foreach(
			value, key, fact) if (fact && !(agrees && json_object_get_boolean(agrees) &&
							xlpt_starts(key, "xen_")))
			print_fact(env, key, fact);
	}
}

/* The device itself with everything, in the place of what the scan of all has read. */
static int read_fully(struct xlpt_env *env, struct xlpt_inventory *inv, struct xlpt_bdf bdf,
		      struct xlpt_show *s, struct xlpt_diag *diag)
{
	struct xlpt_device *slot;
	struct xlpt_device dev;
	int rc = xlpt_scan_one(env->host, bdf, XLPT_SCAN_NAMES | XLPT_SCAN_CAPS, env->pci_ids, &dev,
			       diag);

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
	identity(s);
	where(s, &place);
	xlpt_show_host(s);
	topology(s);
	xlpt_show_isolation(s);
	xlpt_show_interrupt(s);
	xlpt_show_capabilities(s);
	xlpt_show_memory(s);
	if (env->json) {
		xlpt_print_json(env, s->root);
	} else {
		print_text(env, s->root);
		json_object_put(s->root);
	}
	return 0;
}

static int cmd_show(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_inventory_ struct xlpt_inventory inv = { 0 };
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
