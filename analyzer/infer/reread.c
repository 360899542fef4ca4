// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory read again under a lock. Entry points: reread_find() before a simulation, reread_taken() in it. Only loads whose
 * value serves for tests, or as a number handed to others, count: a pointer read twice is most often the same pointer, and
 * to follow it as two would lose what it leads to.
 */
#include "infer/reread.h"

#include <string.h>

#include "base/arena.h"
#include "flow/flow.h"
#include "infer/state.h"

#define MOST_LOADS 64	/* looked at of one function */
#define DEEP 8		/* pointers followed to compare two addresses */

struct rereads {
	struct arena *arena;
	const struct func *fn;
	int *idom;		/* per block: its immediate dominator; of the entry: itself */
	int *block;		/* per instruction */
	bool *is_tested;	/* per instruction: a test of its value decides where to go */
	bool *other_use;	/* ... and it serves for something else as well */
	int loads[MOST_LOADS], nload;	/* whose values are tested; then others, of the same memory */
	int first[MOST_LOADS];	/* the first of the same memory, by its place in loads; -1: none is read again */
};

/* ------------------------------------------------------------------ dominators */

static int meet(const int *idom, int a, int b)
{
	while (a != b) {
		while (a > b)
			a = idom[a];
		while (b > a)
			b = idom[b];
	}
	return a;
}

/*
 * Blocks are in reverse post-order: a block's dominator has a lower number. What is assumed of a block only moves up, never
 * past its dominator.
 */
static void find_dominators(struct rereads *f)
{
	const struct func *fn = f->fn;
	bool changed = true;

	f->idom = ARENA_ARRAY(f->arena, int, fn->nblock);
	for (int b = 1; b < fn->nblock; b++)
		f->idom[b] = -1;
	while (changed) {
		changed = false;
		for (int b = 0; b < fn->nblock; b++) {
			const struct insn *last = &fn->insns[fn->blocks[b].end - 1];

			for (int i = 0; i < last->ntarget && f->idom[b] >= 0; i++) {
				int to = last->targets[i], now = f->idom[to] < 0 ? b : meet(f->idom, f->idom[to], b);

				changed |= now != f->idom[to];
				f->idom[to] = now;
			}
		}
	}
}

static void find_blocks(struct rereads *f)
{
	f->block = ARENA_ARRAY(f->arena, int, f->fn->ninsn);
	for (int b = 0; b < f->fn->nblock; b++)
		for (int i = f->fn->blocks[b].first; i < f->fn->blocks[b].end; i++)
			f->block[i] = b;
}

/* Is instruction a on each way to b? */
static bool precedes(const struct rereads *f, int a, int b)
{
	int block = f->block[b];

	if (f->idom[block] < 0)
		return false;
	while (block > f->block[a])
		block = f->idom[block];
	return block == f->block[a] && (block != f->block[b] || a < b);
}

/* ------------------------------------------------------------------ which memory */

static bool same_place(const struct func *fn, const struct arg *a, int64_t at_a, const struct arg *b, int64_t at_b,
		       int depth);

static bool same_load(const struct func *fn, int a, int b, int depth)
{
	const struct insn *x = &fn->insns[a], *y = &fn->insns[b];

	return x->size == y->size && same_place(fn, &x->args[0], x->imm, &y->args[0], y->imm, depth);
}

/* Do two operands, so many bytes on, point to the same, as far as can be seen? */
static bool same_place(const struct func *fn, const struct arg *a, int64_t at_a, const struct arg *b, int64_t at_b,
		       int depth)
{
	while (a->kind == ARG_INSN && fn->insns[a->n].op == OP_ADDR) {
		at_a += fn->insns[a->n].imm;
		a = &fn->insns[a->n].args[0];
	}
	while (b->kind == ARG_INSN && fn->insns[b->n].op == OP_ADDR) {
		at_b += fn->insns[b->n].imm;
		b = &fn->insns[b->n].args[0];
	}
	if (a->kind != b->kind || at_a != at_b)
		return false;
	switch (a->kind) {
	case ARG_PARAM: return a->n == b->n;
	case ARG_GLOBAL: return a->value == b->value && !strcmp(a->name, b->name);
	case ARG_INSN:
		if (fn->insns[a->n].op == OP_ALLOCA)
			return false;		/* nobody else's */
		if (a->n == b->n)
			return true;
		return depth && fn->insns[a->n].op == OP_LOAD && fn->insns[b->n].op == OP_LOAD &&
		       same_load(fn, a->n, b->n, depth - 1);
	default: return false;
	}
}

/* ------------------------------------------------------------------ what is tested */

static bool is_test(const struct insn *in)
{
	return in->op == OP_CMP || in->op == OP_SWITCH || in->op == OP_BRANCH;
}

/* A bit of it is looked at: that serves for what the bit serves for. */
static bool passes_on(const struct insn *in)
{
	return in->op == OP_BIN && (in->sub == BIN_AND || in->sub == BIN_SHR);
}

/* A number handed to a function: what is tested of its result is tested of the number. */
static bool hands_number(const struct func *fn, const struct insn *in, int operand)
{
	return in->op == OP_CALL && operand && in->args[operand].kind == ARG_INSN && !fn->insns[in->args[operand].n].is_pointer;
}

/* Uses come after what they use, but for those of phis. */
static void find_uses(struct rereads *f)
{
	const struct func *fn = f->fn;

	f->is_tested = ARENA_ARRAY(f->arena, bool, fn->ninsn);
	f->other_use = ARENA_ARRAY(f->arena, bool, fn->ninsn);
	for (int i = fn->ninsn - 1; i >= 0; i--)
		for (int k = 0; k < fn->insns[i].narg; k++) {
			const struct insn *in = &fn->insns[i];
			const struct arg *a = &in->args[k];

			if (a->kind != ARG_INSN)
				continue;
			if (is_test(in))
				f->is_tested[a->n] = true;
			else if (passes_on(in) || hands_number(fn, in, k))
				f->is_tested[a->n] |= f->is_tested[i];
			if (!is_test(in) && !hands_number(fn, in, k))
				f->other_use[a->n] |= !passes_on(in) || f->other_use[i];
		}
}

static void list_loads(struct rereads *f)
{
	for (int i = 0; i < f->fn->ninsn && f->nload < MOST_LOADS; i++)
		if (f->fn->insns[i].op == OP_LOAD && f->is_tested[i])
			f->loads[f->nload++] = i;
}

/* ------------------------------------------------------------------ finding */

/* Is the memory a pointer that is read later on for something else as well? Then it must stay one value. */
static bool is_read_otherwise(const struct rereads *f, int load)
{
	for (int i = load + 1; i < f->fn->ninsn && f->fn->insns[load].is_pointer; i++)
		if (f->fn->insns[i].op == OP_LOAD && f->other_use[i] && same_load(f->fn, i, load, DEEP))
			return true;
	return false;
}

/* Loads of the same memory are put together; those that stand alone are dropped. */
static bool group(struct rereads *f)
{
	bool is_any = false;

	for (int i = 0; i < f->nload; i++)
		f->first[i] = -1;
	for (int i = 0; i < f->nload; i++)
		for (int k = i + 1; k < f->nload && f->first[i] < 0; k++)
			if (same_load(f->fn, f->loads[i], f->loads[k], DEEP)) {
				if (is_read_otherwise(f, f->loads[i]))
					break;
				for (int j = i; j < f->nload; j++)
					if (same_load(f->fn, f->loads[i], f->loads[j], DEEP))
						f->first[j] = i;
				is_any = true;
			}
	return is_any;
}

/* Numbers of a group that are not tested: they are what the tests say. */
static void add_numbers(struct rereads *f)
{
	int tested = f->nload;

	for (int i = 0; i < f->fn->ninsn; i++)
		for (int k = 0; k < tested && f->nload < MOST_LOADS && f->fn->insns[i].op == OP_LOAD && !f->is_tested[i]; k++)
			if (f->first[k] == k && !f->fn->insns[i].is_pointer && same_load(f->fn, i, f->loads[k], DEEP)) {
				f->first[f->nload] = k;
				f->loads[f->nload++] = i;
				break;
			}
}

const struct rereads *reread_find(struct arena *a, const struct func *fn)
{
	struct rereads *f = ARENA_NEW(a, struct rereads);

	f->arena = a;
	f->fn = fn;
	find_uses(f);
	list_loads(f);
	if (!group(f))
		return NULL;
	add_numbers(f);
	find_dominators(f);
	find_blocks(f);
	return f;
}

/* Does what the operand stands for come from that load? */
static bool comes_from(const struct func *fn, const struct arg *a, int load, int depth)
{
	const struct insn *in = a->kind == ARG_INSN ? &fn->insns[a->n] : NULL;

	if (!in || !depth)
		return false;
	if (a->n == load)
		return true;
	for (int i = 0; i < in->narg; i++)
		if ((in->op == OP_CMP || in->op == OP_BIN || hands_number(fn, in, i)) && comes_from(fn, &in->args[i], load, depth - 1))
			return true;
	return false;
}

/* Without going back. */
static bool reaches(const struct rereads *f, int from, int to, bool *seen)
{
	const struct insn *last = &f->fn->insns[f->fn->blocks[from].end - 1];

	if (from >= to || seen[from])
		return from == to;
	seen[from] = true;
	for (int i = 0; i < last->ntarget; i++)
		if (last->targets[i] > from && reaches(f, last->targets[i], to, seen))
			return true;
	return false;
}

/* Are there ways on from the end of the block to where the lock is taken, and others by which it is not? */
static bool goes_both_ways(const struct rereads *f, int block, int taken)
{
	const struct insn *last = &f->fn->insns[f->fn->blocks[block].end - 1];
	bool *seen = ARENA_ARRAY(f->arena, bool, f->fn->nblock);
	int there = 0;

	for (int i = 0; i < last->ntarget; i++) {
		memset(seen, 0, sizeof(*seen) * (size_t)f->fn->nblock);
		there += reaches(f, last->targets[i], f->block[taken], seen);
	}
	return there && there < last->ntarget;
}

/* Does a test of what was loaded there decide whether the lock is taken at all? */
static bool decides(const struct rereads *f, int load, int taken)
{
	for (int b = f->block[load]; b < f->block[taken]; b++) {
		const struct insn *last = &f->fn->insns[f->fn->blocks[b].end - 1];

		if (last->narg && comes_from(f->fn, &last->args[0], load, DEEP) && goes_both_ways(f, b, taken))
			return true;
	}
	return false;
}

/*
 * Was the memory tested on each way to where the lock is taken, and did it decide whether that is done at all? If not, the
 * second test is the other half of one decision, like that whether some other lock is needed.
 */
static bool is_tested_before(const struct rereads *f, int group, int taken)
{
	bool is_tested = false, is_decided = false;

	for (int i = 0; i < f->nload; i++) {
		if (f->first[i] != group || f->loads[i] > taken || !f->is_tested[f->loads[i]])
			continue;
		is_tested |= precedes(f, f->loads[i], taken);
		is_decided |= decides(f, f->loads[i], taken);
	}
	return is_tested && is_decided;
}

/*
 * A lock that was held when the memory was tested keeps it as it was. Not if it was read as what others write meanwhile
 * (READ_ONCE, smp_load_acquire): the lock that was held is not theirs.
 */
static bool is_kept(const struct rereads *f, int group, const struct state *st)
{
	if (f->fn->insns[f->loads[group]].is_volatile)
		return false;
	for (int i = 0; i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->state == LOCK_HELD && !h->is_recursive && h->site < f->loads[group])
			return true;
	}
	return false;
}

int reread_taken(const struct rereads *f, int load, const struct state *st, int *first)
{
	int k = 0, taken = -1;

	while (k < f->nload && f->loads[k] != load)
		k++;
	if (k == f->nload || f->first[k] < 0 || !st->locks || is_kept(f, f->first[k], st))
		return taken;
	*first = f->loads[f->first[k]];
	for (int i = 0; i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->is_recursive || h->site <= taken || (h->state != LOCK_HELD && h->state != LOCK_FREE))
			continue;
		if (precedes(f, h->site, load) && is_tested_before(f, f->first[k], h->site))
			taken = h->site;
	}
	return taken;
}
