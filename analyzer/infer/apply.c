// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls. Entry points: apply_call(), which decides what is known of the callee: a model, a
 * body (its summary, made for the callbacks it is given), or nothing; apply_result_of().
 * Each case of a summary is a path of its own, where the condition of that case holds and
 * those of the others do not.
 */
#include <string.h>

#include "infer/prove.h"

#define MAX_CASES_APPLIED 48	/* cases a summary can have */

/* Does a pointer to arg reach the cell? To a named member: that member; else all that follows. */
static bool reaches(const struct sym *arg, const struct sym *addr)
{
	size_t n;

	if (addr->kind == SYM_ELEM || sym_object(addr) != sym_object(arg))
		return false;
	if (arg->kind != SYM_ADDR || addr == arg)
		return true;
	if (addr->kind != SYM_ADDR)
		return false;
	if (!arg->field || !addr->field || arg->struct_name != addr->struct_name)
		return addr->value >= arg->value;
	n = strlen(arg->field);
	return !strncmp(addr->field, arg->field, n) && (addr->field[n] == '.' || !addr->field[n]);
}

static bool is_counted(const struct state *st, const struct sym *pointer)
{
	const struct ref *r = state_find_ref(st, pointer);

	return r && r->count > 0;
}

/* What a function that was not read may have written: plain values behind pointers to our stack. */
static void clobber_args(struct sim *sim, struct state *st, const struct insn *in)
{
	for (int i = 1; i < in->narg; i++) {
		const struct sym *arg = sim_eval(sim, st, &in->args[i]), *object = sym_object(arg);

		if (object->kind != SYM_STACK)
			continue;
		for (int k = 0; k < st->ncell; k++) {
			struct cell *c = &st->cells[k];

			if (!reaches(arg, c->addr))
				continue;
			if ((c->value->kind != SYM_INT && c->value->kind != SYM_NEW) || is_counted(st, c->value))
				continue;	/* a pointer put there is an input, as a rule */
			c->value = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_CLOBBER + c->addr->id, st->turn, NULL);
		}
		if (arg == object)
			state_store(&sim->pool, st, sym_elem(&sim->syms, object, NULL),
				    sym_new(&sim->syms, sim_site(sim, in), ORDINAL_CLOBBER - 1, st->turn, NULL), in->at, NULL);
	}
}

/* A function that was not read may take again what was released: locks that it can come by without being given them. */
static void doubt_untaken(struct sim *sim, struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];
		const struct sym *root = sym_root(h.lock);

		if (h.state == LOCK_HELD && h.is_recursive && !h.is_met && root->kind == SYM_GLOBAL) {
			h.is_met = true;
			state_put_lock(&sim->pool, st, &h);
		}
		if (h.is_doubted || (h.state != LOCK_FREE && h.state != LOCK_DROPPED) ||
		    (root->kind != SYM_GLOBAL && !sym_is_machine(root) && h.lock->kind != SYM_BIN))
			continue;
		h.is_doubted = true;
		state_put_lock(&sim->pool, st, &h);
	}
}

static void note_given(struct sim *sim, struct state *st, const struct insn *in)
{
	for (int k = 1; k < in->narg; k++) {
		const struct sym *object = sym_object(sim_eval(sim, st, &in->args[k]));

		if ((object->kind == SYM_PARAM || object->kind == SYM_LOAD) && st->ngiven < 4)
			st->given[st->ngiven++] = object;
	}
}

/* Was the lock taken by a function that is no more than that, and not by one that wraps it? */
static bool is_taken_here(const struct sim *sim, const struct held *h)
{
	const struct insn *in = h->site >= 0 ? &sim->fn->insns[h->site] : NULL;

	return in && in->op == OP_CALL && in->args[0].kind == ARG_FUNC &&
	       model_find(sim->an->options->model, in->args[0].name);
}

/*
 * Who is called through a pointer may release a lock of what it is given: ops tables have pairs. So may who is in a
 * cycle or over budget, one of the whole kernel too; and who was not read if a wrapper took it, as the other half.
 */
static void note_passed(struct sim *sim, struct state *st, const struct insn *in, bool is_unread, bool has_body)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];
		bool is_taken = h.state == LOCK_HELD || (h.state == LOCK_ASSERTED && h.site >= 0);	/* the caller's again */
		bool is_given = has_body && h.lock->kind == SYM_GLOBAL;

		for (int k = 1; k < in->narg && !is_given; k++)
			is_given = sym_object(sim_eval(sim, st, &in->args[k])) == sym_object(h.lock);
		if (!is_taken || h.passed || !is_given || (is_unread && is_taken_here(sim, &h)))
			continue;
		h.passed = sim_site(sim, in) + 1;
		state_put_lock(&sim->pool, st, &h);
	}
}

static void call_unknown(struct sim *sim, struct state *st, const struct insn *in, enum unsure_kind why, bool has_body)
{
	unsure(sim->an, why, in->at);
	if (why == UNSURE_INDIRECT_CALL)
		note_given(sim, st, in);
	note_passed(sim, st, in, why == UNSURE_UNKNOWN_CALL && !has_body, has_body);
	clobber_args(sim, st, in);
	reference_pass(sim, st, in, NULL);
	for (int i = 1; has_body && i < in->narg; i++)
		reference_hand_on(sim, st, sym_object(sim_eval(sim, st, &in->args[i])), in->at);
	doubt_untaken(sim, st);
	st->env[sim_site(sim, in)] = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_RESULT, st->turn, in->name);
	sim_continue(sim, st);
}

/*
 * The condition under which an exact case happens, as one symbol: the conjunction of its branches in canonical
 * order. It lets "locked if a and b" meet "unlocked if a and b" though neither a nor b is known. NULL when the
 * case is not exact.
 */
static const struct sym *condition_of(struct fill *f, const struct scase *c)
{
	const struct sym *terms[FILL_TERMS * 4];
	int n = 0;

	if (!c->ncond)
		return NULL;
	for (int i = 0; i < c->ncond; i++) {
		const struct sym *t = fill_sym(f, c->conds[i]);

		for (; t->kind == SYM_ALL && n < FILL_TERMS * 3; t = t->a)
			terms[n++] = t->b;
		if (n < FILL_TERMS * 4)
			terms[n++] = t;
	}
	return sym_all(&f->sim->syms, terms, n);
}

/* What is known of the conditions of all cases at a call. */
struct conditions {
	const struct sym *of[MAX_CASES_APPLIED];
	int sure;			/* the case that happens for sure, or -1 */
	int ninexact;
};

static void find_conditions(struct fill *f, struct state *st, const struct summary *s, struct conditions *c)
{
	c->sure = -1;
	c->ninexact = 0;
	for (int i = 0; i < s->ncase && i < MAX_CASES_APPLIED; i++) {
		c->of[i] = condition_of(f, &s->cases[i]);
		c->ninexact += !c->of[i];
		if (c->of[i] && state_truth(st, c->of[i]) == 1)
			c->sure = i;
	}
}

/* Learn that case i happens, and so that no other does. */
static bool assume_condition(struct sim *sim, struct state *st, const struct summary *s, const struct conditions *c,
			     int i)
{
	if (s->ncase == 1)
		return true;
	if (c->of[i]) {
		if (!state_assume(&sim->pool, st, c->of[i], true))
			return false;
		if (c->of[i]->kind != SYM_INT)
			state_push_cond(&sim->pool, st, c->of[i]);
		return true;
	}
	st->is_inexact |= c->ninexact > 1;
	for (int k = 0; k < s->ncase && k < MAX_CASES_APPLIED; k++) {
		if (!c->of[k])
			continue;
		if (state_truth(st, c->of[k]) == 1 || !state_assume(&sim->pool, st, c->of[k], false))
			return false;
		state_push_cond(&sim->pool, st, sym_not(&sim->syms, c->of[k]));
	}
	return true;
}

static bool is_out(const struct state *st, const struct conditions *c, int i)
{
	if (c->sure >= 0)
		return i != c->sure;
	return i < MAX_CASES_APPLIED && c->of[i] && state_truth(st, c->of[i]) == 0;
}

/* Do the two cases leave the same locks as they were? */
static bool leaves_alike(const struct scase *a, const struct scase *b)
{
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		int k = lock_set_find(b->locks, a->locks->items[i].lock, a->locks->items[i].kind);

		if (k < 0 || b->locks->items[k].state != a->locks->items[i].state)
			return false;
	}
	return (a->locks ? a->locks->n : 0) == (b->locks ? b->locks->n : 0);
}

/* Does the case release the lock, by its name or by one that may mean it? */
static bool releases(struct fill *f, const struct scase *c, const struct held *h)
{
	const char *class_name = sym_class(h->lock, h->kind);

	for (int i = 0; c->locks && i < c->locks->n; i++) {
		const struct held *o = &c->locks->items[i];
		const struct sym *lock;

		if (o->state != LOCK_DROPPED || o->kind != h->kind)
			continue;
		lock = fill_sym(f, o->lock);
		if (lock == h->lock)
			return true;
		if (class_name != h->kind && sym_class(lock, o->kind) == class_name &&
		    (!sym_is_outer(lock) || !sym_is_outer(h->lock) || lock->is_set || h->lock->is_set))
			return true;
	}
	return false;
}

/* Does the case take it, and leave it held? */
static bool takes(struct fill *f, const struct scase *c, const struct held *h)
{
	for (int i = 0; c->locks && i < c->locks->n; i++)
		if (c->locks->items[i].state == LOCK_HELD && c->locks->items[i].kind == h->kind &&
		    fill_sym(f, c->locks->items[i].lock) == h->lock)
			return true;
	return false;
}

/* Is case i known by what it returns from case k? */
static bool is_told_by_result(const struct summary *s, int i, int k)
{
	const struct scase *a = &s->cases[i], *b = &s->cases[k];

	return a->ret && b->ret &&
	       (!(a->ret_mask & b->ret_mask) || (a->ret->kind == SYM_INT && b->ret->kind == SYM_INT && a->ret != b->ret));
}

/* Nor by what it is known to depend on? */
static bool is_untold(const struct summary *s, const struct conditions *conditions, int i, int k)
{
	bool is_exact = i < MAX_CASES_APPLIED && k < MAX_CASES_APPLIED && conditions->of[i] && conditions->of[k];

	return !is_exact && !is_told_by_result(s, i, k);
}

/* What was free before and is now, in case i, would have been taken in another one that nothing tells from it. */
static void doubt_free(struct fill *f, const struct state *before, const struct summary *s,
		       const struct conditions *conditions, int i, const struct held *now)
{
	struct held h = *now;

	for (int k = 0; k < s->ncase && !h.is_doubted; k++)
		h.is_doubted = k != i && !is_out(before, conditions, k) && is_untold(s, conditions, i, k) && takes(f, &s->cases[k], now);
	if (h.is_doubted)
		state_put_lock(&f->sim->pool, f->st, &h);
}

static void doubt_release(struct fill *f, const struct summary *s, const struct conditions *conditions, int i,
			  const struct held *now)
{
	struct held h = *now;

	for (int k = 0; k < s->ncase && !h.is_doubted; k++)
		h.is_doubted = k != i && is_untold(s, conditions, i, k) && !releases(f, &s->cases[k], now);
	if (h.is_doubted)
		state_put_lock(&f->sim->pool, f->st, &h);
}

/*
 * Case i leaves a lock held that another one releases, and nothing that callers see tells which it is: the callee may well
 * ask the same as was asked when the lock was taken. Or the other way round: then it may be held still.
 */
static void spare_locks(struct fill *f, const struct state *before, const struct summary *s,
			const struct conditions *conditions, int i)
{
	struct state *st = f->st;

	for (int n = 0; before->locks && n < before->locks->n; n++) {
		const struct held *old = &before->locks->items[n], *now = state_find_lock(st, old->lock, old->kind);
		bool is_spared = false, is_vague = false;

		if (old->state == LOCK_HELD && now && now->state == LOCK_FREE)
			doubt_release(f, s, conditions, i, now);
		if ((old->state == LOCK_FREE || old->state == LOCK_DROPPED) && now && now->state == old->state && !now->is_doubted)
			doubt_free(f, before, s, conditions, i, now);
		if (!now || now->state != LOCK_HELD || now->is_vague || now->is_spared)
			continue;
		for (int k = 0; k < s->ncase && !is_vague; k++)
			if (k != i && !is_out(before, conditions, k) && !is_told_by_result(s, i, k) &&
			    releases(f, &s->cases[k], now)) {
				is_spared = true;
				is_vague = is_untold(s, conditions, i, k);
			}
		if (is_spared) {
			struct held h = *now;

			h.is_spared = true;
			h.is_vague = is_vague;
			state_put_lock(&f->sim->pool, st, &h);
		}
	}
}

/* The same of references: another case gives back what case i leaves. */
static void spare_refs(struct fill *f, const struct state *before, const struct summary *s, const struct conditions *conditions,
		       int i, struct place at)
{
	for (int k = 0; before->refs && k < s->ncase; k++)
		if (k != i && !is_out(before, conditions, k) && !is_told_by_result(s, i, k))
			doubt_ref_spared(f, before, &s->cases[k], at);
}

/*
 * Constants by which callers know that something else was done to locks (NULL: nothing is held): case i does not
 * return them, though nothing more is known of its result. If one is an error, what case i found in memory is none.
 */
static void tell_apart(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s, int i,
		       const struct sym *ret)
{
	unsigned failure = in->is_pointer ? MASK_ERROR : MASK_NEGATIVE;

	for (int k = 0; k < s->ncase && ret && ret->kind != SYM_INT; k++) {
		const struct sym *other = s->cases[k].ret;
		bool is_mine = false;

		if (!other || other->kind != SYM_INT || leaves_alike(&s->cases[i], &s->cases[k]))
			continue;
		for (int j = 0; j < s->ncase && !is_mine; j++)
			is_mine = s->cases[j].ret == other && leaves_alike(&s->cases[i], &s->cases[j]);
		if (is_mine)
			continue;
		state_assume(&sim->pool, st, sym_cmp(&sim->syms, CMP_NE, ret, sym_int(&sim->syms, other->value)), true);
		if (s->cases[i].ret->kind == SYM_LOAD && sym_mask(other) == MASK_ERROR)
			state_restrict(&sim->pool, st, ret, MASK_ANY & ~failure);
	}
}

static void call_summary(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			 const char *callee)
{
	struct conditions conditions;
	struct fill first, f;

	sim->has_puts |= s->has_puts;
	reference_pass(sim, st, in, s);
	fill_init(&first, sim, st, in, ORDINAL_INNER);
	fill_args(&first, in);
	sleep_inner(&first, in, s, callee);
	find_conditions(&first, st, s, &conditions);
	for (int i = 0; i < s->ncase; i++) {
		const struct sym *ret = NULL;
		struct state *to;

		if (s->ncase > 1 && is_out(st, &conditions, i))
			continue;
		to = state_copy(&sim->pool, st);
		fill_init(&f, sim, to, in, ORDINAL_INNER + 100 * i);
		memcpy(f.args, first.args, sizeof(f.args));
		f.is_sure = conditions.sure == i;
		f.before = st;
		if (!assume_condition(sim, to, s, &conditions, i) ||
		    !fill_apply(&f, in, s, &s->cases[i], callee, &ret)) {
			state_free(&sim->pool, to);
			continue;
		}
		tell_apart(sim, to, in, s, i, ret);
		if (ret && ret->kind == SYM_INT && ret->value && s->ncase > 1)
			doubt_number(sim, st, to, ret);
		if (conditions.sure < 0) {
			spare_locks(&f, st, s, &conditions, i);
			spare_refs(&f, st, s, &conditions, i, in->at);
		}
		to->env[f.site] = ret ? ret : sym_new(&sim->syms, f.site, ORDINAL_RESULT, to->turn, in->name);
		sim_continue(sim, to);
	}
	state_free(&sim->pool, st);	/* no way out of it, if there is no case */
}

/* Numbers given beside callbacks: flags that say when and how those are called, as a rule. */
static void bind_numbers(struct sim *sim, struct state *st, const struct insn *in, const struct node *callee,
			 const struct sym *bound[8])
{
	for (int i = 0; i < 8 && i + 1 < in->narg && i < callee->fn->nparam; i++) {
		const struct sym *a;

		if (bound[i] || callee->fn->params[i].is_pointer)
			continue;
		a = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[i + 1]));
		if (a->kind == SYM_INT)
			bound[i] = sym_int(&sim->an->syms, a->value);
	}
}

/* Functions given to the callee for parameters it calls; true when there are any. */
static bool bind_callbacks(struct sim *sim, struct state *st, const struct insn *in, const struct node *callee,
			   const struct sym *bound[8])
{
	bool any = false;

	memset(bound, 0, sizeof(bound[0]) * 8);
	for (int i = 0; i < 8 && i + 1 < in->narg && i < callee->fn->nparam; i++) {
		const struct sym *a;

		if (!(node_summary(callee)->calls_params & 1u << i))
			continue;
		a = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[i + 1]));
		if (a->kind == SYM_FUNC) {
			bound[i] = sym_func(&sim->an->syms, a->name, a->value);
			any = true;
		} else if (a->kind == SYM_PARAM && a->value < 32) {
			sim->calls_params |= 1u << a->value;
		}
	}
	if (any)
		bind_numbers(sim, st, in, callee, bound);
	return any;
}

static void call_body(struct sim *sim, struct state *st, const struct insn *in, struct node *callee)
{
	const struct summary *s = node_summary(callee);
	const struct sym *bound[8];

	if (s && bind_callbacks(sim, st, in, callee, bound)) {
		const char *name = in->args[0].kind == ARG_FUNC ? callee->fn->name : NULL;
		const struct summary *special = summary_read(simulate_special(sim->an, callee, name, bound));

		s = special ? special : s;
	}
	if (!s)
		call_unknown(sim, st, in, UNSURE_CYCLE, true);
	else if (s->is_unknown)
		call_unknown(sim, st, in, UNSURE_UNKNOWN_CALL, true);
	else
		call_summary(sim, st, in, s, callee->fn->name);
}

/* ------------------------------------------------------------------ entry */

/* What is left of a function that is configured out returns NULL, or one error, whatever it is given. */
static const struct sym *constant_result(struct sim *sim, const struct summary *s)
{
	const struct sym *ret = s->ncase && !s->is_unknown ? s->cases[0].ret : NULL;

	for (int i = 0; i < s->ncase; i++)
		if (!ret || s->cases[i].ret != ret || ret->kind != SYM_INT)
			return NULL;
	return ret ? sym_int(&sim->syms, ret->value) : NULL;
}

const struct sym *apply_result_of(struct sim *sim, struct state *st, const struct insn *in, struct node *body)
{
	const struct summary *s = node_summary(body);
	const struct sym *ret = constant_result(sim, s);
	struct fill f;

	if (ret)
		return ret;
	for (int i = 0; i < s->ncase; i++) {
		const struct sym *r = s->cases[i].ret;

		if (!r || !(r->kind == SYM_INT && !r->value)) {
			if (!r || (ret && ret != r) || !sym_is_outer(r))
				return NULL;
			ret = r;
		}
	}
	if (!ret || ret->kind == SYM_INT)
		return NULL;
	fill_init(&f, sim, st, in, ORDINAL_INNER);
	fill_args(&f, in);
	ret = fill_sym(&f, ret);
	if (ret->kind == SYM_LOAD)	/* the body reads through it on every path that returns something */
		state_restrict(&sim->pool, st, sym_object(ret->a), MASK_VALID);
	return ret;
}

static void note_indirect(struct sim *sim, const struct sym *callee)
{
	if (callee->kind == SYM_PARAM && callee->value < 32)
		sim->calls_params |= 1u << callee->value;
}

/* The functions that the call has run later with a lock held. */
static void note_setups(struct sim *sim, struct state *st, const struct insn *in, const char *name)
{
	const struct model_hint *h = NULL;

	while ((h = model_find_hint(sim->an->options->model, EFFECT_SETUP, name, h)))
		held_setup_under(sim, st, in, h->arg, h->lock_kind);
}

static void apply_known(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *callee = sim_eval_callee(sim, st, in);
	const struct model_func *m;
	const struct effect *e;
	struct node *body;

	if (callee->kind != SYM_FUNC) {
		note_indirect(sim, callee);
		held_indirect(sim, st, in, callee);
		call_unknown(sim, st, in, UNSURE_INDIRECT_CALL, false);
		return;
	}
	sim->callee = callee->name;
	if (sim->an->options->model->nmaker)
		mixed_call(sim, st, in, callee->name);
	m = model_find(sim->an->options->model, callee->name);
	body = sim_body(sim, callee, in->args[0].kind == ARG_FUNC);
	note_setups(sim, st, in, callee->name);
	e = iterate_effect(m);
	if (e) {
		if (iterate_call(sim, st, in, m, e))
			return;
		unsure(sim->an, UNSURE_CALLBACK, in->at);
		clobber_args(sim, st, in);
	}
	if (body && !m)
		held_call(sim, st, in, body, false);
	if (!m && ask_answer(sim, st, in, callee->name))
		return;
	if (m)
		primitive_apply(sim, st, in, m, body);
	else if (body)
		call_body(sim, st, in, body);
	else
		call_unknown(sim, st, in, UNSURE_UNKNOWN_CALL, false);
}

void apply_call(struct sim *sim, struct state *st, const struct insn *in)
{
	struct state *before = sim->work;
	struct prove_call c;

	if (!sim->proof) {
		apply_known(sim, st, in);
		return;
	}
	prove_before_call(sim, st, in, &c);
	apply_known(sim, st, in);
	for (st = sim->work; st != before; st = st->next)
		prove_after_call(sim, st, in, &c);
}
