// SPDX-License-Identifier: GPL-2.0-only
/*
 * Obligations met on the way through a function. Entry points: prove_use() and prove_store() for memory,
 * prove_before_call() and prove_after_call() around each call, prove_take() and prove_assert() for locks, prove_owed()
 * for what callees get and give back. An obligation that is met on several paths is proven if it is on each.
 */
#include "infer/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"

enum { ORDINAL_HEAD = 970 };

const char *prove_text(struct sim *sim, const struct sym *s, bool as_target)
{
	struct text t;
	const char *out;

	text_init(&t);
	sym_print(&t, s, as_target);
	/* A first member has the address of the whole. */
	if (as_target && s->first && (s->kind == SYM_PARAM || s->kind == SYM_LOAD || s->kind == SYM_NEW))
		text_printf(&t, "->%s", s->first);
	out = arena_strdup(sim->an->arena, text_str(&t));
	text_release(&t);
	return out;
}

struct obligation *prove_note_in(struct analysis *an, const struct func *fn, enum obligation_kind kind, struct place at,
				 const char *object, bool is_open, const char *why)
{
	struct proof *p = an->proof;
	const char *key = arena_printf(p->arena, "%d|%s:%d:%d|%s|%s|%s", (int)kind, at.file ? at.file : "", at.line, at.col,
				       fn->name, fn->file ? fn->file : "", object);
	struct obligation *o = map_get(&p->obligations, key);

	if (!o) {
		o = ARENA_NEW(p->arena, struct obligation);
		*o = (struct obligation){.kind = kind, .at = at, .fn = fn, .object = object, .why = why, .is_open = is_open};
		map_set(&p->obligations, key, o);
	} else if (is_open && !o->is_open) {
		o->is_open = true;
		o->why = why;
	}
	return o;
}

struct obligation *prove_note(struct sim *sim, enum obligation_kind kind, struct place at, const char *object,
			      bool is_open, const char *why)
{
	return prove_counts(sim) ? prove_note_in(sim->an, sim->fn, kind, at, object, is_open, why) : NULL;
}

/* ------------------------------------------------------------------ uses */

/* The lock that guards the field at addr, as a path from its struct; and that struct's start. */
static const struct sym *guard_of(struct sim *sim, struct state *st, const struct sym *addr, const char *struct_name,
				  const char *field, const char **path)
{
	const struct model_field *f = contract_field(sim->an->options->model, struct_name, field);
	const struct model_list *l = keep_list_at(sim, addr, false), *n = keep_list_at(sim, addr, true);
	const struct sym *start;
	int64_t offset;

	*path = NULL;
	if (l && contract_offset(sim->an, l->head_struct, l->head, &offset)) {
		*path = l->lock;
		start = sym_addr(&sim->syms, addr, -offset, l->head_struct, NULL);
		return contract_from(sim, st, start, l->head_struct, l->lock, false);
	}
	if (n && contract_offset(sim->an, n->node_struct, n->node, &offset)) {
		*path = arena_printf(sim->an->arena, "%s->%s", n->back, n->lock);
		start = sym_addr(&sim->syms, addr, -offset, n->node_struct, NULL);
		return contract_from(sim, st, start, n->node_struct, *path, false);
	}
	if (!f || !f->lock || !contract_offset(sim->an, f->struct_name, f->field, &offset))
		return NULL;
	*path = f->lock;
	start = sym_addr(&sim->syms, addr, -offset, f->struct_name, NULL);
	return contract_from(sim, st, start, f->struct_name, f->lock, false);
}

static void ask_guard(struct sim *sim, struct state *st, const struct sym *addr, const char *struct_name,
		      const char *field, struct place at)
{
	const char *path, *name;
	const struct sym *lock = guard_of(sim, st, addr, struct_name, field, &path);
	bool is_held = lock && keep_is_held(sim, st, lock);

	if (!path)
		return;
	name = arena_printf(sim->an->arena, "%s for %s", lock ? prove_text(sim, lock, true) : path, prove_text(sim, addr, true));
	if (keep_is_fresh(sim, st, sym_object(addr)))
		prove_note(sim, OBLIGATION_HELD, at, name, false, "nobody else knows the object yet");
	else
		prove_note(sim, OBLIGATION_HELD, at, name, !is_held, is_held ? "it is held" : "it is not held here");
}

static bool is_borrow(const struct sym *object)
{
	return object->kind == SYM_PARAM || object->kind == SYM_LOAD || object->kind == SYM_NEW || object->kind == SYM_ELEM ||
	       object->kind == SYM_BIN;
}

static void ask_kept(struct sim *sim, struct state *st, const struct sym *pointer, struct place at)
{
	const struct sym *object = sym_object(pointer);
	const char *why;
	bool is_kept;

	if (!is_borrow(object))
		return;
	is_kept = keep_find(sim, st, object, &why);
	prove_note(sim, OBLIGATION_BORROW, at, prove_text(sim, object, false), !is_kept, why);
}

void prove_use(struct sim *sim, struct state *st, const struct sym *addr, const char *struct_name, const char *field,
	       struct place at)
{
	if (!prove_counts(sim))
		return;
	ask_kept(sim, st, addr, at);
	if (is_borrow(sym_object(addr)))
		ask_guard(sim, st, addr, struct_name, field, at);
}

/* ------------------------------------------------------------------ references */

static void owe(struct sim *sim, struct state *st, const struct sym *object, const char *kind, int count, struct place at,
		const char *by)
{
	struct owed o = {.object = sym_object(object), .kind = intern(kind), .count = count, .at = at, .by = by};

	if (!(state_mask(st, object) & MASK_VALID) || !is_borrow(o.object))
		return;
	owed_add(&sim->pool, st, &o);
	prove_note(sim, OBLIGATION_REFERENCE, at, arena_printf(sim->an->arena, "%s (%s)", prove_text(sim, o.object, false), kind),
		   false, "given back, or handed on, on every path");
}

/* By how much a store changes a count: 0 if it is no such store. */
static int counted(struct sim *sim, struct state *st, const struct sym *addr, const struct sym *value)
{
	const struct sym *old = sim_load(sim, st, addr, -1);
	int64_t by;

	if (old->kind == SYM_INT && value->kind == SYM_INT)
		return (int)(value->value - old->value);
	if (value->kind != SYM_BIN || value->b->kind != SYM_INT || (value->sub != BIN_ADD && value->sub != BIN_SUB))
		return 0;
	by = value->sub == BIN_ADD ? (int32_t)value->b->value : -(int32_t)value->b->value;
	if (value->a == old)
		return (int)by;
	if (old->kind == SYM_BIN && old->b->kind == SYM_INT && old->a == value->a && old->sub == BIN_ADD)
		return (int)(by - (int32_t)old->b->value);
	return 0;
}

/* A field that owns references is written: the old one is ours now, the new one no longer. */
static void move_owned(struct sim *sim, struct state *st, const struct model_field *f, const struct sym *addr,
		       const struct sym *value, struct place at)
{
	if (!keep_is_fresh(sim, st, sym_object(addr)))
		owe(sim, st, sim_load(sim, st, addr, -1), f->counts, 1, at, NULL);
	owe(sim, st, value, f->counts, -1, at, NULL);
}

/* Something is stored that must not be there while a list is empty. */
static void ask_company(struct sim *sim, struct state *st, const struct model_field *f, const struct sym *addr,
			struct place at)
{
	int64_t offset, head;
	bool is_so;

	if (!contract_offset(sim->an, f->struct_name, f->field, &offset) ||
	    !contract_offset(sim->an, f->struct_name, f->with, &head))
		return;
	is_so = keep_is_nonempty(sim, st, sym_addr(&sim->syms, addr, head - offset, f->struct_name, f->with));
	prove_note(sim, OBLIGATION_PROMISE, at, arena_printf(sim->an->arena, "%s only with members in %s", prove_text(sim, addr, true),
		   f->with), !is_so, is_so ? "there is one" : "there may be none");
}

void prove_store(struct sim *sim, struct state *st, const struct sym *addr, const struct sym *value, struct place at)
{
	const char *struct_name = addr->kind == SYM_ADDR ? addr->struct_name : addr->first_struct;
	const char *field = addr->kind == SYM_ADDR ? addr->field : addr->first;
	const struct model_field *f = sim->proof ? contract_field(sim->an->options->model, struct_name, field) : NULL;
	int by;

	if (!f || f->field != field)
		return;
	if (f->counts)
		move_owned(sim, st, f, addr, value, at);
	if (f->with && state_mask(st, value) & MASK_VALID)
		ask_company(sim, st, f, addr, at);
	by = f->counter && !f->counts ? counted(sim, st, addr, value) : 0;
	if (by)
		owe(sim, st, addr, f->counter, by, at, NULL);
}

void prove_cell(struct sim *sim, struct state *st, const struct sym *addr, const struct sym *inner,
		const struct sym *value, const struct insn *in)
{
	if (!sim->proof || inner->kind == SYM_ADDR || inner->first)
		return;		/* the callee knew what it wrote to */
	prove_store(sim, st, addr, value, in->at);
}

void prove_owed(struct sim *sim, struct state *st, const struct owed_set *s, const struct sym *const *objects,
		const struct insn *in, const char *callee)
{
	for (int i = 0; sim->proof && s && i < s->n; i++)
		if (!owed_is_note(&s->items[i]))
			owe(sim, st, objects[i], s->items[i].kind, s->items[i].count, in->at, callee);
}

/* ------------------------------------------------------------------ calls */

/* The load that a function pointer came from. */
static const struct insn *slot_of(const struct sim *sim, const struct insn *in)
{
	const struct insn *l;

	if (in->args[0].kind != ARG_INSN)
		return NULL;
	l = &sim->fn->insns[in->args[0].n];
	return l->op == OP_LOAD ? l : NULL;
}

static const struct model_contract *contract_of_call(const struct sim *sim, const struct insn *in)
{
	const struct model *m = sim->an->options->model;
	const struct insn *l = slot_of(sim, in);

	if (in->args[0].kind == ARG_FUNC)
		return contract_find(m, in->args[0].name);
	if (in->args[0].kind == ARG_PARAM)
		return contract_of_slot(m, sim->fn->name, sim->fn->params[in->args[0].n].name);
	return l ? contract_of_slot(m, l->struct_name, l->field) : NULL;
}

static bool is_pointer(const struct sim *sim, const struct arg *a)
{
	return a->kind == ARG_INSN ? sim->fn->insns[a->n].is_pointer : a->kind == ARG_PARAM && sim->fn->params[a->n].is_pointer;
}

/* The contract takes a node of a list, or its head: asked of it as such. */
static bool is_any_node(struct sim *sim, const struct model_contract *c, const struct func *fn, int param)
{
	struct clause clause;

	if (!c || !fn || param >= fn->nparam || !fn->params[param].name)
		return false;
	for (int i = 0; contract_clause(&sim->arena, c, c->needs, i, &clause); i++)
		if (!strcmp(clause.word, "on") && !strcmp(clause.path, fn->params[param].name))
			return true;
	return false;
}

static void ask_arguments(struct sim *sim, struct state *st, const struct insn *in, const struct model_contract *c,
			  const struct func *fn)
{
	for (int i = 1; i < in->narg; i++) {
		const struct sym *v;

		if (!is_pointer(sim, &in->args[i]))
			continue;
		v = sim_eval_resolved(sim, st, &in->args[i]);
		if (state_mask(st, v) & MASK_VALID && !is_any_node(sim, c, fn, i - 1))
			ask_kept(sim, st, v, in->at);
	}
}

static void ask_held(struct sim *sim, struct state *st, const struct sym *lock, const char *path, struct place at,
		     const char *who)
{
	bool is_held = lock && keep_is_held(sim, st, lock);

	prove_note(sim, OBLIGATION_HELD, at, arena_printf(sim->an->arena, "%s for %s()", lock ? prove_text(sim, lock, true) : path, who),
		   !is_held, is_held ? "it is held" : "it is not held here");
}

/* Are the two known to be the same? */
static bool is_same(struct sim *sim, struct state *st, const struct sym *a, const struct sym *b)
{
	return keep_name(sim, st, a) == keep_name(sim, st, b) || state_truth(st, sym_cmp(&sim->syms, CMP_EQ, a, b)) == 1;
}

static bool is_on(struct sim *sim, struct state *st, const struct sym *node, const struct sym *head)
{
	const struct model_list *l;
	const struct sym *its;

	return is_same(sim, st, node, head) || (keep_list(sim, st, node, &l, &its) && is_same(sim, st, its, head));
}

const char *prove_clause(struct sim *sim, const struct clause *c)
{
	if (!strcmp(c->word, "=="))
		return arena_printf(sim->an->arena, "%s == %s", c->path, c->other);
	return arena_printf(sim->an->arena, "%s %s%s%s", c->word, c->path, c->other ? " " : "", c->other ? c->other : "");
}

bool prove_fulfilled(struct binding *b, const struct clause *c)
{
	struct sim *sim = b->sim;
	const struct sym *v, *head;
	const char *why;

	if (!strcmp(c->word, "nonempty") || !strcmp(c->word, "empty")) {
		head = contract_address(b, c->path);
		if (!head)
			return true;
		if (!strcmp(c->word, "nonempty"))
			return keep_is_nonempty(sim, b->st, head);
		return state_truth(b->st, sym_cmp(&sim->syms, CMP_EQ, sim_load(sim, b->st, head, -1), head)) == 1;
	}
	v = contract_value(b, c->path);
	if (!v || (v->kind == SYM_INT && !v->value))
		return true;		/* through NULL there is nothing to promise */
	if (!strcmp(c->word, "kept"))
		return keep_find(sim, b->st, sym_object(v), &why);
	if (!strcmp(c->word, "linked"))
		return keep_is_linked(sim, b->st, sym_object(v));
	if (!strcmp(c->word, "unshared"))
		return keep_is_fresh(sim, b->st, sym_object(v));
	if (!strcmp(c->word, "on")) {
		head = contract_address(b, c->other);
		return !head || is_on(sim, b->st, v, head);
	}
	head = contract_value(b, c->other);
	return head && is_same(sim, b->st, v, head);
}

static void ask_needs(struct sim *sim, struct state *st, const struct insn *in, const struct model_contract *c,
		      const struct func *fn)
{
	struct binding b = {.sim = sim, .st = st, .contract = c, .fn = fn, .call = in};
	struct clause clause;

	for (int i = 0; contract_clause(&sim->arena, c, c->needs, i, &clause); i++) {
		bool is_so;

		if (!strcmp(clause.word, "held")) {
			ask_held(sim, st, contract_address(&b, clause.path), clause.path, in->at, c->of);
			continue;
		}
		is_so = prove_fulfilled(&b, &clause);
		prove_note(sim, OBLIGATION_PROMISE, in->at, arena_printf(sim->an->arena, "%s() needs: %s", c->of,
			   prove_clause(sim, &clause)), !is_so, is_so ? "so it is, on every path that comes here" :
			   "that is not known on a path that comes here");
	}
}

void prove_before_call(struct sim *sim, struct state *st, const struct insn *in, struct prove_call *c)
{
	const struct sym *callee;
	struct node *body = NULL;

	memset(c, 0, sizeof(*c));
	c->contract = contract_of_call(sim, in);
	callee = sim_eval_callee(sim, st, in);
	if (callee->kind == SYM_FUNC) {
		body = sim_body(sim, callee, in->args[0].kind == ARG_FUNC);
		c->model = model_find(sim->an->options->model, callee->name);
	}
	for (int i = 0; i < 8 && i + 1 < in->narg; i++)
		c->args[i] = sim_eval_resolved(sim, st, &in->args[i + 1]);
	if (prove_counts(sim)) {
		ask_arguments(sim, st, in, c->contract, body ? body->fn : NULL);
		if (c->contract)
			ask_needs(sim, st, in, c->contract, body ? body->fn : NULL);
		prove_slot(sim, st, in, c->contract);
	}
	if (body)
		prove_body(sim, st, in, body);
	sim->an->proof->called = c->contract;
}

/* ------------------------------------------------------------------ what a call has done */

/* The struct whose count is at addr, and the kind it counts; false if none is. */
static const char *counter_at(const struct sim *sim, const struct sym *addr)
{
	const char *struct_name = addr->kind == SYM_ADDR ? addr->struct_name : addr->first_struct;
	const char *field = addr->kind == SYM_ADDR ? addr->field : addr->first;
	const struct model_field *f = contract_field(sim->an->options->model, struct_name, field);

	return f ? f->counter : NULL;
}

/* With the last reference the memory is ours: both are tried when the result is open. */
static bool is_last(struct sim *sim, struct state *st, const struct sym *ret)
{
	int truth = state_truth(st, ret);
	struct state *other;

	if (truth >= 0)
		return truth;
	other = state_copy(&sim->pool, st);
	st->by_result = other->by_result = true;
	state_assume(&sim->pool, other, ret, false);
	sim_continue(sim, other);
	return state_assume(&sim->pool, st, ret, true);
}

static void do_count(struct sim *sim, struct state *st, const struct insn *in, const struct prove_call *c)
{
	const char *kind = c->args[0] ? counter_at(sim, c->args[0]) : NULL;
	const struct sym *ret = st->env[sim_site(sim, in)];
	const char *by = c->contract->of;

	if (!kind) {
		prove_note(sim, OBLIGATION_SURE, in->at, by, true, "no contract says what is counted there");
		return;
	}
	if (!strcmp(c->contract->does, "count")) {
		owe(sim, st, c->args[0], "memory", -1, in->at, by);
		owe(sim, st, c->args[0], kind, 1, in->at, by);
	} else if (!strcmp(c->contract->does, "get")) {
		owe(sim, st, c->args[0], kind, 1, in->at, by);
	} else {
		owe(sim, st, c->args[0], kind, -1, in->at, by);
		if (ret && is_last(sim, st, ret))
			owe(sim, st, c->args[0], "memory", 1, in->at, by);
	}
}

/* The list changes: who its first is, is not known, but that there is one (is_filled). */
static void change_head(struct sim *sim, struct state *st, const struct insn *in, const struct sym *head, bool is_filled)
{
	const struct sym *first = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_HEAD, st->turn, NULL);

	state_store(&sim->pool, st, head, first, in->at, sim->fn->name);
	if (is_filled)
		state_assume(&sim->pool, st, sym_cmp(&sim->syms, CMP_EQ, first, head), false);
}

static void do_link(struct sim *sim, struct state *st, const struct insn *in, const struct prove_call *c)
{
	bool links = !strcmp(c->contract->does, "link");
	const struct model_list *l = c->args[0] ? keep_list_at(sim, c->args[0], true) : NULL;
	const struct sym *start, *owner, *lock;
	struct owed o = {.kind = intern("linked"), .count = 1, .at = in->at};
	int64_t node = 0, back = 0, head = 0;

	if (!l || !contract_offset(sim->an, l->node_struct, l->node, &node) ||
	    !contract_offset(sim->an, l->node_struct, l->back, &back) ||
	    !contract_offset(sim->an, l->head_struct, l->head, &head)) {
		prove_note(sim, OBLIGATION_SURE, in->at, c->contract->of, true, "no contract says which list that is, or nothing read uses its fields");
		return;
	}
	start = sym_addr(&sim->syms, c->args[0], -node, l->node_struct, NULL);
	owner = keep_name(sim, st, sim_load(sim, st, sym_addr(&sim->syms, start, back, l->node_struct, l->back), -1));
	lock = contract_from(sim, st, owner, l->head_struct, l->lock, false);
	ask_held(sim, st, lock, l->lock, in->at, c->contract->of);
	if (links && c->args[1])
		prove_note(sim, OBLIGATION_PROMISE, in->at, arena_printf(sim->an->arena, "%s.%s is the list of what is added",
			   l->head_struct, l->head), !is_same(sim, st, c->args[1], sym_addr(&sim->syms, owner, head, l->head_struct, l->head)),
			   "that is where its way back leads");
	if (l->counts)
		owe(sim, st, start, l->counts, links ? -1 : 1, in->at, c->contract->of);
	o.object = sym_object(start);
	o.under = lock ? lock : owner;
	owner = sym_addr(&sim->syms, owner, head, l->head_struct, l->head);
	owed_drop(&sim->pool, st, o.object, o.kind);
	if (links) {
		owed_add(&sim->pool, st, &o);
	} else {
		o.object = owner;
		o.kind = intern("unlinked");
		owed_drop(&sim->pool, st, owner, o.kind);
		owed_add(&sim->pool, st, &o);
	}
	change_head(sim, st, in, owner, links);
}

/* The struct of an object: as a parameter's type, as what a field points to, or by what was written to it. */
static bool is_struct(struct sim *sim, struct state *st, const struct sym *object, const char *struct_name)
{
	const struct model_field *f;

	if (object->kind == SYM_PARAM)
		return object->value < sim->fn->nparam && sim->fn->params[object->value].type == struct_name;
	if (object->kind == SYM_LOAD) {
		f = object->a->kind == SYM_ADDR ? contract_field(sim->an->options->model, object->a->struct_name, object->a->field)
			: contract_field(sim->an->options->model, object->a->first_struct, object->a->first);
		return f && f->to == struct_name;
	}
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == object && st->cells[i].addr->struct_name == struct_name)
			return true;
	return false;
}

/* Memory is freed: what its fields owned is ours to give back. */
static void free_object(struct sim *sim, struct state *st, const struct sym *object, struct place at, const char *by)
{
	const struct model *m = sim->an->options->model;

	for (int i = 0; i < m->nfield; i++) {
		const struct model_field *f = &m->fields[i];
		const struct sym *addr;
		int64_t offset;

		if (!f->counts || f->gone || !is_struct(sim, st, object, f->struct_name) ||
		    !contract_offset(sim->an, f->struct_name, f->field, &offset))
			continue;
		addr = sym_addr(&sim->syms, object, offset, f->struct_name, f->field);
		owe(sim, st, state_resolve(&sim->syms, st, sim_load(sim, st, addr, -1)), f->counts, 1, at, by);
	}
	owe(sim, st, object, "memory", -1, at, by);
}

static void do_effect(struct sim *sim, struct state *st, const struct insn *in, const struct prove_call *c,
		      const struct effect *e)
{
	const struct sym *ret = st->env[sim_site(sim, in)];
	const struct sym *object = e->arg == MODEL_RET ? ret : e->arg >= 0 && e->arg < 8 ? c->args[e->arg] : NULL;

	if (!object)
		return;
	switch (e->kind) {
	case EFFECT_ALLOC: case EFFECT_ALLOC_MANAGED: owe(sim, st, object, "memory", 1, in->at, c->model->name); break;
	case EFFECT_FREE: free_object(sim, st, object, in->at, c->model->name); break;
	case EFFECT_GET: case EFFECT_LEAVE: owe(sim, st, object, e->what, 1, in->at, c->model->name); break;
	case EFFECT_FIND:
		if (e->arg == MODEL_RET)
			owe(sim, st, object, e->what, 1, in->at, c->model->name);
		break;
	case EFFECT_PUT: case EFFECT_OWN: owe(sim, st, object, e->what, -1, in->at, c->model->name); break;
	default: break;
	}
}

/* What the result is equal to, by the contract. */
static void learn_ensured(struct sim *sim, struct state *st, const struct insn *in, const struct model_contract *c)
{
	const struct sym *ret = st->env[sim_site(sim, in)];
	struct binding b = {.sim = sim, .st = st, .contract = c, .call = in, .result = ret};
	struct node *n = in->args[0].kind == ARG_FUNC ? program_resolve(&sim->an->program, sim->node, in->args[0].name) : NULL;
	struct clause clause;

	b.fn = n ? n->fn : NULL;
	for (int i = 0; ret && ret->kind != SYM_INT && contract_clause(&sim->arena, c, c->ensures, i, &clause); i++)
		prove_learn(sim, &b, &clause);
}

void prove_after_call(struct sim *sim, struct state *st, const struct insn *in, const struct prove_call *c)
{
	sim->an->proof->called = NULL;
	if (c->contract && c->contract->does && !strcmp(c->contract->does, "init-list"))
		return;
	if (c->contract && c->contract->does)
		strcmp(c->contract->does, "link") && strcmp(c->contract->does, "unlink") ? do_count(sim, st, in, c) :
			do_link(sim, st, in, c);
	/* A contract's effect stands in place of what a model says. */
	for (int i = 0; c->model && !(c->contract && c->contract->does) && i < c->model->neffect; i++)
		do_effect(sim, st, in, c, &c->model->effects[i]);
	if (c->contract)
		learn_ensured(sim, st, in, c->contract);
}
