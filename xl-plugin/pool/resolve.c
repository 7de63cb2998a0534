/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From pool:NAME to a VF that is leased to the operation's guest. */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/pool/pools.h"

static void identity_defaults(const struct xlpt_pool_def *def, struct xlpt_vf_identity *vf)
{
	const struct xlpt_netid *id = &def->pool.id;

	/*
	 * As in libvirt: what the default port group says comes before what the network itself
	 * says.
	 */
	for (size_t i = 0; i < def->pool.n_group; i++)
		if (def->pool.group[i].is_default == XLPT_ON)
			id = &def->pool.group[i].id;
	if (!id->n_vlan)
		id = id->vport ? id : &def->pool.id;
	/* A trunk is no VLAN that a PF can put on a VF's frames. */
	if (id->n_vlan == 1 && id->vlan_trunk != XLPT_ON && !vf->has_vlan &&
	    id->vlan[0].id.v <= XLPT_VLAN_MAX) {
		vf->has_vlan = true;
		vf->vlan = (struct xlpt_vf_vlan){ .id = (uint16_t)id->vlan[0].id.v,
						  .proto = XLPT_VLAN_8021Q };
	}
	if (vf->port)
		return;
	if (id->vport == XLPT_VPORT_QBH && id->profileid) {
		vf->port = XLPT_PORT_QBH;
		snprintf(vf->profileid, sizeof(vf->profileid), "%s", id->profileid);
	} else if (id->vport == XLPT_VPORT_QBG) {
		vf->port = XLPT_PORT_QBG;
		vf->has_managerid = id->managerid.has;
		vf->managerid = (uint8_t)id->managerid.v;
		vf->has_typeid = id->typeid.has;
		vf->typeid = (uint32_t)id->typeid.v;
		vf->has_typeidversion = id->typeidversion.has;
		vf->typeidversion = (uint8_t)id->typeidversion.v;
		vf->has_instanceid =
			id->instanceid &&
			xlpt_uuid_parse(id->instanceid, strlen(id->instanceid), vf->instanceid);
	}
}

int xlpt_pool_take(struct xlpt_op *op, const struct xlpt_lease_terms *terms, struct xlpt_spec *spec,
		   struct xlpt_bdf *bdf, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	int rc;

	/*
	 * An outer operation may have leased it already; it keeps it, even if the pool was removed
	 * since.
	 */
	if (spec->has_bdf && xlpt_leases_find(&op->leases, spec->bdf)) {
		if (xlpt_pool_load(op->env, spec->pool, &def, NULL))
			return 0;
		rc = 0;
	} else {
		rc = xlpt_pool_allocate(op, terms, spec->pool, spec->has_bdf ? &spec->bdf : NULL,
					bdf, &def, diag);
	}
	if (rc)
		return rc;
	identity_defaults(&def, &spec->vf);
	/*
	 * A pool's VF belongs to nobody: it is taken from its dom0 driver, unless the pool says
	 * managed = no.
	 */
	if (spec->seize == XLPT_UNSET && def.pool.managed != XLPT_OFF)
		spec->seize = XLPT_ON;
	return xlpt_pool_mac(op, def.pool.name, *bdf, &spec->vf, diag);
}
