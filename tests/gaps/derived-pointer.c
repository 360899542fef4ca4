// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an element leads to is kept by the element: a pointer loaded from it (its group, its
 * supplier, its name) is no safer outside the iteration than the element is. Only the element
 * itself is followed yet. Seen in the kernel: get_pci_alias_or_group(),
 * fw_devlink_dev_sync_state() without their references.
 */
#include "kernel.h"

static int keeps_the_group(struct device *dev, void *data)
{
	struct iommu_group **out = data;

	*out = dev->iommu_group;
	return 1;
}

const void *uses_the_group_of_an_element(const struct bus_type *bus)
{
	struct iommu_group *group = NULL;

	bus_for_each_dev(bus, NULL, &group, keeps_the_group);
	if (!group)
		return NULL;
	return group->devices.next;	/* want: iterator-escape: is used after bus_for_each_dev() has returned */
}
