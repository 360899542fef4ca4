/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef QUERY_VERDICT_H
#define QUERY_VERDICT_H

/* What came of one iteration with one callback, from the facts and the callback's summary. */

#include "query/query.h"

enum verdict { VERDICT_ESCAPES, VERDICT_KEPT, VERDICT_NOTHING, VERDICT_UNKNOWN, VERDICTS };

struct iteration_call {
	const struct node *n;		/* the function that calls the iterator */
	const struct insn *in;
	const struct effect *e;
	const char *iterator;
	const struct node *callback;	/* NULL: it is not known, or was not read */
	const char *callback_name;	/* NULL: it is not known */
	const char *why;		/* callback_name is NULL: why that is */
	bool is_handed_on;		/* ... the function is an iterator itself, and its own calls are looked at */
	const struct node *data_of;	/* the function that gives it its data, and the argument there; or NULL */
	const struct arg *data;
	struct place given_at;		/* where a caller of n gives the callback; file NULL: n itself does */
	const char *giver;
};

const char *verdict_name(enum verdict v);
/* What is to be said of it. *reason is in the arena. */
enum verdict verdict_of(struct question *q, const struct iteration_call *c, const char **reason);

#endif
