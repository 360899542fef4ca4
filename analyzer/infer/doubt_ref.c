// SPDX-License-Identifier: GPL-2.0-only
/*
 * References that are not meant to be given back where a path ends with them, by what the function says of it elsewhere. As
 * doubt.c is for locks: what is only likely is counted and not told.
 *
 *   doubt_ref_spared()	a callee gives it back in a way that callers cannot tell from the one it went
 *   doubt_ref_branch()	"if (x != mine) put(x)": the one that is mine stays
 *   doubt_ref_disarmed()	a variable with a cleanup is set to NULL last, so that the cleanup does nothing
 */
#include "infer/fill.h"

static bool gives_back(struct fill *f, const struct scase *c, const struct ref *r)
{
	for (int i = 0; c->refs && i < c->refs->n; i++)
		if (c->refs->items[i].count < 0 &&
		    sym_object(fill_sym(f, c->refs->items[i].object)) == sym_object(r->object))
			return true;
	return false;
}

void doubt_ref_spared(struct fill *f, const struct state *before, const struct scase *other, struct place at)
{
	for (int i = 0; before->refs && i < before->refs->n; i++) {
		const struct ref *old = &before->refs->items[i], *now = state_find_ref(f->st, old->object);

		if (old->count > 0 && !old->handed_on && now && now->count == old->count && !now->handed_on &&
		    gives_back(f, other, old))
			reference_hand_on(f->sim, f->st, old->object, at);
	}
}

static bool is_same_arg(const struct arg *a, const struct arg *b)
{
	return a->kind == b->kind && a->n == b->n && (a->kind == ARG_INSN || a->kind == ARG_PARAM);
}

/* Does the block give the object of that operand back? */
static bool block_puts(const struct sim *sim, int block, const struct arg *object)
{
	for (int i = sim->fn->blocks[block].first; i < sim->fn->blocks[block].end; i++) {
		const struct insn *in = &sim->fn->insns[i];
		const struct model_func *m = in->op == OP_CALL && in->args[0].kind == ARG_FUNC
			? model_find(sim->an->options->model, in->args[0].name) : NULL;

		for (int k = 0; m && k < m->neffect; k++)
			if (m->effects[k].kind == EFFECT_PUT && m->effects[k].arg >= 0 && m->effects[k].arg + 1 < in->narg &&
			    is_same_arg(&in->args[m->effects[k].arg + 1], object))
				return true;
	}
	return false;
}

static bool same_from(const struct insn *phi, int a, int b)
{
	const struct arg *x = NULL, *y = NULL;

	for (int i = 0; i < phi->ntarget; i++) {
		if (phi->targets[i] == a)
			x = &phi->args[i];
		if (phi->targets[i] == b)
			y = &phi->args[i];
	}
	return x && y && x->kind == y->kind && x->n == y->n && x->value == y->value;
}

/* Is block all that is done if the branch at the end of from goes there, and then the same in either case? */
static bool is_aside(const struct sim *sim, int from, int block, int other)
{
	const struct insn *last = &sim->fn->insns[sim->fn->blocks[block].end - 1];

	if (last->op != OP_JUMP || last->targets[0] != other)
		return false;
	for (int i = sim->fn->blocks[other].first; sim->fn->insns[i].op == OP_PHI; i++)
		if (!same_from(&sim->fn->insns[i], from, block))
			return false;
	return true;
}

/*
 * NULL is read where the path has put an object. A callee that has written there could have left that, or another case
 * of it: the put that goes without is believed to be made.
 */
static void doubt_emptied(struct sim *sim, struct state *st, const struct insn *cmp)
{
	const struct insn *load = cmp->args[0].kind == ARG_INSN ? &sim->fn->insns[cmp->args[0].n] : NULL;
	const struct sym *from = load && load->op == OP_LOAD ? sim_address(sim, st, load) : NULL;

	if (!from || sim_eval(sim, st, &cmp->args[0])->kind == SYM_INT)
		return;
	for (const struct trace *t = st->trace; t; t = t->prev)
		for (int i = 0; t->kind == STEP_STORE && t->target == from && i < st->refs->n; i++)
			if (sym_contains(st->refs->items[i].object, sym_object(t->object)))
				reference_hand_on(sim, st, st->refs->items[i].object, cmp->at);
}

void doubt_ref_branch(struct sim *sim, struct state *st, const struct insn *in, bool truth)
{
	const struct insn *cmp = in->op == OP_BRANCH && in->args[0].kind == ARG_INSN ? &sim->fn->insns[in->args[0].n] : NULL;

	if (st->refs && cmp && cmp->op == OP_CMP && cmp->args[1].kind == ARG_INT && !cmp->args[1].value &&
	    cmp->sub == (truth ? CMP_EQ : CMP_NE))
		doubt_emptied(sim, st, cmp);
	if (!st->refs || !cmp || cmp->op != OP_CMP || cmp->args[1].kind == ARG_INT || truth != (cmp->sub == CMP_EQ) ||
	    (cmp->sub != CMP_EQ && cmp->sub != CMP_NE))
		return;
	if (!is_aside(sim, loop_block_of(sim, sim_site(sim, in)), in->targets[truth], in->targets[!truth]))
		return;
	for (int i = 0; i < 2; i++)
		if (block_puts(sim, in->targets[truth], &cmp->args[i]))
			reference_hand_on(sim, st, sim_eval(sim, st, &cmp->args[i]), in->at);
}

#define LAST_STEPS 64	/* instructions between what is last done to the variable and its cleanup */

/* Is nothing done with the variable after that instruction, but to give it to a function that puts what it finds there? */
static bool only_cleaned_up(const struct sim *sim, int site, const struct arg *variable)
{
	for (int n = 0, i = site + 1; n < LAST_STEPS; n++) {
		const struct insn *in = &sim->fn->insns[i];

		if (in->op == OP_LOAD && is_same_arg(&in->args[0], variable))
			return false;
		for (int k = 1; in->op == OP_CALL && k < in->narg; k++)
			if (is_same_arg(&in->args[k], variable)) {
				const struct node *callee = in->args[0].kind == ARG_FUNC
					? program_resolve(&sim->an->program, sim->node, in->args[0].name) : NULL;
				const struct summary *s = callee ? node_summary(callee) : NULL;

				return s && s->has_puts;
			}
		if (in->op == OP_JUMP)
			i = sim->fn->blocks[in->targets[0]].first;
		else if (flow_is_terminator(in->op))
			return false;
		else
			i++;
	}
	return false;
}

void doubt_ref_disarmed(struct sim *sim, struct state *st, const struct insn *in, const struct sym *addr, const struct sym *value)
{
	const struct cell *old;
	const struct ref *r;

	if (!st->refs || addr->kind != SYM_STACK || value->kind != SYM_INT || value->value || in->args[0].kind != ARG_INSN || in->imm)
		return;
	old = state_find_cell(st, addr);
	r = old ? state_find_ref(st, old->value) : NULL;
	if (r && r->count > 0 && !r->handed_on && only_cleaned_up(sim, sim_site(sim, in), &in->args[0]))
		reference_hand_on(sim, st, old->value, in->at);
}
