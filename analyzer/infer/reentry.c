// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks taken again within a context that holds them. Entry: reentry_check().
 *
 * An iteration over a set whose callback takes the lock of each element waits for itself when it
 * comes from a function that runs with the lock of one of them held. The ways back from each such
 * iteration are followed, with the set that it goes over, to functions of slots with a context: there
 * the set must be the one that the context's object is in, be it the same variable, or what the
 * object itself names as its set. A set that cannot be told claims nothing. A callback that passes over
 * elements of another kind may well pass over that one: what it takes of others is a guess.
 */
#include "infer/reentry.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/chain.h"
#include "infer/context.h"
#include "infer/simulate.h"
#include "infer/whole.h"

#define MAX_TAKE_DEPTH 6
#define MAX_CHAIN 40

/* A context's object is in the set that its function's ops table is. */
#define ON_OBJECT "object"

struct check {
	struct analysis *an;
	struct chains chains;
	struct contexts contexts;
	struct unit *const *units;
	size_t nunit;
	/* The iteration at hand. */
	const struct effect *e;
	const struct node *callback;
	const char *class_name, *kind;	/* of the lock its callback takes of the element */
	bool takes_of_some;		/* ... if that is of some kind */
};

/* ------------------------------------------------------------------ what the callback takes */

/* Both are parameters of one function. The symbol for one may have been made anew since: it learns what lies first in it. */
static bool is_same_param(const struct sym *a, const struct sym *b)
{
	return a == b || (a->kind == SYM_PARAM && b->kind == SYM_PARAM && a->value == b->value);
}

static bool is_lock_of(const struct check *c, const struct sym *lock, const struct sym *element, const char *kind)
{
	return is_same_param(sym_object(lock), element) && kind == c->kind && sym_class(lock, kind) == c->class_name;
}

/* The call that takes the element's lock, in n itself; its model's effect comes back. */
static const struct insn *take_in(struct check *c, const struct node *n, const struct sym *element)
{
	whole_reads(c->an, n);
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];
		const struct model_func *m;

		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
			continue;
		m = model_find(c->an->options->model, in->args[0].name);
		for (int k = 0; m && k < m->neffect; k++) {
			const struct effect *e = &m->effects[k];

			if (e->kind == EFFECT_TAKE && !e->try && e->arg >= 0 && e->arg + 1 < in->narg &&
			    is_lock_of(c, reader_value(c->chains.reader, n, &in->args[e->arg + 1]), element, e->what))
				return in;
		}
	}
	return NULL;
}

/* Do callers of n find that it takes the lock of what its parameter points to? */
static bool takes_of_param(const struct check *c, const struct node *n, int param)
{
	const struct summary *s = whole_asks(c->an, n);

	for (int i = 0; s && i < s->ncase; i++)
		for (int k = 0; s->cases[i].takes && k < s->cases[i].takes->n; k++) {
			const struct held *h = &s->cases[i].takes->items[k];
			const struct sym *object = sym_object(h->lock);

			if (object->kind == SYM_PARAM && object->value == param && is_lock_of(c, h->lock, object, h->kind))
				return true;
		}
	return false;
}

/* The calls from n down to the one that takes the lock of its parameter. Returns how many; 0: not found. */
static int take_chain(struct check *c, const struct node *n, int param, const struct node **nodes,
		      const struct insn **ins, int room)
{
	const struct sym *element = reader_value(c->chains.reader, n, &(struct arg){.kind = ARG_PARAM, .n = param});
	const struct insn *in = room ? take_in(c, n, element) : NULL;

	if (!room)
		return 0;
	nodes[0] = n;
	ins[0] = in;
	if (in)
		return 1;
	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct node *body;

		in = &n->fn->insns[i];
		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC)
			continue;
		body = program_resolve(c->chains.g->program, n, in->args[0].name);
		for (int k = 1; body && k < in->narg; k++) {
			int len;

			if (!is_same_param(sym_object(reader_value(c->chains.reader, n, &in->args[k])), element) ||
			    !takes_of_param(c, body, k - 1))
				continue;
			len = take_chain(c, body, k - 1, nodes + 1, ins + 1, room - 1);
			if (!len)
				continue;
			ins[0] = in;
			return 1 + len;
		}
	}
	return 0;
}

/* Is the value that the call gives compared, or branched on? */
static bool decides(const struct func *fn, int call)
{
	for (int i = 0; i < fn->ninsn; i++)
		for (int k = 0; k < fn->insns[i].narg; k++)
			if ((fn->insns[i].op == OP_CMP || fn->insns[i].op == OP_BRANCH || fn->insns[i].op == OP_SWITCH) &&
			    fn->insns[i].args[k].kind == ARG_INSN && fn->insns[i].args[k].n == call)
				return true;
	return false;
}

/* Is something asked of the element before its lock is taken, as whether a driver matches it? Others are passed over. */
static bool asks_first(struct check *c)
{
	const struct node *nodes[MAX_TAKE_DEPTH], *n = c->callback;
	const struct insn *ins[MAX_TAKE_DEPTH];
	const struct sym *element = reader_value(c->chains.reader, n, &(struct arg){.kind = ARG_PARAM, .n = c->e->element_param});

	if (!take_chain(c, n, c->e->element_param, nodes, ins, MAX_TAKE_DEPTH))
		return false;
	for (const struct insn *in = n->fn->insns; in < ins[0]; in++)
		for (int k = 1; in->op == OP_CALL && k < in->narg; k++)
			if (is_same_param(reader_value(c->chains.reader, n, &in->args[k]), element) && decides(n->fn, (int)(in - n->fn->insns)))
				return true;
	return false;
}

/* ------------------------------------------------------------------ facts */

struct story {
	struct arena *arena;
	struct step *items;
	int n;
	const char *locks;
};

static void tell(struct story *s, enum step_kind kind, int depth, struct place at, const char *func, const char *text)
{
	s->items[s->n++] = (struct step){
		.kind = kind, .depth = depth, .at = at, .func = func, .text = text,
		.locks = s->locks, .borrows = "", .refs = "",
	};
}

/* "pdev->dev.mutex": a field of the object that the context is of. */
static const char *name_of(struct check *c, const struct node *n, const struct context_lock *l, const char *field)
{
	const char *param = l->param >= 0 && l->param < n->fn->nparam ? n->fn->params[l->param].name : NULL;

	return arena_printf(c->an->arena, "%s->%s%s%s", param ? param : "its object", l->in_field ? l->in_field : "",
			    l->in_field ? "." : "", field);
}

static const char *name_of_lock(struct check *c, const struct node *n, const struct context_lock *l)
{
	const char *dot = strchr(l->class_name, '.');

	return l->param < 0 || !dot ? l->class_name : name_of(c, n, l, dot + 1);
}

static const char *name_of_set(struct check *c, const struct sym *set)
{
	struct text t;
	const char *s;

	if (set->kind == SYM_GLOBAL)
		return flow_plain_name(set->name);
	text_init(&t);
	sym_print(&t, set, false);
	s = arena_strdup(c->an->arena, text_str(&t));
	text_release(&t);
	return s;
}

/* Who calls the function that the context is of. */
static void tell_entry(struct check *c, struct story *s, const struct node *n, const char *slot)
{
	struct place at = {n->fn->file, n->fn->line, 0, n->fn};
	const struct node *caller;
	const struct insn *in;

	if (chains_call_of(&c->chains, slot, &caller, &in))
		tell(s, STEP_CALL, 0, in->at, caller->fn->name,
		     arena_printf(s->arena, "calls %s() through %s with %s held", n->fn->name, slot, s->locks));
	else
		tell(s, STEP_ENTER, 0, at, n->fn->name,
		     arena_printf(s->arena, "%s() is called through %s with %s held", n->fn->name, slot, s->locks));
}

static void tell_link(struct check *c, struct story *s, const struct link *l, int depth)
{
	const char *next = l->next >= 0 ? c->chains.links[l->next].n->fn->name : NULL;
	const char *text;

	if (!next)
		text = arena_printf(s->arena, "%s() calls %s() for each element of %s", l->in->args[0].name,
				    c->callback->fn->name, name_of_set(c, l->value));
	else if (l->by)
		text = arena_printf(s->arena, "%s() calls %s()", l->by, next);
	else if (l->slot)
		text = arena_printf(s->arena, "calls %s() through %s", next, l->slot);
	else
		text = arena_printf(s->arena, "calls %s()", next);
	tell(s, next ? STEP_CALL : STEP_ITERATE, depth, l->in->at, l->n->fn->name, text);
}

static void tell_take(struct check *c, struct story *s, const char *object, int depth)
{
	const struct node *nodes[MAX_TAKE_DEPTH];
	const struct insn *ins[MAX_TAKE_DEPTH];
	int n = take_chain(c, c->callback, c->e->element_param, nodes, ins, MAX_TAKE_DEPTH);

	for (int i = 0; i < n; i++)
		tell(s, i < n - 1 ? STEP_CALL : STEP_FAULT, depth + i, ins[i]->at, nodes[i]->fn->name,
		     i < n - 1 ? arena_printf(s->arena, "calls %s()", ins[i]->args[0].name)
			       : arena_printf(s->arena, "%s() takes the %s of each element; that of one of them, %s, is "
					      "held already: it waits for itself", ins[i]->args[0].name, c->kind, object));
}

static void report(struct check *c, long at, const char *slot, const struct context_lock *l)
{
	struct analysis *an = c->an;
	const struct link *root = &c->chains.links[at], *link = root;
	struct story s = {.arena = an->arena, .locks = name_of_lock(c, root->n, l)};
	struct fact *f = ARENA_NEW(an->arena, struct fact);
	int depth = 0;

	s.items = ARENA_ARRAY(an->arena, struct step, MAX_CHAIN + MAX_TAKE_DEPTH + 2);
	tell_entry(c, &s, root->n, slot);
	for (; depth < MAX_CHAIN; link = &c->chains.links[link->next]) {
		tell_link(c, &s, link, depth++);
		if (link->next < 0)
			break;
	}
	tell_take(c, &s, s.locks, depth);
	*f = (struct fact){
		.kind = FACT_LOCK_REENTRY, .fn = root->n->fn, .unit = root->n->unit, .at = root->in->at, .object = s.locks,
		.class = c->class_name, .kind_name = c->kind, .function = c->callback->fn->name, .field = slot,
		.is_inferred = c->takes_of_some || asks_first(c),
		.say = root->value->kind == SYM_GLOBAL ? flow_plain_name(root->value->name) : name_of(c, root->n, l, c->e->member_field),
		.origin = link->in->at, .nstep = s.n, .steps = s.items,
	};
	explain_add(an, f);
}

/* ------------------------------------------------------------------ the search */

static bool names_member(const char *struct_name, const char *field, const struct effect *e)
{
	const char *dot = field ? strrchr(field, '.') : NULL;

	if (!field)
		return false;
	return dot ? !strcmp(dot + 1, e->member_field)
		   : struct_name == e->member_struct && field == e->member_field;
}

/* Is the slot in the variable of that name? */
static bool is_object(const struct slot *s, const char *variable)
{
	const char *colon = strchr(variable, ':');

	return s->object == flow_plain_name(variable) && (!colon || !text_compare(colon + 1, s->at.file));
}

/* Is the set the ops table that the function stands in? */
static bool is_own_table(const struct check *c, const struct node *n, const char *slot, const char *set)
{
	size_t len = strcspn(slot, ".");

	for (size_t u = 0; u < c->nunit; u++)
		for (int i = 0; i < c->units[u]->nslot; i++) {
			const struct slot *s = &c->units[u]->slots[i];

			if (s->func == n->fn->name && is_object(s, set) && !strncmp(s->struct_name, slot, len) &&
			    !s->struct_name[len] && !strcmp(s->field, slot + len + 1))
				return true;
		}
	return false;
}

/* Is the context's object in the set? */
static bool is_on(const struct check *c, const struct link *l, const char *slot, const struct context_lock *lock)
{
	const struct sym *set = l->value, *object;

	if (set->kind == SYM_GLOBAL)
		return lock->on && !strcmp(lock->on, ON_OBJECT) ? is_own_table(c, l->n, slot, set->name)
								: lock->on == flow_plain_name(set->name);
	if (set->kind != SYM_LOAD)
		return false;
	object = sym_object(set->a);
	return object->kind == SYM_PARAM && object->value == lock->param &&
	       names_member(set->a->kind == SYM_ADDR ? set->a->struct_name : set->a->first_struct,
			    set->a->kind == SYM_ADDR ? set->a->field : set->a->first, c->e);
}

static bool enter(struct chains *chains, long at, const char *slot)
{
	struct check *c = chains->cookie;
	const struct context *context = contexts_find(&c->contexts, slot);
	bool is_end = false;

	for (int i = 0; context && i < context->n; i++) {
		const struct context_lock *l = &context->locks[i];

		if (l->class_name != c->class_name || l->kind != c->kind)
			continue;
		is_end = true;
		if (is_on(c, &chains->links[at], slot, l))
			report(c, at, slot, l);
	}
	return is_end;
}

/* The lock of the element that is taken in one case of the callback. NULL: none. */
static const struct held *element_lock(const struct check *c, const struct scase *x)
{
	for (int k = 0; x->takes && k < x->takes->n; k++) {
		const struct held *h = &x->takes->items[k];
		const struct sym *object = sym_object(h->lock);

		if (object->kind == SYM_PARAM && object->value == c->e->element_param && h->mode != LOCK_SHARED)
			return h;
	}
	return NULL;
}

/* Does the case ask if something is the one that all of a kind have, as a device's type and its driver are? */
static bool asks_for_kind(const struct scase *x)
{
	for (int i = 0; i < x->nrange; i++) {
		const struct sym *s = x->ranges[i].s;

		if (s->kind == SYM_CMP && (s->sub == CMP_EQ || s->sub == CMP_NE) &&
		    ((s->a->is_closed && s->a->kind != SYM_INT) || (s->b->is_closed && s->b->kind != SYM_INT)))
			return true;
	}
	return false;
}

/* The lock of its element that the callback takes: its class; false for none. */
static bool find_class(struct check *c)
{
	const struct summary *s = whole_asks(c->an, c->callback);
	const struct held *first = NULL;

	c->takes_of_some = false;
	for (int i = 0; s && i < s->ncase; i++) {
		const struct held *h = element_lock(c, &s->cases[i]);

		c->takes_of_some |= !h && asks_for_kind(&s->cases[i]);
		first = first ? first : h;
	}
	if (!first)
		return false;
	c->class_name = sym_class(first->lock, first->kind);
	c->kind = first->kind;
	return c->class_name != first->kind;
}

/* Does it call a function that goes over a set? */
static bool iterates(const struct check *c, const struct node *n)
{
	for (int i = 0; i < n->fn->nlink; i++) {
		const struct flow_link *l = &n->fn->links[i];
		const struct effect *e = l->kind == LINK_CALL ? iterate_effect(model_find(c->an->options->model, l->name)) : NULL;

		if (e && e->set >= 0)
			return true;
	}
	return false;
}

static void check_call(struct check *c, const struct node *n, const struct insn *in)
{
	const struct sym *set;

	if (in->args[0].kind != ARG_FUNC)
		return;
	c->e = iterate_effect(model_find(c->an->options->model, in->args[0].name));
	if (!c->e || c->e->set < 0 || c->e->set + 1 >= in->narg || c->e->callback + 1 >= in->narg ||
	    in->args[c->e->callback + 1].kind != ARG_FUNC)
		return;
	c->callback = program_resolve(c->chains.g->program, n, in->args[c->e->callback + 1].name);
	if (!c->callback || !find_class(c))
		return;
	set = reader_value(c->chains.reader, n, &in->args[c->e->set + 1]);
	chains_from(&c->chains, n, in, set);
}

void reentry_check(struct analysis *an, const struct reach_graph *g, struct unit *const *units, size_t nunit)
{
	struct check c = {.an = an, .units = units, .nunit = nunit};
	struct arena scratch;
	struct reader reader;

	arena_init(&scratch);
	reader_init(&reader, &scratch, &an->syms, &an->program);
	reader.an = an;
	chains_init(&c.chains, &scratch, &reader, g);
	contexts_build(&c.contexts, &scratch, an->options->model);
	c.chains.enter = enter;
	c.chains.cookie = &c;
	for (size_t v = 0; v < an->program.nnode; v++) {
		const struct node *n = an->program.nodes[v];
		bool wanted = iterates(&c, n);

		if (wanted)
			whole_reads(an, n);
		for (int i = 0; wanted && i < n->fn->ninsn; i++)
			if (n->fn->insns[i].op == OP_CALL)
				check_call(&c, n, &n->fn->insns[i]);
	}
	contexts_release(&c.contexts);
	chains_release(&c.chains);
	arena_release(&scratch);
}
