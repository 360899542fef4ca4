/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_MODEL_ENTRY_H
#define INFER_MODEL_ENTRY_H

/*
 * Between model.c, which reads YAML, model_build.c, which makes the model of what was read, and model_find.c: an entry as
 * it stands in a file, and the table of names. For these files only.
 */

#include "base/map.h"
#include "infer/model.h"

enum section {
	LOCKS, REFERENCES, ITERATORS, FUNCTIONS, GUARDS, NEEDS, CONTEXTS, KINDS, OWNED, NAMES, CLASSES, MAKERS, ASKS, FIELDS,
	LISTS, CONTRACTS, UNCOUNTED, SECTIONS
};

/* iterators: how often the callback is called. */
enum how { HOW_EACH, HOW_MATCH, HOW_ONCE };

/*
 * One struct serves all sections; the schema of each says which keys it has. Numbers are pointers so
 * that a missing key can be told from 0.
 */
struct entry {
	char *function;
	char *takes, *releases, *downgrades, *asserts;
	char *gets, *puts, *finds, *owns, *leaves;
	char *element, *keeps;
	char *field, *lock, *lock_global, *keeper, *say, *slot, *kind, *in, *on, *member, *word, *class, *makes, *uses, *compared;
	char *query, *by, *where, *where_not;
	char *of, *to, *counts, *counter, *gone, *with, *head, *node, *back;
	char *params, *needs, *ensures, *gives, *consumes, *acquires, *may_take, *effect;
	int *arg, *nested_arg, *owner_arg, *drops, *returns;
	int *callback, *data, *element_param, *data_param, *param, *set, *bits, *other;
	int when, mode, how, does, waits, says;	/* enum effect_when, lock_mode, how, effect_kind, lock_wait, name_sense */
	int try, nested, recursive, counting, sure_unowned, null_ok, stops, opaque, list, atomic, contexts, unbinds, order;	/* 0 or 1 */
};

/* Where an entry begins. */
struct mark {
	const char *path;	/* of the file, for messages */
	int line, col;
};

/* The model so far. */
struct builder {
	struct arena *arena;
	struct model *model;
	struct map functions;	/* name to struct model_func */
	int guard_cap, need_cap, context_cap, kind_cap, owned_cap, name_cap, hint_cap, class_cap, maker_cap, field_cap, list_cap, contract_cap, ask_cap,
	    uncounted_cap;
};

/* Add an entry of that section to the model; die() if it makes no sense. */
void model_add_entry(struct builder *b, enum section section, struct mark at, const struct entry *e);
/* Make the sorted table of functions out of the map, and the one by name. */
void model_finish(struct builder *b);
/* The place of an (interned) name in that table, which has one. */
struct model_spot *model_spot(const struct model *m, const char *name);

#endif
