/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/view/inventory.h"

#include "converters/libvirt/nodedev.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"

void xlpt_inventory_dispose(struct xlpt_inventory *inv)
{
	xlpt_devices_dispose(&inv->devs);
	xlpt_owners_dispose(&inv->owners);
	xlpt_sets_dispose(&inv->sets);
	xlpt_keepers_dispose(&inv->keepers);
}

int xlpt_inventory_read(struct xlpt_env *env, unsigned flags, struct xlpt_inventory *out,
			struct xlpt_diag *diag)
{
	int rc;

	*out = (struct xlpt_inventory){ 0 };
	rc = xlpt_env_try_xen(env, diag);
	if (rc == 0)
		rc = xlpt_scan_all(env->host, flags | XLPT_SCAN_SETS, env->pci_ids, &out->devs,
				   diag);
	if (rc == 0)
		rc = xlpt_owners_read(env, &out->owners, diag);
	if (rc == 0)
		rc = xlpt_keepers_read(env, &out->keepers, diag);
	if (rc == 0)
		xlpt_sets_make(&out->devs, &out->sets);
	return rc;
}

static size_t count_silent(const struct xlpt_devices *devs)
{
	size_t n = 0;

	for (size_t i = 0; i < devs->n; i++)
		n += devs->items[i].no_answer;
	return n;
}

void xlpt_inventory_warn(struct xlpt_env *env, const struct xlpt_inventory *inv)
{
	if (env->no_xen.message)
		xlpt_warn(env, "%s%s%s", env->no_xen.message, env->no_xen.fact ? ": " : "",
			  env->no_xen.fact ? env->no_xen.fact : "");
	if (inv->sets.unread)
		xlpt_warn(env,
			  "isolation sets are wider than they may be: the configuration space of "
			  "%zu function%s cannot be read%s",
			  inv->sets.unread, inv->sets.unread == 1 ? "" : "s",
			  count_silent(&inv->devs) >= inv->sets.unread
				  ? inv->sets.unread == 1 ? ": it does not answer"
							  : ": they do not answer"
			  : env->sysroot ? ""
					 : " (run it as root)");
	if (inv->sets.has_groups && !inv->sets.agree)
		xlpt_warn(env,
			  "the isolation sets are not the IOMMU groups that this kernel has made");
}

const struct xlpt_owner *xlpt_inventory_owner(const struct xlpt_inventory *inv, size_t i)
{
	return xlpt_owners_find(&inv->owners, inv->devs.items[i].bdf);
}

bool xlpt_inventory_assignable(const struct xlpt_inventory *inv, size_t i)
{
	const struct xlpt_device *d = inv->devs.items;
	const struct xlpt_sets *s = &inv->sets;
	_cleanup_free_ char *text = NULL;
	struct xlpt_keeper keeper;
	size_t set = s->of[i];

	if (d[i].no_answer || xlpt_set_ignores(&d[i]) ||
	    !xlpt_streq(d[i].driver, XLPT_PCIBACK_DRIVER) ||
	    xlpt_keeper_of(&inv->keepers, d[i].bdf, &keeper, &text))
		return false;
	for (size_t m = s->start[set]; m < s->start[set + 1]; m++) {
		size_t k = s->member[m];
		const struct xlpt_owner *o = xlpt_inventory_owner(inv, k);

		/* What a domain that is gone left is taken back by whoever attaches it. */
		if (o && o->guest)
			return false;
		if (!xlpt_set_ignores(&d[k]) && d[k].driver &&
		    !xlpt_streq(d[k].driver, XLPT_PCIBACK_DRIVER))
			return false;
	}
	return true;
}

int xlpt_inventory_xml(const struct xlpt_inventory *inv, size_t i, char **out,
		       struct xlpt_diag *diag)
{
	const struct xlpt_device *d = &inv->devs.items[i];
	const struct xlpt_sets *s = &inv->sets;
	size_t set = s->of[i], n = s->start[set + 1] - s->start[set], n_vfs = 0, above = i;
	_cleanup_free_ struct xlpt_bdf *mates = xlpt_xcalloc(n, sizeof(*mates)), *vfs = NULL;
	struct xlpt_nodedev node = { .dev = d, .mates = mates, .group = s->number[set] };

	/* The kernel gives none to a function that no IOMMU serves, as an IOMMU itself. */
	for (size_t m = 0; m < n && (!s->has_groups || d->iommu_group); m++) {
		const struct xlpt_device *mate = &inv->devs.items[s->member[s->start[set] + m]];

		if (!s->has_groups || mate->iommu_group)
			mates[node.n_mates++] = mate->bdf;
	}
	if (d->vf_total >= 0) {
		vfs = xlpt_xcalloc(inv->devs.n, sizeof(*vfs));
		for (size_t k = 0; k < inv->devs.n; k++)
			if (inv->devs.items[k].is_vf && xlpt_bdf_eq(inv->devs.items[k].pf, d->bdf))
				vfs[n_vfs++] = inv->devs.items[k].bdf;
	}
	above = xlpt_sets_parent(&inv->devs, i);
	node.parent = above == SIZE_MAX ? NULL : &inv->devs.items[above].bdf;
	node.vfs = vfs;
	node.n_vfs = n_vfs;
	return xlpt_nodedev_write(&node, out, diag);
}
