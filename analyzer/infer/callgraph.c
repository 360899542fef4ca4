// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call graph. Entry: program_build(), in this order: one key per function of each unit
 * (its text's hash and the keys of what its static names resolve to), one node per
 * key, edges, strongly connected components, and the order for the bottom-up walk.
 */
#include "infer/callgraph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/model.h"
#include "infer/scc.h"

/* A function as one unit has it, while keys are computed. */
struct instance {
	const struct func *fn;
	uint64_t key;
	bool is_keyed, is_open;
};

static bool names_function(const struct arg *a)
{
	return a->kind == ARG_FUNC;
}

/*
 * Key of an instance: cycles are cut where they close, so that the key of a function in a
 * cycle may depend on which member was asked for first; units are walked in name order, so
 * it is the same in every run.
 */
static uint64_t key_instance(struct map *unit, struct instance *in)
{
	uint64_t parts[2];

	if (in->is_keyed)
		return in->key;
	if (in->is_open)
		return in->fn->hash[0];
	in->is_open = true;
	parts[0] = in->fn->hash[0] ^ (in->fn->hash[1] * 31);
	for (int i = 0; i < in->fn->ninsn; i++) {
		const struct insn *insn = &in->fn->insns[i];

		for (int k = 0; k < insn->narg; k++) {
			struct instance *callee;

			if (!names_function(&insn->args[k]))
				continue;
			callee = map_get(unit, insn->args[k].name);
			if (!callee || !callee->fn->is_static)
				continue;
			parts[1] = key_instance(unit, callee);
			parts[0] = map_hash(parts, sizeof(parts));
		}
	}
	in->is_open = false;
	in->is_keyed = true;
	return in->key = parts[0];
}

static struct node *add_node(struct program *p, struct map *by_key, const struct unit *u, const struct instance *in)
{
	char text[64];
	struct node *n;

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)in->key);
	n = map_get(by_key, text);
	if (n && n->fn->name == in->fn->name)
		return n;
	n = ARENA_NEW(p->arena, struct node);
	n->fn = in->fn;
	n->unit = u;
	n->key = in->key;
	map_set(by_key, arena_strdup(p->arena, text), n);
	p->nodes[p->nnode++] = n;
	return n;
}

static void add_unit(struct program *p, struct map *by_key, struct arena *scratch, const struct unit *u, size_t index)
{
	struct instance *all = ARENA_ARRAY(scratch, struct instance, u->nfunc);
	struct map local;

	map_init(&local);
	for (int i = 0; i < u->nfunc; i++) {
		all[i].fn = u->funcs[i];
		if (!map_get(&local, u->funcs[i]->name))
			map_set(&local, u->funcs[i]->name, &all[i]);
	}
	for (int i = 0; i < u->nfunc; i++) {
		struct node *n;

		key_instance(&local, &all[i]);
		n = add_node(p, by_key, u, &all[i]);
		map_set(&p->locals[index], n->fn->name, n);
		if (!n->fn->is_static && !map_get(&p->globals, n->fn->name))
			map_set(&p->globals, n->fn->name, n);
	}
	map_release(&local);
	map_set(&p->unit_index, u->file, (void *)(uintptr_t)(index + 1));
}

struct node *program_resolve(const struct program *p, const struct node *from, const char *name)
{
	size_t index = (size_t)(uintptr_t)map_get(&p->unit_index, from->unit->file);
	struct node *n = index ? map_get(&p->locals[index - 1], name) : NULL;

	return n ? n : map_get(&p->globals, name);
}

/* The callees of a node while they are collected. */
struct callees {
	struct node **nodes;
	unsigned char *bonds;
	int n, cap;
};

static void add_callee(struct callees *list, struct node *callee, enum bond bond)
{
	for (int i = 0; i < list->n; i++)
		if (list->nodes[i] == callee) {
			if (bond > list->bonds[i])
				list->bonds[i] = (unsigned char)bond;
			return;
		}
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->nodes = realloc(list->nodes, sizeof(*list->nodes) * (size_t)list->cap);
		list->bonds = realloc(list->bonds, (size_t)list->cap);
		if (!list->nodes || !list->bonds)
			die("out of memory (call graph)");
	}
	list->nodes[list->n] = callee;
	list->bonds[list->n++] = (unsigned char)bond;
}

static void add_edges(struct program *p, struct node *n, struct callees *list)
{
	list->n = 0;
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		for (int k = 0; in->op == OP_CALL && k < in->narg; k++) {
			const struct model_func *m;
			struct node *callee;

			if (!names_function(&in->args[k]))
				continue;
			m = model_find(p->model, in->args[k].name);
			callee = program_resolve(p, n, in->args[k].name);
			if (k == 0) {
				p->nedge++;
				n->matters |= m != NULL;
				p->unresolved += !callee && !m;
			}
			if (!callee)
				continue;
			callee->is_callback |= k > 0;
			if (!(m && m->opaque && k == 0))
				add_callee(list, callee, k ? BOND_GIVEN : m ? BOND_MODEL : BOND_CALL);
		}
	}
	n->ncallee = list->n;
	if (!list->n)
		return;
	n->callees = arena_copy(p->arena, list->nodes, sizeof(*list->nodes) * (size_t)list->n);
	n->bonds = arena_copy(p->arena, list->bonds, (size_t)list->n);
}

static void add_all_edges(struct program *p)
{
	struct callees list = {0};

	for (size_t i = 0; i < p->nnode; i++)
		add_edges(p, p->nodes[i], &list);
	free(list.nodes);
	free(list.bonds);
}

static int by_order(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	if (x->component != y->component)
		return x->component < y->component ? -1 : 1;
	if (x->inner != y->inner)
		return x->inner < y->inner ? -1 : 1;
	return x->finish < y->finish ? -1 : x->finish > y->finish;
}

/* The components of the graph of the edges that are no weaker than bond. */
static void find_components(const struct program *p, enum bond bond, int *component, int *finish)
{
	size_t n = p->nnode, total = 0, at = 0;
	struct arena scratch;
	uint32_t *first, *to;

	for (size_t i = 0; i < n; i++)
		total += (size_t)p->nodes[i]->ncallee;
	arena_init(&scratch);
	first = ARENA_ARRAY(&scratch, uint32_t, n + 1);
	to = ARENA_ARRAY(&scratch, uint32_t, total);
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			if (p->nodes[i]->bonds[k] >= bond)
				to[at++] = (uint32_t)p->nodes[i]->callees[k]->index;
		first[i + 1] = (uint32_t)at;
	}
	scc_find(&(struct graph){.n = n, .first = first, .to = to}, component, finish);
	arena_release(&scratch);
}

/*
 * Callees first. Where that cannot be, because calls form a cycle, calls a model speaks of are given up, then
 * functions that are only passed on, and then those calls that close the cycle.
 */
static void order_nodes(struct program *p)
{
	size_t n = p->nnode;
	struct arena scratch;
	int *component, *inner, *ignored, *finish;

	arena_init(&scratch);
	component = ARENA_ARRAY(&scratch, int, n);
	inner = ARENA_ARRAY(&scratch, int, n);
	ignored = ARENA_ARRAY(&scratch, int, n);
	finish = ARENA_ARRAY(&scratch, int, n);
	find_components(p, BOND_MODEL, component, NULL);
	find_components(p, BOND_GIVEN, inner, NULL);
	find_components(p, BOND_CALL, ignored, finish);
	for (size_t i = 0; i < n; i++) {
		p->nodes[i]->component = component[i];
		p->nodes[i]->inner = inner[i];
		p->nodes[i]->finish = finish[i];
	}
	arena_release(&scratch);
	qsort(p->nodes, n, sizeof(*p->nodes), by_order);
	for (size_t i = 0; i < n; i++)
		p->nodes[i]->index = i;
}

/* What matters spreads from callees to callers; a component is gone over until it settles. */
static void spread_matters(struct program *p)
{
	for (size_t i = 0; i < p->nnode; ) {
		size_t end = i;
		bool any = false;

		while (end < p->nnode && p->nodes[end]->component == p->nodes[i]->component) {
			const struct node *n = p->nodes[end++];

			any |= n->matters;
			for (int k = 0; k < n->ncallee; k++)
				any |= n->callees[k]->matters;
		}
		for (; i < end; i++)
			p->nodes[i]->matters |= any;
	}
}

static int by_text(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int c = memcmp(x->fn->hash, y->fn->hash, sizeof(x->fn->hash));

	if (!c)
		c = strcmp(x->unit->file, y->unit->file);
	return c ? c : strcmp(x->fn->name, y->fn->name);
}

static void number_twins(struct program *p)
{
	struct arena scratch;
	struct node **all;

	arena_init(&scratch);
	all = arena_copy(&scratch, p->nodes, sizeof(*all) * p->nnode);
	qsort(all, p->nnode, sizeof(*all), by_text);
	for (size_t i = 1; i < p->nnode; i++)
		if (!memcmp(all[i]->fn->hash, all[i - 1]->fn->hash, sizeof(all[i]->fn->hash)))
			all[i]->twin = all[i - 1]->twin + 1;
	arena_release(&scratch);
}

static int by_key_and_name(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->fn->name, y->fn->name);
}

struct node *program_find(const struct program *p, uint64_t key, const char *name)
{
	const struct func fn = {.name = name};
	const struct node wanted = {.fn = &fn, .key = key}, *at = &wanted;
	struct node **found = bsearch(&at, p->by_key, p->nnode, sizeof(*p->by_key), by_key_and_name);

	return found ? *found : NULL;
}

void program_build(struct program *p, struct arena *a, struct unit *const *units, size_t nunit,
		   const struct model *model)
{
	struct map by_key;
	struct arena scratch;
	size_t total = 0;

	memset(p, 0, sizeof(*p));
	p->arena = a;
	p->model = model;
	for (size_t i = 0; i < nunit; i++)
		total += (size_t)units[i]->nfunc;
	p->nodes = ARENA_ARRAY(a, struct node *, total);
	p->locals = ARENA_ARRAY(a, struct map, nunit);
	map_init(&by_key);
	arena_init(&scratch);
	for (size_t i = 0; i < nunit; i++) {
		add_unit(p, &by_key, &scratch, units[i], i);
		arena_clear(&scratch);
	}
	arena_release(&scratch);
	map_release(&by_key);
	for (size_t i = 0; i < p->nnode; i++)
		p->nodes[i]->index = i;
	add_all_edges(p);
	order_nodes(p);
	p->by_key = arena_copy(a, p->nodes, sizeof(*p->nodes) * p->nnode);
	qsort(p->by_key, p->nnode, sizeof(*p->by_key), by_key_and_name);
	number_twins(p);
	spread_matters(p);
}

void program_release(struct program *p)
{
	size_t n = p->unit_index.n;

	for (size_t i = 0; i < n; i++)
		map_release(&p->locals[i]);
	map_release(&p->globals);
	map_release(&p->unit_index);
}
