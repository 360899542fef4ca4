// SPDX-License-Identifier: GPL-2.0-only
/*
 * Summaries and facts as bytes. Entry points: pack_summary(), unpack_summary(), pack_fact(),
 * unpack_fact(). What one function packs, the one next to it unpacks, field by field. The
 * steps of a callee, shown inside a caller's step, are not written again but named.
 */
#include "infer/pack_summary.h"

#include <string.h>

#include "base/arena.h"
#include "infer/model.h"
#include "infer/summary.h"

struct job {
	struct packer *p;
	struct unpacker *u;
	struct arena *arena;
	const struct model *model;
	const struct step_source *from;
	bool lost;			/* a step that belongs nowhere */
};

enum { MOST_CASES = 24, MOST_STEPS = 64 };

/* A value of an enum whose last is most. */
static int unpack_enum(struct unpacker *u, int most)
{
	int64_t v = unpack_int(u);

	u->failed |= v < 0 || v > most;
	return u->failed ? 0 : (int)v;
}

/* ------------------------------------------------------------------ steps of callees */

enum { OF_CASE = -1 };

/* Behind the cases come the sleeps. */
static const struct trace *steps_of(const struct summary *s, int i, int use)
{
	if (i >= s->ncase && i - s->ncase < s->nsleep && use == OF_CASE)
		return s->sleeps[i - s->ncase].trace;
	if (i < 0 || i >= s->ncase)
		return NULL;
	if (use == OF_CASE)
		return s->cases[i].trace;
	return s->cases[i].uses && use >= 0 && use < s->cases[i].uses->n ? s->cases[i].uses->items[use].inner : NULL;
}

static bool find_steps(const struct summary *s, const struct trace *t, int *at, int *use)
{
	for (*at = 0; *at < s->ncase; ++*at) {
		const struct use_set *uses = s->cases[*at].uses;

		for (*use = OF_CASE; *use < (uses ? uses->n : 0); ++*use)
			if (steps_of(s, *at, *use) == t)
				return true;
	}
	for (*use = OF_CASE; *at < s->ncase + s->nsleep; ++*at)
		if (steps_of(s, *at, *use) == t)
			return true;
	return false;
}

static void pack_inner(struct job *j, const struct trace *t)
{
	int at, use;

	pack_int(j->p, t != NULL);
	for (int i = 0; t && i < j->from->n; i++) {
		/* Steps are found only in what was read: nobody has seen the others. */
		if (j->from->items[i]->source || !find_steps(j->from->items[i], t, &at, &use))
			continue;
		pack_hash(j->p, j->from->items[i]->hash);
		pack_int(j->p, at);
		pack_int(j->p, use);
		return;
	}
	j->lost |= t != NULL;
}

static const struct trace *unpack_inner(struct job *j)
{
	const struct trace *t;
	uint64_t hash;
	int at, use;

	if (!unpack_int(j->u))
		return NULL;
	hash = unpack_hash(j->u);
	at = (int)unpack_int(j->u);
	use = (int)unpack_int(j->u);
	for (int i = 0; i < j->from->n; i++) {
		t = j->from->items[i]->hash == hash ? steps_of(summary_read(j->from->items[i]), at, use) : NULL;
		if (t)
			return t;
	}
	j->u->failed = true;
	return NULL;
}

/* ------------------------------------------------------------------ sets */

static void pack_locks(struct job *j, const struct lock_set *s)
{
	pack_int(j->p, s ? s->n : 0);
	for (int i = 0; s && i < s->n; i++) {
		const struct held *h = &s->items[i];

		pack_sym(j->p, h->lock);
		pack_name(j->p, h->kind);
		pack_int(j->p, (int)h->mode | (int)h->state << 4 | h->is_vague << 8 | h->is_try << 9 | h->by_turn << 10 |
				 h->is_recursive << 11 | h->is_reported << 12 | h->hops << 13);
		pack_int(j->p, h->count);
	}
}

static const struct lock_set *unpack_locks(struct job *j)
{
	int n = unpack_count(j->u);
	struct lock_set *s;

	if (!n)
		return NULL;
	s = arena_alloc(j->arena, sizeof(*s) + sizeof(s->items[0]) * (size_t)n);
	s->n = n;
	for (int i = 0; i < n; i++) {
		struct held *h = &s->items[i];
		int how;

		h->lock = unpack_sym(j->u);
		h->kind = unpack_name(j->u);
		how = (int)unpack_int(j->u);
		h->mode = how & 15;
		h->state = how >> 4 & 15;
		h->is_vague = how >> 8 & 1;
		h->is_try = how >> 9 & 1;
		h->is_recursive = how >> 11 & 1;
		h->is_reported = how >> 12 & 1;
		h->hops = how >> 13;
		h->by_turn = how >> 10 & 1;
		h->count = (int)unpack_int(j->u);
		h->site = -1;
		j->u->failed |= !h->lock || !h->kind || h->mode > LOCK_SHARED || h->state > LOCK_FREE;
	}
	return s;
}

static void pack_refs(struct job *j, const struct ref_set *s)
{
	pack_int(j->p, s ? s->n : 0);
	for (int i = 0; s && i < s->n; i++) {
		const struct ref *r = &s->items[i];

		pack_sym(j->p, r->object);
		pack_name(j->p, r->kind);
		pack_int(j->p, r->count);
		pack_int(j->p, r->found | r->handed_on << 1 | r->born << 2);
	}
}

static const struct ref_set *unpack_refs(struct job *j)
{
	int n = unpack_count(j->u);
	struct ref_set *s;

	if (!n)
		return NULL;
	s = arena_alloc(j->arena, sizeof(*s) + sizeof(s->items[0]) * (size_t)n);
	s->n = n;
	for (int i = 0; i < n; i++) {
		struct ref *r = &s->items[i];
		int how;

		r->object = unpack_sym(j->u);
		r->kind = unpack_name(j->u);
		r->count = (int)unpack_int(j->u);
		how = (int)unpack_int(j->u);
		r->found = how & 1;
		r->handed_on = how >> 1 & 1;
		r->born = how >> 2 & 1;
		r->site = -1;
		j->u->failed |= !r->object || !r->kind;
	}
	return s;
}

static void pack_dead(struct job *j, const struct dead_set *s)
{
	pack_int(j->p, s ? s->n : 0);
	for (int i = 0; s && i < s->n; i++) {
		const struct dead *d = &s->items[i];

		pack_sym(j->p, d->root);
		pack_sym(j->p, d->lock);
		pack_int(j->p, d->by_unlock | d->is_inherited << 1 | d->by_section << 2 | (int)d->lent << 3 |
			 d->is_told << 5);
		pack_name(j->p, d->kind);
		pack_name(j->p, d->function);
		pack_place(j->p, d->began);
	}
}

static const struct dead_set *unpack_dead(struct job *j)
{
	int n = unpack_count(j->u);
	struct dead_set *s;

	if (!n)
		return NULL;
	s = arena_alloc(j->arena, sizeof(*s) + sizeof(s->items[0]) * (size_t)n);
	s->n = n;
	for (int i = 0; i < n; i++) {
		struct dead *d = &s->items[i];
		int how;

		d->root = unpack_sym(j->u);
		d->lock = unpack_sym(j->u);
		how = (int)unpack_int(j->u);
		d->by_unlock = how & 1;
		d->is_inherited = how >> 1 & 1;
		d->by_section = how >> 2 & 1;
		d->lent = how >> 3 & 3;
		d->is_told = how >> 5 & 1;
		d->kind = unpack_name(j->u);
		d->function = unpack_name(j->u);
		d->began = unpack_place(j->u);
		j->u->failed |= !d->root;
	}
	return s;
}

/* ------------------------------------------------------------------ steps */

/* Oldest first. */
static void pack_trace(struct job *j, const struct trace *last)
{
	const struct trace *steps[MOST_STEPS];
	int n = 0;

	for (const struct trace *t = last; t && n < MOST_STEPS; t = t->prev)
		steps[n++] = t;
	pack_int(j->p, n);
	while (n--) {
		const struct trace *t = steps[n];

		pack_int(j->p, t->kind);
		pack_place(j->p, t->at);
		pack_name(j->p, t->func);
		pack_name(j->p, t->callee);
		pack_sym(j->p, t->object);
		pack_sym(j->p, t->target);
		pack_name(j->p, t->what);
		pack_inner(j, t->inner);
		pack_locks(j, t->locks);
		pack_refs(j, t->refs);
		pack_int(j->p, t->length);
	}
}

static const struct trace *unpack_trace(struct job *j)
{
	const struct trace *last = NULL;
	int n = unpack_enum(j->u, MOST_STEPS);

	for (int i = 0; i < n && !j->u->failed; i++) {
		struct trace *t = ARENA_NEW(j->arena, struct trace);

		t->prev = last;
		t->kind = (enum step_kind)unpack_enum(j->u, STEP_FAULT);
		t->at = unpack_place(j->u);
		t->func = unpack_name(j->u);
		t->callee = unpack_name(j->u);
		t->object = unpack_sym(j->u);
		t->target = unpack_sym(j->u);
		t->what = unpack_name(j->u);
		t->inner = unpack_inner(j);
		t->locks = unpack_locks(j);
		t->refs = unpack_refs(j);
		t->length = (int)unpack_int(j->u);
		last = t;
	}
	return last;
}

static void pack_uses(struct job *j, const struct use_set *s)
{
	pack_int(j->p, s ? s->n : 0);
	for (int i = 0; s && i < s->n; i++) {
		const struct use *u = &s->items[i];

		pack_sym(j->p, u->object);
		pack_int(j->p, u->need ? u->need - j->model->needs : -1);
		pack_int(j->p, u->is_light | u->is_checked << 1 | u->is_kept << 2);
		pack_place(j->p, u->at);
		pack_name(j->p, u->func);
		pack_trace(j, u->inner);
	}
}

static const struct use_set *unpack_uses(struct job *j)
{
	int n = unpack_count(j->u);
	struct use_set *s;

	if (!n)
		return NULL;
	s = arena_alloc(j->arena, sizeof(*s) + sizeof(s->items[0]) * (size_t)n);
	s->n = n;
	for (int i = 0; i < n; i++) {
		struct use *u = &s->items[i];
		int64_t need;
		int how;

		u->object = unpack_sym(j->u);
		need = unpack_int(j->u);
		u->need = need >= 0 && need < j->model->nneed ? &j->model->needs[need] : NULL;
		how = (int)unpack_int(j->u);
		u->is_light = how & 1;
		u->is_checked = how >> 1 & 1;
		u->is_kept = how >> 2 & 1;
		u->at = unpack_place(j->u);
		u->func = unpack_name(j->u);
		u->inner = unpack_trace(j);
		j->u->failed |= !u->object;
	}
	return s;
}

/* ------------------------------------------------------------------ cases */

static void pack_values(struct job *j, const struct scase *c)
{
	pack_int(j->p, c->nrange);
	for (int i = 0; i < c->nrange; i++) {
		pack_sym(j->p, c->ranges[i].s);
		pack_int(j->p, (int)c->ranges[i].mask | c->ranges[i].is_known << 4);
		pack_int(j->p, c->ranges[i].value);
	}
	pack_int(j->p, c->ncell);
	for (int i = 0; i < c->ncell; i++) {
		pack_sym(j->p, c->cells[i].addr);
		pack_sym(j->p, c->cells[i].value);
		pack_place(j->p, c->cells[i].at);
		pack_name(j->p, c->cells[i].func);
	}
	pack_int(j->p, c->ncond);
	for (int i = 0; i < c->ncond; i++)
		pack_sym(j->p, c->conds[i]);
	pack_sym(j->p, c->ret);
	pack_int(j->p, (int)c->ret_mask | c->is_warned << 4 | (int)c->lent << 5);
	pack_int(j->p, c->keeps);
}

static void unpack_values(struct job *j, struct scase *c)
{
	int how;

	c->nrange = unpack_count(j->u);
	c->ranges = ARENA_ARRAY(j->arena, struct range, c->nrange);
	for (int i = 0; i < c->nrange; i++) {
		c->ranges[i].s = unpack_sym(j->u);
		how = (int)unpack_int(j->u);
		c->ranges[i].mask = (unsigned)how & 15;
		c->ranges[i].is_known = how >> 4 & 1;
		c->ranges[i].value = unpack_int(j->u);
		j->u->failed |= !c->ranges[i].s;
	}
	c->ncell = unpack_count(j->u);
	c->cells = ARENA_ARRAY(j->arena, struct cell, c->ncell);
	for (int i = 0; i < c->ncell; i++) {
		c->cells[i].addr = unpack_sym(j->u);
		c->cells[i].value = unpack_sym(j->u);
		c->cells[i].at = unpack_place(j->u);
		c->cells[i].func = unpack_name(j->u);
		j->u->failed |= !c->cells[i].addr || !c->cells[i].value;
	}
	c->ncond = unpack_count(j->u);
	c->conds = ARENA_ARRAY(j->arena, const struct sym *, c->ncond);
	for (int i = 0; i < c->ncond; i++) {
		c->conds[i] = unpack_sym(j->u);
		j->u->failed |= !c->conds[i];
	}
	c->ret = unpack_sym(j->u);
	how = (int)unpack_int(j->u);
	c->ret_mask = (unsigned)how & 15;
	c->is_warned = how >> 4 & 1;
	c->lent = how >> 5 & 3;
	c->keeps = (uint32_t)unpack_int(j->u);
}

static void pack_sleeps(struct job *j, const struct summary *s)
{
	pack_int(j->p, s->nsleep);
	for (int i = 0; i < s->nsleep; i++) {
		const struct sleep *sl = &s->sleeps[i];

		pack_int(j->p, sl->is_vague | sl->is_meant << 1);
		pack_int(j->p, sl->ncond);
		for (int k = 0; k < sl->ncond; k++)
			pack_sym(j->p, sl->conds[k]);
		pack_trace(j, sl->trace);
	}
}

static void unpack_sleeps(struct job *j, struct summary *s)
{
	s->nsleep = unpack_count(j->u);
	s->sleeps = ARENA_ARRAY(j->arena, struct sleep, s->nsleep);
	for (int i = 0; i < s->nsleep; i++) {
		struct sleep *sl = &s->sleeps[i];
		int how = (int)unpack_int(j->u);

		sl->is_vague = how & 1;
		sl->is_meant = how >> 1 & 1;
		sl->ncond = unpack_count(j->u);
		sl->conds = ARENA_ARRAY(j->arena, const struct sym *, sl->ncond);
		for (int k = 0; k < sl->ncond; k++) {
			sl->conds[k] = unpack_sym(j->u);
			j->u->failed |= !sl->conds[k];
		}
		sl->trace = unpack_trace(j);
		j->u->failed |= !sl->trace;
	}
}

bool pack_summary(struct packer *p, const struct summary *s, const struct model *m, const struct step_source *from)
{
	struct job j = {.p = p, .model = m, .from = from};

	pack_int(p, s->is_unknown | s->is_widened << 1 | s->has_effects << 2 | s->has_puts << 3);
	pack_int(p, s->calls_params);
	pack_sleeps(&j, s);
	pack_int(p, s->ncase);
	for (int i = 0; i < s->ncase; i++) {
		const struct scase *c = &s->cases[i];

		pack_values(&j, c);
		pack_locks(&j, c->locks);
		pack_locks(&j, c->takes);
		pack_refs(&j, c->refs);
		pack_dead(&j, c->dead);
		pack_uses(&j, c->uses);
		pack_trace(&j, c->trace);
	}
	return !j.lost;
}

struct summary *unpack_summary(struct unpacker *u, struct arena *a, const struct model *m,
			       const struct step_source *from)
{
	struct job j = {.u = u, .arena = a, .model = m, .from = from};
	struct summary *s = ARENA_NEW(a, struct summary);
	int how = (int)unpack_int(u);

	s->is_unknown = how & 1;
	s->is_widened = how >> 1 & 1;
	s->has_effects = how >> 2 & 1;
	s->has_puts = how >> 3 & 1;
	s->calls_params = (uint32_t)unpack_int(u);
	unpack_sleeps(&j, s);
	s->ncase = unpack_enum(u, MOST_CASES);
	s->cases = ARENA_ARRAY(a, struct scase, s->ncase);
	for (int i = 0; i < s->ncase && !u->failed; i++) {
		struct scase *c = &s->cases[i];

		unpack_values(&j, c);
		c->locks = unpack_locks(&j);
		c->takes = unpack_locks(&j);
		c->refs = unpack_refs(&j);
		c->dead = unpack_dead(&j);
		c->uses = unpack_uses(&j);
		c->trace = unpack_trace(&j);
	}
	return u->failed ? NULL : s;
}

/* ------------------------------------------------------------------ facts */

void pack_fact(struct packer *p, const struct fact *f)
{
	const char *const names[] = {f->object, f->class, f->kind_name, f->function, f->field, f->say};

	pack_int(p, f->kind);
	pack_int(p, f->is_warned | f->is_inferred << 1);
	pack_place(p, f->at);
	pack_place(p, f->origin);
	pack_place(p, f->cause);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pack_name(p, names[i]);
	pack_int(p, f->nstep);
	for (int i = 0; i < f->nstep; i++) {
		const struct step *s = &f->steps[i];

		pack_int(p, s->kind);
		pack_int(p, s->depth);
		pack_place(p, s->at);
		pack_name(p, s->func);
		pack_name(p, s->text);
		pack_name(p, s->locks);
		pack_name(p, s->borrows);
		pack_name(p, s->refs);
	}
}

struct fact *unpack_fact(struct unpacker *u, struct arena *a)
{
	struct fact *f = ARENA_NEW(a, struct fact);
	struct step *steps;
	int how;

	f->kind = (enum fact_kind)unpack_enum(u, FACT_KINDS - 1);
	how = (int)unpack_int(u);
	f->is_warned = how & 1;
	f->is_inferred = how >> 1 & 1;
	f->at = unpack_place(u);
	f->origin = unpack_place(u);
	f->cause = unpack_place(u);
	f->object = unpack_name(u);
	f->class = unpack_name(u);
	f->kind_name = unpack_name(u);
	f->function = unpack_name(u);
	f->field = unpack_name(u);
	f->say = unpack_name(u);
	u->failed |= !f->class;
	f->nstep = unpack_count(u);
	f->steps = steps = ARENA_ARRAY(a, struct step, f->nstep);
	for (int i = 0; i < f->nstep; i++) {
		steps[i].kind = (enum step_kind)unpack_enum(u, STEP_FAULT);
		steps[i].depth = (int)unpack_int(u);
		steps[i].at = unpack_place(u);
		steps[i].func = unpack_name(u);
		steps[i].text = unpack_name(u);
		steps[i].locks = unpack_name(u);
		steps[i].borrows = unpack_name(u);
		steps[i].refs = unpack_name(u);
	}
	return f;
}
