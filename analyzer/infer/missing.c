// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that are needed and not held. Entry: missing_check().
 *
 * A need comes from an assertion, from an annotation, or from a field that a lock guards; of a function that was not read,
 * a model tells what it asserts. Where the function itself does not hold the lock its callers must, and theirs. A function
 * that nobody ever calls with that lock held, while others that need it are called with it, is the one that goes without:
 * it is reported if it is known who calls it. So the same program has both: those who hold it, and one who does not.
 *
 * Locks are told apart by class only. Who holds another object's lock of the class is not reported, nor who holds what may
 * be the lock under another name.
 */
#include "infer/missing.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/missing_own.h"
#include "infer/model.h"
#include "infer/simulate.h"
#include "infer/value.h"
#include "infer/whole.h"

#define MAX_INFERRED_WAYS 4	/* the same, where the need itself is a guess */
#define LEAST_CONTENT 3		/* others that complain of the same, with the lock held, to believe one that has it not */

/* ------------------------------------------------------------------ the function itself */

/* Is the lock held at x, or may it be? */
bool missing_may_hold(const struct sighting *x, const struct names *want)
{
	return x && (names_meet(x->held, want) || names_has(x->held, intern(LOCK_OF_ANY_CLASS)));
}

/* Was it held in this function, and is not any more? */
static bool is_released(const struct sighting *x, const struct names *want)
{
	return x && names_meet(x->gone, want);
}

/* Does the function take the lock at all? */
static bool takes(const struct node *n, const struct names *want)
{
	for (int i = 0; i < n->evidence->n; i++)
		if (names_meet(n->evidence->items[i].held, want) || names_meet(n->evidence->items[i].gone, want))
			return true;
	return false;
}

/* Blocks that every path through the function goes by: those it cannot do without to come to an end. */
static bool is_on_every_path(const struct node *n, int site)
{
	const struct func *fn = n->fn;
	unsigned char *state = calloc((size_t)fn->nblock + 1, 1);
	bool reached = false;
	int block = 0;

	if (!state)
		die("out of memory (%d blocks)", fn->nblock);
	while (block < fn->nblock && site >= fn->blocks[block].end)
		block++;
	state[0] = block != 0;
	for (int turn = 0; turn < 3; turn++)
		for (int b = 0; b < fn->nblock; b++) {
			const struct insn *last = &fn->insns[fn->blocks[b].end - 1];

			if (!state[b])
				continue;
			reached |= last->op == OP_RETURN;
			for (int k = 0; k < last->ntarget; k++)
				state[last->targets[k]] |= last->targets[k] != block;
		}
	free(state);
	return !reached;
}

/* ------------------------------------------------------------------ the callers */

bool missing_is_init(const struct node *n)
{
	return n->fn->section && (strstr(n->fn->section, ".init") || strstr(n->fn->section, ".exit"));
}

/* A search up from n begins: the ways so far. */
static int begin_roots(struct search *s, const struct node *n)
{
	s->serial++;
	s->seen[n->index] = s->serial;
	s->roots[0] = (struct way){.n = n};
	return 1;
}

/* Behind the ways so far, those to who calls that one's function and was not come by yet; how many there are then. */
static int add_callers(struct search *s, const struct way *w, int nway)
{
	size_t first = s->entries.first[w->n->index], end = s->entries.first[w->n->index + 1];

	for (size_t i = first; i < end && nway < MAX_WAYS; i++) {
		const struct entry_call *c = &s->entries.calls[i];

		if (s->seen[c->caller->index] == s->serial)
			continue;
		s->seen[c->caller->index] = s->serial;
		s->roots[nway++] = (struct way){.n = c->caller, .x = c->at, .next = w};
	}
	return nway;
}

/* Is n called by somebody that is known: through a field, as a callback? init code does not count. */
const struct way *missing_root(struct search *s, const struct node *n)
{
	const struct way *passed = NULL;	/* to somebody who calls it: good enough if there is nothing better */
	int nway = begin_roots(s, n);

	for (int at = 0; at < nway; at++) {
		const struct way *w = &s->roots[at];

		if (missing_is_init(w->n))
			continue;
		if (s->entries.of[w->n->index].is_slot)
			return w;
		if (s->entries.of[w->n->index].is_named && !passed)
			passed = w;
		nway = add_callers(s, w, nway);
	}
	return passed;
}

/* Is the lock known in one folder only? Who was not read is of another module, and does not hold it. */
static bool is_private(const struct search *s, const struct names *want, const char *folder)
{
	const struct program *p = s->entries.program;

	for (size_t v = 0; v < p->nnode; v++)
		if (p->nodes[v]->evidence && takes(p->nodes[v], want) && guards_folder(p->nodes[v]->fn->file) != folder)
			return false;
	return true;
}

/* Does nobody call it who was read? */
static bool is_exported(const struct search *s, const struct node *n)
{
	return !n->fn->is_static && !s->entries.of[n->index].is_named && s->entries.first[n->index] == s->entries.first[n->index + 1];
}

/* Does n come down from a function that other modules may call, and nobody does who was read? */
static const struct way *find_exported(struct search *s, const struct node *n)
{
	int nway = begin_roots(s, n);

	for (int at = 0; at < nway; at++) {
		const struct way *w = &s->roots[at];

		if (missing_is_init(w->n))
			continue;
		if (is_exported(s, w->n))
			return w;
		nway = add_callers(s, w, nway);
	}
	return NULL;
}

/* ------------------------------------------------------------------ judging */

bool missing_was_reported(struct search *s, const struct node *n, const struct names *want, bool is_doubtful)
{
	const char *key = arena_printf(s->arena, "%zu %s %d", n->index, want->items[0], is_doubtful);

	if (map_get(&s->reported, key))
		return true;
	map_set(&s->reported, key, s);
	return false;
}

static struct place place_of(const struct node *n)
{
	return (struct place){n->fn->file, n->fn->line, 0, n->fn};
}

/* Others touch the field under the lock in the same folder. */
static bool is_guarded_here(const struct guard *g, const struct node *n)
{
	const char *folder = guards_folder(n->fn->file);
	int same = 0;

	for (int i = 0; i < g->functions; i++)
		same += g->folders[i] == folder;
	return same >= 2;
}

/* Is somebody on the way about to make the lock, or to take its object apart? */
static bool is_about_to_make(const struct search *s, const struct need_of_lock *need, const struct way *top)
{
	for (const struct way *w = top; w; w = w->next)
		for (int i = 0; i < need->like->n; i++)
			if (guards_is_making(&s->guards, w->n, need->like->items[i]))
				return true;
	return false;
}

/* Does n come to no end without a call of that function? */
static bool calls_always(struct search *s, const struct node *n, const char *callee)
{
	const struct func *fn = n->fn;

	whole_reads(s->an, n);
	for (int i = 0; i < fn->ninsn; i++)
		if (fn->insns[i].op == OP_CALL && fn->insns[i].args[0].kind == ARG_FUNC &&
		    fn->insns[i].args[0].name == callee && is_on_every_path(n, i))
			return true;
	return false;
}

/* Does it sleep, whatever it is given, if it comes to that? Then it is not called with preemption off. */
static bool may_be_preempted(const struct node *n)
{
	const struct summary *s = node_summary(n);

	for (int i = 0; s && i < s->nsleep; i++)
		if (s->sleeps[i].is_meant && !s->sleeps[i].ncond)
			return true;
	return false;
}

/*
 * What is called at the top may do without: the need is of some cases of it only, and the caller may know that this is none
 * of them. What is inferred says something of a function that changes the field itself, and little of all others.
 */
static bool is_doubtful(struct search *s, const struct need_of_lock *need, const struct way *top)
{
	if (need->guard && need->guard->is_inferred && (top->next || !(need->x->touch & (TOUCH_WRITE | TOUCH_LINK))) &&
	    !((need->guard->is_of_changes || need->guard->is_said) && !top->next))
		return true;
	/* Preemption may be off, which is not followed. */
	if (names_has(need->want, intern(NOT_PREEMPTED)) && !may_be_preempted(need->n))
		return true;
	if (!top->next)
		return false;
	for (const struct way *w = top->next; w->next; w = w->next)
		if (!calls_always(s, w->n, w->next->n->fn->name))
			return true;
	return need->callee && !calls_always(s, need->n, need->callee);
}

/* Is the call made with the lock held, as far as can be seen? */
bool missing_is_holder(const struct search *s, const struct entry_call *c, const struct names *want)
{
	return (c->at && names_meet(c->at->sure, want)) || names_meet(s->entries.of[c->caller->index].sure, want);
}

bool missing_asserts(const struct node *n, const struct names *want)
{
	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_ASSERT && names_meet(n->evidence->items[i].want, want))
			return true;
	return false;
}

/* Do all who are seen to call it hold the lock? */
static bool is_always_held(const struct search *s, const struct node *n, const struct names *want)
{
	size_t first = s->entries.first[n->index], end = s->entries.first[n->index + 1];

	for (size_t i = first; i < end; i++)
		if (!missing_is_holder(s, &s->entries.calls[i], want))
			return false;
	return first < end;
}

/* Another function of that file asserts the same lock, and all who call it hold it: whoever wrote the two means it. */
static bool has_kin(const struct search *s, const struct need_of_lock *need)
{
	const char *file = need->n->fn->file;	/* NULL of what the compiler made */

	for (size_t v = 0; need->x && file && v < s->nasserting; v++) {
		const struct node *n = s->asserting[v];

		if (n != need->n && n->fn->file && !strcmp(n->fn->file, file) && missing_asserts(n, need->want) &&
		    is_always_held(s, n, need->want))
			return true;
	}
	return false;
}

/* Who is known to come to top's function, without the lock; NULL: nobody. */
static const struct way *find_comer(struct search *s, const struct need_of_lock *need, const struct way *top, int holders)
{
	bool is_direct = (!top->next || !top->next->next) && need->x && !(need->x->touch & TOUCH_COMPLAINT);

	/* Who calls the callers may not have been read either, and hold it. */
	if (need->callee && (s->entries.of[top->n->index].is_unseen || s->entries.of[top->n->index].is_open))
		return NULL;
	if (need->callee && !top->next)
		return missing_root(s, top->n);
	if (!need->guard && holders < (top->next ? 1 : LEAST_CONTENT) && !(is_direct && has_kin(s, need)))
		return NULL;
	if (need->guard && need->guard->is_of_changes && !missing_root(s, top->n))
		return is_private(s, need->want, guards_folder(top->n->fn->file)) ? find_exported(s, top->n) : NULL;
	return missing_root(s, top->n);
}

/* Nobody comes to top's function with the lock held. holders: calls of what it calls that hold it. */
static void judge(struct search *s, const struct need_of_lock *need, const struct way *top, int holders)
{
	bool gone = is_released(top->x, need->want);
	bool is_local = gone || ((top->next || need->guard || need->callee) && takes(top->n, need->want));
	const struct way *above = NULL;
	bool doubtful;

	if (s->an->options->roots && !gone)
		return;		/* not all callers were simulated */
	if (missing_is_init(top->n) || is_about_to_make(s, need, top))
		return;
	if (!is_local) {
		above = find_comer(s, need, top, holders);
		if (!above) {
			unsure(s->an, UNSURE_LOCK_NEEDED, place_of(top->n));
			return;
		}
	}
	/* Who is given to somebody may be called by others, with what they hold. */
	doubtful = is_doubtful(s, need, top) || (above && !s->entries.of[above->n->index].is_slot && !is_exported(s, above->n));
	if (!missing_was_reported(s, top->n, need->want, doubtful))	/* what goes by callers is likely, not proven */
		tell_missing(&s->teller, need, top, above, holders, !gone, doubtful);
}

/* How many other functions that complain of the same do so where it is held. */
static int count_content(const struct search *s, const struct need_of_lock *need)
{
	int n = 0;

	for (size_t v = 0; v < s->nasserting; v++)
		for (int i = 0; i < s->asserting[v]->evidence->n; i++) {
			const struct sighting *x = &s->asserting[v]->evidence->items[i];

			if (x->kind != EVIDENCE_ASSERT || !(x->touch & TOUCH_COMPLAINT) || s->asserting[v] == need->n ||
			    !x->want || names_without(s->arena, need->want, x->want) || !names_meet(x->held, x->want))
				continue;
			n++;
			break;
		}
	return n;
}

/* Could somebody hold the lock who calls it? However far up, and unseen, if it is held where something unknown is called. */
static bool may_be_held(const struct search *s, const struct entry_locks *entry, const struct need_of_lock *need)
{
	const struct names *like = need->like;

	/* What nobody knows of is no sign against what people say. */
	if (need->guard && need->guard->is_said)
		return names_meet(entry->near, like) || (entry->is_unseen && names_meet(s->entries.far, like));
	if (entry->is_near_open || names_meet(entry->near, like) || names_has(entry->near, intern(LOCK_OF_ANY_CLASS)))
		return true;
	return names_meet(s->entries.far, like) && (entry->is_unseen || entry->is_open || names_meet(entry->maybe, like));
}

/* From what needs the lock up to those who could hold it. */
static void climb(struct search *s, const struct need_of_lock *need)
{
	struct way *ways = s->ways;
	uint32_t *seen = s->callers;
	int nway = 0;

	seen[0] = 0;
	ways[nway++] = (struct way){.n = need->n, .x = need->x};
	for (int at = 0; at < nway; at++) {
		struct way *w = &ways[at];
		const struct entry_locks *entry = &s->entries.of[w->n->index];
		size_t first = s->entries.first[w->n->index], end = s->entries.first[w->n->index + 1];

		if (need->guard && need->guard->is_inferred && at >= MAX_INFERRED_WAYS)
			return;
		if (is_released(w->x, need->want) || !may_be_held(s, entry, need)) {
			judge(s, need, w, w->next ? w->next->holders :
					  need->x && need->x->touch & TOUCH_COMPLAINT ? count_content(s, need) : 0);
			continue;
		}
		for (size_t i = first; i < end; i++)
			w->holders += missing_is_holder(s, &s->entries.calls[i], need->like);
		for (size_t i = first; i < end && nway < MAX_WAYS; i++) {
			const struct entry_call *c = &s->entries.calls[i];
			bool known = c->caller->evidence && !c->caller->evidence->is_partial;

			for (int k = 0; k < nway; k++)
				known &= seen[k] != c->caller->index + 1 || ways[k].x != c->at;
			if (!known || missing_may_hold(c->at, need->like) || names_meet(s->entries.of[c->caller->index].sure, need->like))
				continue;
			seen[nway] = (uint32_t)c->caller->index + 1;
			ways[nway++] = (struct way){.n = c->caller, .x = c->at, .next = w};
		}
	}
}

/* ------------------------------------------------------------------ assertions that are missing */

static bool is_asserted(const struct search *s, const struct node *n, const struct names *want)
{
	if (missing_asserts(n, want) || names_meet(entry_annotated(s->arena, n), want))
		return true;
	for (int k = 0; k < n->ncallee; k++)
		if (n->bonds[k] == BOND_CALL && missing_asserts(n->callees[k], want))
			return true;
	return false;
}

/* Does a caller hold the lock for its own callers only? Where all take it themselves they and n are one piece. */
static bool is_handed_down(const struct search *s, const struct node *n, const struct names *want)
{
	for (size_t i = s->entries.first[n->index]; i < s->entries.first[n->index + 1]; i++) {
		const struct node *caller = s->entries.calls[i].caller;

		if (!takes(caller, want) || names_meet(s->entries.of[caller->index].sure, want) || missing_asserts(caller, want))
			return true;
	}
	return false;
}

static void check_unsaid(struct search *s, const struct need_of_lock *need)
{
	const struct node *n = need->n;
	const struct entry_locks *entry = &s->entries.of[n->index];

	if (!need->guard || need->guard->is_inferred || !n->fn->is_static || entry->is_named ||
	    s->entries.first[n->index] == s->entries.first[n->index + 1])
		return;
	if (!names_meet(entry->sure, need->want) || !is_handed_down(s, n, need->want) || takes(n, need->want) ||
	    is_asserted(s, n, need->want))
		return;
	if (!missing_was_reported(s, n, need->want, false))
		tell_unsaid(&s->teller, need);
}

/* ------------------------------------------------------------------ needs */

static void check_need(struct search *s, struct need_of_lock *need)
{
	if (missing_may_hold(need->x, need->want))
		return;
	if (!s->an->options->roots)
		check_unsaid(s, need);
	if (names_meet(s->entries.of[need->n->index].sure, need->want) && !is_released(need->x, need->want))
		return;
	need->like = alike_names(&s->alike, need->want);
	if (!missing_may_hold(need->x, need->like))
		climb(s, need);
}

/* Of inferred guards: is this access one that is wrong without the lock? A look at a number or an address is none. */
static bool is_telling(const struct search *s, const struct need_of_lock *need)
{
	int touch = need->x->touch;

	if (need->guard->is_said)
		return guards_is_racing(&s->guards, need->guard, need->n, need->x);
	if (need->guard->is_of_changes)
		return touch & (TOUCH_LINK | TOUCH_ADDRESS) && is_guarded_here(need->guard, need->n) &&
		       guards_is_racing(&s->guards, need->guard, need->n, need->x);
	if (!(touch & TOUCH_WRITE) && !(need->guard->is_list && touch & (TOUCH_LINK | TOUCH_ADDRESS)))
		return false;
	return is_guarded_here(need->guard, need->n) && !guards_is_ending(&s->guards, need->n);
}

static void check_evidence(struct search *s, const struct node *n, const struct sighting *x)
{
	struct need_of_lock need = {.n = n, .x = x};

	if (x->touch & TOUCH_NEW)
		return;
	if (x->kind == EVIDENCE_ASSERT) {
		need.want = x->want;
		if (missing_may_hold(x, need.want))
			return;
		whole_reads(s->an, n);
		if (!(x->touch & TOUCH_COMPLAINT) && !is_on_every_path(n, x->site)) {
			unsure(s->an, UNSURE_LOCK_NEEDED, place_of(n));
			return;
		}
		check_need(s, &need);
		return;
	}
	need.guard = guards_find(&s->guards, x);
	if (!need.guard)
		return;
	need.want = names_one(s->arena, need.guard->lock);
	if (need.guard->is_inferred && !is_telling(s, &need))
		return;
	check_need(s, &need);
}

/* Calls of what was not read, and a model says asserts a lock. x: one of them; NULL: all, where no lock is held. */
static void check_call(struct search *s, const struct node *n, const struct model_hint *h, const struct sighting *x)
{
	struct need_of_lock need = {
		.n = n, .x = x, .want = names_one(s->arena, h->lock_class), .callee = h->function,
	};

	check_need(s, &need);
}

static void check_calls_of_unread(struct search *s, const struct node *n)
{
	const struct model *m = s->an->options->model;

	for (int k = 0; k < n->fn->nlink; k++) {
		const struct model_hint *h = n->fn->links[k].kind == LINK_CALL && !n->named[k] ?
			model_find_hint(m, EFFECT_ASSERTED, n->fn->links[k].name, NULL) : NULL;

		if (h && !n->evidence->has_locks)
			check_call(s, n, h, NULL);
		for (int i = 0; h && i < n->evidence->n; i++)
			if (n->evidence->items[i].kind == EVIDENCE_CALL && n->evidence->items[i].name == h->function)
				check_call(s, n, h, &n->evidence->items[i]);
	}
}

static void check_function(struct search *s, const struct node *n)
{
	struct need_of_lock need = {.n = n, .want = entry_annotated(s->arena, n)};

	if (need.want) {
		need.like = alike_names(&s->alike, need.want);
		climb(s, &need);
	}
	for (int i = 0; i < n->evidence->n; i++)
		check_evidence(s, n, &n->evidence->items[i]);
	if (!n->evidence->is_partial)
		check_calls_of_unread(s, n);
	missing_said_check(s, n);
}

static bool asserts(const struct node *n)
{
	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_ASSERT)
			return true;
	return false;
}

static void list_asserting(struct search *s)
{
	const struct program *p = s->entries.program;

	s->asserting = ARENA_ARRAY(s->arena, const struct node *, p->nnode);
	for (size_t v = 0; v < p->nnode; v++)
		if (asserts(p->nodes[v]))
			s->asserting[s->nasserting++] = p->nodes[v];
}

void missing_check(struct analysis *an, struct unit *const *units, size_t nunit)
{
	const struct program *p = &an->program;
	struct search s = {.an = an};
	struct arena scratch;

	arena_init(&scratch);
	s.arena = &scratch;
	map_init(&s.reported);
	entries_build(&s.entries, &scratch, p, an->options->model, units, nunit);
	guards_build(&s.guards, &scratch, &s.entries, an, !an->options->roots);
	alike_build(&s.alike, &scratch, p);
	reader_init(&s.reader, &scratch, &an->syms, p);
	s.reader.an = an;
	s.teller = (struct teller){an, &s.reader, &s.entries};
	list_asserting(&s);
	s.seen = ARENA_ARRAY(&scratch, uint32_t, p->nnode);
	s.ways = ARENA_ARRAY(&scratch, struct way, MAX_WAYS);
	s.roots = ARENA_ARRAY(&scratch, struct way, MAX_WAYS);
	s.callers = ARENA_ARRAY(&scratch, uint32_t, MAX_WAYS);
	for (size_t v = 0; v < p->nnode; v++)
		if (p->nodes[v]->evidence && !p->nodes[v]->evidence->is_cut)
			check_function(&s, p->nodes[v]);
	guards_release(&s.guards);
	alike_release(&s.alike);
	map_release(&s.reported);
	arena_release(&scratch);
}
