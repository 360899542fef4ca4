// SPDX-License-Identifier: GPL-2.0-only
/*
 * What queries look up in a program: functions and fields by name, with the nearest names where there
 * is none; the places that call a function, and what a function calls.
 */
#include "query/query.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "base/message.h"

/* --- names ----------------------------------------------------------------------- */

#define NEAREST 5
#define MAX_WORD 80

/* How many letters must be put in, taken out or changed. What is too long for that is far. */
static int distance(const char *a, const char *b)
{
	int row[MAX_WORD + 1], na = (int)strlen(a), nb = (int)strlen(b);

	if (na > MAX_WORD || nb > MAX_WORD)
		return MAX_WORD;
	for (int k = 0; k <= nb; k++)
		row[k] = k;
	for (int i = 1; i <= na; i++) {
		int corner = row[0];

		row[0] = i;
		for (int k = 1; k <= nb; k++) {
			int best = corner + (a[i - 1] != b[k - 1]);

			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			corner = row[k];
			row[k] = best;
		}
	}
	return row[nb];
}

struct nearest {
	const char *wanted;
	const char *names[NEAREST];
	int distances[NEAREST], n;
};

static void nearest_offer(struct nearest *l, const char *name)
{
	int d = distance(l->wanted, name), i;

	/* A part of a name is a usual way to ask. */
	if (strstr(name, l->wanted) && d > 2)
		d = 2;
	if (d > 2 + (int)strlen(l->wanted) / 4)
		return;
	for (i = 0; i < l->n; i++)
		if (l->names[i] == name)
			return;
	for (i = l->n; i > 0 && (l->distances[i - 1] > d ||
				 (l->distances[i - 1] == d && strcmp(l->names[i - 1], name) > 0)); i--)
		if (i < NEAREST) {
			l->names[i] = l->names[i - 1];
			l->distances[i] = l->distances[i - 1];
		}
	if (i == NEAREST)
		return;
	l->names[i] = name;
	l->distances[i] = d;
	if (l->n < NEAREST)
		l->n++;
}

static _Noreturn void die_unknown(const char *what, const struct nearest *l)
{
	struct text t;

	text_init(&t);
	for (int i = 0; i < l->n; i++)
		text_printf(&t, "%s%s", i ? ", " : "; the nearest: ", l->names[i]);
	die("there is no %s %s in what was read%s", what, l->wanted, text_str(&t));
}

_Noreturn void query_unknown_class(const char *wanted, const char *const *classes, size_t n)
{
	struct nearest near = {.wanted = wanted};

	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, flow_plain_name(classes[i]));
	die_unknown("lock class", &near);
}

static bool is_called_somewhere(const struct question *q, const char *name)
{
	const struct program *p = &q->an->program;

	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->fn->nlink; k++)
			if (p->nodes[i]->fn->links[k].kind == LINK_CALL && p->nodes[i]->fn->links[k].name == name)
				return true;
	return false;
}

static int by_file(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	int c = text_compare(x->fn->name, y->fn->name);

	c = c ? c : text_compare(x->fn->file, y->fn->file);
	c = c ? c : x->fn->line - y->fn->line;
	return c ? c : text_compare(x->unit->file, y->unit->file);
}

struct nodes query_functions(struct question *q, const char *name, bool may_be_unread)
{
	const struct program *p = &q->an->program;
	const char *colon = strrchr(name, ':');
	const char *file = colon ? intern_n(name, (size_t)(colon - name)) : NULL;
	const char *plain = intern(colon ? colon + 1 : name);
	struct nodes l = {0};

	for (size_t i = 0; i < p->nnode; i++)
		l.n += p->nodes[i]->fn->name == plain;
	l.items = ARENA_ARRAY(q->arena, const struct node *, l.n);
	l.n = 0;
	for (size_t i = 0; i < p->nnode; i++)
		if (p->nodes[i]->fn->name == plain && (!file || !text_compare(p->nodes[i]->fn->file, file)))
			l.items[l.n++] = p->nodes[i];
	if (l.n)
		qsort(l.items, l.n, sizeof(*l.items), by_file);
	if (!l.n && !(may_be_unread && !file && is_called_somewhere(q, plain))) {
		struct nearest near = {.wanted = plain};

		for (size_t i = 0; i < p->nnode; i++) {
			const struct func *fn = p->nodes[i]->fn;

			nearest_offer(&near, fn->name);
			for (int k = 0; may_be_unread && k < fn->nlink; k++)
				if (fn->links[k].kind == LINK_CALL)
					nearest_offer(&near, fn->links[k].name);
		}
		die_unknown(file ? "function of that file" : "function", &near);
	}
	return l;
}

struct nodes query_field(struct question *q, const char *pattern)
{
	const struct program *p = &q->an->program;
	struct nodes l = {.items = ARENA_ARRAY(q->arena, const struct node *, q->graph.nslot)};
	bool *seen = ARENA_ARRAY(q->arena, bool, p->nnode);

	for (size_t f = 0; f < q->graph.nfield; f++) {
		size_t v = p->nnode + f;

		if (fnmatch(pattern, q->graph.fields[f], 0))
			continue;
		for (uint32_t e = q->graph.graph.first[v]; e < q->graph.graph.first[v + 1]; e++) {
			if (!seen[q->graph.graph.to[e]])
				l.items[l.n++] = p->nodes[q->graph.graph.to[e]];
			seen[q->graph.graph.to[e]] = true;
		}
	}
	if (!l.n) {
		struct nearest near = {.wanted = pattern};

		for (size_t f = 0; f < q->graph.nfield; f++)
			nearest_offer(&near, q->graph.fields[f]);
		die_unknown("function in a field", &near);
	}
	qsort(l.items, l.n, sizeof(*l.items), by_file);
	return l;
}

/* --- calls ----------------------------------------------------------------------- */

int query_compare_place(struct place a, struct place b)
{
	int c = text_compare(a.file, b.file);

	c = c ? c : a.line - b.line;
	return c ? c : a.col - b.col;
}

static int by_place(const void *a, const void *b)
{
	const struct call_site *x = a, *y = b;
	int c = query_compare_place(x->in->at, y->in->at);

	c = c ? c : text_compare(x->n->fn->name, y->n->fn->name);
	c = c ? c : text_compare(x->n->unit->file, y->n->unit->file);
	c = c ? c : (int)((x->in - x->n->fn->insns) - (y->in - y->n->fn->insns));
	c = c ? c : text_compare(x->target ? x->target->fn->name : NULL, y->target ? y->target->fn->name : NULL);
	return c ? c : text_compare(x->slot, y->slot);
}

static void add_site(struct call_sites *l, const struct call_site *s)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 32;
		l->items = realloc(l->items, sizeof(*l->items) * l->cap);
		if (!l->items)
			die("out of memory (calls)");
	}
	l->items[l->n++] = *s;
}

/* Give the memory to the arena. */
static void settle(struct question *q, struct call_sites *l)
{
	struct call_site *kept = arena_copy(q->arena, l->items, sizeof(*kept) * l->n);

	free(l->items);
	l->items = kept;
}

static const char *called_name(const struct insn *in)
{
	return in->args[0].kind == ARG_FUNC ? in->args[0].name : "";
}

bool query_is_call(const struct question *q, const struct call_site *s)
{
	const struct effect *e;
	const struct node *body;

	if (!s->passed_to)
		return true;
	e = iterate_effect(model_find(q->model, s->passed_to));
	for (int k = 1; k < s->in->narg; k++) {
		if (s->in->args[k].kind != ARG_FUNC || !s->target || s->in->args[k].name != s->target->fn->name)
			continue;
		if (e && e->callback == k - 1)
			return true;
		body = program_resolve(&q->an->program, s->n, s->passed_to);
		if (body && body->kept_summary && k <= 32 && node_summary(body)->calls_params & 1u << (k - 1))
			return true;
	}
	return false;
}

static bool names(const struct func *fn, const char *name)
{
	for (int i = 0; i < fn->nlink; i++)
		if (fn->links[i].name == name && fn->links[i].kind != LINK_FIELD)
			return true;
	return false;
}

static bool is_among(const struct nodes *l, const struct node *n)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i] == n)
			return true;
	return false;
}

/* Calls in n of what that name means there, and calls that are passed it. */
static void add_named(struct question *q, struct call_sites *l, const struct node *n, const struct nodes *targets,
		      const char *name)
{
	const struct node *target = program_resolve(&q->an->program, n, name);

	if (target ? !is_among(targets, target) : targets->n > 0)
		return;
	func_read(n->fn);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		for (int k = 0; in->op == OP_CALL && k < in->narg; k++)
			if (in->args[k].kind == ARG_FUNC && in->args[k].name == name)
				add_site(l, &(struct call_site){.n = n, .in = in, .target = target,
								.passed_to = k ? called_name(in) : NULL});
	}
}

static void add_through(struct question *q, struct call_sites *l, size_t field, const struct node *target)
{
	const char *slot = q->graph.fields[field - q->an->program.nnode];

	for (uint32_t k = q->callers.first[field]; k < q->callers.first[field + 1]; k++) {
		const struct node *n = q->an->program.nodes[q->callers.to[k]];

		func_read(n->fn);
		for (int i = 0; i < n->fn->ninsn; i++)
			if (n->fn->insns[i].op == OP_CALL && chain_is_of_slot(n, &n->fn->insns[i].args[0], slot))
				add_site(l, &(struct call_site){.n = n, .in = &n->fn->insns[i], .slot = slot,
								.target = target});
	}
}

struct call_sites query_callers(struct question *q, const struct nodes *targets, const char *name)
{
	const struct program *p = &q->an->program;
	struct call_sites l = {0};

	name = intern(name);
	for (size_t i = 0; i < p->nnode; i++)
		if (names(p->nodes[i]->fn, name))
			add_named(q, &l, p->nodes[i], targets, name);
	for (size_t i = 0; i < targets->n; i++) {
		size_t v = targets->items[i]->index;

		for (uint32_t e = q->callers.first[v]; e < q->callers.first[v + 1]; e++)
			if (q->callers.to[e] >= p->nnode)
				add_through(q, &l, q->callers.to[e], targets->items[i]);
	}
	settle(q, &l);
	if (l.n)
		qsort(l.items, l.n, sizeof(*l.items), by_place);
	return l;
}

/* The call goes through a field: each function in there. */
static bool add_field_callees(struct question *q, struct call_sites *l, const struct node *n, const struct insn *in)
{
	const struct program *p = &q->an->program;
	const struct graph *g = &q->graph.graph;
	bool found = false;

	for (uint32_t e = g->first[n->index]; e < g->first[n->index + 1]; e++) {
		size_t v = g->to[e];

		if (v < p->nnode || !chain_is_of_slot(n, &in->args[0], q->graph.fields[v - p->nnode]))
			continue;
		for (uint32_t k = g->first[v]; k < g->first[v + 1]; k++)
			add_site(l, &(struct call_site){.n = n, .in = in, .slot = q->graph.fields[v - p->nnode],
							.target = p->nodes[g->to[k]]});
		found = true;
	}
	return found;
}

struct call_sites query_callees(struct question *q, const struct node *n)
{
	struct call_sites l = {0};

	func_read(n->fn);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		if (in->op != OP_CALL)
			continue;
		if (in->args[0].kind == ARG_FUNC)
			add_site(&l, &(struct call_site){
				.n = n, .in = in, .target = program_resolve(&q->an->program, n, in->args[0].name)});
		else if (!add_field_callees(q, &l, n, in))
			add_site(&l, &(struct call_site){.n = n, .in = in, .slot = ""});
		for (int k = 1; k < in->narg; k++)
			if (in->args[k].kind == ARG_FUNC)
				add_site(&l, &(struct call_site){
					.n = n, .in = in, .passed_to = called_name(in),
					.target = program_resolve(&q->an->program, n, in->args[k].name)});
	}
	settle(q, &l);
	return l;
}

/* --- words ----------------------------------------------------------------------- */

const char *query_print(struct question *q, const struct sym *s)
{
	struct text t;
	const char *out;

	text_init(&t);
	sym_print(&t, s, false);
	out = arena_strdup(q->arena, text_str(&t));
	text_release(&t);
	return out;
}

const char *query_place(struct question *q, struct place at)
{
	if (!at.col)
		return arena_printf(q->arena, "%s:%d", at.file ? at.file : "?", at.line);
	return arena_printf(q->arena, "%s:%d:%d", at.file ? at.file : "?", at.line, at.col);
}

void query_json_place(struct json *row, struct place at)
{
	json_add_text(row, "file", at.file ? at.file : "");
	json_add_int(row, "line", at.line);
	json_add_int(row, "column", at.col);
}

void query_dot_begin(struct question *q)
{
	text_puts(&q->out, "digraph {\n\trankdir=LR;\n\tnode [shape=box];\n");
}

void query_dot_edge(struct question *q, const char *from, const char *to, const char *label)
{
	const char *key = arena_printf(q->arena, "%s %s", from, to);

	if (map_get(&q->edges, key))
		return;
	map_set(&q->edges, key, q);
	text_printf(&q->out, "\t\"%s\" -> \"%s\"", from, to);
	if (label && *label)
		text_printf(&q->out, " [label=\"%s\"]", label);
	text_puts(&q->out, ";\n");
}

void query_dot_end(struct question *q)
{
	text_puts(&q->out, "}\n");
}
