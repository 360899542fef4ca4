// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a program that some units need. Entry: cone_mark(). Down: every function that
 * a wanted one names, called or not, since a pointer to it may be called later. Up: a
 * function that is given a callback is simulated again for it, so whoever hands a function
 * of these units a callback, directly or through parameters of its own, is wanted as well.
 */
#include "infer/cone.h"

#include <stdint.h>

#include "base/arena.h"

struct cone {
	const struct program *p;
	struct arena arena;
	bool *wanted, *given;		/* given: callbacks of its callers end up in the units */
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

/* Does caller hand the given function a function to call, or a parameter that may be one? */
static void look_at_caller(struct cone *c, struct node *caller, const struct node *given)
{
	const struct func *fn = caller->fn;

	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];

		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC ||
		    program_resolve(c->p, caller, in->args[0].name) != given)
			continue;
		for (int k = 1; k < in->narg; k++) {
			if (in->args[k].kind == ARG_FUNC)
				want(c, caller);
			else if (in->args[k].kind == ARG_PARAM && may_be_function(fn, in->args[k].n))
				give(c, caller);
		}
	}
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

		for (int i = 0; i < n->fn->ninsn; i++) {
			const struct insn *in = &n->fn->insns[i];

			for (int k = 0; k < in->narg; k++) {
				struct node *named = in->args[k].kind == ARG_FUNC
					? program_resolve(c->p, n, in->args[k].name) : NULL;

				if (named)
					want(c, named);
			}
		}
	}
}

void cone_mark(const struct program *p, struct unit *const *units, size_t nunit, bool *wanted)
{
	struct cone c = {.p = p, .wanted = wanted};

	arena_init(&c.arena);
	c.given = ARENA_ARRAY(&c.arena, bool, p->nnode);
	c.stack = ARENA_ARRAY(&c.arena, struct node *, p->nnode);
	c.open = ARENA_ARRAY(&c.arena, struct node *, p->nnode);
	find_callers(&c);
	for (size_t i = 0; i < nunit; i++) {
		size_t index = (size_t)(uintptr_t)map_get(&p->unit_index, units[i]->file);

		for (int k = 0; index && k < units[i]->nfunc; k++) {
			struct node *n = map_get(&p->locals[index - 1], units[i]->funcs[k]->name);

			want(&c, n);
			give(&c, n);
		}
	}
	go_up(&c);
	go_down(&c);
	arena_release(&c.arena);
}
