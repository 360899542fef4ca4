/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CACHE_H
#define INFER_CACHE_H

/*
 * What was learnt of a function, kept between runs. An entry is found by the function's
 * text, the models and the engine. It lists whatever else the simulation asked for: which
 * summary each callee had, and which function each address that it takes stands for. It is
 * good if all those answers are still the same.
 */

#include <stdbool.h>
#include <stdint.h>

#include "infer/infer.h"

struct analysis;
struct node;
struct summary;
struct sym;

/* Something asked for while a function was simulated, and the answer. */
struct consult {
	struct node *node;		/* NULL: the function was not read */
	const char *name;		/* as the simulated function names it; NULL: by its key */
	const struct sym *const *bound;	/* asked for given callbacks; or NULL */
	bool is_muted;			/* asked for while nothing was counted */
	bool is_address;		/* asked which function the name stands for: the answer is the node */
	const struct summary *summary;	/* NULL: there was none yet, or none at all */
};

/* What one simulation asked for and added to the result. */
struct record {
	struct record *outer;		/* of the simulation that this one is within */
	struct node *node;
	uint32_t serial;
	int muted;			/* the analysis' when it began */
	struct consult *items;
	int n, cap;
	unsigned long unsure[UNSURE_KINDS];
	size_t first_fact, nfact;	/* its facts in the result */
	bool is_over;			/* over budget */
};

/* A simulation begins; it ends with record_end(), which adds its counts to the result. */
void record_begin(struct analysis *an, struct record *r, struct node *n);
void record_end(struct analysis *an, struct record *r);
/*
 * The simulation at work asked for the body that name stands for; n is NULL if there is none. name is NULL when it asked
 * for n itself, whose address it came by.
 */
void record_body(struct analysis *an, struct node *n, const char *name);
/* It took the address of the function that name stands for; n is NULL if that was not read. */
void record_address(struct analysis *an, struct node *n, const char *name);
/* It asked for a summary for given callbacks and got that one; name as above. */
void record_special(struct analysis *an, struct node *n, const char *name, const struct sym *const bound[8],
		    const struct summary *s);

/*
 * The summary from an earlier run, if all is as it was then; its facts and counts are then in the result. NULL if it
 * must be simulated. The record has begun.
 */
struct summary *cache_find(struct analysis *an, struct node *n, const struct sym *const *bound, struct record *r);
/* Keep what was learnt. The record is about to end. Without a cache this only sets the summary's hash. */
void cache_keep(struct analysis *an, struct node *n, const struct sym *const *bound, struct summary *s,
		const struct record *r);
/* What was kept of the node for all its callers is damaged: it is not used again, and the run is to be done again. */
void cache_forget(struct analysis *an, struct node *n);

#endif
