// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two names of one object. Entry point: same_learn(). Where a path learns that two pointers are equal, a lock that it
 * took by one of them may be released by the name that it was released by before. Or by its own: nothing is said of it.
 */
#include "infer/same.h"

#include "infer/simulate.h"

/* The same place in another object. */
static const struct sym *in_object(struct sim *sim, const struct sym *lock, const struct sym *object)
{
	return lock->kind == SYM_ADDR ? sym_addr(&sim->syms, object, lock->value, lock->struct_name, lock->field) : object;
}

/* A lock of from that is held and was released as to's: it is held as that as well. */
static void share_locks(struct sim *sim, struct state *st, const struct sym *from, const struct sym *to)
{
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		struct held h = st->locks->items[i], other = h;
		const struct held *old;

		if (h.state != LOCK_HELD || sym_object(h.lock) != from)
			continue;
		old = state_find_lock(st, in_object(sim, h.lock, to), h.kind);
		if (!old || old->state == LOCK_HELD || old->state == LOCK_ASSERTED)
			continue;
		other.lock = old->lock;
		other.is_vague = true;
		if (old->state == LOCK_DROPPED)
			other.state = LOCK_ASSERTED;	/* the caller's again */
		h.state = LOCK_FREE;
		h.is_vague = true;
		state_put_lock(&sim->pool, st, &h);
		state_put_lock(&sim->pool, st, &other);
	}
}

void same_learn(struct sim *sim, struct state *st, const struct sym *c, bool truth)
{
	if (c->kind != SYM_CMP || c->sub != (truth ? CMP_EQ : CMP_NE) || c->a->kind == SYM_INT || c->b->kind == SYM_INT)
		return;
	share_locks(sim, st, c->a, c->b);
	share_locks(sim, st, c->b, c->a);
}
