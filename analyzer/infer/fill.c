// SPDX-License-Identifier: GPL-2.0-only
/*
 * One case of a summary at a call. Entry points: fill_init(), fill_args(), fill_sym(),
 * fill_apply(). The callee's symbols are filled in (parameters by arguments, entry memory by
 * what memory holds now, unknowns by unknowns of this call), all of them before anything
 * changes; then what the case did to locks, references, memory and borrows is done here.
 */
#include "infer/prove.h"

#include <string.h>

#include "base/arena.h"

/* ------------------------------------------------------------------ symbols */

void fill_init(struct fill *f, struct sim *sim, struct state *st, const struct insn *in, int64_t first_ordinal)
{
	memset(f->args, 0, sizeof(f->args));
	f->is_sure = false;
	f->before = NULL;
	f->nunknown = 0;
	f->sim = sim;
	f->st = st;
	f->site = sim_site(sim, in);
	f->ordinal = first_ordinal;
}

static const struct sym *fill_unknown(struct fill *f, const struct sym *s)
{
	const struct sym *n;
	int i = 0;

	while (i < f->nunknown && f->unknowns[i] != s)
		i++;
	if (i == f->nunknown && i < FILL_MAX)
		f->unknowns[f->nunknown++] = s;
	n = sym_new(&f->sim->syms, f->site, f->ordinal + i, f->st->turn, s->name);
	if (s->first)
		sym_name_first(n, s->first_struct, s->first);
	return n;
}

/* Constants and addresses of globals are looked up once a simulation. */
static const struct sym *fill_closed(struct sim *sim, const struct sym *s)
{
	unsigned slot = (unsigned)s->id % SIM_CLOSED;

	if (sim->closed[slot].of != s) {
		sim->closed[slot].value = sym_import(&sim->syms, s);
		sim->closed[slot].of = s;
	}
	return sim->closed[slot].value;
}

const struct sym *fill_sym(struct fill *f, const struct sym *s)
{
	struct sym_table *t = &f->sim->syms;
	const struct sym *a, *b;

	if (s->is_closed)
		return fill_closed(f->sim, s);
	switch (s->kind) {
	case SYM_PARAM:
		if (s->value < FILL_ARGS && f->args[s->value]) {
			sym_name_first(f->args[s->value], s->first_struct, s->first);
			return f->args[s->value];
		}
		return sym_new(t, f->site, ORDINAL_PURE + s->value, f->st->turn, s->name);
	case SYM_ADDR:
		return sym_addr(t, fill_sym(f, s->a), s->value, s->struct_name, s->field);
	case SYM_ELEM:
		return sym_elem(t, fill_sym(f, s->a), s->b ? fill_sym(f, s->b) : NULL);
	case SYM_LOAD:
		a = fill_sym(f, s->a);
		if (a->kind == SYM_INT)
			return fill_unknown(f, s);
		b = state_resolve(t, f->st, sim_load(f->sim, f->st, a, f->site));
		if (s->first && b->kind == SYM_LOAD)	/* what it points to begins with, the callee has seen */
			sym_name_first(b, s->first_struct, s->first);
		return b;
	case SYM_ALL: {
		const struct sym *terms[FILL_TERMS * 4];
		int n = 0;

		for (; s->kind == SYM_ALL && n < FILL_TERMS * 3; s = s->a)
			terms[n++] = fill_sym(f, s->b);
		terms[n++] = fill_sym(f, s);
		return sym_all(t, terms, n);
	}
	case SYM_BIN: case SYM_CMP:
		a = state_resolve(t, f->st, fill_sym(f, s->a));
		b = state_resolve(t, f->st, fill_sym(f, s->b));
		return s->kind == SYM_BIN ? sym_bin(t, s->sub, a, b) : sym_cmp(t, s->sub, a, b);
	default:
		if (sym_is_machine(s))
			return sym_new(t, s->site, 0, 0, s->name);
		return fill_unknown(f, s);
	}
}

void fill_args(struct fill *f, const struct insn *in)
{
	for (int i = 1; i < in->narg && i <= FILL_ARGS; i++)
		f->args[i - 1] = state_resolve(&f->sim->syms, f->st, sim_eval(f->sim, f->st, &in->args[i]));
}

/* ------------------------------------------------------------------ one case */

/* A case with its symbols filled in, before it changes the state. */
struct filled {
	const struct sym *ret;
	const struct sym **addrs, **values;		/* cells */
	const struct sym **locks, **takes, **objects, **roots, **dead_locks, **uses, **owed;
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
	FILL_SET(owed, owed, object);
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

/* Which argument of the call it comes from: 0 if that is not known. */
static int argument_of(const struct sym *s)
{
	const struct sym *root = sym_root(s);

	return root->kind == SYM_PARAM ? (int)root->value + 1 : 0;
}

static struct lock_event inner_event(const struct insn *in, const struct sym *lock, const struct held *h,
				     const struct trace *inner, const char *callee, int site)
{
	return (struct lock_event){
		.lock = lock, .kind = h->kind, .mode = h->mode, .is_vague = h->is_vague, .try = h->is_try,
		.recursive = h->is_recursive, .hops = h->hops, .callee = callee,
		.at = in->at, .site = site, .arg = argument_of(h->lock), .inner = inner,
	};
}

/* The callee releases that lock, by another name of its own maybe, and takes it again. */
static bool is_released_by(const struct scase *c, const struct filled *x, const struct sym *lock, const char *kind)
{
	for (int i = 0; c->locks && i < c->locks->n; i++)
		if (x->locks[i] == lock && c->locks->items[i].kind == kind && c->locks->items[i].state == LOCK_DROPPED)
			return true;
	return false;
}

/* The case takes a lock that is held: is it to be believed? */
static bool is_doubted(struct fill *f, const struct summary *s, const struct scase *c, const struct held *h, struct lock_event *e)
{
	struct fill before = *f;
	enum doubt doubt;

	if (!f->before)
		return false;
	before.st = f->before;
	doubt = doubt_taking(&before, s, c, h);
	if (doubt == DOUBT_ALL)
		unsure(f->sim->an, UNSURE_CASES, e->at);
	e->is_guess = doubt == DOUBT_SOME;
	return doubt == DOUBT_ALL;
}

/* A wrapper does without a context in a case in which it has none, which the call may never come to: unless it says NULL. */
static bool may_have_context(const struct sim *sim, const struct insn *in, const struct scase *c, const struct held *h)
{
	bool asks = false;

	if (!model_has_contexts(sim->an->options->model, h->kind))
		return false;
	for (int i = 1; i < in->narg; i++)
		if (in->args[i].kind == ARG_INT && !in->args[i].value)
			return false;
	for (int i = 0; i < c->nrange; i++)
		asks |= c->ranges[i].mask == MASK_ZERO;
	return asks;
}

static bool takes_in_all_cases(const struct summary *s, const struct held *h)
{
	for (int i = 0; i < s->ncase; i++)
		if (lock_set_find(s->cases[i].takes, h->lock, h->kind) < 0)
			return false;
	return true;
}

/* A lock the callee takes on its way, even if it gives it back, must not be held here. */
static void check_takes(struct fill *f, const struct insn *in, const struct summary *s, const struct scase *c,
			const struct filled *x, const char *callee)
{
	struct sim *sim = f->sim;
	struct state *st = f->st;

	for (int i = 0; c->takes && i < c->takes->n; i++) {
		const struct held *h = &c->takes->items[i], *old = state_find_lock(st, x->takes[i], h->kind);
		struct lock_event e = inner_event(in, x->takes[i], h, c->trace, callee, sim_site(sim, in));

		held_take_inner(sim, st, &e, h->lock);
		if (!old || (old->state != LOCK_HELD && old->state != LOCK_ASSERTED)) {
			if (!old && !st->is_last && sym_is_outer(x->takes[i])) {
				struct held mine = *h;

				mine.lock = x->takes[i];
				state_add_take(&sim->pool, st, &mine);
			}
			continue;
		}
		if (h->is_vague || is_released_by(c, x, x->takes[i], h->kind)) {	/* on some of its paths, and callers cannot tell which */
			unsure(sim->an, UNSURE_CASES, in->at);
			continue;
		}
		e.is_vague |= !takes_in_all_cases(s, h) && may_have_context(sim, in, c, h);
		if (!is_doubted(f, s, c, h, &e))
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

/* Does the case ask for nothing but that there is a lock at all, as destructors of guards do? */
static bool only_asks_for(const struct scase *c, const struct held *h)
{
	for (int i = 0; i < c->ncond; i++)
		if (c->conds[i]->kind != SYM_CMP || c->conds[i]->a != sym_object(h->lock))
			return false;
	return c->ncond > 0;
}

static void apply_locks(struct fill *f, const struct insn *in, const struct summary *s, const struct scase *c,
			const struct filled *x, const char *callee)
{
	struct sim *sim = f->sim;
	struct state *st = f->st;

	for (int i = 0; c->locks && i < c->locks->n; i++) {
		const struct held *h = &c->locks->items[i];
		struct lock_event e = inner_event(in, x->locks[i], h, c->trace, callee, sim_site(sim, in));
		const struct held *old = state_find_lock(st, x->locks[i], h->kind);

		e.recursive |= h->count > 1;
		if (h->is_reported)
			handed_met(sim, h, in->at, callee);
		e.is_maybe = !(f->is_sure && only_asks_for(c, h)) && !is_in_all_cases(s, h);
		e.is_vague |= e.is_maybe && h->state == LOCK_HELD && may_have_context(sim, in, c, h);
		if (h->state == LOCK_DROPPED)
			primitive_release(sim, st, &e);
		else if (h->state == LOCK_HELD && !(old && old->is_vague) &&
			 !(old && old->state == LOCK_HELD && is_doubted(f, s, c, h, &e)))
			primitive_take(sim, st, &e);
	}
}

/* Is what the case gives put behind a pointer that is NULL here, and nowhere else? Then the callee gives nothing. */
static bool is_put_nowhere(const struct scase *c, const struct filled *x, const struct ref *r)
{
	bool is_put = false;

	for (int i = 0; i < c->ncell; i++) {
		if (sym_object(c->cells[i].value) != sym_object(r->object))
			continue;
		if (x->addrs[i]->kind != SYM_INT)
			return false;
		is_put = true;
	}
	return is_put && r->found && r->count > 0 && !(c->ret && sym_object(c->ret) == sym_object(r->object));
}

static void apply_refs(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
		       const struct scase *c,
		       const struct filled *x, const char *callee)
{
	for (int i = 0; c->refs && i < c->refs->n; i++) {
		struct ref r = c->refs->items[i];

		if (is_put_nowhere(c, x, &r))
			continue;
		r.object = x->objects[i];
		if (r.handed_on) {	/* not ours to give back, but it keeps the object */
			r.site = sim_site(sim, in);
			if (!state_find_ref(st, r.object))
				state_put_ref(&sim->pool, st, &r);
			continue;
		}
		reference_apply(sim, st, &r, in, s, c, c->refs->items[i].object, callee);
	}
}

/*
 * An argument that the callee keeps where we do not see it: so may who reads it there give back what we have. If it does so
 * on some path only, what was looked up to be given away is not looked for any more.
 */
static void apply_kept(struct fill *f, const struct insn *in, const struct scase *c)
{
	for (int i = 0; i < FILL_ARGS && i < KEEPS_PERHAPS; i++) {
		const struct sym *object = f->args[i] ? sym_object(f->args[i]) : NULL;
		const struct ref *r = object ? state_find_ref(f->st, object) : NULL;
		bool surely = c->keeps & 1u << i, perhaps = c->keeps & 1u << (KEEPS_PERHAPS + i);
		uint32_t bit = object ? state_keeps_bit(object) : 0;

		if (!object || (!surely && !perhaps))
			continue;
		if (surely || (r && r->found))
			reference_hand_on(f->sim, f->st, object, in->at);
		f->st->keeps |= (surely ? bit : 0) | (perhaps ? bit << KEEPS_PERHAPS : 0);
	}
}

/* Does the callee leave the cell alone in another case, with the same results? */
static bool is_perhaps_written(const struct summary *s, const struct scase *c, const struct sym *addr)
{
	for (int i = 0; i < s->ncase; i++) {
		const struct scase *o = &s->cases[i];
		int k = 0;

		while (k < o->ncell && o->cells[k].addr != addr)
			k++;
		if (k == o->ncell && (o->ret_mask & c->ret_mask))
			return true;
	}
	return false;
}

/*
 * A variable of ours that held what is counted has another value after some paths of the callee, and nobody knows which:
 * it looked at the old one, which may be there still or have gone in its way.
 */
static void doubt_replaced(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			   const struct scase *c, int i, const struct sym *addr)
{
	const struct cell *old = sym_root(addr)->kind == SYM_STACK ? state_find_cell(st, addr) : NULL;
	const struct sym *value = c->cells[i].value;

	if (old && !sim->in_turn && ((value->kind == SYM_NEW && value->site < 0) || is_perhaps_written(s, c, c->cells[i].addr)))
		reference_hand_on(sim, st, old->value, in->at);
}

static void apply_cells(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s,
			const struct scase *c, const struct filled *x, const char *callee)
{
	for (int i = 0; i < c->ncell; i++) {
		struct trace *t;

		if (x->addrs[i]->kind == SYM_INT)
			continue;
		prove_cell(sim, st, x->addrs[i], c->cells[i].addr, x->values[i], in);
		doubt_replaced(sim, st, in, s, c, i, x->addrs[i]);
		/* In a callback the store is the callback's own; else this call is what stores. */
		state_store(&sim->pool, st, x->addrs[i], x->values[i], sim->in_turn ? c->cells[i].at : in->at,
			    sim->in_turn ? c->cells[i].func : sim->fn->name);
		if (sym_object(c->cells[i].value)->kind != SYM_PARAM || sim->in_turn)
			continue;
		t = state_step(&sim->pool, st, STEP_STORE, in->at, sim->fn->name);
		t->callee = callee;
		t->object = x->values[i];
		t->target = x->addrs[i];
	}
}

static void apply_dead(struct sim *sim, struct state *st, const struct insn *in, const struct scase *c,
		       const struct filled *x, const char *callee)
{
	if (c->dead && c->trace) {
		struct trace *t = state_step(&sim->pool, st, STEP_CALL, in->at, sim->fn->name);

		t->callee = callee;
		t->inner = c->trace;
	}
	for (int i = 0; c->dead && i < c->dead->n; i++) {
		struct dead d = c->dead->items[i];

		d.root = x->roots[i];
		/* Whoever holds a lock over the call knows what it is for; of an unlock it is the callee's own that counts. */
		d.spanned = d.by_unlock ? NULL : st->locks;
		d.is_inherited = true;
		d.lock = x->dead_locks[i];
		if (d.by_section && section_holds(sim, st))
			section_lend(sim, st, d.root, d.lent);
		else
			state_add_dead(&sim->pool, st, &d);
	}
}

/* What is put again is told as that, not as a use. */
static bool puts_object(const struct scase *c, const struct filled *x, const struct sym *object)
{
	for (int i = 0; c->refs && i < c->refs->n; i++)
		if (c->refs->items[i].count < 0 && sym_object(x->objects[i]) == sym_object(object))
			return true;
	return false;
}

bool fill_apply(struct fill *f, const struct insn *in, const struct summary *s, const struct scase *c,
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
		if (!puts_object(c, &x, x.uses[i]))
			borrow_use_inner(sim, f->st, x.uses[i], &c->uses->items[i], in->at, callee);
	check_takes(f, in, s, c, &x, callee);
	apply_locks(f, in, s, c, &x, callee);
	apply_refs(sim, f->st, in, s, c, &x, callee);
	apply_cells(sim, f->st, in, s, c, &x, callee);
	apply_dead(sim, f->st, in, c, &x, callee);
	apply_kept(f, in, c);
	if (x.ret && c->lent)
		section_lend(sim, f->st, x.ret, c->lent);
	prove_owed(sim, f->st, c->owed, x.owed, in, callee);
	f->st->is_warned |= c->is_warned;
	*ret = x.ret;
	if (x.ret && !state_restrict(&sim->pool, f->st, x.ret, c->ret_mask))
		return false;
	return true;
}
