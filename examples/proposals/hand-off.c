// SPDX-License-Identifier: GPL-2.0-only
/*
 * The visit ends the walk with the group locked and referenced, and hands both on to the
 * caller, who unlocks and puts. That is right. Wrong is how the group is found: through the
 * device's membership, which ends at any time for who holds neither the device lock nor the
 * group's mutex, and the mutex is in the group that is to be found.
 */

#include "proposal.h"

static int hand_group_off(struct device *dev, void *data)
{
	struct group **handed = data;
	struct group *group;

	if (!dev->iommu)
		return 0;
	group = group_get(dev->iommu->group);

	lock_take(&group->mutex);
	if (list_empty(&group->devices)) {
		lock_release(&group->mutex);
		group_put(group);
		return 0;
	}
	*handed = group;
	return 1;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct group *group = NULL;
	int ret;

	bus_walk(bus, NULL, &group, hand_group_off);
	if (!group)
		return -ENODEV;
	ret = domain_make(list_first(&group->devices, struct member, node), type, made);
	lock_release(&group->mutex);
	group_put(group);
	return ret;
}
