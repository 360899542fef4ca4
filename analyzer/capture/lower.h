/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_LOWER_H
#define CAPTURE_LOWER_H

/*
 * From one LLVM function to one of flow. bitcode.c opens the module and hands functions to lower.c;
 * address.c knows how values and addresses become operands. See llvm.h for who includes this.
 */

#include "capture/debuginfo.h"

/*
 * What an LLVM value is in flow. Addresses with a constant offset are no instructions as long as they are
 * only read and written through: they stay a base and an offset, with the path of fields they went along.
 */
struct value {
	struct arg base;
	int64_t off;
	int addr;			/* the OP_ADDR that makes base + off a value; -1 for none */
	const char *struct_name, *field;	/* the path; NULL: unknown (field: or empty) */
	const struct dtype *type;	/* what is at that place, to go on from; NULL when unknown */
};

struct lower {
	struct arena *a;		/* of the unit */
	struct arena *scratch;		/* of the function */
	struct debug *debug;
	LLVMTargetDataRef layout;
	struct func *fn;
	struct ref_map values;		/* LLVMValueRef -> struct value */
	struct ref_map names;		/* LLVMValueRef -> name of the source variable */
	struct ref_map globals;		/* LLVMValueRef -> canonical name, in this function */
	struct map stems;		/* how many globals share a stem */
	struct ref_map numbers;		/* LLVMBasicBlockRef -> struct flow_block */
	struct insn *insns;
	int ninsn, room;
	struct phi *phis;		/* to be completed when all values are known */
};

/* --- address.c --- */

/* Append an instruction at that place, with room for narg operands. */
int lower_emit(struct lower *l, enum flow_op op, int narg, LLVMValueRef from);
/* The value as an operand. */
struct arg lower_arg(struct lower *l, LLVMValueRef v);
/* Operand 0 and imm of instruction n (and its names) become the address v, accessed with size bytes. */
void lower_access(struct lower *l, int n, LLVMValueRef v, uint64_t size);
/* v is instruction n; v is the same as another value. */
void lower_define(struct lower *l, LLVMValueRef v, int n);
void lower_alias(struct lower *l, LLVMValueRef v, struct arg arg);
/* A GEP: makes instructions only for what the operands of others cannot hold. */
void lower_gep(struct lower *l, LLVMValueRef gep);
/* Is it in a segment of x86 (%gs, %fs)? What is there is not at that address. */
bool lower_is_segment(LLVMValueRef address);
/*
 * The number that a constant of at most 64 bits is, not being counted with. A narrow one is unsigned, as most are in C:
 * what extends it to an int, where it is passed, vanishes (lower_cast()), so all must agree on one reading.
 */
int64_t lower_number(LLVMValueRef v);
/* A constant as an operand. l may have no function: names are then as they stand. */
struct arg lower_constant(struct lower *l, LLVMValueRef v);
/* The type's size as an operand of flow: 0 for aggregates and void. */
uint16_t lower_size(struct lower *l, LLVMTypeRef type);
/* Stands for an address at offset 0 (first.c). */
void lower_first(struct lower *l, LLVMValueRef call);


/* --- names.c --- */

/* "iommu_group" of "struct.iommu_group.12"; NULL for anonymous ones. */
const char *lower_struct_name(LLVMTypeRef type);
/* The name of a function or variable, without numbers that change from unit to unit. */
const char *lower_global_name(struct lower *l, LLVMValueRef global);
/* name without the number that __COUNTER__ left at its end. */
const char *lower_stable_name(const char *name, size_t len);
/* Nothing is known of the way to v. */
void path_forget(struct value *v);
/* The next member is one of this LLVM struct, at offset off of it. */
void path_into(struct lower *l, struct value *v, LLVMTypeRef type, uint64_t off);
/* Go to the member at offset off, which LLVM says is of that type. */
void path_member(struct lower *l, struct value *v, uint64_t off, LLVMTypeRef member);
/* Go to an element of the array v is at. */
void path_element(struct lower *l, struct value *v);
/* In an anonymous struct or union the path goes on to the member that is accessed with that size. */
void path_finish(struct lower *l, struct value *v, uint64_t size);
/* The path to an offset in a global variable, down to the member that is as large as the access. */
void path_global(struct lower *l, struct value *v, LLVMValueRef global, int64_t off, uint64_t size);

/* --- first.c --- */

/* Before the passes: keep GEPs to first members, which would vanish with the name of the member. */
void first_keep(LLVMModuleRef module);
/* Is v what such a GEP became? *type: the struct gone into; *depth: how many first members deep. */
bool first_is(LLVMValueRef v, LLVMTypeRef *type, unsigned *depth);

/* --- blocks.c --- */

/* A block of flow: a block of LLVM's and those that follow it and nothing else. */
struct flow_block {
	LLVMBasicBlockRef block;
	int number;			/* in reverse post-order; -1: part of another, or gone */
	int nsucc, next, npred;		/* next: the successor the walk looks at */
	struct flow_block **succ, *pred;
	struct flow_block *more;	/* goes on with these instructions */
	struct flow_block *into;	/* is part of this one, or enters phis for it */
};

/* The blocks of fn in reverse post-order, *n of them; l->numbers then finds them. */
struct flow_block **blocks_order(struct lower *l, LLVMValueRef fn, int *n);
/* The flow block that the LLVM block is in, or NULL when it cannot be reached. */
struct flow_block *blocks_find(struct lower *l, LLVMBasicBlockRef block);
/* Does control go from one LLVM block to the other, once branches are taken that are sure? */
bool blocks_has_edge(LLVMBasicBlockRef from, LLVMBasicBlockRef to);
/* Case i of a switch, from 1; and a case (or what is switched on) as a number. */
LLVMValueRef blocks_case(LLVMValueRef term, unsigned i);
int64_t blocks_case_value(LLVMValueRef v);

/* --- lower_insn.c --- */

/* Does it make nothing in flow? */
bool lower_is_silent(LLVMValueRef v);
/* An instruction that is neither phi nor terminator; and inline assembly, also of an asm goto. */
void lower_insn(struct lower *l, LLVMValueRef v);
void lower_asm(struct lower *l, LLVMValueRef v);

/* --- lower.c --- */

/* Lower fn into the arena a. layout and debug are the module's. */
struct func *lower_func(struct arena *a, struct debug *debug, LLVMTargetDataRef layout, LLVMValueRef fn);

#endif
