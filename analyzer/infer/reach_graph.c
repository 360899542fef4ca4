// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full call graph. Entry: reach_graph_build(): the fields and what is in them, from the
 * slots of all units; then the edges of each node, in order of appearance and without
 * doubles; then those of the fields, by name.
 *
 * A model that says all there is to say of a function (it locks, it does nothing) ends
 * the graph there: what its body calls is the lock's own business.
 */
#include "infer/reach_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/model.h"

/* A field: the functions in it. */
struct field {
	const struct node **funcs;
	size_t n, cap;
	size_t vertex;
};

struct builder {
	struct reach_graph *g;
	struct arena scratch;
	struct map fields;		/* "struct.field" -> struct field */
	struct text name;
	uint32_t *to;
	size_t nto, cap;
	uint32_t *seen;			/* per vertex: 1 + the vertex whose edges are made */
};

static void *grown(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : 16;
	p = realloc(p, *cap * size);
	if (!p)
		die("out of memory (full call graph)");
	return p;
}

/* The key of a field in b->name; false when it has none. */
static bool name_field(struct builder *b, const char *struct_name, const char *field)
{
	if (!struct_name || !*struct_name || !field || !*field)
		return false;
	text_clear(&b->name);
	text_printf(&b->name, "%s.%s", struct_name, field);
	return true;
}

/* ------------------------------------------------------------------ fields */

static void add_slot(struct builder *b, const struct unit *u, const struct slot *s)
{
	const struct node from = {.unit = u};
	const struct node *n = program_resolve(b->g->program, &from, s->func);
	struct field *f;

	if (!n || !name_field(b, s->struct_name, s->field))
		return;
	f = map_get(&b->fields, text_str(&b->name));
	if (!f) {
		f = ARENA_NEW(&b->scratch, struct field);
		map_set(&b->fields, intern(text_str(&b->name)), f);
	}
	f->funcs = grown(f->funcs, f->n, &f->cap, sizeof(*f->funcs));
	f->funcs[f->n++] = n;
}

static int by_name(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	int c = strcmp(x->fn->name, y->fn->name);

	if (!c)
		c = strcmp(x->unit->file, y->unit->file);
	return c ? c : (x->key > y->key) - (x->key < y->key);
}

static void sort_field(struct field *f)
{
	size_t n = 0;

	qsort(f->funcs, f->n, sizeof(*f->funcs), by_name);
	for (size_t i = 0; i < f->n; i++)
		if (!n || f->funcs[n - 1] != f->funcs[i])
			f->funcs[n++] = f->funcs[i];
	f->n = n;
}

static void collect_fields(struct builder *b, struct arena *a, struct unit *const *units, size_t nunit)
{
	struct reach_graph *g = b->g;

	for (size_t i = 0; i < nunit; i++)
		for (int k = 0; k < units[i]->nslot; k++)
			add_slot(b, units[i], &units[i]->slots[k]);
	map_sort(&b->fields);
	g->nfield = b->fields.n;
	g->fields = ARENA_ARRAY(a, const char *, g->nfield);
	for (size_t i = 0; i < g->nfield; i++) {
		struct field *f = b->fields.entries[i].value;

		g->fields[i] = b->fields.entries[i].key;
		f->vertex = g->program->nnode + i;
		sort_field(f);
		g->nslot += f->n;
	}
}

/* ------------------------------------------------------------------ edges */

static void add_edge(struct builder *b, size_t from, size_t to)
{
	if (b->seen[to] == from + 1)
		return;
	b->seen[to] = (uint32_t)from + 1;
	b->to = grown(b->to, b->nto, &b->cap, sizeof(*b->to));
	b->to[b->nto++] = (uint32_t)to;
}

/* Does the model leave open what the body calls? */
static bool is_open(const struct model_func *m)
{
	for (int i = 0; m && i < m->neffect; i++)
		switch (m->effects[i].kind) {
		case EFFECT_TAKE: case EFFECT_RELEASE: case EFFECT_DOWNGRADE: case EFFECT_ASSERT:
		case EFFECT_NONE: case EFFECT_NORETURN: case EFFECT_WARN: case EFFECT_SLEEP:
			return false;
		default:
			break;
		}
	return !(m && m->opaque);
}

/* What a pointer that is called may be, added to n's edges; false when some of it is not known. */
static bool add_pointer(struct builder *b, const struct node *n, const struct arg *a, int depth)
{
	const struct insn *in;
	const struct field *f;
	struct node *callee;
	bool all = true;

	if (a->kind == ARG_PARAM || (a->kind == ARG_INT && !a->value))
		return true;
	if (a->kind == ARG_FUNC) {
		callee = program_resolve(b->g->program, n, a->name);
		if (callee && is_open(model_find(b->g->program->model, a->name)))
			add_edge(b, n->index, callee->index);
		return true;
	}
	if (a->kind != ARG_INSN || !depth)
		return false;
	in = &n->fn->insns[a->n];
	if (in->op == OP_PHI || in->op == OP_SELECT) {
		for (int i = in->op == OP_SELECT; i < in->narg; i++)
			all &= add_pointer(b, n, &in->args[i], depth - 1);
		return all;
	}
	if (in->op != OP_LOAD || !name_field(b, in->struct_name, in->field))
		return false;
	f = map_get(&b->fields, text_str(&b->name));
	if (!f)
		return false;
	b->g->nslot_edge += f->n;
	add_edge(b, n->index, f->vertex);
	return true;
}

static void add_call(struct builder *b, const struct node *n, const struct insn *in)
{
	const struct program *p = b->g->program;
	const struct model_func *m = NULL;

	if (in->args[0].kind == ARG_FUNC)
		m = model_find(p->model, in->args[0].name);
	if (!add_pointer(b, n, &in->args[0], 4))
		b->g->unresolved++;
	for (int k = 1; k < in->narg; k++) {
		struct node *passed = in->args[k].kind == ARG_FUNC ? program_resolve(p, n, in->args[k].name) : NULL;

		if (passed && is_open(m))
			add_edge(b, n->index, passed->index);
	}
}

static void make_edges(struct builder *b, uint32_t *first)
{
	const struct program *p = b->g->program;

	for (size_t v = 0; v < p->nnode; v++) {
		const struct func *fn = p->nodes[v]->fn;

		for (int i = 0; i < fn->ninsn; i++)
			if (fn->insns[i].op == OP_CALL)
				add_call(b, p->nodes[v], &fn->insns[i]);
		first[v + 1] = (uint32_t)b->nto;
	}
	for (size_t i = 0; i < b->fields.n; i++) {
		const struct field *f = b->fields.entries[i].value;

		for (size_t k = 0; k < f->n; k++)
			add_edge(b, f->vertex, f->funcs[k]->index);
		first[f->vertex + 1] = (uint32_t)b->nto;
	}
}

void reach_graph_build(struct reach_graph *g, struct arena *a, struct program *p, struct unit *const *units,
		       size_t nunit)
{
	struct builder b = {.g = g};
	uint32_t *first;

	memset(g, 0, sizeof(*g));
	g->program = p;
	arena_init(&b.scratch);
	map_init(&b.fields);
	text_init(&b.name);
	collect_fields(&b, a, units, nunit);
	g->graph.n = p->nnode + g->nfield;
	b.seen = ARENA_ARRAY(&b.scratch, uint32_t, g->graph.n);
	first = ARENA_ARRAY(a, uint32_t, g->graph.n + 1);
	make_edges(&b, first);
	g->graph.first = first;
	g->graph.to = arena_copy(a, b.to, sizeof(*b.to) * b.nto);
	for (size_t i = 0; i < b.fields.n; i++)
		free(((struct field *)b.fields.entries[i].value)->funcs);
	free(b.to);
	text_release(&b.name);
	map_release(&b.fields);
	arena_release(&b.scratch);
}
