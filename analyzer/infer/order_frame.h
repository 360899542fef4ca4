/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_ORDER_FRAME_H
#define INFER_ORDER_FRAME_H

/* Values along a way of calls, read from the instructions. For order_when.c. */

#include <stdbool.h>

#include "infer/callgraph.h"
#include "infer/sym.h"

struct analysis;

enum { FRAMES = 40 };

/* A function at work: called by that instruction of its parent; the first by who knows whom. */
struct frame {
	const struct frame *parent;
	const struct insn *via;
	const struct node *node;
	int id;
	bool is_apart;			/* ... by whom is not followed */
};

struct frames {
	struct analysis *an;
	struct sym_table syms;
	struct frame items[FRAMES];
	int n;
	int nvalue;			/* looked at */
};

void frames_init(struct frames *r, struct arena *a, struct analysis *an);
void frames_release(struct frames *r);
/* NULL when there are too many. */
const struct frame *frame_enter(struct frames *r, const struct frame *parent, const struct insn *via, const struct node *n);
/* The value of an operand of an instruction in f. */
const struct sym *frame_value(struct frames *r, const struct frame *f, const struct arg *a);

#endif
