// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that sleep. Entry points: sleep_call() where a model says so, sleep_inner() where a callee's summary does,
 * sleep_keep() at the end.
 *
 * With a lock held under which nobody may sleep, that is a mistake. Else callers are told, with the branches on the way
 * there: whether an allocation sleeps is decided by its flags, and by who calls with which. What sleeps on all paths
 * needs no branches; what depends on something that callers cannot name is vague, and nothing is said of it.
 */
#include <string.h>

#include "infer/fill.h"

#define MAX_CONDS 8

/* A lock held under which nobody may sleep, or NULL. */
static const struct held *find_atomic(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->state == LOCK_HELD && !h->is_vague && !h->is_doubted && !h->passed && !h->lock->is_set &&
		    model_is_atomic(sim->an->options->model, h->kind))
			return h;
	}
	return NULL;
}

/* Has the path released what callers may hold? Then it is not for them to know. */
static bool has_released(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].state == LOCK_DROPPED &&
		    model_is_atomic(sim->an->options->model, st->locks->items[i].kind))
			return true;
	return false;
}

static void report(struct sim *sim, struct state *st, const struct insn *in, const struct held *h, const char *callee,
		   const struct trace *inner)
{
	struct trace *t = state_step(&sim->pool, st, STEP_FAULT, in->at, sim->fn->name);
	struct candidate c = {
		.kind = FACT_SLEEP_IN_ATOMIC, .at = in->at, .object = h->lock, .class_name = sym_class(h->lock, h->kind),
		.kind_name = h->kind, .function = callee, .trace = t, .is_warned = st->is_warned,
	};

	t->callee = callee;
	t->object = h->lock;
	t->what = h->kind;
	t->inner = inner;
	if (h->taken)
		c.origin = h->taken->at;
	sim_candidate(sim, &c);
}

static void add_cond(struct sleep *s, const struct sym *c)
{
	for (int i = 0; i < s->ncond; i++)
		if (s->conds[i] == c)
			return;
	if (!sym_is_outer(c) || c->is_set || s->ncond == MAX_CONDS)
		s->is_vague = true;
	else
		s->conds[s->ncond++] = c;
}

/* The branches on the way here. */
static void add_path(struct sleep *s, const struct state *st)
{
	s->is_vague |= st->is_inexact || st->by_result;
	for (const struct cond *c = st->conds; c && !s->is_vague; c = c->prev)
		add_cond(s, c->s);
}

static bool is_same(const struct sleep *a, const struct sleep *b)
{
	return a->is_vague == b->is_vague && a->ncond == b->ncond &&
	       (!a->ncond || !memcmp(a->conds, b->conds, sizeof(*a->conds) * (size_t)a->ncond));
}

/* What callers are to know; the first of each condition. Too many leave no more than that there is one. */
static void note(struct sim *sim, struct sleep *s)
{
	if (s->is_vague)
		s->ncond = 0;
	for (int i = 0; i < sim->nsleep; i++)
		if (is_same(&sim->sleeps[i], s)) {
			sim->sleeps[i].is_meant |= s->is_meant;
			return;
		}
	if (sim->nsleep < SIM_SLEEPS) {
		sim->sleeps[sim->nsleep++] = *s;
	} else {
		sim->sleeps[SIM_SLEEPS - 1].is_vague = true;
		sim->sleeps[SIM_SLEEPS - 1].is_meant |= s->is_meant;
		sim->sleeps[SIM_SLEEPS - 1].ncond = 0;
	}
}

static void meet(struct sim *sim, struct state *st, const struct insn *in, struct sleep *s, const char *callee,
		 const struct trace *inner)
{
	const struct held *h = find_atomic(sim, st);
	bool is_sure = !s->ncond && !s->is_vague;
	struct trace *t;

	if (st->is_last)
		return;		/* who has a reference of its own never comes here */
	if (h && is_sure)
		report(sim, st, in, h, callee, inner);
	else if (h)
		unsure(sim->an, UNSURE_SLEEP, in->at);
	st->slept |= is_sure;
	if (h || has_released(sim, st))
		return;
	add_path(s, st);
	t = ARENA_NEW(&sim->arena, struct trace);
	*t = (struct trace){.kind = STEP_SLEEP, .at = in->at, .func = sim->fn->name, .callee = callee, .inner = inner};
	s->trace = t;
	note(sim, s);
}

void sleep_call(struct sim *sim, struct state *st, const struct insn *in, const struct sym *cond)
{
	struct sleep s = {.conds = ARENA_ARRAY(&sim->arena, const struct sym *, MAX_CONDS)};
	int truth = cond ? state_truth(st, cond) : 1;

	if (!truth)
		return;
	if (truth < 0)
		add_cond(&s, cond);
	s.is_meant = truth > 0;
	meet(sim, st, in, &s, sim->callee, NULL);
}

void sleep_inner(struct fill *f, const struct insn *in, const struct summary *summary, const char *callee)
{
	for (int i = 0; i < summary->nsleep; i++) {
		const struct sleep *inner = &summary->sleeps[i];
		struct sleep s = {
			.conds = ARENA_ARRAY(&f->sim->arena, const struct sym *, MAX_CONDS), .is_vague = inner->is_vague,
			.is_meant = true,
		};
		int truth = 1;

		for (int k = 0; k < inner->ncond && truth; k++) {
			const struct sym *c = fill_sym(f, inner->conds[k]);

			truth = state_truth(f->st, c);
			if (truth < 0)
				add_cond(&s, c);
			s.is_meant &= truth > 0;
		}
		s.is_meant = inner->is_meant || (s.is_meant && !inner->is_vague);
		if (truth)
			meet(f->sim, f->st, in, &s, callee, inner->trace);
	}
}

static bool sleeps_always(const struct sim *sim)
{
	for (const struct state *st = sim->exits; st; st = st->next)
		if (!st->slept)
			return false;
	return sim->exits != NULL;
}

void sleep_keep(struct sim *sim, struct summary *s)
{
	struct analysis *an = sim->an;
	bool always = sleeps_always(sim);

	s->sleeps = ARENA_ARRAY(an->arena, struct sleep, sim->nsleep);
	for (int i = 0; i < sim->nsleep && !(always && s->nsleep); i++) {
		const struct sleep *from = &sim->sleeps[i];
		struct sleep *to = &s->sleeps[s->nsleep++];

		to->trace = arena_copy(an->arena, from->trace, sizeof(*from->trace));
		to->is_meant = always || from->is_meant;
		if (always)
			continue;
		to->is_vague = from->is_vague;
		to->ncond = from->ncond;
		to->conds = ARENA_ARRAY(an->arena, const struct sym *, from->ncond);
		for (int k = 0; k < from->ncond; k++)
			to->conds[k] = sym_import(&an->syms, from->conds[k]);
	}
}
