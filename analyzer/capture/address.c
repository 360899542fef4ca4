// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values and addresses. An address is a base and an offset. GEPs with constant indices only add to the
 * offset and to the path of field names, and become an OP_ADDR where something other than a load, a
 * store or a further GEP uses them. A variable index is an OP_INDEX and starts a new base.
 * The names of the members on the way are names.c's.
 */
#include "capture/lower.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

int lower_emit(struct lower *l, enum flow_op op, int narg, LLVMValueRef from)
{
	struct insn *in;

	if (l->ninsn == l->room) {
		struct insn *more;

		l->room = l->room ? l->room * 2 : 256;
		more = ARENA_ARRAY(l->scratch, struct insn, l->room);
		if (l->ninsn)
			memcpy(more, l->insns, sizeof(*more) * (size_t)l->ninsn);
		l->insns = more;
	}
	in = &l->insns[l->ninsn];
	in->op = (uint8_t)op;
	in->narg = (uint16_t)narg;
	in->args = ARENA_ARRAY(l->a, struct arg, narg);
	in->at = debug_place(l->debug, from);
	return l->ninsn++;
}

uint16_t lower_size(struct lower *l, LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMVoidTypeKind:
	case LLVMStructTypeKind:
	case LLVMArrayTypeKind:
	case LLVMLabelTypeKind:
	case LLVMMetadataTypeKind:
	case LLVMTokenTypeKind:
		return 0;
	default:
		return (uint16_t)LLVMStoreSizeOfType(l->layout, type);
	}
}

/* --- operands --- */

static struct arg int_arg(int64_t value)
{
	return (struct arg){.kind = ARG_INT, .value = value};
}

static struct arg global_arg(struct lower *l, LLVMValueRef v)
{
	LLVMValueRef target = LLVMIsAGlobalAlias(v) ? LLVMAliasGetAliasee(v) : NULL;

	if (target && LLVMIsAFunction(target))
		v = target;
	return (struct arg){.kind = LLVMIsAFunction(v) ? ARG_FUNC : ARG_GLOBAL,
			    .name = lower_global_name(l, v)};
}

/* Constant indices of a GEP (or constant expression) as bytes; false if one is variable. */
static bool constant_offset(struct lower *l, LLVMValueRef gep, int64_t *off)
{
	LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
	int n = LLVMGetNumOperands(gep);

	*off = 0;
	for (int i = 1; i < n; i++) {
		LLVMValueRef index = LLVMGetOperand(gep, (unsigned)i);
		int64_t c;

		if (!LLVMIsAConstantInt(index))
			return false;
		c = LLVMConstIntGetSExtValue(index);
		if (i > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
			*off += (int64_t)LLVMOffsetOfElement(l->layout, type, (unsigned)c);
			type = LLVMStructGetTypeAtIndex(type, (unsigned)c);
			continue;
		}
		if (i > 1)
			type = LLVMGetElementType(type);
		*off += c * (int64_t)LLVMABISizeOfType(l->layout, type);
	}
	return true;
}

static struct arg add_offset(struct arg base, int64_t off)
{
	if (base.kind == ARG_INT || base.kind == ARG_GLOBAL) {
		base.value = (int64_t)((uint64_t)base.value + (uint64_t)off);
		return base;
	}
	return off ? (struct arg){.kind = ARG_UNDEF} : base;
}

static struct arg constant_expression(struct lower *l, LLVMValueRef v)
{
	struct arg a = lower_constant(l, LLVMGetOperand(v, 0)), b;
	int64_t off;

	switch (LLVMGetConstOpcode(v)) {
	case LLVMGetElementPtr:
		return constant_offset(l, v, &off) ? add_offset(a, off) : (struct arg){.kind = ARG_UNDEF};
	case LLVMPtrToInt: case LLVMIntToPtr: case LLVMBitCast: case LLVMAddrSpaceCast:
		return a;
	case LLVMTrunc:
		return a.kind == ARG_INT ? (struct arg){.kind = ARG_UNDEF} : a;
	case LLVMAdd: case LLVMSub:
		b = lower_constant(l, LLVMGetOperand(v, 1));
		if (b.kind == ARG_INT && LLVMGetConstOpcode(v) == LLVMSub)
			return add_offset(a, (int64_t)(0 - (uint64_t)b.value));
		if (b.kind == ARG_INT)
			return add_offset(a, b.value);
		if (a.kind == ARG_INT && LLVMGetConstOpcode(v) == LLVMAdd)
			return add_offset(b, a.value);
		return (struct arg){.kind = ARG_UNDEF};
	default:
		return (struct arg){.kind = ARG_UNDEF};
	}
}

int64_t lower_number(LLVMValueRef v)
{
	return LLVMGetIntTypeWidth(LLVMTypeOf(v)) <= 16 ? (int64_t)LLVMConstIntGetZExtValue(v) : LLVMConstIntGetSExtValue(v);
}

struct arg lower_constant(struct lower *l, LLVMValueRef v)
{
	switch (LLVMGetValueKind(v)) {
	case LLVMConstantIntValueKind:
		if (LLVMGetIntTypeWidth(LLVMTypeOf(v)) > 64)
			return (struct arg){.kind = ARG_UNDEF};
		return int_arg(lower_number(v));
	case LLVMConstantPointerNullValueKind:
		return int_arg(0);
	case LLVMFunctionValueKind:
	case LLVMGlobalVariableValueKind:
	case LLVMGlobalAliasValueKind:
	case LLVMGlobalIFuncValueKind:
		return global_arg(l, v);
	case LLVMConstantExprValueKind:
		return constant_expression(l, v);
	default:
		return (struct arg){.kind = ARG_UNDEF};
	}
}

static struct arg insn_arg(int n)
{
	return (struct arg){.kind = ARG_INSN, .n = n};
}

static struct arg emit_address(struct lower *l, struct value *v, LLVMValueRef from)
{
	struct insn *in;

	v->addr = lower_emit(l, OP_ADDR, 1, from);
	in = &l->insns[v->addr];
	in->args[0] = v->base;
	in->imm = v->off;
	in->struct_name = v->field ? v->struct_name : NULL;
	in->field = v->field;
	in->is_pointer = true;
	in->size = (uint16_t)LLVMPointerSize(l->layout);
	in->name = ref_get(&l->names, from);
	return insn_arg(v->addr);
}

/* base + off as an operand, for which it may take an instruction. */
static struct arg value_arg(struct lower *l, struct value *v, LLVMValueRef from)
{
	if (v->addr >= 0)
		return insn_arg(v->addr);
	if (!v->off)
		return v->base;
	if (v->base.kind == ARG_GLOBAL || v->base.kind == ARG_INT)
		return add_offset(v->base, v->off);
	return emit_address(l, v, from);
}

struct arg lower_arg(struct lower *l, LLVMValueRef v)
{
	struct value *known;

	if (LLVMIsConstant(v))
		return lower_constant(l, v);
	known = ref_get(&l->values, v);
	if (!known)
		return (struct arg){.kind = ARG_UNDEF};
	return value_arg(l, known, v);
}

static struct value *new_value(struct lower *l, LLVMValueRef v, struct arg base)
{
	struct value *value = ARENA_NEW(l->scratch, struct value);

	value->base = base;
	value->addr = -1;
	ref_set(l->scratch, &l->values, v, value);
	return value;
}

void lower_define(struct lower *l, LLVMValueRef v, int n)
{
	struct insn *in = &l->insns[n];
	LLVMTypeRef type = LLVMTypeOf(v);

	in->is_pointer = LLVMGetTypeKind(type) == LLVMPointerTypeKind;
	in->size = lower_size(l, type);
	in->name = ref_get(&l->names, v);
	new_value(l, v, insn_arg(n));
}

void lower_alias(struct lower *l, LLVMValueRef v, struct arg arg)
{
	const char *name = ref_get(&l->names, v);

	if (name && arg.kind == ARG_INSN && !l->insns[arg.n].name)
		l->insns[arg.n].name = name;
	new_value(l, v, arg);
}

void lower_access(struct lower *l, int n, LLVMValueRef address, uint64_t size)
{
	struct insn *in = &l->insns[n];
	struct value v = {.addr = -1}, *known;
	LLVMValueRef global = address;

	if (LLVMIsConstant(address)) {
		v.base = lower_constant(l, address);
		while (LLVMGetValueKind(global) == LLVMConstantExprValueKind)
			global = LLVMGetOperand(global, 0);
		if (v.base.kind == ARG_GLOBAL && LLVMIsAGlobalVariable(global))
			path_global(l, &v, global, v.base.value, size);
	} else {
		known = ref_get(&l->values, address);
		v = known ? *known : (struct value){.base.kind = ARG_UNDEF};
		path_finish(l, &v, size);
	}
	if (v.base.kind == ARG_GLOBAL || v.base.kind == ARG_INT) {
		v.base = add_offset(v.base, v.off);
		v.off = 0;
	}
	in->args[0] = v.base;
	in->imm = v.off;
	in->struct_name = v.field ? v.struct_name : NULL;
	in->field = v.field;
}

/* --- GEPs --- */

bool lower_is_segment(LLVMValueRef address)
{
	return LLVMGetPointerAddressSpace(LLVMTypeOf(address)) >= 256;
}

/* Does anything need the address itself? */
static bool is_used_as_value(struct lower *l, LLVMValueRef gep)
{
	if (lower_is_segment(gep))
		return true;
	for (LLVMUseRef use = LLVMGetFirstUse(gep); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef user = LLVMGetUser(use);
		int64_t off;

		switch (LLVMGetInstructionOpcode(user)) {
		case LLVMLoad:
			continue;
		case LLVMStore:
			if (LLVMGetOperand(user, 0) == gep)
				return true;
			continue;
		case LLVMAtomicRMW: case LLVMAtomicCmpXchg:
			if (LLVMGetOperand(user, 0) != gep || LLVMGetOperand(user, 1) == gep)
				return true;
			continue;
		case LLVMGetElementPtr:
			if (LLVMGetOperand(user, 0) != gep || !constant_offset(l, user, &off))
				return true;
			continue;
		case LLVMCall:
			if (!first_is(user, NULL, NULL))
				return true;
			continue;
		default:
			return true;
		}
	}
	return false;
}

/* Is it given to a function? Then its name is worth an instruction, even at offset 0. */
static bool is_passed(LLVMValueRef address)
{
	for (LLVMUseRef use = LLVMGetFirstUse(address); use; use = LLVMGetNextUse(use))
		if (LLVMIsACallInst(LLVMGetUser(use)) && !first_is(LLVMGetUser(use), NULL, NULL))
			return true;
	return false;
}

static struct value base_value(struct lower *l, LLVMValueRef v)
{
	struct value *known = LLVMIsConstant(v) ? NULL : ref_get(&l->values, v);

	if (known)
		return *known;
	return (struct value){.base = lower_arg(l, v), .addr = -1};
}

static void add_constant(struct value *v, int64_t off)
{
	v->off = (int64_t)((uint64_t)v->off + (uint64_t)off);
	if (off)
		v->addr = -1;
}

static void add_variable(struct lower *l, struct value *v, LLVMValueRef index, uint64_t scale,
			 LLVMValueRef gep)
{
	struct arg base = value_arg(l, v, gep), by = lower_arg(l, index);
	int n = lower_emit(l, OP_INDEX, 2, gep);
	struct insn *in = &l->insns[n];

	in->args[0] = base;
	in->args[1] = by;
	in->imm = (int64_t)scale;
	in->is_pointer = true;
	in->size = (uint16_t)LLVMPointerSize(l->layout);
	v->base = insn_arg(n);
	v->off = 0;
	v->addr = -1;
}

static void add_index(struct lower *l, struct value *v, LLVMValueRef index, LLVMTypeRef type,
		      LLVMValueRef gep)
{
	uint64_t size = LLVMABISizeOfType(l->layout, type);

	if (LLVMIsAConstantInt(index)) {
		add_constant(v, LLVMConstIntGetSExtValue(index) * (int64_t)size);
		return;
	}
	add_variable(l, v, index, size, gep);
	if (!v->type || v->type->kind != DTYPE_STRUCT || v->type->name)
		v->struct_name = v->field = NULL;
}

static void add_member(struct lower *l, struct value *v, LLVMTypeRef type, unsigned index)
{
	uint64_t off = LLVMOffsetOfElement(l->layout, type, index);

	path_into(l, v, type, off);
	path_member(l, v, off, LLVMStructGetTypeAtIndex(type, index));
	add_constant(v, (int64_t)off);
}

/* Constants need no instruction to have something added. */
static bool is_variable(struct arg base)
{
	return base.kind == ARG_INSN || base.kind == ARG_PARAM;
}

static bool is_zero(LLVMValueRef v)
{
	return LLVMIsAConstantInt(v) && !LLVMConstIntGetZExtValue(v);
}

static struct value *keep_value(struct lower *l, LLVMValueRef v, struct value value)
{
	struct value *kept = new_value(l, v, value.base);

	*kept = value;
	return kept;
}

void lower_first(struct lower *l, LLVMValueRef call)
{
	struct value v = base_value(l, LLVMGetOperand(call, 0)), *kept;
	LLVMTypeRef type;
	unsigned depth;

	first_is(call, &type, &depth);
	v.addr = -1;
	while (depth-- && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
		add_member(l, &v, type, 0);
		type = LLVMStructGetTypeAtIndex(type, 0);
	}
	kept = keep_value(l, call, v);
	if (is_variable(v.base) && (is_passed(call) ? v.field != NULL : v.off && is_used_as_value(l, call)))
		emit_address(l, kept, call);
}

void lower_gep(struct lower *l, LLVMValueRef gep)
{
	LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
	struct value v = base_value(l, LLVMGetOperand(gep, 0)), *kept;
	int n = LLVMGetNumOperands(gep);

	if (!is_zero(LLVMGetOperand(gep, 1)) || LLVMGetTypeKind(type) == LLVMIntegerTypeKind)
		path_forget(&v);
	add_index(l, &v, LLVMGetOperand(gep, 1), type, gep);
	for (int i = 2; i < n; i++) {
		LLVMValueRef index = LLVMGetOperand(gep, (unsigned)i);

		if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
			unsigned k = (unsigned)LLVMConstIntGetZExtValue(index);

			add_member(l, &v, type, k);
			type = LLVMStructGetTypeAtIndex(type, k);
			continue;
		}
		type = LLVMGetElementType(type);
		path_element(l, &v);
		add_index(l, &v, index, type, gep);
	}
	kept = keep_value(l, gep, v);
	if (kept->base.kind == ARG_INSN && !kept->off && !l->insns[kept->base.n].name &&
	    l->insns[kept->base.n].op == OP_INDEX)
		l->insns[kept->base.n].name = ref_get(&l->names, gep);
	if (kept->off && kept->addr < 0 && is_used_as_value(l, gep))
		value_arg(l, kept, gep);
}
