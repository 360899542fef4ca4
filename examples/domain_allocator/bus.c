// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus: a list of devices that can be walked while it changes.
 *
 * The list has a reference to each device in it. A walk stands on one device at a time,
 * which is counted in its visits. A device that is removed while a walk stands on it is
 * marked as gone and stays linked, so that the walk finds its way on from there; the last
 * walk to leave it unlinks it. So a device that is visited is linked, and one that is
 * linked is kept: that is what a visit keeps its device's memory by.
 */

#include "internal.h"

void bus_init(struct bus *bus, const char *name)
{
	bus->name = name;
	lock_init(&bus->lock, "bus.lock");
	list_init(&bus->devices);
}

void bus_add_device(struct device *dev)
{
	struct bus *bus = dev->bus;

	device_get(dev);
	lock_take(&bus->lock);
	list_add_last(&dev->on_bus, &bus->devices);
	lock_release(&bus->lock);
}

/* Whether DEV left the list: if so, the caller gives back the list's reference, after the unlock. */
static bool bus_unlink(struct bus *bus, struct device *dev)
{
	lock_assert_held(&bus->lock);
	if (!dev->gone || dev->visits)
		return false;
	list_remove(&dev->on_bus);
	return true;
}

void bus_remove_device(struct device *dev)
{
	struct bus *bus = dev->bus;
	bool unlinked;

	lock_take(&bus->lock);
	dev->gone = true;
	unlinked = bus_unlink(bus, dev);
	lock_release(&bus->lock);
	if (unlinked)
		device_put(dev);
}

/* The first device that is not gone, at or after NODE. */
static struct device *bus_find_present(struct bus *bus, struct list *node)
{
	lock_assert_held(&bus->lock);
	for (; node != &bus->devices; node = node->next) {
		struct device *dev = list_object(node, struct device, on_bus);

		if (!dev->gone)
			return dev;
	}
	return NULL;
}

/* From a device that is visited (NULL: the start) to the next one, visited from now on (NULL: the end). */
static struct device *bus_step(struct bus *bus, struct device *from)
{
	bool unlinked = false;
	struct device *next;

	lock_take(&bus->lock);
	next = bus_find_present(bus, from ? from->on_bus.next : bus->devices.next);
	if (next)
		next->visits++;
	if (from) {
		from->visits--;
		unlinked = bus_unlink(bus, from);
	}
	lock_release(&bus->lock);
	if (unlinked)
		device_put(from);
	return next;
}

/* A device that is visited already is visited once more. */
static void bus_visit_again(struct bus *bus, struct device *dev)
{
	lock_take(&bus->lock);
	dev->visits++;
	lock_release(&bus->lock);
}

/* The walk ends at DEV. */
static void bus_leave(struct bus *bus, struct device *dev)
{
	bool unlinked;

	lock_take(&bus->lock);
	dev->visits--;
	unlinked = bus_unlink(bus, dev);
	lock_release(&bus->lock);
	if (unlinked)
		device_put(dev);
}

int bus_walk(struct bus *bus, struct device *start, void *data,
	     int (*visit)(struct device *dev, void *data))
{
	struct device *dev = start;
	int ret = 0;

	if (start)
		bus_visit_again(bus, start);
	while (!ret && (dev = bus_step(bus, dev)))
		ret = visit(dev, data);
	if (dev)
		bus_leave(bus, dev);
	return ret;
}
