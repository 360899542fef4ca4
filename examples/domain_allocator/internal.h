/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ALLOCATOR_INTERNAL_H
#define ALLOCATOR_INTERNAL_H

/* What the files of the library have of each other, and nobody else. */

#include "allocator.h"

/**
 * bus_add_device() - put a device at the end of its bus's list
 * @dev: a device that was never on it; the list takes a reference
 *
 * Locks: takes bus.lock.
 */
void bus_add_device(struct device *dev);

/**
 * bus_remove_device() - no further walk visits this device
 * @dev: a device that is on its bus, and that the caller has a reference to
 *
 * It leaves the list at once or with the last walk that stands on it, and the list's
 * reference goes with it.
 *
 * Locks: takes bus.lock.
 */
void bus_remove_device(struct device *dev);

/**
 * group_join() - make a device a member of its group
 * @dev: a device with a group, not a member, that the caller has a reference to
 *
 * Locks: dev->mutex must be held; takes group.mutex.
 *
 * Return: 0, or -errno as device_add() and nothing has changed.
 */
int group_join(struct device *dev);

/**
 * group_leave() - undo group_join()
 * @dev: a member
 *
 * Locks: dev->mutex must be held; takes group.mutex.
 */
void group_leave(struct device *dev);

/**
 * group_shape() - ask the driver what a domain for a group could map
 * @group: a group with members
 * @type: the type of the domain
 * @shape: the answer
 *
 * Locks: group.mutex must be held.
 *
 * Return: 0; -EOPNOTSUPP; -EPROTO if the answers for two members differ.
 */
int group_shape(struct group *group, enum domain_type type, struct shape *shape);

/**
 * domain_make() - allocate a domain
 * @member: the member to make it for
 * @type: what kind of domain
 * @made: where to store it, with a reference for the caller; not touched on errors
 *
 * Locks: the mutex of the member's group must be held.
 *
 * Return: 0, or -errno as domain_alloc_by_device().
 */
int domain_make(struct member *member, enum domain_type type, struct domain **made);

#endif
