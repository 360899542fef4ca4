// SPDX-License-Identifier: GPL-2.0-only
/*
 * Needs of locks as facts. Entries: tell_missing(), tell_unsaid(). The steps come down from who is known to be called,
 * past the function that should hold the lock, to what needs it.
 */
#include "infer/missing_story.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/model.h"
#include "infer/simulate.h"
#include "infer/value.h"

#define MAX_STEPS 60
#define MAX_CALLERS 8

struct story {
	struct teller *t;
	struct step *items;
	int n;
};

static void tell(struct story *s, enum step_kind kind, int depth, struct place at, const char *func, const char *text,
		 const char *locks)
{
	if (s->n < MAX_STEPS)
		s->items[s->n++] = (struct step){
			.kind = kind, .depth = depth, .at = at, .func = func, .text = text,
			.locks = locks, .borrows = "", .refs = "",
		};
}

static struct story story_new(struct teller *t)
{
	return (struct story){.t = t, .items = ARENA_ARRAY(t->an->arena, struct step, MAX_STEPS)};
}

static const char *list_of(struct arena *a, const struct names *s)
{
	struct text t;
	const char *copy;

	text_init(&t);
	for (int i = 0; s && i < s->n; i++)
		text_printf(&t, "%s%s", i ? ", " : "", flow_plain_name(s->items[i]));
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

/* "rcu or vhost_vsock_mutex" */
static const char *words_of_want(struct arena *a, const struct names *s)
{
	struct text t;
	const char *copy;

	text_init(&t);
	for (int i = 0; i < s->n; i++)
		text_printf(&t, "%s%s", i ? " or " : "", flow_plain_name(s->items[i]));
	copy = arena_strdup(a, text_str(&t));
	text_release(&t);
	return copy;
}

/* Where n calls that function, or does x. */
static struct place place_of(const struct node *n, const struct sighting *x, const char *callee)
{
	const struct func *fn = func_read(n->fn);

	if (x)
		return fn->insns[x->site].at;
	for (int i = 0; callee && i < fn->ninsn; i++)
		if (fn->insns[i].op == OP_CALL && fn->insns[i].args[0].kind == ARG_FUNC && fn->insns[i].args[0].name == callee)
			return fn->insns[i].at;
	return (struct place){fn->file, fn->line, 0, fn};
}

/* "group->mutex" for the class "iommu_group.mutex" where a member of group is touched. */
static const char *words_of_lock(struct teller *t, const struct need_of_lock *need, bool with_address)
{
	const char *class_name = need->want->items[0], *dot = guards_member(class_name);
	const struct sym *object;
	const char *words;
	struct text out;

	if (!dot || !need->guard || !need->x || need->want->n > 1)
		return need->want->n > 1 ? words_of_want(t->an->arena, need->want) :
			with_address && !dot ? arena_printf(t->an->arena, "&%s", flow_plain_name(class_name)) : flow_plain_name(class_name);
	func_read(need->n->fn);
	object = sym_object(reader_value(t->reader, need->n, &need->n->fn->insns[need->x->site].args[0]));
	text_init(&out);
	sym_print(&out, object, false);
	words = arena_printf(t->an->arena, "%s%s->%s", with_address ? "&" : "", text_str(&out), dot + 1);
	if (!out.len || strchr(text_str(&out), ' ') || strchr(text_str(&out), '&'))
		words = flow_plain_name(class_name);
	text_release(&out);
	return words;
}

/* What is wrong at the end of the way. */
static const char *words_of_need(struct arena *a, const struct need_of_lock *need)
{
	const char *want = words_of_want(a, need->want);

	if (need->callee)
		return arena_printf(a, "asserts that %s is held", want);
	if (need->is_said)
		return arena_printf(a, "says in the comment above it that its callers hold %s", want);
	if (!need->x)
		return arena_printf(a, "is annotated to be called with %s held", want);
	if (!need->guard)
		return arena_printf(a, "asserts that %s is held", want);
	if (need->guard->is_said)
		return arena_printf(a, "writes %s, which %s guards: so says a comment in the struct, and so it is in %d of %d accesses",
				    flow_plain_name(need->guard->field), want, need->guard->under, need->guard->all);
	if (need->guard->is_of_changes)
		return arena_printf(a, "changes %s, which elsewhere %s guards: inferred, from %d functions that put something on "
				    "it or look at it", flow_plain_name(need->guard->field), want, need->guard->functions);
	if (need->guard->is_inferred)
		return arena_printf(a, "%s %s, which elsewhere %s guards: inferred, from %d of %d accesses in %d functions",
				    need->x->touch & TOUCH_WRITE ? "writes" : "goes to", flow_plain_name(need->guard->field), want,
				    need->guard->under, need->guard->all, need->guard->functions);
	return arena_printf(a, "%s %s, which %s guards", need->x->touch & TOUCH_WRITE ? "writes" : "goes to",
			    flow_plain_name(need->guard->field), want);
}

/* The last release of such a lock before the place, in n itself. */
static void tell_release(struct story *s, const struct node *n, const struct sighting *x, const struct names *want,
			 int depth)
{
	const struct func *fn = func_read(n->fn);

	for (int i = x->site; i-- > 0; ) {
		const struct insn *in = &fn->insns[i];
		const struct model_func *m = in->op == OP_CALL && in->args[0].kind == ARG_FUNC ?
			model_find(s->t->an->options->model, in->args[0].name) : NULL;

		for (int k = 0; m && k < m->neffect; k++) {
			const struct effect *e = &m->effects[k];

			if (e->kind != EFFECT_RELEASE || e->arg < 0 || e->arg + 1 >= in->narg ||
			    !names_has(want, sym_class(reader_value(s->t->reader, n, &in->args[e->arg + 1]), e->what)))
				continue;
			tell(s, STEP_UNLOCK, depth, in->at, fn->name,
			     arena_printf(s->t->an->arena, "%s() releases it", in->args[0].name),
			     list_of(s->t->an->arena, x->held));
			return;
		}
	}
}

static void tell_way(struct story *s, const struct need_of_lock *need, const struct way *top, const struct way *above)
{
	struct arena *a = s->t->an->arena;
	int depth = 0;

	if (above)
		tell(s, STEP_ENTER, 0, place_of(above->n, NULL, NULL), above->n->fn->name,
		     arena_printf(a, "%s() is called %s, by nobody with %s held", above->n->fn->name,
				  s->t->entries->of[above->n->index].is_named ? "through a pointer" : "from elsewhere",
				  words_of_want(a, need->want)), "");
	for (const struct way *w = above; w && w != top && w->n != top->n; w = w->next)
		tell(s, STEP_CALL, depth++, place_of(w->n, w->x, w->next->n->fn->name), w->n->fn->name,
		     arena_printf(a, "calls %s()", w->next->n->fn->name), w->x ? list_of(a, w->x->held) : "");
	if (top->x && names_meet(top->x->gone, need->want))
		tell_release(s, top->n, top->x, need->want, depth);
	for (const struct way *w = top; w->next; w = w->next)
		tell(s, STEP_CALL, depth++, place_of(w->n, w->x, w->next->n->fn->name), w->n->fn->name,
		     arena_printf(a, "calls %s()", w->next->n->fn->name), w->x ? list_of(a, w->x->held) : "");
	tell(s, STEP_FAULT, depth, place_of(need->n, need->x, need->callee), need->n->fn->name, need->callee ?
	     arena_printf(a, "calls %s(), which %s", need->callee, words_of_need(a, need)) : words_of_need(a, need),
	     need->x ? list_of(a, need->x->held) : "");
}

void tell_missing(struct teller *t, const struct need_of_lock *need, const struct way *top, const struct way *above,
		  int holders, bool is_weak, bool is_doubtful)
{
	struct arena *a = t->an->arena;
	struct fact *f = ARENA_NEW(a, struct fact);
	struct story s = story_new(t);
	const char *callee = top->next ? top->next->n->fn->name : need->callee;
	const char *needy = need->callee ? need->callee : need->n->fn->name;

	tell_way(&s, need, top, above);
	*f = (struct fact){
		.kind = FACT_LOCK_MISSING, .fn = top->n->fn, .unit = top->n->unit, .at = place_of(top->n, top->x, callee),
		.object = callee ? words_of_want(a, need->want) : words_of_lock(t, need, false),
		.class = need->want->items[0], .kind_name = "lock", .function = callee,
		.field = need->guard ? flow_plain_name(need->guard->field) : NULL, .say = words_of_need(a, need),
		.origin = place_of(need->n, need->x, need->callee), .nstep = s.n, .steps = s.items,
		.is_warned = is_weak || (need->guard && need->guard->is_inferred), .is_inferred = is_doubtful,
	};
	if (callee && holders)
		f->say = arena_printf(a, "%s() %s; %d other call%s of %s() hold%s it", needy, f->say, holders,
				      text_plural((size_t)holders), callee, holders == 1 ? "s" : "");
	else if (callee)
		f->say = arena_printf(a, "%s() %s", needy, f->say);
	explain_add(t->an, f);
}

void tell_unsaid(struct teller *t, const struct need_of_lock *need)
{
	struct arena *a = t->an->arena;
	struct fact *f = ARENA_NEW(a, struct fact);
	struct story s = story_new(t);
	size_t first = t->entries->first[need->n->index], end = t->entries->first[need->n->index + 1];

	for (size_t i = first; i < end && i < first + MAX_CALLERS; i++) {
		const struct entry_call *c = &t->entries->calls[i];
		const char *name = need->n->fn->name;
		const struct names *held = names_join(a, c->at ? c->at->sure : NULL, t->entries->of[c->caller->index].sure);

		tell(&s, STEP_CALL, 0, place_of(c->caller, c->at, name), c->caller->fn->name,
		     arena_printf(a, "calls %s()", name), list_of(a, held));
	}
	tell(&s, STEP_FAULT, 1, place_of(need->n, need->x, NULL), need->n->fn->name, words_of_need(a, need),
	     list_of(a, need->want));
	*f = (struct fact){
		.kind = FACT_LOCK_UNSAID, .fn = need->n->fn, .unit = need->n->unit, .at = place_of(need->n, need->x, NULL),
		.object = words_of_lock(t, need, true), .class = need->want->items[0], .kind_name = "lock",
		.field = flow_plain_name(need->guard->field), .origin = place_of(need->n, need->x, NULL), .nstep = s.n, .steps = s.items,
	};
	explain_add(t->an, f);
}
