// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a way can be gone. Entry: order_way_when(). The notes say where a lock is held and who is called, not under which
 * conditions. So for the few ways that would be told, the functions are read again: each branch that a step cannot do
 * without is a condition, in terms of what the first function was given, as far as arguments, fields and constants tell.
 * Where only one caller is known, what it does counts as well; and so does where the first lock was taken.
 *
 * A way whose conditions contradict each other, or what is passed, is closed.
 */
#include "infer/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "infer/model.h"
#include "infer/order_frame.h"
#include "infer/simulate.h"
#include "infer/whole.h"

enum {
	MOST_CONDS = 60,
	MOST_CALLERS = 3,	/* above the way's first function */
	DEEP = 24,		/* conditions within conditions */
};

struct term {
	const struct sym *s;		/* true */
	bool is_first;			/* of how the first lock came to be held */
};

struct reader {
	struct order *o;
	struct frames frames;
	struct term conds[MOST_CONDS];
	int ncond;
	bool is_first;
};

/* ------------------------------------------------------------------ conditions */

static void add_sym(struct reader *r, const struct sym *s, bool truth)
{
	s = truth ? s->kind == SYM_CMP || s->kind == SYM_INT ? s : sym_cmp(&r->frames.syms, CMP_NE, s, sym_int(&r->frames.syms, 0))
		  : sym_not(&r->frames.syms, s);
	if ((s->kind != SYM_INT || !s->value) && r->ncond < MOST_CONDS)
		r->conds[r->ncond++] = (struct term){s, r->is_first};
}

static bool is_int(const struct arg *a, int64_t value)
{
	return a->kind == ARG_INT && a->value == value;
}

/* The condition is true, or false: both sides of an "and" are, or neither of an "or". */
static void add_cond(struct reader *r, const struct frame *f, const struct arg *a, bool truth, int depth)
{
	const struct insn *in = a->kind == ARG_INSN ? &f->node->fn->insns[a->n] : NULL;

	if (in && depth < DEEP && in->op == OP_SELECT && is_int(&in->args[truth ? 2 : 1], truth ? 0 : 1)) {
		add_cond(r, f, &in->args[0], truth, depth + 1);
		add_cond(r, f, &in->args[truth ? 1 : 2], truth, depth + 1);
	} else if (in && depth < DEEP && in->op == OP_CMP && (in->sub == CMP_NE || in->sub == CMP_EQ) && is_int(&in->args[1], 0)) {
		add_cond(r, f, &in->args[0], truth == (in->sub == CMP_NE), depth + 1);
	} else if (in && depth < DEEP && in->op == OP_BIN && in->sub == BIN_XOR && is_int(&in->args[1], 1)) {
		add_cond(r, f, &in->args[0], !truth, depth + 1);
	} else {
		add_sym(r, frame_value(&r->frames, f, a), truth);
	}
}

static void add_case(struct reader *r, const struct frame *f, const struct insn *in, int k)
{
	if (in->op == OP_BRANCH)
		add_cond(r, f, &in->args[0], k == 0, 0);
	else if (k > 0)
		add_sym(r, sym_cmp(&r->frames.syms, CMP_EQ, frame_value(&r->frames, f, &in->args[0]), sym_int(&r->frames.syms, in->cases[k - 1])), true);
}

/* Can one of the wanted blocks be reached from the first, without going from block b to its k-th successor? */
static bool is_reached(const struct func *fn, const bool *wanted, int b, int k, int *stack, bool *seen)
{
	int n = 0;

	memset(seen, 0, sizeof(*seen) * (size_t)fn->nblock);
	stack[n++] = 0;
	seen[0] = true;
	while (n) {
		int at = stack[--n];
		const struct insn *last = &fn->insns[fn->blocks[at].end - 1];

		if (wanted[at])
			return true;
		for (int i = 0; last->op != OP_PHI && i < last->ntarget; i++) {
			if ((at == b && i == k) || seen[last->targets[i]])
				continue;
			seen[last->targets[i]] = true;
			stack[n++] = last->targets[i];
		}
	}
	return false;
}

/* The branches that nobody who comes to the wanted blocks goes another way at. */
static void add_branches(struct reader *r, const struct frame *f, const bool *wanted)
{
	const struct func *fn = f->node->fn;
	struct arena scratch;
	int *stack;
	bool *seen;

	arena_init(&scratch);
	stack = ARENA_ARRAY(&scratch, int, fn->nblock);
	seen = ARENA_ARRAY(&scratch, bool, fn->nblock);
	for (int b = 0; b < fn->nblock; b++) {
		const struct insn *last = &fn->insns[fn->blocks[b].end - 1];

		if ((last->op != OP_BRANCH && last->op != OP_SWITCH) || last->ntarget > 16)
			continue;
		for (int k = 0; k < last->ntarget; k++)
			if (!is_reached(fn, wanted, b, k, stack, seen))
				add_case(r, f, last, k);
	}
	arena_release(&scratch);
}

static bool is_there(const struct insn *in, struct place at)
{
	return in->op == OP_CALL && in->at.line == at.line && in->at.col == at.col && in->at.file == at.file;
}

/* Is it the call that is meant? 2: it goes to that function, or takes a lock of that kind; 0: it takes one of another. */
static int is_meant(const struct reader *r, const struct insn *in, const char *name, const char *kind)
{
	const struct model_func *m = in->args[0].kind == ARG_FUNC ? model_find(r->o->an->options->model, in->args[0].name) : NULL;
	bool takes = false;

	for (int i = 0; m && kind && i < m->neffect; i++) {
		if (m->effects[i].kind != EFFECT_TAKE)
			continue;
		if (m->effects[i].what == kind)
			return 2;
		takes = true;
	}
	return in->args[0].kind == ARG_FUNC && in->args[0].name == name ? 2 : !takes;
}

/* What it takes to come to the calls at a place, where a macro may have several. NULL: none is there. */
static const struct insn *add_place(struct reader *r, const struct frame *f, struct place at, const char *name,
				    const char *kind)
{
	const struct func *fn = func_read(f->node->fn);
	const struct insn *found = NULL;
	bool *wanted = calloc((size_t)fn->nblock + 1, sizeof(*wanted));

	for (int least = 2; least > 0 && wanted && !found; least--)
		for (int b = 0; b < fn->nblock; b++)
			for (int i = fn->blocks[b].first; i < fn->blocks[b].end; i++) {
				const struct insn *in = &fn->insns[i];

				if (!is_there(in, at) || is_meant(r, in, name, kind) < least)
					continue;
				found = in;
				wanted[b] = true;
			}
	if (found)
		add_branches(r, f, wanted);
	free(wanted);
	return found;
}

/* ------------------------------------------------------------------ frames */

/* The only one who calls n by name, with the call; else NULL. */
static const struct node *only_caller(struct order *o, const struct node *n, const struct insn **call)
{
	const struct program *p = o->g->program;
	const struct node *caller;
	const struct func *fn;

	*call = NULL;
	if (o->callers.first[n->index + 1] - o->callers.first[n->index] != 1 ||
	    o->callers.to[o->callers.first[n->index]] >= p->nnode)
		return NULL;
	caller = p->nodes[o->callers.to[o->callers.first[n->index]]];
	whole_reads(o->an, caller);
	fn = caller->fn;
	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];

		if (in->op != OP_CALL)
			continue;
		for (int k = 0; k < in->narg; k++) {
			if (in->args[k].kind != ARG_FUNC || program_resolve(p, caller, in->args[k].name) != n)
				continue;
			if (*call || k)
				return NULL;
			*call = in;
		}
	}
	return *call ? caller : NULL;
}

/* The frame of n, with those of its callers as long as there is only one. */
static const struct frame *enter_first(struct reader *r, const struct node *n, int depth)
{
	const struct insn *call = NULL;
	const struct node *caller = depth < MOST_CALLERS ? only_caller(r->o, n, &call) : NULL;
	const struct frame *above = caller ? enter_first(r, caller, depth + 1) : NULL;

	if (above)
		add_place(r, above, call->at, call->args[0].name, NULL);
	return frame_enter(&r->frames, above, above ? call : NULL, n);
}

/* Down to where a lock of the class is taken, as long as it is one place only. */
static void add_taken(struct reader *r, const struct frame *f, const char *class_name, size_t class, int depth)
{
	const struct program *p = r->o->g->program;
	const struct held_note *found = NULL;
	const struct insn *in;

	for (int i = 0; i < f->node->nheld; i++) {
		const struct held_note *n = &f->node->held[i];
		const struct node *callee = n->kind == HELD_CALL ? program_resolve(p, f->node, n->name) : NULL;

		if (!(n->kind == HELD_TAKE && n->name == class_name) &&
		    !(callee && order_has(r->o->may[callee->index], class)))
			continue;
		if (found && (found->at.line != n->at.line || found->at.col != n->at.col))
			return;
		found = n;
	}
	in = found ? add_place(r, f, found->at, found->name, found->lock_kind) : NULL;
	if (in && found->kind == HELD_CALL && depth < MOST_CALLERS) {
		f = frame_enter(&r->frames, f, in, program_resolve(p, f->node, found->name));
		if (f)
			add_taken(r, f, class_name, class, depth + 1);
	}
}

/* How the first lock came to be held. */
static void add_first(struct reader *r, const struct frame *f, const struct order_way *w, size_t from)
{
	const struct insn *in;
	const struct node *callee;

	if (!w->held || w->held->at.in != f->node->fn)
		return;
	r->is_first = true;
	in = add_place(r, f, w->held->at, NULL, w->held->kind);
	callee = in && in->args[0].kind == ARG_FUNC ? program_resolve(r->o->g->program, f->node, in->args[0].name) : NULL;
	f = callee && order_has(r->o->may[callee->index], from) ? frame_enter(&r->frames, f, in, callee) : NULL;
	if (f)
		add_taken(r, f, r->o->classes[from], from, 0);
	r->is_first = false;
}

static void read_way(struct reader *r, const struct order_way *w, size_t from)
{
	const struct frame *f = enter_first(r, w->first, 0);

	if (f)
		add_first(r, f, w, from);
	for (int i = 0; f && i < w->n && w->steps[i].note; i++) {
		const struct held_note *n = w->steps[i].note;
		const struct insn *in = add_place(r, f, n->at, n->name, n->lock_kind);
		const struct node *next = i + 1 < w->n ? w->steps[i + 1].node : NULL;

		/* What a callback is given is not known. */
		if (n->kind == HELD_CALL && next && program_resolve(r->o->g->program, f->node, n->name) != next)
			in = NULL;
		f = next ? frame_enter(&r->frames, in ? f : NULL, in, next) : NULL;
		if (f)
			r->frames.items[f->id].is_apart = !in;
	}
}

/* ------------------------------------------------------------------ contradictions */

/* Is there no number that compares so with v and so with w? */
static bool no_number(enum flow_sub a, int64_t v, enum flow_sub b, int64_t w)
{
	if (a == CMP_EQ && b == CMP_EQ)
		return v != w;
	if ((a == CMP_EQ && b == CMP_NE) || (a == CMP_NE && b == CMP_EQ))
		return v == w;
	return !(mask_of_cmp(a, v) & mask_of_cmp(b, w));
}

bool order_needs_exclude(const struct order_need *a, const struct order_need *b)
{
	return a->struct_name == b->struct_name && a->field == b->field && no_number(a->sub, a->value, b->sub, b->value);
}

static bool is_of_number(const struct sym *s)
{
	return s->kind == SYM_CMP && s->b->kind == SYM_INT;
}

/* Can they not both be true? */
static bool exclude(struct reader *r, const struct sym *a, const struct sym *b)
{
	return sym_not(&r->frames.syms, a) == b ||
	       (is_of_number(a) && is_of_number(b) && a->a == b->a && no_number(a->sub, a->b->value, b->sub, b->b->value));
}

static void keep_needs(const struct reader *r, struct order_way *w)
{
	for (int i = 0; i < r->ncond && w->nneed < ORDER_NEEDS; i++) {
		const struct sym *s = r->conds[i].s, *addr = is_of_number(s) && s->a->kind == SYM_LOAD ? s->a->a : NULL;

		if (addr && addr->kind == SYM_ADDR && addr->struct_name && addr->field)
			w->needs[w->nneed++] = (struct order_need){addr->struct_name, addr->field, s->sub, s->b->value};
	}
}

/* The word of which the condition wants some bits set; or NULL. */
static const struct sym *flags_of(const struct sym *s)
{
	const struct sym *bits = s->kind == SYM_CMP && s->sub == CMP_NE && s->b->kind == SYM_INT && !s->b->value ? s->a : NULL;

	return bits && bits->kind == SYM_BIN && bits->sub == BIN_AND && bits->b->kind == SYM_INT ? bits->a : NULL;
}

static enum order_when judge(struct reader *r)
{
	enum order_when when = WHEN_OPEN;

	for (int i = 0; i < r->ncond; i++) {
		if (r->conds[i].s->kind == SYM_INT)
			return WHEN_NEVER;
		for (int k = 0; k < i; k++) {
			if (exclude(r, r->conds[i].s, r->conds[k].s))
				return WHEN_NEVER;
			/* One kind of object has the one flag, another kind the other. */
			if (r->conds[i].is_first != r->conds[k].is_first && r->conds[i].s != r->conds[k].s &&
			    flags_of(r->conds[i].s) && flags_of(r->conds[i].s) == flags_of(r->conds[k].s))
				when = WHEN_DOUBTED;
		}
	}
	return when;
}

enum order_when order_way_when(struct order *o, struct order_way *w, size_t from)
{
	struct reader *r;
	struct arena scratch;
	enum order_when when;

	arena_init(&scratch);
	r = ARENA_NEW(&scratch, struct reader);
	r->o = o;
	frames_init(&r->frames, &scratch, o->an);
	read_way(r, w, from);
	when = judge(r);
	w->nneed = 0;
	keep_needs(r, w);
	frames_release(&r->frames);
	arena_release(&scratch);
	return when;
}
