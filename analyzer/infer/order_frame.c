// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values along a way of calls. Entry: frame_value(). What an instruction makes, in terms of what the outermost function was
 * given: parameters are what the call above passes, small functions are their result, a local variable that holds one
 * number all the time is that number. No path is followed; what is not plain is an unknown of its own.
 */
#include "infer/order_frame.h"

#include "infer/simulate.h"
#include "infer/whole.h"

enum {
	MOST_VALUES = 4000,	/* looked at for one way */
	MOST_BLOCKS = 60,	/* of a function in which is asked who comes to a phi */
	DEEP = 24,		/* instructions that a value is made of */
	FRAME_SITES = 1 << 20,
};

void frames_init(struct frames *r, struct arena *a, struct analysis *an)
{
	r->an = an;
	r->n = r->nvalue = 0;
	sym_table_init(&r->syms, a);
}

void frames_release(struct frames *r)
{
	sym_table_release(&r->syms);
}

const struct frame *frame_enter(struct frames *r, const struct frame *parent, const struct insn *via, const struct node *n)
{
	struct frame *f;

	if (r->n == FRAMES)
		return NULL;
	f = &r->items[r->n];
	*f = (struct frame){.parent = parent, .via = via, .node = n, .id = r->n++};
	whole_reads(r->an, n);
	return f;
}

static const struct sym *eval(struct frames *r, const struct frame *f, const struct arg *a, int depth);

static const struct sym *unknown(struct frames *r, const struct frame *f, int n)
{
	return sym_new(&r->syms, f->id * FRAME_SITES + n, 0, 0, NULL);
}

static const struct sym *eval_param(struct frames *r, const struct frame *f, int n, int depth)
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
static const struct sym *eval_stack(struct frames *r, const struct frame *f, int object, int64_t offset, const struct insn *via)
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

static const struct sym *eval_load(struct frames *r, const struct frame *f, int n, int depth)
{
	const struct insn *in = &f->node->fn->insns[n];
	const struct sym *base = eval(r, f, &in->args[0], depth);
	const struct sym *addr = sym_addr(&r->syms, base, in->imm, in->struct_name, in->field), *s = NULL;

	if (sym_object(addr)->kind == SYM_STACK) {
		int site = (int)sym_object(addr)->value;
		const struct frame *of = &r->items[site / FRAME_SITES];

		s = eval_stack(r, of, site % FRAME_SITES, sym_offset(addr), way_down(of, f));
	} else if (!in->is_volatile) {
		s = sym_load(&r->syms, addr);
	}
	return s ? s : unknown(r, f, n);
}

/* A small function is its result. */
static const struct sym *eval_call(struct frames *r, const struct frame *f, int n, int depth)
{
	const struct insn *in = &f->node->fn->insns[n], *last;
	const struct node *callee;
	const struct frame *inner;

	if (in->args[0].kind != ARG_FUNC)
		return unknown(r, f, n);
	callee = program_resolve(&r->an->program, f->node, in->args[0].name);
	if (!callee)
		return unknown(r, f, n);
	whole_reads(r->an, callee);
	if (callee->fn->nblock != 1)
		return unknown(r, f, n);
	last = &callee->fn->insns[callee->fn->ninsn - 1];
	inner = last->op == OP_RETURN && last->args[0].kind != ARG_NONE ? frame_enter(r, f, in, callee) : NULL;
	return inner ? eval(r, inner, &last->args[0], depth) : unknown(r, f, n);
}

/* Does what is known of its condition keep the branch in block from from going to block to? */
static bool is_barred(struct frames *r, const struct frame *f, int from, int to, int depth)
{
	const struct func *fn = f->node->fn;
	const struct insn *last = &fn->insns[fn->blocks[from].end - 1];
	const struct sym *s = last->op == OP_BRANCH ? eval(r, f, &last->args[0], depth) : NULL;

	return s && s->kind == SYM_INT && last->targets[s->value ? 0 : 1] != to;
}

/* Does nobody come from one block to the other, as far as is known? */
static bool is_shut(struct frames *r, const struct frame *f, int from, int to, int depth)
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
static const struct sym *eval_phi(struct frames *r, const struct frame *f, int n, int depth)
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

static const struct sym *eval_insn(struct frames *r, const struct frame *f, int n, int depth)
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

static const struct sym *eval(struct frames *r, const struct frame *f, const struct arg *a, int depth)
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

const struct sym *frame_value(struct frames *r, const struct frame *f, const struct arg *a)
{
	return eval(r, f, a, 0);
}
