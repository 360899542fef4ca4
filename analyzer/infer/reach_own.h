/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_REACH_OWN_H
#define INFER_REACH_OWN_H

/* What each function does itself, before anything is closed over calls. For reach.c. */

#include "infer/reach_graph.h"

/* Node v takes a lock of that class, or sleeps (class NULL). */
struct own {
	uint32_t node;
	uint32_t element;		/* its number, once elements have numbers */
	const char *class_name, *kind;
	bool is_seen;			/* some call in the body says so; else only the summary does */
};

struct own_list {
	struct own *items;		/* in order of nodes; doubles are possible */
	size_t n, cap;
};

void own_collect(struct own_list *l, const struct reach_graph *g);
void own_release(struct own_list *l);

#endif
