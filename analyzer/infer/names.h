/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_NAMES_H
#define INFER_NAMES_H

/* Sets of names, mostly of locks. They are never changed once made, so that one may be part of many things. */

#include <stdbool.h>

struct arena;

/* A set of names: interned, sorted, no doubles. NULL is the empty set. */
struct names {
	int n;
	const char *items[];
};

/* In a set of locks: one of which not even the class is known. */
#define LOCK_OF_ANY_CLASS "?"
/* The kind of read section that there is wherever there is no preemption. */
#define NOT_PREEMPTED "rcu_sched"

bool names_has(const struct names *s, const char *name);
/* Is it in there, or may it be, since one's class is not known? */
bool names_may_have(const struct names *s, const char *name);
bool names_meet(const struct names *a, const struct names *b);
bool names_equal(const struct names *x, const struct names *y);
/* What is made lives in a. A result that is one of the two sets given is that set. */
const struct names *names_join(struct arena *a, const struct names *x, const struct names *y);
const struct names *names_common(struct arena *a, const struct names *x, const struct names *y);
const struct names *names_without(struct arena *a, const struct names *x, const struct names *y);
const struct names *names_one(struct arena *a, const char *name);
/* An empty set to be filled, in order, with up to room names. */
struct names *names_new(struct arena *a, int room);

#endif
