/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool: its arguments and options. */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/pool/pools.h"

#define RELEASE_TIMEOUT_MS 10000 /* a domain that is dying takes a few seconds at most */

/* ---- define, import ---- */

static int define(struct xlpt_env *env, const struct xlpt_args *args, bool import,
		  struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
	const char *file = xlpt_args_get(args, "file");
	bool had;
	int rc;

	if (import ? args->n != 2 : file ? args->n != 1 : args->n < 3)
		return xlpt_pool_usage(
			diag,
			import ? "import needs exactly one FILE.xml"
			: file ? "define --file takes no other argument: everything is in the file"
			       : "define needs NAME and at least one pf= or dev=");
	if (xlpt_args_has(args, "name") && !import && !file)
		return xlpt_pool_usage(diag, "--name is for import and define --file; else the "
					     "first word is the name");
	rc = import || file ? xlpt_pool_from_file(import ? args->pos[1] : file,
						  xlpt_args_get(args, "name"), import, &def, diag)
			    : xlpt_pool_from_words(args->pos + 1, args->n - 1, &def, diag);
	if (rc == 0)
		rc = xlpt_op_pool_define(env, &def, &view, &had, diag);
	if (rc)
		return rc;
	xlpt_pool_print_defined(env, &def, &view, had);
	return 0;
}

static int undefine(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	int rc = xlpt_op_pool_undefine(env, name, diag);

	if (rc == 0)
		xlpt_pool_print_undefined(env, name);
	return rc;
}

/* ---- release ---- */

static int release(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	_cleanup_bdfs_ struct xlpt_bdfs vfs = { 0 };
	const char *guest = xlpt_args_get(args, "guest");
	bool gone = xlpt_args_has(args, "gone");
	int64_t timeout_ms;
	int rc = xlpt_args_seconds(args, "timeout", RELEASE_TIMEOUT_MS, &timeout_ms, diag);

	if (rc)
		return rc;
	if (gone + (guest != NULL) + (args->n > 1) != 1)
		return xlpt_pool_usage(
			diag, "release needs --gone, --guest GUEST, or the addresses of VFs");
	if (args->n > 1 && xlpt_args_has(args, "timeout"))
		return xlpt_pool_usage(
			diag, "--timeout is for release --gone and --guest; nothing is waited for");
	for (size_t i = 1; i < args->n; i++) {
		struct xlpt_bdf bdf;

		rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		if (rc)
			return rc;
		xlpt_bdfs_add(&vfs, bdf);
	}
	rc = xlpt_env_need_xen(env, diag);
	if (rc == 0 && gone)
		rc = xlpt_op_pool_release_gone(env, timeout_ms, &returned, diag);
	else if (rc == 0 && guest)
		rc = xlpt_op_pool_release_guest(env, guest, timeout_ms, &returned, diag);
	else if (rc == 0)
		rc = xlpt_op_pool_release(env, &vfs, &returned, diag);
	env->done |= rc == 0 && !env->dry_run;
	if (rc == 0 || returned.n)
		xlpt_pool_print_returns(env, &returned);
	return rc;
}

/* ---- admit ---- */

static int admit(struct xlpt_env *env, const char *path, struct xlpt_diag *diag)
{
	int rc = xlpt_op_pool_admit(env, path, diag);

	if (rc == 0)
		xlpt_pool_print_admitted(env);
	return rc;
}

/* ---- the command ---- */

static int cmd_pool(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	enum xlpt_pool_verb verb;
	int rc = xlpt_pool_verb(env, args, &verb, diag);

	if (rc)
		return rc;
	switch (verb) {
	case XLPT_POOL_DEFINE:
	case XLPT_POOL_IMPORT:
		return define(env, args, verb == XLPT_POOL_IMPORT, diag);
	case XLPT_POOL_EXPORT:
		return xlpt_pool_export(env, args->pos[1], xlpt_args_has(args, "xml"), diag);
	case XLPT_POOL_LIST:
		return xlpt_pool_list(env, diag);
	case XLPT_POOL_SHOW:
		return xlpt_pool_show(env, args->pos[1], diag);
	case XLPT_POOL_UNDEFINE:
		return undefine(env, args->pos[1], diag);
	case XLPT_POOL_ADMIT:
		return admit(env, args->pos[1], diag);
	case XLPT_POOL_RELEASE:
		break;
	}
	return release(env, args, diag);
}

/* clang-format off */
static const struct xlpt_opt pool_opts[] = {
	{ "file", 'f', "FILE", "define: take the definition from FILE, - is standard input" },
	{ "name", 0, "NAME", "define --file, import: call the pool NAME" },
	{ "xml", 0, NULL, "export: as libvirt's network XML" },
	{ "gone", 0, NULL, "release: everything whose guest is gone" },
	{ "guest", 0, "GUEST", "release: wait until GUEST is gone; name, domain id or UUID" },
	{ "timeout", 't', "SECONDS", "release --gone, --guest: how long to wait (default 10)" },
	{ 0 },
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_pool = {
	.name = "pool",
	.synopsis = "VERB [ARGUMENT...]",
	.verbs = "define import export list show undefine release admit",
	.help = "Pools of virtual functions, and who has which",
	.details =
		"define NAME (pf=INTERFACE|BDF | dev=BDF)... [policy=first|spread|numa]\n"
		"                  a pool of all VFs of PFs, or of single ones; or --file FILE\n"
		"import FILE.xml   a pool from libvirt's network with <forward mode='hostdev'>\n"
		"export NAME       the definition, or with --xml the network\n"
		"list, show NAME   what is free, and who has the rest\n"
		"undefine NAME     forget a pool of which nothing is leased\n"
		"release           give back what guests that are gone have left (hooks run it)\n"
		"admit FILE.xml    may libvirt start this guest? Not with VFs that are leased to another\n"
		"xlpt attach GUEST pool:NAME and xlpt start take VFs out of a pool.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = pool_opts,
	.run = cmd_pool,
};
