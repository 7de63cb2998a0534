/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/bus-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PCIBACK "pciback"
#define PAGE	4096

struct device *fake_find(struct fake_bus *bus, const char *name)
{
	for (size_t i = 0; i < bus->n_devices; i++)
		if (!strcmp(bus->devices[i].name, name))
			return &bus->devices[i];
	return NULL;
}

struct driver *fake_find_driver(struct fake_bus *bus, const char *name)
{
	for (size_t i = 0; i < bus->n_drivers; i++)
		if (!strcmp(bus->drivers[i].name, name))
			return &bus->drivers[i];
	return NULL;
}

static struct device *must_find(struct fake_bus *bus, const char *name)
{
	struct device *d = fake_find(bus, name);

	if (!d) {
		fprintf(stderr, "fake bus: no device %s\n", name);
		abort();
	}
	return d;
}

static int do_write(struct fake_bus *bus, const char *path, const char *text)
{
	_cleanup_close_ int fd = -1;
	char link[64], real[PAGE];
	ssize_t r;
	int err;

	if (bus->fail_in && --bus->fail_in == 0)
		return -bus->fail_err;
	err = bus->on_write ? bus->on_write(bus, path, text, bus->on_write_arg) : 0;
	if (err)
		return err > 0 ? 0 : err;
	fd = xlpt_host_real_ops.open(&bus->host, path, O_PATH, 0);
	if (fd < 0)
		return fd;
	if (!*text) /* sysfs_kf_write() does not call store() for no bytes */
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	r = readlink(link, real, sizeof(real) - 1);
	if (r < 0)
		return -errno;
	real[r] = '\0';
	return fake_store(bus, real + strlen(bus->dir), text);
}

static int fake_write(struct xlpt_host *h, const char *path, const void *buf, size_t len)
{
	_cleanup_free_ char *text = xlpt_xstrndup(buf, len), *shown = xlpt_xstrdup(text);
	struct fake_bus *bus = h->priv;
	int r;

	bus->writes++;
	r = do_write(bus, path, text);
	xlpt_str_addf(&bus->log, "%s <- %s", path, xlpt_chomp(shown));
	if (r)
		xlpt_str_addf(&bus->log, " = -%s", strerrorname_np(-r));
	xlpt_str_add(&bus->log, "\n");
	return r;
}

static int fake_write_at(struct xlpt_host *h, const char *path, const void *buf, size_t len,
			 off_t at)
{
	struct fake_bus *bus = h->priv;
	int r = bus->fail_in && --bus->fail_in == 0
			? -bus->fail_err
			: xlpt_host_real_ops.write_at(h, path, buf, len, at);

	if (r == 0)
		fake_config_written(bus, path, at, len);
	bus->writes++;
	xlpt_str_addf(&bus->log, "%s <- %zu bytes at 0x%llx", path, len, (long long)at);
	if (r)
		xlpt_str_addf(&bus->log, " = -%s", strerrorname_np(-r));
	xlpt_str_add(&bus->log, "\n");
	return r;
}

static ssize_t fake_read(struct xlpt_host *h, const char *path, void *buf, size_t size)
{
	struct fake_bus *bus = h->priv;

	if (bus->on_read)
		bus->on_read(bus, path, bus->on_read_arg);
	return xlpt_host_real_ops.read(h, path, buf, size);
}

/* As modprobe of the one module that the workflows ask for by its name. */
static int fake_load_module(struct xlpt_host *h, const char *name)
{
	struct fake_bus *bus = h->priv;

	if (!bus->unloaded || (strcmp(name, "xen-pciback") && strcmp(name, "xen_pciback")))
		return -ENOSYS;
	if (bus->module_err)
		return -bus->module_err;
	bus->unloaded = false;
	fake_bus_driver(bus, PCIBACK, NULL);
	return 0;
}

/* The verbs of bus.h. */

struct fake_bus *fake_bus_new(void)
{
	struct fake_bus *bus = xlpt_xcalloc(1, sizeof(*bus));
	const char *tmp = getenv("TMPDIR");
	/* Memory rather than a disk: thousands of these trees are made, and journals are synced. */
	_cleanup_free_ char *template =
		xlpt_xasprintf("%s/xlpt-bus-XXXXXX", tmp			? tmp
						     : access("/dev/shm", W_OK) ? "/tmp"
										: "/dev/shm");

	if (!mkdtemp(template) || !(bus->dir = realpath(template, NULL)) ||
	    xlpt_host_open(&bus->host, bus->dir)) {
		perror("fake bus: temporary directory");
		abort();
	}
	bus->ops = xlpt_host_real_ops;
	bus->ops.write = fake_write;
	bus->ops.write_at = fake_write_at;
	bus->ops.read = fake_read;
	bus->ops.load_module = fake_load_module;
	bus->host.ops = &bus->ops;
	bus->host.priv = bus;
	fake_bus_put(bus, "/sys/bus/pci/drivers_probe", "");
	fake_bus_put(bus, "/sys/bus/pci/drivers_autoprobe", "1\n");
	fake_bus_put(bus, "/sys/bus/pci/devices/.keep", "");
	fake_bus_put(bus, "/sys/bus/pci/drivers/.keep", "");
	fake_tree_remove(bus, "/sys/bus/pci/devices/.keep");
	fake_tree_remove(bus, "/sys/bus/pci/drivers/.keep");
	return bus;
}

static void device_dispose(struct device *d)
{
	free(d->path);
	free(d->driver);
	free(d->override);
	free(d->net);
	free(d->pf);
	free(d->reset_method);
	free(d->kept);
}

void fake_bus_free(struct fake_bus *bus)
{
	if (!bus)
		return;
	fake_tree_remove(bus, "");
	xlpt_host_close(&bus->host);
	for (size_t i = 0; i < bus->n_devices; i++)
		device_dispose(&bus->devices[i]);
	for (size_t i = 0; i < bus->n_drivers; i++) {
		free(bus->drivers[i].name);
		free(bus->drivers[i].ids);
	}
	free(bus->devices);
	free(bus->drivers);
	free(bus->slots);
	free(bus->dir);
	xlpt_str_dispose(&bus->log);
	free(bus);
}

struct xlpt_host *fake_bus_host(struct fake_bus *bus)
{
	return &bus->host;
}

void fake_bus_driver(struct fake_bus *bus, const char *name, const char *ids)
{
	struct driver *drv;

	XLPT_GROW(bus->drivers, bus->n_drivers, bus->alloc_drivers);
	drv = &bus->drivers[bus->n_drivers++];
	*drv = (struct driver){ .name = xlpt_xstrdup(name), .ids = xlpt_xstrdup(ids) };
	fake_tree_driver(bus, name);
	for (size_t i = 0; i < bus->n_devices; i++)
		if (!bus->devices[i].driver && fake_matches(drv, &bus->devices[i]))
			fake_probe(bus, drv, &bus->devices[i]);
}

void fake_bus_rmmod(struct fake_bus *bus, const char *name)
{
	struct driver *drv = fake_find_driver(bus, name);
	size_t at = (size_t)(drv - bus->drivers);

	for (size_t i = 0; i < bus->n_devices; i++)
		if (xlpt_streq(bus->devices[i].driver, name))
			fake_release(bus, &bus->devices[i]);
	if (!strcmp(name, PCIBACK)) {
		bus->n_slots = 0;
		bus->unloaded = true;
	}
	fake_tree_driver_gone(bus, name);
	free(drv->name);
	free(drv->ids);
	memmove(drv, drv + 1, (--bus->n_drivers - at) * sizeof(*drv));
}

void fake_bus_fail_module(struct fake_bus *bus, int err)
{
	bus->module_err = err;
}

void fake_bus_fail_probe(struct fake_bus *bus, const char *name, int err)
{
	fake_find_driver(bus, name)->probe_err = err;
}

void fake_bus_add(struct fake_bus *bus, const char *bdf, const struct fake_dev *f)
{
	struct device *d;
	struct xlpt_bdf b;

	if (!xlpt_bdf_from_sysfs_name(bdf, &b) || fake_find(bus, bdf)) {
		fprintf(stderr, "fake bus: bad or second address %s\n", bdf);
		abort();
	}
	XLPT_GROW(bus->devices, bus->n_devices, bus->alloc_devices);
	d = &bus->devices[bus->n_devices++];
	*d = (struct device){ .bdf = b, .vendor = f->vendor, .device = f->device };
	snprintf(d->name, sizeof(d->name), "%s", bdf);
	d->net = xlpt_xstrdup(f->net);
	d->pf = xlpt_xstrdup(f->pf);
	d->reset_method =
		f->no_reset ? NULL : xlpt_xstrdup(f->reset_method ? f->reset_method : "flr bus");
	d->reset_err = f->reset_err;
	d->reset_lies = f->reset_lies;
	d->reset_kills = f->reset_kills;
	d->vfs = f->vfs;
	d->header = f->config && f->config_len > 0x0e ? f->config[0x0e] & 0x7f
		    : f->class_code >> 8 == 0x0604    ? 1
		    : f->class_code >> 8 == 0x0607    ? 2
						      : 0;
	d->path = f->parent    ? xlpt_xasprintf("%s/%s", must_find(bus, f->parent)->path, bdf)
		  : f->carrier ? xlpt_xasprintf("%s/pci%04x:%02x/%s",
						must_find(bus, f->carrier)->path, b.seg, b.bus, bdf)
			       : xlpt_xasprintf("/sys/devices/pci%04x:%02x/%s", b.seg, b.bus, bdf);
	fake_tree_device(bus, d, f);
	if (f->driver) {
		if (!strcmp(f->driver, PCIBACK))
			fake_slot_add(bus, b);
		if (fake_probe(bus, fake_find_driver(bus, f->driver), d))
			abort();
	}
}

void fake_bus_remove(struct fake_bus *bus, const char *bdf)
{
	struct device *d = must_find(bus, bdf);
	_cleanup_free_ char *below = xlpt_xasprintf("%s/", d->path), *pf = NULL;

	for (size_t i = bus->n_devices; i--;)
		if (i < bus->n_devices && (xlpt_starts(bus->devices[i].path, below) ||
					   xlpt_streq(bus->devices[i].pf, bdf)))
			fake_bus_remove(bus, bus->devices[i].name);
	d = must_find(bus, bdf);
	fake_release(bus, d);
	fake_tree_device_gone(bus, d);
	pf = XLPT_TAKE(d->pf);
	device_dispose(d);
	memmove(d, d + 1, (size_t)(&bus->devices[--bus->n_devices] - d) * sizeof(*d));
	if (pf)
		fake_tree_numvfs(bus, pf);
}

char *fake_bus_devpath(struct fake_bus *bus, const char *bdf)
{
	return xlpt_xstrdup(must_find(bus, bdf)->path);
}

const char *fake_bus_driver_of(struct fake_bus *bus, const char *bdf)
{
	return must_find(bus, bdf)->driver;
}

unsigned fake_bus_resets(struct fake_bus *bus, const char *bdf)
{
	return must_find(bus, bdf)->resets;
}

void fake_bus_no_override(struct fake_bus *bus)
{
	bus->no_override = true;
	for (size_t i = 0; i < bus->n_devices; i++)
		fake_tree_override(bus, &bus->devices[i]);
}

void fake_bus_fail_write(struct fake_bus *bus, unsigned n, int err)
{
	bus->fail_in = n;
	bus->fail_err = err;
}

unsigned fake_bus_writes(struct fake_bus *bus)
{
	return bus->writes;
}

const char *fake_bus_log(struct fake_bus *bus)
{
	return xlpt_str_get(&bus->log);
}

void fake_bus_on_read(struct fake_bus *bus, void (*fn)(struct fake_bus *, const char *, void *),
		      void *arg)
{
	bus->on_read = fn;
	bus->on_read_arg = arg;
}

void fake_bus_on_write(struct fake_bus *bus,
		       int (*fn)(struct fake_bus *, const char *, const char *, void *), void *arg)
{
	bus->on_write = fn;
	bus->on_write_arg = arg;
}

char *fake_bus_snapshot(struct fake_bus *bus)
{
	_cleanup_strv_ char **lines =
		xlpt_xcalloc(bus->n_devices + bus->n_slots + 1, sizeof(*lines));
	struct xlpt_str out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < bus->n_devices; i++) {
		struct device *d = &bus->devices[i];

		lines[n++] = xlpt_xasprintf("%s driver=%s override=%s permissive=%d", d->name,
					    d->driver ? d->driver : "-",
					    d->override ? d->override : "-", d->permissive);
	}
	/* '~' sorts behind the digits: the slots follow the devices. */
	for (size_t i = 0; i < bus->n_slots; i++)
		lines[n++] = xlpt_xasprintf("~slot %s", XLPT_BDF_STR(bus->slots[i]));
	xlpt_strv_sort(lines);
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(&out, "%s\n", lines[i]);
	return xlpt_str_take(&out);
}
