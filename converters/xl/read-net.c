/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vif = [ ... ] as xl-network-configuration(5) has it. */
#include "converters/xl/read-internal.h"

#include <string.h>

/* Six parts of one or two digits: xl takes one digit as well. */
static bool read_mac(const char *s, char **out)
{
	uint64_t b[6];

	for (int i = 0; i < 6; i++) {
		size_t n = strcspn(s, ":");

		if (n > 2 || !xlpt_parse_uint(s, n, 16, 0xff, &b[i]) ||
		    s[n] != (i < 5 ? ':' : '\0'))
			return false;
		s += n + 1;
	}
	free(*out);
	*out = xlpt_xasprintf("%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)b[0], (unsigned)b[1],
			      (unsigned)b[2], (unsigned)b[3], (unsigned)b[4], (unsigned)b[5]);
	return true;
}

/* A rate in bytes per second and its interval, in the words of xlu_vif_parse_rate. */
static bool read_rate(const char *s, struct xlpt_num *rate, struct xlpt_num *interval)
{
	/* clang-format off */
	static const struct { const char *unit; uint64_t num, den; } units[] = {
		{ "GB/s", 1000000000, 1 }, { "MB/s", 1000000, 1 }, { "KB/s", 1000, 1 },
		{ "B/s", 1, 1 }, { "Gb/s", 1000000000, 8 }, { "Mb/s", 1000000, 8 },
		{ "Kb/s", 1000, 8 }, { "b/s", 1, 8 },
	};
	static const struct { const char *unit; uint64_t us; } times[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
	};
	/* clang-format on */
	size_t n = strspn(s, "0123456789"), len;
	const char *at;
	uint64_t v;

	if (!n || !xlpt_parse_uint(s, n, 10, UINT32_MAX, &v))
		return false;
	s += n;
	at = strchr(s, '@');
	len = at ? (size_t)(at - s) : strlen(s);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(units); i++)
		if (strlen(units[i].unit) == len && !strncmp(units[i].unit, s, len)) {
			if (v * units[i].num % units[i].den)
				return false; /* parts of a byte */
			*rate = (struct xlpt_num){ true, v * units[i].num / units[i].den };
		}
	if (!rate->has || !at)
		return rate->has;
	s = at + 1;
	n = strspn(s, "0123456789");
	if (!n || !xlpt_parse_uint(s, n, 10, UINT32_MAX, &v))
		return false;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(times); i++)
		if (!strcmp(times[i].unit, s + n))
			*interval = (struct xlpt_num){ true, v * times[i].us };
	return interval->has;
}

static void read_ips(const char *s, char ***out)
{
	xlpt_strv_free(*out);
	*out = xlpt_xcalloc(1, sizeof(**out));
	for (;;) {
		size_t len;

		s += strspn(s, " ");
		len = strcspn(s, " ");
		if (!len)
			break;
		xlpt_strv_take(out, xlpt_xstrndup(s, len));
		s += len;
	}
}

static void replace(char **p, const char *s)
{
	free(*p);
	*p = xlpt_xstrdup(s);
}

static int judge_rate(struct xlpt_xl_reader *r, const char *s, size_t off)
{
	libxl_device_nic nic;
	int e;

	libxl_device_nic_init(&nic);
	xlpt_xl_forget_words(r);
	e = xlu_vif_parse_rate(r->cfg, s, &nic);
	libxl_device_nic_dispose(&nic);
	return e ? xlpt_xl_refused(r, off, "libxlutil does not accept this rate") : 0;
}

static int option(struct xlpt_xl_reader *r, struct xlpt_net *net, const char *key,
		  const char *value, size_t off)
{
	struct xlpt_num rate = { 0 }, us = { 0 };
	int rc;

	if (!value && (!strcmp(key, "trusted") || !strcmp(key, "untrusted"))) {
		net->trusted = *key == 't' ? XLPT_ON : XLPT_OFF;
		return 0;
	}
	if (!value)
		return xlpt_xl_bad(r->scan, off, r->diag, "\"%s\" in this vif is not key=value",
				   key);
	if (!strcmp(key, "mac")) {
		if (!read_mac(value, &net->id.mac))
			return xlpt_xl_bad(r->scan, off, r->diag,
					   "\"%s\" is no MAC address (XX:XX:XX:XX:XX:XX)", value);
	} else if (!strcmp(key, "bridge")) {
		net->kind = XLPT_NET_BRIDGE;
		replace(&net->source, value);
	} else if (!strcmp(key, "gatewaydev") || !strcmp(key, "netdev")) {
		replace(&net->gatewaydev, value);
	} else if (!strcmp(key, "ip")) {
		read_ips(value, &net->ips);
	} else if (!strcmp(key, "script")) {
		replace(&net->script, value);
	} else if (!strcmp(key, "backend")) {
		replace(&net->backend, value);
	} else if (!strcmp(key, "vifname")) {
		replace(&net->vifname, value);
	} else if (!strcmp(key, "model")) {
		replace(&net->model, value);
	} else if (!strcmp(key, "type") && (!strcmp(value, "ioemu") || !strcmp(value, "vif"))) {
		net->type = *value == 'i' ? XLPT_NET_IOEMU : XLPT_NET_VIF;
	} else if (!strcmp(key, "devid") && xlpt_xl_num(value, INT32_MAX, &net->devid)) {
		return 0;
	} else if (!strcmp(key, "mtu") && xlpt_xl_num(value, INT32_MAX, &net->mtu)) {
		return 0;
	} else if (!strcmp(key, "rate")) {
		rc = judge_rate(r, value, off);
		if (rc)
			return rc;
		if (read_rate(value, &rate, &us)) {
			net->rate = rate;
			net->rate_us = us;
		} else {
			xlpt_xl_option(&net->at, key, value);
		}
	} else {
		xlpt_xl_option(&net->at, key, value);
	}
	return 0;
}

/* "ovsbr0", "ovsbr0.100", "ovsbr0:101:202": the inverse of the writer's. */
static void read_ovs(struct xlpt_net *net)
{
	const char *s = net->source;
	size_t n = s ? strcspn(s, ".:") : 0;
	struct xlpt_netid id = { .vport = XLPT_VPORT_OVS };
	char sep = n ? s[n] : '\0';
	bool ok = n && xlpt_streq(net->script, "vif-openvswitch");

	for (const char *p = ok ? s + n : ""; ok && *p;) {
		size_t len = strcspn(p + 1, ".:");
		uint64_t tag;

		ok = *p == sep && xlpt_parse_uint(p + 1, len, 10, 4095, &tag) &&
		     (len == 1 || p[1] != '0') && (sep == ':' || !id.n_vlan);
		if (ok)
			xlpt_netid_add_tag(&id, tag);
		p += len + 1;
	}
	if (!ok) {
		free(id.vlan);
		return;
	}
	id.mac = net->id.mac;
	id.vlan_trunk = sep == ':' ? XLPT_ON : XLPT_UNSET;
	net->id = id;
	net->source[n] = '\0';
	free(XLPT_TAKE(net->script));
}

/* With type=vif there is no emulated card that could be of a model (libxl_dm.c). */
static void no_card(struct xlpt_net *net)
{
	if (net->type != XLPT_NET_VIF || !net->model)
		return;
	xlpt_xl_option(&net->at, "model", net->model);
	free(XLPT_TAKE(net->model));
}

int xlpt_xl_read_nets(struct xlpt_xl_reader *r)
{
	_cleanup_xl_values_ struct xlpt_xl_values values = { 0 };

	if (!xlpt_xl_list(r, "vif", &values))
		return 0;
	for (size_t i = 0; i < values.n; i++) {
		struct xlpt_xl_value *v = &values.v[i];
		struct xlpt_net *net;
		char *s = v->text, *key, *value;

		if (!s)
			return xlpt_xl_bad(r->scan, v->off, r->diag,
					   "a vif is a string, not a list");
		net = XLPT_DOM_ADD(r->dom, net);
		xlpt_xl_at(r, v->off, &net->at);
		while (xlpt_xl_pair(&s, &key, &value)) {
			int rc = *key ? option(r, net, key, value, v->off) : 0;

			if (rc)
				return rc;
		}
		read_ovs(net);
		no_card(net);
	}
	return 0;
}
