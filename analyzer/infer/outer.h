/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_OUTER_H
#define INFER_OUTER_H

/* What of a function's exits means something to its callers. */

#include <stdbool.h>

#include "infer/summary.h"

struct analysis;

/* Do callers get hold of what is at the root, by the result or by memory of theirs? */
bool outer_is_reachable(const struct state *st, const struct sym *root);
/* Is something of the stack in s? */
bool outer_has_stack(const struct sym *s);
/* Every unknown in s is one that callers can reach, and nothing of the stack is in it. */
bool outer_is_nameable(const struct state *st, const struct sym *s);
/* Tell callers what is in memory at the exit: what is near, if there is too much. */
void outer_copy_cells(struct analysis *an, struct scase *c, const struct state *st);

#endif
