// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domain, and the three ways to allocate one: by device, by group, by bus.
 *
 * All end in domain_make(), with the group's mutex held and a member taken within that
 * critical section. By bus, it is: find a device, take its group's reference, and with the
 * walk over take the group's mutex, see that there is a member, allocate, unlock, put.
 */

#include "internal.h"

struct domain *domain_get(struct domain *domain)
{
	count_get(&domain->refs);
	return domain;
}

void domain_put(struct domain *domain)
{
	if (!domain || !count_put(&domain->refs))
		return;
	if (domain->iommu->ops->teardown)
		domain->iommu->ops->teardown(domain);
	port_free(domain);
}

int domain_make(struct member *member, enum domain_type type, struct domain **made)
{
	struct group *group = member->group;
	struct domain *domain;
	struct shape shape;
	int ret;

	lock_assert_held(&group->mutex);
	ret = group_shape(group, type, &shape);
	if (ret)
		return ret;
	domain = port_alloc(sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->iommu = group->iommu;
	domain->type = type;
	domain->shape = shape;

	if (group->iommu->ops->setup)
		ret = group->iommu->ops->setup(domain, member);
	if (ret) {
		port_free(domain);
		return ret;
	}
	count_init(&domain->refs);
	*made = domain;
	return 0;
}

int domain_alloc_by_device(struct device *dev, enum domain_type type, struct domain **made)
{
	struct group *group = device_group_get(dev);
	int ret = -ENODEV;

	if (!group)
		return -ENODEV;
	lock_take(&group->mutex);
	if (dev->iommu)
		ret = domain_make(dev->iommu, type, made);
	lock_release(&group->mutex);
	group_put(group);
	return ret;
}

/* As domain_alloc_by_group(), but 0 without a domain if the group has no members. */
static int alloc_if_any(struct group *group, enum domain_type type, struct domain **made)
{
	int ret = 0;

	lock_take(&group->mutex);
	if (!list_empty(&group->devices))
		ret = domain_make(list_first(&group->devices, struct member, node), type, made);
	lock_release(&group->mutex);
	return ret;
}

int domain_alloc_by_group(struct group *group, enum domain_type type, struct domain **made)
{
	struct domain *domain = NULL;
	int ret = alloc_if_any(group, type, &domain);

	if (ret)
		return ret;
	if (!domain)
		return -ENODEV;
	*made = domain;
	return 0;
}

/* Takes a reference to the group of the first device that has one; all others must have the same driver. */
static int find_group(struct device *dev, void *data)
{
	struct group **found = data;

	if (!dev->group)
		return 0;
	if (!*found)
		*found = group_get(dev->group);
	return dev->group->iommu->ops == (*found)->iommu->ops ? 0 : -EXDEV;
}

/* A turn of domain_alloc_by_bus(): 0 without a domain if the group has lost its members. */
static int alloc_from_any(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct group *group = NULL;
	int ret = bus_walk(bus, NULL, &group, find_group);

	if (ret)
		port_warn("bus %s has devices of several IOMMU drivers: allocate by device", bus->name);
	else if (group)
		ret = alloc_if_any(group, type, made);
	else
		ret = -ENODEV;
	group_put(group);
	return ret;
}

int domain_alloc_by_bus(struct bus *bus, enum domain_type type, struct domain **made)
{
	struct domain *domain = NULL;
	int ret;

	/*
	 * A group without members lost its last one after the walk had found it. No walk
	 * finds that device again, so each further turn takes a removal of its own.
	 */
	do {
		ret = alloc_from_any(bus, type, &domain);
	} while (!ret && !domain);
	if (!ret)
		*made = domain;
	return ret;
}
