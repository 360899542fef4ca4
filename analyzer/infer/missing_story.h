/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_MISSING_STORY_H
#define INFER_MISSING_STORY_H

/* What missing.c has found, and its way to a fact with steps. */

#include "infer/fact.h"
#include "infer/guards.h"

struct analysis;
struct reader;

/* Something that needs a lock. */
struct need_of_lock {
	const struct node *n;
	const struct sighting *x;	/* the access, the assertion, or the call; NULL: the function's annotation, or a call */
	const struct names *want;	/* one of these */
	const struct names *like;	/* ... and all that may be one of them by another name */
	const struct guard *guard;	/* of an access; else NULL */
	bool is_said;			/* by the comment above the function */
	const char *callee;		/* of a call of what was not read, and a model says needs the lock; else NULL */
};

/* A call on the way from a function that should hold the lock to what needs it. */
struct way {
	const struct node *n;
	const struct sighting *x;	/* the call in n, or what needs the lock; NULL: in n, which never holds a lock */
	const struct way *next;		/* towards what needs it; NULL: this is it */
	int holders;			/* calls of n that hold the lock; 0 if nobody asked */
};

struct teller {
	struct analysis *an;
	struct reader *reader;
	const struct entries *entries;
};

/* The function at the top does not hold it. by: a call from above, or NULL. */
void tell_missing(struct teller *t, const struct need_of_lock *need, const struct way *top, const struct way *above,
		  int holders, bool is_weak, bool is_doubtful);
/* All callers of need's function hold the lock, and nothing says that they must. */
void tell_unsaid(struct teller *t, const struct need_of_lock *need);

#endif
