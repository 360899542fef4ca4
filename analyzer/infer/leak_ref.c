// SPDX-License-Identifier: GPL-2.0-only
/*
 * References at the exits. Entry points: leak_check_refs(), leak_whereabouts(). What came
 * from a lookup is ours alone and must be given back or handed on by every path. One taken
 * on somebody else's object is left when other paths show what was meant: they give it back,
 * hand it on, or keep it together with another that this failing path gives back.
 */
#include "infer/leftover.h"
#include "infer/simulate.h"
#include "infer/stored.h"

/* Is what it returns no success? */
static bool has_failed(const struct sim *sim, const struct state *st)
{
	unsigned success = sim->fn->returns_pointer ? MASK_VALID : MASK_ZERO;

	return st->ret && !(leak_ret_mask(st) & success);
}

/* Is it memory that goes away by itself when the device it is for is unbound? */
static bool is_managed(const struct sim *sim, const struct sym *object)
{
	const struct insn *in = object->kind == SYM_NEW && object->site >= 0 ? &sim->fn->insns[object->site] : NULL;
	const struct model_func *f = in && in->op == OP_CALL && in->args[0].kind == ARG_FUNC ?
					     model_find(sim->an->options->model, in->args[0].name) : NULL;

	return f && f->neffect && f->effects[0].kind == EFFECT_ALLOC_MANAGED;
}

/* Memory that goes away by itself, because what returns now has failed: nobody looks after what is in it. */
static bool is_dying(const struct sim *sim, const struct state *st, const struct sym *object)
{
	/* A probe fails by an error; what can only be above 0 came from a call that its caller takes for a success. */
	if (!has_failed(sim, st) || (!sim->fn->returns_pointer && !(leak_ret_mask(st) & MASK_NEGATIVE)) ||
	    !is_managed(sim, object))
		return false;
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i];

		if (sym_object(c->value) == object && sym_object(c->addr) != object &&
		    sym_root(c->addr)->kind != SYM_STACK && !borrow_is_home(sim, c->addr))
			return false;
	}
	return true;
}

/* Does the value come from a member of the object by which it can be reached again: not a driver's own data? */
static bool leads_back(const struct sim *sim, const struct sym *value, const struct sym *object)
{
	const struct sym *o = sym_object(value), *from;

	while (o->kind == SYM_ELEM)
		o = sym_object(o->a);
	from = o->kind == SYM_LOAD ? o->a : NULL;
	return from && from->field && sym_object(from) == object && !borrow_is_home(sim, from);
}

enum whereabouts leak_whereabouts(const struct sim *sim, const struct state *st, const struct sym *object)
{
	const struct sym *o = sym_object(object);
	enum whereabouts found = WITH_US;

	if (st->ret && sym_object(st->ret) == o)
		return WITH_CALLER;
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i];

		if (sym_object(c->addr) == o)
			continue;
		if (sym_is_outer(c->addr) && leads_back(sim, c->value, o))
			found = STORED;
		if (sym_object(c->value) != o)
			continue;
		if (c->addr->kind == SYM_PARAM)
			return WITH_CALLER;
		/* A member's address is in a list, wherever the head of it is. */
		if (sym_root(c->addr)->kind == SYM_STACK ? c->value != o : !is_dying(sim, st, sym_object(c->addr)))
			found = STORED;
	}
	return found;
}

/* All that fail have given it back, and none that succeeds: it goes with what is returned, however that leads to it. */
static bool is_kept_by_success(const struct sim *sim, const struct ref *r)
{
	bool is_given = sim->is_over;	/* not all exits are known: some may */

	for (const struct state *o = sim->exits; o; o = o->next) {
		const struct ref *same = state_find_ref(o, r->object);

		if (!same)
			continue;
		if (has_failed(sim, o) != (same->count <= 0))
			return false;
		is_given |= same->count <= 0;
	}
	return is_given;
}

/*
 * What is returned hangs on the object, or holds something that does, and the name of the function promises that the
 * object is put by way of it.
 */
static bool returns_what_was_got(const struct sim *sim, const struct state *st, const struct ref *r)
{
	const struct sym *object = sym_object(r->object);

	if (!sim->fn->returns_pointer || !st->ret || !(leak_ret_mask(st) & MASK_VALID) ||
	    !model_name_says(sim->an->options->model, sim->fn->name, NAME_GETS))
		return false;
	if (sym_contains(st->ret, object) || is_kept_by_success(sim, r))
		return true;
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == sym_object(st->ret) && sym_contains(st->cells[i].value, object))
			return true;
	return false;
}

/*
 * What failed to be registered is no object of its own that anybody could free: a variable, or one of many that callers
 * have. To put it is what the rules ask for, and mends little (stored.c looks whether anything would release it).
 */
static bool is_lasting(const struct ref *r)
{
	const struct sym *object = sym_object(r->object);

	return r->born && (sym_root(object)->kind == SYM_GLOBAL || (object->kind == SYM_LOAD && object->is_set));
}

static void report_ref(struct sim *sim, struct state *st, struct ref r)
{
	struct trace *t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_REF_LEFT, .at = st->at, .object = r.object, .class_name = r.kind, .kind_name = r.kind,
		.origin = r.got ? r.got->at : st->at, .began = r.got, .trace = t, .function = r.got ? r.got->callee : NULL,
		.is_warned = is_lasting(&r),
	};

	t->object = r.object;
	t->what = r.kind;
	sim_candidate(sim, &c);
	r.handed_on = true;
	state_put_ref(&sim->pool, st, &r);
}

/* ------------------------------------------------------------------ taken on somebody else's object */

static bool gave_back(const struct state *st, const struct ref *r)
{
	const struct ref *o = state_find_ref(st, r->object);

	return o && o->count == 0;
}

static bool is_handed_on(const struct sim *sim, const struct state *st, const struct ref *r)
{
	const struct ref *o = state_find_ref(st, r->object);

	return o && o->count > 0 && (o->handed_on || leak_whereabouts(sim, st, r->object) != WITH_US);
}

/* The path has written into the object: what it took is for what it has made of it. */
static bool has_written(const struct state *st, const struct sym *object)
{
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == object)
			return true;
	return false;
}

/*
 * Those that give it back give another back as well, by whose object it is reached: they were got together. This path has
 * handed on the other.
 */
static bool goes_with_another(const struct sim *sim, const struct state *st, const struct ref *r)
{
	for (int i = 0; i < st->refs->n; i++) {
		const struct ref *with = &st->refs->items[i];
		bool is_pair = with->count > 0 && with->object != r->object &&
			       sym_contains(r->object, sym_object(with->object)) && is_handed_on(sim, st, with);

		for (const struct state *o = sim->exits; o && is_pair; o = o->next)
			is_pair = !gave_back(o, r) || gave_back(o, with);
		if (is_pair)
			return true;
	}
	return false;
}

static const struct trace *previous_put(const struct trace *t, const struct sym *object)
{
	while (t && (t->kind != STEP_PUT || t->object != object))
		t = t->prev;
	return t;
}

/*
 * A callee took it that is no getter, and another gave it back at that exit: for something that the one has begun, and
 * that goes on until the other ends it.
 */
static bool is_ended_there(const struct sim *sim, const struct state *exit, const struct ref *r)
{
	const struct trace *put = previous_put(exit->trace, r->object);

	return r->got && r->got->inner && r->got->callee && put && put->inner &&
	       !model_name_says(sim->an->options->model, r->got->callee, NAME_GETS);
}

/* Others, with the same results, give it back. */
static bool is_forgotten(const struct sim *sim, const struct state *st, const struct ref *r)
{
	unsigned given = 0;

	if (!(sim->site_flags[r->site] & SITE_RELEASED))
		return false;
	for (const struct state *o = sim->exits; o; o = o->next)
		if (gave_back(o, r) && (has_failed(sim, st) || !is_ended_there(sim, o, r)))
			given |= leak_ret_mask(o);
	if (!given || !leak_is_mistake(sim, st, given))
		return false;
	return given != MASK_ZERO || leak_ret_mask(st) != MASK_ZERO || !has_written(st, sym_object(r->object));
}

/* Success hands it on, and this one fails: a failure that is told apart by its result. */
static bool is_for_success(const struct sim *sim, const struct state *st, const struct ref *r)
{
	unsigned given = 0, mine = leak_ret_mask(st);

	for (const struct state *o = sim->exits; o; o = o->next)
		if (is_handed_on(sim, o, r))
			given |= leak_ret_mask(o);
	return st->ret && given && !(mine & given) && leak_is_mistake(sim, st, given);
}

/* Success keeps this one and another, and this failure gives only the other back (which frees nothing else). */
static bool is_half_undone(const struct sim *sim, const struct state *st, const struct ref *r)
{
	if (!st->ret || sim->fn->returns_pointer || leak_ret_mask(st) & MASK_ZERO)
		return false;
	for (const struct state *o = sim->exits; o; o = o->next) {
		const struct ref *same = state_find_ref(o, r->object);

		if (leak_ret_mask(o) != MASK_ZERO || !same || same->count <= 0 || same->handed_on)
			continue;
		for (int i = 0; i < o->refs->n; i++) {
			const struct ref *other = &o->refs->items[i];

			if (other->object != r->object && other->count > 0 && !other->born && gave_back(st, other))
				return true;
		}
	}
	return false;
}

/* ------------------------------------------------------------------ given back too often */

static int count_of(const struct state *st, const struct sym *object)
{
	const struct ref *r = state_find_ref(st, object);

	return r ? r->count : 0;
}

/*
 * The caller's object is given back once more than by other failing paths: the caller cannot tell which, and does
 * for all what is right for one. Most must agree: where many give it back they have it from the caller. No path that
 * succeeds gives it back.
 */
static bool is_odd(const struct sim *sim, const struct state *st, const struct ref *r)
{
	int agree = 0, same = 0;

	for (const struct state *o = sim->exits; o; o = o->next) {
		int count = count_of(o, r->object);

		if (o == st || !(state_mask(o, r->object) & MASK_VALID))
			continue;
		if (!has_failed(sim, o) && count < 0)
			return false;
		if (has_failed(sim, o) && count == r->count + 1)
			agree++;
		else if (has_failed(sim, o) && count != r->count)
			return false;
		same += has_failed(sim, o) && count == r->count;
	}
	return agree >= 2 && agree > same * 2;
}

static void check_given(struct sim *sim, struct state *st, const struct ref *r)
{
	const struct trace *last = previous_put(st->trace, r->object);
	struct candidate c = {
		.kind = FACT_REF_PUT_AGAIN, .object = r->object, .class_name = r->kind, .kind_name = r->kind,
		.trace = last, .is_warned = st->is_warned,
	};

	if (r->count >= 0 || r->found || r->handed_on || sym_object(r->object)->kind != SYM_PARAM || !last ||
	    last->inner || !has_failed(sim, st) || !is_odd(sim, st, r))
		return;
	c.at = c.origin = last->at;
	sim_candidate(sim, &c);
}

/* ------------------------------------------------------------------ entry */

/* It has put something that it had not got: the last reference, as far as is known, and what is released releases more. */
static bool may_have_released(const struct state *st, const struct ref *r)
{
	for (int i = 0; i < st->refs->n; i++)
		if (st->refs->items[i].count < 0 && st->refs->items[i].object != r->object)
			return true;
	return false;
}

/* It succeeds and has stored what leads to the object: whoever ends what it has begun reaches it there. */
static bool hangs_on_stored(const struct sim *sim, const struct state *st, const struct ref *r)
{
	const struct sym *o = sym_object(r->object);

	if (has_failed(sim, st))
		return false;
	for (; o->kind == SYM_LOAD; o = sym_object(o->a))
		for (int i = 0; i < st->ncell; i++)
			if (sym_object(st->cells[i].value) == sym_object(o->a) && sym_object(st->cells[i].addr) != sym_object(o->a) &&
			    sym_root(st->cells[i].addr)->kind != SYM_STACK)
				return true;
	return false;
}

static bool is_left(struct sim *sim, const struct state *st, const struct ref *r)
{
	if (sym_root(r->object)->kind == SYM_GLOBAL || r->object->is_set || sim->is_over)
		return false;
	if (!goes_with_another(sim, st, r) && !may_have_released(st, r) && !hangs_on_stored(sim, st, r) &&
	    (is_forgotten(sim, st, r) || is_for_success(sim, st, r) || is_half_undone(sim, st, r)))
		return true;
	unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
	return false;
}

/*
 * Simulated for the callbacks it is given: whoever hands out references through one says where they are to go. The path
 * on which a pointer is NULL is for others.
 */
static bool is_for_others(struct sim *sim, const struct state *st)
{
	for (int i = 0; sim->bound && i < sim->fn->nparam; i++)
		if (sim->fn->params[i].is_pointer &&
		    !(state_mask(st, sym_param(&sim->syms, i, sim->fn->params[i].name)) & MASK_VALID))
			return true;
	return false;
}

/* A lookup for its count alone: what it gives is not so much as looked at, so whoever gives it back has it from elsewhere. */
static bool is_ignored(const struct sim *sim, const struct ref *r)
{
	if (!r->found || r->born || r->site < 0 || !sim->fn->insns[r->site].is_pointer)
		return false;
	for (int n = 0; n < sim->fn->ninsn; n++)
		for (int i = 0; i < sim->fn->insns[n].narg; i++)
			if (sim->fn->insns[n].args[i].kind == ARG_INSN && sim->fn->insns[n].args[i].n == r->site)
				return false;
	return true;
}

/* The path succeeds and has put what its caller gave it into the object: whoever takes that out again gives it back. */
static bool is_registered_with(const struct sim *sim, const struct state *st, const struct ref *r)
{
	if (!r->found || r->born || has_failed(sim, st))
		return false;
	for (int i = 0; i < st->ncell; i++) {
		const struct sym *value = sym_object(st->cells[i].value);

		if (sym_object(st->cells[i].addr) == sym_object(r->object) && value->kind == SYM_PARAM &&
		    value->value < sim->fn->nparam && sim->fn->params[value->value].is_pointer)
			return true;
	}
	return false;
}

/* What the path got it has given back, and what is left was taken by a callee, which is no getter: for what it made of it. */
static bool is_callees(const struct sim *sim, const struct state *st, const struct ref *r)
{
	bool is_put = false;

	for (const struct trace *t = st->trace; t && t != r->got; t = t->prev) {
		if (t->object != r->object)
			continue;
		is_put |= t->kind == STEP_PUT && !t->inner;
		if (is_put && t->kind == STEP_GET && t->inner && t->callee &&
		    !model_name_says(sim->an->options->model, t->callee, NAME_GETS))
			return true;
	}
	return false;
}

static void check_ref(struct sim *sim, struct state *st, struct ref r)
{
	enum whereabouts where;

	if (r.count <= 0 && !sim->is_over)
		check_given(sim, st, &r);
	if (r.count > 0 && r.born && sym_object(r.object)->kind == SYM_PARAM && has_failed(sim, st))
		leftover_note(sim, st, &r);
	if (r.count <= 0 || r.handed_on || !(state_mask(st, r.object) & MASK_VALID))
		return;
	where = leak_whereabouts(sim, st, r.object);
	if (where != WITH_US || (r.found && returns_what_was_got(sim, st, &r))) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
		if (where == STORED && r.found && !r.born && !has_failed(sim, st))
			stored_note(sim, st, &r);
		r.handed_on = where != WITH_CALLER;
		state_put_ref(&sim->pool, st, &r);
		return;
	}
	/* Others reach it, and this one goes on as if nothing had happened; or it goes as its memory goes. */
	if (r.born && (sym_object(r.object)->kind == SYM_LOAD ? !has_failed(sim, st) : is_managed(sim, sym_object(r.object)))) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
		return;
	}
	/* A caller's object, which has callers to give it back. */
	if (r.found && sym_object(r.object)->kind == SYM_PARAM && (sim->node->is_called || !sim->fn->is_static))
		return;
	if (is_for_others(sim, st) || loop_gathers(sim, r.site) || is_ignored(sim, &r) || is_registered_with(sim, st, &r) ||
	    is_callees(sim, st, &r) || doubt_ref_uncounted(sim, st, &r) || doubt_ref_taken_for_success(sim, st, &r))
		unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
	else if (r.found || is_left(sim, st, &r))
		report_ref(sim, st, r);
}

void leak_check_refs(struct sim *sim, struct state *st)
{
	const struct ref_set *refs = st->refs;

	/* What is left behind by a path that warns is the least of its troubles. */
	if (st->is_warned && refs)
		unsure(sim->an, UNSURE_WARNED, st->at);
	for (int i = 0; refs && i < refs->n && !st->is_warned; i++)
		check_ref(sim, st, refs->items[i]);
}
