/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_REACH_H
#define INFER_REACH_H

/*
 * What a call may come to, over the full call graph: the lock classes that may be waited
 * for, and whether it may sleep. Plain sets, no paths and no conditions: they cross what
 * summaries do not, the ops tables. Read after the simulation, which names most classes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/reach_graph.h"

struct text;

/* An element of the sets: sleeping (class NULL), or waiting for a lock. */
struct reach_element {
	const char *class_name;		/* as sym_class() gives it; the kind when nothing names the lock */
	const char *kind;		/* of the lock; "" for sleeping */
};

struct reach {
	struct reach_graph graph;
	struct arena *arena;
	const struct reach_element *elements;	/* sorted: sleeping first, then by class and kind */
	size_t nelement;
	const struct reach_set **sets;		/* per vertex; shared where equal; NULL: empty */
	uint64_t *own;				/* sorted (element << 32 | vertex): where it happens itself */
	size_t nown;
	int **distance;				/* per element, once asked for, per vertex: 1 + edges to go, or 0 */
	struct graph callers;		/* the graph turned round, once asked for */
};

enum { REACH_SLEEP = 0 };			/* the element that is there always */

/* Everything lives in a. */
void reach_build(struct reach *r, struct arena *a, struct program *p, struct unit *const *units, size_t nunit);
/* May a call of node n come to element e? */
bool reach_has(const struct reach *r, const struct node *n, size_t e);
/*
 * The next vertex from v on a shortest way to where e happens; -1 when it happens in v itself or
 * cannot be reached. Costs a walk over the graph the first time an element is asked for.
 */
long reach_next(struct reach *r, size_t v, size_t e);
/* Append the sets of node n with a chain for each element; nothing when they are empty. */
void reach_print(struct text *out, struct reach *r, const struct node *n);

#endif
