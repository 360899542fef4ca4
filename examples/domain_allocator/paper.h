/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ALLOCATOR_PAPER_H
#define ALLOCATOR_PAPER_H

#include "allocator.h"

/* An IOMMU driver without hardware, which uses all that a driver may use. */
extern const struct iommu_ops paper_ops;

/* What a domain for any of its devices can map. */
extern const struct shape paper_least;

/* What it keeps of a member: as long as it is one. */
struct paper_stream {
	const struct domain *domain;	/* that translates for it */
	unsigned long page_sizes;
};

#endif
