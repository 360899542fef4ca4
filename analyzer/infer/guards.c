// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guards of fields. Entries: guards_build(), guards_find().
 *
 * Inferred: in the manner of lockset analysis (Savage et al., "Eraser", 1997; Engler et al., "Bugs as deviant behavior",
 * 2001), over functions instead of runs. What counts is plain access by functions that run when the object is known to
 * others: new objects, functions that make the lock, init and exit code, READ_ONCE() and atomics are left out.
 */
#include "infer/guards_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/callgraph.h"
#include "infer/model.h"
#include "infer/simulate.h"

#define LEAST_UNDER 5		/* accesses under the lock */
#define LEAST_FUNCTIONS 3	/* that have them */
#define LEAST_SHARE 90		/* percent of all accesses */
#define MAX_MAKING 3		/* callers of callers that are looked at */

/* ------------------------------------------------------------------ who makes locks */

static bool has_section(const struct node *n, const char *part)
{
	return n->fn->section && strstr(n->fn->section, part);
}

static bool is_init_code(const struct node *n)
{
	return has_section(n, ".init") || has_section(n, ".exit");
}

/* A lock is made by a call that says so, or by a plain store into it. */
static bool makes(const struct node *n, const char *lock)
{
	size_t len = strlen(lock);

	for (int i = 0; n->evidence && i < n->evidence->n; i++) {
		const struct sighting *x = &n->evidence->items[i];

		if (x->kind == EVIDENCE_INIT && x->name == lock)
			return true;
		if (x->kind == EVIDENCE_ACCESS && x->touch & TOUCH_WRITE && !strncmp(x->name, lock, len) &&
		    (!x->name[len] || x->name[len] == '.'))
			return true;
	}
	return false;
}

/* Does the function, or one that it calls, make the lock? */
static bool sees_to_it(const struct node *n, const char *lock)
{
	if (makes(n, lock))
		return true;
	for (int k = 0; k < n->ncallee; k++)
		if (n->bonds[k] == BOND_CALL && makes(n->callees[k], lock))
			return true;
	return false;
}

static bool is_making(const struct guards *g, const struct node *n, const char *lock, int depth)
{
	const struct entries *e = g->entries;
	size_t first = e->first[n->index], end = e->first[n->index + 1];

	if (is_init_code(n) || sees_to_it(n, lock))
		return true;
	if (!depth || first == end || e->of[n->index].is_named)
		return false;
	for (size_t i = first; i < end; i++)
		if (!is_making(g, e->calls[i].caller, lock, depth - 1))
			return false;
	return true;
}

bool guards_is_making(const struct guards *g, const struct node *n, const char *lock)
{
	return is_making(g, n, lock, MAX_MAKING);
}

const char *guards_folder(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	return slash ? intern_n(file, (size_t)(slash - file)) : intern("");
}

/* ------------------------------------------------------------------ statistics */

static void add_use(struct arena *a, struct map *tallies, const struct node *n, const struct sighting *x)
{
	struct tally *t = map_get(tallies, x->name);

	if (!t) {
		t = ARENA_NEW(a, struct tally);
		t->field = x->name;
		map_set(tallies, x->name, t);
	}
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 8;
		t->uses = realloc(t->uses, sizeof(*t->uses) * (size_t)t->cap);
		if (!t->uses)
			die("out of memory (uses of %s)", t->field);
	}
	t->uses[t->n++] = (struct field_use){n, x};
}

const struct names *guards_sure_at(struct guards *g, const struct field_use *u)
{
	return names_join(g->arena, u->x->sure,
			  names_without(g->arena, g->entries->of[u->n->index].sure, u->x->gone));
}

/* Where the member begins; NULL for a global variable, which may have the name of its file with it. */
const char *guards_member(const char *name)
{
	return strchr(name, ':') ? NULL : strchr(name, '.');
}

bool guards_may(const struct guards *g, const char *lock, const char *field)
{
	const char *dot = guards_member(field);

	if (*lock == *LOCK_OF_ANY_CLASS || model_wait(g->model, lock) == WAIT_NEVER)
		return false;
	if (!guards_member(lock))
		return !dot;
	return dot && !strncmp(lock, field, (size_t)(dot - field) + 1) &&
	       !(!strncmp(field, lock, strlen(lock)) && (field[strlen(lock)] == '.' || !field[strlen(lock)]));
}

/* Does it free memory? Then what it does there may be the end of the object. */
bool guards_is_ending(const struct guards *g, const struct node *n)
{
	for (int i = 0; i < n->fn->nlink; i++) {
		const struct flow_link *l = &n->fn->links[i];

		if (l->kind == LINK_CALL && model_does(model_find(g->model, l->name), EFFECT_FREE))
			return true;
	}
	return false;
}

struct guard_count guards_count(struct guards *g, const struct tally *t, const char *lock)
{
	struct guard_count c = {.folders = ARENA_ARRAY(g->arena, const char *, t->n)};
	const struct node *last = NULL;

	for (int i = 0; i < t->n; i++) {
		const struct field_use *u = &t->uses[i];

		if (u->x->touch & TOUCH_NEW || guards_is_making(g, u->n, lock))
			continue;
		c.is_list |= u->x->touch & TOUCH_LINK;
		if (!names_has(guards_sure_at(g, u), lock) && guards_is_ending(g, u->n))
			continue;
		c.all += u->x->count;
		if (!names_has(guards_sure_at(g, u), lock))
			continue;
		c.under += u->x->count;
		c.own += names_has(u->x->own, lock) ? u->x->count : 0;
		c.writes += u->x->touch & (TOUCH_WRITE | TOUCH_ADDRESS) ? 1 : 0;
		if (last != u->n)
			c.folders[c.functions++] = guards_folder(u->n->fn->file);
		last = u->n;
	}
	return c;
}

static bool is_convincing(const struct guard_count *c)
{
	return c->under >= LEAST_UNDER && c->functions >= LEAST_FUNCTIONS && c->writes >= 2 && c->own >= 3 &&
	       c->under * 100 >= c->all * LEAST_SHARE;
}

/* Is it touched often enough to be convincing, if all of it was under the lock? */
static bool is_used_enough(const struct tally *t)
{
	const struct node *last = NULL;
	int all = 0, functions = 0;

	for (int i = 0; i < t->n; i++) {
		all += t->uses[i].x->count;
		functions += t->uses[i].n != last;
		last = t->uses[i].n;
	}
	return all >= LEAST_UNDER && functions >= LEAST_FUNCTIONS;
}

/* The lock that most of the accesses are made under, if it may guard the field. */
static void infer_guard(struct guards *g, const struct tally *t)
{
	const struct names *candidates = NULL;
	struct guard *best = NULL;

	if (!is_used_enough(t))
		return;
	for (int i = 0; i < t->n; i++)
		candidates = names_join(g->arena, candidates, t->uses[i].x->own);
	for (int i = 0; candidates && i < candidates->n; i++) {
		struct guard_count c;

		if (!guards_may(g, candidates->items[i], t->field))
			continue;
		c = guards_count(g, t, candidates->items[i]);
		if (!is_convincing(&c) || (best && best->under >= c.under))
			continue;
		best = ARENA_NEW(g->arena, struct guard);
		*best = (struct guard){
			.field = t->field, .lock = candidates->items[i], .is_inferred = true, .under = c.under,
			.functions = c.functions, .all = c.all, .folders = c.folders, .is_list = c.is_list,
		};
	}
	if (best && !map_get(&g->by_field, t->field))
		map_set(&g->by_field, t->field, best);
}

static void infer_guards(struct guards *g)
{
	const struct program *p = g->entries->program;
	struct arena scratch;
	struct map tallies;

	arena_init(&scratch);
	map_init(&tallies);
	guards_read_said(g);
	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; p->nodes[v]->evidence && i < p->nodes[v]->evidence->n; i++)
			if (p->nodes[v]->evidence->items[i].kind == EVIDENCE_ACCESS)
				add_use(&scratch, &tallies, p->nodes[v], &p->nodes[v]->evidence->items[i]);
	for (size_t i = 0; i < tallies.n; i++) {
		struct tally *t = tallies.entries[i].value;
		struct guard *x = NULL;

		infer_guard(g, t);
		if (!map_get(&g->by_field, t->field) && !(x = guards_infer_said(g, t)))
			x = guards_infer_list(g, t);
		if (x)
			map_set(&g->by_field, t->field, x);
		free(t->uses);
	}
	map_release(&tallies);
	map_release(&g->said);
	arena_release(&scratch);
}

/* ------------------------------------------------------------------ entry */

static const char *joined(struct arena *a, const char *x, const char *y)
{
	return intern(arena_printf(a, "%s.%s", x, y));
}

void guards_build(struct guards *g, struct arena *a, const struct entries *e, struct analysis *an, bool is_whole)
{
	const struct model *model = an->options->model;

	memset(g, 0, sizeof(*g));
	g->entries = e;
	g->arena = a;
	g->an = an;
	g->model = model;
	map_init(&g->by_field);
	for (int i = 0; i < model->nguard; i++) {
		const struct model_guard *m = &model->guards[i];
		struct guard *x = ARENA_NEW(a, struct guard);

		x->field = joined(a, m->struct_name, m->field);
		x->lock = m->lock_global ? m->lock_global : joined(a, m->lock_struct, m->lock_field);
		x->is_list = m->is_list;
		map_set(&g->by_field, x->field, x);
	}
	if (is_whole)
		infer_guards(g);
}

void guards_release(struct guards *g)
{
	map_release(&g->by_field);
}

const struct guard *guards_find(const struct guards *g, const struct sighting *x)
{
	return x->kind == EVIDENCE_ACCESS && x->name ? map_get(&g->by_field, x->name) : NULL;
}
