/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CONTEXT_H
#define INFER_CONTEXT_H

/*
 * Contexts: what is held whenever a function that was put into a field of an ops table runs.
 * A device's probe runs with the device's lock held, whoever has it probed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "infer/model.h"

struct arena;
struct node;
struct text;

/* A lock held on entry. */
struct context_lock {
	int param;			/* the parameter that leads to the lock's object; MODEL_NONE: no parameter does */
	const char *in_struct, *in_field;	/* where in what it points to the object is; NULL: it is the object */
	const char *class_name;		/* "device.mutex", or the name of a global lock */
	const char *kind;		/* "mutex" */
	bool is_shared;
	const char *on;			/* the variable that is the set which the object is in (its bus); or NULL */
};

struct context {
	const char *slot;		/* "pci_driver.probe" */
	struct context_lock *locks;
	int n, cap;
};

struct contexts {
	struct arena *arena;
	struct map slots;		/* slot -> struct context */
};

/* From what the models say. Everything lives in a, save the map. */
void contexts_build(struct contexts *c, struct arena *a, const struct model *m);
void contexts_release(struct contexts *c);
/* What is held in functions of that slot, or NULL. */
const struct context *contexts_find(const struct contexts *c, const char *slot);

#endif
