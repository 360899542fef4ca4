// SPDX-License-Identifier: GPL-2.0-only
/*
 * callers-with-device: who calls a function, and which devices it has at hand there. Values of the caller
 * whose struct is known are gone through, then the members of those structs. Where nothing is found,
 * the callers of the caller are asked.
 */
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "query/layout.h"

#define WANTED "device"		/* the struct that is looked for */
#define MEMBER_DEPTH 2		/* pointers followed from what the caller has */
#define CALLER_DEPTH 4
#define CANDIDATES 6		/* shown of one caller, unless --limit says otherwise */

enum sureness { OF_ARGUMENT, IS_USED, IN_REACH };
static const char *const sureness_names[] = {"argument", "used", "reach"};

struct candidate_device {
	const struct sym *value;
	const char *words;	/* as C would write it */
	enum sureness sure;
	bool is_param;
	int depth;		/* members on the way to it */
	int order;		/* as found */
};

struct device_query {
	struct question *q;
	struct layout layout;
	struct candidate_device *found;
	int n, cap;
	bool *asked;		/* per node: its callers were gone through */
	const char *name;
	struct json *rows;
	size_t callers, without;
};

/* --- what a caller has ------------------------------------------------------------- */

static void offer(struct device_query *d, const struct sym *value, const char *words, enum sureness sure, int depth)
{
	for (int i = 0; i < d->n; i++)
		if (d->found[i].value == value || !strcmp(d->found[i].words, words)) {
			if (sure < d->found[i].sure)
				d->found[i].sure = sure;
			return;
		}
	if (d->n == d->cap) {
		struct candidate_device *more = ARENA_ARRAY(d->q->arena, struct candidate_device, d->cap * 2 + 16);

		if (d->n)
			memcpy(more, d->found, sizeof(*more) * (size_t)d->n);
		d->found = more;
		d->cap = d->cap * 2 + 16;
	}
	d->found[d->n] = (struct candidate_device){value, words, sure, value->kind == SYM_PARAM, depth, d->n};
	d->n++;
}

/* A member of what that points to. Symbols do not keep the names of first members. */
static const char *member_words(struct device_query *d, const char *words, const struct member *m)
{
	if (*words == '&')
		return arena_printf(d->q->arena, "%s%s.%s", m->is_pointer ? "" : "&", words + 1, m->field);
	return arena_printf(d->q->arena, "%s%s->%s", m->is_pointer ? "" : "&", words, m->field);
}

/* The devices that are members of what value points to, and of what those point to. */
static void offer_members(struct device_query *d, const struct sym *value, const char *words, const char *type, int depth)
{
	struct sym_table *syms = d->q->reader.syms;
	const struct member *const *members;
	/* What is behind a device is another one's: its parent, the data of its driver. */
	size_t n = strcmp(type, WANTED) ? layout_members(&d->layout, type, &members) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct member *m = members[i];
		const struct sym *at = sym_addr(syms, value, m->offset, m->struct_name, m->field);
		const struct sym *s = m->is_pointer ? sym_load(syms, at) : at;
		const char *its = member_words(d, words, m);

		if (!s)
			continue;
		if (!strcmp(m->type, WANTED))
			offer(d, s, its, IN_REACH, depth);
		else if (depth < MEMBER_DEPTH && m->type != type)
			offer_members(d, s, its, m->type, depth + 1);
	}
}

/* Is s read through the device? Then that is the one which is meant. */
static bool is_from(const struct sym *s, const struct sym *device)
{
	return s != device && s->kind != SYM_NEW && s->kind != SYM_INT && sym_contains(s, device);
}

/* Is it a value that a person could write here: no number and no made-up address? */
static bool has_words(const struct sym *s)
{
	const struct sym *root = sym_root(s);

	return s->kind != SYM_INT && s->kind != SYM_FUNC && (root->kind != SYM_NEW || root->name) &&
	       (root->kind != SYM_STACK || root->name);
}

static const char *words_of(struct device_query *d, const struct typed *t)
{
	const struct sym *s = t->value;

	if (t->name)
		return t->name;
	if (s->kind == SYM_LOAD && s->a->kind != SYM_ADDR && s->a->kind != SYM_ELEM && s->a->first)
		return arena_printf(d->q->arena, "%s->%s", query_print(d->q, s->a), s->a->first);
	return query_print(d->q, s);
}

static void collect(struct device_query *d, const struct node *n, const struct insn *in)
{
	struct typed *all;

	d->n = 0;
	layout_learn(&d->layout, n->unit);
	all = layout_typed(&d->layout, n);
	for (const struct typed *t = all; t; t = t->next)
		if (!strcmp(t->type, WANTED) && has_words(t->value))
			offer(d, t->value, words_of(d, t), IS_USED, 0);
	for (const struct typed *t = all; t; t = t->next)
		if (has_words(t->value))
			offer_members(d, t->value, words_of(d, t), t->type, 1);
	for (int i = 0; i < d->n; i++)
		for (int k = 1; k < in->narg; k++)
			if (is_from(reader_value(&d->q->reader, n, &in->args[k]), d->found[i].value) ||
			    reader_value(&d->q->reader, n, &in->args[k]) == d->found[i].value)
				d->found[i].sure = OF_ARGUMENT;
}

static int by_sureness(const void *a, const void *b)
{
	const struct candidate_device *x = a, *y = b;
	int c = (int)x->sure - (int)y->sure;

	c = c ? c : (int)y->is_param - (int)x->is_param;
	c = c ? c : x->depth - y->depth;
	return c ? c : x->order - y->order;
}

/* --- printing --------------------------------------------------------------------- */

static void print_devices(struct device_query *d, struct json *list, int level)
{
	struct question *q = d->q;
	int most = q->args->limit ? q->args->limit : CANDIDATES;

	if (d->n)
		qsort(d->found, (size_t)d->n, sizeof(*d->found), by_sureness);
	for (int i = 0; i < d->n && i < most; i++) {
		const char *s = d->found[i].words;

		if (list) {
			struct json *o = json_push_object(list);

			json_add_text(o, "expression", s);
			json_add_text(o, "sure", sureness_names[d->found[i].sure]);
			continue;
		}
		text_printf(&q->out, "%*s%-9s %s\n", 2 * level + 4, "", sureness_names[d->found[i].sure], s);
	}
	if (!list && d->n > most)
		text_printf(&q->out, "%*s(%d more: --limit)\n", 2 * level + 4, "", d->n - most);
}

static void ask(struct device_query *d, const struct call_site *s, int level, struct json *rows);

/* Nothing is in reach: who calls this one? */
static void ask_callers(struct device_query *d, const struct node *n, int level, struct json *rows)
{
	struct nodes one = {.items = &n, .n = 1};
	struct call_sites l;
	int most = d->q->args->depth ? d->q->args->depth : CALLER_DEPTH;

	if (level >= most || d->asked[n->index])
		return;
	d->asked[n->index] = true;
	l = query_callers(d->q, &one, n->fn->name);
	for (size_t i = 0; i < l.n; i++)
		if (query_is_call(d->q, &l.items[i]))
			ask(d, &l.items[i], level, rows);
}

static bool is_sure_enough(const struct device_query *d)
{
	for (int i = 0; i < d->n; i++)
		if (d->found[i].sure != IN_REACH || d->found[i].depth == 1)
			return true;
	return false;
}

static void ask(struct device_query *d, const struct call_site *s, int level, struct json *rows)
{
	struct question *q = d->q;
	struct json *row = NULL, *more = NULL;

	collect(d, s->n, s->in);
	if (!level) {
		d->callers++;
		d->without += !d->n;
	}
	if (q->json) {
		row = json_push_object(rows);
		query_json_place(row, s->in->at);
		json_add_text(row, "caller", s->n->fn->name);
		json_add_text(row, "field", s->slot);
		json_add_text(row, "passed_to", s->passed_to);
		print_devices(d, json_add_array(row, "devices"), level);
		more = json_add_array(row, "callers");
	} else {
		text_printf(&q->out, "%*s%s: %s()", 2 * level, "", query_place(q, s->in->at), s->n->fn->name);
		if (s->slot)
			text_printf(&q->out, " through %s", s->slot);
		if (s->passed_to)
			text_printf(&q->out, " by way of %s()", s->passed_to);
		text_puts(&q->out, d->n ? "\n" : ": no device in reach\n");
		print_devices(d, NULL, level);
	}
	if (!is_sure_enough(d))
		ask_callers(d, s->n, level + 1, more);
}

void query_answer_callers_with_device(struct question *q)
{
	struct device_query d = {.q = q, .name = q->args->names[0]};
	struct nodes targets = query_functions(q, d.name, true);
	const char *colon = strrchr(d.name, ':');
	struct call_sites l = query_callers(q, &targets, colon ? colon + 1 : d.name);

	layout_init(&d.layout, q);
	d.asked = ARENA_ARRAY(q->arena, bool, q->an->program.nnode);
	if (q->json)
		d.rows = json_add_array(q->json, "rows");
	for (size_t i = 0; i < l.n; i++)
		ask(&d, &l.items[i], 0, d.rows);
	if (!q->json)
		text_printf(&q->out, "%zu caller%s; %zu without a device in reach\n", d.callers, text_plural(d.callers), d.without);
	layout_release(&d.layout);
}
