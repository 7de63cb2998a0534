/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/sriov/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "core/text.h"
#include "pciback/sriov/msg.h"

void xlpt_pf_net_dispose(struct xlpt_pf_net *net)
{
	free(net->ifname);
	free(net->vfs);
	*net = (struct xlpt_pf_net){ 0 };
}

const struct xlpt_vf_net *xlpt_pf_net_vf(const struct xlpt_pf_net *net, unsigned index)
{
	for (size_t i = 0; i < net->n; i++)
		if (net->vfs[i].index == index)
			return &net->vfs[i];
	return NULL;
}

/* ---- reading ---- */

/* The attribute's data when it has at least that many bytes. */
static const void *data_of(struct nlattr *attr, size_t size)
{
	return attr && nla_len(attr) >= (int)size ? nla_data(attr) : NULL;
}

/*
 * What a driver does not know stays at -1 in the kernel's answer (spoof check,
 * trust); link state and rate cannot say so and are 0, "auto" and "no limit".
 */
static void read_settings(struct nlattr **tb, struct xlpt_vf_identity *id)
{
	const struct ifla_vf_spoofchk *spoof = data_of(tb[IFLA_VF_SPOOFCHK], sizeof(*spoof));
	const struct ifla_vf_trust *trust = data_of(tb[IFLA_VF_TRUST], sizeof(*trust));
	const struct ifla_vf_link_state *link = data_of(tb[IFLA_VF_LINK_STATE], sizeof(*link));
	const struct ifla_vf_rate *rate = data_of(tb[IFLA_VF_RATE], sizeof(*rate));

	if (spoof && spoof->setting != UINT32_MAX)
		id->spoofchk = spoof->setting ? XLPT_ON : XLPT_OFF;
	if (trust && trust->setting != UINT32_MAX)
		id->trust = trust->setting ? XLPT_ON : XLPT_OFF;
	if (link)
		id->link = link->link_state == IFLA_VF_LINK_STATE_ENABLE    ? XLPT_LINK_ENABLE
			   : link->link_state == IFLA_VF_LINK_STATE_DISABLE ? XLPT_LINK_DISABLE
									    : XLPT_LINK_AUTO;
	if (rate) {
		id->has_min_rate = id->has_max_rate = true;
		id->min_rate = rate->min_tx_rate;
		id->max_rate = rate->max_tx_rate;
	}
}

static void read_vlan(struct nlattr **tb, struct xlpt_vf_identity *id)
{
	const struct ifla_vf_vlan *vlan = data_of(tb[IFLA_VF_VLAN], sizeof(*vlan));
	struct nlattr *entry;
	int left;

	if (vlan) {
		id->has_vlan = true;
		id->vlan = (struct xlpt_vf_vlan){ (uint16_t)vlan->vlan, (uint8_t)vlan->qos,
						  XLPT_VLAN_8021Q };
	}
	if (!tb[IFLA_VF_VLAN_LIST])
		return;
	/* Since 4.9, with the protocol; one entry is all the kernel takes (MAX_VLAN_LIST_LEN). */
	nla_for_each_nested(entry, tb[IFLA_VF_VLAN_LIST], left)
	{
		const struct ifla_vf_vlan_info *info = data_of(entry, sizeof(*info));

		if (nla_type(entry) != IFLA_VF_VLAN_INFO || !info)
			continue;
		id->has_vlan = true;
		id->vlan = (struct xlpt_vf_vlan){ (uint16_t)info->vlan, (uint8_t)info->qos,
						  ntohs(info->vlan_proto) };
	}
}

static void read_vf(struct nlattr *info, struct xlpt_pf_net *out)
{
	struct nlattr *tb[IFLA_VF_MAX + 1];
	const struct ifla_vf_mac *mac;
	struct xlpt_vf_net *vf;

	if (nla_parse_nested(tb, IFLA_VF_MAX, info, NULL))
		return;
	mac = data_of(tb[IFLA_VF_MAC], sizeof(*mac));
	if (!mac)
		return;
	XLPT_GROW(out->vfs, out->n, out->alloc);
	vf = &out->vfs[out->n++];
	*vf = (struct xlpt_vf_net){ .index = mac->vf };
	vf->id.has_mac = true;
	memcpy(vf->id.mac, mac->mac, 6);
	read_vlan(tb, &vf->id);
	read_settings(tb, &vf->id);
}

static int cannot_read(const char *ifname, int r, const char *says, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, r == -ENODEV ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO, r,
			"cannot read the virtual functions of %s", ifname);
	xlpt_diag_fact(diag, "RTM_GETLINK%s%s", says ? ": " : "", says ? says : "");
	xlpt_diag_hint(diag, "ip link show %s", XLPT_WORD(ifname));
	return r == -ENODEV ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO;
}

int xlpt_pf_net_read(struct xlpt_rtnl *nl, const char *ifname, struct xlpt_pf_net *out,
		     struct xlpt_diag *diag)
{
	_cleanup_nl_msg_ struct nl_msg *m = xlpt_vf_msg_new(RTM_GETLINK, ifname);
	_cleanup_str_ struct xlpt_str answer = { 0 };
	_cleanup_free_ char *says = NULL;
	struct nlattr *tb[IFLA_MAX + 1], *info;
	const struct ifinfomsg *link;
	struct nlmsghdr *head;
	int left, r;

	*out = (struct xlpt_pf_net){ 0 };
	/* Without the statistics 256 VFs fit into an attribute's 64 KiB; older kernels ignore the bit. */
	nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	r = xlpt_vf_msg_talk(nl, 0, m, &answer, &head, &says);
	if (r == 0 && (!head || nlmsg_parse(head, sizeof(*link), tb, IFLA_MAX, NULL)))
		r = -EBADMSG;
	if (r)
		return cannot_read(ifname, r, says, diag);
	link = nlmsg_data(head);
	out->ifindex = link->ifi_index;
	out->ifname = xlpt_xstrdup(ifname);
	out->up = link->ifi_flags & IFF_UP;
	out->carrier = link->ifi_flags & IFF_RUNNING;
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == 6) {
		out->has_mac = true;
		memcpy(out->mac, nla_data(tb[IFLA_ADDRESS]), 6);
	}
	if (!tb[IFLA_VFINFO_LIST])
		return 0;
	nla_for_each_nested(info, tb[IFLA_VFINFO_LIST], left) if (nla_type(info) == IFLA_VF_INFO)
		read_vf(info, out);
	return 0;
}

/* ---- judging ---- */

static int not_reported(const struct xlpt_pf_net *net, const char *key, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the driver of %s does not know %s for its VFs",
		      net->ifname, key);
	xlpt_diag_fact(diag,
		       "its answer to RTM_GETLINK does not report it, so that setting it could "
		       "not be proved");
	xlpt_diag_hint(diag, "leave out %s", key);
	return XLPT_ERR_NOT_FOUND;
}

static int duplicate(const struct xlpt_pf_net *net, const uint8_t *mac, int other,
		     struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_IN_USE, "the MAC address %s is used on %s already",
		      XLPT_MAC_STR(mac), net->ifname);
	if (other < 0)
		xlpt_diag_fact(diag, "it is %s's own", net->ifname);
	else
		xlpt_diag_fact(diag, "VF %d of %s has it", other, net->ifname);
	xlpt_diag_hint(diag, "choose another address: two ports of one switch cannot share it");
	return XLPT_ERR_IN_USE;
}

int xlpt_vf_net_check(const struct xlpt_pf_net *net, unsigned index,
		      const struct xlpt_vf_identity *want, struct xlpt_diag *diag)
{
	const struct xlpt_vf_net *vf = xlpt_pf_net_vf(net, index);

	if (!vf) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s does not report its VF %u", net->ifname,
			      index);
		xlpt_diag_fact(diag, "the driver's answer to RTM_GETLINK has %zu VFs", net->n);
		xlpt_diag_hint(diag,
			       "ip link show %s; a PF without VF settings cannot give its VFs an "
			       "identity",
			       XLPT_WORD(net->ifname));
		return XLPT_ERR_NOT_FOUND;
	}
	if (want->trust && !vf->id.trust)
		return not_reported(net, "trust", diag);
	if (want->spoofchk && !vf->id.spoofchk)
		return not_reported(net, "spoofchk", diag);
	if (want->link && !vf->id.link)
		return not_reported(net, "link", diag);
	if ((want->has_min_rate && !vf->id.has_min_rate) ||
	    (want->has_max_rate && !vf->id.has_max_rate))
		return not_reported(net, want->has_max_rate ? "max_rate" : "min_rate", diag);
	/* Zeroes take an assigned address back; any number of VFs may be without one. */
	if (!want->has_mac || !memcmp(want->mac, (uint8_t[6]){ 0 }, 6))
		return 0;
	if (net->has_mac && !memcmp(net->mac, want->mac, 6))
		return duplicate(net, want->mac, -1, diag);
	for (size_t i = 0; i < net->n; i++)
		if (net->vfs[i].index != index && !memcmp(net->vfs[i].id.mac, want->mac, 6))
			return duplicate(net, want->mac, (int)net->vfs[i].index, diag);
	return 0;
}

struct xlpt_vf_identity xlpt_vf_net_old(const struct xlpt_vf_identity *have,
					const struct xlpt_vf_identity *want)
{
	struct xlpt_vf_identity old = { 0 };

	if (want->has_mac) {
		old.has_mac = true;
		memcpy(old.mac, have->mac, 6);
	}
	if (want->has_vlan) {
		old.has_vlan = true;
		old.vlan = have->vlan;
		if (!old.vlan.proto)
			old.vlan.proto = XLPT_VLAN_8021Q;
	}
	old.trust = want->trust ? have->trust : XLPT_UNSET;
	old.spoofchk = want->spoofchk ? have->spoofchk : XLPT_UNSET;
	old.link = want->link ? have->link : XLPT_LINK_UNSET;
	old.has_min_rate = want->has_min_rate;
	old.min_rate = want->has_min_rate ? have->min_rate : 0;
	old.has_max_rate = want->has_max_rate;
	old.max_rate = want->has_max_rate ? have->max_rate : 0;
	return old;
}
