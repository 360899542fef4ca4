// SPDX-License-Identifier: GPL-2.0-only
/*
 * One path again, alone. Where paths were merged what tells them apart is forgotten, and where there are too many to keep
 * them apart nothing can be refuted by going all of them again. The one that a candidate was found on can always be
 * gone again, with all that is learnt on it remembered: it may be none. Entry points: guide_set() before the run,
 * guide_holds() after it.
 */
#include "infer/explain.h"
#include "infer/simulate.h"

bool guide_enter(struct sim *sim, struct state *st, int block)
{
	struct course *w;
	int n = st->course ? st->course->n : 0;

	if (sim->guide && (n >= sim->nguide || sim->guide[n] != block))
		return false;
	w = ARENA_NEW(&sim->arena, struct course);
	*w = (struct course){st->course, block, n + 1};
	st->course = w;
	return true;
}

void guide_set(struct sim *sim, const struct candidate *c)
{
	const struct course *w = c->trace->course;
	int *blocks = ARENA_ARRAY(&sim->arena, int, w ? w->n : 0);

	sim->nguide = w ? w->n : 0;
	for (; w; w = w->prev)
		blocks[w->n - 1] = w->block;
	sim->guide = blocks;
}

bool guide_is_enough(const struct candidate *c)
{
	/* Given back once more than the other exits do: of those the one path knows nothing. */
	if (c->kind == FACT_REF_PUT_AGAIN && c->trace && c->trace->kind == STEP_PUT)
		return false;
	return c->kind != FACT_REF_LEFT && c->kind != FACT_REF_LEFT_OVER && c->kind != FACT_REF_STORED &&
	       c->kind != FACT_REF_KEPT && c->trace && c->trace->course && !c->is_inner;
}

static bool is_it(const struct held *h, const struct candidate *c)
{
	return h->state == LOCK_HELD && !h->is_vague && h->kind == c->kind_name && h->taken &&
	       h->taken->at.line == c->origin.line && h->taken->at.col == c->origin.col;
}

bool guide_holds(const struct sim *sim, const struct candidate *c)
{
	bool is_callers = is_same_place(c->origin, c->at);	/* it was never taken */

	for (const struct state *st = sim->exits; st; st = st->next) {
		if (is_callers && leak_did_nothing(sim, st))
			return true;
		for (int i = 0; st->locks && i < st->locks->n; i++)
			if (is_it(&st->locks->items[i], c) && !doubt_is_asked_again(sim, st, &st->locks->items[i]))
				return true;
	}
	return false;
}
