/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_LEFTOVER_H
#define INFER_LEFTOVER_H

/* What fails to be registered has a reference all the same: whether to give it back is for a function or for its callers. */

struct analysis;
struct ref;
struct sim;
struct state;

/* At a failing exit: the function leaves its caller's object with the reference r. Evidence, kept among the facts. */
void leftover_note(struct sim *sim, struct state *st, const struct ref *r);
/*
 * Take the evidence out of the result. Where several callers leave what a function left them, and as good as none gives
 * it back, one finding in that function stands for theirs.
 */
void leftover_settle(struct analysis *an);

#endif
