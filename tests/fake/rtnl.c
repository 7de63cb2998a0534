/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#define MAX_VFS 64

struct vf {
	uint8_t mac[6];
	uint32_t vlan, qos;
	uint16_t proto;
	bool spoofchk, trust;
	uint32_t link, min_rate, max_rate;
	bool associated;
	char port[400];
	uint8_t instance[16];
	bool has_instance;
};

struct link {
	char name[IFNAMSIZ];
	uint8_t mac[6];
	bool up;
	unsigned features, n;
	struct vf vfs[MAX_VFS];
};

struct fake_rtnl {
	struct xlpt_rtnl nl;
	struct link *links;
	size_t n, alloc;
	unsigned fail_in;
	int fail_err;
	char *words;
	struct xlpt_str raw, log;
	int *answers;
	size_t n_answers, at_answer;
};

/* ---- writing an answer ---- */

struct out {
	struct xlpt_str s;
};

static void pad(struct out *o)
{
	while (o->s.len % 4)
		xlpt_str_addn(&o->s, "", 1);
}

static size_t open_msg(struct out *o, uint16_t type, const struct nlmsghdr *req, uint16_t flags)
{
	size_t at = o->s.len;
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = req->nlmsg_seq,
			      .nlmsg_pid = req->nlmsg_pid };

	xlpt_str_addn(&o->s, (char *)&h, sizeof(h));
	return at;
}

static void close_msg(struct out *o, size_t at)
{
	((struct nlmsghdr *)(o->s.s + at))->nlmsg_len = (uint32_t)(o->s.len - at);
	pad(o);
}

static void put(struct out *o, int type, const void *data, size_t n)
{
	struct rtattr a = { .rta_len = (unsigned short)(RTA_LENGTH(n)),
			    .rta_type = (unsigned short)type };

	xlpt_str_addn(&o->s, (char *)&a, sizeof(a));
	xlpt_str_addn(&o->s, data, n);
	pad(o);
}

static size_t nest(struct out *o, int type)
{
	size_t at = o->s.len;

	put(o, type, "", 0);
	return at;
}

static void unnest(struct out *o, size_t at)
{
	((struct rtattr *)(o->s.s + at))->rta_len = (unsigned short)(o->s.len - at);
}

static void acknowledge(struct fake_rtnl *f, struct out *o, const struct nlmsghdr *req, int err)
{
	bool words = err && f->words;
	size_t at = open_msg(o, NLMSG_ERROR, req, (uint16_t)(NLM_F_CAPPED |
							      (words ? NLM_F_ACK_TLVS : 0)));
	struct nlmsgerr e = { .error = -err, .msg = *req };

	xlpt_str_addn(&o->s, (char *)&e, sizeof(e));
	if (words)
		put(o, NLMSGERR_ATTR_MSG, f->words, strlen(f->words) + 1);
	close_msg(o, at);
}

/* ---- RTM_GETLINK ---- */

static void put_vf(struct out *o, const struct link *l, unsigned i)
{
	const struct vf *v = &l->vfs[i];
	size_t info = nest(o, IFLA_VF_INFO), list;
	struct ifla_vf_mac mac = { .vf = i };
	struct ifla_vf_vlan vlan = { i, v->vlan, v->qos };
	struct ifla_vf_vlan_info vi = { i, v->vlan, v->qos, htons(v->proto) };
	struct ifla_vf_rate rate = { i, v->min_rate, v->max_rate };
	struct ifla_vf_spoofchk spoof = { i, v->spoofchk };
	struct ifla_vf_link_state link = { i, v->link };
	struct ifla_vf_trust trust = { i, l->features & FAKE_RTNL_NO_TRUST ? UINT32_MAX : v->trust };

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

static void put_port(struct fake_rtnl *f, struct out *o, const struct vf *v, uint32_t index)
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

static void get_link(struct fake_rtnl *f, struct out *o, const struct nlmsghdr *req,
		     const struct link *l)
{
	size_t at = open_msg(o, RTM_NEWLINK, req, 0), list;
	struct ifinfomsg info = { .ifi_index = 7 };
	uint32_t n = l->n;

	info.ifi_flags = l->up ? IFF_UP | IFF_RUNNING : 0;
	xlpt_str_addn(&o->s, (char *)&info, sizeof(info));
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

/* ---- RTM_SETLINK ---- */

#define LOG(f, l, i, ...)                                                   \
	do {                                                                \
		xlpt_str_addf(&(f)->log, "%s vf %u ", (l)->name, (i));      \
		xlpt_str_addf(&(f)->log, __VA_ARGS__);                      \
		xlpt_str_add(&(f)->log, "\n");                              \
	} while (0)

static int set_mac(struct fake_rtnl *f, struct link *l, const struct ifla_vf_mac *m)
{
	if (m->mac[0] & 1)
		return EINVAL;
	LOG(f, l, m->vf, "mac %s", XLPT_MAC_STR(m->mac));
	if (!(l->features & FAKE_RTNL_DEAF))
		memcpy(l->vfs[m->vf].mac, m->mac, 6);
	return 0;
}

static int set_vlan(struct fake_rtnl *f, struct link *l, uint32_t i, uint32_t vlan, uint32_t qos,
		    uint16_t proto)
{
	if (vlan > 4095 || qos > 7)
		return EINVAL;
	if (proto != ETH_P_8021Q && !(l->features & FAKE_RTNL_8021AD))
		return EPROTONOSUPPORT;
	LOG(f, l, i, "vlan %u qos %u proto %x", vlan, qos, proto);
	if (l->features & FAKE_RTNL_DEAF)
		return 0;
	l->vfs[i].vlan = vlan;
	l->vfs[i].qos = qos;
	l->vfs[i].proto = proto;
	return 0;
}

static int set_rate(struct fake_rtnl *f, struct link *l, const struct ifla_vf_rate *r)
{
	if ((r->min_tx_rate && !(l->features & FAKE_RTNL_MIN_RATE)) || !l->up ||
	    r->max_tx_rate > 1000)
		return EINVAL;
	LOG(f, l, r->vf, "rate %u %u", r->min_tx_rate, r->max_tx_rate);
	if (l->features & FAKE_RTNL_DEAF)
		return 0;
	l->vfs[r->vf].min_rate = r->min_tx_rate;
	l->vfs[r->vf].max_rate = r->max_tx_rate;
	return 0;
}

static int set_word(struct fake_rtnl *f, struct link *l, int type, uint32_t i, uint32_t v)
{
	struct vf *vf = &l->vfs[i];

	if (type == IFLA_VF_LINK_STATE && !(l->features & FAKE_RTNL_LINK_STATE))
		return EOPNOTSUPP;
	if (type == IFLA_VF_TRUST && l->features & FAKE_RTNL_NO_TRUST)
		return EOPNOTSUPP;
	LOG(f, l, i, "%s %u", type == IFLA_VF_LINK_STATE ? "link" :
			      type == IFLA_VF_TRUST	 ? "trust" : "spoofchk", v);
	if (l->features & FAKE_RTNL_DEAF)
		return 0;
	if (type == IFLA_VF_LINK_STATE)
		vf->link = v;
	else
		*(type == IFLA_VF_TRUST ? &vf->trust : &vf->spoofchk) = v != 0;
	return 0;
}

#define FOR_ATTRS(a, list, left)                                                          \
	for (a = RTA_DATA(list), left = (int)RTA_PAYLOAD(list); RTA_OK(a, left);          \
	     a = RTA_NEXT(a, left))

static int set_one(struct fake_rtnl *f, struct link *l, struct rtattr *a)
{
	const struct ifla_vf_vlan_info *vi;
	const uint32_t *word = RTA_DATA(a);
	int type = a->rta_type & NLA_TYPE_MASK;

	if (type == IFLA_VF_VLAN_LIST) {
		a = RTA_DATA(a);
		vi = RTA_DATA(a);
		return vi->vf >= l->n ? EINVAL
				      : set_vlan(f, l, vi->vf, vi->vlan, vi->qos, ntohs(vi->vlan_proto));
	}
	if (RTA_PAYLOAD(a) < 8 || word[0] >= l->n)
		return EINVAL;
	switch (type) {
	case IFLA_VF_MAC:
		return set_mac(f, l, RTA_DATA(a));
	case IFLA_VF_VLAN:
		return set_vlan(f, l, word[0], word[1], word[2], ETH_P_8021Q);
	case IFLA_VF_RATE:
		return set_rate(f, l, RTA_DATA(a));
	case IFLA_VF_LINK_STATE:
	case IFLA_VF_SPOOFCHK:
	case IFLA_VF_TRUST:
		return set_word(f, l, type, word[0], word[1]);
	default:
		return EOPNOTSUPP;
	}
}

/* One IFLA_VF_PORT: written into the log with every attribute as it came. */
static int set_port(struct fake_rtnl *f, struct link *l, struct rtattr *port)
{
	static const char *const requests[] = { "preassociate", "preassociate-rr", "associate",
						"disassociate" };
	uint32_t index = UINT32_MAX;
	struct vf vf = { 0 };
	struct rtattr *a;
	int left, request = -1;
	_cleanup_str_ struct xlpt_str s = { 0 };

	FOR_ATTRS(a, port, left) {
		const uint8_t *d = RTA_DATA(a);

		switch (a->rta_type & NLA_TYPE_MASK) {
		case IFLA_PORT_VF:
			index = *(const uint32_t *)RTA_DATA(a);
			break;
		case IFLA_PORT_PROFILE:
			xlpt_str_addf(&s, " profile \"%s\"", (const char *)d);
			break;
		case IFLA_PORT_VSI_TYPE:
			xlpt_str_addf(&s, " vsi %u/%u/%u", d[0], d[1] | d[2] << 8 | d[3] << 16, d[4]);
			break;
		case IFLA_PORT_INSTANCE_UUID:
			vf.has_instance = true;
			memcpy(vf.instance, d, 16);
			xlpt_str_addf(&s, " instance %s", XLPT_UUID_STR(d));
			break;
		case IFLA_PORT_HOST_UUID:
			xlpt_str_addf(&s, " host %s", XLPT_UUID_STR(d));
			break;
		case IFLA_PORT_REQUEST:
			request = *d;
			break;
		default:
			return EINVAL;
		}
	}
	if (index >= l->n || request < 0 || request > 3 || !f->n_answers)
		return EOPNOTSUPP;
	LOG(f, l, index, "port %s%s", requests[request], xlpt_str_get(&s));
	l->vfs[index].associated = request == PORT_REQUEST_ASSOCIATE;
	l->vfs[index].has_instance = vf.has_instance;
	memcpy(l->vfs[index].instance, vf.instance, 16);
	return 0;
}

static int set_link(struct fake_rtnl *f, struct link *l, struct rtattr *top, uint32_t port)
{
	struct rtattr *info, *a;
	int left, left2, err = 0;

	if ((top->rta_type & NLA_TYPE_MASK) == IFLA_VF_PORTS) {
		FOR_ATTRS(info, top, left)
			err = err ? err : set_port(f, l, info);
		return err;
	}
	if ((top->rta_type & NLA_TYPE_MASK) != IFLA_VFINFO_LIST)
		return 0;
	FOR_ATTRS(info, top, left)
		FOR_ATTRS(a, info, left2) {
			const struct ifla_vf_mac *m = RTA_DATA(a);

			/* To lldpad this only says whose port it is. */
			if (port && (a->rta_type & NLA_TYPE_MASK) == IFLA_VF_MAC)
				LOG(f, l, m->vf, "named %s", XLPT_MAC_STR(m->mac));
			else if (!port && !err)
				err = set_one(f, l, a);
		}
	return err;
}

/* ---- the seam ---- */

static struct link *find(struct fake_rtnl *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->links[i].name, name))
			return &f->links[i];
	return NULL;
}

static int serve(struct fake_rtnl *f, uint32_t port, const struct nlmsghdr *req, struct out *o)
{
	struct rtattr *first = (struct rtattr *)((char *)NLMSG_DATA(req) +
						 NLMSG_ALIGN(sizeof(struct ifinfomsg)));
	int left = (int)req->nlmsg_len - (int)NLMSG_SPACE(sizeof(struct ifinfomsg)), all = left, err = 0;
	struct rtattr *a;
	struct link *l = NULL;
	bool ext = false;

	for (a = first; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			l = find(f, RTA_DATA(a));
		if (a->rta_type == IFLA_EXT_MASK)
			ext = *(uint32_t *)RTA_DATA(a) & RTEXT_FILTER_VF;
	}
	if (!l)
		return ENODEV;
	if (req->nlmsg_type == RTM_GETLINK) {
		if (ext)
			get_link(f, o, req, l);
		return ext ? 0 : EINVAL;
	}
	for (a = first, left = all; RTA_OK(a, left) && !err; a = RTA_NEXT(a, left))
		err = set_link(f, l, a, port);
	return err;
}

static int talk(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		struct xlpt_str *answer)
{
	struct fake_rtnl *f = nl->priv;
	const struct nlmsghdr *req = msg;
	struct out o = { 0 };
	int err = 0;

	if (len < sizeof(*req) || req->nlmsg_len != len || !(req->nlmsg_flags & NLM_F_ACK) ||
	    !(req->nlmsg_flags & NLM_F_REQUEST)) {
		fputs("fake rtnl: a request that the kernel would drop\n", stderr);
		abort();
	}
	if (f->raw.len) {
		xlpt_str_addn(answer, f->raw.s, f->raw.len);
		xlpt_str_dispose(&f->raw);
		return 0;
	}
	if (f->fail_in && --f->fail_in == 0)
		err = f->fail_err;
	else
		err = serve(f, port, req, &o);
	/* lldpad's answer to a question is one message, without an acknowledgement. */
	if (!port || err || req->nlmsg_type == RTM_SETLINK)
		acknowledge(f, &o, req, err);
	xlpt_str_addn(answer, o.s.s, o.s.len);
	xlpt_str_dispose(&o.s);
	return 0;
}

static void nothing(struct xlpt_rtnl *nl)
{
	(void)nl;
}

static const struct xlpt_rtnl_ops ops = { .talk = talk, .close = nothing };

struct fake_rtnl *fake_rtnl_new(void)
{
	struct fake_rtnl *f = xlpt_xcalloc(1, sizeof(*f));

	f->nl = (struct xlpt_rtnl){ .ops = &ops, .priv = f };
	return f;
}

void fake_rtnl_free(struct fake_rtnl *f)
{
	if (!f)
		return;
	free(f->links);
	free(f->words);
	free(f->answers);
	xlpt_str_dispose(&f->raw);
	xlpt_str_dispose(&f->log);
	free(f);
}

struct xlpt_rtnl *fake_rtnl_get(struct fake_rtnl *f)
{
	return &f->nl;
}

void fake_rtnl_link(struct fake_rtnl *f, const char *ifname, const char *mac, unsigned features)
{
	struct link *l;
	struct xlpt_vf_identity id = { 0 };
	_cleanup_free_ char *word = xlpt_xasprintf("mac=%s", mac);
	unsigned seen = 0;

	if (xlpt_vfid_parse(&id, &seen, word, strlen(word), NULL))
		abort();
	XLPT_GROW(f->links, f->n, f->alloc);
	l = &f->links[f->n++];
	*l = (struct link){ .up = true, .features = features };
	snprintf(l->name, sizeof(l->name), "%s", ifname);
	memcpy(l->mac, id.mac, 6);
}

void fake_rtnl_up(struct fake_rtnl *f, const char *ifname, bool up)
{
	find(f, ifname)->up = up;
}

void fake_rtnl_features(struct fake_rtnl *f, const char *ifname, unsigned features)
{
	find(f, ifname)->features = features;
}

void fake_rtnl_vfs(struct fake_rtnl *f, const char *ifname, unsigned n)
{
	struct link *l = find(f, ifname);

	l->n = n;
	for (unsigned i = 0; i < n; i++)
		l->vfs[i] = (struct vf){ .spoofchk = true, .proto = ETH_P_8021Q };
}

void fake_rtnl_fail(struct fake_rtnl *f, unsigned nth, int err)
{
	f->fail_in = nth;
	f->fail_err = err;
}

void fake_rtnl_words(struct fake_rtnl *f, const char *words)
{
	free(f->words);
	f->words = xlpt_xstrdup(words);
}

void fake_rtnl_raw(struct fake_rtnl *f, const void *bytes, size_t len)
{
	xlpt_str_dispose(&f->raw);
	xlpt_str_addn(&f->raw, bytes, len);
}

void fake_rtnl_port_answers(struct fake_rtnl *f, const int *answers, size_t n)
{
	free(f->answers);
	f->answers = xlpt_xcalloc(n, sizeof(*answers));
	memcpy(f->answers, answers, n * sizeof(*answers));
	f->n_answers = n;
	f->at_answer = 0;
}

const char *fake_rtnl_log(struct fake_rtnl *f)
{
	return xlpt_str_get(&f->log);
}

char *fake_rtnl_snapshot(struct fake_rtnl *f)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < f->n; i++)
		for (unsigned k = 0; k < f->links[i].n; k++) {
			const struct vf *v = &f->links[i].vfs[k];

			xlpt_str_addf(&s, "%s vf %u mac %s vlan %u:%u:%x spoofchk %d trust %d link %u "
				      "rate %u-%u port %d\n", f->links[i].name, k, XLPT_MAC_STR(v->mac),
				      v->vlan, v->qos, v->proto, v->spoofchk, v->trust, v->link,
				      v->min_rate, v->max_rate, v->associated);
		}
	return xlpt_str_take(&s);
}
