/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets the network identity of a VF (net.h). */
#include "pciback/sriov/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "pciback/sriov/msg.h"

static const uint8_t no_mac[6];

/*
 * The keys in which the VF differs. An address of zeroes takes an assigned one
 * back; what the driver reports afterwards is its own affair (some make one up),
 * so that it counts as so as soon as it is another one than before.
 */
static bool same_mac(const struct xlpt_vf_identity *want, const uint8_t *now, const uint8_t *before)
{
	if (!memcmp(want->mac, no_mac, 6) && before)
		return memcmp(now, before, 6) != 0 || !memcmp(now, no_mac, 6);
	return !memcmp(want->mac, now, 6);
}

static bool same_vlan(struct xlpt_vf_vlan a, struct xlpt_vf_vlan b)
{
	/* Without a tag the protocol says nothing, and drivers reset it. */
	return a.id == b.id && a.qos == b.qos && (a.proto == b.proto || (!a.id && !a.qos));
}

struct setting {
	struct xlpt_rtnl *nl;
	const char *ifname;
	unsigned index;
	struct xlpt_diag *diag;
};

static int send_one(const struct setting *s, const char *what, int type, const void *data,
		    size_t size)
{
	_cleanup_nl_msg_ struct nl_msg *m = xlpt_vf_msg_new(RTM_SETLINK, s->ifname);
	_cleanup_str_ struct xlpt_str answer = { 0 };
	_cleanup_free_ char *says = NULL;
	struct nlattr *list = nla_nest_start(m, IFLA_VFINFO_LIST);
	struct nlattr *info = nla_nest_start(m, IFLA_VF_INFO), *vlans = NULL;
	struct nlmsghdr *link;
	int r;

	if (type == IFLA_VF_VLAN_LIST)
		vlans = nla_nest_start(m, type);
	nla_put(m, vlans ? (int)IFLA_VF_VLAN_INFO : type, (int)size, data);
	if (vlans)
		nla_nest_end(m, vlans);
	nla_nest_end(m, info);
	nla_nest_end(m, list);
	r = xlpt_vf_msg_talk(s->nl, 0, m, &answer, &link, &says);
	if (r == 0)
		return 0;
	xlpt_diag_errno(s->diag, XLPT_ERR_IO, r, "%s refuses %s for its VF %u", s->ifname, what,
			s->index);
	xlpt_diag_fact(s->diag, "the answer of the kernel to RTM_SETLINK%s%s", says ? ": " : "",
		       says ? says : "");
	if (r == -EOPNOTSUPP || r == -EPROTONOSUPPORT)
		xlpt_diag_hint(s->diag, "its driver cannot do that: leave it out");
	else if (r == -EPERM)
		xlpt_diag_hint(s->diag, "run xlpt as root");
	else
		xlpt_diag_hint(s->diag,
			       "dmesg shows what the driver said; some settings want the "
			       "interface up: ip link set %s up",
			       XLPT_WORD(s->ifname));
	return XLPT_ERR_IO;
}

static int set_mac(const struct setting *s, const uint8_t *mac)
{
	struct ifla_vf_mac v = { .vf = s->index };
	_cleanup_free_ char *what = xlpt_xasprintf("mac=%s", XLPT_MAC_STR(mac));

	memcpy(v.mac, mac, 6);
	return send_one(s, what, IFLA_VF_MAC, &v, sizeof(v));
}

static int set_vlan(const struct setting *s, struct xlpt_vf_vlan vlan)
{
	/* The old attribute has no room for the protocol; 802.1Q needs none and is known everywhere. */
	struct ifla_vf_vlan plain = { .vf = s->index, .vlan = vlan.id, .qos = vlan.qos };
	struct ifla_vf_vlan_info v = {
		.vf = s->index, .vlan = vlan.id, .qos = vlan.qos, .vlan_proto = htons(vlan.proto)
	};
	_cleanup_free_ char *what = xlpt_xasprintf("vlan=%s", XLPT_VLAN_STR(vlan));

	if (vlan.proto == XLPT_VLAN_8021Q)
		return send_one(s, what, IFLA_VF_VLAN, &plain, sizeof(plain));
	return send_one(s, what, IFLA_VF_VLAN_LIST, &v, sizeof(v));
}

static int set_rate(const struct setting *s, const struct xlpt_vf_identity *want,
		    const struct xlpt_vf_identity *have)
{
	struct ifla_vf_rate v = {
		.vf = s->index,
		.min_tx_rate = want->has_min_rate ? want->min_rate : have->min_rate,
		.max_tx_rate = want->has_max_rate ? want->max_rate : have->max_rate,
	};
	_cleanup_free_ char *what =
		xlpt_xasprintf("min_rate=%u max_rate=%u", v.min_tx_rate, v.max_tx_rate);

	return send_one(s, what, IFLA_VF_RATE, &v, sizeof(v));
}

static int set_link(const struct setting *s, enum xlpt_vf_link link)
{
	struct ifla_vf_link_state v = {
		.vf = s->index,
		.link_state = link == XLPT_LINK_ENABLE	  ? IFLA_VF_LINK_STATE_ENABLE
			      : link == XLPT_LINK_DISABLE ? IFLA_VF_LINK_STATE_DISABLE
							  : IFLA_VF_LINK_STATE_AUTO,
	};
	_cleanup_free_ char *what = xlpt_xasprintf("link=%s", xlpt_vf_link_word(link));

	return send_one(s, what, IFLA_VF_LINK_STATE, &v, sizeof(v));
}

static int set_switch(const struct setting *s, const char *key, int type, enum xlpt_tri on)
{
	/* struct ifla_vf_spoofchk and struct ifla_vf_trust have this shape. */
	struct ifla_vf_trust v = { .vf = s->index, .setting = on == XLPT_ON };
	_cleanup_free_ char *what = xlpt_xasprintf("%s=%s", key, on == XLPT_ON ? "on" : "off");

	return send_one(s, what, type, &v, sizeof(v));
}

static bool same_rate(const struct xlpt_vf_identity *want, const struct xlpt_vf_identity *now)
{
	return (!want->has_min_rate || want->min_rate == now->min_rate) &&
	       (!want->has_max_rate || want->max_rate == now->max_rate);
}

static int set_differences(const struct setting *s, const struct xlpt_vf_identity *want,
			   const struct xlpt_vf_identity *have)
{
	int rc = 0;

	if (want->has_mac && memcmp(want->mac, have->mac, 6) != 0)
		rc = set_mac(s, want->mac);
	if (rc == 0 && want->has_vlan && !same_vlan(want->vlan, have->vlan))
		rc = set_vlan(s, want->vlan);
	if (rc == 0 && want->spoofchk && want->spoofchk != have->spoofchk)
		rc = set_switch(s, "spoofchk", IFLA_VF_SPOOFCHK, want->spoofchk);
	if (rc == 0 && want->trust && want->trust != have->trust)
		rc = set_switch(s, "trust", IFLA_VF_TRUST, want->trust);
	if (rc == 0 && !same_rate(want, have))
		rc = set_rate(s, want, have);
	if (rc == 0 && want->link && want->link != have->link)
		rc = set_link(s, want->link);
	return rc;
}

static int differs(const struct setting *s, const char *key, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s of VF %u of %s did not become what was set", key,
		      s->index, s->ifname);
	xlpt_diag_fact(diag, "RTM_SETLINK was acknowledged; RTM_GETLINK reports another value");
	xlpt_diag_hint(diag, "ip link show %s, and dmesg for what the driver said",
		       XLPT_WORD(s->ifname));
	return XLPT_ERR_CONFLICT;
}

static int compare(const struct setting *s, const struct xlpt_vf_identity *want,
		   const struct xlpt_vf_identity *now, const struct xlpt_vf_identity *before,
		   struct xlpt_diag *diag)
{
	if (want->has_mac && !same_mac(want, now->mac, before->mac))
		return differs(s, "the MAC address", diag);
	if (want->has_vlan && (!now->has_vlan || !same_vlan(want->vlan, now->vlan)))
		return differs(s, "the VLAN", diag);
	if (want->spoofchk && want->spoofchk != now->spoofchk)
		return differs(s, "spoofchk", diag);
	if (want->trust && want->trust != now->trust)
		return differs(s, "trust", diag);
	if (!same_rate(want, now))
		return differs(s, "the rate", diag);
	if (want->link && want->link != now->link)
		return differs(s, "the link state", diag);
	return 0;
}

int xlpt_vf_net_apply(struct xlpt_rtnl *nl, const char *ifname, unsigned index,
		      const struct xlpt_vf_identity *want, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net before = { 0 }, after = { 0 };
	const struct setting s = { .nl = nl, .ifname = ifname, .index = index, .diag = diag };
	const struct xlpt_vf_net *was, *is;
	int rc = xlpt_pf_net_read(nl, ifname, &before, diag);

	if (rc == 0)
		rc = xlpt_vf_net_check(&before, index, want, diag);
	if (rc)
		return rc;
	was = xlpt_pf_net_vf(&before, index);
	rc = set_differences(&s, want, &was->id);
	if (rc == 0)
		rc = xlpt_pf_net_read(nl, ifname, &after, diag);
	if (rc)
		return rc;
	is = xlpt_pf_net_vf(&after, index);
	if (!is)
		return differs(&s, "the presence", diag);
	return compare(&s, want, &is->id, &was->id, diag);
}
