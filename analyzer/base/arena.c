// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arenas: blocks of at least 64 KiB in a list, allocation by moving a pointer.
 * A request larger than a block gets a block of its own.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

#define BLOCK_SIZE (64u * 1024u)
#define ALIGN 16u
#define MAX_SPARE 256		/* blocks kept for reuse by an arena that is cleared */

struct arena_block {
	struct arena_block *next;	/* the block filled before this one */
	size_t size, used;		/* bytes in data, bytes handed out */
	_Alignas(16) char data[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
}

void arena_clear(struct arena *a)
{
	struct arena_block *b = a->head, *next;

	for (; b; b = next) {
		next = b->next;
		if (b->size != BLOCK_SIZE || a->nspare == MAX_SPARE) {
			free(b);
			continue;
		}
		b->next = a->spare;
		a->spare = b;
		a->nspare++;
	}
	a->head = NULL;
	a->used = 0;
}

void arena_release(struct arena *a)
{
	free_blocks(a->head);
	free_blocks(a->spare);
	arena_init(a);
}

static struct arena_block *take_spare(struct arena *a)
{
	struct arena_block *b = a->spare;

	if (b) {
		a->spare = b->next;
		a->nspare--;
	}
	return b;
}

static void add_block(struct arena *a, size_t need)
{
	size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
	struct arena_block *b = size == BLOCK_SIZE ? take_spare(a) : NULL;

	if (!b)		/* what is large comes zeroed from the system, and is not touched before it is used */
		b = size > BLOCK_SIZE ? calloc(1, sizeof(*b) + size) : malloc(sizeof(*b) + size);
	if (!b)
		die("out of memory (%zu bytes asked for)", size);
	b->next = a->head;
	b->size = size;
	b->used = 0;
	a->head = b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	void *p;

	if (!a->head || a->head->size - a->head->used < need)
		add_block(a, need);
	p = a->head->data + a->head->used;
	a->head->used += need;
	a->used += need;
	return need > BLOCK_SIZE ? p : memset(p, 0, size);
}

void *arena_copy(struct arena *a, const void *p, size_t size)
{
	void *q = arena_alloc(a, size);

	if (size)
		memcpy(q, p, size);
	return q;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, format);
	vsnprintf(p, (size_t)n + 1, format, ap);
	va_end(ap);
	return p;
}
