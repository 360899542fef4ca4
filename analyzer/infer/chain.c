// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways back along calls. Entries: chains_from(), chains_call_of(), chain_is_of_slot(). The full call graph,
 * turned round, names the callers; their instructions are then looked through for the call
 * itself. Where a value cannot be followed the way ends.
 */
#include "infer/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/model.h"
#include "infer/simulate.h"
#include "infer/whole.h"

#define MAX_LINKS 20000
#define MAX_PARAMS 16

void chains_init(struct chains *c, struct arena *a, struct reader *r, const struct reach_graph *g)
{
	memset(c, 0, sizeof(*c));
	c->arena = a;
	c->reader = r;
	c->g = g;
	c->callers = graph_turn(&g->graph, a);
	map_init(&c->seen);
}

void chains_release(struct chains *c)
{
	free(c->links);
	map_release(&c->seen);
}

static void add_link(struct chains *c, const struct link *l)
{
	char key[64];

	if (!l->value)
		return;
	if (c->n >= MAX_LINKS) {
		c->is_cut = true;
		return;
	}
	snprintf(key, sizeof(key), "%zu %d", l->n->index, l->value->id);
	if (map_get(&c->seen, key))
		return;
	map_set(&c->seen, arena_strdup(c->arena, key), c);
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->links = realloc(c->links, sizeof(*c->links) * (size_t)c->cap);
		if (!c->links)
			die("out of memory (chains of calls)");
	}
	c->links[c->n++] = *l;
}

/* ------------------------------------------------------------------ one step back */

/* What a callback's value is where the model says that it is called now. */
static const struct sym *through_model(struct chains *c, const struct node *n, const struct insn *in,
				       const struct effect *e, const struct sym *value)
{
	const struct sym *params[MAX_PARAMS] = {0};

	if (e->data_param >= 0 && e->data_param < MAX_PARAMS && e->data >= 0 && e->data + 1 < in->narg)
		params[e->data_param] = reader_value(c->reader, n, &in->args[e->data + 1]);
	return reader_fill_params(c->reader, n, params, MAX_PARAMS, value);
}

/* The same where the body of the function it is passed to calls that parameter. */
static const struct sym *through_body(struct chains *c, const struct node *n, const struct insn *in, int param,
				      const struct sym *value)
{
	const struct node *body = program_resolve(c->g->program, n, in->args[0].name);

	if (!body || !body->kept_summary || param >= 32 || !(whole_asks(c->reader->an, body)->calls_params & 1u << param))
		return NULL;
	whole_reads(c->reader->an, body);
	for (int i = 0; i < body->fn->ninsn; i++) {
		const struct insn *inner = &body->fn->insns[i];
		const struct sym *s;

		if (inner->op != OP_CALL || inner->args[0].kind != ARG_PARAM || inner->args[0].n != param)
			continue;
		s = reader_fill(c->reader, body, inner, value);
		s = s ? reader_fill(c->reader, n, in, s) : NULL;
		if (s)
			return s;
	}
	return value->is_closed ? value : NULL;
}

/* The instruction passes the link's function as argument k. */
static void back_passed(struct chains *c, long at, const struct node *n, const struct insn *in, int k)
{
	const struct link to = c->links[at];
	const struct effect *e;
	const struct sym *value;

	if (in->args[0].kind != ARG_FUNC)
		return;
	e = iterate_effect(model_find(c->g->program->model, in->args[0].name));
	if (e && e->callback == k - 1)
		value = through_model(c, n, in, e, to.value);
	else
		value = through_body(c, n, in, k - 1, to.value);
	add_link(c, &(struct link){.n = n, .value = value, .in = in, .next = at, .by = in->args[0].name});
}

static void back_calls(struct chains *c, long at, const struct node *n)
{
	whole_reads(c->reader->an, n);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];
		const struct link to = c->links[at];

		for (int k = 0; in->op == OP_CALL && k < in->narg; k++) {
			if (in->args[k].kind != ARG_FUNC || in->args[k].name != to.n->fn->name ||
			    program_resolve(c->g->program, n, in->args[k].name) != to.n)
				continue;
			if (k)
				back_passed(c, at, n, in, k);
			else
				add_link(c, &(struct link){.n = n, .value = reader_fill(c->reader, n, in, to.value),
							   .in = in, .next = at});
		}
	}
}

static bool is_of_slot(const struct node *n, const struct arg *a, const char *slot, int depth)
{
	const struct insn *in = a->kind == ARG_INSN ? &n->fn->insns[a->n] : NULL;
	size_t len;

	if (!in || !depth)
		return false;
	if (in->op == OP_PHI || in->op == OP_SELECT) {
		for (int i = in->op == OP_SELECT; i < in->narg; i++)
			if (is_of_slot(n, &in->args[i], slot, depth - 1))
				return true;
		return false;
	}
	if (in->op != OP_LOAD || !in->struct_name || !in->field)
		return false;
	len = strlen(in->struct_name);
	return !strncmp(slot, in->struct_name, len) && slot[len] == '.' && !strcmp(slot + len + 1, in->field);
}

bool chain_is_of_slot(const struct node *n, const struct arg *a, const char *slot)
{
	return is_of_slot(n, a, slot, 4);
}

static void back_slot(struct chains *c, long at, const struct node *n, const char *slot)
{
	whole_reads(c->reader->an, n);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		if (in->op == OP_CALL && chain_is_of_slot(n, &in->args[0], slot))
			add_link(c, &(struct link){.n = n, .value = reader_fill(c->reader, n, in, c->links[at].value),
						   .in = in, .next = at, .slot = slot});
	}
}

static void back(struct chains *c, long at)
{
	const struct program *p = c->g->program;
	size_t v = c->links[at].n->index;

	for (uint32_t e = c->callers.first[v]; e < c->callers.first[v + 1]; e++) {
		uint32_t from = c->callers.to[e];

		if (from < p->nnode) {
			back_calls(c, at, p->nodes[from]);
			continue;
		}
		if (c->enter(c, at, c->g->fields[from - p->nnode]))
			continue;
		for (uint32_t k = c->callers.first[from]; k < c->callers.first[from + 1]; k++)
			back_slot(c, at, p->nodes[c->callers.to[k]], c->g->fields[from - p->nnode]);
	}
}

/* ------------------------------------------------------------------ entry */

void chains_from(struct chains *c, const struct node *n, const struct insn *in, const struct sym *value)
{
	map_release(&c->seen);
	map_init(&c->seen);
	c->n = 0;
	c->is_cut = false;
	add_link(c, &(struct link){.n = n, .value = value, .in = in, .next = -1});
	for (long i = 0; i < c->n; i++)
		back(c, i);
}

bool chains_call_of(const struct chains *c, const char *slot, const struct node **n, const struct insn **in)
{
	const struct program *p = c->g->program;
	size_t low = 0, high = c->g->nfield;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(c->g->fields[mid], slot) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == c->g->nfield || strcmp(c->g->fields[low], slot))
		return false;
	low += p->nnode;
	for (uint32_t k = c->callers.first[low]; k < c->callers.first[low + 1]; k++) {
		*n = p->nodes[c->callers.to[k]];
		whole_reads(c->reader->an, *n);
		for (int i = 0; i < (*n)->fn->ninsn; i++) {
			*in = &(*n)->fn->insns[i];
			if ((*in)->op == OP_CALL && chain_is_of_slot(*n, &(*in)->args[0], slot))
				return true;
		}
	}
	return false;
}
