// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps an object, for verify. Entry point: keep_find(). Everything is a reason that can be named: a reference
 * got on the path, the caller, an owner that is kept itself, a lock that is held and guards the field that the pointer
 * came from, a list with its lock. What has none is not kept. keep_name() gives equal things one name: what promises say
 * is equal, and the way back from what is on a list to whose list it is.
 */
#include "infer/prove.h"

#include <string.h>

#include "base/text.h"

#define MAX_WAY 12	/* owners of owners, nodes after nodes */

static bool find_offset(const struct sim *sim, const char *struct_name, const char *field, int64_t *offset)
{
	return contract_offset(sim->an, struct_name, field, offset);
}

/* May it be a pointer to something that is kept or not? */
static bool is_place(const struct sym *s)
{
	s = sym_object(s);
	return s->kind == SYM_PARAM || s->kind == SYM_LOAD || s->kind == SYM_NEW;
}

/* What the address says it is: struct and field. */
static void names_of(const struct sym *addr, const char **struct_name, const char **field)
{
	*struct_name = addr->kind == SYM_ADDR ? addr->struct_name : addr->first_struct;
	*field = addr->kind == SYM_ADDR ? addr->field : addr->first;
}

static bool is_link(const char *whole, const char *field)
{
	size_t n = whole && field ? strlen(whole) : 0;

	return n && !strncmp(whole, field, n) && (!field[n] || !strcmp(field + n, ".next"));
}

const struct model_list *keep_list_at(const struct sim *sim, const struct sym *addr, bool is_node)
{
	const struct model *m = sim->an->options->model;
	const char *struct_name, *field;

	names_of(addr, &struct_name, &field);
	for (int i = 0; i < m->nlist; i++) {
		const struct model_list *l = &m->lists[i];

		if (is_node ? l->node_struct == struct_name && is_link(l->node, field)
			    : l->head_struct == struct_name && is_link(l->head, field))
			return l;
	}
	return NULL;
}

static const struct sym *name_at(struct sim *sim, struct state *st, const struct sym *s, int way);

/* The head of the list that the object at start, of the list's node struct, is on: by its way back. */
static const struct sym *head_of(struct sim *sim, struct state *st, const struct model_list *l, const struct sym *start,
				 int way)
{
	int64_t back, head;
	const struct sym *owner;

	if (!find_offset(sim, l->node_struct, l->back, &back) || !find_offset(sim, l->head_struct, l->head, &head))
		return NULL;
	owner = sim_load(sim, st, sym_addr(&sim->syms, start, back, l->node_struct, l->back), -1);
	owner = name_at(sim, st, owner, way + 1);
	return sym_addr(&sim->syms, owner, head, l->head_struct, l->head);
}

static bool list_at(struct sim *sim, struct state *st, const struct sym *v, const struct model_list **list,
		    const struct sym **head, int way)
{
	const struct sim_proof *sp = sim->proof;
	int64_t node;

	for (int i = 0; i < sp->non; i++)
		if (sp->on[i].node == v) {
			*list = keep_list_at(sim, sp->on[i].head, false);
			*head = sp->on[i].head;
			return *list;
		}
	if (v->kind != SYM_LOAD || way > MAX_WAY)
		return false;
	*list = keep_list_at(sim, v->a, false);
	if (*list) {
		*head = name_at(sim, st, v->a, way + 1);
		return true;
	}
	*list = keep_list_at(sim, v->a, true);
	if (*list && v->a->kind == SYM_ADDR && find_offset(sim, (*list)->node_struct, (*list)->node, &node)) {
		*head = head_of(sim, st, *list, sym_addr(&sim->syms, v->a, -node, (*list)->node_struct, NULL), way);
		return *head;
	}
	return list_at(sim, st, v->a, list, head, way + 1);
}

bool keep_list(struct sim *sim, struct state *st, const struct sym *v, const struct model_list **list,
	       const struct sym **head)
{
	return list_at(sim, st, v, list, head, 0);
}

/* The field that object was read from promises that it is on a list: the head of that. */
static const struct sym *promised_head(struct sim *sim, struct state *st, const struct sym *object)
{
	const char *struct_name, *field;
	const struct model_field *f;
	int64_t offset;

	if (object->kind != SYM_LOAD)
		return NULL;
	names_of(object->a, &struct_name, &field);
	f = contract_field(sim->an->options->model, struct_name, field);
	if (!f || !f->in || !find_offset(sim, struct_name, field, &offset))
		return NULL;
	return contract_from(sim, st, sym_addr(&sim->syms, object->a, -offset, struct_name, NULL), struct_name, f->in, false);
}

/* Is s the way back from something that is on a list? Then its owner, else NULL. */
static const struct sym *way_back(struct sim *sim, struct state *st, const struct sym *s, int way)
{
	const struct sym *object = sym_object(s->a), *head;
	int64_t at = s->a->kind == SYM_ADDR ? s->a->value : 0, back, node, start;
	const struct model_list *l;

	if (list_at(sim, st, object, &l, &head, way + 1)) {
		if (!find_offset(sim, l->node_struct, l->back, &back) || !find_offset(sim, l->node_struct, l->node, &node) ||
		    !find_offset(sim, l->head_struct, l->head, &start) || at != back - node)
			return NULL;
		return sym_addr(&sim->syms, head, -start, l->head_struct, NULL);
	}
	head = promised_head(sim, st, object);
	l = head ? keep_list_at(sim, head, false) : NULL;
	if (!l || !find_offset(sim, l->node_struct, l->back, &back) || !find_offset(sim, l->head_struct, l->head, &start) ||
	    at != back)
		return NULL;
	return sym_addr(&sim->syms, head, -start, l->head_struct, NULL);
}

static const struct sym *name_at(struct sim *sim, struct state *st, const struct sym *s, int way)
{
	const struct sim_proof *sp = sim->proof;
	const struct sym *a;

	if (way > MAX_WAY)
		return s;
	for (int i = 0; i < sp->nsame; i++)
		if (sp->same[i].from == s)
			return name_at(sim, st, sp->same[i].to, way + 1);
	if (s->kind == SYM_ADDR)
		return sym_addr(&sim->syms, name_at(sim, st, s->a, way + 1), s->value, s->struct_name, s->field);
	if (s->kind != SYM_LOAD)
		return s;
	a = way_back(sim, st, s, way);
	if (a)
		return name_at(sim, st, a, way + 1);
	a = name_at(sim, st, s->a, way + 1);
	if (a == s->a)
		return s;
	a = sym_load(&sim->syms, a);
	return a ? name_at(sim, st, a, way + 1) : s;
}

const struct sym *keep_name(struct sim *sim, struct state *st, const struct sym *s)
{
	return name_at(sim, st, s, 0);
}

bool keep_is_held(struct sim *sim, struct state *st, const struct sym *lock)
{
	const struct sym *name = keep_name(sim, st, lock);

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if ((h->state == LOCK_HELD || h->state == LOCK_ASSERTED) && !h->is_vague && keep_name(sim, st, h->lock) == name)
			return true;
	}
	return false;
}

bool keep_is_linked(struct sim *sim, struct state *st, const struct sym *object)
{
	const struct model_list *l;
	const struct sym *head;

	if (owed_find(st, object, intern("linked")) || promised_head(sim, st, object))
		return true;
	return keep_list(sim, st, object, &l, &head) && state_truth(st, sym_cmp(&sim->syms, CMP_EQ, object, head)) == 0;
}

/* What is in field number n of those that are NULL without members of the list; NULL if there is none. */
static const struct sym *with_list(struct sim *sim, struct state *st, const struct model_list *l, const struct sym *head,
				   int n)
{
	const struct model *m = sim->an->options->model;

	for (int i = 0; i < m->nfield; i++) {
		const struct model_field *f = &m->fields[i];
		int64_t at, offset;

		if (f->struct_name != l->head_struct || f->with != l->head || n-- ||
		    !find_offset(sim, l->head_struct, l->head, &at) || !find_offset(sim, f->struct_name, f->field, &offset))
			continue;
		return sim_load(sim, st, sym_addr(&sim->syms, head, offset - at, f->struct_name, f->field), -1);
	}
	return NULL;
}

bool keep_is_cleared(struct sim *sim, struct state *st, const struct model_list *l, const struct sym *head)
{
	const struct sym *v;

	for (int i = 0; (v = with_list(sim, st, l, head, i)); i++)
		if (state_mask(st, v) != MASK_ZERO)
			return false;
	return true;
}

/* There is a member, since something is not NULL that would be without one. */
static bool has_company(struct sim *sim, struct state *st, const struct model_list *l, const struct sym *head)
{
	const struct sym *a, *b;

	for (int i = 0; (a = with_list(sim, st, l, head, i)); i++) {
		if (!(state_mask(st, a) & MASK_ZERO))
			return true;
		for (int k = 0; k < i && (b = with_list(sim, st, l, head, k)); k++)
			if (state_truth(st, sym_cmp(&sim->syms, CMP_EQ, a, b)) == 0)
				return true;
	}
	return false;
}

bool keep_is_nonempty(struct sim *sim, struct state *st, const struct sym *head)
{
	const struct sym *name = keep_name(sim, st, head), *first = sim_load(sim, st, head, -1);
	const struct model_list *l = keep_list_at(sim, head, false);

	if (state_truth(st, sym_cmp(&sim->syms, CMP_EQ, first, head)) == 0)
		return true;
	if (l && !owed_find(st, head, intern("unlinked")) && has_company(sim, st, l, head))
		return true;
	for (int i = 0; l && st->owed && i < st->owed->n; i++) {
		const struct owed *o = &st->owed->items[i];
		const struct sym *its;

		if (strcmp(o->kind, "linked"))
			continue;
		its = head_of(sim, st, l, o->object, 0);
		if (its && keep_name(sim, st, its) == name)
			return true;
	}
	return false;
}

static const struct sym *value_in(struct sim *sim, const struct state *st, const struct sym *addr)
{
	const struct cell *c = state_find_cell(st, addr);

	return c ? c->value : sym_root(addr)->kind == SYM_STACK ? NULL : sym_load(&sim->syms, addr);
}

/* Is a pointer in memory on one path that is not there on the other? */
static bool memory_agrees(struct sim *sim, const struct state *a, const struct state *b)
{
	for (int i = 0; i < a->ncell; i++) {
		const struct sym *x = a->cells[i].value, *y = value_in(sim, b, a->cells[i].addr);

		if (y && x != y && x->kind != SYM_INT && y->kind != SYM_INT && (is_place(x) || is_place(y)))
			return false;
	}
	return true;
}

bool keep_agrees(struct sim *sim, struct state *a, struct state *b)
{
	if (!memory_agrees(sim, a, b) || !memory_agrees(sim, b, a))
		return false;
	for (int i = 0; a->owed && i < a->owed->n; i++) {
		const struct sym *head = a->owed->items[i].object;

		if (!strcmp(a->owed->items[i].kind, "unlinked") &&
		    keep_is_nonempty(sim, a, head) != keep_is_nonempty(sim, b, head))
			return false;
	}
	return true;
}

bool keep_is_fresh(struct sim *sim, struct state *st, const struct sym *object)
{
	const struct sim_proof *sp = sim->proof;

	for (int i = 0; i < sp->nunshared; i++)
		if (sp->unshared[i] == object)
			return true;
	if (object->kind != SYM_NEW || owed_find(st, object, intern("linked")))
		return false;
	for (int i = 0; st->owed && i < st->owed->n; i++)
		if (st->owed->items[i].object == object && st->owed->items[i].count > 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------ what keeps it */

static bool say(struct sim *sim, const char **why, bool is_kept, const char *format, const char *what)
{
	*why = arena_printf(sim->an->arena, format, what);
	return is_kept;
}

static bool by_lock(struct sim *sim, struct state *st, const struct sym *lock, const char *path, const char **why)
{
	bool held = lock && keep_is_held(sim, st, lock);

	return say(sim, why, held, held ? "by %s, which is held" : "%s would keep it, and is not held",
		   lock ? prove_text(sim, lock, true) : path);
}

/* A count that was taken down under its lock still keeps the object while the lock is held. */
static bool is_count_locked(struct sim *sim, struct state *st, const struct owed *o)
{
	const struct model *m = sim->an->options->model;

	for (int i = 0; i < m->nfield; i++) {
		const struct model_field *f = &m->fields[i];
		const struct sym *lock;

		if (f->counter != o->kind || !f->lock)
			continue;
		lock = contract_from(sim, st, o->object, f->struct_name, f->lock, false);
		if (lock && keep_is_held(sim, st, lock))
			return true;
	}
	return false;
}

/* By the books of the path: 1 kept, 0 not, -1 they say nothing. */
static int by_books(struct sim *sim, struct state *st, const struct sym *object, const char **why)
{
	const struct owed *gone = NULL;

	for (int i = 0; st->owed && i < st->owed->n; i++) {
		const struct owed *o = &st->owed->items[i];

		if (o->object != object)
			continue;
		if (!strcmp(o->kind, "linked")) {
			if (keep_is_held(sim, st, o->under))
				return say(sim, why, true, "it is on a list, with %s held", prove_text(sim, o->under, true));
			continue;
		}
		if (o->count > 0)
			return say(sim, why, true, strcmp(o->kind, "memory") ? "by a reference (%s) of this function's" :
				   "it is this function's own %s", o->kind);
		gone = o;
	}
	if (!gone)
		return -1;
	if (is_count_locked(sim, st, gone))
		return say(sim, why, true, "%s", "what it is counted under is held");
	return say(sim, why, false, "it was given back in line %s",
		   arena_printf(sim->an->arena, "%d", gone->at.line));
}

static bool by_list(struct sim *sim, struct state *st, const struct sym *node, const struct model_list *l,
		    const struct sym *head, const char **why)
{
	const struct sym *lock;
	int64_t start = 0;

	find_offset(sim, l->head_struct, l->head, &start);
	lock = contract_from(sim, st, sym_addr(&sim->syms, head, -start, l->head_struct, NULL), l->head_struct, l->lock, false);
	if (!by_lock(sim, st, lock, l->lock, why))
		return false;
	if (state_truth(st, sym_cmp(&sim->syms, CMP_EQ, node, head)) == 0 || sim->proof->on[0].node == node ||
	    (node->a && keep_name(sim, st, node->a) == head && keep_is_nonempty(sim, st, head)))
		return say(sim, why, true, "it is on a list, with %s held", prove_text(sim, lock, true));
	return say(sim, why, false, "%s may be empty: nobody has looked since it was locked", prove_text(sim, head, true));
}

/* The function's contract says that the caller's cell owns what is in it. */
static bool is_callers_cell(struct sim *sim, const struct sym *cell)
{
	const struct model_contract *c = sim->proof->own;
	struct clause clause;

	if (cell->kind != SYM_PARAM || !c || !cell->name)
		return false;
	for (int i = 0; contract_clause(&sim->arena, c, c->gives, i, &clause); i++)
		if (*clause.path == '*' && !strcmp(clause.path + 1, cell->name))
			return true;
	for (int i = 0; contract_clause(&sim->arena, c, c->needs, i, &clause); i++)
		if (!strcmp(clause.word, "kept") && *clause.path == '*' && !strcmp(clause.path + 1, cell->name))
			return true;
	return false;
}

static bool find_at(struct sim *sim, struct state *st, const struct sym *object, const char **why, int way);

static bool by_field(struct sim *sim, struct state *st, const struct sym *addr, const char **why, int way)
{
	const char *struct_name, *field, *owner;
	const struct model_field *f;
	const struct sym *start;
	int64_t offset;

	names_of(addr, &struct_name, &field);
	f = contract_field(sim->an->options->model, struct_name, field);
	if (!f || !find_offset(sim, f->struct_name, f->field, &offset))
		return say(sim, why, false, "no contract says what keeps what is read from %s",
			   field ? arena_printf(sim->an->arena, "%s.%s", struct_name ? struct_name : "?", field) : "there");
	if (f->keeper && !strcmp(f->keeper, "forever"))
		return say(sim, why, true, "what %s points to outlives all that is here", prove_text(sim, addr, true));
	start = sym_addr(&sim->syms, addr, -offset, f->struct_name, NULL);
	if (!f->keeper && f->lock)
		return by_lock(sim, st, contract_from(sim, st, start, f->struct_name, f->lock, false), f->lock, why);
	if (!f->keeper)
		return say(sim, why, false, "no contract says what keeps what is read from %s", f->field);
	if (!find_at(sim, st, sym_object(start), &owner, way + 1))
		return say(sim, why, false, "what it was read from is not kept: %s", owner);
	return say(sim, why, true, "with what it was read from: %s", owner);
}

/* A field that owns a reference to what is in it. */
static bool is_owner(const struct sim *sim, const struct sym *addr)
{
	const char *struct_name, *field;
	const struct model_field *f;

	names_of(addr, &struct_name, &field);
	f = contract_field(sim->an->options->model, struct_name, field);
	return f && f->counts;
}

static bool find_at(struct sim *sim, struct state *st, const struct sym *object, const char **why, int way)
{
	const struct dead *d;
	const struct model_list *l;
	const struct sym *head;
	int books = by_books(sim, st, object, why);

	if (books >= 0)
		return books;
	d = borrow_ended(sim, st, object);
	if (d)
		return say(sim, why, false, d->by_unlock ? "%s() has released what kept it" :
			   "the turn of %s() that kept it is over", d->function ? d->function : "a call");
	if (way > MAX_WAY)
		return say(sim, why, false, "%s", "too far from anything that is known to be kept");
	switch (object->kind) {
	case SYM_PARAM:
		if (sim->proof->non && sim->proof->on[0].node == object && keep_list(sim, st, object, &l, &head))
			return by_list(sim, st, object, l, head, why);
		return say(sim, why, true, "%s", "the caller keeps it");
	case SYM_STACK: case SYM_GLOBAL: case SYM_FUNC:
		return say(sim, why, true, "%s", "it is no borrow");
	case SYM_LOAD:
		if (keep_list(sim, st, object, &l, &head))
			return by_list(sim, st, object, l, head, why);
		if (is_callers_cell(sim, object->a))
			return say(sim, why, true, "%s", "the caller sees to what is in its variable");
		return by_field(sim, st, object->a, why, way);
	case SYM_NEW:
		for (int i = 0; i < st->ncell; i++)
			if (sym_object(st->cells[i].value) == object && is_owner(sim, st->cells[i].addr))
				return by_field(sim, st, st->cells[i].addr, why, way);
		return say(sim, why, false, "%s", "nothing is known that keeps it");
	default:
		return say(sim, why, false, "%s", "it is computed in a way that is not followed");
	}
}

bool keep_find(struct sim *sim, struct state *st, const struct sym *object, const char **why)
{
	return find_at(sim, st, object, why, 0);
}
