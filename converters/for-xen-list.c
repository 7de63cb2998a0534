/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left to do for a guest of KVM that is to start under Xen: in its own system, and on the host. */
#include "converters/for-xen.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

#include <fnmatch.h>
#include <string.h>

char *xlpt_for_xen_attr(const char *xml, const char *element, const char *name)
{
	_cleanup_free_ char *tag = xlpt_xasprintf("<%s ", element);
	_cleanup_free_ char *attr = xlpt_xasprintf(" %s='", name);
	const char *from = strstr(xml, tag), *end, *value;

	if (!from)
		return NULL;
	end = from + strcspn(from, ">");
	value = strstr(from, attr);
	if (!value || value > end)
		return NULL;
	value += strlen(attr);
	return xlpt_xstrndup(value, strcspn(value, "'"));
}

const char *xlpt_for_xen_part(const struct xlpt_at *at, const char *path)
{
	for (size_t i = 0; i < at->extra.n; i++)
		if (at->extra.items[i].side == XLPT_SIDE_LIBVIRT &&
		    !strcmp(at->extra.items[i].path, path))
			return at->extra.items[i].text;
	return NULL;
}

static bool is_uefi(const struct xlpt_dom *dom)
{
	return !dom->kernel && (dom->firmware == XLPT_FW_UEFI || xlpt_xl_is_uefi(dom->loader));
}

/* ---- what the guest is started from ---- */

static bool is_first_disk(const struct xlpt_disk *d)
{
	return d->vdev && fnmatch("*da", d->vdev, 0) == 0;
}

/* boot="c" is the first disk (xl/fit-boot.c), which need not be the one that the XML starts from. */
static void list_boot_disk(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	const struct xlpt_disk *from = NULL, *first = NULL;
	_cleanup_free_ char *name = NULL;
	bool cdrom = false;

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];

		cdrom |= d->dev == XLPT_DISKDEV_CDROM && is_first_disk(d);
		if (d->dev == XLPT_DISKDEV_CDROM || d->dev == XLPT_DISKDEV_FLOPPY)
			continue;
		if (is_first_disk(d))
			first = d;
		if (d->boot_order.has && (!from || d->boot_order.v < from->boot_order.v))
			from = d;
	}
	if (!from || !from->vdev || is_first_disk(from))
		return;
	name = xlpt_for_xen_new_name(from);
	xlpt_todo_add(
		losses,
		"boot: the BIOS starts from the first disk, the XML from the one that is %s now: "
		"%s",
		name,
		first ? "let it and the first one change their names in disk="
		: cdrom ? "name it xvda in disk=, and the CD-ROM that is hda by another free name (hdb "
			  "to hdd)"
			: "name it xvda in disk=");
}

static void take_first(struct xlpt_num *first, const struct xlpt_num *order)
{
	if (order->has && (!first->has || order->v < first->v))
		*first = *order;
}

/* A passed-through drive or card, which boot= cannot name. False: the guest starts from another device. */
static bool list_boot_pci(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	struct xlpt_num first = { 0 };

	for (size_t i = 0; i < dom->n_disk; i++)
		take_first(&first, &dom->disk[i].boot_order);
	for (size_t i = 0; i < dom->n_net; i++)
		take_first(&first, &dom->net[i].boot_order);
	for (size_t i = 0; i < dom->n_pci; i++)
		take_first(&first, &dom->pci[i].boot_order);
	for (size_t i = 0; first.has && i < dom->n_pci; i++)
		if (dom->pci[i].boot_order.has && dom->pci[i].boot_order.v == first.v) {
			xlpt_todo_add(losses,
				      "boot: the XML starts from PCI device %s, which boot= cannot "
				      "name: see that the %s finds it, or choose it in its boot "
				      "menu",
				      XLPT_BDF_STR(dom->pci[i].spec.bdf),
				      is_uefi(dom) ? "UEFI" : "BIOS");
			return true;
		}
	return false;
}

static void list_boot(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	if (dom->kernel)
		return;
	if (is_uefi(dom))
		xlpt_todo_add(
			losses,
			"UEFI: boot entries and Secure Boot keys are gone; install the loader "
			"as EFI/BOOT/BOOTX64.EFI too");
	if (!list_boot_pci(dom, losses) && !is_uefi(dom))
		list_boot_disk(dom, losses);
}

/* ---- the network ---- */

static void list_network(const struct xlpt_net *n, size_t i, struct xlpt_losses *losses)
{
	/* The XML of a guest that runs names the bridge of its network. */
	const char *bridge = xlpt_for_xen_part(&n->at, "source/@bridge");

	xlpt_todo_add(
		losses,
		"host: name the bridge of libvirt's network \"%s\" in vif[%zu] (xl would take "
		"xenbr0%s%s)",
		n->source ? n->source : "", i, bridge ? "; where the guest ran it was " : "",
		bridge ? bridge : "");
}

/* Interfaces of types that the model has no place for. */
static void list_other_nets(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	_cleanup_str_ struct xlpt_str macs = { 0 };

	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];
		_cleanup_free_ char *mac = NULL;

		if (c->side != XLPT_SIDE_LIBVIRT || strcmp(c->path, "devices/interface") != 0)
			continue;
		mac = xlpt_for_xen_attr(c->text, "mac", "address");
		if (mac)
			xlpt_str_addf(&macs, "%smac=%s", macs.len ? ", " : " (", mac);
	}
	xlpt_todo_add(losses,
		      "host: network interfaces of types that xl does not have are not in the "
		      "configuration: add them to vif= with a bridge%s%s",
		      macs.len ? macs.s : "", macs.len ? ")" : "");
}

static void list_nets(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	bool others = xlpt_dom_says(dom, "devices/interface", NULL);

	if (others)
		list_other_nets(dom, losses);
	if (dom->n_net || others)
		xlpt_todo_add(losses,
			      "network: interfaces get other names (enX0, eth0); configure them by "
			      "MAC address, and give vif= a mac= where it has none");
	for (size_t i = 0; i < dom->n_net; i++) {
		const struct xlpt_net *n = &dom->net[i];

		if (n->kind == XLPT_NET_NETWORK)
			list_network(n, i, losses);
		else if (n->kind == XLPT_NET_NETDEV)
			xlpt_todo_add(
				losses,
				"host: make a bridge over %s and name it in vif[%zu] (xl would "
				"take xenbr0)",
				n->source ? n->source : "the interface", i);
		else if (n->kind == XLPT_NET_ROUTED)
			xlpt_todo_add(
				losses,
				"host: name a bridge, or the script that connects the guest, in "
				"vif[%zu] (xl would take xenbr0)",
				i);
	}
}

/* ---- other devices ---- */

static void list_hostdev(const char *xml, struct xlpt_losses *losses)
{
	_cleanup_free_ char *type = xlpt_for_xen_attr(xml, "hostdev", "type");
	_cleanup_free_ char *uuid = xlpt_for_xen_attr(xml, "address", "uuid");

	if (xlpt_streq(type, "scsi"))
		xlpt_todo_add(losses,
			      "host: a SCSI device is not in the configuration: add its block "
			      "device (lsscsi shows it) to disk=");
	else if (xlpt_streq(type, "mdev"))
		xlpt_todo_add(losses,
			      "host: mediated device%s%s is not in the configuration: pass on a "
			      "whole card, or a virtual function of it, in pci=",
			      uuid ? " " : "", uuid ? uuid : "");
	else
		xlpt_todo_add(losses,
			      "host: a passed-through device of type %s is not in the "
			      "configuration: xl passes on PCI and USB devices alone",
			      type ? type : "unknown");
}

static void list_passed(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	for (size_t i = 0; i < dom->extra.n; i++)
		if (dom->extra.items[i].side == XLPT_SIDE_LIBVIRT &&
		    !strcmp(dom->extra.items[i].path, "devices/hostdev"))
			list_hostdev(dom->extra.items[i].text, losses);
	for (size_t i = 0; i < dom->n_pci; i++) {
		const struct xlpt_pci *p = &dom->pci[i];

		if (p->network || p->id.mac || p->id.n_vlan || p->id.vport) {
			xlpt_todo_add(losses,
				      "host: MAC addresses and VLANs of virtual functions: before "
				      "each start run the commands of the #xlpt-run: lines");
			break;
		}
	}
	for (size_t i = 0; i < dom->n_usbdev; i++)
		if (!dom->usbdev[i].bus.has)
			xlpt_todo_add(
				losses,
				"host: USB device %04llx:%04llx: give usbdev= its hostbus= and "
				"hostaddr= (lsusb shows them)",
				(unsigned long long)dom->usbdev[i].vendor.v,
				(unsigned long long)dom->usbdev[i].product.v);
}

static void list_missing(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	static const struct {
		const char *path, *word, *text;
	} parts[] = {
		{ "devices/tpm", NULL,
		  "TPM: what is sealed to it (disk keys, BitLocker) must be unlocked "
		  "in another way before" },
		{ "devices/filesystem", NULL,
		  "fstab: take out directories shared by the host (9p, "
		  "virtiofs); use NFS or the like" },
		{ "devices/channel", "org.qemu.guest_agent",
		  "qemu-guest-agent has no channel under Xen: "
		  "xl shutdown and xl reboot do without it" },
		{ "devices/watchdog", NULL,
		  "watchdog: the emulated card is gone; Linux has xen_wdt" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++)
		if (xlpt_dom_says(dom, parts[i].path, parts[i].word))
			xlpt_todo_add(losses, "%s", parts[i].text);
	if (dom->n_sound || xlpt_dom_says(dom, "devices/sound", NULL))
		xlpt_todo_add(losses,
			      "sound: the card is left out, as QEMU since 8.2 starts no guest "
			      "with soundhw= alone");
}

void xlpt_for_xen_list(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	_cleanup_losses_ struct xlpt_losses all = { 0 };

	xlpt_todo_add(
		&all,
		"drivers: Linux needs xen-blkfront and xen-netfront in its initramfs (dracut "
		"--add-drivers, /etc/initramfs-tools/modules); Windows needs Xen's PV drivers, and "
		"starts on IDE without them");
	xlpt_for_xen_list_disks(dom, &all);
	list_missing(dom, &all);
	list_nets(dom, &all);
	list_boot(dom, &all);
	list_passed(dom, &all);
	for (int host = 0; host <= 1; host++)
		for (size_t i = 0; i < all.n_todo; i++)
			if (xlpt_starts(all.todo[i], "host: ") == host)
				xlpt_todo_add(losses, "%s", all.todo[i]);
}
