// SPDX-License-Identifier: GPL-2.0-only
/*
 * References that are not meant to be given back where a path ends with them, by what the function says of it elsewhere. As
 * doubt.c is for locks: what is only likely is counted and not told.
 *
 *   doubt_ref_spared()	a callee gives it back in a way that callers cannot tell from the one it went
 *   doubt_ref_branch()	"if (x != mine) put(x)": the one that is mine stays
 *   doubt_ref_uncounted()	a function that was asked says that nobody counts it
 *   doubt_ref_taken_for_success()	a callee has returned what is above 0, and is taken to have done what it does with 0
 *   doubt_ref_put_later()	a callee is still to give the object back: there is another reference for that
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

/* What the path was told by that function, wherever it asked: a bit for no, and one for yes. */
static unsigned answers_of(const struct sim *sim, const struct state *st, const char *function)
{
	unsigned answers = 0;

	for (int n = 0; n < sim->fn->ninsn; n++) {
		const struct insn *in = &sim->fn->insns[n];
		int truth = -1;

		if (in->op == OP_CALL && in->args[0].kind == ARG_FUNC && in->args[0].name == function && st->env[n])
			truth = state_truth(st, st->env[n]);
		answers |= truth < 0 ? 0 : 1u << truth;
	}
	return answers;
}

/* Also: neither of those that are not counted nor of those that are. Whatever is left on such a path, nobody comes there. */
bool doubt_ref_uncounted(const struct sim *sim, const struct state *st, const struct ref *r)
{
	const struct model *m = sim->an->options->model;
	bool is_none[2] = {false, false};

	for (int i = 0; i < m->nuncounted; i++) {
		const struct model_uncounted *u = &m->uncounted[i];
		unsigned answers = u->asked ? answers_of(sim, st, u->asked) : 0;

		if (u->kind == r->kind && answers & 1u << u->answer)
			return true;
		is_none[u->answer] |= answers & 1;
	}
	return is_none[0] && is_none[1];
}

static bool is_put_by(const struct sim *sim, const struct insn *call, int arg)
{
	const struct summary *s = sim_summary_of_call(sim, call);

	for (int i = 0; s && i < s->ncase; i++)
		for (int k = 0; s->cases[i].refs && k < s->cases[i].refs->n; k++) {
			const struct ref *r = &s->cases[i].refs->items[k];

			if (r->count < 0 && sym_object(r->object)->kind == SYM_PARAM && sym_object(r->object)->value == arg)
				return true;
		}
	return false;
}

bool doubt_ref_put_later(const struct sim *sim, const struct state *st, const struct sym *object)
{
	for (int n = st->pc - 1; n < sim->fn->ninsn; n++)
		for (int i = 1; sim->fn->insns[n].op == OP_CALL && i < sim->fn->insns[n].narg; i++) {
			const struct arg *a = &sim->fn->insns[n].args[i];

			if (a->kind == ARG_INSN && st->env[a->n] && sym_object(st->env[a->n]) == sym_object(object) &&
			    is_put_by(sim, &sim->fn->insns[n], i - 1))
				return true;
		}
	return false;
}

/* Does the function look at nothing but whether that result is negative? */
static bool asks_for_negative_only(const struct func *fn, int site)
{
	bool is_asked = false;

	for (int n = 0; n < fn->ninsn; n++)
		for (int i = 0; i < fn->insns[n].narg; i++) {
			const struct insn *in = &fn->insns[n];
			bool asks = in->op == OP_CMP && in->args[1].kind == ARG_INT;

			if (in->args[i].kind != ARG_INSN || in->args[i].n != site || in->op == OP_PHI || in->op == OP_RETURN)
				continue;
			if (!asks || !((in->sub == CMP_SLT && !in->args[1].value) || (in->sub == CMP_SGT && in->args[1].value == -1)))
				return false;
			is_asked = true;
		}
	return is_asked;
}

static bool may_return_zero(const struct sim *sim, const struct insn *call)
{
	const struct summary *s = sim_summary_of_call(sim, call);

	for (int i = 0; s && i < s->ncase; i++)
		if (s->cases[i].ret_mask & MASK_ZERO)
			return true;
	return false;
}

/* Is the object what the call was given, or in what it was given? */
static bool is_given(struct sim *sim, struct state *st, const struct insn *call, const struct sym *object)
{
	for (int i = 1; i < call->narg; i++) {
		const struct sym *arg = sym_object(sim_eval(sim, st, &call->args[i]));

		if (arg == object)
			return true;
		for (int k = 0; k < st->ncell; k++)
			if (sym_object(st->cells[k].addr) == arg && sym_object(st->cells[k].value) == object)
				return true;
	}
	return false;
}

bool doubt_ref_taken_for_success(struct sim *sim, struct state *st, const struct ref *r)
{
	for (int n = 0; n < sim->fn->ninsn; n++) {
		const struct insn *in = &sim->fn->insns[n];

		if (in->op == OP_CALL && !in->is_pointer && st->env[n] && st->env[n]->kind != SYM_INT &&
		    !(state_mask(st, st->env[n]) & (MASK_ZERO | MASK_NEGATIVE)) && asks_for_negative_only(sim->fn, n) &&
		    may_return_zero(sim, in) && is_given(sim, st, in, sym_object(r->object)))
			return true;
	}
	return false;
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
				const struct summary *s = sim_summary_of_call(sim, in);

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
