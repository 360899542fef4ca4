// SPDX-License-Identifier: GPL-2.0-only
/*
 * Liveness by blocks. Entry point: live_compute(). A block's set holds what is live when it begins and what is computed
 * in it: who meets in the middle of a block has nothing to lose by asking for the whole of it.
 */
#include "infer/live.h"

#include "base/arena.h"
#include "flow/flow.h"

struct live_sets {
	const struct func *fn;
	int words;
	uint64_t *in;
};

static bool is_computed(const struct insn *in)
{
	switch (in->op) {
	case OP_PHI:
	case OP_CALL:
	case OP_LOAD:
	case OP_ATOMIC: return false;
	default: return true;
	}
}

/* The value of a is used; and so is what it is computed from, of which more is known than of the value. */
static void use(const struct live_sets *l, uint64_t *set, const struct arg *a)
{
	const struct insn *in;

	if (a->kind != ARG_INSN || (set[a->n / 64] >> (a->n % 64) & 1))
		return;
	set[a->n / 64] |= 1ULL << (a->n % 64);
	in = &l->fn->insns[a->n];
	for (int i = 0; i < in->narg && is_computed(in); i++)
		use(l, set, &in->args[i]);
}

/* What the successor wants is wanted at the end of block; of its phis, what they are given from there. */
static void flow_back(const struct live_sets *l, uint64_t *set, int block, int to)
{
	const struct block *bb = &l->fn->blocks[to];

	for (int w = 0; w < l->words; w++) {
		uint64_t more = l->in[to * l->words + w];

		/* Not what is computed there, unless it comes round. */
		for (int i = bb->first > w * 64 ? bb->first : w * 64; i < bb->end && i < w * 64 + 64; i++)
			more &= ~(1ULL << (i % 64));
		set[w] |= more;
	}
	for (int i = bb->first; i < bb->end && l->fn->insns[i].op == OP_PHI; i++)
		for (int k = 0; k < l->fn->insns[i].ntarget; k++)
			if (l->fn->insns[i].targets[k] == block)
				use(l, set, &l->fn->insns[i].args[k]);
}

static bool update(const struct live_sets *l, uint64_t *set, int block)
{
	const struct block *bb = &l->fn->blocks[block];
	const struct insn *last = &l->fn->insns[bb->end - 1];
	bool changed = false;

	for (int i = 0; i < last->ntarget; i++)
		flow_back(l, set, block, last->targets[i]);
	for (int i = bb->first; i < bb->end; i++) {
		set[i / 64] |= 1ULL << (i % 64);
		for (int k = 0; k < l->fn->insns[i].narg && l->fn->insns[i].op != OP_PHI; k++)
			use(l, set, &l->fn->insns[i].args[k]);
	}
	for (int w = 0; w < l->words; w++) {
		changed |= set[w] != l->in[block * l->words + w];
		l->in[block * l->words + w] = set[w];
		set[w] = 0;
	}
	return changed;
}

const struct liveness *live_compute(struct arena *a, const struct func *fn)
{
	struct liveness *out = ARENA_NEW(a, struct liveness);
	struct live_sets l = {.fn = fn, .words = (fn->ninsn + 63) / 64};
	uint64_t *set = ARENA_ARRAY(a, uint64_t, l.words);
	bool changed = true;

	l.in = ARENA_ARRAY(a, uint64_t, (size_t)fn->nblock * (size_t)l.words);
	while (changed) {
		changed = false;
		for (int b = fn->nblock - 1; b >= 0; b--)
			changed |= update(&l, set, b);
	}
	*out = (struct liveness){fn->nblock, l.words, l.in};
	return out;
}
