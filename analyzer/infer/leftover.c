// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gives back what could not be registered. Entry points: leftover_note(), leftover_settle().
 *
 * A function that registers a part of its caller's object fails, and leaves the first reference there. Of one caller that
 * does not give it back nobody can tell whose mistake it is, and the caller is told. When many do not and hardly one
 * does, they go by what the function promises: it is the one to mend, once.
 */
#include "infer/leftover.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "infer/explain.h"
#include "infer/model.h"
#include "infer/simulate.h"

#define LEAST_CALLERS 4		/* that leave it, to believe that it is not theirs */
#define FEW 4			/* one in so many may give it back all the same */

void leftover_note(struct sim *sim, struct state *st, const struct ref *r)
{
	struct candidate c = {
		.kind = FACT_REF_LEFT_OVER, .at = st->at, .object = r->object, .class_name = r->kind, .kind_name = r->kind,
		.function = r->got ? r->got->callee : NULL,
	};
	struct trace *t;

	if (!r->got || r->got->inner)	/* the callee has said so itself */
		return;
	t = state_step(&sim->pool, st, STEP_RETURN, st->at, sim->fn->name);
	t->object = r->object;
	t->what = r->kind;
	c.origin = r->got->at;
	c.began = r->got;
	c.trace = t;
	sim_candidate(sim, &c);
}

/* ------------------------------------------------------------------ when all is known */

static bool is_evidence(const struct fact *f)
{
	return f->kind == FACT_REF_LEFT_OVER;
}

/* Was what the fact speaks of left over there, further down? */
static bool is_of(const struct fact *f, const struct fact *left)
{
	if (f->kind != FACT_REF_LEFT || f->class != left->class || f->fn == left->fn)
		return false;
	return explain_goes_by(f, f->nstep, STEP_GET, left->origin);
}

/* Does n give back something of that kind by itself? */
static bool gives_back(const struct analysis *an, const struct node *n, const char *kind)
{
	for (int i = 0; i < n->fn->nlink; i++) {
		const struct model_func *m = n->fn->links[i].kind == LINK_CALL ?
						     model_find(an->options->model, n->fn->links[i].name) : NULL;

		for (int k = 0; m && k < m->neffect; k++)
			if (m->effects[k].kind == EFFECT_PUT && m->effects[k].what == kind)
				return true;
	}
	return false;
}

static bool calls(const struct node *n, const char *function)
{
	for (int i = 0; i < n->fn->nlink; i++)
		if (n->fn->links[i].kind == LINK_CALL && n->fn->links[i].name == function)
			return true;
	return false;
}

struct callers {
	int all, puts;		/* puts: of those, how many may give back what the function leaves */
};

static struct callers count_callers(const struct analysis *an, const struct fact *left, const char *const *functions, int n)
{
	struct callers c = {0, 0};

	for (size_t v = 0; v < an->program.nnode; v++) {
		bool is_caller = false;

		for (int i = 0; i < n && !is_caller; i++)
			is_caller = functions[i] && calls(an->program.nodes[v], functions[i]);
		c.all += is_caller;
		c.puts += is_caller && gives_back(an, an->program.nodes[v], left->class);
	}
	return c;
}

static void tell(struct analysis *an, const struct fact *left, int callers)
{
	struct fact *f = ARENA_NEW(an->arena, struct fact);

	*f = *left;
	f->kind = FACT_REF_LEFT;
	f->say = arena_printf(an->arena, "and none of %d callers gives it back when this fails", callers);
	explain_add(an, f);
}

/* Is it one of those that the run is for? */
static bool is_root(const struct infer_options *opt, const struct unit *u)
{
	for (size_t i = 0; i < opt->nroot; i++)
		if (opt->roots[i] == u)
			return true;
	return false;
}

static void settle(struct analysis *an, const struct fact *left)
{
	struct infer_result *r = an->result;
	const char **functions = ARENA_ARRAY(an->arena, const char *, r->nfact + 1);
	bool is_whole = !an->options->roots;
	struct callers c;
	int n = 0;
	size_t kept = 0;

	for (size_t i = 0; i < r->nfact; i++)
		if (is_of(r->facts[i], left))
			functions[n++] = r->facts[i]->function;
	if (!n || (is_whole ? n < LEAST_CALLERS : is_root(an->options, left->unit)))
		return;
	c = count_callers(an, left, functions, n);
	if (c.puts * FEW > (is_whole ? n : c.all) || c.all < LEAST_CALLERS)
		return;
	for (size_t i = 0; i < r->nfact; i++)
		if (!is_of(r->facts[i], left))
			r->facts[kept++] = r->facts[i];
		else if (!is_whole)	/* what the others leave is not known: it may be one of many */
			unsure(an, UNSURE_REF_HANDED_ON, r->facts[i]->at);
	r->nfact = kept;
	if (is_whole)
		tell(an, left, n);
}

static int by_origin(const void *a, const void *b)
{
	const struct place *x = &(*(const struct fact *const *)a)->origin, *y = &(*(const struct fact *const *)b)->origin;
	int c = x->file && y->file ? strcmp(x->file, y->file) : (x->file != NULL) - (y->file != NULL);

	if (!c)
		c = (x->line > y->line) - (x->line < y->line);
	return c ? c : (x->col > y->col) - (x->col < y->col);
}

void leftover_settle(struct analysis *an)
{
	const struct fact **all;
	size_t n = explain_take(an->result, is_evidence, &all);

	qsort(all, n, sizeof(*all), by_origin);
	for (size_t i = 0; i < n; i++)
		if (!i || by_origin(&all[i - 1], &all[i]))
			settle(an, all[i]);
	free(all);
}
