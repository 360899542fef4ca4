/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOMAIN_ALLOCATOR_H
#define DOMAIN_ALLOCATOR_H

/*
 * A reference allocator of IOMMU domains: devices on a bus, groups of devices that an
 * IOMMU cannot tell apart, domains that translate for groups. Everything may be called
 * from any thread at any time, while devices come and go; what each function wants to
 * be held, gives and takes stands with it.
 *
 * Locks, outermost first:
 *
 *	device.mutex	the device lock. Held while a driver's probe and remove run
 *	group.mutex	members, their order, device.iommu, and the domains of the group
 *	bus.lock	the list of devices. A leaf: nothing is called with it held
 *
 * Two device locks are never held together, nor two group mutexes. Allocation takes no
 * device lock, so a driver may allocate from its own probe, with its device lock held.
 *
 * What keeps what:
 *
 *	a reference (device_get) keeps a device's memory, its name and its group. It does
 *		not keep the device on its bus, in its group or bound to its driver;
 *	a visit (bus_walk) keeps the visited device as a reference does, until it returns;
 *	group.mutex keeps the members of the group, and device.iommu of each, while held;
 *	a domain is kept by its maker's reference and by each group that uses it.
 *
 * How a device's group is read without the device lock
 *
 * device.group is set before anyone else knows of the device, never changes, and owns a
 * reference to the group which only the device's last put gives back. So whoever keeps
 * the device's memory may read the pointer and take a reference through it:
 *
 * 1. The read is no race: the only write is in device_create(), before the pointer to the
 *    device was handed to anyone; who got it, got it through a lock (the bus's list) or
 *    from the creator, and either comes after the write.
 * 2. The group is alive: the device is kept, so its last put has not begun to release
 *    it; so the device's own reference to the group is still there.
 * 3. So count_get() on the group finds at least one reference and cannot revive a dead
 *    group. From here on the taker's own reference keeps it, whatever the device does.
 *
 * What this does not say is that the device is still a member: it may have left between
 * the walk and the mutex, as the last one. So who takes the mutex looks at the list
 * again. Nothing that was seen of members in one critical section is used in another.
 *
 * (A leaf lock around the pointer would do as well. It would let a device change its
 * group, which nothing here does, and would cost a lock for each look.)
 */

#include "port.h"
#include "list.h"

struct bus;
struct device;
struct domain;
struct group;
struct member;

enum domain_type {
	DOMAIN_UNMANAGED,	/* mapped by who allocated it */
	DOMAIN_DMA,		/* mapped by the DMA layer */
	DOMAIN_IDENTITY,	/* every address is itself */
	DOMAIN_BLOCKED,		/* no access at all */
};

/* What a domain can map. Two domains of the same shape are interchangeable. */
struct shape {
	unsigned long page_sizes;	/* one bit a size, in bytes */
	unsigned long last_address;	/* the highest that can be mapped, in bytes */
};

/**
 * struct iommu_ops - an IOMMU driver
 * @name: for messages
 * @default_type: the type of the default domain of its groups
 * @join: a device became a member of its group; may set member->priv. Optional. 0 or -errno
 * @leave: undoes @join, and stops all translation for the device. Optional
 * @shape: what a domain of @type for this member could map, without making one; the same
 *	for every member of a group. 0, or -EOPNOTSUPP if there are none of this type
 * @setup: a domain with its type and shape is made ready; may set domain->priv. Optional.
 *	0 or -errno, in which case nothing is left behind
 * @teardown: undoes @setup; no group uses the domain any more. Optional
 * @attach: translate for this member by @domain, instead of any before. 0, or -errno and
 *	nothing has changed. Must not fail for a domain that the member had before
 *
 * All but @teardown run with the mutex of the member's group held and must take neither
 * that nor a device lock. @teardown runs in whatever context gave the domain its last put;
 * it may run with a group's mutex held and must take no lock of this library.
 */
struct iommu_ops {
	const char *name;
	enum domain_type default_type;
	int (*join)(struct member *member);
	void (*leave)(struct member *member);
	int (*shape)(struct member *member, enum domain_type type, struct shape *shape);
	int (*setup)(struct domain *domain, struct member *member);
	void (*teardown)(struct domain *domain);
	int (*attach)(struct member *member, struct domain *domain);
};

/**
 * struct iommu - one IOMMU of a system
 * @ops: its driver
 * @priv: the driver's
 *
 * Never changes, and must outlive its groups and domains.
 */
struct iommu {
	const struct iommu_ops *ops;
	void *priv;
};

/**
 * struct bus - devices that may come and go
 * @name: for messages
 * @lock: guards @devices, and on_bus, visits and gone of each device
 * @devices: the list holds a reference to each
 */
struct bus {
	const char *name;
	struct lock lock;
	struct list devices;
};

/**
 * struct driver - a device driver
 * @name: for messages
 * @probe: takes a device over; 0 or -errno. Runs with the device lock held
 * @remove: undoes @probe. Runs with the device lock held
 */
struct driver {
	const char *name;
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
};

enum device_state {
	DEVICE_NEW,
	DEVICE_ADDED,
	DEVICE_REMOVED,	/* for good */
};

/**
 * struct device - a device on a bus, perhaps behind an IOMMU
 * @name: for messages. Never changes
 * @bus: where it is added. Never changes
 * @group: its group, with a reference to it, or NULL without IOMMU. Never changes
 * @refs: keep the memory
 * @mutex: the device lock. Guards @state, @driver and @driver_data
 * @state: where it is in its life
 * @driver: which it is bound to, or NULL
 * @driver_data: the driver's
 * @on_bus: in bus.devices. Guarded by bus.lock, as are @visits and @gone
 * @visits: walks that stand on it: it stays in the list while there are any
 * @gone: was removed: no further walk comes here
 * @iommu: its membership, or NULL. Guarded by group.mutex
 */
struct device {
	const char *name;
	struct bus *bus;
	struct group *group;
	struct count refs;

	struct lock mutex;
	enum device_state state;
	const struct driver *driver;
	void *driver_data;

	struct list on_bus;
	unsigned int visits;
	bool gone;

	struct member *iommu;
};

/**
 * struct member - a device as a member of its group
 * @node: in group.devices
 * @dev: the device; kept while this is in the list
 * @group: its group
 * @priv: the IOMMU driver's
 *
 * Made when the device is added, freed when it is removed. Guarded by group.mutex, all of
 * it: a reference to the device does not keep this.
 */
struct member {
	struct list node;
	struct device *dev;
	struct group *group;
	void *priv;
};

/**
 * struct group - devices that share their translation
 * @name: for messages. Never changes
 * @iommu: that its devices are behind. Never changes
 * @refs: keep the memory
 * @mutex: guards all below
 * @devices: the members. The first of them may be another one each time the mutex is taken
 * @domain: in use, or NULL while there are no members
 * @default_domain: in use when nothing else is attached, or NULL while there are no members
 */
struct group {
	const char *name;
	const struct iommu *iommu;
	struct count refs;

	struct lock mutex;
	struct list devices;
	struct domain *domain;
	struct domain *default_domain;
};

/**
 * struct domain - a translation
 * @iommu: that it was made for. Never changes
 * @type: what kind of translation. Never changes
 * @shape: what it can map. Never changes
 * @refs: its maker's, and one of each group that uses it
 * @priv: the IOMMU driver's
 */
struct domain {
	const struct iommu *iommu;
	enum domain_type type;
	struct shape shape;
	struct count refs;
	void *priv;
};

/**
 * bus_init() - make an empty bus
 * @bus: memory of the caller, which must outlive all devices made for it
 * @name: for messages; must live as long
 *
 * Locks: none.
 */
void bus_init(struct bus *bus, const char *name);

/**
 * bus_walk() - call a function for each device on a bus
 * @bus: the bus
 * @start: begin after this one, which an outer walk is visiting; NULL: with the first
 * @data: handed on to @visit
 * @visit: returns 0 to go on; anything else ends the walk
 *
 * Devices that are added or removed meanwhile may be visited or not; every other one is
 * visited once. A visit keeps its device's memory and group until it returns, and no
 * longer: @visit must take a reference to whatever of it is to be used later.
 *
 * Locks: none needed; takes bus.lock, and holds nothing while @visit runs, so that may
 * take any lock that the caller could, add, remove, and walk.
 *
 * Return: what the last visit returned.
 */
int bus_walk(struct bus *bus, struct device *start, void *data,
	     int (*visit)(struct device *dev, void *data));

/**
 * device_create() - make a device, which nobody else knows yet
 * @bus: where device_add() will put it
 * @group: its group for all its life, or NULL if it is behind no IOMMU. The device takes a
 *	reference of its own
 * @name: for messages; must live as long as the device
 *
 * Locks: none.
 *
 * Return: the device with a reference, which the caller gives back by device_put(), or NULL
 * without memory.
 */
struct device *device_create(struct bus *bus, struct group *group, const char *name);

/**
 * device_get() - take a reference
 * @dev: a device that something keeps: a reference, a visit; or NULL
 *
 * Locks: none.
 *
 * Return: @dev.
 */
struct device *device_get(struct device *dev);

/**
 * device_put() - give a reference back
 * @dev: the device, not to be used by the caller any more; or NULL
 *
 * Locks: none needed, and none taken. The last put frees the device and gives back its
 * reference to its group.
 */
void device_put(struct device *dev);

/**
 * device_lock() - take the device lock
 * @dev: a device that the caller keeps
 *
 * Outermost: must be taken before any other lock, and not twice. Held by the library while
 * it calls a driver's probe and remove, so neither may take it, nor wait for who does.
 */
static inline void device_lock(struct device *dev)
{
	lock_take(&dev->mutex);
}

/**
 * device_unlock() - release the device lock
 * @dev: a device whose lock the caller holds
 */
static inline void device_unlock(struct device *dev)
{
	lock_release(&dev->mutex);
}

/**
 * device_add() - a new device joins its group and appears on its bus
 * @dev: a device that the caller has a reference to
 *
 * Locks: none may be held; takes the device lock, group.mutex and bus.lock.
 *
 * Return: 0; -EINVAL if it was added before; -ENOMEM; -EPROTO if its IOMMU driver answers
 * otherwise for it than for the rest of its group; or what the driver's join or attach
 * returned. After an error it is in no group and on no bus, and may be added again.
 */
int device_add(struct device *dev);

/**
 * device_remove() - unbind a device, take it from its bus and out of its group, for good
 * @dev: a device that the caller has a reference to, which stays the caller's
 *
 * When it returns, no walk begins to visit the device, the IOMMU driver does not know it,
 * and it was not in its group while any driver was bound to it.
 *
 * Locks: none may be held; takes the device lock, group.mutex and bus.lock.
 *
 * Return: 0, or -ENODEV if it is not on the bus (any more).
 */
int device_remove(struct device *dev);

/**
 * device_bind() - have a driver take a device over
 * @dev: a device that the caller keeps
 * @driver: must stay until the device was unbound
 *
 * Locks: none may be held; takes the device lock and holds it while the driver's probe runs.
 *
 * Return: 0; -ENODEV if the device is not on its bus; -EBUSY if it has a driver; or what
 * probe returned.
 */
int device_bind(struct device *dev, const struct driver *driver);

/**
 * device_unbind() - have its driver give a device back
 * @dev: a device that the caller keeps
 *
 * Locks: none may be held; takes the device lock and holds it while the driver's remove runs.
 *
 * Return: 0, or -ENODEV if it has no driver.
 */
int device_unbind(struct device *dev);

/**
 * device_group_get() - the group of a device
 * @dev: a device that something keeps: a reference, a visit. Its lock is not needed
 *
 * Whether the device is (still) a member is only known with the group's mutex held.
 *
 * Locks: none. See the head of this file for why that is safe.
 *
 * Return: the group with a reference, which the caller gives back by group_put(), or NULL
 * if the device is behind no IOMMU.
 */
struct group *device_group_get(struct device *dev);

/**
 * group_create() - make an empty group
 * @iommu: the IOMMU that its devices are behind
 * @name: for messages; must live as long as the group
 *
 * Locks: none.
 *
 * Return: the group with a reference, which the caller gives back by group_put(), or NULL
 * without memory.
 */
struct group *group_create(const struct iommu *iommu, const char *name);

/**
 * group_get() - take a reference
 * @group: a group that something keeps: a reference, or a device that is kept
 *
 * Locks: none.
 *
 * Return: @group.
 */
struct group *group_get(struct group *group);

/**
 * group_put() - give a reference back
 * @group: the group, not to be used by the caller any more; or NULL
 *
 * Locks: none needed, and none taken; must not be called with group.mutex held.
 */
void group_put(struct group *group);

/**
 * group_attach() - have a group translated by a domain
 * @group: a group that the caller keeps
 * @domain: a domain that the caller keeps; the group takes a reference of its own
 *
 * Locks: group.mutex must not be held; takes it.
 *
 * Return: 0; -ENODEV if the group has no members; -EBUSY if another domain than the default
 * one is attached; -EXDEV if the domain is of another IOMMU driver; or what the driver's
 * attach returned, in which case all members have the domain they had.
 */
int group_attach(struct group *group, struct domain *domain);

/**
 * group_detach() - go back to the default domain
 * @group: a group that the caller keeps
 *
 * Gives back the group's reference to the domain that was attached. Does nothing if there
 * was none.
 *
 * Locks: group.mutex must not be held; takes it.
 */
void group_detach(struct group *group);

/**
 * domain_alloc_by_device() - allocate a domain for a device
 * @dev: a device that the caller keeps
 * @type: what kind of domain
 * @made: where to store it; not touched on errors
 *
 * Locks: the device lock may be held, and is not needed; takes group.mutex.
 *
 * Return: 0, and the domain comes with a reference, which the caller gives back by
 * domain_put(); -ENODEV if the device is behind no IOMMU or not in its group (any more);
 * -EOPNOTSUPP if the driver has no domains of this type; -EPROTO if it answers otherwise for
 * other devices of the group; -ENOMEM; or what the driver's setup returned.
 */
int domain_alloc_by_device(struct device *dev, enum domain_type type, struct domain **made);

/**
 * domain_alloc_by_group() - allocate a domain for a group
 * @group: a group that the caller keeps
 * @type: what kind of domain
 * @made: where to store it; not touched on errors
 *
 * Locks: device locks may be held, and are not needed; takes group.mutex.
 *
 * Return: as domain_alloc_by_device(); -ENODEV if the group has no members.
 */
int domain_alloc_by_group(struct group *group, enum domain_type type, struct domain **made);

/**
 * domain_alloc_by_bus() - allocate a domain for any device of a bus
 * @bus: the bus
 * @type: what kind of domain
 * @made: where to store it; not touched on errors
 *
 * Which group it is made for is not the caller's choice. So all devices of the bus must
 * have the same IOMMU driver.
 *
 * Locks: device locks may be held, and are not needed; takes bus.lock and group.mutex, one
 * after the other.
 *
 * Return: as domain_alloc_by_device(); -ENODEV if no device of the bus is behind an IOMMU;
 * -EXDEV if the devices have several IOMMU drivers.
 */
int domain_alloc_by_bus(struct bus *bus, enum domain_type type, struct domain **made);

/**
 * domain_get() - take a reference
 * @domain: a domain that something keeps
 *
 * Locks: none.
 *
 * Return: @domain.
 */
struct domain *domain_get(struct domain *domain);

/**
 * domain_put() - give a reference back
 * @domain: the domain, not to be used by the caller any more; or NULL
 *
 * Groups that use it keep it. The last put calls the driver's teardown.
 *
 * Locks: none needed, and none taken.
 */
void domain_put(struct domain *domain);

#endif
