// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that call back: iterations, lookups, plain calls. Entry points: iterate_effect(),
 * iterate_call(). An iteration applies its callback's summary not at all, once and twice, each
 * turn to an element of its own, and asks between turns what the last one left behind: a lock
 * still taken, a borrow that has ended.
 */
#include "infer/prove.h"

const struct effect *iterate_effect(const struct model_func *m)
{
	for (int i = 0; m && i < m->neffect; i++)
		if (m->effects[i].kind == EFFECT_ITERATE || m->effects[i].kind == EFFECT_MATCH ||
		    m->effects[i].kind == EFFECT_CALL)
			return &m->effects[i];
	return NULL;
}

/* The iteration being applied. */
struct iteration {
	struct sim *sim;
	const struct insn *in;
	const struct effect *e;
	const struct model_func *m;
	const struct node *callback;
	const struct sym *data;
	struct state *done;		/* after the iteration: env holds its result */
};

static void finish(struct iteration *it, struct state *st, const struct sym *ret)
{
	state_step(&it->sim->pool, st, STEP_ITERATED, it->in->at, it->sim->fn->name)->callee = it->m->name;
	st->env[sim_site(it->sim, it->in)] = ret;
	st->next = it->done;
	it->done = st;
}

static void end_borrow(struct iteration *it, struct state *st, const struct sym *element, const struct lock_set *before)
{
	struct dead d = {
		.root = element, .function = it->m->name, .spanned = before, .began = it->in->at,
	};

	if (!it->e->keeps || borrow_has_home(it->sim, st, element))
		return;
	state_add_dead(&it->sim->pool, st, &d);
	for (int i = 0; i < st->ncell; i++)
		if (sym_root(st->cells[i].addr)->kind == SYM_GLOBAL && borrow_is_owned(it->sim, st->cells[i].value, element))
			borrow_kept(it->sim, st, &st->cells[i], &d);
}

static bool was_held(const struct lock_set *before, const struct held *h)
{
	for (int i = 0; before && i < before->n; i++)
		if (before->items[i].lock == h->lock && before->items[i].kind == h->kind &&
		    before->items[i].state == LOCK_HELD)
			return true;
	return false;
}

/* The turn ends and the next may follow: what this one took for its element stays taken. */
static void check_left(struct iteration *it, struct state *st, const struct lock_set *before)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];
		struct candidate c = {
			.kind = FACT_LOCK_LEFT_BY_TURN, .at = it->in->at, .object = h.lock,
			.class_name = sym_class(h.lock, h.kind), .kind_name = h.kind, .function = it->m->name,
			.origin = it->in->at, .trace = st->trace,
		};

		if (h.state != LOCK_HELD || was_held(before, &h) || sym_is_outer(h.lock) || h.by_turn)
			continue;
		if (!h.is_vague)
			sim_candidate(it->sim, &c);
		h.by_turn = true;
		state_put_lock(&it->sim->pool, st, &h);
	}
}

static bool is_stored(const struct state *st, const struct sym *object)
{
	for (int i = 0; i < st->ncell; i++)
		if (sym_contains(st->cells[i].value, sym_object(object)))
			return true;
	return false;
}

/* The turn took a reference on its element, and nobody has the pointer to give it back. */
static void check_refs_left(struct iteration *it, struct state *st, const struct sym *element)
{
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];
		struct candidate c = {
			.kind = FACT_REF_LEFT_BY_TURN, .at = it->in->at, .object = r->object, .class_name = r->kind,
			.kind_name = r->kind, .function = it->m->name, .origin = it->in->at, .trace = st->trace,
		};

		if (r->count > 0 && !r->handed_on && sym_contains(r->object, element) && !is_stored(st, r->object))
			sim_candidate(it->sim, &c);
	}
}

static void fill_turn(struct iteration *it, struct fill *f, const struct sym *element)
{
	int ep = it->e->element_param, dp = it->e->data_param;

	if (ep >= 0 && ep < FILL_ARGS)
		f->args[ep] = element;
	if (dp >= 0 && dp < FILL_ARGS)
		f->args[dp] = it->data;
}

static void sleep_in_turn(struct iteration *it, struct state *st, const struct sym *element)
{
	struct fill f;

	fill_init(&f, it->sim, st, it->in, ORDINAL_INNER);
	fill_turn(it, &f, element);
	sleep_inner(&f, it->in, node_summary(it->callback), it->callback->fn->name);
}

/* Apply the callback once to st, for an element of its own; calls next for each way it can end. */
static void run_turn(struct iteration *it, struct state *st, int turn,
		     void (*next)(struct iteration *it, struct state *st, const struct sym *element,
				  const struct sym *ret, const struct lock_set *before))
{
	const struct summary *s = node_summary(it->callback);
	struct sim *sim = it->sim;
	struct trace *t = state_step(&sim->pool, st, turn ? STEP_NEXT : STEP_ITERATE, it->in->at, sim->fn->name);
	const struct param *params = it->callback->fn->params;
	int ep = it->e->element_param;
	const char *name = ep >= 0 && ep < it->callback->fn->nparam ? params[ep].name : NULL;
	const struct sym *element = sym_new(&sim->syms, sim_site(sim, it->in), 900 + turn, st->turn, name);

	t->callee = it->m->name;
	t->object = element;
	t->what = it->callback->fn->name;
	state_restrict(&sim->pool, st, element, MASK_VALID);
	sleep_in_turn(it, st, element);
	for (int i = 0; i < s->ncase; i++) {
		struct state *to = state_copy(&sim->pool, st);
		const struct lock_set *before = to->locks;
		const struct sym *ret = NULL;
		struct fill f;

		fill_init(&f, sim, to, it->in, ORDINAL_INNER + 10000 * (turn + 1) + 100 * i);
		fill_turn(it, &f, element);
		sim->in_turn = true;
		if (!fill_apply(&f, it->in, s, &s->cases[i], it->callback->fn->name, &ret)) {
			sim->in_turn = false;
			state_free(&sim->pool, to);
			continue;
		}
		sim->in_turn = false;
		to->trace = st->trace;	/* what the callback did is told by its own steps */
		if (s->cases[i].trace) {
			t = state_step(&sim->pool, to, STEP_CALL, it->in->at, sim->fn->name);
			t->callee = it->callback->fn->name;
			t->inner = s->cases[i].trace;
		}
		next(it, to, element, ret ? ret : sym_int(&sim->syms, 0), before);
	}
	state_free(&sim->pool, st);
}

/* Non-zero ends an iteration that stops; both are tried when it is open. Returns the state that goes on, or NULL. */
static struct state *split_stop(struct iteration *it, struct state *st, const struct sym *ret)
{
	int truth = it->e->stops ? state_truth(st, ret) : 0;
	struct state *stopped = st;

	if (truth == 0)
		return st;
	if (truth < 0) {
		stopped = state_copy(&it->sim->pool, st);
		if (!state_assume(&it->sim->pool, st, ret, false)) {
			state_free(&it->sim->pool, st);
			st = NULL;
		}
		state_assume(&it->sim->pool, stopped, ret, true);
	}
	finish(it, stopped, state_resolve(&it->sim->syms, stopped, ret));
	return truth < 0 ? st : NULL;
}

static void after_second(struct iteration *it, struct state *st, const struct sym *element, const struct sym *ret,
			 const struct lock_set *before)
{
	end_borrow(it, st, element, before);
	st = split_stop(it, st, ret);
	if (st)
		finish(it, st, sym_int(&it->sim->syms, 0));
}

static void after_first(struct iteration *it, struct state *st, const struct sym *element, const struct sym *ret,
			const struct lock_set *before)
{
	end_borrow(it, st, element, before);
	st = split_stop(it, st, ret);
	if (!st)
		return;
	check_left(it, st, before);
	check_refs_left(it, st, element);
	run_turn(it, state_copy(&it->sim->pool, st), 1, after_second);
	finish(it, st, sym_int(&it->sim->syms, 0));
}

/* A lookup by callback: what it said yes to is returned, with a reference if the model says so. */
static void after_match(struct iteration *it, struct state *st, const struct sym *element, const struct sym *ret,
			const struct lock_set *before)
{
	struct sim *sim = it->sim;
	struct state *no = state_copy(&sim->pool, st);

	if (state_assume(&sim->pool, no, ret, false)) {
		end_borrow(it, no, element, before);
		finish(it, no, sym_int(&sim->syms, 0));
	} else {
		state_free(&sim->pool, no);
	}
	if (state_assume(&sim->pool, st, ret, true))
		finish(it, st, element);
	else
		state_free(&sim->pool, st);
}

static void after_call(struct iteration *it, struct state *st, const struct sym *element, const struct sym *ret,
		       const struct lock_set *before)
{
	(void)element, (void)before;
	finish(it, st, ret);
}

static void merge_done(struct iteration *it)
{
	struct state *out = NULL, *next;
	int n = 0;

	for (struct state *st = it->done; st; st = next) {
		struct state *old = out;

		next = st->next;
		while (old && ((it->sim->proof && !keep_agrees(it->sim, old, st)) || !state_same_key(old, st, false) ||
			       state_mask(old, old->env[sim_site(it->sim, it->in)]) !=
			       state_mask(st, st->env[sim_site(it->sim, it->in)])))
			old = old->next;
		if (old && (!it->sim->is_split || n > 16)) {
			state_merge(&it->sim->pool, &it->sim->syms, old, st, it->sim->fn->nblock + 1 + sim_site(it->sim, it->in), NULL);
			continue;
		}
		st->next = out;
		out = st;
		n++;
	}
	it->done = out;
}

/* The function an iterator is given, if its summary can be applied. */
static struct node *callback_of(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *f;
	struct node *n;

	if (e->callback < 0 || e->callback + 1 >= in->narg)
		return NULL;
	f = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[e->callback + 1]));
	if (f->kind != SYM_FUNC)
		return NULL;
	n = sim_body(sim, f, false);
	return n && n->kept_summary && !node_summary(n)->is_unknown ? n : NULL;
}

bool iterate_call(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
		  const struct effect *e)
{
	struct iteration it = {.sim = sim, .in = in, .e = e, .m = m, .callback = callback_of(sim, st, in, e)};
	struct state *next;

	if (!it.callback)
		return false;
	held_call(sim, st, in, it.callback, true);
	if (sim->proof)
		prove_callback(sim, st, in, it.callback);
	it.data = e->data >= 0 && e->data + 1 < in->narg
		? state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[e->data + 1])) : NULL;
	if (e->kind != EFFECT_CALL)
		finish(&it, state_copy(&sim->pool, st), sym_int(&sim->syms, 0));
	run_turn(&it, st, 0, e->kind == EFFECT_ITERATE ? after_first : e->kind == EFFECT_MATCH ? after_match : after_call);
	merge_done(&it);
	for (st = it.done; st; st = next) {
		next = st->next;
		primitive_effects(sim, st, in, m);
	}
	return true;
}
