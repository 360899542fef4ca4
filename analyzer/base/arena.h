/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Grow-only memory with a lifetime: the run, one unit, one function. Nothing in
 * an arena is freed singly; arena_clear() or arena_release() drop all of it.
 * Out of memory ends the program (die()).
 */

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head;	/* the block allocated from; older ones behind it */
	struct arena_block *spare;	/* blocks kept by arena_clear() */
	int nspare;
	size_t used;			/* bytes handed out since init or clear */
};

/* Make an empty arena; allocates nothing. */
void arena_init(struct arena *a);
/* Forget all that was allocated; some blocks are kept for reuse. */
void arena_clear(struct arena *a);
/* Give all memory back; the arena may be used again. */
void arena_release(struct arena *a);
/* Zeroed bytes, aligned for any type. size may be 0. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of size bytes. */
void *arena_copy(struct arena *a, const void *p, size_t size);
/* A copy of a NUL-terminated string; NULL of NULL. */
char *arena_strdup(struct arena *a, const char *s);
/* A copy of the first n bytes of s, NUL-terminated. s may be NULL when n is 0. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One zeroed T, and n zeroed Ts, from arena a. */
#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

#endif
