// SPDX-License-Identifier: GPL-2.0-only
/*
 * One LLVM function to flow, after mem2reg, sroa and early-cse.
 *
 * Blocks are walked in reverse post-order, so that operands are known before their uses; only phis are
 * completed at the end. What has no effect and no use is dropped then, and the rest numbered.
 */
#include "capture/lower.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct phi {
	struct phi *next;
	int n;				/* the instruction */
	LLVMValueRef value;
	int block;
};

/* --- control flow --- */

static void put_targets(struct lower *l, int n, const struct flow_block *bb)
{
	struct insn *in = &l->insns[n];

	in->ntarget = (uint16_t)bb->nsucc;
	in->targets = ARENA_ARRAY(l->a, int, bb->nsucc);
	for (int i = 0; i < bb->nsucc; i++)
		in->targets[i] = bb->succ[i]->number;
}

static void lower_switch(struct lower *l, LLVMValueRef v, const struct flow_block *bb)
{
	int n = lower_emit(l, OP_SWITCH, 1, v);
	struct insn *in = &l->insns[n];

	in->args[0] = lower_arg(l, LLVMGetOperand(v, 0));
	put_targets(l, n, bb);
	in->cases = ARENA_ARRAY(l->a, int64_t, bb->nsucc);
	for (int i = 1; i < bb->nsucc; i++)
		in->cases[i - 1] = blocks_case_value(blocks_case(v, (unsigned)i));
}

static void lower_return(struct lower *l, LLVMValueRef v)
{
	int n = lower_emit(l, OP_RETURN, 1, v);

	if (LLVMGetNumOperands(v))
		l->insns[n].args[0] = lower_arg(l, LLVMGetOperand(v, 0));
}

static void lower_terminator(struct lower *l, LLVMValueRef v, const struct flow_block *bb)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(v);
	int n;

	if (op == LLVMRet) {
		lower_return(l, v);
	} else if (op == LLVMUnreachable || !bb->nsucc) {
		lower_emit(l, OP_STOP, 0, v);
	} else if (op == LLVMSwitch && bb->nsucc > 1) {
		lower_switch(l, v, bb);
	} else if (op == LLVMBr && bb->nsucc == 2 && bb->succ[0] != bb->succ[1]) {
		n = lower_emit(l, OP_BRANCH, 1, v);
		l->insns[n].args[0] = lower_arg(l, LLVMGetCondition(v));
		put_targets(l, n, bb);
	} else if (op == LLVMBr || op == LLVMSwitch) {
		n = lower_emit(l, OP_JUMP, 0, v);
		put_targets(l, n, bb);
		l->insns[n].ntarget = 1;
	} else {
		if (op == LLVMCallBr)
			lower_asm(l, v);
		put_targets(l, lower_emit(l, OP_ANY, 0, v), bb);
	}
}

static void lower_phi(struct lower *l, LLVMValueRef v, int block)
{
	struct phi *phi = ARENA_NEW(l->scratch, struct phi);

	phi->n = lower_emit(l, OP_PHI, 0, v);
	phi->value = v;
	phi->block = block;
	phi->next = l->phis;
	l->phis = phi;
	lower_define(l, v, phi->n);
}

static bool leads_to(const struct flow_block *from, int block)
{
	for (int i = 0; from && i < from->nsucc; i++)
		if (from->succ[i]->number == block)
			return true;
	return false;
}

/* The value when entered from that block; in order of blocks, each once. */
static void add_incoming(struct insn *in, int block, struct arg value)
{
	int i = in->narg;

	while (i && in->targets[i - 1] > block)
		i--;
	if (i && in->targets[i - 1] == block)
		return;
	memmove(&in->targets[i + 1], &in->targets[i], sizeof(*in->targets) * (size_t)(in->narg - i));
	memmove(&in->args[i + 1], &in->args[i], sizeof(*in->args) * (size_t)(in->narg - i));
	in->targets[i] = block;
	in->args[i] = value;
	in->ntarget = ++in->narg;
}

static void complete_phi(struct lower *l, const struct phi *phi)
{
	struct insn *in = &l->insns[phi->n];
	unsigned n = LLVMCountIncoming(phi->value);

	in->args = ARENA_ARRAY(l->a, struct arg, n);
	in->targets = ARENA_ARRAY(l->a, int, n);
	for (unsigned i = 0; i < n; i++) {
		LLVMBasicBlockRef incoming = LLVMGetIncomingBlock(phi->value, i);
		struct flow_block *from = blocks_find(l, incoming);

		if (leads_to(from, phi->block) && blocks_has_edge(incoming, LLVMGetInstructionParent(phi->value)))
			add_incoming(in, from->number,
				     lower_arg(l, LLVMGetIncomingValue(phi->value, i)));
	}
}

static void lower_any(struct lower *l, LLVMValueRef v, const struct flow_block *bb, bool is_last)
{
	if (LLVMGetInstructionOpcode(v) == LLVMPHI)
		lower_phi(l, v, bb->number);
	else if (!LLVMIsATerminatorInst(v))
		lower_insn(l, v);
	else if (is_last)
		lower_terminator(l, v, bb);
	else if (LLVMGetInstructionOpcode(v) == LLVMCallBr)
		lower_asm(l, v);
}

/* --- names of variables --- */

static void name_value(struct lower *l, LLVMValueRef v, LLVMMetadataRef variable)
{
	const char *name = debug_variable_name(l->debug, variable), *known;

	if (!name || !v || LLVMIsConstant(v))
		return;
	/* Names from within macros start with underscores. */
	if (!strncmp(name, "__", 2))
		return;
	known = ref_get(&l->names, v);
	if (!known || (*known == '_' && *name != '_'))
		ref_set(l->scratch, &l->names, v, (void *)lower_stable_name(name, strlen(name)));
}

#if LLVM_VERSION_MAJOR >= 20
static void read_variables(struct lower *l, LLVMValueRef insn)
{
	for (LLVMDbgRecordRef r = LLVMGetFirstDbgRecord(insn); r; r = LLVMGetNextDbgRecord(r)) {
		LLVMMetadataRef variable;

		if (LLVMDbgRecordGetKind(r) == LLVMDbgRecordLabel)
			continue;
		variable = LLVMDbgVariableRecordGetVariable(r);
		debug_reach(l->debug, variable);
		if (LLVMDbgVariableRecordGetExpression(r) == l->debug->no_expression)
			name_value(l, LLVMDbgVariableRecordGetValue(r, 0), variable);
	}
}
#else
static bool is_variable_call(LLVMValueRef v)
{
	LLVMValueRef callee;
	size_t len;

	if (LLVMGetInstructionOpcode(v) != LLVMCall || LLVMGetNumArgOperands(v) != 3)
		return false;
	callee = LLVMGetCalledValue(v);
	if (!LLVMIsAFunction(callee) || !LLVMGetIntrinsicID(callee))
		return false;
	return !strncmp(LLVMGetValueName2(callee, &len), "llvm.dbg.", 9);
}

static void read_variables(struct lower *l, LLVMValueRef v)
{
	LLVMMetadataRef where, variable;
	LLVMValueRef value;

	if (!is_variable_call(v))
		return;
	where = LLVMValueAsMetadata(LLVMGetOperand(v, 0));
	variable = LLVMValueAsMetadata(LLVMGetOperand(v, 1));
	debug_reach(l->debug, variable);
	if (LLVMGetMetadataKind(where) != LLVMLocalAsMetadataMetadataKind ||
	    LLVMValueAsMetadata(LLVMGetOperand(v, 2)) != l->debug->no_expression)
		return;
	LLVMGetMDNodeOperands(LLVMGetOperand(v, 0), &value);
	name_value(l, value, variable);
}
#endif

/* --- the function --- */

static void lower_params(struct lower *l, LLVMValueRef llvm_fn, LLVMMetadataRef subprogram)
{
	struct func *fn = l->fn;
	LLVMMetadataRef types = debug_signature(l->debug, subprogram);
	LLVMMetadataRef last;

	fn->nparam = (int)LLVMCountParams(llvm_fn);
	fn->params = ARENA_ARRAY(l->a, struct param, fn->nparam);
	/* The list is the result and the parameters; a different count: the ABI took them apart. */
	last = fn->nparam ? debug_operand(l->debug, types, (unsigned)fn->nparam) : NULL;
	if (!last || debug_operand(l->debug, types, (unsigned)fn->nparam + 1))
		types = NULL;
	for (int i = 0; i < fn->nparam; i++) {
		LLVMValueRef v = LLVMGetParam(llvm_fn, (unsigned)i);
		struct param *p = &fn->params[i];
		const struct dtype *t;
		size_t len;
		const char *name = LLVMGetValueName2(v, &len);

		if (len)
			p->name = intern_n(name, strcspn(name, "."));
		p->is_pointer = LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMPointerTypeKind;
		t = debug_type(l->debug, debug_operand(l->debug, types, (unsigned)i + 1));
		t = t && t->kind == DTYPE_POINTER ? debug_base(l->debug, t) : NULL;
		p->type = t && t->kind == DTYPE_STRUCT && p->is_pointer ? t->name : NULL;
		lower_alias(l, v, (struct arg){.kind = ARG_PARAM, .n = i});
	}
}

static void lower_head(struct lower *l, LLVMValueRef llvm_fn)
{
	struct func *fn = l->fn;
	LLVMMetadataRef subprogram = LLVMGetSubprogram(llvm_fn);
	LLVMLinkage linkage = LLVMGetLinkage(llvm_fn);
	LLVMTypeRef type = LLVMGlobalGetValueType(llvm_fn), result = LLVMGetReturnType(type);
	const char *section = LLVMGetSection(llvm_fn);

	fn->name = lower_global_name(l, llvm_fn);
	fn->is_static = linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage ||
			linkage == LLVMAvailableExternallyLinkage;
	fn->is_variadic = LLVMIsFunctionVarArg(type);
	fn->section = section && *section ? intern(section) : NULL;
	fn->returns_value = LLVMGetTypeKind(result) != LLVMVoidTypeKind;
	fn->returns_pointer = LLVMGetTypeKind(result) == LLVMPointerTypeKind;
	if (subprogram) {
		debug_reach(l->debug, subprogram);
		fn->file = debug_file(l->debug, LLVMDIScopeGetFile(subprogram));
		fn->line = fn->end_line = (int)LLVMDISubprogramGetLine(subprogram);
	}
	lower_params(l, llvm_fn, subprogram);
}

static void lower_block(struct lower *l, const struct flow_block *bb, struct block *out)
{
	out->first = l->ninsn;
	for (const struct flow_block *part = bb; part; part = part->more)
		for (LLVMValueRef v = LLVMGetFirstInstruction(part->block); v; v = LLVMGetNextInstruction(v))
			lower_any(l, v, bb, !part->more);
	out->end = l->ninsn;
}

/* --- what nobody needs --- */

static bool has_effect(const struct insn *in)
{
	switch ((enum flow_op)in->op) {
	case OP_ADDR: case OP_INDEX: case OP_PHI: case OP_SELECT: case OP_CMP: case OP_BIN: case OP_ALLOCA:
	case OP_EXTRACT: case OP_INSERT:
		return false;
	case OP_ASM:
		return in->is_volatile;
	default:
		return true;
	}
}

/* Mark instruction n and what it needs. stack has room for all. */
static void mark_needed(struct lower *l, int n, bool *needed, int *stack)
{
	int depth = 0;

	if (needed[n])
		return;
	needed[n] = true;
	stack[depth++] = n;
	while (depth) {
		const struct insn *in = &l->insns[stack[--depth]];

		for (int i = 0; i < in->narg; i++)
			if (in->args[i].kind == ARG_INSN && !needed[in->args[i].n]) {
				needed[in->args[i].n] = true;
				stack[depth++] = in->args[i].n;
			}
	}
}

/* Drop instructions without effect whose values are not used; number the others anew. */
static void drop_unneeded(struct lower *l, struct func *fn)
{
	bool *needed = ARENA_ARRAY(l->scratch, bool, l->ninsn);
	int *number = ARENA_ARRAY(l->scratch, int, l->ninsn), n = 0;

	for (int i = 0; i < l->ninsn; i++)
		if (has_effect(&l->insns[i]))
			mark_needed(l, i, needed, number);
	for (int b = 0; b < fn->nblock; b++) {
		int first = n;

		for (int i = fn->blocks[b].first; i < fn->blocks[b].end; i++) {
			number[i] = n;
			if (needed[i])
				l->insns[n++] = l->insns[i];
		}
		fn->blocks[b] = (struct block){first, n};
	}
	for (int i = 0; i < n; i++)
		for (int k = 0; k < l->insns[i].narg; k++)
			if (l->insns[i].args[k].kind == ARG_INSN)
				l->insns[i].args[k].n = number[l->insns[i].args[k].n];
	l->ninsn = n;
}

static void find_end(struct func *fn)
{
	for (int i = 0; i < fn->ninsn; i++)
		if (fn->insns[i].at.file == fn->file && fn->insns[i].at.line > fn->end_line)
			fn->end_line = fn->insns[i].at.line;
}

static void lower_body(struct lower *l, LLVMValueRef llvm_fn)
{
	struct func *fn = l->fn;
	struct flow_block **order = blocks_order(l, llvm_fn, &fn->nblock);

	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(llvm_fn); b; b = LLVMGetNextBasicBlock(b))
		for (LLVMValueRef v = LLVMGetFirstInstruction(b); v; v = LLVMGetNextInstruction(v))
			read_variables(l, v);
	fn->blocks = ARENA_ARRAY(l->a, struct block, fn->nblock);
	for (int b = 0; b < fn->nblock; b++)
		lower_block(l, order[b], &fn->blocks[b]);
	for (struct phi *phi = l->phis; phi; phi = phi->next)
		complete_phi(l, phi);
	drop_unneeded(l, fn);
	fn->ninsn = l->ninsn;
	fn->insns = arena_copy(l->a, l->insns, sizeof(*l->insns) * (size_t)l->ninsn);
	find_end(fn);
}

struct func *lower_func(struct arena *a, struct debug *debug, LLVMTargetDataRef layout, LLVMValueRef fn)
{
	struct arena scratch;
	struct lower l = {.a = a, .scratch = &scratch, .debug = debug, .layout = layout};

	arena_init(&scratch);
	map_init(&l.stems);
	l.fn = ARENA_NEW(a, struct func);
	lower_head(&l, fn);
	lower_body(&l, fn);
	map_release(&l.stems);
	arena_release(&scratch);
	return l.fn;
}
