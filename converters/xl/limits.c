/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xl and libxl refuse in a configuration that libxlutil accepts: words that they do not know,
 * numbers beyond their limits, settings that do not go together. Sources: xl_parse.c, libxl_create.c,
 * libxl_device.c, libxl_dm.c, libxl_nic.c, libxl_usb.c and libxl_vnuma.c of Xen 4.17 and 4.20, which
 * agree on all of these.
 */
#include <string.h>

#include "converters/xl/words.h"
#include "converters/xl/xl.h"

#define IDE_DISKS     4
#define HVM_MAX_VCPUS 128
#define MAX_USB_PORTS 31 /* USBIF_MAX_PORTNR */

struct check {
	const struct xlpt_dom *dom;
	const struct xlpt_dom *from; /* where the places are */
	struct xlpt_losses *losses;
	bool hvm;
};

static void refuse(struct check *c, const char *what, size_t i, const char *fmt, ...)
	XLPT_PRINTF(4, 5);

/* what[i], or what alone when it has no ']' to fill. */
static void refuse(struct check *c, const char *what, size_t i, const char *fmt, ...)
{
	_cleanup_free_ char *reason = NULL, *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	reason = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	path = i == SIZE_MAX ? xlpt_xstrdup(what) : xlpt_xasprintf("%s[#%zu]", what, i);
	xlpt_loss_add(c->losses, XLPT_LOSS_CHANGED, c->from->file,
		      xlpt_dom_path_line(c->from, path), 0, path,
		      "the guest does not start under xl: %s", reason);
}

#define ONE SIZE_MAX

/* ---- disks ---- */

static void refuse_disk(struct check *c, const struct xlpt_disk *d, const char *reason)
{
	_cleanup_free_ char *what = xlpt_xasprintf("disk[%s]", d->vdev ? d->vdev : "");

	refuse(c, what, ONE, "%s", reason);
}

/* The place on IDE that QEMU gives it, -1 = none. */
static int ide_place(const struct xlpt_disk *d)
{
	int disk;

	if (!d->vdev || !xlpt_xl_vdev(d->vdev, &disk))
		return -1;
	if (d->dev != XLPT_DISKDEV_CDROM && (xlpt_starts(d->vdev, "sd") || disk >= IDE_DISKS))
		return -1;
	return disk;
}

static void check_emulated(struct check *c, size_t i)
{
	const struct xlpt_disk *d = &c->dom->disk[i];
	int place = ide_place(d);

	if (place < 0)
		return;
	if (place >= IDE_DISKS)
		refuse_disk(c, d,
			    "QEMU has four places for CD-ROMs and the first disks: hda to hdd");
	if (d->dev != XLPT_DISKDEV_CDROM && d->readonly == XLPT_ON)
		refuse_disk(c, d, "QEMU has no read-only disks on IDE: make it writable, or xvde");
	for (size_t j = 0; j < i; j++)
		if (ide_place(&c->dom->disk[j]) == place &&
		    !xlpt_streq(c->dom->disk[j].vdev, d->vdev)) {
			_cleanup_free_ char *reason = xlpt_xasprintf(
				"it has the same place on IDE as %s", c->dom->disk[j].vdev);

			refuse_disk(c, d, reason);
		}
}

static void check_disks(struct check *c)
{
	for (size_t i = 0; i < c->dom->n_disk; i++) {
		const struct xlpt_disk *d = &c->dom->disk[i];

		if (!d->vdev || !xlpt_xl_vdev(d->vdev, NULL))
			refuse_disk(c, d, "libxl knows no disk of this name");
		if (d->driver == XLPT_DRV_PHY && d->format && d->format != XLPT_FMT_RAW &&
		    d->format != XLPT_FMT_EMPTY)
			refuse_disk(c, d, "backendtype=phy goes with raw images only");
		if (c->hvm)
			check_emulated(c, i);
	}
}

/* ---- network, displays, cards ---- */

static void check_nets(struct check *c)
{
	for (size_t i = 0; i < c->dom->n_net; i++) {
		const struct xlpt_net *n = &c->dom->net[i];

		if (!c->hvm && n->type == XLPT_NET_IOEMU)
			refuse(c, "net", i, "type=ioemu is for HVM guests");
		if (c->hvm && n->type != XLPT_NET_VIF && n->model && !xlpt_xl_is_nic(n->model))
			refuse(c, "net", i, "QEMU has no network card \"%s\"", n->model);
	}
}

static void check_spice(struct check *c, size_t i, const struct xlpt_gfx *g)
{
	if ((!g->port.has || !g->port.v) && (!g->tls_port.has || !g->tls_port.v))
		refuse(c, "gfx", i, "SPICE wants spiceport= or spicetls_port=");
	if (g->ticketing != XLPT_OFF && (!g->passwd || !*g->passwd))
		refuse(c, "gfx", i, "SPICE wants spicepasswd=, or spicedisable_ticketing=1");
	if (g->usb_redir.has && g->usb_redir.v > 4)
		refuse(c, "gfx", i, "spiceusbredirection= is at most 4");
	if (g->usb_redir.has && g->usb_redir.v && (c->dom->usb == XLPT_ON || c->dom->n_input))
		refuse(c, "gfx", i, "spiceusbredirection= does not go with usb= and usbdevice=");
}

static void check_displays(struct check *c)
{
	const struct xlpt_video *v = c->dom->video;
	uint64_t least;

	for (size_t i = 0; i < c->dom->n_gfx; i++) {
		const struct xlpt_gfx *g = &c->dom->gfx[i];

		if (g->type == XLPT_GFX_SPICE && c->hvm)
			check_spice(c, i, g);
	}
	if (!c->hvm || !c->dom->n_video)
		return;
	least = xlpt_xl_video_least(v->model);
	if (v->vram.has && v->vram.v < least)
		refuse(c, "video", 0, "videoram= is at least %llu for this card",
		       (unsigned long long)least / 1024);
}

static void check_usb(struct check *c)
{
	for (size_t i = 0; i < c->dom->n_usbctrl; i++) {
		const struct xlpt_usbctrl *u = &c->dom->usbctrl[i];
		uint64_t version = u->version.has && u->version.v ? u->version.v : 2;
		uint64_t ports = u->ports.has ? u->ports.v : 0;
		bool pv = !c->hvm || u->type == XLPT_USBC_PV || u->type == XLPT_USBC_QUSB;

		if (version > (pv ? 2 : 3))
			refuse(c, "usbctrl", i, "version= is at most %d here", pv ? 2 : 3);
		else if (pv && ports > MAX_USB_PORTS)
			refuse(c, "usbctrl", i, "ports= is at most %d", MAX_USB_PORTS);
		else if (!pv && version < 3 && ports && ports != (version == 1 ? 2 : 6))
			refuse(c, "usbctrl", i, "a controller of version %d has %d ports",
			       (int)version, version == 1 ? 2 : 6);
		else if (!pv && ports > 15)
			refuse(c, "usbctrl", i, "ports= is at most 15");
	}
	for (size_t i = 0; c->dom->n_usbctrl && i < c->dom->n_usbdev; i++)
		if (c->dom->usbdev[i].ctrl.has && c->dom->usbdev[i].ctrl.v >= c->dom->n_usbctrl)
			refuse(c, "usbdev", i, "there is no controller of that number");
	if (c->hvm && c->dom->n_sound > 1)
		refuse(c, "sound", ONE, "soundhw= is one card");
	if (c->hvm && c->dom->n_sound && c->dom->sound[0].model &&
	    !xlpt_xl_is_sound(c->dom->sound[0].model))
		refuse(c, "sound", 0, "libxl knows no sound card \"%s\"", c->dom->sound[0].model);
}

/* ---- processors, memory, NUMA ---- */

/* Counts the vCPUs that a cell has ("0-3,6"), 0 = none or malformed. Marks them in seen. */
static uint64_t count_vcpus(const char *s, bool *seen, bool *twice)
{
	uint64_t n = 0, from, to;

	while (s && *s) {
		size_t len = strcspn(s, ",");
		const char *dash = memchr(s, '-', len);
		size_t first = dash ? (size_t)(dash - s) : len;

		if (!xlpt_parse_uint(s, first, 10, HVM_MAX_VCPUS - 1, &from))
			return 0;
		to = from;
		if (dash && !xlpt_parse_uint(dash + 1, len - first - 1, 10, HVM_MAX_VCPUS - 1, &to))
			return 0;
		for (; from <= to; from++, n++) {
			*twice |= seen[from];
			seen[from] = true;
		}
		s += len + (s[len] == ',');
	}
	return n;
}

static void check_distances(struct check *c, size_t i)
{
	const char *s = c->dom->numa[i].distances;
	uint64_t v[64] = { 0 };
	size_t n = 0;

	for (; s && n < XLPT_ARRAY_SIZE(v); n++) {
		size_t len = strcspn(s, ",");

		xlpt_parse_uint(s, len, 10, UINT32_MAX, &v[n]);
		s = s[len] ? s + len + 1 : NULL;
	}
	if (n != c->dom->n_numa || n <= i) {
		refuse(c, "numa", i, "vdistances= wants a number for each of the %zu cells",
		       c->dom->n_numa);
		return;
	}
	for (size_t j = 0; j < n; j++)
		if (v[j] < v[i] || !v[j]) {
			refuse(c, "numa", i, "its distance to cell %zu is smaller than to itself",
			       j);
			return;
		}
}

static void check_numa(struct check *c)
{
	const struct xlpt_dom *dom = c->dom;
	struct xlpt_num most = dom->maxvcpus.has ? dom->maxvcpus : dom->vcpus;
	bool seen[HVM_MAX_VCPUS] = { false }, twice = false;
	uint64_t n = 0, size = 0;

	for (size_t i = 0; i < dom->n_numa; i++) {
		n += count_vcpus(dom->numa[i].vcpus, seen, &twice);
		size += dom->numa[i].size.has ? dom->numa[i].size.v : 0;
		check_distances(c, i);
	}
	if (!dom->n_numa)
		return;
	if (twice)
		refuse(c, "numa", ONE, "a vCPU is in two cells");
	else if (most.has && most.v != n)
		refuse(c, "numa", ONE, "its cells have %llu vCPUs, the guest has %llu",
		       (unsigned long long)n, (unsigned long long)most.v);
	if (dom->maxmem.has && dom->maxmem.v != size)
		refuse(c, "numa", ONE, "maxmem= is not the sum of its cells");
	/* libxl__domain_config_setdefault */
	if (!c->hvm && dom->type != XLPT_DOM_PVH)
		refuse(c, "numa", ONE, "a PV guest cannot have cells");
	else if (dom->memory.has && dom->memory.v < size)
		refuse(c, "memory", ONE,
		       "with cells a guest has all its memory from the start: make memory= as much "
		       "as they have together");
}

static void check_resources(struct check *c)
{
	const struct xlpt_dom *dom = c->dom;
	struct xlpt_num most = dom->maxvcpus.has ? dom->maxvcpus : dom->vcpus;

	if (dom->vcpus.has && most.v < dom->vcpus.v)
		refuse(c, "vcpus", ONE, "vcpus= is more than maxvcpus=");
	if (c->hvm && most.has && most.v > HVM_MAX_VCPUS)
		refuse(c, "maxvcpus", ONE, "an HVM guest has at most %d vCPUs", HVM_MAX_VCPUS);
	if (c->hvm && dom->n_pci && dom->memory.has && dom->maxmem.has &&
	    dom->memory.v < dom->maxmem.v)
		refuse(c, "memory", ONE,
		       "with PCI devices an HVM guest has all its memory from the start: "
		       "make memory= as much as maxmem=");
	if ((dom->maxmem.has && !dom->maxmem.v) ||
	    (!dom->maxmem.has && dom->memory.has && !dom->memory.v))
		refuse(c, "memory", ONE, "it has no memory");
	if (dom->cpu_weight.has && (!dom->cpu_weight.v || dom->cpu_weight.v > 65535))
		refuse(c, "cpu_weight", ONE, "cpu_weight= is 1 to 65535");
}

/* ---- what it boots ---- */

/* firmware= of a guest that is no HVM guest stands for the kernel (xl_parse.c). */
static void check_kernel(struct check *c)
{
	const struct xlpt_dom *dom = c->dom;
	bool firmware = xlpt_dom_carried(dom, XLPT_SIDE_XL, "firmware");

	if (c->hvm)
		return;
	if (firmware && dom->kernel)
		refuse(c, "kernel", ONE, "kernel= and firmware= exclude each other");
	else if (firmware && !xlpt_xl_grub(dom))
		refuse(c, "kernel", ONE, "firmware= is pvgrub32 or pvgrub64 here");
	else if (!firmware && !dom->kernel && !dom->bootloader)
		refuse(c, "kernel", ONE, "it has neither kernel= nor bootloader=");
}

static void check_boot(struct check *c)
{
	const struct xlpt_dom *dom = c->dom;

	/* device_pci_add_stubdom_done */
	for (size_t i = 0; i < dom->n_pci; i++)
		if (dom->pci[i].spec.all_funcs && dom->pci[i].spec.vslot <= 0)
			refuse(c, "pci", i,
			       "all functions of a slot want a slot of the guest: name one, as in "
			       "BB:DD.*@7");
	if (!dom->name || !*dom->name)
		refuse(c, "name", ONE, "it has no name");
	else if (strchr(dom->name, '/'))
		refuse(c, "name", ONE, "xl names a log file after it, so it may have no '/'");
	if (dom->type == XLPT_DOM_PVH && dom->n_pci)
		refuse(c, "pci", ONE, "a PVH guest cannot have PCI devices");
	check_kernel(c);
	if (c->hvm && !dom->kernel && (dom->ramdisk || dom->cmdline))
		refuse(c, dom->ramdisk ? "ramdisk" : "cmdline", ONE,
		       "ramdisk= and cmdline= of an HVM guest want kernel=");
	if (c->hvm && dom->firmware == XLPT_FW_ROMBIOS)
		refuse(c, "firmware", ONE, "the BIOS \"rombios\" went with the old QEMU");
	for (char **g = dom->viridian_groups; c->hvm && g && *g; g++)
		if (!xlpt_xl_is_viridian(*g))
			refuse(c, "viridian_groups", ONE, "xl knows no group \"%s\"", *g);
}

void xlpt_xl_limits(const struct xlpt_dom *dom, const struct xlpt_dom *from,
		    struct xlpt_losses *losses)
{
	struct check c = {
		.dom = dom, .from = from, .losses = losses, .hvm = dom->type == XLPT_DOM_HVM
	};

	if (dom->devices_only)
		return;
	check_boot(&c);
	check_resources(&c);
	check_numa(&c);
	check_disks(&c);
	check_nets(&c);
	check_displays(&c);
	check_usb(&c);
}

/* ---- names that the guest's kernel is told ---- */

static bool names(const char *cmdline, const char *disk)
{
	_cleanup_free_ char *dev = xlpt_xasprintf("/dev/%s", disk);
	size_t n = strlen(dev);

	for (const char *s = cmdline; (s = strstr(s, dev)); s += n)
		if (!s[n] || !strchr("abcdefghijklmnopqrstuvwxyz", s[n]))
			return true;
	return false;
}

void xlpt_xl_renamed(const struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	for (size_t i = 0; dom->cmdline && i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];

		if (d->name && d->vdev && names(dom->cmdline, d->name))
			xlpt_loss_add(losses, XLPT_LOSS_CHANGED, dom->file,
				      xlpt_dom_line(dom, &dom->cmdline), 0, "cmdline",
				      "it names /dev/%s, which is /dev/%s under xl", d->name,
				      d->vdev);
	}
}
