/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_OVER_H
#define INFER_OVER_H

/* Functions that cost more than a function may (simulate.c). */

struct analysis;
struct func;
struct sim;

/* Name it, and count it as unsure. */
void over_note(struct analysis *an, const struct func *fn);
/* Look at the exits that were reached, and leave of all candidates those that one path tells by itself. */
void over_keep_sure(struct sim *sim);

#endif
