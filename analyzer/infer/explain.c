// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidates to facts: the steps of the path in words, from where the lock was taken,
 * the reference got or the iteration begun, to the fault; callees' and callbacks'
 * steps one level deeper, in their own names.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/simulate.h"

#define MAX_STEPS 40
#define MAX_BRANCHES 6		/* conditions shown on one level */

struct steps {
	struct analysis *an;
	const struct candidate *about;
	struct step *items;
	int n;
};

/* What the finding speaks of, and so which steps belong to its story. */
enum subject { SUBJECT_LOCK, SUBJECT_REFERENCE, SUBJECT_BORROW };

static enum subject subject_of(const struct candidate *c)
{
	switch (c->kind) {
	case FACT_LOCK_LEFT: case FACT_LOCK_LEFT_BY_TURN: case FACT_LOCK_TAKEN_AGAIN:
	case FACT_LOCK_TAKEN_AGAIN_BY_TURN: case FACT_UNLOCK_UNHELD:
		return SUBJECT_LOCK;
	case FACT_REF_LEFT: case FACT_REF_LEFT_BY_TURN:
		return SUBJECT_REFERENCE;
	default:
		return SUBJECT_BORROW;
	}
}

static bool is_lock_step(const struct trace *t)
{
	return t->kind == STEP_LOCK || t->kind == STEP_UNLOCK;
}

static bool is_count_step(const struct trace *t)
{
	return t->kind == STEP_GET || t->kind == STEP_PUT || t->kind == STEP_FIND;
}

/*
 * Does the step belong to the story? In the function itself objects are compared; in callees, whose names are
 * their own, only the kind of lock or reference can be (inner).
 */
static bool belongs(const struct candidate *c, const struct trace *t, bool inner)
{
	enum subject subject = subject_of(c);
	bool same = inner || (t->object && c->object && sym_object(t->object) == sym_object(c->object));

	if (is_lock_step(t)) {
		if (subject == SUBJECT_BORROW)
			return !inner && c->kind == FACT_USE_AFTER_UNLOCK;
		return subject == SUBJECT_LOCK && t->what == c->kind_name && (inner || t->object == c->object);
	}
	if (is_count_step(t))
		return same && (subject == SUBJECT_BORROW || (subject == SUBJECT_REFERENCE && t->what == c->kind_name));
	if (t->kind == STEP_STORE)
		return subject != SUBJECT_LOCK && same;
	if (t->kind == STEP_BRANCH)
		return t->at.line != 0;
	return t->kind != STEP_CALL || t->inner;
}

static const char *show(struct arena *a, const struct sym *s, bool as_target)
{
	struct text t;
	const char *copy;

	if (!s)
		return "";
	text_init(&t);
	sym_print(&t, s, as_target);
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

/* "group->mutex" of a lock's address. */
static const char *show_lock(struct arena *a, const struct sym *lock, const char *kind)
{
	if (lock->kind == SYM_GLOBAL && lock->name == kind)
		return kind;
	if (lock->first && lock->kind != SYM_ADDR && lock->kind != SYM_GLOBAL)
		return arena_printf(a, "%s->%s", show(a, lock, false), lock->first);
	if (lock->kind == SYM_PARAM || lock->kind == SYM_LOAD || lock->kind == SYM_NEW)
		return arena_printf(a, "*%s", show(a, lock, false));
	return show(a, lock, true);
}

static const char *show_condition(struct arena *a, const struct sym *c)
{
	static const char *const ops[] = {
		[CMP_EQ] = "is", [CMP_NE] = "is not", [CMP_ULT] = "<", [CMP_ULE] = "<=", [CMP_UGT] = ">",
		[CMP_UGE] = ">=", [CMP_SLT] = "<", [CMP_SLE] = "<=", [CMP_SGT] = ">", [CMP_SGE] = ">=",
	};

	if (c->kind != SYM_CMP)
		return arena_printf(a, "%s is not 0", show(a, c, false));
	if (c->sub == CMP_UGE && c->b->kind == SYM_INT && c->b->value == -4095)
		return arena_printf(a, "%s is an error pointer", show(a, c->a, false));
	if (c->sub == CMP_ULT && c->b->kind == SYM_INT && c->b->value == -4095)
		return arena_printf(a, "%s is no error pointer", show(a, c->a, false));
	return arena_printf(a, "%s %s %s", show(a, c->a, false), ops[c->sub], show(a, c->b, false));
}

static const char *held_locks(struct arena *a, const struct lock_set *s, const char *outer)
{
	struct text t;
	const char *copy;

	text_init(&t);
	text_puts(&t, outer);
	for (int i = 0; s && i < s->n; i++) {
		const struct held *h = &s->items[i];

		if (h->state != LOCK_HELD && h->state != LOCK_ASSERTED)
			continue;
		text_printf(&t, "%s%s%s", t.len ? ", " : "", show_lock(a, h->lock, h->kind),
			    h->mode == LOCK_SHARED ? " (shared)" : "");
	}
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

static const char *held_refs(struct arena *a, const struct ref_set *s, const char *outer)
{
	struct text t;
	const char *copy;

	text_init(&t);
	text_puts(&t, outer);
	for (int i = 0; s && i < s->n; i++)
		if (s->items[i].count > 0)
			text_printf(&t, "%s%s (%s)", t.len ? ", " : "", show(a, s->items[i].object, false), s->items[i].kind);
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

static const char *what_of(const struct trace *t)
{
	return t->what ? t->what : "";
}

static const char *callee_of(const struct trace *t)
{
	return t->callee ? t->callee : "the code";
}

static const char *describe(struct arena *a, const struct trace *t)
{
	const char *object = t->object ? show(a, t->object, false) : "";

	switch (t->kind) {
	case STEP_ENTER:
		return arena_printf(a, "%s() begins", t->func);
	case STEP_BRANCH:
		return arena_printf(a, "here %s", show_condition(a, t->object));
	case STEP_LOCK:
		return arena_printf(a, "%s() takes %s", callee_of(t), show_lock(a, t->object, what_of(t)));
	case STEP_UNLOCK:
		return arena_printf(a, "%s() releases %s", callee_of(t), show_lock(a, t->object, what_of(t)));
	case STEP_GET:
		return arena_printf(a, "%s() takes a reference on %s", callee_of(t), object);
	case STEP_FIND:
		return arena_printf(a, "%s() gives %s with a counted reference (%s)", callee_of(t), object, what_of(t));
	case STEP_PUT:
		return arena_printf(a, "%s() gives back a reference on %s", callee_of(t), object);
	case STEP_CALL:
		return arena_printf(a, "calls %s()", callee_of(t));
	case STEP_ITERATE:
		return arena_printf(a, "%s() calls %s() for each element", callee_of(t), what_of(t));
	case STEP_NEXT:
		return arena_printf(a, "%s() goes on to the next element", callee_of(t));
	case STEP_ITERATED:
		return arena_printf(a, "%s() has returned: what it iterated over is no longer kept by it", callee_of(t));
	case STEP_STORE:
		return t->callee ? arena_printf(a, "%s() stores %s in %s", t->callee, object, show(a, t->target, true))
				 : arena_printf(a, "stores %s in %s", object, show_lock(a, t->target, ""));
	case STEP_RETURN:
		return arena_printf(a, "returns");
	case STEP_USE:
		if (t->callee)
			return arena_printf(a, "passes %s to %s(), which uses it", object, t->callee);
		return t->what ? arena_printf(a, "uses %s, its field %s", object, t->what) : arena_printf(a, "uses %s", object);
	default:
		return t->callee ? arena_printf(a, "%s(): %s", t->callee, show_lock(a, t->object, what_of(t)))
				 : arena_printf(a, "%s outlives the iteration", show(a, t->object, true));
	}
}

/* What surrounds a callee's steps: held by its callers. */
struct around {
	const char *locks, *borrows, *refs;
	int depth;
};

static void add_step(struct steps *s, const struct trace *t, const struct around *in)
{
	struct arena *a = s->an->arena;

	if (s->n >= MAX_STEPS)
		return;
	s->items[s->n++] = (struct step){
		.kind = t->kind, .depth = in->depth, .at = t->at, .func = t->func, .text = describe(a, t),
		.locks = held_locks(a, t->locks, in->locks), .borrows = in->borrows,
		.refs = held_refs(a, t->refs, in->refs),
	};
}

static void add_chain(struct steps *s, const struct trace *last, const struct trace *first, const struct around *in);

static void add_inner(struct steps *s, const struct trace *t, const struct around *in, const char *borrows)
{
	struct arena *a = s->an->arena;
	struct around deeper = {
		.locks = held_locks(a, t->prev ? t->prev->locks : NULL, in->locks),
		.refs = held_refs(a, t->prev ? t->prev->refs : NULL, in->refs),
		.borrows = borrows, .depth = in->depth + 1,
	};

	if (t->inner && in->depth < 4)
		add_chain(s, t->inner, NULL, &deeper);
}

/* The steps from first to last, oldest first; conditions only near the end. */
static void add_chain(struct steps *s, const struct trace *last, const struct trace *first, const struct around *in)
{
	const struct trace **chain;
	int n = 0, branches = 0, at;
	const char *borrows = in->borrows;

	for (const struct trace *t = last; t; t = t == first ? NULL : t->prev)
		n++;
	chain = ARENA_ARRAY(s->an->arena, const struct trace *, n);
	at = n;
	for (const struct trace *t = last; t; t = t == first ? NULL : t->prev)
		chain[--at] = t;
	for (int i = n - 1; i >= 0; i--)
		if (chain[i]->kind == STEP_BRANCH && ++branches > MAX_BRANCHES)
			chain[i] = NULL;
	for (int i = 0; i < n; i++) {
		const struct trace *t = chain[i];
		struct around now = *in;

		if (!t || (t != last && !belongs(s->about, t, in->depth > 0)))
			continue;
		if (t->kind == STEP_ITERATE || t->kind == STEP_NEXT)
			borrows = arena_printf(s->an->arena, "%s: by the iteration of %s()", show(s->an->arena, t->object, false),
					       callee_of(t));
		else if (t->kind == STEP_ITERATED)
			borrows = in->borrows;
		now.borrows = borrows;
		add_step(s, t, &now);
		add_inner(s, t, in, borrows);
	}
}

static bool same_place(struct place a, struct place b)
{
	return a.file == b.file && a.line == b.line && a.col == b.col;
}

/* Where the story starts: the newest step at the origin, or the first of all. */
static const struct trace *first_step(const struct candidate *c)
{
	const struct trace *first = NULL, *begin = NULL;

	for (const struct trace *t = c->trace; t; t = t->prev) {
		first = t;
		if (t != c->trace && same_place(t->at, c->origin) && t->kind != STEP_BRANCH &&
		    (!begin || c->kind == FACT_USE_AFTER_TURN || c->kind == FACT_USE_UNKEPT ||
		     c->kind == FACT_LOCK_TAKEN_AGAIN_BY_TURN || c->kind == FACT_LOCK_LEFT_BY_TURN))
			begin = t;
	}
	return begin ? begin : first;
}

static void make_fact(struct sim *sim, const struct candidate *c)
{
	struct analysis *an = sim->an;
	struct fact *f = ARENA_NEW(an->arena, struct fact);
	struct steps s = {.an = an, .about = c, .items = ARENA_ARRAY(an->arena, struct step, MAX_STEPS)};
	struct around top = {.locks = "", .borrows = "", .refs = ""};

	add_chain(&s, c->trace, first_step(c), &top);
	*f = (struct fact){
		.kind = c->kind, .fn = sim->fn, .unit = sim->node->unit, .at = c->at,
		.object = c->kind == FACT_USE_AFTER_TURN || c->kind == FACT_USE_UNKEPT || c->kind == FACT_USE_AFTER_UNLOCK ||
			  c->kind == FACT_REF_LEFT || c->kind == FACT_REF_LEFT_BY_TURN || c->kind == FACT_KEPT_AFTER_TURN
			? show(an->arena, c->object, false) : show_lock(an->arena, c->object, c->kind_name),
		.class = c->class_name ? c->class_name : "", .kind_name = c->kind_name, .function = c->function,
		.origin = c->origin, .is_warned = c->is_warned, .nstep = s.n, .steps = s.items,
	};
	if (c->need) {
		f->field = arena_printf(an->arena, "%s.%s", c->need->struct_name, c->need->field);
		f->say = c->need->say;
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

/* What is left at one exit for one reason is one mistake, wherever it was got. */
static bool is_same_leak(const struct candidate *a, const struct candidate *b)
{
	return (a->kind == FACT_REF_LEFT || a->kind == FACT_LOCK_LEFT) && a->kind == b->kind &&
	       a->class_name == b->class_name && (same_place(a->at, b->at) || same_place(a->origin, b->origin));
}

/* One use says it all: of several of the same ended borrow, the first outside the callback. */
static bool is_covered(const struct sim *sim, int at)
{
	const struct candidate *c = &sim->found[at];

	for (int i = 0; i < at; i++)
		if (sim->found[i].is_confirmed && is_same_leak(&sim->found[i], c))
			return true;
	if (c->kind != FACT_USE_AFTER_TURN && c->kind != FACT_USE_AFTER_UNLOCK && c->kind != FACT_USE_UNKEPT)
		return false;
	for (int i = 0; i < sim->nfound; i++) {
		const struct candidate *o = &sim->found[i];

		if (i == at || !o->is_confirmed || o->kind != c->kind || !same_place(o->origin, c->origin))
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
