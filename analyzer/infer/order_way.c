// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways: how a lock comes to be taken with another held. Entry: order_ways(). Each is searched breadth first down the calls,
 * from a place where the first lock is held, or from who is waited for. A note on the way counts only if it was seen
 * with values that are passed, if the first lock is still held there, and if the kernel does not warn.
 */
#include "infer/order.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "infer/simulate.h"

#define MAX_QUEUE 500
#define MAX_TRIES 40	/* places to begin at, for one edge */
#define MAX_SEARCHES 20000	/* of the whole program; then no edge is shown any more */

/* A call on a way being searched. */
struct visit {
	const struct node *node;	/* called */
	uint32_t args;			/* what it is given */
	int depth;			/* calls down to it */
	int by;				/* the visit whose node calls it; -1 */
	const struct held_note *call;
};

struct search {
	struct order *o;
	const char *held, *wanted;
	size_t from, to;
	struct visit *queue;
	int n;
	struct map seen;
};

static bool is_feasible(const struct held_note *n, uint32_t args)
{
	for (int i = 0; i < HELD_PARAMS; i++)
		if (n->need >> 4 * i & 15 && !(n->need & args & 15u << 4 * i))
			return false;
	return true;
}

/* What the call passes on, of what its function was given. */
static uint32_t pass(const struct held_note *n, uint32_t args)
{
	uint32_t out = n->args;

	for (int i = 0; i < HELD_PARAMS; i++)
		if (n->from[i] >= 0)
			out &= ~(15u << 4 * i) | (args >> 4 * n->from[i] & 15) << 4 * i;
	return out;
}

/* Nobody waits for itself: where n is what the wanted wait is for, something keeps it from waiting. */
static bool is_waited_for(const struct order *o, size_t to, const struct node *n)
{
	const struct order_setup *s = order_run_for(o, to);

	for (int i = 0; s && i < s->n; i++)
		if (s->funcs[i] == n)
			return true;
	return false;
}

static void visit(struct search *s, const struct node *n, uint32_t args, int by, const struct held_note *call)
{
	int depth = (by >= 0 ? s->queue[by].depth : 0) + (call != NULL);
	char key[40];

	if (s->n == MAX_QUEUE || depth >= ORDER_STEPS || !order_has(s->o->may[n->index], s->to) ||
	    is_waited_for(s->o, s->to, n))
		return;
	snprintf(key, sizeof(key), "%zu %x", n->index, args);
	if (map_get(&s->seen, key))
		return;
	map_set(&s->seen, arena_strdup(s->o->arena, key), s);
	s->queue[s->n++] = (struct visit){n, args, depth, by, call};
}

static void visit_callees(struct search *s, const struct node *n, int i, uint32_t args, int by)
{
	const struct held_note *note = &n->held[i];
	const struct node *out[ORDER_CALLEES];
	int count = order_callees(s->o, n, i, out);

	for (int k = 0; k < count; k++)
		visit(s, out[k], note->kind == HELD_CALL && k ? ~0u : pass(note, args), by, note);
}

/* The way that ends with that take in what visit at calls. */
static bool make_way(const struct search *s, struct order_way *w, int at, const struct held_note *take)
{
	int n = 1;

	for (int v = at; v >= 0; v = s->queue[v].by)
		n += s->queue[v].call != NULL;
	if (n > ORDER_STEPS)
		return false;
	w->n = n;
	w->nfield = 0;
	w->steps[--n] = (struct order_step){s->queue[at].node, take};
	for (int v = at; v >= 0; v = s->queue[v].by) {
		const struct node *by = s->queue[v].by >= 0 ? s->queue[s->queue[v].by].node : w->first;

		if (!s->queue[v].call)
			continue;
		w->steps[--n] = (struct order_step){by, s->queue[v].call};
		w->nfield += s->queue[v].call->kind == HELD_FIELD;
	}
	return true;
}

/*
 * Does the note say that the wanted class is held there already, or that the first lock is not any more? What was released
 * before was held: who takes it again had it first.
 */
static bool is_other(const struct search *s, const struct held_note *n)
{
	for (int i = 0; i < n->nlock; i++)
		if (n->locks[i].class_name == s->wanted || (n->locks[i].is_released && n->locks[i].class_name == s->held))
			return true;
	return false;
}

static bool is_open(struct order *o, struct order_way *w, size_t from)
{
	enum order_when when = o->is_careful ? order_way_when(o, w, from) : WHEN_OPEN;

	w->is_doubted = when == WHEN_DOUBTED;
	return when != WHEN_NEVER;
}

/* From what is in the queue. */
static bool go(struct search *s, struct order_way *w)
{
	for (int v = 0; v < s->n; v++)
		for (int k = 0; k < s->queue[v].node->nheld; k++) {
			const struct held_note *note = &s->queue[v].node->held[k];

			if (!is_feasible(note, s->queue[v].args) || is_other(s, note) || note->is_warned)
				continue;
			if (order_is_taking(note) && note->name == s->wanted) {
				if (make_way(s, w, v, note) && is_open(s->o, w, s->from))
					return true;
			} else if (!order_is_taking(note)) {
				visit_callees(s, s->queue[v].node, k, s->queue[v].args, v);
			}
		}
	return false;
}

/* From note i of n, which has the lock held; held NULL: from n itself, which is waited for as class from. */
static bool find_way(struct order *o, const struct node *n, int i, const struct held_lock *held, size_t from, size_t to,
		     struct order_way *w)
{
	struct search s = {.o = o, .held = o->classes[from], .wanted = o->classes[to], .from = from, .to = to};
	struct arena scratch, *kept = o->arena;
	bool found;

	*w = (struct order_way){
		.held = held, .first = n, .n = 1, .is_init = n->fn->section && !strncmp(n->fn->section, ".init", 5),
	};
	if (is_waited_for(o, to, n) || (held && (is_other(&s, &n->held[i]) || n->held[i].is_warned)))
		return false;
	w->steps[0] = (struct order_step){n, held ? &n->held[i] : NULL};
	if (held && order_is_taking(&n->held[i]))
		return n->held[i].name == s.wanted && is_open(o, w, from);
	if (o->nsearch++ > MAX_SEARCHES)
		return false;
	arena_init(&scratch);
	o->arena = &scratch;
	s.queue = ARENA_ARRAY(&scratch, struct visit, MAX_QUEUE);
	map_init(&s.seen);
	if (held)
		visit_callees(&s, n, i, ~0u, -1);
	else
		visit(&s, n, ~0u, -1, NULL);
	found = go(&s, w);
	map_release(&s.seen);
	arena_release(&scratch);
	o->arena = kept;
	return found;
}

/* May note i of n come to take it? */
static bool may_come_to(struct order *o, const struct node *n, int i, size_t to)
{
	const struct node *out[ORDER_CALLEES];

	if (order_is_taking(&n->held[i]))
		return n->held[i].name == o->classes[to];
	for (int count = order_callees(o, n, i, out), k = 0; k < count; k++)
		if (order_has(o->may[out[k]->index], to))
			return true;
	return false;
}

static bool is_better(const struct order_way *a, const struct order_way *b)
{
	if (a->is_init != b->is_init)
		return b->is_init;
	return a->nfield != b->nfield ? a->nfield < b->nfield : a->n < b->n;
}

static int add_way(struct order_way *ways, int n, int room, const struct order_way *w)
{
	int at;

	for (at = n < room ? n : room - 1; at > 0 && is_better(w, &ways[at - 1]); at--)
		ways[at] = ways[at - 1];
	if (at < n || n < room)
		ways[at] = *w;
	return n + (n < room);
}

int order_ways(struct order *o, size_t from, size_t to, struct order_way *ways, int room)
{
	const struct program *p = o->g->program;
	const struct order_setup *s = order_run_for(o, from);
	struct order_way w;
	int n = 0, tries = 0;

	for (int i = 0; s && i < s->n; i++)
		if (order_has(o->may[s->funcs[i]->index], to) && find_way(o, s->funcs[i], 0, NULL, from, to, &w))
			n = add_way(ways, n, room, &w);
	/* The plain ones first: there may be very many. */
	for (int direct = 1; direct >= 0; direct--)
		for (uint32_t k = o->first_holder[from]; k < o->first_holder[from + 1]; k++) {
			const struct holder *h = &o->holders[k];
			const struct node *node = p->nodes[h->node];

			if (order_is_taking(&node->held[h->note]) != direct || tries > MAX_TRIES ||
			    !may_come_to(o, node, (int)h->note, to))
				continue;
			tries += !direct;
			if (find_way(o, node, (int)h->note, &node->held[h->note].locks[h->lock], from, to, &w))
				n = add_way(ways, n, room, &w);
		}
	return n;
}
