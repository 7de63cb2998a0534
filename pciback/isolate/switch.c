/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Peers in a PCI Express switch. A switch routes a request by its address: one that comes in at a
 * downstream port and is for what is below another one goes there directly, unless ACS P2P Request
 * Redirect is on at the port where it came in (PCI Express, 6.12.3). Linux' IOMMU groups do not
 * have that (pci_device_group joins a device with the port above it, and not the ports with each
 * other), and so neither have the isolation sets.
 */
#include "pciback/isolate/isolate.h"

#define NONE	     SIZE_MAX
#define P2P_REDIRECT 0x0004 /* PCI_ACS_RR */

static bool is_port(const struct xlpt_device *d, unsigned type)
{
	return d->caps.config_read && d->caps.pcie && d->caps.pcie_type == type;
}

static bool redirects(const struct xlpt_device *port)
{
	enum xlpt_acs_state state = xlpt_acs_state(port);

	return xlpt_acs_isolates(state) ||
	       (state == XLPT_ACS_OFF && port->caps.acs_ctrl & P2P_REDIRECT);
}

/* The bridge on the way up from i whose parent is up, or NONE. */
static size_t child_of(const struct xlpt_devices *devs, size_t i, size_t up)
{
	/* A hostile tree can make parents go round in circles. */
	for (size_t limit = devs->n; limit && i != NONE; limit--) {
		size_t above = xlpt_sets_parent(devs, i);

		if (above == up)
			return i;
		i = above;
	}
	return NONE;
}

size_t xlpt_switch_turns(const struct xlpt_devices *devs, size_t a, size_t b)
{
	size_t port = xlpt_sets_parent(devs, a);

	for (size_t limit = devs->n; limit && port != NONE; limit--) {
		size_t up = xlpt_sets_parent(devs, port), other;

		if (up == NONE)
			return NONE;
		other = child_of(devs, b, up);
		/* Here the two ways meet, or further up. */
		if (other != NONE && other != port)
			return is_port(&devs->items[port], XLPT_PCIE_DOWNSTREAM) &&
					       is_port(&devs->items[other], XLPT_PCIE_DOWNSTREAM) &&
					       !redirects(&devs->items[port])
				       ? port
				       : NONE;
		if (other == port)
			return NONE;
		port = up;
	}
	return NONE;
}
