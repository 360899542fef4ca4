// SPDX-License-Identifier: GPL-2.0-only
/* An IOMMU driver on paper: it remembers what it was told, in memory that comes and goes with the members. */

#include "paper.h"

const struct shape paper_least = { .page_sizes = 0x1000, .last_address = ~0UL };

static int paper_join(struct member *member)
{
	struct paper_stream *stream = port_alloc(sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->page_sizes = paper_least.page_sizes;
	member->priv = stream;
	return 0;
}

static void paper_leave(struct member *member)
{
	port_free(member->priv);
}

static int paper_shape(struct member *member, enum domain_type type, struct shape *shape)
{
	struct paper_stream *stream = member->priv;

	shape->page_sizes = stream->page_sizes;
	shape->last_address = type == DOMAIN_BLOCKED ? 0 : paper_least.last_address;
	return 0;
}

/* A domain has a page table. */
static int paper_setup(struct domain *domain, struct member *member)
{
	struct paper_stream *stream = member->priv;
	unsigned long *table = port_alloc(sizeof(*table));

	if (!table)
		return -ENOMEM;
	*table = stream->page_sizes;
	domain->priv = table;
	return 0;
}

static void paper_teardown(struct domain *domain)
{
	port_free(domain->priv);
}

static int paper_attach(struct member *member, struct domain *domain)
{
	struct paper_stream *stream = member->priv;

	stream->domain = domain;
	return 0;
}

const struct iommu_ops paper_ops = {
	.name = "paper",
	.default_type = DOMAIN_DMA,
	.join = paper_join,
	.leave = paper_leave,
	.shape = paper_shape,
	.setup = paper_setup,
	.teardown = paper_teardown,
	.attach = paper_attach,
};
