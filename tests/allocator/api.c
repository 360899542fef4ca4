// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference allocator, function by function, on one thread: what each promises, all
 * its errors, and that nothing is left behind by them. Links with -Wl,--wrap=calloc.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "paper.h"

/* --- memory that runs out: the allocation after that many is refused ----------------- */

static int refuse_after = -1;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse_after >= 0 && !refuse_after-- ? NULL : __real_calloc(n, size);
}

/* --- an IOMMU driver that does what the test says ------------------------------------ */

static int answers;	/* so many equal ones, then others */
static int shape_error, join_error, attach_error, setup_error;
static int attach_after;	/* fails after so many */
static int attached, left;

static int odd_join(struct member *member)
{
	(void)member;
	return join_error;
}

static void odd_leave(struct member *member)
{
	(void)member;
	left++;
}

static int odd_shape(struct member *member, enum domain_type type, struct shape *shape)
{
	(void)member;
	if (type == DOMAIN_IDENTITY)
		return -EOPNOTSUPP;
	shape->page_sizes = answers-- > 0 ? 0x1000 : 0x2000;
	shape->last_address = type == DOMAIN_BLOCKED ? (unsigned long)answers : 0xffff;
	return answers < 0 ? shape_error : 0;
}

static int odd_setup(struct domain *domain, struct member *member)
{
	(void)domain;
	(void)member;
	return setup_error;
}

static int odd_attach(struct member *member, struct domain *domain)
{
	(void)member;
	(void)domain;
	if (attach_error && !attach_after--)
		return attach_error;
	attached++;
	return 0;
}

static const struct iommu_ops odd_ops = {
	.name = "odd", .default_type = DOMAIN_DMA, .join = odd_join, .leave = odd_leave,
	.shape = odd_shape, .setup = odd_setup, .attach = odd_attach,
};

/* Only what a driver must have. */
static const struct iommu_ops bare_ops = { .name = "bare", .shape = odd_shape, .attach = odd_attach };

static const struct iommu paper = { .ops = &paper_ops };
static const struct iommu odd = { .ops = &odd_ops };
static const struct iommu bare = { .ops = &bare_ops };
static struct bus bus;

static int set_up(void **state)
{
	(void)state;
	refuse_after = -1;
	answers = 1000;
	shape_error = join_error = attach_error = setup_error = attach_after = attached = left = 0;
	bus_init(&bus, "bus");
	return 0;
}

static struct device *make(struct group *group, const char *name)
{
	struct device *dev = device_create(&bus, group, name);

	assert_non_null(dev);
	assert_int_equal(device_add(dev), 0);
	return dev;
}

static void drop(struct device *dev)
{
	assert_int_equal(device_remove(dev), 0);
	device_put(dev);
}

/* --- the bus ------------------------------------------------------------------------- */

struct walk {
	char seen[64];
	struct device *doomed, *stop, *nested;
	struct device *late;
};

static int note(struct device *dev, void *data)
{
	struct walk *walk = data;

	strcat(walk->seen, dev->name);
	if (walk->doomed) {
		assert_int_equal(device_remove(walk->doomed), 0);
		walk->doomed = NULL;
	}
	if (walk->late) {
		assert_int_equal(device_add(walk->late), 0);
		walk->late = NULL;
	}
	if (dev == walk->nested) {
		walk->nested = NULL;
		assert_int_equal(bus_walk(&bus, dev, walk, note), 0);
	}
	return dev == walk->stop ? 7 : 0;
}

static void expect_walk(struct walk walk, int ret, const char *seen)
{
	walk.seen[0] = 0;
	assert_int_equal(bus_walk(&bus, NULL, &walk, note), ret);
	assert_string_equal(walk.seen, seen);
}

static void walks_are_whole(void **state)
{
	struct device *a, *b, *c, *d;

	(void)state;
	expect_walk((struct walk){ .stop = NULL }, 0, "");
	a = make(NULL, "a");
	b = make(NULL, "b");
	c = make(NULL, "c");
	expect_walk((struct walk){ .stop = NULL }, 0, "abc");
	expect_walk((struct walk){ .stop = b }, 7, "ab");
	expect_walk((struct walk){ .nested = b }, 0, "abcc");
	d = device_create(&bus, NULL, "d");
	expect_walk((struct walk){ .late = d }, 0, "abcd");
	expect_walk((struct walk){ .doomed = b }, 0, "acd");	/* before the walk is there */
	device_put(b);
	expect_walk((struct walk){ .doomed = a }, 0, "acd");	/* while the walk stands on it */
	device_put(a);
	expect_walk((struct walk){ .doomed = c, .stop = c }, 7, "c");	/* and ends on it */
	device_put(c);
	expect_walk((struct walk){ .doomed = d }, 0, "d");
	device_put(d);
	expect_walk((struct walk){ .stop = NULL }, 0, "");
}

static int walks_on_and_goes(struct device *dev, void *data)
{
	assert_int_equal(bus_walk(&bus, NULL, data, note), 0);
	assert_int_equal(device_remove(dev), 0);
	assert_int_equal(bus_walk(&bus, dev, data, note), 0);
	assert_int_equal(bus_walk(&bus, NULL, data, note), 0);	/* gone, and still in the list */
	return 1;
}

static void walks_within_walks(void **state)
{
	struct device *a = make(NULL, "a"), *b = make(NULL, "b");
	struct walk walk = { .stop = NULL };

	(void)state;
	assert_int_equal(bus_walk(&bus, NULL, &walk, walks_on_and_goes), 1);
	assert_string_equal(walk.seen, "abbb");
	device_put(a);
	drop(b);
}

/* --- the device ---------------------------------------------------------------------- */

static void devices_live_once(void **state)
{
	struct group *group = group_create(&paper, "group");
	struct device *dev = device_create(&bus, group, "a");

	(void)state;
	assert_int_equal(device_remove(dev), -ENODEV);
	assert_int_equal(device_add(dev), 0);
	assert_int_equal(device_add(dev), -EINVAL);
	assert_int_equal(device_remove(dev), 0);
	assert_int_equal(device_remove(dev), -ENODEV);
	assert_int_equal(device_add(dev), -EINVAL);
	assert_ptr_equal(device_get(dev), dev);
	device_put(dev);
	group_put(group);	/* the device still has it */
	group = device_group_get(dev);
	device_put(dev);	/* the caller still has it */
	assert_string_equal(group->name, "group");
	group_put(group);
	assert_null(device_get(NULL));
	device_put(NULL);
	group_put(NULL);
	domain_put(NULL);
}

static struct domain *probed;
static int probe_error;

static int probe(struct device *dev)
{
	if (probe_error)
		return probe_error;
	dev->driver_data = dev;
	return domain_alloc_by_bus(dev->bus, DOMAIN_UNMANAGED, &probed);
}

static void unprobe(struct device *dev)
{
	assert_ptr_equal(dev->driver_data, dev);
	domain_put(probed);
	probed = NULL;
}

static const struct driver driver = { .name = "driver", .probe = probe, .remove = unprobe };

static void drivers_come_and_go(void **state)
{
	struct group *group = group_create(&paper, "group");
	struct device *dev = device_create(&bus, group, "a");

	(void)state;
	assert_int_equal(device_bind(dev, &driver), -ENODEV);
	assert_int_equal(device_add(dev), 0);
	assert_int_equal(device_unbind(dev), -ENODEV);
	probe_error = -EIO;
	assert_int_equal(device_bind(dev, &driver), -EIO);
	probe_error = 0;
	assert_int_equal(device_bind(dev, &driver), 0);
	assert_non_null(probed);
	assert_int_equal(device_bind(dev, &driver), -EBUSY);
	assert_int_equal(device_unbind(dev), 0);
	assert_null(probed);
	assert_int_equal(device_bind(dev, &driver), 0);
	assert_int_equal(device_remove(dev), 0);	/* unbinds */
	assert_null(probed);
	assert_int_equal(device_bind(dev, &driver), -ENODEV);
	device_put(dev);
	group_put(group);
}

/* --- the group ----------------------------------------------------------------------- */

static void members_have_what_is_in_use(void **state)
{
	struct group *group = group_create(&paper, "group");
	struct device *a = make(group, "a"), *b;
	struct paper_stream *stream = a->iommu->priv;
	struct domain *mine, *another;

	(void)state;
	assert_ptr_equal(group->domain, group->default_domain);
	assert_ptr_equal(stream->domain, group->domain);
	assert_int_equal(group->domain->type, DOMAIN_DMA);
	group_detach(group);	/* nothing to do */
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_UNMANAGED, &mine), 0);
	assert_int_equal(domain_alloc_by_device(a, DOMAIN_UNMANAGED, &another), 0);
	assert_int_equal(group_attach(group, mine), 0);
	assert_ptr_equal(stream->domain, mine);
	assert_int_equal(group_attach(group, another), -EBUSY);
	b = make(group, "b");
	stream = b->iommu->priv;
	assert_ptr_equal(stream->domain, mine);
	domain_put(mine);	/* the group still has it */
	group_detach(group);
	assert_ptr_equal(stream->domain, group->default_domain);
	assert_int_equal(group_attach(group, another), 0);
	domain_put(another);
	drop(a);
	drop(b);	/* the last one: all domains go */
	assert_null(group->domain);
	group_detach(group);
	group_put(group);
}

static void attaching_is_all_or_nothing(void **state)
{
	struct group *group = group_create(&odd, "group"), *other = group_create(&paper, "other");
	struct device *a = make(group, "a"), *b = make(group, "b"), *c = make(other, "c");
	struct domain *mine, *foreign;

	(void)state;
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_UNMANAGED, &mine), 0);
	assert_int_equal(domain_alloc_by_group(other, DOMAIN_UNMANAGED, &foreign), 0);
	assert_int_equal(group_attach(group, foreign), -EXDEV);
	attach_error = -EIO;
	attach_after = 1;
	attached = 0;
	assert_int_equal(group_attach(group, mine), -EIO);	/* a, not b; a again */
	assert_int_equal(attached, 2);
	assert_ptr_equal(group->domain, group->default_domain);
	attach_error = 0;
	assert_int_equal(group_attach(group, mine), 0);
	drop(a);
	drop(b);
	assert_int_equal(group_attach(group, mine), -ENODEV);
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_UNMANAGED, &foreign), -ENODEV);
	drop(c);
	domain_put(mine);
	domain_put(foreign);
	group_put(group);
	group_put(other);
}

static void joining_is_all_or_nothing(void **state)
{
	struct group *group = group_create(&odd, "group");
	struct device *a = device_create(&bus, group, "a"), *b;

	(void)state;
	join_error = -EIO;
	assert_int_equal(device_add(a), -EIO);
	join_error = 0;
	setup_error = -EIO;
	assert_int_equal(device_add(a), -EIO);
	assert_int_equal(left, 1);
	setup_error = 0;
	attach_error = -EIO;
	assert_int_equal(device_add(a), -EIO);
	assert_null(group->domain);
	attach_error = 0;
	assert_int_equal(device_add(a), 0);
	b = device_create(&bus, group, "b");
	attach_error = -EIO;
	attach_after = 0;
	assert_int_equal(device_add(b), -EIO);
	assert_null(b->iommu);
	attach_error = 0;
	drop(a);
	assert_int_equal(device_add(b), 0);
	drop(b);
	assert_int_equal(left, 5);
	group_put(group);
}

/* --- the domain ---------------------------------------------------------------------- */

static void domains_want_a_member(void **state)
{
	struct group *group = group_create(&bare, "group");
	struct device *dev = device_create(&bus, group, "a"), *plain = make(NULL, "b");
	struct domain *domain = NULL;

	(void)state;
	assert_int_equal(domain_alloc_by_bus(&bus, DOMAIN_UNMANAGED, &domain), -ENODEV);
	assert_int_equal(domain_alloc_by_device(plain, DOMAIN_UNMANAGED, &domain), -ENODEV);
	assert_int_equal(domain_alloc_by_device(dev, DOMAIN_UNMANAGED, &domain), -ENODEV);
	assert_null(domain);
	assert_int_equal(device_add(dev), 0);
	assert_int_equal(domain_alloc_by_device(dev, DOMAIN_IDENTITY, &domain), -EOPNOTSUPP);
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_IDENTITY, &domain), -EOPNOTSUPP);
	assert_int_equal(domain_alloc_by_bus(&bus, DOMAIN_IDENTITY, &domain), -EOPNOTSUPP);
	assert_null(domain);
	assert_int_equal(domain_alloc_by_bus(&bus, DOMAIN_BLOCKED, &domain), 0);
	assert_int_equal(domain->type, DOMAIN_BLOCKED);
	assert_int_equal(domain->shape.page_sizes, 0x1000);
	assert_ptr_equal(domain_get(domain), domain);
	domain_put(domain);
	domain_put(domain);
	drop(dev);
	drop(plain);
	group_put(group);
}

static void several_drivers_are_refused(void **state)
{
	struct group *one = group_create(&odd, "one"), *two = group_create(&bare, "two");
	struct device *a = make(one, "a"), *b = make(two, "b");
	struct domain *domain = NULL;

	(void)state;
	assert_int_equal(domain_alloc_by_bus(&bus, DOMAIN_UNMANAGED, &domain), -EXDEV);
	assert_null(domain);
	assert_int_equal(domain_alloc_by_device(b, DOMAIN_UNMANAGED, &domain), 0);
	domain_put(domain);
	drop(a);
	assert_int_equal(domain_alloc_by_bus(&bus, DOMAIN_UNMANAGED, &domain), 0);
	domain_put(domain);
	drop(b);
	group_put(one);
	group_put(two);
}

static void answers_that_differ_are_caught(void **state)
{
	struct group *group = group_create(&odd, "group");
	struct device *a = make(group, "a"), *b = device_create(&bus, group, "b");
	struct domain *domain = NULL;

	(void)state;
	answers = 1;
	assert_int_equal(device_add(b), -EPROTO);
	answers = 1000;
	assert_int_equal(device_add(b), 0);
	answers = 1;
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_UNMANAGED, &domain), -EPROTO);
	answers = 1;
	shape_error = -EOPNOTSUPP;
	assert_int_equal(domain_alloc_by_device(b, DOMAIN_UNMANAGED, &domain), -EPROTO);
	answers = 1000;
	/* Now the last address differs. */
	assert_int_equal(domain_alloc_by_group(group, DOMAIN_BLOCKED, &domain), -EPROTO);
	assert_null(domain);
	drop(a);
	drop(b);
	group_put(group);
}

static int add_and_allocate(struct group *group)
{
	struct device *dev = device_create(&bus, group, "a");
	struct domain *domain;
	int ret = -ENOMEM;

	if (!dev)
		return ret;
	ret = device_add(dev);
	if (!ret) {
		ret = domain_alloc_by_bus(&bus, DOMAIN_UNMANAGED, &domain);
		if (!ret)
			domain_put(domain);
		assert_int_equal(device_remove(dev), 0);
	}
	device_put(dev);
	return ret;
}

static void memory_may_run_out_anywhere(void **state)
{
	struct group *group;
	int n;

	(void)state;
	refuse_after = 0;
	assert_null(group_create(&paper, "group"));
	group = group_create(&paper, "group");
	for (n = 0;; n++) {
		refuse_after = n;
		if (!add_and_allocate(group))
			break;
		assert_int_equal(refuse_after, -1);
	}
	assert_int_equal(n, 7);
	refuse_after = -1;
	group_put(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(walks_are_whole, set_up),
		cmocka_unit_test_setup(walks_within_walks, set_up),
		cmocka_unit_test_setup(devices_live_once, set_up),
		cmocka_unit_test_setup(drivers_come_and_go, set_up),
		cmocka_unit_test_setup(members_have_what_is_in_use, set_up),
		cmocka_unit_test_setup(attaching_is_all_or_nothing, set_up),
		cmocka_unit_test_setup(joining_is_all_or_nothing, set_up),
		cmocka_unit_test_setup(domains_want_a_member, set_up),
		cmocka_unit_test_setup(several_drivers_are_refused, set_up),
		cmocka_unit_test_setup(answers_that_differ_are_caught, set_up),
		cmocka_unit_test_setup(memory_may_run_out_anywhere, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
