// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts on iterations. Entry: verdict_of(). An escape is one if the rule has a fact of it: the simulation of the
 * callers is the judge. For all others the callback's summary says what it stored of its object, where that is
 * to the caller, and what keeps it.
 */
#include "query/verdict.h"

#include <string.h>

#include "base/arena.h"
#include "query/held.h"

const char *verdict_name(enum verdict v)
{
	static const char *const names[VERDICTS] = {"escapes", "kept", "nothing", "unknown"};

	return names[v];
}

/* --- escapes ---------------------------------------------------------------------- */

/* Is the fact about this iteration and callback? */
static bool is_about(const struct fact *f, const struct iteration_call *c)
{
	bool at = false, callback = false;

	if (f->kind != FACT_USE_AFTER_TURN && f->kind != FACT_KEPT_AFTER_TURN)
		return false;
	for (int i = 0; i < f->nstep; i++) {
		const struct step *s = &f->steps[i];

		at |= (s->kind == STEP_ITERATE || s->kind == STEP_NEXT) && !query_compare_place(s->at, c->in->at);
		callback |= !text_compare(s->func, c->callback_name);
	}
	at |= !query_compare_place(f->origin, c->in->at);
	return at && (callback || !c->giver);
}

static const char *escape_of(struct question *q, const struct iteration_call *c)
{
	for (size_t i = 0; i < q->an->result->nfact; i++) {
		const struct fact *f = q->an->result->facts[i];

		if (!is_about(f, c))
			continue;
		return arena_printf(q->arena, f->kind == FACT_USE_AFTER_TURN ? "%s is used at %s, in %s()"
							: "%s is left in memory that lives on at %s, in %s()",
				    f->object, query_place(q, f->at), f->fn->name);
	}
	return NULL;
}

/* --- what the callback stores ------------------------------------------------------ */

static bool is_of_element(const struct sym *s, const struct iteration_call *c)
{
	const struct sym *root = sym_root(s);

	return root->kind == SYM_PARAM && root->value == c->e->element_param;
}

/* The instruction that stored the cell. */
static const struct insn *store_of(struct question *q, const struct iteration_call *c, const struct cell *cell)
{
	const struct node *n = c->callback;

	if (cell->func && cell->func != n->fn->name)
		n = program_resolve(&q->an->program, n, cell->func);
	for (int i = 0; n && i < func_read(n->fn)->ninsn; i++)
		if (n->fn->insns[i].op == OP_STORE && !query_compare_place(n->fn->insns[i].at, cell->at))
			return &n->fn->insns[i];
	return NULL;
}

/* A pointer to the object, into it, or loaded from it: not a number. */
static bool is_pointer_of(struct question *q, const struct iteration_call *c, const struct cell *cell)
{
	const struct insn *in;

	if (cell->value->kind != SYM_PARAM && cell->value->kind != SYM_ADDR && cell->value->kind != SYM_LOAD &&
	    cell->value->kind != SYM_ELEM)
		return false;
	if (!is_of_element(cell->value, c))
		return false;
	in = store_of(q, c, cell);
	return in ? in->is_pointer : cell->value->kind != SYM_LOAD;
}

/* The kind of the reference that the case takes on the element, or on what value points into; NULL: it takes none. */
static const char *reference_in(const struct iteration_call *c, const struct scase *k, const struct sym *value)
{
	for (int i = 0; k->refs && i < k->refs->n; i++) {
		const struct sym *object = sym_object(k->refs->items[i].object);

		if (k->refs->items[i].count > 0 && is_of_element(object, c) &&
		    (object->kind == SYM_PARAM || (value && object == sym_object(value))))
			return k->refs->items[i].kind;
	}
	return NULL;
}

/* Where a cell of the callback is, in the terms of who gives it its data; NULL when that cannot be told. */
static const struct sym *outside(struct question *q, const struct iteration_call *c, const struct sym *addr)
{
	const struct sym *params[16] = {0};

	if (c->e->data_param >= 0 && c->e->data_param < 16 && c->data)
		params[c->e->data_param] = reader_value(&q->reader, c->data_of, c->data);
	return reader_fill_params(&q->reader, c->data_of, params, 16, addr);
}

/* A lock that the caller took before the iteration and still has at it. */
static const char *lock_across(struct question *q, const struct iteration_call *c)
{
	struct held_locks held;

	held_at(q, c->n, c->in, &held);
	for (int i = 0; i < held.n; i++)
		if (!held.items[i].is_maybe && !held.items[i].is_released)
			return held_name(q, &held.items[i]);
	return NULL;
}

/* Does the function return what its iteration kept, and keeps no longer? */
static bool returns_it(const struct node *n)
{
	const struct summary *s = node_summary(n);

	for (int i = 0; s && n->fn->returns_pointer && i < s->ncase; i++) {
		const struct scase *k = &s->cases[i];

		for (int d = 0; k->ret && k->dead && d < k->dead->n; d++)
			if (sym_contains(k->ret, k->dead->items[d].root))
				return true;
	}
	return false;
}

struct judgement {
	struct question *q;
	const struct iteration_call *c;
	enum verdict v;
	const char *reason;
};

/* A worse verdict takes the place of a better one. */
static void judge(struct judgement *j, enum verdict v, const char *reason)
{
	static const int weight[VERDICTS] = {
		[VERDICT_ESCAPES] = 3, [VERDICT_UNKNOWN] = 2, [VERDICT_KEPT] = 1, [VERDICT_NOTHING] = 0,
	};

	if (j->reason && weight[v] <= weight[j->v])
		return;
	j->v = v;
	j->reason = reason;
}

static const char *printed(struct question *q, const struct sym *s, bool as_target)
{
	struct text t;
	const char *out;

	text_init(&t);
	sym_print(&t, s, as_target);
	out = arena_strdup(q->arena, text_str(&t));
	text_release(&t);
	return out;
}

static void judge_store(struct judgement *j, const struct scase *k, const struct cell *cell)
{
	struct question *q = j->q;
	const struct iteration_call *c = j->c;
	const char *what = printed(q, cell->value, false), *where = printed(q, cell->addr, true), *kind, *lock;
	const struct sym *dest, *root;

	if (is_of_element(cell->addr, c)) {
		judge(j, VERDICT_KEPT, arena_printf(q->arena, "%s is stored in the object itself, in %s", what, where));
		return;
	}
	kind = reference_in(c, k, cell->value);
	if (kind) {
		judge(j, VERDICT_KEPT, arena_printf(q->arena, "%s is stored in %s with a counted reference (%s)", what, where, kind));
		return;
	}
	lock = lock_across(q, c);
	dest = outside(q, c, cell->addr);
	root = dest ? sym_root(dest) : NULL;
	if (lock)
		judge(j, VERDICT_KEPT, arena_printf(q->arena, "%s is stored in %s; %s() holds %s across", what, where,
						    c->n->fn->name, lock));
	else if (root && root->kind == SYM_STACK && returns_it(c->data_of))
		judge(j, VERDICT_UNKNOWN, arena_printf(q->arena, "%s is stored in %s's %s, and returned: none of the callers that were read "
						       "uses it in a way that was seen", what, c->data_of->fn->name, printed(q, dest, true)));
	else if (root && root->kind == SYM_STACK)
		judge(j, VERDICT_KEPT, arena_printf(q->arena, "%s is stored in %s's %s, and not used after the iteration", what,
						    c->data_of->fn->name, printed(q, dest, true)));
	else
		judge(j, VERDICT_UNKNOWN, arena_printf(q->arena, "%s is stored in %s, which lives on: who uses it then was "
						       "not seen", what, dest ? printed(q, dest, true) : where));
}

static void judge_case(struct judgement *j, const struct scase *k)
{
	const struct iteration_call *c = j->c;
	bool stored = false;

	for (int i = 0; i < k->ncell; i++)
		if (is_pointer_of(j->q, c, &k->cells[i])) {
			judge_store(j, k, &k->cells[i]);
			stored = true;
		}
	if (stored || c->e->element_param < 0)
		return;
	if (reference_in(c, k, NULL))
		judge(j, VERDICT_KEPT, arena_printf(j->q->arena, "it is kept where its callers do not see it, with a counted "
						    "reference (%s)", reference_in(c, k, NULL)));
	else if (c->e->element_param < KEEPS_PERHAPS && k->keeps & 1u << c->e->element_param)
		judge(j, VERDICT_UNKNOWN, arena_strdup(j->q->arena, "it is stored in an object that its callers do not see"));
}

/* The first function that was not read and is given the object by the callback; or NULL. */
static const char *passed_on(struct question *q, const struct iteration_call *c)
{
	const struct node *n = c->callback;

	for (int i = 0; i < func_read(n->fn)->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC || model_find(q->model, in->args[0].name) ||
		    program_resolve(&q->an->program, n, in->args[0].name))
			continue;
		for (int k = 1; k < in->narg; k++)
			if (sym_object(reader_value(&q->reader, n, &in->args[k]))->kind == SYM_PARAM &&
			    is_of_element(reader_value(&q->reader, n, &in->args[k]), c))
				return in->args[0].name;
	}
	return NULL;
}

static const char *found_kind(const struct model_func *m)
{
	for (int i = 0; m && i < m->neffect; i++)
		if (m->effects[i].kind == EFFECT_FIND)
			return m->effects[i].what;
	return NULL;
}

/* The callback stores nothing of its object. */
static void judge_rest(struct judgement *j)
{
	const struct iteration_call *c = j->c;
	const char *kind = c->e->kind == EFFECT_MATCH ? found_kind(model_find(j->q->model, c->iterator)) : NULL;
	const char *other = passed_on(j->q, c);

	if (kind)
		judge(j, VERDICT_NOTHING, arena_printf(j->q->arena, "what matches is returned with a counted reference (%s)", kind));
	else if (other)
		judge(j, VERDICT_NOTHING, arena_printf(j->q->arena, "nothing is stored; %s() gets it, and was not read", other));
	else
		judge(j, VERDICT_NOTHING, "nothing is stored");
}

enum verdict verdict_of(struct question *q, const struct iteration_call *c, const char **reason)
{
	struct judgement j = {.q = q, .c = c, .v = VERDICT_NOTHING};
	const struct summary *s = c->callback ? node_summary(c->callback) : NULL;
	const struct summary *own = node_summary(c->n);
	bool is_said;

	if (!c->callback_name)
		judge(&j, c->is_handed_on ? VERDICT_NOTHING : VERDICT_UNKNOWN, c->why);
	else if (escape_of(q, c) && c->e->say)
		judge(&j, VERDICT_KEPT, arena_printf(q->arena, "%s; %s", escape_of(q, c), c->e->say));
	else if (escape_of(q, c))
		judge(&j, VERDICT_ESCAPES, escape_of(q, c));
	else if (!c->callback)
		judge(&j, VERDICT_UNKNOWN, arena_printf(q->arena, "%s() was not read", c->callback_name));
	else if (!s || s->is_unknown)
		judge(&j, VERDICT_UNKNOWN, arena_printf(q->arena, "%s() is over budget, or in a cycle of calls", c->callback_name));
	is_said = j.reason != NULL;
	for (int i = 0; !is_said && !(j.reason && j.v == VERDICT_UNKNOWN) && i < s->ncase; i++)
		judge_case(&j, &s->cases[i]);
	if (j.reason && j.v == VERDICT_UNKNOWN && c->callback && !c->e->keeps)
		j = (struct judgement){q, c, VERDICT_KEPT, "the iteration borrows nothing: its caller keeps the objects"};
	if (!is_said && j.reason && j.v == VERDICT_KEPT && (!own || own->is_unknown))
		j = (struct judgement){q, c, VERDICT_UNKNOWN,
			arena_printf(q->arena, "%s; but %s() is over budget", j.reason, c->n->fn->name)};
	if (!j.reason)
		judge_rest(&j);
	*reason = j.reason;
	return j.v;
}
