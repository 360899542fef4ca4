/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPLORE_H
#define EXPLORE_H

/*
 * What the explorer's files have of each other. One execution of a scenario is: set up,
 * run the threads in the order that a schedule says, tear down, look at what is left. All
 * schedules are tried depth-first (search.c); an execution that goes wrong ends there.
 */

#include "allocator.h"
#include "../../proposals/proposal.h"

struct scenario {
	const char *name;
	void (*set_up)(void);
	void (*tear_down)(void);
	struct {
		const char *name;
		void (*run)(void);
	} threads[EXPLORE_THREADS - 1];
};

extern const struct scenario scenarios[];	/* scenario.c; the last has no name */

enum event_kind {
	EVENT_TAKE,
	EVENT_RELEASE,
	EVENT_GET,
	EVENT_PUT,
	EVENT_ALLOC,
	EVENT_FREE,
	EVENT_READ,
	EVENT_WRITE,
	EVENT_WAIT,
	EVENT_END,
};

/* What the explorer is to do, and what it met. */
struct run {
	const struct scenario *scenario;
	bool every_access;	/* accesses to memory are points too; if not, a data race is a failure */
	int refuse;	/* the allocation of the threads that is refused, from 1; 0: none */
	bool traced;	/* remember the events */
	char failure[256];	/* what went wrong, as "kind: details", or "" */
	int allocations;	/* by the threads */
	int points;	/* so far, with the waits and the ends of threads */
};

extern struct run run;

/* search.c: which thread of the set ENABLED runs on from here. CURRENT, in it or not, ran so far. */
int search_choose(unsigned int enabled, int current);

/* threads.c */

extern int thread_now;	/* 0 while setting up and tearing down */

/* Run the threads to their end, or to a failure. */
void threads_run(void);

/* A point: another thread may run before this one goes on. */
void threads_point(void);

/* The execution ends here. From a thread it does not return. */
void threads_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the thread has seen of the others. */
struct clock *threads_clock(void);
const char *threads_name(int thread);

/* memory.c */

void memory_reset(void);

/* The runtime itself is about to use an object: it must be there. PC: on whose behalf. */
void memory_check(const void *object, size_t size, const void *pc);

/* After the end: says what was not freed. */
void memory_check_leaks(void);

/* trace.c */

void trace_reset(void);
void trace_event(enum event_kind kind, const char *name, const void *pc);
void trace_print(void);

/* Where the program is, as a line of its source, in a buffer that the next call overwrites. */
const char *trace_place(const void *pc);

#endif
