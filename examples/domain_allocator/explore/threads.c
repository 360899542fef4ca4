// SPDX-License-Identifier: GPL-2.0-only
/*
 * The threads of an execution: contexts on stacks of their own, of which one runs. Locks
 * and counts are here since they decide who can run; both carry clocks, by which memory.c
 * tells which accesses have an order.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include "explore.h"

#define STACK_SIZE (64 * 1024)
#define HELD 16

struct thread {
	ucontext_t context;
	struct clock clock;
	struct lock *wants;	/* waits for it */
	const struct lock *held[HELD];
	int n_held;
	bool ended;
};

int thread_now;

static struct thread threads[EXPLORE_THREADS];
static char stacks[EXPLORE_THREADS][STACK_SIZE] __attribute__((aligned(16)));

const char *threads_name(int thread)
{
	return thread ? run.scenario->threads[thread - 1].name : "setup";
}

struct clock *threads_clock(void)
{
	return &threads[thread_now].clock;
}

static void clock_join(struct clock *clock, const struct clock *other)
{
	int i;

	for (i = 0; i < EXPLORE_THREADS; i++)
		if (clock->of[i] < other->of[i])
			clock->of[i] = other->of[i];
}

/* --- who runs ------------------------------------------------------------------------ */

static void switch_to(int next)
{
	int last = thread_now;

	if (next == last)
		return;
	thread_now = next;
	swapcontext(&threads[last].context, &threads[next].context);
}

void threads_fail(const char *format, ...)
{
	va_list args;

	if (run.failure[0])
		return;
	va_start(args, format);
	vsnprintf(run.failure, sizeof(run.failure), format, args);
	va_end(args);
	switch_to(0);
}

/* The set of those that could run. */
static unsigned int enabled_set(void)
{
	unsigned int set = 0;
	int i;

	for (i = 1; i < EXPLORE_THREADS; i++) {
		const struct lock *wants = threads[i].wants;

		if (!threads[i].ended && (!wants || wants->owner == EXPLORE_NOBODY))
			set |= 1U << i;
	}
	return set;
}

static void say_deadlock(void)
{
	char text[200] = "";
	size_t n = 0;
	int i;

	for (i = 1; i < EXPLORE_THREADS; i++)
		if (!threads[i].ended && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s waits for %s of %s",
					      n ? ", " : "", threads_name(i), threads[i].wants->name,
					      threads_name(threads[i].wants->owner));
	threads_fail("deadlock: %s", text);
}

/* Give way to who can run, if there is anyone; back when it is this thread's turn again. */
static void reschedule(void)
{
	unsigned int enabled = enabled_set();
	int i;

	run.points++;
	if (enabled) {
		switch_to(search_choose(enabled, thread_now));
		return;
	}
	for (i = 1; i < EXPLORE_THREADS; i++)
		if (!threads[i].ended)
			say_deadlock();
	switch_to(0);
}

void threads_point(void)
{
	if (thread_now)
		reschedule();
}

/* --- their life ---------------------------------------------------------------------- */

static void thread_main(void)
{
	struct thread *self = &threads[thread_now];

	run.scenario->threads[thread_now - 1].run();
	if (self->n_held)
		threads_fail("lock left held: %s ends with %s", threads_name(thread_now),
			     self->held[0]->name);
	trace_event(EVENT_END, "", NULL);
	self->ended = true;
	reschedule();
}

static void thread_start(int i)
{
	struct thread *thread = &threads[i];

	memset(&thread->clock, 0, sizeof(thread->clock));
	clock_join(&thread->clock, &threads[0].clock);
	thread->clock.of[i] = 1;
	thread->wants = NULL;
	thread->n_held = 0;
	thread->ended = !run.scenario->threads[i - 1].run;
	if (thread->ended)
		return;
	getcontext(&thread->context);
	thread->context.uc_stack.ss_sp = stacks[i];
	thread->context.uc_stack.ss_size = STACK_SIZE;
	thread->context.uc_link = NULL;
	makecontext(&thread->context, thread_main, 0);
}

void threads_run(void)
{
	int i;

	thread_now = 0;
	memset(&threads[0].clock, 0, sizeof(threads[0].clock));
	threads[0].clock.of[0] = 1;
	threads[0].n_held = 0;
	run.scenario->set_up();
	for (i = 1; i < EXPLORE_THREADS; i++)
		thread_start(i);
	reschedule();
	thread_now = 0;
	if (run.failure[0])
		return;
	for (i = 1; i < EXPLORE_THREADS; i++)
		clock_join(&threads[0].clock, &threads[i].clock);
	run.scenario->tear_down();
}

void explore_expect(bool right, const char *what)
{
	if (!right)
		threads_fail("%s: %s", what, threads_name(thread_now));
}

/* --- locks --------------------------------------------------------------------------- */

void lock_init(struct lock *lock, const char *name)
{
	memset(lock, 0, sizeof(*lock));
	lock->name = name;
	lock->owner = EXPLORE_NOBODY;
}

void lock_take(struct lock *lock)
{
	struct thread *self = &threads[thread_now];
	const void *pc = __builtin_return_address(0);

	threads_point();
	memory_check(lock, sizeof(*lock), pc);
	if (lock->owner == thread_now)
		threads_fail("deadlock: %s takes %s, which it holds", threads_name(thread_now), lock->name);
	if (lock->owner != EXPLORE_NOBODY)
		trace_event(EVENT_WAIT, lock->name, pc);
	while (lock->owner != EXPLORE_NOBODY) {
		self->wants = lock;
		reschedule();
		memory_check(lock, sizeof(*lock), pc);
	}
	self->wants = NULL;
	lock->owner = thread_now;
	if (self->n_held == HELD)
		threads_fail("too many locks: %s", threads_name(thread_now));
	self->held[self->n_held++] = lock;
	clock_join(&self->clock, &lock->released);
	trace_event(EVENT_TAKE, lock->name, pc);
}

void lock_release(struct lock *lock)
{
	struct thread *self = &threads[thread_now];
	const void *pc = __builtin_return_address(0);
	int i;

	threads_point();
	memory_check(lock, sizeof(*lock), pc);
	if (lock->owner != thread_now)
		threads_fail("lock not held: %s releases %s", threads_name(thread_now), lock->name);
	lock->owner = EXPLORE_NOBODY;
	for (i = 0; self->held[i] != lock; i++)
		;
	self->held[i] = self->held[--self->n_held];
	lock->released = self->clock;
	self->clock.of[thread_now]++;
	trace_event(EVENT_RELEASE, lock->name, pc);
}

void lock_assert_held(struct lock *lock)
{
	memory_check(lock, sizeof(*lock), __builtin_return_address(0));
	if (lock->owner != thread_now)
		threads_fail("lock not held: %s must hold %s", threads_name(thread_now), lock->name);
}

/* --- counts -------------------------------------------------------------------------- */

void count_init(struct count *count)
{
	memset(count, 0, sizeof(*count));
	count->value = 1;
}

void count_get(struct count *count)
{
	const void *pc = __builtin_return_address(0);

	threads_point();
	memory_check(count, sizeof(*count), pc);
	if (!count->value++)
		threads_fail("reference: %s gets one to what nobody has one to", threads_name(thread_now));
	trace_event(EVENT_GET, "", pc);
}

/* All that was done before any put comes before what is done after the last. */
bool count_put(struct count *count)
{
	struct thread *self = &threads[thread_now];
	const void *pc = __builtin_return_address(0);

	threads_point();
	memory_check(count, sizeof(*count), pc);
	if (!count->value)
		threads_fail("reference: %s gives back one that nobody has", threads_name(thread_now));
	clock_join(&self->clock, &count->put);
	count->put = self->clock;
	self->clock.of[thread_now]++;
	trace_event(EVENT_PUT, "", pc);
	return !--count->value;
}
