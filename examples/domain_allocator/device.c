// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: its memory by reference count, its life and its driver under the device lock.
 *
 * It joins its group before it appears on its bus and leaves it after it disappeared from
 * there. So what a walk finds is a member, unless it is being removed; and who finds a
 * group without members walks again and does not meet the same device.
 */

#include "internal.h"

struct device *device_create(struct bus *bus, struct group *group, const char *name)
{
	struct device *dev = port_alloc(sizeof(*dev));

	if (!dev)
		return NULL;
	dev->name = name;
	dev->bus = bus;
	dev->group = group ? group_get(group) : NULL;
	dev->state = DEVICE_NEW;
	count_init(&dev->refs);
	lock_init(&dev->mutex, "device.mutex");
	return dev;
}

struct device *device_get(struct device *dev)
{
	if (dev)
		count_get(&dev->refs);
	return dev;
}

void device_put(struct device *dev)
{
	if (!dev || !count_put(&dev->refs))
		return;
	group_put(dev->group);
	port_free(dev);
}

struct group *device_group_get(struct device *dev)
{
	return dev->group ? group_get(dev->group) : NULL;
}

static int device_add_locked(struct device *dev)
{
	int ret = 0;

	lock_assert_held(&dev->mutex);
	if (dev->state != DEVICE_NEW)
		return -EINVAL;
	if (dev->group)
		ret = group_join(dev);
	if (ret)
		return ret;
	bus_add_device(dev);
	dev->state = DEVICE_ADDED;
	return 0;
}

int device_add(struct device *dev)
{
	int ret;

	device_lock(dev);
	ret = device_add_locked(dev);
	device_unlock(dev);
	return ret;
}

static int device_unbind_locked(struct device *dev)
{
	const struct driver *driver = dev->driver;

	lock_assert_held(&dev->mutex);
	if (!driver)
		return -ENODEV;
	driver->remove(dev);
	dev->driver = NULL;
	dev->driver_data = NULL;
	return 0;
}

int device_unbind(struct device *dev)
{
	int ret;

	device_lock(dev);
	ret = device_unbind_locked(dev);
	device_unlock(dev);
	return ret;
}

static int device_remove_locked(struct device *dev)
{
	lock_assert_held(&dev->mutex);
	if (dev->state != DEVICE_ADDED)
		return -ENODEV;
	dev->state = DEVICE_REMOVED;
	device_unbind_locked(dev);
	bus_remove_device(dev);
	if (dev->group)
		group_leave(dev);
	return 0;
}

int device_remove(struct device *dev)
{
	int ret;

	device_lock(dev);
	ret = device_remove_locked(dev);
	device_unlock(dev);
	return ret;
}

static int device_bind_locked(struct device *dev, const struct driver *driver)
{
	int ret;

	lock_assert_held(&dev->mutex);
	if (dev->state != DEVICE_ADDED)
		return -ENODEV;
	if (dev->driver)
		return -EBUSY;
	dev->driver = driver;
	ret = driver->probe(dev);
	if (ret) {
		dev->driver = NULL;
		dev->driver_data = NULL;
	}
	return ret;
}

int device_bind(struct device *dev, const struct driver *driver)
{
	int ret;

	device_lock(dev);
	ret = device_bind_locked(dev, driver);
	device_unlock(dev);
	return ret;
}
