/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Switch port profiles. For 802.1Qbh (VN-Link) the PF's driver speaks with the
 * switch: enic is the one in Linux that does (ndo_set_vf_port). For 802.1Qbg
 * (VEPA with VDP) lldpad does, which reads the same link messages on its own
 * netlink port. Both take IFLA_PORT_REQUEST and are asked again and again for
 * IFLA_PORT_RESPONSE: there is no event for it.
 *
 * No adapter or switch of either kind was at hand: what is written here rests on
 * linux/if_link.h, net/core/rtnetlink.c (do_setlink, rtnl_port_fill) and
 * drivers/net/ethernet/cisco/enic/enic_pp.c, and is tested against a scripted peer.
 */
#include "pciback/sriov/net.h"

#include <errno.h>
#include <string.h>

#include "pciback/sriov/msg.h"

#define POLL_MS 125

/* 802.1Qbg's type of station interface as lldpad reads it in IFLA_PORT_VSI_TYPE. */
struct vsi_type {
	uint8_t manager;
	uint8_t type[3]; /* least significant first */
	uint8_t version;
	uint8_t pad[3];
};

static void put_vf(struct nl_msg *m, const struct xlpt_vf_port_peer *peer,
		   const struct xlpt_vf_identity *id)
{
	struct nlattr *list = nla_nest_start(m, IFLA_VFINFO_LIST);
	struct nlattr *info = nla_nest_start(m, IFLA_VF_INFO);
	struct ifla_vf_mac mac = { .vf = peer->index };
	struct ifla_vf_vlan vlan = { .vf = peer->index, .vlan = id->vlan.id, .qos = id->vlan.qos };

	memcpy(mac.mac, peer->mac, 6);
	nla_put(m, IFLA_VF_MAC, sizeof(mac), &mac);
	if (id->has_vlan)
		nla_put(m, IFLA_VF_VLAN, sizeof(vlan), &vlan);
	nla_nest_end(m, info);
	nla_nest_end(m, list);
}

static void put_port(struct nl_msg *m, const struct xlpt_vf_port_peer *peer,
		     const struct xlpt_vf_identity *id, uint8_t request)
{
	struct nlattr *ports = nla_nest_start(m, IFLA_VF_PORTS);
	struct nlattr *port = nla_nest_start(m, IFLA_VF_PORT);
	struct vsi_type vsi = { .manager = id->managerid,
				.type = { id->typeid & 0xff, id->typeid >> 8 & 0xff,
					  id->typeid >> 16 & 0xff },
				.version = id->typeidversion };

	nla_put_u32(m, IFLA_PORT_VF, peer->index);
	if (id->port == XLPT_PORT_QBH)
		nla_put_string(m, IFLA_PORT_PROFILE, id->profileid);
	else
		nla_put(m, IFLA_PORT_VSI_TYPE, sizeof(vsi), &vsi);
	if (id->has_instanceid)
		nla_put(m, IFLA_PORT_INSTANCE_UUID, 16, id->instanceid);
	if (id->has_hostid)
		nla_put(m, IFLA_PORT_HOST_UUID, 16, id->hostid);
	nla_put_u8(m, IFLA_PORT_REQUEST, request);
	nla_nest_end(m, port);
	nla_nest_end(m, ports);
}

static int cannot(const struct xlpt_vf_port_peer *peer, const struct xlpt_vf_identity *id,
		  const char *what, int r, const char *says, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot %s the %s port profile of VF %u of %s", what,
			xlpt_vf_port_word(id->port), peer->index, peer->ifname);
	xlpt_diag_fact(diag, "the answer of %s%s%s", peer->port ? "lldpad" : "the kernel",
		       says ? ": " : "", says ? says : "");
	if (peer->port)
		xlpt_diag_hint(diag, "is lldpad running, with VDP enabled on %s?", peer->ifname);
	else if (r == -EOPNOTSUPP)
		xlpt_diag_hint(diag,
			       "the driver of %s knows no port profiles: leave out virtualport",
			       peer->ifname);
	else
		xlpt_diag_hint(diag, "dmesg shows what the driver said");
	return XLPT_ERR_IO;
}

/* 0 or the errno that came back, which is then in the diagnosis. */
static int request(const struct xlpt_vf_port_peer *peer, const struct xlpt_vf_identity *id,
		   uint8_t what, const char *word, struct xlpt_diag *diag)
{
	_cleanup_nl_msg_ struct nl_msg *m = xlpt_vf_msg_new(RTM_SETLINK, peer->ifname);
	_cleanup_str_ struct xlpt_str answer = { 0 };
	_cleanup_free_ char *says = NULL;
	struct nlmsghdr *link;
	int r;

	if (id->port == XLPT_PORT_QBG && peer->mac)
		put_vf(m, peer, id);
	put_port(m, peer, id, what);
	r = xlpt_vf_msg_talk(peer->nl, peer->port, m, &answer, &link, &says);
	if (r)
		cannot(peer, id, word, r, says, diag);
	return r;
}

/* The port of our VF in the answer: lldpad lists several, told apart by the instance. */
static bool is_ours(struct nlattr **tb, const struct xlpt_vf_port_peer *peer,
		    const struct xlpt_vf_identity *id)
{
	if (id->port == XLPT_PORT_QBG)
		return tb[IFLA_PORT_INSTANCE_UUID] && nla_len(tb[IFLA_PORT_INSTANCE_UUID]) == 16 &&
		       !memcmp(nla_data(tb[IFLA_PORT_INSTANCE_UUID]), id->instanceid, 16);
	return tb[IFLA_PORT_VF] && nla_len(tb[IFLA_PORT_VF]) >= 4 &&
	       nla_get_u32(tb[IFLA_PORT_VF]) == peer->index;
}

/* The response of our port, or "in progress" while there is none. */
static int find_response(struct nlmsghdr *link, const struct xlpt_vf_port_peer *peer,
			 const struct xlpt_vf_identity *id, uint16_t *response)
{
	struct nlattr *tb[IFLA_MAX + 1], *port[IFLA_PORT_MAX + 1], *entry;
	int left;

	*response = PORT_PROFILE_RESPONSE_INPROGRESS;
	if (!link || nlmsg_parse(link, sizeof(struct ifinfomsg), tb, IFLA_MAX, NULL))
		return -EBADMSG;
	if (!tb[IFLA_VF_PORTS])
		return 0;
	nla_for_each_nested(entry, tb[IFLA_VF_PORTS], left)
	{
		if (nla_type(entry) != IFLA_VF_PORT ||
		    nla_parse_nested(port, IFLA_PORT_MAX, entry, NULL) || !is_ours(port, peer, id))
			continue;
		if (port[IFLA_PORT_RESPONSE] && nla_len(port[IFLA_PORT_RESPONSE]) >= 2)
			*response = nla_get_u16(port[IFLA_PORT_RESPONSE]);
		return 0;
	}
	return 0;
}

static const char *response_word(uint16_t response)
{
	switch (response) {
	case PORT_VDP_RESPONSE_INVALID_FORMAT:
		return "invalid format";
	case PORT_VDP_RESPONSE_INSUFFICIENT_RESOURCES:
	case PORT_PROFILE_RESPONSE_INSUFFICIENT_RESOURCES:
		return "insufficient resources";
	case PORT_VDP_RESPONSE_UNUSED_VTID:
		return "unused VTID: no such type";
	case PORT_VDP_RESPONSE_VTID_VIOLATION:
		return "VTID violation: this type is not allowed here";
	case PORT_VDP_RESPONSE_VTID_VERSION_VIOALTION:
		return "VTID version violation: no such version of the type";
	case PORT_VDP_RESPONSE_OUT_OF_SYNC:
		return "out of sync";
	case PORT_PROFILE_RESPONSE_INVALID:
		return "invalid: no such profile";
	case PORT_PROFILE_RESPONSE_BADSTATE:
		return "bad state";
	case PORT_PROFILE_RESPONSE_ERROR:
		return "error";
	default:
		return "an answer that linux/if_link.h does not name";
	}
}

static int wait_response(const struct xlpt_vf_port_peer *peer, const struct xlpt_vf_identity *id,
			 struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(peer->clock) + peer->timeout_ms;
	uint16_t response;

	for (;;) {
		_cleanup_nl_msg_ struct nl_msg *m = xlpt_vf_msg_new(RTM_GETLINK, peer->ifname);
		_cleanup_str_ struct xlpt_str answer = { 0 };
		_cleanup_free_ char *says = NULL;
		struct nlmsghdr *link;
		int r;

		nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
		r = xlpt_vf_msg_talk(peer->nl, peer->port, m, &answer, &link, &says);
		if (r == 0)
			r = find_response(link, peer, id, &response);
		if (r)
			return cannot(peer, id, "follow", r, says, diag);
		if (response != PORT_PROFILE_RESPONSE_INPROGRESS ||
		    xlpt_now(peer->clock) >= deadline)
			break;
		peer->clock->sleep_ms(peer->clock, POLL_MS);
	}
	if (response == PORT_VDP_RESPONSE_SUCCESS || response == PORT_PROFILE_RESPONSE_SUCCESS)
		return 0;
	if (response == PORT_PROFILE_RESPONSE_INPROGRESS) {
		xlpt_diag_set(diag, XLPT_ERR_TIMEOUT,
			      "the switch did not answer for VF %u of %s within "
			      "%lld s",
			      peer->index, peer->ifname, (long long)peer->timeout_ms / 1000);
		xlpt_diag_fact(diag, "the %s association is still in progress",
			       xlpt_vf_port_word(id->port));
		xlpt_diag_hint(diag, "is %s up and cabled to a switch that speaks %s?",
			       peer->ifname, xlpt_vf_port_word(id->port));
		return XLPT_ERR_TIMEOUT;
	}
	xlpt_diag_set(
		diag, XLPT_ERR_IO, "the switch refuses the %s port profile of VF %u of %s: %s",
		xlpt_vf_port_word(id->port), peer->index, peer->ifname, response_word(response));
	xlpt_diag_fact(diag, "its answer was 0x%x (IFLA_PORT_RESPONSE)", response);
	xlpt_diag_hint(diag, "the switch's administrator knows which %s this port may have",
		       id->port == XLPT_PORT_QBH ? "profileid"
						 : "managerid, typeid and typeidversion");
	return XLPT_ERR_IO;
}

int xlpt_vf_port_associate(const struct xlpt_vf_port_peer *peer, const struct xlpt_vf_identity *id,
			   struct xlpt_diag *diag)
{
	int rc;

	if (request(peer, id, PORT_REQUEST_ASSOCIATE, "associate", diag))
		return XLPT_ERR_IO;
	rc = wait_response(peer, id, diag);
	/* A request that came to nothing would otherwise go on at the switch. */
	if (rc)
		request(peer, id, PORT_REQUEST_DISASSOCIATE, "take back", NULL);
	return rc;
}

int xlpt_vf_port_disassociate(const struct xlpt_vf_port_peer *peer,
			      const struct xlpt_vf_identity *id, struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag said = { 0 };
	/* Nothing waits for its end: a port that is still being left is taken anew all the same. */
	int r = request(peer, id, PORT_REQUEST_DISASSOCIATE, "disassociate", &said);

	/* A driver without port profiles has none to leave: the attach was cut short before it asked. */
	if (r == 0 || r == -EOPNOTSUPP)
		return 0;
	xlpt_diag_move(diag, &said);
	return XLPT_ERR_IO;
}
