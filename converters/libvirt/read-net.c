/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces, and the identity (MAC, VLAN, virtual port) that VFs share with them. */
#include "converters/libvirt/reader.h"

#include <ctype.h>
#include <string.h>

/* Which parameters belong to a type; libvirt refuses the others. */
static const struct {
	const char *name;
	unsigned types;
} params[] = {
	{ "managerid", 1u << XLPT_VPORT_QBG },
	{ "typeid", 1u << XLPT_VPORT_QBG },
	{ "typeidversion", 1u << XLPT_VPORT_QBG },
	{ "instanceid", 1u << XLPT_VPORT_QBG },
	{ "profileid", 1u << XLPT_VPORT_QBH | 1u << XLPT_VPORT_OVS },
	{ "interfaceid", 1u << XLPT_VPORT_OVS | 1u << XLPT_VPORT_MIDONET },
};

static int read_vport(struct xlpt_lv_reader *r, xmlNode *vport, struct xlpt_netid *id)
{
	const char *type = xlpt_lv_peek(vport, "type"), *uuid;
	xmlNode *p;
	int rc;

	/* Without a type the parameters belong to whatever the network turns out to be. */
	if (!type) {
		xlpt_lv_unmark_whole(vport);
		return 0;
	}
	id->vport = xlpt_lv_read_word(vport, "type", xlpt_lv_vport);
	if (!id->vport)
		return xlpt_lv_bad(r->doc, vport, "type", r->diag,
				   "\"%s\" is not a type of virtual port", type);
	p = xlpt_lv_child(vport, "parameters");
	if (!p)
		return 0;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(params); i++)
		if (xlpt_lv_peek(p, params[i].name) && !(params[i].types & 1u << id->vport))
			return xlpt_lv_bad(r->doc, p, params[i].name, r->diag,
					   "a virtual port of type %s has no %s", type,
					   params[i].name);
	rc = xlpt_lv_read_num(r, p, "managerid", 0xff, &id->managerid);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, p, "typeid", 0xffffff, &id->typeid);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, p, "typeidversion", 0xff, &id->typeidversion);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(params); i++) {
		uuid = xlpt_lv_peek(p, params[i].name);
		if (uuid && strstr(params[i].name, "nceid") && !xlpt_lv_is_uuid(uuid))
			rc = xlpt_lv_bad(r->doc, p, params[i].name, r->diag, "\"%s\" is not a UUID",
					 uuid);
		if (uuid && xlpt_streq(params[i].name, "interfaceid") && !xlpt_lv_is_uuid(uuid))
			rc = xlpt_lv_bad(r->doc, p, params[i].name, r->diag, "\"%s\" is not a UUID",
					 uuid);
	}
	if (rc)
		return rc;
	id->instanceid = xlpt_lv_read_str(p, "instanceid");
	id->interfaceid = xlpt_lv_read_str(p, "interfaceid");
	id->profileid = xlpt_lv_read_str(p, "profileid");
	if (id->profileid && strlen(id->profileid) > 39)
		return xlpt_lv_bad(r->doc, p, "profileid", r->diag,
				   "the profile's name is longer than 39 characters");
	return 0;
}

static int read_vlan(struct xlpt_lv_reader *r, xmlNode *vlan, struct xlpt_netid *id)
{
	int rc;

	id->vlan_trunk = (enum xlpt_tri)xlpt_lv_read_word(vlan, "trunk", xlpt_lv_yes_no);
	for (xmlNode *n = xlpt_lv_next(vlan, NULL); n; n = xlpt_lv_next(vlan, n)) {
		const char *native = xlpt_lv_peek(n, "nativeMode");
		struct xlpt_num tag = { 0 };
		struct xlpt_vlan_tag *t;

		if (!xlpt_lv_is(n, "tag") || !xlpt_lv_only(n, "id", "nativeMode", NULL))
			continue;
		rc = xlpt_lv_read_num(r, n, "id", 4095, &tag);
		if (rc)
			return rc;
		if (!tag.has)
			return xlpt_lv_bad(r->doc, n, NULL, r->diag, "a VLAN tag without id");
		t = xlpt_netid_add_tag(id, tag.v);
		t->native = xlpt_lv_word_value(xlpt_lv_vlan_native, native);
		if (native && !t->native)
			return xlpt_lv_bad(r->doc, n, "nativeMode", r->diag,
					   "nativeMode='%s' is neither tagged nor untagged",
					   native);
		xlpt_lv_mark_whole(n);
	}
	return 0;
}

int xlpt_lv_read_netid(struct xlpt_lv_reader *r, xmlNode *node, struct xlpt_netid *id)
{
	xmlNode *mac = xlpt_lv_child(node, "mac"), *vlan = xlpt_lv_child(node, "vlan");
	xmlNode *vport = xlpt_lv_child(node, "virtualport");
	int rc = 0;

	id->mac = xlpt_lv_read_str(mac, "address");
	if (id->mac && !xlpt_lv_is_mac(id->mac)) {
		xlpt_lv_bad(r->doc, mac, "address", r->diag,
			    "\"%s\" is not the MAC address of one "
			    "device",
			    id->mac);
		xlpt_diag_hint(r->diag, "six pairs of hexadecimal digits with colons, the second "
					"digit even");
		return XLPT_ERR_SYNTAX;
	}
	for (char *c = id->mac; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (vlan)
		rc = read_vlan(r, vlan, id);
	if (rc == 0 && vport)
		rc = read_vport(r, vport, id);
	return rc;
}

static void read_ips(xmlNode *node, struct xlpt_net *net)
{
	size_t n = 0, alloc = 0;

	for (xmlNode *ip = xlpt_lv_next(node, NULL); ip; ip = xlpt_lv_next(node, ip)) {
		const char *address = xlpt_lv_peek(ip, "address");
		const char *prefix = xlpt_lv_peek(ip, "prefix"),
			   *family = xlpt_lv_peek(ip, "family");

		if (!xlpt_lv_is(ip, "ip") || !address || !xlpt_lv_is_ip(address, strlen(address)) ||
		    !xlpt_lv_only(ip, "address", "prefix", "family", NULL) ||
		    (family && strcmp(family, strchr(address, ':') ? "ipv6" : "ipv4")))
			continue;
		XLPT_GROW(net->ips, n + 1, alloc);
		net->ips[n++] =
			prefix ? xlpt_xasprintf("%s/%s", address, prefix) : xlpt_xstrdup(address);
		net->ips[n] = NULL;
		xlpt_lv_mark_whole(ip);
	}
}

static int read_net(struct xlpt_lv_reader *r, xmlNode *node, int kind)
{
	static const char *const sources[] = { [XLPT_NET_BRIDGE] = "bridge",
					       [XLPT_NET_NETWORK] = "network",
					       [XLPT_NET_NETDEV] = "dev" };
	struct xlpt_net *net = XLPT_DOM_ADD(r->dom, net);
	xmlNode *model = xlpt_lv_child(node, "model"), *bw = xlpt_lv_child(node, "bandwidth");
	xmlNode *out = xlpt_lv_child(bw, "outbound"), *boot = xlpt_lv_child(node, "boot");
	struct xlpt_num average = { 0 };
	int rc;

	xlpt_lv_read_at(r, &net->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "type");
	net->kind = kind;
	if (kind != XLPT_NET_ROUTED)
		net->source = xlpt_lv_read_str(xlpt_lv_child(node, "source"), sources[kind]);
	rc = xlpt_lv_read_netid(r, node, &net->id);
	if (rc)
		return rc;
	/* netfront says that there is nothing but the paravirtual interface: xl's type=vif. */
	if (xlpt_streq(xlpt_lv_peek(model, "type"), "netfront")) {
		xlpt_lv_attr(model, "type");
		net->type = XLPT_NET_VIF;
	} else if (model) {
		net->model = xlpt_xstrdup(xlpt_lv_nic_from(xlpt_lv_attr(model, "type")));
	}
	net->vifname = xlpt_lv_read_str(xlpt_lv_child(node, "target"), "dev");
	net->script = xlpt_lv_read_str(xlpt_lv_child(node, "script"), "path");
	net->backend = xlpt_lv_read_str(xlpt_lv_child(node, "backenddomain"), "name");
	read_ips(node, net);
	rc = xlpt_lv_read_num(r, xlpt_lv_child(node, "mtu"), "size", 65535, &net->mtu);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, boot, "order", UINT32_MAX, &net->boot_order);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, out, "average", UINT32_MAX, &average);
	if (rc)
		return rc;
	/*
	 * Thousands of bytes: libvirt's manual says kilobytes, and its own conversion to xl writes
	 * the number with KB/s, which libxlutil takes for 1000. (Its libxl driver takes 1024.)
	 */
	if (average.has)
		net->rate = (struct xlpt_num){ true, average.v * 1000 };
	xlpt_lv_read_rest(r, &net->at, node);
	return 1;
}

int xlpt_lv_read_interface(struct xlpt_lv_reader *r, xmlNode *node)
{
	const char *type = xlpt_lv_peek(node, "type");
	int kind = xlpt_lv_word_value(xlpt_lv_net_type, type);

	if (xlpt_streq(type, "hostdev"))
		return xlpt_lv_read_pci_interface(r, node);
	return kind ? read_net(r, node, kind) : 0;
}
