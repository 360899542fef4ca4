// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidates to facts: the steps of the path, from where the lock was taken, the reference
 * got or the iteration begun, to the fault; callees' and callbacks' steps one level
 * deeper, in their own names. A step is told when it belongs to the story, or when what is
 * held would else change without a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/explain.h"

#define MAX_STEPS 60
#define MAX_DEPTH 4		/* callees in callees whose steps are told */
#define MOST_LOOKED_AT 100000	/* steps, for where a story begins */
#define MAX_BRANCHES 6		/* conditions shown on one level */

/* What the finding speaks of, and so which steps belong to its story. */
enum subject { SUBJECT_LOCK, SUBJECT_REFERENCE, SUBJECT_BORROW };

static enum subject subject_of(const struct candidate *c)
{
	switch (c->kind) {
	case FACT_LOCK_LEFT: case FACT_LOCK_LEFT_BY_TURN: case FACT_LOCK_TAKEN_AGAIN:
	case FACT_LOCK_TAKEN_AGAIN_BY_TURN: case FACT_UNLOCK_UNHELD: case FACT_SLEEP_IN_ATOMIC:
		return SUBJECT_LOCK;
	case FACT_REF_LEFT: case FACT_REF_LEFT_BY_TURN: case FACT_REF_PUT_AGAIN: case FACT_REF_STORED:
	case FACT_REF_LEFT_OVER:
	case FACT_REF_PUT_OTHERS:
		return SUBJECT_REFERENCE;
	default:
		return SUBJECT_BORROW;
	}
}

/* Does a lock step belong? A callee's locks have the callee's names: there only the kind tells. */
static bool lock_belongs(const struct candidate *c, const struct trace *t, bool inner)
{
	if (c->kind == FACT_USE_AFTER_SECTION)
		return t->what == c->kind_name;
	if (c->kind == FACT_USE_AFTER_UNLOCK || c->kind == FACT_USE_STALE)
		return sym_class(t->object, t->what) == c->class_name;
	return subject_of(c) == SUBJECT_LOCK && t->what == c->kind_name && (inner || t->object == c->object);
}

/*
 * Does the step belong to the story? In the function itself objects are compared; in callees, whose names are
 * their own, only the kind of lock or reference can be (inner).
 */
static bool belongs(const struct candidate *c, const struct trace *t, bool inner)
{
	enum subject subject = subject_of(c);
	bool same = inner || (t->object && c->object && sym_object(t->object) == sym_object(c->object));

	if (is_lock_step(t))
		return lock_belongs(c, t, inner);
	if (is_count_step(t))
		return same && (subject == SUBJECT_BORROW ||
				(subject == SUBJECT_REFERENCE && t->what == c->kind_name));
	switch (t->kind) {
	case STEP_STORE: return subject != SUBJECT_LOCK && same;
	case STEP_BRANCH: return t->at.line != 0;
	case STEP_CALL: return t->inner;
	case STEP_RETURN: case STEP_USE: case STEP_FAULT: case STEP_SLEEP: return false;	/* an end, of this story or another */
	default: return true;
	}
}

/* What surrounds a callee's steps: held by its callers. */
struct around {
	const char *locks, *borrows, *refs;
	const char *kept;		/* of locks, those that the callee does not release */
	int depth;
};

static bool is_held(const struct held *h)
{
	return h->state == LOCK_HELD || h->state == LOCK_ASSERTED;
}

/* Is it held in the step? Before all steps (NULL) nothing is. */
static bool holds_lock(const struct trace *t, const struct sym *lock, const char *kind)
{
	for (int i = 0; t && t->locks && i < t->locks->n; i++)
		if (t->locks->items[i].lock == lock && t->locks->items[i].kind == kind)
			return is_held(&t->locks->items[i]);
	return false;
}

static bool holds_ref(const struct trace *t, const struct sym *object)
{
	for (int i = 0; t && t->refs && i < t->refs->n; i++)
		if (t->refs->items[i].object == object)
			return t->refs->items[i].count > 0;
	return false;
}

/* The locks held after t; with till, only those still held then. */
static const char *held_locks(struct arena *a, const struct trace *t, const struct trace *till,
			      const struct around *in)
{
	struct text out;
	const char *copy;

	text_init(&out);
	text_puts(&out, has_dropped(t, NULL) ? in->kept : in->locks);
	for (int i = 0; t && t->locks && i < t->locks->n; i++) {
		const struct held *h = &t->locks->items[i];

		if (!is_held(h) || (till && !holds_lock(till, h->lock, h->kind)))
			continue;
		text_printf(&out, "%s%s%s", out.len ? ", " : "", words_lock(a, h->lock, h->kind),
			    h->mode == LOCK_SHARED ? " (shared)" : "");
	}
	copy = arena_strdup(a, text_str(&out));
	text_release(&out);
	return copy;
}

static const char *held_refs(struct arena *a, const struct trace *t, const struct around *in)
{
	struct text out;
	const char *copy;

	text_init(&out);
	text_puts(&out, in->refs);
	for (int i = 0; t && t->refs && i < t->refs->n; i++) {
		const struct ref *r = &t->refs->items[i];

		if (r->count > 0)
			text_printf(&out, "%s%s (%s)", out.len ? ", " : "", words_symbol(a, r->object, false), r->kind);
	}
	copy = arena_strdup(a, text_str(&out));
	text_release(&out);
	return copy;
}

/* ------------------------------------------------------------------ which steps are told */

/* What is held differs between two steps that are told, by this step that is not. */
static bool changes_held(const struct trace *t, const struct trace *before, const struct trace *after)
{
	bool was, is;

	if (is_lock_step(t)) {
		was = holds_lock(before, t->object, t->what);
		is = holds_lock(after, t->object, t->what);
		return t->kind == STEP_LOCK ? !was && is : (was || has_dropped(t, t->object)) && !is;
	}
	if (!is_count_step(t))
		return false;
	was = holds_ref(before, t->object);
	is = holds_ref(after, t->object);
	return t->kind == STEP_PUT ? was && !is : !was && is;
}

static bool is_told(struct steps *s, const struct trace *t, int depth, bool is_last);

/* The step before a call, which may have made several steps with the same inner ones. */
static const struct trace *before_call(const struct trace *t)
{
	const struct trace *u = t->prev;

	while (u && u->inner == t->inner && is_same_place(u->at, t->at))
		u = u->prev;
	return u;
}

/* Does the call leave other locks or references held than before it? */
static bool call_changes_held(const struct trace *t)
{
	const struct trace *before = before_call(t);

	return t->locks != (before ? before->locks : NULL) || t->refs != (before ? before->refs : NULL);
}

/* Is any of the callee's steps told? */
static bool tells_inner(struct steps *s, const struct trace *t, int depth)
{
	for (const struct trace *u = t->inner; u && depth < MAX_DEPTH; u = u->prev)
		if (is_told(s, u, depth + 1, u == t->inner) ||
		    ((is_lock_step(u) || is_count_step(u)) && call_changes_held(t)))
			return true;
	return false;
}

static bool is_told(struct steps *s, const struct trace *t, int depth, bool is_last)
{
	if (is_last && (depth == 0 || t->kind == STEP_USE || t->kind == STEP_SLEEP))
		return true;
	if (!belongs(s->about, t, depth > 0))
		return false;
	if (t->kind == STEP_BRANCH)
		return depth == 0 && words_condition(s, t->object);
	return t->kind != STEP_CALL || tells_inner(s, t, depth) || call_changes_held(t);
}

/* Choose among n steps, oldest first: those left out become NULL. Conditions only near the end. */
static void choose(struct steps *s, const struct trace **chain, int n, int depth)
{
	const struct trace **told = ARENA_ARRAY(s->an->arena, const struct trace *, n);
	const struct trace *before = NULL;
	int branches = 0;

	for (int i = n - 1; i >= 0; i--)
		if (is_told(s, chain[i], depth, i == n - 1) &&
		    (chain[i]->kind != STEP_BRANCH || ++branches <= MAX_BRANCHES))
			told[i] = chain[i];
	for (int i = 0; i < n; i++) {
		int next = i;

		while (next < n && !told[next])
			next++;
		if (next > i && (before || !chain[0]->prev) &&
		    changes_held(chain[i], before, next < n ? told[next] : chain[n - 1]))
			told[i] = chain[i];
		/* Several things that one call did: its steps are told once. */
		if (told[i] && told[i]->kind == STEP_CALL && before && before->inner == told[i]->inner &&
		    is_same_place(before->at, told[i]->at))
			told[i] = NULL;
		before = told[i] ? told[i] : before;
	}
	memcpy(chain, told, sizeof(*told) * (size_t)n);
}

/* ------------------------------------------------------------------ telling them */

/* A step with what is held after the step held (NULL: at the start). There is always room for the fault. */
static void add_step(struct steps *s, const struct trace *t, enum step_kind kind, const char *text,
		     const struct trace *held, const struct around *in)
{
	struct arena *a = s->an->arena;

	if (s->n >= MAX_STEPS - (t != s->about->trace))
		return;
	s->items[s->n++] = (struct step){
		.kind = kind, .depth = in->depth, .at = t->at, .func = t->func, .text = text,
		.locks = held_locks(a, held, NULL, in), .borrows = in->borrows,
		.refs = held_refs(a, held, in),
	};
}

/* The callee's last step to tell: where it does what is wrong; what comes after does not matter. */
static const struct trace *inner_end(const struct candidate *c, const struct trace *t)
{
	enum step_kind kind = c->kind == FACT_UNLOCK_UNHELD ? STEP_UNLOCK :
			      c->kind == FACT_REF_PUT_AGAIN ? STEP_PUT : STEP_LOCK;
	const struct trace *found = NULL;

	if (t->kind != STEP_FAULT)
		return t->inner;
	for (const struct trace *u = t->inner; u; u = u->prev) {
		if (u->kind != kind || u->what != c->kind_name)
			continue;
		if (kind == STEP_PUT || sym_class(u->object, u->what) == c->class_name)
			return u;
		found = found ? found : u;
	}
	return found ? found : t->inner;
}

static void add_chain(struct steps *s, const struct trace *last, const struct trace *first,
		      const struct around *in);

/* A call: what was held before it, the callee's steps one level deeper, and what it has done. */
static void add_call(struct steps *s, const struct trace *t, const struct around *in)
{
	struct arena *a = s->an->arena;
	const struct trace *before = before_call(t);
	bool is_end = t->kind == STEP_USE || t->kind == STEP_FAULT;
	struct around deeper = {
		.locks = held_locks(a, before, NULL, in), .kept = held_locks(a, before, t, in),
		.refs = held_refs(a, before, in), .borrows = in->borrows, .depth = in->depth + 1,
	};

	add_step(s, t, is_end ? t->kind : STEP_CALL, words_call(s, t), before, in);
	add_chain(s, inner_end(s->about, t), NULL, &deeper);
	if (strcmp(deeper.locks, held_locks(a, t, NULL, in)) || strcmp(deeper.refs, held_refs(a, t, in)))
		add_step(s, t, t->kind, words_end(s, t), t, in);
}

/* The steps from first to last, oldest first. What is told only for what it changes is told without its callees. */
static void add_chain(struct steps *s, const struct trace *last, const struct trace *first,
		      const struct around *in)
{
	const struct trace **chain;
	struct around now = *in;
	int n = 0, at;

	for (const struct trace *t = last; t; t = t == first ? NULL : t->prev)
		n++;
	chain = ARENA_ARRAY(s->an->arena, const struct trace *, n);
	at = n;
	for (const struct trace *t = last; t; t = t == first ? NULL : t->prev)
		chain[--at] = t;
	choose(s, chain, n, in->depth);
	for (int i = 0; i < n; i++) {
		const struct trace *t = chain[i];

		if (!t)
			continue;
		if (t->kind == STEP_ITERATE || t->kind == STEP_NEXT)
			now.borrows = arena_printf(s->an->arena, "%s: by the iteration of %s()",
						   words_symbol(s->an->arena, t->object, false), t->callee);
		else if (t->kind == STEP_ITERATED)
			now.borrows = in->borrows;
		if (is_told(s, t, in->depth, t == last) && tells_inner(s, t, in->depth))
			add_call(s, t, &now);
		else
			add_step(s, t, t->kind, words_step(s, t), t, &now);
	}
}

/* Of the steps at the origin: is the oldest the start, not the newest? */
static bool starts_with_oldest(enum fact_kind kind)
{
	return kind == FACT_USE_AFTER_TURN || kind == FACT_KEPT_AFTER_TURN || kind == FACT_USE_UNKEPT ||
	       kind == FACT_LOCK_TAKEN_AGAIN_BY_TURN || kind == FACT_LOCK_LEFT_BY_TURN;
}

/*
 * Is the place that of a step within t? Callees' steps are shared by all that call them, and there are more ways down than
 * anybody can go: after so many steps it is not found.
 */
static bool has_inner_place(const struct trace *t, struct place at, int *left)
{
	for (const struct trace *u = t->inner; u && --*left > 0; u = u->prev)
		if (is_same_place(u->at, at) || has_inner_place(u, at, left))
			return true;
	return false;
}

/* Where the lock that a step releases was taken; the step itself if its callers did. */
static const struct trace *taking_of(const struct trace *unlock)
{
	for (const struct trace *t = unlock->prev; t; t = t->prev)
		if (is_lock_step(t) && t->object == unlock->object)
			return t->kind == STEP_LOCK ? t : unlock;
	return unlock;
}

/* Where the story starts: the step at the origin that is known, the newest one there, or the first of all. */
static const struct trace *first_step(const struct candidate *c)
{
	const struct trace *first = NULL, *begin = NULL, *call = NULL;
	int left = MOST_LOOKED_AT;

	for (const struct trace *t = c->trace; t; t = t->prev) {
		first = t;
		if (t == c->began)
			begin = t;
		if (t == c->trace || t->kind == STEP_BRANCH || t == c->began)
			continue;
		if (is_same_place(t->at, c->origin) && (!begin || starts_with_oldest(c->kind)))
			begin = t;
		if (!call && has_inner_place(t, c->origin, &left))
			call = t;
	}
	if (!begin)
		return call ? call : first;
	if (begin == c->began)
		return begin;
	/* One call may have done several things there. */
	for (const struct trace *t = begin->prev; begin->inner && t && t->inner == begin->inner; t = t->prev)
		if (is_same_place(t->at, begin->at))
			begin = t;
	return begin->kind == STEP_UNLOCK ? taking_of(begin) : begin;
}

static void make_fact(struct sim *sim, const struct candidate *c)
{
	struct analysis *an = sim->an;
	struct fact *f = ARENA_NEW(an->arena, struct fact);
	struct steps s = {
		.an = an, .fn = sim->fn, .about = c, .items = ARENA_ARRAY(an->arena, struct step, MAX_STEPS),
	};
	struct around top = {.locks = "", .borrows = "", .refs = "", .kept = ""};

	add_chain(&s, c->trace, first_step(c), &top);
	*f = (struct fact){
		.kind = c->kind, .fn = sim->fn, .unit = sim->node->unit, .at = c->at,
		.object = subject_of(c) == SUBJECT_LOCK ? words_lock(an->arena, c->object, c->kind_name)
							: words_symbol(an->arena, c->object, false),
		.class = c->class_name ? c->class_name : "", .kind_name = c->kind_name, .function = c->function,
		.origin = c->origin, .is_inferred = c->is_inferred, .is_warned = c->is_warned, .nstep = s.n, .steps = s.items,
	};
	if (c->need) {
		f->field = arena_printf(an->arena, "%s.%s", c->need->struct_name, c->need->field);
		f->say = c->need->say;
	} else {
		f->say = c->say;
	}
	explain_add(an, f);
}

void explain_add(struct analysis *an, const struct fact *f)
{
	struct infer_result *r = an->result;

	if (r->nfact == an->fact_cap) {
		an->fact_cap = an->fact_cap ? an->fact_cap * 2 : 32;
		r->facts = realloc(r->facts, sizeof(*r->facts) * an->fact_cap);
		if (!r->facts)
			die("out of memory (facts)");
	}
	r->facts[r->nfact++] = f;
}

bool explain_goes_by(const struct fact *f, int n, enum step_kind kind, struct place at)
{
	for (int i = 0; i < n; i++)
		if (f->steps[i].depth > 0 && f->steps[i].kind == kind && is_same_place(f->steps[i].at, at))
			return true;
	return false;
}

size_t explain_take(struct infer_result *r, bool (*is_evidence)(const struct fact *f), const struct fact ***out)
{
	size_t kept = 0, n = 0;

	*out = malloc(sizeof(**out) * (r->nfact + 1));
	if (!*out)
		die("out of memory (facts)");
	for (size_t i = 0; i < r->nfact; i++) {
		if (is_evidence(r->facts[i]))
			(*out)[n++] = r->facts[i];
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
	return n;
}

/* What is left at one exit for one reason is one mistake, wherever it was got. */
static bool is_same_leak(const struct candidate *a, const struct candidate *b)
{
	return (a->kind == FACT_REF_LEFT || a->kind == FACT_LOCK_LEFT) && a->kind == b->kind &&
	       a->class_name == b->class_name &&
	       ((a->kind == FACT_LOCK_LEFT && is_same_place(a->at, b->at)) || is_same_place(a->origin, b->origin));
}

/* One use says it all: of several of the same ended borrow, the first outside the callback. */
static bool is_covered(const struct sim *sim, int at)
{
	const struct candidate *c = &sim->found[at];

	for (int i = 0; i < at; i++)
		if (sim->found[i].is_confirmed && is_same_leak(&sim->found[i], c))
			return true;
	if (subject_of(c) != SUBJECT_BORROW || c->kind == FACT_KEPT_AFTER_TURN)
		return false;
	for (int i = 0; i < sim->nfound; i++) {
		const struct candidate *o = &sim->found[i];

		if (i == at || !o->is_confirmed || o->kind != c->kind || !is_same_place(o->origin, c->origin))
			continue;
		if (o->is_inner != c->is_inner ? c->is_inner : i < at)
			return true;
	}
	return false;
}

void explain_candidates(struct sim *sim)
{
	if (sim->an->muted)
		return;
	for (int i = 0; i < sim->nfound; i++)
		if (sim->found[i].is_confirmed && !is_covered(sim, i))
			make_fact(sim, &sim->found[i]);
}
