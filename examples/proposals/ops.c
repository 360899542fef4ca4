// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk hands out no device but its IOMMU and its driver's ops, which outlive every
 * device. Right, as far as it goes: the domain is made for no device in particular, so it
 * can only be what the driver promises for all of them.
 */

#include "../domain_allocator/paper.h"
#include "proposal.h"

static int find_iommu(struct device *dev, void *data)
{
	const struct iommu **found = data;

	if (!dev->group)
		return 0;
	if (!*found)
		*found = dev->group->iommu;
	return dev->group->iommu->ops == (*found)->ops ? 0 : -EXDEV;
}

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	const struct iommu *iommu = NULL;
	struct domain *domain;
	int ret = bus_walk(bus, NULL, &iommu, find_iommu);

	if (ret)
		return ret;
	if (!iommu)
		return -ENODEV;
	domain = port_alloc(sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->iommu = iommu;
	domain->type = type;
	domain->shape = paper_least;
	count_init(&domain->refs);
	*made = domain;
	return 0;
}
