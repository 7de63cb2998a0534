/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a value cannot be said by the other side, and how much that matters. */
#include <fnmatch.h>

#include "converters/convert.h"
#include "converters/model/internal.h"
#include "converters/xl/words.h"

struct reason {
	/* fnmatch; without the names of elements: "pci.id.mac". Behind '=' the value, '#' its place. */
	const char *path;
	enum xlpt_severity severity;
	const char *text;
};

/* clang-format off */
static const struct reason to_xl[] = {
	{ "pci.id.mac", XLPT_LOSS_CHANGED,
	  "xl does not set a VF's MAC address: the xlpt vf line in the comments does" },
	{ "pci.id.vlan*", XLPT_LOSS_CHANGED,
	  "xl does not set a VF's VLAN: one untagged VLAN is in the xlpt vf line in the comments, "
	  "trunks a VF cannot be given" },
	{ "pci.id.*", XLPT_LOSS_CHANGED,
	  "xl does not associate virtual ports: the xlpt vf line in the comments does" },
	{ "pci.interface", XLPT_LOSS_KEPT, "to xl a network interface is a PCI device like others" },
	{ "pci.network", XLPT_LOSS_CHANGED,
	  "xl has no pools: the xlpt line in the comments attaches a function of it" },
	{ "pci.portgroup", XLPT_LOSS_CHANGED,
	  "xl knows no port groups: their VLAN and limits do not hold" },
	{ "pci.model", XLPT_LOSS_NOTE, "the guest sees the card itself" },
	{ "pci.driver", XLPT_LOSS_NOTE, "xl always uses xen-pciback" },
	{ "pci.alias", XLPT_LOSS_NOTE, "a name of libvirt's that the guest does not see" },
	{ "pci.guest", XLPT_LOSS_CHANGED,
	  "xl chooses a slot on the guest's first bus, nothing behind bridges" },
	{ "pci.multifunction", XLPT_LOSS_CHANGED,
	  "xl makes slots multifunction only by BB:DD.*" },
	{ "pci.boot_order", XLPT_LOSS_CHANGED, "xl cannot boot from a chosen PCI device" },
	{ "pci.rom_*", XLPT_LOSS_CHANGED, "xl hands the device's own ROM to the guest" },
	{ "pci.zpci_*", XLPT_LOSS_NOTE, "addresses of s390, where Xen does not run" },
	{ "pci.managed", XLPT_LOSS_NOTE,
	  "seize=1 takes the device when the guest starts; giving it back is up to xlpt unhide" },
	{ "pci", XLPT_LOSS_CHANGED,
	  "xl has no pools: the xlpt attach line in the comments takes a function, with MAC address and "
	  "one VLAN; a port group's VLAN and a virtual port must be said there" },
	{ "memory", XLPT_LOSS_NOTE, "xl counts in whole MiB; more than <memory> libvirt gives no guest either" },
	{ "maxmem", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "numa.size", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "firmware_path", XLPT_LOSS_CHANGED,
	  "libxl takes one image with code and variables, not a part of one: Xen's own OVMF is used, "
	  "and the variables start anew" },
	{ "loader", XLPT_LOSS_NOTE, "of another hypervisor; libxl has its own hvmloader" },
	{ "emulator", XLPT_LOSS_NOTE, "of another hypervisor; libxl starts its own QEMU" },
	{ "cpu_weight", XLPT_LOSS_CHANGED, "a guest's weight under Xen is 1 to 65535" },
	{ "viridian_groups", XLPT_LOSS_NOTE, "with the clock of Hyper-V, which libvirt has as a timer" },
	{ "bootloader_args", XLPT_LOSS_NOTE,
	  "a list of words for xl; libvirt would hand them over as one argument" },
	{ "nestedhvm", XLPT_LOSS_CHANGED,
	  "from KVM's model of the CPU; say nestedhvm=1 if the guest runs guests of its own" },
	{ "cpu_host", XLPT_LOSS_NOTE, "xl gives a guest the host's CPU anyway" },
	{ "apic", XLPT_LOSS_NOTE, "every guest of KVM has one" },
	{ "cmdline", XLPT_LOSS_CHANGED, "it named disks that have another name under xl" },
	{ "video.vram", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "video.heads=1", XLPT_LOSS_NOTE, "xl's video cards have one head" },
	{ "video.primary=on", XLPT_LOSS_NOTE, "xl's one video card is the primary" },
	{ "video.model=xen", XLPT_LOSS_NOTE, "the display of a PV guest" },
	{ "video", XLPT_LOSS_CHANGED, "xl has one video card: the first" },
	{ "video*", XLPT_LOSS_CHANGED, "xl's video cards have a model and memory, and one head" },
	{ "gfx.autoport=on", XLPT_LOSS_CHANGED,
	  "xl does not choose ports for SPICE: one made from the guest's name is written, "
	  "see that no other guest has it" },
	{ "gfx.autoport=off", XLPT_LOSS_NOTE, "a port is said" },
	{ "gfx", XLPT_LOSS_CHANGED,
	  "xl has one display of each kind, and SPICE for HVM guests only" },
	{ "gfx.*", XLPT_LOSS_CHANGED, "xl cannot say this of a display" },
	{ "sound*", XLPT_LOSS_CHANGED,
	  "xl has one sound card: ac97, adlib, cs4231a, es1370, gus, hda or sb16; made for Xen "
	  "the guest has none, as QEMU since 8.2 does not start with it" },
	{ "usbctrl.index=#", XLPT_LOSS_NOTE, "xl numbers controllers in their order" },
	{ "usbctrl.model", XLPT_LOSS_NOTE, "xl has one chip for each version of USB" },
	{ "usbctrl.ports", XLPT_LOSS_CHANGED,
	  "xl's controllers have 2 ports (version 1), 6 (version 2), or up to 15 (version 3)" },
	{ "usbctrl.index", XLPT_LOSS_CHANGED,
	  "xl numbers controllers in their order, so this one has another number" },
	{ "usbctrl*", XLPT_LOSS_CHANGED, "xl has no such USB controller" },
	{ "title", XLPT_LOSS_NOTE, "a text for people" },
	{ "description", XLPT_LOSS_NOTE, "a text for people" },
	{ "console*", XLPT_LOSS_NOTE, "Xen gives every guest its console without being told" },
	{ "parallel*", XLPT_LOSS_CHANGED, "xl has no parallel ports" },
	{ "serial.port=#", XLPT_LOSS_NOTE, "xl numbers serial ports in their order" },
	{ "serial*", XLPT_LOSS_CHANGED, "QEMU's -serial has no word for this" },
	{ "input*", XLPT_LOSS_NOTE, "PS/2 and Xen input devices are there without being told" },
	{ "disk.kind", XLPT_LOSS_NOTE, "libxl finds out by itself whether it is a file or a device" },
	{ "disk.driver=tap", XLPT_LOSS_NOTE, "Xen 4.13 and later come without it: libxl chooses the backend" },
	{ "disk.bus", XLPT_LOSS_NOTE, "the bus follows from the disk's name" },
	{ "disk.name", XLPT_LOSS_CHANGED,
	  "under xl the guest sees it under another name" },
	{ "disk.boot_order", XLPT_LOSS_CHANGED, "xl boots by class of device (boot=), not by device" },
	{ "disk.shareable", XLPT_LOSS_CHANGED, "xl cannot share a writable disk" },
	{ "disk.target", XLPT_LOSS_CHANGED, "no file or device of this host that xl could name" },
	{ "disk", XLPT_LOSS_CHANGED,
	  "left out: xl cannot reach its source, or has no such drive" },
	{ "disk*", XLPT_LOSS_CHANGED, "xl cannot say this of a disk" },
	{ "net.kind", XLPT_LOSS_CHANGED,
	  "xl knows bridges, not libvirt's networks: name the network's bridge" },
	{ "net.source", XLPT_LOSS_CHANGED,
	  "xl knows bridges, not libvirt's networks: name the network's bridge" },
	{ "net.model", XLPT_LOSS_CHANGED,
	  "QEMU has no such card for a guest of Xen: the guest gets an RTL8139" },
	{ "net.type", XLPT_LOSS_CHANGED, "PV and PVH guests have no emulated network cards" },
	{ "net.boot_order", XLPT_LOSS_CHANGED, "xl boots by class of device (boot=), not by device" },
	{ "net.id.*", XLPT_LOSS_CHANGED, "xl leaves VLANs and virtual ports to the vif script" },
	{ "usbdev.managed", XLPT_LOSS_NOTE, "xl takes the device from its driver anyway" },
	{ "usbdev*", XLPT_LOSS_CHANGED, "xl names USB devices by bus and address only" },
	{ "cpuset*", XLPT_LOSS_CHANGED, "cpus= says one set for all vCPUs, or one for each of them" },
	{ "vcpupin*", XLPT_LOSS_CHANGED, "cpus= says one set for all vCPUs, or one for each of them" },
	{ "cpu", XLPT_LOSS_CHANGED, "libxl knows no such flag of the CPU, or it is of a model of KVM's" },
	{ "cpu*", XLPT_LOSS_CHANGED, "libxl's cpuid= has no word for this" },
	{ NULL, 0, NULL },
};

static const struct reason to_libvirt[] = {
	{ "pci.msitranslate", XLPT_LOSS_NOTE,
	  "without effect on today's device models, with xl as well" },
	{ "pci.power_mgmt", XLPT_LOSS_NOTE,
	  "without effect on today's device models, with xl as well" },
	{ "pci.rdm_policy", XLPT_LOSS_CHANGED,
	  "libvirt leaves it at strict: a device with reserved memory may be refused" },
	{ "pci.name", XLPT_LOSS_CHANGED, "libvirt knows devices by address only" },
	{ "pci.address", XLPT_LOSS_CHANGED, "libvirt knows single functions only" },
	{ "pci", XLPT_LOSS_CHANGED, "libvirt knows devices by the address of one function" },
	{ "pci.managed", XLPT_LOSS_NOTE, "said by the domain-wide pci_seize" },
	{ "pci.filtering", XLPT_LOSS_NOTE, "said by the domain-wide pci_permissive" },
	{ "pci_permissive", XLPT_LOSS_KEPT,
	  "said for each device instead; devices added later will not have it" },
	{ "pci_seize", XLPT_LOSS_KEPT,
	  "said for each device instead; devices added later will not have it" },
	{ "pci_msitranslate", XLPT_LOSS_NOTE,
	  "without effect on today's device models, with xl as well" },
	{ "pci_power_mgmt", XLPT_LOSS_NOTE,
	  "without effect on today's device models, with xl as well" },
	{ "rdm*", XLPT_LOSS_CHANGED,
	  "libvirt has no word for reserved memory; xl 4.15 and later misread rdm= as well" },
	{ "gfx_passthru", XLPT_LOSS_CHANGED, "libvirt cannot give the primary graphics card away" },
	{ "nomigrate", XLPT_LOSS_CHANGED,
	  "libvirt has no word for it: the guest may be migrated, and does not see invtsc" },
	{ "cpupool", XLPT_LOSS_CHANGED, "libvirt has no CPU pools: the guest runs in Pool-0" },
	{ "cpu_cap", XLPT_LOSS_CHANGED,
	  "libvirt has no word for it in XML: virsh schedinfo --cap sets it on the running guest" },
	{ "cpu_host", XLPT_LOSS_NOTE,
	  "said, because to libvirt nested virtualisation is a flag of the host's CPU" },
	{ "serial.wait", XLPT_LOSS_CHANGED, "libvirt starts the guest without waiting for a peer" },
	{ "cpuset_soft", XLPT_LOSS_KEPT, "libvirt has no word for CPUs that are only preferred" },
	{ "on_watchdog", XLPT_LOSS_CHANGED, "under libvirt a guest that its watchdog ends is destroyed" },
	{ "on_soft_reset", XLPT_LOSS_CHANGED, "libvirt has no word for it, and lets a guest reset itself" },
	{ "gfx.autoport", XLPT_LOSS_NOTE, "libvirt takes the port that is said, or chooses one" },
	{ "passthrough", XLPT_LOSS_CHANGED, "libvirt knows sync_pt and share_pt only" },
	{ "bootloader", XLPT_LOSS_NOTE, "not said: libvirt starts a PV guest without a kernel with pygrub" },
	{ "maxmem", XLPT_LOSS_NOTE, "less than memory=: libvirt wants it to be as much" },
	{ "bootloader_args", XLPT_LOSS_CHANGED,
	  "libvirt gives all of it to the boot loader as one argument" },
	{ "memory", XLPT_LOSS_NOTE, "not said: the XML says 32 MiB, which is what xl takes for it" },
	{ "kernel", XLPT_LOSS_CHANGED,
	  "a relative path: libvirt has no current directory, and a PV guest would start pygrub instead" },
	{ "ramdisk", XLPT_LOSS_CHANGED, "a relative path: libvirt has no current directory" },
	{ "uuid", XLPT_LOSS_NOTE, "not said in the configuration" },
	{ "vcpupin*", XLPT_LOSS_CHANGED, "libvirt has no word for such a set of CPUs" },
	{ "cpuset=all", XLPT_LOSS_NOTE, "every CPU, as without a word" },
	{ "cpuset*", XLPT_LOSS_CHANGED, "libvirt has no word for such a set of CPUs" },
	{ "numa.pnode", XLPT_LOSS_CHANGED, "libvirt's Xen driver does not place cells on nodes" },
	{ "disk.format", XLPT_LOSS_NOTE, "raw is what both take when nothing is said" },
	{ "disk.target", XLPT_LOSS_CHANGED,
	  "libvirt has no word for this, and refuses a disk without a source: give it a <source>" },
	{ "disk.script", XLPT_LOSS_CHANGED, "libvirt has no block scripts" },
	{ "disk.direct_io_safe", XLPT_LOSS_CHANGED, "libvirt has no word for it" },
	{ "net.kind", XLPT_LOSS_NOTE,
	  "no bridge is said: libxl takes xenbr0, and vif.default.bridge of xl.conf is xl's alone" },
	{ "net.model", XLPT_LOSS_CHANGED, "libvirt has no network card of this name" },
	{ "net.trusted", XLPT_LOSS_CHANGED, "libvirt has no word for it" },
	{ "net.devid=#", XLPT_LOSS_NOTE, "libvirt numbers interfaces in their order" },
	{ "net.devid", XLPT_LOSS_CHANGED,
	  "libvirt numbers interfaces in their order: this one gets another number" },
	{ "net.rate*", XLPT_LOSS_CHANGED, "libvirt counts in KiB per second without an interval" },
	{ "missed_ticks", XLPT_LOSS_CHANGED, "libvirt's Xen driver has no tick policy" },
	{ NULL, 0, NULL },
};
/* clang-format on */

/* What the result says although nothing was said before: paths as above. */
/* clang-format off */
static const struct reason added_to_xl[] = {
	{ "video", XLPT_LOSS_NOTE, "said, because xl gives a guest that is silent a Cirrus card" },
	{ "serial", XLPT_LOSS_NOTE, "said, because libvirt makes it of the first console" },
	{ "gfx.port", XLPT_LOSS_NOTE,
	  "said, because xl wants one: for SPICE made from the guest's name, for VNC beside an IPv6 "
	  "address" },
	{ "gfx.vdagent", XLPT_LOSS_NOTE, "said, because the XML has the channel of SPICE's agent" },
	{ "input", XLPT_LOSS_NOTE, "said, because the XML has a tablet on virtio" },
	{ "usb", XLPT_LOSS_NOTE, "said, because an input device is on USB" },
	{ "acpi_s3", XLPT_LOSS_NOTE, "said by <pm>" },
	{ "acpi_s4", XLPT_LOSS_NOTE, "said by <pm>" },
	{ "gfx.ticketing", XLPT_LOSS_NOTE, "said, because xl wants a password otherwise" },
	{ "numa.distances", XLPT_LOSS_NOTE,
	  "said, because xl takes 0 for a distance that is not: the other cell's, or 20" },
	{ "usbctrl.version", XLPT_LOSS_NOTE, "what xl takes when nothing is said" },
	{ NULL, 0, NULL },
};
/* clang-format on */

enum xlpt_severity xlpt_carry_reason(enum xlpt_format to, const char *at,
				     const struct xlpt_carry *c, const char **reason)
{
	return to == XLPT_FORMAT_LIBVIRT ? xlpt_xl_carry_reason(at, c, reason)
					 : xlpt_lv_carry_reason(at, c, reason);
}

/* "pci[0000:03:00.0].id.mac" -> "pci.id.mac" */
static void without_names(const char *path, struct xlpt_str *out)
{
	while (*path) {
		size_t n = strcspn(path, "[");

		xlpt_str_addn(out, path, n);
		path += n;
		path += strcspn(path, "]");
		path += *path == ']';
	}
}

static bool matches(const char *pattern, const char *path, const struct xlpt_delta *delta)
{
	_cleanup_free_ char *name = NULL;
	const char *place;
	size_t n;

	/* Most differ in the first letters, and comparing those is cheap. */
	for (n = 0; pattern[n] && pattern[n] != '*' && pattern[n] != '='; n++)
		if (pattern[n] != path[n])
			return false;
	n += strcspn(pattern + n, "=");
	place = strstr(delta->path, "[#");
	name = xlpt_xstrndup(pattern, n);
	if (fnmatch(name, path, 0) != 0)
		return false;
	if (!pattern[n] || !delta->a)
		return !pattern[n];
	if (strcmp(pattern + n, "=#") != 0)
		return !strcmp(pattern + n + 1, delta->a);
	n = strlen(delta->a);
	return place && !strncmp(place + 2, delta->a, n) && place[2 + n] == ']';
}

/* Not only rounded: more than was said. */
static bool other_amount(const char *path, const char *member, const struct xlpt_delta *delta)
{
	uint64_t a, b;

	return !strcmp(path, member) && delta->a && delta->b &&
	       xlpt_parse_uint(delta->a, strlen(delta->a), 10, UINT64_MAX, &a) &&
	       xlpt_parse_uint(delta->b, strlen(delta->b), 10, UINT64_MAX, &b) && b > a &&
	       b - a >= 1024;
}

/* The severity and the reason of a difference, by the path of the value. */
static enum xlpt_severity loss_reason(enum xlpt_format to, const struct xlpt_delta *delta,
				      const char **reason)
{
	_cleanup_str_ struct xlpt_str path = { 0 };

	without_names(delta->path, &path);
	for (const struct reason *r = added_to_xl; to == XLPT_FORMAT_XL && !delta->a && r->path;
	     r++)
		if (!strcmp(r->path, xlpt_str_get(&path))) {
			*reason = r->text;
			return r->severity;
		}
	if (to == XLPT_FORMAT_XL && other_amount(xlpt_str_get(&path), "memory", delta)) {
		*reason = "Xen gives an HVM guest with PCI devices all its memory from the start";
		return XLPT_LOSS_CHANGED;
	}
	if (to == XLPT_FORMAT_XL && other_amount(xlpt_str_get(&path), "video.vram", delta)) {
		*reason =
			"libxl wants more for this card: 128 MiB for QXL, 16 for a standard card, 8 for "
			"Cirrus";
		return XLPT_LOSS_CHANGED;
	}
	for (const struct reason *r = to == XLPT_FORMAT_XL ? to_xl : to_libvirt; r->path; r++)
		if (matches(r->path, xlpt_str_get(&path), delta)) {
			*reason = r->text;
			return delta->a ? r->severity : XLPT_LOSS_NOTE;
		}
	if (!delta->a) {
		*reason = "not said, and the target cannot leave it unsaid";
		return XLPT_LOSS_NOTE;
	}
	*reason = to == XLPT_FORMAT_XL ? "xl has no word for it" : "libvirt has no word for it";
	return XLPT_LOSS_CHANGED;
}

static bool has_name(const struct xlpt_field *f, const struct xlpt_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		_cleanup_free_ char *other = xlpt_list_name(f, list, i);

		if (!strcmp(name, other))
			return true;
	}
	return false;
}

/* Elements of a list that have names of their own: those that b has not. Returns their number. */
static size_t tell_missing(struct xlpt_losses *losses, enum xlpt_severity severity,
			   const char *reason, const char *path, const struct xlpt_dom *a,
			   const struct xlpt_dom *b)
{
	void *base_a, *base_b;
	const struct xlpt_field *f = xlpt_path_find(a, path, &base_a);
	const struct xlpt_list *x, *y;
	size_t n = 0;

	if (!f || f->type != XLPT_F_LIST || f->shape->key < 0 || base_a != a ||
	    !xlpt_path_find(b, path, &base_b))
		return 0;
	x = xlpt_field_at(a, f);
	y = xlpt_field_at(b, f);
	/* Each is looked for among all; nobody reads a report of so many. */
	if (x->n > XLPT_REPORT_MAX)
		return 0;
	for (size_t i = 0; i < x->n; i++) {
		const struct xlpt_at *at = xlpt_list_item(x, f->shape, i);
		_cleanup_free_ char *name = xlpt_list_name(f, x, i), *what = NULL;

		if (has_name(f, y, name))
			continue;
		if (x == (const void *)&a->disk && a->disk[i].name)
			what = xlpt_xasprintf("disk[%s]", a->disk[i].name);
		else
			what = xlpt_xasprintf("%s[%s]", f->name, name);
		xlpt_loss_add(losses, severity, a->file, at->line, 0, what, "%s", reason);
		n++;
	}
	return n;
}

/* A disk under another name is better known by its own. */
static void tell_renamed(struct xlpt_losses *losses, const struct xlpt_dom *a,
			 const struct xlpt_disk *d)
{
	struct xlpt_delta delta = { .path = "disk.name", .a = d->name };
	_cleanup_free_ char *what = xlpt_xasprintf("disk[%s]", d->name);
	const char *reason;
	enum xlpt_severity severity = loss_reason(XLPT_FORMAT_XL, &delta, &reason);

	xlpt_loss_add(losses, severity, a->file, d->at.line, 0, what, "%s (%s)", reason,
		      d->vdev ? d->vdev : "none");
}

/* A value of the domain that only HVM guests have. */
static bool is_hvm_only(const struct xlpt_dom *a, const char *path)
{
	static const char *const others[] = { "sound", "serial", "viridian", "viridian_groups",
					      "nographic" };
	size_t n = strcspn(path, ".[");
	const struct xlpt_field *f = xlpt_dom_shape.fields;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (strlen(others[i]) == n && !strncmp(others[i], path, n))
			return true;
	while (f->name && (strlen(f->name) != n || strncmp(f->name, path, n) != 0))
		f++;
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; f->name && k->key; k++)
		if (k->hvm && xlpt_field_at(a, f) == (const void *)((const char *)a + k->off))
			return true;
	return false;
}

void xlpt_loss_tell(struct xlpt_losses *losses, enum xlpt_format to, const struct xlpt_delta *delta,
		    const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	const char *reason;
	enum xlpt_severity severity = loss_reason(to, delta, &reason);
	size_t n = strlen(delta->path);

	if (to == XLPT_FORMAT_XL && a->type != XLPT_DOM_HVM && is_hvm_only(a, delta->path)) {
		severity = XLPT_LOSS_NOTE;
		reason = "of HVM guests alone";
	}
	if (to == XLPT_FORMAT_XL && xlpt_starts(delta->path, "disk[") && n > 6 &&
	    !strcmp(delta->path + n - 6, "].name")) {
		for (size_t i = 0; i < a->n_disk; i++)
			if (a->disk[i].name && xlpt_streq(a->disk[i].name, delta->a))
				tell_renamed(losses, a, &a->disk[i]);
		return;
	}
	if (!strchr(delta->path, '[') && tell_missing(losses, severity, reason, delta->path, a, b))
		return;
	xlpt_loss_add(losses, severity, a->file, delta->line, 0, delta->path, "%s", reason);
}
