// SPDX-License-Identifier: GPL-2.0-only
/*
 * The branches that two paths which meet have taken. Entry points: state_merge_conds(), state_is_parted_by(). They are
 * kept up to where the paths parted; after "if (A && b)" not even that is lost.
 */
#include "infer/state.h"

#define MAX_BRANCHES 8	/* of one condition */

/* x for x != 0: conditions are kept without it. */
static const struct sym *plain(const struct sym *s)
{
	return s->kind == SYM_CMP && s->sub == CMP_NE && s->b->kind == SYM_INT && !s->b->value ? s->a : s;
}

/* The branches of c down to (not with) stop as one condition; NULL when they are too many. */
static const struct sym *all_since(struct sym_table *t, const struct cond *c, const struct cond *stop)
{
	const struct sym *terms[MAX_BRANCHES];
	int n = 0;

	for (; c != stop; c = c->prev) {
		if (n == MAX_BRANCHES)
			return NULL;
		terms[n++] = c->s;
	}
	return sym_all(t, terms, n);
}

/* Not all of: what ALL symbols hold is spread out, so that the same terms always make the same symbol. */
static void learn_not_all(struct state_pool *p, struct sym_table *t, struct state *a, const struct sym *held,
			  const struct sym *b)
{
	const struct sym *terms[MAX_BRANCHES + 1], *all;
	int n = 0;

	for (; held->kind == SYM_ALL && n < MAX_BRANCHES - 1; held = held->a)
		terms[n++] = held->b;
	terms[n++] = held;
	terms[n++] = b;
	all = sym_all(t, terms, n);
	if (all->kind == SYM_INT)
		return;
	state_restrict(p, a, all, MASK_ZERO);
	state_push_cond(p, a, sym_not(t, all));
}

/*
 * Two paths become one. If they part at one point, one because A failed and the other because it held but b did
 * not, then what is left is "not both": the usual end of "if (A && b)". It is learnt, and the path stays exact.
 */
static bool merge_failed(struct state_pool *p, struct sym_table *t, struct state *a, const struct cond *x,
			 const struct cond *y, const struct cond *common)
{
	const struct sym *failed = x->prev == common ? sym_not(t, x->s) : NULL, *held;

	if (!failed || y == common)
		return false;
	if (y->prev == common) {	/* b, and not b: nothing is left of the branch */
		if (failed != y->s && sym_not(t, y->s) != x->s)
			return false;
		a->conds = common;
		return true;
	}
	held = all_since(t, y->prev, common);
	if (!held || sym_not(t, held) != sym_not(t, plain(failed)))
		return false;
	a->conds = common;
	learn_not_all(p, t, a, held, sym_not(t, y->s));
	return true;
}

/* The last branch that both have taken. */
static const struct cond *common_cond(const struct cond *x, const struct cond *y)
{
	while (x != y) {
		if (!x || (y && y->n > x->n))
			y = y->prev;
		else
			x = x->prev;
	}
	return x;
}

/* Is it, or something in it, read from that object? */
static bool is_read_from(const struct sym *s, const struct sym *object)
{
	return s && ((s->kind == SYM_LOAD && sym_object(s->a) == object) || is_read_from(s->a, object) ||
		     is_read_from(s->b, object));
}

bool state_is_parted_by(const struct state *a, const struct state *b, const struct sym *object)
{
	const struct cond *common = common_cond(a->conds, b->conds);

	for (const struct cond *c = a->conds; c != common; c = c->prev)
		if (is_read_from(c->s, object))
			return true;
	return false;
}

void state_merge_conds(struct state_pool *p, struct sym_table *t, struct state *a, const struct state *b)
{
	const struct cond *x = a->conds, *y = b->conds, *cx;

	a->is_inexact |= b->is_inexact;
	a->by_result |= b->by_result;
	if (x == y)
		return;
	cx = common_cond(x, y);
	if (x != cx && y != cx && (merge_failed(p, t, a, x, y, cx) || merge_failed(p, t, a, y, x, cx)))
		return;
	a->conds = cx;
	a->is_inexact = true;
}
