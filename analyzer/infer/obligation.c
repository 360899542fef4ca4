// SPDX-License-Identifier: GPL-2.0-only
/*
 * All obligations of a run. Entry points: prove_init() before, prove_finish() after all was simulated: what was
 * met goes to the result in the order of places. prove_unsure(): where the engine would stay quiet, something is open.
 */
#include "infer/obligation.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "infer/prove.h"

static void note_offset(struct proof *p, const char *struct_name, const char *field, int64_t imm)
{
	const char *name = arena_printf(p->arena, "%s.%s", struct_name, field);
	intptr_t known = (intptr_t)map_get(&p->offsets, name);

	if (imm >= 0 && imm + 1 > known)
		map_set(&p->offsets, name, (void *)(intptr_t)(imm + 1));
}

/* From a member of the struct (container_of) the way is shorter: the longest is from its start. */
static void learn_offsets(struct proof *p, const struct func *fn)
{
	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];
		const char *next = in->field ? strstr(in->field, ".next") : NULL;

		if (!in->struct_name || !in->field || in->op == OP_EXTRACT || in->op == OP_INSERT)
			continue;
		note_offset(p, in->struct_name, in->field, in->imm);
		if (next && !next[5])
			note_offset(p, in->struct_name, arena_strndup(p->arena, in->field, (size_t)(next - in->field)), in->imm);
	}
}

void prove_init(struct analysis *an, struct unit *const *units, size_t nunit)
{
	struct proof *p = ARENA_NEW(an->arena, struct proof);

	an->proof = p;
	p->arena = an->arena;
	p->model = an->options->model;
	map_init(&p->offsets);
	map_init(&p->slots);
	map_init(&p->obligations);
	p->nodes = ARENA_ARRAY(an->arena, struct node_proof, an->program.nnode);
	for (size_t i = 0; i < nunit; i++) {
		for (int k = 0; k < units[i]->nfunc; k++)
			learn_offsets(p, func_read(units[i]->funcs[k]));
		for (int k = 0; k < units[i]->nslot; k++) {
			const struct slot *s = &units[i]->slots[k];
			const struct model_contract *c = contract_of_slot(p->model, s->struct_name, s->field);

			if (c)
				map_set(&p->slots, s->func, (void *)c);
		}
	}
}

static int by_place(const void *x, const void *y)
{
	const struct obligation *a = *(struct obligation *const *)x, *b = *(struct obligation *const *)y;
	int c = text_compare(a->fn->file, b->fn->file);

	c = c ? c : a->fn->line - b->fn->line;
	c = c ? c : text_compare(a->fn->name, b->fn->name);
	c = c ? c : text_compare(a->at.file, b->at.file);
	c = c ? c : a->at.line - b->at.line;
	c = c ? c : a->at.col - b->at.col;
	c = c ? c : (int)a->kind - (int)b->kind;
	return c ? c : text_compare(a->object, b->object);
}

void prove_finish(struct analysis *an)
{
	struct proof *p = an->proof;
	struct infer_result *r = an->result;

	prove_order(an);
	r->nobligation = p->obligations.n;
	r->obligations = ARENA_ARRAY(an->arena, struct obligation *, r->nobligation);
	for (size_t i = 0; i < r->nobligation; i++)
		r->obligations[i] = p->obligations.entries[i].value;
	if (r->nobligation)
		qsort(r->obligations, r->nobligation, sizeof(r->obligations[0]), by_place);
	prove_release(an);
}

void prove_release(struct analysis *an)
{
	if (!an->proof)
		return;
	map_release(&an->proof->offsets);
	map_release(&an->proof->slots);
	map_release(&an->proof->obligations);
	an->proof = NULL;
}

/* The books of references forgive nothing, and paths are not confirmed here: these say nothing new. */
static bool is_covered(const struct proof *p, enum unsure_kind kind)
{
	switch (kind) {
	case UNSURE_REF_HANDED_ON: case UNSURE_LOCK_HANDED_ON: case UNSURE_INFEASIBLE:
		return true;
	case UNSURE_INDIRECT_CALL: case UNSURE_CALLBACK: case UNSURE_UNKNOWN_CALL: case UNSURE_BORROW_PASSED:
		return p->called;
	default:
		return false;
	}
}

void prove_unsure(struct analysis *an, enum unsure_kind kind, struct place at)
{
	if (!an->muted && !an->insists && an->record && !is_covered(an->proof, kind))
		prove_note_in(an, an->record->node->fn, OBLIGATION_SURE, at, unsure_name(kind), true,
			      "nothing is proven past a place where devscope would stay quiet");
}
