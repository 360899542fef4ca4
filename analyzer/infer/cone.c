// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a program that some units need. Entry: cone_mark(). Down: every function that
 * a wanted one names, called or not, since a pointer to it may be called later. Up: a
 * function that is given a callback is simulated again for it, so whoever hands a function
 * of these units a callback, directly or through parameters of its own, is wanted as well.
 * So is whoever hands it something, for a parameter that it may call, that may turn out to
 * be a function, and whoever may call it by its address. More than needed is no harm.
 */
#include "infer/cone.h"

#include <stdint.h>

#include "base/arena.h"

struct cone {
	const struct program *p;
	struct arena arena;
	bool *wanted, *given;		/* given: callbacks of its callers end up in the units */
	bool *taking;			/* takes the address of one that is given callbacks, or calls who does */
	uint8_t *calls;			/* bit n: may call its parameter n */
	struct node **stack, **open;	/* wanted, given: not gone through yet */
	size_t nstack, nopen;
	uint32_t *first;		/* callers of node i: callers[first[i]] .. callers[first[i + 1] - 1] */
	struct node **callers;
};

static void want(struct cone *c, struct node *n)
{
	if (c->wanted[n->index])
		return;
	c->wanted[n->index] = true;
	c->stack[c->nstack++] = n;
}

static void give(struct cone *c, struct node *n)
{
	if (c->given[n->index])
		return;
	c->given[n->index] = true;
	c->open[c->nopen++] = n;
}

static void find_callers(struct cone *c)
{
	const struct program *p = c->p;
	uint32_t *at;

	c->first = ARENA_ARRAY(&c->arena, uint32_t, p->nnode + 1);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			c->first[p->nodes[i]->callees[k]->index + 1]++;
	for (size_t i = 0; i < p->nnode; i++)
		c->first[i + 1] += c->first[i];
	at = arena_copy(&c->arena, c->first, sizeof(*at) * p->nnode);
	c->callers = ARENA_ARRAY(&c->arena, struct node *, c->first[p->nnode]);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			c->callers[at[p->nodes[i]->callees[k]->index]++] = p->nodes[i];
}

/* Can a parameter be a function's address? */
static bool may_be_function(const struct func *fn, int n)
{
	return n >= 0 && n < fn->nparam && fn->params[n].is_pointer && !fn->params[n].type;
}

/* Which of its parameters may the callee of a call, if it is known, call? As bits of the call's operands. */
static unsigned called_operands(const struct cone *c, const struct node *n, const struct insn *call)
{
	const struct node *callee;

	if (call->args[0].kind != ARG_FUNC)
		return 1;
	callee = program_resolve(c->p, n, call->args[0].name);
	return callee ? (unsigned)c->calls[callee->index] << 1 : 0;
}

/* Does the instruction put its operand k where a value that comes from elsewhere may be it? */
static bool mixes(const struct insn *in, int k)
{
	switch (in->op) {
	case OP_PHI: return true;
	case OP_CALL: case OP_STORE: case OP_SELECT: case OP_INSERT: case OP_ATOMIC: return k > 0;
	default: return false;
	}
}

/* The parameters that the function may call, by itself or through callees, as far as those are known by now. */
static unsigned calls_of(const struct cone *c, const struct node *n)
{
	const struct func *fn = n->fn;
	unsigned may = 0, called = 0, mixed = 0;
	bool calls_others = false;

	for (int i = 0; i < fn->nparam && i < 8; i++)
		may |= may_be_function(fn, i) ? 1u << i : 0;
	if (may)
		func_read(fn);
	for (int i = 0; may && i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];
		unsigned at = in->op == OP_CALL ? called_operands(c, n, in) : 0;

		for (int k = 0; k < in->narg; k++) {
			const struct arg *a = &in->args[k];
			unsigned bit = a->kind == ARG_PARAM && a->n < 8 ? 1u << a->n : 0;
			bool is_called = k < 9 && at >> k & 1;

			called |= is_called ? bit : 0;
			mixed |= mixes(in, k) ? bit : 0;
			calls_others |= is_called && a->kind == ARG_INSN;
		}
	}
	return may & (called | (calls_others ? mixed : 0));
}

/* Callees come before callers, save in cycles: until nothing is new. */
static void find_calls(struct cone *c)
{
	bool is_new = true;

	while (is_new) {
		is_new = false;
		for (size_t i = 0; i < c->p->nnode; i++) {
			unsigned now = c->calls[i] | calls_of(c, c->p->nodes[i]);

			is_new |= now != c->calls[i];
			c->calls[i] = (uint8_t)now;
		}
	}
}

/* Does caller hand the given function a function to call, or something that may be one? Or the function to others? */
static void look_at_caller(struct cone *c, struct node *caller, const struct node *given)
{
	const struct func *fn = func_read(caller->fn);
	unsigned called = (unsigned)c->calls[given->index] << 1;

	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];

		if (in->op != OP_CALL)
			continue;
		for (int k = 1; k < in->narg; k++)
			if (in->args[k].kind == ARG_FUNC && called && program_resolve(c->p, caller, in->args[k].name) == given) {
				want(c, caller);
				give(c, caller);
			}
		if (in->args[0].kind != ARG_FUNC || program_resolve(c->p, caller, in->args[0].name) != given)
			continue;
		for (int k = 1; k < in->narg; k++) {
			if (in->args[k].kind == ARG_FUNC)
				want(c, caller);
			else if (in->args[k].kind == ARG_PARAM && may_be_function(fn, in->args[k].n))
				give(c, caller);
			else if (in->args[k].kind == ARG_INSN && k < 9 && called >> k & 1) {
				want(c, caller);
				give(c, caller);
			}
		}
	}
}

/* Does n take, other than for a call, the address of a function that is given callbacks to call? */
static bool takes_given(const struct cone *c, const struct node *n)
{
	for (int i = 0; i < n->fn->nlink; i++) {
		const struct node *named = n->fn->links[i].kind == LINK_NAMED ? n->named[i] : NULL;

		if (named && c->given[named->index] && c->calls[named->index])
			return true;
	}
	return false;
}

/* Who stores or returns such an address, and all that it may come back to: callers, callees before callers in order. */
static bool go_up_from_takers(struct cone *c)
{
	bool is_new = false;

	for (size_t i = 0; i < c->p->nnode; i++) {
		struct node *n = c->p->nodes[i];
		bool taking = takes_given(c, n);

		for (int k = 0; k < n->ncallee && !taking; k++)
			taking = c->taking[n->callees[k]->index];
		if (!taking || c->taking[i])
			continue;
		c->taking[i] = is_new = true;
		want(c, n);
		give(c, n);
	}
	return is_new;
}

static void go_up(struct cone *c)
{
	while (c->nopen) {
		const struct node *n = c->open[--c->nopen];

		for (uint32_t i = c->first[n->index]; i < c->first[n->index + 1]; i++)
			look_at_caller(c, c->callers[i], n);
	}
}

static void go_down(struct cone *c)
{
	while (c->nstack) {
		const struct node *n = c->stack[--c->nstack];

		for (int i = 0; i < n->fn->nlink; i++)
			if (n->named[i])
				want(c, n->named[i]);
	}
}

void cone_mark(const struct program *p, struct unit *const *units, size_t nunit, bool *wanted)
{
	struct cone c = {.p = p, .wanted = wanted};

	arena_init(&c.arena);
	c.given = ARENA_ARRAY(&c.arena, bool, p->nnode);
	c.stack = ARENA_ARRAY(&c.arena, struct node *, p->nnode);
	c.open = ARENA_ARRAY(&c.arena, struct node *, p->nnode);
	c.taking = ARENA_ARRAY(&c.arena, bool, p->nnode);
	c.calls = ARENA_ARRAY(&c.arena, uint8_t, p->nnode);
	find_callers(&c);
	find_calls(&c);
	for (size_t i = 0; i < nunit; i++) {
		size_t index = program_unit(p, units[i]->file);

		for (int k = 0; index < p->nunit && k < units[i]->nfunc; k++) {
			struct node *n = program_resolve_in(p, index, units[i]->funcs[k]->name);

			want(&c, n);
			give(&c, n);
		}
	}
	do
		go_up(&c);
	while (go_up_from_takers(&c));
	go_down(&c);
	arena_release(&c.arena);
}
