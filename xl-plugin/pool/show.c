/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool export, list and show: they only look, also at a captured tree. */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/pool/pools.h"

/*
 * libvirt names a PF by its interface. A pool of xlpt may name it by its address or its pin, too:
 * here these become interfaces.
 */
static int name_pfs(struct xlpt_env *env, struct xlpt_netpool *pool, struct xlpt_diag *diag)
{
	for (char **p = pool->pf; p && *p; p++) {
		_cleanup_device_ struct xlpt_device d = { 0 };
		struct xlpt_bdf bdf;
		int rc;

		if (xlpt_starts(*p, "pin:"))
			rc = xlpt_resolve_pin(env, *p + strlen("pin:"), &bdf, diag);
		else if (xlpt_bdf_shaped(*p))
			rc = xlpt_bdf_parse(*p, strlen(*p), &bdf, diag);
		else
			continue;
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

int xlpt_pool_export(struct xlpt_env *env, const char *name, bool xml, struct xlpt_diag *diag)
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

/* Without Xen, or for a captured tree, what is in the files is shown as it is. */
static int look(struct xlpt_env *env, struct xlpt_pool_facts *facts, struct xlpt_diag *diag)
{
	int rc = xlpt_env_try_xen(env, diag);

	if (rc == 0 && env->ts && env->store)
		rc = xlpt_gone_sweep(env, diag);
	if (rc == 0 && env->ts && env->store)
		rc = xlpt_leases_tidy(env, diag);
	return rc ? rc : xlpt_pool_facts_read(env, facts, diag);
}

/* ---- list ---- */

int xlpt_pool_list(struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	_cleanup_free_ struct xlpt_pool_def *defs = NULL;
	_cleanup_free_ struct xlpt_pool_view *views = NULL;
	_cleanup_free_ struct xlpt_damage *damaged = NULL;
	_cleanup_strv_ char **names = NULL;
	size_t n = 0, n_damaged = 0, len;
	int rc = look(env, &facts, diag);

	if (rc == 0)
		rc = xlpt_pool_names(env, &names, diag);
	if (rc)
		return rc;
	len = xlpt_strv_len(names) + 1;
	defs = xlpt_xcalloc(len, sizeof(*defs));
	views = xlpt_xcalloc(len, sizeof(*views));
	damaged = xlpt_xcalloc(len, sizeof(*damaged));
	for (char **p = names; rc == 0 && *p; p++) {
		/* A pool whose file is damaged must not hide the others. */
		damaged[n_damaged].name = *p;
		if (xlpt_pool_load(env, *p, &defs[n], &damaged[n_damaged].why)) {
			n_damaged++;
			continue;
		}
		rc = xlpt_pool_view(env, &defs[n], &facts, &views[n], diag);
		n++;
	}
	if (rc == 0) {
		xlpt_pool_print_list(env, defs, views, n, damaged, n_damaged);
		rc = xlpt_damage_tell(env, damaged, n_damaged, diag);
	}
	for (size_t i = 0; i < n; i++) {
		xlpt_pool_def_dispose(&defs[i]);
		xlpt_pool_view_dispose(&views[i]);
	}
	xlpt_damage_dispose(damaged, n_damaged);
	return rc;
}

int xlpt_pool_show(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
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
