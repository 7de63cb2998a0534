/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf: its verbs, arguments and options. */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/vf/native.h"
#include "xl-plugin/vf/report.h"

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
		xlpt_vf_report_count(&op);
	return rc;
}

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
	xlpt_vf_report_set(env, &vf, &id);
	return 0;
}

static int cmd_persist(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	int rc = xlpt_env_try_xen(env, diag);

	return rc ? rc : xlpt_vf_op_keep(env, args->pos[1], xlpt_args_has(args, "apply"), diag);
}

/* ---- the command ---- */

/* what: what follows "vf VERB". */
static int wrong(struct xlpt_diag *diag, const char *verb, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "vf %s%s", verb, what);
	xlpt_diag_hint(diag, "xlpt vf --help");
	return XLPT_ERR_USAGE;
}

static int cmd_vf(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	const char *verb = args->pos[0];
	bool create = !strcmp(verb, "create"), remove = !strcmp(verb, "remove");

	if (xlpt_args_has(args, "apply") && strcmp(verb, "persist") != 0)
		return wrong(diag, verb, " has no --apply, which belongs to persist");
	if (xlpt_args_has(args, "persist") && !create && !remove)
		return wrong(diag, verb, " has no --persist, which belongs to create and remove");
	if ((xlpt_args_has(args, "driver") || xlpt_args_has(args, "no-driver")) && !create)
		return wrong(diag, verb,
			     " has neither --driver nor --no-driver, which belong to create");
	if (xlpt_args_has(args, "driver") && xlpt_args_has(args, "no-driver"))
		return wrong(diag, verb, " takes one of --driver and --no-driver, not both");
	if (env->sysroot && strcmp(verb, "list") != 0) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "vf %s changes the running system", verb);
		xlpt_diag_hint(diag, "--sysroot goes with vf list alone");
		return XLPT_ERR_USAGE;
	}
	if (!strcmp(verb, "list"))
		return args->n > 2 ? wrong(diag, verb, " wants: [PF]")
				   : xlpt_vf_list(env, args->n > 1 ? args->pos[1] : NULL, diag);
	if (create)
		return args->n == 3 ? cmd_count(env, args, diag)
				    : wrong(diag, verb, " wants: PF N");
	if (remove)
		return args->n == 2 ? cmd_count(env, args, diag) : wrong(diag, verb, " wants: PF");
	if (!strcmp(verb, "set"))
		return args->n > 2 ? cmd_set(env, args, diag)
				   : wrong(diag, verb, " wants: VF KEY=VALUE...");
	return args->n == 2 ? cmd_persist(env, args, diag) : wrong(diag, verb, " wants: PF");
}

/* clang-format off */
static const struct xlpt_opt vf_opts[] = {
	{ "persist", 0, NULL, "create: also after a reboot; remove: no more after a reboot" },
	{ "no-driver", 0, NULL, "create: no driver of this host takes the VFs, so they are no interfaces" },
	{ "driver", 0, NULL, "create: the drivers of this host take them again, after a --no-driver before" },
	{ "apply", 0, NULL, "persist: write the files, and do not only print them" },
	{ 0 },
};

const struct xlpt_command xlpt_cmd_vf = {
	.name = "vf",
	.synopsis = "list|create|remove|persist|set ...",
	.verbs = "list create remove persist set",
	.help = "Virtual functions (SR-IOV) and their network identity",
	.details = "  vf list [PF]            the VFs, who has them, and their identity\n"
		   "  vf create PF N          make PF have N of them\n"
		   "  vf remove PF            remove them all\n"
		   "  vf persist PF           lines for the program of this host that sets their number\n"
		   "  vf set VF KEY=VALUE...  set an identity, and check that it is set\n"
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
