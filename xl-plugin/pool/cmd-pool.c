/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/pool/pools.h"

#define RELEASE_TIMEOUT_MS 10000 /* a domain that is dying takes seconds at most */

static int usage(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool: %s", what);
	xlpt_diag_hint(diag, "xlpt pool --help");
	return XLPT_ERR_USAGE;
}

/* ---- define, import ---- */

/* The words of the command line become lines of a definition: one reader, one grammar. */
static int from_words(const struct xlpt_args *args, struct xlpt_pool_def *def,
		      struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	bool any = false;
	int rc = xlpt_pool_check_name(args->pos[1], diag);

	if (rc)
		return rc;
	xlpt_str_addf(&text, "name = \"%s\"\n", args->pos[1]);
	for (size_t i = 2; i < args->n; i++) {
		const char *word = args->pos[i], *eq = strchr(word, '=');

		if (!eq || strpbrk(word, "\n#\"")) {
			xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" is not KEY=VALUE", word);
			xlpt_diag_hint(diag, "xlpt pool define %s pf=INTERFACE policy=spread",
				       XLPT_WORD(args->pos[1]));
			return XLPT_ERR_SYNTAX;
		}
		any |= xlpt_starts(word, "pf=") || xlpt_starts(word, "dev=");
		if (xlpt_starts(word, "dev="))
			xlpt_str_addf(&text, "device = %s\n", word + 4);
		else if (!strcmp(word, "policy=first-fit") || !strcmp(word, "policy=numa-local"))
			xlpt_str_addf(&text, "policy = %.*s\n",
				      (int)(strrchr(word, '-') - word) - 7, word + 7);
		else
			xlpt_str_addf(&text, "%.*s = %s\n", (int)(eq - word), word, eq + 1);
	}
	if (!any)
		return usage(diag, "define wants NAME and at least one pf= or dev=");
	rc = xlpt_pool_def_parse(text.s, text.len, NULL, def, diag);
	if (rc && diag) {
		/* Line N is word N of the command; a column in a text nobody wrote says nothing. */
		if (diag->line > 1 && diag->line <= args->n)
			xlpt_diag_wrap(diag, "%s", args->pos[diag->line]);
		diag->line = diag->column = 0;
		if (!diag->hint)
			xlpt_diag_hint(diag,
				       "keys are pf, dev, policy (first, spread, numa), managed, "
				       "vlan, virtualport; xlpt-pool(8)");
	}
	return rc;
}

static int from_file(const char *path, const char *name, bool xml, struct xlpt_pool_def *def,
		     struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = xlpt_convert_load(path, false, &text, NULL, diag);

	if (rc) {
		xlpt_diag_hint(diag,
			       "name a file with a pool's definition, or libvirt's network XML");
		return rc;
	}
	xml = xml || xlpt_libvirt_is_xml(xlpt_str_get(&text), text.len);
	rc = xml ? xlpt_libvirt_network_read(xlpt_str_get(&text), text.len, path, &def->pool, diag)
		 : xlpt_pool_def_parse(xlpt_str_get(&text), text.len, path, def, diag);
	if (rc && xml && diag && !diag->hint)
		xlpt_diag_hint(
			diag,
			"virsh net-dumpxml NAME prints a network with <forward mode='hostdev'>");
	if (rc)
		return rc;
	if (name) {
		free(def->pool.name);
		def->pool.name = xlpt_xstrdup(name);
	}
	rc = xlpt_pool_check_name(def->pool.name, diag);
	if (rc && !name)
		xlpt_diag_hint(diag, "give it another one: --name NAME");
	return rc;
}

static int define(struct xlpt_env *env, const struct xlpt_args *args, bool import,
		  struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
	const char *file = xlpt_args_get(args, "file");
	bool had;
	int rc;

	if (import ? args->n != 2 : file ? args->n != 1 : args->n < 3)
		return usage(diag, import ? "import wants one FILE.xml"
				   : file ? "define --file takes everything from the file"
					  : "define wants NAME and at least one pf= or dev=");
	rc = import || file ? from_file(import ? args->pos[1] : file, xlpt_args_get(args, "name"),
					import, &def, diag)
			    : from_words(args, &def, diag);
	if (rc == 0)
		rc = xlpt_op_pool_define(env, &def, &view, &had, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < view.n; i++)
		xlpt_warn(env, "%s; to mend: %s", view.troubles[i].message, view.troubles[i].hint);
	xlpt_say(env, "%spool %s is %s: %zu VF%s now, policy %s", env->dry_run ? "would say: " : "",
		 def.pool.name, had ? "defined anew" : "defined", view.vfs.n,
		 view.vfs.n == 1 ? "" : "s", xlpt_pool_policy_word(xlpt_pool_policy_of(&def)));
	if (env->json)
		xlpt_pool_print_list(env, &def, &view, 1);
	return 0;
}

static int undefine(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	struct json_object *root;
	int rc = xlpt_op_pool_undefine(env, name, diag);

	if (rc)
		return rc;
	xlpt_say(env, "%s pool %s", env->dry_run ? "would forget" : "forgot", name);
	if (!env->json)
		return 0;
	root = json_object_new_object();
	xlpt_json_add(root, env->dry_run ? "would_undefine" : "undefined", xlpt_json_str(name));
	xlpt_print_json(env, root);
	return 0;
}

/* ---- export, list, show ---- */

/* libvirt names a PF by its interface, we also by its address. */
static int name_pfs(struct xlpt_env *env, struct xlpt_netpool *pool, struct xlpt_diag *diag)
{
	for (char **p = pool->pf; p && *p; p++) {
		_cleanup_device_ struct xlpt_device d = { 0 };
		struct xlpt_bdf bdf;
		int rc;

		if (!xlpt_bdf_shaped(*p))
			continue;
		rc = xlpt_bdf_parse(*p, strlen(*p), &bdf, diag);
		if (rc == 0)
			rc = xlpt_scan_one(env->host, bdf, 0, NULL, &d, diag);
		if (rc)
			return rc;
		if (!d.net || !*d.net) {
			xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
				      "%s has no network interface in dom0", *p);
			xlpt_diag_fact(diag, "libvirt's network names a PF by its interface");
			xlpt_diag_hint(
				diag, "load the PF's driver; or define the pool with dev= for each "
				      "VF");
			return XLPT_ERR_CONFLICT;
		}
		free(*p);
		*p = xlpt_xstrdup(*d.net);
	}
	return 0;
}

static int export_pool(struct xlpt_env *env, const char *name, bool xml, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0)
		rc = xlpt_pool_load(env, name, &def, diag);
	if (rc == 0 && xml)
		rc = name_pfs(env, &def.pool, diag);
	if (rc == 0 && xml)
		rc = xlpt_libvirt_network_write(&def.pool, &text, diag);
	else if (rc == 0)
		xlpt_pool_def_format(&def, &text);
	if (rc)
		return rc;
	if (env->json) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "name", xlpt_json_str(name));
		xlpt_json_add(root, "format", xlpt_json_str(xml ? "libvirt" : "xlpt"));
		xlpt_json_add(root, "text", xlpt_json_str(xlpt_str_get(&text)));
		xlpt_print_json(env, root);
	} else {
		xlpt_put_document(env, xlpt_str_get(&text), text.len);
	}
	return 0;
}

/* Without Xen, or on a captured tree, what is written is shown as it is. */
static int look(struct xlpt_env *env, struct xlpt_pool_facts *facts, struct xlpt_diag *diag)
{
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0 && env->ts && env->store)
		rc = xlpt_gone_sweep(env, diag);
	if (rc == 0 && env->ts && env->store)
		rc = xlpt_leases_tidy(env, diag);
	return rc ? rc : xlpt_pool_facts_read(env, facts, diag);
}

static int list(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	_cleanup_free_ struct xlpt_pool_def *defs = NULL;
	_cleanup_free_ struct xlpt_pool_view *views = NULL;
	_cleanup_strv_ char **names = NULL;
	size_t n = 0;
	int rc = look(env, &facts, diag);

	if (rc == 0)
		rc = xlpt_pool_names(env, &names, diag);
	if (rc)
		return rc;
	defs = xlpt_xcalloc(xlpt_strv_len(names) + 1, sizeof(*defs));
	views = xlpt_xcalloc(xlpt_strv_len(names) + 1, sizeof(*views));
	for (char **p = names; rc == 0 && *p; p++) {
		_cleanup_diag_ struct xlpt_diag why = { 0 };

		/* One that is damaged must not hide the others. */
		if (xlpt_pool_load(env, *p, &defs[n], &why)) {
			xlpt_warn(env, "%s", why.message);
			continue;
		}
		rc = xlpt_pool_view(env, &defs[n], &facts, &views[n], diag);
		n++;
	}
	if (rc == 0)
		xlpt_pool_print_list(env, defs, views, n);
	for (size_t i = 0; i < n; i++) {
		xlpt_pool_def_dispose(&defs[i]);
		xlpt_pool_view_dispose(&views[i]);
	}
	return rc;
}

static int show(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	int rc = look(env, &facts, diag);

	if (rc == 0)
		rc = xlpt_pool_load(env, name, &def, diag);
	if (rc == 0)
		rc = xlpt_pool_view(env, &def, &facts, &view, diag);
	if (rc == 0)
		xlpt_pool_print(env, &def, &view, &facts.leases);
	return rc;
}

/* ---- release ---- */

static int release(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_returns_ struct xlpt_returns returned = { 0 };
	const char *guest = xlpt_args_get(args, "guest");
	bool gone = xlpt_args_has(args, "gone");
	int64_t timeout_ms;
	int rc = xlpt_args_seconds(args, "timeout", RELEASE_TIMEOUT_MS, &timeout_ms, diag);

	if (rc)
		return rc;
	if (gone + (guest != NULL) + (args->n > 1) != 1)
		return usage(diag, "release wants --gone, --guest GUEST, or the addresses of VFs");
	for (size_t i = 1; i < args->n; i++) {
		struct xlpt_bdf bdf;

		rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		if (rc)
			return rc;
	}
	rc = xlpt_env_need_xen(env, diag);
	/* The hook comes when the kernel has ended the export, and Xen may be taking the domain apart. */
	if (rc == 0 && gone && !env->dry_run)
		rc = xlpt_gone_wait_all(env, timeout_ms, diag);
	if (rc == 0)
		rc = xlpt_gone_sweep(env, diag);
	if (rc == 0 && gone)
		rc = xlpt_leases_reconcile(env, &returned, diag);
	else if (rc == 0 && guest)
		rc = xlpt_op_pool_release_guest(env, guest, timeout_ms, &returned, diag);
	for (size_t i = 1; rc == 0 && i < args->n; i++) {
		struct xlpt_bdf bdf;

		rc = xlpt_args_device(env, args->pos[i], &bdf, diag);
		if (rc == 0)
			rc = xlpt_op_pool_release(env, bdf, &returned, diag);
	}
	env->done |= rc == 0 && !env->dry_run;
	if (rc == 0 || returned.n)
		xlpt_pool_print_returns(env, &returned);
	return rc;
}

/* ---- the command ---- */

static const struct {
	const char *verb;
	size_t min, max;  /* arguments, the verb included */
	bool reads;	  /* also a captured tree */
	bool dry;	  /* does something that a dry run leaves: a look gives back what is over */
	const char *opts; /* the options that go with it, between blanks */
} verbs[] = {
	{ "define", 1, XLPT_ANY_ARGS, false, true, " file name " },
	{ "import", 2, 2, false, true, " name " },
	{ "export", 2, 2, true, false, " xml " },
	{ "list", 1, 1, true, true, "" },
	{ "show", 2, 2, true, true, "" },
	{ "undefine", 2, 2, false, true, "" },
	{ "release", 1, XLPT_ANY_ARGS, false, true, " gone guest timeout " },
};

static int check_verb(struct xlpt_env *env, const struct xlpt_args *args, size_t *out,
		      struct xlpt_diag *diag)
{
	const char *verb = args->pos[0];
	size_t i = 0;

	while (i < XLPT_ARRAY_SIZE(verbs) && strcmp(verbs[i].verb, verb) != 0)
		i++;
	if (i == XLPT_ARRAY_SIZE(verbs)) {
		xlpt_diag_set(
			diag, XLPT_ERR_USAGE,
			"pool: define, import, export, list, show, undefine or release, not \"%s\"",
			verb);
		xlpt_diag_hint(diag, "xlpt pool --help");
		return XLPT_ERR_USAGE;
	}
	for (const struct xlpt_opt *o = args->cmd->opts; o->name; o++) {
		_cleanup_free_ char *word = xlpt_xasprintf(" %s ", o->name);

		if (!xlpt_args_has(args, o->name) || strstr(verbs[i].opts, word))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool %s does not know the option --%s", verb,
			      o->name);
		xlpt_diag_hint(diag, "xlpt pool --help");
		return XLPT_ERR_USAGE;
	}
	if (args->n < verbs[i].min || args->n > verbs[i].max) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool %s: too %s arguments", verb,
			      args->n < verbs[i].min ? "few" : "many");
		xlpt_diag_hint(diag, "xlpt pool --help");
		return XLPT_ERR_USAGE;
	}
	if (env->sysroot && !verbs[i].reads) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pool %s changes the running system and cannot work "
			      "on --sysroot",
			      verb);
		xlpt_diag_hint(diag, "pool list, show and export read a tree");
		return XLPT_ERR_USAGE;
	}
	if (env->dry_run && !verbs[i].dry) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "pool %s changes nothing, so it has no --dry-run", verb);
		xlpt_diag_hint(diag, "leave --dry-run out");
		return XLPT_ERR_USAGE;
	}
	*out = i;
	return 0;
}

static int cmd_pool(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	size_t verb;
	int rc = check_verb(env, args, &verb, diag);

	if (rc)
		return rc;
	switch (verb) {
	case 0:
	case 1:
		return define(env, args, verb == 1, diag);
	case 2:
		return export_pool(env, args->pos[1], xlpt_args_has(args, "xml"), diag);
	case 3:
		return list(env, diag);
	case 4:
		return show(env, args->pos[1], diag);
	case 5:
		return undefine(env, args->pos[1], diag);
	default:
		return release(env, args, diag);
	}
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
	.help = "Pools of virtual functions, and who has which",
	.details = "define NAME (pf=INTERFACE|BDF | dev=BDF)... [policy=first|spread|numa]\n"
		   "                  a pool of all VFs of PFs, or of single ones; or --file FILE\n"
		   "import FILE.xml   a pool from libvirt's network with <forward mode='hostdev'>\n"
		   "export NAME       the definition, or with --xml the network\n"
		   "list, show NAME   what is free, and who has the rest\n"
		   "undefine NAME     forget a pool of which nothing is leased\n"
		   "release           give back what guests that are gone have left; for hooks\n"
		   "xlpt attach GUEST pool:NAME and xlpt start take VFs out of a pool.",
	.flags = XLPT_CMD_DRY_RUN,
	.min_args = 1,
	.max_args = XLPT_ANY_ARGS,
	.opts = pool_opts,
	.run = cmd_pool,
};
