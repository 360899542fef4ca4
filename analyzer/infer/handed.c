// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks handed on, settled when all is known. A function that returns with a lock held, told apart by its result or by
 * memory, may hand it to its callers, or have forgotten it: its own code does not say. The program does. Somebody
 * must release what is handed on: a caller that got the lock from the call, or a function that releases a lock of that
 * class for its callers (an unlock wrapper). When there is nobody, the function is simulated again, and what it
 * leaves held is a finding.
 *
 * Entry points: handed_note() after each simulation leaves the evidence among the facts, so that it is kept with them;
 * handed_settle() takes it out.
 */
#include "infer/handed.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "infer/model.h"
#include "infer/simulate.h"

static void add(struct sim *sim, enum fact_kind kind, struct place at, const char *class_name, const char *function)
{
	struct handed *h = &sim->handed;

	for (int i = 0; i < h->n; i++)
		if (h->items[i].kind == kind && h->items[i].class_name == class_name && h->items[i].function == function)
			return;
	if (h->n == h->cap) {
		struct handed_item *more = ARENA_ARRAY(&sim->arena, struct handed_item, h->cap = h->cap ? h->cap * 2 : 8);

		if (h->n)
			memcpy(more, h->items, sizeof(*more) * (size_t)h->n);
		h->items = more;
	}
	h->items[h->n++] = (struct handed_item){kind, at, class_name, function};
}

void handed_on(struct sim *sim, const struct held *h, struct place at)
{
	const char *class_name = sym_class(h->lock, h->kind);

	if (class_name != h->kind && sym_is_outer(h->lock))
		add(sim, FACT_LOCK_HANDED_ON, at, class_name, NULL);
}

void handed_released(struct sim *sim, const struct held *old, const struct lock_event *e)
{
	const char *class_name = sym_class(e->lock, e->kind);
	const struct model_func *m;
	const struct node *callee;
	const struct summary *s;
	const struct insn *in;

	if (!old || old->state != LOCK_HELD) {
		if (class_name != e->kind)
			add(sim, FACT_LOCK_TAKEN_OVER, e->at, class_name, NULL);
		return;
	}
	in = old->site >= 0 ? &sim->fn->insns[old->site] : NULL;
	if (!in || in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
		return;
	m = model_find(sim->an->options->model, in->args[0].name);
	if (m && iterate_effect(m)) {	/* a callback has left it */
		add(sim, FACT_LOCK_TAKEN_OVER, e->at, class_name, NULL);
		return;
	}
	callee = program_resolve(&sim->an->program, sim->node, in->args[0].name);
	/* What takes it in each case is no more than a way to write it. */
	s = callee ? node_summary(callee) : NULL;
	if (s && s->ncase > 1)
		add(sim, FACT_LOCK_TAKEN_OVER, e->at, class_name, callee->fn->name);
}

void handed_note(struct sim *sim)
{
	struct analysis *an = sim->an;

	for (int i = 0; i < sim->handed.n && !an->muted && !an->insists; i++) {
		const struct handed_item *item = &sim->handed.items[i];
		struct fact *f = ARENA_NEW(an->arena, struct fact);

		*f = (struct fact){
			.kind = item->kind, .fn = sim->fn, .unit = sim->node->unit, .at = item->at,
			.class = item->class_name, .function = item->function,
		};
		explain_add(an, f);
	}
}

/* ------------------------------------------------------------------ when all is known */

static bool is_evidence(const struct fact *f)
{
	return f->kind == FACT_LOCK_HANDED_ON || f->kind == FACT_LOCK_TAKEN_OVER;
}

/* Take the evidence out of the facts; its number. */
static size_t take_evidence(struct infer_result *r, const struct fact ***out)
{
	size_t kept = 0, n = 0;

	*out = malloc(sizeof(**out) * (r->nfact + 1));
	if (!*out)
		die("out of memory (facts)");
	for (size_t i = 0; i < r->nfact; i++) {
		if (is_evidence(r->facts[i]))
			(*out)[n++] = r->facts[i];
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
	return n;
}

/* Per node: is it called by a function that was read, or only known in its own unit? */
static bool *find_known(const struct program *p)
{
	bool *known = calloc(p->nnode + 1, sizeof(*known));

	if (!known)
		die("out of memory (%zu functions)", p->nnode);
	for (size_t i = 0; i < p->nnode; i++) {
		known[i] |= p->nodes[i]->fn->is_static;
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			known[p->nodes[i]->callees[k]->index] = true;
	}
	return known;
}

static struct node *node_of(const struct program *p, const struct fact *f)
{
	struct node *n = program_resolve_in(p, program_unit(p, f->unit->file), f->fn->name);

	return n && n->fn == f->fn ? n : NULL;
}

/* Simulate the function again: what it leaves of that class is a finding. It was counted before. */
static void insist(struct analysis *an, struct node *n, const char *class_name)
{
	struct infer_result *r = an->result;
	size_t before = r->nfact, kept = before;
	unsigned long unsure[UNSURE_KINDS];

	memcpy(unsure, r->unsure, sizeof(unsure));
	an->insists = class_name;
	simulate_again(an, n);
	an->insists = NULL;
	memcpy(r->unsure, unsure, sizeof(unsure));
	for (size_t i = before; i < r->nfact; i++)
		if (r->facts[i]->kind == FACT_LOCK_LEFT && !strcmp(r->facts[i]->class, class_name))
			r->facts[kept++] = r->facts[i];
	r->nfact = kept;
}

void handed_settle(struct analysis *an)
{
	const struct fact **all;
	struct map taken_over;		/* classes, and functions */
	size_t n = take_evidence(an->result, &all);
	bool *known = find_known(&an->program);

	map_init(&taken_over);
	for (size_t i = 0; i < n; i++)
		if (all[i]->kind == FACT_LOCK_TAKEN_OVER)
			map_set(&taken_over, all[i]->function ? all[i]->function : all[i]->class, an);
	for (size_t i = 0; i < n && !an->options->roots; i++) {
		const struct fact *f = all[i];
		struct node *node = f->kind == FACT_LOCK_HANDED_ON ? node_of(&an->program, f) : NULL;

		if (node && known[node->index] && !map_get(&taken_over, f->class) && !map_get(&taken_over, f->fn->name))
			insist(an, node, f->class);
	}
	map_release(&taken_over);
	free(known);
	free(all);
}
