// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks held on entry. Entries: entries_build(), entry_annotated().
 *
 * Direct calls are followed all the way up. What is held where functions are called through a
 * field, or where they are passed to somebody who calls them, comes down as far as the callees
 * of those functions, and from there through NEAR_ROUNDS fields more: further up all that a program
 * can hold comes together, and says little. For locks that are held where something unknown is called it goes
 * on, and what is called where nobody sees it is marked as such.
 */
#include "infer/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/callgraph.h"
#include "infer/context.h"
#include "infer/model.h"

#define NEAR_ROUNDS 2
#define ROUNDS 8
#define MAX_MAYBE 40		/* locks that may be held on entry; with more nothing is known */

/* What is held on entry to a function is held at this as well: where it calls through a field, or passes another one on. */
struct bequest {
	const struct entry_locks *from;
	struct entry_locks *to;
};

struct build {
	struct entries *e;
	struct unit *const *units;
	size_t nunit;
	struct map slots;		/* "struct.field" -> struct entry_locks: held where it is called */
	struct entry_locks *passed;	/* per node: held where it is passed to a call */
	const struct names **annotated;	/* per node */
	struct bequest *links, *fills;	/* fills: from a field to a function in it */
	size_t nlink, nfill;
	bool is_changed;		/* something new came to somebody */
};

/* ------------------------------------------------------------------ annotations */

/* "&group->mutex" in a function with a parameter group: "iommu_group.mutex"; a global's own name. */
static const char *class_of_words(const struct node *n, const char *s, size_t len)
{
	char buf[200];
	const char *member;
	size_t name;

	while (len && (*s == '&' || *s == ' ' || *s == '(' || *s == '*'))
		s++, len--;
	for (name = 0; name < len && (s[name] == '_' || (s[name] >= '0' && s[name] <= '9') || (s[name] >= 'A' && s[name] <= 'Z') ||
				      (s[name] >= 'a' && s[name] <= 'z')); name++)
		;
	if (!name)
		return NULL;
	member = len > name + 2 && s[name] == '-' && s[name + 1] == '>' ? s + name + 2 : NULL;
	for (int i = 0; i < n->fn->nparam; i++) {
		const struct param *p = &n->fn->params[i];

		if (!p->name || strlen(p->name) != name || strncmp(p->name, s, name))
			continue;
		if (!member || !p->type || len > 100 || memchr(member, '>', len - name - 2))
			return NULL;
		snprintf(buf, sizeof(buf), "%.80s.%.*s", p->type, (int)(len - name - 2), member);
		return intern(buf);
	}
	return member || name < len ? NULL : intern_n(s, name);
}

const struct names *entry_annotated(struct arena *a, const struct node *n)
{
	static const char *const keys[] = {"must_hold:", "must_hold_shared:"};
	const struct names *out = NULL;

	for (size_t k = 0; n->fn->notes && k < sizeof(keys) / sizeof(keys[0]); k++)
		for (const char *s = strstr(n->fn->notes, keys[k]); s; s = strstr(s, keys[k])) {
			size_t len;
			const char *name;

			s += strlen(keys[k]);
			len = strcspn(s, ";,)");
			name = class_of_words(n, s, len);
			if (!name)
				continue;
			out = names_join(a, out, names_one(a, name));
			if (!strchr(name, '.'))	/* or a variable that only its file knows */
				out = names_join(a, out, names_one(a, intern(arena_printf(a, "%s:%s", name, n->fn->file))));
		}
	return out;
}

/* ------------------------------------------------------------------ calls */

static bool is_call_of(const struct program *p, const struct node *from, const struct sighting *x, const struct node *to)
{
	return x->kind == EVIDENCE_CALL && x->name == to->fn->name && program_resolve(p, from, x->name) == to;
}

/* The calls of callee k in caller, or only their number. */
static size_t calls_of(const struct build *b, const struct node *caller, int k, struct entry_call *out)
{
	const struct evidences *ev = caller->evidence;
	const struct node *to = caller->callees[k];
	size_t n = 0;

	if (caller->bonds[k] == BOND_GIVEN)
		return 0;
	if (!ev || !ev->has_locks) {
		if (out)
			out[0] = (struct entry_call){caller, NULL};
		return 1;
	}
	for (int i = 0; i < ev->n; i++) {
		if (!is_call_of(b->e->program, caller, &ev->items[i], to))
			continue;
		if (out)
			out[n] = (struct entry_call){caller, &ev->items[i]};
		n++;
	}
	return n;
}

static void find_calls(struct build *b)
{
	const struct program *p = b->e->program;
	size_t *at;

	b->e->first = ARENA_ARRAY(b->e->arena, size_t, p->nnode + 1);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++)
			b->e->first[p->nodes[i]->callees[k]->index + 1] += calls_of(b, p->nodes[i], k, NULL);
	for (size_t i = 0; i < p->nnode; i++)
		b->e->first[i + 1] += b->e->first[i];
	at = malloc(sizeof(*at) * (p->nnode + 1));
	if (!at)
		die("out of memory (%zu functions)", p->nnode);
	memcpy(at, b->e->first, sizeof(*at) * (p->nnode + 1));
	b->e->calls = ARENA_ARRAY(b->e->arena, struct entry_call, b->e->first[p->nnode]);
	for (size_t i = 0; i < p->nnode; i++)
		for (int k = 0; k < p->nodes[i]->ncallee; k++) {
			size_t to = p->nodes[i]->callees[k]->index;

			at[to] += calls_of(b, p->nodes[i], k, &b->e->calls[at[to]]);
		}
	free(at);
}

static bool is_partial(const struct node *n)
{
	return !n->evidence || n->evidence->is_partial;
}

/* ------------------------------------------------------------------ through pointers */

static struct entry_locks *slot_of(struct build *b, const char *name)
{
	struct entry_locks *l = map_get(&b->slots, name);

	if (!l) {
		l = ARENA_NEW(b->e->arena, struct entry_locks);
		map_set(&b->slots, name, l);
	}
	return l;
}

static void add_maybe(struct build *b, struct entry_locks *to, const struct names *held, const struct entry_locks *from)
{
	const struct entry_locks old = *to;

	to->maybe = names_join(b->e->arena, to->maybe, held);
	if (from) {
		to->maybe = names_join(b->e->arena, to->maybe, from->maybe);
		to->is_open |= from->is_open;
		to->is_unseen |= from->is_unseen;
	}
	to->is_open |= to->maybe && to->maybe->n > MAX_MAYBE;
	b->is_changed |= to->maybe != old.maybe || to->is_open != old.is_open || to->is_unseen != old.is_unseen;
}

/* All that is held where n calls that function. */
static const struct names *held_at_calls(struct build *b, const struct node *n, const char *name)
{
	const struct names *held = NULL;

	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_CALL && n->evidence->items[i].name == name)
			held = names_join(b->e->arena, held, n->evidence->items[i].held);
	return held;
}

/* All that is held where n calls what it was given. */
static const struct names *held_at_pointers(struct build *b, const struct node *n)
{
	const struct names *held = NULL;

	for (int i = 0; n && n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_POINTER)
			held = names_join(b->e->arena, held, n->evidence->items[i].held);
	return held;
}

static bool calls_pointers(const struct node *n)
{
	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_POINTER)
			return true;
	return false;
}

static void bequeath(struct bequest *list, size_t *n, const struct entry_locks *from, struct entry_locks *to)
{
	list[(*n)++] = (struct bequest){from, to};
}

/* What is held at the calls of n comes to what it calls or passes on; what is held on entry to n comes in rounds. */
static void see_links(struct build *b, const struct node *n)
{
	const struct entry_locks *own = &b->e->of[n->index];
	const char *callee = NULL;
	const struct node *body = NULL;

	for (int i = 0; i < n->fn->nlink; i++) {
		const struct flow_link *l = &n->fn->links[i];
		struct node *to = n->named[i];

		if (l->kind == LINK_CALL) {
			callee = l->name;
			body = to;
		} else if (l->kind == LINK_INDIRECT) {
			callee = NULL;
			body = NULL;
		} else if (l->kind == LINK_FIELD) {
			struct entry_locks *slot = slot_of(b, l->name);

			slot->is_called = true;
			bequeath(b->links, &b->nlink, own, slot);
		} else if (to && (l->kind == LINK_PASSED || l->kind == LINK_TARGET || l->kind == LINK_NAMED)) {
			b->e->of[to->index].is_named = true;
			if (l->kind == LINK_NAMED)
				continue;
			bequeath(b->links, &b->nlink, own, &b->passed[to->index]);
			add_maybe(b, &b->passed[to->index], callee ? held_at_calls(b, n, callee) : NULL, NULL);
			add_maybe(b, &b->passed[to->index], held_at_pointers(b, body), NULL);
			/* Who keeps it calls it later, with what it holds then. */
			b->passed[to->index].is_unseen |= body && !calls_pointers(body);
		}
	}
	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_SLOT && n->evidence->items[i].name)
			add_maybe(b, slot_of(b, n->evidence->items[i].name), n->evidence->items[i].held, NULL);
}

static void see_all_links(struct build *b)
{
	const struct program *p = b->e->program;
	size_t total = 0;

	for (size_t v = 0; v < p->nnode; v++)
		total += (size_t)p->nodes[v]->fn->nlink;
	b->links = ARENA_ARRAY(b->e->arena, struct bequest, total);
	for (size_t v = 0; v < p->nnode; v++)
		see_links(b, p->nodes[v]);
}

static const char *slot_name(const struct slot *s)
{
	struct text t;
	const char *name;

	text_init(&t);
	text_printf(&t, "%s.%s", s->struct_name, s->field);
	name = intern(text_str(&t));
	text_release(&t);
	return name;
}

/*
 * What is held where a field is called comes to the functions in it. Where a model says what that is, what nobody can tell
 * is nothing.
 */
static void add_slot(struct build *b, struct entry_locks *to, const struct entry_locks *slot)
{
	struct arena *a = b->e->arena;

	if (slot->is_modelled)
		add_maybe(b, to, names_without(a, slot->maybe, names_one(a, intern(LOCK_OF_ANY_CLASS))), NULL);
	else
		add_maybe(b, to, NULL, slot);
}

static void see_slots(struct build *b)
{
	size_t total = 0;

	for (size_t u = 0; u < b->nunit; u++)
		total += (size_t)b->units[u]->nslot;
	b->fills = ARENA_ARRAY(b->e->arena, struct bequest, total);
	for (size_t u = 0; u < b->nunit; u++)
		for (int i = 0; i < b->units[u]->nslot; i++) {
			const struct slot *s = &b->units[u]->slots[i];
			const struct node *n = program_resolve_in(b->e->program, u, s->func);

			if (!n)
				continue;
			b->e->of[n->index].is_named = b->e->of[n->index].is_slot = true;
			if (s->struct_name && s->field) {
				struct entry_locks *slot = slot_of(b, slot_name(s));

				slot->is_filled = true;
				bequeath(b->fills, &b->nfill, slot, &b->passed[n->index]);
				/* What is copied from there to elsewhere is called there. */
				b->passed[n->index].is_unseen |= !slot->is_called;
			}
		}
}

/* What is held where a function is called that nobody was seen to put there. */
static void find_far(struct build *b)
{
	for (size_t v = 0; v < b->e->program->nnode; v++) {
		const struct evidences *ev = b->e->program->nodes[v]->evidence;

		for (int i = 0; ev && i < ev->n; i++)
			if (ev->items[i].kind == EVIDENCE_SLOT && (!ev->items[i].name || !slot_of(b, ev->items[i].name)->is_filled))
				b->e->far = names_join(b->e->arena, b->e->far, ev->items[i].held);
	}
}

/* What a function took and left held; of one that was not seen to its end, all it may have taken. */
static const struct names *left_by(struct build *b, const struct node *n)
{
	const struct names *left = NULL;

	for (int i = 0; n && n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_LEFT || n->evidence->is_partial)
			left = names_join(b->e->arena, left, n->evidence->items[i].held);
	return left;
}

/* What one function of an ops table left held comes to all others in the tables of its file. */
static void hand_to_others(struct build *b, size_t unit, const struct node *from, const struct names *left)
{
	for (int i = 0; i < b->units[unit]->nslot; i++) {
		const struct node *n = program_resolve_in(b->e->program, unit, b->units[unit]->slots[i].func);

		if (n && n != from)
			add_maybe(b, &b->passed[n->index], left, NULL);
	}
}

/* One function of an ops table may take what all the others of its file run under: pre_doit, seq_operations.start. */
static void through_pairs(struct build *b)
{
	for (size_t u = 0; u < b->nunit; u++)
		for (int i = 0; i < b->units[u]->nslot; i++) {
			const struct node *n = program_resolve_in(b->e->program, u, b->units[u]->slots[i].func);
			const struct names *left = left_by(b, n);

			if (left)
				hand_to_others(b, u, n, left);
		}
}

static void through_models(struct build *b, const struct model *model)
{
	struct contexts c;

	contexts_build(&c, b->e->arena, model);
	for (size_t i = 0; i < c.slots.n; i++) {
		const struct context *x = c.slots.entries[i].value;

		for (int k = 0; k < x->n; k++)
			add_maybe(b, slot_of(b, x->slot), names_one(b->e->arena, x->locks[k].class_name), NULL);
		slot_of(b, x->slot)->is_called = slot_of(b, x->slot)->is_modelled = true;
	}
	contexts_release(&c);
}

/* ------------------------------------------------------------------ along calls */

static void find_maybe(struct build *b)
{
	const struct program *p = b->e->program;

	for (size_t v = p->nnode; v-- > 0; ) {
		struct entry_locks *l = &b->e->of[v];

		add_maybe(b, l, b->annotated[v], &b->passed[v]);
		for (size_t i = b->e->first[v]; i < b->e->first[v + 1] && !l->is_open; i++) {
			const struct entry_call *c = &b->e->calls[i];

			add_maybe(b, l, c->at ? c->at->held : NULL, &b->e->of[c->caller->index]);
			l->is_open |= is_partial(c->caller);
		}
	}
}

static const struct names *sure_at(struct build *b, const struct entry_call *c)
{
	const struct names *sure = b->e->of[c->caller->index].sure;

	return c->at ? names_join(b->e->arena, c->at->sure, names_without(b->e->arena, sure, c->at->gone)) : sure;
}

/* Callers come later in the order of nodes; a call from where a cycle closes says nothing. */
static void find_sure(struct build *b)
{
	const struct program *p = b->e->program;

	for (size_t v = p->nnode; v-- > 0; ) {
		struct entry_locks *l = &b->e->of[v];
		bool is_first = true;

		for (size_t i = b->e->first[v]; i < b->e->first[v + 1] && !l->is_named; i++) {
			const struct names *at = sure_at(b, &b->e->calls[i]);

			if (b->e->calls[i].caller->index <= v)
				continue;
			l->sure = is_first ? at : names_common(b->e->arena, l->sure, at);
			is_first = false;
		}
		l->sure = names_join(b->e->arena, l->sure, b->annotated[v]);
	}
}

/* One step through all fields and all that is passed on, and all the way along calls. */
static void go_round(struct build *b)
{
	for (size_t i = 0; i < b->nlink; i++)
		add_maybe(b, b->links[i].to, NULL, b->links[i].from);
	for (size_t i = 0; i < b->nfill; i++)
		add_slot(b, b->fills[i].to, b->fills[i].from);
	find_maybe(b);
}

static void keep_near(struct entries *e)
{
	for (size_t v = 0; v < e->program->nnode; v++) {
		e->of[v].near = e->of[v].maybe;
		e->of[v].is_near_open = e->of[v].is_open;
	}
}

bool entry_call_may_hold(const struct entries *e, const struct entry_call *c, const char *lock)
{
	return c->at && names_may_have(c->at->held, lock) ? true : names_has(e->of[c->caller->index].sure, lock);
}

void entries_build(struct entries *e, struct arena *a, const struct program *p, const struct model *model,
		   struct unit *const *units, size_t nunit)
{
	struct build b = {.e = e, .units = units, .nunit = nunit};

	memset(e, 0, sizeof(*e));
	e->arena = a;
	e->program = p;
	e->of = ARENA_ARRAY(a, struct entry_locks, p->nnode);
	b.passed = ARENA_ARRAY(a, struct entry_locks, p->nnode);
	map_init(&b.slots);
	b.annotated = ARENA_ARRAY(a, const struct names *, p->nnode);
	for (size_t v = 0; v < p->nnode; v++)
		b.annotated[v] = entry_annotated(a, p->nodes[v]);
	find_calls(&b);
	through_models(&b, model);
	through_pairs(&b);
	find_maybe(&b);
	see_all_links(&b);
	see_slots(&b);
	for (int i = 0; i < ROUNDS && (b.is_changed || i < NEAR_ROUNDS); i++) {
		b.is_changed = false;
		go_round(&b);
		if (i == NEAR_ROUNDS - 1)
			keep_near(e);
	}
	find_far(&b);
	find_sure(&b);
	map_release(&b.slots);
}
