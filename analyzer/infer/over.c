// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions over budget. They are named, and callers know nothing of them; but the paths that were gone to their end are
 * as good as any other's. Entry points: over_note(), over_keep_sure().
 */
#include "infer/over.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/simulate.h"

void simulate_over_budget(struct analysis *an, const struct func *fn)
{
	struct infer_result *r = an->result;

	if (r->over_budget == an->over_cap) {
		an->over_cap = an->over_cap ? an->over_cap * 2 : 16;
		r->over_budget_names = realloc(r->over_budget_names, sizeof(char *) * an->over_cap);
		if (!r->over_budget_names)
			die("out of memory (names)");
	}
	r->over_budget_names[r->over_budget++] = arena_printf(an->arena, "%s (%s)", fn->name, fn->file ? fn->file : "?");
}

void over_note(struct analysis *an, const struct func *fn)
{
	struct place at = {fn->file, fn->line, 0, fn};

	unsure(an, UNSURE_BUDGET, at);
	an->record->is_over = true;
	simulate_over_budget(an, fn);
}

/* What paths that were gone to their end tell by themselves, whatever others do: of references and borrows. */
void over_keep_sure(struct sim *sim)
{
	int kept = 0;

	leak_check(sim);
	for (int i = 0; i < sim->nfound; i++)
		switch (sim->found[i].kind) {
		case FACT_REF_LEFT: case FACT_USE_AFTER_TURN: case FACT_KEPT_AFTER_TURN: case FACT_USE_AFTER_UNLOCK:
		case FACT_USE_AFTER_SECTION: case FACT_USE_AFTER_PUT: case FACT_REF_PUT_AGAIN:
			sim->found[kept++] = sim->found[i];
			break;
		default:
			break;
		}
	sim->nfound = kept;
}
