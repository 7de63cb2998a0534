/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks that are pools of VFs: <forward mode='hostdev'> with the physical function, or with the
 * VFs one by one. VLAN and virtual port may stand on the network and on its port groups; libvirt
 * merges them with the interface's own when a guest starts.
 */
#include "converters/libvirt/libvirt.h"

#include <string.h>

#include "converters/libvirt/meta.h"
#include "converters/libvirt/reader.h"
#include "converters/libvirt/writer.h"

static int read_addresses(struct xlpt_lv_reader *r, xmlNode *forward, struct xlpt_netpool *out)
{
	for (xmlNode *n = xlpt_lv_next(forward, NULL); n; n = xlpt_lv_next(forward, n)) {
		struct xlpt_bdf bdf;
		int rc;

		if (!xlpt_lv_is(n, "address") || !xlpt_streq(xlpt_lv_peek(n, "type"), "pci") ||
		    !xlpt_lv_only(n, "type", "domain", "bus", "slot", "function", "connections",
				  NULL))
			continue;
		rc = xlpt_lv_pci_address(r->doc, n, &bdf, r->diag);
		for (size_t i = 0; rc == 0 && i < out->n_addr; i++)
			if (xlpt_bdf_eq(out->addr[i], bdf))
				rc = xlpt_lv_bad(r->doc, n, NULL, r->diag,
						 "%s stands in the pool twice", XLPT_BDF_STR(bdf));
		if (rc == 0 && out->n_addr == XLPT_NETPOOL_MAX)
			rc = xlpt_lv_bad(r->doc, n, NULL, r->diag,
					 "more than %d addresses in a pool", XLPT_NETPOOL_MAX);
		if (rc)
			return rc;
		XLPT_GROW(out->addr, out->n_addr, out->alloc_addr);
		out->addr[out->n_addr++] = bdf;
		xlpt_lv_mark_whole(n);
	}
	return 0;
}

static int read_forward(struct xlpt_lv_reader *r, xmlNode *network, struct xlpt_netpool *out)
{
	xmlNode *forward = xlpt_lv_child(network, "forward"), *pf, *driver;
	const char *mode = xlpt_lv_peek(forward, "mode");
	int rc;

	if (!xlpt_streq(mode, "hostdev")) {
		rc = xlpt_lv_bad(r->doc, forward ? forward : network, NULL, r->diag,
				 "the network is no pool of PCI devices: its forward mode is %s",
				 mode	   ? mode
				 : forward ? "nat"
					   : "not set");
		xlpt_diag_hint(r->diag, "a pool has <forward mode='hostdev'>");
		return rc;
	}
	xlpt_lv_attr(forward, "mode");
	out->managed = (enum xlpt_tri)xlpt_lv_read_word(forward, "managed", xlpt_lv_yes_no);
	driver = xlpt_lv_child(forward, "driver");
	if (xlpt_lv_word_value(xlpt_lv_hostdev_driver, xlpt_lv_peek(driver, "name")))
		out->driver = xlpt_lv_read_str(driver, "name");
	pf = xlpt_lv_child(forward, "pf");
	/* What looks like an address would be taken for one in xlpt's own definition. */
	if (pf && xlpt_lv_peek(pf, "dev") && xlpt_bdf_shaped(xlpt_lv_peek(pf, "dev")))
		return xlpt_lv_bad(r->doc, pf, "dev", r->diag, "\"%s\" is no interface's name",
				   xlpt_lv_peek(pf, "dev"));
	if (pf && xlpt_lv_is_device(xlpt_lv_peek(pf, "dev"))) {
		out->pf = xlpt_xcalloc(2, sizeof(char *));
		out->pf[0] = xlpt_lv_read_str(pf, "dev");
	}
	rc = read_addresses(r, forward, out);
	if (rc == 0 && !out->pf && !out->n_addr)
		rc = xlpt_lv_bad(r->doc, forward, NULL, r->diag,
				 "the pool names neither a physical function nor addresses");
	return rc;
}

static int read_group(struct xlpt_lv_reader *r, xmlNode *n, struct xlpt_netpool *out)
{
	struct xlpt_portgroup *g;
	int rc;

	/* A group with more than VLAN and virtual port is kept as it is. */
	for (xmlNode *c = xlpt_lv_next(n, NULL); c; c = xlpt_lv_next(n, c))
		if (!xlpt_lv_is(c, "vlan") &&
		    !(xlpt_lv_is(c, "virtualport") && xlpt_lv_peek(c, "type")))
			return 0;
	for (const xmlAttr *a = n->properties; a; a = a->next)
		if (strcmp((const char *)a->name, "name") &&
		    strcmp((const char *)a->name, "default"))
			return 0;
	if (!xlpt_lv_is_device(xlpt_lv_peek(n, "name")))
		return xlpt_lv_bad(r->doc, n, NULL, r->diag, "a port group without a name");
	for (size_t i = 0; i < out->n_group; i++)
		if (xlpt_streq(out->group[i].name, xlpt_lv_peek(n, "name")))
			return xlpt_lv_bad(r->doc, n, "name", r->diag,
					   "port group %s stands in the network twice",
					   out->group[i].name);
	if (out->n_group == XLPT_NETPOOL_MAX)
		return xlpt_lv_bad(r->doc, n, NULL, r->diag, "more than %d port groups",
				   XLPT_NETPOOL_MAX);
	XLPT_GROW(out->group, out->n_group, out->alloc_group);
	g = &out->group[out->n_group++];
	*g = (struct xlpt_portgroup){ 0 };
	xlpt_lv_mark(n);
	g->name = xlpt_lv_read_str(n, "name");
	g->is_default = (enum xlpt_tri)xlpt_lv_read_word(n, "default", xlpt_lv_yes_no);
	rc = xlpt_lv_read_netid(r, n, &g->id);
	if (rc == 0)
		xlpt_lv_mark_whole(n);
	return rc;
}

/* What xlpt's own definition said and a network cannot. */
static int read_kept(struct xlpt_lv_reader *r, xmlNode *network, struct xlpt_netpool *out)
{
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	int rc = xlpt_lv_meta_find(r->doc, network, &kept, r->diag);

	for (size_t i = 0; rc == 0 && i < kept.n; i++)
		if (kept.items[i].carry.side == XLPT_SIDE_XL)
			xlpt_carry_add(&out->extra, XLPT_SIDE_XL, kept.items[i].carry.path,
				       kept.items[i].carry.text, 0, 0);
	return rc;
}

static int read_network(struct xlpt_lv_reader *r, xmlNode *network, struct xlpt_netpool *out)
{
	xmlNode *vlan, *vport;
	int rc;

	if (!xlpt_lv_is(network, "network"))
		return xlpt_lv_bad(r->doc, network, NULL, r->diag,
				   "<%s> is not a network's description",
				   (const char *)network->name);
	xlpt_lv_mark(network);
	xlpt_lv_attr(network, "connections"); /* of the running network */
	out->name = xlpt_lv_text(xlpt_lv_child(network, "name"));
	if (!out->name || !*out->name)
		return xlpt_lv_bad(r->doc, network, NULL, r->diag, "the network has no name");
	out->uuid = xlpt_lv_text(xlpt_lv_child(network, "uuid"));
	if (out->uuid && !xlpt_lv_is_uuid(out->uuid))
		return xlpt_lv_bad(r->doc, xlpt_lv_child(network, "uuid"), NULL, r->diag,
				   "\"%s\" is not a UUID", out->uuid);
	rc = read_forward(r, network, out);
	vlan = xlpt_lv_child(network, "vlan");
	vport = xlpt_lv_child(network, "virtualport");
	/* Its <mac> is the bridge's and none of ours. */
	if (rc == 0 && (vlan || vport)) {
		struct xlpt_netid id = { 0 };
		xmlNode *mac = xlpt_lv_child(network, "mac");

		rc = xlpt_lv_read_netid(r, network, &id);
		free(XLPT_TAKE(id.mac));
		out->id = id;
		if (mac)
			xlpt_lv_unmark_whole(mac);
	}
	for (xmlNode *n = xlpt_lv_next(network, NULL); n && rc == 0; n = xlpt_lv_next(network, n))
		if (xlpt_lv_is(n, "portgroup"))
			rc = read_group(r, n, out);
	if (rc == 0)
		rc = read_kept(r, network, out);
	if (rc == 0)
		rc = xlpt_lv_check_once(r->doc, r->diag);
	if (rc == 0)
		xlpt_lv_read_carries(r->doc, &out->extra, network);
	return rc;
}

int xlpt_libvirt_network_read(const char *buf, size_t len, const char *file,
			      struct xlpt_netpool *out, struct xlpt_diag *diag)
{
	_cleanup_lv_doc_ struct xlpt_lv_doc doc = { 0 };
	struct xlpt_lv_reader r = { .doc = &doc, .diag = diag };
	int rc;

	*out = (struct xlpt_netpool){ 0 };
	rc = xlpt_lv_parse(buf, len, file, &doc, diag);
	if (rc == 0)
		rc = read_network(&r, xmlDocGetRootElement(doc.xml), out);
	if (rc) {
		xlpt_netpool_dispose(out);
		*out = (struct xlpt_netpool){ 0 };
	}
	return rc;
}

static void write_forward(xmlNode *network, const struct xlpt_netpool *pool)
{
	static const struct xlpt_lv_word drivers[] = { { "vfio", 1 }, { "kvm", 1 }, { 0 } };
	xmlNode *f = xlpt_lv_add(network, "forward");

	xlpt_lv_set(f, "mode", "hostdev");
	xlpt_lv_write_word(f, "managed", xlpt_lv_yes_no, pool->managed);
	if (xlpt_lv_word_value(drivers, pool->driver))
		xlpt_lv_write_child(f, "driver", "name", pool->driver);
	if (pool->pf && *pool->pf)
		xlpt_lv_write_child(f, "pf", "dev", *pool->pf);
	for (size_t i = 0; i < pool->n_addr; i++) {
		xmlNode *a = xlpt_lv_add(f, "address");

		xlpt_lv_set(a, "type", "pci");
		xlpt_lv_set_pci(a, pool->addr[i]);
	}
}

int xlpt_libvirt_network_write(const struct xlpt_netpool *pool, struct xlpt_str *out,
			       struct xlpt_diag *diag)
{
	_cleanup_lv_doc_ struct xlpt_lv_doc doc = { 0 };
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	int rc = xlpt_libxml_load(diag);
	xmlNode *root;

	if (rc)
		return rc;
	doc.xml = xmlNewDoc((const xmlChar *)"1.0");
	root = xlpt_lv_add(NULL, "network");
	xmlDocSetRootElement(doc.xml, root);
	if (!pool->name || !*pool->name || !xlpt_lv_sayable(pool->name))
		return xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				     "the pool has no name that XML can carry");
	if (pool->pf && pool->pf[0] && pool->pf[1]) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
			      "pool %s: a libvirt network has one physical "
			      "function, this pool has %zu",
			      pool->name, xlpt_strv_len(pool->pf));
		xlpt_diag_hint(diag, "make one pool for each, or list the VFs' addresses");
		return XLPT_ERR_SYNTAX;
	}
	if (pool->pf && *pool->pf && !xlpt_lv_is_device(*pool->pf))
		return xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
				     "pool %s: \"%s\" is no interface's name", pool->name,
				     *pool->pf);
	xlpt_lv_add_text(root, "name", pool->name);
	if (xlpt_lv_is_uuid(pool->uuid))
		xlpt_lv_add_text(root, "uuid", pool->uuid);
	for (size_t i = 0; i < pool->extra.n; i++)
		if (pool->extra.items[i].side == XLPT_SIDE_XL)
			xlpt_kept_add_carry(&kept, "", &pool->extra.items[i]);
	xlpt_lv_meta_add(root, &kept);
	write_forward(root, pool);
	xlpt_lv_write_netid(root, &pool->id, true);
	for (size_t i = 0; i < pool->n_group; i++) {
		xmlNode *g = xlpt_lv_add(root, "portgroup");

		xlpt_lv_set(g, "name", pool->group[i].name);
		xlpt_lv_write_word(g, "default", xlpt_lv_yes_no, pool->group[i].is_default);
		xlpt_lv_write_netid(g, &pool->group[i].id, true);
	}
	for (size_t i = 0; i < pool->extra.n; i++)
		if (pool->extra.items[i].side == XLPT_SIDE_LIBVIRT)
			xlpt_lv_restore(root, pool->extra.items[i].path, pool->extra.items[i].text);
	xlpt_lv_save(root, false, out);
	return 0;
}

static void move_to_pci(struct xlpt_dom *dom, struct xlpt_net *net)
{
	struct xlpt_pci *pci = XLPT_DOM_ADD(dom, pci);
	struct xlpt_carries *extra;

	pci->interface = true;
	pci->at = net->at;
	pci->id = net->id;
	pci->network = XLPT_TAKE(net->source);
	pci->model = net->type == XLPT_NET_VIF ? xlpt_xstrdup("netfront") : XLPT_TAKE(net->model);
	pci->boot_order = net->boot_order;
	net->at = (struct xlpt_at){ 0 };
	net->id = (struct xlpt_netid){ 0 };
	extra = &pci->at.extra;
	for (size_t i = 0; i < extra->n; i++) {
		struct xlpt_carry *c = &extra->items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && strcmp(c->path, "source/@portgroup") == 0) {
			pci->portgroup = c->text;
			free(c->path);
			memmove(c, c + 1, (extra->n - i - 1) * sizeof(*c));
			extra->n--;
			break;
		}
	}
	/* What a passed-through card has no use for, but libvirt was told. */
	if (net->vifname)
		xlpt_carry_add(extra, XLPT_SIDE_LIBVIRT, "target/@dev", net->vifname, 0, 0);
	if (net->script)
		xlpt_carry_add(extra, XLPT_SIDE_LIBVIRT, "script/@path", net->script, 0, 0);
	if (net->backend)
		xlpt_carry_add(extra, XLPT_SIDE_LIBVIRT, "backenddomain/@name", net->backend, 0, 0);
	if (net->mtu.has) {
		_cleanup_free_ char *mtu = xlpt_xasprintf("%llu", (unsigned long long)net->mtu.v);

		xlpt_carry_add(extra, XLPT_SIDE_LIBVIRT, "mtu/@size", mtu, 0, 0);
	}
}

size_t xlpt_libvirt_resolve_pool(struct xlpt_dom *dom, const struct xlpt_netpool *pool)
{
	size_t moved = 0, kept = 0;

	for (size_t i = 0; i < dom->n_net; i++) {
		struct xlpt_net *net = &dom->net[i];

		/* Addresses and rates cannot be set on it; such an interface is none of a pool's.
		 */
		if (net->kind == XLPT_NET_NETWORK && xlpt_streq(net->source, pool->name) &&
		    !net->ips && !net->rate.has) {
			move_to_pci(dom, net);
			free(net->source);
			free(net->model);
			free(net->vifname);
			free(net->script);
			free(net->backend);
			free(net->gatewaydev);
			moved++;
		} else {
			dom->net[kept++] = *net;
		}
	}
	dom->n_net = kept;
	return moved;
}
