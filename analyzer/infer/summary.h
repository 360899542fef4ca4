/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_SUMMARY_H
#define INFER_SUMMARY_H

/*
 * What a function does, for its callers: a list of cases. A case says under which
 * conditions on what the function was given it happens, what is returned, and what
 * happened to memory, locks, references and borrows. Its symbols are in the program's
 * table: parameters, globals and entry memory are the caller's to fill in; unknowns
 * (SYM_NEW) become unknowns of the call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "infer/callgraph.h"
#include "infer/state.h"

struct sim;
struct text;

struct scase {
	struct range *ranges;		/* conditions on outer values, and what is known of unknowns handed out */
	int nrange;
	struct cell *cells;		/* memory afterwards */
	int ncell;
	const struct sym **conds;	/* the branches on its path, all true when and only when it happens */
	int ncond;			/* 0: not known so exactly */
	const struct sym *ret;		/* NULL: nothing */
	unsigned ret_mask;
	bool is_warned;
	enum lent lent;			/* ret: read where only read sections keep it, and those are the callers' */
	uint32_t keeps;			/* as in struct state */
	const struct lock_set *locks;	/* taken and kept, or the caller's released */
	const struct lock_set *takes;	/* all that a caller must not hold */
	const struct ref_set *refs;
	const struct dead_set *dead;
	const struct use_set *uses;
	const struct owed_set *owed;	/* got less given back: for verify only, never kept from run to run */
	const struct trace *trace;	/* the steps worth showing */
};

/*
 * What was kept of a function is read only when somebody wants to know: until summary_read() only hash is set. Whoever
 * looks at a summary calls that first.
 */
struct summary_source;

/* The function may sleep: if all of conds are true, which are of what it was given. */
struct sleep {
	const struct sym **conds;
	int ncond;
	bool is_vague;			/* ... and something more that callers cannot tell */
	bool is_meant;			/* the call sleeps whenever it is made: who comes to it may sleep, if he comes to it */
	const struct trace *trace;	/* one step: the call that sleeps */
};

struct summary {
	struct summary_source *source;	/* not NULL: not read yet */
	struct scase *cases;
	int ncase;
	bool is_unknown;		/* over budget or in a cycle: says nothing */
	bool is_widened;		/* cases were merged to keep their number down */
	bool has_effects;		/* some case touches locks, references or borrows */
	bool has_puts;			/* it, or a callee, gives a reference back on some path */
	struct sleep *sleeps;
	int nsleep;
	uint32_t calls_params;		/* bit n: calls its parameter n */
	uint64_t hash;			/* of all that callers see of it; with a cache only */
};

/* cache.c: read what was kept of it. */
void summary_read_kept(struct summary *s);

/* The summary, with all that is known; NULL of NULL. */
static inline const struct summary *summary_read(const struct summary *s)
{
	if (s && s->source)
		summary_read_kept((struct summary *)s);
	return s;
}
/* What is known of the node; NULL when it was not simulated yet. */
static inline const struct summary *node_summary(const struct node *n)
{
	return summary_read(n->kept_summary);
}
/* Make the summary of a finished simulation from its exits. Lives in the program's arena. */
struct summary *summary_make(struct sim *sim);
/* Append it as text, for goldens: one paragraph a case. */
void summary_print(struct text *out, const struct func *fn, const struct summary *s);

#endif
