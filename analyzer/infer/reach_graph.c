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

/* The name of a field; NULL when it has none. */
static const char *field_name(struct builder *b, const char *struct_name, const char *field)
{
	if (!struct_name || !*struct_name || !field || !*field)
		return NULL;
	text_clear(&b->name);
	text_puts(&b->name, struct_name);
	text_putc(&b->name, '.');
	text_puts(&b->name, field);
	return intern(text_str(&b->name));
}

/* ------------------------------------------------------------------ fields */

static void add_slot(struct builder *b, size_t unit, const struct slot *s)
{
	const struct node *n = program_resolve_in(b->g->program, unit, s->func);
	const char *name = field_name(b, s->struct_name, s->field);
	struct field *f;

	if (!n || !name)
		return;
	f = map_get(&b->fields, name);
	if (!f) {
		f = ARENA_NEW(&b->scratch, struct field);
		map_set(&b->fields, name, f);
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
			add_slot(b, i, &units[i]->slots[k]);
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

/* The pointer that is called was read from that field; false when nothing is known to be in there. */
static bool add_field_edge(struct builder *b, size_t from, const char *name)
{
	const struct field *f = map_get(&b->fields, name);

	if (!f)
		return false;
	b->g->nslot_edge += f->n;
	add_edge(b, from, f->vertex);
	return true;
}

static void add_links(struct builder *b, const struct node *n)
{
	const struct model *model = b->g->program->model;
	bool is_lost = false, open = false;	/* of the call at work: not all targets are known; it calls what it is given */

	for (int i = 0; i < n->fn->nlink; i++) {
		const struct flow_link *l = &n->fn->links[i];
		bool is_edge = false;

		switch (l->kind) {
		case LINK_CALL: case LINK_INDIRECT:
			b->g->unresolved += is_lost;
			is_lost = false;
			open = l->kind == LINK_INDIRECT || is_open(model_find(model, l->name));
			is_edge = open;
			break;
		case LINK_FIELD: is_lost |= !add_field_edge(b, n->index, l->name); break;
		case LINK_LOST: is_lost = true; break;
		case LINK_TARGET: is_edge = is_open(model_find(model, l->name)); break;
		case LINK_PASSED: is_edge = open; break;
		default: break;
		}
		if (is_edge && n->named[i])
			add_edge(b, n->index, n->named[i]->index);
	}
	b->g->unresolved += is_lost;
}

static void make_edges(struct builder *b, uint32_t *first)
{
	const struct program *p = b->g->program;

	for (size_t v = 0; v < p->nnode; v++) {
		add_links(b, p->nodes[v]);
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
