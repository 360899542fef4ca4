// SPDX-License-Identifier: GPL-2.0-only
/* Paths that are not easily told: through callees, with locks of callers, round a loop. */
#include "kernel.h"

struct box {
	struct mutex lock, other;
	int state;
	struct list_head items;
};

int box_work(struct box *box);

/* A callee takes the lock and gives it back: the fault is where it takes it. */

static void box_visit(struct box *box)
{
	mutex_lock(&box->other);
	mutex_unlock(&box->other);
	mutex_lock(&box->lock);
	box->state++;
	mutex_unlock(&box->lock);
	mutex_lock(&box->other);
	mutex_unlock(&box->other);
}

int visits_under_the_lock(struct box *box)
{
	mutex_lock(&box->lock);
	box_visit(box);
	mutex_unlock(&box->lock);
	return 0;
}

/* The lock is the callers': it was held on entry. */

int releases_what_its_callers_hold(struct iommu_group *group)
{
	struct group_device *entry = list_first_entry(&group->devices, struct group_device, list);
	struct device *dev = entry->dev;

	mutex_unlock(&group->mutex);
	return dev->id;
}

/* Two things are left at one exit: each finding has one return. Another lock is held meanwhile. */

int leaves_two(struct box *box, const struct bus_type *bus, const void *data)
{
	struct device *dev;
	int ret;

	mutex_lock(&box->lock);
	dev = bus_find_device(bus, NULL, data, NULL);
	mutex_lock(&box->other);
	ret = box_work(box);
	mutex_unlock(&box->other);
	if (ret < 0)
		return ret;
	if (!list_empty(&box->items))
		box->state = 1;
	put_device(dev);
	mutex_unlock(&box->lock);
	return 0;
}

/* A callee releases it, and then its caller does. */

static void box_done(struct box *box)
{
	mutex_unlock(&box->lock);
}

void releases_twice(struct box *box)
{
	mutex_lock(&box->lock);
	mutex_unlock(&box->lock);
	box_done(box);
}

/* A callee gets one and puts another under a lock of its own: the story begins with the call. */

static void box_swap(struct box *box, struct device *now, struct device *old)
{
	mutex_lock(&box->other);
	get_device(now);
	mutex_unlock(&box->other);
	put_device(old);
}

int leaves_what_a_callee_got(struct box *box, struct device *now, struct device *old)
{
	get_device(old);
	box_swap(box, now, old);
	if (box->state)
		return 0;
	put_device(now);
	return 0;
}
