// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is taken out of the walk with a reference. Still wrong: that keeps the memory
 * of the device, and not its membership, which dev->iommu needs. When the device leaves its
 * group, what that points to is freed, and the reference is none the wiser.
 */

#include "proposal.h"

static int get_device_out(struct device *dev, void *data)
{
	struct device **chosen = data;

	if (dev->group && !*chosen)
		*chosen = device_get(dev);
	return 0;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct device *chosen = NULL;
	int ret = -ENODEV;

	bus_walk(bus, NULL, &chosen, get_device_out);
	if (!chosen)
		return -ENODEV;
	if (chosen->iommu)
		ret = make_domain(chosen->group->iommu, chosen->iommu, type, made);
	device_put(chosen);
	return ret;
}
