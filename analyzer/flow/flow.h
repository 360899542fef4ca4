/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

/*
 * Flow: what devscope knows of a translation unit. No type of LLVM or clang is in
 * it. capture makes it from bitcode, the database keeps its text, infer reads it.
 *
 * A unit holds functions and slots (function pointers found in ops tables). A
 * function holds blocks of instructions in SSA form. Memory is addressed by base
 * value and byte offset: constant field offsets are folded into the access, so that
 * container_of() and plain field access meet. Struct and field names ride along for
 * people and for lock classes; they never decide what is equal.
 *
 * The text form (flow_text.h) is dump, storage format and test input alike. It is
 * canonical: equal functions have equal text, whatever unit they came from and wherever they stand in their file.
 *
 * All strings are interned (base/text.h); all structures live in the arena given to
 * whoever made them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct func;

/*
 * A place in the source. Lines are those of the file as it is now, for all who show or compare them; what is kept for
 * later says them from where the function begins, so that a function that moved is the same function.
 */
struct place {
	const char *file;	/* relative to the source tree's top; NULL when unknown */
	int line, col;		/* from 1; 0 when unknown */
	const struct func *in;	/* the function of that file that the place moves with; NULL: with none that is known */
};

/*
 * An operand. Small, copied by value. Integers carry their value sign-extended to 64
 * bits; a pointer constant that is a global plus an offset is ARG_GLOBAL with off.
 */
enum arg_kind {
	ARG_NONE,
	ARG_INSN,	/* %n: result of instruction n */
	ARG_PARAM,	/* pn: parameter n, from 0 */
	ARG_INT,	/* #value; a null pointer is #0 */
	ARG_GLOBAL,	/* @name or @name+off: address of a variable; see flow_plain_name() */
	ARG_FUNC,	/* &name: address of a function, or the callee of a direct call */
	ARG_UNDEF,	/* undef, poison, and whatever flow does not model */
};

struct arg {
	enum arg_kind kind;
	int n;			/* ARG_INSN, ARG_PARAM */
	int64_t value;		/* ARG_INT: the value; ARG_GLOBAL: byte offset */
	const char *name;	/* ARG_GLOBAL, ARG_FUNC */
};

enum flow_op {
	OP_ADDR,	/* result = args[0] + imm; struct and field named where known */
	OP_INDEX,	/* result = args[0] + args[1] * imm + constant: an address computed with a variable */
	OP_LOAD,	/* result = *(args[0] + imm), size bytes */
	OP_STORE,	/* *(args[0] + imm) = args[1], size bytes */
	OP_CALL,	/* result = args[0](args[1..]) */
	OP_ASM,		/* result = something from args[0..]; inline assembly, unknown intrinsics */
	OP_PHI,		/* result = args[i] when entered from block targets[i] */
	OP_SELECT,	/* result = args[0] ? args[1] : args[2] */
	OP_CMP,		/* result = args[0] <sub> args[1]: 0 or 1 */
	OP_BIN,		/* result = args[0] <sub> args[1] */
	OP_ALLOCA,	/* result = address of a new stack object of imm bytes */
	OP_COPY,	/* copy args[2] bytes from args[1] to args[0] (memcpy, memmove) */
	OP_FILL,	/* set args[2] bytes at args[0] to args[1] (memset) */
	OP_ATOMIC,	/* result = old *(args[0] + imm); memory becomes args[1] or unknown (sub) */
	OP_EXTRACT,	/* result = element imm of the struct value args[0] */
	OP_INSERT,	/* result = struct value args[0] with element imm set to args[1] */
	/* Terminators: the last instruction of each block, and nowhere else. */
	OP_JUMP,	/* to targets[0] */
	OP_BRANCH,	/* args[0] != 0: targets[0], else targets[1] */
	OP_SWITCH,	/* args[0] == cases[i]: targets[i + 1]; else targets[0]. ncase = ntarget - 1 */
	OP_ANY,		/* any of targets, by means flow does not see (asm goto, indirect branch) */
	OP_RETURN,	/* args[0], or ARG_NONE */
	OP_STOP,	/* control does not go on (unreachable, after BUG or a noreturn call) */
};

/*
 * sub of OP_CMP, OP_BIN and OP_ATOMIC. Casts (zext, sext, trunc, ptrtoint, inttoptr, bitcast,
 * freeze) are no instructions: the operand stands for the result, save where trunc keeps fewer than
 * 8 bits of a wider value other than to test it (then BIN AND with the mask).
 */
enum flow_sub {
	SUB_NONE,
	CMP_EQ, CMP_NE, CMP_ULT, CMP_ULE, CMP_UGT, CMP_UGE, CMP_SLT, CMP_SLE, CMP_SGT, CMP_SGE,
	BIN_ADD, BIN_SUB, BIN_MUL, BIN_DIV, BIN_REM, BIN_AND, BIN_OR, BIN_XOR, BIN_SHL, BIN_SHR, BIN_OTHER,
	ATOMIC_SET,	/* exchange: memory becomes args[1] */
	ATOMIC_IF,	/* compare and exchange: args[1] expected, args[2] new; the result is a struct {old, success} */
	ATOMIC_OTHER,	/* add, or, ...: memory becomes unknown */
};

struct insn {
	uint8_t op;		/* enum flow_op */
	uint8_t sub;		/* enum flow_sub */
	bool is_pointer;	/* the result (OP_STORE: the value stored) is a pointer */
	bool is_volatile;	/* READ_ONCE, WRITE_ONCE */
	uint16_t size;		/* bytes of the result, or of the value stored; 0 for none or an aggregate */
	uint16_t narg, ntarget;
	struct arg *args;
	int *targets;		/* block numbers: successors, or a phi's predecessors */
	int64_t *cases;		/* OP_SWITCH: ntarget - 1 values */
	int64_t imm;		/* byte offset, size or element index, see enum flow_op */
	const char *struct_name;	/* OP_ADDR, LOAD, STORE, ATOMIC: the struct that imm goes into, as "iommu_group"; or NULL */
	const char *field;	/* the field's path in it, as "mutex" or "a.b"; or NULL */
	const char *name;	/* the source variable that holds the result, or NULL */
	struct place at;
};

struct block {
	int first, end;		/* its instructions: insns[first] .. insns[end - 1] */
};

struct param {
	const char *name;	/* as in the source; NULL if unknown */
	const char *type;	/* "device" if it is a pointer to struct device; else NULL */
	bool is_pointer;
};

/*
 * What a function names, in order of appearance, for whoever needs no more of it than that. A call is one LINK_CALL or
 * LINK_INDIRECT, then what it is said to lead to (of LINK_INDIRECT), then the functions passed to it.
 */
enum flow_link_kind {
	LINK_CALL,	/* a call of the function name */
	LINK_INDIRECT,	/* a call through a pointer. No name */
	LINK_FIELD,	/* that pointer may be what is in the field name: "struct.field" */
	LINK_TARGET,	/* ... or that function */
	LINK_LOST,	/* ... or something that nobody knows; no name. A parameter's callers know what it is */
	LINK_PASSED,	/* the function is passed to the call */
	LINK_NAMED,	/* other than in a call, the function's address is an operand */
	LINK_KINDS
};

struct flow_link {
	enum flow_link_kind kind;
	const char *name;
};

/* Where a function's instructions are while nobody has read them. */
struct func_source {
	/* Set fn's insns, blocks and text; die() if that cannot be. */
	void (*read)(struct func_source *source, struct func *fn);
	/*
	 * Take away again all that was lent; whoever wants some reads it again. is_lent: what is read from now on is, until
	 * the next call; else it stays as long as the function.
	 */
	void (*lend)(struct func_source *source, bool is_lent);
};

struct func {
	const char *name;
	const char *file;	/* where it is defined, relative to the tree */
	int line, end_line;	/* of the definition: its name, and the last line that has code */
	bool is_static;
	bool is_variadic;
	const char *section;	/* ".init.text" and the like; NULL for plain text */
	const char *notes;	/* what marker attributes say, and comments: "must_hold:...;said_held:..."; NULL for nothing */
	int nparam;
	struct param *params;
	bool returns_pointer, returns_value;
	int ninsn;
	struct insn *insns;	/* instruction n makes value %n */
	int nblock;
	struct block *blocks;	/* blocks[0] is the entry; numbered in reverse post-order */
	int nlink;
	const struct flow_link *links;
	struct func_source *source;	/* not NULL: insns, blocks and text are NULL until func_read() */
	int64_t row;		/* for the source */
	const char *text;	/* its canonical text, lines counted from its own, when it was read from or made for storage */
	uint64_t hash[2];	/* XXH3-128 of that text */
	uint64_t outline;	/* of a function read in brief: a hash of what the brief says, save how long it is */
};

/* A function pointer in an ops table: in an initialiser, or stored by code. */
struct slot {
	const char *struct_name, *field;	/* "iommu_ops", "probe_device" */
	const char *func;			/* the function in it */
	const char *object;			/* the variable initialised; NULL for a store by code */
	struct place at;
};

struct unit {
	const char *file;	/* its source, relative to the tree */
	int nfunc;
	struct func **funcs;	/* in order of name, then of text */
	int nslot;
	struct slot *slots;	/* sorted, no doubles */
};

/* "load", "cmp" ... and "eq", "add" ..., as in the text form. */
const char *flow_op_name(enum flow_op op);
const char *flow_sub_name(enum flow_sub sub);
/*
 * Variables that only one file knows have its name in theirs, "lock:drivers/foo/foo.c", so that those of two files are
 * two. For people, and for models, they are "lock": (interned) name without the file.
 */
const char *flow_plain_name(const char *name);
/* For qsort() over pointers to units: by file. */
int unit_compare(const void *a, const void *b);
/* See to it that the function's instructions, blocks and text are there. */
static inline const struct func *func_read(const struct func *fn)
{
	if (!fn->insns && fn->source)
		fn->source->read(fn->source, (struct func *)fn);
	return fn;
}
/* Does the op end a block? */
static inline bool flow_is_terminator(enum flow_op op)
{
	return op >= OP_JUMP;
}

#endif
