// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evidence for what is settled when all functions are known. Entries: evidence_see() before each instruction of a path,
 * evidence_make() when all paths were run. Where states with different locks meet at an instruction, what any and what
 * all of them hold is kept. Equal evidence of a function is one item with a count.
 */
#include "infer/evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "infer/pack.h"
#include "infer/simulate.h"

/* What is known of an instruction. */
struct seen {
	const struct lock_set *last;	/* the locks of the last state that came by */
	const struct names *held, *sure, *own, *gone, *want;
	const char *from, *init;
	bool is_seen, is_local, is_new, is_complaint;
};

/* ------------------------------------------------------------------ locks of a state */

static const char *class_of(const struct sym *lock, const char *kind)
{
	const char *name = sym_class(lock, kind);

	return name == kind && lock->kind != SYM_GLOBAL ? intern(LOCK_OF_ANY_CLASS) : name;
}

static bool is_of(const struct sym *lock, const struct sym *object)
{
	return sym_root(lock)->kind == SYM_GLOBAL || (object && sym_object(lock) == object);
}

enum choice { ALL_HELD, KNOWN_HELD, TAKEN, OWN_HELD, OWN_GONE };

static bool is_chosen(const struct held *h, const struct sym *object, enum choice choice)
{
	bool is_held = h->state == LOCK_HELD || h->state == LOCK_ASSERTED;

	switch (choice) {
	case ALL_HELD: return is_held || h->is_doubted;
	case KNOWN_HELD: return is_held;
	case TAKEN: return h->state == LOCK_HELD;
	case OWN_HELD: return is_held && is_of(h->lock, object);
	default:	/* what nests and is released again is as it was before */
		return !is_held && !h->is_doubted && !h->is_vague && is_of(h->lock, object) && !(h->is_recursive && h->state == LOCK_FREE);
	}
}

/*
 * What begins a variable has its name, and what it is the start of says what it is itself: who has a pointer to it knows no
 * more than that.
 */
static const struct names *all_names(struct sim *sim, const struct sym *lock, const char *class_name)
{
	const struct names *one = names_one(&sim->arena, class_name);
	char buf[256];
	size_t n;

	if (!lock->first || !lock->first_struct || strchr(flow_plain_name(class_name), '.'))
		return one;
	n = (size_t)snprintf(buf, sizeof(buf), "%s.%s", lock->first_struct, lock->first);
	return n < sizeof(buf) ? names_join(&sim->arena, one, names_one(&sim->arena, intern_n(buf, n))) : one;
}

static const struct names *locks_of(struct sim *sim, const struct state *st, const struct sym *object,
				    enum choice choice)
{
	const struct names *s = NULL;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (is_chosen(h, object, choice))
			s = names_join(&sim->arena, s, all_names(sim, h->lock, class_of(h->lock, h->kind)));
		if (choice == ALL_HELD && is_chosen(h, object, choice) &&
		    model_wait(sim->an->options->model, h->kind) == WAIT_SPINNING)
			s = names_join(&sim->arena, s, names_one(&sim->arena, intern(NOT_PREEMPTED)));
	}
	return s;
}

/* ------------------------------------------------------------------ instructions */

static bool is_access(const struct insn *in)
{
	if (in->op == OP_ADDR)
		return in->struct_name && in->field;
	if (in->op == OP_COPY)
		return true;
	if (in->op != OP_LOAD && in->op != OP_STORE)
		return false;
	return !in->is_volatile && ((in->struct_name && in->field) || in->args[0].kind == ARG_GLOBAL);
}

/* Whose member is touched; for a lock that is given to a call, what it is in. */
static const struct sym *object_of(struct sim *sim, struct state *st, const struct insn *in)
{
	return sym_object(sim_eval_resolved(sim, st, &in->args[0]));
}

static bool makes_objects(const struct model_func *m)
{
	for (int i = 0; m && i < m->neffect; i++)
		if (m->effects[i].kind == EFFECT_ALLOC || m->effects[i].kind == EFFECT_ALLOC_MANAGED)
			return true;
	return false;
}

static void see_object(struct sim *sim, struct seen *s, const struct sym *object)
{
	const struct sym *root = sym_root(object);
	const struct insn *made = root->kind == SYM_NEW && root->site >= 0 && root == object ? &sim->fn->insns[root->site] : NULL;

	s->is_local |= root->kind == SYM_STACK && root == object;
	if (!made || made->op != OP_CALL || made->args[0].kind != ARG_FUNC)
		return;
	s->from = made->args[0].name;
	s->is_new |= makes_objects(model_find(sim->an->options->model, s->from));
}

/* What is before the end in the name; the name itself if it does not end so. */
static const char *without_end(const char *name, const char *end)
{
	return path_ends(name, end) ? intern_n(name, strlen(name) - strlen(end)) : name;
}

/* The class of the lock that has that lockdep map: what is before it in the name of the field. */
static const char *without_map(const struct sym *lock, const char *name)
{
	if (lock->kind == SYM_ADDR && lock->struct_name && lock->field && path_ends(lock->field, ".dep_map"))
		name = sym_class_of(lock->struct_name, lock->field);
	return without_end(name, ".dep_map");
}

/* The class of the lock that is an argument; NULL when it cannot be told. */
static const char *class_of_argument(struct sim *sim, struct state *st, const struct insn *in, int arg, struct seen *s)
{
	const struct sym *lock;
	const char *name;

	if (arg < 0 || arg + 1 >= in->narg)
		return NULL;
	lock = sim_eval_resolved(sim, st, &in->args[arg + 1]);
	see_object(sim, s, sym_object(lock));
	/* The map of a lock that is a variable: the place in it has no name. */
	if (lock->kind == SYM_ADDR && lock->a->kind == SYM_GLOBAL && (!lock->field || !strcmp(lock->field, "dep_map")))
		return lock->a->name;
	name = class_of(lock, intern(LOCK_OF_ANY_CLASS));
	return *name == *LOCK_OF_ANY_CLASS ? NULL : without_map(lock, name);
}

static const struct model_hint *find_hint(const struct sim *sim, const struct insn *in, enum effect_kind kind,
					  const struct model_hint *after)
{
	if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
		return NULL;
	return model_find_hint(sim->an->options->model, kind, in->args[0].name, after);
}

#define FORGOTTEN -2	/* what state_truth() never says: the answer is lost where paths met, and so may be of which lock it was */

/*
 * The path has come to a complaint: what was asked for in the same statement (a macro, so that all is on one line) and
 * is not held. A complaint that a lock is held wants nothing, and of one that some function of the kernel's own could have
 * prevented by another answer nobody knows what it wants.
 */
static void see_complaint(struct sim *sim, struct state *st, const struct insn *complaint, struct seen *s)
{
	const struct names *want = NULL;

	for (int i = 0; i < sim_site(sim, complaint); i++) {
		const struct insn *in = &sim->fn->insns[i];
		int answer;

		if (in->op != OP_CALL || in->at.line != complaint->at.line || in->at.file != complaint->at.file)
			continue;
		answer = st->env[i] ? state_truth(st, st->env[i]) : FORGOTTEN;
		if (!find_hint(sim, in, EFFECT_ASK, NULL) && answer == 0) {
			unsure(sim->an, UNSURE_LOCK_NEEDED, complaint->at);
			return;
		}
		for (const struct model_hint *h = NULL; (h = find_hint(sim, in, EFFECT_ASK, h)); ) {
			const char *name = h->lock_kind ? h->lock_kind : class_of_argument(sim, st, in, h->arg, s);

			if (answer == FORGOTTEN && !h->lock_kind) {
				unsure(sim->an, UNSURE_LOCK_NEEDED, complaint->at);
				return;
			}
			if (answer == 1)
				return;
			if (name)
				want = names_join(&sim->arena, want, names_one(&sim->arena, name));
		}
	}
	s->want = want;
	s->is_complaint = true;
}

/* A lock that a call says something of: is held, is made. */
static void see_model(struct sim *sim, struct state *st, const struct insn *in, struct seen *s)
{
	const struct model_func *m;
	const struct model_hint *init = find_hint(sim, in, EFFECT_INIT, NULL);
	const char *name;

	if (in->args[0].kind != ARG_FUNC)
		return;
	m = model_find(sim->an->options->model, in->args[0].name);
	for (int i = 0; m && i < m->neffect; i++) {
		if (m->effects[i].kind != EFFECT_ASSERT)
			continue;
		name = class_of_argument(sim, st, in, m->effects[i].arg, s);
		if (name)
			s->want = names_join(&sim->arena, s->want, names_one(&sim->arena, name));
	}
	if (init)
		s->init = class_of_argument(sim, st, in, init->arg, s);
	if (find_hint(sim, in, EFFECT_COMPLAIN, NULL))
		see_complaint(sim, st, in, s);
}

static void see_first(struct sim *sim, struct state *st, const struct insn *in, struct seen *s)
{
	s->held = s->sure = locks_of(sim, st, NULL, in->op == OP_RETURN ? TAKEN : ALL_HELD);
	if (in->op == OP_RETURN)
		return;
	if (in->op == OP_CALL) {
		see_model(sim, st, in, s);
		s->gone = locks_of(sim, st, NULL, OWN_GONE);
		return;
	}
	see_object(sim, s, object_of(sim, st, in));
	if (in->op == OP_COPY)		/* a lock may be made so */
		s->init = class_of(sim_eval_resolved(sim, st, &in->args[0]), intern(LOCK_OF_ANY_CLASS));
	if (!st->locks)
		return;
	s->own = locks_of(sim, st, object_of(sim, st, in), OWN_HELD);
	s->gone = locks_of(sim, st, object_of(sim, st, in), OWN_GONE);
	/* The object's own lock was released: that another's may have been taken again is no lock for it. */
	if (names_meet(s->gone, s->held))
		s->held = s->sure = locks_of(sim, st, NULL, KNOWN_HELD);
}

static void see_again(struct sim *sim, struct state *st, const struct insn *in, struct seen *s)
{
	struct seen now = {0};

	see_first(sim, st, in, &now);
	s->held = names_join(&sim->arena, s->held, now.held);
	s->sure = names_common(&sim->arena, s->sure, now.sure);
	s->own = names_common(&sim->arena, s->own, now.own);
	s->gone = names_common(&sim->arena, s->gone, now.gone);
	s->is_new &= now.is_new;
}

void evidence_see(struct sim *sim, struct state *st, const struct insn *in)
{
	struct seen **at, *s;

	if (sim->bound || sim->is_split || (in->op != OP_CALL && in->op != OP_RETURN && !is_access(in)))
		return;
	if (!sim->seen)
		sim->seen = ARENA_ARRAY(&sim->arena, struct seen *, sim->fn->ninsn);
	at = &sim->seen[sim_site(sim, in)];
	if (!*at)
		*at = ARENA_NEW(&sim->arena, struct seen);
	s = *at;
	if (s->is_seen && s->last == st->locks)
		return;
	if (s->is_seen)
		see_again(sim, st, in, s);
	else
		see_first(sim, st, in, s);
	s->is_seen = true;
	s->last = st->locks;
}

/* ------------------------------------------------------------------ items */

/* How much of the field's path leads to the head of a list; 0: it is none. */
static size_t length_of_head(const struct insn *in)
{
	static const char *const links[] = {"next", "prev", "first"};
	const char *dot = in->field ? strrchr(in->field, '.') : NULL;

	for (size_t i = 0; dot && i < sizeof(links) / sizeof(links[0]); i++)
		if (!strcmp(dot + 1, links[i]))
			return (size_t)(dot - in->field);
	return 0;
}

/* "iommu_group.devices" of all that is in that list head. */
static const char *name_of_field(const struct insn *in)
{
	struct text t;
	const char *name;
	size_t len = length_of_head(in);

	if (!in->struct_name || !in->field)
		return in->args[0].kind == ARG_GLOBAL ? in->args[0].name : NULL;
	text_init(&t);
	text_printf(&t, "%s.%.*s", in->struct_name, (int)(len ? len : strlen(in->field)), in->field);
	name = intern(text_str(&t));
	text_release(&t);
	return name;
}

static bool describe_call(const struct sim *sim, const struct insn *in, const struct seen *s, struct sighting *e)
{
	const struct arg *f = &in->args[0];
	const struct insn *load = f->kind == ARG_INSN ? &sim->fn->insns[f->n] : NULL;

	if (in->op == OP_COPY && *s->init == *LOCK_OF_ANY_CLASS)
		return false;
	if (s->want || s->init) {
		e->kind = s->want ? EVIDENCE_ASSERT : EVIDENCE_INIT;
		e->name = s->init;
		e->touch = (s->is_new ? TOUCH_NEW : 0) | (s->is_complaint ? TOUCH_COMPLAINT : 0);
		return !s->is_local;
	}
	e->kind = EVIDENCE_CALL;
	e->name = f->name;
	if (f->kind == ARG_FUNC)
		return true;
	e->kind = EVIDENCE_POINTER;
	e->name = NULL;
	if (load && load->op == OP_LOAD && load->struct_name && load->field) {
		e->kind = EVIDENCE_SLOT;
		e->name = name_of_field(load);
	}
	return true;
}

static bool describe(const struct sim *sim, const struct insn *in, const struct seen *s, struct sighting *e)
{
	*e = (struct sighting){
		.kind = EVIDENCE_ACCESS, .site = sim_site(sim, in), .count = 1, .from = s->from, .want = s->want,
		.held = s->held, .sure = s->sure, .own = s->own, .gone = s->gone,
	};
	if (in->op == OP_RETURN) {
		e->kind = EVIDENCE_LEFT;
		return s->held;
	}
	if (in->op == OP_CALL || in->op == OP_COPY)
		return describe_call(sim, in, s, e);
	e->name = name_of_field(in);
	e->touch = (in->op == OP_STORE ? TOUCH_WRITE : 0) | (in->op == OP_ADDR ? TOUCH_ADDRESS : 0) |
		   (length_of_head(in) ? TOUCH_LINK : 0) | (s->is_new ? TOUCH_NEW : 0);
	return e->name && !s->is_local;
}

static bool is_same(const struct sighting *a, const struct sighting *b)
{
	return a->kind == b->kind && a->name == b->name && a->touch == b->touch && a->from == b->from &&
	       names_equal(a->want, b->want) && names_equal(a->held, b->held) && names_equal(a->sure, b->sure) &&
	       names_equal(a->own, b->own) && names_equal(a->gone, b->gone);
}

static const struct names *names_copy(struct arena *a, const struct names *s)
{
	return s ? arena_copy(a, s, sizeof(*s) + sizeof(s->items[0]) * (size_t)s->n) : NULL;
}

/* Calls of a function that never holds a lock are left out: the call graph has them. */
static bool is_wanted(const struct sighting *e, bool has_locks)
{
	return has_locks || e->kind == EVIDENCE_ASSERT || e->kind == EVIDENCE_ACCESS || e->kind == EVIDENCE_INIT;
}

static bool has_locks(const struct sim *sim)
{
	for (int i = 0; sim->seen && i < sim->fn->ninsn; i++)
		if (sim->seen[i] && (sim->seen[i]->held || sim->seen[i]->gone))
			return true;
	return false;
}

/* Is there a call that no path has come to? Calls that are left out are all held to be made, so none must be. */
static bool misses_call(const struct sim *sim)
{
	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];

		if (in->op == OP_CALL && in->args[0].kind == ARG_FUNC && !(sim->seen && sim->seen[i]) &&
		    program_resolve(&sim->an->program, sim->node, in->args[0].name))
			return true;
	}
	return false;
}

const struct evidences *evidence_make(struct sim *sim, struct arena *a, bool is_partial)
{
	struct evidences *all = ARENA_NEW(a, struct evidences);
	struct sighting *items = ARENA_ARRAY(&sim->arena, struct sighting, sim->fn->ninsn);

	all->has_locks = has_locks(sim);
	all->is_cut = is_partial;
	all->is_partial = is_partial || (!all->has_locks && misses_call(sim));
	for (int i = 0; sim->seen && i < sim->fn->ninsn; i++) {
		struct sighting e;
		int k = 0;

		if (!sim->seen[i] || !describe(sim, &sim->fn->insns[i], sim->seen[i], &e) || !is_wanted(&e, all->has_locks))
			continue;
		while (k < all->n && !is_same(&items[k], &e))
			k++;
		if (k < all->n)
			items[k].count++;
		else
			items[all->n++] = e;
	}
	all->items = arena_copy(a, items, sizeof(*items) * (size_t)all->n);
	for (int i = 0; i < all->n; i++) {
		struct sighting *e = &all->items[i];

		e->want = names_copy(a, e->want);
		e->held = names_copy(a, e->held);
		e->sure = names_copy(a, e->sure);
		e->own = names_copy(a, e->own);
		e->gone = names_copy(a, e->gone);
	}
	return all;
}

/* ------------------------------------------------------------------ kept between runs */

static void pack_names(struct packer *p, const struct names *s)
{
	pack_int(p, s ? s->n : 0);
	for (int i = 0; s && i < s->n; i++)
		pack_name(p, s->items[i]);
}

static const struct names *unpack_names(struct unpacker *u, struct arena *a)
{
	int n = unpack_count(u);
	struct names *s = n ? names_new(a, n) : NULL;

	for (int i = 0; i < n; i++) {
		s->items[s->n++] = unpack_name(u);
		u->failed |= !s->items[i];
	}
	return s;
}

void evidence_pack(struct packer *p, const struct evidences *e)
{
	pack_int(p, e->n);
	pack_int(p, e->is_partial | e->has_locks << 1 | e->is_cut << 2);
	for (int i = 0; i < e->n; i++) {
		const struct sighting *x = &e->items[i];

		pack_int(p, x->kind | x->touch << 4);
		pack_int(p, x->site);
		pack_int(p, x->count);
		pack_name(p, x->name);
		pack_name(p, x->from);
		if (x->kind == EVIDENCE_ASSERT)
			pack_names(p, x->want);
		if (!e->has_locks)
			continue;
		pack_names(p, x->held);
		pack_names(p, x->sure);
		pack_names(p, x->own);
		pack_names(p, x->gone);
	}
}

static void unpack_item(struct unpacker *u, struct arena *a, struct sighting *x, bool has_locks)
{
	int how = (int)unpack_int(u);

	x->kind = (enum evidence_kind)(how & 15);
	x->touch = how >> 4;
	x->site = (int)unpack_int(u);
	x->count = (int)unpack_int(u);
	x->name = unpack_name(u);
	x->from = unpack_name(u);
	if (x->kind == EVIDENCE_ASSERT)
		x->want = unpack_names(u, a);
	u->failed |= x->kind >= EVIDENCE_KINDS || x->site < 0;
	if (!has_locks)
		return;
	x->held = unpack_names(u, a);
	x->sure = unpack_names(u, a);
	x->own = unpack_names(u, a);
	x->gone = unpack_names(u, a);
}

const struct evidences *evidence_unpack(struct unpacker *u, struct arena *a)
{
	struct evidences *all = ARENA_NEW(a, struct evidences);
	int how;

	all->n = unpack_count(u);
	how = (int)unpack_int(u);
	all->is_partial = how & 1;
	all->has_locks = how >> 1 & 1;
	all->is_cut = how >> 2 & 1;
	all->items = ARENA_ARRAY(a, struct sighting, all->n);
	for (int i = 0; i < all->n && !u->failed; i++)
		unpack_item(u, a, &all->items[i], all->has_locks);
	return u->failed ? NULL : all;
}
