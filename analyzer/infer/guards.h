/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_GUARDS_H
#define INFER_GUARDS_H

/*
 * Which lock guards a field: what the models say, and what nearly all functions do. A field that is touched under one
 * lock of its own object (or one global lock) nearly always is guarded by it, as far as statistics go.
 */

#include "base/map.h"
#include "infer/entry.h"

/* A field, or a global variable, and the lock that guards it. */
struct guard {
	const char *field;		/* "iommu_group.devices" */
	const char *lock;		/* class: "iommu_group.mutex" */
	bool is_inferred;
	bool is_list;			/* it is the head of a list */
	int under, functions;		/* inferred: touched under the lock so often, in so many functions */
	int all;			/* ... out of so many times */
	const char **folders;		/* ... in files of these folders, one per function */
	bool is_said;			/* inferred: a comment in the struct says so, and what is done does not contradict it */
	bool is_of_changes;		/* inferred of few functions: only who changes the list needs the lock */
	const struct names **sets;	/* ... all locks held at each of those accesses */
	int nset;
};

struct guards {
	struct map by_field;		/* field -> struct guard */
	struct map said;		/* field -> what a comment says that guards it; while guards are inferred */
	const struct entries *entries;
	struct analysis *an;		/* hears of functions that are looked into */
	const struct model *model;
	struct arena *arena;
};

/* Everything but the map lives in a. is_whole: all functions were simulated, so that numbers mean something. */
void guards_build(struct guards *g, struct arena *a, const struct entries *e, struct analysis *an, bool is_whole);
void guards_release(struct guards *g);
/* The guard of what is touched, or NULL. */
const struct guard *guards_find(const struct guards *g, const struct sighting *x);
/* Is the function, or all who call it, about to make that lock, or to take its object apart? */
bool guards_is_making(const struct guards *g, const struct node *n, const char *lock);
/* Does the function free memory? */
bool guards_is_ending(const struct guards *g, const struct node *n);
/*
 * Of a guard that is of changes: does n, which comes to the list at x, change it while others that have none of the locks
 * held there look at it? Of one that a comment names: does n write there? Who makes the object or takes it apart does not.
 */
bool guards_is_racing(const struct guards *g, const struct guard *guard, const struct node *n, const struct sighting *x);
/* Does a comment in the function say that no lock is needed? */
bool guards_is_exempt(const struct node *n);
/* Where the member begins in the name of a field or lock; NULL of a global variable's. */
const char *guards_member(const char *name);
/* The folder of a file. */
const char *guards_folder(const char *file);

#endif
