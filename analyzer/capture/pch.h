/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_PCH_H
#define CAPTURE_PCH_H

/*
 * Precompiled headers: parsing headers is nearly all that capture costs, and most units read the same ones.
 * Units with equal flags are a set; for each set a few headers are made, of the files that many of its
 * units read. A unit uses one only if it provably means the same with it (pch_check.h), so that results
 * never depend on it. The headers lie in the run's folder and go with it; one that leaves too little room
 * there is not kept.
 *
 * The work comes in rounds of jobs, which children do as they do units: asking clang for its macros, then
 * making the headers and deciding for each unit. A job that fails costs only the gain.
 */

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct capture_options;
struct command;
struct command_list;
struct flags;
struct pch_plan;

/* Plan for the units list->items[want[0..nwant-1]]. NULL when it would not pay. */
struct pch_plan *pch_begin(const struct command_list *list, const size_t *want, size_t nwant,
			   const struct capture_options *opt, const char *folder);
/* The number of jobs of the next round; 0: there is none. */
size_t pch_round(struct pch_plan *plan);
/* In a child: the whole command of job i, and the folder it runs in. NULL: call pch_decide() instead of clang. */
const struct command *pch_job(const struct pch_plan *plan, size_t i, struct arena *a, struct flags *out);
/* In a child: decide for the units of job i. */
bool pch_decide(struct pch_plan *plan, size_t i);
/* Job i ended. */
void pch_job_done(struct pch_plan *plan, size_t i, bool ok);
/* The precompiled header that unit list->items[index] may use, when all rounds are over; NULL for none. */
const char *pch_for_unit(const struct pch_plan *plan, size_t index);
void pch_end(struct pch_plan *plan);

#endif
