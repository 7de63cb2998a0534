/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "converters/edit.h"
#include "converters/libvirt/libvirt.h"
#include "converters/xl/xl.h"
#include "core/file.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"

/* ---- --edit ---- */

/* A device as xl writes it, or its address in any of libvirt's spellings. */
static int parse_device(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag)
{
	int rc = xlpt_spec_parse_xl(text, out, diag);
	struct xlpt_bdf bdf;

	if (rc && xlpt_libvirt_address_parse(text, &bdf, NULL) == 0) {
		xlpt_diag_dispose(diag);
		xlpt_spec_init(out);
		out->has_bdf = true;
		out->bdf = bdf;
		return 0;
	}
	return rc;
}

static int collect(char **values, bool removing, struct xlpt_edit *edits, size_t *n,
		   struct xlpt_diag *diag)
{
	for (; values && *values; values++) {
		int rc = parse_device(*values, &edits[*n].spec, diag);

		if (rc)
			return rc;
		edits[(*n)++].remove = removing;
	}
	return 0;
}

/* What an added device means for the next creation of the guest; the edit is made all the same. */
static void tell_creation(struct xlpt_env *env, const char *path, const struct xlpt_str *text)
{
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	struct xlpt_kepts kept = { 0 };
	struct xlpt_create_facts facts;
	_cleanup_dom_ struct xlpt_dom dom;

	if (xlpt_xl_read(xlpt_str_get(text), text->len, path, &dom, &kept, NULL, NULL) == 0) {
		xlpt_xl_create_facts(&dom, &facts);
		if (xlpt_policy_whole_memory(&facts, &warning)) {
			xlpt_remark(env, "%s: %s", path, warning.message);
			xlpt_warn_mend(env, "%s", warning.hint);
		}
	}
	xlpt_kepts_dispose(&kept);
}

static int edit(struct xlpt_env *env, const char *path, const struct xlpt_edit *edits, size_t n,
		struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str in = { 0 }, out = { 0 };
	_cleanup_file_ struct xlpt_file f;
	bool changed;
	/* A link stays a link. */
	int r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW, &f), rc;

	if (r == 0)
		r = xlpt_file_get(&f, XLPT_CONVERT_MAX, &in);
	if (r)
		return xlpt_convert_unread(path, r, diag);
	rc = xlpt_edit_pci(xlpt_str_get(&in), in.len, path, edits, n, &out, &changed, diag);
	if (rc == 0 && changed && !env->dry_run) {
		r = xlpt_file_put(&f, xlpt_str_get(&out), out.len,
				  &(struct xlpt_file_how){ .keep = true });
		if (r)
			rc = xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", path);
	}
	if (rc)
		return rc;
	env->done |= !env->dry_run;
	if (n && !edits[n - 1].remove)
		tell_creation(env, path, &out);
	if (env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "file", xlpt_json_str(path));
		xlpt_json_add(o, "changed", json_object_new_boolean(changed));
		xlpt_print_json(env, o);
	} else if (env->dry_run) {
		xlpt_put_document(env, xlpt_str_get(&out), out.len);
	} else {
		xlpt_say(env, "%s %s", path, changed ? "is changed" : "says so already");
	}
	return 0;
}

static int run_edit(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const others[] = { "to",	"devices-only", "for-xen", "no-for-xen",
					      "strict", "explain",	"network", "output" };
	char **adds = xlpt_args_all(args, "add"), **removes = xlpt_args_all(args, "remove");
	size_t n = xlpt_strv_len(adds) + xlpt_strv_len(removes), k = 0;
	struct xlpt_edit *edits;
	int rc;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (xlpt_args_has(args, others[i]))
			return xlpt_diag_set(diag, XLPT_ERR_USAGE,
					     "--%s and --edit exclude each other", others[i]);
	if (args->n)
		return xlpt_diag_set(diag, XLPT_ERR_USAGE, "--edit takes no further files");
	if (!n) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--edit without --add and --remove");
		xlpt_diag_hint(diag,
			       "xlpt convert --edit web1.cfg --add 0000:09:00.0,permissive=1");
		return XLPT_ERR_USAGE;
	}
	edits = xlpt_xcalloc(n, sizeof(*edits));
	rc = collect(removes, true, edits, &k, diag);
	if (rc == 0)
		rc = collect(adds, false, edits, &k, diag);
	if (rc == 0)
		rc = edit(env, xlpt_args_get(args, "edit"), edits, n, diag);
	for (size_t i = 0; i < k; i++)
		xlpt_spec_dispose(&edits[i].spec);
	free(edits);
	return rc;
}

/* ---- conversion ---- */

static int read_pools(char **files, struct xlpt_netpool **pools, size_t *n, struct xlpt_diag *diag)
{
	*pools = xlpt_xcalloc(xlpt_strv_len(files), sizeof(**pools));
	for (*n = 0; files && files[*n]; (*n)++) {
		_cleanup_str_ struct xlpt_str text = { 0 };
		int rc = xlpt_convert_load(files[*n], false, &text, NULL, diag);

		if (rc == 0)
			rc = xlpt_libvirt_network_read(xlpt_str_get(&text), text.len, files[*n],
						       &(*pools)[*n], diag);
		if (rc)
			return rc;
	}
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int collect_inputs(const struct xlpt_convert_run *run, const struct xlpt_args *args,
			  struct xlpt_convert_inputs *in, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < args->n; i++) {
		const char *path = args->pos[i], *slash = strrchr(path, '/');

		if (is_dir(path))
			rc = xlpt_convert_tree(run, path, in, diag);
		else
			xlpt_convert_inputs_add(in, path, slash ? slash + 1 : path, false);
	}
	return rc;
}

static int run_batch(struct xlpt_convert_run *run, const struct xlpt_args *args,
		     struct xlpt_diag *diag)
{
	_cleanup_inputs_ struct xlpt_convert_inputs in = { 0 };
	_cleanup_free_ char *lost = NULL;
	int fd = fileno(run->env->err), rc;

	if (!run->output) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "several files need a directory to go to");
		xlpt_diag_hint(diag, "give it with -o DIR");
		return XLPT_ERR_USAGE;
	}
	if (fd >= 0 && isatty(fd) && !run->env->json)
		run->bar = run->env->err;
	rc = collect_inputs(run, args, &in, diag);
	if (rc == 0)
		rc = xlpt_convert_check_names(run, &in, diag);
	run->total = in.n;
	for (size_t i = 0; rc == 0 && i < in.n; i++) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };

		if (xlpt_convert_file(run, &in.items[i], &own))
			xlpt_convert_failed(run, &own);
		run->done++;
		xlpt_convert_progress(run);
		rc = xlpt_check_interrupted(diag);
	}
	xlpt_convert_clear(run);
	if (rc == XLPT_ERR_STOPPED && run->converted) {
		xlpt_diag_wrap(diag, "%zu converted, the others not", run->converted);
		run->env->done = true;
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	if (rc)
		return rc;
	lost = xlpt_loss_counts_text(&run->losses);
	xlpt_say(run->env, "%zu converted, %zu failed, %zu skipped; %s", run->converted,
		 run->failed, run->skipped, lost);
	if (run->failed) {
		xlpt_diag_set(diag, run->first_error, "%zu of %zu files were not converted",
			      run->failed, run->failed + run->converted + run->skipped);
		xlpt_diag_hint(diag, "the messages above name them; their outputs are untouched");
		return run->first_error;
	}
	return 0;
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
	struct xlpt_netpool *pools = NULL;
	size_t n_pools = 0;
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
	rc = read_pools(xlpt_args_all(args, "network"), &pools, &n_pools, diag);
	run.how.pools = pools;
	run.how.n_pools = n_pools;
	run.batch = args->n > 1 || is_dir(args->pos[0]) || (run.output && is_dir(run.output));
	if (rc == 0)
		rc = run.batch ? run_batch(&run, args, diag)
			       : xlpt_convert_file(&run, &first, diag);
	for (size_t i = 0; i < n_pools; i++)
		xlpt_netpool_dispose(&pools[i]);
	free(pools);
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
