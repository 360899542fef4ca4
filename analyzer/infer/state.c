// SPDX-License-Identifier: GPL-2.0-only
/*
 * States: copying, learning, memory, held things, merging. Ranges and cells are
 * arrays sorted by symbol id, so that merging is one walk over both.
 */
#include "infer/state.h"

#include <string.h>

#include "base/arena.h"

#define MAX_USES 16	/* pointers a summary says are used; more are not told apart */
#define MAX_TAKES 12
#define MAX_BRANCHES 8	/* of one condition */

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

/* x for x != 0: conditions are kept without it. */
static const struct sym *plain(const struct sym *s)
{
	return s->kind == SYM_CMP && s->sub == CMP_NE && s->b->kind == SYM_INT && !s->b->value ? s->a : s;
}

/* The branches of c down to (not with) stop as one condition; NULL when they are too many. */
static const struct sym *all_since(struct sym_table *t, const struct cond *c, const struct cond *stop)
{
	const struct sym *terms[MAX_BRANCHES];
	int n = 0;

	for (; c != stop; c = c->prev) {
		if (n == MAX_BRANCHES)
			return NULL;
		terms[n++] = c->s;
	}
	return sym_all(t, terms, n);
}

/* Not all of: what ALL symbols hold is spread out, so that the same terms always make the same symbol. */
static void learn_not_all(struct state_pool *p, struct sym_table *t, struct state *a, const struct sym *held,
			  const struct sym *b)
{
	const struct sym *terms[MAX_BRANCHES + 1], *all;
	int n = 0;

	for (; held->kind == SYM_ALL && n < MAX_BRANCHES - 1; held = held->a)
		terms[n++] = held->b;
	terms[n++] = held;
	terms[n++] = b;
	all = sym_all(t, terms, n);
	if (all->kind == SYM_INT)
		return;
	state_restrict(p, a, all, MASK_ZERO);
	state_push_cond(p, a, sym_not(t, all));
}

/*
 * Two paths become one. If they part at one point, one because A failed and the other because it held but b did
 * not, then what is left is "not both": the usual end of "if (A && b)". It is learnt, and the path stays exact.
 */
static bool merge_failed(struct state_pool *p, struct sym_table *t, struct state *a, const struct cond *x,
			 const struct cond *y, const struct cond *common)
{
	const struct sym *failed = x->prev == common ? sym_not(t, x->s) : NULL, *held;

	if (!failed || y == common)
		return false;
	if (y->prev == common) {	/* b, and not b: nothing is left of the branch */
		if (failed != y->s && sym_not(t, y->s) != x->s)
			return false;
		a->conds = common;
		return true;
	}
	held = all_since(t, y->prev, common);
	if (!held || sym_not(t, held) != sym_not(t, plain(failed)))
		return false;
	a->conds = common;
	learn_not_all(p, t, a, held, sym_not(t, y->s));
	return true;
}

static void merge_conds(struct state_pool *p, struct sym_table *t, struct state *a, const struct state *b)
{
	const struct cond *x = a->conds, *y = b->conds, *cx = x, *cy = y;

	a->is_inexact |= b->is_inexact;
	if (x == y)
		return;
	while (cx != cy) {
		if (!cx || (cy && cy->n > cx->n))
			cy = cy->prev;
		else
			cx = cx->prev;
	}
	if (x != cx && y != cx && (merge_failed(p, t, a, x, y, cx) || merge_failed(p, t, a, y, x, cx)))
		return;
	a->conds = cx;
	a->is_inexact = true;
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

static const struct range *find_range(const struct state *st, const struct sym *s)
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
	const struct range *r = find_range(st, s);

	return r ? r->mask : sym_mask(s);
}

static int truth_of_cmp(const struct state *st, const struct sym *s)
{
	const struct range *r;
	unsigned mask;

	if (s->b->kind != SYM_INT) {
		unsigned a = state_mask(st, s->a), b = state_mask(st, s->b);

		if (s->sub == CMP_EQ && !(a & b))
			return 0;
		if (s->sub == CMP_NE && !(a & b))
			return 1;
		return -1;
	}
	r = find_range(st, s->a);
	if (r && r->is_known && (s->sub == CMP_EQ || s->sub == CMP_NE))
		return (r->value == s->b->value) == (s->sub == CMP_EQ);
	mask = state_mask(st, s->a);
	if (!(mask & mask_of_cmp(s->sub, s->b->value)))
		return 0;
	if (!(mask & mask_of_cmp(cmp_negate(s->sub), s->b->value)))
		return 1;
	return -1;
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
	return s->kind == SYM_CMP ? truth_of_cmp(st, s) : -1;
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
	const struct range *old = find_range(st, s);
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

	if (s->b->kind != SYM_INT) {
		if (sub != CMP_EQ)
			return true;
		return state_restrict(p, st, s->a, state_mask(st, s->b)) &&
		       state_restrict(p, st, s->b, state_mask(st, s->a));
	}
	if (sub == CMP_EQ)
		return state_set_value(p, st, s->a, s->b->value);
	r = find_range(st, s->a);
	if (sub == CMP_NE && r && r->is_known && r->value == s->b->value)
		return false;
	return state_restrict(p, st, s->a, mask_of_cmp(sub, s->b->value));
}

bool state_assume(struct state_pool *p, struct state *st, const struct sym *s, bool truth)
{
	int known = state_truth(st, s);

	if (known >= 0)
		return known == truth;
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
	r = find_range(st, s);
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

static int lock_at(const struct lock_set *s, const struct sym *lock, const char *kind)
{
	for (int i = 0; s && i < s->n; i++)
		if (s->items[i].lock == lock && (s->items[i].kind == kind || s->items[i].state == LOCK_ASSERTED))
			return i;
	return -1;
}

const struct held *state_find_lock(const struct state *st, const struct sym *lock, const char *kind)
{
	int i = lock_at(st->locks, lock, kind);

	return i < 0 ? NULL : &st->locks->items[i];
}

void state_put_lock(struct state_pool *p, struct state *st, const struct held *h)
{
	st->locks = lock_set_edit(p, st->locks, lock_at(st->locks, h->lock, h->kind), h);
}

void state_drop_lock(struct state_pool *p, struct state *st, const struct sym *lock, const char *kind)
{
	int i = lock_at(st->locks, lock, kind);

	if (i >= 0)
		st->locks = lock_set_edit(p, st->locks, i, NULL);
}

void state_add_take(struct state_pool *p, struct state *st, const struct held *h)
{
	if (lock_at(st->takes, h->lock, h->kind) < 0 && (!st->takes || st->takes->n < MAX_TAKES))
		st->takes = lock_set_edit(p, st->takes, -1, h);
}

const struct ref *state_find_ref(const struct state *st, const struct sym *object)
{
	for (int i = 0; st->refs && i < st->refs->n; i++)
		if (sym_object(st->refs->items[i].object) == sym_object(object))
			return &st->refs->items[i];
	return NULL;
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

void state_add_use(struct state_pool *p, struct state *st, const struct use *u)
{
	for (int i = 0; st->uses && i < st->uses->n; i++)
		if (st->uses->items[i].object == u->object && st->uses->items[i].need == u->need)
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
	st->trace = t;
	return t;
}

/* What is only known to be free, or the caller's, does not keep paths apart. */
static bool tells_apart(const struct held *h)
{
	return h->state == LOCK_HELD || h->state == LOCK_DROPPED;
}

static int count_locks(const struct state *st)
{
	int n = 0;

	for (int i = 0; st->locks && i < st->locks->n; i++)
		n += tells_apart(&st->locks->items[i]);
	return n;
}

static bool same_locks(const struct state *a, const struct state *b)
{
	if (a->locks == b->locks)
		return true;
	if (count_locks(a) != count_locks(b))
		return false;
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		const struct held *h = &a->locks->items[i], *k;

		if (!tells_apart(h))
			continue;
		k = state_find_lock(b, h->lock, h->kind);
		if (!k || k->state != h->state || k->mode != h->mode || k->count != h->count ||
		    k->is_vague != h->is_vague)
			return false;
	}
	return true;
}

static int count_refs(const struct state *st)
{
	int n = 0;

	for (int i = 0; st->refs && i < st->refs->n; i++)
		n += st->refs->items[i].count != 0;
	return n;
}

static bool same_refs(const struct state *a, const struct state *b)
{
	if (a->refs == b->refs)
		return true;
	if (count_refs(a) != count_refs(b))
		return false;
	for (int i = 0; a->refs && i < a->refs->n; i++) {
		const struct ref *r = &a->refs->items[i], *k;

		if (!r->count)
			continue;
		k = state_find_ref(b, r->object);
		if (!k || k->count != r->count || k->handed_on != r->handed_on)
			return false;
	}
	return true;
}

static bool same_dead(const struct state *a, const struct state *b)
{
	if (a->dead == b->dead)
		return true;
	if ((a->dead ? a->dead->n : 0) != (b->dead ? b->dead->n : 0))
		return false;
	for (int i = 0; i < a->dead->n; i++) {
		int k = 0;

		while (k < b->dead->n && b->dead->items[k].root != a->dead->items[i].root)
			k++;
		if (k == b->dead->n)
			return false;
	}
	return true;
}

/* A pointer whose whereabouts tell states apart: to an object borrowed or counted. */
static bool is_borrowed(const struct state *st, const struct sym *v, bool with_params)
{
	const struct sym *object = sym_object(v);

	if (with_params && object->kind == SYM_PARAM)
		return true;
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (st->dead->items[i].root == object)
			return true;
	return state_find_ref(st, v) != NULL;
}

static bool same_cells(const struct state *a, const struct state *b, bool with_params)
{
	int i = 0, j = 0;

	while (i < a->ncell || j < b->ncell) {
		const struct cell *x = i < a->ncell ? &a->cells[i] : NULL, *y = j < b->ncell ? &b->cells[j] : NULL;

		if (x && y && x->addr == y->addr) {
			i++, j++;
		} else if (!y || (x && x->addr->id < y->addr->id)) {
			i++;
			y = NULL;
		} else {
			j++;
			x = NULL;
		}
		if (x && y && x->value == y->value)
			continue;
		if ((x && is_borrowed(a, x->value, with_params)) || (y && is_borrowed(b, y->value, with_params)))
			return false;
	}
	return true;
}

bool state_same_takes(const struct state *a, const struct state *b)
{
	if (a->takes == b->takes)
		return true;
	if ((a->takes ? a->takes->n : 0) != (b->takes ? b->takes->n : 0))
		return false;
	for (int i = 0; i < a->takes->n; i++)
		if (lock_at(b->takes, a->takes->items[i].lock, a->takes->items[i].kind) < 0)
			return false;
	return true;
}

bool state_same_key(const struct state *a, const struct state *b, bool with_params)
{
	return same_locks(a, b) && same_refs(a, b) && same_dead(a, b) && same_cells(a, b, with_params);
}

/* Ordinals of the unknowns a merge makes, apart from those of instructions. */
enum { MERGED_VALUE = 1000000, MERGED_CELL = 2000000, MERGED_RET = 3000000 };

static const struct sym *join_values(struct state_pool *p, struct sym_table *t, struct state *a,
				     const struct state *b, const struct sym *x, const struct sym *y,
				     int block, int64_t ordinal)
{
	const struct sym *n;
	unsigned mask;

	if (x == y || !x || !y)
		return x == y ? x : NULL;
	n = sym_new(t, -1 - block, ordinal, a->turn > b->turn ? a->turn : b->turn, x->name ? x->name : y->name);
	mask = state_mask(a, x) | state_mask(b, y);
	if (n != x && n != y && mask != MASK_ANY)
		state_restrict(p, a, n, mask);
	return n;
}

static void merge_cells(struct state_pool *p, struct sym_table *t, struct state *a, struct state *b, int block)
{
	int na = a->ncell, nb = b->ncell, i = 0, j = 0, n = 0;
	struct cell *out = ARENA_ARRAY(p->arena, struct cell, na + nb + 1);

	while (i < na || j < nb) {
		const struct cell *x = i < na ? &a->cells[i] : NULL, *y = j < nb ? &b->cells[j] : NULL;
		const struct cell *one = !y || (x && x->addr->id < y->addr->id) ? x : y;
		const struct sym *other, *v;

		if (x && y && x->addr == y->addr) {
			v = join_values(p, t, a, b, x->value, y->value, block, MERGED_CELL + x->addr->id);
			i++, j++;
		} else {
			other = sym_load(t, one->addr);
			if (!other || sym_root(one->addr)->kind == SYM_STACK)
				v = one->value;	/* the other path never wrote it: nothing valid there */
			else
				v = join_values(p, t, a, b, one->value, other, block, MERGED_CELL + one->addr->id);
			one == x ? i++ : j++;
		}
		out[n] = *one;
		out[n++].value = v ? v : one->value;
	}
	a->cells = out;
	a->ncell = n;
	a->cell_cap = na + nb + 1;
}

static void merge_ranges(struct state *a, const struct state *b)
{
	int n = 0;

	for (int i = 0; i < a->nrange; i++) {
		struct range r = a->ranges[i];
		const struct range *o = find_range(b, r.s);

		r.mask |= o ? o->mask : state_mask(b, r.s);
		if (!o || !o->is_known || !r.is_known || o->value != r.value)
			r.is_known = false;
		if (r.mask != sym_mask(r.s) || r.is_known)
			a->ranges[n++] = r;
	}
	a->nrange = n;
}

static void merge_uses(struct state_pool *p, struct state *a, const struct state *b)
{
	if (a->uses != b->uses)
		for (int i = 0; b->uses && i < b->uses->n; i++)
			state_add_use(p, a, &b->uses->items[i]);
	if (a->takes != b->takes)
		for (int i = 0; b->takes && i < b->takes->n; i++)
			state_add_take(p, a, &b->takes->items[i]);
}

void state_merge(struct state_pool *p, struct sym_table *t, struct state *a, struct state *b, int block)
{
	struct range *keep = ARENA_ARRAY(p->arena, struct range, a->nrange);
	struct state before = *a;

	/* Masks of joined values are read from both sides before ranges are intersected. */
	if (a->nrange)
		memcpy(keep, a->ranges, sizeof(*keep) * (size_t)a->nrange);
	before.ranges = keep;
	merge_ranges(a, b);
	for (int i = 0; i < p->ninsn; i++)
		if (a->env[i] != b->env[i]) {
			const struct sym *x = a->env[i], *y = b->env[i], *n;

			if (!x || !y) {
				a->env[i] = NULL;
				continue;
			}
			n = sym_new(t, -1 - block, MERGED_VALUE + i, a->turn > b->turn ? a->turn : b->turn,
				    x->name ? x->name : y->name);
			state_restrict(p, a, n, state_mask(&before, x) | state_mask(b, y));
			a->env[i] = n;
		}
	merge_cells(p, t, a, b, block);
	merge_conds(p, t, a, b);
	a->is_warned &= b->is_warned;
	merge_uses(p, a, b);
	if (b->turn > a->turn) {
		a->turn = b->turn;
		memcpy(a->turns, b->turns, sizeof(a->turns));
		a->nturn = b->nturn;
	}
	if (a->ret && b->ret)
		a->ret = join_values(p, t, a, b, a->ret, b->ret, block, MERGED_RET);
	state_free(p, b);
}
