// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that comments demand. Entry: missing_said_check(). "Must be called with chip->lock held" above a function is as good
 * as an assertion in it where the code agrees: most of those who call it hold the lock. Comments grow old, and some
 * demand what others only should do: so only a direct call is reported, and never as an error.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/missing_own.h"
#include "infer/simulate.h"

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

/* Is it sure that the call is made without it, by code that others may run against? */
static bool goes_without(const struct search *s, const struct entry_call *c, const struct names *like)
{
	const struct node *n = c->caller;

	return n->evidence && !n->evidence->is_partial && !missing_may_hold(c->at, like) && !may_come_with(s, n, like) &&
	       !is_making(s, n, like);
}

void missing_said_check(struct search *s, const struct node *n)
{
	const char *lock = demanded(s, n);
	struct need_of_lock need = {.n = n, .is_said = true};
	struct way way = {.n = n};
	size_t first = s->entries.first[n->index], end = s->entries.first[n->index + 1];
	int holders = 0, without = 0;

	if (!lock || s->an->options->roots)
		return;
	need.want = names_one(s->arena, lock);
	need.like = alike_names(&s->alike, need.want);
	if (missing_asserts(n, need.want) || names_meet(entry_annotated(s->arena, n), need.want))
		return;			/* known better */
	for (size_t i = first; i < end; i++) {
		bool holds = does_hold(s, &s->entries.calls[i], need.like);

		holders += holds;
		without += !holds && !is_making(s, s->entries.calls[i].caller, need.like);
	}
	if (!without || without > holders)
		return;
	for (size_t i = first; i < end; i++) {
		const struct entry_call *c = &s->entries.calls[i];
		const struct way top = {.n = c->caller, .x = c->at, .next = &way}, *above;

		if (does_hold(s, c, need.like) || !goes_without(s, c, need.like))
			continue;
		above = missing_root(s, c->caller);
		if (above && !missing_was_reported(s, c->caller, need.want, !s->entries.of[above->n->index].is_slot))
			tell_missing(&s->teller, &need, &top, above, holders, true, !s->entries.of[above->n->index].is_slot);
	}
}
