/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_SYM_H
#define INFER_SYM_H

/*
 * Symbolic values. Equal values are one object within a table (hash-consing), so they
 * are compared by pointer. A table lives for the simulation of one function; what a
 * summary keeps is copied into the program's own table with sym_import().
 *
 * A value is named by how it is reached from what the function was given: parameters,
 * globals, and memory as it was at entry (SYM_LOAD). Whatever cannot be named so is a
 * SYM_NEW: the n-th unknown of an instruction, in a given turn of the loops around it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

struct arena;
struct text;

enum sym_kind {
	SYM_INT,	/* value */
	SYM_PARAM,	/* value: its number */
	SYM_GLOBAL,	/* name: address of a variable */
	SYM_FUNC,	/* name: address of a function; value: 1 + its node, 0 when it was not read */
	SYM_STACK,	/* value: the alloca's instruction */
	SYM_ADDR,	/* a + value; a is never a SYM_ADDR, value never 0 */
	SYM_ELEM,	/* an address computed from a with the variable index b; without b: any of a's elements */
	SYM_LOAD,	/* what the memory at a held at entry */
	SYM_NEW,	/* site, value (ordinal), turn: something not known otherwise */
	SYM_BIN,	/* a <sub> b */
	SYM_CMP,	/* a <sub> b: 0 or 1 */
	SYM_ALL,	/* a and b are both not 0 */
};

struct sym {
	uint8_t kind;		/* enum sym_kind */
	uint8_t sub;		/* SYM_BIN, SYM_CMP: enum flow_sub */
	uint8_t depth;		/* loads on the way to it */
	uint8_t size;			/* symbols in it, each as often as it occurs; bounded */
	bool is_closed;		/* an integer, a function, an address in a global: the same everywhere */
	bool is_set;		/* names one of many: an element, or something of an earlier turn of a loop */
	int id;			/* order of creation in its table */
	int site;		/* SYM_NEW: instruction; negative for those the simulator makes up */
	int turn;		/* SYM_NEW: loop turn it was made in */
	int64_t value;
	const struct sym *a, *b;
	const struct sym *load;		/* the SYM_LOAD of it, once made: a memo */
	const struct sym *opposite;	/* SYM_CMP made by sym_cmp(): true when this is not */
	const char *name;	/* SYM_GLOBAL, SYM_FUNC; for people: SYM_PARAM, SYM_NEW, SYM_STACK; may be NULL */
	const char *struct_name, *field;	/* SYM_ADDR: for people and lock classes; may be NULL */
	const char *first_struct, *first;	/* what lies at offset 0 of what it points to, once that was said */
};

struct sym_slot {
	uint32_t hash;		/* 0: free */
	const struct sym *sym;
};

struct sym_table {
	struct arena *arena;
	struct sym_slot *slots;
	uint32_t size, used;
	int next_id;
	bool by_field;		/* names of fields tell addresses apart: one table for many functions */
};

void sym_table_init(struct sym_table *t, struct arena *a);
void sym_table_release(struct sym_table *t);

const struct sym *sym_int(struct sym_table *t, int64_t value);
const struct sym *sym_param(struct sym_table *t, int n, const char *name);
const struct sym *sym_global(struct sym_table *t, const char *name);
const struct sym *sym_func(struct sym_table *t, const char *name, int64_t node);
const struct sym *sym_stack(struct sym_table *t, int site, const char *name);
/* base + offset, folded; struct_name and field say what the offset is, or NULL. */
const struct sym *sym_addr(struct sym_table *t, const struct sym *base, int64_t offset,
			   const char *struct_name, const char *field);
/* Say what lies at offset 0 behind base: its address is base itself. For people and lock classes. */
void sym_name_first(const struct sym *base, const char *struct_name, const char *field);
const struct sym *sym_elem(struct sym_table *t, const struct sym *base, const struct sym *index);
/* NULL when it would be nested too deeply to be worth a name. */
const struct sym *sym_load(struct sym_table *t, const struct sym *addr);
const struct sym *sym_new(struct sym_table *t, int site, int64_t ordinal, int turn, const char *name);
/* Folded where operands are constants, booleans or equal. */
const struct sym *sym_bin(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b);
const struct sym *sym_cmp(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b);
/* Bits of a value, not shifted down: 0 when and only when s is. Else s. */
const struct sym *sym_unshifted(const struct sym *s);
/* All of terms[0..n-1], which are sorted and freed of doubles and of what is always true: canonical. */
const struct sym *sym_all(struct sym_table *t, const struct sym **terms, int n);
/* The opposite of a SYM_CMP or of an integer's truth. */
const struct sym *sym_not(struct sym_table *t, const struct sym *s);
/* The symbol with these fields, whose operands are of the table: as sym_import() would copy it. */
const struct sym *sym_restore(struct sym_table *t, const struct sym *fields);
/* The same value in table t (copied if it is not there). */
const struct sym *sym_import(struct sym_table *t, const struct sym *s);

/* How far behind its object an address is. */
static inline int64_t sym_offset(const struct sym *s)
{
	return s->kind == SYM_ADDR ? s->value : 0;
}
/* The object a pointer points into: s without SYM_ADDR. */
const struct sym *sym_object(const struct sym *s);
/* The parameter, global, stack object or unknown at the bottom of s. */
const struct sym *sym_root(const struct sym *s);
/* Is part somewhere in s (or s itself)? */
bool sym_contains(const struct sym *s, const struct sym *part);
/* Something the machine gives, the same each time it is asked for in one task: current, and its like. */
bool sym_is_machine(const struct sym *s);
#define SYM_MACHINE (-1000)	/* sites of such unknowns are not above this */
#define SYM_NAMELESS (1 << 28)	/* the site of objects in a summary that have no name for callers */
/* Can a caller name it: no stack object and no unknown in it? */
bool sym_is_outer(const struct sym *s);

/*
 * The sign classes of a 64-bit value, as a mask. Error pointers and error numbers are
 * -4095..-1 (MAX_ERRNO in linux/err.h).
 */
enum { MASK_ZERO = 1, MASK_POSITIVE = 2, MASK_ERROR = 4, MASK_LOW = 8, MASK_ANY = 15 };
#define MASK_VALID (MASK_POSITIVE | MASK_LOW)	/* a pointer that is neither NULL nor an error */
#define MASK_NEGATIVE (MASK_ERROR | MASK_LOW)

/* What can be said of s without knowing any path. */
unsigned sym_mask(const struct sym *s);
/* The classes x may be in when x <sub> c holds. */
unsigned mask_of_cmp(enum flow_sub sub, int64_t c);
/* EQ for NE, LT for GE, and so on. */
enum flow_sub cmp_negate(enum flow_sub sub);

/* Print for people: "group->mutex" for a pointer's target when as_target, else "&group->mutex". */
void sym_print(struct text *out, const struct sym *s, bool as_target);
/* The lock class: "iommu_group.mutex", a variable's name (flow_plain_name()), or kind when nothing better is known. */
const char *sym_class(const struct sym *lock, const char *kind);
/* The class of the lock that is that member (a path of members) of a struct; struct_name may be NULL. */
const char *sym_class_of(const char *struct_name, const char *field);

#endif
