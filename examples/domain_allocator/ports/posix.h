/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PORT_POSIX_H
#define PORT_POSIX_H

/*
 * The allocator on POSIX threads. Mistakes with locks end the program: all of them are
 * error-checking mutexes. PORT_MEASURE adds what tests/allocator/bench.c reads: how long
 * locks are held.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef PORT_MEASURE
#include <time.h>
#endif

struct lock {
	pthread_mutex_t mutex;
	const char *name;
	_Atomic(unsigned long) owner;	/* a thread's own number, 0: nobody */
#ifdef PORT_MEASURE
	long taken;	/* ns */
#endif
};

struct count {
	atomic_uint value;
};

/* Different for each thread, never 0 (with the C libraries of Linux). */
static inline unsigned long port_self(void)
{
	return (unsigned long)pthread_self();
}

static inline void port_fail(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", name, what);
	abort();
}

static inline void lock_init(struct lock *lock, const char *name)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&lock->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	lock->name = name;
	atomic_init(&lock->owner, 0);
}

#ifdef PORT_MEASURE
/* How long a thread has held locks of a name that begins with this letter. */
struct port_held {
	long longest, total, times;	/* ns, ns */
};

extern _Thread_local struct port_held port_held[128];

static inline long port_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static inline void port_taken(struct lock *lock)
{
	lock->taken = port_now();
}

static inline void port_releasing(struct lock *lock)
{
	struct port_held *held = &port_held[lock->name[0] & 127];
	long span = port_now() - lock->taken;

	held->total += span;
	held->times++;
	if (held->longest < span)
		held->longest = span;
}
#else
static inline void port_taken(struct lock *lock)
{
	(void)lock;
}

static inline void port_releasing(struct lock *lock)
{
	(void)lock;
}
#endif

static inline void lock_take(struct lock *lock)
{
	if (pthread_mutex_lock(&lock->mutex))
		port_fail("taken by who holds it", lock->name);
	atomic_store_explicit(&lock->owner, port_self(), memory_order_relaxed);
	port_taken(lock);
}

static inline void lock_release(struct lock *lock)
{
	port_releasing(lock);
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	if (pthread_mutex_unlock(&lock->mutex))
		port_fail("released by who does not hold it", lock->name);
}

static inline void lock_assert_held(struct lock *lock)
{
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) != port_self())
		port_fail("must be held here", lock->name);
}

static inline void count_init(struct count *count)
{
	atomic_init(&count->value, 1);
}

static inline void count_get(struct count *count)
{
	if (!atomic_fetch_add_explicit(&count->value, 1, memory_order_relaxed))
		port_fail("a reference to what nobody has one to", "count");
}

static inline int count_put(struct count *count)
{
	return atomic_fetch_sub_explicit(&count->value, 1, memory_order_acq_rel) == 1;
}

static inline void *port_alloc(size_t size)
{
	return calloc(1, size);
}

static inline void port_free(void *memory)
{
	free(memory);
}

#define port_warn(...) ((void)fprintf(stderr, __VA_ARGS__), (void)fputc('\n', stderr))

#endif
