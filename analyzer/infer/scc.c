// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strongly connected components (Tarjan, SIAM J. Comput. 1972): scc_find(). The stack is explicit: call
 * chains of the kernel are deeper than ours may be. The way back: graph_turn().
 */
#include "infer/scc.h"

#include <stdbool.h>

#include "base/arena.h"

/* low and number are indexed like vertices; edge is the next edge to follow. */
struct tarjan {
	const struct graph *g;
	int *component, *finish;
	int *number, *low;
	uint32_t *edge;
	bool *on_stack;
	size_t *stack, nstack, *work, nwork;
	int next, finished, components;
};

static void tarjan_open(struct tarjan *t, size_t v)
{
	t->number[v] = t->low[v] = ++t->next;
	t->edge[v] = t->g->first[v];
	t->stack[t->nstack++] = v;
	t->on_stack[v] = true;
	t->work[t->nwork++] = v;
}

static void tarjan_close(struct tarjan *t, size_t v)
{
	size_t w;

	t->nwork--;
	if (t->finish)
		t->finish[v] = t->finished++;
	if (t->nwork && t->low[v] < t->low[t->work[t->nwork - 1]])
		t->low[t->work[t->nwork - 1]] = t->low[v];
	if (t->low[v] != t->number[v])
		return;
	do {
		w = t->stack[--t->nstack];
		t->on_stack[w] = false;
		t->component[w] = t->components;
	} while (w != v);
	t->components++;
}

static void tarjan_from(struct tarjan *t, size_t root)
{
	tarjan_open(t, root);
	while (t->nwork) {
		size_t v = t->work[t->nwork - 1];

		if (t->edge[v] < t->g->first[v + 1]) {
			size_t w = t->g->to[t->edge[v]++];

			if (!t->number[w])
				tarjan_open(t, w);
			else if (t->on_stack[w] && t->number[w] < t->low[v])
				t->low[v] = t->number[w];
		} else {
			tarjan_close(t, v);
		}
	}
}

int scc_find(const struct graph *g, int *component, int *finish)
{
	struct tarjan t = {.g = g, .component = component, .finish = finish};
	struct arena scratch;

	arena_init(&scratch);
	t.number = ARENA_ARRAY(&scratch, int, g->n);
	t.low = ARENA_ARRAY(&scratch, int, g->n);
	t.edge = ARENA_ARRAY(&scratch, uint32_t, g->n);
	t.on_stack = ARENA_ARRAY(&scratch, bool, g->n);
	t.stack = ARENA_ARRAY(&scratch, size_t, g->n);
	t.work = ARENA_ARRAY(&scratch, size_t, g->n);
	for (size_t v = 0; v < g->n; v++)
		if (!t.number[v])
			tarjan_from(&t, v);
	arena_release(&scratch);
	return t.components;
}

struct graph graph_turn(const struct graph *g, struct arena *a)
{
	uint32_t *first = ARENA_ARRAY(a, uint32_t, g->n + 2), *to = ARENA_ARRAY(a, uint32_t, g->first[g->n]);

	for (uint32_t e = 0; e < g->first[g->n]; e++)
		first[g->to[e] + 2]++;
	for (size_t v = 0; v < g->n; v++)
		first[v + 2] += first[v + 1];
	for (size_t v = 0; v < g->n; v++)
		for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++)
			to[first[g->to[e] + 1]++] = (uint32_t)v;
	return (struct graph){.n = g->n, .first = first, .to = to};
}
