/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_REACH_GRAPH_H
#define INFER_REACH_GRAPH_H

/*
 * The full call graph: direct calls, calls through ops tables, functions passed to calls.
 *
 * A field that holds functions is a vertex of its own, after those of the nodes: callers
 * lead to it, and it leads to every function ever stored there. So a table with many
 * users and many instances costs their sum. A call of a parameter has no edge: whoever
 * passes the function has one.
 */

#include "infer/callgraph.h"
#include "infer/scc.h"

struct unit;

struct reach_graph {
	struct program *program;
	struct graph graph;		/* vertex v < nnode is program->nodes[v] */
	const char **fields;		/* of vertex nnode + i: "iommu_ops.probe_device", sorted */
	size_t nfield;
	size_t nslot;			/* functions in fields */
	size_t nslot_edge;		/* functions that calls through fields lead to, added up */
	size_t unresolved;		/* calls through pointers that lead nowhere known */
};

/* The units are those the program was built from. All that is made lives in a. */
void reach_graph_build(struct reach_graph *g, struct arena *a, struct program *p, struct unit *const *units,
		       size_t nunit);

#endif
