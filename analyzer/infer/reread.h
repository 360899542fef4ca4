/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_REREAD_H
#define INFER_REREAD_H

/*
 * What is tested, and tested again once a lock has been taken, may have changed in between: that is why it is tested again
 * ("if (x->ready) return; mutex_lock(); if (x->ready) ..."). Without that, the second test would be one that always goes
 * the same way. Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */

struct arena;
struct func;
struct rereads;
struct state;

/* The loads of a function that was read which may be such; NULL: there are none. In arena a. */
const struct rereads *reread_find(struct arena *a, const struct func *fn);
/*
 * The call that took the lock since which that load reads a new value, as far as anybody knows; *first is then the first
 * load of that memory: all of them read the same from there. Else -1.
 */
int reread_taken(const struct rereads *r, int load, const struct state *st, int *first);

#endif
