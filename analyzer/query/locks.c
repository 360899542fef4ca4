// SPDX-License-Identifier: GPL-2.0-only
/*
 * locks: what a function does to locks. By case from its summary, which knows conditions but ends at ops
 * tables; then the classes that a call may come to wait for, which crosses them and knows no condition.
 */
#include "query/query.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "infer/reach.h"

/* "0", "an error", "NULL or an error": what a case returns. */
static const char *returned(struct question *q, const struct func *fn, const struct scase *c)
{
	static const char *const ints[] = {"0", "more than 0", "an error number", "less"};
	static const char *const pointers[] = {"NULL", "a pointer", "an error pointer", ""};
	const char *const *names = fn->returns_pointer ? pointers : ints;
	struct text t;
	const char *s;

	if (!c->ret || (!fn->returns_pointer && !fn->returns_value))
		return "";
	if (c->ret->kind == SYM_INT && c->ret->value)
		return arena_printf(q->arena, "%lld", (long long)c->ret->value);
	if (c->ret_mask == MASK_ANY)
		return "anything";
	text_init(&t);
	for (int i = 0; i < 4; i++)
		if (c->ret_mask & 1u << i && *names[i] && !strstr(text_str(&t), names[i]))
			text_printf(&t, "%s%s", t.len ? " or " : "", names[i]);
	s = arena_strdup(q->arena, text_str(&t));
	text_release(&t);
	return *s ? s : "a pointer";
}

/* One thing that a case does to a lock. */
static void print_lock(struct question *q, struct json *list, const struct held *h, const char *verb)
{
	struct text t;

	text_init(&t);
	sym_print(&t, h->lock, true);
	if (q->json) {
		struct json *o = json_push_object(list);

		json_add_text(o, "does", verb);
		json_add_text(o, "lock", text_str(&t));
		json_add_text(o, "class", flow_plain_name(sym_class(h->lock, h->kind)));
		json_add_text(o, "kind", h->kind);
		json_add_bool(o, "shared", h->mode == LOCK_SHARED);
	} else {
		text_printf(&q->out, "    %s %s (%s%s)\n", verb, text_str(&t), h->kind,
			    h->mode == LOCK_SHARED ? ", shared" : "");
	}
	text_release(&t);
}

static void print_case(struct question *q, struct json *cases, const struct func *fn, const struct scase *c)
{
	static const char *const verbs[] = {"keeps", "releases", "needs", NULL};
	const char *ret = returned(q, fn, c);
	struct json *list = NULL;
	bool any = false;

	if (q->json) {
		struct json *one = json_push_object(cases);

		json_add_text(one, "returns", ret);
		list = json_add_array(one, "locks");
	} else {
		text_printf(&q->out, *ret ? "  where it returns %s:\n" : "  always:\n", ret);
	}
	for (int i = 0; c->locks && i < c->locks->n; i++)
		if (verbs[c->locks->items[i].state]) {
			print_lock(q, list, &c->locks->items[i], verbs[c->locks->items[i].state]);
			any = true;
		}
	for (int i = 0; c->takes && i < c->takes->n; i++) {
		const struct held *h = &c->takes->items[i], *kept;
		int k = lock_set_find(c->locks, h->lock, h->kind);

		kept = k >= 0 ? &c->locks->items[k] : NULL;
		if (!kept || kept->state == LOCK_FREE)
			print_lock(q, list, h, "takes and releases");
		any |= !kept || kept->state == LOCK_FREE;
	}
	if (!any && !q->json)
		text_puts(&q->out, "    leaves all locks as they are\n");
}

static bool same_locks(const struct lock_set *a, const struct lock_set *b)
{
	if (!a || !b || a->n != b->n)
		return (a ? a->n : 0) == (b ? b->n : 0);
	for (int i = 0; i < a->n; i++)
		if (a->items[i].lock != b->items[i].lock || a->items[i].kind != b->items[i].kind ||
		    a->items[i].state != b->items[i].state || a->items[i].mode != b->items[i].mode)
			return false;
	return true;
}

/* Do two cases look alike to who asks for locks? */
static bool same_case(struct question *q, const struct func *fn, const struct scase *a, const struct scase *b)
{
	return same_locks(a->locks, b->locks) && same_locks(a->takes, b->takes) &&
	       !strcmp(returned(q, fn, a), returned(q, fn, b));
}

static void print_cases(struct question *q, struct json *row, const struct node *n)
{
	const struct summary *s = node_summary(n);
	struct json *cases = q->json ? json_add_array(row, "cases") : NULL;

	if (!s || s->is_unknown) {
		if (q->json)
			json_add_bool(row, "unknown", true);
		else
			text_puts(&q->out, "  not known: it is over budget, or part of a cycle of calls\n");
		return;
	}
	for (int i = 0; i < s->ncase; i++) {
		bool seen = false;

		for (int k = 0; k < i; k++)
			seen |= same_case(q, n->fn, &s->cases[k], &s->cases[i]);
		if (!seen)
			print_case(q, cases, n->fn, &s->cases[i]);
	}
}

static const char *vertex_name(struct question *q, size_t v)
{
	const struct program *p = &q->an->program;

	return v < p->nnode ? arena_printf(q->arena, "%s()", p->nodes[v]->fn->name) : q->graph.fields[v - p->nnode];
}

/* " by a() -> b()": the way to where the element happens. */
static const char *way_to(struct question *q, struct reach *r, size_t v, size_t e)
{
	struct text t;
	const char *s;

	text_init(&t);
	for (long next = reach_next(r, v, e); next >= 0; next = reach_next(r, (size_t)next, e))
		text_printf(&t, "%s%s", t.len ? " -> " : "", vertex_name(q, (size_t)next));
	s = arena_strdup(q->arena, text_str(&t));
	text_release(&t);
	return s;
}

static void print_reach(struct question *q, struct json *row, struct reach *r, const struct node *n)
{
	struct json *list = q->json ? json_add_array(row, "waits_for") : NULL;
	bool any = false;

	for (size_t e = 0; e < r->nelement; e++) {
		const char *way;

		if (!reach_has(r, n, e))
			continue;
		way = way_to(q, r, n->index, e);
		if (q->json) {
			struct json *o = json_push_object(list);

			json_add_text(o, "class", e == REACH_SLEEP ? "sleep" : flow_plain_name(r->elements[e].class_name));
			json_add_text(o, "kind", r->elements[e].kind);
			json_add_text(o, "by", way);
			continue;
		}
		if (!any)
			text_puts(&q->out, "  may come to:\n");
		any = true;
		if (e == REACH_SLEEP)
			text_puts(&q->out, "    sleep");
		else
			text_printf(&q->out, "    wait for %s (%s)", flow_plain_name(r->elements[e].class_name), r->elements[e].kind);
		text_printf(&q->out, "%s%s\n", *way ? ", by " : "", way);
	}
}

void query_answer_locks(struct question *q)
{
	struct json *rows = q->json ? json_add_array(q->json, "rows") : NULL;
	struct reach r;

	reach_build(&r, q->arena, &q->an->program, q->units, q->nunit);
	for (size_t i = 0; i < q->args->nname; i++) {
		struct nodes l = query_functions(q, q->args->names[i], false);

		for (size_t k = 0; k < l.n; k++) {
			const struct func *fn = l.items[k]->fn;
			struct json *row = NULL;

			if (q->json) {
				row = json_push_object(rows);
				json_add_text(row, "function", fn->name);
				query_json_place(row, (struct place){fn->file, fn->line, 0, fn});
			} else {
				text_printf(&q->out, "%s() of %s:%d\n", fn->name, fn->file, fn->line);
			}
			print_cases(q, row, l.items[k]);
			print_reach(q, row, &r, l.items[k]);
		}
	}
}
