/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_SAME_H
#define INFER_SAME_H

/* What a path learns of two pointers that are the same. */

#include <stdbool.h>

struct sim;
struct state;
struct sym;

/* The condition c came out as truth: where it says that two pointers are equal, a lock of one is that of the other. */
void same_learn(struct sim *sim, struct state *st, const struct sym *c, bool truth);

#endif
