// SPDX-License-Identifier: GPL-2.0-only
/*
 * iterators: each call of a function that the models say iterates, with each callback it may be given. A
 * callback that is a parameter is asked of the callers, one that is in a field is each that is put there.
 */
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "query/verdict.h"

#define GIVER_DEPTH 3

struct row {
	struct iteration_call call;
	enum verdict verdict;
	const char *reason;
};

struct inventory {
	struct question *q;
	struct row *rows;
	size_t n, cap;
};

static void add_row(struct inventory *v, const struct iteration_call *c)
{
	if (v->n == v->cap) {
		v->cap = v->cap ? v->cap * 2 : 256;
		v->rows = realloc(v->rows, sizeof(*v->rows) * v->cap);
		if (!v->rows)
			die("out of memory (iterations)");
	}
	v->rows[v->n++] = (struct row){.call = *c};
}

/* --- callbacks -------------------------------------------------------------------- */

static void add_unknown(struct inventory *v, const struct iteration_call *c, const char *why)
{
	struct iteration_call one = *c;

	one.why = why;
	add_row(v, &one);
}

static void give(struct inventory *v, const struct iteration_call *c, const struct node *n, const struct insn *in,
		 const struct arg *callback, const struct arg *data, int depth);

/* The callback is a parameter of n: each of its callers gives one. */
static void give_by_callers(struct inventory *v, const struct iteration_call *c, const struct node *n, int param,
			    const struct arg *data, int depth)
{
	struct question *q = v->q;
	struct nodes one = {.items = &n, .n = 1};
	struct call_sites l = query_callers(q, &one, n->fn->name);
	bool any = false;

	for (size_t i = 0; i < l.n && depth; i++) {
		const struct call_site *s = &l.items[i];
		struct iteration_call next = *c;

		if (s->passed_to || param + 1 >= s->in->narg)
			continue;
		next.given_at = s->in->at;
		next.giver = s->n->fn->name;
		any = true;
		give(v, &next, s->n, s->in, &s->in->args[param + 1],
		     data && data->kind == ARG_PARAM && data->n + 1 < s->in->narg ? &s->in->args[data->n + 1] : NULL, depth - 1);
	}
	if (!any)
		add_unknown(v, c, arena_printf(q->arena, "the callback is given by callers of %s(), and none was read",
					       n->fn->name));
}

static void give_by_field(struct inventory *v, const struct iteration_call *c, const struct node *n, const struct arg *callback,
			  const struct arg *data)
{
	struct question *q = v->q;
	const struct program *p = &q->an->program;
	bool any = false;

	for (size_t f = 0; f < q->graph.nfield; f++) {
		size_t from = p->nnode + f;

		if (!chain_is_of_slot(n, callback, q->graph.fields[f]))
			continue;
		for (uint32_t e = q->graph.graph.first[from]; e < q->graph.graph.first[from + 1]; e++) {
			struct iteration_call one = *c;

			one.callback = p->nodes[q->graph.graph.to[e]];
			one.callback_name = one.callback->fn->name;
			one.data_of = n;
			one.data = data;
			any = true;
			add_row(v, &one);
		}
	}
	if (!any)
		add_unknown(v, c, arena_printf(q->arena, "the callback is %s, which is not known",
					       query_print(q, reader_value(&q->reader, n, callback))));
}

static void give(struct inventory *v, const struct iteration_call *c, const struct node *n, const struct insn *in,
		 const struct arg *callback, const struct arg *data, int depth)
{
	struct iteration_call one = *c;
	const struct insn *made;

	func_read(n->fn);
	made = callback->kind == ARG_INSN ? &n->fn->insns[callback->n] : NULL;
	if (callback->kind == ARG_PARAM) {
		give_by_callers(v, c, n, callback->n, data, depth);
	} else if (made && depth && (made->op == OP_PHI || made->op == OP_SELECT)) {
		for (int i = made->op == OP_SELECT; i < made->narg; i++)
			if (made->args[i].kind != ARG_INT)
				give(v, c, n, in, &made->args[i], data, depth - 1);
	} else if (callback->kind == ARG_FUNC) {
		one.callback_name = callback->name;
		one.callback = program_resolve(&v->q->an->program, n, callback->name);
		one.data_of = n;
		one.data = data;
		add_row(v, &one);
	} else {
		give_by_field(v, c, n, callback, data);
	}
}

/* --- calls ------------------------------------------------------------------------ */

static bool is_iteration(const struct effect *e)
{
	return e && (e->kind == EFFECT_ITERATE || e->kind == EFFECT_MATCH);
}

static bool iterates(const struct question *q, const struct func *fn)
{
	for (int i = 0; i < fn->nlink; i++)
		if (fn->links[i].kind == LINK_CALL && is_iteration(iterate_effect(model_find(q->model, fn->links[i].name))))
			return true;
	return false;
}

static void look_at(struct inventory *v, const struct node *n)
{
	struct question *q = v->q;

	func_read(n->fn);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];
		struct iteration_call c = {.n = n, .in = in};

		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
			continue;
		c.iterator = in->args[0].name;
		c.e = iterate_effect(model_find(q->model, c.iterator));
		if (!is_iteration(c.e) || c.e->callback + 1 >= in->narg ||
		    (q->args->nname && q->args->in_scope && !q->args->in_scope(q->args->cookie, in->at.file)))
			continue;
		c.is_handed_on = is_iteration(iterate_effect(model_find(q->model, n->fn->name))) &&
				 in->args[c.e->callback + 1].kind == ARG_PARAM;
		if (c.is_handed_on) {
			add_unknown(v, &c, "it hands on what it is given: it is an iterator itself, and its calls are listed");
			continue;
		}
		give(v, &c, n, in, &in->args[c.e->callback + 1],
		     c.e->data >= 0 && c.e->data + 1 < in->narg ? &in->args[c.e->data + 1] : NULL, GIVER_DEPTH);
	}
}

static int compare_calls(const struct row *x, const struct row *y)
{
	int c = query_compare_place(x->call.in->at, y->call.in->at);

	c = c ? c : text_compare(x->call.n->fn->name, y->call.n->fn->name);
	c = c ? c : text_compare(x->call.callback_name, y->call.callback_name);
	return c ? c : query_compare_place(x->call.given_at, y->call.given_at);
}

static int by_place(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = compare_calls(x, y);

	c = c ? c : (int)x->verdict - (int)y->verdict;
	return c ? c : text_compare(x->reason, y->reason);
}

/* A function of a header is in the program once for each meaning it has: the worst that is said of it stays. */
static void drop_doubles(struct inventory *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (!n || compare_calls(&v->rows[n - 1], &v->rows[i]))
			v->rows[n++] = v->rows[i];
		else if (v->rows[i].verdict == VERDICT_UNKNOWN && v->rows[n - 1].verdict != VERDICT_ESCAPES)
			v->rows[n - 1] = v->rows[i];
	v->n = n;
}

/* --- printing --------------------------------------------------------------------- */

static void print_text(struct question *q, const struct row *r)
{
	const struct iteration_call *c = &r->call;

	text_printf(&q->out, "%s: %s: %s() gives %s%s to %s()", query_place(q, c->in->at), verdict_name(r->verdict),
		    c->giver ? c->giver : c->n->fn->name, c->callback_name ? c->callback_name : "a callback",
		    c->callback_name ? "()" : "", c->iterator);
	if (c->giver)
		text_printf(&q->out, " through %s()", c->n->fn->name);
	text_printf(&q->out, ": %s\n", r->reason);
}

static void print_json(const struct row *r, struct json *rows)
{
	const struct iteration_call *c = &r->call;
	struct json *o = json_push_object(rows);

	query_json_place(o, c->in->at);
	json_add_text(o, "function", c->n->fn->name);
	json_add_text(o, "iterator", c->iterator);
	json_add_text(o, "callback", c->callback_name);
	json_add_text(o, "callback_file", c->callback ? c->callback->fn->file : NULL);
	if (c->callback)
		json_add_int(o, "callback_line", c->callback->fn->line);
	json_add_text(o, "given_by", c->giver);
	if (c->giver) {
		json_add_text(o, "given_file", c->given_at.file);
		json_add_int(o, "given_line", c->given_at.line);
	}
	json_add_text(o, "verdict", verdict_name(r->verdict));
	json_add_text(o, "reason", r->reason);
}

static void print_counts(struct question *q, const struct inventory *v)
{
	size_t counts[VERDICTS] = {0}, calls = 0;
	struct json *o = q->json ? json_add_object(q->json, "counts") : NULL;

	for (size_t i = 0; i < v->n; i++) {
		counts[v->rows[i].verdict]++;
		calls += !i || query_compare_place(v->rows[i].call.in->at, v->rows[i - 1].call.in->at);
	}
	if (o)
		json_add_int(o, "calls", (int64_t)calls);
	else
		text_printf(&q->out, "%zu call%s", calls, text_plural(calls));
	for (int i = 0; i < VERDICTS; i++) {
		if (o)
			json_add_int(o, verdict_name((enum verdict)i), (int64_t)counts[i]);
		else
			text_printf(&q->out, "%s %zu %s", i ? "," : "; with their callbacks:", counts[i], verdict_name((enum verdict)i));
	}
	if (!o)
		text_puts(&q->out, "\n");
}

void query_answer_iterators(struct question *q)
{
	struct inventory v = {.q = q};
	struct json *rows;

	for (size_t i = 0; i < q->an->program.nnode; i++)
		if (iterates(q, q->an->program.nodes[i]->fn))
			look_at(&v, q->an->program.nodes[i]);
	for (size_t i = 0; i < v.n; i++)
		v.rows[i].verdict = verdict_of(q, &v.rows[i].call, &v.rows[i].reason);
	if (v.n)
		qsort(v.rows, v.n, sizeof(*v.rows), by_place);
	drop_doubles(&v);
	print_counts(q, &v);
	rows = q->json ? json_add_array(q->json, "rows") : NULL;
	for (size_t i = 0; i < v.n; i++) {
		if (rows)
			print_json(&v.rows[i], rows);
		else
			print_text(q, &v.rows[i]);
	}
	free(v.rows);
}
