// SPDX-License-Identifier: GPL-2.0-only
/*
 * What callers can name, and what they hear of memory. Entry points: outer_is_nameable(), outer_copy_cells().
 */
#include "infer/outer.h"

#include "base/arena.h"
#include "infer/simulate.h"

#define MAX_CELLS 28
#define MAX_OWN 4	/* and so many numbers and NULLs in the task itself, which nobody else changes */

bool outer_is_reachable(const struct state *st, const struct sym *root)
{
	if (st->ret && sym_contains(st->ret, root))
		return true;
	for (int i = 0; i < st->ncell; i++)
		if (sym_is_outer(st->cells[i].addr) && sym_contains(st->cells[i].value, root))
			return true;
	return false;
}

bool outer_has_stack(const struct sym *s)
{
	return s && (s->kind == SYM_STACK || outer_has_stack(s->a) || outer_has_stack(s->b));
}

bool outer_is_nameable(const struct state *st, const struct sym *s)
{
	if (!s || sym_is_outer(s))
		return true;
	if (s->kind == SYM_STACK)
		return false;
	if (s->kind == SYM_NEW)
		return outer_is_reachable(st, s);
	return outer_is_nameable(st, s->a) && outer_is_nameable(st, s->b);
}

/* Is the cell for callers to know? */
static bool is_kept_cell(const struct state *st, const struct cell *c)
{
	if (outer_has_stack(c->addr) || outer_has_stack(c->value))
		return false;
	/* At an index only what may be borrowed is worth remembering. */
	if (c->addr->is_set && sym_object(c->value)->kind != SYM_PARAM)
		return false;
	if (c->addr->kind == SYM_LOAD && c->value->kind == SYM_LOAD && c->value->a == c->addr)
		return false;
	return outer_is_nameable(st, c->addr);
}

#define FAR 7	/* and further */

/* How far away it is for callers: what they gave is nearer than what everybody has, save where an object is put there. */
static int distance_of(const struct cell *c)
{
	bool is_near = sym_root(c->addr)->kind == SYM_PARAM || c->value->kind == SYM_ADDR;
	int far = c->addr->depth + (is_near ? 0 : 2);

	return far < FAR ? far : FAR;
}

/* How far away memory may be that is kept, when there is too much of it: callers ask for what is near. *room: for the last. */
static int kept_distance(const struct state *st, int *room)
{
	int far = 0, at[FAR + 1] = {0};

	for (int i = 0; i < st->ncell; i++)
		at[distance_of(&st->cells[i])] += is_kept_cell(st, &st->cells[i]);
	for (*room = MAX_CELLS; far < FAR && at[far] <= *room; far++)
		*room -= at[far];
	return far;
}

void outer_copy_cells(struct analysis *an, struct scase *c, const struct state *st)
{
	int room, furthest = kept_distance(st, &room), own = MAX_OWN;

	c->cells = ARENA_ARRAY(an->arena, struct cell, st->ncell < MAX_CELLS + MAX_OWN ? st->ncell : MAX_CELLS + MAX_OWN);
	for (int i = 0; i < st->ncell; i++) {
		struct cell cell = st->cells[i];
		int far = distance_of(&cell);

		if (!is_kept_cell(st, &cell))
			continue;
		if (far < furthest || (far == furthest && room))
			room -= far == furthest;
		else if (own && cell.value->kind == SYM_INT && sym_is_machine(sym_object(cell.addr)))
			own--;
		else
			continue;
		cell.addr = sym_import(&an->syms, cell.addr);
		cell.value = sym_import(&an->syms, cell.value);
		c->cells[c->ncell++] = cell;
	}
}
