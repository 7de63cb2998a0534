/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fake kernel answers: acknowledgements and RTM_NEWLINK. */
#include "tests/fake/rtnl-internal.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static void pad(struct xlpt_str *o)
{
	while (o->len % 4)
		xlpt_str_addn(o, "", 1);
}

static size_t open_msg(struct xlpt_str *o, uint16_t type, const struct nlmsghdr *req,
		       uint16_t flags)
{
	size_t at = o->len;
	struct nlmsghdr h = { .nlmsg_type = type,
			      .nlmsg_flags = flags,
			      .nlmsg_seq = req->nlmsg_seq,
			      .nlmsg_pid = req->nlmsg_pid };

	xlpt_str_addn(o, (char *)&h, sizeof(h));
	return at;
}

static void close_msg(struct xlpt_str *o, size_t at)
{
	((struct nlmsghdr *)(o->s + at))->nlmsg_len = (uint32_t)(o->len - at);
	pad(o);
}

static void put(struct xlpt_str *o, int type, const void *data, size_t n)
{
	struct rtattr a = { .rta_len = (unsigned short)(RTA_LENGTH(n)),
			    .rta_type = (unsigned short)type };

	xlpt_str_addn(o, (char *)&a, sizeof(a));
	xlpt_str_addn(o, data, n);
	pad(o);
}

static size_t nest(struct xlpt_str *o, int type)
{
	size_t at = o->len;

	put(o, type, "", 0);
	return at;
}

static void unnest(struct xlpt_str *o, size_t at)
{
	((struct rtattr *)(o->s + at))->rta_len = (unsigned short)(o->len - at);
}

void fake_rtnl_acknowledge(struct fake_rtnl *f, struct xlpt_str *o, const struct nlmsghdr *req,
			   int err)
{
	bool words = err && f->words;
	size_t at = open_msg(o, NLMSG_ERROR, req,
			     (uint16_t)(NLM_F_CAPPED | (words ? NLM_F_ACK_TLVS : 0)));
	struct nlmsgerr e = { .error = -err, .msg = *req };

	xlpt_str_addn(o, (char *)&e, sizeof(e));
	if (words)
		put(o, NLMSGERR_ATTR_MSG, f->words, strlen(f->words) + 1);
	close_msg(o, at);
}

/* ---- RTM_GETLINK ---- */

static void put_vf(struct xlpt_str *o, const struct fake_link *l, unsigned i)
{
	const struct fake_vf *v = &l->vfs[i];
	size_t info = nest(o, IFLA_VF_INFO), list;
	struct ifla_vf_mac mac = { .vf = i };
	struct ifla_vf_vlan vlan = { i, v->vlan, v->qos };
	struct ifla_vf_vlan_info vi = { i, v->vlan, v->qos, htons(v->proto) };
	struct ifla_vf_rate rate = { i, v->min_rate, v->max_rate };
	struct ifla_vf_spoofchk spoof = { i, v->spoofchk };
	struct ifla_vf_link_state link = { i, v->link };
	struct ifla_vf_trust trust = { i,
				       l->features & FAKE_RTNL_NO_TRUST ? UINT32_MAX : v->trust };

	memcpy(mac.mac, v->mac, 6);
	put(o, IFLA_VF_MAC, &mac, sizeof(mac));
	put(o, IFLA_VF_VLAN, &vlan, sizeof(vlan));
	put(o, IFLA_VF_RATE, &rate, sizeof(rate));
	put(o, IFLA_VF_SPOOFCHK, &spoof, sizeof(spoof));
	put(o, IFLA_VF_LINK_STATE, &link, sizeof(link));
	put(o, IFLA_VF_TRUST, &trust, sizeof(trust));
	list = nest(o, IFLA_VF_VLAN_LIST);
	put(o, IFLA_VF_VLAN_INFO, &vi, sizeof(vi));
	unnest(o, list);
	unnest(o, info);
}

static void put_port(struct fake_rtnl *f, struct xlpt_str *o, const struct fake_vf *v,
		     uint32_t index)
{
	int answer = f->answers[f->at_answer];
	size_t port = nest(o, IFLA_VF_PORT);
	uint16_t response = (uint16_t)answer;

	put(o, IFLA_PORT_VF, &index, sizeof(index));
	if (v->has_instance)
		put(o, IFLA_PORT_INSTANCE_UUID, v->instance, 16);
	if (answer >= 0)
		put(o, IFLA_PORT_RESPONSE, &response, sizeof(response));
	unnest(o, port);
	f->at_answer += f->at_answer + 1 < f->n_answers;
}

void fake_rtnl_get_link(struct fake_rtnl *f, struct xlpt_str *o, const struct nlmsghdr *req,
			const struct fake_link *l)
{
	size_t at = open_msg(o, RTM_NEWLINK, req, 0), list;
	struct ifinfomsg info = { .ifi_index = 7 };
	uint32_t n = l->n;

	info.ifi_flags = l->up ? IFF_UP | IFF_RUNNING : 0;
	xlpt_str_addn(o, (char *)&info, sizeof(info));
	put(o, IFLA_IFNAME, l->name, strlen(l->name) + 1);
	put(o, IFLA_ADDRESS, l->mac, 6);
	put(o, IFLA_NUM_VF, &n, sizeof(n));
	list = nest(o, IFLA_VFINFO_LIST);
	for (unsigned i = 0; i < l->n; i++)
		put_vf(o, l, i);
	unnest(o, list);
	if (f->n_answers) {
		list = nest(o, IFLA_VF_PORTS);
		for (unsigned i = 0; i < l->n; i++)
			if (l->vfs[i].associated)
				put_port(f, o, &l->vfs[i], i);
		unnest(o, list);
	}
	close_msg(o, at);
}
