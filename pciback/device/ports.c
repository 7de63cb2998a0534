/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/ports.h"

static void correct(struct xlpt_caps *port, const struct xlpt_caps *above)
{
	switch (port->pcie_type) {
	case XLPT_PCIE_DOWNSTREAM:
		if (above->pcie_type == XLPT_PCIE_ROOT_PORT ||
		    above->pcie_type == XLPT_PCIE_DOWNSTREAM ||
		    above->pcie_type == XLPT_PCIE_FROM_PCI)
			port->pcie_type = XLPT_PCIE_UPSTREAM;
		break;
	case XLPT_PCIE_UPSTREAM:
		if (above->pcie_type == XLPT_PCIE_UPSTREAM)
			port->pcie_type = XLPT_PCIE_DOWNSTREAM;
		break;
	}
}

void xlpt_ports_correct(struct xlpt_devices *devs)
{
	/* The bus behind a bridge has a higher number than its own, so that what is above comes first. */
	for (size_t i = 0; i < devs->n; i++) {
		struct xlpt_device *d = &devs->items[i];
		const struct xlpt_device *above =
			d->caps.pcie && d->has_parent ? xlpt_devices_find(devs, d->parent) : NULL;

		if (above && above->caps.pcie)
			correct(&d->caps, &above->caps);
	}
}
