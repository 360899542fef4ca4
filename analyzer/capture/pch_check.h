/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_PCH_CHECK_H
#define CAPTURE_PCH_CHECK_H

/*
 * What a precompiled header stands for, and whether a unit means the same with it.
 *
 * A unit may use a precompiled header if it would read every file in it anyway, and if no file's text depends
 * on where the unit reads it: each macro that a file of the header mentions must be the same in the unit as
 * it was when the header was made, and each macro that the unit's other files mention before they have read
 * all of the header must be what the header leaves it as. Then only the order of the files differs, and
 * headers that declare what they use mean the same in any order.
 */

#include <stdbool.h>
#include <stddef.h>

#include "capture/pp.h"

/* One mention: at item, name had to be macro. */
struct pch_mention {
	int item;
	pp_name name;
	const struct pp_macro *macro;
};

/* A file of the header: once with a guard; without one, for each #include of it. */
struct pch_node {
	struct pp_file *file;
	struct pch_mention *mentions;	/* of names that the header changes, by item */
	int nmention;
	pp_name *names;			/* all names mentioned, sorted */
	int nname;
	struct pch_child {
		int item;
		struct pch_node *node;
	} *children;
	int nchild;
};

struct pch_record {
	struct arena arena;
	struct pch_node **nodes;	/* by file; NULL: not in it */
	int nfile;			/* room in nodes */
	int nmember;			/* how many are in it */
	struct pp_change *changed;	/* names that the header changes, and what they are after it */
	uint32_t nchanged;
	uint32_t *place;		/* by name: index + 1 into changed */
	uint8_t *tested;		/* by name: an #if depends on it */
	uint32_t nname;			/* room in the last two */
};

/* Is the file read once at most, so that it can be in a header? */
bool pch_can_hold(const struct pp_file *f);
/*
 * Walk header, whose macros begin as w has them, and record it. False if it cannot be walked (w->failure).
 * w is as before afterwards.
 */
bool pch_record(struct pch_record *r, struct pp_walk *w, struct pp_file *header);
/* Does the file mention that name, itself or through a macro? */
bool pch_mentions(const struct pch_node *n, pp_name name);
void pch_record_release(struct pch_record *r);
/*
 * May the unit use the header? w is at the unit's first line, with the macros of its command line; own
 * are those names of them that the header was made without. If not, *blame is the file of the header that would not
 * mean the same, or NULL.
 */
bool pch_check(const struct pch_record *r, struct pp_walk *w, struct pp_file *unit, const pp_name *own,
	       int nown, const struct pp_file **blame);

#endif
