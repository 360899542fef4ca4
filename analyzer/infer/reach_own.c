// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each function does itself: locks and sleeping. Entry: own_collect(), callees first.
 *
 * Two sources. The calls of its body: a model says that an argument is taken, and the
 * field or variable it is the address of names the class; a wrapper that takes its own
 * parameter leaves the name to its callers. And its summary, whose symbols name locks
 * that took a way through memory, but which knows nothing of locks that callers cannot
 * name, and does not tell the function's own locks from its callees'.
 *
 * Attempts are left out, and what nobody waits for: no order of locks follows from them.
 */
#include "infer/reach_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/model.h"
#include "infer/summary.h"

/* A function waits for the lock its parameter points to. */
struct wrapper {
	const struct wrapper *next;
	int param;
	const char *kind;
};

static const char no_kind[] = "";

struct collector {
	struct own_list *list;
	const struct reach_graph *g;
	const struct model *model;
	const struct node *node;
	const struct wrapper **wrappers;	/* per node */
	bool *is_stored;			/* per node: some field holds it, or it is passed to calls */
	const char **unnamed;			/* kinds of which the node takes a lock without a name */
	size_t nunnamed, unnamed_cap;
	size_t begin;				/* where the node's part of the list begins */
	struct arena scratch;
};

static void add_own(struct collector *c, const char *class_name, const char *kind, bool is_seen)
{
	struct own_list *l = c->list;

	for (size_t i = c->begin; i < l->n; i++)
		if (l->items[i].class_name == class_name && l->items[i].kind == kind)
			return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->items = realloc(l->items, sizeof(*l->items) * l->cap);
		if (!l->items)
			die("out of memory (lock classes)");
	}
	l->items[l->n++] = (struct own){
		.node = (uint32_t)c->node->index, .class_name = class_name, .kind = kind, .is_seen = is_seen,
	};
}

static void add_unnamed(struct collector *c, const char *kind)
{
	for (size_t i = 0; i < c->nunnamed; i++)
		if (c->unnamed[i] == kind)
			return;
	if (c->nunnamed == c->unnamed_cap) {
		c->unnamed_cap = c->unnamed_cap ? c->unnamed_cap * 2 : 16;
		c->unnamed = realloc(c->unnamed, sizeof(*c->unnamed) * c->unnamed_cap);
		if (!c->unnamed)
			die("out of memory (lock kinds)");
	}
	c->unnamed[c->nunnamed++] = kind;
}

static void add_wrapper(struct collector *c, int param, const char *kind)
{
	const struct wrapper **list = &c->wrappers[c->node->index];
	struct wrapper *w;

	for (const struct wrapper *old = *list; old; old = old->next)
		if (old->param == param && old->kind == kind)
			return;
	w = ARENA_NEW(&c->scratch, struct wrapper);
	*w = (struct wrapper){*list, param, kind};
	*list = w;
}

/* ------------------------------------------------------------------ from calls */

/* The argument that a function with a body returns as it is, or -1. */
static int returned_param(const struct collector *c, const struct insn *call)
{
	const struct node *n;
	const struct summary *s;
	const struct sym *ret;

	if (call->args[0].kind != ARG_FUNC)
		return -1;
	n = program_resolve(c->g->program, c->node, call->args[0].name);
	s = n ? node_summary(n) : NULL;
	if (!s || s->ncase != 1)
		return -1;
	ret = s->cases[0].ret;
	return ret && ret->kind == SYM_PARAM && ret->value + 1 < call->narg ? (int)ret->value : -1;
}

static const char *class_of_address(const struct insn *in)
{
	if (in->args[0].kind == ARG_GLOBAL && !in->struct_name)
		return in->args[0].name;
	return sym_class_of(in->struct_name, in->field);
}

/* What lies at offset 0 of something named goes by that name. */
static bool is_named(const struct collector *c, const struct arg *a)
{
	const struct insn *in = a->kind == ARG_INSN ? &c->node->fn->insns[a->n] : NULL;

	return (a->kind == ARG_GLOBAL && !a->value) || (in && in->op == OP_ADDR && in->field);
}

/* The class of the lock at a, as sym_class() would have it; NULL when there is no name. *param: it is that one. */
static const char *class_of(const struct collector *c, const struct arg *a, int *param)
{
	for (int depth = 0; depth < 8; depth++) {
		const struct insn *in;

		if (a->kind == ARG_PARAM)
			*param = a->n;
		if (a->kind == ARG_GLOBAL && !a->value)
			return a->name;
		if (a->kind != ARG_INSN)
			return NULL;
		in = &c->node->fn->insns[a->n];
		if (in->op == OP_CALL && returned_param(c, in) >= 0) {
			a = &in->args[1 + returned_param(c, in)];
			continue;
		}
		if (in->op == OP_ADDR && in->field && (in->imm || !is_named(c, &in->args[0])))
			return class_of_address(in);
		if (in->op != OP_INDEX && !(in->op == OP_ADDR && !in->imm))
			return NULL;
		a = &in->args[0];
	}
	return NULL;
}

static void take(struct collector *c, const struct insn *in, const char *kind, int arg)
{
	const char *class_name = kind;
	int param = -1;

	if (model_wait(c->model, kind) == WAIT_NEVER)
		return;
	if (arg >= 0)
		class_name = arg + 1 < in->narg ? class_of(c, &in->args[arg + 1], &param) : NULL;
	if (class_name)
		add_own(c, class_name, kind, true);
	else if (param >= 0)
		add_wrapper(c, param, kind);
	else
		add_unnamed(c, kind);
}

static void collect_call(struct collector *c, const struct insn *in)
{
	const struct model_func *m;
	const struct node *body;

	if (in->args[0].kind != ARG_FUNC)
		return;
	m = model_find(c->model, in->args[0].name);
	for (int i = 0; m && i < m->neffect; i++) {
		const struct effect *e = &m->effects[i];

		if (e->kind == EFFECT_SLEEP)
			add_own(c, NULL, no_kind, true);
		if (e->kind != EFFECT_TAKE || e->try)
			continue;
		if (model_wait(c->model, e->what) == WAIT_ASLEEP)
			add_own(c, NULL, no_kind, true);
		take(c, in, e->what, e->arg);
	}
	body = m ? NULL : program_resolve(c->g->program, c->node, in->args[0].name);
	for (const struct wrapper *w = body ? c->wrappers[body->index] : NULL; w; w = w->next)
		take(c, in, w->kind, w->param);
}

/* ------------------------------------------------------------------ from summaries */

static void collect_locks(struct collector *c, const struct lock_set *s)
{
	for (int i = 0; s && i < s->n; i++) {
		const struct held *h = &s->items[i];
		const char *class_name = sym_class(h->lock, h->kind);

		if (h->state != LOCK_HELD || h->is_try || model_wait(c->model, h->kind) == WAIT_NEVER)
			continue;
		if (class_name != h->kind || h->lock->kind == SYM_GLOBAL)
			add_own(c, class_name, h->kind, false);
		else if (h->lock->kind == SYM_PARAM)
			add_wrapper(c, (int)h->lock->value, h->kind);
		else
			add_unnamed(c, h->kind);
	}
}

static bool has_kind(const struct collector *c, const char *kind)
{
	for (size_t i = c->begin; i < c->list->n; i++)
		if (c->list->items[i].kind == kind)
			return true;
	return false;
}

static void collect_node(struct collector *c, const struct node *n)
{
	const struct summary *s = node_summary(n);

	c->node = n;
	c->begin = c->list->n;
	c->nunnamed = 0;
	func_read(n->fn);
	for (int i = 0; i < n->fn->ninsn; i++)
		if (n->fn->insns[i].op == OP_CALL)
			collect_call(c, &n->fn->insns[i]);
	for (int i = 0; s && i < s->ncase; i++) {
		collect_locks(c, s->cases[i].locks);
		collect_locks(c, s->cases[i].takes);
	}
	/* Calls through pointers pass no arguments to wrappers: it keeps what it has. */
	for (const struct wrapper *w = c->is_stored[n->index] ? c->wrappers[n->index] : NULL; w; w = w->next)
		add_unnamed(c, w->kind);
	for (size_t i = 0; i < c->nunnamed; i++)
		if (!has_kind(c, c->unnamed[i]))
			add_own(c, c->unnamed[i], c->unnamed[i], true);
}

void own_collect(struct own_list *l, const struct reach_graph *g)
{
	const struct program *p = g->program;
	struct collector c = {.list = l, .g = g, .model = p->model};

	memset(l, 0, sizeof(*l));
	arena_init(&c.scratch);
	c.wrappers = ARENA_ARRAY(&c.scratch, const struct wrapper *, p->nnode);
	c.is_stored = ARENA_ARRAY(&c.scratch, bool, p->nnode);
	for (size_t v = p->nnode; v < g->graph.n; v++)
		for (uint32_t e = g->graph.first[v]; e < g->graph.first[v + 1]; e++)
			c.is_stored[g->graph.to[e]] = true;
	for (size_t v = 0; v < p->nnode; v++) {
		c.is_stored[v] |= p->nodes[v]->is_callback;
		collect_node(&c, p->nodes[v]);
	}
	free(c.unnamed);
	arena_release(&c.scratch);
}

void own_release(struct own_list *l)
{
	free(l->items);
	memset(l, 0, sizeof(*l));
}
