/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PORT_EXPLORE_H
#define PORT_EXPLORE_H

/*
 * The allocator on the explorer (explore/): one thread runs at a time, and which one is
 * decided at each point where it could matter. What is built with this port is compiled
 * with -fsanitize=thread: the calls that the compiler puts in before each access to memory
 * go to explore/memory.c.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#define EXPLORE_THREADS 5	/* the one that sets up, and the explored ones */
#define EXPLORE_NOBODY (-1)

/* How far each thread was when something happened that others have seen since. */
struct clock {
	unsigned int of[EXPLORE_THREADS];
};

struct lock {
	const char *name;
	int owner;	/* a thread, or EXPLORE_NOBODY */
	struct clock released;
};

struct count {
	unsigned int value;
	struct clock put;
};

void lock_init(struct lock *lock, const char *name);
void lock_take(struct lock *lock);
void lock_release(struct lock *lock);
void lock_assert_held(struct lock *lock);

void count_init(struct count *count);
void count_get(struct count *count);
bool count_put(struct count *count);

void *port_alloc(size_t size);
void port_free(void *memory);
void port_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For scenarios: the schedule fails if this is not so. */
void explore_expect(bool right, const char *what);

#endif
