/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/scan.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/attr.h"
#include "pciback/device/header.h"
#include "pciback/device/ivrs.h"
#include "pciback/device/names.h"
#include "pciback/device/ports.h"
#include "pciback/device/xen.h"

#define DEVICES "/sys/bus/pci/devices"

/*
 * A root bus ("pci10000:e0") below a function: vmd.c hangs the domain behind the
 * controller there. The last such function is the one that does the DMA.
 */
static void read_carrier(char *path, struct xlpt_device *dev)
{
	char *above = NULL, *save = NULL;

	for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (above && xlpt_starts(part, "pci") && strchr(part, ':') &&
		    xlpt_bdf_from_sysfs_name(above, &dev->carrier))
			dev->has_carrier = true;
		above = part;
	}
}

/*
 * The link text of a function names every bridge above it. A directory instead
 * of a link is a tree that was copied without links; the parent is then unknown.
 */
static void read_parent(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	char buf[1024], *slash, *up = buf;

	rd->path[rd->len] = '\0';
	if (rd->h->ops->readlink(rd->h, rd->path, buf, sizeof(buf)) < 0)
		return;
	slash = strrchr(buf, '/');
	if (!slash)
		return;
	while (xlpt_starts(up, "../"))
		up += 3;
	/* The link begins in /sys/bus/pci/devices and so goes up to /sys. */
	if (up != buf) {
		dev->sysfs_path = xlpt_attr_tamed(xlpt_xasprintf("/sys/%s", up));
		/* The directory itself: resolving the link for every attribute takes as long again. */
		if (strlen(dev->sysfs_path) < sizeof(rd->path) - 64)
			rd->len =
				(size_t)snprintf(rd->path, sizeof(rd->path), "%s", dev->sysfs_path);
	}
	*slash = '\0';
	dev->place_known = true;
	dev->has_parent = xlpt_bdf_from_sysfs_name(xlpt_attr_last(buf), &dev->parent);
	read_carrier(buf, dev);
}

/* The interfaces in one directory; an empty list is none. */
static bool list_net(struct xlpt_attrs *rd, const char *dir, char ***names)
{
	if (rd->h->ops->list(rd->h, xlpt_attr_path(rd, dir), names) == 0 && (*names)[0])
		return true;
	xlpt_strv_free(*names);
	*names = NULL;
	return false;
}

/* Interfaces hang on the function, or on the virtio device that it carries. */
static void read_net(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	_cleanup_strv_ char **children = NULL;

	if (list_net(rd, "net", &dev->net) || !dev->driver || !xlpt_starts(dev->driver, "virtio") ||
	    !list_net(rd, "", &children))
		return;
	for (char **c = children; *c && !dev->net; c++) {
		_cleanup_free_ char *dir = xlpt_xasprintf("%.32s/net", *c);

		if (xlpt_starts(*c, "virtio"))
			list_net(rd, dir, &dev->net);
	}
}

static void read_links(struct xlpt_attrs *rd, unsigned flags, struct xlpt_device *dev)
{
	char buf[1024];

	dev->driver = xlpt_attr_link_name(rd, "driver");
	dev->iommu_group = xlpt_attr_link_name(rd, "iommu_group");
	if (xlpt_attr_link(rd, "physfn", buf, sizeof(buf)) >= 0)
		dev->is_vf = xlpt_bdf_from_sysfs_name(xlpt_attr_last(buf), &dev->pf);
	if (!(flags & XLPT_SCAN_BRIEF))
		read_net(rd, dev);
}

/*
 * The port driver names its services by port and service (drivers/pci/pcie/portdrv.c,
 * get_descriptor_id): hot-plug is 004 at a root port, 204 at a switch's downstream port.
 */
static void read_bridge(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	static const char *const services[] = { "004", "204" };

	dev->resets_below = !rd->h->ops->exists(rd->h, xlpt_attr_path(rd, "reset_subordinate"));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(services); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s:pcie%s/driver", XLPT_BDF_STR(dev->bdf),
			 services[i]);
		dev->plugged_by_pcie |= !rd->h->ops->exists(rd->h, xlpt_attr_path(rd, name));
	}
}

/*
 * Vendor, device and class at once, where nothing else of the function's numbers is wanted: the
 * kernel makes this line of the same fields (modalias_show, drivers/pci/pci-sysfs.c).
 */
static bool read_ids_briefly(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	unsigned vendor, device, base, sub, interface;
	char buf[128];
	int used = 0;

	if (xlpt_attr_text(rd, "modalias", buf, sizeof(buf)) ||
	    sscanf(buf, "pci:v%8xd%8xsv%*8xsd%*8xbc%2xsc%2xi%2x%n", &vendor, &device, &base, &sub,
		   &interface, &used) != 5 ||
	    buf[used] || vendor > 0xffff || device > 0xffff)
		return false;
	dev->vendor = (uint16_t)vendor;
	dev->device = (uint16_t)device;
	dev->class_code = base << 16 | sub << 8 | interface;
	return true;
}

static int read_ids(struct xlpt_attrs *rd, unsigned flags, struct xlpt_device *dev)
{
	long long v;
	int r;

	r = xlpt_attr_id(rd, "class", 0xffffff, &v);
	if (r)
		return r;
	dev->class_code = (uint32_t)v;
	/* Bridges have no subsystem in their header; the files are there and read 0. */
	if (!(flags & XLPT_SCAN_BRIEF) && !xlpt_attr_id(rd, "subsystem_vendor", 0xffff, &v))
		dev->subvendor = (uint16_t)v;
	if (!(flags & XLPT_SCAN_BRIEF) && !xlpt_attr_id(rd, "subsystem_device", 0xffff, &v))
		dev->subdevice = (uint16_t)v;
	if (!(flags & XLPT_SCAN_BRIEF) && !xlpt_attr_id(rd, "revision", 0xff, &v)) /* since 4.10 */
		dev->revision = (uint8_t)v;
	r = xlpt_attr_id(rd, "device", 0xffff, &v);
	if (r)
		return r;
	dev->device = (uint16_t)v;
	return 0;
}

static void read_details(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	dev->irq = xlpt_attr_int(rd, "irq", 0);
	dev->modalias = xlpt_attr_dup(rd, "modalias");
	dev->driver_override = xlpt_attr_dup(rd, "driver_override");
	/* The kernel prints a null pointer with %s. */
	if (dev->driver_override &&
	    (!*dev->driver_override || xlpt_streq(dev->driver_override, "(null)"))) {
		free(dev->driver_override);
		dev->driver_override = NULL;
	}
	xlpt_attr_bars(rd, dev);
}

/* Where its registers are, and its interrupt; the vendor says that it is there. */
static int read_places(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	long long v;
	int r;

	dev->irq = xlpt_attr_int(rd, "irq", 0);
	xlpt_attr_bars(rd, dev);
	r = xlpt_attr_id(rd, "vendor", 0xffff, &v);
	if (r == 0)
		dev->vendor = (uint16_t)v;
	return r;
}

/* Returns 0 or a negative errno; -ENOENT and -ENODEV mean that it is not, or no longer, there. */
static int read_function(struct xlpt_host *h, struct xlpt_bdf bdf, unsigned flags,
			 struct xlpt_device *dev)
{
	_cleanup_inside_ struct xlpt_host_inside inside = { 0 };
	struct xlpt_attrs rd = { .h = h };
	long long v;
	bool brief;
	int r;

	*dev = (struct xlpt_device){ .bdf = bdf, .vf_total = -1, .vf_count = -1, .numa_node = -1 };
	rd.len = (size_t)snprintf(rd.path, sizeof(rd.path), DEVICES "/%s", XLPT_BDF_STR(bdf));

	if (flags & XLPT_SCAN_PLACES)
		return read_places(&rd, dev);
	read_parent(&rd, dev);
	rd.path[rd.len] = '\0';
	inside = xlpt_host_enter(h, rd.path);
	brief = flags & XLPT_SCAN_BRIEF && read_ids_briefly(&rd, dev);
	r = brief ? 0 : read_ids(&rd, flags, dev);
	if (r)
		return r;
	if (!(flags & XLPT_SCAN_BRIEF))
		read_details(&rd, dev);
	dev->numa_node = xlpt_attr_int(&rd, "numa_node", -1);
	dev->vf_total = xlpt_attr_int(&rd, "sriov_totalvfs", -1);
	if (dev->vf_total >= 0)
		dev->vf_count = xlpt_attr_int(&rd, "sriov_numvfs", 0);
	dev->reset_method = xlpt_attr_dup(&rd, "reset_method");
	/* A kernel that lists methods has the file when there are any (drivers/pci/pci-sysfs.c). */
	dev->has_reset = (dev->reset_method && *dev->reset_method) ||
			 h->ops->exists(h, xlpt_attr_path(&rd, "reset")) == 0;
	read_links(&rd, flags, dev);
	xlpt_header_read(&rd, flags, dev);
	if (dev->header == XLPT_HEADER_BRIDGE)
		read_bridge(&rd, dev);

	/*
	 * The vendor comes last: if it can still be read, the function was there
	 * all along and "no driver" above means no driver, not unplugged.
	 */
	if (brief)
		return h->ops->exists(h, xlpt_attr_path(&rd, "vendor"));
	r = xlpt_attr_id(&rd, "vendor", 0xffff, &v);
	if (r)
		return r;
	dev->vendor = (uint16_t)v;
	return 0;
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

int xlpt_scan_no_device(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(DEVICES "/%s", XLPT_BDF_STR(bdf));
	char link[1024];

	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %s", XLPT_BDF_STR(bdf));
	if (h->ops->readlink(h, path, link, sizeof(link)) >= 0)
		xlpt_diag_fact(diag, "%s is a link, and what it leads to (%s) is not there", path,
			       link);
	else
		xlpt_diag_fact(diag, "%s is not there", path);
	xlpt_diag_hint(diag, "xlpt list");
	return XLPT_ERR_NO_DEVICE;
}

static int scan_error(struct xlpt_host *h, struct xlpt_bdf bdf, int r, struct xlpt_diag *diag)
{
	if (is_gone(r))
		return xlpt_scan_no_device(h, bdf, diag);
	xlpt_diag_errno(diag, r == -EBADMSG ? XLPT_ERR_DATA : XLPT_ERR_IO, -r,
			"cannot read PCI device %s", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "below " DEVICES "/%s", XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "ls -l " DEVICES "/%s/", XLPT_BDF_STR(bdf));
	return r == -EBADMSG ? XLPT_ERR_DATA : XLPT_ERR_IO;
}

static int cmp_devices(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct xlpt_device *)a)->bdf,
			    ((const struct xlpt_device *)b)->bdf);
}

int xlpt_scan_all(struct xlpt_host *h, unsigned flags, const char *pci_ids,
		  struct xlpt_devices *out, struct xlpt_diag *diag)
{
	_cleanup_inside_ struct xlpt_host_inside inside = xlpt_host_enter(h, DEVICES);
	_cleanup_strv_ char **names = NULL;
	int r = xlpt_host_list(h, &names, DEVICES);
	bool no_xen;

	*out = (struct xlpt_devices){ 0 };
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot list PCI devices");
		xlpt_diag_fact(diag, DEVICES " cannot be read");
		xlpt_diag_hint(diag, "mount -t sysfs sysfs /sys");
		return XLPT_ERR_IO;
	}
	no_xen = xlpt_boot_xen(h) == XLPT_BOOT_XEN_NO;
	for (char **name = names; *name; name++) {
		struct xlpt_device dev;
		struct xlpt_bdf bdf;

		if (!xlpt_bdf_from_sysfs_name(*name, &bdf))
			continue;
		r = read_function(h, bdf, flags, &dev);
		dev.no_xen = no_xen;
		if (r == 0) {
			XLPT_GROW(out->items, out->n, out->alloc);
			out->items[out->n++] = dev;
			continue;
		}
		xlpt_device_dispose(&dev);
		if (is_gone(r)) {
			XLPT_GROW(out->gone, out->n_gone, out->alloc_gone);
			out->gone[out->n_gone++] = bdf;
			continue;
		}
		xlpt_devices_dispose(out);
		return scan_error(h, bdf, r, diag);
	}
	/* Names of 16-bit domains are in order already; wider ones (VMD) are not among them. */
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), cmp_devices);
	xlpt_ports_correct(out);
	if (flags & (XLPT_SCAN_CAPS | XLPT_SCAN_SETS))
		xlpt_ivrs_aliases(h, out);
	if (flags & XLPT_SCAN_NAMES)
		xlpt_names_fill(out->items, out->n, pci_ids);
	return 0;
}

/* What the whole scan does by xlpt_ports_correct; above what is above it the same is asked again. */
static void correct_one(struct xlpt_host *h, struct xlpt_device *dev, unsigned depth)
{
	_cleanup_device_ struct xlpt_device above = { 0 };

	if (!depth || !dev->has_parent || !xlpt_port_asks(dev) ||
	    read_function(h, dev->parent, XLPT_SCAN_CAPS | XLPT_SCAN_BRIEF, &above))
		return;
	correct_one(h, &above, depth - 1);
	xlpt_port_correct(dev, &above);
}

int xlpt_scan_one(struct xlpt_host *h, struct xlpt_bdf bdf, unsigned flags, const char *pci_ids,
		  struct xlpt_device *out, struct xlpt_diag *diag)
{
	int r = read_function(h, bdf, flags, out);

	if (!(flags & XLPT_SCAN_PLACES))
		out->no_xen = xlpt_boot_xen(h) == XLPT_BOOT_XEN_NO;
	if (r) {
		xlpt_device_dispose(out);
		return scan_error(h, bdf, r, diag);
	}
	correct_one(h, out, 256); /* there are no more buses, one behind the other */
	if (flags & XLPT_SCAN_NAMES)
		xlpt_names_fill(out, 1, pci_ids);
	return 0;
}

int xlpt_scan_slot(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_bdf **out, size_t *n,
		   struct xlpt_diag *diag)
{
	struct xlpt_bdf *found = xlpt_xcalloc(8, sizeof(*found));

	*out = NULL;
	*n = 0;
	for (uint8_t func = 0; func < 8; func++) {
		bdf.func = func;
		if (xlpt_host_has(h, DEVICES "/%s", XLPT_BDF_STR(bdf)))
			found[(*n)++] = bdf;
	}
	if (!*n) {
		free(found);
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %04x:%02x:%02x.*", bdf.seg,
			      bdf.bus, bdf.dev);
		xlpt_diag_fact(diag, DEVICES " has no function of that slot");
		xlpt_diag_hint(diag, "xlpt list");
		return XLPT_ERR_NO_DEVICE;
	}
	*out = found;
	return 0;
}
