// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks, for verify. Entry points: prove_take(), prove_assert(), prove_body(), prove_slot() on the way;
 * prove_order() when all is known. Each class taken while another is held is an edge of a graph, which must have
 * no cycles.
 */
#include "infer/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"

static struct node_proof *of_node(const struct sim *sim)
{
	return &sim->an->proof->nodes[sim->node->index];
}

/* The function, or what it calls, takes locks of that class. */
static void note_class(struct sim *sim, const char *class_name)
{
	struct node_proof *np = of_node(sim);
	const char **all;

	for (int i = 0; i < np->ntake; i++)
		if (!strcmp(np->takes[i], class_name))
			return;
	all = ARENA_ARRAY(sim->an->arena, const char *, np->ntake + 1);
	if (np->ntake)
		memcpy(all, np->takes, sizeof(*all) * (size_t)np->ntake);
	all[np->ntake++] = class_name;
	np->takes = all;
}

/* A lock of class to is taken here, in a call perhaps, by who holds those of st. */
static void note_order(struct sim *sim, struct state *st, const char *to, struct place at, const char *by)
{
	struct proof *p = sim->an->proof;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];
		struct order_edge *e;
		struct obligation *o;
		const char *from;

		if (h->state != LOCK_HELD && h->state != LOCK_ASSERTED)
			continue;
		from = sym_class(h->lock, h->kind);
		o = prove_note(sim, OBLIGATION_ORDER, at, arena_printf(sim->an->arena, "%s after %s%s%s%s", to, from,
			       by ? ", in " : "", by ? by : "", by ? "()" : ""), false, "no way leads back");
		if (!o)
			continue;
		e = ARENA_NEW(p->arena, struct order_edge);
		*e = (struct order_edge){.from = from, .to = intern(to), .of = o, .next = p->edges};
		p->edges = e;
	}
}

void prove_take(struct sim *sim, struct state *st, const struct lock_event *e)
{
	const char *class_name = sym_class(e->lock, e->kind);

	if (!prove_counts(sim))
		return;
	if (!e->try)
		note_order(sim, st, class_name, e->at, NULL);
	note_class(sim, class_name);
	prove_note(sim, OBLIGATION_RELEASE, e->at, prove_text(sim, e->lock, true), e->is_vague,
		   e->is_vague ? "nothing sure is known of it" : "released on every path");
}

void prove_assert(struct sim *sim, struct state *st, const struct sym *lock, struct place at)
{
	struct node_proof *np = of_node(sim);
	struct sim_proof *sp = sim->proof;
	const struct sym **all, *mine;

	(void)at;
	if (sp->nasserted < 16)
		sp->asserted[sp->nasserted++] = lock;
	if (keep_is_held(sim, st, lock) || !sym_is_outer(lock))
		return;
	mine = sym_import(&sim->an->syms, lock);
	for (int i = 0; i < np->nneed; i++)
		if (np->needs[i] == mine)
			return;
	all = ARENA_ARRAY(sim->an->arena, const struct sym *, np->nneed + 1);
	if (np->nneed)
		memcpy(all, np->needs, sizeof(*all) * (size_t)np->nneed);
	all[np->nneed++] = mine;
	np->needs = all;
}

void prove_body(struct sim *sim, struct state *st, const struct insn *in, const struct node *callee)
{
	const struct node_proof *np = &sim->an->proof->nodes[callee->index];
	struct fill f;

	if (!prove_counts(sim))
		return;
	fill_init(&f, sim, st, in, ORDINAL_INNER);
	fill_args(&f, in);
	for (int i = 0; i < np->nneed; i++) {
		const struct sym *lock = fill_sym(&f, np->needs[i]);
		bool is_held = keep_is_held(sim, st, lock);

		prove_note(sim, OBLIGATION_HELD, in->at, arena_printf(sim->an->arena, "%s for %s()", prove_text(sim, lock, true),
			   callee->fn->name), !is_held, is_held ? "it is held" : "it is not held here");
	}
	for (int i = 0; i < np->ntake; i++) {
		note_order(sim, st, np->takes[i], in->at, callee->fn->name);
		note_class(sim, np->takes[i]);
	}
}

void prove_callback(struct sim *sim, struct state *st, const struct insn *in, const struct node *callback)
{
	const struct node_proof *np = &sim->an->proof->nodes[callback->index];

	for (int i = 0; prove_counts(sim) && i < np->ntake; i++) {
		note_order(sim, st, np->takes[i], in->at, callback->fn->name);
		note_class(sim, np->takes[i]);
	}
}

/* What is called through a pointer may take what its contract names. */
void prove_slot(struct sim *sim, struct state *st, const struct insn *in, const struct model_contract *c)
{
	if (in->args[0].kind == ARG_FUNC || !c)
		return;
	for (const char *p = c->may_take; p && *p;) {
		size_t n;

		p += strspn(p, ", ");
		n = strcspn(p, ", ");
		if (!n)
			break;
		note_order(sim, st, intern_n(p, n), in->at, c->of);
		note_class(sim, intern_n(p, n));
		p += n;
	}
}

/* A function in a slot takes no more than the slot's contract names. */
void prove_within(struct sim *sim)
{
	const struct model_contract *c = sim->proof->slot;
	const struct node_proof *np = of_node(sim);
	struct place at = {sim->fn->file, sim->fn->line, 1, sim->fn};

	for (int i = 0; c && i < np->ntake; i++) {
		const char *name = np->takes[i], *found = c->may_take ? strstr(c->may_take, name) : NULL;

		prove_note(sim, OBLIGATION_ORDER, at, arena_printf(sim->an->arena, "%s, as %s", name, c->of), !found,
			   found ? "its contract names it" : "its contract does not let it take that: who calls it may hold it");
	}
}

/* ------------------------------------------------------------------ when all is known */

struct order {
	const struct proof *proof;
	const char **seen;
	size_t n;
};

static bool leads_to(struct order *o, const char *from, const char *to)
{
	if (from == to)
		return true;
	for (size_t i = 0; i < o->n; i++)
		if (o->seen[i] == from)
			return false;
	o->seen[o->n++] = from;
	for (const struct order_edge *e = o->proof->edges; e; e = e->next)
		if (e->from == from && leads_to(o, e->to, to))
			return true;
	return false;
}

void prove_order(struct analysis *an)
{
	struct order o = {.proof = an->proof};
	size_t n = 0;

	for (struct order_edge *e = an->proof->edges; e; e = e->next) {
		e->from = intern(e->from);
		n++;
	}
	o.seen = ARENA_ARRAY(an->arena, const char *, n + 1);
	for (struct order_edge *e = an->proof->edges; e; e = e->next) {
		o.n = 0;
		if (!leads_to(&o, e->to, e->from))
			continue;
		e->of->is_open = true;
		e->of->why = e->from == e->to ? "one of the same class is held: it may be the same one, or taken the other way round" :
			"elsewhere they are taken the other way round";
	}
}
