// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is held on entry. Entry: held_entries_build(). All functions begin as if everything were held; each call takes away
 * what it does not hold, from callers to callees, until nothing changes. Whoever may be called by somebody
 * unknown, as its address went somewhere, or by a call without a note, has nothing held.
 */
#include "infer/held_entry.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/order.h"
#include "infer/simulate.h"

#define MAX_ROUNDS 30

struct builder {
	struct order *o;
	struct held_entry *of;
	uint32_t **targets;	/* per node and note: the vertex that the note's call leads to, from 1; 0: none */
	bool changed;
};

static void add_lock(struct held_entry *e, const struct held_entry_lock *l)
{
	for (int i = 0; i < e->n; i++)
		if (e->locks[i].class_name == l->class_name)
			return;
	if (e->n < ENTRY_LOCKS)
		e->locks[e->n++] = *l;
}

static bool is_released(const struct held_note *n, const char *class_name)
{
	for (int i = 0; i < n->nlock; i++)
		if (n->locks[i].is_released && n->locks[i].class_name == class_name)
			return true;
	return false;
}

/* What is held at a call, in the callee's terms. */
static struct held_entry at_call(const struct held_entry *caller, const struct held_note *n)
{
	struct held_entry e = {.is_called = true};

	for (int i = 0; i < n->nlock; i++)
		if (!n->locks[i].is_released)
			add_lock(&e, &(struct held_entry_lock){n->locks[i].class_name, n->locks[i].kind, n->locks[i].is_shared,
							  n->locks[i].arg});
	for (int i = 0; i < caller->n; i++) {
		struct held_entry_lock l = caller->locks[i];

		if (is_released(n, l.class_name))
			continue;
		l.param = -1;
		for (int k = 0; k < HELD_PARAMS && caller->locks[i].param >= 0; k++)
			if (n->from[k] == caller->locks[i].param)
				l.param = (int8_t)k;
		add_lock(&e, &l);
	}
	return e;
}

/* Only what is held at this call as well stays. */
static void meet(struct builder *b, size_t to, const struct held_entry *e)
{
	struct held_entry *old = &b->of[to], new = {.is_called = true};

	if (!old->is_called) {
		*old = *e;
		b->changed = true;
		return;
	}
	for (int i = 0; i < old->n; i++)
		for (int k = 0; k < e->n; k++) {
			struct held_entry_lock l = old->locks[i];

			if (e->locks[k].class_name != l.class_name)
				continue;
			l.is_shared |= e->locks[k].is_shared;
			if (l.param != e->locks[k].param)
				l.param = -1;
			new.locks[new.n++] = l;
		}
	if (new.n == old->n && !memcmp(new.locks, old->locks, sizeof(new.locks[0]) * (size_t)new.n))
		return;
	*old = new;
	b->changed = true;
}

static uint32_t target_of(const struct order *o, const struct node *n, const struct held_note *h)
{
	const struct node *callee = h->kind == HELD_CALL ? program_resolve(o->g->program, n, h->name) : NULL;
	size_t field = h->kind == HELD_FIELD ? order_field(o, h->name) : 0;

	return callee ? (uint32_t)callee->index + 1 : field ? (uint32_t)field + 1 : 0;
}

static void find_targets(struct builder *b)
{
	const struct program *p = b->o->g->program;

	b->targets = ARENA_ARRAY(b->o->arena, uint32_t *, p->nnode);
	for (size_t v = 0; v < p->nnode; v++) {
		const struct node *n = p->nodes[v];

		b->targets[v] = ARENA_ARRAY(b->o->arena, uint32_t, n->nheld);
		for (int i = 0; i < n->nheld; i++)
			b->targets[v][i] = target_of(b->o, n, &n->held[i]);
	}
}

/* Whoever is reached in a way that no note tells of has nothing held. */
static void find_open(struct builder *b)
{
	const struct graph *g = &b->o->g->graph;
	const struct program *p = b->o->g->program;
	bool *has_caller = ARENA_ARRAY(b->o->arena, bool, g->n);
	uint32_t *named_by = ARENA_ARRAY(b->o->arena, uint32_t, g->n + 1);	/* the last node that names it, from 1 */
	const struct held_entry nothing = {.is_called = true};

	for (uint32_t v = 0; v < g->n; v++) {
		for (int i = 0; v < p->nnode && i < p->nodes[v]->nheld; i++)
			named_by[b->targets[v][i]] = v + 1;
		for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++) {
			has_caller[g->to[e]] = true;
			if (v < p->nnode && named_by[g->to[e] + 1] != v + 1)
				meet(b, g->to[e], &nothing);
		}
	}
	for (size_t v = 0; v < g->n; v++)
		if (!has_caller[v])
			meet(b, v, &nothing);
}

static void go_round(struct builder *b)
{
	const struct graph *g = &b->o->g->graph;
	const struct program *p = b->o->g->program;

	for (size_t v = p->nnode; v-- > 0; )
		for (int i = 0; b->of[v].is_called && i < p->nodes[v]->nheld; i++) {
			const struct held_note *n = &p->nodes[v]->held[i];
			struct held_entry e;

			if (!b->targets[v][i])
				continue;
			e = at_call(&b->of[v], n);
			meet(b, b->targets[v][i] - 1, &e);
		}
	for (size_t v = p->nnode; v < g->n; v++)
		for (uint32_t e = g->first[v]; b->of[v].is_called && e < g->first[v + 1]; e++)
			meet(b, g->to[e], &b->of[v]);
}

struct held_entry *held_entries_build(struct order *o)
{
	struct builder b = {.o = o, .of = ARENA_ARRAY(o->arena, struct held_entry, o->g->graph.n)};

	find_targets(&b);
	find_open(&b);
	b.changed = true;
	for (int round = 0; b.changed && round < MAX_ROUNDS; round++) {
		b.changed = false;
		go_round(&b);
	}
	/* Without an end nothing is sure. */
	if (b.changed)
		memset(b.of, 0, sizeof(*b.of) * o->g->graph.n);
	return b.of;
}

void held_entries_print(struct text *out, const struct order *o, const struct held_entry *entries)
{
	const struct reach_graph *g = o->g;

	for (size_t i = 0; i < g->nfield; i++) {
		const struct held_entry *e = &entries[g->program->nnode + i];

		for (int k = 0; k < e->n; k++) {
			text_printf(out, "%s: %s (%s)%s", g->fields[i], flow_plain_name(e->locks[k].class_name), e->locks[k].kind,
				    e->locks[k].is_shared ? " shared" : "");
			if (e->locks[k].param >= 0)
				text_printf(out, " of argument %d", e->locks[k].param);
			text_putc(out, '\n');
		}
	}
}
