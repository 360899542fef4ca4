// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets closed over the full call graph. Entry: reach_build(): what functions do themselves
 * gets numbers; components are gone through callees first, and a component's set is
 * what its members do and the sets of what they call. reach_next() finds the way: a walk
 * from where an element happens, against the calls, gives all vertices their distance.
 *
 * A class that only a function's summary has is one of its own if no callee has it: the
 * callee took a lock it could not name.
 */
#include "infer/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/reach_own.h"

/* A set of elements. */
struct reach_set {
	size_t n;
	uint64_t bits[];
};

static bool set_has(const struct reach_set *s, size_t e)
{
	return s && s->bits[e / 64] >> e % 64 & 1;
}

static void set_add(struct reach_set *s, size_t e)
{
	s->n += !set_has(s, e);
	s->bits[e / 64] |= 1ULL << e % 64;
}

/* ------------------------------------------------------------------ elements */

static int by_class(const void *a, const void *b)
{
	const struct own *x = *(const struct own *const *)a, *y = *(const struct own *const *)b;
	int c;

	if (!x->class_name || !y->class_name)
		return (x->class_name != NULL) - (y->class_name != NULL);
	c = strcmp(x->class_name, y->class_name);
	return c ? c : strcmp(x->kind, y->kind);
}

/* Give elements their numbers. */
static void number_elements(struct reach *r, struct own_list *l)
{
	struct own **sorted = malloc(sizeof(*sorted) * (l->n + 1)), *last = NULL;
	struct reach_element *all = ARENA_ARRAY(r->arena, struct reach_element, l->n + 1);

	if (!sorted)
		die("out of memory (lock classes)");
	for (size_t i = 0; i < l->n; i++)
		sorted[i] = &l->items[i];
	qsort(sorted, l->n, sizeof(*sorted), by_class);
	all[REACH_SLEEP].kind = "";
	for (size_t i = 0; i < l->n; i++) {
		if (sorted[i]->class_name && (!last || by_class(&last, &sorted[i])))
			all[++r->nelement] = (struct reach_element){sorted[i]->class_name, sorted[i]->kind};
		sorted[i]->element = sorted[i]->class_name ? (uint32_t)r->nelement : REACH_SLEEP;
		last = sorted[i];
	}
	r->nelement++;
	r->elements = all;
	free(sorted);
}

/* ------------------------------------------------------------------ sets */

/* The vertices of each component, one component after the other. */
struct members {
	int n;			/* components */
	int *component;		/* per vertex */
	uint32_t *first, *vertex;
};

static void find_members(struct members *m, struct arena *a, const struct graph *g)
{
	uint32_t *next;

	m->component = ARENA_ARRAY(a, int, g->n);
	m->n = scc_find(g, m->component, NULL);
	m->first = ARENA_ARRAY(a, uint32_t, m->n + 1);
	m->vertex = ARENA_ARRAY(a, uint32_t, g->n);
	next = ARENA_ARRAY(a, uint32_t, m->n + 1);
	for (size_t v = 0; v < g->n; v++)
		m->first[m->component[v] + 1]++;
	for (int i = 0; i < m->n; i++)
		next[i] = m->first[i + 1] += m->first[i];
	for (size_t v = g->n; v-- > 0; )
		m->vertex[--next[m->component[v]]] = (uint32_t)v;
}

/* Own elements by node: those of v are items[first[v]] .. items[first[v + 1] - 1]. */
static uint32_t *index_own(struct arena *a, const struct own_list *l, size_t n)
{
	uint32_t *first = ARENA_ARRAY(a, uint32_t, n + 1);

	for (size_t i = 0; i < l->n; i++)
		first[l->items[i].node + 1]++;
	for (size_t v = 0; v < n; v++)
		first[v + 1] += first[v];
	return first;
}

static void add_own(struct reach *r, struct reach_set *s, const struct own *o)
{
	set_add(s, o->element);
	r->own[r->nown++] = (uint64_t)o->element << 32 | o->node;
}

/* What vertex v calls, outside its component, added to s. The largest of those sets comes back, or large. */
static const struct reach_set *add_callees(const struct reach *r, const struct members *m, struct reach_set *s,
					   size_t v, const struct reach_set *large)
{
	const struct graph *g = &r->graph.graph;
	size_t words = (r->nelement + 63) / 64;

	for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++) {
		const struct reach_set *callee = r->sets[g->to[e]];

		if (!callee || m->component[g->to[e]] == m->component[v])
			continue;
		for (size_t w = 0; w < words; w++)
			s->bits[w] |= callee->bits[w];
		if (!large || callee->n > large->n)
			large = callee;
	}
	return large;
}

static void close_component(struct reach *r, const struct members *m, int c, const struct own_list *l,
			    const uint32_t *own, struct reach_set *s)
{
	size_t words = (r->nelement + 63) / 64, size = sizeof(*s) + words * sizeof(s->bits[0]);
	const struct reach_set *large = NULL;

	memset(s, 0, size);
	for (uint32_t i = m->first[c]; i < m->first[c + 1]; i++)
		large = add_callees(r, m, s, m->vertex[i], large);
	for (size_t w = 0; w < words; w++)
		s->n += (size_t)__builtin_popcountll(s->bits[w]);
	for (int seen = 1; seen >= 0; seen--)
		for (uint32_t i = m->first[c]; i < m->first[c + 1]; i++) {
			uint32_t v = m->vertex[i];

			for (uint32_t k = own[v]; k < own[v + 1]; k++)
				if (l->items[k].is_seen == seen && (seen || !set_has(s, l->items[k].element)))
					add_own(r, s, &l->items[k]);
		}
	if (!large || large->n != s->n)
		large = s->n ? arena_copy(r->arena, s, size) : NULL;
	for (uint32_t i = m->first[c]; i < m->first[c + 1]; i++)
		r->sets[m->vertex[i]] = large;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void close_all(struct reach *r, const struct own_list *l)
{
	struct arena scratch;
	struct members m;
	struct reach_set *s;
	uint32_t *own;

	arena_init(&scratch);
	find_members(&m, &scratch, &r->graph.graph);
	own = index_own(&scratch, l, r->graph.graph.n);
	s = arena_alloc(&scratch, sizeof(*s) + (r->nelement + 63) / 64 * sizeof(s->bits[0]));
	r->sets = ARENA_ARRAY(r->arena, const struct reach_set *, r->graph.graph.n);
	r->own = ARENA_ARRAY(r->arena, uint64_t, l->n);
	for (int c = 0; c < m.n; c++)
		close_component(r, &m, c, l, own, s);
	if (r->nown)
		qsort(r->own, r->nown, sizeof(*r->own), by_number);
	arena_release(&scratch);
}

void reach_build(struct reach *r, struct arena *a, struct program *p, struct unit *const *units, size_t nunit)
{
	struct own_list own;

	memset(r, 0, sizeof(*r));
	r->arena = a;
	reach_graph_build(&r->graph, a, p, units, nunit);
	own_collect(&own, &r->graph);
	number_elements(r, &own);
	close_all(r, &own);
	own_release(&own);
	r->distance = ARENA_ARRAY(a, int *, r->nelement);
}

bool reach_has(const struct reach *r, const struct node *n, size_t e)
{
	return set_has(r->sets[n->index], e);
}

/* ------------------------------------------------------------------ ways */

/* Where own entries of element e begin. */
static size_t own_begin(const struct reach *r, size_t e)
{
	size_t low = 0, high = r->nown;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->own[mid] >> 32 < e)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int *measure(struct reach *r, size_t e)
{
	size_t n = r->graph.graph.n, end = 0;
	int *distance = ARENA_ARRAY(r->arena, int, n);
	struct arena scratch;
	uint32_t *queue;

	if (!r->callers.first)
		r->callers = graph_turn(&r->graph.graph, r->arena);
	arena_init(&scratch);
	queue = ARENA_ARRAY(&scratch, uint32_t, n);
	for (size_t i = own_begin(r, e); i < r->nown && r->own[i] >> 32 == e; i++) {
		queue[end] = (uint32_t)r->own[i];
		distance[queue[end++]] = 1;
	}
	for (size_t i = 0; i < end; i++) {
		uint32_t v = queue[i];

		for (uint32_t k = r->callers.first[v]; k < r->callers.first[v + 1]; k++) {
			if (distance[r->callers.to[k]])
				continue;
			distance[r->callers.to[k]] = distance[v] + 1;
			queue[end++] = r->callers.to[k];
		}
	}
	arena_release(&scratch);
	return distance;
}

long reach_next(struct reach *r, size_t v, size_t e)
{
	const struct graph *g = &r->graph.graph;
	const int *distance;

	if (!r->distance[e])
		r->distance[e] = measure(r, e);
	distance = r->distance[e];
	for (uint32_t k = g->first[v]; distance[v] > 1 && k < g->first[v + 1]; k++)
		if (distance[g->to[k]] == distance[v] - 1)
			return g->to[k];
	return -1;
}

/* ------------------------------------------------------------------ printing */

static void print_way(struct text *out, struct reach *r, size_t v, size_t e)
{
	const struct program *p = r->graph.program;
	const char *between = " through ";
	long next;

	while ((next = reach_next(r, v, e)) >= 0) {
		v = (size_t)next;
		text_puts(out, between);
		text_puts(out, v < p->nnode ? p->nodes[v]->fn->name : r->graph.fields[v - p->nnode]);
		between = " -> ";
	}
}

void reach_print(struct text *out, struct reach *r, const struct node *n)
{
	const struct reach_set *s = r->sets[n->index];

	if (!s)
		return;
	text_printf(out, "%s:\n", n->fn->name);
	for (size_t e = 0; e < r->nelement; e++) {
		if (!set_has(s, e))
			continue;
		if (e == REACH_SLEEP)
			text_puts(out, "  may sleep");
		else
			text_printf(out, "  takes %s (%s)", flow_plain_name(r->elements[e].class_name), r->elements[e].kind);
		print_way(out, r, n->index, e);
		text_putc(out, '\n');
	}
}
