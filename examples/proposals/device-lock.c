// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is found with a reference, and its device lock keeps it in its group. Wrong:
 * drivers allocate from their probe, where their own device's lock is held. The walk finds
 * that device, or another one which is being probed and does the same.
 */

#include "proposal.h"

static int lock_device(struct device *dev, void *data)
{
	struct device **chosen = data;

	if (!dev->group)
		return 0;
	device_lock(dev);
	if (dev->state != DEVICE_ADDED) {
		device_unlock(dev);
		return 0;
	}
	*chosen = device_get(dev);
	return 1;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct device *chosen = NULL;
	int ret;

	bus_walk(bus, NULL, &chosen, lock_device);
	if (!chosen)
		return -ENODEV;
	ret = domain_alloc_by_group(chosen->group, type, made);
	device_unlock(chosen);
	device_put(chosen);
	return ret;
}
