// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders that contradict each other on paper only. Entry: order_is_guess(), for a cycle whose ways could meet as far as
 * locks go. Where nothing proves that they cannot, a few signs tell that it is more often so than not.
 */
#include "infer/order.h"

#define MOST_TASKS 3	/* that have to come together */
#define NEAR 3		/* calls */

/* ------------------------------------------------------------------ writers */

bool order_needs_writer(const struct order_cycle *c, int i)
{
	const struct order_way *before = &c->ways[(i + c->n - 1) % c->n], *after = &c->ways[i];

	return after->held && after->held->is_shared && before->steps[before->n - 1].note->is_shared;
}

struct order_step order_writer(const struct order *o, size_t class)
{
	const struct program *p = o->g->program;

	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; i < p->nodes[v]->nheld; i++) {
			const struct held_note *n = &p->nodes[v]->held[i];

			if (n->kind == HELD_TAKE && n->name == o->classes[class] && !n->is_shared)
				return (struct order_step){p->nodes[v], n};
		}
	return (struct order_step){NULL, NULL};
}

/* Does the program come to n, as far as it was read? */
static bool is_reached(const struct order *o, const struct node *n)
{
	return o->callers.first[n->index] < o->callers.first[n->index + 1];
}

/*
 * Each way is a task, and so is each writer that must wait between two readers. With one, it takes more to believe: all of
 * them must be known to run, as what is set up is, and code for the start of the kernel.
 */
static bool wants_many(const struct order *o, const struct order_cycle *c)
{
	int n = c->n;

	for (int i = 0; i < c->n; i++) {
		if (!order_needs_writer(c, i))
			continue;
		if (!order_writer(o, c->classes[i]).node)
			return true;
		n++;
	}
	for (int i = 0; i < c->n && n > c->n; i++)
		if (c->ways[i].held && !c->ways[i].is_init && !is_reached(o, c->ways[i].first))
			return true;
	return n > MOST_TASKS;
}

/* ------------------------------------------------------------------ whose callback */

static bool same_file(const struct node *a, const struct node *b)
{
	return a->fn->file == b->fn->file;
}

/*
 * A table has functions of many drivers. Which one it is depends on the object, and that comes from where the way
 * begins: whoever begins beside the call, for any object, may get to each; who comes from elsewhere, to its own.
 */
static bool is_anothers(const struct order *o, const struct order_way *w)
{
	const struct graph *g = &o->g->graph;

	for (int i = 0; i < w->n - 1; i++) {
		size_t field = w->steps[i].note->kind == HELD_FIELD ? order_field(o, w->steps[i].note->name) : 0;

		if (field && g->first[field + 1] - g->first[field] > 1 && !same_file(w->first, w->steps[i].node) &&
		    !same_file(w->first, w->steps[i + 1].node))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ ways that lead into each other */

/*
 * One way comes through where the other begins. Who goes on there takes the first lock a second time, and would hang
 * whenever it runs, or at least hear of it from lockdep: something forbids that, be it that the objects differ or a
 * condition.
 */
static bool runs_into(const struct order_cycle *c, int i)
{
	const struct order_way *w = &c->ways[i], *next = &c->ways[(i + 1) % c->n];

	for (int k = 1; k < w->n; k++)
		if (w->steps[k].node == next->first)
			return true;
	return false;
}

/* ------------------------------------------------------------------ who waits for itself */

static bool comes_to(const struct order *o, const struct node *from, const struct node *to, int depth)
{
	for (uint32_t e = o->calls.first[from->index]; e < o->calls.first[from->index + 1]; e++)
		if (o->calls.to[e] == to->index ||
		    (depth > 1 && comes_to(o, o->g->program->nodes[o->calls.to[e]], to, depth - 1)))
			return true;
	return false;
}

/*
 * Does what is waited for come by the wait as well? It cannot wait for itself: whatever keeps it from that is a condition
 * of the wait, by which it most likely does not run then.
 */
static bool waits_for_itself(const struct order *o, const struct order_cycle *c, int i)
{
	const struct order_way *w = &c->ways[i];
	const struct order_setup *s = order_waited_for(o, c->classes[(i + 1) % c->n]);

	for (int k = 0; s && k < s->n; k++)
		if (comes_to(o, s->funcs[k], w->steps[w->n - 1].node, NEAR))
			return true;
	return false;
}

/* ------------------------------------------------------------------ for whom the ways are */

/* One way is for objects that the other is not for, like root hubs and other devices. */
static bool are_for_others(const struct order_way *a, const struct order_way *b)
{
	for (int i = 0; i < a->nneed; i++)
		for (int k = 0; k < b->nneed; k++)
			if (order_needs_exclude(&a->needs[i], &b->needs[k]))
				return true;
	return false;
}

bool order_is_guess(const struct order *o, const struct order_cycle *c)
{
	if (wants_many(o, c))
		return true;
	for (int i = 0; i < c->n; i++) {
		if (c->ways[i].is_doubted || is_anothers(o, &c->ways[i]) || waits_for_itself(o, c, i) ||
		    (c->n == 2 && runs_into(c, i)))
			return true;
		for (int k = 0; k < i; k++)
			if (are_for_others(&c->ways[i], &c->ways[k]))
				return true;
	}
	return false;
}
