// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks held at a call. Entry: held_at(): sets of locks go through the blocks until nothing changes; where
 * ways meet, what only one of them holds is held maybe. What a call does is what its model says, else what
 * its summary says of those cases that are no failures.
 */
#include "query/held.h"

#include <string.h>

#include "base/arena.h"

struct flow_sets {
	struct question *q;
	const struct node *n;
	struct held_locks *in;		/* per block, at its begin */
	bool *known;			/* some way there was gone */
};

static int find(const struct held_locks *s, const struct sym *lock, const char *kind)
{
	for (int i = 0; i < s->n; i++)
		if (s->items[i].lock == lock && s->items[i].kind == kind)
			return i;
	return -1;
}

static void add(struct held_locks *s, const struct query_lock *l)
{
	int i = find(s, l->lock, l->kind);

	if (i >= 0 && s->items[i].is_released)
		s->items[i] = *l;
	else if (i >= 0)
		s->items[i].is_maybe &= l->is_maybe;
	else if (s->n < HELD_MAX)
		s->items[s->n++] = *l;
}

const char *held_class(const struct query_lock *l)
{
	return l->lock ? sym_class(l->lock, l->kind) : l->kind;
}

/* Take a lock out: that one, else the last of its class. One that was not taken is the callers'. */
static void drop(struct held_locks *s, const struct sym *lock, const char *kind)
{
	struct query_lock gone = {.lock = lock, .kind = kind, .is_released = true};
	int i = find(s, lock, kind);

	for (int k = s->n - 1; k >= 0 && i < 0; k--)
		if (s->items[k].kind == kind && held_class(&s->items[k]) == held_class(&gone))
			i = k;
	if (i < 0 || s->items[i].is_callers) {
		if (i >= 0)
			s->items[i] = gone;
		else
			add(s, &gone);
		return;
	}
	memmove(&s->items[i], &s->items[i + 1], sizeof(s->items[0]) * (size_t)(s->n - i - 1));
	s->n--;
}

/* False when the model says nothing of locks. */
static bool by_model(struct flow_sets *f, struct held_locks *s, const struct insn *in, const struct model_func *m)
{
	bool speaks = false;

	for (int i = 0; m && i < m->neffect; i++) {
		const struct effect *e = &m->effects[i];
		struct query_lock l = {.kind = e->what};

		if (e->kind == EFFECT_NONE || e->kind == EFFECT_BALANCED || e->kind == EFFECT_SLEEP)
			speaks = true;
		if (e->kind != EFFECT_TAKE && e->kind != EFFECT_RELEASE && e->kind != EFFECT_ASSERT)
			continue;
		speaks = true;
		if (e->arg >= 0 && e->arg + 1 < in->narg)
			l.lock = reader_value(&f->q->reader, f->n, &in->args[e->arg + 1]);
		l.is_maybe = e->kind == EFFECT_TAKE && e->try;
		l.is_callers = e->kind == EFFECT_ASSERT;
		if (e->kind == EFFECT_RELEASE)
			drop(s, l.lock, l.kind);
		else
			add(s, &l);
	}
	return speaks;
}

/* Does that case leave the lock in that state? */
static bool case_has(const struct scase *c, const struct held *h)
{
	int i = c->locks ? lock_set_find(c->locks, h->lock, h->kind) : -1;

	return i >= 0 && c->locks->items[i].state == h->state;
}

static bool is_failure(const struct scase *c)
{
	return c->ret && !(c->ret_mask & ~(unsigned)MASK_ERROR);
}

static void by_case(struct flow_sets *f, struct held_locks *s, const struct insn *in, const struct summary *sum,
		    const struct scase *c)
{
	for (int i = 0; c->locks && i < c->locks->n; i++) {
		const struct held *h = &c->locks->items[i];
		struct query_lock l = {.kind = h->kind, .lock = reader_fill(&f->q->reader, f->n, in, h->lock)};

		if (!l.lock)
			continue;
		if (h->state == LOCK_DROPPED)
			drop(s, l.lock, l.kind);
		if (h->state != LOCK_HELD)
			continue;
		for (int k = 0; k < sum->ncase; k++)
			l.is_maybe |= !is_failure(&sum->cases[k]) && !case_has(&sum->cases[k], h);
		add(s, &l);
	}
}

static void call(struct flow_sets *f, struct held_locks *s, const struct insn *in)
{
	const struct summary *sum;
	const struct node *body;

	if (in->args[0].kind != ARG_FUNC || by_model(f, s, in, model_find(f->q->model, in->args[0].name)))
		return;
	body = program_resolve(&f->q->an->program, f->n, in->args[0].name);
	sum = body ? node_summary(body) : NULL;
	for (int i = 0; sum && i < sum->ncase; i++)
		by_case(f, s, in, sum, &sum->cases[i]);
}

/* Two ways meet; true if that is news. */
static bool join(struct flow_sets *f, int block, const struct held_locks *from)
{
	struct held_locks *to = &f->in[block], old = *to;

	if (!f->known[block]) {
		*to = *from;
		f->known[block] = true;
		return true;
	}
	for (int i = 0; i < to->n; i++) {
		int k = find(from, to->items[i].lock, to->items[i].kind);

		to->items[i].is_maybe |= k < 0 || from->items[k].is_maybe;
	}
	for (int i = 0; i < from->n; i++)
		if (find(to, from->items[i].lock, from->items[i].kind) < 0 && to->n < HELD_MAX) {
			to->items[to->n] = from->items[i];
			to->items[to->n++].is_maybe = true;
		}
	if (old.n != to->n)
		return true;
	for (int i = 0; i < to->n; i++)
		if (old.items[i].is_maybe != to->items[i].is_maybe)
			return true;
	return false;
}

void held_at(struct question *q, const struct node *n, const struct insn *in, struct held_locks *out)
{
	const struct func *fn = func_read(n->fn);
	struct flow_sets f = {.q = q, .n = n};
	struct arena scratch;
	bool again = true;

	arena_init(&scratch);
	out->n = 0;
	f.in = ARENA_ARRAY(&scratch, struct held_locks, fn->nblock);
	f.known = ARENA_ARRAY(&scratch, bool, fn->nblock);
	f.known[0] = true;
	while (again) {
		again = false;
		for (int b = 0; b < fn->nblock; b++) {
			struct held_locks s = f.in[b];

			for (int i = fn->blocks[b].first; f.known[b] && i < fn->blocks[b].end; i++) {
				const struct insn *at = &fn->insns[i];

				if (at == in)
					*out = s;
				if (at->op == OP_CALL)
					call(&f, &s, at);
				for (int t = 0; flow_is_terminator(at->op) && t < at->ntarget; t++)
					again |= join(&f, at->targets[t], &s);
			}
		}
	}
	arena_release(&scratch);
}

const char *held_name(struct question *q, const struct query_lock *l)
{
	struct text t;
	const char *s;

	text_init(&t);
	if (l->lock)
		sym_print(&t, l->lock, true);
	else
		text_puts(&t, l->kind);
	s = arena_printf(q->arena, l->is_maybe ? "[%s]" : "%s", text_str(&t));
	text_release(&t);
	return s;
}
