/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/rtnl-internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* ---- RTM_SETLINK ---- */

#define LOG(f, l, i, ...)                                              \
	do {                                                           \
		xlpt_str_addf(&(f)->log, "%s vf %u ", (l)->name, (i)); \
		xlpt_str_addf(&(f)->log, __VA_ARGS__);                 \
		xlpt_str_add(&(f)->log, "\n");                         \
	} while (0)

static int set_mac(struct fake_rtnl *f, struct fake_link *l, const struct ifla_vf_mac *m)
{
	if (m->mac[0] & 1)
		return EINVAL;
	LOG(f, l, m->vf, "mac %s", XLPT_MAC_STR(m->mac));
	if (!(l->features & FAKE_RTNL_DEAF))
		memcpy(l->vfs[m->vf].mac, m->mac, 6);
	return 0;
}

static int set_vlan(struct fake_rtnl *f, struct fake_link *l, uint32_t i, uint32_t vlan,
		    uint32_t qos, uint16_t proto)
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

static int set_rate(struct fake_rtnl *f, struct fake_link *l, const struct ifla_vf_rate *r)
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

static int set_word(struct fake_rtnl *f, struct fake_link *l, int type, uint32_t i, uint32_t v)
{
	struct fake_vf *vf = &l->vfs[i];

	if (type == IFLA_VF_LINK_STATE && !(l->features & FAKE_RTNL_LINK_STATE))
		return EOPNOTSUPP;
	if (type == IFLA_VF_TRUST && l->features & FAKE_RTNL_NO_TRUST)
		return EOPNOTSUPP;
	LOG(f, l, i, "%s %u",
	    type == IFLA_VF_LINK_STATE ? "link"
	    : type == IFLA_VF_TRUST    ? "trust"
				       : "spoofchk",
	    v);
	if (l->features & FAKE_RTNL_DEAF)
		return 0;
	if (type == IFLA_VF_LINK_STATE)
		vf->link = v;
	else
		*(type == IFLA_VF_TRUST ? &vf->trust : &vf->spoofchk) = v != 0;
	return 0;
}

#define FOR_ATTRS(a, list, left)                                                 \
	for (a = RTA_DATA(list), left = (int)RTA_PAYLOAD(list); RTA_OK(a, left); \
	     a = RTA_NEXT(a, left))

static int set_one(struct fake_rtnl *f, struct fake_link *l, struct rtattr *a)
{
	const struct ifla_vf_vlan_info *vi;
	const uint32_t *word = RTA_DATA(a);
	int type = a->rta_type & NLA_TYPE_MASK;

	if (type == IFLA_VF_VLAN_LIST) {
		a = RTA_DATA(a);
		vi = RTA_DATA(a);
		return vi->vf >= l->n
			       ? EINVAL
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
static int set_port(struct fake_rtnl *f, struct fake_link *l, struct rtattr *port)
{
	static const char *const requests[] = { "preassociate", "preassociate-rr", "associate",
						"disassociate" };
	uint32_t index = UINT32_MAX;
	struct fake_vf vf = { 0 };
	struct rtattr *a;
	int left, request = -1;
	_cleanup_str_ struct xlpt_str s = { 0 };

	FOR_ATTRS(a, port, left)
	{
		const uint8_t *d = RTA_DATA(a);

		switch (a->rta_type & NLA_TYPE_MASK) {
		case IFLA_PORT_VF:
			index = *(const uint32_t *)RTA_DATA(a);
			break;
		case IFLA_PORT_PROFILE:
			xlpt_str_addf(&s, " profile \"%s\"", (const char *)d);
			break;
		case IFLA_PORT_VSI_TYPE:
			xlpt_str_addf(&s, " vsi %u/%u/%u", d[0], d[1] | d[2] << 8 | d[3] << 16,
				      d[4]);
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

static int set_link(struct fake_rtnl *f, struct fake_link *l, struct rtattr *top, uint32_t port)
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
	FOR_ATTRS(a, info, left2)
	{
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

static struct fake_link *find(struct fake_rtnl *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->links[i].name, name))
			return &f->links[i];
	return NULL;
}

static int serve(struct fake_rtnl *f, uint32_t port, const struct nlmsghdr *req, struct xlpt_str *o)
{
	struct rtattr *first =
		(struct rtattr *)((char *)NLMSG_DATA(req) + NLMSG_ALIGN(sizeof(struct ifinfomsg)));
	int left = (int)req->nlmsg_len - (int)NLMSG_SPACE(sizeof(struct ifinfomsg)), all = left,
	    err = 0;
	struct rtattr *a;
	struct fake_link *l = NULL;
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
			fake_rtnl_get_link(f, o, req, l);
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
	struct xlpt_str o = { 0 };
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
		fake_rtnl_acknowledge(f, &o, req, err);
	xlpt_str_addn(answer, o.s, o.len);
	xlpt_str_dispose(&o);
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
	struct fake_link *l;
	struct xlpt_vf_identity id = { 0 };
	_cleanup_free_ char *word = xlpt_xasprintf("mac=%s", mac);
	unsigned seen = 0;

	if (xlpt_vfid_parse(&id, &seen, word, strlen(word), NULL))
		abort();
	XLPT_GROW(f->links, f->n, f->alloc);
	l = &f->links[f->n++];
	*l = (struct fake_link){ .up = true, .features = features };
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
	struct fake_link *l = find(f, ifname);

	l->n = n;
	for (unsigned i = 0; i < n; i++)
		l->vfs[i] = (struct fake_vf){ .spoofchk = true, .proto = ETH_P_8021Q };
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
			const struct fake_vf *v = &f->links[i].vfs[k];

			xlpt_str_addf(&s,
				      "%s vf %u mac %s vlan %u:%u:%x spoofchk %d trust %d link %u "
				      "rate %u-%u port %d\n",
				      f->links[i].name, k, XLPT_MAC_STR(v->mac), v->vlan, v->qos,
				      v->proto, v->spoofchk, v->trust, v->link, v->min_rate,
				      v->max_rate, v->associated);
		}
	return xlpt_str_take(&s);
}
