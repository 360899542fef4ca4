// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of an execution. It comes from one arena and is never used twice, so that an
 * access to what was freed is seen as such; it is poisoned as well. The compiler calls the
 * functions at the end before each access.
 *
 * Accesses are points, or else they are checked for races: two accesses to one byte, one
 * of them a write, that no lock and no last put has ordered. Without races it is enough to
 * switch threads at locks and counts: an access in between commutes with all that others
 * can do before the next of these, so that a schedule that switches there has the same
 * outcome as one that switches at that next one. (A callback's beginning is no point of its
 * own: nothing that others could see happens before its first access.)
 */

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "explore.h"

#define ARENA_SIZE (256 * 1024)
#define BLOCKS 512
#define POISON 0x6b

enum byte_state {
	BYTE_NONE,	/* of no block */
	BYTE_LIVE,
	BYTE_FREED,
};

struct block {
	size_t start, size;
	bool freed;
	int freed_by;
	const void *allocated;	/* by whose call */
};

/* Who wrote a byte last, and who has read it since, by when. 0: nobody. */
struct shadow {
	unsigned int write;
	int writer;
	struct clock reads;
};

static unsigned char arena[ARENA_SIZE] __attribute__((aligned(16)));
static unsigned char states[ARENA_SIZE];
static struct shadow shadows[ARENA_SIZE];
static struct block blocks[BLOCKS];
static size_t used;
static int n_blocks;

void memory_reset(void)
{
	memset(states, BYTE_NONE, used);
	memset(shadows, 0, used * sizeof(*shadows));
	used = 0;
	n_blocks = 0;
}

static struct block *block_of(size_t at)
{
	int i;

	for (i = 0; i < n_blocks; i++)
		if (at >= blocks[i].start && at - blocks[i].start < blocks[i].size)
			return &blocks[i];
	return NULL;
}

static bool in_arena(const void *object)
{
	uintptr_t at = (uintptr_t)object;

	return at >= (uintptr_t)arena && at < (uintptr_t)arena + used;
}

/* Says so if OBJECT is not there to be used. */
static void check_there(const void *object, size_t size, const void *pc)
{
	size_t at, i;

	if ((uintptr_t)object < 4096) {
		trace_event(EVENT_READ, "", pc);
		threads_fail("NULL pointer: followed by %s", threads_name(thread_now));
	}
	if (!in_arena(object))
		return;
	at = (size_t)((const unsigned char *)object - arena);
	for (i = at; i < at + size; i++) {
		if (states[i] == BYTE_LIVE)
			continue;
		trace_event(EVENT_READ, "", pc);
		if (states[i] == BYTE_FREED)
			threads_fail("use of freed memory: %s uses what %s freed", threads_name(thread_now),
				     threads_name(block_of(i)->freed_by));
		threads_fail("use beyond an object: by %s", threads_name(thread_now));
	}
}

void memory_check(const void *object, size_t size, const void *pc)
{
	check_there(object, size, pc);
}

/* Whether what THREAD did at WHEN happened before this. */
static bool is_before(int thread, unsigned int when)
{
	return threads_clock()->of[thread] >= when;
}

static void check_race(size_t at, size_t size, bool write, const void *pc)
{
	const struct clock *now = threads_clock();
	size_t i;
	int t;

	for (i = at; i < at + size; i++) {
		struct shadow *shadow = &shadows[i];
		int other = is_before(shadow->writer, shadow->write) ? -1 : shadow->writer;

		for (t = 0; write && t < EXPLORE_THREADS; t++)
			if (!is_before(t, shadow->reads.of[t]))
				other = t;
		if (other >= 0) {
			trace_event(write ? EVENT_WRITE : EVENT_READ, "", pc);
			threads_fail("data race: %s %s what %s used, in no order", threads_name(thread_now),
				     write ? "writes" : "reads", threads_name(other));
		}
		if (write) {
			shadow->writer = thread_now;
			shadow->write = now->of[thread_now];
		} else {
			shadow->reads.of[thread_now] = now->of[thread_now];
		}
	}
}

static void access_memory(const void *object, size_t size, bool write, const void *pc)
{
	if ((uintptr_t)object >= 4096 && !in_arena(object))
		return;
	if (run.every_access)
		threads_point();
	check_there(object, size, pc);
	if (!run.every_access)
		check_race((size_t)((const unsigned char *)object - arena), size, write, pc);
	trace_event(write ? EVENT_WRITE : EVENT_READ, "", pc);
}

void *port_alloc(size_t size)
{
	const void *pc = __builtin_return_address(0);
	struct block *block = &blocks[n_blocks];

	if (thread_now && ++run.allocations == run.refuse)
		return NULL;
	if (n_blocks == BLOCKS || used + size + 32 > ARENA_SIZE) {
		threads_fail("the scenario is too large for the explorer");
		return NULL;
	}
	n_blocks++;
	*block = (struct block){ .start = used, .size = size, .allocated = pc };
	used += (size + 31) & ~(size_t)15;	/* with something between objects */
	memset(arena + block->start, 0, size);
	memset(states + block->start, BYTE_LIVE, size);
	trace_event(EVENT_ALLOC, "", pc);
	return arena + block->start;
}

void port_free(void *memory)
{
	const void *pc = __builtin_return_address(0);
	struct block *block;

	if (!memory)
		return;
	block = in_arena(memory) ? block_of((size_t)((unsigned char *)memory - arena)) : NULL;
	if (!block || block->freed || arena + block->start != memory) {
		threads_fail("wrong free: by %s, of %s", threads_name(thread_now),
			     block && block->freed ? "what is freed" : "no object");
		return;
	}
	if (run.every_access)
		threads_point();
	else
		check_race(block->start, block->size, true, pc);
	block->freed = true;
	block->freed_by = thread_now;
	memset(states + block->start, BYTE_FREED, block->size);
	memset(arena + block->start, POISON, block->size);
	trace_event(EVENT_FREE, "", pc);
}

void port_warn(const char *format, ...)
{
	va_list args;

	if (!run.traced)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void memory_check_leaks(void)
{
	int i;

	for (i = 0; i < n_blocks; i++)
		if (!blocks[i].freed)
			threads_fail("leak: of what was allocated by %s", trace_place(blocks[i].allocated));
}

/* --- called by the compiler ---------------------------------------------------------- */

#define ACCESS(name, size, write)                                                                            \
	void name(void *object);                                                                             \
	void name(void *object)                                                                              \
	{                                                                                                    \
		access_memory(object, size, write, __builtin_return_address(0));                             \
	}

ACCESS(__tsan_read1, 1, false)
ACCESS(__tsan_read2, 2, false)
ACCESS(__tsan_read4, 4, false)
ACCESS(__tsan_read8, 8, false)
ACCESS(__tsan_read16, 16, false)
ACCESS(__tsan_write1, 1, true)
ACCESS(__tsan_write2, 2, true)
ACCESS(__tsan_write4, 4, true)
ACCESS(__tsan_write8, 8, true)
ACCESS(__tsan_write16, 16, true)
ACCESS(__tsan_unaligned_read2, 2, false)
ACCESS(__tsan_unaligned_read4, 4, false)
ACCESS(__tsan_unaligned_read8, 8, false)
ACCESS(__tsan_unaligned_read16, 16, false)
ACCESS(__tsan_unaligned_write2, 2, true)
ACCESS(__tsan_unaligned_write4, 4, true)
ACCESS(__tsan_unaligned_write8, 8, true)
ACCESS(__tsan_unaligned_write16, 16, true)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *object, unsigned long size);
void __tsan_write_range(void *object, unsigned long size);
void *__tsan_memcpy(void *to, const void *from, unsigned long size);
void *__tsan_memset(void *to, int byte, unsigned long size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *object, unsigned long size)
{
	access_memory(object, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *object, unsigned long size)
{
	access_memory(object, size, true, __builtin_return_address(0));
}

void *__tsan_memcpy(void *to, const void *from, unsigned long size)
{
	access_memory(from, size, false, __builtin_return_address(0));
	access_memory(to, size, true, __builtin_return_address(0));
	return memcpy(to, from, size);
}

void *__tsan_memset(void *to, int byte, unsigned long size)
{
	access_memory(to, size, true, __builtin_return_address(0));
	return memset(to, byte, size);
}
