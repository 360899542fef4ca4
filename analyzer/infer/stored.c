// SPDX-License-Identifier: GPL-2.0-only
/*
 * References stored in members. What a driver looks up and keeps in a member of its own object, it gives back by way of
 * that member when it is unbound. Which function does is not for one simulation to see: each notes what it stores in
 * which member, and from which member it gives something back. A driver that can be unbound, and of which nobody ever
 * gives back what is in that member, keeps the reference for good.
 *
 * Entry points: stored_note() and stored_put() leave evidence among the facts, so that it is kept with them;
 * stored_settle() takes it out. Members are told apart by name: the last part, and the struct or the unit. It also takes
 * out what was left of variables that nothing would release.
 */
#include "infer/stored.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "infer/explain.h"
#include "infer/simulate.h"

/* The member that lies there, "struct.field"; NULL when that is not known. */
static const char *member_name(const struct sym *addr)
{
	const char *struct_name = addr->kind == SYM_ADDR ? addr->struct_name : addr->first_struct;
	const char *field = addr->kind == SYM_ADDR ? addr->field : addr->first;
	struct text t;
	const char *s;

	if (!struct_name || !field)
		return NULL;
	text_init(&t);
	text_printf(&t, "%s.%s", struct_name, field);
	s = intern(text_str(&t));
	text_release(&t);
	return s;
}

/* A member of an object that others see, by a name: no element of an array. */
static bool is_member(const struct sym *addr)
{
	enum sym_kind root = (enum sym_kind)sym_root(addr)->kind;

	return member_name(addr) && !addr->is_set && root != SYM_STACK && root != SYM_GLOBAL &&
	       sym_object(addr)->kind != SYM_ELEM;
}

/* Something is stored there, and more is not said. */
static void note_twice(struct sim *sim, const struct cell *c)
{
	if (is_member(c->addr))
		handed_evidence(sim, FACT_REF_STORED, c->at, member_name(c->addr), NULL);
}

void stored_note(struct sim *sim, struct state *st, const struct ref *r)
{
	const struct cell *in = NULL;
	struct candidate c = {
		.kind = FACT_REF_STORED, .object = r->object, .kind_name = r->kind, .function = r->got ? r->got->callee : NULL,
	};
	struct trace *t;

	for (int i = 0; i < st->ncell; i++) {
		const struct cell *cell = &st->cells[i];

		if (sym_object(cell->value) != sym_object(r->object) || sym_object(cell->addr) == sym_object(r->object) ||
		    borrow_is_home(sim, cell->addr))
			continue;
		if (in) {		/* kept twice: either may be the way to it */
			note_twice(sim, in);
			note_twice(sim, cell);
			return;
		}
		if (!is_member(cell->addr) || sym_root(cell->value)->kind != SYM_NEW)
			return;
		in = cell;
	}
	/* The object that has such a member looks after what is in it. */
	if (!in || !r->got || st->nturn || r->object->is_set ||
	    model_is_owned(sim->an->options->model, in->addr->struct_name, in->addr->field))
		return;
	t = state_step(&sim->pool, st, STEP_STORE, in->at, sim->fn->name);
	t->object = r->object;
	t->target = in->addr;
	c.at = in->at;
	c.origin = r->got->at;
	c.trace = t;
	c.class_name = member_name(in->addr);
	sim_candidate(sim, &c);
}

void stored_put(struct sim *sim, const struct sym *object, struct place at)
{
	const struct sym *from = sym_object(object);
	const char *member = from->kind == SYM_LOAD ? member_name(from->a) : NULL;

	if (member)
		handed_evidence(sim, FACT_REF_RETRIEVED, at, member, NULL);
}

/* ------------------------------------------------------------------ when all is known */

static bool is_evidence(const struct fact *f)
{
	return f->kind == FACT_REF_STORED || f->kind == FACT_REF_RETRIEVED;
}

static const char *last_part(const char *member)
{
	const char *dot = strrchr(member, '.');

	return dot ? dot + 1 : member;
}

/* A member of the same last name that something in that unit gives back from. */
static const char *in_unit(const struct fact *f)
{
	struct text t;
	const char *s;

	text_init(&t);
	text_printf(&t, "%s %s", f->unit->file, last_part(f->class));
	s = intern(text_str(&t));
	text_release(&t);
	return s;
}

static bool is_noted(const struct fact *const *all, size_t n, const char *member)
{
	for (size_t i = 0; i < n; i++)
		if (all[i]->kind == FACT_REF_STORED && all[i]->class == member)
			return true;
	return false;
}

/*
 * The unit gives something back by way of another member of that struct, and nobody was seen to store it there: it may be
 * this one, in two members.
 */
static bool may_be_given_by_another(const struct fact *const *all, size_t n, const struct fact *f)
{
	size_t len = strcspn(f->class, ".") + 1;

	for (size_t i = 0; i < n; i++)
		if (all[i]->kind == FACT_REF_RETRIEVED && all[i]->unit == f->unit && !strncmp(all[i]->class, f->class, len) &&
		    !is_noted(all, n, all[i]->class))
			return true;
	return false;
}

static bool ends_binding(const struct model *m, const struct slot *slot)
{
	for (int i = 0; i < m->ncontext; i++)
		if (m->contexts[i].unbinds && m->contexts[i].struct_name == slot->struct_name &&
		    m->contexts[i].field == slot->field)
			return true;
	return false;
}

/* The function of the unit that unbinds its driver, with its slot; NULL when there is not exactly one. */
static struct node *find_removal(struct analysis *an, const struct unit *u, const struct slot **slot)
{
	struct node *found = NULL;

	for (int i = 0; i < u->nslot; i++) {
		struct node *n;

		if (!ends_binding(an->options->model, &u->slots[i]))
			continue;
		n = program_resolve_in(&an->program, program_unit(&an->program, u->file), u->slots[i].func);
		if (!n || n == found)
			continue;
		if (found || !node_summary(n) || node_summary(n)->is_unknown)
			return NULL;
		found = n;
		*slot = &u->slots[i];
	}
	return found;
}

static void report(struct analysis *an, const struct fact *from, const struct node *removal, const struct slot *slot)
{
	struct fact *f = ARENA_NEW(an->arena, struct fact);
	struct step *steps = ARENA_ARRAY(an->arena, struct step, from->nstep + 1);
	struct place at = {removal->fn->file, removal->fn->line, 0, removal->fn};
	int n = 0;

	while (n < from->nstep && (n == 0 || from->steps[n - 1].kind != STEP_STORE))
		n++;		/* up to the store: what comes after it does not matter */
	memcpy(steps, from->steps, sizeof(*steps) * (size_t)n);
	steps[n] = (struct step){
		.kind = STEP_FAULT, .at = at, .func = removal->fn->name, .locks = "", .borrows = "", .refs = "",
		.text = arena_printf(an->arena, "%s(), as %s.%s, ends what the driver keeps, and neither it nor anything else "
				     "gives back what is in %s", removal->fn->name, slot->struct_name, slot->field, from->class),
	};
	*f = *from;
	f->kind = FACT_REF_KEPT;
	f->fn = removal->fn;
	f->unit = removal->unit;
	f->at = at;
	f->is_warned = true;	/* told from what nobody was seen to do */
	f->field = from->class;
	f->class = from->kind_name;
	f->nstep = n + 1;
	f->steps = steps;
	explain_add(an, f);
}

/* A variable, or one of an array of devices, that could not be registered. */
static bool is_lasting(const struct fact *f)
{
	return f->kind == FACT_REF_LEFT && f->is_warned;
}

/* Does its initialiser put a function into the variable that the object is, or is in ("&variable.member")? */
static bool has_functions(const struct unit *u, const char *object)
{
	size_t n = *object == '&' ? strcspn(object + 1, ".[-") : 0;

	for (int i = 0; n && i < u->nslot; i++)
		if (u->slots[i].object && !strncmp(u->slots[i].object, object + 1, n) && !u->slots[i].object[n])
			return true;
	return false;
}

/* No function is in it that would release anything: whoever put it would only hear that. */
static void drop_unreleased(struct analysis *an)
{
	struct infer_result *r = an->result;
	size_t kept = 0;

	for (size_t i = 0; i < r->nfact; i++) {
		if (is_lasting(r->facts[i]) && !has_functions(r->facts[i]->unit, r->facts[i]->object))
			unsure(an, UNSURE_REF_HANDED_ON, r->facts[i]->at);
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
}

void stored_settle(struct analysis *an)
{
	const struct fact **all;
	size_t n = explain_take(an->result, is_evidence, &all);
	struct map given;		/* members, and last names in units */

	drop_unreleased(an);
	map_init(&given);
	for (size_t i = 0; i < n; i++)
		if (all[i]->kind == FACT_REF_RETRIEVED) {
			map_set(&given, all[i]->class, an);
			map_set(&given, in_unit(all[i]), an);
		}
	for (size_t i = 0; i < n && !an->options->roots; i++) {
		const struct fact *f = all[i];
		const struct slot *slot = NULL;
		struct node *removal;

		if (f->kind != FACT_REF_STORED || !f->nstep || map_get(&given, f->class) || map_get(&given, in_unit(f)) ||
		    may_be_given_by_another(all, n, f))
			continue;
		removal = find_removal(an, f->unit, &slot);	/* where it was stored it was counted as unsure */
		if (removal)
			report(an, f, removal, slot);
	}
	map_release(&given);
	free(all);
}
