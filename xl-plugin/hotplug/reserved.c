/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that firmware has reserved for more than one function. Whoever has one of them can write
 * what the others read, so Xen gives none of them away unless it is told to be relaxed
 * (rdm_policy).
 */
#include "pciback/device/firmware.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/libvirt.h"
#include "xl-plugin/hotplug/operation.h"

static bool same_guest(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&op->owners, bdf);

	for (size_t i = 0; i < op->n; i++)
		if (xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
			return true;
	return owner && op->has_guest && owner->domid == op->guest.domid;
}

static void warn_elsewhere(const struct xlpt_op *op, const struct xlpt_rmrrs *r, size_t own)
{
	for (size_t i = 0; i < r->n; i++)
		if (i != own && r->items[i].structure == r->items[own].structure &&
		    !same_guest(op, r->items[i].bdf))
			xlpt_warn(op->env,
				  "%s shares memory that firmware has reserved with %s, which "
				  "is not with %s: each can overwrite what the other uses",
				  XLPT_BDF_STR(r->items[own].bdf), XLPT_BDF_STR(r->items[i].bdf),
				  op->guest.name);
}

int xlpt_op_reserved(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_attach_facts *f,
		     char **shared, struct xlpt_diag *diag)
{
	_cleanup_rmrrs_ struct xlpt_rmrrs r = { 0 };
	int rc;

	*shared = NULL;
	f->rdm_relaxed = item->spec.rdm_policy == XLPT_RDM_RELAXED;
	if (!xlpt_dmar_there(op->env->host))
		return 0;
	rc = xlpt_op_bus(op, diag);
	if (rc)
		return rc;
	/*
	 * When the table contradicts itself, its part before that is used; xlpt show tells of it.
	 */
	xlpt_dmar_read(op->env->host, &op->bus, &r, NULL);
	for (size_t i = 0; i < r.n && !*shared; i++) {
		if (!xlpt_bdf_eq(r.items[i].bdf, item->spec.bdf))
			continue;
		*shared = xlpt_rmrr_sharers(&r, i);
		if (!*shared)
			continue;
		f->rdm_shared = *shared;
		f->rdm_around = op->has_guest && !op->env->around_libvirt &&
				xlpt_libvirt_made(op->env, &op->guest);
		f->rdm_base = r.items[i].base;
		f->rdm_limit = r.items[i].limit;
		if (f->rdm_relaxed)
			warn_elsewhere(op, &r, i);
	}
	return 0;
}
