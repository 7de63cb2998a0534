/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel does with a write: the driver core, the PCI bus, xen-pciback.
 */
#include "tests/fake/bus-internal.h"

#include <errno.h>
#include <string.h>

#define PCIBACK "pciback"
#define PAGE	4096

static bool slot_listed(struct fake_bus *bus, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < bus->n_slots; i++)
		if (xlpt_bdf_eq(bus->slots[i], bdf))
			return true;
	return false;
}

void fake_slot_add(struct fake_bus *bus, struct xlpt_bdf bdf)
{
	if (slot_listed(bus, bdf)) /* pcistub_device_id_add_list() looks for duplicates */
		return;
	XLPT_GROW(bus->slots, bus->n_slots, bus->alloc_slots);
	bus->slots[bus->n_slots++] = bdf;
}

/* pcistub_match(): the function itself or a bridge above it is listed. */
static bool pciback_lists(struct fake_bus *bus, const struct device *d)
{
	_cleanup_free_ char *path = xlpt_xstrdup(d->path);
	char *part, *save = NULL;
	struct xlpt_bdf bdf;

	for (part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (xlpt_bdf_from_sysfs_name(part, &bdf) && slot_listed(bus, bdf))
			return true;
	return false;
}

static bool id_matches(const char *ids, const struct device *d)
{
	char exact[16], vendor[16];

	if (!ids)
		return false;
	snprintf(exact, sizeof(exact), "%04x:%04x", d->vendor, d->device);
	snprintf(vendor, sizeof(vendor), "%04x:*", d->vendor);
	return strstr(ids, exact) || strstr(ids, vendor);
}

/* pci_match_device(): an override admits its driver, whatever the id, and no other. */
bool fake_matches(const struct driver *drv, const struct device *d)
{
	if (d->override)
		return !strcmp(d->override, drv->name);
	return !strcmp(drv->name, PCIBACK) || id_matches(drv->ids, d);
}

/* The driver's probe, and what the core does when it succeeds. */
int fake_probe(struct fake_bus *bus, struct driver *drv, struct device *d)
{
	struct device *pf = d->pf ? fake_find(bus, d->pf) : NULL;

	/* pci_device_can_probe(): then only an override, which fake_matches() looks at, opens it. */
	if (pf && pf->no_autoprobe && !d->override)
		return -ENODEV;
	if (drv->probe_err)
		return -drv->probe_err;
	if (!strcmp(drv->name, PCIBACK)) { /* pcistub_probe() */
		bool listed = pciback_lists(bus, d);

		if (!listed && !xlpt_streq(d->override, PCIBACK))
			return -ENODEV;
		if (d->header > 1)
			return -ENODEV;
		if (!listed) /* bound by override: from then on it is in the list */
			fake_slot_add(bus, d->bdf);
	}
	d->driver = xlpt_xstrdup(drv->name);
	fake_tree_bound(bus, d);
	fake_tree_lists(bus);
	return 0;
}

void fake_release(struct fake_bus *bus, struct device *d)
{
	if (!d->driver)
		return;
	/* pci_stub_notifier(): a PF that loses its driver takes pciback's idle VFs along. */
	for (size_t i = 0; i < bus->n_devices; i++)
		if (xlpt_streq(bus->devices[i].pf, d->name) &&
		    xlpt_streq(bus->devices[i].driver, PCIBACK))
			fake_release(bus, &bus->devices[i]);
	fake_tree_unbound(bus, d);
	free(XLPT_TAKE(d->driver));
	d->permissive = false; /* lives in pciback's driver data */
	fake_tree_lists(bus);
}

/* __device_attach(): every driver in turn; one that fails does not stop the search. */
static void attach(struct fake_bus *bus, struct device *d)
{
	for (size_t i = 0; i < bus->n_drivers && !d->driver; i++)
		if (fake_matches(&bus->drivers[i], d))
			fake_probe(bus, &bus->drivers[i], d);
}

void fake_offer(struct fake_bus *bus, struct device *d)
{
	attach(bus, d);
}

static int bind_store(struct fake_bus *bus, struct driver *drv, struct device *d)
{
	if (!d || !fake_matches(drv, d))
		return -ENODEV;
	return d->driver ? -EBUSY : fake_probe(bus, drv, d);
}

static int unbind_store(struct fake_bus *bus, struct driver *drv, struct device *d)
{
	_cleanup_free_ char *domain = NULL;

	if (!d || !xlpt_streq(d->driver, drv->name))
		return -ENODEV;
	domain = xlpt_xasprintf("%s/pci", d->path);
	fake_release(bus, d);
	/* vmd_remove(): the domain that it carries ends with it. */
	for (size_t i = 0; i < bus->n_devices;)
		if (xlpt_starts(bus->devices[i].path, domain)) {
			fake_bus_remove(bus, bus->devices[i].name);
			i = 0;
		} else {
			i++;
		}
	return 0;
}

/* The grammar of str_to_slot(): blanks around, segment optional, function or both may be '*'. */
static int parse_slot(const char *s, int *seg, int *bus_nr, int *dev, int *func)
{
	int end = 0;

	*seg = 0;
	*dev = *func = -1;
	if (sscanf(s, " %x:%x:%x.%x %n", seg, bus_nr, dev, func, &end) == 4 && !s[end])
		return 0;
	*func = -1, end = 0;
	if (sscanf(s, " %x:%x:%x.* %n", seg, bus_nr, dev, &end) == 3 && end && !s[end])
		return 0;
	*dev = -1, end = 0;
	if (sscanf(s, " %x:%x:*.* %n", seg, bus_nr, &end) == 2 && end && !s[end])
		return 0;
	*seg = 0, end = 0;
	if (sscanf(s, " %x:%x.%x %n", bus_nr, dev, func, &end) == 3 && !s[end])
		return 0;
	*func = -1, end = 0;
	if (sscanf(s, " %x:%x.* %n", bus_nr, dev, &end) == 2 && end && !s[end])
		return 0;
	*dev = -1, end = 0;
	if (sscanf(s, " %x:*.* %n", bus_nr, &end) == 1 && end && !s[end])
		return 0;
	return -EINVAL;
}

static int new_slot_store(struct fake_bus *bus, const char *text)
{
	int seg, nr, dev, func;

	if (parse_slot(text, &seg, &nr, &dev, &func))
		return -EINVAL;
	if (seg < 0 || seg > 0xffff || nr < 0 || nr > 0xff || dev > 0x1f || func > 7)
		return -EINVAL;
	for (int s = dev < 0 ? 0 : dev; s <= (dev < 0 ? 0x1f : dev); s++)
		for (int f = func < 0 ? 0 : func; f <= (func < 0 ? 7 : func); f++)
			fake_slot_add(bus, (struct xlpt_bdf){ .seg = (uint16_t)seg,
							      .bus = (uint8_t)nr,
							      .dev = (uint8_t)s,
							      .func = (uint8_t)f });
	fake_tree_lists(bus);
	return 0;
}

static int remove_slot_store(struct fake_bus *bus, const char *text)
{
	int seg, nr, dev, func;
	size_t kept = 0, n = bus->n_slots;

	if (parse_slot(text, &seg, &nr, &dev, &func))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct xlpt_bdf b = bus->slots[i];

		if (b.seg != (unsigned)seg || b.bus != nr || (dev >= 0 && b.dev != dev) ||
		    (func >= 0 && b.func != func))
			bus->slots[kept++] = b;
	}
	bus->n_slots = kept;
	fake_tree_lists(bus);
	return kept == n ? -ENOENT : 0;
}

static int permissive_store(struct fake_bus *bus, const char *text)
{
	int seg, nr, dev, func;
	char name[64];
	struct device *d;

	if (parse_slot(text, &seg, &nr, &dev, &func))
		return -EINVAL;
	snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", seg, nr, dev, func);
	d = fake_find(bus, name);
	if (!d || !xlpt_streq(d->driver, PCIBACK))
		return -ENODEV;
	d->permissive = true;
	fake_tree_lists(bus);
	return 0;
}

static int override_store(struct fake_bus *bus, struct device *d, const char *text)
{
	if (strlen(text) >= PAGE - 1)
		return -EINVAL;
	free(d->override);
	d->override = *text && *text != '\n' ? xlpt_xstrndup(text, strcspn(text, "\n")) : NULL;
	fake_tree_override(bus, d);
	return 0;
}

/* sriov_drivers_autoprobe_store(): kstrtobool(); what is there already is left alone. */
static int autoprobe_store(struct fake_bus *bus, struct device *d, const char *text)
{
	if (!strchr("01yYnN", *text))
		return -EINVAL;
	d->no_autoprobe = strchr("0nN", *text) != NULL;
	fake_tree_autoprobe(bus, d);
	return 0;
}

static int reset_store(struct fake_bus *bus, struct device *d, const char *text)
{
	if (strcmp(text, "1") && strcmp(text, "1\n"))
		return -EINVAL;
	d->resets++;
	if (!d->reset_lies)
		fake_tree_reset(bus, d);
	return -d->reset_err;
}

/* reset_method_store(): "default", or words that it can do; the old list stays otherwise. */
static int reset_method_store(struct fake_bus *bus, struct device *d, const char *text)
{
	_cleanup_free_ char *words = xlpt_chomp(xlpt_xstrdup(text)), *copy = xlpt_xstrdup(words);
	char *save = NULL;

	if (!strcmp(words, "default")) {
		fake_tree_reset_method(bus, d, d->reset_method);
		return 0;
	}
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (!strstr(d->reset_method, w))
			return -EINVAL;
	fake_tree_reset_method(bus, d, words);
	return 0;
}

static int driver_store(struct fake_bus *bus, struct driver *drv, const char *file,
			const char *text)
{
	/* bus_find_device_by_name() compares with sysfs_streq(): one newline may follow. */
	_cleanup_free_ char *name = xlpt_xstrdup(text);
	size_t n = strlen(name);

	if (n && name[n - 1] == '\n')
		name[n - 1] = '\0';
	if (!strcmp(file, "bind"))
		return bind_store(bus, drv, fake_find(bus, name));
	if (!strcmp(file, "unbind"))
		return unbind_store(bus, drv, fake_find(bus, name));
	if (!strcmp(file, "new_slot"))
		return new_slot_store(bus, text);
	if (!strcmp(file, "remove_slot"))
		return remove_slot_store(bus, text);
	if (!strcmp(file, "permissive"))
		return permissive_store(bus, text);
	return -EIO;
}

/* path is real: links are resolved, so that /sys/bus/pci/devices/X/driver/unbind works too. */
int fake_store(struct fake_bus *bus, const char *path, const char *text)
{
	const char *file = strrchr(path, '/') + 1;
	_cleanup_free_ char *dir = xlpt_xstrndup(path, (size_t)(file - 1 - path)), *name = NULL;

	if (!strcmp(path, "/sys/bus/pci/drivers_probe")) {
		struct device *d;

		name = xlpt_xstrndup(text, strcspn(text, "\n"));
		d = fake_find(bus, name);
		if (!d)
			return -ENODEV;
		attach(bus, d);
		return 0;
	}
	if (xlpt_starts(dir, "/sys/bus/pci/drivers/")) {
		struct driver *drv = fake_find_driver(bus, strrchr(dir, '/') + 1);

		if (drv)
			return driver_store(bus, drv, file, text);
	}
	for (size_t i = 0; i < bus->n_devices; i++) {
		struct device *d = &bus->devices[i];

		if (strcmp(d->path, dir))
			continue;
		if (!strcmp(file, "driver_override"))
			return override_store(bus, d, text);
		if (!strcmp(file, "sriov_numvfs"))
			return fake_sriov_store(bus, d, text);
		if (!strcmp(file, "sriov_drivers_autoprobe"))
			return autoprobe_store(bus, d, text);
		if (!strcmp(file, "reset"))
			return reset_store(bus, d, text);
		if (!strcmp(file, "reset_method"))
			return reset_method_store(bus, d, text);
		if (!strcmp(file, "reset_subordinate"))
			return fake_subordinate_store(bus, d, text);
	}
	fake_bus_put(bus, path, text);
	return 0;
}
