/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What attach, detach, hide and unhide print when they are done. */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/config.h"
#include "xl-plugin/hotplug/report.h"

void xlpt_report_attach(const struct xlpt_op *op)
{
	struct json_object *root, *devs;

	if (op->env->dry_run)
		return;
	root = json_object_new_object();
	devs = json_object_new_array();
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		struct json_object *o = json_object_new_object();
		_cleanup_str_ struct xlpt_str id = { 0 };

		xlpt_json_add(o, "bdf", xlpt_json_bdf(item->spec.bdf));
		xlpt_json_add(o, "state", xlpt_json_str("assigned"));
		xlpt_json_add(o, "guest_address",
			      xlpt_json_str(*item->guest_address ? item->guest_address : NULL));
		xlpt_item_reset_json(item, o);
		if (!xlpt_vfid_is_empty(&item->spec.vf))
			xlpt_json_add(o, "identity", xlpt_json_vf_identity(&item->spec.vf));
		json_object_array_add(devs, o);
		xlpt_vfid_format(&item->spec.vf, ' ', &id);
		xlpt_say(op->env, "%s is attached to %s (domain %u) as %s%s%s",
			 XLPT_BDF_STR(item->spec.bdf), op->guest.name, op->guest.domid,
			 item->guest_address, id.len ? ", with" : "", xlpt_str_get(&id));
	}
	xlpt_json_add(root, "guest", xlpt_json_guest(&op->guest));
	xlpt_json_add(root, "attached", devs);
	if (op->config.path)
		xlpt_json_add(root, "config", xlpt_json_str(op->config.path));
	xlpt_op_config_say(op);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
}

void xlpt_report_detach(const struct xlpt_op *op, bool to_dom0)
{
	struct json_object *root, *devs;

	if (op->env->dry_run)
		return;
	root = json_object_new_object();
	devs = json_object_new_array();
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		const char *bdf = XLPT_BDF_STR(item->spec.bdf);
		struct json_object *o;

		/*
		 * BB:DD.* was named, and the guest did not have this function; with --all, the
		 * guest does not have it any more.
		 */
		if (item->nothing && (op->all_held || (item->of_slot && !item->mended)))
			continue;
		o = json_object_new_object();
		xlpt_json_add(o, "bdf", xlpt_json_str(bdf));
		xlpt_json_add(o, "state",
			      xlpt_json_str(item->absent	    ? "absent"
					    : to_dom0 || item->anew ? "dom0"
								    : "hidden"));
		if (to_dom0)
			xlpt_json_add(o, "driver", xlpt_json_str(item->driver));
		xlpt_item_reset_json(item, o);
		json_object_array_add(devs, o);
		if (item->absent)
			xlpt_say(op->env, "%s is detached from %s; this host has it no more", bdf,
				 op->guest.name);
		else if (item->anew)
			xlpt_say(op->env, "%s is detached from %s; this host has it again, %s%s",
				 bdf, op->guest.name,
				 item->device.driver ? "with driver " : "without a driver",
				 item->device.driver ? item->device.driver : "");
		else if (!to_dom0)
			xlpt_say(op->env, "%s is detached from %s and hidden", bdf, op->guest.name);
		else
			xlpt_say(op->env, "%s is detached from %s and back with dom0, %s%s", bdf,
				 op->guest.name, item->driver ? "driver " : "without a driver",
				 item->driver ? item->driver : "");
	}
	xlpt_json_add(root, "guest", xlpt_json_guest(&op->guest));
	xlpt_json_add(root, "detached", devs);
	if (!json_object_array_length(devs))
		xlpt_say(op->env, "%s has no devices", op->guest.name);
	if (op->config.path)
		xlpt_json_add(root, "config", xlpt_json_str(op->config.path));
	xlpt_op_config_say(op);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
}

void xlpt_report_hide(const struct xlpt_op *op, bool hidden)
{
	struct json_object *root, *devs;

	if (op->env->dry_run)
		return;
	root = json_object_new_object();
	devs = json_object_new_array();
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		struct json_object *o = json_object_new_object();
		const char *bdf = XLPT_BDF_STR(item->spec.bdf);

		xlpt_json_add(o, "bdf", xlpt_json_str(bdf));
		if (hidden) {
			xlpt_json_add(o, "state", xlpt_json_str("hidden"));
			xlpt_json_add(o, "driver", xlpt_json_str("pciback"));
			xlpt_json_add(o, "changed", json_object_new_boolean(item->take_from_dom0));
			if (!item->take_from_dom0)
				xlpt_say(op->env, "%s is hidden already", bdf);
			else if (item->origin && *item->origin)
				xlpt_say(op->env, "%s is hidden (its driver was %s)", bdf,
					 item->origin);
			else
				xlpt_say(op->env, "%s is hidden (it had no driver)", bdf);
		} else {
			xlpt_json_add(o, "state", xlpt_json_str("dom0"));
			xlpt_json_add(o, "driver", xlpt_json_str(item->driver));
			xlpt_json_add(o, "changed",
				      json_object_new_boolean(item->place.on_pciback));
			xlpt_say(op->env, "%s %s dom0, %s%s", bdf,
				 item->place.on_pciback ? "is back with"
							: "was not hidden: it is with",
				 item->driver ? "driver " : "without a driver",
				 item->driver ? item->driver : "");
		}
		json_object_array_add(devs, o);
	}
	xlpt_json_add(root, hidden ? "hidden" : "unhidden", devs);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
}
