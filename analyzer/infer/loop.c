// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of many objects, or many references: a loop takes one each turn and ends its turns with them held, another loop
 * gives them back. Which of them are held after how many turns is not followed. Entry points: loop_round(), loop_release()
 * and loop_put() note what is seen, loop_collects() and loop_gathers() say what it comes to; loop_turn_again() counts turns.
 */
#include "infer/simulate.h"

#define LOOP_TURNS 1		/* back edges followed per loop and path */

static struct turn_count *find_turns(struct state *st, int block)
{
	for (int i = 0; i < st->nturn; i++)
		if (st->turns[i].block == block)
			return &st->turns[i];
	if (st->nturn == (int)(sizeof(st->turns) / sizeof(st->turns[0])))
		return NULL;
	st->turns[st->nturn] = (struct turn_count){block, 0};
	return &st->turns[st->nturn++];
}

bool loop_turn_again(struct state *st, int to)
{
	struct turn_count *c = find_turns(st, to);
	int n = 0;

	if (!c || c->n >= LOOP_TURNS)
		return false;
	c->n++;
	st->turn++;
	for (int i = 0; i < st->nturn; i++)
		if (st->turns[i].block <= to)
			st->turns[n++] = st->turns[i];
	st->nturn = n;
	return true;
}

void loop_round(struct sim *sim, const struct state *st, int from, int to)
{
	int first = sim->fn->blocks[to].first, end = sim->fn->blocks[from].end;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->state == LOCK_HELD && h->site >= first && h->site < end)
			sim->site_flags[h->site] |= SITE_ROUND;
	}
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];

		if (r->count > 0 && !r->handed_on && r->site >= first && r->site < end)
			sim->site_flags[r->site] |= SITE_REF_ROUND;
	}
}

/* Blocks are in reverse post-order: a jump back closes the loop that begins where it goes. */
static void find_loops(struct sim *sim)
{
	sim->loop_end = ARENA_ARRAY(&sim->arena, int, sim->fn->nblock);
	for (int b = 0; b < sim->fn->nblock; b++) {
		const struct insn *last = &sim->fn->insns[sim->fn->blocks[b].end - 1];

		for (int i = 0; i < last->ntarget; i++)
			if (last->targets[i] <= b && sim->loop_end[last->targets[i]] <= b)
				sim->loop_end[last->targets[i]] = b + 1;
	}
	/* What is in an inner loop is in the outer one, though its blocks may come behind those that close that. */
	for (int head = sim->fn->nblock; head-- > 0; )
		for (int b = head + 1; b < sim->loop_end[head]; b++)
			if (sim->loop_end[b] > sim->loop_end[head])
				sim->loop_end[head] = sim->loop_end[b];
}

int loop_block_of(const struct sim *sim, int insn)
{
	int lo = 0, hi = sim->fn->nblock - 1;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (insn < sim->fn->blocks[mid].end)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Through how many instructions a value is followed back. */
#define MAX_ORIGIN 24

/* Does it come from a phi at the head of a loop that block is in? left: how many instructions may still be looked at. */
static bool is_set_by_loop(const struct sim *sim, const struct arg *a, int block, int *left)
{
	const struct insn *in = a->kind == ARG_INSN ? &sim->fn->insns[a->n] : NULL;
	int at = in ? loop_block_of(sim, a->n) : 0;

	if (!in || (*left)-- <= 0)
		return false;
	if (in->op == OP_PHI && at <= block && sim->loop_end[at] > block)
		return true;
	for (int i = in->op == OP_CALL; i < in->narg; i++)
		if (is_set_by_loop(sim, &in->args[i], block, left))
			return true;
	return false;
}

bool loop_changes(struct sim *sim, int site, int arg)
{
	const struct insn *in = site >= 0 ? &sim->fn->insns[site] : NULL;
	int left = MAX_ORIGIN;

	if (!in || in->op != OP_CALL || arg <= 0 || arg >= in->narg)
		return false;
	if (!sim->loop_end)
		find_loops(sim);
	return is_set_by_loop(sim, &in->args[arg], loop_block_of(sim, site), &left);
}

/* The head of the innermost loop that the instruction is in; -1: it is in none. */
static int head_of(struct sim *sim, int insn)
{
	int block = loop_block_of(sim, insn), head = block;

	if (!sim->loop_end)
		find_loops(sim);
	while (head >= 0 && sim->loop_end[head] <= block)
		head--;
	return head;
}

static bool is_within(const struct sim *sim, int head, int insn)
{
	return head >= 0 && loop_block_of(sim, insn) >= head && loop_block_of(sim, insn) < sim->loop_end[head];
}

void loop_release(struct sim *sim, int taken, int released)
{
	if (is_within(sim, head_of(sim, taken), released))
		sim->site_flags[taken] |= SITE_IN_TURN;
}

void loop_put(struct sim *sim, int got, int put)
{
	int head = head_of(sim, put);

	/* Two loops, neither of which is in the other. */
	if (head >= 0 && !is_within(sim, head, got) && !is_within(sim, head_of(sim, got), put))
		sim->site_flags[got] |= SITE_UNWOUND;
}
