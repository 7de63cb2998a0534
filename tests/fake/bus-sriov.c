/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A write to sriov_numvfs: drivers/pci/pci-sysfs.c (sriov_numvfs_store), and igb as the driver, which
 * takes no other count while there are VFs, and none away while pciback has one (pci_vfs_assigned).
 */
#include "tests/fake/bus-internal.h"

#include <errno.h>
#include <string.h>

static unsigned count(struct fake_bus *bus, const char *pf, bool on_pciback)
{
	unsigned n = 0;

	for (size_t i = 0; i < bus->n_devices; i++)
		n += xlpt_streq(bus->devices[i].pf, pf) &&
		     (!on_pciback || xlpt_streq(bus->devices[i].driver, "pciback"));
	return n;
}

static void add(struct fake_bus *bus, const struct device *pf, unsigned index)
{
	unsigned rid = (unsigned)(pf->bdf.bus << 8 | pf->bdf.dev << 3 | pf->bdf.func) +
		       FAKE_VF_OFFSET + index * FAKE_VF_STRIDE;
	struct xlpt_bdf bdf = { .seg = pf->bdf.seg,
				.bus = (uint8_t)(rid >> 8),
				.dev = rid >> 3 & 0x1f,
				.func = rid & 7 };
	_cleanup_free_ char *path = xlpt_xstrdup(pf->path), *name = xlpt_xstrdup(pf->name),
			    *net = pf->net ? xlpt_xasprintf("%sv%u", pf->net, index) : NULL;
	char *slash = strrchr(path, '/'), *parent;
	struct xlpt_bdf above;

	*slash = '\0';
	parent = strrchr(path, '/') + 1;
	fake_bus_add(bus, XLPT_BDF_STR(bdf),
		     &(struct fake_dev){
			     .vendor = pf->vendor,
			     .device = 0x10ca,
			     .class_code = 0x020000,
			     .pf = name,
			     .net = net,
			     .parent = xlpt_bdf_from_sysfs_name(parent, &above) ? parent : NULL });
	/* pci_bus_add_device() */
	fake_offer(bus, fake_find(bus, XLPT_BDF_STR(bdf)));
	/* Its interface, if it has one by now, has not been taken up by anybody. */
	if (net && fake_find(bus, XLPT_BDF_STR(bdf))->driver) {
		_cleanup_free_ char *flags = xlpt_xasprintf(
			"%s/net/%s/flags", fake_find(bus, XLPT_BDF_STR(bdf))->path, net);

		fake_bus_put(bus, flags, "0x1002\n");
	}
}

int fake_sriov_store(struct fake_bus *bus, struct device *d, const char *text)
{
	char name[XLPT_BDF_LEN], *end;
	unsigned have;
	long want = strtol(text, &end, 0);

	snprintf(name, sizeof(name), "%s", d->name);
	have = count(bus, name, false);
	if (end == text || want < 0)
		return -EINVAL;
	if (want > d->vfs)
		return -ERANGE;
	if (want == (long)have)
		return 0;
	if (!d->driver)
		return -ENOENT;
	if (want && have)
		return -EBUSY;
	if (!want && count(bus, name, true))
		return -EPERM;
	for (size_t i = bus->n_devices; i-- > 0 && !want;)
		if (xlpt_streq(bus->devices[i].pf, name))
			fake_bus_remove(bus, bus->devices[i].name);
	for (unsigned i = 0; i < want; i++)
		add(bus, fake_find(bus, name), i);
	return 0;
}
