// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where paths meet. Entry point: join_pending(), the states that wait at a block. States with
 * the same locks, references and borrows are merged, unless a phi tells them apart (a
 * constant, or another class of value: error, zero, pointer). The more states a block has,
 * the less they must agree on: at last, what one holds and the other does not is known no more.
 */
#include "infer/prove.h"

#include <string.h>

#define STATES_PER_BLOCK 16	/* more are merged by their locks alone */
#define STATES_PER_BLOCK_PLAIN 6 /* the same where no lock or reference is in sight */
#define STATES_SPLIT 96		/* when paths are kept apart */

/* Does the phi's value differ by something the rest of the function is likely to branch on? */
static bool phi_agrees(const struct state *a, const struct state *b, int i)
{
	const struct sym *x = a->env[i], *y = b->env[i];

	if (x == y || !x || !y)
		return true;
	if (x->kind == SYM_INT && y->kind == SYM_INT)
		return false;
	return state_mask(a, x) == state_mask(b, y);
}

/* Phis of the block, and what calls in it have returned. */
static bool block_values_agree(struct sim *sim, const struct state *a, const struct state *b, int block)
{
	const struct insn *insns = sim->fn->insns;

	for (int i = sim->fn->blocks[block].first; i < a->pc || insns[i].op == OP_PHI; i++)
		if ((insns[i].op == OP_PHI || insns[i].op == OP_CALL) && !phi_agrees(a, b, i))
			return false;
	return true;
}

/* The block goes one way or the other by a phi of its own (clang's cleanup.dest): never forget which. */
static bool way_agrees(const struct sim *sim, const struct state *a, const struct state *b, int block)
{
	const struct block *bb = &sim->fn->blocks[block];
	const struct insn *last = &sim->fn->insns[bb->end - 1];
	const struct sym *x, *y;

	if (last->op != OP_SWITCH || last->args[0].kind != ARG_INSN || last->args[0].n < bb->first)
		return true;
	x = a->env[last->args[0].n];
	y = b->env[last->args[0].n];
	return x == y || !x || !y || x->kind != SYM_INT || y->kind != SYM_INT;
}

static bool all_phis_agree(const struct sim *sim, const struct state *a, const struct state *b, int block)
{
	for (int i = 0; i < sim->nphi; i++)
		if (live_at(sim->live, block, sim->phis[i]) && !phi_agrees(a, b, sim->phis[i]))
			return false;
	return true;
}

/* For verify: what keeps one pointer may not keep another, and what is owed may depend on whether a list is empty. */
static bool proofs_agree(struct sim *sim, struct state *a, struct state *b)
{
	if (sim->proof && !keep_agrees(sim, a, b))
		return false;
	for (int i = 0; sim->proof && i < sim->fn->ninsn; i++)
		if (sim->fn->insns[i].is_pointer && a->env[i] != b->env[i] && a->env[i] && b->env[i])
			return false;
	return true;
}

static bool same_turns(const struct state *a, const struct state *b)
{
	if (a->nturn != b->nturn)
		return false;
	return !memcmp(a->turns, b->turns, sizeof(a->turns[0]) * (size_t)a->nturn);
}

static int state_limit(const struct sim *sim)
{
	int limit = sim->is_split || sim->proof ? STATES_SPLIT : sim->node->matters ? STATES_PER_BLOCK : STATES_PER_BLOCK_PLAIN;

	/* The further the budget is used up, the more is merged, so that the end is reached. */
	if (sim->visits > sim->budget / 2)
		limit /= 4;
	else if (sim->visits > sim->budget / 4)
		limit /= 2;
	return limit > 2 ? limit : 2;
}

/* How much two states that meet must have in common to be merged, besides what they hold; at last not even that. */
enum alike { ALIKE_PHIS, ALIKE_BLOCK_PHIS, ALIKE_HELD, ALIKE_OWED, ALIKE_NOT };

static bool knows_as_much(const struct state *a, const struct state *b)
{
	for (int i = 0; i < a->nrange; i++) {
		const struct range *x = &a->ranges[i], *y;

		if (!sym_is_outer(x->s) || (x->mask == sym_mask(x->s) && !x->is_known))
			continue;
		y = state_find_range(b, x->s);
		if (!y || y->mask != x->mask || y->is_known != x->is_known || y->value != x->value)
			return false;
	}
	return true;
}

/* To be given back by the path itself, since nobody else can find it; or the caller's, which it has given back. */
static bool is_owed(const struct sim *sim, const struct state *st, const struct ref *r)
{
	if (r->count < 0)
		return !r->handed_on && sym_object(r->object)->kind == SYM_PARAM;
	return r->count > 0 && !r->handed_on && leak_whereabouts(sim, st, r->object) == WITH_US;
}

static bool owes_no_more(const struct sim *sim, const struct state *a, const struct state *b)
{
	for (int i = 0; a->refs && i < a->refs->n; i++) {
		const struct ref *r = &a->refs->items[i], *k;

		if (!is_owed(sim, a, r))
			continue;
		k = b ? state_find_ref(b, r->object) : NULL;
		if (!k || k->count != r->count || !is_owed(sim, b, k))
			return false;
	}
	return true;
}

static bool owes_same(const struct sim *sim, const struct state *a, const struct state *b)
{
	return owes_no_more(sim, a, b) && owes_no_more(sim, b, a);
}

/* From how many on a state is merged with one that holds something else. */
static int crowd(const struct sim *sim, const struct state *st, int block, int limit)
{
	if (owes_no_more(sim, st, NULL))
		return limit * 2;
	return limit * (sim->is_tail[block] ? 6 : 3);
}

/*
 * Do both come with a success, or neither, as the phis of the block tell? What a failing path leaves in memory that goes
 * with it is lost, and what one that succeeds has there is kept.
 */
static bool outcomes_agree(const struct sim *sim, const struct state *a, const struct state *b, int block)
{
	for (int i = sim->fn->blocks[block].first; state_owes(a) && sim->fn->insns[i].op == OP_PHI; i++)
		if (a->env[i] && b->env[i] &&
		    (state_mask(a, a->env[i]) == MASK_ZERO) != (state_mask(b, b->env[i]) == MASK_ZERO))
			return false;
	return true;
}

static bool is_alike(struct sim *sim, struct state *a, struct state *b, int block, enum alike how)
{
	if (how >= ALIKE_OWED)
		return !sim->proof && way_agrees(sim, a, b, block) && (how == ALIKE_NOT || owes_same(sim, a, b));
	if (a->key != b->key || !same_turns(a, b) || !state_same_key(a, b, sim->node->is_callback))
		return false;
	if (how == ALIKE_HELD)	/* one path alone is gone for what is learnt on it: that must not be forgotten */
		return way_agrees(sim, a, b, block) && outcomes_agree(sim, a, b, block) &&
		       (!sim->guide || (knows_as_much(a, b) && knows_as_much(b, a)));
	if (sim->is_tail[block] && a->locks && a->at.line != b->at.line)
		return false;	/* from which return statement it is counts where something may still be held */
	if (!proofs_agree(sim, a, b) || a->is_warned != b->is_warned || !state_same_takes(a, b) || !block_values_agree(sim, a, b, block))
		return false;
	return how == ALIKE_BLOCK_PHIS || all_phis_agree(sim, a, b, block);
}

static bool try_merge(struct sim *sim, struct state *list, struct state *st, int block, enum alike how)
{
	while (list && !is_alike(sim, list, st, block, how))
		list = list->next;
	if (list && how >= ALIKE_OWED)
		state_blur(&sim->pool, list, st);
	if (list)
		state_merge(&sim->pool, &sim->syms, list, st, block, sim->live);
	return list != NULL;
}

struct state *join_states(struct sim *sim, struct state *in, int block)
{
	struct state *out = NULL, *next, *reversed = NULL;
	int n = 0, limit = state_limit(sim);

	for (; in; in = next) {		/* oldest first */
		next = in->next;
		in->next = reversed;
		in->key = state_key(in);
		reversed = in;
	}
	for (in = reversed; in; in = next) {
		next = in->next;
		if (!sim->is_split && try_merge(sim, out, in, block, n >= limit / 2 ? ALIKE_BLOCK_PHIS : ALIKE_PHIS))
			continue;
		if (n >= limit && try_merge(sim, out, in, block, ALIKE_HELD)) {
			sim->has_merged = true;
			continue;
		}
		if (n >= limit * 2 && !sim->is_split && try_merge(sim, out, in, block, ALIKE_OWED))
			continue;
		/* Alone with what it owes: it is blurred when there is no room at all. */
		if (n >= limit * 2 && !sim->is_split && n >= crowd(sim, in, block, limit) && try_merge(sim, out, in, block, ALIKE_NOT))
			continue;
		if (n >= limit * (state_owes(in) ? 8 : 6)) {
			sim->is_partial = true;
			state_free(&sim->pool, in);
			continue;
		}
		in->next = out;
		out = in;
		n++;
	}
	return out;
}

struct state *join_pending(struct sim *sim, int block)
{
	struct state *in = sim->pending[block];

	sim->pending[block] = NULL;
	return join_states(sim, in, block);
}
