// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is explored: three threads around a bus with the devices a and b, each the only one
 * of its group. One removes and releases a, with which its group goes too; one adds c to
 * b's group; and one allocates by bus, in one scenario for itself, in the other from the
 * probe of b's driver. There is always a device, so the allocation must succeed.
 */

#include "explore.h"
#include "paper.h"

static const struct iommu iommu = { .ops = &paper_ops };

static struct {
	struct bus *bus;
	struct device *a, *b, *c;
} world;

static void set_up(void)
{
	struct group *first, *second;

	world.bus = port_alloc(sizeof(*world.bus));
	bus_init(world.bus, "bus");
	first = group_create(&iommu, "first");
	second = group_create(&iommu, "second");
	world.a = device_create(world.bus, first, "a");
	world.b = device_create(world.bus, second, "b");
	world.c = device_create(world.bus, second, "c");
	device_add(world.a);
	device_add(world.b);
	group_put(first);
	group_put(second);
}

static void tear_down(void)
{
	device_remove(world.b);
	device_remove(world.c);	/* not there if memory ran out */
	device_put(world.b);
	device_put(world.c);
	port_free(world.bus);
}

static void allocate(void)
{
	struct domain *domain = NULL;
	int ret = proposed_alloc(world.bus, DOMAIN_UNMANAGED, &domain);

	explore_expect(!ret || ret == -ENOMEM, "no domain though there is a device");
	explore_expect(!ret == !!domain, "an error and a domain");
	domain_put(domain);
}

static void bind(void)
{
	int ret = device_bind(world.b, &allocating_driver);

	explore_expect(!ret || ret == -ENOMEM, "no domain though there is a device");
}

static void remove_a(void)
{
	explore_expect(!device_remove(world.a), "a could not be removed");
	device_put(world.a);
}

static void add_c(void)
{
	int ret = device_add(world.c);

	explore_expect(!ret || ret == -ENOMEM, "c could not be added");
}

const struct scenario scenarios[] = {
	{
		.name = "hotplug", .set_up = set_up, .tear_down = tear_down,
		.threads = { { "allocate", allocate }, { "remove", remove_a }, { "add", add_c } },
	},
	{
		.name = "probe", .set_up = set_up, .tear_down = tear_down,
		.threads = { { "bind", bind }, { "remove", remove_a }, { "add", add_c } },
	},
	{ .name = NULL },
};
