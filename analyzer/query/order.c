// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-order: which lock is taken with which held, in the whole program, and how. What a wait waits for is in it too.
 * Whether such a pair is part of a contradiction is read from what the analysis found.
 */
#include "query/query.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "infer/held_entry.h"
#include "infer/notes.h"
#include "infer/order.h"

#define MOST_WAYS 32	/* counted */

struct asked {
	struct question *q;
	struct order order;
	struct json *rows;
	struct map contradicted;	/* "a, b" -> "contradicted" or "doubtful" */
	const char *class_name;		/* or NULL: all */
	int n;
};

static const char *plain(const struct asked *k, size_t c)
{
	return flow_plain_name(k->order.classes[c]);
}

/* ------------------------------------------------------------------ contradictions */

static void add_pair(struct asked *k, const char *a, size_t na, const char *b, size_t nb, bool is_doubtful)
{
	const char *key = arena_printf(k->q->arena, "%.*s, %.*s", (int)na, a, (int)nb, b);

	if (!map_get(&k->contradicted, key) || !is_doubtful)
		map_set(&k->contradicted, key, (void *)(is_doubtful ? "doubtful" : "contradicted"));
}

/* "a, b, c": a is taken before b, b before c, and c before a. */
static void add_cycle(struct asked *k, const struct fact *f)
{
	const char *s = f->class;

	while (*s) {
		size_t n = strcspn(s, ",");
		const char *next = s[n] ? s + n + 2 : f->class;

		add_pair(k, s, n, next, strcspn(next, ","), f->is_inferred);
		if (!s[n])
			return;
		s = next;
	}
}

static void read_facts(struct asked *k)
{
	const struct infer_result *r = k->q->an->result;

	map_init(&k->contradicted);
	for (size_t i = 0; i < r->nfact; i++)
		if (r->facts[i]->kind == FACT_LOCK_ORDER || r->facts[i]->kind == FACT_WAIT_DEADLOCK)
			add_cycle(k, r->facts[i]);
}

/* ------------------------------------------------------------------ answers */

static void print_step(struct asked *k, struct json *steps, struct place at, const struct node *n, const char *text)
{
	struct json *o;

	if (!steps) {
		text_printf(&k->q->out, "  %s: %s() %s\n", query_place(k->q, at), n->fn->name, text);
		return;
	}
	o = json_push_object(steps);
	query_json_place(o, at);
	json_add_text(o, "function", n->fn->name);
	json_add_text(o, "does", text);
}

static const char *what_is_done(struct asked *k, const struct order_way *w, int i)
{
	const struct held_note *n = w->steps[i].note;
	const char *callee = i + 1 < w->n ? w->steps[i + 1].node->fn->name : NULL;
	const char *shared = n->is_shared ? " (shared)" : "";

	if (n->kind == HELD_TAKE)
		return arena_printf(k->q->arena, "takes %s%s", flow_plain_name(n->name), shared);
	if (n->kind == HELD_WAIT)
		return arena_printf(k->q->arena, "waits for the end of %s", flow_plain_name(n->name));
	return n->kind == HELD_FIELD ? arena_printf(k->q->arena, "calls %s() through %s", callee, n->name)
				     : arena_printf(k->q->arena, "calls %s()", callee);
}

static void print_way(struct asked *k, struct json *steps, const struct order_way *w, size_t from)
{
	if (w->held)
		print_step(k, steps, w->held->at, w->first, arena_printf(k->q->arena, "takes %s%s", plain(k, from),
									 w->held->is_shared ? " (shared)" : ""));
	else
		print_step(k, steps, (struct place){w->first->fn->file, w->first->fn->line, 0, w->first->fn}, w->first,
			   arena_printf(k->q->arena, "runs for %s", plain(k, from)));
	for (int i = 0; i < w->n && w->steps[i].note; i++)
		print_step(k, steps, w->steps[i].note->at, w->steps[i].node, what_is_done(k, w, i));
}

static void print_pair(struct asked *k, size_t a, size_t b, const struct order_way *w, int n)
{
	const char *state = map_get(&k->contradicted, arena_printf(k->q->arena, "%s, %s", plain(k, a), plain(k, b)));
	struct json *row;

	if (k->q->args->format == QUERY_DOT) {
		query_dot_edge(k->q, plain(k, a), plain(k, b), state ? state : w->first->fn->name);
		return;
	}
	if (!k->q->json) {
		text_printf(&k->q->out, "%s before %s: %d%s way%s%s%s\n", plain(k, a), plain(k, b), n, n == MOST_WAYS ? " or more" : "",
			    n == 1 ? "" : "s", state ? ", " : "", state ? state : "");
		print_way(k, NULL, w, a);
		return;
	}
	row = json_push_object(k->rows);
	json_add_text(row, "before", plain(k, a));
	json_add_text(row, "after", plain(k, b));
	json_add_bool(row, "wait", k->order.is_wait[a] || k->order.is_wait[b]);
	json_add_int(row, "ways", n);
	if (state)
		json_add_text(row, "order", state);
	print_way(k, json_add_array(row, "steps"), w, a);
}

static bool is_asked(const struct asked *k, size_t a, size_t b)
{
	return !k->class_name || !strcmp(plain(k, a), k->class_name) || !strcmp(plain(k, b), k->class_name);
}

static void answer_pairs(struct asked *k)
{
	struct order *o = &k->order;
	struct order_way ways[MOST_WAYS];

	for (size_t a = 0; a < o->nclass; a++)
		for (size_t b = 0; b < o->nclass; b++) {
			int n;

			if (a == b || !order_has_edge(o, a, b) || !is_asked(k, a, b))
				continue;
			if (k->q->args->limit && k->n == k->q->args->limit)
				return;
			o->nsearch = 0;		/* which is a bound for whoever asks for all of them unasked */
			n = order_ways(o, a, b, ways, MOST_WAYS);
			k->n += n > 0;
			if (n)
				print_pair(k, a, b, ways, n);
		}
}

static void check_class(struct asked *k)
{
	for (size_t c = 0; c < k->order.nclass; c++)
		if (!strcmp(plain(k, c), k->class_name))
			return;
	query_unknown_class(k->class_name, k->order.classes, k->order.nclass);
}

void query_answer_order(struct question *q)
{
	struct asked k = {.q = q, .class_name = q->args->nname ? q->args->names[0] : NULL};

	notes_read_all(q->an);
	order_build(&k.order, q->arena, q->an, &q->graph, q->units, q->nunit);
	k.order.entries = held_entries_build(&k.order);
	k.order.callers = q->callers;
	k.order.is_careful = true;
	read_facts(&k);
	if (k.class_name)
		check_class(&k);
	k.rows = q->json ? json_add_array(q->json, "rows") : NULL;
	if (q->args->format == QUERY_DOT)
		query_dot_begin(q);
	answer_pairs(&k);
	if (q->args->format == QUERY_DOT)
		query_dot_end(q);
	else if (!q->json && !k.n)
		text_printf(&q->out, "%s%sno order is known\n", k.class_name ? k.class_name : "", k.class_name ? ": " : "");
	map_release(&k.contradicted);
	order_release(&k.order);
}
