/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_SCC_H
#define INFER_SCC_H

/* Directed graphs: strongly connected components, and the way back. */

#include <stddef.h>
#include <stdint.h>

struct arena;

/* Vertices 0..n-1; the edges of v go to to[first[v]] .. to[first[v + 1] - 1]. */
struct graph {
	size_t n;
	const uint32_t *first;	/* n + 1 of them */
	const uint32_t *to;
};

/*
 * Number the components from 0, so that an edge never leads to a higher one: component[v] is v's.
 * Returns how many there are. The numbers depend on the order of vertices and edges only.
 * finish, unless NULL, gets the order in which a depth-first walk leaves the vertices: an edge leads to one left
 * earlier, save for the few that close cycles.
 */
int scc_find(const struct graph *g, int *component, int *finish);

/* The graph turned round: the edges of v lead to where edges to v came from, in their order. It lives in a. */
struct graph graph_turn(const struct graph *g, struct arena *a);

#endif
