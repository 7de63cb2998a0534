/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One PCI function as libvirt's node device XML, letter by letter what
 * "virsh nodedev-dumpxml" prints for it (src/conf/node_device_conf.c,
 * virNodeDeviceDefFormat), with one addition: libvirt on Xen knows no IOMMU
 * groups, and here the isolation set stands in their place.
 */
#ifndef XLPT_CONVERTERS_LIBVIRT_NODEDEV_H
#define XLPT_CONVERTERS_LIBVIRT_NODEDEV_H

#include "core/device.h"

struct xlpt_nodedev {
	const struct xlpt_device *dev; /* with names, and capabilities for <pci-express> */
	const struct xlpt_bdf *parent; /* the bridge above; NULL = on a root bus */
	const struct xlpt_bdf *mates;  /* its isolation set, itself included, by address */
	size_t n_mates;		       /* 0: the kernel has groups, and gives it none */
	unsigned group;		       /* the number that set goes by */
	const struct xlpt_bdf *vfs;    /* its virtual functions, by address */
	size_t n_vfs;
};

/* Ends with a newline; caller frees. */
int xlpt_nodedev_write(const struct xlpt_nodedev *node, char **out, struct xlpt_diag *diag);

#endif
