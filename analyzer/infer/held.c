// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes of what is held where. Entry points: held_take(), held_call(), held_indirect() and held_wait() during a
 * simulation, held_keep() at its end; held_pack() and held_unpack() for the database.
 *
 * Notes of one place with the same locks are one. A function that comes to no lock, and to no call through a pointer, has none.
 */
#include "infer/held.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "infer/fill.h"
#include "infer/pack.h"

#define MAX_NOTES 160
#define MAX_LOCKS 12

static bool is_noting(const struct sim *sim)
{
	return !sim->bound && !sim->is_split && !sim->an->muted && !sim->an->insists;
}

static bool has_order(const struct sim *sim, const char *kind)
{
	return model_wait(sim->an->options->model, kind) != WAIT_NEVER;
}

/*
 * The class of a lock: the field it is in, by its outermost name known here. What lies at its offset 0 is not asked: that
 * is what locks themselves are made of.
 */
static const char *class_of(const struct sym *lock, const char *kind)
{
	if (lock->kind != SYM_ADDR || !lock->field || !lock->struct_name)
		return sym_class(lock, kind);
	return sym_class_of(lock->struct_name, lock->field);
}

/* The argument of the call that leads to the object that the lock is in, or -1. */
static int8_t leading_arg(struct sim *sim, struct state *st, const struct insn *call, const struct sym *lock)
{
	for (int i = 1; call && i < call->narg && i <= HELD_PARAMS; i++) {
		const struct sym *arg = sim_eval(sim, st, &call->args[i]);

		if (arg->kind != SYM_INT && sym_object(arg) == sym_object(lock))
			return (int8_t)(i - 1);
	}
	return -1;
}

static void add_lock(struct held_note *n, const struct held_lock *l)
{
	for (int i = 0; i < n->nlock; i++)
		if (n->locks[i].class_name == l->class_name && n->locks[i].is_released == l->is_released)
			return;
	if (n->nlock < MAX_LOCKS)
		n->locks[n->nlock++] = *l;
}

static void note_locks(struct sim *sim, struct state *st, const struct insn *call, struct held_note *n)
{
	int room = st->locks ? st->locks->n : 0;

	n->locks = ARENA_ARRAY(&sim->arena, struct held_lock, room < MAX_LOCKS ? room : MAX_LOCKS);
	for (int i = 0; i < room; i++) {
		const struct held *h = &st->locks->items[i];
		struct held_lock l = {
			.class_name = class_of(h->lock, h->kind), .kind = h->kind, .is_shared = h->mode == LOCK_SHARED,
			.is_try = h->is_try, .is_released = h->state == LOCK_DROPPED, .arg = leading_arg(sim, st, call, h->lock),
		};

		if (l.class_name == h->kind && h->lock->kind != SYM_GLOBAL)
			continue;
		if (h->state == LOCK_HELD ? h->is_vague || h->is_doubted : h->state != LOCK_DROPPED)
			continue;
		if (h->taken)
			l.at = h->taken->at;
		if (has_order(sim, h->kind))
			add_lock(n, &l);
	}
}

static void note_params(struct sim *sim, struct state *st, struct held_note *n)
{
	for (int i = 0; i < sim->fn->nparam && i < HELD_PARAMS; i++)
		n->need |= state_mask(st, sym_param(&sim->syms, i, sim->fn->params[i].name)) << 4 * i;
}

static void note_args(struct sim *sim, struct state *st, const struct insn *call, struct held_note *n)
{
	for (int i = 0; i < HELD_PARAMS; i++) {
		const struct sym *arg = call && i + 1 < call->narg ? sim_eval_resolved(sim, st, &call->args[i + 1]) : NULL;

		n->args |= (arg ? state_mask(st, arg) : (unsigned)MASK_ANY) << 4 * i;
		n->from[i] = arg && arg->kind == SYM_PARAM && arg->value < HELD_PARAMS ? (int8_t)arg->value : -1;
	}
}

static bool same_locks(const struct held_note *a, const struct held_note *b)
{
	if (a->nlock != b->nlock)
		return false;
	for (int i = 0; i < a->nlock; i++)
		if (a->locks[i].class_name != b->locks[i].class_name || a->locks[i].is_released != b->locks[i].is_released ||
		    a->locks[i].is_shared != b->locks[i].is_shared)
			return false;
	return true;
}

static bool same_place(const struct held_note *a, const struct held_note *b)
{
	return a->kind == b->kind && a->name == b->name && a->param == b->param && a->at.line == b->at.line &&
	       a->at.col == b->at.col && a->at.file == b->at.file;
}

static void widen(struct held_note *old, const struct held_note *n)
{
	old->need |= n->need;
	old->args |= n->args;
	old->is_warned &= n->is_warned;
	for (int i = 0; i < HELD_PARAMS; i++)
		if (old->from[i] != n->from[i])
			old->from[i] = -1;
}

/* Add it, unless it is there. True when it is new. */
static bool add(struct sim *sim, const struct held_note *n)
{
	struct held_list *l = &sim->held;

	for (int i = 0; i < l->n; i++)
		if (same_place(&l->items[i], n) && same_locks(&l->items[i], n)) {
			widen(&l->items[i], n);
			return false;
		}
	if (l->n == MAX_NOTES)
		return false;
	if (l->n == l->cap) {
		struct held_note *more = ARENA_ARRAY(&sim->arena, struct held_note, l->cap = l->cap ? l->cap * 2 : 8);

		if (l->n)
			memcpy(more, l->items, sizeof(*more) * (size_t)l->n);
		l->items = more;
	}
	l->items[l->n++] = *n;
	return true;
}

static struct held_note note_new(struct sim *sim, struct state *st, enum held_note_kind kind, const char *name,
				 struct place at, const struct insn *call)
{
	struct held_note n = {.kind = (uint8_t)kind, .name = name, .at = at, .param = -1, .is_warned = st->is_warned};

	note_locks(sim, st, call, &n);
	note_params(sim, st, &n);
	note_args(sim, st, call, &n);
	return n;
}

/* ------------------------------------------------------------------ during a simulation */

static void take(struct sim *sim, struct state *st, const struct lock_event *e)
{
	const char *class_name = class_of(e->lock, e->kind);
	struct held_note n;

	if (e->try || e->nested || st->is_last || e->is_last || !has_order(sim, e->kind) ||
	    (class_name == e->kind && e->lock->kind != SYM_GLOBAL))
		return;
	n = note_new(sim, st, HELD_TAKE, class_name, e->at, NULL);
	n.lock_kind = e->kind;
	n.is_shared = e->mode == LOCK_SHARED;
	add(sim, &n);
}

void held_take(struct sim *sim, struct state *st, const struct lock_event *e)
{
	if (is_noting(sim))
		take(sim, st, e);
}

void held_take_inner(struct sim *sim, struct state *st, const struct lock_event *e, const struct sym *inner)
{
	const char *class_name = class_of(inner, e->kind);

	/* What has a name there is noted there. */
	if (is_noting(sim) && (class_name == e->kind || !model_has_order(sim->an->options->model, class_name)))
		take(sim, st, e);
}

/* The functions that the call is given. */
static void note_given(struct sim *sim, struct state *st, const struct insn *in)
{
	for (int i = 1; i < in->narg && i <= HELD_PARAMS; i++) {
		const struct sym *arg = state_resolve(&sim->syms, st, sim_eval(sim, st, &in->args[i]));
		struct held_note n = {.kind = HELD_GIVEN, .at = in->at, .param = (int8_t)(i - 1)};

		if (arg->kind != SYM_FUNC)
			continue;
		n.name = arg->name;
		add(sim, &n);
	}
}

void held_call(struct sim *sim, struct state *st, const struct insn *in, const struct node *body, bool is_callback)
{
	struct held_note n;

	/* What has no notes leads nowhere. That a body has some is part of its summary's hash. */
	if (!is_noting(sim) || (body->is_done && !body->has_held))
		return;
	n = note_new(sim, st, HELD_CALL, body->fn->name, in->at, is_callback ? NULL : in);
	if (add(sim, &n) && !is_callback)
		note_given(sim, st, in);
}

/* The field that a called pointer was read from. */
static const char *field_of(struct sim *sim, const struct sym *callee)
{
	const struct sym *addr = callee->kind == SYM_LOAD ? callee->a : NULL;
	const char *struct_name = NULL, *field = NULL;

	if (addr && addr->first && addr->kind != SYM_ADDR) {
		struct_name = addr->first_struct;
		field = addr->first;
	} else if (addr && addr->kind == SYM_ADDR) {
		struct_name = addr->struct_name;
		field = addr->field;
	}
	return struct_name && field ? intern(arena_printf(&sim->arena, "%s.%s", struct_name, field)) : NULL;
}

void held_indirect(struct sim *sim, struct state *st, const struct insn *in, const struct sym *callee)
{
	const char *field = field_of(sim, callee);
	struct held_note n;

	if (!is_noting(sim) || (!field && callee->kind != SYM_PARAM))
		return;
	n = note_new(sim, st, field ? HELD_FIELD : HELD_PARAM, field, in->at, in);
	if (!field)
		n.param = (int8_t)(callee->value < HELD_PARAMS ? callee->value : -1);
	add(sim, &n);
}

void held_wait(struct sim *sim, struct state *st, const struct insn *in, int arg, const char *field)
{
	const struct sym *what = arg + 1 < in->narg ? sim_eval_resolved(sim, st, &in->args[arg + 1]) : NULL;
	const char *name = what ? class_of(what, field) : field;
	struct held_note n;

	if (!is_noting(sim) || name == field)
		return;
	n = note_new(sim, st, HELD_WAIT, name, in->at, in);
	n.lock_kind = field;
	add(sim, &n);
}

void held_setup(struct sim *sim, struct state *st, const struct insn *in, int arg, int callback, const char *field)
{
	const struct sym *what = arg + 1 < in->narg ? sim_eval_resolved(sim, st, &in->args[arg + 1]) : NULL;
	const struct sym *f = callback + 1 < in->narg ? sim_eval_resolved(sim, st, &in->args[callback + 1]) : NULL;
	struct held_note n = {.kind = HELD_SETUP, .at = in->at, .param = -1};

	if (sim->bound || sim->is_split || sim->an->muted || !what || !f || f->kind != SYM_FUNC || class_of(what, field) == field)
		return;
	n.name = f->name;
	n.lock_kind = intern(arena_printf(&sim->arena, "%s.%s", class_of(what, field), field));
	add(sim, &n);
}

void held_setup_under(struct sim *sim, struct state *st, const struct insn *in, int callback, const char *kind)
{
	const struct sym *f = callback + 1 < in->narg ? sim_eval_resolved(sim, st, &in->args[callback + 1]) : NULL;
	struct held_note n = {.kind = HELD_SETUP, .at = in->at, .param = -1};

	if (sim->bound || sim->is_split || sim->an->muted || !f)
		return;
	n.name = f->kind == SYM_FUNC ? f->name : field_of(sim, f);
	n.param = f->kind == SYM_FUNC ? -1 : 0;
	n.lock_kind = intern(arena_printf(&sim->arena, "%s.%s", kind, kind));
	if (n.name)
		add(sim, &n);
}

void held_keep(struct sim *sim)
{
	struct arena *a = sim->an->arena;
	struct held_note *notes;

	if (!sim->held.n)
		return;
	notes = arena_copy(a, sim->held.items, sizeof(*notes) * (size_t)sim->held.n);
	for (int i = 0; i < sim->held.n; i++)
		notes[i].locks = notes[i].nlock ? arena_copy(a, notes[i].locks, sizeof(*notes[i].locks) * (size_t)notes[i].nlock)
						: NULL;
	sim->node->held = notes;
	sim->node->nheld = sim->held.n;
	sim->node->has_held = true;
}

/* ------------------------------------------------------------------ between runs */

static void pack_from(struct packer *p, const struct held_note *n)
{
	int64_t from = 0;

	for (int i = 0; i < HELD_PARAMS; i++)
		from |= (int64_t)(n->from[i] + 1) << 4 * i;
	pack_int(p, from);
}

static void unpack_from(struct unpacker *u, struct held_note *n)
{
	int64_t from = unpack_int(u);

	for (int i = 0; i < HELD_PARAMS; i++)
		n->from[i] = (int8_t)((from >> 4 * i & 15) - 1);
}

void held_pack(struct packer *p, const struct held_note *notes, int n)
{
	pack_int(p, n);
	for (int i = 0; i < n; i++) {
		const struct held_note *h = &notes[i];

		pack_int(p, h->kind | h->is_shared << 4 | h->is_warned << 5 | h->nlock << 6);
		pack_int(p, h->param);
		pack_name(p, h->name);
		pack_place(p, h->at);
		if (h->kind == HELD_GIVEN)
			continue;
		pack_name(p, h->lock_kind);
		pack_int(p, ~h->need);
		if (h->kind != HELD_TAKE) {
			pack_int(p, ~h->args);
			pack_from(p, h);
		}
		for (int k = 0; k < h->nlock; k++) {
			const struct held_lock *l = &h->locks[k];

			pack_name(p, l->class_name);
			pack_name(p, l->kind);
			pack_int(p, l->is_shared | l->is_try << 1 | l->is_released << 2 | (l->arg + 1) << 3);
			pack_place(p, l->at);
		}
	}
}

static void unpack_note(struct unpacker *u, struct arena *a, struct held_note *h)
{
	int64_t how = unpack_int(u);

	h->kind = how & 15;
	h->is_shared = how >> 4 & 1;
	h->is_warned = how >> 5 & 1;
	h->nlock = (int)(how >> 6);
	h->param = (int8_t)unpack_int(u);
	h->name = unpack_name(u);
	h->at = unpack_place(u);
	u->failed |= h->kind >= HELD_NOTES || h->nlock < 0 || h->nlock > MAX_LOCKS;
	if (u->failed || h->kind == HELD_GIVEN)
		return;
	h->lock_kind = unpack_name(u);
	h->need = ~(uint32_t)unpack_int(u);
	h->args = ~0u;
	if (h->kind != HELD_TAKE) {
		h->args = ~(uint32_t)unpack_int(u);
		unpack_from(u, h);
	}
	h->locks = ARENA_ARRAY(a, struct held_lock, h->nlock);
	for (int k = 0; k < h->nlock; k++) {
		struct held_lock *l = &h->locks[k];
		int64_t flags;

		l->class_name = unpack_name(u);
		l->kind = unpack_name(u);
		flags = unpack_int(u);
		l->is_shared = flags & 1;
		l->is_try = flags >> 1 & 1;
		l->is_released = flags >> 2 & 1;
		l->arg = (int8_t)((flags >> 3) - 1);
		l->at = unpack_place(u);
		u->failed |= !l->class_name || !l->kind;
	}
}

const struct held_note *held_unpack(struct unpacker *u, struct arena *a, int *n)
{
	struct held_note *notes;

	*n = unpack_count(u);
	notes = ARENA_ARRAY(a, struct held_note, *n);
	for (int i = 0; i < *n && !u->failed; i++)
		unpack_note(u, a, &notes[i]);
	if (u->failed)
		*n = 0;
	return *n ? notes : NULL;
}
