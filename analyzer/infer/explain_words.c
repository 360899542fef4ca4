// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of steps. Entries: words_step(), words_call() and words_end() for a step, a call
 * whose own steps are told, and its end; words_condition(), words_symbol(), words_lock() for
 * what they speak of. What has no name in the source is not given one: a condition on it has
 * no words.
 */
#include "infer/explain.h"

#include <string.h>

#include "base/text.h"

const char *words_symbol(struct arena *a, const struct sym *s, bool as_target)
{
	struct text t;
	const char *copy;

	if (!s)
		return "";
	text_init(&t);
	sym_print(&t, s, as_target);
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

/* "group->mutex" of a lock's address. */
const char *words_lock(struct arena *a, const struct sym *lock, const char *kind)
{
	if (lock->kind == SYM_GLOBAL && lock->name == kind)
		return kind;
	if (lock->first && lock->kind != SYM_ADDR && lock->kind != SYM_GLOBAL)
		return arena_printf(a, "%s->%s", words_symbol(a, lock, false), lock->first);
	if (lock->kind == SYM_PARAM || lock->kind == SYM_LOAD || lock->kind == SYM_NEW)
		return arena_printf(a, "*%s", words_symbol(a, lock, false));
	return words_symbol(a, lock, true);
}

/* Is there something in it that has no name in the source? */
static bool is_nameless(const struct sym *s)
{
	return s && ((s->kind == SYM_NEW && !s->name) || is_nameless(s->a) || is_nameless(s->b));
}

static const char *show_operand(struct steps *s, const struct sym *v);

static const char *show_arithmetic(struct steps *s, const struct sym *v)
{
	static const char *const ops[] = {
		[BIN_ADD] = "+", [BIN_SUB] = "-", [BIN_MUL] = "*", [BIN_DIV] = "/", [BIN_REM] = "%", [BIN_AND] = "&",
		[BIN_OR] = "|", [BIN_XOR] = "^", [BIN_SHL] = "<<", [BIN_SHR] = ">>", [BIN_OTHER] = NULL,
	};
	const char *a = show_operand(s, v->a), *b = show_operand(s, v->b), *op = ops[v->sub];

	if (!a || !b || !op)
		return NULL;
	if (v->a->kind == SYM_BIN)
		a = arena_printf(s->an->arena, "(%s)", a);
	if (v->b->kind == SYM_BIN)
		b = arena_printf(s->an->arena, "(%s)", b);
	if (v->sub == BIN_ADD && v->b->kind == SYM_INT && *b == '-') {
		op = "-";
		b++;
	}
	return arena_printf(s->an->arena, "%s %s %s", a, op, b);
}

/* A value in words; NULL when nothing can be said of it. */
static const char *show_operand(struct steps *s, const struct sym *v)
{
	const struct insn *in = NULL;

	if (v->kind == SYM_BIN)
		return show_arithmetic(s, v);
	if (!is_nameless(v))
		return words_symbol(s->an->arena, v, false);
	if (v->kind == SYM_NEW && v->site >= 0 && v->site < s->fn->ninsn)
		in = &s->fn->insns[v->site];
	if (in && !v->value && in->op == OP_CALL && in->args[0].kind == ARG_FUNC)
		return arena_printf(s->an->arena, "the result of %s()", in->args[0].name);
	return NULL;
}

/* The address of what it is compared with, as an empty list has it in its head; or NULL. */
static const struct sym *compared_with_itself(const struct sym *c)
{
	if (c->sub != CMP_EQ && c->sub != CMP_NE)
		return NULL;
	if (c->b->kind == SYM_LOAD && c->b->a == c->a)
		return c->a;
	return c->a->kind == SYM_LOAD && c->a->a == c->b ? c->b : NULL;
}

static const char *show_comparison(struct steps *s, const struct sym *c)
{
	static const char *const ops[] = {
		[CMP_EQ] = "is", [CMP_NE] = "is not", [CMP_ULT] = "<", [CMP_ULE] = "<=", [CMP_UGT] = ">",
		[CMP_UGE] = ">=", [CMP_SLT] = "<", [CMP_SLE] = "<=", [CMP_SGT] = ">", [CMP_SGE] = ">=",
	};
	const char *a = show_operand(s, c->a), *b = show_operand(s, c->b);
	const struct sym *itself = compared_with_itself(c);
	struct arena *mem = s->an->arena;

	if (!a || !b)
		return NULL;
	if (itself)
		return arena_printf(mem, "%s %s", words_symbol(mem, itself, true),
				    c->sub == CMP_EQ ? "points to itself" : "does not point to itself");
	if (c->sub == CMP_UGE && c->b->kind == SYM_INT && c->b->value == -4095)
		return arena_printf(mem, "%s is an error pointer", a);
	if (c->sub == CMP_ULT && c->b->kind == SYM_INT && c->b->value == -4095)
		return arena_printf(mem, "%s is no error pointer", a);
	return arena_printf(mem, "%s %s %s", a, ops[c->sub], b);
}

/* NULL when nothing can be said of it. */
const char *words_condition(struct steps *s, const struct sym *c)
{
	const char *a, *b;

	if (c->kind == SYM_CMP)
		return show_comparison(s, c);
	if (c->kind == SYM_ALL) {
		a = words_condition(s, c->a);
		b = words_condition(s, c->b);
		return a && b ? arena_printf(s->an->arena, "%s and %s", a, b) : a ? a : b;
	}
	a = show_operand(s, c);
	return a ? arena_printf(s->an->arena, "%s is not 0", a) : NULL;
}

static const char *what_of(const struct trace *t)
{
	return t->what ? t->what : "";
}

static const char *callee_of(const struct trace *t)
{
	return t->callee ? t->callee : "the code";
}

/* The last step of all, when it says what is wrong. */
static const char *describe_fault(struct steps *s, const struct trace *t)
{
	struct arena *a = s->an->arena;
	const char *lock = words_lock(a, t->object, what_of(t)), *does, *why;
	bool is_call = t->inner;

	switch (s->about->kind) {
	case FACT_LOCK_TAKEN_AGAIN:
		does = "takes";
		why = is_call ? " again" : ", which is held already";
		break;
	case FACT_LOCK_TAKEN_AGAIN_BY_TURN:
		does = "takes";
		why = " of this element while one of an earlier element is held";
		break;
	case FACT_UNLOCK_UNHELD:
		does = "releases";
		why = is_call ? " though it is not held" : ", which is not held";
		break;
	case FACT_SLEEP_IN_ATOMIC:
		return is_call ? arena_printf(a, "calls %s() with %s held, which may sleep", callee_of(t), lock)
			       : arena_printf(a, "%s() may sleep, with %s held", callee_of(t), lock);
	case FACT_REF_PUT_AGAIN:
		return arena_printf(a, "%s() gives back a reference on %s that is not there any more", callee_of(t),
				    words_symbol(a, t->object, false));
	case FACT_REF_PUT_OTHERS:
		return arena_printf(a, "%s() gives back a reference on %s, and none was taken", callee_of(t),
				    words_symbol(a, t->object, false));
	default:
		return arena_printf(a, "%s outlives the iteration", words_symbol(a, t->object, true));
	}
	return is_call ? arena_printf(a, "calls %s(), which %s %s%s", callee_of(t), does, lock, why)
		       : arena_printf(a, "%s() %s %s%s", callee_of(t), does, lock, why);
}

/* What a call does to a lock or a reference: takes, has taken. */
static const char *describe_deed(struct steps *s, const struct trace *t, bool is_done)
{
	struct arena *a = s->an->arena;
	bool is_callers = has_dropped(t, t->object) && !strcmp(t->func, s->fn->name);
	const char *object = words_symbol(a, t->object, false), *lock = words_lock(a, t->object, what_of(t));

	switch (t->kind) {
	case STEP_LOCK:
		return arena_printf(a, "%s %s", is_done ? "has taken" : "takes", lock);
	case STEP_UNLOCK:
		return arena_printf(a, "%s %s%s", is_done ? "has released" : "releases", lock,
				    is_callers ? ", which was held on entry" : "");
	case STEP_GET:
		return arena_printf(a, "%s a reference on %s", is_done ? "has taken" : "takes", object);
	case STEP_FIND:
		return arena_printf(a, "%s %s with a counted reference (%s)", is_done ? "has given" : "gives", object,
				    what_of(t));
	default:
		return arena_printf(a, "%s a reference on %s", is_done ? "has given back" : "gives back", object);
	}
}

const char *words_step(struct steps *s, const struct trace *t)
{
	struct arena *a = s->an->arena;
	const char *object = t->object ? words_symbol(a, t->object, false) : "";

	switch (t->kind) {
	case STEP_ENTER:
		return arena_printf(a, "%s() begins", t->func);
	case STEP_BRANCH:
		return arena_printf(a, "here %s", words_condition(s, t->object));
	case STEP_LOCK: case STEP_UNLOCK: case STEP_GET: case STEP_FIND: case STEP_PUT:
		return arena_printf(a, "%s() %s", callee_of(t), describe_deed(s, t, false));
	case STEP_CALL:
		return arena_printf(a, "calls %s()", callee_of(t));
	case STEP_ITERATE:
		return arena_printf(a, "%s() calls %s() for each element", callee_of(t), what_of(t));
	case STEP_NEXT:
		return arena_printf(a, "%s() goes on to the next element", callee_of(t));
	case STEP_ITERATED:
		return arena_printf(a, "%s() has returned: what it iterated over is no longer kept by it", callee_of(t));
	case STEP_STORE:
		return t->callee ? arena_printf(a, "%s() stores %s in %s", t->callee, object, words_symbol(a, t->target, true))
				 : arena_printf(a, "stores %s in %s", object, words_lock(a, t->target, ""));
	case STEP_RETURN:
		return arena_printf(a, "returns");
	case STEP_SLEEP:
		return arena_printf(a, t->inner ? "calls %s()" : "%s() may sleep", callee_of(t));
	case STEP_USE:
		if (t->callee)
			return arena_printf(a, "passes %s to %s(), which uses it", object, t->callee);
		return t->what ? arena_printf(a, "uses %s, its field %s", object, t->what) : arena_printf(a, "uses %s", object);
	default:
		return describe_fault(s, t);
	}
}

const char *words_call(struct steps *s, const struct trace *t)
{
	struct arena *a = s->an->arena;

	return is_lock_step(t) || is_count_step(t)
		? arena_printf(a, "calls %s(), which %s", callee_of(t), describe_deed(s, t, false)) : words_step(s, t);
}

const char *words_end(struct steps *s, const struct trace *t)
{
	struct arena *a = s->an->arena;

	return is_lock_step(t) || is_count_step(t)
		? arena_printf(a, "%s() %s", callee_of(t), describe_deed(s, t, true))
		: arena_printf(a, "%s() has returned", callee_of(t));
}
