// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists that few functions touch. Entries: guards_infer_list(), guards_is_racing(). Numbers say little where a list is
 * looked at by three functions. But what one puts on it under the object's own lock, and another walks under that lock, a
 * third must not take off under none that the second has: there are no two ways to see that.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/callgraph.h"
#include "infer/guards_own.h"
#include "infer/model.h"
#include "infer/whole.h"

#define LEAST_FUNCTIONS 2	/* that touch the list under the lock */
#define DEEP 8			/* values followed from what is taken off a list to its head */

/* ------------------------------------------------------------------ changes */

/* Is that member of that struct, or a link in it, the field? */
static bool is_field(const struct insn *in, const char *field, const char *link)
{
	size_t n, m;

	if (!in->struct_name || !in->field)
		return false;
	n = strlen(in->struct_name);
	m = strlen(in->field);
	return !strncmp(field, in->struct_name, n) && field[n] == '.' && m >= strlen(link) &&
	       !strncmp(field + n + 1, in->field, m - strlen(link)) && !field[n + 1 + m - strlen(link)] &&
	       !strcmp(in->field + m - strlen(link), link);
}

/* Is the value, so many bytes on, what the head of the list points to: at first, or later in a walk? */
static bool is_from_head(const struct func *fn, const struct arg *a, int64_t at, const char *field, int depth)
{
	const struct insn *in = a->kind == ARG_INSN ? &fn->insns[a->n] : NULL;

	if (!in || !depth)
		return false;
	if (in->op == OP_ADDR)
		return is_from_head(fn, &in->args[0], at + in->imm, field, depth - 1);
	if (in->op == OP_LOAD)
		return !at && (is_field(in, field, ".next") || is_field(in, field, ".prev") ||
			       is_field(in, field, ".first"));
	for (int i = 0; in->op == OP_PHI && i < in->narg; i++)
		if (is_from_head(fn, &in->args[i], at, field, depth - 1))
			return true;
	return false;
}

static bool is_change(const struct model *m, const struct func *fn, const struct insn *in, const char *field)
{
	const struct model_hint *in_list = model_find_hint(m, EFFECT_ENLIST, in->args[0].name, NULL);
	const struct model_hint *off_list = model_find_hint(m, EFFECT_DELIST, in->args[0].name, NULL);

	if (in_list && in_list->arg + 1 < in->narg && in->args[in_list->arg + 1].kind == ARG_INSN) {
		const struct insn *head = &fn->insns[in->args[in_list->arg + 1].n];

		if (head->op == OP_ADDR && is_field(head, field, ""))
			return true;
	}
	return off_list && off_list->arg + 1 < in->narg && is_from_head(fn, &in->args[off_list->arg + 1], 0, field, DEEP);
}

static bool calls_change(const struct model *m, const struct node *n)
{
	for (int i = 0; i < n->fn->nlink; i++)
		if (n->fn->links[i].kind == LINK_CALL && (model_find_hint(m, EFFECT_ENLIST, n->fn->links[i].name, NULL) ||
							  model_find_hint(m, EFFECT_DELIST, n->fn->links[i].name, NULL)))
			return true;
	return false;
}

/* Does the function put something on the list, or take off what it has found there? */
static bool changes(const struct guards *g, const struct node *n, const char *field)
{
	const struct func *fn = n->fn;

	if (!calls_change(g->model, n))
		return false;
	whole_reads(g->an, n);
	for (int i = 0; i < fn->ninsn; i++)
		if (fn->insns[i].op == OP_CALL && fn->insns[i].args[0].kind == ARG_FUNC &&
		    is_change(g->model, fn, &fn->insns[i], field))
			return true;
	return false;
}

/* ------------------------------------------------------------------ the lock */

static bool is_list(const struct tally *t)
{
	for (int i = 0; i < t->n; i++)
		if (t->uses[i].x->touch & TOUCH_LINK)
			return true;
	return false;
}

/* Those who touch it under the lock. NULL if they are too few, or none of them changes it. */
static struct guard *under(struct guards *g, const struct tally *t, const char *lock)
{
	struct guard *x = ARENA_NEW(g->arena, struct guard);
	const struct node *last = NULL;
	bool is_changed = false;

	*x = (struct guard){
		.field = t->field, .lock = lock, .is_inferred = true, .is_list = true, .is_of_changes = true,
	};
	x->folders = ARENA_ARRAY(g->arena, const char *, t->n);
	x->sets = ARENA_ARRAY(g->arena, const struct names *, t->n);
	for (int i = 0; i < t->n; i++) {
		const struct field_use *u = &t->uses[i];
		const struct names *held = guards_sure_at(g, u);

		if (u->x->touch & TOUCH_NEW || guards_is_making(g, u->n, lock))
			continue;
		x->all += u->x->count;
		if (!names_has(held, lock))
			continue;
		x->under += u->x->count;
		x->sets[x->nset++] = held;
		if (last == u->n)
			continue;
		last = u->n;
		x->folders[x->functions++] = guards_folder(u->n->fn->file);
		is_changed |= changes(g, u->n, t->field);
	}
	return is_changed && x->functions >= LEAST_FUNCTIONS ? x : NULL;
}

struct guard *guards_infer_list(struct guards *g, const struct tally *t)
{
	const struct names *candidates = NULL;
	struct guard *best = NULL;

	if (!is_list(t) || !guards_member(t->field))
		return NULL;
	for (int i = 0; i < t->n; i++)
		candidates = names_join(g->arena, candidates, t->uses[i].x->own);
	for (int i = 0; candidates && i < candidates->n; i++) {
		const char *lock = candidates->items[i];
		struct guard *x = guards_may(g, lock, t->field) ? under(g, t, lock) : NULL;

		if (x && (!best || x->functions > best->functions))
			best = x;
	}
	return best;
}

/* ------------------------------------------------------------------ who goes without */

/*
 * Is that where the function comes to the list, and never with the lock held? Who looks at it under the lock as well knows
 * what he does.
 */
static bool is_without(const struct node *n, const struct sighting *at, const struct guard *guard)
{
	for (int i = 0; i < n->evidence->n; i++) {
		const struct sighting *x = &n->evidence->items[i];

		if (x->kind != EVIDENCE_ACCESS || x->name != guard->field)
			continue;
		if (names_may_have(x->held, guard->lock) || (x->touch & TOUCH_LINK && !(at->touch & TOUCH_LINK)))
			return false;
	}
	return true;
}

/* Has the function to do with the lock at all? Then it knows when to take it, or gives back what another function took. */
static bool knows_lock(const struct node *n, const char *lock)
{
	for (int i = 0; i < n->evidence->n; i++)
		if (names_has(n->evidence->items[i].held, lock) || names_has(n->evidence->items[i].gone, lock))
			return true;
	return false;
}

/* Does the function store into what is at the field, as an element of an array? */
static bool stores_into(const struct guards *g, const struct node *n, const char *field)
{
	const struct func *fn = n->fn;

	whole_reads(g->an, n);
	for (int i = 0; i < fn->ninsn; i++) {
		const struct arg *a = fn->insns[i].op == OP_STORE ? &fn->insns[i].args[0] : NULL;
		const struct insn *in = a && a->kind == ARG_INSN ? &fn->insns[a->n] : NULL;

		if (in && in->op == OP_INDEX && in->args[0].kind == ARG_INSN)
			in = &fn->insns[in->args[0].n];
		if (in && in->op == OP_ADDR && is_field(in, field, ""))
			return true;
	}
	return false;
}

static bool writes(const struct guards *g, const struct guard *guard, const struct node *n, const struct sighting *x)
{
	if (x->touch & TOUCH_WRITE)
		return true;
	return x->touch & (TOUCH_ADDRESS | TOUCH_LINK) &&
	       (changes(g, n, guard->field) || stores_into(g, n, guard->field));
}

bool guards_is_racing(const struct guards *g, const struct guard *guard, const struct node *n, const struct sighting *x)
{
	const struct names *held = names_join(g->arena, x->held, g->entries->of[n->index].sure);
	const struct names *mine = names_without(g->arena, held, names_one(g->arena, intern(NOT_PREEMPTED)));
	bool is_alone = true;

	if (!is_without(n, x, guard) || guards_is_exempt(n) || guards_is_ending(g, n) ||
	    model_name_says(g->model, n->fn->name, NAME_ALONE))
		return false;
	if (guard->is_said)
		return !knows_lock(n, guard->lock) && writes(g, guard, n, x);
	if (!changes(g, n, guard->field))
		return false;
	for (int i = 0; i < guard->nset; i++)
		is_alone &= names_meet(guard->sets[i], mine);
	return !is_alone;
}
