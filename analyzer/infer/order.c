// SPDX-License-Identifier: GPL-2.0-only
/*
 * The graph of lock order. Entry point: order_build().
 *
 * First the classes that each function may come to take, over its calls, as plain sets; an edge is then a held class
 * and each of the callee's. That is too much: it follows calls that the arguments forbid. So whoever needs an edge
 * asks for its ways (order_way.c).
 *
 * A field leads to all that was ever stored in it, if that is little; of fields with many functions nothing is
 * believed. What a wait waits for is a class too: it is held by whom it waits for, on entry.
 */
#include "infer/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/simulate.h"

/* ------------------------------------------------------------------ classes */

static bool has_order(const struct order *o, const char *class_name)
{
	return model_has_order(o->an->options->model, class_name);
}

static size_t number_of(const struct order *o, const char *class_name)
{
	return (size_t)(uintptr_t)map_get(&o->numbers, class_name);
}

static void add_class(struct order *o, const char *class_name, const char *kind)
{
	if (number_of(o, class_name) || !has_order(o, class_name))
		return;
	map_set(&o->numbers, class_name, (void *)(uintptr_t)kind);
}

/* All classes by name, and their numbers. */
static void number_classes(struct order *o)
{
	const struct program *p = o->g->program;

	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; i < p->nodes[v]->nheld; i++) {
			const struct held_note *n = &p->nodes[v]->held[i];

			if (n->kind == HELD_TAKE || n->kind == HELD_WAIT)
				add_class(o, n->name, n->lock_kind);
			for (int k = 0; k < n->nlock; k++)
				add_class(o, n->locks[k].class_name, n->locks[k].kind);
		}
	map_sort(&o->numbers);
	o->nclass = o->numbers.n;
	o->words = (o->nclass + 63) / 64;
	o->classes = ARENA_ARRAY(o->arena, const char *, o->nclass);
	o->kinds = ARENA_ARRAY(o->arena, const char *, o->nclass);
	for (size_t i = 0; i < o->nclass; i++) {
		o->classes[i] = o->numbers.entries[i].key;
		o->kinds[i] = o->numbers.entries[i].value;
		o->numbers.entries[i].value = (void *)(uintptr_t)(i + 1);
	}
}

/* Who finds class c taken waits for somebody to run, not for a lock. */
static void find_waits(struct order *o)
{
	const struct program *p = o->g->program;

	o->is_wait = ARENA_ARRAY(o->arena, bool, o->nclass);
	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; i < p->nodes[v]->nheld; i++)
			if (p->nodes[v]->held[i].kind == HELD_WAIT && number_of(o, p->nodes[v]->held[i].name))
				o->is_wait[number_of(o, p->nodes[v]->held[i].name) - 1] = true;
}

/* ------------------------------------------------------------------ calls */

size_t order_field(const struct order *o, const char *name)
{
	const struct reach_graph *g = o->g;
	size_t low = 0, high = g->nfield;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(g->fields[mid], name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < g->nfield && !strcmp(g->fields[low], name) ? g->program->nnode + low : 0;
}

/* Does node n call the function it is given as parameter k? */
static bool calls_param(const struct node *n, int k)
{
	for (int i = 0; i < n->nheld; i++)
		if (n->held[i].kind == HELD_PARAM && n->held[i].param == k)
			return true;
	return false;
}

int order_callees(struct order *o, const struct node *n, int i, const struct node *out[ORDER_CALLEES])
{
	const struct program *p = o->g->program;
	const struct held_note *note = &n->held[i];
	const struct graph *g = &o->g->graph;
	const struct node *callee;
	size_t field;
	int count = 0;

	if (note->kind == HELD_FIELD) {
		field = order_field(o, note->name);
		if (!field)
			return 0;
		if (g->first[field + 1] - g->first[field] > ORDER_FEW) {
			o->ntoo_many++;
			return 0;
		}
		for (uint32_t e = g->first[field]; e < g->first[field + 1]; e++)
			out[count++] = p->nodes[g->to[e]];
		return count;
	}
	callee = note->kind == HELD_CALL ? program_resolve(p, n, note->name) : NULL;
	if (!callee)
		return 0;
	out[count++] = callee;
	for (int k = i + 1; k < n->nheld && n->held[k].kind == HELD_GIVEN && count < ORDER_CALLEES; k++) {
		const struct node *given = calls_param(callee, n->held[k].param) ? program_resolve(p, n, n->held[k].name) : NULL;

		if (given)
			out[count++] = given;
	}
	return count;
}

/* The calls of all notes as a graph. */
static void make_calls(struct order *o)
{
	const struct program *p = o->g->program;
	uint32_t *first = ARENA_ARRAY(o->arena, uint32_t, p->nnode + 1), *to = NULL;
	const struct node *out[ORDER_CALLEES];
	size_t n = 0, cap = 0;

	for (size_t v = 0; v < p->nnode; v++) {
		for (int i = 0; i < p->nodes[v]->nheld; i++)
			for (int count = order_callees(o, p->nodes[v], i, out), k = 0; k < count; k++) {
				if (n == cap) {
					cap = cap ? cap * 2 : 1024;
					to = realloc(to, sizeof(*to) * cap);
					if (!to)
						die("out of memory (calls)");
				}
				to[n++] = (uint32_t)out[k]->index;
			}
		first[v + 1] = (uint32_t)n;
	}
	o->calls = (struct graph){p->nnode, first, arena_copy(o->arena, to, sizeof(*to) * n)};
	o->ntoo_many = 0;
	free(to);
}

/* ------------------------------------------------------------------ what may be taken */

static void add_takes(const struct order *o, const struct node *n, uint64_t *bits)
{
	for (int i = 0; i < n->nheld; i++) {
		size_t c = order_is_taking(&n->held[i]) ? number_of(o, n->held[i].name) : 0;

		if (c)
			bits[(c - 1) / 64] |= 1ULL << (c - 1) % 64;
	}
}

/* The sets of functions with notes, in one piece; NULL for the others. */
static uint64_t **new_sets(const struct order *o, struct arena *a)
{
	const struct program *p = o->g->program;
	uint64_t **sets = ARENA_ARRAY(a, uint64_t *, p->nnode);

	for (size_t v = 0; v < p->nnode; v++)
		if (p->nodes[v]->nheld)
			sets[v] = ARENA_ARRAY(a, uint64_t, o->words);
	return sets;
}

/* What may be taken within one call more. */
static void extend(const struct order *o, uint64_t **to, uint64_t **from)
{
	const struct program *p = o->g->program;

	for (size_t v = 0; v < p->nnode; v++) {
		if (!to[v])
			continue;
		memset(to[v], 0, sizeof(*to[v]) * o->words);
		add_takes(o, p->nodes[v], to[v]);
		for (uint32_t e = o->calls.first[v]; from && e < o->calls.first[v + 1]; e++)
			for (size_t w = 0; from[o->calls.to[e]] && w < o->words; w++)
				to[v][w] |= from[o->calls.to[e]][w];
	}
}

/* Only so many calls are followed as a way may have that is believed. */
static void close_calls(struct order *o)
{
	struct arena scratch;
	uint64_t **other, **now, **next;

	arena_init(&scratch);
	other = new_sets(o, &scratch);
	o->may = new_sets(o, o->arena);
	/* An even number of turns ends where it is kept. */
	extend(o, o->may, NULL);
	for (int turn = 0; turn < (ORDER_STEPS - 2) / 2 * 2; turn++) {
		now = turn % 2 ? other : o->may;
		next = turn % 2 ? o->may : other;
		extend(o, next, now);
	}
	arena_release(&scratch);
}

static void add_edges(struct order *o, const struct node *n, int i)
{
	const struct held_note *note = &n->held[i];
	const struct node *out[ORDER_CALLEES];
	int count = order_callees(o, n, i, out);
	size_t taken = order_is_taking(note) ? number_of(o, note->name) : 0;

	for (int k = 0; k < note->nlock; k++) {
		size_t c = note->locks[k].is_released ? 0 : number_of(o, note->locks[k].class_name);
		uint64_t *row = c ? o->edges + (c - 1) * o->words : NULL;

		if (!row)
			continue;
		if (taken)
			row[(taken - 1) / 64] |= 1ULL << (taken - 1) % 64;
		for (int j = 0; j < count; j++)
			for (size_t w = 0; o->may[out[j]->index] && w < o->words; w++)
				row[w] |= o->may[out[j]->index][w];
	}
}

/* Where each class is held, in the order of the nodes. */
static void index_holders(struct order *o)
{
	const struct program *p = o->g->program;
	uint32_t *first = ARENA_ARRAY(o->arena, uint32_t, o->nclass + 2);

	for (int turn = 0; turn < 2; turn++) {
		for (size_t v = 0; v < p->nnode; v++)
			for (int i = 0; i < p->nodes[v]->nheld; i++)
				for (int k = 0; k < p->nodes[v]->held[i].nlock; k++) {
					const struct held_lock *l = &p->nodes[v]->held[i].locks[k];
					size_t c = l->is_released ? 0 : number_of(o, l->class_name);

					if (c && turn)
						o->holders[first[c]++] = (struct holder){(uint32_t)v, (uint32_t)i, (uint32_t)k};
					else if (c)
						first[c + 1]++;
				}
		for (size_t c = 0; c <= o->nclass && !turn; c++)
			first[c + 1] += first[c];
		if (!turn)
			o->holders = ARENA_ARRAY(o->arena, struct holder, first[o->nclass + 1]);
	}
	o->first_holder = first;
}

/* ------------------------------------------------------------------ who is waited for */

static void add_setup(struct order *o, const char *what, const struct node *n)
{
	struct order_setup *s = map_get(&o->setups, what);

	if (!n)
		return;
	if (!s) {
		s = ARENA_NEW(o->arena, struct order_setup);
		map_set(&o->setups, what, s);
	}
	for (int i = 0; i < s->n; i++)
		if (s->funcs[i] == n)
			return;
	if (s->n == s->cap) {
		const struct node **more = ARENA_ARRAY(o->arena, const struct node *, s->cap = s->cap ? s->cap * 2 : 2);

		if (s->n)
			memcpy(more, s->funcs, sizeof(*more) * (size_t)s->n);
		s->funcs = more;
	}
	s->funcs[s->n++] = n;
}

/* What a call sets up: a function, or those of a field. */
static void add_set_up(struct order *o, const struct node *n, const struct held_note *note)
{
	const struct graph *g = &o->g->graph;
	size_t field;

	if (note->param < 0) {
		add_setup(o, note->lock_kind, program_resolve(o->g->program, n, note->name));
		return;
	}
	field = order_field(o, note->name);
	if (!field || g->first[field + 1] - g->first[field] > ORDER_FEW)
		return;
	for (uint32_t e = g->first[field]; e < g->first[field + 1]; e++)
		add_setup(o, note->lock_kind, o->g->program->nodes[g->to[e]]);
}

/* Functions in fields of variables, and those that calls set up. */
static void collect_setups(struct order *o, struct unit *const *units, size_t nunit)
{
	const struct program *p = o->g->program;

	for (size_t u = 0; u < nunit; u++)
		for (int i = 0; i < units[u]->nslot; i++) {
			const struct slot *s = &units[u]->slots[i];
			const char *of = s->object ? s->object : s->struct_name;

			add_setup(o, arena_printf(o->arena, "%s.%s", of, s->field), program_resolve_in(p, u, s->func));
			if (s->object)	/* which one file may know only */
				add_setup(o, arena_printf(o->arena, "%s:%s.%s", of, s->at.file ? s->at.file : "", s->field),
					  program_resolve_in(p, u, s->func));
		}
	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; i < p->nodes[v]->nheld; i++)
			if (p->nodes[v]->held[i].kind == HELD_SETUP)
				add_set_up(o, p->nodes[v], &p->nodes[v]->held[i]);
	o->run_for = ARENA_ARRAY(o->arena, const struct order_setup *, o->nclass);
	for (size_t c = 0; c < o->nclass; c++)
		o->run_for[c] = map_get(&o->setups, arena_printf(o->arena, "%s.%s", o->classes[c], o->kinds[c]));
}

const struct order_setup *order_run_for(const struct order *o, size_t c)
{
	const struct order_setup *s = o->run_for[c];

	return s && o->is_wait[c] && s->n > ORDER_FEW ? NULL : s;
}

const struct order_setup *order_waited_for(const struct order *o, size_t c)
{
	return o->is_wait[c] ? order_run_for(o, c) : NULL;
}

static void add_wait_edges(struct order *o, size_t c)
{
	const struct order_setup *s = order_run_for(o, c);

	for (int i = 0; s && i < s->n; i++)
		for (size_t w = 0; o->may[s->funcs[i]->index] && w < o->words; w++)
			o->edges[c * o->words + w] |= o->may[s->funcs[i]->index][w];
}

void order_build(struct order *o, struct arena *a, struct analysis *an, const struct reach_graph *g,
		 struct unit *const *units, size_t nunit)
{
	memset(o, 0, sizeof(*o));
	o->an = an;
	o->arena = a;
	o->g = g;
	map_init(&o->numbers);
	map_init(&o->setups);
	number_classes(o);
	find_waits(o);
	make_calls(o);
	close_calls(o);
	index_holders(o);
	collect_setups(o, units, nunit);
	o->edges = ARENA_ARRAY(a, uint64_t, o->nclass * o->words);
	for (size_t v = 0; v < g->program->nnode; v++)
		for (int i = 0; i < g->program->nodes[v]->nheld; i++)
			add_edges(o, g->program->nodes[v], i);
	for (size_t c = 0; c < o->nclass; c++)
		add_wait_edges(o, c);
}

void order_release(struct order *o)
{
	map_release(&o->numbers);
	map_release(&o->setups);
}

bool order_has_edge(const struct order *o, size_t from, size_t to)
{
	return order_has(o->edges + from * o->words, to);
}
