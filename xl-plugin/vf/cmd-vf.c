/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/loan.h"
#include "xl-plugin/vf/vf.h"

/* ---- list ---- */

struct list {
	struct xlpt_env *env;
	struct xlpt_table *table;
	struct json_object *pfs;
	struct xlpt_owners owners;
	size_t rows;
};

/* For people only what says something: not what every fresh VF has. */
static void add_identity(struct xlpt_str *out, struct xlpt_vf_identity id)
{
	static const uint8_t none[6];

	id.has_mac = id.has_mac && memcmp(id.mac, none, 6) != 0;
	id.has_vlan = id.has_vlan && (id.vlan.id || id.vlan.qos);
	id.link = id.link == XLPT_LINK_AUTO ? XLPT_LINK_UNSET : id.link;
	id.has_min_rate = id.has_min_rate && id.min_rate;
	id.has_max_rate = id.has_max_rate && id.max_rate;
	xlpt_vfid_format(&id, ' ', out);
}

static void list_vf(struct list *l, const struct xlpt_pf *pf, const struct xlpt_pf_net *net,
		    size_t i, struct json_object *vfs)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&l->owners, pf->vfs[i]);
	const struct xlpt_vf_net *vf = xlpt_pf_net_vf(net, (unsigned)i);
	_cleanup_device_ struct xlpt_device dev = { .bdf = pf->vfs[i] };
	_cleanup_free_ char *state = NULL, *index = xlpt_xasprintf("%zu", i);
	_cleanup_str_ struct xlpt_str id = { 0 };
	struct json_object *o = json_object_new_object();

	xlpt_bind_driver(l->env->host, pf->vfs[i], &dev.driver, NULL);
	state = xlpt_state_text(&dev, owner);
	if (vf)
		add_identity(&id, vf->id);
	xlpt_table_row(l->table,
		       (const char *const[]){ pf->ifname ? pf->ifname : XLPT_BDF_STR(pf->bdf),
					      index, XLPT_BDF_STR(pf->vfs[i]), dev.driver, state,
					      id.len ? id.s + 1 : NULL });
	l->rows++;
	xlpt_json_add(o, "index", json_object_new_int((int)i));
	xlpt_json_add(o, "bdf", xlpt_json_bdf(pf->vfs[i]));
	xlpt_json_add(o, "driver", xlpt_json_str(dev.driver));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_state_word(&dev, owner)));
	xlpt_json_add(o, "guest", xlpt_json_str(owner ? owner->guest : NULL));
	xlpt_json_add(o, "identity", vf ? xlpt_json_vf_identity(&vf->id) : NULL);
	json_object_array_add(vfs, o);
}

/* Whether dom0's drivers take the VFs; null where the kernel has no such switch. */
static struct json_object *autoprobe_json(struct xlpt_env *env, struct xlpt_bdf pf)
{
	int on = xlpt_pf_autoprobe(env->host, pf);

	return on < 0 ? NULL : json_object_new_boolean(on);
}

static int list_pf(struct list *l, const struct xlpt_pf *pf, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	struct json_object *o = json_object_new_object(), *vfs = json_object_new_array();
	int rc = 0;

	/* A captured tree has no kernel to ask: what it is called and who has it is there. */
	if (pf->ifname && pf->count && !l->env->sysroot) {
		rc = xlpt_env_need_rtnl(l->env, diag);
		if (rc == 0)
			rc = xlpt_pf_net_read(l->env->rtnl, pf->ifname, &net, diag);
	}
	for (size_t i = 0; rc == 0 && i < pf->n; i++)
		list_vf(l, pf, &net, i, vfs);
	xlpt_json_add(o, "bdf", xlpt_json_bdf(pf->bdf));
	xlpt_json_add(o, "interface", xlpt_json_str(pf->ifname));
	xlpt_json_add(o, "driver", xlpt_json_str(pf->driver));
	xlpt_json_add(o, "up",
		      pf->ifname ? json_object_new_boolean(xlpt_net_is_up(l->env->host, pf->ifname))
				 : NULL);
	xlpt_json_add(o, "total", json_object_new_int(pf->total));
	xlpt_json_add(o, "count", json_object_new_int(pf->count));
	xlpt_json_add(o, "drivers_autoprobe", autoprobe_json(l->env, pf->bdf));
	xlpt_json_add(o, "vfs", vfs);
	json_object_array_add(l->pfs, o);
	if (rc == 0 && !pf->n) {
		_cleanup_free_ char *none = xlpt_xasprintf("none of %d", pf->total);

		xlpt_table_row(l->table, (const char *const[]){ pf->ifname ? pf->ifname
									   : XLPT_BDF_STR(pf->bdf),
								NULL, NULL, NULL, none, NULL });
		l->rows++;
	}
	return rc;
}

static int cmd_list(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	static const char *const columns[] = {
		"PF", "VF", "ADDRESS", "DRIVER", "STATE", "IDENTITY"
	};
	struct list l = { .env = env };
	struct json_object *root = json_object_new_object();
	struct xlpt_pf *pfs = NULL;
	size_t n = 0;
	int rc = xlpt_env_try_xen(env, diag);

	l.table = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	l.pfs = json_object_new_array();
	if (rc == 0)
		rc = xlpt_owners_read(env, &l.owners, diag);
	if (rc == 0 && name) {
		pfs = xlpt_xcalloc(1, sizeof(*pfs));
		n = 1;
		rc = xlpt_vf_find_pf(env, name, pfs, diag);
	} else if (rc == 0) {
		rc = xlpt_pf_all(env->host, &pfs, &n, diag);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = list_pf(&l, &pfs[i], diag);
	for (size_t i = 0; i < n; i++)
		xlpt_pf_dispose(&pfs[i]);
	free(pfs);
	xlpt_owners_dispose(&l.owners);
	xlpt_json_add(root, "pfs", l.pfs);
	if (rc == 0 && env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	if (rc == 0 && !env->json && !l.rows)
		xlpt_say(env, "no device here has SR-IOV");
	if (rc == 0 && !env->json && l.rows)
		xlpt_table_print(env, l.table);
	else
		xlpt_table_free(l.table);
	return rc;
}

/* ---- create and remove ---- */

static void report_count(const struct xlpt_vf_op *op)
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
	if (op->remains)
		xlpt_warn(env, "%s will create them again at the next boot", op->unit);
	if (op->remains)
		xlpt_warn_mend(env, "xlpt vf remove --persist %s", bdf);
	xlpt_json_add(root, "pf", xlpt_json_str(bdf));
	xlpt_json_add(root, "count", json_object_new_int(now.count));
	xlpt_json_add(root, "changed", json_object_new_boolean(!op->unchanged));
	xlpt_json_add(root, "vfs", vfs);
	xlpt_json_add(root, "unit", xlpt_json_str(op->unit));
	xlpt_json_add(root, "drivers_autoprobe", autoprobe_json(env, op->pf.bdf));
	if (now.count && autoprobe == 0)
		xlpt_say(env, "no driver of this host takes them (sriov_drivers_autoprobe is 0)");
	else if (now.count)
		xlpt_vf_warn_of_manager(op, &now);
	if (env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
}

static int cmd_count(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_vf_op_ struct xlpt_vf_op op = XLPT_VF_OP_INIT(env);
	uint64_t n = 0;
	int rc;

	if (args->n == 3 &&
	    (!xlpt_parse_uint(args->pos[2], strlen(args->pos[2]), 10, 65535, &n) || !n)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" is not a number of virtual functions",
			      args->pos[2]);
		xlpt_diag_hint(diag, "write a number from 1; xlpt vf remove %s removes them all",
			       args->pos[1]);
		return XLPT_ERR_SYNTAX;
	}
	op.count = (int)n;
	op.persist = xlpt_args_has(args, "persist");
	op.driver = xlpt_args_has(args, "no-driver") ? XLPT_OFF
		    : xlpt_args_has(args, "driver")  ? XLPT_ON
						     : XLPT_UNSET;
	rc = xlpt_env_try_xen(env, diag);
	if (rc == 0)
		rc = xlpt_vf_op_count(&op, args->pos[1], diag);
	if (rc == 0)
		report_count(&op);
	return rc;
}

/* ---- set ---- */

static int parse_keys(const struct xlpt_args *args, struct xlpt_vf_identity *id,
		      struct xlpt_diag *diag)
{
	unsigned seen = 0;
	int rc = 0;

	for (size_t i = 2; rc == 0 && i < args->n; i++) {
		rc = xlpt_vfid_parse(id, &seen, args->pos[i], strlen(args->pos[i]), diag);
		if (rc)
			xlpt_diag_wrap(diag, "%s: column %u", args->pos[i], diag->column);
	}
	return rc ? rc : xlpt_vfid_check(id, diag);
}

static void report_set(struct xlpt_env *env, const struct xlpt_vf *vf,
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

static int cmd_set(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_vf_ struct xlpt_vf vf = { 0 };
	struct xlpt_vf_identity id = { 0 };
	const struct xlpt_owner *owner;
	int rc = parse_keys(args, &id, diag);

	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc == 0)
		rc = xlpt_vf_find(env, args->pos[1], &vf, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &owners, diag);
	if (rc == 0)
		rc = xlpt_vf_op_set(env, &vf, &id, diag);
	if (rc)
		return rc;
	owner = xlpt_owners_find(&owners, vf.bdf);
	if (owner && owner->guest && id.has_mac && !env->dry_run)
		xlpt_warn(env, "%s has %s: its driver reads the MAC address when it is loaded",
			  owner->guest, XLPT_BDF_STR(vf.bdf));
	report_set(env, &vf, &id);
	return 0;
}

/* ---- the command ---- */

static int wrong(struct xlpt_diag *diag, const char *verb, const char *usage)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "vf %s wants: %s", verb, usage);
	xlpt_diag_hint(diag, "xlpt vf --help");
	return XLPT_ERR_USAGE;
}

static int cmd_vf(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0];
	bool create = !strcmp(verb, "create"), remove = !strcmp(verb, "remove");

	if (xlpt_args_has(args, "persist") && !create && !remove)
		return wrong(diag, verb, "no --persist, which belongs to create and remove");
	if ((xlpt_args_has(args, "driver") || xlpt_args_has(args, "no-driver")) && !create)
		return wrong(diag, verb,
			     "neither --driver nor --no-driver, which belong to create");
	if (xlpt_args_has(args, "driver") && xlpt_args_has(args, "no-driver"))
		return wrong(diag, verb, "one of --driver and --no-driver, not both");
	if (env->sysroot && strcmp(verb, "list") != 0) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "vf %s changes the running system", verb);
		xlpt_diag_hint(diag, "--sysroot goes with vf list alone");
		return XLPT_ERR_USAGE;
	}
	if (!strcmp(verb, "list"))
		return args->n > 2 ? wrong(diag, verb, "[PF]")
				   : cmd_list(env, args->n > 1 ? args->pos[1] : NULL, diag);
	if (create)
		return args->n == 3 ? cmd_count(env, args, diag) : wrong(diag, verb, "PF N");
	if (remove)
		return args->n == 2 ? cmd_count(env, args, diag) : wrong(diag, verb, "PF");
	if (!strcmp(verb, "set"))
		return args->n > 2 ? cmd_set(env, args, diag)
				   : wrong(diag, verb, "VF KEY=VALUE...");
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "there is no vf %s", verb);
	xlpt_diag_hint(diag, "vf list, vf create, vf remove, vf set");
	return XLPT_ERR_USAGE;
}

/* clang-format off */
static const struct xlpt_opt vf_opts[] = {
	{ "persist", 0, NULL, "create: also after a reboot; remove: no more after a reboot" },
	{ "no-driver", 0, NULL, "create: no driver of this host takes the VFs, so they are no interfaces" },
	{ "driver", 0, NULL, "create: the drivers of this host take them, as without --no-driver before" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_vf = {
	.name = "vf",
	.synopsis = "list|create|remove|set ...",
	.help = "Virtual functions (SR-IOV) and their network identity",
	.details = "  vf list [PF]            the VFs, who has them, and their identity\n"
		   "  vf create PF N          make PF have N of them\n"
		   "  vf remove PF            remove them all\n"
		   "  vf set VF KEY=VALUE...  set an identity, and see that it is so\n"
		   "\n"
		   "PF is an interface, an address or pin:NAME; VF an address or pin:NAME. Keys: mac,\n"
		   "vlan=ID[:QOS[:802.1Q|802.1ad]], trust=on|off, spoofchk=on|off,\n"
		   "link=auto|enable|disable, min_rate=MBIT, max_rate=MBIT, virtualport=802.1Qbh|802.1Qbg\n"
		   "with profileid, instanceid, hostid, managerid, typeid, typeidversion.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = vf_opts,
	.run = cmd_vf,
};
/* clang-format on */
