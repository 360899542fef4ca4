/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_ALIKE_H
#define INFER_ALIKE_H

/*
 * Which names may be one lock's. A lock is named after the struct that a function reaches it through: "wiphy.mtx" for
 * who has the wiphy, "rdev.wiphy.mtx" for who has what it is in, "rdev.wiphy" where the lock is its first member.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "infer/evidence.h"

struct arena;
struct program;

struct alike_lock {
	const char *name, *member;	/* member: where it begins in the name, behind a dot; NULL of a variable */
	size_t len, nmember;		/* characters */
	bool is_struct;			/* something is touched in it */
	size_t start;			/* the struct it begins with: an index into seen */
};

struct alike {
	struct arena *arena;
	struct alike_lock *locks;	/* all that is held or wanted anywhere: by name, no doubles */
	const char **fields;		/* all that is touched, or a lock: sorted, no doubles */
	size_t nlock, nfield;
	uint8_t **seen;			/* per struct that a name begins with, per lock: may the lock be in it? 0: not asked yet */
	struct map sets;		/* a lock's name -> struct names: all that may be that lock */
};

/* All but the map lives in a. */
void alike_build(struct alike *l, struct arena *a, const struct program *p);
void alike_release(struct alike *l);
/* Is a lock of that name held or wanted anywhere? */
bool alike_has(const struct alike *l, const char *name);
/* want, and all that may be one of these locks. */
const struct names *alike_names(struct alike *l, const struct names *want);

#endif
