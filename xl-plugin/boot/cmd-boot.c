/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

static int usage(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "boot: %s", what);
	xlpt_diag_hint(diag, "xlpt boot --help");
	return XLPT_ERR_USAGE;
}

static int not_a_module(const char *word, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--driver wants a module's name, not \"%s\"", word);
	xlpt_diag_hint(diag, "a name has letters, digits, - and _, as modinfo takes it: igb");
	return XLPT_ERR_SYNTAX;
}

static int request(const struct xlpt_args *args, struct xlpt_boot_req *req, const char *verb,
		   struct xlpt_diag *diag)
{
	const char *era = xlpt_args_get(args, "era");
	bool write = !strcmp(verb, "write"), plan = !strcmp(verb, "plan");

	*req = (struct xlpt_boot_req){
		.args = args->pos + 1,
		.n = args->n - 1,
		.release = xlpt_args_get(args, "kernel"),
		.remove = !strcmp(verb, "remove"),
		.only_look = plan && args->n == 1,
		.by_cmdline = xlpt_args_has(args, "cmdline"),
		.to_stdout = xlpt_args_has(args, "stdout"),
		.allow_absent = xlpt_args_has(args, "allow-absent"),
		.force_host = xlpt_args_all(args, "force-host-device"),
		.drivers = xlpt_args_all(args, "driver"),
	};
	if (era && !strcmp(era, "classic"))
		req->era = XLPT_ERA_CLASSIC;
	else if (era && !strcmp(era, "pvops"))
		req->era = XLPT_ERA_PVOPS;
	else if (era)
		return xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--era is classic or pvops, not \"%s\"",
				     era);
	if (req->release && (!*req->release || strchr(req->release, '/') || *req->release == '.'))
		return xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				     "--kernel wants a kernel's version, not \"%s\"", req->release);
	if (req->to_stdout && !write)
		return usage(diag, "--stdout goes with write");
	if (!write && !plan &&
	    (req->by_cmdline || req->allow_absent || req->force_host || req->drivers))
		return usage(diag, "--cmdline, --allow-absent, --driver and --force-host-device go "
				   "with plan and write");
	for (char **d = req->drivers; d && *d; d++)
		if (!**d || (*d)[strspn(*d, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789-_")])
			return not_a_module(*d, diag);
	for (char **f = req->force_host; f && *f; f++) {
		struct xlpt_bdf bdf;
		int rc = xlpt_args_bdf(*f, &bdf, diag);

		if (rc)
			return rc;
	}
	return 0;
}

static int apply(struct xlpt_env *env, const struct xlpt_boot_plan *p, struct xlpt_diag *diag)
{
	bool changed;
	int rc = xlpt_op_boot_apply(env, p, &changed, diag);

	if (rc == 0)
		xlpt_boot_print_done(env, p, changed);
	return rc;
}

static int cmd_boot(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_boot_plan_ struct xlpt_boot_plan plan = { 0 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	const char *verb = args->pos[0];
	struct xlpt_boot_req req;
	int rc;

	rc = request(args, &req, verb, diag);
	if (rc)
		return rc;
	if (!strcmp(verb, "verify"))
		return xlpt_boot_verify_tell(env, &req, diag);
	if (strcmp(verb, "plan") && !env->dry_run && !req.to_stdout) {
		rc = xlpt_env_need_host(env, diag);
		if (rc == 0)
			rc = xlpt_op_boot_lock(env, &locks, diag);
	}
	if (rc == 0)
		rc = xlpt_op_boot_plan(env, &req, &plan, diag);
	if (rc && !strcmp(verb, "plan") && plan.eff_known && !env->json) {
		xlpt_op_boot_iommu(env, &plan);
		xlpt_boot_print_refused(env, &plan);
	}
	if (rc)
		return rc;
	if (!strcmp(verb, "write") && !plan.list.n) {
		rc = usage(diag, "write: no device is named, and none was configured before");
		if (plan.unread)
			xlpt_diag_fact(diag, "%s", plan.unread[0]);
		return rc;
	}
	if (!strcmp(verb, "plan"))
		xlpt_op_boot_iommu(env, &plan);
	if (!strcmp(verb, "plan") || env->dry_run)
		xlpt_boot_print_plan(env, &plan);
	else if (req.to_stdout)
		xlpt_boot_print_stdout(env, &plan);
	else
		rc = apply(env, &plan, diag);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt boot_opts[] = {
	{ "stdout", 0, NULL, "write: print the lines instead of writing files" },
	{ "era", 0, "ERA", "classic (RHEL 5, XenLinux) or pvops, instead of finding out" },
	{ "kernel", 0, "VERSION", "the kernel to look at, if not the one that runs" },
	{ "cmdline", 0, NULL, "put the list on the kernel's command line, not into modprobe.d" },
	{ "driver", 0, "MODULE", "a module that claims a device (may be repeated)" },
	{ "allow-absent", 0, NULL, "take addresses at which there is no device" },
	{ "force-host-device", 0, "BDF", "hide BDF although this host needs it (may be repeated)" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_boot = {
	.name = "boot",
	.synopsis = "plan|write|verify|remove ...",
	.verbs = "plan write verify remove",
	.help = "Hide devices at every boot, and check that it happened",
	.details =
		"plan shows what would be written where and why; write does it; verify, after the\n"
		"reboot, exits 0 only when every device is hidden; remove takes devices, or with\n"
		"none named everything, out again. A DEVICE is an address, one with wildcards\n"
		"(09:00.*, 09:*.*), or a list as the kernel takes it: \"(09:00.0)(0a:04.1)\", or\n"
		"pin:NAME, whose address is looked up anew with each write.\n"
		"With --sysroot the image below that directory is read and written.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.specs = 2,
	.opts = boot_opts,
	.run = cmd_boot,
};
