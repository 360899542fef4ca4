/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROPOSAL_H
#define PROPOSAL_H

/*
 * Ways to allocate a domain for a bus whose devices may come and go. Each file beside this
 * one is a proposal: it defines proposed_alloc() over the library of domain_allocator/.
 */

#include "../domain_allocator/internal.h"

/* As domain_alloc_by_bus(), or meant to be. */
int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made);

/* A driver that allocates so from its probe, as drivers do (driver.c). */
extern const struct driver allocating_driver;

/* As domain_make(), with nothing asked of the caller: who is right about locks is the question. */
static inline int make_domain(const struct iommu *iommu, struct member *member, enum domain_type type,
			      struct domain **made)
{
	struct domain *domain;
	struct shape shape;
	int ret = iommu->ops->shape(member, type, &shape);

	if (ret)
		return ret;
	domain = port_alloc(sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->iommu = iommu;
	domain->type = type;
	domain->shape = shape;
	ret = iommu->ops->setup(domain, member);
	if (ret) {
		port_free(domain);
		return ret;
	}
	count_init(&domain->refs);
	*made = domain;
	return 0;
}

#endif
