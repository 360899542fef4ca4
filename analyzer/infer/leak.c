// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is still held at the exits. A lock is left when some path gives it back and
 * another returns with it, and nothing tells callers which: functions that succeed with a
 * lock held and fail without it are how the kernel hands locks on. The same goes for
 * references taken on somebody else's object; one from a lookup is ours alone and must
 * be given back or handed on by every path.
 */
#include "infer/simulate.h"

bool leak_is_handed_on(const struct state *st, const struct sym *object)
{
	const struct sym *o = sym_object(object);

	if (st->ret && sym_contains(st->ret, o))
		return true;
	for (int i = 0; i < st->ncell; i++) {
		const struct sym *root = sym_root(st->cells[i].addr);

		if (root->kind != SYM_STACK && sym_object(st->cells[i].value) == o && sym_object(st->cells[i].addr) != o)
			return true;
	}
	return false;
}

/* Does this exit have what was taken at site back? */
static bool gave_back_lock(const struct state *st, const struct held *h)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *o = &st->locks->items[i];

		if (o->state == LOCK_FREE && o->kind == h->kind && (o->site == h->site || o->lock == h->lock))
			return true;
	}
	return false;
}

static bool lacks_ref(const struct state *st, const struct ref *r)
{
	const struct ref *o = state_find_ref(st, r->object);

	return !o || o->count <= 0;
}

static unsigned ret_mask(const struct state *st)
{
	return st->ret ? state_mask(st, st->ret) : MASK_ANY;
}

/*
 * The exit keeps what others, which return values within given, gave back. Is that a mistake? Not when the
 * result tells them apart and this one is the success.
 */
static bool is_mistake(const struct sim *sim, const struct state *st, unsigned given)
{
	unsigned mine = ret_mask(st);
	unsigned failure = sim->fn->returns_pointer ? MASK_ZERO | MASK_ERROR : MASK_NEGATIVE;

	if (!sim->fn->returns_value || !st->ret)
		return true;
	if (mine & given)
		return true;
	return !(mine & ~failure);
}

/* An out parameter that says who holds: a constant stored through a parameter that differs from the others'. */
static bool memory_tells(const struct state *st, const struct state *other)
{
	for (int i = 0; i < st->ncell; i++) {
		const struct cell *c = &st->cells[i], *o;

		if (c->addr->kind != SYM_PARAM)
			continue;
		o = state_find_cell(other, c->addr);
		if (!o || o->value != c->value)
			return true;
	}
	return false;
}

static void report_lock(struct sim *sim, struct state *st, struct held h)
{
	struct trace *t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_LOCK_LEFT, .at = st->at, .object = h.lock, .class_name = sym_class(h.lock, h.kind),
		.kind_name = h.kind, .origin = h.taken ? h.taken->at : st->at, .trace = t,
		.function = h.taken ? h.taken->callee : NULL,
	};

	t->object = h.lock;
	t->what = h.kind;
	sim_candidate(sim, &c);
	h.is_vague = true;
	state_put_lock(&sim->pool, st, &h);
}

static void check_lock(struct sim *sim, struct state *st, struct held h)
{
	unsigned given = 0;
	bool told = true;

	if (h.state != LOCK_HELD || h.is_vague || h.by_turn || h.site < 0 || !(sim->site_flags[h.site] & SITE_RELEASED))
		return;
	if (h.lock->is_set) {
		unsure(sim->an, UNSURE_LOCK_SET, st->at);
		return;
	}
	for (const struct state *o = sim->exits; o; o = o->next)
		if (gave_back_lock(o, &h)) {
			given |= ret_mask(o);
			told &= memory_tells(st, o);
		}
	if (!given)
		return;
	if (!told && is_mistake(sim, st, given))
		report_lock(sim, st, h);
	else
		unsure(sim->an, UNSURE_LOCK_HANDED_ON, st->at);
}

static void report_ref(struct sim *sim, struct state *st, struct ref r)
{
	struct trace *t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_REF_LEFT, .at = st->at, .object = r.object, .class_name = r.kind, .kind_name = r.kind,
		.origin = r.got ? r.got->at : st->at, .trace = t, .function = r.got ? r.got->callee : NULL,
	};

	t->object = r.object;
	t->what = r.kind;
	sim_candidate(sim, &c);
	r.handed_on = true;
	state_put_ref(&sim->pool, st, &r);
}

static void check_ref(struct sim *sim, struct state *st, struct ref r)
{
	unsigned given = 0;

	if (r.count <= 0 || r.handed_on || !(state_mask(st, r.object) & MASK_VALID))
		return;
	if (leak_is_handed_on(st, r.object)) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
		return;
	}
	if (!r.found) {
		if (!(sim->site_flags[r.site] & SITE_RELEASED))
			return;
		for (const struct state *o = sim->exits; o; o = o->next)
			if (lacks_ref(o, &r))
				given |= ret_mask(o);
		if (!given || !is_mistake(sim, st, given)) {
			unsure(sim->an, UNSURE_REF_HANDED_ON, st->at);
			return;
		}
	}
	report_ref(sim, st, r);
}

void leak_check(struct sim *sim)
{
	for (struct state *st = sim->exits; st; st = st->next) {
		const struct lock_set *locks = st->locks;
		const struct ref_set *refs = st->refs;

		for (int i = 0; locks && i < locks->n; i++)
			check_lock(sim, st, locks->items[i]);
		for (int i = 0; refs && i < refs->n; i++)
			check_ref(sim, st, refs->items[i]);
	}
}
