/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What vf create, vf remove and vf set print when they are done. */
#include "xl-plugin/cli/output.h"
#include "xl-plugin/vf/native.h"
#include "xl-plugin/vf/report.h"

void xlpt_vf_report_count(const struct xlpt_vf_op *op)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	struct json_object *root, *vfs;
	struct xlpt_env *env = op->env;
	const char *bdf = XLPT_BDF_STR(op->pf.bdf);
	int autoprobe = xlpt_pf_autoprobe(env->host, op->pf.bdf);

	if (env->dry_run || xlpt_pf_read(env->host, op->pf.bdf, &now, NULL))
		return;
	root = json_object_new_object();
	vfs = json_object_new_array();
	xlpt_say(env, "%s has %d virtual function%s%s", bdf, now.count, now.count == 1 ? "" : "s",
		 op->unchanged ? ", as before" : "");
	for (size_t i = 0; i < now.n; i++) {
		xlpt_say(env, "  %zu  %s", i, XLPT_BDF_STR(now.vfs[i]));
		json_object_array_add(vfs, xlpt_json_bdf(now.vfs[i]));
	}
	if (op->unit && !op->remains)
		xlpt_say(env, "%s is %s", op->unit,
			 op->count ? "written: they will be there after a reboot" : "removed");
	if (op->unit && op->count && xlpt_vf_unit_is_unread(env->host)) {
		xlpt_warn(env,
			  "OpenRC starts this host, and its service xlpt-vfs is in no runlevel: "
			  "nothing will make them after a reboot");
		xlpt_warn_mend(env, "rc-update add xlpt-vfs");
	}
	if (op->remains)
		xlpt_warn(env, "%s will create them again at the next boot", op->unit);
	if (op->remains)
		xlpt_warn_mend(env, "xlpt vf remove --persist %s", bdf);
	xlpt_json_add(root, "pf", xlpt_json_str(bdf));
	xlpt_json_add(root, "count", json_object_new_int(now.count));
	xlpt_json_add(root, "changed", json_object_new_boolean(!op->unchanged));
	xlpt_json_add(root, "vfs", vfs);
	xlpt_json_add(root, "unit", xlpt_json_str(op->unit));
	xlpt_json_add(root, "drivers_autoprobe", xlpt_vf_autoprobe_json(env, op->pf.bdf));
	xlpt_json_add(root, "set_by", xlpt_vf_setters_json(&op->setters));
	xlpt_vf_setters_warn(op);
	if (now.count && autoprobe == 0)
		xlpt_say(env, "no driver of this host takes them (sriov_drivers_autoprobe is 0)");
	else if (now.count)
		xlpt_vf_warn_of_manager(op, &now);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

void xlpt_vf_report_set(struct xlpt_env *env, const struct xlpt_vf *vf,
			const struct xlpt_vf_identity *id)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	struct json_object *root;

	if (env->dry_run)
		return;
	root = json_object_new_object();
	xlpt_vfid_format(id, ' ', &text);
	xlpt_say(env, "%s (VF %u of %s) has%s", XLPT_BDF_STR(vf->bdf), vf->index, vf->pf.ifname,
		 text.s);
	xlpt_json_add(root, "bdf", xlpt_json_bdf(vf->bdf));
	xlpt_json_add(root, "pf", xlpt_json_bdf(vf->pf.bdf));
	xlpt_json_add(root, "index", json_object_new_int((int)vf->index));
	xlpt_json_add(root, "identity", xlpt_json_vf_identity(id));
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}
