// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulation of one function. Entries: simulate_node(), simulate_special().
 *
 * Blocks are numbered in reverse post-order; the lowest block with pending states is
 * run next, so that all paths into a join have arrived before it is run. States that
 * meet with the same locks, references and borrows are merged, unless a phi of the
 * block tells them apart (a constant, or another class of value: error, zero, pointer).
 * A loop is gone round LOOP_TURNS times; counters become unknown on the way, so that
 * its exits can be reached.
 *
 * When something went wrong the function is simulated again with paths kept apart: what
 * is then gone came from merging and is dropped (counted as infeasible).
 */
#include "infer/simulate.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"

#define LOOP_TURNS 1		/* back edges followed per loop and path */
#define STATES_PER_BLOCK 32	/* more are merged by their locks alone */
#define STATES_PER_BLOCK_PLAIN 6 /* the same where no lock or reference is in sight */
#define STATES_SPLIT 96		/* when paths are kept apart */
#define BUDGET 4000		/* blocks run, by all states */
#define MAX_EXITS 400
#define STACK_SLOT 8		/* bytes apart: elements of a struct value */

enum { ORDINAL_UNDEF = 900, ORDINAL_OLD = 901, ORDINAL_DEEP = 902 };

/* A function is named by the body that this unit means. */
static const struct sym *eval_func(struct sim *sim, const char *name)
{
	const struct node *n = program_resolve(&sim->an->program, sim->node, name);

	return sym_func(&sim->syms, name, n ? (int64_t)n->index + 1 : 0);
}

const struct sym *sim_eval(struct sim *sim, const struct state *st, const struct arg *a)
{
	struct sym_table *t = &sim->syms;

	switch (a->kind) {
	case ARG_INSN:
		if (st->env[a->n])
			return st->env[a->n];
		return sym_new(t, a->n, 0, st->turn, sim->fn->insns[a->n].name);
	case ARG_PARAM:
		if (sim->bound && a->n < 8 && sim->bound[a->n])
			return sym_import(t, sim->bound[a->n]);
		return sym_param(t, a->n, sim->fn->params[a->n].name);
	case ARG_INT:
		return sym_int(t, a->value);
	case ARG_GLOBAL:
		return sym_addr(t, sym_global(t, a->name), a->value, NULL, NULL);
	case ARG_FUNC:
		return eval_func(sim, a->name);
	default:
		return sym_new(t, -1, ORDINAL_UNDEF, st->turn, NULL);
	}
}

static const struct sym *eval_resolved(struct sim *sim, const struct state *st, const struct arg *a)
{
	return state_resolve(&sim->syms, st, sim_eval(sim, st, a));
}

/* Memory cleared as a whole: one cell at the object's "any element" address says so. */
static bool is_cleared(struct sim *sim, const struct state *st, const struct sym *addr)
{
	const struct cell *c = state_find_cell(st, sym_elem(&sim->syms, sym_object(addr)));

	return c && c->value->kind == SYM_INT && !c->value->value;
}

const struct sym *sim_load(struct sim *sim, struct state *st, const struct sym *addr, int site)
{
	const struct cell *c = state_find_cell(st, addr);
	const struct sym *root = sym_root(addr), *v;

	borrow_see(sim, addr);
	if (c)
		return c->value;
	if (root->kind == SYM_STACK && sym_object(addr)->kind == SYM_STACK) {
		v = is_cleared(sim, st, addr) ? sym_int(&sim->syms, 0)
					      : sym_new(&sim->syms, site, ORDINAL_OLD, st->turn, NULL);
		state_store(&sim->pool, st, addr, v, (struct place){0}, NULL);
		return v;
	}
	v = sym_load(&sim->syms, addr);
	return v ? v : sym_new(&sim->syms, site, ORDINAL_DEEP, st->turn, NULL);
}

void sim_continue(struct sim *sim, struct state *st)
{
	st->next = sim->work;
	sim->work = st;
}

static const struct sym *address_of(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *base = sim_eval(sim, st, &in->args[0]);

	return sym_addr(&sim->syms, base, in->imm, in->struct_name, in->field);
}

/* What is loaded from or stored to is no NULL and no error. */
static void prove_valid(struct sim *sim, struct state *st, const struct sym *addr)
{
	const struct sym *object = sym_object(addr);

	if ((sim->node->matters || object->kind == SYM_PARAM) && (sym_mask(object) & ~MASK_VALID))
		state_restrict(&sim->pool, st, object, MASK_VALID);
}

static void run_load(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = address_of(sim, st, in);

	borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	prove_valid(sim, st, addr);
	st->env[sim_site(sim, in)] = sim_load(sim, st, addr, sim_site(sim, in));
}

/* A stored pointer is a step when callers may care: a parameter, a counted or borrowed object, put where it lives on. */
static void step_store(struct sim *sim, struct state *st, const struct insn *in, const struct sym *addr,
		       const struct sym *value)
{
	const struct sym *object = sym_object(value);
	struct trace *t;

	if (!in->is_pointer || sym_root(addr)->kind == SYM_STACK)
		return;
	if (object->kind != SYM_PARAM && !state_find_ref(st, value) && !borrow_ended(st, value))
		return;
	t = state_step(&sim->pool, st, STEP_STORE, in->at, sim->fn->name);
	t->object = value;
	t->target = addr;
}

static void run_store(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = address_of(sim, st, in), *value = eval_resolved(sim, st, &in->args[1]);

	borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	prove_valid(sim, st, addr);
	state_store(&sim->pool, st, addr, value, in->at, sim->fn->name);
	step_store(sim, st, in, addr, value);
}

/* Assembly without side effects gives the same value for the same operands: current, this_cpu_ptr(). */
static void run_asm(struct sim *sim, struct state *st, const struct insn *in)
{
	int site = sim_site(sim, in), turn = st->turn;
	int64_t ordinal = 0;

	if (!in->is_volatile && in->field) {
		site = -1000 - (int)(map_hash(in->field, strlen(in->field)) & 0xffffff);
		turn = 0;
		for (int i = 0; i < in->narg; i++)
			ordinal = ordinal * 8191 + sim_eval(sim, st, &in->args[i])->id + 1;
	}
	for (int i = 0; in->is_volatile && i < in->narg; i++) {
		const struct sym *a = sim_eval(sim, st, &in->args[i]);

		if (sym_object(a)->kind == SYM_STACK && state_find_cell(st, a))
			state_store(&sim->pool, st, a, sym_new(&sim->syms, site, 10 + i, st->turn, NULL), in->at, NULL);
	}
	st->env[sim_site(sim, in)] = sym_new(&sim->syms, site, ordinal, turn, in->name);
}

static void copy_cells(struct sim *sim, struct state *st, const struct sym *to, const struct sym *from, int64_t size,
		       const struct insn *in)
{
	const struct sym *src = sym_object(from);
	int64_t start = from == src ? 0 : from->value;
	struct cell *cells = ARENA_ARRAY(sim->pool.arena, struct cell, st->ncell);
	int n = st->ncell;

	memcpy(cells, st->cells, sizeof(*cells) * (size_t)n);
	for (int i = 0; i < n; i++) {
		const struct sym *addr = cells[i].addr;
		int64_t off = addr == src ? 0 : addr->value;

		if (sym_object(addr) != src || off < start || off >= start + size)
			continue;
		state_store(&sim->pool, st, sym_addr(&sim->syms, to, off - start, addr->struct_name, addr->field),
			    cells[i].value, in->at, sim->fn->name);
	}
}

static void run_copy(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *to = sim_eval(sim, st, &in->args[0]), *from = sim_eval(sim, st, &in->args[1]);
	const struct sym *size = eval_resolved(sim, st, &in->args[2]);

	borrow_use(sim, st, to, NULL, NULL, in->at);
	borrow_use(sim, st, from, NULL, NULL, in->at);
	if (size->kind == SYM_INT && st->ncell)
		copy_cells(sim, st, to, from, size->value, in);
}

static void run_fill(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *to = sim_eval(sim, st, &in->args[0]), *value = eval_resolved(sim, st, &in->args[1]);
	const struct sym *size = eval_resolved(sim, st, &in->args[2]), *object = sym_object(to);
	int64_t start = to == object ? 0 : to->value;

	borrow_use(sim, st, to, NULL, NULL, in->at);
	for (int i = 0; i < st->ncell; i++) {
		const struct sym *addr = st->cells[i].addr;
		int64_t off = addr == object ? 0 : addr->value;

		if (sym_object(addr) == object && off >= start && size->kind == SYM_INT && off < start + size->value)
			st->cells[i].value = value->kind == SYM_INT && !value->value ? value :
				sym_new(&sim->syms, sim_site(sim, in), off, st->turn, NULL);
	}
	if (start == 0 && object->kind == SYM_STACK && value->kind == SYM_INT)
		state_store(&sim->pool, st, sym_elem(&sim->syms, object), value, in->at, sim->fn->name);
}

static void run_atomic(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = address_of(sim, st, in), *result;
	int site = sim_site(sim, in);

	borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	if (in->sub == ATOMIC_SET) {
		st->env[site] = sim_load(sim, st, addr, site);
		state_store(&sim->pool, st, addr, eval_resolved(sim, st, &in->args[1]), in->at, sim->fn->name);
		return;
	}
	result = sym_new(&sim->syms, site, 0, st->turn, in->name);
	st->env[site] = result;
	if (state_find_cell(st, addr) || sym_root(addr)->kind == SYM_STACK)
		state_store(&sim->pool, st, addr, sym_new(&sim->syms, site, 1, st->turn, NULL), in->at, sim->fn->name);
}

/* A struct value is an unknown whose elements are cells behind it. */
static const struct sym *element_cell(struct sim *sim, const struct sym *value, int64_t index)
{
	return sym_addr(&sim->syms, value, (index + 1) * STACK_SLOT, NULL, NULL);
}

static void run_insert(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *old = sim_eval(sim, st, &in->args[0]);
	const struct sym *made = sym_new(&sim->syms, sim_site(sim, in), 0, st->turn, in->name);

	for (int i = 0; i < 4; i++) {
		const struct cell *c = state_find_cell(st, element_cell(sim, old, i));

		if (c)
			state_store(&sim->pool, st, element_cell(sim, made, i), c->value, in->at, NULL);
	}
	state_store(&sim->pool, st, element_cell(sim, made, in->imm), eval_resolved(sim, st, &in->args[1]), in->at, NULL);
	st->env[sim_site(sim, in)] = made;
}

static void run_extract(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = element_cell(sim, sim_eval(sim, st, &in->args[0]), in->imm);
	const struct cell *c = state_find_cell(st, addr);

	st->env[sim_site(sim, in)] = c ? c->value : addr->kind == SYM_INT ? addr : sym_load(&sim->syms, addr);
	if (!st->env[sim_site(sim, in)])
		st->env[sim_site(sim, in)] = sym_new(&sim->syms, sim_site(sim, in), 0, st->turn, in->name);
}

/* Both arms are tried when the condition is open. */
static void run_select(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *c = eval_resolved(sim, st, &in->args[0]);
	int truth = state_truth(st, c), site = sim_site(sim, in);

	if (truth < 0) {
		struct state *other = state_copy(&sim->pool, st);

		if (state_assume(&sim->pool, other, c, false)) {
			state_push_cond(&sim->pool, other, sym_not(&sim->syms, c));
			other->env[site] = eval_resolved(sim, other, &in->args[2]);
			other->pc = site + 1;
			sim_continue(sim, other);
		}
		truth = 1;
		state_assume(&sim->pool, st, c, true);
		state_push_cond(&sim->pool, st, c);
	}
	st->env[site] = eval_resolved(sim, st, &in->args[truth ? 1 : 2]);
}

static void run_plain(struct sim *sim, struct state *st, const struct insn *in)
{
	struct sym_table *t = &sim->syms;
	const struct sym **out = &st->env[sim_site(sim, in)];

	switch (in->op) {
	case OP_ADDR:
		*out = address_of(sim, st, in);
		borrow_see(sim, *out);
		break;
	case OP_INDEX:
		*out = sym_elem(t, sim_eval(sim, st, &in->args[0]));
		break;
	case OP_LOAD: run_load(sim, st, in); break;
	case OP_STORE: run_store(sim, st, in); break;
	case OP_ASM: run_asm(sim, st, in); break;
	case OP_SELECT: run_select(sim, st, in); break;
	case OP_CMP:
		*out = sym_cmp(t, in->sub, eval_resolved(sim, st, &in->args[0]), eval_resolved(sim, st, &in->args[1]));
		break;
	case OP_BIN:
		*out = sym_bin(t, in->sub, eval_resolved(sim, st, &in->args[0]), eval_resolved(sim, st, &in->args[1]));
		break;
	case OP_ALLOCA: *out = sym_stack(t, sim_site(sim, in), in->name); break;
	case OP_COPY: run_copy(sim, st, in); break;
	case OP_FILL: run_fill(sim, st, in); break;
	case OP_ATOMIC: run_atomic(sim, st, in); break;
	case OP_INSERT: run_insert(sim, st, in); break;
	case OP_EXTRACT: run_extract(sim, st, in); break;
	default: break;		/* phis were set on entry; terminators are elsewhere */
	}
}

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

static bool block_phis_agree(struct sim *sim, const struct state *a, const struct state *b, int block)
{
	const struct block *bb = &sim->fn->blocks[block];

	for (int i = bb->first; i < bb->end && sim->fn->insns[i].op == OP_PHI; i++)
		if (!phi_agrees(a, b, i))
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

static bool all_phis_agree(const struct sim *sim, const struct state *a, const struct state *b)
{
	for (int i = 0; i < sim->nphi; i++)
		if (!phi_agrees(a, b, sim->phis[i]))
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
	if (sim->is_split)
		return STATES_SPLIT;
	return sim->node->matters ? STATES_PER_BLOCK : STATES_PER_BLOCK_PLAIN;
}

/* How much two states that meet must have in common to be merged, besides what they hold. */
enum alike { ALIKE_PHIS, ALIKE_BLOCK_PHIS, ALIKE_HELD };

static bool is_alike(struct sim *sim, const struct state *a, const struct state *b, int block, enum alike how)
{
	if (!same_turns(a, b) || !state_same_key(a, b, sim->node->is_callback))
		return false;
	if (how == ALIKE_HELD)
		return way_agrees(sim, a, b, block);
	if (a->is_warned != b->is_warned || !state_same_takes(a, b) || !block_phis_agree(sim, a, b, block))
		return false;
	return how == ALIKE_BLOCK_PHIS || all_phis_agree(sim, a, b);
}

static bool try_merge(struct sim *sim, struct state *list, struct state *st, int block, enum alike how)
{
	while (list && !is_alike(sim, list, st, block, how))
		list = list->next;
	if (list)
		state_merge(&sim->pool, &sim->syms, list, st, block);
	return list != NULL;
}

/* Take the pending states of a block, merged as far as they may be. */
static struct state *take_pending(struct sim *sim, int block)
{
	struct state *in = sim->pending[block], *out = NULL, *next, *reversed = NULL;
	int n = 0, limit = state_limit(sim);

	sim->pending[block] = NULL;
	for (; in; in = next) {		/* oldest first */
		next = in->next;
		in->next = reversed;
		reversed = in;
	}
	for (in = reversed; in; in = next) {
		next = in->next;
		if (!sim->is_split && try_merge(sim, out, in, block, n >= limit / 2 ? ALIKE_BLOCK_PHIS : ALIKE_PHIS))
			continue;
		if (n >= limit && try_merge(sim, out, in, block, ALIKE_HELD))
			continue;
		if (n >= limit * 2) {
			sim->is_over = true;
			state_free(&sim->pool, in);
			continue;
		}
		in->next = out;
		out = in;
		n++;
	}
	return out;
}

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

/* Going back to a loop's head: false when it has been round often enough. Inner loops start over. */
static bool turn_again(struct state *st, int to)
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

/* A loop's counter: its next value is unknown, or its exit could never be reached. */
static bool is_counter(const struct sim *sim, const struct insn *phi, const struct arg *in)
{
	const struct insn *step;

	if (phi->is_pointer || in->kind != ARG_INSN)
		return false;
	step = &sim->fn->insns[in->n];
	return step->op == OP_BIN && (step->sub == BIN_ADD || step->sub == BIN_SUB || step->sub == BIN_SHL ||
				      step->sub == BIN_SHR || step->sub == BIN_MUL || step->sub == BIN_DIV);
}

static void set_phis(struct sim *sim, struct state *st, int from, int to)
{
	const struct block *bb = &sim->fn->blocks[to];
	const struct sym *values[64];
	int n = 0;

	for (int i = bb->first; i < bb->end && sim->fn->insns[i].op == OP_PHI && n < 64; i++, n++) {
		const struct insn *phi = &sim->fn->insns[i];

		values[n] = NULL;
		for (int k = 0; k < phi->narg; k++) {
			if (phi->targets[k] != from)
				continue;
			values[n] = to <= from && is_counter(sim, phi, &phi->args[k])
				? sym_new(&sim->syms, i, 1, st->turn, phi->name) : eval_resolved(sim, st, &phi->args[k]);
			break;
		}
	}
	for (int i = 0; i < n; i++)
		st->env[bb->first + i] = values[i];
}

static void enter_block(struct sim *sim, struct state *st, int from, int to)
{
	if (to <= from && !turn_again(st, to)) {
		state_free(&sim->pool, st);
		return;
	}
	set_phis(sim, st, from, to);
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
	state_push_cond(&sim->pool, st, truth ? c : sym_not(&sim->syms, c));
	step_branch(sim, st, in, c, truth);
	st->at.line = 0;
	return true;
}

static void run_branch(struct sim *sim, struct state *st, const struct insn *in, int block)
{
	const struct sym *c = eval_resolved(sim, st, &in->args[0]);
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
	const struct sym *v = eval_resolved(sim, st, &in->args[0]);

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
	enter_block(sim, st, block, in->targets[0]);
}

static void run_return(struct sim *sim, struct state *st, const struct insn *in)
{
	st->ret = in->narg && in->args[0].kind != ARG_NONE ? eval_resolved(sim, st, &in->args[0]) : NULL;
	/* The one return of many return statements stands at the closing brace: the jump to it is the statement. */
	if (!st->at.line || in->at.col > 1)
		st->at = in->at;
	if (sim->nexit >= MAX_EXITS) {
		sim->is_over = true;
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

		if (flow_is_terminator(in->op)) {
			run_terminator(sim, st, in, block);
			return;
		}
		if (in->op == OP_CALL) {
			apply_call(sim, st, in);
			return;
		}
		run_plain(sim, st, in);
	}
	bug("block %d of %s has no terminator", block, sim->fn->name);
}

static void run_block(struct sim *sim, int block)
{
	int guard = 0;

	sim->work = take_pending(sim, block);
	while (sim->work) {
		struct state *st = sim->work;

		sim->work = st->next;
		st->next = NULL;
		if (st->pc == sim->fn->blocks[block].first)
			sim->visits++;
		if (++guard > 20000 || sim->visits > sim->budget) {
			sim->is_over = true;
			state_free(&sim->pool, st);
			continue;
		}
		run_state(sim, st, block);
	}
}

static void sim_run(struct sim *sim)
{
	struct state *st = state_new(&sim->pool);

	sim->lowest = 0;
	sim->pending[0] = st;
	st->pc = sim->fn->blocks[0].first;
	while (sim->lowest < sim->fn->nblock && !sim->is_over) {
		int block = sim->lowest;

		sim->lowest = block + 1;
		if (sim->pending[block])
			run_block(sim, block);
	}
}

static void sim_init(struct sim *sim, struct analysis *an, struct node *n, const struct sym *const *bound, bool split)
{
	memset(sim, 0, sizeof(*sim));
	sim->an = an;
	sim->node = n;
	sim->fn = n->fn;
	sim->bound = bound;
	arena_init(&sim->arena);
	sym_table_init(&sim->syms, &sim->arena);
	sim->pool = (struct state_pool){.arena = &sim->arena, .ninsn = n->fn->ninsn};
	sim->pending = ARENA_ARRAY(&sim->arena, struct state *, n->fn->nblock);
	sim->site_flags = ARENA_ARRAY(&sim->arena, unsigned char, n->fn->ninsn);
	sim->budget = an->options->state_budget ? an->options->state_budget : BUDGET;
	sim->is_split = split;
	find_tails(sim);
	find_phis(sim);
}

static void sim_release(struct sim *sim)
{
	free(sim->found);
	sym_table_release(&sim->syms);
	arena_release(&sim->arena);
}

static bool same_fault(const struct candidate *a, const struct candidate *b)
{
	return a->kind == b->kind && a->at.line == b->at.line && a->at.col == b->at.col && a->at.file == b->at.file &&
	       a->class_name == b->class_name && a->origin.line == b->origin.line && a->need == b->need;
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

/* Go again with paths kept apart; what is then gone came from merging. */
static void confirm(struct sim *sim)
{
	struct sim again;

	sim->an->muted++;
	sim_init(&again, sim->an, sim->node, sim->bound, true);
	sim_run(&again);
	if (!again.is_over)
		leak_check(&again);
	sim->an->muted--;
	for (int i = 0; i < sim->nfound; i++) {
		sim->found[i].is_confirmed = again.is_over;
		for (int k = 0; k < again.nfound && !sim->found[i].is_confirmed; k++)
			sim->found[i].is_confirmed = same_fault(&sim->found[i], &again.found[k]);
		if (!sim->found[i].is_confirmed)
			unsure(sim->an, UNSURE_INFEASIBLE, sim->found[i].at);
	}
	sim_release(&again);
}

static void note_over_budget(struct analysis *an, const struct func *fn)
{
	struct infer_result *r = an->result;
	struct place at = {fn->file, fn->line, 0};

	unsure(an, UNSURE_BUDGET, at);
	if (r->over_budget == an->over_cap) {
		an->over_cap = an->over_cap ? an->over_cap * 2 : 16;
		r->over_budget_names = realloc(r->over_budget_names, sizeof(char *) * an->over_cap);
		if (!r->over_budget_names)
			die("out of memory (names)");
	}
	r->over_budget_names[r->over_budget++] = arena_printf(an->arena, "%s (%s)", fn->name, fn->file ? fn->file : "?");
}

static struct summary *unknown_summary(struct analysis *an)
{
	struct summary *s = ARENA_NEW(an->arena, struct summary);

	s->is_unknown = true;
	return s;
}

static struct summary *simulate(struct analysis *an, struct node *n, const struct sym *const *bound)
{
	struct summary *s;
	struct sim sim;

	if (!n->fn->nblock)
		return unknown_summary(an);
	an->depth++;
	sim_init(&sim, an, n, bound, false);
	sim_run(&sim);
	if (sim.is_over) {
		note_over_budget(an, n->fn);
		s = unknown_summary(an);
	} else {
		leak_check(&sim);
		if (sim.nfound)
			confirm(&sim);
		explain_candidates(&sim);
		s = summary_make(&sim);
	}
	s->calls_params = sim.calls_params;
	sim_release(&sim);
	an->depth--;
	return s;
}

void simulate_node(struct analysis *an, struct node *n)
{
	n->summary = simulate(an, n, NULL);
	n->is_done = true;
	an->result->nfunc++;
}

#define MAX_SPECIAL_DEPTH 4

struct summary *simulate_special(struct analysis *an, struct node *n, const struct sym *const bound[8])
{
	struct special *sp;

	for (sp = n->specials; sp; sp = sp->next)
		if (!memcmp(sp->bound, bound, sizeof(sp->bound)))
			return sp->summary;
	if (an->depth >= MAX_SPECIAL_DEPTH || !n->is_done)
		return NULL;
	sp = ARENA_NEW(an->arena, struct special);
	memcpy(sp->bound, bound, sizeof(sp->bound));
	sp->next = n->specials;
	n->specials = sp;
	sp->summary = n->summary;	/* what recursion sees */
	sp->summary = simulate(an, n, sp->bound);
	return sp->summary;
}
