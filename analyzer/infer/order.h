/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_ORDER_H
#define INFER_ORDER_H

/*
 * The order of locks over the whole program: an edge from class A to class B means that somebody takes a B
 * with an A held. A way to each edge is found on demand: from where A is held, down the calls, to where B is taken.
 */

#include "infer/held.h"
#include "infer/reach_graph.h"

struct analysis;
struct text;

/* One call, or at the end the lock taken. */
struct order_step {
	const struct node *node;
	const struct held_note *note;
};

enum {
	ORDER_STEPS = 6,		/* of a way; longer ones prove little */
	ORDER_LENGTH = 4,		/* of a cycle */
	ORDER_NEEDS = 24,	/* of a way; those that come first */
	ORDER_FEW = 12,			/* functions of a field whose calls are followed */
	ORDER_CALLEES = ORDER_FEW + HELD_PARAMS,
};

enum order_when {
	WHEN_OPEN,		/* nothing forbids it */
	WHEN_DOUBTED,		/* two flags of one word have to be set: most likely of different kinds of objects */
	WHEN_NEVER,		/* its conditions contradict each other */
};

/* A condition of a way: the field of some object compares so with that number. */
struct order_need {
	const char *struct_name, *field;
	uint8_t sub;		/* enum flow_sub */
	int64_t value;
};

/* How a lock comes to be taken with another held. */
struct order_way {
	const struct held_lock *held;	/* of the first step's note; NULL: the first step is of a function that is waited for */
	const struct node *first;	/* where it begins */
	int n;
	struct order_step steps[ORDER_STEPS];
	int nfield;			/* steps through ops tables */
	bool is_init;			/* it begins in code that runs once, while the kernel starts */
	bool is_doubted;		/* WHEN_DOUBTED */
	int nneed;			/* found by order_way_when() */
	struct order_need needs[ORDER_NEEDS];
};

/* Each way ends where the next begins, the last where the first does. */
struct order_cycle {
	int n;
	size_t classes[ORDER_LENGTH];
	struct order_way ways[ORDER_LENGTH];	/* from classes[i] to the next */
};

/* Functions that are run for something that may be waited for. */
struct order_setup {
	const struct node **funcs;
	int n, cap;
};

struct order {
	struct analysis *an;
	const struct reach_graph *g;
	struct arena *arena;
	struct map numbers;		/* class -> 1 + number */
	const char **classes, **kinds;
	bool *is_wait;			/* per class: no lock, but what is waited for */
	size_t nclass, words;
	uint64_t **may;			/* per vertex of the graph: classes that a call of it may come to take */
	uint64_t *edges;		/* per class a row of classes */
	/* Where a class is held: those of class c are holders[first_holder[c]] .. holders[first_holder[c + 1] - 1]. */
	struct holder { uint32_t node, note, lock; } *holders;
	uint32_t *first_holder;
	struct map setups;		/* "timer of struct.field" -> struct order_setup */
	const struct order_setup **run_for;	/* per class: the functions that run for it, or with it held */
	struct graph calls;		/* of the notes: as the graph, without what is not followed */
	struct graph callers;		/* of the graph, for who is careful */
	const struct held_entry *entries;	/* what is held on entry, per vertex */
	bool is_careful;		/* ways are asked when they can be gone */
	size_t nsearch;			/* ways looked for */
	size_t ntoo_many;		/* calls through fields with too many functions, not followed */
};

/* From the notes of all nodes. Everything lives in a, save the maps. */
void order_build(struct order *o, struct arena *a, struct analysis *an, const struct reach_graph *g,
		 struct unit *const *units, size_t nunit);
void order_release(struct order *o);
/* The vertex of the graph that the field is, or 0. */
size_t order_field(const struct order *o, const char *name);
bool order_has_edge(const struct order *o, size_t from, size_t to);
/* What note i of node n may call; how many. */
int order_callees(struct order *o, const struct node *n, int i, const struct node *out[ORDER_CALLEES]);
/* Those whom a wait for class c waits for, if they are few, or that are called with the lock c held; or NULL. */
const struct order_setup *order_run_for(const struct order *o, size_t c);
/* Of a class that is waited for only. */
const struct order_setup *order_waited_for(const struct order *o, size_t c);

static inline bool order_is_taking(const struct held_note *n)
{
	return n->kind == HELD_TAKE || n->kind == HELD_WAIT;
}

static inline bool order_has(const uint64_t *bits, size_t i)
{
	return bits && bits[i / 64] >> i % 64 & 1;
}

/* order_way.c: ways of an edge, the plainest first, at most room: only those that no value passed on the way forbids. */
int order_ways(struct order *o, size_t from, size_t to, struct order_way *ways, int room);
/* order_when.c: can that way from class from be gone, as far as the conditions in its functions tell? */
enum order_when order_way_when(struct order *o, struct order_way *w, size_t from);
/* Can no object be as both want it? */
bool order_needs_exclude(const struct order_need *a, const struct order_need *b);
/* order_name.c: is class i that of two structs of one name, one in the way before and another in the way after? */
bool order_are_namesakes(const struct order *o, const struct order_cycle *c, int i);
/* order_doubt.c: is the cycle more often wrong than right? */
bool order_is_guess(const struct order *o, const struct order_cycle *c);
/* Class i is only read on both sides: they wait for each other only if a writer waits in between. */
bool order_needs_writer(const struct order_cycle *c, int i);
/* Somebody who takes the class for itself alone; node NULL: nobody does. */
struct order_step order_writer(const struct order *o, size_t class);
/* order_cycle.c: report orders that contradict each other. */
void order_check(struct order *o);
/* Append the graph in the language of dot; classes by name. */
void order_print(struct text *out, struct order *o);

#endif
