/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What start prints when the guest is there. */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/start/start.h"

void xlpt_start_report(const struct xlpt_start *s)
{
	const struct xlpt_op *op = &s->op;
	struct json_object *root = json_object_new_object(), *devs = json_object_new_array();

	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_item *item = &op->items[i];
		const struct xlpt_lease *l = xlpt_leases_find(&op->leases, item->spec.bdf);
		const struct xlpt_diag *no = s->lacks && s->lacks[i].message ? &s->lacks[i] : NULL;
		const char *address = *item->guest_address ? item->guest_address : NULL;
		_cleanup_str_ struct xlpt_str id = { 0 };
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_bdf(item->spec.bdf));
		xlpt_json_add(o, "pool", xlpt_json_str(l ? l->pool : NULL));
		xlpt_json_add(o, "state",
			      xlpt_json_str(s->print ? "hidden"
					    : no     ? "missing"
						     : "assigned"));
		if (no)
			xlpt_json_add(o, "why", xlpt_json_str(no->message));
		xlpt_json_add(o, "guest_address", xlpt_json_str(address));
		xlpt_item_reset_json(item, o);
		if (!xlpt_vfid_is_empty(&item->spec.vf))
			xlpt_json_add(o, "identity", xlpt_json_vf_identity(&item->spec.vf));
		json_object_array_add(devs, o);
		xlpt_vfid_format(&item->spec.vf, ' ', &id);
		if (no)
			xlpt_warn(op->env, "%s does not have %s: %s", op->guest.name,
				  XLPT_BDF_STR(item->spec.bdf), no->message);
		else if (!s->print)
			xlpt_say(op->env, "%s is attached to %s (domain %u)%s%s%s%s",
				 XLPT_BDF_STR(item->spec.bdf), op->guest.name, op->guest.domid,
				 address ? " as " : "", address ? address : "",
				 id.len ? ", with" : "", xlpt_str_get(&id));
	}
	if (s->print)
		xlpt_json_add(root, "text", xlpt_json_str(xlpt_str_get(&s->config)));
	else
		xlpt_json_add(root, "guest", xlpt_json_guest(&op->guest));
	xlpt_json_add(root, "attached", devs);
	if (!op->n && !s->print)
		xlpt_say(op->env, "%s (domain %u) is created", op->guest.name, op->guest.domid);
	if (op->env->json)
		xlpt_print_json(op->env, root);
	else
		json_object_put(root);
	if (s->print && !op->env->json)
		xlpt_put_document(op->env, xlpt_str_get(&s->config), s->config.len);
}
