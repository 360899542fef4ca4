// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call graph, from what functions name (their links). Entry: program_build(), in this order: one key per function of each unit
 * (its text's hash and the keys of what its static names resolve to), one node per
 * key, edges, strongly connected components, and the order for the bottom-up walk.
 */
#include "infer/callgraph.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/lines.h"
#include "infer/model.h"
#include "infer/scc.h"

/* ------------------------------------------------------------------ names */

enum { ANY_UNIT = 0 };	/* in place of a unit's number and 1: the functions that other units can call */

struct name_slot {
	const char *name;	/* NULL: free */
	uint32_t unit;
	struct instance *at;
};

/* A function as one unit has it. */
struct instance {
	const struct func *fn;
	uint64_t key;
	struct node *node;
	bool is_keyed, is_open;
};

/* Names are interned: their addresses stand for them. */
static struct name_slot *find_name(const struct name_table *t, uint32_t unit, const char *name)
{
	size_t at = intern_hash(name, unit) & (t->size - 1);

	while (t->slots[at].name && (t->slots[at].name != name || t->slots[at].unit != unit))
		at = (at + 1) & (t->size - 1);
	return &t->slots[at];
}

static struct instance *get_name(const struct name_table *t, uint32_t unit, const char *name)
{
	return t->size ? find_name(t, unit, name)->at : NULL;
}

/* The first of that name stays. */
static void add_name(struct name_table *t, uint32_t unit, struct instance *in)
{
	struct name_slot *slot = find_name(t, unit, in->fn->name);

	if (!slot->name)
		*slot = (struct name_slot){in->fn->name, unit, in};
}

struct node *program_global(const struct program *p, const char *name)
{
	const struct instance *in = get_name(&p->names, ANY_UNIT, name);

	return in ? in->node : NULL;
}

struct node *program_resolve_in(const struct program *p, size_t unit, const char *name)
{
	const struct instance *in = get_name(&p->names, (uint32_t)unit + 1, name);

	return in ? in->node : program_global(p, name);
}

struct node *program_resolve(const struct program *p, const struct node *from, const char *name)
{
	return program_resolve_in(p, from->unit_index, name);
}

size_t program_unit(const struct program *p, const char *file)
{
	size_t low = 0, high = p->nunit;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = text_compare(p->units[mid]->file, file);

		if (!c)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return p->nunit;
}

/* ------------------------------------------------------------------ nodes */

/*
 * Key of an instance: cycles are cut where they close, so that the key of a function in a
 * cycle may depend on which member was asked for first; units are walked in name order, so
 * it is the same in every run.
 */
static uint64_t key_instance(const struct name_table *t, uint32_t unit, struct instance *in)
{
	uint64_t parts[2];

	if (in->is_keyed)
		return in->key;
	if (in->is_open)
		return in->fn->hash[0];
	in->is_open = true;
	parts[0] = in->fn->hash[0] ^ (in->fn->hash[1] * 31);
	for (int i = 0; i < in->fn->nlink; i++) {
		const struct flow_link *l = &in->fn->links[i];
		struct instance *callee = NULL;

		if (l->kind == LINK_CALL || l->kind == LINK_PASSED || l->kind == LINK_NAMED)
			callee = get_name(t, unit, l->name);
		if (!callee || !callee->fn->is_static)
			continue;
		parts[1] = key_instance(t, unit, callee);
		parts[0] = map_hash(parts, sizeof(parts));
	}
	in->is_open = false;
	in->is_keyed = true;
	return in->key = parts[0];
}

/* The place of the node of that key and name, or where it would be. */
static struct node **find_key(const struct key_table *t, uint64_t key, const char *name)
{
	size_t at = key & (t->size - 1);

	while (t->slots[at] && (t->slots[at]->key != key || t->slots[at]->fn->name != name))
		at = (at + 1) & (t->size - 1);
	return &t->slots[at];
}

struct node *program_find(const struct program *p, uint64_t key, const char *name)
{
	return *find_key(&p->keys, key, name);
}

static struct node *add_node(struct program *p, size_t unit, const struct instance *in)
{
	struct node **place = find_key(&p->keys, in->key, in->fn->name), *n = *place;

	if (n)
		return n;
	n = ARENA_NEW(p->arena, struct node);
	n->fn = in->fn;
	n->unit = p->units[unit];
	n->unit_index = (uint32_t)unit;
	n->key = in->key;
	*place = n;
	p->nodes[p->nnode++] = n;
	return n;
}

static void add_unit(struct program *p, struct instance *all, size_t unit)
{
	const struct unit *u = p->units[unit];

	for (int i = 0; i < u->nfunc; i++) {
		all[i].fn = u->funcs[i];
		add_name(&p->names, (uint32_t)unit + 1, &all[i]);
	}
	for (int i = 0; i < u->nfunc; i++) {
		key_instance(&p->names, (uint32_t)unit + 1, &all[i]);
		all[i].node = add_node(p, unit, &all[i]);
		if (!all[i].fn->is_static)
			add_name(&p->names, ANY_UNIT, &all[i]);
	}
}

static void add_nodes(struct program *p)
{
	struct instance *all;
	size_t total = 0;

	for (size_t i = 0; i < p->nunit; i++)
		total += (size_t)p->units[i]->nfunc;
	p->keys.size = 16;
	while (p->keys.size < total * 2)
		p->keys.size *= 2;
	p->nodes = ARENA_ARRAY(p->arena, struct node *, total);
	p->names.size = p->keys.size;
	while (p->names.size < total * 3)	/* each function has one name or two */
		p->names.size *= 2;
	p->names.slots = calloc(p->names.size, sizeof(*p->names.slots));
	p->keys.slots = calloc(p->keys.size, sizeof(*p->keys.slots));
	if (!p->names.slots || !p->keys.slots)
		die("out of memory (%zu functions)", total);
	all = ARENA_ARRAY(p->arena, struct instance, total);
	for (size_t i = 0; i < p->nunit; i++) {
		add_unit(p, all, i);
		all += p->units[i]->nfunc;
	}
}

/* Nodes are in the order in which they were made: by unit and name. */
static void number_twins(const struct program *p)
{
	size_t size = p->keys.size;
	struct node **last = calloc(size, sizeof(*last));	/* of each text */

	if (!last)
		die("out of memory (%zu functions)", p->nnode);
	for (size_t i = 0; i < p->nnode; i++) {
		struct node *n = p->nodes[i];
		size_t at = n->fn->hash[0] & (size - 1);

		while (last[at] && memcmp(last[at]->fn->hash, n->fn->hash, sizeof(n->fn->hash)))
			at = (at + 1) & (size - 1);
		if (last[at])
			n->twin = last[at]->twin + 1;
		last[at] = n;
	}
	free(last);
}

static void resolve_links(struct program *p, struct node *n)
{
	n->named = ARENA_ARRAY(p->arena, struct node *, n->fn->nlink);
	for (int i = 0; i < n->fn->nlink; i++)
		if (n->fn->links[i].name && n->fn->links[i].kind != LINK_FIELD)
			n->named[i] = program_resolve(p, n, n->fn->links[i].name);
}

/* ------------------------------------------------------------------ edges */

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
	resolve_links(p, n);
	for (int i = 0; i < n->fn->nlink; i++) {
		const struct flow_link *l = &n->fn->links[i];
		const struct model_func *m = NULL;

		if (l->kind == LINK_CALL) {
			m = model_find(p->model, l->name);
			p->nedge++;
			n->matters |= m || model_find_hint(p->model, EFFECT_SETUP, l->name, NULL);
			p->unresolved += !n->named[i] && !m;
		}
		if (!n->named[i] || (l->kind != LINK_CALL && l->kind != LINK_PASSED))
			continue;
		n->named[i]->is_callback |= l->kind == LINK_PASSED;
		n->named[i]->is_called |= l->kind == LINK_CALL;
		if (!(m && m->opaque))
			add_callee(list, n->named[i], l->kind == LINK_PASSED ? BOND_GIVEN : m ? BOND_MODEL : BOND_CALL);
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

void program_build(struct program *p, struct arena *a, struct unit *const *units, size_t nunit,
		   const struct model *model)
{
	memset(p, 0, sizeof(*p));
	p->arena = a;
	p->model = model;
	p->units = units;
	p->nunit = nunit;
	add_nodes(p);
	number_twins(p);
	for (size_t i = 0; i < p->nnode; i++)
		p->nodes[i]->index = i;
	add_all_edges(p);
	order_nodes(p);
	lines_build(p);
	spread_matters(p);
}

void program_release(struct program *p)
{
	free(p->names.slots);
	free(p->keys.slots);
	memset(&p->names, 0, sizeof(p->names));
	memset(&p->keys, 0, sizeof(p->keys));
	lines_release(p);
}
