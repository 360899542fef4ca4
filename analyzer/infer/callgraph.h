/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CALLGRAPH_H
#define INFER_CALLGRAPH_H

/*
 * The program: each function body once, the calls between them, and the order in which
 * they are analysed, callees first.
 *
 * A node is a body together with the bodies its static callees resolve to: a header
 * function that many units hold is one node if it means the same in all of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "flow/flow.h"

struct arena;
struct evidences;
struct held_note;
struct model;
struct summary;
struct sym;

/*
 * How much a function must be known before its caller: which of the edges that form cycles are given up, the
 * weakest first.
 */
enum bond {
	BOND_MODEL,	/* called, but a model says what it does: its body has the result at most */
	BOND_GIVEN,	/* its address is passed to a call */
	BOND_CALL,
};

struct node {
	const struct func *fn;
	const struct unit *unit;	/* the first, by file name, that holds it */
	uint32_t unit_index;		/* of that unit, in the program */
	struct node **named;		/* per link of fn: the node that it names; NULL if that was not read */
	uint64_t key;			/* its text and the keys of its static callees */
	size_t index;			/* into program.nodes */
	struct node **callees;		/* direct calls, and functions passed to calls; in order of appearance, no doubles */
	unsigned char *bonds;		/* of the callees: enum bond */
	int ncallee;
	int component;			/* strongly connected component; callees have lower or equal numbers */
	int inner;			/* the same within the component, without BOND_MODEL */
	int finish;			/* the same within that, of BOND_CALL only, cut where cycles close */
	bool is_callback;		/* its address is passed to a call */
	bool is_called;			/* by its name */
	bool matters;			/* it, or a callee, does something a model speaks of */
	bool is_done;			/* simulated */
	struct summary *kept_summary;	/* NULL until then; to be looked at through node_summary() */
	uint32_t twin;			/* how many before it have the same text (but other callees), by unit and name */
	/* cache.c: the last record that has it, by its key, by its name, and what its name means */
	uint32_t asked_by, named_by, meant_by;
	const struct evidences *evidence;	/* what it does where; NULL: not known */
	const struct held_note *held;	/* what it holds where; held.h */
	int nheld;
	bool has_held;			/* there are such notes, read or not */
	const void *notes;		/* notes.h: those not read yet; or NULL */
	size_t nnotes;
	uint64_t notes_hash;
	struct special *specials;	/* summaries for given callbacks */
};

/* A summary of a function for given callbacks in place of parameters. */
struct special {
	struct special *next;
	const struct sym *bound[8];	/* per parameter: the function or number, in the program's table; or NULL */
	int depth;			/* of the simulations it is made in: deeper ones know less of it */
	bool is_muted;			/* made while nothing was counted */
	bool is_open;			/* being made */
	struct summary *summary;
};

struct program {
	struct arena *arena;
	const struct model *model;
	struct key_table {		/* nodes by key */
		struct node **slots;
		size_t size;		/* a power of two */
	} keys;
	struct node **nodes;		/* callees before callers, as far as cycles let them */
	size_t nnode;
	size_t nedge;
	size_t unresolved;		/* calls of functions with neither body nor model */
	struct name_table {		/* functions by unit and name */
		struct name_slot *slots;
		size_t size;		/* a power of two */
	} names;
	struct line_table {		/* lines.c: functions by file and name */
		struct line *slots;
		size_t size;		/* a power of two */
	} lines;
	struct unit *const *units;
	size_t nunit;
};

/* Build the program from units sorted by file. The units, and their array, are borrowed. */
void program_build(struct program *p, struct arena *a, struct unit *const *units, size_t nunit,
		   const struct model *model);
void program_release(struct program *p);
/* The node of that key and (interned) name, or NULL. */
struct node *program_find(const struct program *p, uint64_t key, const char *name);
/* The node that an (interned) name means in the unit of from; NULL when it was not read. */
struct node *program_resolve(const struct program *p, const struct node *from, const char *name);
/* The same in the unit of that number. */
struct node *program_resolve_in(const struct program *p, size_t unit, const char *name);
/* The node of that name that other units can call, or NULL. */
struct node *program_global(const struct program *p, const char *name);
/* The number of a unit, by its file; nunit if it is not there. */
size_t program_unit(const struct program *p, const char *file);

#endif
