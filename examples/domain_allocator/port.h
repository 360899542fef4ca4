/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ALLOCATOR_PORT_H
#define ALLOCATOR_PORT_H

/*
 * What the allocator needs of the world it runs in. A port is a header with
 *
 *	struct lock			a sleeping lock with one owner, not recursive
 *	lock_init(lock, name)
 *	lock_take(lock), lock_release(lock)
 *	lock_assert_held(lock)		says so if the caller does not hold it
 *
 *	struct count			a number of references, one to begin with
 *	count_init(count)
 *	count_get(count)		by who has a reference already, or a lock that keeps one
 *	count_put(count)		true for the last one; all that was done before other puts
 *					has happened before that
 *
 *	port_alloc(size)		zeroed memory, or NULL
 *	port_free(memory)		NULL is allowed
 *	port_warn(format, ...)		a line for the administrator
 *
 * ports/posix.h runs it on threads, ports/explore.h on a scheduler that tries all orders,
 * ports/kernel.h gives it the kernel's names, for devscope to read.
 */

#if defined(PORT_KERNEL)
#include "ports/kernel.h"
#elif defined(PORT_EXPLORE)
#include "ports/explore.h"
#else
#include "ports/posix.h"
#endif

#endif
