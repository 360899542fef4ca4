// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group: its members, and which domain translates for them.
 *
 * With the first member come the default domain and the domain in use, with the last they
 * go; in between there is always one in use, and every member has it.
 */

#include "internal.h"

struct group *group_create(const struct iommu *iommu, const char *name)
{
	struct group *group = port_alloc(sizeof(*group));

	if (!group)
		return NULL;
	group->name = name;
	group->iommu = iommu;
	count_init(&group->refs);
	lock_init(&group->mutex, "group.mutex");
	list_init(&group->devices);
	return group;
}

struct group *group_get(struct group *group)
{
	count_get(&group->refs);
	return group;
}

void group_put(struct group *group)
{
	if (!group || !count_put(&group->refs))
		return;
	/* Members are devices, and each had a reference. */
	port_free(group);
}

static bool shapes_agree(const struct shape *a, const struct shape *b)
{
	return a->page_sizes == b->page_sizes && a->last_address == b->last_address;
}

int group_shape(struct group *group, enum domain_type type, struct shape *shape)
{
	const struct iommu_ops *ops = group->iommu->ops;
	struct member *first, *member;
	int ret;

	lock_assert_held(&group->mutex);
	first = list_first(&group->devices, struct member, node);
	ret = ops->shape(first, type, shape);
	if (ret)
		return ret;

	list_for_each(member, &group->devices, struct member, node) {
		struct shape its;

		if (member == first)
			continue;
		ret = ops->shape(member, type, &its);
		if (ret || !shapes_agree(shape, &its)) {
			port_warn("%s: answers for %s and %s of group %s differ", ops->name, first->dev->name,
				  member->dev->name, group->name);
			return -EPROTO;
		}
	}
	return 0;
}

/* All members go from the domain in use, if any, to this one, or none does. */
static int group_set_domain(struct group *group, struct domain *domain)
{
	const struct iommu_ops *ops = group->iommu->ops;
	struct member *member, *done;
	int ret;

	lock_assert_held(&group->mutex);
	list_for_each(member, &group->devices, struct member, node) {
		ret = ops->attach(member, domain);
		if (ret)
			goto undo;
	}
	domain_get(domain);
	domain_put(group->domain);
	group->domain = domain;
	return 0;

undo:
	list_for_each(done, &group->devices, struct member, node) {
		if (done == member)
			break;
		ops->attach(done, group->domain);
	}
	return ret;
}

static void group_drop_domains(struct group *group)
{
	lock_assert_held(&group->mutex);
	domain_put(group->domain);
	domain_put(group->default_domain);
	group->domain = NULL;
	group->default_domain = NULL;
}

/* The domain in use begins to translate for a member that is on the list already. */
static int group_start(struct group *group, struct member *member)
{
	struct shape shape;
	int ret;

	lock_assert_held(&group->mutex);
	if (group->default_domain) {
		ret = group_shape(group, group->default_domain->type, &shape);
		return ret ? ret : group->iommu->ops->attach(member, group->domain);
	}
	ret = domain_make(member, group->iommu->ops->default_type, &group->default_domain);
	if (ret)
		return ret;
	return group_set_domain(group, group->default_domain);
}

/* The member leaves the list, and the driver; with the last one the domains go. */
static void group_remove_member(struct group *group, struct member *member)
{
	lock_assert_held(&group->mutex);
	list_remove(&member->node);
	if (group->iommu->ops->leave)
		group->iommu->ops->leave(member);
	if (list_empty(&group->devices))
		group_drop_domains(group);
}

static int group_join_locked(struct group *group, struct member *member)
{
	const struct iommu_ops *ops = group->iommu->ops;
	int ret;

	lock_assert_held(&group->mutex);
	ret = ops->join ? ops->join(member) : 0;
	if (ret)
		return ret;
	list_add_last(&member->node, &group->devices);
	ret = group_start(group, member);
	if (ret) {
		group_remove_member(group, member);
		return ret;
	}
	member->dev->iommu = member;
	return 0;
}

int group_join(struct device *dev)
{
	struct member *member = port_alloc(sizeof(*member));
	struct group *group = dev->group;
	int ret;

	lock_assert_held(&dev->mutex);
	if (!member)
		return -ENOMEM;
	member->dev = dev;
	member->group = group;

	lock_take(&group->mutex);
	ret = group_join_locked(group, member);
	lock_release(&group->mutex);
	if (ret)
		port_free(member);
	return ret;
}

void group_leave(struct device *dev)
{
	struct group *group = dev->group;
	struct member *member;

	lock_assert_held(&dev->mutex);
	lock_take(&group->mutex);
	member = dev->iommu;
	dev->iommu = NULL;
	group_remove_member(group, member);
	lock_release(&group->mutex);
	port_free(member);
}

static int group_attach_locked(struct group *group, struct domain *domain)
{
	lock_assert_held(&group->mutex);
	if (list_empty(&group->devices))
		return -ENODEV;
	if (group->domain != group->default_domain)
		return -EBUSY;
	if (domain->iommu->ops != group->iommu->ops)
		return -EXDEV;
	return group_set_domain(group, domain);
}

int group_attach(struct group *group, struct domain *domain)
{
	int ret;

	lock_take(&group->mutex);
	ret = group_attach_locked(group, domain);
	lock_release(&group->mutex);
	return ret;
}

void group_detach(struct group *group)
{
	lock_take(&group->mutex);
	/* To a domain that every member had: cannot fail. */
	if (group->domain != group->default_domain)
		group_set_domain(group, group->default_domain);
	lock_release(&group->mutex);
}
