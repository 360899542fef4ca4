// SPDX-License-Identifier: GPL-2.0-only
/*
 * One LLVM instruction to flow, phis and terminators aside (lower.c). Casts, likely() and tests of tests
 * vanish: the operand stands for the result. What flow does not model is an OP_ASM of its operands.
 */
#include "capture/lower.h"

#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/text.h"

/* --- values --- */

static int emit_pure(struct lower *l, LLVMValueRef v, int nop, const char *what)
{
	int n = lower_emit(l, OP_ASM, nop, v);

	for (int i = 0; i < nop; i++)
		l->insns[n].args[i] = lower_arg(l, LLVMGetOperand(v, (unsigned)i));
	l->insns[n].field = what;
	lower_define(l, v, n);
	return n;
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static enum flow_sub inverse(enum flow_sub sub)
{
	static const uint8_t inverses[] = {
		[CMP_EQ] = CMP_NE, [CMP_NE] = CMP_EQ, [CMP_ULT] = CMP_UGE, [CMP_ULE] = CMP_UGT,
		[CMP_UGT] = CMP_ULE, [CMP_UGE] = CMP_ULT, [CMP_SLT] = CMP_SGE, [CMP_SLE] = CMP_SGT,
		[CMP_SGT] = CMP_SLE, [CMP_SGE] = CMP_SLT,
	};

	return inverses[sub];
}

static bool is_test(struct lower *l, struct arg arg)
{
	return arg.kind == ARG_INSN && l->insns[arg.n].op == OP_CMP;
}

/* !x: the inverse of a comparison, or x == 0. */
static void lower_not(struct lower *l, LLVMValueRef v, struct arg x)
{
	int n = lower_emit(l, OP_CMP, 2, v);
	struct insn *in = &l->insns[n];

	if (is_test(l, x)) {
		in->sub = (uint8_t)inverse(l->insns[x.n].sub);
		memcpy(in->args, l->insns[x.n].args, sizeof(*in->args) * 2);
	} else {
		in->sub = CMP_EQ;
		in->args[0] = x;
		in->args[1].kind = ARG_INT;
	}
	lower_define(l, v, n);
}

static bool is_int(struct arg arg, int64_t value)
{
	return arg.kind == ARG_INT && arg.value == value;
}

static enum flow_sub predicate(LLVMIntPredicate p)
{
	switch (p) {
	case LLVMIntEQ: return CMP_EQ;
	case LLVMIntNE: return CMP_NE;
	case LLVMIntUGT: return CMP_UGT;
	case LLVMIntUGE: return CMP_UGE;
	case LLVMIntULT: return CMP_ULT;
	case LLVMIntULE: return CMP_ULE;
	case LLVMIntSGT: return CMP_SGT;
	case LLVMIntSGE: return CMP_SGE;
	case LLVMIntSLT: return CMP_SLT;
	case LLVMIntSLE: return CMP_SLE;
	}
	return CMP_EQ;
}

/* An operand that is counted with, or compared by its sign: -1 is that, however narrow. */
static struct arg lower_signed(struct lower *l, LLVMValueRef v)
{
	struct arg arg = lower_arg(l, v);

	if (LLVMIsAConstantInt(v) && arg.kind == ARG_INT && LLVMGetIntTypeWidth(LLVMTypeOf(v)) > 1)
		arg.value = LLVMConstIntGetSExtValue(v);
	return arg;
}

static void lower_cmp(struct lower *l, LLVMValueRef v)
{
	enum flow_sub sub = predicate(LLVMGetICmpPredicate(v));
	struct arg (*operand)(struct lower *, LLVMValueRef) = sub >= CMP_SLT && sub <= CMP_SGE ? lower_signed : lower_arg;
	struct arg x = operand(l, LLVMGetOperand(v, 0)), y = operand(l, LLVMGetOperand(v, 1));
	int n;

	if (LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind) {
		emit_pure(l, v, 2, NULL);
	} else if (is_test(l, x) && is_int(y, 0) && sub == CMP_NE) {
		lower_alias(l, v, x);
	} else if (is_test(l, x) && is_int(y, 0) && sub == CMP_EQ) {
		lower_not(l, v, x);
	} else {
		n = lower_emit(l, OP_CMP, 2, v);
		l->insns[n].sub = (uint8_t)sub;
		l->insns[n].args[0] = x;
		l->insns[n].args[1] = y;
		lower_define(l, v, n);
	}
}

static enum flow_sub arithmetic(LLVMOpcode op)
{
	switch (op) {
	case LLVMAdd: return BIN_ADD;
	case LLVMSub: return BIN_SUB;
	case LLVMMul: return BIN_MUL;
	case LLVMUDiv: case LLVMSDiv: return BIN_DIV;
	case LLVMURem: case LLVMSRem: return BIN_REM;
	case LLVMAnd: return BIN_AND;
	case LLVMOr: return BIN_OR;
	case LLVMXor: return BIN_XOR;
	case LLVMShl: return BIN_SHL;
	case LLVMLShr: case LLVMAShr: return BIN_SHR;
	default: return BIN_OTHER;
	}
}

static bool is_bool(LLVMValueRef v)
{
	LLVMTypeRef type = LLVMTypeOf(v);

	return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) == 1;
}

static void lower_bin(struct lower *l, LLVMValueRef v)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(v);
	struct arg x = lower_signed(l, LLVMGetOperand(v, 0)), y = lower_signed(l, LLVMGetOperand(v, 1));
	int n;

	if (op == LLVMXor && is_bool(v) && is_int(y, 1)) {
		lower_not(l, v, x);
		return;
	}
	n = lower_emit(l, OP_BIN, 2, v);
	l->insns[n].sub = (uint8_t)arithmetic(op);
	l->insns[n].args[0] = x;
	l->insns[n].args[1] = y;
	lower_define(l, v, n);
}

/* A cast is its operand, save a truncation to a few bits (one bit is a test). */
static void lower_cast(struct lower *l, LLVMValueRef v)
{
	LLVMTypeRef type = LLVMTypeOf(v);
	struct arg x = lower_arg(l, LLVMGetOperand(v, 0));
	unsigned width = LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 64;
	int n;

	if (LLVMGetInstructionOpcode(v) != LLVMTrunc || width == 1 || width >= 8) {
		lower_alias(l, v, x);
		return;
	}
	n = lower_emit(l, OP_BIN, 2, v);
	l->insns[n].sub = BIN_AND;
	l->insns[n].args[0] = x;
	l->insns[n].args[1] = (struct arg){.kind = ARG_INT, .value = (1 << width) - 1};
	lower_define(l, v, n);
}

/* --- memory --- */

static uint64_t access_size(struct lower *l, LLVMTypeRef type)
{
	return LLVMStoreSizeOfType(l->layout, type);
}

static void emit_load(struct lower *l, LLVMValueRef v, LLVMValueRef address, bool is_volatile)
{
	int n;

	if (lower_is_segment(address)) {
		n = emit_pure(l, v, 1, intern("segment"));
	} else {
		n = lower_emit(l, OP_LOAD, 1, v);
		lower_access(l, n, address, access_size(l, LLVMTypeOf(v)));
		lower_define(l, v, n);
	}
	l->insns[n].is_volatile = is_volatile;
}

static void emit_store(struct lower *l, LLVMValueRef v, LLVMValueRef value, LLVMValueRef address, bool is_volatile)
{
	struct arg arg = lower_arg(l, value);
	struct insn *in;
	int n;

	if (lower_is_segment(address)) {
		n = emit_pure(l, v, 2, intern("segment"));
		l->insns[n].is_volatile = true;
		return;
	}
	n = lower_emit(l, OP_STORE, 2, v);
	lower_access(l, n, address, access_size(l, LLVMTypeOf(value)));
	in = &l->insns[n];
	in->args[1] = arg;
	in->is_pointer = LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind;
	in->size = lower_size(l, LLVMTypeOf(value));
	in->is_volatile = is_volatile;
}

static bool is_ordered(LLVMValueRef v)
{
	return LLVMGetVolatile(v) || LLVMGetOrdering(v) != LLVMAtomicOrderingNotAtomic;
}

static void lower_load(struct lower *l, LLVMValueRef v)
{
	emit_load(l, v, LLVMGetOperand(v, 0), is_ordered(v));
}

static void lower_store(struct lower *l, LLVMValueRef v)
{
	emit_store(l, v, LLVMGetOperand(v, 0), LLVMGetOperand(v, 1), is_ordered(v));
}

static void lower_atomic(struct lower *l, LLVMValueRef v)
{
	bool is_if = LLVMGetInstructionOpcode(v) == LLVMAtomicCmpXchg;
	LLVMValueRef address = LLVMGetOperand(v, 0);
	int n;

	if (lower_is_segment(address)) {
		n = emit_pure(l, v, is_if ? 3 : 2, intern("segment"));
		l->insns[n].is_volatile = true;
		return;
	}
	n = lower_emit(l, OP_ATOMIC, is_if ? 3 : 2, v);
	lower_access(l, n, address, access_size(l, LLVMTypeOf(LLVMGetOperand(v, 1))));
	for (int i = 1; i < l->insns[n].narg; i++)
		l->insns[n].args[i] = lower_arg(l, LLVMGetOperand(v, (unsigned)i));
	lower_define(l, v, n);
	l->insns[n].sub = is_if ? ATOMIC_IF : ATOMIC_OTHER;
	if (!is_if && LLVMGetAtomicRMWBinOp(v) == LLVMAtomicRMWBinOpXchg)
		l->insns[n].sub = ATOMIC_SET;
}

static void lower_alloca(struct lower *l, LLVMValueRef v)
{
	LLVMValueRef count = LLVMGetOperand(v, 0);
	int n = lower_emit(l, OP_ALLOCA, 0, v);

	if (LLVMIsAConstantInt(count))
		l->insns[n].imm = (int64_t)(LLVMABISizeOfType(l->layout, LLVMGetAllocatedType(v)) *
					    LLVMConstIntGetZExtValue(count));
	lower_define(l, v, n);
}

/* --- calls --- */

/* Inline assembly by its text: equal hash and operands, and no side effect, is an equal value. */
static const char *asm_name(struct lower *l, LLVMValueRef code, bool is_volatile)
{
	size_t len, more;
	const char *s = LLVMGetInlineAsmAsmString(code, &len);
	const char *c = LLVMGetInlineAsmConstraintString(code, &more);
	char *text = arena_printf(l->scratch, "%.*s|%.*s", (int)len, s, (int)more, c), *out = text;
	unsigned hash;

	/* Labels are numbered by __COUNTER__; they only occur where there are side effects. */
	for (const char *p = text; *p; p++)
		if (!is_volatile || *p < '0' || *p > '9')
			*out++ = *p;
	hash = (unsigned)XXH3_64bits(text, (size_t)(out - text));
	return intern(arena_printf(l->scratch, "asm:%08x", hash));
}

/*
 * A store-release or load-acquire of arm64 is one instruction of assembly there (arch/arm64/include/asm/barrier.h:
 * __smp_store_release(), __smp_load_acquire(); so rcu_assign_pointer() is), and a plain access elsewhere.
 */
static bool lower_ordered_access(struct lower *l, LLVMValueRef v, LLVMValueRef code)
{
	size_t len;
	const char *s = LLVMGetInlineAsmAsmString(code, &len), *c = LLVMGetInlineAsmConstraintString(code, &len);
	int nop = (int)LLVMGetNumArgOperands(v);

	if (starts(s, "stlr") && starts(c, "=*Q,") && nop == 2)
		emit_store(l, v, LLVMGetOperand(v, 1), LLVMGetOperand(v, 0), true);
	else if ((starts(s, "ldar") || starts(s, "ldapr")) && starts(c, "=r,*Q") && nop == 1)
		emit_load(l, v, LLVMGetOperand(v, 0), true);
	else
		return false;
	return true;
}

void lower_asm(struct lower *l, LLVMValueRef v)
{
	LLVMValueRef code = LLVMGetCalledValue(v);
	int nop = (int)LLVMGetNumArgOperands(v), kept = 0;
	bool is_volatile = LLVMGetInlineAsmHasSideEffects(code);
	int n;

	if (lower_ordered_access(l, v, code))
		return;
	n = lower_emit(l, OP_ASM, nop, v);
	for (int i = 0; i < nop; i++) {
		struct arg arg = lower_arg(l, LLVMGetOperand(v, (unsigned)i));

		/* Numbers may be line numbers and labels: nobody reads them. */
		if (!is_volatile || arg.kind != ARG_INT)
			l->insns[n].args[kept++] = arg;
	}
	l->insns[n].narg = (uint16_t)kept;
	l->insns[n].is_volatile = is_volatile;
	l->insns[n].field = asm_name(l, code, is_volatile);
	lower_define(l, v, n);
}

static void lower_memory_call(struct lower *l, LLVMValueRef v, enum flow_op op)
{
	struct arg args[3];
	int n;

	for (unsigned i = 0; i < 3; i++)
		args[i] = lower_arg(l, LLVMGetOperand(v, i));
	n = lower_emit(l, op, 3, v);
	memcpy(l->insns[n].args, args, sizeof(args));
}

/* Intrinsics that say something to a compiler only. */
static bool is_silent(const char *name)
{
	static const char *const names[] = {
		"llvm.dbg.", "llvm.lifetime.", "llvm.assume", "llvm.donothing", "llvm.var.annotation",
		"llvm.prefetch", "llvm.experimental.noalias", "llvm.invariant.", "llvm.sideeffect",
		"llvm.stackrestore", "llvm.pseudoprobe", "llvm.codeview.annotation", "llvm.allow.",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (starts(name, names[i]))
			return true;
	return false;
}

/* Intrinsics that are their first operand. */
static bool is_identity(const char *name)
{
	return starts(name, "llvm.expect") || starts(name, "llvm.ptr.annotation") ||
	       starts(name, "llvm.annotation") || starts(name, "llvm.launder.") ||
	       starts(name, "llvm.strip.") || starts(name, "llvm.ssa.copy") ||
	       starts(name, "llvm.arithmetic.fence") || starts(name, "llvm.threadlocal.address");
}

/* Intrinsics whose result is no function of their operands, or that do something. */
static bool has_effect(const char *name)
{
	return starts(name, "llvm.read_") || starts(name, "llvm.write_") || starts(name, "llvm.va_") ||
	       starts(name, "llvm.stack") || starts(name, "llvm.trap") || starts(name, "llvm.debugtrap") ||
	       starts(name, "llvm.ubsantrap") || starts(name, "llvm.aarch64.") || starts(name, "llvm.arm.") ||
	       starts(name, "llvm.x86.");
}

/* Notes to tools about the code around them, and barriers to the compiler. */
static bool is_note(LLVMValueRef call)
{
	size_t len;
	const char *s = LLVMGetInlineAsmAsmString(LLVMGetCalledValue(call), &len);

	if (LLVMGetTypeKind(LLVMTypeOf(call)) != LLVMVoidTypeKind)
		return false;
	return !len || (strstr(s, ".discard.") && !strstr(s, "__bug_table"));
}

bool lower_is_silent(LLVMValueRef v)
{
	LLVMValueRef callee;
	unsigned id;
	size_t len;

	if (LLVMGetInstructionOpcode(v) != LLVMCall)
		return false;
	callee = LLVMGetCalledValue(v);
	if (LLVMIsAInlineAsm(callee))
		return is_note(v);
	id = LLVMIsAFunction(callee) ? LLVMGetIntrinsicID(callee) : 0;
	return id && is_silent(LLVMIntrinsicGetName(id, &len));
}

/* A register by name: the stack pointer, from which some machines make current. Equal within a function. */
static void lower_register(struct lower *l, LLVMValueRef v)
{
	LLVMValueRef node = LLVMGetOperand(v, 0), first = NULL;
	const char *name = NULL;
	unsigned len = 0;

	if (LLVMGetMDNodeNumOperands(node) == 1) {
		LLVMGetMDNodeOperands(node, &first);
		name = first ? LLVMGetMDString(first, &len) : NULL;
	}
	emit_pure(l, v, 0, intern(arena_printf(l->scratch, "register:%.*s", (int)len, name ? name : "")));
}

static void lower_intrinsic(struct lower *l, LLVMValueRef v, unsigned id)
{
	size_t len;
	const char *name = LLVMIntrinsicGetName(id, &len);
	int n;

	if (starts(name, "llvm.memcpy") || starts(name, "llvm.memmove")) {
		lower_memory_call(l, v, OP_COPY);
	} else if (starts(name, "llvm.memset")) {
		lower_memory_call(l, v, OP_FILL);
	} else if (starts(name, "llvm.read_register")) {
		lower_register(l, v);
	} else if (is_identity(name)) {
		lower_alias(l, v, lower_arg(l, LLVMGetOperand(v, 0)));
	} else {
		n = emit_pure(l, v, (int)LLVMGetNumArgOperands(v), intern_n(name, len));
		l->insns[n].is_volatile = has_effect(name);
	}
}

/* An argument; a narrow number is signed where the call says so, which depends on the machine. */
static struct arg lower_argument(struct lower *l, LLVMValueRef call, unsigned i)
{
	static const char name[] = "signext";
	LLVMValueRef v = LLVMGetOperand(call, i);

	if (LLVMIsAConstantInt(v) &&
	    LLVMGetCallSiteEnumAttribute(call, i + 1, LLVMGetEnumAttributeKindForName(name, strlen(name))))
		return lower_signed(l, v);
	return lower_arg(l, v);
}

static void lower_call(struct lower *l, LLVMValueRef v)
{
	LLVMValueRef callee = LLVMGetCalledValue(v);
	unsigned nop, id = LLVMIsAFunction(callee) ? LLVMGetIntrinsicID(callee) : 0;
	struct arg *args;
	int n;

	if (lower_is_silent(v))
		return;
	if (first_is(v, NULL, NULL)) {
		lower_first(l, v);
		return;
	}
	if (LLVMIsAInlineAsm(callee)) {
		lower_asm(l, v);
		return;
	}
	if (id) {
		lower_intrinsic(l, v, id);
		return;
	}
	nop = LLVMGetNumArgOperands(v);
	args = ARENA_ARRAY(l->a, struct arg, nop + 1);
	args[0] = lower_arg(l, callee);
	for (unsigned i = 0; i < nop; i++)
		args[i + 1] = lower_argument(l, v, i);
	n = lower_emit(l, OP_CALL, 0, v);
	l->insns[n].narg = (uint16_t)(nop + 1);
	l->insns[n].args = args;
	lower_define(l, v, n);
}

static void lower_element(struct lower *l, LLVMValueRef v, enum flow_op op)
{
	int n, narg = op == OP_INSERT ? 2 : 1;

	if (LLVMGetNumIndices(v) != 1) {
		emit_pure(l, v, narg, NULL);
		return;
	}
	n = lower_emit(l, op, narg, v);
	for (int i = 0; i < narg; i++)
		l->insns[n].args[i] = lower_arg(l, LLVMGetOperand(v, (unsigned)i));
	l->insns[n].imm = *LLVMGetIndices(v);
	lower_define(l, v, n);
}

static void lower_select(struct lower *l, LLVMValueRef v)
{
	int n = lower_emit(l, OP_SELECT, 3, v);

	for (unsigned i = 0; i < 3; i++)
		l->insns[n].args[i] = lower_arg(l, LLVMGetOperand(v, i));
	lower_define(l, v, n);
}

void lower_insn(struct lower *l, LLVMValueRef v)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(v);
	int n;

	switch (op) {
	case LLVMGetElementPtr: lower_gep(l, v); break;
	case LLVMLoad: lower_load(l, v); break;
	case LLVMStore: lower_store(l, v); break;
	case LLVMAtomicRMW: case LLVMAtomicCmpXchg: lower_atomic(l, v); break;
	case LLVMAlloca: lower_alloca(l, v); break;
	case LLVMCall: lower_call(l, v); break;
	case LLVMICmp: lower_cmp(l, v); break;
	case LLVMSelect: lower_select(l, v); break;
	case LLVMExtractValue: lower_element(l, v, OP_EXTRACT); break;
	case LLVMInsertValue: lower_element(l, v, OP_INSERT); break;
	case LLVMTrunc: case LLVMZExt: case LLVMSExt: case LLVMPtrToInt: case LLVMIntToPtr:
	case LLVMBitCast: case LLVMAddrSpaceCast: case LLVMFreeze:
		lower_cast(l, v);
		break;
	case LLVMAdd: case LLVMSub: case LLVMMul: case LLVMUDiv: case LLVMSDiv: case LLVMURem: case LLVMSRem:
	case LLVMAnd: case LLVMOr: case LLVMXor: case LLVMShl: case LLVMLShr: case LLVMAShr:
	case LLVMFAdd: case LLVMFSub: case LLVMFMul: case LLVMFDiv: case LLVMFRem:
		lower_bin(l, v);
		break;
	case LLVMFence:
		n = emit_pure(l, v, 0, intern("fence"));
		l->insns[n].is_volatile = true;
		break;
	default:
		emit_pure(l, v, LLVMGetNumOperands(v), NULL);
	}
}
