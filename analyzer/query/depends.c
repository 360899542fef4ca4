// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc-depends: what a callback reads of its device, and of globals. Its body and the bodies that it calls with
 * something of the device, or that lie beside it, are gone through; each read is put in terms of the callback's
 * own parameters.
 */
#include "query/query.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"

#define WANTED "device"
#define MAX_DEPTH 6
#define MAX_VISITS 400

/* The calls from the callback down to the function at work. */
struct frame {
	const struct frame *up;
	const struct node *n;
	const struct insn *in;	/* the call in up's function */
};

struct read {
	const struct sym *value;	/* of the device: what was loaded, in terms of the callback */
	const char *words;
};

struct depends {
	struct question *q;
	const struct node *root;
	struct map reads, globals, passed;	/* what it says -> any */
	struct read *items;
	size_t n, cap;
	int visits;
};

static const struct sym *to_root(struct depends *d, const struct frame *f, const struct sym *s)
{
	for (; s && f->up; f = f->up)
		s = reader_fill(&d->q->reader, f->up->n, f->in, s);
	return s;
}

static bool is_of_device(const struct depends *d, const struct sym *s)
{
	const struct sym *root = sym_root(s);

	return root->kind == SYM_PARAM && root->value < d->root->fn->nparam && d->root->fn->params[root->value].type &&
	       !strcmp(d->root->fn->params[root->value].type, WANTED);
}

static void note_read(struct depends *d, const struct frame *f, const struct insn *in)
{
	struct reader *r = &d->q->reader;
	const struct sym *at = sym_addr(r->syms, reader_value(r, f->n, &in->args[0]), in->imm, in->struct_name, in->field);
	const struct sym *s, *value;
	const char *words;

	s = to_root(d, f, at);
	if (!s)
		return;
	if (sym_root(s)->kind == SYM_GLOBAL && s->kind != SYM_ELEM && sym_object(s)->kind == SYM_GLOBAL) {
		const char *words = query_print(d->q, s);

		words += *words == '&';
		map_set(&d->globals, words, d);
	}
	if (!is_of_device(d, s))
		return;
	value = sym_load(r->syms, s);
	if (!value)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (d->items[i].value == value)
			return;
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 32;
		d->items = realloc(d->items, sizeof(*d->items) * d->cap);
		if (!d->items)
			die("out of memory (reads)");
	}
	words = query_print(d->q, value);
	if (s->kind != SYM_ADDR && in->field)	/* a first member: symbols do not keep its name */
		words = arena_printf(d->q->arena, "%s->%s", query_print(d->q, s), in->field);
	d->items[d->n++] = (struct read){value, words};
}

static bool gets_device(struct depends *d, const struct frame *f, const struct insn *in)
{
	for (int k = 1; k < in->narg; k++) {
		const struct sym *s = to_root(d, f, reader_value(&d->q->reader, f->n, &in->args[k]));

		if (s && is_of_device(d, s))
			return true;
	}
	return false;
}

/* Is it the device itself, not only something of it? */
static bool gets_it_whole(struct depends *d, const struct frame *f, const struct insn *in)
{
	for (int k = 1; k < in->narg; k++) {
		const struct sym *s = to_root(d, f, reader_value(&d->q->reader, f->n, &in->args[k]));

		if (s && s->kind == SYM_PARAM && is_of_device(d, s))
			return true;
	}
	return false;
}

static bool is_beside(struct depends *d, const struct node *n)
{
	const char *mine = d->root->fn->file, *its = n->fn->file;	/* NULL of what the compiler made */

	return mine && its && !strcmp(path_parent(d->q->arena, mine), path_parent(d->q->arena, its));
}

/* A model that says all there is to say: its body reads nothing of the driver. */
static bool is_settled(const struct model_func *m)
{
	for (int i = 0; m && i < m->neffect; i++)
		if (m->effects[i].kind != EFFECT_NOT_NULL && m->effects[i].kind != EFFECT_ERROR)
			return true;
	return false;
}

static void visit(struct depends *d, const struct frame *f, int depth);

static void note_call(struct depends *d, const struct frame *f, const struct insn *in, int depth)
{
	const struct node *body;
	bool given = gets_device(d, f, in);

	if (in->args[0].kind != ARG_FUNC) {
		if (given)
			map_set(&d->passed, arena_printf(d->q->arena, "a call through a pointer at %s", query_place(d->q, in->at)), d);
		return;
	}
	if (is_settled(model_find(d->q->model, in->args[0].name)))
		return;
	body = program_resolve(&d->q->an->program, f->n, in->args[0].name);
	if (!body && gets_it_whole(d, f, in))
		map_set(&d->passed, arena_printf(d->q->arena, "%s()", in->args[0].name), d);
	if (!body || (!given && !is_beside(d, body)))
		return;
	for (const struct frame *up = f; up; up = up->up)
		if (up->n == body)
			return;
	if (depth < MAX_DEPTH)
		visit(d, &(struct frame){.up = f, .n = body, .in = in}, depth + 1);
}

static void visit(struct depends *d, const struct frame *f, int depth)
{
	if (d->visits++ >= MAX_VISITS)
		return;
	func_read(f->n->fn);
	for (int i = 0; i < f->n->fn->ninsn; i++) {
		const struct insn *in = &f->n->fn->insns[i];

		if (in->op == OP_LOAD || in->op == OP_ATOMIC)
			note_read(d, f, in);
		else if (in->op == OP_CALL)
			note_call(d, f, in, depth);
	}
}

/* --- printing --------------------------------------------------------------------- */

/* Is the value only a step on the way to another that was read? */
static bool is_step(const struct depends *d, const struct read *r)
{
	for (size_t i = 0; i < d->n; i++)
		if (&d->items[i] != r && sym_contains(d->items[i].value->a, r->value))
			return true;
	return false;
}

static void print_list(struct depends *d, struct json *row, const char *key, const char *words, struct map *m)
{
	struct question *q = d->q;
	struct json *list = q->json ? json_add_array(row, key) : NULL;

	map_sort(m);
	if (!m->n)
		return;
	if (!list)
		text_printf(&q->out, "  %s", words);
	for (size_t i = 0; i < m->n; i++) {
		if (list)
			json_push_text(list, m->entries[i].key);
		else
			text_printf(&q->out, "%s%s", i ? ", " : " ", m->entries[i].key);
	}
	if (!list)
		text_puts(&q->out, "\n");
}

static void print_row(struct depends *d, struct json *rows, const char *field)
{
	struct question *q = d->q;
	const struct func *fn = d->root->fn;
	struct json *row = NULL;

	if (rows) {
		row = json_push_object(rows);
		json_add_text(row, "function", fn->name);
		json_add_text(row, "field", field);
		query_json_place(row, (struct place){fn->file, fn->line, 0, fn});
	} else {
		text_printf(&q->out, "%s:%d: %s(), in %s\n", fn->file, fn->line, fn->name, field);
	}
	for (size_t i = 0; i < d->n; i++)
		if (!is_step(d, &d->items[i]))
			map_set(&d->reads, d->items[i].words, d);
	if (!rows && !d->reads.n && !d->globals.n && !d->passed.n)
		text_puts(&q->out, "  reads nothing of a device or of globals\n");
	print_list(d, row, "device", "of the device:", &d->reads);
	print_list(d, row, "globals", "of globals:", &d->globals);
	print_list(d, row, "passed_to", "gives the device to what was not followed:", &d->passed);
	if (row)
		json_add_bool(row, "complete", d->visits < MAX_VISITS);
	else if (d->visits >= MAX_VISITS)
		text_puts(&q->out, "  and more: it calls too much to be followed to the end\n");
}

static void ask(struct question *q, const struct node *n, const char *field, struct json *rows)
{
	struct depends d = {.q = q, .root = n};

	map_init(&d.reads);
	map_init(&d.globals);
	map_init(&d.passed);
	visit(&d, &(struct frame){.n = n}, 0);
	print_row(&d, rows, field);
	map_release(&d.reads);
	map_release(&d.globals);
	map_release(&d.passed);
	free(d.items);
}

/* Each function in each field of that pattern; how many. */
static size_t ask_fields(struct question *q, const char *pattern, struct json *rows)
{
	size_t n = 0;

	for (size_t f = 0; f < q->graph.nfield; f++) {
		struct nodes l;

		if (fnmatch(pattern, q->graph.fields[f], 0))
			continue;
		l = query_field(q, q->graph.fields[f]);
		for (size_t i = 0; i < l.n; i++)
			ask(q, l.items[i], q->graph.fields[f], rows);
		n += l.n;
	}
	return n;
}

void query_answer_depends(struct question *q)
{
	struct json *rows = q->json ? json_add_array(q->json, "rows") : NULL;
	size_t n = 0;

	for (size_t i = 0; i < q->args->nfield; i++) {
		query_field(q, q->args->fields[i]);	/* it says so if there is none */
		n += ask_fields(q, q->args->fields[i], rows);
	}
	for (int i = 0; !q->args->nfield && i < q->model->nask; i++) {
		const struct model_ask *a = &q->model->asks[i];

		if (!strcmp(a->query, "alloc-depends"))
			n += ask_fields(q, arena_printf(q->arena, "%s.%s", a->struct_name, a->field), rows);
	}
	if (!q->json)
		text_printf(&q->out, "%zu function%s\n", n, text_plural(n));
}
