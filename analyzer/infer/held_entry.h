/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_HELD_ENTRY_H
#define INFER_HELD_ENTRY_H

/*
 * What is held whenever a function is entered, from all its callers in the program: what they hold at the call, and
 * what is held whenever they are entered. For functions in ops tables that is the context of the field.
 */

#include "infer/held.h"
#include "infer/reach_graph.h"

struct order;
struct text;

enum { ENTRY_LOCKS = 6 };

struct held_entry_lock {
	const char *class_name, *kind;
	bool is_shared;
	int8_t param;		/* the parameter that leads to the object it is in; -1: not the same for all callers */
};

struct held_entry {
	bool is_called;		/* by somebody who is known; else nothing is held */
	int n;
	struct held_entry_lock locks[ENTRY_LOCKS];
};

/* Per vertex of the graph: functions, then fields. Lives in o's arena. */
struct held_entry *held_entries_build(struct order *o);
/* Append the fields in whose functions something is held on entry, and what. */
void held_entries_print(struct text *out, const struct order *o, const struct held_entry *entries);

#endif
