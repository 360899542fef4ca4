/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_EXPLAIN_H
#define INFER_EXPLAIN_H

/*
 * Between explain.c, which chooses the steps of a path and what is held at each, and
 * explain_words.c, which puts them in words. Texts are in the arena of the analysis.
 */

#include "infer/simulate.h"

/* The steps of a finding in the making. */
struct steps {
	struct analysis *an;
	const struct func *fn;
	const struct candidate *about;
	struct step *items;
	int n;
};

static inline bool is_same_place(struct place a, struct place b)
{
	return a.file == b.file && a.line == b.line && a.col == b.col;
}

static inline bool is_lock_step(const struct trace *t)
{
	return t->kind == STEP_LOCK || t->kind == STEP_UNLOCK;
}

static inline bool is_count_step(const struct trace *t)
{
	return t->kind == STEP_GET || t->kind == STEP_PUT || t->kind == STEP_FIND;
}

/* Has the step given a lock of its callers back? */
static inline bool has_dropped(const struct trace *t, const struct sym *lock)
{
	for (int i = 0; t && t->locks && i < t->locks->n; i++)
		if (t->locks->items[i].state == LOCK_DROPPED && (!lock || t->locks->items[i].lock == lock))
			return true;
	return false;
}

/* A symbol as the source names it; as_target: what it is the address of. "" for NULL. */
const char *words_symbol(struct arena *a, const struct sym *s, bool as_target);
/* "group->mutex" of a lock's address. */
const char *words_lock(struct arena *a, const struct sym *lock, const char *kind);
/* That c is not 0; NULL when nothing can be said of it. */
const char *words_condition(struct steps *s, const struct sym *c);
/* A step by itself; of a condition, only one that words_condition() has words for. */
const char *words_step(struct steps *s, const struct trace *t);
/* A call whose own steps follow, and its end behind them. */
const char *words_call(struct steps *s, const struct trace *t);
const char *words_end(struct steps *s, const struct trace *t);

#endif
