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

/*
 * Memory that says who holds: a flag set on this path and clear on the other, or an out parameter with another
 * value than the other's.
 */
static bool memory_tells(const struct state *st, const struct state *other)
{
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i], *o;
		bool is_flag = c->value->kind == SYM_INT && c->value->value;

		if (c->addr->kind != SYM_PARAM && !(is_flag && sym_root(c->addr)->kind != SYM_STACK))
			continue;
		o = state_find_cell(other, c->addr);
		if (c->addr->kind == SYM_PARAM ? !o || o->value != c->value
					       : !o || (o->value->kind == SYM_INT && !o->value->value))
			return true;
	}
	return false;
}

static void report_lock(struct sim *sim, struct state *st, struct held h)
{
	struct trace *t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_LOCK_LEFT, .at = st->at, .object = h.lock, .class_name = sym_class(h.lock, h.kind),
		.kind_name = h.kind, .origin = h.taken ? h.taken->at : st->at, .trace = t, .is_warned = st->is_warned,
		.function = h.taken ? h.taken->callee : NULL,
	};

	t->object = h.lock;
	t->what = h.kind;
	sim_candidate(sim, &c);
	h.is_vague = true;
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

/* Nobody takes over what this function would hand on (handed.c). */
static bool is_insisted(const struct sim *sim, const struct held *h)
{
	return sim->an->insists && !strcmp(sim->an->insists, sym_class(h->lock, h->kind));
}

/* The object whose lock is held is what is returned here, and what the other exit returns is not that. */
static bool returns_its_object(const struct state *st, const struct state *other, const struct held *h)
{
	const struct sym *object = sym_object(h->lock);

	return st->ret && st->ret->kind != SYM_INT && sym_object(st->ret) == object &&
	       (!other->ret || sym_object(other->ret) != object);
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

static void check_lock(struct sim *sim, struct state *st, struct held h)
{
	unsigned given = 0;
	bool told = true;

	if (h.state != LOCK_HELD || h.is_vague || h.by_turn || h.site < 0 || sim->is_over)
		return;
	handed_kept(sim, &h, st->at);
	if (!(sim->site_flags[h.site] & SITE_RELEASED) && !is_given_back(sim, &h)) {
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
	if (h.passed && !(sim->site_flags[h.passed - 1] & SITE_KEPT)) {
		unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
		return;		/* released by whom it was given to, on all such paths */
	}
	for (const struct state *o = sim->exits; o; o = o->next)
		if (gave_back_lock(o, &h) && !holds_another(o, st) && !returns_its_object(st, o, &h)) {
			given |= leak_ret_mask(o);
			told &= memory_tells(st, o);
		}
	if (!given)
		return;
	if ((!told && leak_is_mistake(sim, st, given)) || is_insisted(sim, &h)) {
		report_lock(sim, st, h);
		return;
	}
	unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
	handed_on(sim, &h, st->at);
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
		for (int i = 0; locks && i < locks->n; i++)
			check_lock(sim, st, locks->items[i]);
		leak_check_refs(sim, st);
	}
}
