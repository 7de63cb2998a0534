/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest of KVM that is to start under Xen. Its hardware becomes what Xen has; what only the guest's
 * own system can do comes out as a check list. Works on the copy that is written, so that all of it is
 * found by the comparison, told, and comes back on the way to libvirt.
 */
#include "converters/for-xen.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

#include <fnmatch.h>
#include <string.h>

static bool carries(const struct xlpt_dom *dom, const char *path, const char *word)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];

		if (c->side == XLPT_SIDE_LIBVIRT && !strcmp(c->path, path) &&
		    (!word || strstr(c->text, word)))
			return true;
	}
	return false;
}

/* ---- the hardware ---- */

/* <synic> has given it already. */
static void add_group(char ***groups, const char *group)
{
	if (!xlpt_strv_has(*groups, group))
		xlpt_strv_add(groups, group);
}

static void processors(struct xlpt_dom *dom)
{
	/* A model of KVM's CPUs; xl gives the host's, and nested HVM is for those who ask for it. */
	dom->cpu_host = dom->nestedhvm = XLPT_UNSET;
	xlpt_dom_set(dom, "cpu", NULL);
	/* Every guest of KVM has one, said or not. */
	if (dom->apic == XLPT_OFF)
		dom->apic = XLPT_ON;
	if (dom->viridian_groups &&
	    carries(dom, "clock/timer", "name='hypervclock' present='yes'")) {
		add_group(&dom->viridian_groups, "time_ref_count");
		add_group(&dom->viridian_groups, "reference_tsc");
	}
}

static void devices(struct xlpt_dom *dom)
{
	/* Places on the buses of another machine; QEMU finds free ones. */
	for (size_t i = 0; i < dom->n_pci; i++) {
		dom->pci[i].guest = (struct xlpt_opt_bdf){ 0 };
		dom->pci[i].spec.vslot = -1;
	}
	/* The IOMMU of an HVM guest with devices wants all memory there from the start. */
	if (dom->n_pci && dom->maxmem.has)
		dom->memory = dom->maxmem;
	/* QEMU since 8.2 ends at once where a sound card has no way out, and libxl gives it none.
	 */
	if (dom->n_sound)
		xlpt_dom_set(dom, "sound", NULL);
	/* The nearest to virtio-gpu, bochs and their like. */
	if (dom->n_gfx && !dom->n_video && carries(dom, "devices/video", NULL) &&
	    !carries(dom, "devices/video", "type='none'"))
		XLPT_DOM_ADD(dom, video)->model = XLPT_VGA_STD;
}

/* ---- the check list ---- */

/* The image that takes the place of one that xl cannot read. */
static void list_image(const struct xlpt_disk *d, const char *name, const char *strange,
		       struct xlpt_losses *losses)
{
	_cleanup_free_ char *made = xlpt_xl_made_image(d), *command = NULL;

	if (made)
		command = xlpt_xl_image_command(d->target, made, strange);
	if (made)
		xlpt_todo_add(losses, "host: disk %s: xl has no images of type %s: %s", name,
			      strange, command);
	else
		xlpt_todo_add(
			losses,
			"host: disk %s: xl has no images of type %s, and it is not in the "
			"configuration: qemu-img convert it to qcow2 or raw, and add it to disk=",
			name, strange);
}

/* What xl writes no disk for, or not as it is. */
static bool lacks(const struct xlpt_dom *dom, const struct xlpt_disk *d, struct xlpt_losses *losses)
{
	const char *name = d->name ? d->name : d->vdev;
	const char *strange = d->target && *d->target ? xlpt_xl_strange_image(dom, d) : NULL;

	if (strange)
		list_image(d, name, strange, losses);
	for (size_t i = 0; i < d->at.extra.n; i++) {
		const struct xlpt_carry *c = &d->at.extra.items[i];

		if (!strcmp(c->path, "source/encryption") || !strcmp(c->path, "encryption"))
			xlpt_todo_add(
				losses,
				"host: disk %s is encrypted: open it on the host (cryptsetup), "
				"or qemu-img convert it, and name what is open in disk=",
				name);
	}
	if (d->dev == XLPT_DISKDEV_FLOPPY) {
		xlpt_todo_add(losses, "floppy drive %s: xl has none", name);
		return true;
	}
	if (d->dev == XLPT_DISKDEV_CDROM || (d->target && *d->target))
		return false;
	xlpt_todo_add(losses,
		      "host: disk %s is not in the configuration: make its source a file or a "
		      "device of the host (iscsiadm, nbd-client, ...) and add it to disk=",
		      name);
	return true;
}

static void list_disks(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	_cleanup_str_ struct xlpt_str names = { 0 };

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];
		_cleanup_free_ char *from = NULL, *to = NULL;

		if (!d->vdev || lacks(dom, d, losses) || d->dev == XLPT_DISKDEV_CDROM)
			continue;
		from = xlpt_for_xen_old_name(dom, d);
		to = xlpt_for_xen_new_name(d);
		xlpt_str_addf(&names, "%s%s is %s", names.len ? ", " : "", from, to);
	}
	if (names.len)
		xlpt_todo_add(losses,
			      "fstab, crypttab, boot loader: UUID= or LABEL= instead of names of "
			      "disks (%s)",
			      names.s);
}

static bool is_first_disk(const struct xlpt_disk *d)
{
	return d->vdev && fnmatch("*da", d->vdev, 0) == 0;
}

/* boot="c" is the first disk (xl/fit-boot.c), which need not be the one that the XML starts from. */
static void list_boot(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	const struct xlpt_disk *from = NULL, *first = NULL;
	_cleanup_free_ char *name = NULL;

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];

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
		      : "name it xvda in disk=");
}

/* The XML of a guest that runs names the bridge of its network; NULL: it does not. */
static const char *running_bridge(const struct xlpt_net *n)
{
	const struct xlpt_carries *extra = &n->at.extra;

	for (size_t i = 0; i < extra->n; i++)
		if (extra->items[i].side == XLPT_SIDE_LIBVIRT &&
		    !strcmp(extra->items[i].path, "source/@bridge"))
			return extra->items[i].text;
	return NULL;
}

static void list_network(const struct xlpt_net *n, size_t i, struct xlpt_losses *losses)
{
	const char *bridge = running_bridge(n);

	xlpt_todo_add(
		losses,
		"host: name the bridge of libvirt's network \"%s\" in vif[%zu] (xl would take "
		"xenbr0%s%s)",
		n->source ? n->source : "", i, bridge ? "; where the guest ran it was " : "",
		bridge ? bridge : "");
}

static void list_nets(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	bool others = carries(dom, "devices/interface", NULL);

	if (others)
		xlpt_todo_add(losses, "host: network interfaces of types that xl does not have are "
				      "not in the configuration: add them to vif= with a bridge");
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

static void list_missing(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	static const struct {
		const char *path, *word, *text;
	} parts[] = {
		{ "devices/filesystem", NULL,
		  "fstab: take out directories shared by the host (9p, "
		  "virtiofs); use NFS or the like" },
		{ "devices/channel", "org.qemu.guest_agent",
		  "qemu-guest-agent has no channel under Xen: "
		  "xl shutdown and xl reboot do without it" },
		{ "devices/tpm", NULL,
		  "TPM: what is sealed to it (disk keys, BitLocker) must be unlocked "
		  "in another way before" },
		{ "devices/watchdog", NULL,
		  "watchdog: the emulated card is gone; Linux has xen_wdt" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(parts); i++)
		if (carries(dom, parts[i].path, parts[i].word))
			xlpt_todo_add(losses, "%s", parts[i].text);
	if (dom->n_sound || carries(dom, "devices/sound", NULL))
		xlpt_todo_add(losses,
			      "sound: the card is left out, as QEMU since 8.2 starts no guest "
			      "with soundhw= alone");
	for (size_t i = 0; i < dom->n_usbdev; i++)
		if (!dom->usbdev[i].bus.has)
			xlpt_todo_add(
				losses,
				"host: USB device %04llx:%04llx: give usbdev= its hostbus= and "
				"hostaddr= (lsusb shows them)",
				(unsigned long long)dom->usbdev[i].vendor.v,
				(unsigned long long)dom->usbdev[i].product.v);
}

static void check_list(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	xlpt_todo_add(
		losses,
		"drivers: Linux needs xen-blkfront and xen-netfront in its initramfs (dracut "
		"--add-drivers, /etc/initramfs-tools/modules); Windows needs Xen's PV drivers, and "
		"starts on IDE without them");
	list_disks(dom, losses);
	if (!dom->kernel && dom->firmware != XLPT_FW_UEFI && !xlpt_xl_is_uefi(dom->loader))
		list_boot(dom, losses);
	list_nets(dom, losses);
	if (dom->firmware == XLPT_FW_UEFI || xlpt_xl_is_uefi(dom->loader))
		xlpt_todo_add(
			losses,
			"UEFI: boot entries and Secure Boot keys are gone; install the loader "
			"as EFI/BOOT/BOOTX64.EFI too");
	list_missing(dom, losses);
}

void xlpt_for_xen(struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	xlpt_for_xen_roots(dom);
	check_list(dom, losses);
	processors(dom);
	devices(dom);
}

void xlpt_for_xen_write(struct xlpt_losses *todo, struct xlpt_str *out, struct xlpt_losses *losses)
{
	if (!todo->n_todo)
		return;
	xlpt_str_add(out, "\n#xlpt-note: a guest of KVM; before it starts under Xen:\n");
	for (size_t i = 0; i < todo->n_todo; i++) {
		xlpt_str_add(out, "#xlpt-note: - ");
		/* Names are other people's: a comment stays on its line. */
		for (const char *s = todo->todo[i]; *s;) {
			size_t n = 0;

			while ((unsigned char)s[n] >= ' ')
				n++;
			xlpt_str_addn(out, s, n);
			xlpt_str_add(out, s[n] ? "?" : "");
			s += n + !!s[n];
		}
		xlpt_str_add(out, "\n");
		xlpt_todo_add(losses, "%s", todo->todo[i]);
	}
}

int xlpt_for_xen_settle(struct xlpt_convert *how, const struct xlpt_dom *dom, enum xlpt_format from,
			enum xlpt_format to, struct xlpt_diag *diag)
{
	bool fits = from == XLPT_FORMAT_LIBVIRT && to == XLPT_FORMAT_XL && !how->devices_only &&
		    !dom->devices_only && dom->type == XLPT_DOM_HVM;

	if (how->for_xen == XLPT_ON && !fits) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--for-xen is for a whole HVM guest that goes from libvirt to xl");
		xlpt_diag_hint(diag, "leave it out: guests of KVM are found by their type");
		return XLPT_ERR_USAGE;
	}
	if (how->for_xen == XLPT_UNSET)
		how->for_xen = fits && xlpt_dom_is_kvm(dom) ? XLPT_ON : XLPT_OFF;
	return 0;
}
