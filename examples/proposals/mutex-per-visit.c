// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each visit takes the mutex of its device's group, so that all is held when the walk is
 * over. Wrong three times: the second device of a group waits for the mutex that its own
 * thread holds; what is unlocked and put is one group of all that were locked; and that is
 * reached through a device which nothing keeps.
 */

#include "proposal.h"

static int lock_its_group(struct device *dev, void *data)
{
	struct device **chosen = data;
	struct group *group = device_group_get(dev);

	if (!group)
		return 0;
	lock_take(&group->mutex);
	if (!*chosen)
		*chosen = dev;
	return 0;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct device *chosen = NULL;
	struct group *group;
	int ret = -ENODEV;

	bus_walk(bus, NULL, &chosen, lock_its_group);
	if (!chosen)
		return -ENODEV;
	group = chosen->group;
	if (chosen->iommu)
		ret = domain_make(chosen->iommu, type, made);
	lock_release(&group->mutex);
	group_put(group);
	return ret;
}
