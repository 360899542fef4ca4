// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a function begins, ends and goes round, for verify. Entry points: prove_begin(), prove_exits(),
 * prove_arrive() and prove_cut() for loops. At each exit the books must come to what the contract says, or to nothing;
 * what is promised is so. A loop is followed for few turns: it must go on with what it has begun with.
 */
#include "infer/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"

#define MAX_TALLY 40

/* ------------------------------------------------------------------ the beginning */

static void learn_linked(struct binding *b, const struct sym *object, const char *struct_name)
{
	const struct model *m = b->sim->an->options->model;

	for (int i = 0; struct_name && i < m->nlist; i++) {
		const struct model_list *l = &m->lists[i];
		struct owed o = {.object = object, .kind = intern("linked"), .count = 1};

		if (l->node_struct != struct_name)
			continue;
		o.under = contract_from(b->sim, b->st, object, struct_name,
					arena_printf(&b->sim->arena, "%s->%s", l->back, l->lock), true);
		if (o.under && !owed_find(b->st, object, o.kind))
			owed_add(&b->sim->pool, b->st, &o);
	}
}

static void learn_same(struct sim_proof *sp, const struct sym *a, const struct sym *b)
{
	if (!a || !b || a == b || sp->nsame == (int)(sizeof(sp->same) / sizeof(sp->same[0])))
		return;
	for (int i = 0; i < sp->nsame; i++)
		if (sp->same[i].from == a)
			return;
	sp->same[sp->nsame].from = a;
	sp->same[sp->nsame++].to = b;
}

void prove_learn(struct sim *sim, struct binding *b, const struct clause *c)
{
	struct sim_proof *sp = sim->proof;
	const struct sym *v = contract_value(b, c->path), *at;

	if (!v || v->kind == SYM_INT)
		return;
	if (!strcmp(c->word, "==")) {
		learn_same(sp, v, contract_value(b, c->other));
	} else if (!strcmp(c->word, "unshared") && sp->nunshared < 4) {
		sp->unshared[sp->nunshared++] = sym_object(v);
	} else if (!strcmp(c->word, "on") && sp->non < 4) {
		sp->on[sp->non].node = v;
		sp->on[sp->non++].head = contract_address(b, c->other);
	} else if (!strcmp(c->word, "linked")) {
		learn_linked(b, sym_object(v), v->kind == SYM_PARAM && b->fn ? b->fn->params[v->value].type : NULL);
	} else if (!strcmp(c->word, "nonempty") || !strcmp(c->word, "empty")) {
		at = contract_address(b, c->path);
		if (at)
			state_assume(&sim->pool, b->st, sym_cmp(&sim->syms, CMP_EQ, sim_load(sim, b->st, at, -1), at),
				     !strcmp(c->word, "empty"));
	}
}

/* The caller of what is in a slot holds it. */
static void learn_held(struct sim *sim, struct state *st, const struct sym *lock)
{
	struct held h = {.lock = lock, .kind = intern("any"), .state = LOCK_ASSERTED, .count = 1, .site = -1};

	if (lock)
		state_put_lock(&sim->pool, st, &h);
}

static void begin_with(struct sim *sim, struct state *st, const struct model_contract *c, bool is_slot)
{
	struct binding b = {.sim = sim, .st = st, .contract = c, .fn = is_slot ? NULL : sim->fn, .at_entry = true};
	struct clause clause;

	for (int i = 0; contract_clause(&sim->arena, c, c->needs, i, &clause); i++) {
		if (strcmp(clause.word, "held"))
			prove_learn(sim, &b, &clause);
		else
			learn_held(sim, st, contract_address(&b, clause.path));
	}
}

static void find_heads(struct sim *sim)
{
	sim->proof->is_head = ARENA_ARRAY(&sim->arena, unsigned char, sim->fn->nblock);
	for (int b = 0; b < sim->fn->nblock; b++) {
		const struct insn *last = &sim->fn->insns[sim->fn->blocks[b].end - 1];

		for (int i = 0; i < last->ntarget; i++)
			if (last->targets[i] <= b)
				sim->proof->is_head[last->targets[i]] = 1;
	}
}

void prove_begin(struct sim *sim, struct state *st)
{
	struct sim_proof *sp = sim->proof;

	sp->own = contract_find(sim->an->options->model, sim->fn->name);
	sp->slot = map_get(&sim->an->proof->slots, sim->fn->name);
	find_heads(sim);
	if (sp->own)
		begin_with(sim, st, sp->own, false);
	if (sp->slot)
		begin_with(sim, st, sp->slot, true);
}

/* ------------------------------------------------------------------ loops */

void prove_arrive(struct sim *sim, struct state *st, int from, int to)
{
	struct arrival *a;

	(void)from;
	if (!prove_counts(sim) || !sim->proof->is_head[to])
		return;
	a = ARENA_NEW(&sim->arena, struct arrival);
	a->block = to;
	a->st = state_copy(&sim->pool, st);
	a->next = sim->proof->arrivals;
	sim->proof->arrivals = a;
}

static bool is_owed_alike(const struct sim *sim, const struct state *a, const struct state *b, int block,
			  const struct owed *x, const struct owed *y)
{
	const struct block *bb = &sim->fn->blocks[block];

	if (x->kind != y->kind || x->count != y->count)
		return false;
	if (x->object == y->object)
		return true;
	/* The same variable of the loop, in another turn. */
	for (int i = bb->first; i < bb->end && sim->fn->insns[i].op == OP_PHI; i++)
		if (a->env[i] && b->env[i] && sym_object(a->env[i]) == x->object && sym_object(b->env[i]) == y->object)
			return true;
	return false;
}

static bool is_all_owed(const struct sim *sim, const struct state *a, const struct state *b, int block)
{
	for (int i = 0; a->owed && i < a->owed->n; i++) {
		bool found = false;

		if (owed_is_note(&a->owed->items[i]))
			continue;
		for (int k = 0; b->owed && k < b->owed->n && !found; k++)
			found = is_owed_alike(sim, a, b, block, &a->owed->items[i], &b->owed->items[k]);
		if (!found)
			return false;
	}
	return true;
}

static bool is_all_held(const struct state *a, const struct state *b)
{
	for (int i = 0; a->locks && i < a->locks->n; i++) {
		const struct held *h = &a->locks->items[i], *o;

		if (h->state != LOCK_HELD && h->state != LOCK_DROPPED)
			continue;
		o = state_find_lock(b, h->lock, h->kind);
		if (!o || o->state != h->state || o->count != h->count || o->is_vague != h->is_vague)
			return false;
	}
	return true;
}

void prove_cut(struct sim *sim, struct state *st, int from, int to)
{
	bool found = false;

	if (!prove_counts(sim))
		return;
	execute_phis(sim, st, from, to);
	for (const struct arrival *a = sim->proof->arrivals; a && !found; a = a->next)
		found = a->block == to && is_all_held(a->st, st) && is_all_held(st, a->st) &&
			is_all_owed(sim, a->st, st, to) && is_all_owed(sim, st, a->st, to);
	prove_note(sim, OBLIGATION_LOOP, sim->fn->insns[sim->fn->blocks[to].end - 1].at, "loop", !found,
		   found ? "it goes on with the locks and references that it began with" :
		   "after a turn it holds, or owes, something else than before");
}

/* ------------------------------------------------------------------ locks at an exit */

/* Does one of the paths in the clauses name the lock? */
static bool is_named(struct sim *sim, struct state *st, const char *paths, const struct sym *lock)
{
	struct binding b = {
		.sim = sim, .st = st, .contract = sim->proof->own, .fn = sim->fn, .result = st->ret, .at_entry = true,
	};

	for (const char *p = paths; p && *p;) {
		size_t n = strcspn(p, ";");
		const struct sym *named;

		named = contract_address(&b, arena_strndup(&sim->arena, p + strspn(p, " "), n - strspn(p, " ")));
		if (named && keep_name(sim, st, named) == keep_name(sim, st, lock))
			return true;
		p += n + (p[n] == ';');
	}
	return false;
}

static void ask_released(struct sim *sim, struct state *st)
{
	const struct model_contract *c = sim->proof->own;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];
		struct place at = h->taken ? h->taken->at : st->at;

		if (h->state == LOCK_HELD && !is_named(sim, st, c ? c->acquires : NULL, h->lock))
			prove_note(sim, OBLIGATION_RELEASE, at, prove_text(sim, h->lock, true), true,
				   arena_printf(sim->an->arena, "still held at the return in line %d", st->at.line));
		if (h->state == LOCK_DROPPED && !is_named(sim, st, c ? c->releases : NULL, h->lock))
			prove_note(sim, OBLIGATION_RELEASE, at, prove_text(sim, h->lock, true), true,
				   "released here, and not taken before: no contract says that callers hold it");
	}
}

/* What the contract takes or releases for callers, each path does. */
static void ask_handed(struct sim *sim, struct state *st, const char *paths, enum lock_state want)
{
	struct binding b = {
		.sim = sim, .st = st, .contract = sim->proof->own, .fn = sim->fn, .result = st->ret, .at_entry = true,
	};

	for (const char *p = paths; p && *p;) {
		size_t n = strcspn(p, ";");
		const struct sym *lock = contract_address(&b, arena_strndup(&sim->arena, p + strspn(p, " "), n - strspn(p, " ")));
		bool found = !lock;

		for (int i = 0; st->locks && i < st->locks->n; i++)
			found |= st->locks->items[i].lock == lock && st->locks->items[i].state == want;
		prove_note(sim, OBLIGATION_RELEASE, st->at, arena_printf(sim->an->arena, "%s, by contract", lock ?
			   prove_text(sim, lock, true) : paths), !found, found ? "as promised" : want == LOCK_HELD ?
			   "the contract promises it held, and it is not" : "the contract promises it released, and it is not");
		p += n + (p[n] == ';');
	}
}

/* What the contract needs held is asserted: that is how it is found out when it is not. */
static void ask_asserted(struct sim *sim, struct state *st)
{
	const struct model_contract *c = sim->proof->own;
	struct binding b = {.sim = sim, .st = st, .contract = c, .fn = sim->fn, .at_entry = true};
	struct place at = {sim->fn->file, sim->fn->line, 1, sim->fn};
	struct clause clause;

	for (int i = 0; c && contract_clause(&sim->arena, c, c->needs, i, &clause); i++) {
		const struct sym *lock = strcmp(clause.word, "held") ? NULL : contract_address(&b, clause.path);
		bool found = false;

		if (!lock)
			continue;
		for (int k = 0; k < sim->proof->nasserted && !found; k++)
			found = keep_name(sim, st, sim->proof->asserted[k]) == keep_name(sim, st, lock);
		prove_note(sim, OBLIGATION_HELD, at, arena_printf(sim->an->arena, "%s, by contract", prove_text(sim, lock, true)),
			   !found, found ? "asserted" : "the contract needs it, and nothing asserts it");
	}
}

/* ------------------------------------------------------------------ references at an exit */

struct tally {
	struct { const struct sym *name; struct owed owed; int count; } items[MAX_TALLY];
	int n;
};

static void tally_add(struct sim *sim, struct state *st, struct tally *t, const struct owed *o, int count, bool is_promise)
{
	const struct sym *name = keep_name(sim, st, o->object);
	int i = 0;

	while (i < t->n && (t->items[i].name != name || t->items[i].owed.kind != o->kind))
		i++;
	if (i == MAX_TALLY)
		return;
	if (i == t->n) {
		t->items[t->n].name = name;
		t->items[t->n].count = 0;
		t->items[t->n++].owed = *o;
	} else if (!is_promise) {
		t->items[i].owed = *o;
	}
	t->items[i].count += count;
}

static bool is_on_result(const struct state *st, const struct clause *c)
{
	return !c->on || !st->ret || state_truth(st, st->ret) == (strcmp(c->on, "zero") ? 1 : 0);
}

/* What callers are to get: count references each. */
static void expect(struct sim *sim, struct state *st, struct tally *t, const char *clauses, int count)
{
	const struct model_contract *c = sim->proof->own;
	struct binding b = {
		.sim = sim, .st = st, .contract = c, .fn = sim->fn, .result = st->ret, .at_entry = count > 0,
	};
	struct clause clause;

	for (int i = 0; contract_clause(&sim->arena, c, clauses, i, &clause); i++) {
		const struct sym *v;
		struct owed o = {.kind = intern(clause.word), .at = st->at};

		if (!is_on_result(st, &clause))
			continue;
		if (*clause.path == '*' && !state_find_cell(st, contract_address(&b, clause.path)))
			continue;	/* nothing was stored */
		v = contract_value(&b, clause.path);
		if (!v || !(state_mask(st, v) & MASK_VALID))
			continue;
		o.object = sym_object(v);
		tally_add(sim, st, t, &o, count, true);
	}
}

static void ask_balance(struct sim *sim, struct state *st)
{
	const struct model_contract *c = sim->proof->own;
	struct tally t = {.n = 0};

	for (int i = 0; st->owed && i < st->owed->n; i++)
		if (!owed_is_note(&st->owed->items[i]) && state_mask(st, st->owed->items[i].object) & MASK_VALID)
			tally_add(sim, st, &t, &st->owed->items[i], st->owed->items[i].count, false);
	if (c) {
		expect(sim, st, &t, c->gives, -1);
		expect(sim, st, &t, c->consumes, 1);
	}
	for (int i = 0; i < t.n; i++) {
		const struct owed *o = &t.items[i].owed;
		const char *what = arena_printf(sim->an->arena, "%s (%s)", prove_text(sim, o->object, false), o->kind);

		if (t.items[i].count)
			prove_note(sim, OBLIGATION_REFERENCE, o->at, what, true, t.items[i].count > 0 ?
				   arena_printf(sim->an->arena, "neither given back nor handed on at the return in line %d", st->at.line) :
				   arena_printf(sim->an->arena, "given back, or promised, without having been got, at the return in line %d",
						st->at.line));
	}
}

static void ask_ensured(struct sim *sim, struct state *st)
{
	const struct model_contract *c = sim->proof->own;
	struct binding b = {.sim = sim, .st = st, .contract = c, .fn = sim->fn, .result = st->ret};
	struct clause clause;

	for (int i = 0; c && st->ret && contract_clause(&sim->arena, c, c->ensures, i, &clause); i++) {
		bool is_so = prove_fulfilled(&b, &clause);

		prove_note(sim, OBLIGATION_PROMISE, st->at, arena_printf(sim->an->arena, "ensures: %s", prove_clause(sim, &clause)),
			   !is_so, is_so ? "so it is" : "that is not known on a path that returns here");
	}
}

/* Does a clause depend on a result of which this path does not know whether it is 0? */
static bool is_undecided(struct sim *sim, const struct state *st)
{
	const struct model_contract *c = sim->proof->own;
	struct clause clause;

	if (!c || !st->ret || state_truth(st, st->ret) >= 0)
		return false;
	for (int i = 0; contract_clause(&sim->arena, c, c->gives, i, &clause); i++)
		if (clause.on)
			return true;
	for (int i = 0; contract_clause(&sim->arena, c, c->consumes, i, &clause); i++)
		if (clause.on)
			return true;
	return false;
}

/* What was taken off a list was the last, perhaps: then what is NULL without members is NULL now. */
static void ask_cleared(struct sim *sim, struct state *st)
{
	for (int i = 0; st->owed && i < st->owed->n; i++) {
		const struct owed *o = &st->owed->items[i];
		const struct model_list *l = strcmp(o->kind, "unlinked") ? NULL : keep_list_at(sim, o->object, false);

		bool is_so;

		if (!l)
			continue;
		is_so = keep_is_nonempty(sim, st, o->object) || keep_is_cleared(sim, st, l, o->object);
		prove_note(sim, OBLIGATION_PROMISE, o->at, arena_printf(sim->an->arena, "nothing is left of what goes with %s",
			   prove_text(sim, o->object, true)), !is_so, is_so ? "there is a member, or it is cleared" :
			   arena_printf(sim->an->arena, "it may have been the last, and something is left at the return in line %d",
					st->at.line));
	}
}

static void ask_exit(struct sim *sim, struct state *st)
{
	ask_cleared(sim, st);
	ask_released(sim, st);
	ask_asserted(sim, st);
	if (sim->proof->own) {
		ask_handed(sim, st, sim->proof->own->acquires, LOCK_HELD);
		ask_handed(sim, st, sim->proof->own->releases, LOCK_DROPPED);
	}
	ask_ensured(sim, st);
	if (!is_undecided(sim, st)) {
		ask_balance(sim, st);
		return;
	}
	for (int truth = 0; truth < 2; truth++) {
		struct state *copy = state_copy(&sim->pool, st);

		if (state_assume(&sim->pool, copy, copy->ret, truth))
			ask_balance(sim, copy);
		state_free(&sim->pool, copy);
	}
}

void prove_exits(struct sim *sim)
{
	if (!prove_counts(sim))
		return;
	for (struct state *st = sim->exits; st; st = st->next)
		ask_exit(sim, st);
	prove_within(sim);
}
