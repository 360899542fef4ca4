/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H

/*
 * The allocator by the kernel's names, for devscope to read as it reads a kernel: what it
 * knows of mutex_lock(), bus_for_each_dev() or device.iommu holds for the library's own
 * functions and fields. This is not built into anything.
 *
 *	here		in the kernel
 *	lock		mutex
 *	bus_walk	bus_for_each_dev
 *	device_get	get_device
 *	group		iommu_group, and so on: see below
 */

#include <stddef.h>

#define ENOENT 2
#define EIO 5
#define ENOMEM 12
#define EBUSY 16
#define EXDEV 18
#define ENODEV 19
#define EINVAL 22
#define EPROTO 71
#define EOPNOTSUPP 95

#define lock mutex
#define lock_take mutex_lock
#define lock_release mutex_unlock
#define lock_assert_held lockdep_assert_held
#define bus_walk bus_for_each_dev
#define driver device_driver
#define device_get get_device
#define device_put put_device
#define group iommu_group
#define device_group_get iommu_group_get
#define group_get iommu_group_ref_get
#define group_put iommu_group_put
#define port_free kfree
#define port_warn pr_warn

struct mutex {
	long owner;
	const char *name;
};

struct count {
	unsigned int value;
};

void mutex_init(struct mutex *mutex, const char *name);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
#define lock_init mutex_init

/* What devscope makes of the kernel's assertion (analyzer/capture/markers.h). */
#ifndef lockdep_assert_held
void __devscope_lockdep_assert_held(const void *mutex);
#define lockdep_assert_held(mutex) __devscope_lockdep_assert_held(mutex)
#endif

void refcount_set(struct count *count, int value);
void refcount_inc(struct count *count);
_Bool refcount_dec_and_test(struct count *count);
#define count_init(count) refcount_set(count, 1)
#define count_get refcount_inc
#define count_put refcount_dec_and_test

void *__kmalloc_noprof(size_t size, unsigned int flags);
void kfree(const void *object);
void pr_warn(const char *format, ...);
#define port_alloc(size) __kmalloc_noprof(size, 0x100)

#endif
