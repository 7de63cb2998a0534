/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VF's port profile at the switch, which its PF's driver or lldpad asks for. */
#include <string.h>

#include "xl-plugin/hotplug/loan.h"

#define LLDPAD_PID "/run/lldpad.pid"
#define HOST_UUID  "/sys/class/dmi/id/product_uuid"

static int lldpad_port(struct xlpt_env *env, uint32_t *port, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	uint64_t v = 0;

	if (xlpt_host_read_text(env->host, &text, LLDPAD_PID) >= 0 &&
	    xlpt_parse_uint(xlpt_chomp(text), strlen(text), 10, INT32_MAX, &v) && v) {
		*port = (uint32_t)v;
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "802.1Qbg needs lldpad, and it does not run here");
	xlpt_diag_fact(diag, LLDPAD_PID " has no process id");
	xlpt_diag_hint(diag, "systemctl start lldpad");
	return XLPT_ERR_NOT_FOUND;
}

static int peer_of(struct xlpt_env *env, const struct xlpt_vf *vf, enum xlpt_vf_port kind,
		   struct xlpt_vf_port_peer *peer, struct xlpt_diag *diag)
{
	*peer = (struct xlpt_vf_port_peer){ .nl = env->rtnl,
					    .clock = env->clock,
					    .ifname = vf->pf.ifname,
					    .index = vf->index,
					    .timeout_ms = XLPT_PORT_PROFILE_TIMEOUT_MS };
	return kind == XLPT_PORT_QBG ? lldpad_port(env, &peer->port, diag) : 0;
}

int xlpt_vf_port_profile(struct xlpt_env *env, const struct xlpt_vf *vf,
			 const struct xlpt_vf_identity *id, bool on, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	const struct xlpt_vf_net *now = NULL;
	struct xlpt_vf_identity full = *id;
	struct xlpt_vf_port_peer peer;
	_cleanup_free_ char *text = NULL;
	int rc;

	/* lldpad does not run any more: what it had associated ended with it. */
	if (!on && id->port == XLPT_PORT_QBG && !xlpt_host_has(env->host, LLDPAD_PID))
		return 0;
	rc = peer_of(env, vf, id->port, &peer, diag);
	if (rc == 0)
		rc = xlpt_pf_net_read(env->rtnl, vf->pf.ifname, &net, diag);
	if (rc)
		return rc;
	now = xlpt_pf_net_vf(&net, vf->index);
	peer.mac = now ? now->id.mac : NULL;
	if (!full.has_vlan && now && now->id.vlan.id) {
		full.has_vlan = true;
		full.vlan = now->id.vlan;
	}
	/*
	 * The host's UUID shows the switch's administrator which host asks. A machine without one
	 * sends none.
	 */
	if (!full.has_hostid && xlpt_host_read_text(env->host, &text, HOST_UUID) >= 0)
		full.has_hostid = xlpt_uuid_parse(text, strlen(text), full.hostid);
	return on ? xlpt_vf_port_associate(&peer, &full, diag)
		  : xlpt_vf_port_disassociate(&peer, &full, diag);
}
