// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference allocator on eight threads, all doing anything at any time: devices are
 * added, removed and released, drivers bound and unbound, domains allocated in all ways,
 * attached and detached. To be run with the sanitizers: they say what is wrong.
 *
 *	stress SECONDS [SEED]
 */

#include <string.h>
#include <time.h>
#include "paper.h"

#define THREADS 8
#define SLOTS 12
#define GROUPS 4

/* A device that threads share: the slot has a reference. */
struct slot {
	pthread_mutex_t mutex;
	struct device *dev;
};

struct worker {
	pthread_t thread;
	unsigned long seed;
	unsigned long added, removed, allocated, attached, bound;
};

static const struct iommu paper = { .ops = &paper_ops };
static struct bus bus;
static struct group *groups[GROUPS];
static struct slot slots[SLOTS];
static atomic_bool done;

static void expect(bool right, const char *what, int ret)
{
	if (right)
		return;
	fprintf(stderr, "stress: %s: %d\n", what, ret);
	abort();
}

static unsigned int draw(struct worker *worker, unsigned int below)
{
	worker->seed = worker->seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)(worker->seed >> 33) % below;
}

/* What is in the slot, with a reference for the caller, or NULL. */
static struct device *slot_get(struct slot *slot)
{
	struct device *dev;

	pthread_mutex_lock(&slot->mutex);
	dev = device_get(slot->dev);
	pthread_mutex_unlock(&slot->mutex);
	return dev;
}

/* Put DEV in, with the caller's reference; what was there, with the slot's. */
static struct device *slot_swap(struct slot *slot, struct device *dev)
{
	struct device *old;

	pthread_mutex_lock(&slot->mutex);
	old = slot->dev;
	slot->dev = dev;
	pthread_mutex_unlock(&slot->mutex);
	return old;
}

static int probe(struct device *dev)
{
	struct domain *domain;
	int ret = domain_alloc_by_bus(dev->bus, DOMAIN_UNMANAGED, &domain);

	if (ret)
		return ret;
	dev->driver_data = domain;
	return 0;
}

static void unprobe(struct device *dev)
{
	domain_put(dev->driver_data);
}

static const struct driver driver = { .name = "driver", .probe = probe, .remove = unprobe };

static void replace(struct worker *worker, struct slot *slot)
{
	struct device *dev = NULL;
	struct group *group = groups[draw(worker, GROUPS)];
	unsigned int kind = draw(worker, 8);
	int ret;

	if (kind == 0) {
		group = NULL;
	} else if (kind == 1) {
		group = group_create(&paper, "own");	/* kept by its device alone */
		expect(group, "group_create", 0);
	}
	if (draw(worker, 2)) {
		dev = device_create(&bus, group, "device");
		expect(dev, "device_create", 0);
		ret = device_add(dev);
		expect(!ret, "device_add", ret);
		worker->added++;
	}
	if (kind == 1)
		group_put(group);
	dev = slot_swap(slot, dev);
	if (!dev)
		return;
	ret = device_remove(dev);
	expect(!ret, "device_remove", ret);
	device_put(dev);
	worker->removed++;
}

static void attach(struct worker *worker, struct group *group, struct domain *domain)
{
	int ret = group_attach(group, domain);

	expect(!ret || ret == -ENODEV || ret == -EBUSY, "group_attach", ret);
	if (ret)
		return;
	worker->attached++;
	group_detach(group);
}

static void allocate(struct worker *worker, struct device *dev)
{
	struct group *group = device_group_get(dev);
	struct domain *domain = NULL;
	int ret;

	switch (draw(worker, 3)) {
	case 0:
		ret = domain_alloc_by_device(dev, DOMAIN_UNMANAGED, &domain);
		break;
	case 1:
		ret = group ? domain_alloc_by_group(group, DOMAIN_IDENTITY, &domain) : -ENODEV;
		break;
	default:
		ret = domain_alloc_by_bus(&bus, DOMAIN_BLOCKED, &domain);
	}
	expect(ret ? ret == -ENODEV && !domain : !!domain, "domain_alloc", ret);
	if (domain && group)
		attach(worker, group, domain);
	worker->allocated += !ret;
	domain_put(domain);
	group_put(group);
}

static void bind_or_unbind(struct worker *worker, struct device *dev)
{
	int ret = draw(worker, 2) ? device_bind(dev, &driver) : device_unbind(dev);

	expect(!ret || ret == -ENODEV || ret == -EBUSY, "device_bind", ret);
	worker->bound += !ret;
}

static void *work(void *data)
{
	struct worker *worker = data;

	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		struct slot *slot = &slots[draw(worker, SLOTS)];
		unsigned int what = draw(worker, 8);
		struct device *dev;

		if (what < 2) {
			replace(worker, slot);
			continue;
		}
		dev = slot_get(slot);
		if (dev && what < 6)
			allocate(worker, dev);
		else if (dev)
			bind_or_unbind(worker, dev);
		device_put(dev);
	}
	return NULL;
}

static void start(struct worker *workers, unsigned long seed)
{
	int i;

	bus_init(&bus, "bus");
	for (i = 0; i < GROUPS; i++)
		groups[i] = group_create(&paper, "group");
	for (i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].mutex, NULL);
	for (i = 0; i < THREADS; i++) {
		workers[i].seed = seed * THREADS + i;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
}

/* Everything is given back: a leak is a mistake of the library. */
static void finish(struct worker *workers)
{
	struct device *dev;
	int i;

	atomic_store(&done, true);
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < SLOTS; i++) {
		dev = slot_swap(&slots[i], NULL);
		if (dev)
			expect(!device_remove(dev), "device_remove", 0);
		device_put(dev);
	}
	expect(list_empty(&bus.devices), "the bus is not empty", 0);
	for (i = 0; i < GROUPS; i++) {
		expect(!groups[i]->domain && list_empty(&groups[i]->devices), "a group is not empty", i);
		group_put(groups[i]);
	}
}

int main(int argc, char **argv)
{
	struct worker workers[THREADS] = { 0 }, sum = { 0 };
	struct timespec span = { 0 };
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: stress SECONDS [SEED]\n");
		return 2;
	}
	span.tv_sec = atoi(argv[1]);
	start(workers, argc > 2 ? strtoul(argv[2], NULL, 10) : 1);
	nanosleep(&span, NULL);
	finish(workers);
	for (i = 0; i < THREADS; i++) {
		sum.added += workers[i].added;
		sum.removed += workers[i].removed;
		sum.allocated += workers[i].allocated;
		sum.attached += workers[i].attached;
		sum.bound += workers[i].bound;
	}
	printf("%d threads, %ld s: %lu added, %lu removed, %lu allocated, %lu attached, %lu (un)bound\n",
	       THREADS, (long)span.tv_sec, sum.added, sum.removed, sum.allocated, sum.attached, sum.bound);
	return sum.added && sum.removed && sum.allocated && sum.attached && sum.bound ? 0 : 1;
}
