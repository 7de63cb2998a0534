/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/ports.h"

static bool looks_down(const struct xlpt_caps *c)
{
	return c->pcie_type == XLPT_PCIE_ROOT_PORT || c->pcie_type == XLPT_PCIE_DOWNSTREAM ||
	       c->pcie_type == XLPT_PCIE_FROM_PCI;
}

static void correct(struct xlpt_caps *port, const struct xlpt_caps *above)
{
	switch (port->pcie_type) {
	case XLPT_PCIE_DOWNSTREAM:
		if (looks_down(above))
			port->pcie_type = XLPT_PCIE_UPSTREAM;
		break;
	case XLPT_PCIE_UPSTREAM:
		if (above->pcie_type == XLPT_PCIE_UPSTREAM)
			port->pcie_type = XLPT_PCIE_DOWNSTREAM;
		break;
	}
}

bool xlpt_port_asks(const struct xlpt_device *dev)
{
	const struct xlpt_caps *c = &dev->caps;

	return (dev->has_parent || (!dev->place_known && dev->bdf.bus)) && c->pcie &&
	       (dev->bdf.dev || c->pcie_type == XLPT_PCIE_UPSTREAM ||
		c->pcie_type == XLPT_PCIE_DOWNSTREAM);
}

void xlpt_port_correct(struct xlpt_device *dev, const struct xlpt_device *above)
{
	if (!above->caps.pcie)
		return;
	correct(&dev->caps, &above->caps);
	/* The kernel looks for no other than device 0 behind a port that looks down (only_one_child). */
	dev->by_ari = above->caps.ari_forwarding || (looks_down(&above->caps) && dev->caps.ari);
}

/* A tree that was copied without its links: the bridges' bus numbers say it, too. */
static const struct xlpt_device *above_of(const struct xlpt_devices *devs,
					  const struct xlpt_device *dev)
{
	if (dev->place_known)
		return xlpt_devices_find(devs, dev->parent);
	for (size_t i = 0; i < devs->n; i++) {
		const struct xlpt_device *b = &devs->items[i];

		if (b->header == XLPT_HEADER_BRIDGE && b->bdf.seg == dev->bdf.seg &&
		    b->secondary_bus == dev->bdf.bus)
			return b;
	}
	return NULL;
}

void xlpt_ports_correct(struct xlpt_devices *devs)
{
	/* The bus behind a bridge has a higher number than its own, so that what is above comes first. */
	for (size_t i = 0; i < devs->n; i++) {
		struct xlpt_device *d = &devs->items[i];
		const struct xlpt_device *above = xlpt_port_asks(d) ? above_of(devs, d) : NULL;

		if (above)
			xlpt_port_correct(d, above);
	}
}
