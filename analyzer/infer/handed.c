// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks handed on, settled when all is known. A function that returns with a lock held, told apart by its result or by
 * memory, may hand it to its callers, or have forgotten it: its own code does not say. The program does. Somebody
 * must release what is handed on: a caller that got the lock from the call, or a function that releases a lock of that
 * class for its callers (an unlock wrapper). When there is nobody, the function is simulated again, and what it
 * leaves held is a finding.
 *
 * Entry points: handed_note() after each simulation leaves the evidence among the facts, so that it is kept with them;
 * handed_settle() takes it out. What goes wrong in callers because of a lock that was left is marked as such there.
 */
#include "infer/handed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "infer/explain.h"
#include "infer/model.h"
#include "infer/simulate.h"

static void add_evidence(struct sim *sim, const struct handed_item *item)
{
	struct handed *h = &sim->handed;

	for (int i = 0; i < h->n; i++)
		if (h->items[i].kind == item->kind && h->items[i].class_name == item->class_name &&
		    h->items[i].function == item->function && h->items[i].is_doubtful == item->is_doubtful)
			return;
	if (h->n == h->cap) {
		struct handed_item *more = ARENA_ARRAY(&sim->arena, struct handed_item, h->cap = h->cap ? h->cap * 2 : 8);

		if (h->n)
			memcpy(more, h->items, sizeof(*more) * (size_t)h->n);
		h->items = more;
	}
	h->items[h->n++] = *item;
}

void handed_evidence(struct sim *sim, enum fact_kind kind, struct place at, const char *class_name, const char *kind_name)
{
	struct handed_item item = {kind, at, class_name, kind_name, NULL, false};

	add_evidence(sim, &item);
}

void handed_on(struct sim *sim, const struct held *h, struct place at, bool is_doubtful)
{
	const char *class_name = sym_class(h->lock, h->kind);
	struct handed_item item = {FACT_LOCK_HANDED_ON, at, class_name, h->kind, NULL, is_doubtful};

	/* Of a lock without a name, one that is likely to be meant is nobody's business. */
	if (class_name != h->kind || is_doubtful)
		add_evidence(sim, &item);
}

/* The function that was called and left the lock, or NULL; by_turn: it called back, and the callback did. */
static const char *left_by(struct sim *sim, const struct held *h, bool *by_turn)
{
	const struct insn *in = h->site >= 0 ? &sim->fn->insns[h->site] : NULL;
	const struct model_func *m;
	const struct node *callee;

	*by_turn = false;
	if (!in || in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
		return NULL;
	m = model_find(sim->an->options->model, in->args[0].name);
	*by_turn = m && iterate_effect(m);
	callee = m ? NULL : program_resolve(&sim->an->program, sim->node, in->args[0].name);
	/* What takes it in each case is no more than a way to write it. */
	return callee && node_summary(callee) && node_summary(callee)->ncase > 1 ? callee->fn->name : NULL;
}

void handed_kept(struct sim *sim, const struct held *h, struct place at)
{
	struct handed_item item = {FACT_LOCK_KEPT_ON, at, sym_class(h->lock, h->kind), h->kind, NULL, false};
	bool by_turn;

	if (h->state != LOCK_HELD)
		return;
	item.function = left_by(sim, h, &by_turn);
	if (by_turn)
		item.kind = FACT_LOCK_TAKEN_OVER;
	if (item.function || by_turn)
		add_evidence(sim, &item);
}

void handed_released(struct sim *sim, const struct held *old, const struct lock_event *e)
{
	struct handed_item item = {FACT_LOCK_TAKEN_OVER, e->at, sym_class(e->lock, e->kind), e->kind, NULL, false};
	bool by_turn = !old || old->state != LOCK_HELD;

	if (!by_turn)
		item.function = left_by(sim, old, &by_turn);
	if (item.function || by_turn)
		add_evidence(sim, &item);
}

void handed_met(struct sim *sim, const struct held *h, struct place at, const char *function)
{
	struct handed_item item = {FACT_LOCK_LEAK_MET, at, sym_class(h->lock, h->kind), h->kind, function, false};

	add_evidence(sim, &item);
}

void handed_note(struct sim *sim)
{
	struct analysis *an = sim->an;

	for (int i = 0; i < sim->handed.n && !an->muted && !an->insists; i++) {
		const struct handed_item *item = &sim->handed.items[i];
		struct fact *f = ARENA_NEW(an->arena, struct fact);

		*f = (struct fact){
			.kind = item->kind, .fn = sim->fn, .unit = sim->node->unit, .at = item->at, .class = item->class_name,
			.kind_name = item->kind_name, .function = item->function, .is_inferred = item->is_doubtful,
		};
		explain_add(an, f);
	}
}

/* ------------------------------------------------------------------ when all is known */

static bool is_evidence(const struct fact *f)
{
	return f->kind == FACT_LOCK_HANDED_ON || f->kind == FACT_LOCK_TAKEN_OVER || f->kind == FACT_LOCK_KEPT_ON ||
	       f->kind == FACT_LOCK_LEAK_MET;
}

/* A piece of evidence, and the function that it is of. */
struct evidence {
	const struct fact *fact;
	struct node *node;
	struct evidence *next;		/* of its kind of lock */
};

struct settlement {
	struct analysis *an;
	struct evidence *all;
	size_t n;
	struct map by_kind;		/* first of the kind of lock */
	bool *known, *pointed;		/* per node: has it callers that were read; may it be called through a pointer? */
	bool *entry;			/* nothing that was read says who calls it */
	uint32_t *first, *callers;	/* callers[first[n]] .. callers[first[n + 1] - 1]: who calls node n */
};

static struct node *node_of(const struct program *p, const struct fact *f)
{
	struct node *n = program_resolve_in(p, program_unit(p, f->unit->file), f->fn->name);

	return n && n->fn == f->fn ? n : NULL;
}

/* Take the evidence out of the facts. */
static void take_evidence(struct settlement *s, struct infer_result *r)
{
	const struct fact **facts;

	s->n = explain_take(r, is_evidence, &facts);
	s->all = malloc(sizeof(*s->all) * (s->n + 1));
	if (!s->all)
		die("out of memory (facts)");
	for (size_t i = 0; i < s->n; i++) {
		const char *kind = facts[i]->kind_name;

		s->all[i] = (struct evidence){facts[i], node_of(&s->an->program, facts[i]), map_get(&s->by_kind, kind)};
		map_set(&s->by_kind, kind, &s->all[i]);
	}
	free(facts);
}

static void *table(size_t n, size_t size)
{
	void *t = calloc(n + 1, size);

	if (!t)
		die("out of memory (%zu functions)", n);
	return t;
}

static void find_callers(struct settlement *s)
{
	const struct program *p = &s->an->program;

	s->known = table(p->nnode, sizeof(*s->known));
	s->pointed = table(p->nnode, sizeof(*s->pointed));
	s->entry = table(p->nnode, sizeof(*s->entry));
	for (size_t i = 0; i < p->nnode; i++) {
		s->known[i] |= p->nodes[i]->fn->is_static;
		s->pointed[i] |= p->nodes[i]->is_callback;
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			s->known[p->nodes[i]->callees[k]->index] = true;
		for (int k = 0; k < p->nodes[i]->fn->nlink; k++)
			if (p->nodes[i]->fn->links[k].kind == LINK_NAMED && p->nodes[i]->named[k])
				s->pointed[p->nodes[i]->named[k]->index] = true;
	}
	for (size_t u = 0; u < p->nunit; u++)
		for (int i = 0; i < p->units[u]->nslot; i++) {
			struct node *n = program_resolve_in(p, u, p->units[u]->slots[i].func);

			if (n)
				s->pointed[n->index] = true;
		}
	for (size_t i = 0; i < p->nnode; i++)
		s->entry[i] = !p->nodes[i]->is_called && !s->pointed[i];
}

/* Counted first, then written where they belong. */
static void list_callers(struct settlement *s)
{
	const struct program *p = &s->an->program;

	s->first = calloc(p->nnode + 2, sizeof(*s->first));
	if (!s->first)
		die("out of memory (%zu functions)", p->nnode);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			s->first[p->nodes[i]->callees[k]->index + 2]++;
	for (size_t i = 2; i < p->nnode + 2; i++)
		s->first[i] += s->first[i - 1];
	s->callers = calloc((size_t)s->first[p->nnode + 1] + 1, sizeof(*s->callers));
	if (!s->callers)
		die("out of memory (%u calls)", s->first[p->nnode + 1]);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			s->callers[s->first[p->nodes[i]->callees[k]->index + 1]++] = (uint32_t)i;
}

static bool calls_pointers(const struct node *n)
{
	for (int i = 0; i < n->fn->nlink; i++)
		if (n->fn->links[i].kind == LINK_INDIRECT)
			return true;
	return false;
}

static bool wraps_pointers(const struct node *n)
{
	for (int i = 0; i < n->ncallee; i++)
		if (calls_pointers(n->callees[i]))
			return true;
	return false;
}

static bool calls(const struct node *caller, const struct node *n)
{
	for (int i = 0; caller && i < caller->ncallee; i++)
		if (caller->callees[i] == n)
			return true;
	return false;
}

/* A lock that n may hand on. */
struct claim {
	const struct node *n;
	const char *class_name, *kind;
	bool is_doubtful;		/* only a caller that releases it is proof */
};

/* Does a caller of n call by? */
static bool is_called_beside(const struct settlement *s, const struct node *by, const struct node *n)
{
	for (size_t i = s->first[n->index]; i < s->first[n->index + 1]; i++)
		if (calls(s->an->program.nodes[s->callers[i]], by))
			return true;
	return false;
}

/* by releases a lock of its callers': may that be one that was handed on, as far as anybody knows? */
static bool may_release(const struct settlement *s, const struct node *by, const struct node *n)
{
	if (!by || s->entry[n->index] || calls(by, n))
		return true;
	/* What n starts calls back when it is done. */
	if (s->pointed[by->index] && by->unit == n->unit)
		return true;
	/* Who calls n through a pointer, itself or through a wrapper, or is called so after it. */
	if (s->pointed[n->index] && (s->pointed[by->index] || s->entry[by->index] || calls_pointers(by) || wraps_pointers(by)))
		return true;
	return is_called_beside(s, by, n);
}

/* Does by, or a function that it calls, call what is in that field? */
static bool calls_field(const struct node *by, const char *field, int calls)
{
	for (int i = 0; i < by->fn->nlink; i++)
		if (by->fn->links[i].kind == LINK_FIELD && !strcmp(by->fn->links[i].name, field))
			return true;
	for (int i = 0; calls && i < by->ncallee; i++)
		if (calls_field(by->callees[i], field, calls - 1))
			return true;
	return false;
}

/* Is n in a field that by, or a function it calls, calls through? */
static bool calls_by_field(const struct settlement *s, const struct node *by, const struct node *n)
{
	const struct program *p = &s->an->program;

	for (size_t u = 0; u < p->nunit && s->pointed[n->index]; u++)
		for (int i = 0; i < p->units[u]->nslot; i++) {
			const struct slot *slot = &p->units[u]->slots[i];
			char field[256];

			if (slot->func != n->fn->name)
				continue;
			snprintf(field, sizeof(field), "%s.%s", slot->struct_name, slot->field);
			if (calls_field(by, field, 1))
				return true;
		}
	return false;
}

static bool is_in_table(const struct unit *u, const char *object, const char *func)
{
	for (int i = 0; i < u->nslot; i++)
		if (u->slots[i].object == object && u->slots[i].func == func)
			return true;
	return false;
}

/* Are both in one ops table? One of them begins then what the other ends. */
static bool share_table(const struct settlement *s, const struct node *by, const struct node *n)
{
	const struct program *p = &s->an->program;

	for (size_t u = 0; u < p->nunit && s->pointed[n->index]; u++)
		for (int i = 0; i < p->units[u]->nslot; i++) {
			const struct slot *slot = &p->units[u]->slots[i];

			if (slot->object && slot->func == n->fn->name && is_in_table(p->units[u], slot->object, by->fn->name))
				return true;
		}
	return false;
}

/* Names of one lock, as far as they tell: of some only the kind is known. All are interned. */
static bool is_same_class(const struct fact *f, const struct claim *c)
{
	return f->class == c->class_name || f->class == c->kind || c->class_name == c->kind;
}

/* e is of a function that releases what it did not take: is that what was handed on? */
static bool is_release_of(const struct settlement *s, const struct evidence *e, const struct claim *c)
{
	if (e->node && calls(e->node, c->n))
		return true;		/* by another name, perhaps */
	if (!is_same_class(e->fact, c))
		return false;
	if (!c->is_doubtful)
		return e->fact->class == c->class_name && may_release(s, e->node, c->n);
	if (!e->node)
		return false;
	/* An unlock of any lock at all is called beside nearly everything. */
	return (e->fact->class == c->class_name && is_called_beside(s, e->node, c->n)) || calls_by_field(s, e->node, c->n) ||
	       share_table(s, e->node, c->n);
}

#define MAX_HANDS 4	/* through how many functions a lock is followed */

/* Does anybody release what was handed on? Who calls the function, or gets it from who does. */
static bool is_taken_over(const struct settlement *s, const struct claim *c, int hands)
{
	for (const struct evidence *e = map_get(&s->by_kind, c->kind); e; e = e->next) {
		const struct fact *f = e->fact;
		struct claim next = {e->node, c->class_name, c->kind, c->is_doubtful};

		if (f->kind == FACT_LOCK_TAKEN_OVER && (f->function ? f->function == c->n->fn->name : is_release_of(s, e, c)))
			return true;
		if (f->kind == FACT_LOCK_KEPT_ON && f->function == c->n->fn->name && e->node && e->node != c->n &&
		    (!hands || is_taken_over(s, &next, hands - 1)))
			return true;
	}
	return false;
}

/* Simulate the function again: what it leaves of that class is a finding. It was counted before. */
static void insist(struct analysis *an, struct node *n, const struct claim *c)
{
	struct infer_result *r = an->result;
	size_t before = r->nfact, kept = before;
	unsigned long unsure[UNSURE_KINDS];

	memcpy(unsure, r->unsure, sizeof(unsure));
	an->insists = c->class_name;
	an->insists_on_all = !c->is_doubtful;
	simulate_again(an, n);
	an->insists = NULL;
	an->insists_on_all = false;
	memcpy(r->unsure, unsure, sizeof(unsure));
	for (size_t i = before; i < r->nfact; i++)
		if (r->facts[i]->kind == FACT_LOCK_LEFT && !strcmp(r->facts[i]->class, c->class_name))
			r->facts[kept++] = r->facts[i];
	r->nfact = kept;
}

/* Is a caller of n not known well enough to say what it does with a lock that n leaves? */
static bool is_unknown_caller(const struct node *by, const struct node *n)
{
	return by != n && (by->index < n->index || !by->kept_summary || node_summary(by)->is_unknown);
}

static bool has_unknown_callers(const struct settlement *s, const struct node *n)
{
	for (size_t i = s->first[n->index]; i < s->first[n->index + 1]; i++)
		if (is_unknown_caller(s->an->program.nodes[s->callers[i]], n))
			return true;
	return false;
}

/* Does a function of that name release a lock of the kind for who calls it? */
static bool releases(const struct settlement *s, const struct node *caller, const char *name, const char *kind)
{
	const struct model_func *m = model_find(s->an->options->model, name);
	const struct node *callee = m ? NULL : program_resolve(&s->an->program, caller, name);

	for (int i = 0; m && i < m->neffect; i++)
		if (m->effects[i].kind == EFFECT_RELEASE && m->effects[i].what == kind)
			return true;
	for (const struct evidence *e = callee ? map_get(&s->by_kind, kind) : NULL; e; e = e->next)
		if (e->node == callee && e->fact->kind == FACT_LOCK_TAKEN_OVER && !e->fact->function)
			return true;
	return false;
}

/* Nobody can say whether a lock of the kind that n leaves is released by some caller: it releases such locks, and is unknown. */
static bool may_be_released(const struct settlement *s, const struct node *n, const char *kind)
{
	for (size_t i = s->first[n->index]; i < s->first[n->index + 1]; i++) {
		const struct node *by = s->an->program.nodes[s->callers[i]];

		if (!is_unknown_caller(by, n))
			continue;
		for (int k = 0; k < by->fn->nlink; k++)
			if (by->fn->links[k].kind == LINK_CALL && releases(s, by, by->fn->links[k].name, kind))
				return true;
	}
	return false;
}

/* Does it return without a lock of that class which its callers had? */
static bool leaves_without(const struct node *n, const char *class_name)
{
	const struct summary *s = n->kept_summary ? node_summary(n) : NULL;

	for (int i = 0; s && i < s->ncase; i++)
		for (int k = 0; s->cases[i].locks && k < s->cases[i].locks->n; k++) {
			const struct held *h = &s->cases[i].locks->items[k];

			if (h->state == LOCK_DROPPED && sym_class(h->lock, h->kind) == class_name)
				return true;
		}
	return false;
}

/* Another function of its ops table releases a lock of that class for good: one begins what the other ends. */
static bool has_other_end(const struct settlement *s, const struct fact *f)
{
	const struct node *n = node_of(&s->an->program, f);

	for (const struct evidence *e = map_get(&s->by_kind, f->kind_name); n && e; e = e->next)
		if (e->fact->kind == FACT_LOCK_TAKEN_OVER && !e->fact->function && e->fact->class == f->class && e->node &&
		    e->node != n && share_table(s, e->node, n) && leaves_without(e->node, f->class))
			return true;
	return false;
}

/* Do callers hear of a lock that it leaves held, of which a finding tells? */
static bool is_heard_of(const struct node *n)
{
	const struct summary *s = n->kept_summary ? node_summary(n) : NULL;

	for (int i = 0; s && i < s->ncase; i++)
		for (int k = 0; s->cases[i].locks && k < s->cases[i].locks->n; k++)
			if (s->cases[i].locks->items[k].is_reported)
				return true;
	return false;
}

/* It is only called by functions that were read, and what it leaves held needs what none of them gives it. */
static bool is_never_met(const struct settlement *s, const struct fact *f)
{
	const struct node *n = s->an->options->roots ? NULL : node_of(&s->an->program, f);

	/* Of a function that has a model callers see that, and never what its body leaves. */
	if (!n || model_find(s->an->options->model, n->fn->name))
		return false;
	if (s->pointed[n->index] || s->first[n->index] == s->first[n->index + 1] || has_unknown_callers(s, n) || !is_heard_of(n))
		return false;
	for (const struct evidence *e = map_get(&s->by_kind, f->kind_name); e; e = e->next)
		if (e->fact->kind == FACT_LOCK_LEAK_MET && e->fact->function == n->fn->name)
			return false;
	return true;
}

/*
 * What is left for the other end is no mistake, though nothing that the function returns tells of it. Nor is what no caller
 * comes to.
 */
static void drop_begun(const struct settlement *s)
{
	struct infer_result *r = s->an->result;
	size_t kept = 0;

	for (size_t i = 0; i < r->nfact; i++) {
		if (r->facts[i]->kind == FACT_LOCK_LEFT && has_other_end(s, r->facts[i]))
			unsure(s->an, UNSURE_LOCK_HANDED_ON, r->facts[i]->at);
		else if (r->facts[i]->kind == FACT_LOCK_LEFT && is_never_met(s, r->facts[i]))
			unsure(s->an, UNSURE_INFEASIBLE, r->facts[i]->at);
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
}

/* ------------------------------------------------------------------ what comes of a lock that was left */

/*
 * Does it go wrong with a lock held that a call left, which the finding leak tells of? The last of its own steps is the
 * fault. That the next turn of an iteration takes such a lock, of another element or the same, says more than the leak.
 */
static bool comes_of(const struct fact *f, const struct fact *leak)
{
	int end = f->nstep - 1;

	if ((f->kind != FACT_LOCK_TAKEN_AGAIN && f->kind != FACT_SLEEP_IN_ATOMIC) || f->kind_name != leak->kind_name)
		return false;
	while (end > 0 && f->steps[end].depth)
		end--;
	return explain_goes_by(f, end, STEP_LOCK, leak->origin);
}

/* Does some caller release what that function leaves, so that it may well be held? */
static bool is_meant(const struct settlement *s, const struct fact *leak)
{
	for (const struct evidence *e = map_get(&s->by_kind, leak->kind_name); e; e = e->next)
		if (e->fact->kind == FACT_LOCK_TAKEN_OVER && e->fact->function == leak->fn->name)
			return true;
	return false;
}

/* A lock that was left held makes trouble for whoever calls: that is one mistake, told where it was made. */
static void find_causes(const struct settlement *s)
{
	const struct infer_result *r = s->an->result;

	for (size_t i = 0; i < r->nfact; i++) {
		const struct fact *leak = r->facts[i];

		if (leak->kind != FACT_LOCK_LEFT || leak->is_warned || is_meant(s, leak))
			continue;
		for (size_t k = 0; k < r->nfact; k++)
			if (comes_of(r->facts[k], leak)) {
				struct fact *f = arena_copy(s->an->arena, r->facts[k], sizeof(*f));

				f->cause = leak->at;
				r->facts[k] = f;
			}
	}
}

void handed_settle(struct analysis *an)
{
	struct settlement s = {.an = an};

	map_init(&s.by_kind);
	take_evidence(&s, an->result);
	find_callers(&s);
	list_callers(&s);
	drop_begun(&s);
	for (size_t i = 0; i < s.n; i++) {
		const struct evidence *e = &s.all[i];
		struct claim c = {e->node, e->fact->class, e->fact->kind_name, e->fact->is_inferred};

		if (e->fact->kind == FACT_LOCK_HANDED_ON && e->node &&
		    (c.is_doubtful || (!an->options->roots && s.known[e->node->index])) &&
		    !is_taken_over(&s, &c, MAX_HANDS) && !may_be_released(&s, e->node, c.kind))
			insist(an, e->node, &c);
	}
	find_causes(&s);
	map_release(&s.by_kind);
	free(s.known);
	free(s.pointed);
	free(s.entry);
	free(s.first);
	free(s.callers);
	free(s.all);
}
