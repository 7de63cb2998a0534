/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is taken of sysfs: PCI functions with their configuration space, their
 * drivers, and of disks, networks and displays as much as shows which function
 * carries them. Attributes are on lists: some in sysfs are secrets (a disk's
 * dhchap_secret), and reading some does something (a ROM, a resource).
 */
#include <fnmatch.h>
#include <string.h>

#include "xl-plugin/view/capture.h"

#define ATTR   65536
#define CONFIG 4096
#define VPD    32768

/* Names may be patterns. A directory's links are taken whole where its name ends in '/'. */
struct list {
	const char *const *attrs, *const *links, *const *marks;
};

static const char *const pci_attrs[] = { "ari_enabled",
					 "boot_vga",
					 "broken_parity_status",
					 "class",
					 "current_link_speed",
					 "current_link_width",
					 "d3cold_allowed",
					 "device",
					 "dma_mask_bits",
					 "driver_override",
					 "enable",
					 "index",
					 "irq",
					 "label",
					 "local_cpulist",
					 "max_link_speed",
					 "max_link_width",
					 "modalias",
					 "msi_bus",
					 "numa_node",
					 "power_state",
					 "reset_method",
					 "resource",
					 "revision",
					 "sriov_drivers_autoprobe",
					 "sriov_numvfs",
					 "sriov_offset",
					 "sriov_stride",
					 "sriov_totalvfs",
					 "sriov_vf_device",
					 "subsystem_device",
					 "subsystem_vendor",
					 "uevent",
					 "vendor",
					 NULL };
static const char *const pci_links[] = { "driver",    "iommu_group", "physfn",
					 "subsystem", "virtfn*",     NULL };
/* "reset" and its like can only be written. */
static const char *const pci_marks[] = { "reset", "reset_subordinate", NULL };
static const struct list pci = { pci_attrs, pci_links, pci_marks };

/* clang-format off */
static const char *const net_attrs[] = {
	"address",	  "addr_assign_type", "carrier", "dev_id", "dev_port",	"duplex",
	"flags",	  "ifindex",	      "iflink",	 "mtu",	   "operstate", "phys_port_id",
	"phys_port_name", "phys_switch_id",   "speed",	 "type",   NULL};
/* clang-format on */
static const char *const net_links[] = { "brif/",     "device",	 "lower_*", "master",
					 "subsystem", "upper_*", NULL };
static const char *const net_marks[] = { "bridge", NULL };
static const struct list net = { net_attrs, net_links, net_marks };

static const char *const block_attrs[] = { "dev", "partition", "removable", "ro", "size", NULL };
static const char *const block_links[] = { "device", "holders/", "slaves/", "subsystem", NULL };
static const struct list block = { block_attrs, block_links, NULL };

/* A serial number is private. */
static const char *const usb_attrs[] = { "bDeviceClass", "idProduct", "idVendor", "product", NULL };
static const struct list usb = { usb_attrs, NULL, NULL };

static const char *const drm_attrs[] = { "status", NULL };
static const struct list drm = { drm_attrs, NULL, NULL };

static const char *const sound_attrs[] = { "id", NULL };
static const struct list sound = { sound_attrs, NULL, NULL };

static const char *const slot_attrs[] = { "address", NULL };
static const struct list slot = { slot_attrs, NULL, NULL };

static const char *const driver_attrs[] = { "irq_handlers", "permissive", "quirks", "slots", NULL };
static const char *const driver_links[] = { "????:??:??.?", "module", NULL };
static const char *const driver_marks[] = { "bind", NULL };
static const struct list driver = { driver_attrs, driver_links, driver_marks };

static const char *const plain[] = {
	"/proc/asound/cards",
	"/sys/bus/pci/drivers_autoprobe",
	"/sys/firmware/acpi/tables/DMAR",
	"/sys/firmware/acpi/tables/IVRS",
	"/sys/hypervisor/guest_type",
	"/sys/hypervisor/properties/capabilities",
	"/sys/hypervisor/type",
	"/sys/hypervisor/version/extra",
	"/sys/hypervisor/version/major",
	"/sys/hypervisor/version/minor",
	"/sys/module/pciback/parameters/hide",
	"/sys/module/xen_pciback/initstate",
	"/sys/module/xen_pciback/parameters/hide",
	"/sys/module/xen_pciback/parameters/passthrough",
	"/sys/module/xen_pciback/parameters/permissive",
};

/* Directories that are nothing but links. */
static const char *const link_dirs[] = { "/sys/bus/usb/devices", "/sys/class/block",
					 "/sys/class/drm",	 "/sys/class/graphics",
					 "/sys/class/net",	 "/sys/class/nvme",
					 "/sys/class/sound",	 "/sys/class/tty",
					 "/sys/dev/block" };

static int links_of(struct xlpt_capture *c, const char *dir, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "%s", dir) < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);

		rc = xlpt_capture_link(c, path, diag);
	}
	return rc;
}

static bool listed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (fnmatch(*list, name, 0) == 0)
			return true;
	return false;
}

static bool listed_dir(const char *const *list, const char *name)
{
	size_t n = strlen(name);

	for (; list && *list; list++)
		if (strlen(*list) == n + 1 && !strncmp(*list, name, n) && (*list)[n] == '/')
			return true;
	return false;
}

static int take(struct xlpt_capture *c, const char *dir, const struct list *list,
		struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "%s", dir) < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *n);

		if (listed(list->attrs, *n))
			rc = xlpt_capture_file(c, path, ATTR, diag);
		else if (listed(list->links, *n))
			rc = xlpt_capture_link(c, path, diag);
		else if (listed_dir(list->links, *n))
			rc = links_of(c, path, diag);
		else if (listed(list->marks, *n))
			rc = xlpt_capture_mark(c, path, diag);
	}
	return rc;
}

/*
 * Where a link of /sys/bus/pci/devices and its like leads: "/sys/devices/...".
 * NULL for anything else: then it is not such a link.
 */
static char *real_dir(struct xlpt_host *h, const char *link)
{
	char text[4096], *rest = text, *path;

	if (h->ops->readlink(h, link, text, sizeof(text)) < 0)
		return NULL;
	while (xlpt_starts(rest, "../"))
		rest += 3;
	if (rest == text || !xlpt_starts(rest, "devices/"))
		return NULL;
	path = xlpt_xasprintf("/sys/%s", rest);
	if (strstr(path, "/../")) {
		free(path);
		return NULL;
	}
	return path;
}

static int file_in(struct xlpt_capture *c, const char *dir, const char *name, size_t max,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);

	return xlpt_capture_file(c, path, max, diag);
}

/* Whether the hot-plug driver has a port's slot (pciback/device/scan.c). */
static int hotplug_service(struct xlpt_capture *c, const char *dir, struct xlpt_diag *diag)
{
	static const char *const services[] = { "004", "204" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(services); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s:pcie%s/driver", dir,
							   strrchr(dir, '/') + 1, services[i]);

		if (xlpt_host_has(c->from, "%s", path))
			rc = xlpt_capture_link(c, path, diag);
	}
	return rc;
}

/* Interfaces of a function are listed below it; what they are comes with /sys/class/net. */
static int function(struct xlpt_capture *c, const char *link, struct xlpt_diag *diag)
{
	_cleanup_free_ char *dir = real_dir(c->from, link);
	int rc = xlpt_capture_link(c, link, diag);

	if (rc || !dir)
		return rc;
	rc = take(c, dir, &pci, diag);
	if (rc == 0)
		rc = file_in(c, dir, "config", CONFIG, diag);
	if (rc == 0)
		rc = file_in(c, dir, "vpd", VPD, diag);
	return rc ? rc : hotplug_service(c, dir, diag);
}

static int functions(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0, r = xlpt_host_list(c->from, &names, "/sys/bus/pci/devices");

	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot list PCI devices");
		xlpt_diag_fact(diag, "/sys/bus/pci/devices cannot be read");
		xlpt_diag_hint(diag, "mount -t sysfs sysfs /sys");
		return XLPT_ERR_IO;
	}
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *link = xlpt_xasprintf("/sys/bus/pci/devices/%s", *n);

		rc = function(c, link, diag);
	}
	return rc;
}

/* Attributes of what the links of a class lead to. */
static int members(struct xlpt_capture *c, const char *class, const struct list *list,
		   struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "%s", class) < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *link = xlpt_xasprintf("%s/%s", class, *n),
				    *dir = real_dir(c->from, link);

		if (dir)
			rc = take(c, dir, list, diag);
		if (rc == 0 && dir && list == &net)
			rc = file_in(c, dir, "bonding/slaves", ATTR, diag);
		if (rc == 0 && dir && list == &net)
			rc = file_in(c, dir, "bonding_slave/perm_hwaddr", ATTR, diag);
		if (rc == 0 && dir && list == &block)
			rc = file_in(c, dir, "dm/name", ATTR, diag);
	}
	return rc;
}

static int below(struct xlpt_capture *c, const char *parent, const char *sub,
		 const struct list *list, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "%s", parent) < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *dir = xlpt_xasprintf("%s/%s%s", parent, *n, sub);

		rc = list ? take(c, dir, list, diag) : links_of(c, dir, diag);
	}
	return rc;
}

/* ACPI's tables by name: which there are says what the firmware offers. */
static int tables(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = 0;

	if (xlpt_host_list(c->from, &names, "/sys/firmware/acpi/tables") < 0)
		return 0;
	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/sys/firmware/acpi/tables/%s", *n);

		/* Tables have names of four characters; data and dynamic are directories. */
		if (strspn(*n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_!") == strlen(*n))
			rc = xlpt_capture_mark(c, path, diag);
	}
	return rc;
}

/* Where dom0's console is. Its directory is a link, which the copy has, too: the file goes behind it. */
static int console(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	static const char link[] = "/sys/class/tty/console";
	_cleanup_free_ char *dir = real_dir(c->from, link);

	return file_in(c, dir ? dir : link, "active", ATTR, diag);
}

int xlpt_capture_sys(struct xlpt_capture *c, struct xlpt_diag *diag)
{
	int rc = functions(c, diag);

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(link_dirs); i++)
		rc = links_of(c, link_dirs[i], diag);
	if (rc == 0)
		rc = members(c, "/sys/class/net", &net, diag);
	if (rc == 0)
		rc = members(c, "/sys/class/block", &block, diag);
	if (rc == 0)
		rc = members(c, "/sys/bus/usb/devices", &usb, diag);
	if (rc == 0)
		rc = members(c, "/sys/class/drm", &drm, diag);
	if (rc == 0)
		rc = members(c, "/sys/class/sound", &sound, diag);
	if (rc == 0)
		rc = below(c, "/sys/bus/pci/slots", "", &slot, diag);
	if (rc == 0)
		rc = below(c, "/sys/bus/pci/drivers", "", &driver, diag);
	if (rc == 0)
		rc = below(c, "/sys/fs/btrfs", "/devices", NULL, diag);
	if (rc == 0)
		rc = below(c, "/sys/class/nvme-subsystem", "", NULL, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(plain); i++)
		rc = xlpt_capture_file(c, plain[i], ATTR, diag);
	if (rc == 0)
		rc = console(c, diag);
	return rc ? rc : tables(c, diag);
}
