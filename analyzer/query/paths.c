// SPDX-License-Identifier: GPL-2.0-only
/*
 * paths: a shortest chain of calls from each start to a function, over the full call graph. A walk against
 * the calls gives all vertices their distance to the end; then each start goes down by one at a time, to the first
 * neighbour in the order of the graph. At each call, what is held there.
 */
#include "query/query.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "query/held.h"

struct paths {
	struct question *q;
	int *distance;		/* per vertex: 1 + edges to go; 0: no way */
	struct nodes starts;
	struct json *rows;
};

/* --- the ways --------------------------------------------------------------------- */

static void measure(struct paths *p, const struct nodes *ends)
{
	struct question *q = p->q;
	uint32_t *queue = ARENA_ARRAY(q->arena, uint32_t, q->graph.graph.n);
	size_t head = 0, tail = 0;

	p->distance = ARENA_ARRAY(q->arena, int, q->graph.graph.n);
	for (size_t i = 0; i < ends->n; i++) {
		p->distance[ends->items[i]->index] = 1;
		queue[tail++] = (uint32_t)ends->items[i]->index;
	}
	while (head < tail) {
		uint32_t v = queue[head++];

		for (uint32_t e = q->callers.first[v]; e < q->callers.first[v + 1]; e++) {
			uint32_t from = q->callers.to[e];

			if (p->distance[from])
				continue;
			p->distance[from] = p->distance[v] + 1;
			queue[tail++] = from;
		}
	}
}

/* The next vertex towards the end. */
static size_t next_of(const struct paths *p, size_t v)
{
	const struct graph *g = &p->q->graph.graph;

	for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++)
		if (p->distance[g->to[e]] == p->distance[v] - 1)
			return g->to[e];
	bug("a way that ends nowhere");
}

/* The call in n that is the edge to vertex w: a function, or a field. */
static const struct insn *call_of(struct question *q, const struct node *n, size_t w)
{
	const struct program *p = &q->an->program;

	func_read(n->fn);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		if (in->op != OP_CALL)
			continue;
		if (w >= p->nnode && chain_is_of_slot(n, &in->args[0], q->graph.fields[w - p->nnode]))
			return in;
		for (int k = 0; w < p->nnode && k < in->narg; k++)
			if (in->args[k].kind == ARG_FUNC && in->args[k].name == p->nodes[w]->fn->name)
				return in;
	}
	return NULL;
}

/* --- what is held ----------------------------------------------------------------- */

#define MAX_HOLDING 32

/* What is held on the way, in the words of the functions that took it. */
struct holding {
	const char *names[MAX_HOLDING], *classes[MAX_HOLDING];
	int n;
};

static void hold(struct holding *h, const char *name, const char *class_name)
{
	for (int i = 0; i < h->n; i++)
		if (!strcmp(h->names[i], name) && !strcmp(h->classes[i], class_name))
			return;
	if (h->n == MAX_HOLDING)
		return;
	h->names[h->n] = name;
	h->classes[h->n++] = class_name;
}

/* The last one of that class. */
static void let_go(struct holding *h, const char *class_name)
{
	int i = h->n - 1;

	while (i >= 0 && strcmp(h->classes[i], class_name))
		i--;
	if (i < 0)
		return;
	h->n--;
	for (; i < h->n; i++) {
		h->names[i] = h->names[i + 1];
		h->classes[i] = h->classes[i + 1];
	}
}

static const char *holding_words(struct question *q, const struct holding *h)
{
	const char *s = "";

	for (int i = 0; i < h->n; i++)
		s = arena_printf(q->arena, "%s%s%s", s, i ? ", " : "", h->names[i]);
	return s;
}

/* What the kernel holds around functions of that field, in the words of n. */
static void hold_context(struct question *q, struct holding *h, const struct node *n, const char *field)
{
	const struct context *c = contexts_find(&q->contexts, field);

	for (int i = 0; c && i < c->n; i++) {
		const struct context_lock *l = &c->locks[i];
		const char *dot = strchr(l->class_name, '.');
		const char *param = l->param >= 0 && l->param < n->fn->nparam ? n->fn->params[l->param].name : NULL;

		hold(h, !dot || !param ? l->class_name
			: arena_printf(q->arena, "%s->%s%s%s", param, l->in_field ? l->in_field : "",
				       l->in_field ? "." : "", dot + 1), l->class_name);
	}
}

/* The fields that n is in, of those asked for; of all, if it was asked for by its name. */
static const char *start_field(struct question *q, const struct node *n)
{
	const struct program *p = &q->an->program;
	const char *found = NULL;

	for (uint32_t e = q->callers.first[n->index]; e < q->callers.first[n->index + 1]; e++) {
		size_t v = q->callers.to[e];
		const char *field = v < p->nnode ? NULL : q->graph.fields[v - p->nnode];
		bool wanted = !q->args->nfrom_field;

		for (size_t i = 0; field && i < q->args->nfrom_field; i++)
			wanted |= !fnmatch(q->args->from_fields[i], field, 0);
		if (field && wanted && (!found || (contexts_find(&q->contexts, field) && !contexts_find(&q->contexts, found))))
			found = field;
	}
	return found;
}

/* What n has done to locks by the time it comes to that call. */
static void hold_own(struct question *q, struct holding *h, const struct node *n, const struct insn *in)
{
	struct held_locks held;

	held_at(q, n, in, &held);
	for (int i = 0; i < held.n; i++) {
		if (held.items[i].is_released)
			let_go(h, held_class(&held.items[i]));
		else if (!held.items[i].is_callers)
			hold(h, held_name(q, &held.items[i]), held_class(&held.items[i]));
	}
}

/* --- printing --------------------------------------------------------------------- */

static void print_step(struct paths *p, struct json *steps, const struct node *n, const struct insn *in,
		       const struct node *to, const char *field, const char *held)
{
	struct question *q = p->q;
	bool direct = in && in->args[0].kind == ARG_FUNC && in->args[0].name == to->fn->name;
	const char *by = in && in->args[0].kind == ARG_FUNC && !direct ? in->args[0].name : NULL;
	struct place at = in ? in->at : (struct place){n->fn->file, n->fn->line, 0, n->fn};

	if (q->json) {
		struct json *o = json_push_object(steps);

		query_json_place(o, at);
		json_add_text(o, "caller", n->fn->name);
		json_add_text(o, "callee", to->fn->name);
		json_add_text(o, "field", field);
		json_add_text(o, "by", by);
		json_add_text(o, "locks", held);
		return;
	}
	text_printf(&q->out, "    %s: %s() %s %s()", query_place(q, at), n->fn->name, by ? "passes" : "calls", to->fn->name);
	if (field || by)
		text_printf(&q->out, by ? " to %s()" : " through %s", by ? by : field);
	text_printf(&q->out, *held ? ", holding %s\n" : "\n", held);
}

static void print_edge(struct paths *p, const struct node *from, const struct node *to, const char *field, const char *held)
{
	query_dot_edge(p->q, from->fn->name, to->fn->name,
		       arena_printf(p->q->arena, "%s%s%s", field ? field : "", field && *held ? "\\n" : "", held));
}

/* The head of a path; its steps, for JSON. */
static struct json *print_head(struct paths *p, const struct node *start, const char *field, const char *held)
{
	struct question *q = p->q;
	struct json *row;

	if (q->args->format == QUERY_DOT)
		return NULL;
	if (!q->json) {
		text_printf(&q->out, "%s:%d: %s()", start->fn->file, start->fn->line, start->fn->name);
		if (field)
			text_printf(&q->out, ", called through %s", field);
		if (*held)
			text_printf(&q->out, " with %s held", held);
		text_puts(&q->out, "\n");
		return NULL;
	}
	row = json_push_object(p->rows);
	json_add_text(row, "start", start->fn->name);
	query_json_place(row, (struct place){start->fn->file, start->fn->line, 0, start->fn});
	json_add_text(row, "field", field);
	json_add_text(row, "locks", held);
	return json_add_array(row, "steps");
}

/* Is the function only handed over, and runs some time later? What is held here says nothing then. */
static bool is_later(struct question *q, const struct node *n, const struct insn *in, const struct node *to)
{
	struct call_site s = {.n = n, .in = in, .target = to};

	if (in->args[0].kind != ARG_FUNC || in->args[0].name == to->fn->name)
		return false;
	s.passed_to = in->args[0].name;
	return !query_is_call(q, &s);
}

static void print_path(struct paths *p, const struct node *start)
{
	struct question *q = p->q;
	const struct program *program = &q->an->program;
	const char *field = start_field(q, start);
	struct holding held = {0};
	struct json *steps;

	if (field)
		hold_context(q, &held, start, field);
	steps = print_head(p, start, field, holding_words(q, &held));
	for (size_t v = start->index; p->distance[v] > 1; ) {
		const struct node *n = program->nodes[v];
		size_t w = next_of(p, v), to = w < program->nnode ? w : next_of(p, w);
		const struct insn *in = call_of(q, n, w);
		const char *through = w < program->nnode ? NULL : q->graph.fields[w - program->nnode];

		if (in)
			hold_own(q, &held, n, in);
		if (q->args->format == QUERY_DOT)
			print_edge(p, n, program->nodes[to], through, holding_words(q, &held));
		else
			print_step(p, steps, n, in, program->nodes[to], through, holding_words(q, &held));
		if (in && is_later(q, n, in, program->nodes[to]))
			held.n = 0;
		if (through)
			hold_context(q, &held, program->nodes[to], through);
		v = to;
	}
}

/* --- starts and ends --------------------------------------------------------------- */

static void append(struct question *q, struct nodes *l, struct nodes more)
{
	const struct node **all = ARENA_ARRAY(q->arena, const struct node *, l->n + more.n);

	if (l->n)
		memcpy(all, l->items, sizeof(*all) * l->n);
	for (size_t i = 0; i < more.n; i++) {
		bool seen = false;

		for (size_t k = 0; k < l->n && !seen; k++)
			seen = all[k] == more.items[i];
		if (!seen)
			all[l->n++] = more.items[i];
	}
	l->items = all;
}

static const int *sort_distance;

static int by_length(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	int c = sort_distance[x->index] - sort_distance[y->index];

	c = c ? c : text_compare(x->fn->file, y->fn->file);
	c = c ? c : x->fn->line - y->fn->line;
	return c ? c : text_compare(x->unit->file, y->unit->file);
}

/* The functions of that name; of one that was not read, those that call it. */
static struct nodes ends_of(struct question *q, const char *name)
{
	struct nodes l = query_functions(q, name, true);
	struct call_sites sites;

	if (l.n)
		return l;
	sites = query_callers(q, &l, name);
	l.items = ARENA_ARRAY(q->arena, const struct node *, sites.n);
	for (size_t i = 0; i < sites.n; i++)
		if (query_is_call(q, &sites.items[i]))
			l.items[l.n++] = sites.items[i].n;
	return l;
}

static void find_ends(struct question *q, struct nodes *starts, struct nodes *ends)
{
	if (!q->args->nto || (!q->args->nfrom && !q->args->nfrom_field))
		die("paths: say from where (--from-field, --from) and --to which function");
	for (size_t i = 0; i < q->args->nfrom_field; i++)
		append(q, starts, query_field(q, q->args->from_fields[i]));
	for (size_t i = 0; i < q->args->nfrom; i++)
		append(q, starts, query_functions(q, q->args->froms[i], false));
	for (size_t i = 0; i < q->args->nto; i++)
		append(q, ends, ends_of(q, q->args->tos[i]));
}

void query_answer_paths(struct question *q)
{
	struct paths p = {.q = q};
	struct nodes ends = {0};
	size_t n = 0, limit;

	find_ends(q, &p.starts, &ends);
	measure(&p, &ends);
	for (size_t i = 0; i < p.starts.n; i++)
		if (p.distance[p.starts.items[i]->index])
			p.starts.items[n++] = p.starts.items[i];
	sort_distance = p.distance;
	if (n)
		qsort(p.starts.items, n, sizeof(*p.starts.items), by_length);
	limit = q->args->limit && (size_t)q->args->limit < n ? (size_t)q->args->limit : n;
	if (q->json) {
		json_add_int(q->json, "starts", (int64_t)p.starts.n);
		json_add_int(q->json, "paths", (int64_t)n);
		p.rows = json_add_array(q->json, "rows");
	}
	if (q->args->format == QUERY_DOT)
		query_dot_begin(q);
	for (size_t i = 0; i < limit; i++)
		print_path(&p, p.starts.items[i]);
	if (q->args->format == QUERY_DOT)
		query_dot_end(q);
	else if (!q->json)
		text_printf(&q->out, "%zu of %zu functions come there%s\n", n, p.starts.n,
			    limit < n ? arena_printf(q->arena, "; the nearest %zu are shown", limit) : "");
}
