// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where functions stand, by file and name. Entry points: lines_count(), lines_number(), lines_find(). A hash table of the first of each
 * name in each file; those at other lines hang on it, in order of line.
 */
#include "infer/lines.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/callgraph.h"

struct line {
	const struct func *fn;		/* NULL: a free slot */
	struct line *next;		/* of that name in that file, further down */
};

/* Names are interned: their addresses stand for them. */
static struct line *find(const struct line_table *t, const char *file, const char *name)
{
	size_t at = intern_hash(name, (uintptr_t)file >> 3) & (t->size - 1);

	while (t->slots[at].fn && (t->slots[at].fn->name != name || t->slots[at].fn->file != file))
		at = (at + 1) & (t->size - 1);
	return &t->slots[at];
}

static void add(struct program *p, const struct func *fn)
{
	struct line *at = find(&p->lines, fn->file, fn->name);
	struct line *more;

	if (!at->fn) {
		at->fn = fn;
		return;
	}
	while (at->next && at->next->fn->line <= fn->line)
		at = at->next;
	if (at->fn->line == fn->line)
		return;
	more = ARENA_NEW(p->arena, struct line);
	*more = (struct line){fn, at->next};
	if (at->fn->line > fn->line) {	/* before the first */
		*more = *at;
		at->fn = fn;
	}
	at->next = more;
}

void lines_build(struct program *p)
{
	p->lines.size = 16;
	while (p->lines.size < p->nnode * 2)
		p->lines.size *= 2;
	p->lines.slots = calloc(p->lines.size, sizeof(*p->lines.slots));
	if (!p->lines.slots)
		die("out of memory (%zu functions)", p->nnode);
	for (size_t i = 0; i < p->nnode; i++)
		add(p, p->nodes[i]->fn);
}

void lines_release(struct program *p)
{
	free(p->lines.slots);
	p->lines = (struct line_table){0};
}

static int count_of(const struct line *l)
{
	int n = 0;

	for (; l && l->fn; l = l->next)
		n++;
	return n;
}

int lines_count(const struct program *p, const struct func *fn)
{
	const struct line *first = find(&p->lines, fn->file, fn->name), *l = first;

	while (l && l->fn && l->fn->line != fn->line)
		l = l->next;
	return l && l->fn ? count_of(first) : 0;
}

int lines_number(const struct program *p, const struct func *fn)
{
	int n = 0;

	for (const struct line *l = find(&p->lines, fn->file, fn->name); l && l->fn && l->fn->line != fn->line; l = l->next)
		n += l->fn->hash[0] == fn->hash[0];
	return n;
}

const struct func *lines_find(const struct program *p, const char *file, const char *name, int count, uint64_t hash,
			      int number)
{
	const struct line *l = find(&p->lines, file, name);

	if (count < 1 || count_of(l) != count)
		return NULL;
	while (count > 1 && l && (l->fn->hash[0] != hash || number-- > 0))
		l = l->next;
	return l ? l->fn : NULL;
}
