/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_MISSING_OWN_H
#define INFER_MISSING_OWN_H

/* What missing.c shares with missing_said.c. */

#include <stdint.h>

#include "infer/alike.h"
#include "infer/missing_story.h"
#include "infer/value.h"

#define MAX_WAYS 400		/* functions on the ways up from one need */

struct search {
	struct analysis *an;
	struct arena *arena;
	struct entries entries;
	struct guards guards;
	struct alike alike;
	struct reader reader;
	struct teller teller;
	uint32_t *seen;			/* per node: the serial of the search that came by */
	struct way *ways, *roots;	/* of the search at hand */
	uint32_t *callers;		/* per way: 1 + its node */
	uint32_t serial;
	const struct node **asserting;	/* functions that assert a lock, of any kind */
	size_t nasserting;
	struct map reported;		/* "node class" */
};

/* Is the lock held at x, or may it be? */
bool missing_may_hold(const struct sighting *x, const struct names *want);
/* Is the call made with the lock held, as far as can be seen? */
bool missing_is_holder(const struct search *s, const struct entry_call *c, const struct names *want);
/* Does the function assert one of the locks? */
bool missing_asserts(const struct node *n, const struct names *want);
bool missing_is_init(const struct node *n);
/* Is n called by somebody that is known: through a field, as a callback? init code does not count. */
const struct way *missing_root(struct search *s, const struct node *n);
/* Was it said before that n goes without the lock? It is from now on. */
bool missing_was_reported(struct search *s, const struct node *n, const struct names *want, bool is_doubtful);
/* Calls of a function whose comment says that its callers hold a lock. */
void missing_said_check(struct search *s, const struct node *n);

#endif
