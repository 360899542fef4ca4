// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is still held at the exits. Entry point: leak_check(). A lock is left when some path
 * gives it back and another returns with it, and nothing tells callers which: functions
 * that succeed with a lock held and fail without it are how the kernel hands locks on.
 * References are leak_ref.c's.
 */
#include "infer/simulate.h"

#include <string.h>

/* Does this exit have what was taken at site back? */
static bool gave_back_lock(const struct state *st, const struct held *h)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *o = &st->locks->items[i];

		if (o->state == LOCK_FREE && !o->is_vague && o->kind == h->kind && (o->site == h->site || o->lock == h->lock))
			return true;
	}
	return false;
}

/* Has some exit? It may have taken it elsewhere. */
static bool is_given_back(const struct sim *sim, const struct held *h)
{
	for (const struct state *o = sim->exits; o; o = o->next)
		if (gave_back_lock(o, h))
			return true;
	return false;
}

unsigned leak_ret_mask(const struct state *st)
{
	return st->ret ? state_mask(st, st->ret) : MASK_ANY;
}

bool leak_is_mistake(const struct sim *sim, const struct state *st, unsigned given)
{
	unsigned mine = leak_ret_mask(st);
	unsigned failure = sim->fn->returns_pointer ? MASK_ZERO | MASK_ERROR : MASK_NEGATIVE;

	if (!sim->fn->returns_value || !st->ret)
		return true;
	if (mine & given)
		return true;
	if (!sim->fn->returns_pointer && mine & MASK_NEGATIVE && given == MASK_ZERO)
		return true;	/* "if (ret) return ret;" */
	return !(mine & ~failure);
}

/* Does the path put the lock, or what it is in, where callers find it, and the other does not? */
static bool hands_out(const struct cell *c, const struct cell *others, const struct held *h)
{
	const struct sym *object = sym_object(h->lock);

	return sym_root(c->addr)->kind != SYM_STACK && sym_object(c->addr) != object && sym_object(c->value) == object &&
	       (!others || others->value != c->value);
}

/* Not 0, and as a mark is: no pointer that was there before, nor what a list leaves in an entry that is taken out. */
static bool is_mark(const struct state *st, const struct sym *v)
{
	return !(state_mask(st, v) & MASK_ZERO) && v->kind != SYM_LOAD && !(v->kind == SYM_INT && v->value != (int32_t)v->value);
}

/*
 * Memory that says who holds: a flag set on this path and clear on the other, an out parameter with another
 * value than the other's, the lock itself handed out.
 */
static bool memory_tells(const struct state *st, const struct state *other, const struct held *h)
{
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i], *o = state_find_cell(other, c->addr);
		bool is_flag = is_mark(st, c->value);

		if (hands_out(c, o, h))
			return true;
		if (c->addr->kind != SYM_PARAM && !(is_flag && sym_root(c->addr)->kind != SYM_STACK))
			continue;
		if (c->addr->kind == SYM_PARAM ? !o || o->value != c->value
					       : !o || !(state_mask(other, o->value) & ~MASK_ZERO))
			return true;
	}
	return false;
}

static void report_lock(struct sim *sim, struct state *st, struct held h, const char *say)
{
	struct trace *t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_LOCK_LEFT, .at = st->at, .object = h.lock, .class_name = sym_class(h.lock, h.kind),
		.kind_name = h.kind, .origin = h.taken ? h.taken->at : st->at, .trace = t, .is_warned = st->is_warned,
		.function = h.taken ? h.taken->callee : NULL, .say = say,
	};

	t->object = h.lock;
	t->what = h.kind;
	sim_candidate(sim, &c);
	h.is_vague = h.is_reported = true;
	state_put_lock(&sim->pool, st, &h);
}

static bool holds(const struct state *st, const struct held *h)
{
	const struct held *o = state_find_lock(st, h->lock, h->kind);

	return o && o->state == LOCK_HELD;
}

/* Can a caller tell by what it knows that this path is taken? */
static bool is_exact(const struct state *st)
{
	if (st->is_inexact)
		return false;
	for (const struct cond *c = st->conds; c; c = c->prev)
		if (!sym_is_outer(c->s))
			return false;
	return true;
}

/*
 * A lock that is kept on one path and never taken on another, with the same result, under conditions that
 * callers do not see: a flag in the object says so, as a rule ("if (!x->locked) { lock; x->locked = 1; }").
 */
static bool is_secret(const struct sim *sim, const struct state *st, const struct held *h)
{
	if (is_exact(st))
		return false;
	for (const struct state *o = sim->exits; o; o = o->next)
		if (o != st && !holds(o, h) && !gave_back_lock(o, h) && (leak_ret_mask(o) & leak_ret_mask(st)))
			return true;
	return false;
}

/* An exit that holds what this one does not: another way of locking the same thing. */
static bool holds_another(const struct state *st, const struct state *than)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].state == LOCK_HELD && !holds(than, &st->locks->items[i]))
			return true;
	return false;
}

/* Does what is returned lead to the lock? */
static bool returns_way_to(const struct state *st, const struct held *h)
{
	return st->ret && st->ret->kind != SYM_INT && sym_contains(h->lock, sym_object(st->ret));
}

/* What is returned here leads to the lock that is held, and what the other exit returns does not. */
static bool returns_its_object(const struct state *st, const struct state *other, const struct held *h)
{
	return returns_way_to(st, h) && !returns_way_to(other, h);
}

/*
 * The caller's lock was released on the path, and one of that class taken under another name, which may well be the
 * same: dropped, and taken again.
 */
static bool is_taken_back(const struct state *st, const struct held *h)
{
	const char *class_name = sym_class(h->lock, h->kind);

	for (int i = 0; class_name != h->kind && !sym_is_outer(h->lock) && i < st->locks->n; i++) {
		const struct held *o = &st->locks->items[i];

		if (o->state == LOCK_DROPPED && o->kind == h->kind && sym_class(o->lock, o->kind) == class_name)
			return true;
	}
	return false;
}

/* How an exit that holds a lock stands to those that gave it back. */
enum verdict {
	VERDICT_NONE,		/* there are none that could be compared */
	VERDICT_MISTAKE,	/* callers cannot tell it from one of them */
	VERDICT_DOUBTFUL,	/* they can, but it looks like failure: only a caller that releases it makes it right */
	VERDICT_HANDED_ON,	/* they can, or at least perhaps */
};

/* Two positive numbers that differ: results of a function that has names for them. */
static bool are_two_outcomes(const struct state *st, const struct state *other)
{
	return st->ret->kind == SYM_INT && other->ret->kind == SYM_INT && st->ret->value > 0 && other->ret->value > 0 &&
	       st->ret->value != other->ret->value;
}

/* What the exit returns is a failure, as far as it is known, and the other's, which gave the lock back, is none. */
static bool is_the_failure(const struct sim *sim, const struct state *st, const struct state *other)
{
	unsigned failure = sim->fn->returns_pointer ? MASK_ZERO | MASK_ERROR : MASK_NEGATIVE, mine = leak_ret_mask(st);

	return (sim->fn->returns_pointer ? !(mine & ~failure) : mine & failure) && (leak_ret_mask(other) & ~failure);
}

static enum verdict compare_exits(const struct sim *sim, const struct state *st, const struct state *other,
				  const struct held *h)
{
	unsigned mine = leak_ret_mask(st), its = leak_ret_mask(other);
	bool told = memory_tells(st, other, h);

	if (!sim->fn->returns_value || !st->ret || !other->ret)
		return told ? VERDICT_HANDED_ON : VERDICT_MISTAKE;
	if (!told && mine == its && !are_two_outcomes(st, other))
		return returns_way_to(st, h) ? VERDICT_DOUBTFUL : VERDICT_MISTAKE;
	return is_the_failure(sim, st, other) ? VERDICT_DOUBTFUL : VERDICT_HANDED_ON;
}

/* The worst of what the exits that gave the lock back say. */
static enum verdict judge(const struct sim *sim, const struct state *st, const struct held *h)
{
	enum verdict worst = VERDICT_NONE;

	for (const struct state *o = sim->exits; o; o = o->next) {
		enum verdict v;

		if (holds(o, h) || !gave_back_lock(o, h) || holds_another(o, st) || returns_its_object(st, o, h))
			continue;
		v = compare_exits(sim, st, o, h);
		if (worst == VERDICT_NONE || v < worst)
			worst = v;
	}
	return worst;
}

/* Nobody takes over what this function would hand on (handed.c). */
static bool is_insisted(const struct analysis *an, const struct held *h, enum verdict v)
{
	return an->insists && (v == VERDICT_DOUBTFUL || an->insists_on_all) && !strcmp(an->insists, sym_class(h->lock, h->kind));
}

static void check_lock(struct sim *sim, struct state *st, struct held h)
{
	enum verdict verdict;

	if (h.state != LOCK_HELD || h.is_vague || h.by_turn || h.site < 0 || sim->is_over)
		return;
	/* A model says of the function that it takes a lock: what its body leaves held is meant. */
	if (model_does(model_find(sim->an->options->model, sim->fn->name), EFFECT_TAKE))
		return;
	handed_kept(sim, &h, st->at);
	if (loop_collects(sim, h.site)) {
		unsure(sim->an, UNSURE_LOCK_SET, st->at);
		h.is_vague = true;	/* to callers as well */
		state_put_lock(&sim->pool, st, &h);
		return;
	}
	if (!(sim->site_flags[h.site] & SITE_RELEASED) && !is_given_back(sim, &h)) {
		if (leak_is_lost(sim, &h)) {
			report_lock(sim, st, h, "with what is needed to release it thrown away");
			return;
		}
		if (!is_secret(sim, st, &h))
			return;
		unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
		h.is_vague = true;
		state_put_lock(&sim->pool, st, &h);
		return;
	}
	if (h.lock->is_set || is_taken_back(st, &h)) {
		unsure(sim->an, h.lock->is_set ? UNSURE_LOCK_SET : UNSURE_LOCK_NAME, st->at);
		return;
	}
	if (h.passed && !(sim->site_flags[h.site] & SITE_KEPT)) {
		unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
		return;		/* released by whom it was given to, on all such paths */
	}
	verdict = judge(sim, st, &h);
	if (verdict == VERDICT_NONE)
		return;
	if (h.is_spared || doubt_is_number(sim, st, &h) || doubt_is_asked_again(sim, st, &h)) {
		unsure(sim->an, UNSURE_LOCK_SPARED, st->at);
		return;
	}
	if (doubt_is_released_if_told(sim, h.site) || doubt_is_left_over(sim, st)) {
		unsure(sim->an, UNSURE_LOCK_SPARED, st->at);
		h.is_vague = true;
		state_put_lock(&sim->pool, st, &h);
		return;
	}
	if (verdict == VERDICT_MISTAKE || is_insisted(sim->an, &h, verdict)) {
		report_lock(sim, st, h, NULL);
		return;
	}
	unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
	handed_on(sim, &h, st->at, verdict == VERDICT_DOUBTFUL);
}

/* A lock of the callers' that callers are told is released. */
static void check_noted(struct sim *sim, struct state *st)
{
	const struct held *h = sim->is_over ? NULL : leak_keeps_noted(sim, st);
	struct candidate c = {.kind = FACT_LOCK_LEFT, .at = st->at, .origin = st->at, .is_warned = st->is_warned};
	struct trace *t;

	if (!h || !leak_did_nothing(sim, st))
		return;
	c.object = h->lock;
	c.class_name = sym_class(h->lock, h->kind);
	c.kind_name = h->kind;
	c.say = "which it is noted to release, as other paths do";
	c.trace = t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	t->object = h->lock;
	t->what = h->kind;
	sim_candidate(sim, &c);
}

/* An element of an iteration made here is still in memory that callers have when the function returns. */
static void check_kept(struct sim *sim, struct state *st)
{
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i];
		const struct dead *d = borrow_ended(sim, st, c->value);

		if (!d || d->by_unlock || d->by_section || d->is_inherited || c->addr->kind == SYM_PARAM)
			continue;
		if (sym_is_outer(c->addr) || (st->ret && sym_object(c->addr) == sym_object(st->ret)))
			borrow_kept(sim, st, c, d);
	}
}

void leak_check(struct sim *sim)
{
	for (struct state *st = sim->exits; st; st = st->next) {
		const struct lock_set *locks = st->locks;

		check_kept(sim, st);
		check_noted(sim, st);
		for (int i = 0; locks && i < locks->n; i++)
			check_lock(sim, st, locks->items[i]);
		leak_check_refs(sim, st);
	}
}
