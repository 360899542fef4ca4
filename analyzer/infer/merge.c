// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two paths that meet: may their states become one, and which one? Entry points:
 * state_same_key(), state_same_takes(), state_merge(). What both know stays and what differs
 * becomes an unknown of the block they meet in. Ranges and cells are sorted by symbol id, so
 * that merging cells is one walk over both. The branches taken are merge_conds.c's.
 */
#include "infer/live.h"
#include "infer/owed.h"

#include <string.h>

#include "base/arena.h"

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

static bool same_lock(const struct held *h, const struct held *k)
{
	return k && k->state == h->state && k->mode == h->mode && k->count == h->count && k->is_vague == h->is_vague &&
	       k->is_doubted == h->is_doubted && k->is_reported == h->is_reported;
}

static bool same_locks(const struct state *a, const struct state *b)
{
	if (a->locks == b->locks)
		return true;
	if (count_locks(a) != count_locks(b))
		return false;
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		const struct held *h = &a->locks->items[i];

		if (tells_apart(h) && !same_lock(h, state_find_lock(b, h->lock, h->kind)))
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

/*
 * What was put does not keep paths apart: where the object is not NULL it was put on both. Nor do read sections, which
 * are many, and end on all paths alike.
 */
static bool parts_paths(const struct dead *d)
{
	return !d->by_put && !d->by_section;
}

static int count_dead(const struct state *st)
{
	int n = 0;

	for (int i = 0; st->dead && i < st->dead->n; i++)
		n += parts_paths(&st->dead->items[i]);
	return n;
}

static bool has_ended(const struct state *st, const struct sym *root)
{
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (parts_paths(&st->dead->items[i]) && st->dead->items[i].root == root)
			return true;
	return false;
}

static bool same_dead(const struct state *a, const struct state *b)
{
	if (a->dead == b->dead)
		return true;
	if (count_dead(a) != count_dead(b))
		return false;
	for (int i = 0; a->dead && i < a->dead->n; i++)
		if (parts_paths(&a->dead->items[i]) && !has_ended(b, a->dead->items[i].root))
			return false;
	return true;
}

/* A pointer whose whereabouts tell states apart: to an object borrowed or counted. */
static bool is_borrowed(const struct state *st, const struct sym *v, bool with_params)
{
	const struct sym *object = sym_object(v);

	if (with_params && object->kind == SYM_PARAM)
		return true;
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (st->dead->items[i].root == object && parts_paths(&st->dead->items[i]))
			return true;
	return state_find_ref(st, v) != NULL;
}

/* Read from what a callback was given, and put elsewhere: whoever iterates may want to know. */
static bool is_passed_on(const struct cell *c)
{
	const struct sym *from = sym_root(c->value);

	return c->value->kind == SYM_LOAD && from->kind == SYM_PARAM && sym_is_outer(c->addr) && sym_root(c->addr) != from;
}

static bool same_cells(const struct state *a, const struct state *b, bool with_params)
{
	int i = 0, j = 0;

	if (!with_params && !a->dead && !a->refs && !b->dead && !b->refs)
		return true;
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
		if (with_params && ((x && is_passed_on(x)) || (y && is_passed_on(y))))
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
		if (lock_set_find(b->takes, a->takes->items[i].lock, a->takes->items[i].kind) < 0)
			return false;
	return true;
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 29) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/* Sums: the order in which things were taken is no difference. */
uint64_t state_key(const struct state *st)
{
	uint64_t key = 0;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];
		unsigned how = (unsigned)h->state | (unsigned)h->mode << 4 | (unsigned)h->is_vague << 8 | (unsigned)h->is_doubted << 9 |
			       (unsigned)h->count << 10;

		if (tells_apart(h))
			key += mix((uint64_t)h->lock->id << 32 | how);
	}
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct ref *r = &st->refs->items[i];

		if (r->count)
			key += mix((uint64_t)sym_object(r->object)->id << 32 | ((uint32_t)r->count << 2 | 2 | r->handed_on));
	}
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (parts_paths(&st->dead->items[i]))
			key += mix((uint64_t)st->dead->items[i].root->id + 1);
	return key + owed_key(st->owed);
}

bool state_same_key(const struct state *a, const struct state *b, bool with_params)
{
	return same_locks(a, b) && same_refs(a, b) && same_dead(a, b) && owed_same(a->owed, b->owed) &&
	       same_cells(a, b, with_params);
}

/* Ordinals of the unknowns a merge makes, apart from those of instructions. */
enum { MERGED_VALUE = 1000000, MERGED_CELL = 2000000, MERGED_RET = 3000000 };

/* The unknown that stands for both: often it is there already, from paths merged before. */
static const struct sym *joined(struct sym_table *t, const struct sym *x, const struct sym *y, int block,
				int64_t ordinal, int turn)
{
	const struct sym *known = x->site == -1 - block ? x : y;

	if (known->kind == SYM_NEW && known->site == -1 - block && known->value == ordinal && known->turn == turn)
		return known;
	return sym_new(t, -1 - block, ordinal, turn, x->name ? x->name : y->name);
}

/* What a read section keeps, or kept, of the object of v; NULL if it is not one of those. */
static const struct loan *find_loan(const struct state *st, const struct sym *v)
{
	for (int i = 0; st->loans && i < st->loans->n; i++)
		if (st->loans->items[i].root == sym_object(v))
			return &st->loans->items[i];
	return NULL;
}

static const struct dead *find_ended(const struct state *st, const struct sym *v)
{
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (st->dead->items[i].by_section && st->dead->items[i].root == sym_object(v))
			return &st->dead->items[i];
	return NULL;
}

static bool is_null(const struct sym *v)
{
	return v->kind == SYM_INT && !v->value;
}

/* n stands for x of a and y of b: it is kept, or has ended, as they are. NULL is as the other is. */
static void join_loans(struct state_pool *p, struct state *a, const struct state *b, const struct sym *x,
		       const struct sym *y, const struct sym *n)
{
	const struct loan *la = find_loan(a, x), *lb = find_loan(b, y);
	const struct dead *da = find_ended(a, x), *db = find_ended(b, y);

	if ((la || is_null(x)) && (lb || is_null(y)) && (la || lb)) {
		struct loan l = la ? *la : *lb;

		l.root = n;
		state_add_loan(p, a, &l);
	}
	if ((da || is_null(x)) && (db || is_null(y)) && (da || db)) {
		struct dead d = da ? *da : *db;

		d.root = n;
		state_add_dead(p, a, &d);
	}
}

/* before: a as it was, before what it knew was merged. */
static const struct sym *join_values(struct state_pool *p, struct sym_table *t, struct state *a,
				     const struct state *before, const struct state *b, const struct sym *x,
				     const struct sym *y, int block, int64_t ordinal)
{
	const struct sym *n;
	unsigned mask;

	if (x == y || !x || !y)
		return x == y ? x : NULL;
	n = joined(t, x, y, block, ordinal, a->turn > b->turn ? a->turn : b->turn);
	mask = state_mask(before, x) | state_mask(b, y);
	if (mask != MASK_ANY)
		state_restrict(p, a, n, mask);
	if (n != x && (a->loans || a->dead || b->loans || b->dead))
		join_loans(p, a, b, x, y, n);
	return n;
}

/* A parameter that one path has put into an object of its own making, without counting it: where, is forgotten now. */
static void note_kept(struct state *a, const struct state *of, const struct cell *c)
{
	if (sym_root(c->addr)->kind == SYM_NEW)
		a->keeps |= state_uncounted_bit(of, c) << KEEPS_PERHAPS;
}

static void merge_cells(struct state_pool *p, struct sym_table *t, struct state *a, const struct state *before,
			struct state *b, int block)
{
	int na = a->ncell, nb = b->ncell, i = 0, j = 0, n = 0, cap;
	struct cell *out;

	if (na + nb > p->cell_cap) {
		p->cell_cap = (na + nb) * 2;
		p->cells = ARENA_ARRAY(p->arena, struct cell, p->cell_cap);
	}
	out = p->cells;

	while (i < na || j < nb) {
		const struct cell *x = i < na ? &a->cells[i] : NULL, *y = j < nb ? &b->cells[j] : NULL;
		const struct cell *one = !y || (x && x->addr->id < y->addr->id) ? x : y;
		const struct sym *other, *v;

		if (x && y && x->addr == y->addr) {
			v = join_values(p, t, a, before, b, x->value, y->value, block, MERGED_CELL + x->addr->id);
			if (v != x->value)
				note_kept(a, before, x);
			i++, j++;
		} else {
			other = sym_load(t, one->addr);
			if (!other || sym_root(one->addr)->kind == SYM_STACK)
				v = one->value;	/* the other path never wrote it: nothing valid there */
			else
				v = one == x ? join_values(p, t, a, before, b, one->value, other, block, MERGED_CELL + one->addr->id)
					     : join_values(p, t, a, before, b, other, one->value, block, MERGED_CELL + one->addr->id);
			one == x ? i++ : j++;
		}
		if (v != one->value)
			note_kept(a, one == x ? before : b, one);
		out[n] = *one;
		out[n++].value = v ? v : one->value;
	}
	cap = a->cell_cap;
	p->cells = a->cells;
	a->cells = out;
	a->cell_cap = p->cell_cap;
	p->cell_cap = cap;
	a->ncell = n;
}

static void merge_ranges(struct state *a, const struct state *b)
{
	int n = 0, k = 0;

	for (int i = 0; i < a->nrange; i++) {
		struct range r = a->ranges[i];
		const struct range *o;

		while (k < b->nrange && b->ranges[k].s->id < r.s->id)
			k++;
		o = k < b->nrange && b->ranges[k].s == r.s ? &b->ranges[k] : NULL;
		r.mask |= o ? o->mask : sym_mask(r.s);
		if (!o || !o->is_known || !r.is_known || o->value != r.value)
			r.is_known = false;
		if (r.mask != sym_mask(r.s) || r.is_known)
			a->ranges[n++] = r;
	}
	a->nrange = n;
}

/* Is what one of them takes not taken by the other, or not surely? Then nothing tells callers when it is. */
static bool is_taken_surely(const struct held *h, const struct lock_set *other)
{
	int i = lock_set_find(other, h->lock, h->kind);

	return !h->is_vague && i >= 0 && !other->items[i].is_vague;
}

static bool is_sure_alike(const struct lock_set *x, const struct lock_set *y)
{
	for (int i = 0; i < x->n; i++)
		if (!is_taken_surely(&x->items[i], y) && !x->items[i].is_vague)
			return false;
	return true;
}

static void merge_takes(struct state_pool *p, struct state *a, const struct state *b)
{
	const struct lock_set *mine = a->takes;

	if (mine && b->takes && mine->n == b->takes->n && is_sure_alike(mine, b->takes))
		return;
	a->takes = NULL;
	for (int i = 0; mine && i < mine->n; i++) {
		struct held h = mine->items[i];

		h.is_vague = !is_taken_surely(&h, b->takes);
		state_add_take(p, a, &h);
	}
	for (int i = 0; b->takes && i < b->takes->n; i++) {
		struct held h = b->takes->items[i];

		h.is_vague |= lock_set_find(mine, h.lock, h.kind) < 0;
		state_add_take(p, a, &h);
	}
}

static bool is_object(const struct state *st, const struct sym *root)
{
	return state_mask(st, root) & MASK_VALID;
}

/* Something in the object decides whether it was counted on the other path: it says itself what keeps it. */
static bool says_who_keeps(const struct state *counted, const struct state *lent, const struct sym *root)
{
	return !find_loan(counted, root) && is_object(counted, root) && state_is_parted_by(counted, lent, root);
}

/* What is lent on either path, save where it is NULL: the other may have counted what there was. */
static void merge_loans(struct state_pool *p, struct state *a, const struct state *before, const struct state *b)
{
	const struct loan_set *mine = a->loans;

	if (mine == b->loans)
		return;
	for (int i = 0; mine && i < mine->n; i++)
		if (!is_object(before, mine->items[i].root) || says_who_keeps(b, before, mine->items[i].root))
			state_drop_loan(p, a, mine->items[i].root);
	for (int i = 0; b->loans && i < b->loans->n; i++)
		if (is_object(b, b->loans->items[i].root) && !says_who_keeps(before, b, b->loans->items[i].root))
			state_add_loan(p, a, &b->loans->items[i]);
}

static void merge_uses(struct state_pool *p, struct state *a, const struct state *b)
{
	if (a->uses != b->uses)
		for (int i = 0; b->uses && i < b->uses->n; i++)
			state_add_use(p, a, &b->uses->items[i]);
	a->keeps |= b->keeps;
	if (a->takes != b->takes)
		merge_takes(p, a, b);
}

/* What was put or ended on either path, and the steps that tell of it. */
static void merge_dead(struct state_pool *p, struct state *a, const struct state *b)
{
	const struct dead_set *before = a->dead;

	if (before == b->dead)
		return;
	for (int i = 0; b->dead && i < b->dead->n; i++)
		state_add_dead(p, a, &b->dead->items[i]);
	if (a->dead != before)
		a->trace = b->trace;
}

/* What one path has released and the other never took is released, but nobody may say that it is not held. */
static void merge_freed(struct state_pool *p, struct state *a, const struct state *b)
{
	if (a->locks == b->locks)
		return;
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		struct held h = a->locks->items[i];
		const struct held *k = state_find_lock(b, h.lock, h.kind);

		if (h.state != LOCK_FREE || h.is_doubted || (k && k->state == LOCK_FREE && !k->is_doubted))
			continue;
		h.is_doubted = true;
		state_put_lock(p, a, &h);
	}
	for (int i = 0; b->locks && i < b->locks->n; i++) {
		struct held h = b->locks->items[i];

		if (h.state != LOCK_FREE || state_find_lock(a, h.lock, h.kind))
			continue;
		h.is_doubted = true;
		state_put_lock(p, a, &h);
	}
}

static unsigned mask_of(const struct state_pool *p, const struct state *st, const struct sym *s)
{
	int truth = p->is_careful && s->kind == SYM_CMP ? state_truth(st, s) : -1;

	return truth < 0 ? state_mask(st, s) : truth ? MASK_POSITIVE : MASK_ZERO;
}

/* Nothing is said any more of locks that are not the same in both: a has all of them afterwards. */
static void blur_locks(struct state_pool *p, struct state *a, const struct state *b)
{
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		struct held h = a->locks->items[i];

		if (!tells_apart(&h) || h.is_vague || same_lock(&h, state_find_lock(b, h.lock, h.kind)))
			continue;
		h.is_vague = true;
		state_put_lock(p, a, &h);
	}
	for (int i = 0; b->locks && i < b->locks->n; i++) {
		struct held h = b->locks->items[i];
		const struct held *k = state_find_lock(a, h.lock, h.kind);

		if (!tells_apart(&h) || (k && tells_apart(k)))
			continue;
		h.is_vague = true;
		state_put_lock(p, a, &h);
	}
}

/* The same of references: they are somebody else's business. */
static void blur_refs(struct state_pool *p, struct state *a, const struct state *b)
{
	for (int i = 0; a->refs && i < a->refs->n; i++) {
		struct ref r = a->refs->items[i];
		const struct ref *k = state_find_ref(b, r.object);

		if (r.count == (k ? k->count : 0) && (!k || k->handed_on == r.handed_on))
			continue;
		r.handed_on = true;
		state_put_ref(p, a, &r);
	}
	for (int i = 0; b->refs && i < b->refs->n; i++) {
		struct ref r = b->refs->items[i];

		if (!r.count || state_find_ref(a, r.object))
			continue;
		r.handed_on = true;
		state_put_ref(p, a, &r);
	}
}

/* What has not ended on both is held to be kept. */
static void blur_dead(struct state_pool *p, struct state *st, const struct state *other)
{
	for (int i = 0; st->dead && i < st->dead->n; i++) {
		const struct dead *d = &st->dead->items[i];

		if (parts_paths(d) && !has_ended(other, d->root)) {
			state_drop_dead(p, st, d);
			i = -1;
		}
	}
}

void state_blur(struct state_pool *p, struct state *a, struct state *b)
{
	blur_locks(p, a, b);
	blur_refs(p, a, b);
	blur_dead(p, a, b);
	blur_dead(p, b, a);
}

void state_merge(struct state_pool *p, struct sym_table *t, struct state *a, struct state *b, int block,
		 const struct liveness *live)
{
	struct state before = *a;

	/* Masks of joined values are read from both sides before ranges are intersected. */
	if (a->nrange > p->range_cap) {
		p->range_cap = a->nrange * 2;
		p->ranges = ARENA_ARRAY(p->arena, struct range, p->range_cap);
	}
	if (a->nrange)
		memcpy(p->ranges, a->ranges, sizeof(*a->ranges) * (size_t)a->nrange);
	before.ranges = p->ranges;
	merge_ranges(a, b);
	for (int i = 0; i < p->ninsn; i++)
		if (a->env[i] != b->env[i]) {
			const struct sym *x = a->env[i], *y = b->env[i], *n;

			if (!x || !y || !live_at(live, block, i)) {
				a->env[i] = NULL;
				continue;
			}
			n = joined(t, x, y, block, MERGED_VALUE + i, a->turn > b->turn ? a->turn : b->turn);
			state_restrict(p, a, n, mask_of(p, &before, x) | mask_of(p, b, y));
			if (n != x && (a->loans || a->dead || b->loans || b->dead))
				join_loans(p, a, b, x, y, n);
			a->env[i] = n;
		}
	merge_cells(p, t, a, &before, b, block);
	state_merge_conds(p, t, a, b);
	a->is_warned &= b->is_warned;
	a->is_last &= b->is_last;
	a->slept &= b->slept;
	merge_freed(p, a, b);
	merge_loans(p, a, &before, b);
	merge_uses(p, a, b);
	merge_dead(p, a, b);
	if (b->turn > a->turn) {
		a->turn = b->turn;
		memcpy(a->turns, b->turns, sizeof(a->turns));
		a->nturn = b->nturn;
	}
	if (a->ret && b->ret) {
		unsigned mask = mask_of(p, &before, a->ret) | mask_of(p, b, b->ret);

		a->ret = join_values(p, t, a, &before, b, a->ret, b->ret, block, MERGED_RET);
		if (p->is_careful)
			state_restrict(p, a, a->ret, mask);
	}
	state_free(p, b);
}
