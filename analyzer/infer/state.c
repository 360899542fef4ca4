// SPDX-License-Identifier: GPL-2.0-only
/*
 * States: copying, learning, memory, sets of held things. Entry points: state_new() and
 * state_copy(), state_assume() and its kin, state_find_cell() and state_store(),
 * state_put_lock() and its kin, state_step(). Ranges and cells are arrays sorted by symbol
 * id, found by bisection; what is held are immutable sets, made anew on each change.
 */
#include "infer/state.h"

#include <string.h>

#include "base/arena.h"

#define MAX_USES 16	/* pointers a summary says are used; more are not told apart */
#define MAX_TAKES 12
#define MAX_LOANS 12	/* pointers read in read sections; more are not followed */

struct state *state_new(struct state_pool *p)
{
	struct state *st = p->free;
	const struct sym **env;

	if (st) {
		struct range *ranges = st->ranges;
		struct cell *cells = st->cells;
		int range_cap = st->range_cap, cell_cap = st->cell_cap;

		p->free = st->next;
		env = st->env;
		memset(st, 0, sizeof(*st));
		memset(env, 0, sizeof(*env) * (size_t)p->ninsn);
		st->env = env;
		st->ranges = ranges;
		st->range_cap = range_cap;
		st->cells = cells;
		st->cell_cap = cell_cap;
		return st;
	}
	st = ARENA_NEW(p->arena, struct state);
	st->env = ARENA_ARRAY(p->arena, const struct sym *, p->ninsn);
	return st;
}

static void grow_ranges(struct state_pool *p, struct state *st, int need)
{
	struct range *old = st->ranges;

	if (need <= st->range_cap)
		return;
	st->range_cap = need < 16 ? 16 : need * 2;
	st->ranges = ARENA_ARRAY(p->arena, struct range, st->range_cap);
	if (st->nrange)
		memcpy(st->ranges, old, sizeof(*old) * (size_t)st->nrange);
}

static void grow_cells(struct state_pool *p, struct state *st, int need)
{
	struct cell *old = st->cells;

	if (need <= st->cell_cap)
		return;
	st->cell_cap = need < 16 ? 16 : need * 2;
	st->cells = ARENA_ARRAY(p->arena, struct cell, st->cell_cap);
	if (st->ncell)
		memcpy(st->cells, old, sizeof(*old) * (size_t)st->ncell);
}

struct state *state_copy(struct state_pool *p, const struct state *st)
{
	struct state *c = state_new(p), keep = *c;

	*c = *st;
	c->next = NULL;
	c->env = keep.env;
	c->ranges = keep.ranges;
	c->range_cap = keep.range_cap;
	c->cells = keep.cells;
	c->cell_cap = keep.cell_cap;
	c->nrange = c->ncell = 0;
	grow_ranges(p, c, st->nrange);
	grow_cells(p, c, st->ncell);
	memcpy(c->env, st->env, sizeof(*st->env) * (size_t)p->ninsn);
	if (st->nrange)
		memcpy(c->ranges, st->ranges, sizeof(*st->ranges) * (size_t)st->nrange);
	if (st->ncell)
		memcpy(c->cells, st->cells, sizeof(*st->cells) * (size_t)st->ncell);
	c->nrange = st->nrange;
	c->ncell = st->ncell;
	return c;
}

void state_free(struct state_pool *p, struct state *st)
{
	st->next = p->free;
	p->free = st;
}

void state_push_cond(struct state_pool *p, struct state *st, const struct sym *s)
{
	struct cond *c = ARENA_NEW(p->arena, struct cond);

	c->prev = st->conds;
	c->s = s;
	c->n = st->conds ? st->conds->n + 1 : 1;
	st->conds = c;
}

/* Index of the first range whose symbol id is not below id. */
static int range_index(const struct state *st, int id)
{
	int lo = 0, hi = st->nrange;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (st->ranges[mid].s->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct range *state_find_range(const struct state *st, const struct sym *s)
{
	int i = range_index(st, s->id);

	return i < st->nrange && st->ranges[i].s == s ? &st->ranges[i] : NULL;
}

static struct range *get_range(struct state_pool *p, struct state *st, const struct sym *s)
{
	int i = range_index(st, s->id);

	if (i < st->nrange && st->ranges[i].s == s)
		return &st->ranges[i];
	grow_ranges(p, st, st->nrange + 1);
	memmove(&st->ranges[i + 1], &st->ranges[i], sizeof(*st->ranges) * (size_t)(st->nrange - i));
	st->nrange++;
	st->ranges[i] = (struct range){.s = s, .mask = sym_mask(s)};
	return &st->ranges[i];
}

unsigned state_mask(const struct state *st, const struct sym *s)
{
	const struct range *r = state_find_range(st, s);

	return r ? r->mask : sym_mask(s);
}

/* A comparison of bits with 0 says no more than the bits do. */
static bool is_test_of_bits(const struct sym *s)
{
	return (s->sub == CMP_EQ || s->sub == CMP_NE) && s->b->kind == SYM_INT && !s->b->value && s->a->kind == SYM_BIN;
}

static int truth_of_cmp(const struct state *st, const struct sym *s)
{
	const struct range *r;
	unsigned mask;

	if (is_test_of_bits(s)) {
		int truth = state_truth(st, s->a);

		return truth < 0 ? truth : truth == (s->sub == CMP_NE);
	}

	if (s->b->kind != SYM_INT) {
		unsigned a = state_mask(st, s->a), b = state_mask(st, s->b);

		if (s->sub == CMP_EQ && !(a & b))
			return 0;
		if (s->sub == CMP_NE && !(a & b))
			return 1;
		return -1;
	}
	r = state_find_range(st, s->a);
	if (r && r->is_known && (s->sub == CMP_EQ || s->sub == CMP_NE))
		return (r->value == s->b->value) == (s->sub == CMP_EQ);
	mask = state_mask(st, s->a);
	if (!(mask & mask_of_cmp(s->sub, s->b->value)))
		return 0;
	if (!(mask & mask_of_cmp(cmp_negate(s->sub), s->b->value)))
		return 1;
	return -1;
}

/* x & bits, by what is known of other bits of x: 1, 0, or -1. */
static int truth_of_bits(const struct state *st, const struct sym *s)
{
	int64_t unset = 0, bits = s->b->value;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < st->nrange; i++) {
			const struct range *r = &st->ranges[i];

			if (r->s->kind != SYM_BIN || r->s->sub != BIN_AND || r->s->a != s->a || r->s->b->kind != SYM_INT)
				continue;
			if (r->mask == MASK_ZERO)
				unset |= r->s->b->value;
			else if (pass && !(r->mask & MASK_ZERO) && !(r->s->b->value & ~unset & ~bits))
				return 1;
		}
	return bits & ~unset ? -1 : 0;
}

int state_truth(const struct state *st, const struct sym *s)
{
	unsigned mask = state_mask(st, s);

	if (!(mask & MASK_ZERO))
		return 1;
	if (mask == MASK_ZERO)
		return 0;
	if (s->kind == SYM_ALL) {
		int a = state_truth(st, s->a), b = state_truth(st, s->b);

		return a == 0 || b == 0 ? 0 : a == 1 && b == 1 ? 1 : -1;
	}
	if (s->kind == SYM_BIN && s->sub == BIN_AND && s->b->kind == SYM_INT)
		return truth_of_bits(st, s);
	if (sym_unshifted(s) != s)
		return state_truth(st, sym_unshifted(s));
	if (s->kind != SYM_CMP)
		return -1;
	if (s->opposite) {
		const struct range *r = state_find_range(st, s->opposite);

		if (r && (r->mask == MASK_ZERO || !(r->mask & MASK_ZERO)))
			return r->mask == MASK_ZERO;
	}
	return truth_of_cmp(st, s);
}

bool state_contradicts(const struct state *st)
{
	for (int i = 0; i < st->nrange; i++) {
		const struct sym *s = st->ranges[i].s;

		if (s->kind == SYM_ALL && st->ranges[i].mask == MASK_ZERO && state_truth(st, s->a) == 1 &&
		    state_truth(st, s->b) == 1)
			return true;
	}
	return false;
}

bool state_restrict(struct state_pool *p, struct state *st, const struct sym *s, unsigned mask)
{
	struct range *r;

	if (!(state_mask(st, s) & mask))
		return false;
	if (s->kind == SYM_INT || !(state_mask(st, s) & ~mask))
		return true;
	r = get_range(p, st, s);
	r->mask &= mask;
	if (r->mask == MASK_ZERO) {
		r->is_known = true;
		r->value = 0;
	}
	return true;
}

bool state_set_value(struct state_pool *p, struct state *st, const struct sym *s, int64_t value)
{
	const struct range *old = state_find_range(st, s);
	struct range *r;

	if (s->kind == SYM_INT)
		return s->value == value;
	if (old && old->is_known && old->value != value)
		return false;
	if (!state_restrict(p, st, s, mask_of_cmp(CMP_EQ, value)))
		return false;
	r = get_range(p, st, s);
	r->is_known = true;
	r->value = value;
	return true;
}

static bool assume_cmp(struct state_pool *p, struct state *st, const struct sym *s, bool truth)
{
	enum flow_sub sub = truth ? s->sub : cmp_negate(s->sub);
	const struct range *r;

	if (is_test_of_bits(s))
		return state_assume(p, st, s->a, sub == CMP_NE);

	if (s->b->kind != SYM_INT) {
		if (sub != CMP_EQ)
			return true;
		return state_restrict(p, st, s->a, state_mask(st, s->b)) &&
		       state_restrict(p, st, s->b, state_mask(st, s->a));
	}
	if (sub == CMP_EQ)
		return state_set_value(p, st, s->a, s->b->value);
	r = state_find_range(st, s->a);
	if (sub == CMP_NE && r && r->is_known && r->value == s->b->value)
		return false;
	return state_restrict(p, st, s->a, mask_of_cmp(sub, s->b->value));
}

bool state_assume(struct state_pool *p, struct state *st, const struct sym *s, bool truth)
{
	int known = state_truth(st, s);

	if (known >= 0)
		return known == truth;
	if (sym_unshifted(s) != s && !state_assume(p, st, sym_unshifted(s), truth))
		return false;
	if (s->kind == SYM_CMP && !assume_cmp(p, st, s, truth))
		return false;
	if (truth && s->kind == SYM_ALL &&
	    (!state_assume(p, st, s->a, true) || !state_assume(p, st, s->b, true)))
		return false;
	/* a != 0 that follows from a & b, so that flags tested together stay together */
	if (truth && s->kind == SYM_BIN && s->sub == BIN_AND && !state_restrict(p, st, s->a, MASK_ANY & ~MASK_ZERO))
		return false;
	return state_restrict(p, st, s, truth ? MASK_ANY & ~MASK_ZERO : MASK_ZERO);
}

const struct sym *state_resolve(struct sym_table *t, const struct state *st, const struct sym *s)
{
	const struct range *r;

	if (s->kind == SYM_INT)
		return s;
	r = state_find_range(st, s);
	return r && r->is_known ? sym_int(t, r->value) : s;
}

static int cell_index(const struct state *st, int id)
{
	int lo = 0, hi = st->ncell;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (st->cells[mid].addr->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct cell *state_find_cell(const struct state *st, const struct sym *addr)
{
	int i = cell_index(st, addr->id);

	return i < st->ncell && st->cells[i].addr == addr ? &st->cells[i] : NULL;
}

void state_store(struct state_pool *p, struct state *st, const struct sym *addr, const struct sym *value,
		 struct place at, const char *func)
{
	int i = cell_index(st, addr->id);

	if (i == st->ncell || st->cells[i].addr != addr) {
		grow_cells(p, st, st->ncell + 1);
		memmove(&st->cells[i + 1], &st->cells[i], sizeof(*st->cells) * (size_t)(st->ncell - i));
		st->ncell++;
	}
	st->cells[i] = (struct cell){addr, value, at, func};
}

/*
 * The immutable sets. Each change makes a new array of the items kept and, if wanted, one more.
 */
#define DEFINE_SET_EDIT(name, set_type, item_type)						\
static const struct set_type *name(struct state_pool *p, const struct set_type *old, int at,	\
				   const struct item_type *item)				\
{												\
	int n = old ? old->n : 0, size = n + (at < 0 ? 1 : item ? 0 : -1), k = 0;		\
	struct set_type *s;									\
												\
	if (size == 0)										\
		return NULL;									\
	s = arena_alloc(p->arena, sizeof(*s) + sizeof(*item) * (size_t)size);			\
	for (int i = 0; i < n; i++) {								\
		if (i != at)									\
			s->items[k++] = old->items[i];						\
		else if (item)									\
			s->items[k++] = *item;							\
	}											\
	if (at < 0)										\
		s->items[k++] = *item;								\
	s->n = k;										\
	return s;										\
}

DEFINE_SET_EDIT(lock_set_edit, lock_set, held)
DEFINE_SET_EDIT(ref_set_edit, ref_set, ref)
DEFINE_SET_EDIT(dead_set_edit, dead_set, dead)
DEFINE_SET_EDIT(use_set_edit, use_set, use)
DEFINE_SET_EDIT(loan_set_edit, loan_set, loan)

int lock_set_find(const struct lock_set *s, const struct sym *lock, const char *kind)
{
	for (int i = 0; s && i < s->n; i++)
		if (s->items[i].lock == lock && (s->items[i].kind == kind || s->items[i].state == LOCK_ASSERTED))
			return i;
	return -1;
}

const struct held *state_find_lock(const struct state *st, const struct sym *lock, const char *kind)
{
	int i = lock_set_find(st->locks, lock, kind);

	return i < 0 ? NULL : &st->locks->items[i];
}

void state_put_lock(struct state_pool *p, struct state *st, const struct held *h)
{
	st->locks = lock_set_edit(p, st->locks, lock_set_find(st->locks, h->lock, h->kind), h);
}

void state_drop_lock(struct state_pool *p, struct state *st, const struct sym *lock, const char *kind)
{
	int i = lock_set_find(st->locks, lock, kind);

	if (i >= 0)
		st->locks = lock_set_edit(p, st->locks, i, NULL);
}

void state_add_take(struct state_pool *p, struct state *st, const struct held *h)
{
	if (lock_set_find(st->takes, h->lock, h->kind) < 0 && (!st->takes || st->takes->n < MAX_TAKES))
		st->takes = lock_set_edit(p, st->takes, -1, h);
}

const struct ref *state_find_ref(const struct state *st, const struct sym *object)
{
	for (int i = 0; st->refs && i < st->refs->n; i++)
		if (sym_object(st->refs->items[i].object) == sym_object(object))
			return &st->refs->items[i];
	return NULL;
}

uint32_t state_keeps_bit(const struct sym *object)
{
	return object->kind == SYM_PARAM && object->value < KEEPS_PERHAPS ? 1u << object->value : 0;
}

uint32_t state_uncounted_bit(const struct state *st, const struct cell *c)
{
	const struct ref *own = state_find_ref(st, c->value);

	return own && own->count > 0 ? 0 : state_keeps_bit(sym_object(c->value));
}

bool state_owes(const struct state *st)
{
	for (int i = 0; st->refs && i < st->refs->n; i++)
		if (st->refs->items[i].count > 0 && !st->refs->items[i].handed_on)
			return true;
	return false;
}

void state_put_ref(struct state_pool *p, struct state *st, const struct ref *r)
{
	const struct ref *old = state_find_ref(st, r->object);

	st->refs = ref_set_edit(p, st->refs, old ? (int)(old - st->refs->items) : -1, r);
}

void state_drop_ref(struct state_pool *p, struct state *st, const struct sym *object)
{
	const struct ref *old = state_find_ref(st, object);

	if (old)
		st->refs = ref_set_edit(p, st->refs, (int)(old - st->refs->items), NULL);
}

void state_add_dead(struct state_pool *p, struct state *st, const struct dead *d)
{
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (st->dead->items[i].root == d->root)
			return;
	st->dead = dead_set_edit(p, st->dead, -1, d);
}

void state_drop_dead(struct state_pool *p, struct state *st, const struct dead *d)
{
	st->dead = dead_set_edit(p, st->dead, (int)(d - st->dead->items), NULL);
}

void state_drop_loan(struct state_pool *p, struct state *st, const struct sym *root)
{
	for (int i = 0; st->loans && i < st->loans->n; i++)
		if (st->loans->items[i].root == root) {
			st->loans = loan_set_edit(p, st->loans, i, NULL);
			return;
		}
}

void state_add_loan(struct state_pool *p, struct state *st, const struct loan *l)
{
	for (int i = 0; st->loans && i < st->loans->n; i++)
		if (st->loans->items[i].root == l->root)
			return;
	if (!st->loans || st->loans->n < MAX_LOANS)
		st->loans = loan_set_edit(p, st->loans, -1, l);
}

void state_add_use(struct state_pool *p, struct state *st, const struct use *u)
{
	for (int i = 0; st->uses && i < st->uses->n; i++)
		if (st->uses->items[i].object == u->object && st->uses->items[i].need == u->need &&
		    u->is_kept == st->uses->items[i].is_kept && (u->is_light || !st->uses->items[i].is_light) && (u->is_checked || !st->uses->items[i].is_checked))
			return;
	if (!st->uses || st->uses->n < MAX_USES)
		st->uses = use_set_edit(p, st->uses, -1, u);
}

struct trace *state_step(struct state_pool *p, struct state *st, enum step_kind kind, struct place at, const char *func)
{
	struct trace *t = ARENA_NEW(p->arena, struct trace);

	t->prev = st->trace;
	t->length = st->trace ? st->trace->length + 1 : 1;
	t->kind = kind;
	t->at = at;
	t->func = func;
	t->locks = st->locks;
	t->refs = st->refs;
	t->dead = st->dead;
	t->course = st->course;
	st->trace = t;
	return t;
}
