// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole analysis: program, simulation of each function with callees first, facts in
 * order. Entry: infer_run(). infer_last(), infer_print_summaries() and infer_print_reach() show
 * what the last run learnt.
 */
#include "infer/infer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/cone.h"
#include "infer/handed.h"
#include "infer/held_entry.h"
#include "infer/leftover.h"
#include "infer/missing.h"
#include "infer/notes.h"
#include "infer/order.h"
#include "infer/prove.h"
#include "infer/reach.h"
#include "infer/reentry.h"
#include "infer/simulate.h"
#include "infer/stored.h"
#include "infer/uncounted.h"
#include "infer/whole.h"

#define LENT_AT_ONCE 1000	/* bodies, of functions simulated */

/* Kept for infer_last(), infer_print_summaries() and infer_print_reach(). */
static struct analysis last;
static struct unit **last_units;
static size_t nlast_unit;

static int by_place(const void *a, const void *b)
{
	const struct fact *x = *(const struct fact *const *)a, *y = *(const struct fact *const *)b;
	int c = text_compare(x->at.file, y->at.file);

	if (!c)
		c = x->at.line - y->at.line;
	if (!c)
		c = x->at.col - y->at.col;
	if (!c)
		c = (int)x->kind - (int)y->kind;
	if (!c)
		c = text_compare(x->fn->name, y->fn->name);
	if (!c)
		c = text_compare(x->class, y->class);
	return c ? c : text_compare(x->object, y->object);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Between simulations, bodies are given back: they are seldom wanted again. Without a cache nothing can be read again. */
static void lend_bodies(const struct analysis *an, bool is_lent)
{
	struct func_source *source = an->program.nnode ? an->program.nodes[0]->fn->source : NULL;

	if (source && an->options->cache)
		source->lend(source, is_lent);
}

static void simulate_all(struct analysis *an)
{
	const struct infer_options *opt = an->options;
	size_t n = an->program.nnode;
	bool *wanted = calloc(n + 1, sizeof(*wanted));

	if (!wanted)
		die("out of memory (%zu functions)", n);
	if (opt->roots)
		cone_mark(&an->program, opt->roots, opt->nroot, wanted);
	lend_bodies(an, true);
	for (size_t i = 0; i < n; i++) {
		if (opt->progress)
			opt->progress(opt->cookie, i, n);
		if (!opt->roots || wanted[i])
			simulate_node(an, an->program.nodes[i]);
		if (i % LENT_AT_ONCE == LENT_AT_ONCE - 1)
			lend_bodies(an, true);
	}
	lend_bodies(an, false);
	free(wanted);
}

static void release_idle(struct analysis *an)
{
	while (an->nidle)
		arena_release(&an->idle[--an->nidle]);
}

static void check_order(struct analysis *an, const struct reach_graph *g)
{
	struct arena scratch;
	struct order o;

	if (an->options->roots)
		return;
	arena_init(&scratch);
	order_build(&o, &scratch, an, g, last_units, nlast_unit);
	o.entries = held_entries_build(&o);
	order_check(&o);
	order_release(&o);
	arena_release(&scratch);
}

/* What needs the calls through pointers as well, and then what needs all the program's notes. */
static void check_whole(struct analysis *an, struct infer_result *out)
{
	struct reach_graph g;
	struct arena scratch;
	struct whole w;

	if (whole_find(an, last_units, nlast_unit, &w))
		return;
	arena_init(&scratch);
	reach_graph_build(&g, &scratch, &an->program, last_units, nlast_unit);
	out->nslot = g.nslot;
	out->nslot_edge = g.nslot_edge;
	out->unresolved_pointers = g.unresolved;
	reentry_check(an, &g, last_units, nlast_unit);
	if (notes_read_all(an)) {
		missing_check(an, last_units, nlast_unit);
		check_order(an, &g);
		whole_keep(an, &w);
	}
	arena_release(&scratch);
}

/*
 * One run. What was kept and turns out to be damaged is forgotten on the way and makes it worthless; it goes on, so that
 * all that is damaged and wanted is found in few runs.
 */
static bool run_once(struct arena *a, const struct infer_options *opt, struct infer_result *out)
{
	struct analysis *an = &last;

	infer_result_release(out);
	an->arena = a;
	an->options = opt;
	an->result = out;
	sym_table_init(&an->syms, a);
	an->syms.by_field = true;
	program_build(&an->program, a, last_units, nlast_unit, opt->model);
	if (opt->prove)
		prove_init(an, last_units, nlast_unit);
	simulate_all(an);
	if (an->proof)
		prove_finish(an);
	handed_settle(an);
	section_settle(an);
	stored_settle(an);
	leftover_settle(an);
	uncounted_settle(an);
	release_idle(an);
	out->nedge = an->program.nedge;
	out->unresolved = an->program.unresolved;
	check_whole(an, out);
	return !an->is_damaged;
}

void infer_run(struct arena *a, struct unit *const *units, size_t nunit,
	       const struct infer_options *opt, struct infer_result *out)
{
	memset(out, 0, sizeof(*out));
	last_units = arena_copy(a, units, sizeof(*units) * nunit);
	nlast_unit = nunit;
	qsort(last_units, nunit, sizeof(*last_units), unit_compare);
	while (!run_once(a, opt, out))
		;
	if (out->nfact)
		qsort(out->facts, out->nfact, sizeof(*out->facts), by_place);
	if (out->over_budget)
		qsort(out->over_budget_names, out->over_budget, sizeof(*out->over_budget_names), by_text);
}

struct analysis *infer_last(struct unit *const **units, size_t *nunit)
{
	*units = last_units;
	*nunit = nlast_unit;
	return &last;
}

void infer_print_summaries(struct text *out, const struct unit *u)
{
	size_t index = program_unit(&last.program, u->file);

	for (int i = 0; index < last.program.nunit && i < u->nfunc; i++) {
		const struct node *n = program_resolve_in(&last.program, index, u->funcs[i]->name);

		if (n && n->kept_summary)
			summary_print(out, n->fn, node_summary(n));
	}
}

void infer_print_reach(struct text *out, const struct unit *u)
{
	size_t index = program_unit(&last.program, u->file);
	struct arena scratch;
	struct reach r;

	arena_init(&scratch);
	reach_build(&r, &scratch, &last.program, last_units, nlast_unit);
	for (int i = 0; index < last.program.nunit && i < u->nfunc; i++) {
		const struct node *n = program_resolve_in(&last.program, index, u->funcs[i]->name);

		if (n)
			reach_print(out, &r, n);
	}
	arena_release(&scratch);
}

/* The order of locks of the last run, shown by print. */
static void print_order(struct text *out, void (*print)(struct text *, struct order *))
{
	struct arena scratch;
	struct reach_graph g;
	struct order o;

	arena_init(&scratch);
	notes_read_all(&last);
	reach_graph_build(&g, &scratch, &last.program, last_units, nlast_unit);
	order_build(&o, &scratch, &last, &g, last_units, nlast_unit);
	o.entries = held_entries_build(&o);
	print(out, &o);
	order_release(&o);
	arena_release(&scratch);
}

static void print_contexts(struct text *out, struct order *o)
{
	held_entries_print(out, o, o->entries);
}

void infer_print_order(struct text *out, const struct unit *u)
{
	(void)u;
	print_order(out, order_print);
}

void infer_print_contexts(struct text *out, const struct unit *u)
{
	(void)u;
	print_order(out, print_contexts);
}

void infer_hold_back(struct infer_result *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->nfact; i++) {
		enum fact_kind kind = r->facts[i]->kind;

		if (r->facts[i]->is_inferred &&
		    (kind == FACT_USE_AFTER_SECTION || kind == FACT_LOCK_ORDER || kind == FACT_WAIT_DEADLOCK ||
		     kind == FACT_LOCK_MISSING || kind == FACT_LOCK_TAKEN_AGAIN || kind == FACT_LOCK_REENTRY))
			r->unsure[UNSURE_DOUBTFUL]++;
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
}

void infer_result_release(struct infer_result *r)
{
	free(r->facts);
	free(r->over_budget_names);
	program_release(&last.program);
	sym_table_release(&last.syms);
	memset(&last, 0, sizeof(last));
	memset(r, 0, sizeof(*r));
}
