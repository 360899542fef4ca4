/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_ENTRY_H
#define INFER_ENTRY_H

/*
 * Which locks, by class, are held when a function is entered: surely, by all who call it, and
 * perhaps, by somebody who does. From the evidence of all functions, callers first.
 */

#include <stdbool.h>
#include <stddef.h>

#include "infer/evidence.h"

struct arena;
struct model;
struct node;
struct program;
struct unit;

struct entry_locks {
	const struct names *sure;	/* each direct caller holds them; none if it can be called otherwise */
	const struct names *near, *maybe; /* some caller, or caller's caller, may hold them: through few fields, through many */
	bool is_near_open, is_open;	/* anything may be held: too much, or nobody can tell; the same */
	bool is_unseen;			/* a call through a pointer leads here of which nothing was seen */
	bool is_named;			/* its address is taken: it is called through a pointer */
	bool is_slot;			/* it is in a field of an ops table */
	bool is_called;			/* of a field: a call through it was seen, or a model speaks of it */
	bool is_filled;			/* of a field: it was seen what is put there */
	bool is_modelled;		/* of a field: a model says what is held */
};

/* A call of a function by its name. */
struct entry_call {
	const struct node *caller;
	const struct sighting *at;	/* NULL: the caller never holds a lock, and all its calls are alike */
};

struct entries {
	struct arena *arena;
	const struct program *program;
	struct entry_locks *of;		/* per node */
	size_t *first;			/* the calls of node i: calls[first[i]] .. calls[first[i + 1] - 1] */
	struct entry_call *calls;
	const struct names *far;	/* locks that somebody holds while calling what nobody was seen to put there */
};

/* Everything lives in a. */
void entries_build(struct entries *e, struct arena *a, const struct program *p, const struct model *model,
		   struct unit *const *units, size_t nunit);
/* The locks that the function's annotations say its callers hold. */
const struct names *entry_annotated(struct arena *a, const struct node *n);
/* At a call, by class: does some path hold it there? */
bool entry_call_may_hold(const struct entries *e, const struct entry_call *c, const char *lock);

#endif
