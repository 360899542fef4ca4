// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values without paths. Entries: reader_value(), and reader_fill() to carry one from a
 * callee to its caller. A load is what the function itself stores at that address if it
 * stores one thing there only, and else the memory at entry.
 */
#include "infer/value.h"

#include <string.h>

#include "base/arena.h"
#include "infer/model.h"
#include "infer/summary.h"
#include "infer/whole.h"

#define MAX_PARAMS 16

void reader_init(struct reader *r, struct arena *a, struct sym_table *syms, const struct program *p)
{
	memset(r, 0, sizeof(*r));
	r->arena = a;
	r->syms = syms;
	r->program = p;
	r->values = ARENA_ARRAY(a, const struct sym **, p->nnode);
}

static void read_body(const struct reader *r, const struct node *n)
{
	if (r->an)
		whole_reads(r->an, n);
	else
		func_read(n->fn);
}

static const struct sym *nameless(struct reader *r, const struct node *n, const struct insn *in)
{
	return sym_new(r->syms, (int)(in - n->fn->insns), 0, 0, in->name);
}

/* What the function stores at addr, if that is one thing; NULL if it stores nothing there or several. */
static const struct sym *stored_at(struct reader *r, const struct node *n, const struct sym *addr)
{
	const struct sym *found = NULL;

	read_body(r, n);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];
		const struct sym *to, *value;

		if (in->op != OP_STORE || !in->is_pointer)
			continue;
		to = sym_addr(r->syms, reader_value(r, n, &in->args[0]), in->imm, in->struct_name, in->field);
		if (sym_object(to) != sym_object(addr) ||
		    (to->kind == SYM_ADDR ? to->value : 0) != (addr->kind == SYM_ADDR ? addr->value : 0))
			continue;
		value = reader_value(r, n, &in->args[1]);
		if (value->kind == SYM_INT)
			continue;
		if (found && found != value)
			return NULL;
		found = value;
	}
	return found;
}

static const struct sym *loaded(struct reader *r, const struct node *n, const struct sym *addr)
{
	const struct sym *s = stored_at(r, n, addr);

	return s ? s : sym_load(r->syms, addr);
}

const struct sym *reader_fill_params(struct reader *r, const struct node *n, const struct sym *const *params,
				     int nparam, const struct sym *s)
{
	const struct sym *a;

	if (s->is_closed)
		return s;
	switch (s->kind) {
	case SYM_PARAM:
		return s->value < nparam ? params[s->value] : NULL;
	case SYM_ADDR:
		a = reader_fill_params(r, n, params, nparam, s->a);
		return a ? sym_addr(r->syms, a, s->value, s->struct_name, s->field) : NULL;
	case SYM_ELEM:
		a = reader_fill_params(r, n, params, nparam, s->a);
		return a ? sym_elem(r->syms, a, NULL) : NULL;
	case SYM_LOAD:
		a = reader_fill_params(r, n, params, nparam, s->a);
		return a && a->kind != SYM_INT ? loaded(r, n, a) : NULL;
	default:
		return sym_is_machine(s) ? s : NULL;
	}
}

const struct sym *reader_fill(struct reader *r, const struct node *n, const struct insn *call,
			      const struct sym *s)
{
	const struct sym *params[MAX_PARAMS];
	int np = 0;

	for (; np + 1 < call->narg && np < MAX_PARAMS; np++)
		params[np] = reader_value(r, n, &call->args[np + 1]);
	return reader_fill_params(r, n, params, np, s);
}

/* What a body returns wherever it returns something: one expression, or NULL. */
static const struct sym *returned(const struct summary *s)
{
	const struct sym *ret = NULL;

	for (int i = 0; s && i < s->ncase; i++) {
		const struct sym *one = s->cases[i].ret;

		if (one && one->kind == SYM_INT)
			continue;
		if (!one || (ret && ret != one))
			return NULL;
		ret = one;
	}
	return ret;
}

static const struct sym *value_of_call(struct reader *r, const struct node *n, const struct insn *in)
{
	const struct model_func *m;
	const struct node *body;
	const struct sym *ret;

	if (in->args[0].kind != ARG_FUNC)
		return NULL;
	m = model_find(r->program->model, in->args[0].name);
	if (m && m->returns >= 0 && m->returns + 1 < in->narg)
		return reader_value(r, n, &in->args[m->returns + 1]);
	body = program_resolve(r->program, n, in->args[0].name);
	ret = body ? returned(node_summary(body)) : NULL;
	return ret ? reader_fill(r, n, in, ret) : NULL;
}

/* The one value that all the operands from first on are, NULL aside. */
static const struct sym *value_of_all(struct reader *r, const struct node *n, const struct insn *in, int first)
{
	const struct sym *found = NULL;

	for (int i = first; i < in->narg; i++) {
		const struct sym *s = reader_value(r, n, &in->args[i]);

		if (s->kind == SYM_INT && !s->value)
			continue;
		if (found && found != s)
			return NULL;
		found = s;
	}
	return found;
}

static const struct sym *value_of_insn(struct reader *r, const struct node *n, const struct insn *in)
{
	const struct sym *a;

	switch (in->op) {
	case OP_ADDR:
		return sym_addr(r->syms, reader_value(r, n, &in->args[0]), in->imm, in->struct_name, in->field);
	case OP_LOAD:
		a = sym_addr(r->syms, reader_value(r, n, &in->args[0]), in->imm, in->struct_name, in->field);
		return a->kind == SYM_INT ? NULL : loaded(r, n, a);
	case OP_INDEX:
		return sym_elem(r->syms, reader_value(r, n, &in->args[0]), NULL);
	case OP_ALLOCA:
		return sym_stack(r->syms, (int)(in - n->fn->insns), in->name);
	case OP_CALL:
		return value_of_call(r, n, in);
	case OP_PHI:
		return value_of_all(r, n, in, 0);
	case OP_SELECT:
		return value_of_all(r, n, in, 1);
	default:
		return NULL;
	}
}

const struct sym *reader_value(struct reader *r, const struct node *n, const struct arg *a)
{
	const struct sym ***values = &r->values[n->index], *s;

	switch (a->kind) {
	case ARG_PARAM:
		return sym_param(r->syms, a->n, a->n < n->fn->nparam ? n->fn->params[a->n].name : NULL);
	case ARG_INT:
		return sym_int(r->syms, a->value);
	case ARG_GLOBAL:
		return sym_addr(r->syms, sym_global(r->syms, a->name), a->value, NULL, NULL);
	case ARG_FUNC:
		return sym_func(r->syms, a->name, 0);
	case ARG_INSN:
		break;
	default:
		return sym_new(r->syms, -1, 0, 0, NULL);
	}
	read_body(r, n);
	if (!*values)
		*values = ARENA_ARRAY(r->arena, const struct sym *, n->fn->ninsn);
	if ((*values)[a->n])
		return (*values)[a->n];
	/* What it depends on may lead back here: then it has no name. */
	(*values)[a->n] = nameless(r, n, &n->fn->insns[a->n]);
	s = value_of_insn(r, n, &n->fn->insns[a->n]);
	if (s)
		(*values)[a->n] = s;
	return (*values)[a->n];
}
