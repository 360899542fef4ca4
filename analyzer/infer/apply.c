// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls. Entry: apply_call(), which decides what is known of the callee: a model, a
 * body (its summary, made for the callbacks it is given), or nothing. A summary's case
 * is applied by filling in its symbols (parameters by arguments, entry memory by what
 * memory holds now, unknowns by unknowns of this call), all of them before anything
 * changes. Iterations apply their callback not at all, once and twice.
 */
#include "infer/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
	ORDINAL_RESULT = 0,
	ORDINAL_CLOBBER = 100,		/* + argument */
	ORDINAL_INNER = 1000,		/* + 100 per case: the callee's unknowns */
	ORDINAL_PURE = 1100000,
};

#define MAX_TERMS 8		/* branches of an exact case */
#define MAX_CASES_APPLIED 24	/* cases a summary can have */

/* ------------------------------------------------------------------ filling in */

void fill_init(struct fill *f, struct sim *sim, struct state *st, const struct insn *in, int64_t first_ordinal)
{
	memset(f, 0, sizeof(*f));
	f->sim = sim;
	f->st = st;
	f->site = sim_site(sim, in);
	f->ordinal = first_ordinal;
}

static const struct sym *fill_unknown(struct fill *f, const struct sym *s)
{
	int i = 0;

	while (i < f->nunknown && f->unknowns[i] != s)
		i++;
	if (i == f->nunknown && i < FILL_MAX)
		f->unknowns[f->nunknown++] = s;
	return sym_new(&f->sim->syms, f->site, f->ordinal + i, f->st->turn, s->name);
}

const struct sym *fill_sym(struct fill *f, const struct sym *s)
{
	struct sym_table *t = &f->sim->syms;
	const struct sym *a, *b;

	switch (s->kind) {
	case SYM_INT: return sym_int(t, s->value);
	case SYM_GLOBAL: return sym_global(t, s->name);
	case SYM_FUNC: return sym_func(t, s->name, s->value);
	case SYM_PARAM:
		if (s->value < FILL_ARGS && f->args[s->value]) {
			sym_name_first(f->args[s->value], s->first_struct, s->first);
			return f->args[s->value];
		}
		return sym_new(t, f->site, ORDINAL_PURE + s->value, f->st->turn, s->name);
	case SYM_ADDR:
		return sym_addr(t, fill_sym(f, s->a), s->value, s->struct_name, s->field);
	case SYM_ELEM:
		return sym_elem(t, fill_sym(f, s->a));
	case SYM_LOAD:
		a = fill_sym(f, s->a);
		if (a->kind == SYM_INT)
			return fill_unknown(f, s);
		return state_resolve(t, f->st, sim_load(f->sim, f->st, a, f->site));
	case SYM_ALL: {
		const struct sym *terms[MAX_TERMS * 4];
		int n = 0;

		for (; s->kind == SYM_ALL && n < MAX_TERMS * 3; s = s->a)
			terms[n++] = fill_sym(f, s->b);
		terms[n++] = fill_sym(f, s);
		return sym_all(t, terms, n);
	}
	case SYM_BIN: case SYM_CMP:
		a = state_resolve(t, f->st, fill_sym(f, s->a));
		b = state_resolve(t, f->st, fill_sym(f, s->b));
		return s->kind == SYM_BIN ? sym_bin(t, s->sub, a, b) : sym_cmp(t, s->sub, a, b);
	default:
		return fill_unknown(f, s);
	}
}

static void fill_args(struct fill *f, const struct insn *in)
{
	for (int i = 1; i < in->narg && i <= FILL_ARGS; i++)
		f->args[i - 1] = state_resolve(&f->sim->syms, f->st, sim_eval(f->sim, f->st, &in->args[i]));
}

/* ------------------------------------------------------------------ one case */

/* A case with its symbols filled in, before it changes the state. */
struct filled {
	const struct sym *ret;
	const struct sym **addrs, **values;		/* cells */
	const struct sym **locks, **takes, **objects, **roots, **dead_locks, **uses;
};

static const struct sym **array(struct sim *sim, int n)
{
	return ARENA_ARRAY(sim->pool.arena, const struct sym *, n);
}

static struct filled fill_case(struct fill *f, const struct scase *c)
{
	struct filled out = {0};
	struct sim *sim = f->sim;

	out.ret = c->ret ? fill_sym(f, c->ret) : NULL;
	out.addrs = array(sim, c->ncell);
	out.values = array(sim, c->ncell);
	for (int i = 0; i < c->ncell; i++) {
		out.addrs[i] = fill_sym(f, c->cells[i].addr);
		out.values[i] = fill_sym(f, c->cells[i].value);
	}
#define FILL_SET(to, set, member)							\
	do {										\
		out.to = array(sim, c->set ? c->set->n : 0);				\
		for (int i = 0; c->set && i < c->set->n; i++)				\
			out.to[i] = c->set->items[i].member ? fill_sym(f, c->set->items[i].member) : NULL; \
	} while (0)
	FILL_SET(locks, locks, lock);
	FILL_SET(takes, takes, lock);
	FILL_SET(objects, refs, object);
	FILL_SET(roots, dead, root);
	FILL_SET(dead_locks, dead, lock);
	FILL_SET(uses, uses, object);
#undef FILL_SET
	return out;
}

/* Can the case happen here? Learns what it needs. */
static bool assume_case(struct fill *f, const struct scase *c)
{
	struct state_pool *p = &f->sim->pool;

	for (int i = 0; i < c->nrange; i++) {
		const struct range *r = &c->ranges[i];
		const struct sym *s = fill_sym(f, r->s);

		if (r->s->kind == SYM_CMP && (r->mask == MASK_ZERO || !(r->mask & MASK_ZERO))) {
			if (!state_assume(p, f->st, s, r->mask != MASK_ZERO))
				return false;
		} else if (r->is_known ? !state_set_value(p, f->st, s, r->value)
				       : !state_restrict(p, f->st, s, r->mask)) {
			return false;
		}
	}
	return true;
}

static struct lock_event inner_event(const struct insn *in, const struct sym *lock, const struct held *h,
				     const struct trace *inner, const char *callee, int site)
{
	return (struct lock_event){
		.lock = lock, .kind = h->kind, .mode = h->mode, .is_vague = h->is_vague, .try = h->is_try, .callee = callee,
		.at = in->at, .site = site, .inner = inner,
	};
}

/* A lock the callee takes on its way, even if it gives it back, must not be held here. */
static void check_takes(struct sim *sim, struct state *st, const struct insn *in, const struct scase *c,
			const struct filled *x, const char *callee)
{
	for (int i = 0; c->takes && i < c->takes->n; i++) {
		const struct held *h = &c->takes->items[i], *old = state_find_lock(st, x->takes[i], h->kind);
		struct lock_event e = inner_event(in, x->takes[i], h, c->trace, callee, sim_site(sim, in));

		if (!old || (old->state != LOCK_HELD && old->state != LOCK_ASSERTED)) {
			if (!old && sym_is_outer(x->takes[i])) {
				struct held mine = *h;

				mine.lock = x->takes[i];
				state_add_take(&sim->pool, st, &mine);
			}
			continue;
		}
		if (h->mode == LOCK_SHARED && old->mode == LOCK_SHARED)
			continue;
		primitive_take(sim, st, &e);
	}
}

/* Does every case do that to the lock? */
static bool is_in_all_cases(const struct summary *s, const struct held *h)
{
	for (int i = 0; i < s->ncase; i++) {
		const struct lock_set *locks = s->cases[i].locks;
		int k = 0;

		while (locks && k < locks->n && (locks->items[k].lock != h->lock || locks->items[k].state != h->state))
			k++;
		if (!locks || k == locks->n)
			return false;
	}
	return true;
}

static void apply_locks(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			const struct scase *c,
			const struct filled *x, const char *callee)
{
	for (int i = 0; c->locks && i < c->locks->n; i++) {
		const struct held *h = &c->locks->items[i];
		struct lock_event e = inner_event(in, x->locks[i], h, c->trace, callee, sim_site(sim, in));
		const struct held *old = state_find_lock(st, x->locks[i], h->kind);

		e.recursive = h->count > 1;
		e.is_maybe = !is_in_all_cases(s, h);
		if (h->state == LOCK_DROPPED)
			primitive_release(sim, st, &e);
		else if (h->state == LOCK_HELD && !(old && old->is_vague))
			primitive_take(sim, st, &e);
	}
}

static void apply_refs(struct sim *sim, struct state *st, const struct insn *in, const struct scase *c,
		       const struct filled *x, const char *callee)
{
	for (int i = 0; c->refs && i < c->refs->n; i++) {
		struct ref r = c->refs->items[i];

		r.object = x->objects[i];
		if (r.handed_on)
			continue;
		primitive_count(sim, st, &r, r.count, in, callee, c->trace);
	}
}

static void apply_cells(struct sim *sim, struct state *st, const struct insn *in, const struct scase *c,
			const struct filled *x, const char *callee)
{
	for (int i = 0; i < c->ncell; i++) {
		struct trace *t;

		if (x->addrs[i]->kind == SYM_INT)
			continue;
		state_store(&sim->pool, st, x->addrs[i], x->values[i], c->cells[i].at, c->cells[i].func);
		if (sym_object(c->cells[i].value)->kind != SYM_PARAM || sim->in_turn)
			continue;
		t = state_step(&sim->pool, st, STEP_STORE, in->at, sim->fn->name);
		t->callee = callee;
		t->object = x->values[i];
		t->target = x->addrs[i];
	}
}

static void apply_dead(struct sim *sim, struct state *st, const struct scase *c, const struct filled *x)
{
	for (int i = 0; c->dead && i < c->dead->n; i++) {
		struct dead d = c->dead->items[i];

		d.root = x->roots[i];
		d.spanned = NULL;
		d.lock = x->dead_locks[i];
		d.ended = st->trace;
		state_add_dead(&sim->pool, st, &d);
	}
}

/*
 * Apply one case to st. False when it cannot happen here (st is then to be dropped). ret gets the value
 * returned.
 */
static bool apply_case(struct fill *f, const struct insn *in, const struct summary *s, const struct scase *c,
		       const char *callee, const struct sym **ret)
{
	struct sim *sim = f->sim;
	struct filled x;

	if (!assume_case(f, c))
		return false;
	x = fill_case(f, c);
	for (int i = 0; c->locks && i < c->locks->n; i++)
		if (x.locks[i]->kind == SYM_INT)
			return false;	/* nobody locks through NULL */
	if (state_contradicts(f->st))
		return false;
	for (int i = 0; c->uses && i < c->uses->n; i++)
		borrow_use_inner(sim, f->st, x.uses[i], &c->uses->items[i], in->at, callee);
	check_takes(sim, f->st, in, c, &x, callee);
	apply_locks(sim, f->st, in, s, c, &x, callee);
	apply_refs(sim, f->st, in, c, &x, callee);
	apply_cells(sim, f->st, in, c, &x, callee);
	apply_dead(sim, f->st, c, &x);
	f->st->is_warned |= c->is_warned;
	*ret = x.ret;
	if (x.ret && !state_restrict(&sim->pool, f->st, x.ret, c->ret_mask))
		return false;
	return true;
}

/* ------------------------------------------------------------------ calls */

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
			if (c->value->kind != SYM_INT && c->value->kind != SYM_NEW)
				continue;	/* a pointer put there is an input, as a rule */
			c->value = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_CLOBBER + c->addr->id, st->turn, NULL);
		}
		if (arg == object)
			state_store(&sim->pool, st, sym_elem(&sim->syms, object),
				    sym_new(&sim->syms, sim_site(sim, in), ORDINAL_CLOBBER - 1, st->turn, NULL), in->at, NULL);
	}
}

/* A function that also gets a callback may keep what it is given (devm actions, work items). */
static void hand_on_args(struct sim *sim, struct state *st, const struct insn *in)
{
	bool has_callback = false;

	for (int i = 1; i < in->narg; i++)
		has_callback |= sim_eval(sim, st, &in->args[i])->kind == SYM_FUNC;
	for (int i = 1; i < in->narg; i++) {
		const struct sym *arg = sim_eval(sim, st, &in->args[i]);
		const struct ref *old = state_find_ref(st, arg);
		struct ref r;

		if (borrow_ended(st, arg))
			unsure(sim->an, UNSURE_BORROW_PASSED, in->at);
		if (!old || !has_callback)
			continue;
		r = *old;
		r.handed_on = true;
		unsure(sim->an, UNSURE_REF_HANDED_ON, in->at);
		state_put_ref(&sim->pool, st, &r);
	}
}

static void call_unknown(struct sim *sim, struct state *st, const struct insn *in, enum unsure_kind why)
{
	unsure(sim->an, why, in->at);
	clobber_args(sim, st, in);
	hand_on_args(sim, st, in);
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
	const struct sym *terms[MAX_TERMS * 4];
	int n = 0;

	if (!c->ncond)
		return NULL;
	for (int i = 0; i < c->ncond; i++) {
		const struct sym *t = fill_sym(f, c->conds[i]);

		for (; t->kind == SYM_ALL && n < MAX_TERMS * 3; t = t->a)
			terms[n++] = t->b;
		if (n < MAX_TERMS * 4)
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

static void find_conditions(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			    struct conditions *c)
{
	struct fill f;

	fill_init(&f, sim, st, in, ORDINAL_INNER);
	fill_args(&f, in);
	c->sure = -1;
	c->ninexact = 0;
	for (int i = 0; i < s->ncase && i < MAX_CASES_APPLIED; i++) {
		c->of[i] = condition_of(&f, &s->cases[i]);
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

static void call_summary(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			 const char *callee)
{
	struct conditions conditions;

	find_conditions(sim, st, in, s, &conditions);
	for (int i = 0; i < s->ncase; i++) {
		struct state *to = i + 1 < s->ncase ? state_copy(&sim->pool, st) : st;
		const struct sym *ret = NULL;
		struct fill f;

		fill_init(&f, sim, to, in, ORDINAL_INNER + 100 * i);
		fill_args(&f, in);
		if ((conditions.sure >= 0 && i != conditions.sure) ||
		    !assume_condition(sim, to, s, &conditions, i) || !apply_case(&f, in, s, &s->cases[i], callee, &ret)) {
			state_free(&sim->pool, to);
			continue;
		}
		to->env[f.site] = ret ? ret : sym_new(&sim->syms, f.site, ORDINAL_RESULT, to->turn, in->name);
		sim_continue(sim, to);
	}
	if (!s->ncase)			/* no way out of it */
		state_free(&sim->pool, st);
}

/* Functions given to the callee for parameters it calls; true when there are any. */
static bool bind_callbacks(struct sim *sim, struct state *st, const struct insn *in, const struct node *callee,
			   const struct sym *bound[8])
{
	bool any = false;

	memset(bound, 0, sizeof(bound[0]) * 8);
	for (int i = 0; i < 8 && i + 1 < in->narg && i < callee->fn->nparam; i++) {
		const struct sym *a;

		if (!(callee->summary->calls_params & 1u << i))
			continue;
		a = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[i + 1]));
		if (a->kind == SYM_FUNC) {
			bound[i] = sym_import(&sim->an->syms, a);
			any = true;
		} else if (a->kind == SYM_PARAM && a->value < 32) {
			sim->calls_params |= 1u << a->value;
		}
	}
	return any;
}

static void call_body(struct sim *sim, struct state *st, const struct insn *in, struct node *callee)
{
	const struct summary *s = callee->summary;
	const struct sym *bound[8];

	if (s && bind_callbacks(sim, st, in, callee, bound)) {
		const struct summary *special = simulate_special(sim->an, callee, bound);

		s = special ? special : s;
	}
	if (!s)
		call_unknown(sim, st, in, UNSURE_CYCLE);
	else if (s->is_unknown)
		call_unknown(sim, st, in, UNSURE_UNKNOWN_CALL);
	else
		call_summary(sim, st, in, s, callee->fn->name);
}

/* ------------------------------------------------------------------ iterations */

static const struct effect *find_iteration(const struct model_func *m)
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
		.ended = st->trace,
	};

	if (!it->e->keeps)
		return;
	state_add_dead(&it->sim->pool, st, &d);
	for (int i = 0; i < st->ncell; i++)
		if (sym_root(st->cells[i].addr)->kind == SYM_GLOBAL && sym_object(st->cells[i].value) == element)
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

/* Apply the callback once to st, for an element of its own; calls next for each way it can end. */
static void run_turn(struct iteration *it, struct state *st, int turn,
		     void (*next)(struct iteration *it, struct state *st, const struct sym *element,
				  const struct sym *ret, const struct lock_set *before))
{
	const struct summary *s = it->callback->summary;
	struct sim *sim = it->sim;
	struct trace *t = state_step(&sim->pool, st, turn ? STEP_NEXT : STEP_ITERATE, it->in->at, sim->fn->name);
	const struct param *params = it->callback->fn->params;
	int ep = it->e->element_param, dp = it->e->data_param;
	const char *name = ep >= 0 && ep < it->callback->fn->nparam ? params[ep].name : NULL;
	const struct sym *element = sym_new(&sim->syms, sim_site(sim, it->in), 900 + turn, st->turn, name);

	t->callee = it->m->name;
	t->object = element;
	t->what = it->callback->fn->name;
	state_restrict(&sim->pool, st, element, MASK_VALID);
	for (int i = 0; i < s->ncase; i++) {
		struct state *to = state_copy(&sim->pool, st);
		const struct lock_set *before = to->locks;
		const struct sym *ret = NULL;
		struct fill f;

		fill_init(&f, sim, to, it->in, ORDINAL_INNER + 10000 * (turn + 1) + 100 * i);
		if (ep >= 0 && ep < FILL_ARGS)
			f.args[ep] = element;
		if (dp >= 0 && dp < FILL_ARGS)
			f.args[dp] = it->data;
		sim->in_turn = true;
		if (!apply_case(&f, it->in, s, &s->cases[i], it->callback->fn->name, &ret)) {
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
		while (old && (!state_same_key(old, st, false) ||
			       state_mask(old, old->env[sim_site(it->sim, it->in)]) !=
			       state_mask(st, st->env[sim_site(it->sim, it->in)])))
			old = old->next;
		if (old && (!it->sim->is_split || n > 16)) {
			state_merge(&it->sim->pool, &it->sim->syms, old, st, it->sim->fn->nblock + 1 + sim_site(it->sim, it->in));
			continue;
		}
		st->next = out;
		out = st;
		n++;
	}
	it->done = out;
}

static void call_iterator(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
			  const struct effect *e, struct node *callback)
{
	struct iteration it = {.sim = sim, .in = in, .e = e, .m = m, .callback = callback};
	struct state *next;

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
}

static struct node *body_of(struct sim *sim, const struct sym *func)
{
	return func->value ? sim->an->program.nodes[func->value - 1] : NULL;
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
	n = body_of(sim, f);
	return n && n->summary && !n->summary->is_unknown ? n : NULL;
}

/* ------------------------------------------------------------------ entry */

const struct sym *apply_result_of(struct sim *sim, struct state *st, const struct insn *in, struct node *body)
{
	const struct summary *s = body->summary;
	const struct sym *ret = NULL;
	struct fill f;

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

void apply_call(struct sim *sim, struct state *st, const struct insn *in)
{
	const struct sym *callee = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[0]));
	const struct model_func *m;
	const struct effect *e;
	struct node *body;

	if (callee->kind != SYM_FUNC) {
		note_indirect(sim, callee);
		call_unknown(sim, st, in, UNSURE_INDIRECT_CALL);
		return;
	}
	sim->callee = callee->name;
	m = model_find(sim->an->options->model, callee->name);
	body = body_of(sim, callee);
	e = find_iteration(m);
	if (e) {
		struct node *callback = callback_of(sim, st, in, e);

		if (callback) {
			call_iterator(sim, st, in, m, e, callback);
			return;
		}
		unsure(sim->an, UNSURE_CALLBACK, in->at);
		clobber_args(sim, st, in);
	}
	if (m)
		primitive_apply(sim, st, in, m, body);
	else if (body)
		call_body(sim, st, in, body);
	else
		call_unknown(sim, st, in, UNSURE_UNKNOWN_CALL);
}
