// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that one driver has made for one device, used with another device, which may have another driver. Entry point:
 * mixed_call(), for each call by name. Models say which functions make and use, and which field of the object tells
 * whose it is. Where a branch on the way went by that field, or by both devices at once, somebody has compared.
 */
#include "infer/simulate.h"

/* Does s go by the field of object, or by both devices? */
static bool compares(const struct sym *s, const struct model_maker *use, const struct sym *object, const struct sym *one,
		     const struct sym *other)
{
	if (!s)
		return false;
	if (s->kind == SYM_LOAD && sym_object(s->a) == object &&
	    (s->a->kind == SYM_ADDR ? s->a->field == use->field : s->a->first == use->field))
		return true;
	if (s->kind == SYM_CMP && sym_contains(s, one) && sym_contains(s, other))
		return true;
	return compares(s->a, use, object, one, other) || compares(s->b, use, object, one, other);
}

static bool is_compared(const struct state *st, const struct model_maker *use, const struct sym *object,
			const struct sym *one, const struct sym *other)
{
	for (int i = 0; i < st->nrange; i++)
		if (compares(st->ranges[i].s, use, object, one, other))
			return true;
	for (const struct cond *c = st->conds; c; c = c->prev)
		if (compares(c->s, use, object, one, other))
			return true;
	return false;
}

/* The call that has made the object, if it was one on this path that a model knows; or NULL. */
static const struct insn *maker_of(const struct sim *sim, const struct sym *object)
{
	const struct insn *call;
	const struct model_maker *k;

	if (object->kind != SYM_NEW || object->site < 0 || object->site >= sim->fn->ninsn)
		return NULL;
	call = &sim->fn->insns[object->site];
	k = call->op == OP_CALL && call->args[0].kind == ARG_FUNC
		? model_find_maker(sim->an->options->model, call->args[0].name) : NULL;
	return k && !k->is_use && k->with + 1 < call->narg ? call : NULL;
}

void mixed_call(struct sim *sim, struct state *st, const struct insn *in, const char *callee)
{
	const struct model_maker *use = model_find_maker(sim->an->options->model, callee);
	const struct sym *object, *one, *other;
	const struct insn *made;
	struct candidate c = {.kind = FACT_MAKERS_MIXED, .at = in->at, .is_warned = st->is_warned};

	if (!use || !use->is_use || use->arg + 1 >= in->narg || use->with + 1 >= in->narg)
		return;
	object = sym_object(sim_eval_resolved(sim, st, &in->args[use->arg + 1]));
	other = sim_eval_resolved(sim, st, &in->args[use->with + 1]);
	made = maker_of(sim, object);
	if (!made)
		return;
	one = sim_eval_resolved(sim, st, &made->args[model_find_maker(sim->an->options->model,
								       made->args[0].name)->with + 1]);
	if (one == other || one->kind == SYM_INT || other->kind == SYM_INT || is_compared(st, use, object, one, other))
		return;
	c.trace = state_step(&sim->pool, st, STEP_USE, in->at, sim->fn->name);
	((struct trace *)c.trace)->object = object;
	((struct trace *)c.trace)->callee = callee;
	c.object = object;
	c.class_name = use->struct_name;
	c.kind_name = use->field;
	c.function = made->args[0].name;
	c.origin = made->at;
	sim_candidate(sim, &c);
}
