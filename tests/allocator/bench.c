// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an allocation by bus costs as a proposal does it, and how long it holds locks: for
 * so many devices, on so many threads. One line of figures; tests/bench/allocator makes
 * the table.
 *
 *	bench-NAME DEVICES THREADS
 */

#include "paper.h"
#include "../proposals/proposal.h"

#define MOST_THREADS 64
#define GROUP_SIZE 4
#define VISITS 400000	/* of devices, by each thread */

_Thread_local struct port_held port_held[128];

struct worker {
	pthread_t thread;
	long allocations;
	struct port_held bus, group;
};

static const struct iommu paper = { .ops = &paper_ops };
static struct bus bus;

static void *work(void *data)
{
	struct worker *worker = data;
	struct domain *domain;
	long i;

	for (i = 0; i < worker->allocations; i++) {
		if (proposed_alloc(&bus, DOMAIN_UNMANAGED, &domain))
			abort();
		domain_put(domain);
	}
	worker->bus = port_held['b'];
	worker->group = port_held['g'];
	return NULL;
}

static void fill(int devices)
{
	struct group *group = NULL;
	int i;

	bus_init(&bus, "bus");
	for (i = 0; i < devices; i++) {
		if (i % GROUP_SIZE == 0)
			group = group_create(&paper, "group");
		if (device_add(device_create(&bus, group, "device")))
			abort();
	}
}

static void add(struct port_held *sum, const struct port_held *held)
{
	sum->total += held->total;
	sum->times += held->times;
	if (sum->longest < held->longest)
		sum->longest = held->longest;
}

int main(int argc, char **argv)
{
	int devices = argc == 3 ? atoi(argv[1]) : 0, threads = argc == 3 ? atoi(argv[2]) : 0, i;
	struct worker workers[MOST_THREADS] = { 0 };
	struct port_held on_bus = { 0 }, on_group = { 0 };
	long started, span, done = 0;

	if (devices < 1 || threads < 1 || threads > MOST_THREADS) {
		fprintf(stderr, "usage: bench-NAME DEVICES THREADS\n");
		return 2;
	}
	fill(devices);
	started = port_now();
	for (i = 0; i < threads; i++) {
		workers[i].allocations = VISITS / devices;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].allocations;
		add(&on_bus, &workers[i].bus);
		add(&on_group, &workers[i].group);
	}
	span = port_now() - started;
	/* us an allocation; then ns a holding: mean and longest of bus.lock, of group.mutex */
	printf("%.2f %ld %ld %ld %ld\n", (double)span / 1000 / (double)done, on_bus.total / on_bus.times,
	       on_bus.longest, on_group.times ? on_group.total / on_group.times : 0, on_group.longest);
	return 0;
}
