/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_VALUE_H
#define INFER_VALUE_H

/*
 * What an operand of a function stands for, in terms of what the function was given, without
 * paths: a look at how it is computed. For questions that go along chains of calls and ask
 * only where a pointer came from. The simulation knows more, but keeps less.
 */

#include "infer/callgraph.h"
#include "infer/sym.h"

struct analysis;

struct reader {
	struct arena *arena;
	struct sym_table *syms;		/* the program's: summaries speak in it */
	const struct program *program;
	struct analysis *an;		/* whole.h is to hear of the functions that are read; or NULL */
	const struct sym ***values;	/* per node, once it was asked for: per instruction, once known */
};

/* Everything lives in a. Call when the summaries are made. */
void reader_init(struct reader *r, struct arena *a, struct sym_table *syms, const struct program *p);
/*
 * The value of an operand of node n. What has no name in terms of parameters, globals and
 * memory is a SYM_NEW (or SYM_STACK) of its instruction. Never NULL.
 */
const struct sym *reader_value(struct reader *r, const struct node *n, const struct arg *a);
/* A value in a callee's terms in those of n, which makes the call; NULL if it is the callee's own. */
const struct sym *reader_fill(struct reader *r, const struct node *n, const struct insn *call,
			      const struct sym *s);
/* The same where the callee's parameter i is given params[i], or something unknown: NULL. */
const struct sym *reader_fill_params(struct reader *r, const struct node *n, const struct sym *const *params,
				     int nparam, const struct sym *s);

#endif
