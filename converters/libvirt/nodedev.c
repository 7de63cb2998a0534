/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "converters/libvirt/nodedev.h"

#include "converters/libvirt/xml.h"

static void add_id(xmlNode *pci, const char *element, unsigned id, const char *name)
{
	xmlNode *node = xlpt_lv_add_text(pci, element, name);

	/* A name from pci.ids that XML cannot carry is left out; the number is what counts. */
	if (!node)
		node = xlpt_lv_add(pci, element);
	xlpt_lv_setf(node, "id", "0x%04x", id);
}

static void add_number(xmlNode *pci, const char *element, unsigned v)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%u", v);
	xlpt_lv_add_text(pci, element, buf);
}

static xmlNode *add_capability(xmlNode *parent, const char *type)
{
	xmlNode *cap = xlpt_lv_add(parent, "capability");

	xlpt_lv_set(cap, "type", type);
	return cap;
}

static void add_address(xmlNode *parent, struct xlpt_bdf bdf)
{
	xlpt_lv_set_pci(xlpt_lv_add(parent, "address"), bdf);
}

static void add_sriov(xmlNode *pci, const struct xlpt_nodedev *node)
{
	xmlNode *cap;

	if (node->dev->is_vf)
		add_address(add_capability(pci, "phys_function"), node->dev->pf);
	if (node->dev->vf_total <= 0)
		return;
	cap = add_capability(pci, "virt_functions");
	xlpt_lv_setf(cap, "maxCount", "%d", node->dev->vf_total);
	for (size_t i = 0; i < node->n_vfs; i++)
		add_address(cap, node->vfs[i]);
}

static void add_link(xmlNode *express, const char *validity, int port, unsigned speed,
		     unsigned width)
{
	/* The codes of the Link registers; libvirt leaves out one it has no word for. */
	static const char *const speeds[] = { NULL, "2.5", "5", "8", "16", "32", "64" };
	xmlNode *link = xlpt_lv_add(express, "link");

	xlpt_lv_set(link, "validity", validity);
	if (port >= 0)
		xlpt_lv_setf(link, "port", "%d", port);
	if (speed && speed < XLPT_ARRAY_SIZE(speeds))
		xlpt_lv_set(link, "speed", speeds[speed]);
	xlpt_lv_setf(link, "width", "%u", width);
}

static void add_express(xmlNode *pci, const struct xlpt_caps *c)
{
	xmlNode *express;

	if (!c->pcie)
		return;
	express = xlpt_lv_add(pci, "pci-express");
	/* What is built into the root complex has no link (libvirt, virPCIDeviceHasPCIExpressLink). */
	if (c->pcie_type == XLPT_PCIE_RC_ENDPOINT || c->pcie_type == XLPT_PCIE_RC_COLLECTOR)
		return;
	add_link(express, "cap", c->link_port, c->link_speed_max, c->link_width_max);
	add_link(express, "sta", -1, c->link_speed, c->link_width);
}

static void add_pci(xmlNode *root, const struct xlpt_nodedev *node)
{
	const struct xlpt_device *d = node->dev;
	xmlNode *pci = add_capability(root, "pci"), *group;
	char buf[16];

	snprintf(buf, sizeof(buf), "0x%06x", d->class_code & 0xffffff);
	xlpt_lv_add_text(pci, "class", buf);
	add_number(pci, "domain", d->bdf.seg);
	add_number(pci, "bus", d->bdf.bus);
	add_number(pci, "slot", d->bdf.dev);
	add_number(pci, "function", d->bdf.func);
	add_id(pci, "product", d->device, d->device_name);
	add_id(pci, "vendor", d->vendor, d->vendor_name);
	add_sriov(pci, node);
	if (d->header == XLPT_HEADER_BRIDGE)
		add_capability(pci, "pci-bridge");
	else if (d->header == XLPT_HEADER_CARDBUS)
		add_capability(pci, "cardbus-bridge");
	if (node->n_mates) {
		group = xlpt_lv_add(pci, "iommuGroup");
		xlpt_lv_setf(group, "number", "%u", node->group);
		for (size_t i = 0; i < node->n_mates; i++)
			add_address(group, node->mates[i]);
	}
	if (d->numa_node >= 0)
		xlpt_lv_setf(xlpt_lv_add(pci, "numa"), "node", "%d", d->numa_node);
	add_express(pci, &d->caps);
}

int xlpt_nodedev_write(const struct xlpt_nodedev *node, char **out, struct xlpt_diag *diag)
{
	struct xlpt_str text = { 0 };
	char name[XLPT_BDF_LEN];
	int rc = xlpt_libxml_load(diag);
	xmlNode *root;

	if (rc)
		return rc;
	root = xmlNewNode(NULL, BAD_CAST "device");
	xlpt_lv_add_text(root, "name", xlpt_bdf_format(node->dev->bdf, XLPT_BDF_NODEDEV, name));
	xlpt_lv_add_text(root, "path", node->dev->sysfs_path);
	xlpt_lv_add_text(root, "parent",
			 node->parent ? xlpt_bdf_format(*node->parent, XLPT_BDF_NODEDEV, name)
				      : "computer");
	if (node->dev->driver)
		xlpt_lv_add_text(xlpt_lv_add(root, "driver"), "name", node->dev->driver);
	add_pci(root, node);
	xlpt_lv_save(root, false, &text);
	xmlFreeNode(root);
	*out = xlpt_str_take(&text);
	return 0;
}
