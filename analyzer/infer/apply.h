/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_APPLY_H
#define INFER_APPLY_H

/* Filling in the symbols of a summary at a call. */

#include "infer/simulate.h"

enum { FILL_ARGS = 16, FILL_MAX = 100 };

struct fill {
	struct sim *sim;
	struct state *st;		/* memory is read here, before the case changes it */
	int site;			/* the call */
	int64_t ordinal;		/* of the first unknown of this case */
	const struct sym *args[FILL_ARGS];	/* NULL: not given */
	const struct sym *unknowns[FILL_MAX];	/* the callee's, in order of appearance */
	int nunknown;
};

/* Start filling in at call in; first_ordinal tells the cases of one call apart. */
void fill_init(struct fill *f, struct sim *sim, struct state *st, const struct insn *in, int64_t first_ordinal);
/* The value at the call of the callee's s. */
const struct sym *fill_sym(struct fill *f, const struct sym *s);

#endif
