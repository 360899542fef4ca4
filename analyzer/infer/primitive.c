// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a model says a call does. Entry: primitive_apply(), which sets the call's value,
 * forks where the effect depends on it (trylock, interruptible), and lets the effects
 * happen in the order the model gives them. primitive_take() and primitive_release() are
 * also how a callee's summary acts on its caller.
 */
#include "infer/prove.h"

enum { ORDINAL_FOUND = 50 };

static void report_again(struct sim *sim, struct state *st, const struct lock_event *e, const struct held *old,
			 enum fact_kind kind)
{
	struct trace *t = state_step(&sim->pool, st, STEP_FAULT, e->at, sim->fn->name);
	struct candidate c = {
		.kind = kind, .at = e->at, .object = e->lock, .class_name = sym_class(e->lock, e->kind),
		.kind_name = e->kind, .function = e->callee, .trace = t, .is_warned = st->is_warned || e->is_guess,
		.is_inferred = e->is_guess,
	};

	t->callee = e->callee;
	t->object = e->lock;
	t->what = e->kind;
	t->inner = e->inner;
	if (old->taken)
		c.origin = old->taken->at;
	sim_candidate(sim, &c);
}

static struct trace *step_lock(struct sim *sim, struct state *st, enum step_kind kind, const struct lock_event *e)
{
	struct trace *t = state_step(&sim->pool, st, kind, e->at, sim->fn->name);

	t->callee = e->callee;
	t->object = e->lock;
	t->what = e->kind;
	t->inner = e->inner;
	return t;
}

/* The class of a lock that an earlier turn of an iteration left held is taken by this one. */
static void check_turns(struct sim *sim, struct state *st, const struct lock_event *e)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];

		if (!h.by_turn || h.state != LOCK_HELD || h.kind != e->kind || h.lock == e->lock || e->nested || e->try)
			continue;
		if (sym_class(h.lock, h.kind) != sym_class(e->lock, e->kind))
			continue;
		if (model_has_contexts(sim->an->options->model, e->kind))
			continue;
		report_again(sim, st, e, &h, FACT_LOCK_TAKEN_AGAIN_BY_TURN);
		return;
	}
}

/* Of one kind, and maybe of one class: where the class of one is not known nothing tells them apart. */
static bool is_like(const struct held *h, const struct lock_event *e)
{
	const char *mine = sym_class(h->lock, h->kind), *its = sym_class(e->lock, e->kind);

	if (e->lock->kind == SYM_GLOBAL)	/* or what is first in a variable */
		its = e->kind;
	return h->kind == e->kind && h->lock != e->lock && (mine == its || mine == h->kind || its == e->kind);
}

/*
 * Taken by a name that says little: of two that were swapped, of what a callee has chosen. It may be a lock that
 * was released before, by the name it had then.
 */
static void doubt_likes(struct sim *sim, struct state *st, const struct lock_event *e)
{
	if (sym_is_outer(e->lock) && !e->lock->is_set)
		return;
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];

		if ((h.state != LOCK_FREE && h.state != LOCK_DROPPED) || h.is_vague || h.is_doubted || !is_like(&h, e))
			continue;
		h.is_doubted = true;
		h.is_vague = h.state == LOCK_DROPPED;
		state_put_lock(&sim->pool, st, &h);
	}
}

void primitive_take(struct sim *sim, struct state *st, const struct lock_event *e)
{
	const struct held *old = state_find_lock(st, e->lock, e->kind);
	struct held h = {
		.lock = e->lock, .kind = e->kind, .mode = e->mode, .state = LOCK_HELD, .count = 1,
		.is_vague = e->is_vague, .is_try = e->try, .is_recursive = e->recursive, .hops = e->hops, .site = e->site,
	};

	state_restrict(&sim->pool, st, sym_object(e->lock), MASK_VALID);	/* nobody locks through NULL */
	check_turns(sim, st, e);
	if (sim->proof)
		prove_take(sim, st, e);
	if (old && (old->state == LOCK_HELD || old->state == LOCK_ASSERTED)) {
		h = *old;
		bool both_read = e->mode == LOCK_SHARED && old->mode == LOCK_SHARED, is_doubted = e->is_vague;

		/* Two readers, and a writer that came in between waits for one and is waited for by the other. */
		if (!e->recursive && !e->try && !e->lock->is_set && !old->is_vague && !e->is_vague) {
			is_doubted = doubt_again(sim, e, old);
			if (!is_doubted)
				report_again(sim, st, e, old, FACT_LOCK_TAKEN_AGAIN);
		}
		/* In doubt it was released before. */
		h.count += (e->recursive && !e->is_vague) || (both_read && !is_doubted);
		h.is_vague |= e->is_vague || (!e->recursive && !(both_read && e->try));
		state_put_lock(&sim->pool, st, &h);
		return;
	}
	if (old && old->state == LOCK_DROPPED) {
		h.state = LOCK_ASSERTED;	/* the caller's again */
		h.is_doubted = false;
		state_put_lock(&sim->pool, st, &h);
		step_lock(sim, st, STEP_LOCK, e);
		return;
	}
	if (sym_is_outer(e->lock) && !e->try && !e->recursive && !e->is_last && !st->is_last)
		state_add_take(&sim->pool, st, &h);
	doubt_likes(sim, st, e);
	state_put_lock(&sim->pool, st, &h);
	h.taken = step_lock(sim, st, STEP_LOCK, e);
	state_put_lock(&sim->pool, st, &h);
}

/*
 * A lock of that class was taken on the path under a name that may well mean the same lock: what is released is that
 * one. Its index, or -1.
 */
static int find_alias(const struct state *st, const struct lock_event *e)
{
	const char *class_name = sym_class(e->lock, e->kind);

	for (int i = 0; class_name != e->kind && st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->state == LOCK_HELD && h->kind == e->kind && h->lock != e->lock &&
		    sym_class(h->lock, h->kind) == class_name && (!sym_is_outer(h->lock) || h->lock->is_set))
			return i;
	}
	return -1;
}

/* A callee has taken a lock of that kind which it could not name: it may be the one that is released. Its index, or -1. */
static int find_nameless(const struct state *st, const struct lock_event *e)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].state == LOCK_HELD && st->locks->items[i].kind == e->kind && st->locks->items[i].hops)
			return i;
	return -1;
}

/* It is free, and nothing is said of it any more. */
static struct held free_alias(struct sim *sim, struct state *st, const struct lock_event *e, int i)
{
	struct held h = st->locks->items[i];

	unsure(sim->an, UNSURE_LOCK_NAME, e->at);
	if (h.site >= 0)
		sim->site_flags[h.site] |= SITE_RELEASED;
	h.state = LOCK_FREE;
	h.is_vague = true;
	state_put_lock(&sim->pool, st, &h);
	return h;
}

static void release_alias(struct sim *sim, struct state *st, const struct lock_event *e, int i)
{
	struct held h = free_alias(sim, st, e, i);

	h.taken = step_lock(sim, st, STEP_UNLOCK, e);
	state_put_lock(&sim->pool, st, &h);
}

/*
 * Released, and not taken on this path: the caller's, or one that this path has taken by another name, which may be
 * the same. Nothing is said of that one any more.
 */
static bool is_release_of_like(struct sim *sim, struct state *st, const struct lock_event *e)
{
	int alias = find_alias(st, e);
	bool any = alias >= 0;

	if (any)
		free_alias(sim, st, e, alias);
	for (int i = 0; !any && st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i];

		if (h.state != LOCK_HELD || h.is_vague || !is_like(&h, e))
			continue;
		unsure(sim->an, UNSURE_LOCK_NAME, e->at);
		h.is_vague = any = true;
		state_put_lock(&sim->pool, st, &h);
	}
	return any;
}

static void report_unheld(struct sim *sim, struct state *st, const struct lock_event *e, const struct held *old)
{
	struct trace *t = step_lock(sim, st, STEP_FAULT, e);
	struct candidate c = {
		.kind = FACT_UNLOCK_UNHELD, .at = e->at, .object = e->lock,
		.class_name = sym_class(e->lock, e->kind), .kind_name = e->kind, .function = e->callee,
		.origin = old->taken ? old->taken->at : e->at, .trace = t, .is_warned = st->is_warned,
	};

	sim_candidate(sim, &c);
}

static bool is_read_from_memory(const struct sym *s)
{
	while (s && s->kind != SYM_LOAD)
		s = s->a;
	return s != NULL;
}

/* A loop that releases the lock of what it finds in memory: the next turn finds another object there, as a rule. */
static bool is_of_another_turn(struct sim *sim, const struct held *old, const struct lock_event *e)
{
	return (is_read_from_memory(e->lock) || loop_changes(sim, e->site, e->arg)) && old->taken && old->taken->kind == STEP_UNLOCK && old->taken->at.line == e->at.line &&
	       old->taken->at.col == e->at.col && old->taken->at.file == e->at.file;
}

void primitive_release(struct sim *sim, struct state *st, const struct lock_event *e)
{
	const struct held *old = state_find_lock(st, e->lock, e->kind);
	struct held h = {
		.lock = e->lock, .kind = e->kind, .mode = e->mode, .state = LOCK_DROPPED, .count = 1,
		.is_vague = e->is_vague, .is_recursive = e->recursive, .site = -1,
	};
	const struct trace *t;

	handed_released(sim, old, e);
	if (!old && !e->is_vague)
		doubt_released(sim, e);
	if (!old)
		h.is_vague |= is_release_of_like(sim, st, e);
	if (old) {
		h = *old;
		if (old->state == LOCK_HELD && old->count > 1) {
			h.count--;
			state_put_lock(&sim->pool, st, &h);
			return;
		}
		/*
		 * The caller's may be taken twice if it can be shared: a second release is none too many. How that of an object
		 * is held which this function has come by, nobody knows: it may have been made so.
		 */
		if ((old->state == LOCK_FREE ||
		     (old->state == LOCK_DROPPED && e->mode == LOCK_EXCLUSIVE && sym_is_outer(e->lock))) &&
		    !old->is_vague && !old->is_doubted && !e->is_vague && !e->is_maybe && !e->lock->is_set && !e->recursive) {
			int alias = find_alias(st, e);

			if (alias < 0)
				alias = find_nameless(st, e);
			if (alias >= 0) {
				release_alias(sim, st, e, alias);
				return;
			}
			if (is_of_another_turn(sim, old, e))
				unsure(sim->an, UNSURE_LOCK_SET, e->at);
			else
				report_unheld(sim, st, e, old);
		}
		if (old->state == LOCK_HELD && old->site >= 0) {
			sim->site_flags[old->site] |= SITE_RELEASED;
			doubt_note_release(sim, old->site, e->site);
			if (e->site >= 0)
				loop_release(sim, old->site, e->site);
		}
		if (old->state == LOCK_HELD && old->passed && old->site >= 0)
			sim->site_flags[old->site] |= SITE_KEPT;
		h.is_vague |= e->is_vague;
		h.kind = e->kind;	/* an assertion does not say which */
		h.is_doubted = old->state == LOCK_HELD && old->is_met;
		h.state = old->state == LOCK_ASSERTED || old->state == LOCK_DROPPED ? LOCK_DROPPED : LOCK_FREE;
	}
	state_put_lock(&sim->pool, st, &h);
	t = step_lock(sim, st, STEP_UNLOCK, e);
	h.taken = t;
	state_put_lock(&sim->pool, st, &h);
	borrow_unlock(sim, st, e->lock, t);
	section_end(sim, st, e->lock, e->kind, t);
}

static const struct sym *argument(struct sim *sim, struct state *st, const struct insn *in, int arg)
{
	if (arg == MODEL_RET)
		return st->env[sim_site(sim, in)];
	if (arg < 0 || arg + 1 >= in->narg)
		return NULL;
	return state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[arg + 1]));
}

/* Without an owner there is nobody to refuse it. */
static bool cannot_fail(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *owner = e->sure_unowned ? argument(sim, st, in, e->owner_arg) : NULL;

	return owner && state_truth(st, owner) == 0;
}

/* Split st on the call's result; the part where the effect does not happen goes on by itself. */
static bool split_on_result(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	static const unsigned happens[] = {
		[WHEN_ALWAYS] = MASK_ANY, [WHEN_ZERO] = MASK_ZERO, [WHEN_NONZERO] = MASK_ANY & ~MASK_ZERO,
		[WHEN_NONNEGATIVE] = MASK_ZERO | MASK_POSITIVE, [WHEN_NEGATIVE] = MASK_ERROR,
		[WHEN_VALID] = MASK_VALID,
	};
	const struct sym *ret = st->env[sim_site(sim, in)];
	enum effect_when when = e->when;
	struct state *other;

	if (when == WHEN_ALWAYS || !ret)
		return true;
	if (cannot_fail(sim, st, in, e))
		return state_restrict(&sim->pool, st, ret, happens[when]);
	other = state_copy(&sim->pool, st);
	st->by_result = other->by_result = true;
	/* What fails says so with an error number, if not with 0. */
	if (state_restrict(&sim->pool, other, ret, MASK_ANY & ~happens[when] &
						   (when == WHEN_ZERO ? MASK_ERROR : when == WHEN_NEGATIVE ? MASK_ZERO : MASK_ANY)))
		sim_continue(sim, other);
	else
		state_free(&sim->pool, other);
	return state_restrict(&sim->pool, st, ret, happens[when]);
}

static struct lock_event lock_event(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *lock = e->arg == MODEL_NONE ? sym_global(&sim->syms, e->what) : argument(sim, st, in, e->arg);
	const struct sym *subclass = e->nested_arg >= 0 ? argument(sim, st, in, e->nested_arg) : NULL;
	const struct sym *owner = e->owner_arg >= 0 ? argument(sim, st, in, e->owner_arg) : NULL;
	bool is_owned = owner && state_truth(st, owner) == 1;

	return (struct lock_event){
		.lock = lock, .kind = e->what, .mode = e->mode, .try = e->try,
		.nested = e->nested || is_owned || (subclass && !(subclass->kind == SYM_INT && !subclass->value)),
		.recursive = e->recursive, .is_vague = e->counting || is_owned,
		.is_last = e->when == WHEN_NONZERO && !e->try, .callee = sim->callee, .at = in->at, .site = sim_site(sim, in),
		.arg = e->arg >= 0 ? e->arg + 1 : 0,
	};
}

static void apply_assert(struct sim *sim, struct state *st, const struct lock_event *e)
{
	struct held h = {
		.lock = e->lock, .kind = e->kind, .mode = e->mode, .state = LOCK_ASSERTED, .count = 1, .site = -1,
	};

	if (sim->proof)
		prove_assert(sim, st, e->lock, e->at);
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].lock == e->lock && st->locks->items[i].state != LOCK_FREE)
			return;		/* held already: the assertion's kind is any */
	if (!state_find_lock(st, e->lock, e->kind))
		state_put_lock(&sim->pool, st, &h);
}

static void apply_downgrade(struct sim *sim, struct state *st, const struct lock_event *e)
{
	const struct held *old = state_find_lock(st, e->lock, e->kind);
	struct held h;

	if (!old)
		return;
	h = *old;
	h.mode = LOCK_SHARED;
	state_put_lock(&sim->pool, st, &h);
}

static void apply_lock_effect(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	struct lock_event ev = lock_event(sim, st, in, e);

	if (!ev.lock)
		return;
	if (e->arg != MODEL_NONE)
		borrow_use(sim, st, ev.lock, NULL, NULL, in->at);
	switch (e->kind) {
	case EFFECT_TAKE:
		held_take(sim, st, &ev);
		primitive_take(sim, st, &ev);
		break;
	case EFFECT_RELEASE: primitive_release(sim, st, &ev); break;
	case EFFECT_DOWNGRADE: apply_downgrade(sim, st, &ev); break;
	default: apply_assert(sim, st, &ev); break;
	}
}

/* What a lookup gives: its result, or what it has put in memory. */
static const struct sym *found_object(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *addr = argument(sim, st, in, e->arg), *object;

	if (e->arg == MODEL_RET || !addr || addr->kind == SYM_INT)
		return e->arg == MODEL_RET ? addr : NULL;
	object = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_FOUND, st->turn, NULL);
	state_restrict(&sim->pool, st, object, MASK_VALID);
	state_store(&sim->pool, st, addr, object, in->at, sim->fn->name);
	return object;
}

static void apply_reference(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *object = e->kind == EFFECT_FIND ? found_object(sim, st, in, e) : argument(sim, st, in, e->arg);
	struct ref r = {.object = object, .kind = e->what, .found = (e->kind == EFFECT_FIND && !e->lasting) || e->kind == EFFECT_LEAVE,
			.born = e->kind == EFFECT_LEAVE, .handed_on = e->counting};
	const char *callee = sim->callee;

	if (!object || !(state_mask(st, object) & MASK_VALID))
		return;
	/* Nobody counts in a member of what is no object. */
	if (object->kind == SYM_ADDR && !state_restrict(&sim->pool, st, sym_object(object), MASK_VALID))
		return;
	if (e->kind == EFFECT_GET)
		borrow_use(sim, st, object, NULL, NULL, in->at);
	else if (e->kind == EFFECT_PUT)
		borrow_put(sim, st, object, in->at);
	reference_count(sim, st, &r, e->kind == EFFECT_PUT ? -1 : 1, in, callee, NULL);
}

/* An iterator drops the element it is given, whether it finds another or not. */
static void drop_previous(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *from = e->from_arg >= 0 ? argument(sim, st, in, e->from_arg) : NULL;
	struct ref given = {.object = from, .kind = e->what};

	if (from && (state_mask(st, from) & MASK_VALID))
		reference_drop(sim, st, &given, in);
}

/* What is referred to is somebody else's from now on, or gone. */
static void apply_end(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *v = argument(sim, st, in, e->arg);

	if (!v)
		return;
	if (e->kind == EFFECT_OWN)
		reference_hand_on(sim, st, v, in->at);
	else if (e->kind == EFFECT_MANAGE)
		reference_manage(sim, st, sym_object(v), in->at);
	else
		reference_free(sim, st, v, in->at);
}

static void apply_effect(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_TAKE: case EFFECT_RELEASE: case EFFECT_DOWNGRADE: case EFFECT_ASSERT:
		apply_lock_effect(sim, st, in, e);
		break;
	case EFFECT_GET: case EFFECT_PUT: case EFFECT_FIND: case EFFECT_LEAVE:
		apply_reference(sim, st, in, e);
		break;
	case EFFECT_OWN: case EFFECT_FREE: case EFFECT_MANAGE:
		apply_end(sim, st, in, e);
		break;
	case EFFECT_ERROR: {
		const struct sym *v = argument(sim, st, in, e->arg);

		st->env[sim_site(sim, in)] = v;
		state_restrict(&sim->pool, st, v, MASK_ERROR | MASK_ZERO);
		break;
	}
	case EFFECT_ALLOC: case EFFECT_ALLOC_MANAGED:
		state_restrict(&sim->pool, st, argument(sim, st, in, MODEL_RET), MASK_ZERO | MASK_VALID);
		break;
	case EFFECT_STORE: {
		const struct sym *v = argument(sim, st, in, e->arg);

		if (v && v->kind != SYM_INT)
			state_store(&sim->pool, st, sym_global(&sim->syms, sim->callee), v, in->at, sim->fn->name);
		break;
	}
	case EFFECT_WARN:
		st->is_warned = true;
		break;
	case EFFECT_WAIT:
		held_wait(sim, st, in, e->arg, e->what);
		break;
	case EFFECT_SETUP:
		held_setup(sim, st, in, e->arg, e->callback, e->what);
		break;
	case EFFECT_LAST:
		st->is_last = true;
		break;
	case EFFECT_BALANCED:
		if (e->arg >= 0 && argument(sim, st, in, e->arg))
			borrow_use(sim, st, argument(sim, st, in, e->arg), NULL, NULL, in->at);
		break;
	case EFFECT_KEEP:
		if (argument(sim, st, in, e->arg)) {
			borrow_use(sim, st, argument(sim, st, in, e->arg), NULL, NULL, in->at);
			borrow_keep(sim, st, argument(sim, st, in, e->arg), in->at);
		}
		break;
	case EFFECT_TAKE_OUT:
		section_take_out(sim, st);
		break;
	case EFFECT_LEND: case EFFECT_LEND_LIKELY: {
		const struct sym *v = argument(sim, st, in, MODEL_RET);

		if (state_mask(st, v) & MASK_VALID)
			section_lend(sim, st, v, e->kind == EFFECT_LEND ? LENT_KNOWN : LENT_LIKELY);
		break;
	}
	case EFFECT_NOT_NULL:
		state_restrict(&sim->pool, st, argument(sim, st, in, MODEL_RET), MASK_ANY & ~MASK_ZERO);
		break;
	default:
		break;
	}
}

/* What the call gives back: an argument, what the body says, or an unknown. */
static void set_result(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
		       struct node *body)
{
	int site = sim_site(sim, in);
	const struct sym *v = m->returns >= 0 ? argument(sim, st, in, m->returns) : NULL;
	const struct summary *s = !v && body ? node_summary(body) : NULL;

	if (!v && s && s->ncase == 1 && s->cases[0].ret && s->cases[0].ret->kind == SYM_PARAM)
		v = argument(sim, st, in, (int)s->cases[0].ret->value);
	if (!v && s && !m->opaque)
		v = apply_result_of(sim, st, in, body);
	if (v && v->is_set && (model_does(m, EFFECT_LEND) || model_does(m, EFFECT_LEND_LIKELY)))
		v = NULL;	/* one of many: which one is not known, but that it is one */
	st->env[site] = v ? v : sym_new(&sim->syms, site, ORDINAL_RESULT, st->turn, in->name);
}

/* Whether an owner is given decides what a lock means: try both, if it is open. */
static void split_on_owner(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m)
{
	for (int i = 0; i < m->neffect; i++) {
		int arg = m->effects[i].owner_arg;
		const struct sym *owner = arg >= 0 ? argument(sim, st, in, arg) : NULL;
		struct state *other;

		if (!owner || state_truth(st, owner) >= 0)
			continue;
		other = state_copy(&sim->pool, st);
		state_assume(&sim->pool, other, owner, true);
		state_push_cond(&sim->pool, other, owner);
		primitive_effects(sim, other, in, m);
		state_assume(&sim->pool, st, owner, false);
		state_push_cond(&sim->pool, st, sym_not(&sim->syms, owner));
	}
}

/* Who may have to wait asleep for a lock sleeps, whether it is taken then or not. */
static void apply_sleep(struct sim *sim, struct state *st, const struct insn *in, const struct effect *e)
{
	const struct sym *arg = e->bits ? argument(sim, st, in, e->arg) : NULL;

	if (e->kind == EFFECT_SLEEP && (!e->bits || arg))
		sleep_call(sim, st, in, arg ? sym_bin(&sim->syms, BIN_AND, arg, sym_int(&sim->syms, e->bits)) : NULL);
	else if (e->kind == EFFECT_TAKE && !e->try && e->when != WHEN_NONZERO &&
		 model_wait(sim->an->options->model, e->what) == WAIT_ASLEEP)
		sleep_call(sim, st, in, NULL);
}

void primitive_effects(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m)
{
	split_on_owner(sim, st, in, m);
	for (int i = 0; i < m->neffect; i++) {
		const struct effect *e = &m->effects[i];

		drop_previous(sim, st, in, e);
		apply_sleep(sim, st, in, e);
		if (e->kind == EFFECT_NORETURN || !split_on_result(sim, st, in, e)) {
			state_free(&sim->pool, st);
			return;
		}
		apply_effect(sim, st, in, e);
	}
	sim_continue(sim, st);
}

void primitive_apply(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
		     struct node *body)
{
	set_result(sim, st, in, m, body);
	primitive_effects(sim, st, in, m);
}
