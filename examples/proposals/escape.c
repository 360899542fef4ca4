// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device escapes from the walk. Wrong: the visit keeps the device until it returns, and
 * no longer. Removed and released meanwhile, it is freed memory when it is used.
 */

#include "proposal.h"

static int remember_device(struct device *dev, void *data)
{
	struct device **chosen = data;

	if (dev->group && !*chosen)
		*chosen = dev;
	return 0;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct device *chosen = NULL;

	bus_walk(bus, NULL, &chosen, remember_device);
	if (!chosen)
		return -ENODEV;
	return make_domain(chosen->group->iommu, chosen->iommu, type, made);
}
