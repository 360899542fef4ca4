/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef QUERY_HELD_H
#define QUERY_HELD_H

/*
 * What a function holds at one of its calls. A look over its blocks, without conditions: for telling people,
 * not for judging. What it took and gave back by then counts, not what its callers hold.
 */

#include "query/query.h"

#define HELD_MAX 16

struct query_lock {
	const struct sym *lock;		/* NULL: of a kind of which there is one (RCU) */
	const char *kind;
	bool is_maybe;			/* on some ways to the call only */
	bool is_callers;		/* not taken: said to be held */
	bool is_released;		/* not held: it was the callers', and was given back */
};

struct held_locks {
	struct query_lock items[HELD_MAX];
	int n;
};

/* What n, which was read, holds when it comes to instruction in. */
void held_at(struct question *q, const struct node *n, const struct insn *in, struct held_locks *out);
/* Its class: "iommu_group.mutex". */
const char *held_class(const struct query_lock *l);
/* "group->mutex", "[x->lock]" if it is held on some ways only. In the arena. */
const char *held_name(struct question *q, const struct query_lock *l);

#endif
