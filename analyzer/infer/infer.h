/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_INFER_H
#define INFER_INFER_H

/*
 * The analysis: units in, facts out. One call does it all; the result does not depend
 * on the order of the units.
 */

#include <stddef.h>
#include <stdint.h>

#include "infer/fact.h"

struct analysis;
struct arena;
struct obligation;
struct model;
struct text;

/* Every decision to stay quiet is one of these, counted by unsure(). */
enum unsure_kind {
	UNSURE_INDIRECT_CALL,	/* a call through a pointer that could matter */
	UNSURE_CALLBACK,	/* the callback of an iteration is not known */
	UNSURE_UNKNOWN_CALL,	/* a call of a function that was not read, given an object that matters */
	UNSURE_BUDGET,		/* the function was cut short */
	UNSURE_CYCLE,		/* a call in a cycle of calls, taken as unknown */
	UNSURE_CASES,		/* more cases than a summary holds: widened */
	UNSURE_LOCK_SET,	/* locks of many objects, taken and released in loops */
	UNSURE_LOCK_NAME,	/* a lock that its function's exits cannot name */
	UNSURE_LOCK_HANDED_ON,	/* held at some exits, told apart by return value or memory */
	UNSURE_LOCK_SPARED,	/* held at an exit; a callee would have released it in a case that callers cannot tell */
	UNSURE_REF_HANDED_ON,	/* a reference stored or passed on: somebody else's now */
	UNSURE_BORROW_PASSED,	/* a borrow that ended is passed to a function that was not read */
	UNSURE_WARNED,		/* the kernel itself warns on the path */
	UNSURE_SLEEP,		/* a call that sleeps or not, by what nobody knows, where one must not */
	UNSURE_ORDER,		/* orders of locks that contradict each other, in ways that are not believed */
	UNSURE_DOUBTFUL,	/* held back by infer_hold_back() */
	UNSURE_INFEASIBLE,	/* found once, gone when paths were kept apart */
	UNSURE_LOCK_NEEDED,	/* a lock is needed, and it is not known whether callers hold it */
	UNSURE_KINDS
};

/*
 * What is kept of functions from run to run, by key. An entry has a head, which says whether it may be used, and a rest,
 * which is asked for only if somebody wants to know more.
 */
struct infer_cache {
	/* The head, good until the run ends; NULL if there is no such entry. */
	const void *(*find)(void *cookie, uint64_t key, size_t *size);
	/* The rest of an entry, good until the next call; NULL if there is none or it is damaged. */
	const void *(*find_rest)(void *cookie, uint64_t key, size_t *size);
	/* It is no good: from now on it is not found. */
	void (*forget)(void *cookie, uint64_t key);
	/* Keep an entry, in place of an older one. */
	void (*keep)(void *cookie, uint64_t key, const void *head, size_t nhead, const void *rest, size_t nrest);
	void *cookie;
};

struct infer_options {
	const struct model *model;
	struct unit *const *roots;	/* only what the results of these units need is simulated; NULL: everything */
	size_t nroot;
	const struct infer_cache *cache;	/* what was learnt of functions in earlier runs; or NULL */
	bool prove;			/* gather obligations; without a cache */
	int state_budget;	/* block visits of one function before it is over budget; 0: the default */
	void (*progress)(void *cookie, size_t done, size_t total);	/* or NULL */
	void *cookie;
};

struct infer_result {
	const struct fact **facts;	/* sorted by file, line, kind, object */
	size_t nfact;
	size_t nfunc;			/* functions analysed */
	size_t nsimulated;		/* of them, and of those made for given callbacks: not known from before */
	size_t over_budget;
	const char **over_budget_names;	/* "function (file)", sorted */
	unsigned long unsure[UNSURE_KINDS];
	size_t nedge;			/* calls in the call graph */
	size_t unresolved;		/* calls of functions that were not read and have no model */
	size_t nslot;			/* functions in fields of ops tables */
	size_t nslot_edge;		/* functions that calls through those fields lead to, added up */
	struct obligation **obligations;	/* with prove: in the order of functions and places */
	size_t nobligation;
	size_t unresolved_pointers;	/* calls through pointers that lead nowhere known */
};

/* Free the arrays of a result and what infer_print_summaries() needs. The facts are the arena's. */
void infer_result_release(struct infer_result *r);
/* "indirect call", ...: for the summary. */
const char *unsure_name(enum unsure_kind kind);
/*
 * Take out of r what is more often wrong than right, and count it: that an RCU section keeps a pointer, concluded from
 * nothing but how it was read there. Callers may be in a section as well, which nobody has looked at.
 */
void infer_hold_back(struct infer_result *r);
/*
 * Analyse all the units as one program. The facts live in a, the units are borrowed by them. With opt->roots the
 * facts in functions of those units are the same as without; of those in others' functions, some are left out.
 */
void infer_run(struct arena *a, struct unit *const *units, size_t nunit,
	       const struct infer_options *opt, struct infer_result *out);
/* What the last run learnt, and the units of its program, sorted; until its result is released. For queries. */
struct analysis *infer_last(struct unit *const **units, size_t *nunit);
/* Append the summaries of all functions of unit u (a golden's text). Call after infer_run(). */
void infer_print_summaries(struct text *out, const struct unit *u);
/* Append the locks and sleeping that calls of the functions of u may come to, through ops tables too. Likewise. */
void infer_print_reach(struct text *out, const struct unit *u);

/* Append the order of locks of the whole program in the language of dot. Likewise. */
void infer_print_order(struct text *out, const struct unit *u);
/* Append the fields of ops tables in whose functions locks are held on entry. Likewise. */
void infer_print_contexts(struct text *out, const struct unit *u);

#endif
