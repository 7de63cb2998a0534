/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports of switches that say that they are of the other kind. Linux goes by what is above them
 * (drivers/pci/probe.c, set_pcie_port_type): what is below a port that looks down looks up, and below
 * one that looks up, down. ACS depends on it.
 */
#ifndef XLPT_PCIBACK_PORTS_H
#define XLPT_PCIBACK_PORTS_H

#include "core/device.h"

/* All functions of a host, sorted by address. */
void xlpt_ports_correct(struct xlpt_devices *devs);

#endif
