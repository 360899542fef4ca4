/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_FILL_H
#define INFER_FILL_H

/* Filling in the symbols of a summary at a call, and applying one of its cases there. */

#include "infer/simulate.h"

enum {
	FILL_ARGS = 16,
	FILL_MAX = 100,
	FILL_TERMS = 8,			/* branches of an exact case */
};

/* Unknowns of a call, told apart. */
enum {
	ORDINAL_RESULT = 0,
	ORDINAL_CLOBBER = 100,		/* + argument */
	ORDINAL_INNER = 1000,		/* + 100 per case: the callee's unknowns */
	ORDINAL_PURE = 1100000,
};

struct fill {
	struct sim *sim;
	struct state *st;		/* memory is read here, before the case changes it */
	int site;			/* the call */
	int64_t ordinal;		/* of the first unknown of this case */
	bool is_sure;			/* the case happens for sure, by what is known at the call */
	struct state *before;		/* what was known before the case was assumed; or NULL */
	const struct sym *args[FILL_ARGS];	/* NULL: not given */
	const struct sym *unknowns[FILL_MAX];	/* the callee's, in order of appearance */
	int nunknown;
};

/* Start filling in at call in; first_ordinal tells the cases of one call apart. */
void fill_init(struct fill *f, struct sim *sim, struct state *st, const struct insn *in, int64_t first_ordinal);
/* The arguments of the call are the callee's parameters. */
void fill_args(struct fill *f, const struct insn *in);
/* The value at the call of the callee's s. */
const struct sym *fill_sym(struct fill *f, const struct sym *s);
/*
 * Apply one case of s to f->st. False when it cannot happen here (the state is then to be dropped). ret gets the
 * value returned.
 */
bool fill_apply(struct fill *f, const struct insn *in, const struct summary *s, const struct scase *c,
		const char *callee, const struct sym **ret);

/* doubt.c: is it believed that this case, which takes a lock that is held, happens? before: nothing of it is assumed yet. */
enum doubt {
	DOUBT_NONE,
	DOUBT_SOME,			/* what the caller gave decides, and nobody knows which way */
	DOUBT_ALL,
};
enum doubt doubt_taking(struct fill *before, const struct summary *s, const struct scase *c, const struct held *h);

#endif
