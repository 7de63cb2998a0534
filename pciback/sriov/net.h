/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PF's driver says of the network identity of its VFs, and setting it:
 * RTM_GETLINK with IFLA_EXT_MASK and RTM_SETLINK with IFLA_VFINFO_LIST on the
 * PF's interface (linux/if_link.h; net/core/rtnetlink.c). Port profiles:
 * IFLA_VF_PORTS, to the kernel for 802.1Qbh and to lldpad for 802.1Qbg.
 */
#ifndef XLPT_PCIBACK_VF_NET_H
#define XLPT_PCIBACK_VF_NET_H

#include "core/clock.h"
#include "core/vfid.h"
#include "pciback/sriov/rtnl.h"

#define XLPT_PORT_PROFILE_TIMEOUT_MS 10000 /* for the switch to answer */

struct xlpt_vf_net {
	unsigned index;
	/* What the driver reports; unset what it does not. A MAC of zeroes: none was assigned. */
	struct xlpt_vf_identity id;
};

struct xlpt_pf_net {
	int ifindex;
	char *ifname;
	bool has_mac, up, carrier;
	uint8_t mac[6];
	struct xlpt_vf_net *vfs;
	size_t n, alloc;
};

void xlpt_pf_net_dispose(struct xlpt_pf_net *net);
#define _cleanup_pf_net_ XLPT_CLEANUP(xlpt_pf_net_dispose)

int xlpt_pf_net_read(struct xlpt_rtnl *nl, const char *ifname, struct xlpt_pf_net *out,
		     struct xlpt_diag *diag);
const struct xlpt_vf_net *xlpt_pf_net_vf(const struct xlpt_pf_net *net, unsigned index);

/*
 * Judges before anything is touched: the VF is reported, so is every key of
 * want, and its MAC is neither the PF's nor another VF's.
 */
int xlpt_vf_net_check(const struct xlpt_pf_net *net, unsigned index,
		      const struct xlpt_vf_identity *want, struct xlpt_diag *diag);

/*
 * Sets what want gives and the VF does not have yet, one key a message so that a
 * refusal names it, and reads it back: 0 means that the driver reports it. After
 * an error some keys may have been set. The port profile is not done here.
 */
int xlpt_vf_net_apply(struct xlpt_rtnl *nl, const char *ifname, unsigned index,
		      const struct xlpt_vf_identity *want, struct xlpt_diag *diag);

/* Of the keys that want gives, the values in have: what undoes setting want. */
struct xlpt_vf_identity xlpt_vf_net_old(const struct xlpt_vf_identity *have,
					const struct xlpt_vf_identity *want);

/* ---- port profiles (port.c) ---- */

struct xlpt_vf_port_peer {
	struct xlpt_rtnl *nl;
	struct xlpt_clock *clock;
	const char *ifname; /* of the PF */
	unsigned index;
	uint32_t port;	    /* lldpad's netlink port (its process id) for 802.1Qbg; 0 otherwise */
	const uint8_t *mac; /* of the VF; 802.1Qbg alone */
	int64_t timeout_ms;
};

/*
 * Asks the switch to take the VF into the profile and waits for its answer:
 * IFLA_PORT_REQUEST, then IFLA_PORT_RESPONSE until it is no longer "in progress".
 * id has virtualport and its keys. After an error the request is withdrawn.
 */
int xlpt_vf_port_associate(const struct xlpt_vf_port_peer *peer, const struct xlpt_vf_identity *id,
			   struct xlpt_diag *diag);
int xlpt_vf_port_disassociate(const struct xlpt_vf_port_peer *peer,
			      const struct xlpt_vf_identity *id, struct xlpt_diag *diag);

#endif
