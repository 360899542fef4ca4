/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_DEBUGINFO_H
#define CAPTURE_DEBUGINFO_H

/*
 * What debug information says of a module: files, places, variables, and the members of structs by
 * offset. LLVM's types are in it: see llvm.h for who includes it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "capture/llvm.h"
#include "flow/flow.h"

struct arena;

/* A map from LLVM's references to our things. Zeroed is empty; lives in its arena. */
struct ref_map {
	struct ref_entry *entries;
	size_t n, size;
};

void *ref_get(const struct ref_map *m, const void *ref);
void ref_set(struct arena *a, struct ref_map *m, const void *ref, void *value);

enum dtype_kind { DTYPE_OTHER, DTYPE_STRUCT, DTYPE_ARRAY, DTYPE_POINTER };

struct dtype;

struct dmember {
	const char *name;		/* NULL for an anonymous struct or union */
	uint64_t offset, size;		/* bytes */
	bool is_bits;			/* a bit-field */
	const struct dtype *type;	/* may be NULL */
};

/* A type of the source, typedefs and qualifiers taken off. Unions are structs. */
struct dtype {
	enum dtype_kind kind;
	const char *name;		/* struct tag, or the typedef's name of a struct without; or NULL */
	uint64_t size;			/* bytes */
	LLVMMetadataRef node;
	bool has_members, has_base;	/* read yet? */
	int nmember;
	struct dmember *members;
	const struct dtype *base;	/* element of an array, target of a pointer */
};

struct debug {
	struct arena *a;
	LLVMContextRef context;
	const char *source_root, *build;	/* absolute; build is where the compiler ran */
	bool is_build_apart;			/* the unit's source is not below build */
	LLVMMetadataRef no_expression;		/* the empty DIExpression */
	unsigned own;				/* operands of a type that all types have */
	struct ref_map files, types, seen;
	struct map structs;			/* name -> struct dtype */
	LLVMMetadataRef *queue;			/* nodes whose types were not looked at yet */
	size_t head, tail, room;
};

void debug_init(struct debug *d, struct arena *a, LLVMModuleRef module, const char *source_root);
void debug_release(struct debug *d);
/* The relative path of a DIFile; NULL for NULL. */
const char *debug_file(struct debug *d, LLVMMetadataRef file);
struct place debug_place(struct debug *d, LLVMValueRef insn);
/* Operand i of a node, or NULL. */
LLVMMetadataRef debug_operand(struct debug *d, LLVMMetadataRef node, unsigned i);
/* The list of a function's types: its result, then its parameters. */
LLVMMetadataRef debug_signature(struct debug *d, LLVMMetadataRef subprogram);
const char *debug_variable_name(struct debug *d, LLVMMetadataRef variable);
/* A type node; NULL for void. */
const struct dtype *debug_type(struct debug *d, LLVMMetadataRef node);
const struct dtype *debug_base(struct debug *d, const struct dtype *t);
/* The type of a DILocalVariable or DIGlobalVariable; and the latter of a global, or NULL. */
const struct dtype *debug_variable_type(struct debug *d, LLVMMetadataRef variable);
LLVMMetadataRef debug_global_variable(LLVMValueRef global);
/* Types reachable from node may be asked for by name from now on. */
void debug_reach(struct debug *d, LLVMMetadataRef node);
/* The struct of that name, or NULL. */
const struct dtype *debug_struct(struct debug *d, const char *name);
/*
 * The member of t that starts at the byte offset; size (0: any) decides between members of a union.
 * NULL when there is none, or when it is a bit-field (several share an address).
 */
const struct dmember *debug_member(struct debug *d, const struct dtype *t, uint64_t offset, uint64_t size);
/* The member that holds the byte at offset. */
const struct dmember *debug_member_around(struct debug *d, const struct dtype *t, uint64_t offset);

#endif
