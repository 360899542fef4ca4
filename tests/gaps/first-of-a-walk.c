// SPDX-License-Identifier: GPL-2.0-only
/*
 * A callback takes a reference of the first element and lets the iteration go on: whether
 * the caller gives it back is not followed beyond the turn that took it. A lookup is said
 * to leak on the path where nothing was found; a get is not said to leak at all. Seen in
 * the reference allocator, examples/domain_allocator/domain.c.
 */
#include "kernel.h"

static int finds_the_first_group(struct device *dev, void *data)
{
	struct iommu_group **found = data;

	if (!*found)
		*found = iommu_group_get(dev);
	return 0;
}

int puts_the_group(const struct bus_type *bus)
{
	struct iommu_group *group = NULL;

	bus_for_each_dev(bus, NULL, &group, finds_the_first_group);
	if (!group)
		return -ENODEV;
	iommu_group_put(group);
	return 0;
}

static int gets_the_first_device(struct device *dev, void *data)
{
	struct device **found = data;

	if (!*found)
		*found = get_device(dev);
	return 0;
}

int leaves_the_device(const struct bus_type *bus)
{
	struct device *dev = NULL;

	bus_for_each_dev(bus, NULL, &dev, gets_the_first_device);
	return dev ? 0 : -ENODEV;	/* want: ref-leak: reference to */
}
