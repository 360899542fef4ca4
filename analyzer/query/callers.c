// SPDX-License-Identifier: GPL-2.0-only
/*
 * callers, callees: the full call graph, one step after the other. Each function is gone on from
 * once, where it comes first.
 */
#include "query/query.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"

struct walk {
	struct question *q;
	struct json *rows;
	bool *seen;		/* per node: it was gone on from */
	int depth;		/* steps to go */
};

/* The other end of a call for people: "through iommu_ops.attach_dev", "as a callback of bus_for_each_dev()". */
static const char *manner(struct walk *w, const struct call_site *s)
{
	if (s->slot && *s->slot)
		return arena_printf(w->q->arena, " through %s", s->slot);
	if (s->passed_to && !*s->passed_to)
		return " passes it to a call through a pointer";
	if (s->passed_to)
		return arena_printf(w->q->arena, " passes it to %s()%s", s->passed_to,
				    query_is_call(w->q, s) ? ", which calls it" : "");
	return "";
}

static void print_row(struct walk *w, const struct call_site *s, const char *name, const char *of, int level)
{
	struct question *q = w->q;

	if (q->args->format == QUERY_DOT) {
		query_dot_edge(q, s->n->fn->name, s->target ? s->target->fn->name : of, s->slot ? s->slot : s->passed_to);
	} else if (q->json) {
		struct json *row = json_push_object(w->rows);

		query_json_place(row, s->in->at);
		json_add_text(row, "caller", s->n->fn->name);
		json_add_text(row, "callee", s->target ? s->target->fn->name : of);
		json_add_bool(row, "read", s->target != NULL);
		json_add_int(row, "depth", level + 1);
		json_add_text(row, "field", s->slot);
		json_add_text(row, "passed_to", s->passed_to);
	} else {
		text_printf(&q->out, "%*s%s: %s()%s\n", 2 * (level + 1), "", query_place(q, s->in->at), name, manner(w, s));
	}
}

static void walk_up(struct walk *w, const struct nodes *targets, const char *name, int level)
{
	struct call_sites l = query_callers(w->q, targets, name);

	for (size_t i = 0; i < l.n; i++) {
		struct nodes next = {.items = &l.items[i].n, .n = 1};

		print_row(w, &l.items[i], l.items[i].n->fn->name, name, level);
		if (level + 1 >= w->depth || w->seen[l.items[i].n->index])
			continue;
		w->seen[l.items[i].n->index] = true;
		walk_up(w, &next, l.items[i].n->fn->name, level + 1);
	}
}

static void walk_down(struct walk *w, const struct node *n, int level)
{
	struct call_sites l = query_callees(w->q, n);

	for (size_t i = 0; i < l.n; i++) {
		const struct call_site *s = &l.items[i];
		const struct arg *f = &s->in->args[0];
		const char *name = s->target ? s->target->fn->name : f->kind == ARG_FUNC ? f->name : "a pointer";

		print_row(w, s, name, name, level);
		if (!s->target || level + 1 >= w->depth || w->seen[s->target->index])
			continue;
		w->seen[s->target->index] = true;
		walk_down(w, s->target, level + 1);
	}
}

static void begin(struct walk *w, struct question *q)
{
	*w = (struct walk){.q = q, .depth = q->args->depth ? q->args->depth : 1};
	w->seen = ARENA_ARRAY(q->arena, bool, q->an->program.nnode);
	if (q->json)
		w->rows = json_add_array(q->json, "rows");
	if (q->args->format == QUERY_DOT)
		query_dot_begin(q);
}

static void end(struct walk *w)
{
	if (w->q->args->format == QUERY_DOT)
		query_dot_end(w->q);
}

/* "NAME() (file:line) is called by:" */
static void print_head(struct question *q, const struct nodes *l, const char *name, const char *what)
{
	if (q->args->format != QUERY_TEXT)
		return;
	text_printf(&q->out, "%s()", name);
	for (size_t i = 0; i < l->n; i++)
		text_printf(&q->out, "%s%s:%d", i ? ", " : " of ", l->items[i]->fn->file, l->items[i]->fn->line);
	text_printf(&q->out, " %s:\n", what);
}

static const char *plain(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

void query_answer_callers(struct question *q)
{
	struct walk w;

	begin(&w, q);
	for (size_t i = 0; i < q->args->nname; i++) {
		struct nodes l = query_functions(q, q->args->names[i], true);

		print_head(q, &l, plain(q->args->names[i]), "is called by");
		for (size_t k = 0; k < l.n; k++)
			w.seen[l.items[k]->index] = true;
		walk_up(&w, &l, plain(q->args->names[i]), 0);
	}
	end(&w);
}

void query_answer_callees(struct question *q)
{
	struct walk w;

	begin(&w, q);
	for (size_t i = 0; i < q->args->nname; i++) {
		struct nodes l = query_functions(q, q->args->names[i], false);

		for (size_t k = 0; k < l.n; k++) {
			struct nodes one = {.items = &l.items[k], .n = 1};

			print_head(q, &one, l.items[k]->fn->name, "calls");
			w.seen[l.items[k]->index] = true;
			walk_down(&w, l.items[k], 0);
		}
	}
	end(&w);
}
