// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of one lock. Entries: alike_build(), alike_names().
 *
 * What a member's type is nobody has kept. But the members that are seen in it tell: "rdev.wiphy" can be a wiphy if most
 * of what the program touches as "rdev.wiphy.X" it touches as "wiphy.X" somewhere. Too much is better than too little: who
 * asks wants to know whether a lock is surely missing.
 */
#include "infer/alike.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/callgraph.h"

#define MAX_NAME 256
#define MOST_COMPARED 16

/* ------------------------------------------------------------------ all names */

/* Interned names, each once. */
struct collection {
	const char **slots, **items;
	size_t size, n;
};

static size_t slot_of(const struct collection *c, const char *name)
{
	size_t h = intern_hash(name, 0) & (c->size - 1);

	while (c->slots[h] && c->slots[h] != name)
		h = (h + 1) & (c->size - 1);
	return h;
}

static void grow(struct collection *c)
{
	size_t size = c->size ? c->size * 2 : 1024;

	free(c->slots);
	c->slots = calloc(size, sizeof(*c->slots));
	c->items = realloc(c->items, size / 2 * sizeof(*c->items));
	if (!c->slots || !c->items)
		die("out of memory (%zu names)", size);
	c->size = size;
	for (size_t i = 0; i < c->n; i++)
		c->slots[slot_of(c, c->items[i])] = c->items[i];
}

static void collect(struct collection *c, const char *name)
{
	size_t h;

	if (c->n * 2 >= c->size)
		grow(c);
	h = slot_of(c, name);
	if (c->slots[h])
		return;
	c->slots[h] = name;
	c->items[c->n++] = name;
}

static void collect_all(struct collection *c, const struct names *s)
{
	for (int i = 0; s && i < s->n; i++)
		collect(c, s->items[i]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted(struct collection *c, struct arena *a, size_t *n)
{
	const char **out = arena_copy(a, c->items, sizeof(*out) * c->n);

	*n = c->n;
	if (c->n)
		qsort(out, c->n, sizeof(*out), by_name);
	free(c->slots);
	free(c->items);
	return out;
}

/* ------------------------------------------------------------------ two names */

/* Where the member begins, behind its dot; NULL for a variable. */
static const char *member_of(const char *name)
{
	const char *dot = strchr(name, ':') ? NULL : strchr(name, '.');

	return dot ? dot + 1 : NULL;
}

/* Is b a member of what a names: at its start it is in the same place? */
static bool is_part_of(const struct alike *l, const struct alike_lock *a, const struct alike_lock *b)
{
	(void)l;
	return b->len > a->len && b->name[a->len] == '.' && !memcmp(a->name, b->name, a->len);
}

/* The first field that does not come before name. */
static size_t find_field(const struct alike *l, const char *name)
{
	size_t low = 0, high = l->nfield;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(l->fields[mid], name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool has_field(const struct alike *l, const char *name)
{
	size_t at = find_field(l, name), len = strlen(name);

	/* What stands between "a.b" and "a.b.c" begins with "a.b" too. */
	for (; at < l->nfield && !strncmp(l->fields[at], name, len); at++)
		if (!l->fields[at][len] || l->fields[at][len] == '.')
			return true;
	return false;
}

/* The members of the struct in "rdev.wiphy" (the first len characters of name): where they begin. */
static size_t find_members(const struct alike *l, const char *name, size_t len)
{
	char prefix[MAX_NAME];

	snprintf(prefix, sizeof(prefix), "%.*s.", (int)len, name);
	return find_field(l, prefix);
}

static bool is_member(const struct alike *l, size_t at, const char *name, size_t len)
{
	return at < l->nfield && !strncmp(l->fields[at], name, len) && l->fields[at][len] == '.';
}

/* The first n characters of s behind what is in field, of which at are used. As much as there is room for. */
static size_t append(char field[MAX_NAME], size_t at, const char *s, size_t n)
{
	if (n > MAX_NAME - 1 - at)
		n = MAX_NAME - 1 - at;
	memcpy(field + at, s, n);
	field[at + n] = '\0';
	return at + n;
}

/* Is most of what is seen in that (the first len characters of name) seen in the struct at the start of other? */
static bool can_be(const struct alike *l, const char *name, size_t len, const char *other)
{
	size_t first = find_members(l, name, len), all = 0, missed = 0, prefix;
	char field[MAX_NAME];

	while (all < MOST_COMPARED && is_member(l, first + all, name, len))
		all++;
	prefix = append(field, 0, other, strcspn(other, "."));
	prefix = append(field, prefix, ".", 1);
	for (size_t i = 0; i < all && missed * 2 < all; i++) {
		const char *rest = l->fields[first + i] + len + 1;

		append(field, prefix, rest, strcspn(rest, "."));
		missed += !has_field(l, field);
	}
	return missed * 2 < all;
}

enum { UNASKED, CAN_BE, CANNOT_BE };

/* Can b, a struct, be the one that a's name begins with? The same is asked for all names that begin so. */
static bool can_be_start(const struct alike *l, const struct alike_lock *b, const struct alike_lock *a)
{
	uint8_t **seen = &l->seen[a->start], *answer;

	if (!*seen)
		*seen = ARENA_ARRAY(l->arena, uint8_t, l->nlock);
	answer = &(*seen)[b - l->locks];
	if (*answer == UNASKED)
		*answer = can_be(l, b->name, b->len, a->name) ? CAN_BE : CANNOT_BE;
	return *answer == CAN_BE;
}

/* "wiphy.mtx" and "rdev.wiphy.mtx" */
static bool is_seen_from_outside(const struct alike *l, const struct alike_lock *a, const struct alike_lock *b)
{
	size_t more = b->nmember - a->nmember;

	if (!a->member || b->nmember <= a->nmember + 1 || b->member[more - 1] != '.' ||
	    memcmp(b->member + more, a->member, a->nmember))
		return false;
	return can_be(l, b->name, (size_t)(b->member - b->name) + more - 1, a->name);	/* the lock is common to them anyway */
}

/* "wiphy.mtx" and "rdev.wiphy", which is a struct with the lock at its start. */
static bool is_start_of(const struct alike *l, const struct alike_lock *a, const struct alike_lock *b)
{
	return b->is_struct && a->member && b->member && can_be_start(l, b, a);
}

/* Is something in it, so that it is more than a lock? */
static bool is_struct(const struct alike *l, const struct alike_lock *lock)
{
	return is_member(l, find_members(l, lock->name, lock->len), lock->name, lock->len);
}

static bool begin_alike(const char *a, const char *b)
{
	size_t n = strcspn(a, ".");

	return n == strcspn(b, ".") && !strncmp(a, b, n);
}

static void list_locks(struct alike *l, const char *const *names)
{
	size_t nstart = 0;

	l->locks = ARENA_ARRAY(l->arena, struct alike_lock, l->nlock);
	for (size_t i = 0; i < l->nlock; i++) {
		struct alike_lock *lock = &l->locks[i];

		*lock = (struct alike_lock){.name = names[i], .member = member_of(names[i]), .len = strlen(names[i])};
		lock->nmember = lock->member ? lock->len - (size_t)(lock->member - lock->name) : 0;
		lock->is_struct = is_struct(l, lock);
		lock->start = i && begin_alike(lock->name, lock[-1].name) ? nstart - 1 : nstart++;
	}
	l->seen = ARENA_ARRAY(l->arena, uint8_t *, nstart);
}

void alike_build(struct alike *l, struct arena *a, const struct program *p)
{
	struct collection locks = {0}, fields = {0};
	const char **names;

	*l = (struct alike){.arena = a};
	map_init(&l->sets);
	for (size_t v = 0; v < p->nnode; v++) {
		const struct evidences *e = p->nodes[v]->evidence;

		for (int i = 0; e && i < e->n; i++) {
			const struct sighting *x = &e->items[i];

			collect_all(&locks, x->want);
			collect_all(&locks, x->held);
			collect_all(&locks, x->gone);
			if (x->kind == EVIDENCE_ACCESS && x->name)
				collect(&fields, x->name);
		}
	}
	for (size_t i = 0; i < locks.n; i++)
		collect(&fields, locks.items[i]);
	names = sorted(&locks, a, &l->nlock);
	l->fields = sorted(&fields, a, &l->nfield);
	list_locks(l, names);
}

void alike_release(struct alike *l)
{
	map_release(&l->sets);
}

bool alike_has(const struct alike *l, const char *name)
{
	size_t low = 0, high = l->nlock;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = strcmp(l->locks[mid].name, name);

		if (!d)
			return true;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* ------------------------------------------------------------------ sets of them */

/* Mark all that are related to one that is marked. */
static void spread(const struct alike *l, bool *marks,
		   bool (*is_related)(const struct alike *l, const struct alike_lock *a, const struct alike_lock *b))
{
	bool *added = ARENA_ARRAY(l->arena, bool, l->nlock);

	for (size_t i = 0; i < l->nlock; i++)
		for (size_t k = 0; marks[i] && k < l->nlock; k++)
			added[k] |= !marks[k] && (is_related(l, &l->locks[i], &l->locks[k]) || is_related(l, &l->locks[k], &l->locks[i]));
	for (size_t i = 0; i < l->nlock; i++)
		marks[i] |= added[i];
}

static const struct names *alike_of(struct alike *l, const char *name)
{
	const struct names *s = map_get(&l->sets, name);
	bool *marks;

	if (s)
		return s;
	marks = ARENA_ARRAY(l->arena, bool, l->nlock);
	for (size_t i = 0; i < l->nlock; i++)
		marks[i] = l->locks[i].name == name;
	spread(l, marks, is_part_of);
	spread(l, marks, is_seen_from_outside);
	spread(l, marks, is_part_of);
	spread(l, marks, is_start_of);
	s = names_one(l->arena, name);
	for (size_t i = 0; i < l->nlock; i++)
		if (marks[i])
			s = names_join(l->arena, s, names_one(l->arena, l->locks[i].name));
	map_set(&l->sets, name, (void *)s);
	return s;
}

const struct names *alike_names(struct alike *l, const struct names *want)
{
	const struct names *out = NULL;

	for (int i = 0; want && i < want->n; i++)
		out = names_join(l->arena, out, alike_of(l, want->items[i]));
	return out;
}
