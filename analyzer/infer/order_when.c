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
#include "base/map.h"
#include "base/text.h"
#include "infer/simulate.h"
#include "infer/sym.h"
#include "infer/whole.h"

enum {
	MOST_CONDS = 60,
	MOST_FRAMES = 40,
	MOST_VALUES = 4000,	/* looked at for one way */
	MOST_CALLERS = 3,	/* above the way's first function */
	MOST_BLOCKS = 60,	/* of a function in which is asked who comes to a phi */
	DEEP = 24,		/* instructions that a value is made of */
	FRAME_SITES = 1 << 20,
};

/* A function at work: called by that instruction of its parent, or by who knows whom. */
struct frame {
	const struct frame *parent;
	const struct insn *via;
	const struct node *node;
	int id;
	bool is_apart;			/* ... by whom is not followed */
};

struct term {
	const struct sym *s;		/* true */
	bool is_first;			/* of how the first lock came to be held */
};

struct reader {
	struct order *o;
	struct sym_table syms;
	struct frame frames[MOST_FRAMES];
	int nframe, nvalue;
	struct term conds[MOST_CONDS];
	int ncond;
	bool is_first;
};

static const struct frame *enter(struct reader *r, const struct frame *parent, const struct insn *via, const struct node *n)
{
	struct frame *f;

	if (r->nframe == MOST_FRAMES)
		return NULL;
	f = &r->frames[r->nframe];
	*f = (struct frame){.parent = parent, .via = via, .node = n, .id = r->nframe++};
	whole_reads(r->o->an, n);
	return f;
}

/* ------------------------------------------------------------------ values */

static const struct sym *eval(struct reader *r, const struct frame *f, const struct arg *a, int depth);

static const struct sym *unknown(struct reader *r, const struct frame *f, int n)
{
	return sym_new(&r->syms, f->id * FRAME_SITES + n, 0, 0, NULL);
}

static const struct sym *eval_param(struct reader *r, const struct frame *f, int n, int depth)
{
	if (f->via && n + 1 < f->via->narg)
		return eval(r, f->parent, &f->via->args[n + 1], depth);
	/* Behind the unknowns of its instructions. */
	return f->via || f->is_apart ? unknown(r, f, FRAME_SITES / 2 + n) : sym_param(&r->syms, n, NULL);
}

/* The stack object that the address leads into, and how far; or -1. */
static int stack_object(const struct func *fn, const struct arg *a, int64_t *offset)
{
	for (int depth = 0; a->kind == ARG_INSN && depth < DEEP; depth++) {
		const struct insn *in = &fn->insns[a->n];

		if (in->op == OP_ALLOCA)
			return a->n;
		if (in->op != OP_ADDR)
			return -1;
		*offset += in->imm;
		a = &in->args[0];
	}
	return -1;
}

/* Does the instruction do to the object what nobody here follows? The call that the way goes on by does not count. */
static bool is_obscure(const struct insn *in, const struct func *fn, int object, const struct insn *via)
{
	int64_t offset = 0;

	if (in->op != OP_CALL && in->op != OP_COPY && in->op != OP_ATOMIC && in->op != OP_ASM)
		return false;
	for (int i = 0; in != via && i < in->narg; i++)
		if (stack_object(fn, &in->args[i], &offset) == object)
			return true;
	return false;
}

/* What is in a stack object, if it is one number all the time. */
static const struct sym *eval_stack(struct reader *r, const struct frame *f, int object, int64_t offset, const struct insn *via)
{
	const struct func *fn = f->node->fn;
	const struct sym *value = NULL;
	bool is_cleared = false;

	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];
		int64_t at = in->op == OP_STORE ? in->imm : 0;

		if (is_obscure(in, fn, object, via))
			return NULL;
		if (in->op == OP_FILL && stack_object(fn, &in->args[0], &at) == object)
			is_cleared = in->args[1].kind == ARG_INT && !in->args[1].value;
		if (in->op != OP_STORE || stack_object(fn, &in->args[0], &at) != object || at != offset)
			continue;
		if (in->args[1].kind != ARG_INT || (value && value->value != in->args[1].value))
			return NULL;
		value = sym_int(&r->syms, in->args[1].value);
	}
	return value ? value : is_cleared ? sym_int(&r->syms, 0) : NULL;
}

/* The instruction of frame f by which the way came to frame below. */
static const struct insn *way_down(const struct frame *f, const struct frame *below)
{
	for (; below; below = below->parent)
		if (below->parent && below->parent->id == f->id)
			return below->via;
	return NULL;
}

static const struct sym *eval_load(struct reader *r, const struct frame *f, int n, int depth)
{
	const struct insn *in = &f->node->fn->insns[n];
	const struct sym *base = eval(r, f, &in->args[0], depth);
	const struct sym *addr = sym_addr(&r->syms, base, in->imm, in->struct_name, in->field), *s = NULL;

	if (sym_object(addr)->kind == SYM_STACK) {
		int site = (int)sym_object(addr)->value;
		const struct frame *of = &r->frames[site / FRAME_SITES];

		s = eval_stack(r, of, site % FRAME_SITES, sym_offset(addr), way_down(of, f));
	} else if (!in->is_volatile) {
		s = sym_load(&r->syms, addr);
	}
	return s ? s : unknown(r, f, n);
}

/* A small function is its result. */
static const struct sym *eval_call(struct reader *r, const struct frame *f, int n, int depth)
{
	const struct insn *in = &f->node->fn->insns[n], *last;
	const struct node *callee;
	const struct frame *inner;

	if (in->args[0].kind != ARG_FUNC)
		return unknown(r, f, n);
	callee = program_resolve(r->o->g->program, f->node, in->args[0].name);
	if (!callee || func_read(callee->fn)->nblock != 1)
		return unknown(r, f, n);
	last = &callee->fn->insns[callee->fn->ninsn - 1];
	inner = last->op == OP_RETURN && last->args[0].kind != ARG_NONE ? enter(r, f, in, callee) : NULL;
	return inner ? eval(r, inner, &last->args[0], depth) : unknown(r, f, n);
}

/* Does what is known of its condition keep the branch in block from from going to block to? */
static bool is_barred(struct reader *r, const struct frame *f, int from, int to, int depth)
{
	const struct func *fn = f->node->fn;
	const struct insn *last = &fn->insns[fn->blocks[from].end - 1];
	const struct sym *s = last->op == OP_BRANCH ? eval(r, f, &last->args[0], depth) : NULL;

	return s && s->kind == SYM_INT && last->targets[s->value ? 0 : 1] != to;
}

/* Does nobody come from one block to the other, as far as is known? */
static bool is_shut(struct reader *r, const struct frame *f, int from, int to, int depth)
{
	const struct func *fn = f->node->fn;
	bool is_entered = from == 0;

	if (is_barred(r, f, from, to, depth))
		return true;
	for (int b = 0; b < fn->nblock && !is_entered; b++) {
		const struct insn *last = &fn->insns[fn->blocks[b].end - 1];

		for (int k = 0; k < last->ntarget && !is_entered; k++)
			is_entered = last->targets[k] == from && !is_barred(r, f, b, from, depth);
	}
	return !is_entered;
}

/* One value, if the others come from where nobody is. */
static const struct sym *eval_phi(struct reader *r, const struct frame *f, int n, int depth)
{
	const struct func *fn = f->node->fn;
	const struct insn *in = &fn->insns[n];
	const struct sym *value = NULL;
	int block = 0;

	while (fn->blocks[block].end <= n)
		block++;
	for (int i = 0; i < in->narg && fn->nblock <= MOST_BLOCKS; i++) {
		const struct sym *s = is_shut(r, f, in->targets[i], block, depth) ? NULL : eval(r, f, &in->args[i], depth);

		if (s && value && s != value)
			return unknown(r, f, n);
		value = s ? s : value;
	}
	return value ? value : unknown(r, f, n);
}

static const struct sym *eval_insn(struct reader *r, const struct frame *f, int n, int depth)
{
	const struct insn *in = &f->node->fn->insns[n];
	const struct sym *a;

	switch (in->op) {
	case OP_ADDR:
		return sym_addr(&r->syms, eval(r, f, &in->args[0], depth), in->imm, in->struct_name, in->field);
	case OP_LOAD:
		return eval_load(r, f, n, depth);
	case OP_CMP:
		a = eval(r, f, &in->args[0], depth);
		return sym_cmp(&r->syms, in->sub, a, eval(r, f, &in->args[1], depth));
	case OP_BIN:
		a = eval(r, f, &in->args[0], depth);
		return sym_bin(&r->syms, in->sub, a, eval(r, f, &in->args[1], depth));
	case OP_SELECT:
		a = eval(r, f, &in->args[0], depth);
		return a->kind == SYM_INT ? eval(r, f, &in->args[a->value ? 1 : 2], depth) : unknown(r, f, n);
	case OP_PHI:
		return eval_phi(r, f, n, depth);
	case OP_ALLOCA:
		return sym_stack(&r->syms, f->id * FRAME_SITES + n, NULL);
	case OP_CALL:
		return eval_call(r, f, n, depth);
	default:
		return unknown(r, f, n);
	}
}

static const struct sym *eval(struct reader *r, const struct frame *f, const struct arg *a, int depth)
{
	const struct sym *s;

	switch (a->kind) {
	case ARG_INT:
		return sym_int(&r->syms, a->value);
	case ARG_PARAM:
		return depth < DEEP ? eval_param(r, f, a->n, depth + 1) : unknown(r, f, FRAME_SITES / 2 + a->n);
	case ARG_GLOBAL:
		s = sym_global(&r->syms, a->name);
		return a->value ? sym_addr(&r->syms, s, a->value, NULL, NULL) : s;
	case ARG_FUNC:
		return sym_func(&r->syms, a->name, 0);
	case ARG_INSN:
		return depth < DEEP && r->nvalue++ < MOST_VALUES ? eval_insn(r, f, a->n, depth + 1) : unknown(r, f, a->n);
	default:
		return unknown(r, f, FRAME_SITES - 1 - r->nvalue++ % (FRAME_SITES / 4));
	}
}

/* ------------------------------------------------------------------ conditions */

static void add_sym(struct reader *r, const struct sym *s, bool truth)
{
	s = truth ? s->kind == SYM_CMP || s->kind == SYM_INT ? s : sym_cmp(&r->syms, CMP_NE, s, sym_int(&r->syms, 0))
		  : sym_not(&r->syms, s);
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
		add_sym(r, eval(r, f, a, 0), truth);
	}
}

static void add_case(struct reader *r, const struct frame *f, const struct insn *in, int k)
{
	if (in->op == OP_BRANCH)
		add_cond(r, f, &in->args[0], k == 0, 0);
	else if (k > 0)
		add_sym(r, sym_cmp(&r->syms, CMP_EQ, eval(r, f, &in->args[0], 0), sym_int(&r->syms, in->cases[k - 1])), true);
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

/* What it takes to come to the calls at a place; of name, if there are such. NULL: none is there. */
static const struct insn *add_place(struct reader *r, const struct frame *f, struct place at, const char *name)
{
	const struct func *fn = func_read(f->node->fn);
	const struct insn *found = NULL;
	bool *wanted = calloc((size_t)fn->nblock + 1, sizeof(*wanted));

	for (int only = 1; only >= 0 && wanted && !found; only--)
		for (int b = 0; b < fn->nblock; b++)
			for (int i = fn->blocks[b].first; i < fn->blocks[b].end; i++) {
				const struct insn *in = &fn->insns[i];

				if (!is_there(in, at) || (only && (in->args[0].kind != ARG_FUNC || in->args[0].name != name)))
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
	fn = func_read(caller->fn);
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
		add_place(r, above, call->at, call->args[0].name);
	return enter(r, above, above ? call : NULL, n);
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
	in = found ? add_place(r, f, found->at, found->name) : NULL;
	if (in && found->kind == HELD_CALL && depth < MOST_CALLERS) {
		f = enter(r, f, in, program_resolve(p, f->node, found->name));
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
	in = add_place(r, f, w->held->at, NULL);
	callee = in && in->args[0].kind == ARG_FUNC ? program_resolve(r->o->g->program, f->node, in->args[0].name) : NULL;
	f = callee && order_has(r->o->may[callee->index], from) ? enter(r, f, in, callee) : NULL;
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
		const struct insn *in = add_place(r, f, n->at, n->name);
		const struct node *next = i + 1 < w->n ? w->steps[i + 1].node : NULL;

		/* What a callback is given is not known. */
		if (n->kind == HELD_CALL && next && program_resolve(r->o->g->program, f->node, n->name) != next)
			in = NULL;
		f = next ? enter(r, in ? f : NULL, in, next) : NULL;
		if (f)
			r->frames[f->id].is_apart = !in;
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
	return sym_not(&r->syms, a) == b ||
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
	sym_table_init(&r->syms, &scratch);
	read_way(r, w, from);
	when = judge(r);
	w->nneed = 0;
	keep_needs(r, w);
	sym_table_release(&r->syms);
	arena_release(&scratch);
	return when;
}
