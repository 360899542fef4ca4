// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulation of one function. Entries: simulate_node(), simulate_special().
 *
 * Blocks are numbered in reverse post-order; the lowest block with pending states is
 * run next, so that all paths into a join have arrived before it is run (and are merged
 * there, see join.c). A loop is gone round LOOP_TURNS times; counters become unknown on
 * the way, so that its exits can be reached.
 *
 * When something went wrong the function is simulated again with paths kept apart: what
 * is then gone came from merging and is dropped (counted as infeasible).
 */
#include "infer/over.h"
#include "infer/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/reread.h"
#include "infer/same.h"

#define BUDGET 8000		/* blocks run, by all states */
#define RESERVE 800		/* ... and when that is spent */
#define ROOM ((size_t)512 << 20)	/* bytes that the states of one simulation may take */
#define SPARE_ROOM (ROOM / 8)
#define MAX_EXITS 400
#define MAX_RUNS 20000		/* straight runs, from call to call, in one block */
#define NARROW_RUNS 24		/* from then on they are merged between calls */

void sim_continue(struct sim *sim, struct state *st)
{
	st->next = sim->work;
	sim->work = st;
}

static void enter_block(struct sim *sim, struct state *st, int from, int to)
{
	if (to <= from)
		loop_round(sim, st, from, to);
	if (to <= from && (sim->is_over || !loop_turn_again(st, to))) {
		if (sim->proof)
			prove_cut(sim, st, from, to);
		state_free(&sim->pool, st);
		return;
	}
	if (!guide_enter(sim, st, to)) {
		state_free(&sim->pool, st);
		return;
	}
	execute_phis(sim, st, from, to);
	if (sim->proof)
		prove_arrive(sim, st, from, to);
	st->pc = sim->fn->blocks[to].first;
	st->next = sim->pending[to];
	sim->pending[to] = st;
	if (to < sim->lowest)
		sim->lowest = to;
}

/* Blocks that only lead to the return: a jump into one is the return statement. */
static void find_tails(struct sim *sim)
{
	sim->is_tail = ARENA_ARRAY(&sim->arena, unsigned char, sim->fn->nblock);
	for (int b = sim->fn->nblock - 1; b >= 0; b--) {
		const struct block *bb = &sim->fn->blocks[b];
		const struct insn *last = &sim->fn->insns[bb->end - 1];
		int i = bb->first;

		while (i < bb->end - 1 && sim->fn->insns[i].op == OP_PHI)
			i++;
		if (i == bb->end - 1)
			sim->is_tail[b] = last->op == OP_RETURN || (last->op == OP_JUMP && last->targets[0] > b &&
								    sim->is_tail[last->targets[0]]);
	}
}

/* Phis, whose values tell paths apart; not where nothing is locked or counted. */
static void find_phis(struct sim *sim)
{
	sim->phis = ARENA_ARRAY(&sim->arena, int, sim->fn->ninsn);
	for (int i = 0; i < sim->fn->ninsn && sim->node->matters; i++)
		if (sim->fn->insns[i].op == OP_PHI)
			sim->phis[sim->nphi++] = i;
}

/* Where a path leaves: the last jump into the tail, or the return itself. */
static void note_leaving(struct sim *sim, struct state *st, const struct insn *in, int to)
{
	if (!sim->is_tail[to])
		st->at.line = 0;
	else if (!st->at.line)
		st->at = in->at;
}

/* A lookup that came back empty holds nothing. */
static void drop_null_refs(struct sim *sim, struct state *st)
{
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];

		if (r->count > 0 && !(state_mask(st, r->object) & MASK_VALID)) {
			state_drop_ref(&sim->pool, st, r->object);
			i--;
		}
	}
}

/* Branches are steps once something is held or has ended: they say why the path goes on. */
static void step_branch(struct sim *sim, struct state *st, const struct insn *in, const struct sym *c, bool truth)
{
	struct trace *t;

	if ((!st->locks && !st->refs && !st->dead) || c->kind == SYM_INT)
		return;
	t = state_step(&sim->pool, st, STEP_BRANCH, in->at, sim->fn->name);
	t->object = truth ? c : sym_not(&sim->syms, c);
}

/* Learn the outcome of a branch; false when the path cannot go that way. */
static bool take_branch(struct sim *sim, struct state *st, const struct insn *in, const struct sym *c, bool truth)
{
	if (!state_assume(&sim->pool, st, c, truth) || state_contradicts(st))
		return false;
	drop_null_refs(sim, st);
	reference_learn(sim, st, truth ? c : sym_not(&sim->syms, c), in->at);
	same_learn(sim, st, c, truth);
	doubt_null(sim, st, c, truth);
	doubt_ref_branch(sim, st, in, truth);
	state_push_cond(&sim->pool, st, truth ? c : sym_not(&sim->syms, c));
	step_branch(sim, st, in, c, truth);
	st->at.line = 0;
	return true;
}

static void run_branch(struct sim *sim, struct state *st, const struct insn *in, int block)
{
	const struct sym *c = sim_eval_resolved(sim, st, &in->args[0]);
	int truth = state_truth(st, c);

	if (truth < 0) {
		struct state *other = state_copy(&sim->pool, st);

		if (take_branch(sim, other, in, c, false))
			enter_block(sim, other, block, in->targets[1]);
		else
			state_free(&sim->pool, other);
		if (!take_branch(sim, st, in, c, true)) {
			state_free(&sim->pool, st);
			return;
		}
		truth = 1;
	}
	st->at.line = 0;
	enter_block(sim, st, block, in->targets[truth ? 0 : 1]);
}

static void run_switch(struct sim *sim, struct state *st, const struct insn *in, int block)
{
	const struct sym *v = sim_eval_resolved(sim, st, &in->args[0]);

	for (int i = 1; i < in->ntarget; i++) {
		const struct sym *c = sym_cmp(&sim->syms, CMP_EQ, v, sym_int(&sim->syms, in->cases[i - 1]));
		struct state *other;
		int truth = state_truth(st, c);

		if (truth == 1) {
			enter_block(sim, st, block, in->targets[i]);
			return;
		}
		if (truth == 0)
			continue;
		other = state_copy(&sim->pool, st);
		if (take_branch(sim, other, in, c, true))
			enter_block(sim, other, block, in->targets[i]);
		else
			state_free(&sim->pool, other);
		state_assume(&sim->pool, st, c, false);
		state_push_cond(&sim->pool, st, sym_not(&sim->syms, c));
	}
	if (execute_has_default(sim, in))
		enter_block(sim, st, block, in->targets[0]);
	else
		state_free(&sim->pool, st);
}

static void run_return(struct sim *sim, struct state *st, const struct insn *in)
{
	st->ret = in->narg && in->args[0].kind != ARG_NONE ? sim_eval_resolved(sim, st, &in->args[0]) : NULL;
	/* The one return of many return statements stands at the closing brace: the jump to it is the statement. */
	if (!st->at.line || in->at.col > 1)
		st->at = in->at;
	if (sim->nexit >= MAX_EXITS + (state_owes(st) ? MAX_EXITS / 4 : 0)) {
		sim->is_partial = true;
		state_free(&sim->pool, st);
		return;
	}
	st->next = sim->exits;
	sim->exits = st;
	sim->nexit++;
}

static void run_terminator(struct sim *sim, struct state *st, const struct insn *in, int block)
{
	switch (in->op) {
	case OP_JUMP:
		note_leaving(sim, st, in, in->targets[0]);
		enter_block(sim, st, block, in->targets[0]);
		break;
	case OP_BRANCH: run_branch(sim, st, in, block); break;
	case OP_SWITCH: run_switch(sim, st, in, block); break;
	case OP_ANY:
		st->is_inexact = true;
		for (int i = 1; i < in->ntarget; i++)
			enter_block(sim, state_copy(&sim->pool, st), block, in->targets[i]);
		enter_block(sim, st, block, in->targets[0]);
		break;
	case OP_RETURN: run_return(sim, st, in); break;
	default: state_free(&sim->pool, st); break;
	}
}

/* Run one state from its pc to the end of the block. Calls end the straight run: they go on through the work list. */
static void run_state(struct sim *sim, struct state *st, int block)
{
	const struct block *bb = &sim->fn->blocks[block];

	while (st->pc < bb->end) {
		const struct insn *in = &sim->fn->insns[st->pc++];

		evidence_see(sim, st, in);
		if (flow_is_terminator(in->op)) {
			run_terminator(sim, st, in, block);
			return;
		}
		if (in->op == OP_CALL) {
			apply_call(sim, st, in);
			return;
		}
		execute_insn(sim, st, in);
	}
	bug("block %d of %s has no terminator", block, sim->fn->name);
}

/* Take the states that are the furthest behind, all at one place, off the work list; newest first. */
static struct state *take_hindmost(struct sim *sim)
{
	struct state *out = NULL, **tail = &out, **at = &sim->work;
	int pc = sim->work->pc;

	for (const struct state *st = sim->work; st; st = st->next)
		pc = st->pc < pc ? st->pc : pc;
	while (*at) {
		struct state *st = *at;

		if (st->pc != pc) {
			at = &st->next;
			continue;
		}
		*at = st->next;
		st->next = NULL;
		*tail = st;
		tail = &st->next;
	}
	return out;
}

static void run_states(struct sim *sim, struct state *list, int block)
{
	struct state *next;

	for (; list; list = next) {
		next = list->next;
		list->next = NULL;
		if (list->pc == sim->fn->blocks[block].first)
			sim->visits++;
		if (++sim->runs > MAX_RUNS || sim->visits > sim->budget || sim->arena.used > sim->room) {
			sim->is_over = true;
			state_free(&sim->pool, list);
			continue;
		}
		run_state(sim, list, block);
	}
}

/*
 * Run the states that wait at a block to its end, each fork right away. Calls fork, and many calls in one block fork
 * forks: after NARROW_RUNS the states go on side by side, and are merged before each call as they are where paths meet.
 */
static void run_block(struct sim *sim, int block)
{
	sim->runs = 0;
	sim->work = join_pending(sim, block);
	while (sim->work) {
		struct state *st = sim->work;

		if (sim->runs < NARROW_RUNS) {
			sim->work = st->next;
			st->next = NULL;
		} else {
			st = join_states(sim, take_hindmost(sim), block);
		}
		run_states(sim, st, block);
	}
}

static bool same_fault(const struct candidate *a, const struct candidate *b)
{
	return a->kind == b->kind && a->at.line == b->at.line && a->at.col == b->at.col && a->at.file == b->at.file &&
	       a->class_name == b->class_name && a->origin.line == b->origin.line && a->need == b->need;
}

/* The same candidate, seen with paths kept apart; or NULL. */
static const struct candidate *find_again(const struct sim *again, const struct candidate *c)
{
	for (int i = 0; i < again->nfound; i++)
		if (same_fault(c, &again->found[i]))
			return &again->found[i];
	return NULL;
}

/* To confirm candidates: are all of them seen, or was one path left out, so that nothing can be refuted? */
static bool is_settled(const struct sim *sim)
{
	if (!sim->doubted || sim->is_partial)
		return sim->doubted != NULL;
	for (int i = 0; i < sim->doubted->nfound; i++)
		if (!find_again(sim, &sim->doubted->found[i]))
			return false;
	return true;
}

/* The budget is spent: the paths there are go straight to their ends, as far as the reserve lasts. */
static void leave(struct sim *sim)
{
	sim->budget = sim->visits + RESERVE;
	sim->room = sim->arena.used + SPARE_ROOM;
	for (int block = sim->lowest; block < sim->fn->nblock; block++)
		if (sim->pending[block])
			run_block(sim, block);
}

static void sim_run(struct sim *sim)
{
	struct state *st = state_new(&sim->pool);

	sim->lowest = 0;
	sim->pending[0] = st;
	st->pc = sim->fn->blocks[0].first;
	if (sim->proof)
		prove_begin(sim, st);
	while (sim->lowest < sim->fn->nblock && !sim->is_over && !is_settled(sim)) {
		int block = sim->lowest;

		sim->lowest = block + 1;
		if (sim->pending[block])
			run_block(sim, block);
	}
	if (sim->is_over && !sim->proof)
		leave(sim);
}

static void sim_init(struct sim *sim, struct analysis *an, struct node *n, const struct sym *const *bound, bool split)
{
	memset(sim, 0, sizeof(*sim));
	sim->an = an;
	sim->node = n;
	sim->fn = func_read(n->fn);
	sim->bound = bound;
	arena_init(&sim->arena);
	if (an->nidle)
		sim->arena = an->idle[--an->nidle];
	sym_table_init(&sim->syms, &sim->arena);
	sim->pool = (struct state_pool){.arena = &sim->arena, .ninsn = n->fn->ninsn};
	sim->pending = ARENA_ARRAY(&sim->arena, struct state *, n->fn->nblock);
	sim->site_flags = ARENA_ARRAY(&sim->arena, uint16_t, n->fn->ninsn);
	sim->budget = an->options->state_budget ? an->options->state_budget : BUDGET;
	sim->room = ROOM;
	sim->is_split = split;
	if (an->proof)
		sim->proof = ARENA_NEW(&sim->arena, struct sim_proof);
	sim->pool.is_careful = an->proof;
	if (!an->proof)
		sim->live = live_compute(&sim->arena, sim->fn);
	sim->rereads = reread_find(&sim->arena, sim->fn);
	find_tails(sim);
	find_phis(sim);
}

static void sim_release(struct sim *sim)
{
	free(sim->found);
	sym_table_release(&sim->syms);
	if (sim->an->nidle < MAX_SIMS) {
		arena_clear(&sim->arena);
		sim->an->idle[sim->an->nidle++] = sim->arena;
	} else {
		arena_release(&sim->arena);
	}
}

void sim_candidate(struct sim *sim, const struct candidate *c)
{
	for (int i = 0; i < sim->nfound; i++)
		if (same_fault(&sim->found[i], c))
			return;
	if (sim->nfound == sim->found_cap) {
		sim->found_cap = sim->found_cap ? sim->found_cap * 2 : 8;
		sim->found = realloc(sim->found, sizeof(*sim->found) * (size_t)sim->found_cap);
		if (!sim->found)
			die("out of memory (candidates)");
	}
	sim->found[sim->nfound] = *c;
	sim->found[sim->nfound++].is_inner = sim->in_turn;
}

/* There are too many paths to keep all apart: go again the one that it was found on. */
static bool is_seen_alone(struct sim *sim, const struct candidate *c)
{
	struct sim again;
	bool is_found;

	sim_init(&again, sim->an, sim->node, sim->bound, true);
	guide_set(&again, c);
	sim_run(&again);
	is_found = !again.is_over && (c->kind == FACT_LOCK_LEFT ? guide_holds(&again, c) : find_again(&again, c) != NULL);
	sim_release(&again);
	return is_found;
}

/* Go again with paths kept apart; what is then gone came from merging. */
static void confirm(struct sim *sim)
{
	struct sim again;

	sim->an->muted++;
	sim_init(&again, sim->an, sim->node, sim->bound, true);
	again.doubted = sim;
	sim_run(&again);
	if (sim->is_over || (!again.is_over && !is_settled(&again)))
		leak_check(&again);
	for (int i = 0; i < sim->nfound; i++) {
		struct candidate *c = &sim->found[i];
		const struct candidate *seen = find_again(&again, c);
		bool is_partial = again.is_over || again.is_partial;

		/* With paths left out nothing can be refuted; but neither is there a reason to believe it. */
		c->is_confirmed = seen || (!sim->is_over && is_partial && !guide_is_enough(c));
		/* Where paths were merged all the same nothing is sure either: the path itself tells. */
		if (guide_is_enough(c) && (again.has_merged || (!seen && is_partial)))
			c->is_confirmed = (seen && is_seen_alone(sim, seen)) || is_seen_alone(sim, c);
	}
	sim->an->muted--;
	for (int i = 0; i < sim->nfound; i++)
		if (!sim->found[i].is_confirmed)
			unsure(sim->an, UNSURE_INFEASIBLE, sim->found[i].at);
	sim_release(&again);
}

static struct summary *unknown_summary(struct analysis *an)
{
	struct summary *s = ARENA_NEW(an->arena, struct summary);

	s->is_unknown = true;
	return s;
}

static struct summary *simulate_now(struct analysis *an, struct node *n, const struct sym *const *bound,
				    struct record *r)
{
	struct summary *s;
	struct sim sim;

	sim_init(&sim, an, n, bound, false);
	sim_run(&sim);
	if (sim.is_over) {
		over_note(an, n->fn);
		over_keep_sure(&sim);
		if (sim.nfound)
			confirm(&sim);
		r->first_fact = an->result->nfact;
		explain_candidates(&sim);
		r->nfact = an->result->nfact - r->first_fact;
		s = unknown_summary(an);
	} else {
		if (sim.proof)
			prove_exits(&sim);
		leak_check(&sim);
		if (sim.nfound)
			confirm(&sim);
		r->first_fact = an->result->nfact;
		explain_candidates(&sim);
		handed_note(&sim);
		held_keep(&sim);
		r->nfact = an->result->nfact - r->first_fact;
		if (sim.is_partial)
			over_note(an, n->fn);
		s = sim.is_partial ? unknown_summary(an) : summary_make(&sim);
	}
	s->calls_params = sim.calls_params;
	if (!bound && !an->insists)
		n->evidence = evidence_make(&sim, an->arena, sim.is_over || sim.is_partial);
	sim_release(&sim);
	an->result->nsimulated++;
	return s;
}

static struct summary *simulate(struct analysis *an, struct node *n, const struct sym *const *bound)
{
	struct summary *s;
	struct record r;

	if (!n->fn->nblock) {
		s = unknown_summary(an);
		s->hash = n->key;
		return s;
	}
	an->depth++;
	record_begin(an, &r, n);
	s = cache_find(an, n, bound, &r);
	if (!s) {
		s = simulate_now(an, n, bound, &r);
		cache_keep(an, n, bound, s, &r);
	}
	record_end(an, &r);
	an->depth--;
	return s;
}

void simulate_node(struct analysis *an, struct node *n)
{
	n->kept_summary = simulate(an, n, NULL);
	n->is_done = true;
	an->result->nfunc++;
}

void simulate_again(struct analysis *an, struct node *n)
{
	simulate(an, n, NULL);
}

#define MAX_SPECIAL_DEPTH 4

static struct special *find_special(const struct analysis *an, const struct node *n, const struct sym *const bound[8])
{
	/* Not one made at another depth: what is learnt of a function must not depend on who asked first. */
	for (struct special *sp = n->specials; sp; sp = sp->next)
		if ((sp->is_open || (sp->depth == an->depth && sp->is_muted == (an->muted > 0))) &&
		    !memcmp(sp->bound, bound, sizeof(sp->bound)))
			return sp;
	return NULL;
}

static struct special *make_special(struct analysis *an, struct node *n, const struct sym *const bound[8])
{
	struct special *sp = ARENA_NEW(an->arena, struct special);

	memcpy(sp->bound, bound, sizeof(sp->bound));
	sp->next = n->specials;
	n->specials = sp;
	sp->depth = an->depth;
	sp->is_muted = an->muted > 0;
	sp->is_open = true;
	sp->summary = n->kept_summary;	/* what recursion sees */
	sp->summary = simulate(an, n, sp->bound);
	sp->is_open = false;
	return sp;
}

struct summary *simulate_special(struct analysis *an, struct node *n, const char *name,
				 const struct sym *const bound[8])
{
	struct special *sp = NULL;

	if (an->depth < MAX_SPECIAL_DEPTH && n->is_done) {
		sp = find_special(an, n, bound);
		if (!sp)
			sp = make_special(an, n, bound);
	}
	record_special(an, n, name, bound, sp ? sp->summary : NULL);
	return sp ? sp->summary : NULL;
}
