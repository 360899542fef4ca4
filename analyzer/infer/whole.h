/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_WHOLE_H
#define INFER_WHOLE_H

/*
 * What the passes over the whole program found, kept between runs: as long as what they read is the same (the notes of
 * all functions, their calls, the ops tables; instructions and summaries of some) they would find the same. Functions that
 * their findings tell of must be the same to the letter, since steps show their lines.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/infer.h"

struct analysis;
struct node;
struct summary;
struct unit;

struct whole {
	uint64_t key, content;
	size_t first_fact;
	unsigned long unsure[UNSURE_KINDS];	/* before the passes */
};

/* The passes would begin now. True: their findings, and all that they count, are in the result, from an earlier run. */
bool whole_find(struct analysis *an, struct unit *const *units, size_t nunit, struct whole *w);
/* One of them looks at the function's instructions: with others it may find something else. */
void whole_reads(struct analysis *an, const struct node *n);
/* One of them looks at the function's summary, which comes back. */
const struct summary *whole_asks(struct analysis *an, const struct node *n);
/* They have ended: keep what they added. */
void whole_keep(struct analysis *an, const struct whole *w);

#endif
