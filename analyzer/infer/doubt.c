// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that are taken or left under conditions which say that somebody knows more than we do. One criterion for all: a
 * finding wants a path that is possible by all that is known; where a function shows by what it does elsewhere that the
 * missing knowledge decides about this very lock, it is none.
 *
 *   doubt_callers()   a function that gives back the caller's lock in one way (doubt_released()), and takes it in another
 *   doubt_is_told()   taken if a flag says so that was given to a callee
 *   doubt_is_released_if_told()  the same of a lock that is left: released if the flag says so
 *   doubt_is_left_over()  left where a state has a value that the function knows nothing of
 *   doubt_number()    a number by which a callee says that it has released the lock, returned by somebody else
 *   doubt_is_asked_again()  a question that was answered in two ways
 *   doubt_null()      NULL, from a function of which nothing is known and which gives error pointers
 *   doubt_again()     a lock that is taken again: is it perhaps another one, or released by now?
 *   doubt_taking()    taken again by a callee, if what it was given says so
 */
#include "infer/fill.h"

#define MAX_ERRNO 4095

static bool is_callers(const struct sim *sim, const struct sym *lock, const char *kind)
{
	for (int i = 0; i < sim->ncallers; i++)
		if (sim->callers[i].kind == kind && (sim->callers[i].lock == lock ||
						     (!sim->callers[i].lock && sim->callers[i].class_name == sym_class(lock, kind))))
			return true;
	return false;
}

void doubt_released(struct sim *sim, const struct lock_event *e)
{
	int room = sizeof(sim->callers) / sizeof(sim->callers[0]);
	const char *class_name = sym_class(e->lock, e->kind);
	bool has_name = sym_is_outer(e->lock);

	/* By a name of a callee's that says nothing here, the class is what there is to know it by. */
	if (sim->ncallers == room || (!has_name && class_name == e->kind) || is_callers(sim, e->lock, e->kind))
		return;
	sim->callers[sim->ncallers].lock = has_name ? e->lock : NULL;
	sim->callers[sim->ncallers].class_name = class_name;
	sim->callers[sim->ncallers++].kind = e->kind;
}

/* The memory that the condition looks at, if it does no more than that; else NULL. */
static const struct arg *flag_of(const struct sim *sim, const struct arg *cond)
{
	for (int depth = 0; cond->kind == ARG_INSN && depth < 4; depth++) {
		const struct insn *in = &sim->fn->insns[cond->n];

		if (in->op == OP_LOAD)
			return in->imm ? NULL : &in->args[0];
		if ((in->op != OP_CMP && in->op != OP_BIN) || in->args[1].kind != ARG_INT)
			return NULL;
		cond = &in->args[0];
	}
	return NULL;
}

/* Is that address, of a variable or what a parameter points to, an argument of some call? */
static bool is_given(const struct sim *sim, const struct arg *flag)
{
	if (flag->kind != ARG_PARAM && (flag->kind != ARG_INSN || sim->fn->insns[flag->n].op != OP_ALLOCA))
		return false;
	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];

		for (int k = 1; in->op == OP_CALL && in->args[0].kind == ARG_FUNC && k < in->narg; k++)
			if (in->args[k].kind == flag->kind && in->args[k].n == flag->n)
				return true;
	}
	return false;
}

/* Does the function itself say through it that something is so? */
static bool is_set_here(const struct sim *sim, const struct arg *flag)
{
	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];

		if (in->op == OP_STORE && !in->imm && in->args[0].kind == flag->kind && in->args[0].n == flag->n &&
		    in->args[1].kind == ARG_INT && in->args[1].value)
			return true;
	}
	return false;
}

#define MAX_GUARDS 2	/* branches before the lock that are looked at */
#define MAX_GUARDS_AGAIN 4 /* ... before one that is taken again */
#define MAX_WAYS 24	/* jumps gone back in all */

/* Going back from where a lock is taken. */
struct way_back {
	const struct sim *sim;
	int stop;			/* the block where it was taken before: no further; or -1 */
	int left;
	bool is_own;			/* the function sets one of the flags */
};

static bool is_told_at(struct way_back *w, int block, int guards);

/* Does the end of block from tell, as it goes on to block to? */
static bool is_told_by(struct way_back *w, int from, int guards)
{
	const struct insn *last = &w->sim->fn->insns[w->sim->fn->blocks[from].end - 1];
	const struct arg *flag = last->op == OP_BRANCH ? flag_of(w->sim, &last->args[0]) : NULL;

	if (flag && is_given(w->sim, flag)) {
		w->is_own |= is_set_here(w->sim, flag);
		return true;
	}
	return from != w->stop && w->left-- > 0 && is_told_at(w, from, guards - (last->ntarget > 1));
}

/* Does a flag that callees were given tell on each way that leads to the block? */
static bool is_told_at(struct way_back *w, int block, int guards)
{
	bool any = false;

	for (int b = 0; b < w->sim->fn->nblock && guards > 0; b++) {
		const struct insn *last = &w->sim->fn->insns[w->sim->fn->blocks[b].end - 1];

		for (int i = 0; i < last->ntarget; i++) {
			if (last->targets[i] != block)
				continue;
			if (!is_told_by(w, b, guards))
				return false;
			any = true;
			break;
		}
	}
	return any;
}

/*
 * "if (!locked) lock": the flag was given to a function, which clears it as it releases the lock. What its summary says
 * of the two may have come apart, in cases that were merged.
 */
bool doubt_is_told(struct sim *sim, int site)
{
	struct way_back w = {sim, -1, MAX_WAYS, false};
	bool is_told;

	if (site < 0 || sim->site_flags[site] & (SITE_TOLD | SITE_UNTOLD))
		return site >= 0 && sim->site_flags[site] & SITE_TOLD;
	is_told = is_told_at(&w, loop_block_of(sim, site), MAX_GUARDS);
	sim->site_flags[site] |= !is_told ? SITE_UNTOLD : w.is_own ? SITE_TOLD | SITE_TOLD_HERE : SITE_TOLD;
	return is_told;
}

void doubt_note_release(struct sim *sim, int taken, int site)
{
	if (site < 0 || !doubt_is_told(sim, site) || !(sim->site_flags[site] & SITE_TOLD_HERE))
		sim->site_flags[taken] |= SITE_UNASKED;
}

bool doubt_is_released_if_told(const struct sim *sim, int site)
{
	return (sim->site_flags[site] & (SITE_RELEASED | SITE_UNASKED)) == SITE_RELEASED;
}

/* The same of what was taken before at old and is now at site: between the two the flag is asked on each way. */
static bool is_told_between(struct sim *sim, int old, int site)
{
	struct way_back w = {sim, old >= 0 ? loop_block_of(sim, old) : -1, MAX_WAYS, false};

	if (site < 0 || old < 0 || (w.stop == loop_block_of(sim, site) && old < site))
		return false;
	return is_told_at(&w, loop_block_of(sim, site), MAX_GUARDS_AGAIN);
}

/* Callers have it, other ways through the function say: it gives theirs back, or has set the flag which says that it is not held. */
static bool is_known_held(struct sim *sim, const struct held *h)
{
	return is_callers(sim, h->lock, h->kind) || (doubt_is_told(sim, h->site) && sim->site_flags[h->site] & SITE_TOLD_HERE);
}

/*
 * A function that gives the caller's lock back on one path is called with it held. Where it takes it on another, without
 * having given it back, it knows that it is not held there: from a flag that tells ("if (!*locked)"), or from what its
 * callees have done. Callers hear that it is taken, and that no more is known.
 */
void doubt_callers(struct sim *sim)
{
	for (struct state *st = sim->exits; st; st = st->next) {
		const struct lock_set *takes = st->takes;

		st->takes = NULL;
		for (int i = 0; takes && i < takes->n; i++) {
			struct held h = takes->items[i];

			h.is_vague |= is_known_held(sim, &h);
			state_add_take(&sim->pool, st, &h);
		}
		for (int i = 0; st->locks && i < st->locks->n; i++) {
			struct held h = st->locks->items[i];

			if (h.state != LOCK_HELD || h.is_vague || h.by_turn || !is_known_held(sim, &h))
				continue;
			h.is_vague = true;
			state_put_lock(&sim->pool, st, &h);
		}
	}
}

static bool is_number(const struct sim *sim, int site, int64_t number)
{
	for (int i = 0; i < sim->nnumber; i++)
		if (sim->numbers[i].site == site && sim->numbers[i].number == number)
			return true;
	return false;
}

void doubt_number(struct sim *sim, const struct state *before, const struct state *st, const struct sym *ret)
{
	int room = sizeof(sim->numbers) / sizeof(sim->numbers[0]);

	for (int i = 0; before->locks && i < before->locks->n && sim->nnumber < room; i++) {
		const struct held *old = &before->locks->items[i], *now = state_find_lock(st, old->lock, old->kind);

		if (old->state != LOCK_HELD || old->site < 0 || !now || now->state != LOCK_FREE || is_number(sim, old->site, ret->value))
			continue;
		sim->numbers[sim->nnumber].site = old->site;
		sim->numbers[sim->nnumber++].number = ret->value;
	}
}

/* Is what the path returns a number that a branch asked for, of a value which may have been another? */
static bool is_asked_for(const struct state *st)
{
	for (int i = 0; i < st->nrange; i++)
		if (st->ranges[i].s->kind == SYM_NEW && st->ranges[i].is_known && st->ranges[i].value == st->ret->value)
			return true;
	return false;
}

bool doubt_is_number(const struct sim *sim, const struct state *st, const struct held *h)
{
	/* Error numbers are returned for other reasons as well. */
	return st->ret && st->ret->kind == SYM_INT && is_number(sim, h->site, st->ret->value) &&
	       (st->ret->value > 0 || is_asked_for(st));
}

/* Is it the same by the way it is computed? */
static bool is_same_value(const struct sim *sim, const struct arg *a, const struct arg *b, int depth)
{
	const struct insn *x, *y;

	if (a->kind != b->kind)
		return false;
	if (a->kind != ARG_INSN || a->n == b->n)
		return a->n == b->n && a->value == b->value && a->name == b->name;
	x = &sim->fn->insns[a->n];
	y = &sim->fn->insns[b->n];
	if (!depth || x->op != y->op || x->sub != y->sub || x->imm != y->imm || x->narg != y->narg || x->op == OP_PHI || x->op == OP_ALLOCA)
		return false;
	for (int i = 0; i < x->narg; i++)
		if (!is_same_value(sim, &x->args[i], &y->args[i], depth - 1))
			return false;
	return true;
}

bool doubt_is_question(const struct sim *sim, const struct insn *in)
{
	const struct summary *s = in->op == OP_CALL ? sim_summary_of_call(sim, in) : NULL;

	if (!s || s->is_unknown || s->has_effects)
		return false;
	for (int i = 0; i < s->ncase; i++)
		if (s->cases[i].ncell)
			return false;
	return true;
}

/* Two questions that are the same, one asked before the lock was taken and one after: of results of calls, or computed from such. */
static bool is_asked_twice(const struct sim *sim, const struct sym *before, const struct sym *after, const struct held *h, bool *is_call)
{
	struct arg first = {.kind = ARG_INSN, .n = before->site}, second = {.kind = ARG_INSN, .n = after->site};

	if (before == after)
		return true;
	if (before->kind != after->kind)
		return false;
	if (before->kind == SYM_CMP || before->kind == SYM_BIN)
		return is_asked_twice(sim, before->a, after->a, h, is_call) && is_asked_twice(sim, before->b, after->b, h, is_call) &&
		       (before->sub == after->sub || (before->kind == SYM_CMP && before->sub == cmp_negate(after->sub)));
	if (before->kind != SYM_NEW || before->value != after->value || before->site < 0 || before->site >= h->site ||
	    after->site <= h->site || after->site >= sim->fn->ninsn)
		return false;
	*is_call = doubt_is_question(sim, &sim->fn->insns[before->site]) && is_same_value(sim, &first, &second, 4);
	return *is_call;
}

/* Were calls of one function, before the lock was taken and after it, answered in two ways? */
static bool is_called_again(const struct sim *sim, const struct state *st, const struct held *h)
{
	for (int i = 0; i < h->site; i++) {
		const struct sym *first = sim->fn->insns[i].op == OP_CALL ? st->env[i] : NULL;
		int was = first ? state_truth(st, first) : -1;

		for (int k = h->site + 1; was >= 0 && k < sim->fn->ninsn; k++) {
			const struct sym *second = sim->fn->insns[k].op == OP_CALL ? st->env[k] : NULL;
			struct arg a = {.kind = ARG_INSN, .n = i}, b = {.kind = ARG_INSN, .n = k};

			if (second && state_truth(st, second) == !was && is_same_value(sim, &a, &b, 4) &&
			    doubt_is_question(sim, &sim->fn->insns[i]))
				return true;
		}
	}
	return false;
}

/*
 * Before the lock was taken the path asked something and after it the same again, and got another answer: nothing was
 * known of either, and the function was written for one ("if (test_bit()) lock; ... if (test_bit()) unlock").
 */
bool doubt_is_asked_again(const struct sim *sim, const struct state *st, const struct held *h)
{
	if (is_called_again(sim, st, h))
		return true;
	for (int i = 0; i < st->nrange; i++)
		for (int k = 0; k < st->nrange; k++) {
			const struct range *r = &st->ranges[i], *q = &st->ranges[k];
			bool is_call = false, yes = !(r->mask & MASK_ZERO), again = !(q->mask & MASK_ZERO);

			if (r->s->kind < SYM_NEW || q->s->kind != r->s->kind || i == k || (!yes && r->mask != MASK_ZERO) ||
			    (!again && q->mask != MASK_ZERO))
				continue;
			if (r->s->sub != q->s->sub)
				again = !again;
			if (yes != again && is_asked_twice(sim, r->s, q->s, h, &is_call) && is_call)
				return true;
		}
	return false;
}

/* The bits that are asked for, if the condition is that they are not a value; else NULL. */
static const struct sym *bits_of(const struct sym *c, int64_t *value)
{
	const struct sym *s = c->kind == SYM_CMP && c->sub == CMP_NE && c->b->kind == SYM_INT ? c->a : c->kind == SYM_BIN ? c : NULL;

	*value = s && s != c ? c->b->value : 0;
	return s && s->kind == SYM_BIN && s->sub == BIN_AND && s->b->kind == SYM_INT ? s : NULL;
}

/*
 * "if (state == A) ... else if (state == B) ..." with the last "else" left out, at the end of a function without a result:
 * who wrote it knows of no other value that the bits can have.
 */
bool doubt_is_left_over(const struct sim *sim, const struct state *st)
{
	int64_t value;
	const struct sym *bits = st->conds ? bits_of(st->conds->s, &value) : NULL;
	uint64_t mask = bits ? (uint64_t)bits->b->value : 0, asked = 0;

	if (sim->fn->returns_value || mask < 3 || mask > 15)
		return false;
	for (const struct cond *c = st->conds; c && bits_of(c->s, &value) == bits; c = c->prev)
		if ((uint64_t)value <= mask)
			asked |= 1ull << value;
	return (asked & (asked - 1)) != 0;
}

/* Was the value given by a call, and nothing is known of who was called? */
static bool is_from_unknown(const struct sim *sim, const struct sym *value)
{
	const struct insn *in = value->kind == SYM_NEW && value->site >= 0 && value->value == ORDINAL_RESULT ?
					&sim->fn->insns[value->site] : NULL;
	const struct summary *s;

	if (!in || in->op != OP_CALL || !in->is_pointer)
		return false;
	if (in->args[0].kind != ARG_FUNC)
		return true;
	s = sim_summary_of_call(sim, in);
	return !(s && !s->is_unknown) && !model_find(sim->an->options->model, in->args[0].name);
}

/* Does the function ask whether the value of that instruction is NULL? */
static bool is_asked_for_null(const struct sim *sim, int site)
{
	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];

		if (in->op == OP_CMP && in->args[0].kind == ARG_INSN && in->args[0].n == site && in->args[1].kind == ARG_INT &&
		    !in->args[1].value)
			return true;
	}
	return false;
}

/*
 * What a call gave is no error pointer, and the function never asks whether it is NULL: who wrote it knows that it fails
 * with an error pointer, as kernel functions do the one or the other.
 */
void doubt_null(struct sim *sim, struct state *st, const struct sym *c, bool truth)
{
	if (sim->proof || c->kind != SYM_CMP || c->sub != (truth ? CMP_ULT : CMP_UGE) || c->b->kind != SYM_INT ||
	    c->b->value != -MAX_ERRNO || !(state_mask(st, c->a) & ~MASK_ZERO) || !is_from_unknown(sim, c->a) ||
	    is_asked_for_null(sim, c->a->site))
		return;
	state_restrict(&sim->pool, st, c->a, MASK_ANY & ~MASK_ZERO);
}

bool doubt_again(struct sim *sim, const struct lock_event *e, const struct held *old)
{
	/* A call was made that releases it in a way of its own: who takes it again knows that it did. */
	if (old->is_spared || doubt_is_told(sim, e->site) || is_told_between(sim, old->site, e->site)) {
		unsure(sim->an, UNSURE_LOCK_SPARED, e->at);
		return true;
	}
	/* Its object was given to a function of a cycle of calls, or one that was not read: nothing is known of it. */
	if (old->passed && sim->fn->insns[old->passed - 1].args[0].kind == ARG_FUNC) {
		unsure(sim->an, UNSURE_LOCK_HANDED_ON, e->at);
		return true;
	}
	if (old->site >= 0 && old->site == e->site && loop_changes(sim, e->site, e->arg)) {
		unsure(sim->an, UNSURE_LOCK_SET, e->at);
		return true;
	}
	return false;
}

/* Does it ask for a bit, a number or what is in memory? That there is an object at all is no more than to be expected. */
static bool is_flag(const struct sym *s, const struct sym *lock)
{
	bool compares = (s->kind == SYM_BIN && s->sub == BIN_AND) || (s->kind == SYM_CMP && (s->sub == CMP_EQ || s->sub == CMP_NE));

	if (compares)
		return s->b->kind == SYM_INT && sym_is_outer(s->a);
	return s->kind == SYM_LOAD && !sym_contains(lock, s);
}

/* Of something that the callee was given? */
static bool is_of_param(const struct sym *s)
{
	while (s->kind == SYM_CMP || s->kind == SYM_BIN)
		s = s->a;
	return sym_root(s)->kind == SYM_PARAM;
}

/* Is it open, by what the caller knows, whether that range holds? */
static bool is_open(struct fill *before, const struct range *r)
{
	const struct sym *s = fill_sym(before, r->s);

	if (s->kind == SYM_CMP || s->kind == SYM_ALL)
		return state_truth(before->st, s) < 0;
	if (r->is_known)
		return s->kind != SYM_INT;
	return (state_mask(before->st, s) & ~r->mask) != 0;
}

/* Another way through the callee, which does not fail either, leaves the lock alone. */
static bool is_left_alone(const struct summary *s, const struct scase *c, const struct held *h)
{
	for (int i = 0; i < s->ncase; i++) {
		const struct scase *o = &s->cases[i];

		if (o != c && (!o->ret || o->ret_mask & ~MASK_ERROR) && lock_set_find(o->takes, h->lock, h->kind) < 0 &&
		    lock_set_find(o->locks, h->lock, h->kind) < 0)
			return true;
	}
	return false;
}

/* Does the case ask for r, or is that only that there is an object at all? */
static bool is_asked_too(const struct scase *c, const struct range *r)
{
	for (int i = 0; i < c->nrange; i++)
		if (c->ranges[i].s == r->s && c->ranges[i].mask == r->mask)
			return true;
	return r->s->kind == SYM_PARAM;
}

/*
 * That other way is one that callers cannot tell from this, and that gives them the same: what the callee goes by is its
 * own, as a table that it looks into. Who calls it with the lock held knows that.
 */
static bool is_told_by_nothing(const struct summary *s, const struct scase *c, const struct held *h)
{
	for (int i = 0; c->ret && i < s->ncase; i++) {
		const struct scase *o = &s->cases[i];
		int k = 0;

		if (o == c || o->ret != c->ret || o->ret_mask != c->ret_mask || lock_set_find(o->takes, h->lock, h->kind) >= 0 ||
		    lock_set_find(o->locks, h->lock, h->kind) >= 0)
			continue;
		while (k < c->nrange && is_asked_too(o, &c->ranges[k]))
			k++;
		if (k == c->nrange)
			return true;
	}
	return false;
}

/* It happens once: a variable that was 0 is not any more ("if (!registered) { lock; registered = true; }"). */
static bool is_first_time(const struct scase *c)
{
	for (int i = 0; i < c->ncell; i++) {
		const struct cell *to = &c->cells[i];

		if (to->addr->kind != SYM_GLOBAL || to->value->kind != SYM_INT || !to->value->value)
			continue;
		for (int k = 0; k < c->nrange; k++) {
			const struct range *r = &c->ranges[k];

			if (r->s->kind == SYM_LOAD && r->s->a == to->addr && r->mask == MASK_ZERO)
				return true;
		}
	}
	return false;
}

enum doubt doubt_taking(struct fill *before, const struct summary *s, const struct scase *c, const struct held *h)
{
	if (!is_left_alone(s, c, h))
		return DOUBT_NONE;
	if (is_first_time(c))
		return DOUBT_ALL;
	if (is_told_by_nothing(s, c, h))
		return DOUBT_SOME;
	for (int i = 0; i < c->nrange; i++) {
		const struct range *r = &c->ranges[i];

		if (is_of_param(r->s) && is_flag(r->s, h->lock) && is_open(before, r))
			return DOUBT_SOME;
	}
	return DOUBT_NONE;
}
