/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces and passed-through devices. */
#include "converters/libvirt/writer.h"

#include <string.h>

static void write_vport(xmlNode *node, const struct xlpt_netid *id)
{
	bool qbg = id->vport == XLPT_VPORT_QBG, ovs = id->vport == XLPT_VPORT_OVS;
	xmlNode *n;

	if (!id->vport || (id->vport == XLPT_VPORT_MIDONET && !xlpt_lv_is_uuid(id->interfaceid)))
		return;
	n = xlpt_lv_add(node, "virtualport");
	xlpt_lv_write_word(n, "type", xlpt_lv_vport, id->vport);
	if (qbg) {
		if (id->managerid.has && id->managerid.v <= 0xff)
			xlpt_lv_write_num(xlpt_lv_need(n, "parameters"), "managerid", id->managerid,
					  255);
		if (id->typeid.has && id->typeid.v <= 0xffffff)
			xlpt_lv_write_num(xlpt_lv_need(n, "parameters"), "typeid", id->typeid,
					  0xffffff);
		if (id->typeidversion.has && id->typeidversion.v <= 0xff)
			xlpt_lv_write_num(xlpt_lv_need(n, "parameters"), "typeidversion",
					  id->typeidversion, 255);
		if (xlpt_lv_is_uuid(id->instanceid))
			xlpt_lv_write_child(n, "parameters", "instanceid", id->instanceid);
	}
	if ((ovs || id->vport == XLPT_VPORT_MIDONET) && xlpt_lv_is_uuid(id->interfaceid))
		xlpt_lv_write_child(n, "parameters", "interfaceid", id->interfaceid);
	if ((ovs || id->vport == XLPT_VPORT_QBH) && id->profileid && strlen(id->profileid) <= 39)
		xlpt_lv_write_child(n, "parameters", "profileid", id->profileid);
}

void xlpt_lv_write_netid(xmlNode *node, const struct xlpt_netid *id, bool vport)
{
	xmlNode *vlan = NULL;

	if (xlpt_lv_is_mac(id->mac))
		xlpt_lv_write_child(node, "mac", "address", id->mac);
	for (size_t i = 0; i < id->n_vlan; i++) {
		xmlNode *tag;

		if (!id->vlan[i].id.has || id->vlan[i].id.v > 4095)
			continue;
		vlan = xlpt_lv_need(node, "vlan");
		tag = xlpt_lv_add(vlan, "tag");
		xlpt_lv_write_num(tag, "id", id->vlan[i].id, 4095);
		xlpt_lv_write_word(tag, "nativeMode", xlpt_lv_vlan_native, id->vlan[i].native);
	}
	if (vlan && id->vlan_trunk == XLPT_ON)
		xlpt_lv_set(vlan, "trunk", "yes");
	if (vport)
		write_vport(node, id);
}

static bool bridge_name(const char *s)
{
	for (; s && *s; s++) {
		char c[2] = { *s, 0 };

		if (*s != ' ' && !xlpt_lv_is_device(c))
			return false;
	}
	return s;
}

/* What the interface is attached to; without that, libvirt's word is ethernet. */
static int net_kind(const struct xlpt_net *net)
{
	switch (net->kind) {
	case XLPT_NET_BRIDGE:
	case 0:
		return bridge_name(net->source) ? XLPT_NET_BRIDGE : XLPT_NET_ROUTED;
	case XLPT_NET_NETWORK:
		return net->source && *net->source && xlpt_lv_sayable(net->source)
			       ? net->kind
			       : XLPT_NET_ROUTED;
	case XLPT_NET_NETDEV:
		return xlpt_lv_is_device(net->source) ? net->kind : XLPT_NET_ROUTED;
	default:
		return XLPT_NET_ROUTED;
	}
}

static void write_ips(xmlNode *node, char **ips)
{
	for (; ips && *ips; ips++) {
		size_t n = strcspn(*ips, "/");
		bool v6 = memchr(*ips, ':', n);
		_cleanup_free_ char *address = xlpt_xstrndup(*ips, n);
		uint64_t prefix;
		xmlNode *ip;

		if (!xlpt_lv_is_ip(*ips, n) ||
		    ((*ips)[n] && !xlpt_parse_uint(*ips + n + 1, strlen(*ips + n + 1), 10,
						   v6 ? 128 : 32, &prefix)))
			continue;
		ip = xlpt_lv_add(node, "ip");
		xlpt_lv_set(ip, "address", address);
		xlpt_lv_set(ip, "family", v6 ? "ipv6" : "ipv4");
		if ((*ips)[n])
			xlpt_lv_setf(ip, "prefix", "%llu", (unsigned long long)prefix);
	}
}

static void write_net(struct xlpt_lv_writer *w, xmlNode *devices, const struct xlpt_net *net)
{
	static const char *const sources[] = { [XLPT_NET_BRIDGE] = "bridge",
					       [XLPT_NET_NETWORK] = "network",
					       [XLPT_NET_NETDEV] = "dev" };
	xmlNode *n = xlpt_lv_add(devices, "interface"), *out;
	int kind = net_kind(net);
	uint64_t average = net->rate.v / 1000;

	xlpt_lv_write_word(n, "type", xlpt_lv_net_type, kind);
	xlpt_lv_write_netid(n, &net->id, kind != XLPT_NET_ROUTED);
	if (kind != XLPT_NET_ROUTED)
		xlpt_lv_write_child(n, "source", sources[kind], net->source);
	write_ips(n, net->ips);
	if (net->script && *net->script && !strpbrk(net->script, "\r\n"))
		xlpt_lv_write_child(n, "script", "path", net->script);
	if (net->backend && *net->backend && !strchr(net->backend, '\n'))
		xlpt_lv_write_child(n, "backenddomain", "name", net->backend);
	if (xlpt_lv_is_device(net->vifname))
		xlpt_lv_write_child(n, "target", "dev", net->vifname);
	if (net->type == XLPT_NET_VIF)
		xlpt_lv_write_child(n, "model", "type", "netfront");
	else if (xlpt_lv_is_word(net->model))
		xlpt_lv_write_child(n, "model", "type", xlpt_lv_nic_to(net->model));
	if (net->rate.has && average && average <= UINT32_MAX) {
		out = xlpt_lv_add(xlpt_lv_add(n, "bandwidth"), "outbound");
		xlpt_lv_setf(out, "average", "%llu", (unsigned long long)average);
	}
	if (net->mtu.has && net->mtu.v <= 65535)
		xlpt_lv_write_num(xlpt_lv_add(n, "mtu"), "size", net->mtu, 65535);
	xlpt_lv_write_boot(n, net->boot_order);
	xlpt_lv_write_extra(w, n, &net->at.extra, "interface");
}

void xlpt_lv_write_nets(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_net; i++)
		write_net(w, devices, &w->dom->net[i]);
}

/* xl's word for it when libvirt's was not said, and then the domain's. */
static int either(int said, enum xlpt_tri other, enum xlpt_tri domain, bool opposite)
{
	enum xlpt_tri t = other ? other : domain;

	if (said || !t)
		return said;
	return opposite ? (t == XLPT_ON ? XLPT_OFF : XLPT_ON) : (int)t;
}

static void write_guest(xmlNode *node, const struct xlpt_pci *pci)
{
	struct xlpt_bdf at = pci->guest.v;
	xmlNode *n, *z;

	if (!pci->guest.has && pci->spec.vslot < 0)
		return;
	/* xl gives a slot on bus 0 and nothing else. */
	if (!pci->guest.has)
		at = (struct xlpt_bdf){ .dev = (uint8_t)pci->spec.vslot };
	n = xlpt_lv_add(node, "address");
	xlpt_lv_set(n, "type", "pci");
	xlpt_lv_set_pci(n, at);
	xlpt_lv_write_word(n, "multifunction", xlpt_lv_on_off, pci->multifunction);
	if (pci->zpci_uid.has && (!pci->zpci_uid.v || pci->zpci_uid.v > 0xffff))
		return;
	if (!pci->zpci_uid.has && !pci->zpci_fid.has)
		return;
	z = xlpt_lv_add(n, "zpci");
	if (pci->zpci_uid.has)
		xlpt_lv_setf(z, "uid", "0x%04x", (unsigned)pci->zpci_uid.v);
	if (pci->zpci_fid.has && pci->zpci_fid.v <= 0xffffffff)
		xlpt_lv_setf(z, "fid", "0x%08x", (unsigned)pci->zpci_fid.v);
}

static void write_pci(struct xlpt_lv_writer *w, xmlNode *devices, const struct xlpt_pci *pci)
{
	const struct xlpt_dom *dom = w->dom;
	int filtering = either(pci->filtering, pci->spec.permissive, dom->pci_permissive, true);
	xmlNode *n = xlpt_lv_add(devices, pci->interface ? "interface" : "hostdev"), *source, *a;

	if (!pci->interface)
		xlpt_lv_set(n, "mode", "subsystem");
	xlpt_lv_set(n, "type", pci->interface ? "hostdev" : "pci");
	xlpt_lv_write_word(n, "managed", xlpt_lv_yes_no,
			   either(pci->managed, pci->spec.seize, dom->pci_seize, false));
	if (pci->interface)
		xlpt_lv_write_netid(n, &pci->id, true);
	if (xlpt_lv_word_value(xlpt_lv_hostdev_driver, pci->driver))
		xlpt_lv_write_child(n, "driver", "name", pci->driver);
	source = xlpt_lv_add(n, "source");
	if (!pci->interface)
		xlpt_lv_write_word(source, "writeFiltering", xlpt_lv_yes_no, filtering);
	a = xlpt_lv_add(source, "address");
	if (pci->interface)
		xlpt_lv_set(a, "type", "pci");
	xlpt_lv_set_pci(a, pci->spec.bdf);
	if (pci->interface && xlpt_lv_is_word(pci->model))
		xlpt_lv_write_child(n, "model", "type", pci->model);
	xlpt_lv_write_boot(n, pci->boot_order);
	xlpt_lv_write_child_word(n, "rom", "enabled", xlpt_lv_yes_no, pci->rom_enabled);
	xlpt_lv_write_child_word(n, "rom", "bar", xlpt_lv_on_off, pci->rom_bar);
	if (xlpt_lv_is_path(pci->rom_file))
		xlpt_lv_write_child(n, "rom", "file", pci->rom_file);
	if (xlpt_lv_is_alias(pci->alias))
		xlpt_lv_write_child(n, "alias", "name", pci->alias);
	write_guest(n, pci);
	xlpt_lv_write_extra(w, n, &pci->at.extra, "hostdev");
}

/* A device that comes out of a pool: libvirt chooses it when the guest starts. */
static void write_pooled(struct xlpt_lv_writer *w, xmlNode *devices, const struct xlpt_pci *pci)
{
	xmlNode *n = xlpt_lv_add(devices, "interface");

	xlpt_lv_set(n, "type", "network");
	xlpt_lv_write_netid(n, &pci->id, true);
	xlpt_lv_write_child(n, "source", "network", pci->network);
	if (xlpt_lv_is_device(pci->portgroup))
		xlpt_lv_write_child(n, "source", "portgroup", pci->portgroup);
	if (xlpt_lv_is_word(pci->model))
		xlpt_lv_write_child(n, "model", "type", pci->model);
	xlpt_lv_write_boot(n, pci->boot_order);
	if (xlpt_lv_is_alias(pci->alias))
		xlpt_lv_write_child(n, "alias", "name", pci->alias);
	write_guest(n, pci);
	xlpt_lv_write_extra(w, n, &pci->at.extra, "interface");
}

void xlpt_lv_write_pcis(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_pci; i++) {
		const struct xlpt_pci *pci = &w->dom->pci[i];

		if (pci->network && *pci->network && xlpt_lv_sayable(pci->network))
			write_pooled(w, devices, pci);
		else if (pci->spec.has_bdf && !pci->spec.all_funcs)
			write_pci(w, devices, pci);
	}
}

static void write_usb_number(xmlNode *node, const char *attr, uint64_t v)
{
	/* The schema gives a decimal number three digits. */
	xlpt_lv_setf(node, attr, v < 1000 ? "%llu" : "0x%llx", (unsigned long long)v);
}

void xlpt_lv_write_usbdevs(struct xlpt_lv_writer *w, xmlNode *devices)
{
	for (size_t i = 0; i < w->dom->n_usbdev; i++) {
		const struct xlpt_usbdev *u = &w->dom->usbdev[i];
		bool address = u->bus.has && u->addr.has && u->bus.v <= 0xfff && u->addr.v <= 0xfff;
		bool product = u->vendor.has && u->product.has && u->vendor.v <= 0xffff &&
			       u->product.v <= 0xffff;
		xmlNode *n, *source, *a;

		if (!address && !product)
			continue;
		n = xlpt_lv_add(devices, "hostdev");
		xlpt_lv_set(n, "mode", "subsystem");
		xlpt_lv_set(n, "type", "usb");
		xlpt_lv_write_word(n, "managed", xlpt_lv_yes_no, u->managed);
		source = xlpt_lv_add(n, "source");
		if (product) {
			xlpt_lv_setf(xlpt_lv_add(source, "vendor"), "id", "0x%04x",
				     (unsigned)u->vendor.v);
			xlpt_lv_setf(xlpt_lv_add(source, "product"), "id", "0x%04x",
				     (unsigned)u->product.v);
		}
		if (address) {
			a = xlpt_lv_add(source, "address");
			write_usb_number(a, "bus", u->bus.v);
			write_usb_number(a, "device", u->addr.v);
		}
		if (u->ctrl.has && u->ctrl.v <= 255 && u->port.has && u->port.v <= 255) {
			a = xlpt_lv_add(n, "address");
			xlpt_lv_set(a, "type", "usb");
			write_usb_number(a, "bus", u->ctrl.v);
			write_usb_number(a, "port", u->port.v);
		}
		xlpt_lv_write_extra(w, n, &u->at.extra, "hostdev");
	}
}
