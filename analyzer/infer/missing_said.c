// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that comments demand. Entry: missing_said_check(). "Must be called with chip->lock held" above a function is as good
 * as an assertion in it where the code agrees: all but one of those who call it hold the lock. Comments grow old, and some
 * demand what need not be: so only the one that does otherwise is reported, if no comment in it tells why, and never as an
 * error.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/missing_own.h"
#include "infer/model.h"
#include "infer/simulate.h"
#include "infer/whole.h"

/* ------------------------------------------------------------------ which lock is meant */

/* A name in the comment as a lock's class: the member of a parameter, or a variable. NULL: it is no lock. */
static const char *class_of(const struct search *s, const struct node *n, const char *word, size_t len)
{
	size_t first = strcspn(word, "-.,;"), rest;
	const char *found = NULL;

	first = first < len ? first : len;
	rest = first < len ? first + (word[first] == '-' ? 2 : 1) : 0;
	for (int i = 0; i < n->fn->nparam; i++) {
		const struct param *p = &n->fn->params[i];
		const char *name = NULL;

		if (!p->type)
			continue;
		if (!rest)
			name = arena_printf(s->arena, "%s.%.*s", p->type, (int)len, word);
		else if (p->name && strlen(p->name) == first && !memcmp(p->name, word, first))
			name = arena_printf(s->arena, "%s.%.*s", p->type, (int)(len - rest), word + rest);
		if (!name || !alike_has(&s->alike, name))
			continue;
		if (found)
			return NULL;		/* of two parameters: nobody knows whose */
		found = intern(name);
	}
	if (!found && word[first] != '-' && alike_has(&s->alike, arena_printf(s->arena, "%.*s", (int)len, word)))
		found = intern_n(word, len);
	if (!found && !rest && n->fn->file) {
		const char *name = arena_printf(s->arena, "%.*s:%s", (int)len, word, n->fn->file);

		found = alike_has(&s->alike, name) ? intern(name) : NULL;
	}
	return found;
}

/* The one lock that the comment above the function demands; NULL if there is none, or it may be another. */
static const char *demanded(const struct search *s, const struct node *n)
{
	const char *at = n->fn->notes ? strstr(n->fn->notes, "said_held:") : NULL, *lock = NULL;

	for (at = at ? strchr(at, ':') : NULL; at && (*at == ':' || *at == ','); at += strcspn(at, ",;")) {
		const char *name = class_of(s, n, at + 1, strcspn(at + 1, ",;"));

		at++;
		if (name && lock && name != lock)
			return NULL;
		lock = name ? name : lock;
	}
	return lock;
}

/* ------------------------------------------------------------------ who holds it */

static bool is_demanded(const struct search *s, const struct node *n, const struct names *like)
{
	const char *lock = demanded(s, n);

	return lock && names_has(like, lock);
}

/* Do some who call the caller hold it? Then the caller knows of it, and others may know that it is not needed yet. */
static bool is_held_above(const struct search *s, const struct node *n, const struct names *like)
{
	for (size_t i = s->entries.first[n->index]; i < s->entries.first[n->index + 1]; i++)
		if (missing_is_holder(s, &s->entries.calls[i], like))
			return true;
	return false;
}

static bool does_hold(const struct search *s, const struct entry_call *c, const struct names *like)
{
	return missing_is_holder(s, c, like) || is_demanded(s, c->caller, like) || is_held_above(s, c->caller, like);
}

static bool is_making(const struct search *s, const struct node *n, const struct names *like)
{
	for (int i = 0; i < like->n; i++)
		if (guards_is_making(&s->guards, n, like->items[i]))
			return true;
	return missing_is_init(n);
}

/*
 * Could somebody hold it who calls n? That too much may be held there, or something that has no name, is no sign that this
 * lock is: who expects it of his callers says so in a comment as well.
 */
static bool may_come_with(const struct search *s, const struct node *n, const struct names *like)
{
	const struct entry_locks *entry = &s->entries.of[n->index];

	return names_meet(entry->near, like) || (entry->is_unseen && names_meet(s->entries.far, like));
}

/* Do the caller's name, or those of all who call it, say that nobody else has the object? */
static bool is_alone(const struct search *s, const struct node *n)
{
	size_t first = s->entries.first[n->index], end = s->entries.first[n->index + 1];
	bool alone = first < end;

	for (size_t i = first; i < end; i++)
		alone &= model_name_says(s->an->options->model, s->entries.calls[i].caller->fn->name, NAME_ALONE);
	return alone || model_name_says(s->an->options->model, n->fn->name, NAME_ALONE);
}

/* Is the lock in a variable that the caller names? Then it knows the lock by another name. */
static bool is_of_variable(const struct search *s, const struct entry_call *c, const struct node *n, const char *lock)
{
	const struct insn *in = NULL;

	if (c->at) {
		whole_reads(s->an, c->caller);
		in = &c->caller->fn->insns[c->at->site];
	}
	for (int i = 0; in && i < n->fn->nparam && i + 1 < in->narg; i++) {
		const char *type = n->fn->params[i].type;
		size_t len = type ? strlen(type) : 0;

		if (len && !strncmp(lock, type, len) && lock[len] == '.' && in->args[i + 1].kind == ARG_GLOBAL)
			return true;
	}
	return false;
}

/* Is something given to the call that the caller has just been given by a function that makes such things? */
static bool has_new(const struct search *s, const struct node *caller, const struct insn *in)
{
	const struct func *fn = caller->fn;

	for (int i = 1; i < in->narg; i++) {
		const struct insn *made = in->args[i].kind == ARG_INSN ? &fn->insns[in->args[i].n] : NULL;

		while (made && made->op == OP_ADDR && made->args[0].kind == ARG_INSN)
			made = &fn->insns[made->args[0].n];
		if (made && made->op == OP_CALL && made->args[0].kind == ARG_FUNC &&
		    model_name_says(s->an->options->model, made->args[0].name, NAME_ALONE))
			return true;
	}
	return false;
}

/* Does the caller know when to take the lock? It does so for another call of n, or what it deals with is new. */
static bool knows(const struct search *s, const struct node *caller, const struct node *n, const struct names *like)
{
	const struct func *fn = caller->fn;

	for (size_t i = s->entries.first[n->index]; i < s->entries.first[n->index + 1]; i++)
		if (s->entries.calls[i].caller == caller && missing_is_holder(s, &s->entries.calls[i], like))
			return true;
	whole_reads(s->an, caller);
	for (int i = 0; i < fn->ninsn; i++)
		if (fn->insns[i].op == OP_CALL && fn->insns[i].args[0].kind == ARG_FUNC &&
		    fn->insns[i].args[0].name == n->fn->name && has_new(s, caller, &fn->insns[i]))
			return true;
	return false;
}

/* Has the caller a reason to go without? It is about to make the lock, or says that none is needed. */
static bool is_excused(const struct search *s, const struct node *n, const struct names *like)
{
	return is_making(s, n, like) || is_alone(s, n) || guards_is_exempt(n);
}

/* Is it sure that the call is made without it? */
static bool goes_without(const struct search *s, const struct entry_call *c, const struct need_of_lock *need)
{
	const struct node *n = c->caller;

	return n->evidence && !n->evidence->is_partial && !missing_may_hold(c->at, need->like) &&
	       !may_come_with(s, n, need->like) && !is_of_variable(s, c, need->n, need->want->items[0]);
}

/* The one who does without, where others hold it; NULL if there are more: then the comment means something else. */
static const struct entry_call *find_odd_one(const struct search *s, const struct need_of_lock *need, int *holders)
{
	const struct entry_call *odd = NULL;
	size_t first = s->entries.first[need->n->index], end = s->entries.first[need->n->index + 1];
	int without = 0;

	for (size_t i = first; i < end; i++) {
		const struct entry_call *c = &s->entries.calls[i];

		if (does_hold(s, c, need->like)) {
			++*holders;
		} else if (!is_excused(s, c->caller, need->like) && !knows(s, c->caller, need->n, need->like)) {
			without += !odd || odd->caller != c->caller;
			odd = c;
		}
	}
	return *holders && without == 1 && goes_without(s, odd, need) ? odd : NULL;
}

void missing_said_check(struct search *s, const struct node *n)
{
	const char *lock = demanded(s, n);
	struct need_of_lock need = {.n = n, .is_said = true};
	struct way way = {.n = n}, top = {.next = &way};
	const struct entry_call *odd;
	const struct way *above;
	int holders = 0;
	bool is_doubtful;

	if (!lock || s->an->options->roots)
		return;
	need.want = names_one(s->arena, lock);
	need.like = alike_names(&s->alike, need.want);
	if (missing_asserts(n, need.want) || names_meet(entry_annotated(s->arena, n), need.want))
		return;			/* known better */
	odd = find_odd_one(s, &need, &holders);
	above = odd ? missing_root(s, odd->caller) : NULL;
	if (!above)
		return;
	top.n = odd->caller;
	top.x = odd->at;
	is_doubtful = !s->entries.of[above->n->index].is_slot;
	if (!missing_was_reported(s, top.n, need.want, is_doubtful))
		tell_missing(&s->teller, &need, &top, above, holders, true, is_doubtful);
}
