// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions. Entry points: execute_insn() for all but calls and terminators,
 * execute_phis() on the way into a block; sim_eval() and sim_load(), which others use too.
 * An instruction gives its value to the state's environment and its effect to the state's
 * memory; pointers it goes through are told to borrow.c.
 */
#include "infer/prove.h"

#include <string.h>

#include "base/arena.h"
#include "infer/reread.h"

#define STACK_SLOT 8		/* bytes apart: elements of a struct value */

enum { ORDINAL_UNDEF = 900, ORDINAL_OLD = 901, ORDINAL_DEEP = 902, ORDINAL_REREAD = 3000000 /* + load */ };

/* A function is named by the body that this unit means. */
static const struct sym *name_func(struct sim *sim, const char *name, struct node **n)
{
	*n = program_resolve(&sim->an->program, sim->node, name);
	return sym_func(&sim->syms, name, *n ? (int64_t)(*n)->index + 1 : 0);
}

/* An address that may go anywhere: which body it stands for is part of what is learnt. */
static const struct sym *eval_func(struct sim *sim, const char *name)
{
	struct node *n;
	const struct sym *s = name_func(sim, name, &n);

	record_address(sim->an, n, name);
	return s;
}

const struct sym *sim_eval_callee(struct sim *sim, const struct state *st, const struct insn *call)
{
	struct node *n;

	if (call->args[0].kind == ARG_FUNC)
		return name_func(sim, call->args[0].name, &n);
	return sim_eval_resolved(sim, st, &call->args[0]);
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

const struct sym *sim_eval_resolved(struct sim *sim, const struct state *st, const struct arg *a)
{
	return state_resolve(&sim->syms, st, sim_eval(sim, st, a));
}

/* Memory cleared as a whole: one cell at the object's "any element" address says so. */
static bool is_cleared(struct sim *sim, const struct state *st, const struct sym *addr)
{
	const struct cell *c = state_find_cell(st, sym_elem(&sim->syms, sym_object(addr), NULL));

	return c && c->value->kind == SYM_INT && !c->value->value;
}

/* The array element that an address is in, or NULL. */
static const struct sym *element_of(const struct sym *addr)
{
	const struct sym *object = sym_object(addr);

	return object->kind == SYM_ELEM ? object : NULL;
}

/* What was put into the array at another index, or one that is not known, and is kept by nothing: it may be that. */
static const struct sym *borrowed_element(struct sim *sim, const struct state *st, const struct sym *addr)
{
	const struct sym *element = element_of(addr);

	for (int i = 0; element && st->dead && i < st->ncell; i++) {
		const struct sym *other = element_of(st->cells[i].addr);

		if (other && other->a == element->a && sym_offset(st->cells[i].addr) == sym_offset(addr) &&
		    !state_find_ref(st, st->cells[i].value) && borrow_ended(sim, st, st->cells[i].value))
			return st->cells[i].value;
	}
	return NULL;
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
	v = borrowed_element(sim, st, addr);
	if (v)
		return v;
	v = sym_load(&sim->syms, addr);
	return v ? v : sym_new(&sim->syms, site, ORDINAL_DEEP, st->turn, NULL);
}

const struct sym *sim_address(struct sim *sim, struct state *st, const struct insn *in)
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

/* What the load gives when it reads again, under a lock, what was tested before; NULL: it does not, or this function put it there. */
static const struct sym *load_again(struct sim *sim, const struct state *st, const struct sym *addr, const struct insn *in)
{
	int first, taken = sim->rereads ? reread_taken(sim->rereads, sim_site(sim, in), st, &first) : -1;

	if (taken < 0 || state_find_cell(st, addr))
		return NULL;
	return sym_new(&sim->syms, taken, ORDINAL_REREAD + first, st->turn, in->field);
}

static void run_load(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = sim_address(sim, st, in);
	bool is_ours = state_find_cell(st, addr) || sym_root(addr)->kind == SYM_STACK;
	const struct sym *again;

	if (in->is_pointer)
		borrow_read_pointer(sim, st, addr, in);
	else
		borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	if (sim->proof)
		prove_use(sim, st, addr, in->struct_name, in->field, in->at);
	prove_valid(sim, st, addr);
	again = load_again(sim, st, addr, in);
	st->env[sim_site(sim, in)] = again ? again : sim_load(sim, st, addr, sim_site(sim, in));
	if (in->is_pointer && !is_ours)
		section_read(sim, st, st->env[sim_site(sim, in)], in);
}

/* A stored pointer is a step when callers may care: a parameter, a counted or borrowed object, put where it lives on. */
static void step_store(struct sim *sim, struct state *st, const struct insn *in, const struct sym *addr,
		       const struct sym *value)
{
	const struct sym *object = sym_object(value);
	struct trace *t;

	if (!in->is_pointer || sym_root(addr)->kind == SYM_STACK)
		return;
	if (object->kind != SYM_PARAM && !state_find_ref(st, value) && !borrow_ended(sim, st, value))
		return;
	t = state_step(&sim->pool, st, STEP_STORE, in->at, sim->fn->name);
	t->object = value;
	t->target = addr;
}

static void run_store(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = sim_address(sim, st, in), *value = sim_eval_resolved(sim, st, &in->args[1]);

	borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	if (sim->proof) {
		prove_use(sim, st, addr, in->struct_name, in->field, in->at);
		prove_store(sim, st, addr, value, in->at);
	}
	prove_valid(sim, st, addr);
	doubt_ref_disarmed(sim, st, in, addr, value);
	state_store(&sim->pool, st, addr, value, in->at, sim->fn->name);
	step_store(sim, st, in, addr, value);
}

/* Assembly without side effects gives the same value for the same operands: current, this_cpu_ptr(). */
static void run_asm(struct sim *sim, struct state *st, const struct insn *in)
{
	int site = sim_site(sim, in), turn = st->turn;
	int64_t ordinal = 0;

	if (!in->is_volatile && in->field) {
		site = SYM_MACHINE - (int)(map_hash(in->field, strlen(in->field)) & 0xffffff);
		turn = 0;
		for (int i = 0; i < in->narg; i++) {
			const struct sym *a = sim_eval(sim, st, &in->args[i]);

			if (a->kind == SYM_GLOBAL)
				site -= (int)(map_hash(a->name, strlen(a->name)) & 0xffffff);
			else if (a->kind == SYM_INT)
				site -= (int)(a->value & 0xffff);
			else if (sym_is_machine(a))
				site -= -a->site & 0xffffff;
			else
				ordinal = ordinal * 8191 + a->id + 1;
		}
	}
	for (int i = 0; in->is_volatile && i < in->narg; i++) {
		const struct sym *a = sim_eval(sim, st, &in->args[i]);

		if (sym_object(a)->kind == SYM_STACK && state_find_cell(st, a))
			state_store(&sim->pool, st, a, sym_new(&sim->syms, site, 10 + i, st->turn, NULL), in->at, NULL);
	}
	st->env[sim_site(sim, in)] = sym_new(&sim->syms, site, ordinal, turn, in->name);
}

/* Is it in the memory of that size at from? */
static bool is_within(const struct sym *addr, const struct sym *from, int64_t size)
{
	return sym_object(addr) == sym_object(from) && addr->kind != SYM_ELEM && sym_offset(addr) >= sym_offset(from) &&
	       sym_offset(addr) < sym_offset(from) + size;
}

/* What was there is gone, even if nobody knows what comes in its place. */
static void copy_cells(struct sim *sim, struct state *st, const struct sym *to, const struct sym *from, int64_t size,
		       const struct insn *in)
{
	struct cell *cells = ARENA_ARRAY(sim->pool.arena, struct cell, st->ncell);
	int n = st->ncell;

	memcpy(cells, st->cells, sizeof(*cells) * (size_t)n);
	for (int i = 0; i < n; i++)
		if (is_within(cells[i].addr, to, size))
			state_store(&sim->pool, st, cells[i].addr,
				    sym_new(&sim->syms, sim_site(sim, in), ORDINAL_CLOBBER + cells[i].addr->id, st->turn, NULL),
				    in->at, sim->fn->name);
	for (int i = 0; i < n; i++) {
		const struct sym *addr = cells[i].addr;

		if (is_within(addr, from, size))
			state_store(&sim->pool, st, sym_addr(&sim->syms, to, sym_offset(addr) - sym_offset(from),
							     addr->struct_name, addr->field),
				    cells[i].value, in->at, sim->fn->name);
	}
}

static void run_copy(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *to = sim_eval(sim, st, &in->args[0]), *from = sim_eval(sim, st, &in->args[1]);
	const struct sym *size = sim_eval_resolved(sim, st, &in->args[2]);

	borrow_use(sim, st, to, NULL, NULL, in->at);
	borrow_use(sim, st, from, NULL, NULL, in->at);
	if (sim->proof) {
		prove_use(sim, st, to, NULL, NULL, in->at);
		prove_use(sim, st, from, NULL, NULL, in->at);
	}
	if (size->kind == SYM_INT && st->ncell)
		copy_cells(sim, st, to, from, size->value, in);
}

static void run_fill(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *to = sim_eval(sim, st, &in->args[0]), *value = sim_eval_resolved(sim, st, &in->args[1]);
	const struct sym *size = sim_eval_resolved(sim, st, &in->args[2]), *object = sym_object(to);
	int64_t start = to == object ? 0 : to->value;

	borrow_use(sim, st, to, NULL, NULL, in->at);
	if (sim->proof)
		prove_use(sim, st, to, NULL, NULL, in->at);
	for (int i = 0; i < st->ncell; i++) {
		const struct sym *addr = st->cells[i].addr;
		int64_t off = addr == object ? 0 : addr->value;

		if (sym_object(addr) == object && off >= start && size->kind == SYM_INT && off < start + size->value)
			st->cells[i].value = value->kind == SYM_INT && !value->value ? value :
				sym_new(&sim->syms, sim_site(sim, in), off, st->turn, NULL);
	}
	if (start == 0 && object->kind == SYM_STACK && value->kind == SYM_INT)
		state_store(&sim->pool, st, sym_elem(&sim->syms, object, NULL), value, in->at, sim->fn->name);
}

static void run_atomic(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *addr = sim_address(sim, st, in), *result;
	int site = sim_site(sim, in);

	borrow_use(sim, st, addr, in->struct_name, in->field, in->at);
	if (sim->proof)
		prove_use(sim, st, addr, in->struct_name, in->field, in->at);
	if (in->sub == ATOMIC_SET) {
		st->env[site] = sim_load(sim, st, addr, site);
		state_store(&sim->pool, st, addr, sim_eval_resolved(sim, st, &in->args[1]), in->at, sim->fn->name);
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
	state_store(&sim->pool, st, element_cell(sim, made, in->imm), sim_eval_resolved(sim, st, &in->args[1]),
		    in->at, NULL);
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
	const struct sym *c = sim_eval_resolved(sim, st, &in->args[0]);
	int truth = state_truth(st, c), site = sim_site(sim, in);

	if (truth < 0) {
		struct state *other = state_copy(&sim->pool, st);

		if (state_assume(&sim->pool, other, c, false)) {
			state_push_cond(&sim->pool, other, sym_not(&sim->syms, c));
			other->env[site] = sim_eval_resolved(sim, other, &in->args[2]);
			other->pc = site + 1;
			sim_continue(sim, other);
		}
		truth = 1;
		state_assume(&sim->pool, st, c, true);
		state_push_cond(&sim->pool, st, c);
	}
	st->env[site] = sim_eval_resolved(sim, st, &in->args[truth ? 1 : 2]);
}

void execute_insn(struct sim *sim, struct state *st, const struct insn *in)
{
	struct sym_table *t = &sim->syms;
	const struct sym **out = &st->env[sim_site(sim, in)];

	switch (in->op) {
	case OP_ADDR:
		*out = sim_address(sim, st, in);
		borrow_see(sim, *out);
		break;
	case OP_INDEX:
		*out = sym_elem(t, sim_eval(sim, st, &in->args[0]), sim_eval_resolved(sim, st, &in->args[1]));
		break;
	case OP_LOAD: run_load(sim, st, in); break;
	case OP_STORE: run_store(sim, st, in); break;
	case OP_ASM: run_asm(sim, st, in); break;
	case OP_SELECT: run_select(sim, st, in); break;
	case OP_CMP:
		*out = sym_cmp(t, in->sub, sim_eval_resolved(sim, st, &in->args[0]),
			       sim_eval_resolved(sim, st, &in->args[1]));
		break;
	case OP_BIN:
		*out = sym_bin(t, in->sub, sim_eval_resolved(sim, st, &in->args[0]),
			       sim_eval_resolved(sim, st, &in->args[1]));
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

#define COUNTER_PHIS 3	/* between a counter and where it is counted */

static bool is_counting(const struct insn *in)
{
	return in->op == OP_BIN && (in->sub == BIN_ADD || in->sub == BIN_SUB || in->sub == BIN_SHL ||
				    in->sub == BIN_SHR || in->sub == BIN_MUL || in->sub == BIN_DIV);
}

/* Is that the counter phi, counted on one way and left on another? "if (...) continue; i++;" has a phi of both. */
static bool counts_at_times(const struct sim *sim, const struct arg *in, int phi, int depth)
{
	const struct insn *step = in->kind == ARG_INSN ? &sim->fn->insns[in->n] : NULL;

	for (int k = 0; step && step->op == OP_PHI && depth > 0 && k < step->narg; k++)
		if (counts_at_times(sim, &step->args[k], phi, depth - 1))
			return true;
	return step && is_counting(step) && step->args[0].kind == ARG_INSN && step->args[0].n == phi;
}

/*
 * A loop's counter that this turn has counted: its next value is unknown, or its exit could never be reached. One that is
 * counted at times only is where a reference is at stake: elsewhere more ways cost more than they show.
 */
static bool is_counter(const struct sim *sim, const struct state *st, const struct insn *phi, const struct arg *in,
		       const struct sym *next)
{
	int n = (int)(phi - sim->fn->insns);

	if (phi->is_pointer || in->kind != ARG_INSN)
		return false;
	return is_counting(&sim->fn->insns[in->n]) ||
	       (next != st->env[n] && state_owes(st) && counts_at_times(sim, in, n, COUNTER_PHIS));
}

void execute_phis(struct sim *sim, struct state *st, int from, int to)
{
	const struct block *bb = &sim->fn->blocks[to];
	const struct sym **values;
	int n = 0;

	if (sim->fn->insns[bb->first].op != OP_PHI)
		return;
	while (bb->first + n < bb->end && sim->fn->insns[bb->first + n].op == OP_PHI)
		n++;
	values = ARENA_ARRAY(&sim->arena, const struct sym *, n);
	n = 0;

	for (int i = bb->first; i < bb->end && sim->fn->insns[i].op == OP_PHI; i++, n++) {
		const struct insn *phi = &sim->fn->insns[i];

		values[n] = NULL;
		for (int k = 0; k < phi->narg; k++) {
			if (phi->targets[k] != from)
				continue;
			values[n] = sim_eval_resolved(sim, st, &phi->args[k]);
			if (to <= from && is_counter(sim, st, phi, &phi->args[k], values[n]))
				values[n] = sym_new(&sim->syms, i, 1, st->turn, phi->name);
			break;
		}
	}
	for (int i = 0; i < n; i++)
		st->env[bb->first + i] = values[i];
}

#define MAX_PHIS 32	/* that one value goes through */

/* Is the value, a number whichever way it came through phis, always one of the switch's cases? seen: phis on the way, n of them. */
static bool is_a_case(const struct sim *sim, const struct insn *in, const struct arg *a, int *seen, int *n)
{
	const struct insn *phi;

	for (int i = 0; a->kind == ARG_INT && i < in->ntarget - 1; i++)
		if (in->cases[i] == a->value)
			return true;
	if (a->kind != ARG_INSN || sim->fn->insns[a->n].op != OP_PHI)
		return false;
	for (int i = 0; i < *n; i++)
		if (seen[i] == a->n)
			return true;
	if (*n == MAX_PHIS)
		return false;
	seen[(*n)++] = a->n;
	phi = &sim->fn->insns[a->n];
	for (int i = 0; i < phi->narg; i++)
		if (!is_a_case(sim, in, &phi->args[i], seen, n))
			return false;
	return true;
}

bool execute_has_default(const struct sim *sim, const struct insn *in)
{
	int seen[MAX_PHIS], n = 0;

	return !is_a_case(sim, in, &in->args[0], seen, &n);
}
