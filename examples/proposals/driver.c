// SPDX-License-Identifier: GPL-2.0-only
/* A device driver that wants a domain of its own as soon as it has a device. */

#include "proposal.h"

static int probe(struct device *dev)
{
	struct domain *domain;
	int ret = proposed_alloc(dev->bus, DOMAIN_UNMANAGED, &domain);

	if (ret)
		return ret;
	dev->driver_data = domain;
	return 0;
}

static void remove(struct device *dev)
{
	domain_put(dev->driver_data);
}

const struct driver allocating_driver = { .name = "allocating", .probe = probe, .remove = remove };
