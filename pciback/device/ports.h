/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a function is by what is above it.
 *
 * Ports of switches that say that they are of the other kind. Linux goes by what is above them
 * (drivers/pci/probe.c, set_pcie_port_type): what is below a port that looks down looks up, and below
 * one that looks up, down. ACS depends on it.
 *
 * Functions behind a port that forwards by ARI have numbers of 8 bits (pci_ari_enabled).
 */
#ifndef XLPT_PCIBACK_PORTS_H
#define XLPT_PCIBACK_PORTS_H

#include "core/device.h"

/* All functions of a host, sorted by address. */
void xlpt_ports_correct(struct xlpt_devices *devs);
/* One function, and the one above it, which is correct already. */
void xlpt_port_correct(struct xlpt_device *dev, const struct xlpt_device *above);
/* Whether what is above says something of such a function. */
bool xlpt_port_asks(const struct xlpt_device *dev);

#endif
