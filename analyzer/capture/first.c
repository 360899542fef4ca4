// SPDX-License-Identifier: GPL-2.0-only
/*
 * First members. A GEP to offset 0 is the same pointer, so passes drop it, and with it the name of a lock
 * that happens to be the first in its struct. Before they run, such GEPs become calls of a function without
 * effect that is named after the struct; address.c reads them as addresses again.
 *
 * GEPs into variables on the stack are left alone: a call would keep those from becoming values.
 */
#include "capture/lower.h"

#include <string.h>

#define PREFIX "devscope.first."

static bool is_zero(LLVMValueRef v)
{
	return LLVMIsAConstantInt(v) && !LLVMConstIntGetZExtValue(v);
}

static bool is_on_stack(LLVMValueRef v)
{
	while (LLVMIsAGetElementPtrInst(v))
		v = LLVMGetOperand(v, 0);
	return LLVMIsAAllocaInst(v);
}

static bool is_first_member(LLVMValueRef gep)
{
	LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
	int n = LLVMGetNumOperands(gep);

	if (n < 3 || LLVMGetTypeKind(type) != LLVMStructTypeKind || !LLVMGetStructName(type))
		return false;
	for (int i = 1; i < n; i++)
		if (!is_zero(LLVMGetOperand(gep, (unsigned)i)))
			return false;
	return LLVMGetTypeKind(LLVMTypeOf(gep)) == LLVMPointerTypeKind &&
	       LLVMGetPointerAddressSpace(LLVMTypeOf(gep)) == 0 && !is_on_stack(LLVMGetOperand(gep, 0));
}

static void add_attribute(LLVMContextRef c, LLVMValueRef fn, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(c, kind, 0));
}

static LLVMValueRef stand_in(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef gep)
{
	LLVMContextRef c = LLVMGetModuleContext(module);
	LLVMTypeRef params[] = { LLVMTypeOf(gep), LLVMInt32TypeInContext(c) };
	LLVMTypeRef type = LLVMFunctionType(params[0], params, 2, 0);
	char name[256] = PREFIX;
	LLVMValueRef fn, args[2];

	strncat(name, LLVMGetStructName(LLVMGetGEPSourceElementType(gep)), sizeof(name) - sizeof(PREFIX));
	fn = LLVMGetNamedFunction(module, name);
	if (!fn) {
		fn = LLVMAddFunction(module, name, type);
		add_attribute(c, fn, "memory");		/* reads and writes nothing */
		add_attribute(c, fn, "nounwind");
		add_attribute(c, fn, "willreturn");
	}
	args[0] = LLVMGetOperand(gep, 0);
	args[1] = LLVMConstInt(params[1], (unsigned)LLVMGetNumOperands(gep) - 2, 0);
	LLVMPositionBuilderBefore(builder, gep);
	return LLVMBuildCall2(builder, type, fn, args, 2, "");
}

static void keep_in_block(LLVMModuleRef module, LLVMBuilderRef builder, LLVMBasicBlockRef block)
{
	LLVMValueRef next;

	for (LLVMValueRef v = LLVMGetFirstInstruction(block); v; v = next) {
		LLVMValueRef call;

		next = LLVMGetNextInstruction(v);
		if (LLVMGetInstructionOpcode(v) != LLVMGetElementPtr || !is_first_member(v))
			continue;
		call = stand_in(module, builder, v);
		LLVMReplaceAllUsesWith(v, call);
		LLVMInstructionEraseFromParent(v);
	}
}

void first_keep(LLVMModuleRef module)
{
	LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));

	for (LLVMValueRef fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn))
		for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
			keep_in_block(module, builder, b);
	LLVMDisposeBuilder(builder);
}

bool first_is(LLVMValueRef v, LLVMTypeRef *type, unsigned *depth)
{
	LLVMValueRef fn = LLVMIsACallInst(v) ? LLVMGetCalledValue(v) : NULL;
	const char *name;
	size_t len;

	if (!fn || !LLVMIsAFunction(fn))
		return false;
	name = LLVMGetValueName2(fn, &len);
	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1))
		return false;
	if (type)
		*type = LLVMGetTypeByName2(LLVMGetTypeContext(LLVMTypeOf(v)), name + sizeof(PREFIX) - 1);
	if (depth)
		*depth = (unsigned)LLVMConstIntGetZExtValue(LLVMGetOperand(v, 1));
	return true;
}
