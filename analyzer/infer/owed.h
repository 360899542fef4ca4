/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_OWED_H
#define INFER_OWED_H

/*
 * The books of a path, kept for verify only: of each object and kind of reference, how
 * many this path has got and not yet given back or handed on. Nothing is ever forgiven
 * here, unlike in reference.c, which must be believed. Immutable, replaced on change.
 */

#include "infer/state.h"

struct owed {
	const struct sym *object;
	const char *kind;		/* "device", "memory"; "linked": it is on a list; "unlinked": of a head, from which
					   something was taken */
	int count;
	struct place at;		/* of the last change */
	const char *by;			/* the function called there; or NULL */
	const struct sym *under;	/* "linked": the lock of the list */
};

struct owed_set {
	int n;
	struct owed items[];
};

const struct owed *owed_find(const struct state *st, const struct sym *object, const char *kind);
/* Add o->count to what is owed on its object; 0 in the end is nothing owed. */
void owed_add(struct state_pool *p, struct state *st, const struct owed *o);
void owed_drop(struct state_pool *p, struct state *st, const struct sym *object, const char *kind);
bool owed_same(const struct owed_set *a, const struct owed_set *b);
/* "linked" and "unlinked" are notes: nothing that is owed. */
bool owed_is_note(const struct owed *o);
/* A hash that does not depend on the order. */
uint64_t owed_key(const struct owed_set *s);

#endif
