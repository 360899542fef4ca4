/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_CONTRACT_H
#define INFER_CONTRACT_H

/*
 * Contracts: what a model promises of functions, fields and lists, for verify. A path
 * ("dev->bus->lock", "*made", "result") is a name of a parameter and fields; it is found
 * again in the symbols of a simulation by the structs that fields point to.
 */

#include "infer/simulate.h"

/* One of the clauses of a contract, which are separated by semicolons. */
struct clause {
	const char *word;	/* "held", "kept", "linked", "on", "nonempty", "empty", "unshared"; a reference's kind; or "==" */
	const char *path, *other;	/* other: right of "=="; the head that the node is "on" */
	const char *on;		/* "zero", "nonzero": only with that result; or NULL */
};

/* Where a contract's names are looked up. */
struct binding {
	struct sim *sim;
	struct state *st;
	const struct model_contract *contract;	/* for its params; or NULL */
	const struct func *fn;		/* the function; NULL for what is called through a pointer */
	const struct insn *call;	/* names are its arguments; NULL: fn's own parameters */
	const struct sym *result;	/* or NULL */
	bool at_entry;			/* memory as it was at entry */
};

const struct model_contract *contract_find(const struct model *m, const char *of);
/* That of the slot "name.field"; or NULL. */
const struct model_contract *contract_of_slot(const struct model *m, const char *name, const char *field);
const struct model_field *contract_field(const struct model *m, const char *struct_name, const char *field);
/* The clause number n of the clauses; false if there are not as many. Lives in a. */
bool contract_clause(struct arena *a, const struct model_contract *c, const char *clauses, int n, struct clause *out);
/* What the path means; NULL if it leads nowhere (through NULL). die() if it cannot be understood. */
const struct sym *contract_value(const struct binding *b, const char *path);
/* The address of what the path names. */
const struct sym *contract_address(const struct binding *b, const char *path);
/* The same, from the object at base, of that struct: "bus->lock" of a device. */
const struct sym *contract_from(struct sim *sim, struct state *st, const struct sym *base, const char *struct_name,
				const char *path, bool at_entry);
/* The offset of a field, as it is used anywhere in the program. False if it is not used. */
bool contract_offset(const struct analysis *an, const char *struct_name, const char *field, int64_t *offset);

#endif
