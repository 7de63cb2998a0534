/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel, or somebody in the place of lldpad, that answers link messages with
 * anything. The first byte chooses what is asked; then come the answers, each
 * with its length in two bytes before it, and in memory that ends where it ends.
 * Who was asked more often than that gives the last one again.
 */
#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "pciback/sriov/net.h"

#define IFNAME "enp1s0"
/* IFLA_VF_INFO around IFLA_VF_MAC: each VF that is reported takes as many bytes at least. */
#define VF_BYTES (4 + 4 + 36)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct peer {
	struct xlpt_rtnl nl;
	const uint8_t *data;
	size_t size;
	const uint8_t *last;
	size_t last_len;
	unsigned asked;
};

static int talk(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		struct xlpt_str *answer)
{
	struct peer *p = nl->priv;

	(void)port;
	(void)msg;
	must(len >= 16 && !answer->s);
	p->asked++;
	if (p->size >= 2) {
		size_t n = (size_t)(p->data[0] | p->data[1] << 8);

		p->last = p->data + 2;
		p->last_len = n < p->size - 2 ? n : p->size - 2;
		p->data += 2 + p->last_len;
		p->size -= 2 + p->last_len;
	}
	if (!p->last_len)
		return 0;
	answer->s = xlpt_xcalloc(1, p->last_len);
	memcpy(answer->s, p->last, p->last_len);
	answer->len = answer->alloc = p->last_len;
	return 0;
}

static void nothing(struct xlpt_rtnl *nl)
{
	(void)nl;
}

static const struct xlpt_rtnl_ops ops = { .talk = talk, .close = nothing };

static void script(struct peer *p, const uint8_t *data, size_t size)
{
	*p = (struct peer){ .nl = { .ops = &ops, .priv = p }, .data = data, .size = size };
}

/* Only the fact may have words of the other side in it; shown, it gives no order to a terminal. */
static void judge(int rc, const struct xlpt_diag *diag)
{
	_cleanup_free_ char *fact = xlpt_text_shown(diag->fact);

	if (rc == 0)
		return;
	must(rc == (int)diag->code && diag->message && diag->fact && diag->hint);
	must(xlpt_text_is_plain(diag->message) && xlpt_text_is_plain(diag->hint));
	must(xlpt_text_is_plain(fact));
}

/* ---- what is read ---- */

static void same_vf(const struct xlpt_vf_net *a, const struct xlpt_vf_net *b)
{
	_cleanup_str_ struct xlpt_str one = { 0 }, two = { 0 };

	xlpt_vfid_format(&a->id, ',', &one);
	xlpt_vfid_format(&b->id, ',', &two);
	must(a->index == b->index && xlpt_streq(one.s, two.s));
	must(!one.s || xlpt_text_is_plain(one.s));
}

static void judge_vf(const struct xlpt_pf_net *net, const struct xlpt_vf_net *vf)
{
	const struct xlpt_vf_net *found = xlpt_pf_net_vf(net, vf->index);
	struct xlpt_vf_identity old = xlpt_vf_net_old(&vf->id, &vf->id);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };

	must(found && found->index == vf->index && vf->id.has_mac);
	must(vf->id.trust <= XLPT_ON && vf->id.spoofchk <= XLPT_ON &&
	     vf->id.link <= XLPT_LINK_DISABLE);
	must(!old.has_vlan || old.vlan.proto);
	judge(xlpt_vf_net_check(net, vf->index, &vf->id, &diag), &diag);
}

static void read_link(const uint8_t *data, size_t size)
{
	_cleanup_pf_net_ struct xlpt_pf_net one = { 0 }, two = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct peer p;
	int rc;

	script(&p, data, size);
	rc = xlpt_pf_net_read(&p.nl, IFNAME, &one, &diag);
	judge(rc, &diag);
	must(p.asked == 1);
	must(rc ? !one.n && !one.ifname : xlpt_streq(one.ifname, IFNAME));
	must(one.n <= p.last_len / VF_BYTES);
	for (size_t i = 0; i < one.n; i++)
		judge_vf(&one, &one.vfs[i]);
	/* The same answer is read as the same. */
	script(&p, data, size);
	must(xlpt_pf_net_read(&p.nl, IFNAME, &two, NULL) == rc && one.n == two.n);
	for (size_t i = 0; i < one.n; i++)
		same_vf(&one.vfs[i], &two.vfs[i]);
}

/* ---- what is set ---- */

static void set(const uint8_t *data, size_t size)
{
	/* clang-format off */
	const struct xlpt_vf_identity want = {
		.has_mac = true,
		.mac = {2, 0, 0, 0, 0, 1},
		.has_vlan = true,
		.vlan = {42, 3, XLPT_VLAN_8021Q},
		.trust = XLPT_ON,
		.spoofchk = XLPT_OFF,
		.link = XLPT_LINK_ENABLE,
		.has_max_rate = true,
		.max_rate = 100,
	};
	/* clang-format on */
	_cleanup_pf_net_ struct xlpt_pf_net after = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct peer p;
	int rc;

	script(&p, data, size);
	rc = xlpt_vf_net_apply(&p.nl, IFNAME, 0, &want, &diag);
	judge(rc, &diag);
	/* Two questions, and one message for each of the six keys. */
	must(p.asked <= 8);
	if (rc)
		return;
	/* It is set only where the last answer says so. */
	p.size = 0;
	must(xlpt_pf_net_read(&p.nl, IFNAME, &after, NULL) == 0 && xlpt_pf_net_vf(&after, 0));
	must(!memcmp(xlpt_pf_net_vf(&after, 0)->id.mac, want.mac, 6));
	must(xlpt_pf_net_vf(&after, 0)->id.trust == XLPT_ON);
}

static int64_t now(struct xlpt_clock *c)
{
	return *(int64_t *)c->priv;
}

static void sleep_ms(struct xlpt_clock *c, int64_t ms)
{
	*(int64_t *)c->priv += ms;
}

static void port(const uint8_t *data, size_t size, bool qbg)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct xlpt_vf_identity id = { .port = qbg ? XLPT_PORT_QBG : XLPT_PORT_QBH,
				       .profileid = "finance",
				       .has_instanceid = qbg };
	int64_t time = 0;
	struct xlpt_clock clock = { .now_ms = now, .sleep_ms = sleep_ms, .priv = &time };
	_cleanup_diag_ struct xlpt_diag diag = { 0 }, left = { 0 };
	struct peer p;
	const struct xlpt_vf_port_peer peer = { .nl = &p.nl,
						.clock = &clock,
						.ifname = IFNAME,
						.port = qbg ? 77 : 0,
						.mac = mac,
						.timeout_ms = 1000 };

	script(&p, data, size);
	judge(xlpt_vf_port_associate(&peer, &id, &diag), &diag);
	/* However long it stays in progress, the end comes. */
	must(time <= 1125 && p.asked <= 13);
	judge(xlpt_vf_port_disassociate(&peer, &id, &left), &left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] & 3) {
	case 0:
		read_link(data + 1, size - 1);
		break;
	case 1:
		set(data + 1, size - 1);
		break;
	default:
		port(data + 1, size - 1, data[0] & 1);
	}
	return 0;
}
