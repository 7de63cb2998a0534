/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a value cannot be said by the other side, and how much that matters. */
#include <fnmatch.h>

#include "converters/convert.h"

struct reason {
	/* fnmatch; without the names of elements: "pci.id.mac". Behind '=' the value, '#' its place. */
	const char *path;
	enum xlpt_severity severity;
	const char *text;
};

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
	{ "pci.portgroup", XLPT_LOSS_KEPT, "xl has no pools of functions" },
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
	{ "pci", XLPT_LOSS_CHANGED, "a device from a pool has no address xl could be told" },
	{ "memory", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "maxmem", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "numa.size", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "video.vram", XLPT_LOSS_NOTE, "xl counts in MiB: rounded up" },
	{ "video.heads=1", XLPT_LOSS_NOTE, "xl's video cards have one head" },
	{ "video.primary=on", XLPT_LOSS_NOTE, "xl's one video card is the primary" },
	{ "video*", XLPT_LOSS_KEPT, "xl knows one video card and its memory" },
	{ "gfx.autoport=off", XLPT_LOSS_NOTE, "a port is said" },
	{ "title", XLPT_LOSS_NOTE, "a text for people" },
	{ "description", XLPT_LOSS_NOTE, "a text for people" },
	{ "console*", XLPT_LOSS_NOTE, "Xen gives every guest its console without being told" },
	{ "parallel*", XLPT_LOSS_CHANGED, "xl has no parallel ports" },
	{ "serial.port=#", XLPT_LOSS_NOTE, "xl numbers serial ports in their order" },
	{ "serial*", XLPT_LOSS_CHANGED, "QEMU's -serial has no word for this" },
	{ "input*", XLPT_LOSS_NOTE, "PS/2 and Xen input devices are there without being told" },
	{ "disk.kind", XLPT_LOSS_NOTE, "libxl finds out by itself whether it is a file or a device" },
	{ "disk.bus", XLPT_LOSS_NOTE, "the bus follows from the disk's name" },
	{ "disk.boot_order", XLPT_LOSS_CHANGED, "xl boots by class of device (boot=), not by device" },
	{ "disk.shareable", XLPT_LOSS_CHANGED, "xl cannot share a writable disk" },
	{ "disk*", XLPT_LOSS_CHANGED, "xl cannot say this of a disk" },
	{ "net.kind", XLPT_LOSS_CHANGED,
	  "xl knows bridges, not libvirt's networks: name the network's bridge" },
	{ "net.source", XLPT_LOSS_CHANGED,
	  "xl knows bridges, not libvirt's networks: name the network's bridge" },
	{ "net.boot_order", XLPT_LOSS_CHANGED, "xl boots by class of device (boot=), not by device" },
	{ "net.id.*", XLPT_LOSS_CHANGED, "xl leaves VLANs and virtual ports to the vif script" },
	{ "usbdev*", XLPT_LOSS_CHANGED, "xl names USB devices by bus and address only" },
	{ "cpuset*", XLPT_LOSS_CHANGED, "cpus= says one set for all vCPUs, or one for each of them" },
	{ "vcpupin*", XLPT_LOSS_CHANGED, "cpus= says one set for all vCPUs, or one for each of them" },
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
	{ "nomigrate", XLPT_LOSS_KEPT, "libvirt refuses to migrate guests with PCI devices anyway" },
	{ "passthrough", XLPT_LOSS_CHANGED, "libvirt knows sync_pt and share_pt only" },
	{ "memory", XLPT_LOSS_NOTE, "not said: the XML says 32 MiB, which is what xl takes for it" },
	{ "kernel", XLPT_LOSS_CHANGED,
	  "a relative path: libvirt has no current directory, and a PV guest would start pygrub instead" },
	{ "ramdisk", XLPT_LOSS_CHANGED, "a relative path: libvirt has no current directory" },
	{ "uuid", XLPT_LOSS_NOTE, "not said in the configuration" },
	{ "vcpupin*", XLPT_LOSS_CHANGED, "libvirt has no word for such a set of CPUs" },
	{ "cpuset*", XLPT_LOSS_CHANGED, "libvirt has no word for such a set of CPUs" },
	{ "numa.pnode", XLPT_LOSS_CHANGED, "libvirt's Xen driver does not place cells on nodes" },
	{ "disk.format", XLPT_LOSS_NOTE, "raw is what both take when nothing is said" },
	{ "disk.target", XLPT_LOSS_CHANGED,
	  "libvirt has no word for this, and refuses a disk without a source: give it a <source>" },
	{ "disk.script", XLPT_LOSS_CHANGED, "libvirt has no block scripts" },
	{ "disk.direct_io_safe", XLPT_LOSS_CHANGED, "libvirt has no word for it" },
	{ "net.trusted", XLPT_LOSS_CHANGED, "libvirt has no word for it" },
	{ "net.devid", XLPT_LOSS_KEPT, "libvirt numbers interfaces in their order" },
	{ "net.rate*", XLPT_LOSS_CHANGED, "libvirt counts in KiB per second without an interval" },
	{ "missed_ticks", XLPT_LOSS_CHANGED, "libvirt's Xen driver has no tick policy" },
	{ NULL, 0, NULL },
};

/* Parts of the XML that are not in the model and say what is so under xl anyway. */
static const struct reason carries_to_xl[] = {
	{ "os/type/@arch=x86_64", XLPT_LOSS_NOTE, "xl's guests have the host's architecture" },
	{ "devices/memballoon=<memballoon model='xen'/>", XLPT_LOSS_NOTE,
	  "every guest of Xen has its balloon" },
	{ NULL, 0, NULL },
};

enum xlpt_severity xlpt_carry_reason(enum xlpt_format to, const struct xlpt_carry *c,
				     const char **reason)
{
	_cleanup_free_ char *said = xlpt_xasprintf("%s=%s", c->path, c->text);

	for (const struct reason *r = carries_to_xl; to == XLPT_FORMAT_XL && r->path; r++)
		if (!strcmp(r->path, said)) {
			*reason = r->text;
			return r->severity;
		}
	*reason = to == XLPT_FORMAT_XL ? "xl has no word for this part of the XML"
				       : "libvirt has no word for this setting of xl";
	return XLPT_LOSS_KEPT;
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
	size_t n = strcspn(pattern, "=");
	_cleanup_free_ char *name = xlpt_xstrndup(pattern, n);
	const char *place = strstr(delta->path, "[#");

	if (fnmatch(name, path, 0) != 0)
		return false;
	if (!pattern[n] || !delta->a)
		return !pattern[n];
	if (strcmp(pattern + n, "=#") != 0)
		return !strcmp(pattern + n + 1, delta->a);
	n = strlen(delta->a);
	return place && !strncmp(place + 2, delta->a, n) && place[2 + n] == ']';
}

enum xlpt_severity xlpt_loss_reason(enum xlpt_format to, const struct xlpt_delta *delta,
				    const char **reason)
{
	_cleanup_str_ struct xlpt_str path = { 0 };

	without_names(delta->path, &path);
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
	return XLPT_LOSS_KEPT;
}
