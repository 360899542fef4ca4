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
static struct held_entry at_call(const struct held_entry *caller, const struct held_note *n, bool is_given)
{
	struct held_entry e = {.is_called = true};

	for (int i = 0; i < n->nlock; i++)
		if (!n->locks[i].is_released)
			add_lock(&e, &(struct held_entry_lock){n->locks[i].class_name, n->locks[i].kind, n->locks[i].is_shared,
							  is_given ? -1 : n->locks[i].arg});
	for (int i = 0; i < caller->n; i++) {
		struct held_entry_lock l = caller->locks[i];

		if (is_released(n, l.class_name))
			continue;
		l.param = -1;
		for (int k = 0; k < HELD_PARAMS && !is_given && caller->locks[i].param >= 0; k++)
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

static size_t field_of(const struct order *o, const struct held_note *n)
{
	return n->kind == HELD_FIELD ? order_field(o, n->name) : 0;
}

static bool names(struct order *o, const struct node *n, size_t to)
{
	const struct program *p = o->g->program;

	for (int i = 0; i < n->nheld; i++) {
		const struct held_note *h = &n->held[i];
		const struct node *callee;

		if (to >= p->nnode) {
			if (field_of(o, h) == to)
				return true;
			continue;
		}
		callee = h->kind == HELD_CALL || h->kind == HELD_GIVEN ? program_resolve(p, n, h->name) : NULL;
		if (callee && callee->index == to && h->kind == HELD_CALL)
			return true;
	}
	return false;
}

/* Whoever is reached in a way that no note tells of has nothing held. */
static void find_open(struct builder *b)
{
	const struct graph *g = &b->o->g->graph;
	const struct program *p = b->o->g->program;
	bool *has_caller = ARENA_ARRAY(b->o->arena, bool, g->n);
	const struct held_entry nothing = {.is_called = true};

	for (size_t v = 0; v < g->n; v++)
		for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++) {
			has_caller[g->to[e]] = true;
			if (v < p->nnode && !names(b->o, p->nodes[v], g->to[e]))
				meet(b, g->to[e], &nothing);
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
			const struct node *callee = n->kind == HELD_CALL ? program_resolve(p, p->nodes[v], n->name) : NULL;
			size_t field = field_of(b->o, n);
			struct held_entry e;

			if (!callee && !field)
				continue;
			e = at_call(&b->of[v], n, false);
			meet(b, callee ? callee->index : field, &e);
		}
	for (size_t v = p->nnode; v < g->n; v++)
		for (uint32_t e = g->first[v]; b->of[v].is_called && e < g->first[v + 1]; e++)
			meet(b, g->to[e], &b->of[v]);
}

struct held_entry *held_entries_build(struct order *o)
{
	struct builder b = {.o = o, .of = ARENA_ARRAY(o->arena, struct held_entry, o->g->graph.n)};

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
