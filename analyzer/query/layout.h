/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef QUERY_LAYOUT_H
#define QUERY_LAYOUT_H

/*
 * What structs hold, as far as code shows it: which members are, or point to, a certain struct. Flow has names of
 * the members that are used and no declarations; what nobody near uses is not known.
 */

#include "query/query.h"

struct member {
	const char *struct_name, *field;	/* "platform_device", "dev" */
	int64_t offset;
	const char *type;			/* the struct it is or points to: "device" */
	bool is_pointer;
	int uses;				/* how often that was seen */
};

struct layout {
	struct question *q;
	struct map members;	/* "struct.field" -> struct member */
	struct map params;	/* "function N" -> type (interned): of functions that were not read */
	struct map units;	/* those learnt from */
	struct map by_struct;	/* struct -> struct member_list */
};

/* A value of a function with the struct it points to. */
struct typed {
	const struct sym *value;
	const char *type;
	const char *name;	/* the variable it is in; or NULL */
	bool is_sure;		/* a parameter, or passed to one; else only accessed, perhaps from inside of the struct */
	struct typed *next;
};

void layout_init(struct layout *l, struct question *q);
void layout_release(struct layout *l);
/* Learn from all functions of a unit; once. */
void layout_learn(struct layout *l, const struct unit *u);
/* The values of a function whose struct is known, in the order of its code; parameters first. In the arena. */
struct typed *layout_typed(struct layout *l, const struct node *n);
/* The members of that struct, in order of offset; their number. */
size_t layout_members(struct layout *l, const char *struct_name, const struct member *const **out);

#endif
