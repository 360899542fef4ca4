/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CONE_H
#define INFER_CONE_H

/* What must be simulated for the results of some units alone. */

#include <stdbool.h>
#include <stddef.h>

#include "infer/callgraph.h"

/*
 * Mark what the functions of the units need: wanted has an entry per node, all false. They need what they and
 * theirs name, and who hands them functions to call.
 */
void cone_mark(const struct program *p, struct unit *const *units, size_t nunit, bool *wanted);

#endif
