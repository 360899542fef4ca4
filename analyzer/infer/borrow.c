// SPDX-License-Identifier: GPL-2.0-only
/*
 * Borrows. A borrow begins with an element of an iteration, with a pointer found behind a
 * field that a lock guards, or with a lookup; it ends with the callback's turn, with the
 * unlock, or with the put of what was looked up. Only the end is recorded (struct dead):
 * from then on every use of the object is looked at. A counted reference held on it keeps its memory, and only that.
 */
#include "infer/simulate.h"

#include <string.h>

#define LOADS_BEHIND_GUARD 2	/* list entry, and what the entry points to */
#define OWNED_LINKS 3		/* owners of owners */

enum { ORDINAL_AFTER_UNLOCK = 950 };

/* The object that has the field which object was read from, and looks after it; or NULL. */
static const struct sym *owner_of(const struct sim *sim, const struct sym *object)
{
	const struct sym *addr = object->kind == SYM_LOAD ? object->a : NULL;

	if (!addr)
		return NULL;
	if (addr->kind == SYM_ADDR)
		return model_is_owned(sim->an->options->model, addr->struct_name, addr->field) ? addr->a : NULL;
	return model_is_owned(sim->an->options->model, addr->first_struct, addr->first) ? addr : NULL;
}

/* The object that ended, or something that it looked after. */
static bool is_same_or_owned(const struct sim *sim, const struct sym *object, const struct sym *root)
{
	for (int i = 0; object && i <= OWNED_LINKS; i++, object = owner_of(sim, object))
		if (object == root)
			return true;
	return false;
}

static bool is_same_or_behind(const struct sim *sim, const struct sym *object, const struct dead *d)
{
	if (object == d->root)
		return true;
	if (!d->by_unlock)
		return !d->by_put && is_same_or_owned(sim, object, d->root);
	for (int i = 0; i < LOADS_BEHIND_GUARD && object->kind == SYM_LOAD; i++) {
		object = sym_object(object->a);
		if (object == d->root)
			return true;
	}
	return false;
}

/* A lock held from before the iteration until now may be what keeps it. */
static bool is_spanned(const struct state *st, const struct dead *d)
{
	for (int i = 0; d->spanned && i < d->spanned->n; i++) {
		const struct held *h = &d->spanned->items[i], *now = state_find_lock(st, h->lock, h->kind);

		if ((h->state == LOCK_HELD || h->state == LOCK_ASSERTED) && now && now->state == h->state)
			return true;
	}
	return false;
}

static const struct dead *find_dead(const struct sim *sim, const struct state *st, const struct sym *pointer)
{
	const struct sym *object = sym_object(pointer);

	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (is_same_or_behind(sim, object, &st->dead->items[i]))
			return &st->dead->items[i];
	return NULL;
}

/* To the object, or to one that looks after it. */
static bool has_reference(const struct sim *sim, const struct state *st, const struct sym *pointer)
{
	const struct sym *object = sym_object(pointer);

	for (int i = 0; object && i <= OWNED_LINKS; i++, object = owner_of(sim, object)) {
		const struct ref *r = state_find_ref(st, object);

		if (r && r->count > 0)
			return true;
	}
	return false;
}

const struct dead *borrow_ended(const struct sim *sim, const struct state *st, const struct sym *pointer)
{
	const struct dead *d = find_dead(sim, st, pointer);

	return d && !d->by_put && !has_reference(sim, st, pointer) && !is_spanned(st, d) ? d : NULL;
}

/* The same lock is held again: the object is not let go any more, if it is still there. */
static bool is_locked_again(const struct state *st, const struct dead *d)
{
	for (int i = 0; (d->by_unlock || d->by_section) && st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].lock == d->lock && st->locks->items[i].state == LOCK_HELD)
			return true;
	return false;
}

static enum fact_kind kind_of_use(const struct sim *sim, const struct state *st, const struct dead *d,
				  const struct model_need *need)
{
	if (d->by_section && model_wait(sim->an->options->model, d->kind) == WAIT_NEVER)
		return FACT_USE_AFTER_SECTION;
	if (is_locked_again(st, d))
		return FACT_USE_STALE;
	if (need)
		return FACT_USE_UNKEPT;
	return d->by_unlock || d->by_section ? FACT_USE_AFTER_UNLOCK : d->by_put ? FACT_USE_AFTER_PUT : FACT_USE_AFTER_TURN;
}

/* As a rule something else keeps what that iteration goes over: less than an error. */
static void say_what_keeps(const struct sim *sim, struct candidate *c)
{
	const struct model_func *m = c->function ? model_find(sim->an->options->model, c->function) : NULL;
	const struct effect *e = iterate_effect(m);

	if (e && e->say) {
		c->say = e->say;
		c->is_warned = true;
	}
}

static void tell_use(struct sim *sim, struct state *st, const struct sym *pointer, const struct dead *d,
		     const struct model_need *need, struct place at, const char *callee, const struct use *inner)
{
	struct trace *t = state_step(&sim->pool, st, STEP_USE, at, sim->fn->name);
	struct candidate c = {
		.kind = kind_of_use(sim, st, d, need), .is_inferred = d->lent == LENT_INFERRED, .at = at, .object = sym_object(pointer),
		.class_name = d->function, .function = d->function,
		.need = need, .origin = d->began, .trace = t,
		.is_warned = st->is_warned || d->lent == LENT_LIKELY,
	};

	t->callee = callee;
	t->object = c.object;
	t->inner = inner ? inner->inner : NULL;
	if (c.kind == FACT_USE_AFTER_TURN)
		say_what_keeps(sim, &c);
	if (need)
		c.kind_name = need->keeper;
	if (d->by_unlock || (d->by_section && c.kind != FACT_USE_AFTER_SECTION))
		c.class_name = sym_class(d->lock, "lock");
	if (c.kind == FACT_USE_AFTER_SECTION || d->by_put)
		c.class_name = c.kind_name = d->kind;
	sim_candidate(sim, &c);
}

static void report_use(struct sim *sim, struct state *st, const struct sym *pointer, const struct dead *d,
		       const struct model_need *need, struct place at, const char *callee, const struct use *inner)
{
	bool is_guess = d->lent == LENT_INFERRED || d->lent == LENT_LIKELY;

	if (is_guess && st->is_warned)	/* on a path that the kernel holds to be impossible */
		unsure(sim->an, UNSURE_WARNED, at);
	else
		tell_use(sim, st, pointer, d, need, at, callee, inner);
}

/* May there be no object on the list, for all that is known? */
static bool may_be_empty(struct sim *sim, const struct state *st, const struct sym *first, const struct sym *head)
{
	const struct sym *is_empty = sym_cmp(&sim->syms, CMP_EQ, first, head);

	return is_empty->kind != SYM_INT && state_truth(st, is_empty) < 0;
}

static void note_for_callers(struct sim *sim, struct state *st, const struct sym *pointer,
			     const struct model_need *need, bool is_light, bool is_checked, struct place at,
			     const struct trace *inner)
{
	const struct sym *object = sym_object(pointer);
	struct use u = {
		.object = object, .need = need, .is_light = is_light, .at = at, .func = sim->fn->name, .inner = inner,
		.is_checked = is_checked || (object->kind == SYM_LOAD && !may_be_empty(sim, st, object, object->a)),
	};

	if (object->kind == SYM_PARAM || (object->kind == SYM_LOAD && object->depth <= 2 && sym_is_outer(object) &&
					  sym_root(object)->kind == SYM_PARAM))
		state_add_use(&sim->pool, st, &u);
}

/* A lock of the object itself, or of one that it names as its own (its group), may be what keeps it as it is. */
static bool holds_lock_of(const struct state *st, const struct sym *object)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];
		const struct sym *locked = sym_object(h->lock);

		if (h->state != LOCK_FREE && h->state != LOCK_DROPPED &&
		    (locked == object || (locked->kind == SYM_LOAD && sym_object(locked->a) == object)))
			return true;
	}
	return false;
}

/* What a lookup gave is kept by its reference, and that keeps memory only. */
static void look_at_found(struct sim *sim, struct state *st, const struct sym *pointer, const struct model_need *need,
			  struct place at, const char *callee, const struct use *inner)
{
	const struct ref *r = state_find_ref(st, pointer);
	struct dead d = {.root = sym_object(pointer)};

	if (!r || !r->found || r->count <= 0 || !r->got || holds_lock_of(st, d.root))
		return;
	d.function = r->got->callee;
	d.began = r->got->at;
	report_use(sim, st, pointer, &d, need, at, callee, inner);
}

static bool is_guard_of(const struct model_guard *g, const struct sym *addr, const struct sym *lock);

/* The lock that this path took on the object of a guarded list; NULL if it is the caller's, or not held. */
static const struct held *own_lock_of(const struct state *st, const struct model_guard *g, const struct sym *head)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].state == LOCK_HELD && is_guard_of(g, head, st->locks->items[i].lock))
			return &st->locks->items[i];
	return NULL;
}

/* Was the object of the list looked up on this path? Who is given it, or has it of a member, may know of a member. */
static bool was_looked_up(const struct state *st, const struct sym *head)
{
	const struct ref *r = state_find_ref(st, sym_object(head));

	return r && r->found && r->count > 0;
}

/* The first entry of a guarded list is used: is it known that there is one? Until the lock is held anybody may remove it. */
static void look_at_first(struct sim *sim, struct state *st, const struct sym *pointer, struct place at,
			  const char *callee, const struct use *inner)
{
	const struct sym *object = sym_object(pointer);

	for (int i = 0; i < sim->nguarded; i++) {
		const struct sym *head = sim->guarded[i].addr;
		const struct cell *c = state_find_cell(st, head);
		const struct sym *first = c ? c->value : head->load;
		const struct held *lock = sim->guarded[i].guard->is_list ? own_lock_of(st, sim->guarded[i].guard, head) : NULL;
		struct candidate k = {
			.kind = FACT_FIRST_UNCHECKED, .at = at, .object = sym_object(head), .function = sim->guarded[i].guard->field,
			.is_warned = st->is_warned,
		};
		struct trace *t;

		if (!lock || !lock->taken || first != object || !was_looked_up(st, head) ||
		    !may_be_empty(sim, st, first, head))
			continue;
		t = state_step(&sim->pool, st, STEP_USE, at, sim->fn->name);
		t->callee = callee;
		t->object = object;
		t->inner = inner ? inner->inner : NULL;
		k.class_name = sym_class(lock->lock, lock->kind);
		k.kind_name = lock->kind;
		k.origin = lock->taken->at;
		k.trace = t;
		sim_candidate(sim, &k);
	}
}

static void look_at_use(struct sim *sim, struct state *st, const struct sym *pointer, const struct model_need *need,
			bool is_light, struct place at, const char *callee, const struct use *inner)
{
	const struct dead *d = find_dead(sim, st, pointer);

	note_for_callers(sim, st, pointer, need, is_light, inner && inner->is_checked, at, inner ? inner->inner : NULL);
	is_light |= need && need->is_anyone;
	need = need && need->is_anyone ? NULL : need;
	if (d && d->by_put && is_light)
		return;
	if (!d && sim->nguarded && !(inner && inner->is_checked))
		look_at_first(sim, st, pointer, at, callee, inner);
	if (!d && need)
		look_at_found(sim, st, pointer, need, at, callee, inner);
	/* Who holds a lock that lies in the object has it kept by somebody else, and who is to put it again has a reference. */
	if (d && d->by_put && (holds_lock_of(st, d->root) || doubt_ref_put_later(sim, st, d->root))) {
		unsure(sim->an, UNSURE_REF_HANDED_ON, at);
		return;
	}
	if (!d || is_spanned(st, d) || (d->by_section && holds_lock_of(st, d->root)))
		return;
	/* On this path it is NULL or an error: there is no object. */
	if (!(state_mask(st, sym_object(pointer)) & MASK_VALID))
		return;
	if (d->is_told)
		unsure(sim->an, UNSURE_DOUBTFUL, at);
	else if (!has_reference(sim, st, pointer))
		report_use(sim, st, pointer, d, NULL, at, callee, inner);
	else if (need)
		report_use(sim, st, pointer, d, need, at, callee, inner);
}

void borrow_put(struct sim *sim, struct state *st, const struct sym *object, struct place at)
{
	const struct dead *d = find_dead(sim, st, object);

	if (d && d->by_put)	/* given back again: reference.c tells */
		note_for_callers(sim, st, object, NULL, false, false, at, NULL);
	else
		look_at_use(sim, st, object, NULL, false, at, NULL, NULL);
}

void borrow_use(struct sim *sim, struct state *st, const struct sym *pointer, const char *struct_name,
		const char *field, struct place at)
{
	look_at_use(sim, st, pointer, model_find_need(sim->an->options->model, struct_name, field), false, at, NULL,
		    NULL);
}

void borrow_read_pointer(struct sim *sim, struct state *st, const struct sym *addr, const struct insn *load)
{
	look_at_use(sim, st, addr, model_find_need(sim->an->options->model, load->struct_name, load->field), true, load->at,
		    NULL, NULL);
}

void borrow_keep(struct sim *sim, struct state *st, const struct sym *pointer, struct place at)
{
	const struct sym *object = sym_object(pointer);
	struct use u = {.object = object, .is_kept = true, .at = at, .func = sim->fn->name};

	section_keep(sim, st, object);
	if (sym_is_outer(object) && sym_root(object)->kind == SYM_PARAM && object->depth <= 2)
		state_add_use(&sim->pool, st, &u);
}

void borrow_use_inner(struct sim *sim, struct state *st, const struct sym *pointer, const struct use *u,
		      struct place at, const char *callee)
{
	if (u->is_kept) {
		borrow_keep(sim, st, pointer, at);
		return;
	}
	look_at_use(sim, st, pointer, u->need, u->is_light, at, callee, u);
}

bool borrow_is_home(const struct sim *sim, const struct sym *addr)
{
	const struct model_need *need = NULL;

	if (addr->field)
		need = model_find_need(sim->an->options->model, addr->struct_name, addr->field);
	return need && need->is_anyone;
}

bool borrow_is_owned(const struct sim *sim, const struct sym *pointer, const struct sym *root)
{
	return is_same_or_owned(sim, sym_object(pointer), root);
}

bool borrow_has_home(const struct sim *sim, const struct state *st, const struct sym *pointer)
{
	for (int i = 0; i < st->ncell; i++)
		if (st->cells[i].value == pointer && borrow_is_home(sim, st->cells[i].addr))
			return true;
	return false;
}

void borrow_kept(struct sim *sim, struct state *st, const struct cell *c, const struct dead *d)
{
	struct candidate k = {
		.kind = FACT_KEPT_AFTER_TURN, .at = c->at, .object = c->value, .class_name = d->function,
		.function = d->function, .origin = d->began,
	};
	struct trace *t;
	bool is_callbacks;

	if (has_reference(sim, st, c->value) || is_spanned(st, d))
		return;
	/* What a callback stored is told by its own steps: the fault is that the iteration goes on without it. */
	is_callbacks = c->func && strcmp(c->func, sim->fn->name);
	t = state_step(&sim->pool, st, STEP_FAULT, is_callbacks ? d->began : c->at, sim->fn->name);
	t->object = c->addr;
	k.trace = t;
	say_what_keeps(sim, &k);
	sim_candidate(sim, &k);
}

/* A finding that says when a borrow ended, and is shown without being asked for. */
static bool tells_of_end(const struct candidate *c)
{
	switch (c->kind) {
	case FACT_USE_AFTER_TURN: case FACT_KEPT_AFTER_TURN: case FACT_USE_AFTER_UNLOCK: case FACT_USE_STALE:
		return c->is_confirmed;
	case FACT_USE_AFTER_SECTION:
		return c->is_confirmed && !c->is_inferred;
	default:
		return false;
	}
}

bool borrow_is_told(const struct sim *sim, const struct dead *d)
{
	bool told = d->is_told;

	for (int i = 0; i < sim->nfound && !told; i++) {
		const struct candidate *c = &sim->found[i];

		told = tells_of_end(c) && c->origin.file == d->began.file && c->origin.line == d->began.line &&
		       c->origin.col == d->began.col;
	}
	return told;
}

static bool guards_field(const struct model_guard *g, const struct sym *addr)
{
	size_t n;

	if (!addr->field || addr->struct_name != g->struct_name)
		return false;
	n = strlen(g->field);
	return !strncmp(addr->field, g->field, n) && (!addr->field[n] || addr->field[n] == '.');
}

void borrow_see(struct sim *sim, const struct sym *addr)
{
	const struct model *m = sim->an->options->model;

	if (addr->kind != SYM_ADDR || !addr->field)
		return;
	for (int i = 0; i < m->nguard; i++) {
		int k = 0;

		if (!guards_field(&m->guards[i], addr))
			continue;
		while (k < sim->nguarded && sim->guarded[k].addr != addr)
			k++;
		if (k == sim->nguarded && k < (int)(sizeof(sim->guarded) / sizeof(sim->guarded[0]))) {
			sim->guarded[k].guard = &m->guards[i];
			sim->guarded[k].addr = addr;
			sim->nguarded++;
		}
	}
}

static bool is_guard_of(const struct model_guard *g, const struct sym *addr, const struct sym *lock)
{
	if (g->lock_global)
		return lock->kind == SYM_GLOBAL && flow_plain_name(lock->name) == g->lock_global;
	return lock->kind == SYM_ADDR && lock->a == sym_object(addr) && lock->field == g->lock_field &&
	       lock->struct_name == g->lock_struct;
}

void borrow_unlock(struct sim *sim, struct state *st, const struct sym *lock, const struct trace *step)
{
	for (int i = 0; i < sim->nguarded; i++) {
		const struct sym *addr = sim->guarded[i].addr;
		struct dead d = {.by_unlock = true, .function = step->callee, .lock = lock, .began = step->at};

		if (!is_guard_of(sim->guarded[i].guard, addr, lock))
			continue;
		d.root = sim_load(sim, st, addr, 0);
		state_add_dead(&sim->pool, st, &d);
		/* What is read there from now on belongs to another critical section. */
		state_store(&sim->pool, st, addr, sym_new(&sim->syms, -2, ORDINAL_AFTER_UNLOCK + i, step->length, NULL),
			    step->at, NULL);
	}
}
