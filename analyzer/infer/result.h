/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_RESULT_H
#define INFER_RESULT_H

/*
 * All that a run found, kept between runs: a program that is the same to the letter need not even be loaded to say again
 * what is found in it. Where anything differs, infer_run() does as little as it can.
 */

#include <stdbool.h>
#include <stdint.h>

#include "infer/infer.h"

struct arena;

/* What findings depend on, of a program. */
struct program_id {
	uint64_t names;		/* configuration and names of its units, hashed: one result is kept for each set of them */
	uint64_t content;	/* hash of all that they hold, with the lines it stands at */
};

/*
 * Is there the result of a run over that program, with the same engine, models and options, in opt->cache? Then *out is
 * what infer_run() would give, but for nsimulated, which is 0. The facts live in a and tell no more of their functions
 * and units than name, file and lines. For infer_result_release().
 */
bool result_find(struct arena *a, const struct program_id *id, const struct infer_options *opt, struct infer_result *out);
/* Keep what infer_run() gave for that program, in opt->cache. */
void result_keep(const struct program_id *id, const struct infer_options *opt, const struct infer_result *r);

#endif
