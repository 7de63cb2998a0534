/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/bus-internal.h"
#include "tests/fake/kept-tree.h"
#include "pciback/device/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRIVERS "/sys/bus/pci/drivers"
#define PCIBACK DRIVERS "/pciback"

/* What scnprintf(buf, PAGE_SIZE, ...) leaves room for. */
#define ATTR_MAX 4095

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "fake bus: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

static char *outside(struct fake_bus *bus, const char *path)
{
	return xlpt_xasprintf("%s%s", bus->dir, path);
}

/* mkdir -p for the directory that path lies in; nearly always it is there. */
static void make_parents(const char *path)
{
	_cleanup_free_ char *dir = xlpt_xstrdup(path);

	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		return;
	if (errno != ENOENT)
		fail("mkdir", dir);
	make_parents(dir);
	if (mkdir(dir, 0755))
		fail("mkdir", dir);
}

static void put_bytes(struct fake_bus *bus, const char *path, const void *data, size_t len)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	_cleanup_close_ int fd = openat(bus->host.rootfd, path + 1, flags, 0666);

	if (fd < 0 && errno == ENOENT) {
		_cleanup_free_ char *full = outside(bus, path);

		make_parents(full);
		fd = open(full, flags, 0666);
	}
	if (fd < 0 || (len && write(fd, data, len) != (ssize_t)len))
		fail("write", path);
}

void fake_bus_put(struct fake_bus *bus, const char *path, const char *text)
{
	put_bytes(bus, path, text, strlen(text));
}

static void XLPT_PRINTF(4, 5)
	attr(struct fake_bus *bus, const char *dir, const char *name, const char *fmt, ...)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name), *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	fake_bus_put(bus, path, text);
}

void fake_bus_link(struct fake_bus *bus, const char *path, const char *target)
{
	int r = symlinkat(target, bus->host.rootfd, path + 1);

	if (r && errno == ENOENT) {
		_cleanup_free_ char *full = outside(bus, path);

		make_parents(full);
		r = symlink(target, full);
	}
	if (r)
		fail("symlink", path);
}

/* A link between two places below /sys, relative as sysfs makes them. */
static void XLPT_PRINTF(3, 4)
	sys_link(struct fake_bus *bus, const char *target, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_str_ struct xlpt_str rel = { 0 };
	size_t slashes = 0;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	for (const char *p = path; *p; p++)
		slashes += *p == '/';
	for (size_t up = 2; up < slashes; up++)
		xlpt_str_add(&rel, "../");
	xlpt_str_add(&rel, target + strlen("/sys/"));
	fake_bus_link(bus, path, rel.s);
}

void fake_tree_remove(struct fake_bus *bus, const char *path)
{
	_cleanup_free_ char *full = outside(bus, path);

	errno = -kept_remove_at(AT_FDCWD, full);
	if (errno)
		fail("remove", full);
}

static void XLPT_PRINTF(2, 3) unlink_at(struct fake_bus *bus, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL, *full = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	full = outside(bus, path);
	if (unlink(full) && errno != ENOENT)
		fail("unlink", full);
}

static void put16(uint8_t *cfg, unsigned at, unsigned v)
{
	cfg[at] = (uint8_t)v;
	cfg[at + 1] = (uint8_t)(v >> 8);
}

/* A header with a PCI Express capability; bridges are root ports with ACS on. */
static void make_config(const struct device *d, const struct fake_dev *f, uint8_t cfg[4096])
{
	bool bridge = f->class_code >> 8 == 0x0604;

	memset(cfg, 0, 4096);
	put16(cfg, 0, f->vendor);
	put16(cfg, 2, f->device);
	put16(cfg, 6, 0x10); /* has a list of capabilities */
	cfg[8] = f->revision;
	cfg[9] = (uint8_t)f->class_code;
	put16(cfg, 10, f->class_code >> 8);
	cfg[0x0e] = bridge ? 1 : f->class_code >> 8 == 0x0607 ? 2 : 0;
	if (f->multifunction || (d->bdf.func && !f->pf))
		cfg[0x0e] |= 0x80;
	cfg[0x3d] = f->irq > 0; /* INTA */
	if (bridge)
		cfg[0x19] = 1;
	cfg[cfg[0x0e] == 2 ? 0x14 : 0x34] = 0x40;
	put16(cfg, 0x40, 0x0010);
	put16(cfg, 0x42, bridge ? 0x0042 : 0x0002);
	if (!bridge || f->no_acs)
		return;
	put16(cfg, 0x100, 0x000d);
	put16(cfg, 0x102, 0x0001);
	put16(cfg, 0x104, 0x001d);
	put16(cfg, 0x106, 0x001d);
}

static void sriov(struct fake_bus *bus, struct device *d, const struct fake_dev *f)
{
	if (f->vfs) {
		attr(bus, d->path, "sriov_totalvfs", "%d\n", f->vfs);
		attr(bus, d->path, "sriov_numvfs", "0\n");
		attr(bus, d->path, "sriov_offset", "%d\n", FAKE_VF_OFFSET);
		attr(bus, d->path, "sriov_stride", "%d\n", FAKE_VF_STRIDE);
		fake_tree_autoprobe(bus, d);
	}
	if (f->pf) {
		struct device *pf = fake_find(bus, f->pf);
		unsigned n = 0;

		for (size_t i = 0; i < bus->n_devices; i++)
			n += xlpt_streq(bus->devices[i].pf, f->pf) && &bus->devices[i] != d;
		sys_link(bus, pf->path, "%s/physfn", d->path);
		sys_link(bus, d->path, "%s/virtfn%u", pf->path, n);
		fake_tree_numvfs(bus, f->pf);
	}
}

void fake_tree_autoprobe(struct fake_bus *bus, struct device *d)
{
	attr(bus, d->path, "sriov_drivers_autoprobe", "%d\n", !d->no_autoprobe);
}

void fake_tree_numvfs(struct fake_bus *bus, const char *pf)
{
	struct device *d = fake_find(bus, pf);
	unsigned n = 0;

	if (!d)
		return;
	for (size_t i = 0; i < bus->n_devices; i++)
		n += xlpt_streq(bus->devices[i].pf, pf);
	attr(bus, d->path, "sriov_numvfs", "%u\n", n);
}

void fake_tree_override(struct fake_bus *bus, struct device *d)
{
	if (bus->no_override)
		unlink_at(bus, "%s/driver_override", d->path);
	else
		attr(bus, d->path, "driver_override", "%s\n", d->override ? d->override : "(null)");
}

void fake_tree_reset_method(struct fake_bus *bus, struct device *d, const char *words)
{
	attr(bus, d->path, "reset_method", "%s\n", words);
}

void fake_tree_reset(struct fake_bus *bus, struct device *d)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/config", d->path);
	uint8_t cfg[4096];
	ssize_t r = xlpt_host_real_ops.read(&bus->host, path, cfg, sizeof(cfg));
	size_t len = r < 0 ? 0 : (size_t)r;
	unsigned msix = xlpt_config_find(cfg, len, 0x11), msi = xlpt_config_find(cfg, len, 0x05);

	if (d->reset_kills)
		memset(cfg, 0xff, len);
	else if (msix)
		cfg[msix + 3] &= 0x3f;
	else if (msi)
		memset(cfg + msi + 4, 0, 4);
	put_bytes(bus, path, cfg, len);
}

void fake_tree_put_config(struct fake_bus *bus, struct device *d, const void *cfg, size_t len)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/config", d->path);

	put_bytes(bus, path, cfg, len);
}

void fake_tree_device(struct fake_bus *bus, struct device *d, const struct fake_dev *f)
{
	_cleanup_free_ char *config = xlpt_xasprintf("%s/config", d->path);
	uint8_t made[4096];

	attr(bus, d->path, "vendor", "0x%04x\n", f->vendor);
	attr(bus, d->path, "device", "0x%04x\n", f->device);
	attr(bus, d->path, "subsystem_vendor", "0x%04x\n", f->subvendor);
	attr(bus, d->path, "subsystem_device", "0x%04x\n", f->subdevice);
	attr(bus, d->path, "class", "0x%06x\n", f->class_code);
	attr(bus, d->path, "revision", "0x%02x\n", f->revision);
	attr(bus, d->path, "irq", "%d\n", f->irq);
	attr(bus, d->path, "numa_node", "-1\n");
	attr(bus, d->path, "modalias", "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", f->vendor,
	     f->device, f->subvendor, f->subdevice, f->class_code >> 16, f->class_code >> 8 & 0xff,
	     f->class_code & 0xff);
	attr(bus, d->path, "resource", "%s",
	     f->resource ? f->resource
			 : "0x00000000f7d00000 0x00000000f7d0ffff 0x0000000000040200\n");
	if (!f->no_reset) {
		attr(bus, d->path, "reset", "%s", "");
		fake_tree_reset_method(bus, d, d->reset_method);
	}
	if (f->resets_below)
		attr(bus, d->path, "reset_subordinate", "%s", "");
	if (f->pciehp) {
		_cleanup_free_ char *driver =
			xlpt_xasprintf("%s/%s:pcie004/driver", d->path, d->name);

		sys_link(bus, "/sys/bus/pci_express/drivers/pciehp", "%s", driver);
	}
	if (f->class_code >> 16 == 0x03)
		attr(bus, d->path, "boot_vga", "%d\n", f->boot_vga);
	fake_tree_override(bus, d);
	make_config(d, f, made);
	put_bytes(bus, config, f->config ? f->config : made,
		  f->config ? f->config_len : sizeof(made));
	sriov(bus, d, f);
	sys_link(bus, d->path, "/sys/bus/pci/devices/%s", d->name);
}

void fake_tree_device_gone(struct fake_bus *bus, struct device *d)
{
	unlink_at(bus, "/sys/bus/pci/devices/%s", d->name);
	fake_tree_remove(bus, d->path);
	if (!d->pf)
		return;
	/* The links virtfnN of the physical function are numbered anew. */
	for (unsigned n = 0; n < 256; n++)
		unlink_at(bus, "%s/virtfn%u", fake_find(bus, d->pf)->path, n);
	for (size_t i = 0, n = 0; i < bus->n_devices; i++)
		if (&bus->devices[i] != d && xlpt_streq(bus->devices[i].pf, d->pf))
			sys_link(bus, bus->devices[i].path, "%s/virtfn%zu",
				 fake_find(bus, d->pf)->path, n++);
}

void fake_tree_driver(struct fake_bus *bus, const char *name)
{
	static const char *const files[] = { "bind", "unbind", "new_id", "remove_id" };
	static const char *const pciback[] = { "new_slot",
					       "remove_slot",
					       "slots",
					       "permissive",
					       "quirks",
					       "irq_handlers",
					       "irq_handler_state",
					       "allow_interrupt_control" };
	_cleanup_free_ char *dir = xlpt_xasprintf(DRIVERS "/%s", name);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++)
		attr(bus, dir, files[i], "%s", "");
	if (strcmp(name, "pciback"))
		return;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(pciback); i++)
		attr(bus, dir, pciback[i], "%s", "");
	fake_bus_put(bus, "/sys/module/xen_pciback/initstate", "live\n");
}

void fake_tree_driver_gone(struct fake_bus *bus, const char *name)
{
	_cleanup_free_ char *dir = xlpt_xasprintf(DRIVERS "/%s", name);

	fake_tree_remove(bus, dir);
	if (!strcmp(name, "pciback"))
		fake_tree_remove(bus, "/sys/module/xen_pciback");
}

void fake_tree_bound(struct fake_bus *bus, struct device *d)
{
	_cleanup_free_ char *drv = xlpt_xasprintf(DRIVERS "/%s", d->driver), *net = NULL;

	sys_link(bus, drv, "%s/driver", d->path);
	sys_link(bus, d->path, "%s/%s", drv, d->name);
	if (!d->net || !strcmp(d->driver, "pciback"))
		return;
	net = xlpt_xasprintf("%s/net/%s", d->path, d->net);
	attr(bus, net, "address", "00:16:3e:00:00:01\n");
	attr(bus, net, "operstate", "up\n");
	attr(bus, net, "flags", "0x1003\n");
	sys_link(bus, d->path, "%s/device", net);
	sys_link(bus, net, "/sys/class/net/%s", d->net);
}

void fake_tree_unbound(struct fake_bus *bus, struct device *d)
{
	_cleanup_free_ char *net = xlpt_xasprintf("%s/net", d->path);

	unlink_at(bus, "%s/driver", d->path);
	unlink_at(bus, DRIVERS "/%s/%s", d->driver, d->name);
	if (!d->net || !strcmp(d->driver, "pciback"))
		return;
	unlink_at(bus, "/sys/class/net/%s", d->net);
	fake_tree_remove(bus, net);
}

/* "slots" and "permissive" as the kernel prints them: what does not fit a page is cut off. */
void fake_tree_lists(struct fake_bus *bus)
{
	_cleanup_str_ struct xlpt_str slots = { 0 }, permissive = { 0 };

	if (!fake_find_driver(bus, "pciback"))
		return;
	for (size_t i = 0; i < bus->n_slots; i++)
		xlpt_str_addf(&slots, "%s\n", XLPT_BDF_STR(bus->slots[i]));
	for (size_t i = 0; i < bus->n_devices; i++)
		if (bus->devices[i].permissive)
			xlpt_str_addf(&permissive, "%s\n", bus->devices[i].name);
	attr(bus, PCIBACK, "slots", "%.*s", ATTR_MAX, xlpt_str_get(&slots));
	attr(bus, PCIBACK, "permissive", "%.*s", ATTR_MAX, xlpt_str_get(&permissive));
}
