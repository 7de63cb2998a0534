/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reset of a bus: by the kernel (__pci_reset_bus(), drivers/pci/pci.c: it saves and restores
 * configuration space), or by who writes a bridge's control register: then the functions answer
 * nothing while the bit is set, and have lost their registers when it is clear again.
 */
#include "tests/fake/bus-internal.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/config.h"

enum { BRIDGE_CONTROL = 0x3e, BUS_RESET = 0x40, CAP_PCIE = 0x10 };

static bool is_below(const struct device *d, const struct device *bridge)
{
	size_t n = strlen(bridge->path);

	return !strncmp(d->path, bridge->path, n) && d->path[n] == '/';
}

int fake_subordinate_store(struct fake_bus *bus, struct device *bridge, const char *text)
{
	if (strcmp(text, "1") && strcmp(text, "1\n"))
		return -EINVAL;
	if (bridge->reset_err)
		return -bridge->reset_err;
	for (size_t i = 0; i < bus->n_devices; i++) {
		struct device *d = &bus->devices[i];

		if (!is_below(d, bridge))
			continue;
		d->resets++;
		if (!d->reset_lies)
			fake_tree_reset(bus, d);
	}
	return 0;
}

static size_t read_config(struct fake_bus *bus, const struct device *d, uint8_t cfg[4096])
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/config", d->path);
	ssize_t r = xlpt_host_real_ops.read(&bus->host, path, cfg, 4096);

	return r < 0 ? 0 : (size_t)r;
}

static void enter(struct fake_bus *bus, struct device *d)
{
	uint8_t cfg[4096];
	size_t len = read_config(bus, d, cfg);

	d->in_reset = true;
	d->kept = memcpy(xlpt_xcalloc(1, len + 1), cfg, len);
	d->kept_len = len;
	memset(cfg, 0xff, len);
	fake_tree_put_config(bus, d, cfg, len);
}

/* What is not laid down by its maker is zero. */
static void leave(struct fake_bus *bus, struct device *d)
{
	unsigned pcie = xlpt_config_find(d->kept, d->kept_len, CAP_PCIE);

	d->in_reset = false;
	d->resets++;
	if (pcie)
		memset(d->kept + pcie + 8, 0, 2);
	memset(d->kept + 4, 0, 2);
	memset(d->kept + 0x0c, 0, 2);
	memset(d->kept + 0x10, 0, 0x18);
	memset(d->kept + 0x30, 0, 4);
	d->kept[0x3c] = 0;
	fake_tree_put_config(bus, d, d->kept, d->kept_len);
	if (!d->reset_lies)
		fake_tree_reset(bus, d);
	free(XLPT_TAKE(d->kept));
}

void fake_config_written(struct fake_bus *bus, const char *path, off_t at, size_t len)
{
	_cleanup_free_ char *name = NULL;
	struct device *bridge;
	uint8_t cfg[4096];
	const char *end;

	if (!xlpt_starts(path, "/sys/bus/pci/devices/") || at > BRIDGE_CONTROL ||
	    at + (off_t)len <= BRIDGE_CONTROL)
		return;
	end = strrchr(path, '/');
	name = xlpt_xstrndup(path + 21, (size_t)(end - path - 21));
	bridge = fake_find(bus, name);
	if (!bridge || bridge->header != 1 || read_config(bus, bridge, cfg) <= BRIDGE_CONTROL)
		return;
	for (size_t i = 0; i < bus->n_devices; i++) {
		struct device *d = &bus->devices[i];

		if (!is_below(d, bridge))
			continue;
		if (cfg[BRIDGE_CONTROL] & BUS_RESET && !d->in_reset)
			enter(bus, d);
		else if (!(cfg[BRIDGE_CONTROL] & BUS_RESET) && d->in_reset)
			leave(bus, d);
	}
}
