// SPDX-License-Identifier: GPL-2.0-only
/* The books of a path: see owed.h. Entry points: owed_find(), owed_add(), owed_drop(), owed_same(), owed_key(). */
#include "infer/owed.h"

#include <string.h>

#include "base/arena.h"

static int find(const struct owed_set *s, const struct sym *object, const char *kind)
{
	for (int i = 0; s && i < s->n; i++)
		if (s->items[i].object == object && s->items[i].kind == kind)
			return i;
	return -1;
}

const struct owed *owed_find(const struct state *st, const struct sym *object, const char *kind)
{
	int i = find(st->owed, object, kind);

	return i < 0 ? NULL : &st->owed->items[i];
}

/* The set without item skip (-1: all of it), with room for one more. */
static struct owed_set *copy(struct state_pool *p, const struct owed_set *s, int skip)
{
	int n = s ? s->n : 0;
	struct owed_set *c = arena_alloc(p->arena, sizeof(*c) + sizeof(c->items[0]) * (size_t)(n + 1));

	for (int i = 0; i < n; i++)
		if (i != skip)
			c->items[c->n++] = s->items[i];
	return c;
}

void owed_add(struct state_pool *p, struct state *st, const struct owed *o)
{
	int i = find(st->owed, o->object, o->kind);
	int count = o->count + (i < 0 ? 0 : st->owed->items[i].count);
	struct owed_set *c = copy(p, st->owed, i);

	if (count) {
		c->items[c->n] = *o;
		c->items[c->n++].count = count;
	}
	st->owed = c->n ? c : NULL;
}

void owed_drop(struct state_pool *p, struct state *st, const struct sym *object, const char *kind)
{
	int i = find(st->owed, object, kind);
	struct owed_set *c;

	if (i < 0)
		return;
	c = copy(p, st->owed, i);
	st->owed = c->n ? c : NULL;
}

bool owed_same(const struct owed_set *a, const struct owed_set *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++) {
		int k = find(b, a->items[i].object, a->items[i].kind);

		if (k < 0 || b->items[k].count != a->items[i].count)
			return false;
	}
	return true;
}

uint64_t owed_key(const struct owed_set *s)
{
	uint64_t key = 0;

	for (int i = 0; s && i < s->n; i++)
		key += ((uint64_t)s->items[i].object->id * 31 + (unsigned)s->items[i].count) * 0x9e3779b97f4a7c15ULL;
	return key;
}

bool owed_is_note(const struct owed *o)
{
	return !strcmp(o->kind, "linked") || !strcmp(o->kind, "unlinked");
}
