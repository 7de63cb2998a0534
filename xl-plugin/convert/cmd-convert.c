/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert: its arguments and options. */
#include <string.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"

static int run_edit(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const others[] = { "to",	"devices-only", "for-xen", "no-for-xen",
					      "strict", "explain",	"network", "output" };
	char **adds = xlpt_args_all(args, "add"), **removes = xlpt_args_all(args, "remove");

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (xlpt_args_has(args, others[i]))
			return xlpt_diag_set(diag, XLPT_ERR_USAGE,
					     "--%s and --edit exclude each other", others[i]);
	if (args->n)
		return xlpt_diag_set(diag, XLPT_ERR_USAGE, "--edit takes no further files");
	if (!strcmp(xlpt_args_get(args, "edit"), "-")) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--edit changes a file in its place, and - is none");
		xlpt_diag_hint(diag, "name the file; with --dry-run the result is only printed");
		return XLPT_ERR_USAGE;
	}
	if (!xlpt_strv_len(adds) && !xlpt_strv_len(removes)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--edit without --add and --remove");
		xlpt_diag_hint(diag,
			       "xlpt convert --edit web1.cfg --add 0000:09:00.0,permissive=1");
		return XLPT_ERR_USAGE;
	}
	return xlpt_convert_edit(env, xlpt_args_get(args, "edit"), adds, removes, diag);
}

static int run_convert(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	struct xlpt_convert_run run = {
		.env = env,
		.output = xlpt_args_get(args, "output"),
		.strict = xlpt_args_has(args, "strict"),
		.explain = xlpt_args_has(args, "explain"),
		.how.devices_only = xlpt_args_has(args, "devices-only"),
	};
	const char *to = xlpt_args_get(args, "to");
	const struct xlpt_convert_input first = { .path = args->pos[0], .rel = args->pos[0] };
	int rc;

	if (xlpt_args_has(args, "add") || xlpt_args_has(args, "remove"))
		return xlpt_diag_set(diag, XLPT_ERR_USAGE, "--add and --remove want --edit CFG");
	if (!args->n) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "convert: too few arguments");
		xlpt_diag_hint(diag, "xlpt convert %s", args->cmd->synopsis);
		return XLPT_ERR_USAGE;
	}
	if (env->dry_run)
		return xlpt_diag_set(diag, XLPT_ERR_USAGE,
				     "--dry-run goes with --edit; without -o a "
				     "conversion is only printed");
	if (xlpt_args_has(args, "for-xen") && xlpt_args_has(args, "no-for-xen"))
		return xlpt_diag_set(diag, XLPT_ERR_USAGE,
				     "--for-xen and --no-for-xen exclude each other");
	if (xlpt_args_has(args, "for-xen"))
		run.how.for_xen = XLPT_ON;
	else if (xlpt_args_has(args, "no-for-xen"))
		run.how.for_xen = XLPT_OFF;
	if (to && !(run.how.to = xlpt_format_parse(to)))
		return xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--to wants xl or libvirt, not \"%s\"",
				     to);
	rc = xlpt_convert_pools(&run, xlpt_args_all(args, "network"), diag);
	run.batch = args->n > 1 || xlpt_convert_is_dir(args->pos[0]) ||
		    (run.output && xlpt_convert_is_dir(run.output));
	if (rc == 0)
		rc = run.batch ? xlpt_convert_batch(&run, args->pos, args->n, diag)
			       : xlpt_convert_file(&run, &first, diag);
	xlpt_convert_run_dispose(&run);
	return rc;
}

/* ---- --compare ---- */

static int run_compare(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const others[] = { "to",	 "for-xen", "no-for-xen", "strict",
					      "explain", "network", "output",	  "edit",
					      "add",	 "remove" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (xlpt_args_has(args, others[i]))
			return xlpt_diag_set(diag, XLPT_ERR_USAGE,
					     "--%s and --compare exclude each other", others[i]);
	if (env->dry_run)
		return xlpt_diag_set(diag, XLPT_ERR_USAGE,
				     "--compare changes nothing, with or "
				     "without --dry-run");
	if (args->n != 2 || (!strcmp(args->pos[0], "-") && !strcmp(args->pos[1], "-"))) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--compare wants two files");
		xlpt_diag_hint(diag, "xlpt convert --compare web1.cfg web1.xml");
		return XLPT_ERR_USAGE;
	}
	return xlpt_convert_compare(env, args->pos[0], args->pos[1],
				    xlpt_args_has(args, "devices-only"), diag);
}

static int cmd_convert(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	if (xlpt_args_has(args, "compare"))
		return run_compare(env, args, diag);
	return xlpt_args_has(args, "edit") ? run_edit(env, args, diag)
					   : run_convert(env, args, diag);
}

/* clang-format off */
static const struct xlpt_opt convert_opts[] = {
	{ "to", 0, "FORMAT", "xl or libvirt; without it, the other one than the input's" },
	{ "output", 'o', "FILE", "where the result goes: a file, or a directory for several" },
	{ "devices-only", 0, NULL, "only the PCI devices, without the domain around them" },
	{ "for-xen", 0, NULL, "make a guest of KVM start under Xen (what is done when its type is kvm)" },
	{ "no-for-xen", 0, NULL, "only translate, also a guest of KVM" },
	{ "strict", 0, NULL, "fail when the guest would not be the same" },
	{ "explain", 0, NULL, "list what the target cannot say, where it stood, and why" },
	{ "network", 0, "FILE", "libvirt network XML of a pool of VFs (may be repeated)" },
	{ "compare", 0, NULL, "print in what two files, of either kind, do not mean the same" },
	{ "edit", 0, "CFG", "change the pci list of an xl configuration in place" },
	{ "add", 0, "SPEC", "with --edit: add a device (may be repeated)" },
	{ "remove", 0, "BDF", "with --edit: remove a device (may be repeated)" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_convert = {
	.name = "convert",
	.synopsis = "FILE...|DIR",
	.help = "Convert between xl configuration and libvirt XML, nothing lost silently",
	.details =
		"The input's kind is detected; - is standard input. What the target cannot say is kept\n"
		"in it (comments, <metadata>) and restored on the way back. A <network> that is a pool\n"
		"of VFs becomes a pool definition, a file *.pool such a network. Needs no Xen, no\n"
		"libvirt and no root. --edit changes the pci list alone and leaves every other byte.",
	.flags = XLPT_CMD_DRY_RUN | XLPT_CMD_FILES,
	.min_args = 0,
	.max_args = XLPT_ANY_ARGS,
	.opts = convert_opts,
	.run = cmd_convert,
};
