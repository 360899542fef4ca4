// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutex of its own group keeps a device's membership while it is held, as long as there
 * is one: dev->iommu is looked at first. That the group is the device's is not seen. Met by
 * callers of domain_alloc_by_device() in examples/domain_allocator.
 */
#include "kernel.h"

static int has_the_id(struct device *dev, const void *data)
{
	return dev->id == *(const int *)data;
}

int reads_the_flags_with_the_groups_mutex(const struct bus_type *bus, int id)
{
	struct device *dev = bus_find_device(bus, NULL, &id, has_the_id);
	int flags = 0;

	if (!dev)
		return -ENODEV;
	mutex_lock(&dev->iommu_group->mutex);
	if (dev->iommu)
		flags = dev->iommu->iommu_dev->ops->flags;
	mutex_unlock(&dev->iommu_group->mutex);
	put_device(dev);
	return flags;
}
