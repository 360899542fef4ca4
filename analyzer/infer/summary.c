// SPDX-License-Identifier: GPL-2.0-only
/*
 * From exits to cases. Exits with the same effects and the same class of result are
 * merged as paths are; each that is left becomes a case. Only what callers can name is
 * kept: paths from parameters and globals, and unknowns that are returned or stored
 * where they can reach them. The rest is dropped, and counted when it is a lock.
 */
#include "infer/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/outer.h"
#include "infer/prove.h"
#include "infer/simulate.h"

#define MAX_CASES 8
#define MAX_CASES_PLAIN 3
#define MAX_CASES_PROVEN 40	/* for verify, which merges less */
#define MAX_RANGES 40
#define MAX_STEPS 12
#define MAX_CONDS 8

/* ------------------------------------------------------------------ what callers can name */

#define MAX_HOPS 2	/* a lock without a name is told of this far up */

/*
 * Held under a name that callers do not know: they are told that there is one of that class, which may be one that they
 * have by another name.
 */
static bool rename_lock(struct sim *sim, struct state *st, struct held h)
{
	const struct sym *lock = h.lock, *object;
	int n = 0;

	if (h.state != LOCK_HELD || h.by_turn || h.hops >= MAX_HOPS || sym_class(lock, h.kind) == h.kind)
		return false;
	for (int i = 0; i < st->locks->n; i++)
		n += sym_root(st->locks->items[i].lock)->site == SYM_NAMELESS;
	object = sym_new(&sim->syms, SYM_NAMELESS, n, 0, NULL);
	h.lock = lock->kind == SYM_ADDR ? sym_addr(&sim->syms, object, lock->value, lock->struct_name, lock->field) : object;
	sym_name_first(h.lock, lock->first_struct, lock->first);
	h.is_vague = true;
	h.hops++;
	state_drop_lock(&sim->pool, st, lock, h.kind);
	state_put_lock(&sim->pool, st, &h);
	return true;
}

static void drop_unnameable(struct sim *sim, struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];
		bool drop = h.state == LOCK_FREE || h.state == LOCK_ASSERTED;

		if (!drop && sym_root(h.lock)->site == SYM_NAMELESS)
			continue;
		if (!drop && !outer_is_nameable(st, h.lock)) {
			unsure(sim->an, UNSURE_LOCK_NAME, st->at);
			drop = true;
			if (rename_lock(sim, st, h)) {
				i--;
				continue;
			}
		}
		if (drop) {
			state_drop_lock(&sim->pool, st, h.lock, h.kind);
			i--;
		}
	}
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		struct ref r = st->refs->items[i];

		if (r.count && outer_is_nameable(st, r.object) && (state_mask(st, r.object) & MASK_VALID))
			continue;
		state_drop_ref(&sim->pool, st, r.object);
		i--;
	}
}

static bool was_given(const struct state *st, const struct sym *object)
{
	for (int i = 0; i < st->ngiven; i++)
		if (st->given[i] == object)
			return true;
	return false;
}

/*
 * Some exits release a lock of the caller's, and another gave its object to a call through a pointer: that, as a
 * rule, is who releases it there. Nothing is said of it any more.
 */
static void release_by_given(struct sim *sim, struct state *st)
{
	for (const struct state *o = sim->exits; o && st->ngiven; o = o->next)
		for (int i = 0; o->locks && i < o->locks->n; i++) {
			struct held h = o->locks->items[i];

			if (h.state != LOCK_DROPPED || h.is_vague || state_find_lock(st, h.lock, h.kind) ||
			    !was_given(st, sym_object(h.lock)))
				continue;
			unsure(sim->an, UNSURE_INDIRECT_CALL, st->at);
			h.is_vague = true;
			state_put_lock(&sim->pool, st, &h);
		}
}

/* The same where a note says that it is released: by somebody that was called in a way that is not followed. */
static void release_by_note(struct sim *sim, struct state *st)
{
	const struct held *noted = sim->proof ? NULL : leak_keeps_noted(sim, st);
	struct held h;

	if (!noted)
		return;
	h = *noted;
	h.is_vague = true;
	state_put_lock(&sim->pool, st, &h);
}

/* ------------------------------------------------------------------ merging exits */

static bool same_result(const struct state *a, const struct state *b)
{
	if (!a->ret || !b->ret)
		return a->ret == b->ret;
	return a->ret == b->ret || state_mask(a, a->ret) == state_mask(b, b->ret);
}

static bool is_condition(const struct range *r)
{
	return sym_is_outer(r->s) && (r->is_known || r->mask != sym_mask(r->s));
}

/* Do both come about under the same conditions on what was there at entry? */
static bool same_conditions(const struct state *a, const struct state *b)
{
	int i = 0, j = 0;

	for (;;) {
		while (i < a->nrange && !is_condition(&a->ranges[i]))
			i++;
		while (j < b->nrange && !is_condition(&b->ranges[j]))
			j++;
		if (i == a->nrange || j == b->nrange)
			return i == a->nrange && j == b->nrange;
		if (a->ranges[i].s != b->ranges[j].s || a->ranges[i].mask != b->ranges[j].mask ||
		    a->ranges[i].is_known != b->ranges[j].is_known || a->ranges[i].value != b->ranges[j].value)
			return false;
		i++, j++;
	}
}

/* How much exits must have in common to become one case, the most first. */
enum alike { ALIKE_CONDITIONS, ALIKE_RESULT, ALIKE_TAKES, ALIKE_EFFECTS };

static bool is_alike(struct sim *sim, struct state *a, struct state *b, enum alike how)
{
	if (!state_same_key(a, b, sim->node->is_callback))
		return false;
	if (how <= ALIKE_RESULT && (a->is_warned != b->is_warned || !same_result(a, b)))
		return false;
	if (how <= ALIKE_TAKES && !state_same_takes(a, b))
		return false;
	/* What keeps one pointer may not keep another. */
	if (how <= ALIKE_RESULT && sim->proof && ((sim->fn->returns_pointer && a->ret != b->ret) || !keep_agrees(sim, a, b)))
		return false;
	return how > ALIKE_CONDITIONS || same_conditions(a, b);
}

static int merge_exits(struct sim *sim, enum alike how)
{
	struct state *out = NULL, *next;
	int n = 0;

	for (struct state *st = sim->exits; st; st = next) {
		struct state *old = out;

		next = st->next;
		while (old && !is_alike(sim, old, st, how))
			old = old->next;
		if (old) {
			state_merge(&sim->pool, &sim->syms, old, st, sim->fn->nblock, NULL);
			continue;
		}
		st->next = out;
		out = st;
		n++;
	}
	sim->exits = out;
	return n;
}

/* ------------------------------------------------------------------ copying */

static const struct trace *copy_trace(struct analysis *an, const struct trace *t);

static const struct lock_set *copy_locks(struct analysis *an, const struct lock_set *s)
{
	struct lock_set *c;

	if (!s || !s->n)
		return NULL;
	c = arena_copy(an->arena, s, sizeof(*s) + sizeof(s->items[0]) * (size_t)s->n);
	for (int i = 0; i < c->n; i++) {
		c->items[i].lock = sym_import(&an->syms, c->items[i].lock);
		c->items[i].taken = NULL;
		c->items[i].site = -1;
		c->items[i].passed = 0;
		c->items[i].is_met = false;
	}
	return c;
}

static const struct ref_set *copy_refs(struct analysis *an, const struct ref_set *s)
{
	struct ref_set *c;

	if (!s || !s->n)
		return NULL;
	c = arena_copy(an->arena, s, sizeof(*s) + sizeof(s->items[0]) * (size_t)s->n);
	for (int i = 0; i < c->n; i++) {
		c->items[i].object = sym_import(&an->syms, c->items[i].object);
		c->items[i].got = NULL;
		c->items[i].site = -1;
	}
	return c;
}

/* Do callers get the pointer? Of what a read section kept only the object itself is meant, not what it leads to. */
static bool is_exported(const struct state *st, const struct dead *d)
{
	if (!d->by_section)
		return outer_is_reachable(st, d->root);
	if (st->ret && sym_object(st->ret) == d->root)
		return true;
	for (int i = 0; i < st->ncell; i++)
		if (sym_is_outer(st->cells[i].addr) && sym_object(st->cells[i].value) == d->root)
			return true;
	return false;
}

static const struct dead_set *copy_dead(struct sim *sim, const struct state *st)
{
	struct analysis *an = sim->an;
	const struct dead_set *s = st->dead;
	struct dead_set *c;
	int n = 0;

	if (!s)
		return NULL;
	c = arena_alloc(an->arena, sizeof(*s) + sizeof(s->items[0]) * (size_t)s->n);
	for (int i = 0; i < s->n; i++) {
		if (s->items[i].by_put || !is_exported(st, &s->items[i]) || !outer_is_nameable(st, s->items[i].lock))
			continue;
		c->items[n] = s->items[i];
		c->items[n].root = sym_import(&an->syms, s->items[i].root);
		c->items[n].spanned = NULL;
		c->items[n].is_told = borrow_is_told(sim, &s->items[i]);
		c->items[n++].lock = sym_import(&an->syms, s->items[i].lock);
	}
	c->n = n;
	return n ? c : NULL;
}

static const struct owed_set *copy_owed(struct analysis *an, const struct state *st)
{
	struct owed_set *c;
	int n = 0;

	if (!st->owed)
		return NULL;
	c = arena_copy(an->arena, st->owed, sizeof(*c) + sizeof(c->items[0]) * (size_t)st->owed->n);
	for (int i = 0; i < st->owed->n; i++) {
		if (owed_is_note(&c->items[i]) || !outer_is_nameable(st, c->items[i].object))
			continue;
		c->items[n] = c->items[i];
		c->items[n].under = NULL;
		c->items[n].object = sym_import(&an->syms, c->items[n].object);
		n++;
	}
	c->n = n;
	return n ? c : NULL;
}

static bool is_worth_showing(const struct trace *t)
{
	switch (t->kind) {
	case STEP_BRANCH: case STEP_ENTER: case STEP_RETURN:
		return false;
	case STEP_CALL:
		return t->inner != NULL;
	default:
		return true;
	}
}

static struct trace *copy_step(struct analysis *an, const struct trace *t)
{
	struct trace *c = arena_copy(an->arena, t, sizeof(*t));

	c->prev = NULL;
	c->object = sym_import(&an->syms, t->object);
	c->target = sym_import(&an->syms, t->target);
	c->locks = copy_locks(an, t->locks);
	c->refs = copy_refs(an, t->refs);
	c->dead = NULL;
	c->course = NULL;
	return c;
}

/* The last MAX_STEPS steps worth showing, copied; inner traces are copies already. */
static const struct trace *copy_trace(struct analysis *an, const struct trace *t)
{
	struct trace *last = NULL, *later = NULL;
	int n = 0;

	for (; t && n < MAX_STEPS; t = t->prev) {
		struct trace *c;

		if (!is_worth_showing(t))
			continue;
		c = copy_step(an, t);
		if (later)
			later->prev = c;
		else
			last = c;
		later = c;
		n++;
	}
	return last;
}

static const struct use_set *copy_uses(struct analysis *an, const struct use_set *s)
{
	struct use_set *c;

	if (!s)
		return NULL;
	c = arena_copy(an->arena, s, sizeof(*s) + sizeof(s->items[0]) * (size_t)s->n);
	for (int i = 0; i < c->n; i++) {
		struct use *u = &c->items[i];
		struct trace *t = ARENA_NEW(an->arena, struct trace);

		u->object = sym_import(&an->syms, u->object);
		t->kind = STEP_USE;
		t->at = u->at;
		t->func = u->func;
		t->object = u->object;
		t->what = u->need ? u->need->field : NULL;
		t->inner = u->inner;
		u->inner = t;
	}
	return c;
}

/* Parameters that are in memory which callers do not see: of new objects, or behind an index. */
static uint32_t find_kept(const struct state *st)
{
	uint32_t keeps = st->keeps;

	for (int i = 0; i < st->ncell; i++) {
		const struct sym *addr = st->cells[i].addr;

		if (!outer_has_stack(addr) && sym_object(addr) != sym_object(st->cells[i].value) &&
		    (addr->kind == SYM_ELEM || !outer_is_nameable(st, addr)))
			keeps |= state_uncounted_bit(st, &st->cells[i]);
	}
	return keeps;
}

/* Conditions on what was there at entry, and what is known of unknowns that callers get. */
static void copy_ranges(struct analysis *an, struct scase *c, const struct state *st)
{
	c->ranges = ARENA_ARRAY(an->arena, struct range, st->nrange < MAX_RANGES ? st->nrange : MAX_RANGES);
	for (int i = 0; i < st->nrange && c->nrange < MAX_RANGES; i++) {
		struct range r = st->ranges[i];

		if ((r.mask == sym_mask(r.s) && !r.is_known) || !outer_is_nameable(st, r.s) ||
		    (r.s == st->ret && !sym_is_outer(r.s)))
			continue;
		r.s = sym_import(&an->syms, r.s);
		c->ranges[c->nrange++] = r;
	}
}

/* The path's branches, if callers can name all of them. */
static void copy_conds(struct analysis *an, struct scase *c, const struct state *st)
{
	int n = st->conds ? st->conds->n : 0;

	if (st->is_inexact || st->by_result || !n || n > MAX_CONDS)
		return;
	for (const struct cond *x = st->conds; x; x = x->prev)
		if (!sym_is_outer(x->s) || x->s->is_set)
			return;
	c->conds = ARENA_ARRAY(an->arena, const struct sym *, n);
	for (const struct cond *x = st->conds; x; x = x->prev)
		c->conds[c->ncond++] = sym_import(&an->syms, x->s);
}

static void make_case(struct sim *sim, struct state *st, struct scase *c)
{
	struct analysis *an = sim->an;
	bool shows;

	c->is_warned = st->is_warned;
	c->keeps = st->keeps;
	copy_ranges(an, c, st);
	copy_conds(an, c, st);
	outer_copy_cells(an, c, st);
	if (st->ret && outer_has_stack(st->ret))
		st->ret = sym_new(&sim->syms, -3, 0, 0, NULL);
	c->ret = st->ret ? sym_import(&an->syms, st->ret) : NULL;
	c->ret_mask = st->ret ? state_mask(st, st->ret) : MASK_ANY;
	c->lent = st->ret ? section_lent(st, st->ret) : LENT_NOT;
	c->locks = copy_locks(an, st->locks);
	c->takes = copy_locks(an, st->takes);
	c->refs = copy_refs(an, st->refs);
	c->dead = copy_dead(sim, st);
	c->uses = copy_uses(an, st->uses);
	c->owed = copy_owed(an, st);
	shows = c->locks || c->takes || c->refs || c->dead;
	for (int i = 0; i < c->ncell && !shows; i++)
		shows = sym_object(c->cells[i].value)->kind == SYM_PARAM;
	if (shows)
		c->trace = copy_trace(an, st->trace);
}

/* Where nothing is locked or counted, callers need not know when. */
static bool has_effects(const struct sim *sim)
{
	for (const struct state *st = sim->exits; st; st = st->next)
		if (st->locks || st->takes || st->refs || st->dead || st->owed)
			return true;
	return false;
}

struct summary *summary_make(struct sim *sim)
{
	struct analysis *an = sim->an;
	struct summary *s = ARENA_NEW(an->arena, struct summary);
	int n, limit = sim->proof ? MAX_CASES_PROVEN : sim->node->matters ? MAX_CASES : MAX_CASES_PLAIN;

	s->has_puts = sim->has_puts;
	sleep_keep(sim, s);
	section_doubt(sim);
	doubt_callers(sim);
	for (struct state *st = sim->exits; st; st = st->next)
		drop_unnameable(sim, st);
	for (struct state *st = sim->exits; st; st = st->next)
		release_by_given(sim, st);
	for (struct state *st = sim->exits; st; st = st->next)
		release_by_note(sim, st);
	for (struct state *st = sim->exits; st; st = st->next)
		st->keeps = find_kept(st);	/* before what differs is forgotten */
	n = merge_exits(sim, has_effects(sim) ? ALIKE_CONDITIONS : ALIKE_RESULT);
	if (n > limit)
		n = merge_exits(sim, ALIKE_RESULT);
	if (n > limit) {
		n = merge_exits(sim, ALIKE_TAKES);
		s->is_widened = true;
	}
	if (n > limit)
		n = merge_exits(sim, ALIKE_EFFECTS);
	if (n > limit * 2) {
		s->is_unknown = true;
		return s;
	}
	if (s->is_widened)
		unsure(an, UNSURE_CASES, (struct place){sim->fn->file, sim->fn->line, 0, sim->fn});
	s->cases = ARENA_ARRAY(an->arena, struct scase, n);
	for (struct state *st = sim->exits; st; st = st->next) {
		struct scase *c = &s->cases[s->ncase++];

		make_case(sim, st, c);
		s->has_effects |= c->locks || c->takes || c->refs || c->dead;
	}
	return s;
}

/* ------------------------------------------------------------------ printing */

static void print_mask(struct text *out, unsigned mask)
{
	static const char *const names[] = {"zero", "positive", "error", "low"};
	bool first = true;

	for (int i = 0; i < 4; i++)
		if (mask & 1u << i) {
			text_printf(out, "%s%s", first ? "" : "|", names[i]);
			first = false;
		}
}

static void print_case(struct text *out, const struct scase *c)
{
	static const char *const states[] = {"takes", "releases", "needs", "had"};

	for (int i = 0; i < c->nrange; i++) {
		text_puts(out, "    if ");
		sym_print(out, c->ranges[i].s, false);
		text_puts(out, " is ");
		if (c->ranges[i].is_known)
			text_printf(out, "%lld", (long long)c->ranges[i].value);
		else
			print_mask(out, c->ranges[i].mask);
		text_putc(out, '\n');
	}
	for (int i = 0; c->locks && i < c->locks->n; i++) {
		text_printf(out, "    %s %s ", states[c->locks->items[i].state], c->locks->items[i].kind);
		sym_print(out, c->locks->items[i].lock, true);
		text_puts(out, c->locks->items[i].is_vague ? " (vague)\n" : "\n");
	}
	for (int i = 0; c->refs && i < c->refs->n; i++) {
		text_printf(out, "    reference %s %+d ", c->refs->items[i].kind, c->refs->items[i].count);
		sym_print(out, c->refs->items[i].object, false);
		text_putc(out, '\n');
	}
	for (int i = 0; c->dead && i < c->dead->n; i++) {
		text_puts(out, "    no longer kept ");
		sym_print(out, c->dead->items[i].root, false);
		text_putc(out, '\n');
	}
	for (int i = 0; i < c->ncell; i++) {
		text_puts(out, "    ");
		sym_print(out, c->cells[i].addr, true);
		text_puts(out, " = ");
		sym_print(out, c->cells[i].value, false);
		text_putc(out, '\n');
	}
	text_puts(out, "    returns ");
	if (c->ret) {
		sym_print(out, c->ret, false);
		text_puts(out, ": ");
		print_mask(out, c->ret_mask);
	}
	text_putc(out, '\n');
}

static void print_sleep(struct text *out, const struct sleep *sl)
{
	text_printf(out, "  may sleep in %s()", sl->trace->callee);
	for (int i = 0; i < sl->ncond; i++) {
		text_puts(out, i ? " and " : " if ");
		sym_print(out, sl->conds[i], false);
	}
	text_puts(out, sl->is_vague ? sl->is_meant ? " (vague, but meant)\n" : " (vague)\n" : "\n");
}

void summary_print(struct text *out, const struct func *fn, const struct summary *s)
{
	text_printf(out, "%s:%s%s\n", fn->name, s->is_unknown ? " unknown" : "", s->is_widened ? " widened" : "");
	for (int i = 0; i < s->nsleep; i++)
		print_sleep(out, &s->sleeps[i]);
	for (int i = 0; i < s->ncase; i++) {
		text_printf(out, "  case %d\n", i + 1);
		print_case(out, &s->cases[i]);
	}
}
