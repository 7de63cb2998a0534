/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of vendors, devices and classes, as pci.ids has them. */
#ifndef XLPT_PCIBACK_NAMES_H
#define XLPT_PCIBACK_NAMES_H

#include "core/device.h"

/*
 * Fills vendor_name, device_name and class_name of n functions, which have none yet. What is not
 * in the file stays NULL, and without a file all of it: names are an adornment.
 * pci_ids: a file to use instead of the system's, or NULL.
 */
void xlpt_names_fill(struct xlpt_device *devs, size_t n, const char *pci_ids);

#endif
