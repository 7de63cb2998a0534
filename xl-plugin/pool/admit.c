/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether another toolstack may start a guest: no device of its configuration may be leased to
 * another guest, or kept for one that restarts. libvirt's hook asks this. libvirt does not answer
 * while its hook runs, so nothing here asks libvirt anything.
 */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/pool/pools.h"

static int judge(const struct xlpt_dom *dom, struct xlpt_bdf bdf, const struct xlpt_leases *leases,
		 const struct xlpt_knowns *known, struct xlpt_diag *diag)
{
	const char *uuid = dom->uuid ? dom->uuid : "", *text = XLPT_BDF_STR(bdf);
	const struct xlpt_lease *l = xlpt_leases_find(leases, bdf);
	const struct xlpt_known *k = xlpt_restarts_holder(known, bdf, uuid);
	bool leased = l && strcasecmp(l->uuid, uuid) != 0;
	_cleanup_free_ char *holder = leased ? xlpt_lease_holder(l) : NULL;

	if (!leased && !k)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s may not start: %s is not free",
		      dom->name ? dom->name : "the guest", text);
	if (leased)
		xlpt_diag_fact(diag, "a pool has leased it to %s", holder);
	else
		xlpt_diag_fact(diag, "it is kept for %s, which restarts", k->name);
	if (leased && l->domid >= 0 && !l->restarts)
		xlpt_diag_hint(diag, "xlpt detach %s %s", XLPT_WORD(l->guest), text);
	else
		xlpt_diag_hint(diag, "xlpt pool release %s, if it is not wanted there any more",
			       text);
	return XLPT_ERR_RULE;
}

static int read_domain(const char *path, struct xlpt_dom *dom, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = xlpt_convert_load(path, false, &text, NULL, diag);

	if (rc == 0)
		rc = xlpt_libvirt_read(xlpt_str_get(&text), text.len, path, dom, NULL, NULL, diag);
	if (rc && diag && !diag->hint)
		xlpt_diag_hint(diag, "name a file with a domain's XML, as virsh dumpxml prints it");
	return rc;
}

int xlpt_op_pool_admit(struct xlpt_env *env, const char *path, struct xlpt_diag *diag)
{
	_cleanup_dom_ struct xlpt_dom dom = { 0 };
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_knowns_ struct xlpt_knowns known = { 0 };
	int rc = read_domain(path, &dom, diag);

	if (rc)
		return rc;
	rc = xlpt_env_need_xen(env, diag);
	/* Leases that are over must not stop anybody. */
	if (rc == 0)
		rc = xlpt_restarts_look(env, diag);
	if (rc == 0)
		rc = xlpt_leases_reconcile(env, NULL, diag);
	if (rc == 0)
		rc = xlpt_leases_read(env, &leases, diag);
	if (rc == 0)
		rc = xlpt_restarts_read(env, &leases, &known, diag);
	xlpt_restarts_mark(&known, &leases);
	for (size_t i = 0; rc == 0 && i < dom.n_pci; i++)
		if (dom.pci[i].spec.has_bdf)
			rc = judge(&dom, dom.pci[i].spec.bdf, &leases, &known, diag);
	return rc;
}
