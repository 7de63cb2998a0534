/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passed-through devices: <hostdev> for PCI and USB, <interface type='hostdev'>. */
#include "converters/libvirt/reader.h"

#include <string.h>

static int read_zpci(struct xlpt_lv_reader *r, xmlNode *address, struct xlpt_pci *pci)
{
	xmlNode *z = xlpt_lv_child(address, "zpci");
	int rc = xlpt_lv_read_num(r, z, "uid", 0xffff, &pci->zpci_uid);

	if (rc == 0 && pci->zpci_uid.has && !pci->zpci_uid.v)
		rc = xlpt_lv_bad(r->doc, z, "uid", r->diag, "a zPCI uid is from 0x1 to 0xffff");
	return rc ? rc : xlpt_lv_read_num(r, z, "fid", 0xffffffff, &pci->zpci_fid);
}

/* Where the guest sees the device. An address without a place means "libvirt chooses": kept. */
static int read_guest(struct xlpt_lv_reader *r, xmlNode *node, struct xlpt_pci *pci)
{
	xmlNode *a = xlpt_lv_child(node, "address");
	int rc;

	if (!a)
		return 0;
	if (!xlpt_streq(xlpt_lv_peek(a, "type"), "pci") ||
	    (!xlpt_lv_peek(a, "domain") && !xlpt_lv_peek(a, "bus") && !xlpt_lv_peek(a, "slot") &&
	     !xlpt_lv_peek(a, "function"))) {
		xlpt_lv_unmark_whole(a);
		return 0;
	}
	xlpt_lv_attr(a, "type");
	rc = xlpt_lv_pci_address(r->doc, a, &pci->guest.v, r->diag);
	if (rc)
		return rc;
	pci->guest.has = true;
	pci->multifunction = (enum xlpt_tri)xlpt_lv_read_word(a, "multifunction", xlpt_lv_on_off);
	return read_zpci(r, a, pci);
}

/* What <hostdev> and <interface type='hostdev'> have in common. */
static int read_common(struct xlpt_lv_reader *r, xmlNode *node, xmlNode *source,
		       struct xlpt_pci *pci)
{
	xmlNode *address = xlpt_lv_child(source, "address"), *rom = xlpt_lv_child(node, "rom");
	xmlNode *driver = xlpt_lv_child(node, "driver"), *alias;
	int rc;

	if (!address)
		return xlpt_lv_bad(r->doc, source ? source : node, NULL, r->diag,
				   "the device has no source address");
	if (xlpt_streq(xlpt_lv_peek(address, "type"), "pci"))
		xlpt_lv_attr(address, "type");
	rc = xlpt_lv_pci_address(r->doc, address, &pci->spec.bdf, r->diag);
	if (rc)
		return rc;
	pci->spec.has_bdf = true;
	pci->managed = (enum xlpt_tri)xlpt_lv_read_word(node, "managed", xlpt_lv_yes_no);
	if (xlpt_lv_word_value(xlpt_lv_hostdev_driver, xlpt_lv_peek(driver, "name")))
		pci->driver = xlpt_lv_read_str(driver, "name");
	alias = xlpt_lv_child(node, "alias");
	if (xlpt_lv_is_alias(xlpt_lv_peek(alias, "name")))
		pci->alias = xlpt_lv_read_str(alias, "name");
	pci->rom_bar = (enum xlpt_tri)xlpt_lv_read_word(rom, "bar", xlpt_lv_on_off);
	pci->rom_enabled = (enum xlpt_tri)xlpt_lv_read_word(rom, "enabled", xlpt_lv_yes_no);
	pci->rom_file = xlpt_lv_read_str(rom, "file");
	rc = xlpt_lv_read_num(r, xlpt_lv_child(node, "boot"), "order", UINT32_MAX,
			      &pci->boot_order);
	return rc ? rc : read_guest(r, node, pci);
}

static int read_pci(struct xlpt_lv_reader *r, xmlNode *node)
{
	struct xlpt_pci *pci = XLPT_DOM_ADD(r->dom, pci);
	xmlNode *source = xlpt_lv_child(node, "source");
	int rc;

	xlpt_lv_read_at(r, &pci->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "mode");
	xlpt_lv_attr(node, "type");
	pci->filtering = (enum xlpt_tri)xlpt_lv_read_word(source, "writeFiltering", xlpt_lv_yes_no);
	rc = read_common(r, node, source, pci);
	if (rc)
		return rc;
	xlpt_lv_read_rest(r, &pci->at, node);
	return 1;
}

int xlpt_lv_read_pci_interface(struct xlpt_lv_reader *r, xmlNode *node)
{
	xmlNode *source = xlpt_lv_child(node, "source");
	const char *type = xlpt_lv_peek(xlpt_lv_child(source, "address"), "type");
	struct xlpt_pci *pci;
	int rc;

	/* A USB network card given as an interface. */
	if (type && strcmp(type, "pci"))
		return 0;
	pci = XLPT_DOM_ADD(r->dom, pci);
	xlpt_lv_read_at(r, &pci->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "type");
	pci->interface = true;
	rc = read_common(r, node, source, pci);
	if (rc == 0)
		rc = xlpt_lv_read_netid(r, node, &pci->id);
	if (rc)
		return rc;
	pci->model = xlpt_lv_read_str(xlpt_lv_child(node, "model"), "type");
	xlpt_lv_read_rest(r, &pci->at, node);
	return 1;
}

static int read_usb(struct xlpt_lv_reader *r, xmlNode *node)
{
	xmlNode *source = xlpt_lv_child(node, "source"), *host = xlpt_lv_child(source, "address");
	xmlNode *guest = xlpt_lv_child(node, "address");
	struct xlpt_usbdev *u = XLPT_DOM_ADD(r->dom, usbdev);
	const char *port = xlpt_lv_peek(guest, "port");
	uint64_t v;
	int rc;

	xlpt_lv_read_at(r, &u->at, node);
	xlpt_lv_mark(node);
	xlpt_lv_attr(node, "mode");
	xlpt_lv_attr(node, "type");
	u->managed = (enum xlpt_tri)xlpt_lv_read_word(node, "managed", xlpt_lv_yes_no);
	rc = xlpt_lv_read_num(r, host, "bus", 0xfff, &u->bus);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, host, "device", 0xfff, &u->addr);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, xlpt_lv_child(source, "vendor"), "id", 0xffff, &u->vendor);
	if (rc == 0)
		rc = xlpt_lv_read_num(r, xlpt_lv_child(source, "product"), "id", 0xffff,
				      &u->product);
	if (rc)
		return rc;
	if (!u->bus.has && !u->vendor.has)
		return xlpt_lv_bad(r->doc, node, NULL, r->diag,
				   "the USB device is named neither by "
				   "address nor by vendor and product");
	if (guest && xlpt_streq(xlpt_lv_peek(guest, "type"), "usb") && port &&
	    xlpt_lv_number(port, 255, &v) && xlpt_lv_only(guest, "type", "bus", "port", NULL)) {
		xlpt_lv_attr(guest, "type");
		xlpt_lv_attr(guest, "port");
		u->port = (struct xlpt_num){ true, v };
		rc = xlpt_lv_read_num(r, guest, "bus", 255, &u->ctrl);
		if (rc)
			return rc;
	} else if (guest) {
		xlpt_lv_unmark_whole(guest); /* behind a hub, or of another kind */
	}
	xlpt_lv_read_rest(r, &u->at, node);
	return 1;
}

int xlpt_lv_read_hostdev(struct xlpt_lv_reader *r, xmlNode *node)
{
	const char *mode = xlpt_lv_peek(node, "mode"), *type = xlpt_lv_peek(node, "type");

	if (mode && strcmp(mode, "subsystem"))
		return 0;
	if (xlpt_streq(type, "pci"))
		return read_pci(r, node);
	if (xlpt_streq(type, "usb"))
		return read_usb(r, node);
	return 0;
}
