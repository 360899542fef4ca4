/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_REENTRY_H
#define INFER_REENTRY_H

/*
 * Locks that a callback takes again though its context holds them: FACT_LOCK_REENTRY.
 * Run when all summaries are made.
 */

#include <stddef.h>

struct analysis;
struct reach_graph;
struct unit;

void reentry_check(struct analysis *an, const struct reach_graph *g, struct unit *const *units, size_t nunit);

#endif
