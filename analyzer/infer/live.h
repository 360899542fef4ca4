/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_LIVE_H
#define INFER_LIVE_H

/*
 * Which results of instructions are live at the start of a block: used in it or after it, directly or through values
 * computed from them. What is not live need not be told apart, nor merged, where paths meet. The classic backward
 * data-flow problem (Kildall, POPL 1973), on the SSA form.
 */

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct func;

struct liveness {
	int nblock, words;	/* words of 64 bits a block */
	const uint64_t *in;	/* nblock * words */
};

/* The liveness of a function that was read; in arena a. */
const struct liveness *live_compute(struct arena *a, const struct func *fn);

/* May the instruction's result still count at the start of block, or within it? l: NULL says yes. */
static inline bool live_at(const struct liveness *l, int block, int insn)
{
	return !l || block >= l->nblock || (l->in[block * l->words + insn / 64] >> (insn % 64) & 1);
}

#endif
