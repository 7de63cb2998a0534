/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device.h"

void xlpt_device_dispose(struct xlpt_device *dev)
{
	free(dev->sysfs_path);
	free(dev->power_state);
	free(dev->driver);
	free(dev->driver_override);
	free(dev->modalias);
	free(dev->iommu_group);
	free(dev->reset_method);
	xlpt_strv_free(dev->net);
	free(dev->vendor_name);
	free(dev->device_name);
	free(dev->class_name);
	*dev = (struct xlpt_device){ 0 };
}

void xlpt_devices_dispose(struct xlpt_devices *list)
{
	for (size_t i = 0; i < list->n; i++)
		xlpt_device_dispose(&list->items[i]);
	free(list->items);
	free(list->gone);
	*list = (struct xlpt_devices){ 0 };
}

const struct xlpt_device *xlpt_devices_find(const struct xlpt_devices *list, struct xlpt_bdf bdf)
{
	size_t lo = 0, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = xlpt_bdf_cmp(list->items[mid].bdf, bdf);

		if (c == 0)
			return &list->items[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
