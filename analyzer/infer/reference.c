// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counted references on a path. Entry points: reference_count() for gets and puts, by
 * models and by callees; reference_pass(), reference_hand_on(), reference_learn() and
 * reference_free() for what makes a reference somebody else's business, which is counted
 * as unsure. What came from a lookup is kept by nothing else that we know of: when its last
 * reference goes, a borrow ends (struct dead), and later uses and puts are looked at.
 */
#include "infer/simulate.h"
#include "infer/stored.h"

static void step_count(struct sim *sim, struct state *st, enum step_kind kind, const struct ref *r,
		       const struct insn *in, const char *callee, const struct trace *inner)
{
	struct trace *t = state_step(&sim->pool, st, kind, in->at, sim->fn->name);

	t->callee = callee;
	t->object = r->object;
	t->what = r->kind;
	t->inner = inner;
}

void reference_hand_on(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	const struct ref *old = state_find_ref(st, object);
	struct ref r;

	if (!old || old->handed_on || old->count <= 0)
		return;
	r = *old;
	r.handed_on = true;
	unsure(sim->an, UNSURE_REF_HANDED_ON, at);
	state_put_ref(&sim->pool, st, &r);
}

/* Are they known to be the same? */
static bool is_known_equal(struct sim *sim, const struct state *st, const struct sym *a, const struct sym *b)
{
	const struct sym *there = sym_cmp(&sim->syms, CMP_EQ, a, b), *back = sym_cmp(&sim->syms, CMP_EQ, b, a);

	return (there->kind != SYM_INT && state_truth(st, there) == 1) || (back->kind != SYM_INT && state_truth(st, back) == 1);
}

/* The same for members: code compares the wholes that they are in. */
static bool is_equal(struct sim *sim, const struct state *st, const struct sym *a, const struct sym *b)
{
	const struct sym *whole;

	if (is_known_equal(sim, st, sym_object(a), sym_object(b)))
		return true;
	whole = sym_addr(&sim->syms, sym_object(a), sym_offset(a) - sym_offset(b), NULL, NULL);
	return sym_offset(a) != sym_offset(b) && is_known_equal(sim, st, whole, sym_object(b));
}

/* Read from memory, where another name may lead as well. */
static bool is_behind(const struct sym *object)
{
	return sym_object(object)->kind == SYM_LOAD;
}

/* The address that an argument of the call was read from; NULL: it was not read here. */
static const struct sym *read_from(struct sim *sim, struct state *st, const struct insn *in, int arg)
{
	const struct insn *load = in->args[arg].kind == ARG_INSN ? &sim->fn->insns[in->args[arg].n] : NULL;

	return load && load->op == OP_LOAD ? sim_address(sim, st, load) : NULL;
}

/* Is what is put read from where the path has stored the object? A callee may have written there, or been merged with one. */
static bool was_stored_there(struct sim *sim, struct state *st, const struct sym *object, const struct insn *in)
{
	for (int i = 1; i < in->narg; i++) {
		const struct sym *from = read_from(sim, st, in, i);

		for (const struct trace *t = st->trace; from && t; t = t->prev)
			if (t->kind == STEP_STORE && t->target == from && sym_object(t->object) == sym_object(object))
				return true;
	}
	return false;
}

/*
 * A put of what we hold nothing on, by that name. It may be an object of ours by another name: one that somebody
 * else gave us, or what a lookup gave and is reached again by way of something that hangs on it. Is it known to be one?
 */
static bool put_by_another_name(struct sim *sim, struct state *st, const struct ref *put, const struct insn *in)
{
	bool is_known = false;

	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];
		bool is_same;

		if (r->count <= 0 || r->kind != put->kind)
			continue;
		is_same = is_equal(sim, st, r->object, put->object);
		is_known |= is_same;
		if ((!r->found && (is_behind(r->object) || is_behind(put->object))) ||
		    sym_contains(put->object, sym_object(r->object)) || is_same || was_stored_there(sim, st, r->object, in))
			reference_hand_on(sim, st, r->object, in->at);
	}
	return is_known;
}

/* The put by which it was given back before, by way of a member or of the whole. */
static const struct dead *find_put(const struct state *st, const struct ref *r)
{
	for (int i = 0; st->dead && i < st->dead->n; i++) {
		const struct dead *d = &st->dead->items[i];

		if (d->by_put && d->kind == r->kind && sym_object(d->lock) == sym_object(r->object))
			return d;
	}
	return NULL;
}

static void report_again(struct sim *sim, struct state *st, const struct ref *r, const struct dead *d,
			 const struct insn *in, const char *callee, const struct trace *inner)
{
	struct candidate c = {
		.kind = FACT_REF_PUT_AGAIN, .at = in->at, .object = r->object, .class_name = r->kind,
		.kind_name = r->kind, .function = d->function, .origin = d->began, .is_warned = st->is_warned,
	};

	step_count(sim, st, STEP_FAULT, r, in, callee, inner);
	c.trace = st->trace;
	sim_candidate(sim, &c);
}

/* Is it read from an array? Each turn of a loop finds another there, whatever is known of one. */
static bool is_from_array(struct sim *sim, struct state *st, const struct insn *in)
{
	for (int i = 1; i < in->narg; i++) {
		const struct sym *from = read_from(sim, st, in, i);

		if (from && (from->is_set || sym_object(from)->kind == SYM_ELEM))
			return true;
	}
	return false;
}

/* Put a second time in the same breath, by whoever wrote it: one for the lookup, and one for somebody who has ended. */
static bool is_put_twice(const struct sim *sim, const struct state *st, const struct ref *r, const struct insn *in)
{
	const struct trace *last = st->trace;

	if (!last || last->kind != STEP_PUT || last->inner || sym_object(last->object) != sym_object(r->object))
		return false;
	for (const struct insn *before = in; before > sim->fn->insns; ) {
		before--;
		if (before->op == OP_CALL)
			return before->args[0].kind == ARG_FUNC && before->args[0].name == in->args[0].name;
		if (before->op == OP_STORE || flow_is_terminator(before->op))
			return false;
	}
	return false;
}

/*
 * What a callee gives back in some cases only may be a reference that it has found elsewhere; not so where it fails,
 * and undoes what its caller has begun.
 */
static bool is_known_to_put(const struct scase *c, const struct summary *s, const struct sym *object)
{
	if (!(c->ret_mask & ~(unsigned)MASK_NEGATIVE))
		return true;
	for (int i = 0; i < s->ncase; i++) {
		const struct scase *o = &s->cases[i];
		bool puts = false;

		for (int k = 0; o->refs && k < o->refs->n; k++)
			puts |= sym_object(o->refs->items[k].object) == object && o->refs->items[k].count < 0;
		for (int k = 0; k < o->nrange; k++)
			puts |= o->ranges[k].s == object && !(o->ranges[k].mask & MASK_VALID);
		if (!puts)
			return false;
	}
	return true;
}

/* Can callers tell one from the other: by the result, or by what they have given? */
static bool is_told_apart(const struct scase *a, const struct scase *b)
{
	if (!(a->ret_mask & b->ret_mask) || a->ncond || b->ncond)
		return true;
	for (int i = 0; i < a->nrange; i++)
		for (int k = 0; k < b->nrange; k++) {
			const struct range *x = &a->ranges[i], *y = &b->ranges[k];

			if (x->s == y->s && (!(x->mask & y->mask) || (x->is_known && y->is_known && x->value != y->value)))
				return true;
		}
	return false;
}

/* Does the case leave a pointer to the object where callers find it? */
static bool shows_object(const struct scase *c, const struct sym *object)
{
	bool shows = c->ret && sym_object(c->ret) == object;

	for (int i = 0; i < c->ncell && !shows; i++)
		shows = sym_object(c->cells[i].value) == object;
	return shows;
}

/*
 * What a callee takes on its caller's object in some cases only, and nobody outside can tell which, it takes for itself:
 * for a timer that it has set, and gives back by itself.
 */
static bool is_callees_own(const struct scase *c, const struct summary *s, const struct ref *r, const struct sym *object)
{
	if (r->count <= 0 || r->found || shows_object(c, object))
		return false;
	for (int i = 0; i < s->ncase; i++) {
		const struct scase *o = &s->cases[i];
		bool takes = false;

		for (int k = 0; o->refs && k < o->refs->n; k++)
			takes |= sym_object(o->refs->items[k].object) == object && o->refs->items[k].count > 0;
		if (!takes && !is_told_apart(c, o))
			return true;
	}
	return false;
}

void reference_apply(struct sim *sim, struct state *st, const struct ref *r, const struct insn *in,
		     const struct summary *s, const struct scase *c, const struct sym *inner_object, const char *callee)
{
	if (is_callees_own(c, s, r, sym_object(inner_object))) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, in->at);
		return;
	}
	if (r->count < 0 && !is_known_to_put(c, s, sym_object(inner_object)))
		reference_hand_on(sim, st, r->object, in->at);
	reference_count(sim, st, r, r->count, in, callee, c->trace);
}

/* A lookup gives back the reference that it starts from, and nobody has taken one: it is that of the object's maker. */
static void report_others(struct sim *sim, struct state *st, const struct ref *r, const struct insn *in)
{
	struct candidate c = {
		.kind = FACT_REF_PUT_OTHERS, .at = in->at, .object = r->object, .class_name = r->kind,
		.kind_name = r->kind, .function = sim->callee, .origin = in->at, .is_warned = st->is_warned,
	};

	step_count(sim, st, STEP_FAULT, r, in, sim->callee, NULL);
	c.trace = st->trace;
	sim_candidate(sim, &c);
}

void reference_drop(struct sim *sim, struct state *st, const struct ref *r, const struct insn *in)
{
	if (r->object->kind == SYM_LOAD && !state_find_ref(st, r->object) && borrow_is_home(sim, r->object->a))
		report_others(sim, st, r, in);
	reference_count(sim, st, r, -1, in, sim->callee, NULL);
}

/* The only reference that is known of is gone. Nothing is said of what somebody else can reach. */
static void end_borrow(struct sim *sim, struct state *st, const struct ref *r, const char *callee)
{
	struct dead d = {
		.root = sym_object(r->object), .by_put = true, .kind = r->kind, .function = callee, .spanned = st->locks,
		.lock = r->object,
	};

	if (!r->found || r->born || r->handed_on || !r->got || r->object->is_set || d.root->kind != SYM_NEW ||
	    leak_whereabouts(sim, st, r->object) != WITH_US)
		return;
	d.began = r->got->at;
	state_add_dead(&sim->pool, st, &d);
}

void reference_count(struct sim *sim, struct state *st, const struct ref *r, int count, const struct insn *in,
		     const char *callee, const struct trace *inner)
{
	const struct ref *old = state_find_ref(st, r->object);
	struct ref now = old ? *old : *r;
	const struct dead *d = count < 0 && (!old || (!old->count && !old->handed_on)) ? find_put(st, r) : NULL;
	bool undoes = count < 0 && inner && callee && model_name_says(sim->an->options->model, callee, NAME_UNDOES);

	if (!(state_mask(st, r->object) & MASK_VALID))
		return;
	/* Counted in two ways, of which one is followed. */
	if (old && old->count > 0 && count > 0 && old->kind != r->kind)
		return;
	if (!old) {
		now.count = 0;
		now.site = sim_site(sim, in);
		now.got = NULL;
	}
	sim->has_puts |= count < 0;
	if (count < 0)
		stored_put(sim, r->object, in->at);
	if (count < 0 && now.count <= 0 && !d)
		now.handed_on |= put_by_another_name(sim, st, r, in);
	if (count < 0 && now.count > 0 && now.count + count <= 0)
		sim->site_flags[now.site] |= SITE_RELEASED;
	if (count < 0 && now.count > 0)
		loop_put(sim, now.site, sim_site(sim, in));
	if (d && (undoes || is_from_array(sim, st, in) || is_put_twice(sim, st, r, in))) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, in->at);
		return;
	}
	if (d) {
		report_again(sim, st, r, d, in, callee, inner);
		return;
	}
	now.count += count;
	now.found |= r->found;
	now.born |= r->born;
	now.handed_on |= r->handed_on;
	state_put_ref(&sim->pool, st, &now);
	step_count(sim, st, count < 0 ? STEP_PUT : r->found && !r->born ? STEP_FIND : STEP_GET, r, in, callee, inner);
	if (now.count > 0 && !now.got) {
		now.got = st->trace;
		state_put_ref(&sim->pool, st, &now);
	}
	if (count < 0 && !now.count && !undoes)
		end_borrow(sim, st, &now, callee);
}

/* Does a callback, run later, give a reference back? Of one that is not known, all is possible. */
static bool callback_puts(const struct sim *sim, const struct sym *func)
{
	const struct node *n = sim_body(sim, func, false);
	const struct summary *s = n ? node_summary(n) : NULL;

	return !s || s->is_unknown || s->has_puts;
}

/* Object, and what is stored in it. */
static void hand_on_all(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	reference_hand_on(sim, st, object, at);
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == object)
			reference_hand_on(sim, st, st->cells[i].value, at);
}

/*
 * What could not be registered is given to a callee that gives references back: it may be its destructor. One that
 * was not read is held to be that if it is given the whole of which the object is a member.
 */
static void hand_on_born(struct sim *sim, struct state *st, const struct sym *object, bool is_read, struct place at)
{
	const struct ref *r = state_find_ref(st, object);

	if (r && r->born && (is_read || (object->kind != SYM_ADDR && r->object != object)))
		reference_hand_on(sim, st, object, at);
}

/* What was not found here, and hangs on an object that is passed on: the callee may look after it. */
static void hand_on_behind(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	if (object->kind == SYM_INT)
		return;
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];

		if (!r->found && sym_object(r->object) != object && sym_contains(r->object, object))
			reference_hand_on(sim, st, r->object, at);
	}
}

void reference_manage(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	hand_on_all(sim, st, object, at);
	hand_on_behind(sim, st, object, at);
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == object && sym_object(st->cells[i].value) != object)
			st->keeps |= state_uncounted_bit(st, &st->cells[i]);
}

/* A callback that gives references back may do so for what is passed beside it (devm actions, work items). */
void reference_pass(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s)
{
	bool releases = false;

	for (int i = 1; i < in->narg; i++) {
		const struct sym *arg = sim_eval(sim, st, &in->args[i]);

		if (arg->kind == SYM_FUNC && !(s && i <= 32 && s->calls_params & 1u << (i - 1)))
			releases |= callback_puts(sim, arg);
	}
	for (int i = 1; i < in->narg; i++) {
		const struct sym *arg = sim_eval(sim, st, &in->args[i]);

		if (!s && borrow_ended(sim, st, arg))
			unsure(sim->an, UNSURE_BORROW_PASSED, in->at);
		if (releases && arg->kind != SYM_INT && arg->kind != SYM_FUNC) {
			hand_on_all(sim, st, sym_object(arg), in->at);
			st->keeps |= state_keeps_bit(sym_object(arg));
			stored_put(sim, arg, in->at);
		}
		if (!s || s->has_puts)
			hand_on_born(sim, st, arg, s != NULL, in->at);
		if (!s)
			hand_on_behind(sim, st, sym_object(arg), in->at);
	}
}

void reference_learn(struct sim *sim, struct state *st, const struct sym *c, struct place at)
{
	const struct ref *a, *b;

	for (; c->kind == SYM_ALL; c = c->a)
		reference_learn(sim, st, c->b, at);
	if (c->kind != SYM_CMP || c->sub != CMP_EQ || c->b->kind == SYM_INT || !st->refs)
		return;
	a = state_find_ref(st, c->a);
	b = state_find_ref(st, c->b);
	if (a && b && a != b && a->count + b->count <= 0)
		reference_hand_on(sim, st, a->count > 0 ? a->object : b->object, at);
}

void reference_free(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	const struct sym *gone = sym_int(&sim->syms, 0);

	if (object->kind != SYM_NEW)
		return;
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == object)
			state_store(&sim->pool, st, st->cells[i].addr, gone, at, sim->fn->name);
}
