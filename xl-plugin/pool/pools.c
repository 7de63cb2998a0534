/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of pools, and which VFs a pool has now. */
#include "xl-plugin/pool/pools.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/kept/kept.h"
#include "xl-plugin/kept/resolve.h"

#define NET "/sys/class/net"

int xlpt_pool_check_name(const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_xasprintf("pool:%s", name);
	_cleanup_spec_ struct xlpt_spec spec;
	_cleanup_diag_ struct xlpt_diag why = { 0 };
	int rc = xlpt_spec_parse(text, &spec, &why);
	size_t n = strlen(name);

	/* pool:NAME must read as this name and nothing else. A temporary file ends in ".tmp". */
	if (rc == 0 && xlpt_streq(spec.pool, name) && !(n > 4 && !strcmp(name + n - 4, ".tmp")))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" cannot be a pool's name", name);
	xlpt_diag_fact(diag,
		       "a name has 1 to 64 printable characters without blank , = @ and /, does "
		       "not begin with '.' nor end in .tmp, and is no address");
	xlpt_diag_hint(diag, "for example: xlpt pool define lan pf=eth0");
	return XLPT_ERR_SYNTAX;
}

int xlpt_pool_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag)
{
	int r = xlpt_host_list(env->host, names, XLPT_POOLS_DIR);
	size_t kept = 0;

	if (r == -ENOENT) {
		*names = xlpt_xcalloc(1, sizeof(**names));
		return 0;
	}
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot list " XLPT_POOLS_DIR);
		xlpt_diag_hint(diag, "run xlpt as root");
		return XLPT_ERR_IO;
	}
	xlpt_kept_mend_all(env, XLPT_POOLS_DIR);
	for (char **p = *names; *p; p++) {
		if (xlpt_pool_check_name(*p, NULL))
			free(*p);
		else
			(*names)[kept++] = *p;
	}
	(*names)[kept] = NULL;
	return 0;
}

static int no_such_pool(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_str_ struct xlpt_str all = { 0 };

	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no pool is called \"%s\"", name);
	if (xlpt_pool_names(env, &names, NULL) == 0)
		for (char **p = names; *p; p++)
			xlpt_str_addf(&all, "%s%s", all.len ? ", " : "", *p);
	if (all.len)
		xlpt_diag_fact(diag, "the pools of this host: %s", all.s);
	else
		xlpt_diag_fact(diag, "this host has no pools");
	xlpt_diag_hint(diag, "xlpt pool define %s pf=INTERFACE", XLPT_WORD(name));
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_pool_load(struct xlpt_env *env, const char *name, struct xlpt_pool_def *out,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", name), *text = NULL;
	int rc = xlpt_pool_check_name(name, diag), r;

	if (rc)
		return rc;
	r = xlpt_host_read_text(env->host, &text, "%s", path);
	if (r == -ENOENT)
		return no_such_pool(env, name, diag);
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot read %s", path);
		xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
		return XLPT_ERR_IO;
	}
	rc = xlpt_pool_def_parse(text, strlen(text), path, out, diag);
	if (rc) {
		/* The command line is right; what is stored is wrong. */
		xlpt_diag_hint(diag, "mend the file, or xlpt pool undefine %s", XLPT_WORD(name));
		return xlpt_diag_recode(diag, XLPT_ERR_DATA);
	}
	if (strcmp(out->pool.name, name) != 0) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s defines a pool \"%s\"", path,
			      out->pool.name);
		xlpt_diag_hint(diag,
			       "a pool's file has its name: rename it, or mend its first line");
		xlpt_pool_def_dispose(out);
		return XLPT_ERR_DATA;
	}
	return 0;
}

int xlpt_pool_save(struct xlpt_env *env, const struct xlpt_pool_def *def, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", def->pool.name);
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = xlpt_check_interrupted(diag), r;

	if (rc)
		return rc;
	r = xlpt_file_private_dir(env->host, XLPT_POOLS_DIR);
	xlpt_pool_def_format(def, &text);
	if (r == 0)
		r = xlpt_file_replace(env->host, path, xlpt_str_get(&text), text.len,
				      &(struct xlpt_file_how){ .mode = 0600 });
	env->done |= r == 0;
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", path);
	xlpt_diag_hint(diag, "run xlpt as root, and make room there");
	return XLPT_ERR_IO;
}

int xlpt_pool_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", name);
	int rc = xlpt_pool_check_name(name, diag), r;

	if (rc == 0)
		rc = xlpt_check_interrupted(diag);
	if (rc)
		return rc;
	r = env->host->ops->unlink(env->host, path);
	env->done |= r == 0;
	if (r == -ENOENT)
		return no_such_pool(env, name, diag);
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot remove %s", path);
	xlpt_diag_hint(diag, "run xlpt as root");
	return XLPT_ERR_IO;
}

enum xlpt_pool_policy xlpt_pool_policy_of(const struct xlpt_pool_def *def)
{
	enum xlpt_pool_policy policy = xlpt_pool_def_policy(def);

	return policy ? policy : XLPT_POOL_FIRST;
}

const char *xlpt_pool_policy_word(enum xlpt_pool_policy policy)
{
	return policy == XLPT_POOL_SPREAD ? "spread" : policy == XLPT_POOL_NUMA ? "numa" : "first";
}

/* ---- which VFs a pool has ---- */

int xlpt_pool_facts_read(struct xlpt_env *env, struct xlpt_pool_facts *out, struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_pool_facts){ 0 };
	rc = xlpt_scan_all(env->host, 0, NULL, &out->devices, diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &out->owners, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &out->needs, diag);
	if (rc == 0)
		rc = xlpt_leases_current(env, &out->leases, diag);
	if (rc)
		xlpt_pool_facts_dispose(out);
	return rc;
}

void xlpt_pool_facts_dispose(struct xlpt_pool_facts *facts)
{
	xlpt_devices_dispose(&facts->devices);
	xlpt_owners_dispose(&facts->owners);
	xlpt_needs_dispose(&facts->needs);
	xlpt_leases_dispose(&facts->leases);
}

void xlpt_pool_view_dispose(struct xlpt_pool_view *view)
{
	xlpt_pool_vfs_dispose(&view->vfs);
	for (size_t i = 0; i < view->n; i++)
		xlpt_diag_dispose(&view->troubles[i]);
	free(view->troubles);
	*view = (struct xlpt_pool_view){ 0 };
}

static struct xlpt_diag *trouble(struct xlpt_pool_view *view)
{
	XLPT_GROW(view->troubles, view->n, view->alloc);
	view->troubles[view->n] = (struct xlpt_diag){ 0 };
	return &view->troubles[view->n++];
}

/* The interface of dom0 by which a VF is in use there, in words, or NULL. Caller frees. */
static char *used_by(struct xlpt_env *env, const struct xlpt_device *d)
{
	for (char **name = d->net; *name; name++) {
		long long flags = 0;

		if (xlpt_host_read_long(env->host, &flags, NET "/%s/flags", *name) == 0 &&
		    flags & 1)
			return xlpt_xasprintf("this host (%s is up)", *name);
		if (xlpt_host_has(env->host, NET "/%s/master", *name))
			return xlpt_xasprintf("this host (%s is part of a bridge or bond)", *name);
	}
	return NULL;
}

/*
 * Taken because dom0 may use it, or because the pool does not hide: hiding it would make it free.
 */
static void take_unhidden(struct xlpt_pool_vf *vf, char *holder)
{
	xlpt_pool_vf_take(vf, XLPT_VF_DOM0, holder);
	vf->unhidden = true;
}

static int judge_vf(struct xlpt_env *env, const struct xlpt_pool_facts *facts, bool hidden_only,
		    const struct xlpt_device *d, struct xlpt_pool_vf *vf, struct xlpt_diag *diag)
{
	const struct xlpt_lease *lease = xlpt_leases_find(&facts->leases, d->bdf);
	const struct xlpt_owner *owner = xlpt_owners_find(&facts->owners, d->bdf);
	const struct xlpt_needed *needed = xlpt_needs_find(&facts->needs, d->bdf);
	const struct xlpt_device *pf = d->is_vf ? xlpt_devices_find(&facts->devices, d->pf) : NULL;
	bool hidden = xlpt_streq(d->driver, XLPT_PCIBACK_DRIVER), assigned = false;
	_cleanup_free_ char *user = d->driver && !hidden && d->net ? used_by(env, d) : NULL;
	int rc = 0;

	vf->has_pf = d->is_vf;
	vf->pf = d->pf;
	vf->numa_node = d->numa_node < 0 && pf ? pf->numa_node : d->numa_node;
	if (lease)
		xlpt_pool_vf_take(vf, XLPT_VF_LEASED, xlpt_lease_holder(lease));
	else if (owner && owner->guest)
		xlpt_pool_vf_take(vf, XLPT_VF_GUEST,
				  xlpt_xasprintf("%s (domain %u)%s", owner->guest, owner->domid,
						 owner->shut_down ? ", which has shut down" : ""));
	else if (!d->is_vf)
		xlpt_pool_vf_take(vf, XLPT_VF_DOM0,
				  xlpt_xstrdup("nobody: it is no virtual function"));
	else if (needed)
		xlpt_pool_vf_take(vf, XLPT_VF_DOM0, xlpt_xasprintf("this host (%s)", needed->what));
	else if (user)
		xlpt_pool_vf_take(vf, XLPT_VF_DOM0, XLPT_TAKE(user));
	/*
	 * It has a driver and no interface (vfio-pci, a user-space driver, one that is not up
	 * yet): nothing tells that it is idle.
	 */
	else if (d->driver && !hidden && (!d->net || !*d->net))
		take_unhidden(vf, xlpt_xasprintf("this host (driver %s)", d->driver));
	else if (hidden_only && !hidden)
		take_unhidden(vf, xlpt_xstrdup("nobody: it is not hidden, and the pool says "
					       "managed = no"));
	else if (env->ts)
		rc = env->ts->ops->hyp_assigned(env->ts, d->bdf, &assigned, diag);
	if (rc == 0 && assigned)
		xlpt_pool_vf_take(vf, XLPT_VF_GUEST, xlpt_xstrdup("a guest that no backend names"));
	return rc;
}

/* The function behind <pf dev>: an interface's name, an address or a pin. */
static int find_pf(struct xlpt_env *env, const char *text, struct xlpt_bdf *pf,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = NULL;

	if (xlpt_bdf_shaped(text))
		return xlpt_bdf_parse(text, strlen(text), pf, diag);
	if (xlpt_starts(text, "pin:"))
		return xlpt_resolve_pin(env, text + strlen("pin:"), pf, diag);
	if (xlpt_host_link_name(env->host, &name, NET "/%s/device", text) == 0 &&
	    xlpt_bdf_from_sysfs_name(name, pf))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "there is no network interface %s of a PCI device",
		      text);
	xlpt_diag_fact(diag, NET "/%s/device does not lead to one", text);
	xlpt_diag_hint(
		diag, "an interface is there when its driver is; a PF can be named by its address, "
		      "too (xlpt list)");
	return XLPT_ERR_NOT_FOUND;
}

static int check_pf(const struct xlpt_device *d, const char *text, struct xlpt_bdf pf,
		    struct xlpt_diag *diag)
{
	if (!d) {
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "there is no PCI device %s",
			      XLPT_BDF_STR(pf));
		xlpt_diag_hint(diag, "xlpt list shows the devices of this host");
		return XLPT_ERR_NO_DEVICE;
	}
	if (d->vf_total < 0) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is no physical function", text);
		if (d->is_vf)
			xlpt_diag_fact(diag, "it is a VF of %s", XLPT_BDF_STR(d->pf));
		else
			xlpt_diag_fact(diag, "it has no SR-IOV capability");
		xlpt_diag_hint(diag, "name a card with SR-IOV, or single VFs as dev=BB:DD.F");
		return XLPT_ERR_DATA;
	}
	if (!d->driver || !strcmp(d->driver, XLPT_PCIBACK_DRIVER)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the PF %s has no driver in dom0", text);
		xlpt_diag_fact(diag, "%s; without its driver a PF has no VFs",
			       d->driver ? "pciback holds it" : "it is bound to none");
		xlpt_diag_hint(diag, "%s%s",
			       d->driver ? "xlpt unhide "
					 : "load the driver that claims it: "
					   "xlpt show ",
			       XLPT_BDF_STR(pf));
		return XLPT_ERR_CONFLICT;
	}
	if (d->vf_count == 0) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the PF %s has no VFs", text);
		xlpt_diag_fact(diag, "sriov_numvfs of %s is 0; it can have %d", XLPT_BDF_STR(pf),
			       d->vf_total);
		xlpt_diag_hint(diag, "xlpt vf create %s %d", text, d->vf_total);
		return XLPT_ERR_CONFLICT;
	}
	return 0;
}

int xlpt_pool_view(struct xlpt_env *env, const struct xlpt_pool_def *def,
		   const struct xlpt_pool_facts *facts, struct xlpt_pool_view *out,
		   struct xlpt_diag *diag)
{
	const struct xlpt_netpool *pool = &def->pool;
	bool hidden_only = pool->managed == XLPT_OFF;
	int rc = 0;

	*out = (struct xlpt_pool_view){ 0 };
	for (char **p = pool->pf; p && *p; p++) {
		_cleanup_diag_ struct xlpt_diag why = { 0 };
		struct xlpt_bdf pf;
		int bad = find_pf(env, *p, &pf, &why);

		if (!bad)
			bad = check_pf(xlpt_devices_find(&facts->devices, pf), *p, pf, &why);
		if (bad) {
			xlpt_diag_move(trouble(out), &why);
			continue;
		}
		for (size_t i = 0; rc == 0 && i < facts->devices.n; i++) {
			const struct xlpt_device *d = &facts->devices.items[i];
			struct xlpt_pool_vf *vf;

			if (!d->is_vf || !xlpt_bdf_eq(d->pf, pf))
				continue;
			vf = xlpt_pool_vfs_add(&out->vfs, d->bdf);
			rc = vf ? judge_vf(env, facts, hidden_only, d, vf, diag) : 0;
		}
	}
	for (size_t i = 0; rc == 0 && i < pool->n_addr; i++) {
		const struct xlpt_device *d = xlpt_devices_find(&facts->devices, pool->addr[i]);
		struct xlpt_pool_vf *vf = xlpt_pool_vfs_add(&out->vfs, pool->addr[i]);

		if (vf && d)
			rc = judge_vf(env, facts, hidden_only, d, vf, diag);
		else if (vf)
			xlpt_pool_vf_take(vf, XLPT_VF_ABSENT,
					  xlpt_xstrdup("nobody: there is no such device"));
	}
	if (rc)
		xlpt_pool_view_dispose(out);
	return rc;
}
