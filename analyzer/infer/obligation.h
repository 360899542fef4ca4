/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_OBLIGATION_H
#define INFER_OBLIGATION_H

/*
 * Obligations: what must hold for a function to be right. The simulation meets each of
 * them on all paths that come there, and it is proven if it holds on all; "devscope
 * verify" prints them.
 */

#include <stdbool.h>

#include "flow/flow.h"

enum obligation_kind {
	OBLIGATION_BORROW,	/* a pointer used, or passed on, while something keeps its object */
	OBLIGATION_RELEASE,	/* a lock taken is released on every path */
	OBLIGATION_REFERENCE,	/* a reference got is given back or handed on, and only what was got is given back */
	OBLIGATION_HELD,	/* a lock that is required is held */
	OBLIGATION_ORDER,	/* a lock taken while another is held, in an order without cycles */
	OBLIGATION_PROMISE,	/* what a contract wants of a call, or promises of a result */
	OBLIGATION_LOOP,	/* a loop goes on with what it began with */
	OBLIGATION_SURE,	/* nothing was left out: open wherever the engine would stay quiet */
	OBLIGATION_KINDS
};

struct obligation {
	enum obligation_kind kind;
	struct place at;
	const struct func *fn;
	const char *object;	/* for people: "group->mutex" */
	const char *why;	/* what proves it; or, when it is open, what is missing */
	bool is_open;
};

#endif
