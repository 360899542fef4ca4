/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CHAIN_H
#define INFER_CHAIN_H

/*
 * Ways back from a place to its callers, with a value that is followed on the way: who calls
 * this, directly, through an ops table or as a callback, and what is the value there? Nearest
 * callers first, each function with each value once.
 */

#include "base/map.h"
#include "infer/reach_graph.h"
#include "infer/value.h"

/* A function on a way, and how it goes on towards the place. */
struct link {
	const struct node *n;
	const struct sym *value;	/* in terms of n; closed, or made of n's parameters */
	const struct insn *in;		/* the call that leads on; of the first link the place itself */
	long next;			/* the link it leads to; -1: this is the place */
	const char *slot;		/* the call goes through this field; or NULL */
	const char *by;			/* next's function is passed to this one, which calls it; or NULL */
};

struct chains {
	struct reader *reader;
	const struct reach_graph *g;
	struct graph callers;		/* of g */
	struct arena *arena;
	struct link *links;
	long n, cap;
	struct map seen;
	bool is_cut;			/* there were too many */
	/* A function of a way is in this slot: true if who calls through it does not matter any more. */
	bool (*enter)(struct chains *c, long link, const char *slot);
	void *cookie;
};

/* r, g and a are borrowed. */
void chains_init(struct chains *c, struct arena *a, struct reader *r, const struct reach_graph *g);
void chains_release(struct chains *c);
/* All ways to that place; earlier ones are forgotten. The links are in the order in which they were found. */
void chains_from(struct chains *c, const struct node *n, const struct insn *in, const struct sym *value);
/* The place where functions of that slot are called, the first in order; false if there is none in the program. */
bool chains_call_of(const struct chains *c, const char *slot, const struct node **n, const struct insn **in);
/* May the pointer, an operand of n, which was read, have been loaded from that field? */
bool chain_is_of_slot(const struct node *n, const struct arg *a, const char *slot);

#endif
