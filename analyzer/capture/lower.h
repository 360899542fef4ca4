/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_LOWER_H
#define CAPTURE_LOWER_H

/*
 * From one LLVM function to one of flow. bitcode.c opens the module and hands functions to lower.c;
 * address.c knows how values and addresses become operands. Only these include this.
 */

#include <llvm-c/Target.h>

#include "capture/debuginfo.h"

/*
 * What an LLVM value is in flow. Addresses with a constant offset are no instructions as long as they are
 * only read and written through: they stay a base and an offset, with the path of fields they went along.
 */
struct value {
	struct arg base;
	int64_t off;
	int addr;			/* the OP_ADDR that makes base + off a value; -1 for none */
	const char *struct_name, *field;	/* the path; NULL when unknown, field also while it is empty */
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
/* A constant as an operand. l may have no function: names are then as they stand. */
struct arg lower_constant(struct lower *l, LLVMValueRef v);
/* The type's size as an operand of flow: 0 for aggregates and void. */
uint16_t lower_size(struct lower *l, LLVMTypeRef type);
/* "iommu_group" of "struct.iommu_group.12"; NULL for anonymous ones. */
const char *lower_struct_name(LLVMTypeRef type);
/* The name of a function or variable, without numbers that change from unit to unit. */
const char *lower_global_name(struct lower *l, LLVMValueRef global);
/* name without the number that __COUNTER__ left at its end or before a '.'. */
const char *lower_stable_name(const char *name, size_t len);

/* --- lower_insn.c --- */

/* An instruction that is neither phi nor terminator; and inline assembly, also of an asm goto. */
void lower_insn(struct lower *l, LLVMValueRef v);
void lower_asm(struct lower *l, LLVMValueRef v);

/* --- lower.c --- */

/* Lower fn into the arena a. layout and debug are the module's. */
struct func *lower_func(struct arena *a, struct debug *debug, LLVMTargetDataRef layout, LLVMValueRef fn);

#endif
